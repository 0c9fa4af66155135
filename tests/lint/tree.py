"""The files of the project below a root: no dot-folders, no build output, nothing that a tool left behind."""

import os
import pathlib

CODE = (".h", ".cpp")


def files(root):
    """Paths relative to the root, with forward slashes, in a fixed order."""
    root = pathlib.Path(root)
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and name != "__pycache__"
            and not (pathlib.Path(folder) == root and name == "build")
        )
        for name in names:
            found.append((pathlib.Path(folder) / name).relative_to(root).as_posix())
    return sorted(found)


def code(root):
    return [path for path in files(root) if path.endswith(CODE)]


def report(problems, claim):
    """Prints every problem; the exit status of a lint."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problem(s)")
        return 1
    print(claim)
    return 0

#!/usr/bin/env python3
"""Keeps files and functions small enough to be read in one go.

usage: sizes.py ROOT

600 lines is the wall for every source file and script. A few files have a lower one, because they are the places where
a project like this grows a knot. Functions fit a screen: 70 lines from the opening brace to the closing one.
"""

import pathlib
import re
import sys

import tree

WALL = 600
SCREEN = 70
SOURCES = (".h", ".cpp", ".proto", ".py", ".cmake", ".sh")

# The node routes and does nothing else; the driver is the simulator's loop with real parts. The number holds for
# header and source together where both are named.
LOWER_WALLS = {
    ("daemon/core/node.cpp",): 500,
    ("daemon/io/node_driver.h", "daemon/io/node_driver.cpp"): 150,
}

# Files that may pass the wall, each with the reason that a reviewer accepted.
EXCEPTIONS = {}

NOT_A_FUNCTION = re.compile(r"^\s*(namespace|class|struct|enum|union|extern\b[^(]*\{|export)\b|=\s*\{$|^\s*(else|do)\b")


def line_count(root, file):
    return len((pathlib.Path(root) / file).read_text(errors="replace").splitlines())


def size_problems(root, files):
    for file in files:
        if file.endswith(SOURCES):
            lines = line_count(root, file)
            wall = EXCEPTIONS.get(file, WALL)
            if lines > wall:
                yield f"{file}: {lines} lines, the wall is {wall}"
    for group, wall in LOWER_WALLS.items():
        present = [file for file in group if file in files]
        lines = sum(line_count(root, file) for file in present)
        if lines > wall:
            yield f"{' + '.join(present)}: {lines} lines, the limit is {wall}"


def function_problems(root, file):
    """Relies on the formatter: a body opens at the end of a line and closes at the indent at which its head began."""
    lines = (pathlib.Path(root) / file).read_text(errors="replace").splitlines()
    for indent in ("", "    "):
        head = None
        for number, line in enumerate(lines, 1):
            here = line[: len(line) - len(line.lstrip())]
            if here == indent and line.strip() and not line.lstrip().startswith(("#", "//", "}")):
                head = number
            if head and line in (indent + "}", indent + "};"):
                body = lines[head - 1:number]
                opening = next((n for n, text in enumerate(body) if text.endswith("{")), None)
                if (opening is not None and any("(" in text for text in body[: opening + 1])
                        and not NOT_A_FUNCTION.search(body[0]) and len(body) - opening > SCREEN):
                    yield f"{file}:{head}: a function of {len(body) - opening} lines, a screen holds {SCREEN}"
                head = None


def main(root):
    files = tree.files(root)
    problems = list(size_problems(root, files))
    for file in files:
        if file.endswith(tree.CODE):
            problems.extend(function_problems(root, file))
    return tree.report(problems, f"{len(files)} files within their limits")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))

#!/usr/bin/env python3
"""Asks clang-format whether every C++ file is as it would write it; with --fix lets it write.

usage: format.py [--fix] ROOT
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import tree


def clang_format(root, fix, files):
    options = ["-i"] if fix else ["--dry-run", "-Werror"]
    return subprocess.run(
        ["clang-format", "--style=file", *options, *files], cwd=root, capture_output=True, text=True)


def main(root, fix):
    root = pathlib.Path(root).resolve()
    files = tree.code(root)
    if not files:
        print(f"{root}: no C++ file found")
        return 1
    batches = [files[n:n + 20] for n in range(0, len(files), 20)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda batch: clang_format(root, fix, batch), batches))
    failed = False
    for result in results:
        if result.returncode:
            failed = True
            places = [line.split(":")[:2] for line in result.stderr.splitlines() if ": error: " in line]
            for file in dict.fromkeys(place[0] for place in places):
                numbers = dict.fromkeys(place[1] for place in places if place[0] == file)
                print(f"{file}:{next(iter(numbers))}: {len(numbers)} line(s) are not as clang-format writes them")
            if not places:
                print(result.stderr)
    if failed:
        print("run: cmake --build --preset dev --target format")
        return 1
    print(f"{len(files)} files {'formatted' if fix else 'are formatted'}")
    return 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--fix"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    sys.exit(main(arguments[0], "--fix" in sys.argv))

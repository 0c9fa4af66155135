#!/usr/bin/env python3
"""Checks every #include and every folder against the table in .cmake/layers.cmake.

usage: layers.py ROOT

A floor that reaches up, two parts of the core that know each other, a foreign library outside its adapter: each is one
#include, made in good faith, and each is cheap to refuse on the day it is written and expensive a year later.
"""

import pathlib
import re
import sys

import table as tables
import tree

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE",
    "daemon", "proto", "client", "platform", "config", "systemd", "tests", "docs", "build",
}

# Names that say nothing about what is inside, so that everything ends up inside.
DRAWERS = {
    "util", "utils", "common", "helper", "helpers", "shared", "misc", "types", "models", "interfaces", "impl",
    "manager", "managers", "handlers", "core_utils", "lib", "mocks", "third_party", "include", "src",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def top_level_problems(root):
    for entry in sorted(path.name for path in pathlib.Path(root).iterdir()):
        if not entry.startswith(".") and entry not in TOP_LEVEL:
            yield f"{entry}: unknown entry at the top level; it is fixed, see docs/architecture.md"


def folder_problems(table, files):
    folders = set()
    for file in files:
        parts = file.split("/")[:-1]
        folders.update("/".join(parts[:n]) for n in range(1, len(parts) + 1))
    for folder in sorted(folders):
        if folder.rsplit("/", 1)[-1] in DRAWERS:
            yield f"{folder}: a drawer, not a room: name the idea that lives there"
        elif not table.knows_folder(folder):
            yield f"{folder}: unknown folder; a new one needs a row in .cmake/layers.cmake"


def mirror_problems(root, files):
    """A unit test lies where its subject lies, or nobody finds it."""
    seen = set()
    for file in files:
        folder = file.rsplit("/", 1)[0]
        if file.startswith("tests/unit/") and folder not in seen:
            seen.add(folder)
            subject = folder[len("tests/unit/"):]
            if not (pathlib.Path(root) / subject).is_dir():
                yield f"{folder}: mirrors {subject}, which does not exist"


def include_problem(root, table, layer, kind, header):
    if header.startswith("sovereign/v1/") and header.endswith(".pb.h"):
        if layer.folder == "proto" or "proto" in layer.may_include:
            return None
        return f"{layer.folder} may not include generated messages ({header})"
    if kind == '"':
        if not (pathlib.Path(root) / header).is_file():
            return f'"{header}" is not a path from the top of the tree'
        if layer.may_include_header(header):
            return None
        return f"{layer.folder} may not include {header}"
    worlds = table.worlds_of(header)
    if not worlds:
        return f"<{header}> belongs to no world in .cmake/layers.cmake"
    if worlds & layer.external:
        return None
    return f"{layer.folder} may not include <{header}> ({', '.join(sorted(worlds))})"


def include_problems(root, table, files):
    for file in files:
        layer = table.layer_of(file.rsplit("/", 1)[0]) if "/" in file else None
        if layer is None:
            yield f"{file}: C++ in a folder that has no row in .cmake/layers.cmake"
            continue
        text = (pathlib.Path(root) / file).read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                problem = include_problem(root, table, layer, *match.groups())
                if problem:
                    yield f"{file}:{number}: {problem}"


def main(root):
    table = tables.read(root)
    files = tree.files(root)
    code = tree.code(root)
    problems = [
        *top_level_problems(root),
        *folder_problems(table, files),
        *mirror_problems(root, code),
        *include_problems(root, table, code),
    ]
    return tree.report(problems, f"{len(code)} files keep to {len(table.layers)} layers")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))

#!/usr/bin/env python3
"""Makes the manual pages of the daemon from what is written elsewhere, so that nothing is said twice.

usage: pages.py ROOT VERSION TARGET-FOLDER

A page NAME.SECTION.in is roff with lines of the form "@what@", which are replaced:

    @keys@       the table of configuration keys in docs/operations.md, which a unit test holds against the program
    @exits@      the exit codes there        @files@      the files there        @signals@    the signals there
    @rpcs@       every method in proto/sovereign/v1 and what is said about it; its role is checked
    @sections@   the sections of docs/protocol.md

sovctl(1) is not made here: sovctl prints it itself, from its table of commands.
"""

import pathlib
import re
import sys
import textwrap

WIDTH = 78


def roff(text):
    """Text as roff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    text = re.sub(r"\*\*(.+?)\*\*", r"\\fB\1\\fR", text)
    return text.replace("…", "...").replace("–", "\\-").replace("×", "x")


def filled(text):
    """Lines of at most WIDTH, a new one for each sentence; none that roff would take for a request."""
    lines = []
    for sentence in re.split(r"(?<=[.:?;])\s+(?=\S)", " ".join(text.split())):
        lines += textwrap.wrap(roff(sentence), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join("\\&" + line if line[0] in ".'" else line for line in lines)


def entry(label, text, tag="B"):
    return f".TP\n.{tag} {roff(label)}\n{filled(text)}" if text else f".TP\n.{tag} {roff(label)}\n\\&"


def table(root, heading):
    """The rows of the first table below a heading of docs/operations.md, without its head."""
    text = (root / "docs/operations.md").read_text()
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not section:
        raise SystemExit(f"pages.py: docs/operations.md has no section '{heading}'")
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in section.group(1).splitlines() if line.startswith("|")]
    if len(rows) < 3:
        raise SystemExit(f"pages.py: the section '{heading}' of docs/operations.md has no table")
    return [[cell.replace("\\|", "|") for cell in row] for row in rows[2:]]


def keys(root):
    parts, section = [], None
    for key, default, allowed, effect, meaning in table(root, "Configuration"):
        key = key.strip("`")
        if key.split(".")[0] != section:
            section = key.split(".")[0]
            parts.append(f".SS [{section}]")
        default = default.strip("`")
        parts.append(entry(key, f"{meaning} Allowed: {allowed}. " + (f"Default: {default}. " if default else "") +
                           ("Takes effect with a reload." if effect == "reload" else "Takes effect at the next start.")))
    return "\n".join(parts)


def two_columns(heading):
    return lambda root: "\n".join(entry(row[0], row[1]) for row in table(root, heading))


def files(root):
    return "\n".join(entry(name, f"{what[0].upper()}{what[1:]}. Mode {mode}. Damaged or missing: {damage}", "I")
                     for name, mode, what, damage in table(root, "Files"))


def rpcs(root):
    parts = []
    for file in sorted((root / "proto/sovereign/v1").glob("*.proto")):
        comment = []
        text = file.read_text()
        for line in text.splitlines():
            line = line.strip()
            if line.startswith("//"):
                comment.append(line[2:].strip())
                continue
            service = re.match(r"service (\w+)", line)
            method = re.match(r"rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\)", line)
            if service:
                parts += [f".SS sovereign.v1.{service.group(1)}", filled(" ".join(comment))]
            elif method:
                name, many_in, asks, many_out, answers = method.groups()
                # The option is what the daemon goes by; what the comment says must be the same.
                role = re.search(rf"rpc {name}\(.*?ROLE_(\w+)", text, re.S)
                if not role or f"Role: {role.group(1).lower()}" not in " ".join(comment):
                    raise SystemExit(f"pages.py: {file.name}: the comment of {name} does not name its role")
                parts += [f".TP\n.B {name}", f"{'stream ' if many_in else ''}{asks} \\-> {'stream ' if many_out else ''}{answers}",
                          ".br", filled(" ".join(comment))]
            comment = []
    return "\n".join(part for part in parts if part)


def sections(root):
    found = re.findall(r"^## (\d+)\. (.+)$", (root / "docs/protocol.md").read_text(), re.M)
    return "\n".join(f".IP {number}. 5\n{filled(title)}" for number, title in found)


def errors(root):
    return "\n".join(entry(code.strip("`"), f"{cause[0].upper()}{cause[1:]}. {fix[0].upper()}{fix[1:]}.".replace("`", ""))
                     for code, cause, fix in table(root, "Error codes"))


MAKERS = {"errors": errors, "keys": keys, "exits": two_columns("Exit codes of sovereignd"), "signals": two_columns("Signals"),
          "files": files, "rpcs": rpcs, "sections": sections}


def page(root, version, source):
    name, section = source.name.removesuffix(".in").rsplit(".", 1)
    lines = [f'.\\" Made by docs/man/pages.py from {source.name}, docs and proto: change it there.',
             f'.TH {name.upper()} {section} "2026-11-21" "Sovereign {version}" "Sovereign"']
    for line in source.read_text().splitlines():
        wanted = re.fullmatch(r"@(\w+)@", line)
        lines.append(MAKERS[wanted.group(1)](root) if wanted else line)
    return "\n".join(lines) + "\n"


def main(root, version, target):
    root, target = pathlib.Path(root), pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for source in sorted((root / "docs/man").glob("*.in")):
        (target / source.name.removesuffix(".in")).write_text(page(root, version, source))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

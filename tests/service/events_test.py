#!/usr/bin/env python3
"""Holds three places against each other that speak of log entries: the code that writes them, the table of their ids in
daemon/app/event_classes.cpp, and the catalog for journalctl.

usage: events_test.py ROOT
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1])
# A level, a module and a class stand beside each other; lines about the routing table go through a function of their own.
WRITTEN = re.compile(r'"(?:api|app|connect|dht|discovery|node|store)",\s*"([a-z_]+\.[a-z_]+)"|\btable\("([a-z_]+\.[a-z_]+)"')


def written():
    found = {}
    for file in sorted((ROOT / "daemon").rglob("*.cpp")):
        for match in WRITTEN.finditer(file.read_text()):
            found[match.group(1) or match.group(2)] = file.relative_to(ROOT)
    return found


def table():
    text = (ROOT / "daemon/app/event_classes.cpp").read_text()
    return re.findall(r'\{"([a-z_.]+)", "([0-9a-f]{32})"\}', text)


def catalog():
    """Entries by id: subject and text."""
    text = (ROOT / "systemd/sovereignd.catalog").read_text()
    entries = {}
    for part in re.split(r"^-- ", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n\n")
        lines = head.splitlines()
        entries[lines[0]] = (dict(line.split(": ", 1) for line in lines[1:]), body.strip())
    return entries


class Events(unittest.TestCase):
    def test_what_is_written_has_an_id_and_what_has_an_id_is_written(self):
        self.assertGreater(len(written()), 30)
        self.assertEqual(sorted(written()), sorted(event for event, _ in table()),
                         "a new class needs a row in daemon/app/event_classes.cpp (journalctl --new-id128 makes an id)")

    def test_the_table_is_sorted_and_its_ids_differ(self):
        events = [event for event, _ in table()]
        self.assertEqual(events, sorted(events))
        self.assertEqual(len({identity for _, identity in table()}), len(events))

    def test_each_id_is_explained_and_nothing_else(self):
        self.assertEqual(sorted(catalog()), sorted(identity for _, identity in table()))
        for head, text in catalog().values():
            self.assertEqual(head["Defined-By"], "sovereignd")
            self.assertLessEqual(len(head["Subject"]), 60, head["Subject"])
            self.assertGreater(len(text), 20, head["Subject"])

    def test_fields_that_the_catalog_shows_are_written_somewhere(self):
        code = "\n".join(file.read_text() for file in sorted((ROOT / "daemon/app").glob("*.cpp")))
        for head, text in catalog().values():
            for field in re.findall(r"@([A-Z_]+)@", text):
                self.assertIn(f'{{"{field.removeprefix("SOV_").lower()}"', code, head["Subject"])

    def test_journalctl_takes_the_catalog(self):
        with tempfile.TemporaryDirectory(prefix="sov-catalog-") as folder:
            root = pathlib.Path(folder)
            target = root / "usr/lib/systemd/catalog/sovereignd.catalog"
            target.parent.mkdir(parents=True)
            target.write_bytes((ROOT / "systemd/sovereignd.catalog").read_bytes())
            (root / "var/lib/systemd/catalog").mkdir(parents=True)
            done = subprocess.run(["journalctl", f"--root={root}", "--update-catalog"], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            done = subprocess.run(["journalctl", f"--root={root}", "--list-catalog"], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(len(done.stdout.splitlines()), len(table()), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

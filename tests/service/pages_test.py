#!/usr/bin/env python3
"""Holds manual pages and completions against the programs: nothing missing, nothing that is not there, and well formed.

usage: pages_test.py ROOT BINARIES
"""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT, BINARIES = (pathlib.Path(word) for word in sys.argv[1:3])


def load_maker():
    spec = importlib.util.spec_from_file_location("pages", ROOT / "docs/man/pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def output(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def commands():
    return json.loads(output(BINARIES / "sovctl", "--json", "help"))["data"]["commands"]


def plain(page):
    """The words of a page as a reader sees them."""
    return re.sub(r"\\f[BRI]|\\&", "", page).replace("\\-", "-").replace("\\e", "\\")


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sov-pages-")
        target = pathlib.Path(cls.folder.name)
        load_maker().main(ROOT, "0", target)
        (target / "sovctl.1").write_text(output(BINARIES / "sovctl", "help", "--man"))
        cls.pages = {path.name: path for path in target.iterdir()}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def text(self, name):
        return plain(self.pages[name].read_text())

    def test_five_pages_are_made(self):
        self.assertEqual(sorted(self.pages), ["sovctl.1", "sovereign-api.7", "sovereign-protocol.7", "sovereignd.8",
                                              "sovereignd.conf.5"])

    def test_mandoc_and_man_have_nothing_to_say(self):
        for name, path in self.pages.items():
            done = subprocess.run(["mandoc", "-Tlint", path], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.stdout + done.stderr, "", name)
            done = subprocess.run(["man", "--warnings", "-l", path], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_every_key_of_the_program_is_in_the_page_of_the_configuration_and_no_other(self):
        program = set(re.findall(r"^\s+--([a-z_]+\.[a-z_]+) ", output(BINARIES / "sovereignd", "--help"), re.M))
        page = set(re.findall(r"^\.B ([a-z_]+\.[a-z_]+)$", self.text("sovereignd.conf.5"), re.M))
        self.assertGreater(len(program), 40)
        self.assertEqual(program, page)

    def test_every_command_and_option_of_sovctl_is_in_its_page(self):
        page = self.text("sovctl.1")
        self.assertGreater(len(commands()), 30)
        for command in commands():
            self.assertIn(f"\n.SS {command['command']}", page)
            for option in command["options"]:
                self.assertIn(f"--{option['name']}", page)

    def test_every_method_is_in_the_page_of_the_api(self):
        page = self.text("sovereign-api.7")
        methods = [name for file in sorted((ROOT / "proto/sovereign/v1").glob("*.proto"))
                   for name in re.findall(r"^\s*rpc (\w+)", file.read_text(), re.M)]
        self.assertGreater(len(methods), 30)
        self.assertEqual(re.findall(r"^\.B ([A-Z]\w+)$", page, re.M), methods)

    def test_every_section_of_the_protocol_is_named(self):
        sections = re.findall(r"^## (\d+)\. ", (ROOT / "docs/protocol.md").read_text(), re.M)
        self.assertEqual(re.findall(r"^\.IP (\d+)\. 5$", self.text("sovereign-protocol.7"), re.M), sections)


class Completions(unittest.TestCase):
    def test_every_command_is_in_every_shells_script(self):
        for shell in ("bash", "zsh", "fish"):
            script = output(BINARIES / "sovctl", "completion", shell)
            for command in commands():
                for word in command["command"].split():
                    self.assertRegex(script, rf"\b{re.escape(word)}\b", f"{shell}: {command['command']}")

    def offered(self, *words):
        """What bash offers behind these words."""
        script = output(BINARIES / "sovctl", "completion", "bash")
        ask = (f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _sovctl; "
               "printf '%s\\n' \"${COMPREPLY[@]}\"")
        return output("bash", "-c", script + ask).split()

    def test_bash_completes(self):
        self.assertEqual(self.offered("sovctl", "statu"), ["status"])
        self.assertIn("claim", self.offered("sovctl", "name", ""))
        self.assertIn("--strict", self.offered("sovctl", "status", "--s"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

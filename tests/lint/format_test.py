"""The lint `format` must refuse a file that clang-format would change, and mend it when asked to."""

import contextlib
import io
import pathlib
import shutil
import tempfile
import unittest

import format as lint

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Format(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copy(ROOT / ".clang-format", self.root)
        (self.root / "daemon").mkdir()

    def run_lint(self, fix=False):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = lint.main(self.root, fix)
        return status, output.getvalue()

    def test_a_badly_formatted_file_is_refused_and_can_be_mended(self):
        file = self.root / "daemon" / "a.cpp"
        file.write_text("int  f( ){return 1 ;}\n")
        status, output = self.run_lint()
        self.assertEqual(status, 1)
        self.assertIn("daemon/a.cpp:1", output)
        self.assertEqual(self.run_lint(fix=True)[0], 0)
        self.assertEqual(file.read_text(), "int f() { return 1; }\n")
        self.assertEqual(self.run_lint()[0], 0)

    def test_a_tree_without_code_is_refused(self):
        status, output = self.run_lint()
        self.assertEqual(status, 1)
        self.assertIn("no C++ file found", output)


if __name__ == "__main__":
    unittest.main()

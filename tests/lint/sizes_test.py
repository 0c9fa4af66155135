"""The lint `sizes` must refuse what is too long, and only that."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import sizes


class Sizes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, lines):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")

    def run_lint(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = sizes.main(self.root)
        return status, output.getvalue()

    def assert_refused(self, message):
        status, output = self.run_lint()
        self.assertEqual(status, 1, output)
        self.assertIn(message, output)

    def test_what_fits_passes(self):
        self.write("daemon/core/base/a.cpp", ["//"] * 600)
        self.write("daemon/core/node.cpp", ["//"] * 500)
        status, output = self.run_lint()
        self.assertEqual(status, 0, output)

    def test_the_wall_is_600_lines(self):
        self.write("tests/unit/daemon/core/base/a_test.cpp", ["//"] * 601)
        self.assert_refused("a_test.cpp: 601 lines, the wall is 600")

    def test_the_node_has_500_lines(self):
        self.write("daemon/core/node.cpp", ["//"] * 501)
        self.assert_refused("daemon/core/node.cpp: 501 lines, the limit is 500")

    def test_the_driver_has_150_lines_in_both_files(self):
        self.write("daemon/io/node_driver.h", ["//"] * 60)
        self.write("daemon/io/node_driver.cpp", ["//"] * 91)
        self.assert_refused("151 lines, the limit is 150")

    def test_a_function_fits_a_screen(self):
        self.write("daemon/core/base/a.cpp", ["int long_one(", "    int a) {", *["    ++a;"] * 70, "}"])
        self.assert_refused("a.cpp:1: a function of 72 lines")

    def test_a_method_in_a_class_fits_a_screen(self):
        self.write("daemon/core/base/a.h", [
            "class A {", "  public:", "    void long_one() {", *["        ++a;"] * 70, "    }", "};"])
        self.assert_refused("a.h:3: a function of 72 lines")

    def test_long_classes_and_namespaces_are_no_functions(self):
        self.write("daemon/core/base/a.h", [
            "namespace sov {", "class A {", "  public:", *["    void f();"] * 90, "};", "}"])
        self.assertEqual(self.run_lint()[0], 0)


if __name__ == "__main__":
    unittest.main()

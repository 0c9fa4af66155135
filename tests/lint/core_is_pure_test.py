"""The lint `core_is_pure` must see each kind of reaching out in a compiled archive, and pass what is pure.

usage: core_is_pure_test.py CXX NM AR
"""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

import core_is_pure

PURE = """
#include <map>
#include <string>
#include <vector>
#include <unordered_map>
namespace sov {
struct Part { virtual ~Part() = default; virtual int answer(int) = 0; };
struct Real : Part { int answer(int n) override; std::unordered_map<int, std::string> seen; };
int Real::answer(int n) {
    std::map<std::string, std::vector<int>> table;
    table[std::to_string(n)].push_back(n);
    seen[n] = "text longer than what fits inside the string object";
    return static_cast<int>(table.size());
}
}
"""


class CoreIsPure(unittest.TestCase):
    cxx, nm, ar = "c++", "nm", "ar"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def archive(self, name, text):
        source = self.root / f"{name}.cpp"
        source.write_text(text)
        made = self.root / f"lib{name}.a"
        subprocess.run([self.cxx, "-std=c++20", "-O1", "-c", source, "-o", source.with_suffix(".o")], check=True)
        subprocess.run([self.ar, "rc", made, source.with_suffix(".o")], check=True)
        return str(made)

    def run_lint(self, *archives):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = core_is_pure.main(self.nm, archives)
        return status, output.getvalue()

    def assert_refused(self, text, symbol, why):
        status, output = self.run_lint(self.archive("bad", text))
        self.assertEqual(status, 1, output)
        self.assertTrue(any(symbol in line and line.endswith(": " + why) for line in output.splitlines()), output)

    def test_pure_code_passes(self):
        status, output = self.run_lint(self.archive("good", PURE))
        self.assertEqual(status, 0, output)

    def test_a_symbol_of_another_core_archive_passes(self):
        one = self.archive("one", "namespace sov { int f(int n) { return n + 1; } }")
        two = self.archive("two", "namespace sov { int f(int); int g(int n) { return f(n); } }")
        self.assertEqual(self.run_lint(one, two)[0], 0)
        status, output = self.run_lint(two)
        self.assertEqual(status, 1)
        self.assertIn("sov::f(int): defined nowhere in the core", output)

    def test_clocks_are_refused(self):
        self.assert_refused(
            "#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch().count(); }",
            "steady_clock::now", "clock")
        self.assert_refused("#include <ctime>\nlong f() { return time(nullptr); }", "time", "clock")

    def test_sockets_are_refused(self):
        self.assert_refused("#include <sys/socket.h>\nint f() { return socket(AF_INET, SOCK_DGRAM, 0); }",
                            "socket", "socket")

    def test_threads_are_refused(self):
        self.assert_refused("#include <thread>\nvoid g(); void f() { std::thread(g).join(); }", "std::thread", "thread")

    def test_locks_are_refused(self):
        self.assert_refused("#include <pthread.h>\nint f(pthread_mutex_t* m) { return pthread_mutex_lock(m); }",
                            "pthread_mutex_lock", "lock")
        self.assert_refused("#include <condition_variable>\nvoid f(std::condition_variable& c) { c.notify_one(); }",
                            "std::condition_variable", "lock")

    def test_the_environment_is_refused(self):
        self.assert_refused('#include <cstdlib>\nchar* f() { return std::getenv("HOME"); }', "getenv", "environment")

    def test_files_and_standard_streams_are_refused(self):
        self.assert_refused('#include <fstream>\nbool f() { return std::ifstream("x").good(); }', "filebuf", "file")
        self.assert_refused('#include <cstdio>\nint f() { return std::puts("x"); }', "puts", "file")
        self.assert_refused('#include <iostream>\nvoid f() { std::cout << 1; }', "std::cout", "standard stream")

    def test_entropy_is_refused(self):
        self.assert_refused("#include <random>\nunsigned f() { return std::random_device{}(); }",
                            "std::random_device", "entropy")
        self.assert_refused("#include <sys/random.h>\nlong f(void* p) { return getrandom(p, 8, 0); }",
                            "getrandom", "entropy")

    def test_an_empty_core_is_refused(self):
        status, output = self.run_lint(self.archive("nothing", ""))
        self.assertEqual(status, 1)
        self.assertIn("this check saw no core", output)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    CoreIsPure.cxx, CoreIsPure.nm, CoreIsPure.ar = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])

"""The lint `layers` must refuse each kind of broken rule, and must let a tree without one pass."""

import contextlib
import io
import pathlib
import shutil
import tempfile
import unittest

import layers

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("daemon/core/base/bytes.h", "#include <cstdint>\n")
        self.write("daemon/core/session/session.h", '#include "daemon/core/base/bytes.h"\n')
        (self.root / ".cmake").mkdir()
        shutil.copy(ROOT / ".cmake" / "layers.cmake", self.root / ".cmake")

    def write(self, path, text=""):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_lint(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = layers.main(self.root)
        return status, output.getvalue()

    def assert_refused(self, message):
        status, output = self.run_lint()
        self.assertEqual(status, 1, output)
        self.assertIn(message, output)

    def test_a_tree_that_keeps_the_rules_passes(self):
        status, output = self.run_lint()
        self.assertEqual(status, 0, output)

    def test_one_part_of_the_core_may_not_include_another(self):
        self.write("daemon/core/dht/dht.cpp", '#include "daemon/core/session/session.h"\n')
        self.assert_refused("daemon/core/dht/dht.cpp:1: daemon/core/dht may not include daemon/core/session/session.h")

    def test_the_core_may_not_include_a_port(self):
        self.write("daemon/ports/store.h")
        self.write("daemon/core/node.cpp", '\n#include "daemon/ports/store.h"\n')
        self.assert_refused("daemon/core/node.cpp:2: daemon/core may not include daemon/ports/store.h")

    def test_only_the_named_header_of_a_folder_is_open(self):
        self.write("daemon/core/identity/crypto.h")
        self.write("daemon/core/identity/records.h")
        self.write("platform/openssl/a.cpp", '#include "daemon/core/identity/crypto.h"\n')
        self.assertEqual(self.run_lint()[0], 0)
        self.write("platform/openssl/b.cpp", '#include "daemon/core/identity/records.h"\n')
        self.assert_refused("platform/openssl may not include daemon/core/identity/records.h")

    def test_the_core_may_not_use_asio_or_threads_or_sockets(self):
        self.write("daemon/core/base/a.cpp", "#include <boost/asio.hpp>\n#include <thread>\n#include <sys/socket.h>\n")
        self.assert_refused("daemon/core/base may not include <boost/asio.hpp> (asio)")
        self.assert_refused("daemon/core/base may not include <thread> (std_system)")
        self.assert_refused("daemon/core/base may not include <sys/socket.h> (posix)")

    def test_openssl_stays_in_its_adapter(self):
        self.write("daemon/io/a.cpp", "#include <openssl/evp.h>\n")
        self.assert_refused("daemon/io may not include <openssl/evp.h> (openssl)")

    def test_grpc_stays_with_the_api(self):
        self.write("daemon/io/a.cpp", "#include <grpcpp/grpcpp.h>\n")
        self.assert_refused("daemon/io may not include <grpcpp/grpcpp.h> (grpc)")

    def test_generated_messages_stay_with_the_api(self):
        self.write("daemon/io/a.cpp", '#include "sovereign/v1/node.pb.h"\n')
        self.assert_refused("daemon/io may not include generated messages")

    def test_adapters_do_not_know_each_other(self):
        self.write("platform/sqlite/store.h")
        self.write("platform/linux/a.cpp", '#include "platform/sqlite/store.h"\n')
        self.assert_refused("platform/linux may not include platform/sqlite/store.h")

    def test_nobody_includes_the_composition_root(self):
        self.write("daemon/app/config.h")
        self.write("daemon/api/a.cpp", '#include "daemon/app/config.h"\n')
        self.assert_refused("daemon/api may not include daemon/app/config.h")

    def test_an_unknown_library_is_refused(self):
        self.write("daemon/app/a.cpp", "#include <curl/curl.h>\n")
        self.assert_refused("<curl/curl.h> belongs to no world")

    def test_a_relative_include_is_refused(self):
        self.write("daemon/core/base/a.cpp", '#include "bytes.h"\n')
        self.assert_refused('"bytes.h" is not a path from the top of the tree')

    def test_an_unknown_folder_is_refused(self):
        self.write("daemon/core/nat/nat.h")
        self.assert_refused("daemon/core/nat: unknown folder")

    def test_a_drawer_is_refused(self):
        self.write("daemon/core/base/utils/strings.h")
        self.assert_refused("daemon/core/base/utils: a drawer")

    def test_an_unknown_entry_at_the_top_is_refused(self):
        self.write("scripts/build.sh")
        self.assert_refused("scripts: unknown entry at the top level")

    def test_a_unit_test_without_a_subject_folder_is_refused(self):
        self.write("tests/unit/daemon/core/lookup/lookup_test.cpp")
        self.assert_refused("tests/unit/daemon/core/lookup: mirrors daemon/core/lookup, which does not exist")


if __name__ == "__main__":
    unittest.main()

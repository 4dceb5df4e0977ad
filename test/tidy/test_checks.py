"""The checks can fail: each finds a violation planted in a small tree, and none cries wolf in the same tree without it."""

import tempfile
import unittest
from pathlib import Path

import checks
import tables

CLEAN = {
    "src/base/README.md": "The ground.\n",
    "src/base/CMakeLists.txt": "add_library(sallyport_base STATIC error.cpp)\n",
    "src/base/error.h": "#pragma once\n#include <fmt/format.h>\n#include <string>\n#include <sys/socket.h>\n",
    "src/net/README.md": "Loops and streams.\n",
    "src/net/CMakeLists.txt": "target_link_libraries(sallyport_net PUBLIC sallyport_base OpenSSL::SSL)\n",
    "src/net/loop.h": '#include "base/error.h"\n#include <net/if.h>\n#include <openssl/ssl.h>\n',
    "src/net/loop_test.cpp": '#include "net/loop.h"\n#include <gtest/gtest.h>\n',
    "src/gateway/README.md": "The pipeline.\n",
    "src/gateway/CMakeLists.txt": "target_link_libraries(sallyport_gateway PUBLIC sallyport::net sallyport::base)\n",
    "src/gateway/pipeline.cpp": '#include "net/loop.h"\n#include "base/error.h"\n',
    "test/fuzz/fuzz_head.cpp": "int LLVMFuzzerTestOneInput();\n",
    "test/fuzz/corpus/head/get": "GET / HTTP/1.1\r\n\r\n",
    "tools/setup": "table='\nbase    cmake   the build description\n'\n",
    "docs/dependencies.md": "| package | for |\n|---|---|\n| `cmake` | the build |\n",
    "docs/paths.md": "See https://host.example/work/ and ./root/x, ~/work/ and /home/alice/project.\n",
}


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, content in CLEAN.items():
            self.plant(name, content)

    def plant(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def remove(self, name):
        (self.root / name).unlink()

    def assert_found(self, check, *words):
        """Exactly one violation, it holds all words, and no other check reports anything."""
        found = {other: other(self.root) for other in checks.ALL}
        self.assertEqual(1, len(found[check]), found[check])
        for word in words:
            self.assertIn(word, found[check][0])
        self.assertEqual([], [said for other, all_said in found.items() if other is not check for said in all_said])

    def test_a_clean_tree_has_no_violations(self):
        self.assertEqual([], [said for check in checks.ALL for said in check(self.root)])

    def test_an_include_that_points_down_is_found(self):
        self.plant("src/net/down.cpp", '\n#include "gateway/pipeline.h"\n')
        self.plant("src/net/CMakeLists.txt", CLEAN["src/net/CMakeLists.txt"].replace("PUBLIC", "PUBLIC gateway"))
        found = checks.include_direction(self.root)
        self.assertEqual(['src/net/down.cpp:2: includes "gateway/pipeline.h": '
                          "gateway/ stands below net/; arrows point up only"], found)
        self.assertIn("src/net/CMakeLists.txt: links gateway", checks.links(self.root)[0])

    def test_egress_and_gateway_are_kept_apart_in_both_directions(self):
        for here, there in (("gateway", "egress"), ("egress", "gateway"), ("lab", "gateway")):
            with self.subTest(f"{here} includes {there}"):
                self.assertIn("only cli/ joins", checks.arrow_problem(here, there))
        self.assertIsNone(checks.arrow_problem("cli", "gateway"))
        self.assertIsNone(checks.arrow_problem("lab", "egress"))

    def test_an_include_that_cmake_does_not_link_is_found(self):
        self.plant("src/gateway/CMakeLists.txt", "target_link_libraries(gateway PUBLIC net) # base\n")
        self.assert_found(checks.links, "does not link base", "src/gateway/pipeline.cpp:2")

    def test_a_folder_without_cmake_file_is_found(self):
        self.remove("src/base/CMakeLists.txt")
        self.assert_found(checks.links, "src/base: has no CMakeLists.txt")

    def test_an_unknown_folder_is_found(self):
        self.plant("src/misc/README.md", "What fits nowhere else.\n")
        self.assert_found(checks.include_direction, "src/misc: not a folder of the house")

    def test_a_third_party_header_outside_its_folder_is_found(self):
        self.plant("src/gateway/tls.cpp", "#include <openssl/ssl.h>\n")
        self.assert_found(checks.third_party, "src/gateway/tls.cpp:1", "openssl/ssl.h", "crypto, net")

    def test_a_test_header_in_the_product_is_found(self):
        self.plant("src/net/loop.cpp", "#include <gtest/gtest.h>\n")
        self.assert_found(checks.third_party, "gtest/gtest.h", "*_test.cpp")

    def test_an_unknown_third_party_header_is_found(self):
        self.plant("src/net/loop.cpp", "#include <boost/asio.hpp>\n")
        self.assert_found(checks.third_party, "boost/asio.hpp", "neither ours nor in THIRD_PARTY")

    def test_a_relative_include_is_found(self):
        self.plant("src/net/loop.cpp", '#include "../base/error.h"\n')
        self.assert_found(checks.third_party, "write it from src/")

    def test_a_file_too_long_is_found_unless_it_says_why(self):
        body = "int x;\n" * (tables.LINES_MAX + 1)
        self.plant("src/base/long.cpp", body)
        self.assert_found(checks.file_sizes, "src/base/long.cpp", "Long because:")
        self.plant("src/base/long.cpp", "// Long because: one table.\n" + body)
        self.assertEqual([], checks.file_sizes(self.root))
        self.plant("src/base/long.cpp", "int x;\n" * (tables.LINES_WARNED + 1))
        self.assertEqual([], checks.file_sizes(self.root))
        self.assertEqual(1, len(checks.file_size_warnings(self.root)))

    def test_a_missing_empty_or_long_readme_is_found(self):
        self.plant("src/net/README.md", "line\n" * (tables.README_LINES_MAX + 1))
        self.assert_found(checks.readmes, "src/net/README.md: 16 lines")
        self.plant("src/net/README.md", "\n")
        self.assert_found(checks.readmes, "src/net/README.md: is empty")
        self.remove("src/net/README.md")
        self.assert_found(checks.readmes, "src/net: has no README.md")

    def test_forbidden_text_is_found(self):
        for planted in ("cd /" "work/main", "/" "root/.cache", "HOME=/" "home/carol", "TO" "DO: later", "FIX" "ME",
                        "https://registry.npmjs" ".org/node", "deb.debian" ".org", "crates" ".io"):
            with self.subTest(planted):
                self.plant("docs/guide.md", f"first line\n{planted}\n")
                self.assert_found(checks.forbidden_text, "docs/guide.md:2")

    def test_a_fuzz_target_without_corpus_is_found(self):
        self.plant("test/fuzz/corpus/head/get", "")
        self.assert_found(checks.fuzz_corpora, "fuzz_head.cpp", "missing or empty")
        self.remove("test/fuzz/corpus/head/get")
        self.assert_found(checks.fuzz_corpora, "fuzz_head.cpp", "missing or empty")

    def test_a_corpus_without_target_is_found(self):
        self.plant("test/fuzz/corpus/tail/one", "x")
        self.assert_found(checks.fuzz_corpora, "corpus/tail: has no target")

    def test_an_unexplained_dependency_is_found(self):
        self.plant("tools/setup", "table='\nbase    cmake   the build\nbench   wrk   load\n'\n")
        self.assert_found(checks.dependencies_told, "installs wrk")
        self.plant("tools/setup", "table='\n'\n")
        self.assert_found(checks.dependencies_told, "explains cmake")


if __name__ == "__main__":
    unittest.main()

"""This checkout keeps the rules of the house. What the rules are: tables.py; how they are checked: checks.py."""

import sys
import unittest
from pathlib import Path

import checks

ROOT = Path(__file__).resolve().parents[2]


class House(unittest.TestCase):
    def assert_clean(self, violations):
        if violations:
            self.fail(f"{len(violations)} violations:\n" + "\n".join(violations))

    def test_there_is_something_to_check(self):
        self.assertTrue(checks.sources(ROOT), "no C++ file below src/ was found")

    def test_includes_point_up_the_list(self):
        self.assert_clean(checks.include_direction(ROOT))

    def test_third_party_headers_stay_in_their_folders(self):
        self.assert_clean(checks.third_party(ROOT))

    def test_cmake_links_what_is_included(self):
        self.assert_clean(checks.links(ROOT))

    def test_files_are_of_readable_size(self):
        for warning in checks.file_size_warnings(ROOT):
            print(f"warning: {warning}", file=sys.stderr)
        self.assert_clean(checks.file_sizes(ROOT))

    def test_each_folder_introduces_itself(self):
        self.assert_clean(checks.readmes(ROOT))

    def test_no_tracked_file_holds_forbidden_text(self):
        self.assert_clean(checks.forbidden_text(ROOT))

    def test_each_fuzz_target_has_a_corpus(self):
        self.assert_clean(checks.fuzz_corpora(ROOT))

    def test_each_dependency_has_its_reason(self):
        self.assert_clean(checks.dependencies_told(ROOT))


if __name__ == "__main__":
    unittest.main()

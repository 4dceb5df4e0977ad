"""Over many versions: where a finding came and went, new versions of approved clients, and the advisory drafted of what was found."""

import hashlib
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import published
from programs import PROGRAM
from registry import CLEAN, MARKED, Registry, client

SECONDS_MAX = 120
CODE = "@anthropic-ai/claude-code"


def packages(versions, marked, name=CODE):
    """A registry's: those for which marked() holds conceal something."""
    return {name: {one: (client(one, MARKED if marked(one) else CLEAN, name=name), {}) for one in versions}}


class OverVersions(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_program(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=SECONDS_MAX, cwd=self.folder,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)})
        self.assertEqual(code, done.returncode, done.stdout[-2000:] + done.stderr[-2000:])
        self.errors = done.stderr
        return done.stdout

    def inspect(self, *arguments, code=0):
        return self.run_program("inspect", *arguments, code=code)

    def valid(self, file):
        """An advisory of the folder, held against the schema that OSV publishes where that can be had."""
        made = json.loads((self.folder / file).read_text())
        if why := published.fetch():
            print(f"not held against the published schema: {why}")
            return made
        import jsonschema  # of what was fetched, or of the system
        checker = jsonschema.Draft202012Validator(published.osv_schema())
        # The packaged state of the schema does not know x_ yet, which the current one asks of databases that it does not list.
        self.assertTrue(made["id"].startswith("x_"))
        self.assertEqual([], [error.message for error in checker.iter_errors(made | {"id": "OSV-" + made["id"]})])
        self.assertNotEqual([], list(checker.iter_errors(made | {"modified": "now"})), "the schema is asked")
        return made

    def test_one_version(self):
        (self.folder / "marked.tgz").write_bytes(client("2.1.196", MARKED, name=CODE))
        (self.folder / "clean.tgz").write_bytes(client("2.1.198", CLEAN, name=CODE))
        report = self.inspect("marked.tgz", "--advisory", "out.json", "--advisory-id", "SALLYPORT-2026-0001", "--json", code=1)
        made = self.valid("out.json")
        self.assertEqual("x_SALLYPORT-2026-0001", made["id"])
        own = made["database_specific"]["sallyport"]
        self.assertEqual(("measured", "sha256:" + hashlib.sha256(report.encode()).hexdigest()), (own["tier"], own["report"]))
        self.assertEqual(["2.1.196"], made["affected"][0]["versions"])
        self.inspect("marked.tgz", "--advisory", "other.json", code=1)
        self.assertRegex(self.valid("other.json")["id"], r"^x_SALLYPORT-20\d\d-[0-9a-f]{12}$")
        self.inspect("clean.tgz", "--advisory", "none.json")
        self.assertIn("no advisory was drafted", self.errors)
        self.assertFalse((self.folder / "none.json").exists())
        self.inspect("marked.tgz", "--advisory", "x.json", "--advisory-id", "../x", code=2)

    def test_where_it_came_and_went(self):
        versions = [f"2.1.{number}" for number in range(40, 140)] + ["2.1.100-beta.1", "2.1.100-linux-x64"]
        with Registry.running(packages(versions, lambda one: 71 <= int(one.split("-")[0].split(".")[2]) < 113)) as address:
            report = json.loads(self.inspect(f"npm:{CODE}", "--all-versions", "2.1.45..2.1.138", "--registry", address, "--advisory",
                                             "range.json", "--json", code=1))
            self.assertLessEqual(report["inspected"], 24)
            self.assertEqual(len([one for one in Registry.asked if one.startswith("/-/")]), report["inspected"])
            self.assertEqual({("2.1.71", "2.1.112", "2.1.70", "2.1.113")},
                             {tuple(one[key] for key in ("first", "last", "not_in_before", "not_in_after")) for one in report["findings"]})
            self.assertTrue(any(one["finding"].startswith("a hidden list of") or "concealed" in one["finding"] for one in report["findings"]))
            made = self.valid("range.json")
            self.assertEqual([{"type": "SEMVER", "events": [{"introduced": "2.1.71"}, {"fixed": "2.1.113"}]}], made["affected"][0]["ranges"])
            self.assertIn("2.1.71 to 2.1.112 (not in 2.1.70, not in 2.1.113)",
                          self.inspect(f"npm:{CODE}", "--all-versions", "2.1.60..2.1.120", "--registry", address, code=1))
            few = json.loads(self.inspect(f"npm:{CODE}", "--all-versions", "2.1.45..2.1.100", "--registry", address, "--at-most", "3",
                                          "--advisory", "few.json", "--json", code=1))
            self.assertEqual(3, few["inspected"])
            events = self.valid("few.json")["affected"][0]["ranges"][0]["events"]
            self.assertEqual({"last_affected": "2.1.100"}, events[1])
            self.assertLessEqual(int(events[0]["introduced"].split(".")[2]), 71, "what was not looked at is within")
            for wrong in ("2.1.90", "2.1.90..latest", "2.1.99..2.1.90", "9.0.0..9.1.0"):
                self.inspect(f"npm:{CODE}", "--all-versions", wrong, "--registry", address, code=2)
            self.inspect(f"npm:{CODE}", "--all-versions", "2.1.45..2.1.50", "--registry", address)

    def policy(self, versions):
        text = f'version: 1\n# reviewed\nclients:\n  claude-code: {{ versions: "{versions}", advisories: refuse }}\n  unknown: {{}}\n'
        (self.folder / "policy.yaml").write_text(text)
        return text

    def test_new_versions_are_put_before_a_person(self):
        before = self.policy(">=2.1.198 <=2.1.200")
        versions = ["2.1.197", "2.1.199", "2.1.200", "2.1.201", "2.1.202", "2.1.203-beta.1"]
        watch = ("watch", "--once", "--policy", "policy.yaml", "--out", "out", "--json")
        with Registry.running(packages(versions, lambda one: one == "2.1.202")) as address:
            (self.folder / "NOTES.md").write_text("## 2.1.202\n- Bug fixes\n## 2.1.201\n- Bug fixes\n")
            told = [json.loads(line) for line in self.inspect(*watch, "--registry", address, "--notes", "NOTES.md", code=1).splitlines()]
            self.assertEqual([("2.1.201", "2.1.200", False), ("2.1.202", "2.1.200", True)],
                             [(one["version"], one["against"], one["found_something"]) for one in told])
            self.assertEqual([0, False], [told[0]["concealed_new"], told[1]["concealed_new"] == 0])
            self.assertGreater(told[1]["undocumented"], 0)
            self.assertIn("Nothing is approved by this", self.errors)
            self.assertEqual(before, (self.folder / "policy.yaml").read_text(), "nothing is approved by itself")
            made = self.folder / "out/claude-code-2.1.202"
            self.assertEqual({"report.json", "report.html", "diff.json", "advisory.json", "policy.patch", "summary.txt"},
                             {one.name for one in made.iterdir()})
            self.assertFalse((self.folder / "out/claude-code-2.1.201/advisory.json").exists())
            self.valid("out/claude-code-2.1.202/advisory.json")
            self.assertIn("Nothing is approved by this", (made / "summary.txt").read_text())
            self.assertEqual("", self.inspect(*watch, "--registry", address), "each is looked at once")
            patch = self.folder / "out/claude-code-2.1.201/policy.patch"
            subprocess.run(["patch", "-p1", "--input", str(patch)], cwd=self.folder, check=True, capture_output=True, timeout=SECONDS_MAX)
            self.assertEqual(before.replace("<=2.1.200", "<=2.1.200 || 2.1.201"), (self.folder / "policy.yaml").read_text())
            self.run_program("policy", "check", "policy.yaml")
            self.policy(">=2.1.198")
            told = json.loads(self.inspect(*watch, "--registry", address, code=4))
            self.assertIn("approved before anybody looked", told["problem"])
        self.inspect(*watch, "--registry", address, code=4)  # nobody there any more

    def test_notes_that_cannot_be_read_are_told(self):
        (self.folder / "old.tgz").write_bytes(client("2.1.196", CLEAN, name=CODE))
        (self.folder / "new.tgz").write_bytes(client("2.1.197", MARKED, name=CODE))
        for notes in ("nothing.md", "http://127.0.0.1:1/CHANGELOG.md"):
            told = self.inspect("diff", "old.tgz", "new.tgz", "--notes", notes, code=1)
            self.assertIn("notes not available", told)
            self.assertIn("release notes are not available", self.errors)
        (self.folder / "qwen.tgz").write_bytes(client("1.0.0", CLEAN, name="@qwen-code/qwen-code"))
        self.inspect("diff", "qwen.tgz", "qwen.tgz", "--notes", "feed")
        self.assertIn("names no release notes", self.errors)


class Catalog(unittest.TestCase):
    def run_program(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, "catalog", *arguments], capture_output=True, text=True, timeout=SECONDS_MAX, env={})
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout

    def test_everything_is_told_with_its_tier(self):
        listed = [json.loads(line) for line in self.run_program("list", "--json").splitlines()]
        self.assertEqual(6, sum(one["kind"] == "client" for one in listed))
        for one in listed:
            for line in self.run_program("show", one["name"], "--json").splitlines():
                claim = json.loads(line)
                self.assertIn(claim["tier"], ("measured", "public-record", "vendor-statement", "reported", "community"))
                self.assertTrue(claim["source"] and claim["date"])
        self.assertIn("not known here", self.run_program("show", "openai"))
        self.assertIn("off-switch", self.run_program("show", CODE))
        self.run_program("show", "nobody", code=2)


if __name__ == "__main__":
    unittest.main()

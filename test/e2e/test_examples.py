"""The examples hold what they say: each policy is read, proven and tried by its cases; the guide names only what there is."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import rig
from programs import PROGRAM, environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
POLICIES, CASES = sorted(EXAMPLES.rglob("policy.yaml")), sorted(EXAMPLES.rglob("policy.test.yaml"))


def sallyport(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)],
                          env=environment(ROOT),
                          capture_output=True,
                          text=True,
                          timeout=rig.DEADLINE)


class Examples(unittest.TestCase):
    def each(self, files, test):
        self.assertTrue(files, "no examples were found")
        for file in files:
            with self.subTest(str(file.relative_to(EXAMPLES))):
                test(file)

    def copy(self, name, where, change):
        """The example, copied and changed; its policy or cases."""
        shutil.copytree(EXAMPLES / name.parent, where, dirs_exist_ok=True)
        changed = change((EXAMPLES / name).read_text())
        self.assertNotEqual(changed, (EXAMPLES / name).read_text(), "the change met nothing")
        (where / name.name).write_text(changed)
        return where / name.name

    def test_each_policy_is_read_without_mistakes_and_warnings(self):
        def one(file):
            done = sallyport("policy", "check", file, "--json")
            told = json.loads(done.stdout)
            self.assertEqual((0, [], []), (done.returncode, told["mistakes"], told["warnings"]), done.stderr)

        self.each(POLICIES, one)

    def test_each_policy_has_invariants_and_they_hold(self):
        def one(file):
            self.assertIn("\n  - never: ", file.read_text())
            done = sallyport("policy", "prove", file)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)

        self.each(POLICIES, one)

    def test_the_cases_beside_each_policy_pass_and_show_every_rule(self):
        self.assertEqual([file.parent for file in POLICIES], [file.parent for file in CASES])

        def one(file):
            done = sallyport("policy", "test", file, "--json")
            told, = json.loads(done.stdout)
            wrong = [(one["line"], one["name"], one["wrong"]) for one in told["cases"] if not one["ok"]]
            self.assertEqual((0, [], 0, []), (done.returncode, wrong, told["failed"], told["unshown_rules"]))
            self.assertEqual(100, told["rules_percent"])
            self.assertRegex(file.read_text(), r"(?m)^coverage: \{ rules: 100\b")

        self.each(CASES, one)

    def test_a_case_turned_wrong_fails_and_names_file_and_line(self):
        def one(file):
            with rig.folder() as here:
                text = file.read_text()
                at = text.index("expect: refuse")
                line = text.rindex("\n  - name: ", 0, at) + 1
                number, title = text.count("\n", 0, line) + 1, text[line:].splitlines()[0].removeprefix("  - name: ")
                cases = self.copy(file.relative_to(EXAMPLES), here,
                                  lambda old: old[:at] + old[at:].replace("refuse", "allow", 1))
                done = sallyport("policy", "test", cases)
                self.assertEqual(1, done.returncode, done.stdout + done.stderr)
                self.assertIn(f"{cases}:{number}: {title}\n", done.stdout)
                self.assertIn("1 failed", done.stdout)

        self.each(CASES, one)

    def test_a_rule_that_no_case_shows_fails(self):
        more = '\nrules:\n  - { id: brand-new, when: { model: "brand-new-*" }, refuse: true }\n'

        def one(file):
            with rig.folder() as here:
                self.copy((file.parent / "policy.yaml").relative_to(EXAMPLES), here,
                          lambda old: re.sub(r"\nrules:.*\n", more, old, count=1))
                done = sallyport("policy", "test", here / file.name)
                self.assertEqual(1, done.returncode, done.stdout + done.stderr)
                self.assertIn("no case shows rule brand-new", done.stdout)

        self.each(CASES, one)

    def test_where_all_models_are_our_own_a_vendor_cannot_be_slipped_in(self):
        with rig.folder() as here:
            policy = self.copy(
                Path("local-only/policy.yaml"), here, lambda old: old.replace(
                    "\nupstreams:", "\nupstreams:\n  far: { vendor: far, hosting: vendor, training: never } #", 1))
            done = sallyport("policy", "check", policy)
            self.assertEqual(1, done.returncode, done.stdout)
            self.assertRegex(done.stderr, r"policy\.yaml:\d+:\d+: this invariant is broken: .*to upstream far")

    def test_a_teams_file_cannot_loosen(self):
        with rig.folder() as here:
            self.copy(
                Path("large-company/teams/payments.yaml"), here / "teams", lambda old: old.replace(
                    "\nrules:", "\nrules:\n  - { id: more, allow: { upstreams: \"*\" } }", 1))
            shutil.copy(EXAMPLES / "large-company/policy.yaml", here)
            done = sallyport("policy", "check", here / "policy.yaml")
            self.assertEqual(1, done.returncode, done.stdout)
            self.assertRegex(done.stderr, r"teams/payments\.yaml:\d+:\d+: an included file can only tighten")


class Guide(unittest.TestCase):
    def test_every_command_of_the_roll_out_is_there_with_its_options(self):
        lines = re.findall(r"(?m)^    (sallyport .*)$", (ROOT / "docs/roll-out.md").read_text())
        commands = [part.strip() for line in lines for part in re.sub(r"  #.*", "", line).split("&&")]
        self.assertGreater(len(commands), 8)
        for command in commands:
            with self.subTest(command):
                words = command.split()[1:]
                verbs = words[:1] if words[0] == "serve" else words[:2]
                told = sallyport(*verbs, "--help")
                self.assertEqual(0, told.returncode, told.stderr)
                self.assertIn(f"{' '.join(verbs)} [OPTIONS]", told.stdout)
                for option in re.findall(r"--[\w-]+", command):
                    self.assertRegex(told.stdout, rf"{option}\b")


if __name__ == "__main__":
    unittest.main()

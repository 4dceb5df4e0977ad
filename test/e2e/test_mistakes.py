"""What `policy check` and `policy test` print of files with mistakes, for people and for programs."""

import json
import subprocess
import unittest

import rig
from programs import PROGRAM, environment


class Mistakes(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(rig.folder())

    def run_policy(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, "policy", *map(str, arguments)], cwd=self.here, env=environment(self.here),
                              capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def write(self, name, text):
        (self.here / name).write_bytes(text.encode())

    def test_mistakes_of_cases_and_of_their_policy_are_json_on_standard_output_too(self):
        self.write("policy.yaml", "version: 1\nrules:\n  - { id: a, refuse: true }\n")
        self.write("none.test.yaml", "version: 1\ncases: []\n")
        self.write("good.test.yaml", "version: 1\ncases: [{ name: a, expect: refuse }]\n")
        self.write("broken.test.yaml", "version: 1\npolicy: broken.yaml\ncases: [{ name: a, expect: refuse }]\n")
        self.write("broken.yaml", "version: 1\nrulez: []\n")
        done = self.run_policy("test", "--json", "none.test.yaml", "good.test.yaml", "broken.test.yaml", code=1)
        none, good, broken = json.loads(done.stdout)
        self.assertEqual("none.test.yaml", none["file"])
        self.assertEqual(("none.test.yaml", 2, 8), tuple(none["mistakes"][0][key] for key in ("file", "line", "column")))
        self.assertIn("no cases", none["mistakes"][0]["sentence"])
        self.assertEqual(0, good["failed"])
        self.assertEqual(("broken.yaml", 2), (broken["mistakes"][0]["file"], broken["mistakes"][0]["line"]))
        self.assertIn("none.test.yaml:2:8: no cases", done.stderr)

    def test_check_warns_of_a_rule_of_which_others_leave_nothing(self):
        self.write("policy.yaml", "version: 1\nupstreams: { eu: { vendor: a, hosting: own } }\nrules:\n"
                   "  - { id: a, allow: { upstreams: eu, models: [\"x-*\"] } }\n"
                   "  - { id: b, when: { model: \"x-*\" }, refuse: true }\n")
        sentence = "rule 'a' lets nothing through: what it allows is refused by rule 'b'"
        self.assertIn(f"warning: policy.yaml:4:5: {sentence}", self.run_policy("check").stderr)
        self.assertIn(sentence, [one["sentence"] for one in json.loads(self.run_policy("check", "--json").stdout)["warnings"]])


if __name__ == "__main__":
    unittest.main()

"""`policy fmt` on files: in place, checked, through a pipe; what it refuses; the examples."""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import rig
from programs import PROGRAM, environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LOOSE = "version: 1   #one\nrules:\n- {id: a,refuse: true}\r\n\n\n"
TIDY = "version: 1  # one\nrules:\n  - { id: a, refuse: true }\n"


class Format(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(rig.folder())

    def run_policy(self, *arguments, code=0, **more):
        done = subprocess.run([PROGRAM, "policy", *map(str, arguments)], cwd=self.here, env=environment(self.here),
                              capture_output=True, text=True, timeout=rig.DEADLINE, **more)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def write(self, name, text):
        (self.here / name).write_bytes(text.encode())
        return self.here / name

    def test_a_file_is_formatted_in_place_and_keeps_mode_and_link(self):
        file = self.write("policy.yaml", LOOSE)
        file.chmod(0o640)
        (self.here / "link.yaml").symlink_to("policy.yaml")
        umask = os.umask(0o077)
        self.addCleanup(os.umask, umask)
        self.assertEqual("link.yaml: formatted\n", self.run_policy("fmt", "link.yaml").stdout)
        self.assertEqual(TIDY.encode(), file.read_bytes())
        self.assertEqual(0o640, file.stat().st_mode & 0o777)
        self.assertTrue((self.here / "link.yaml").is_symlink())
        self.assertEqual(["link.yaml", "policy.yaml"], sorted(os.listdir(self.here)))
        before = file.stat()
        self.assertEqual("", self.run_policy("fmt", "policy.yaml").stdout)
        self.assertEqual((before.st_ino, before.st_mtime_ns), (file.stat().st_ino, file.stat().st_mtime_ns))

    def test_check_changes_nothing_and_names_the_first_line(self):
        loose, _ = self.write("a.yaml", LOOSE), self.write("b.yaml", TIDY)
        done = self.run_policy("fmt", "--check", "a.yaml", "b.yaml", code=1)
        self.assertEqual("a.yaml:1: would be 'version: 1  # one'\n", done.stdout)
        self.assertEqual(LOOSE.encode(), loose.read_bytes())
        self.run_policy("fmt", "--check", "b.yaml")
        told = json.loads(self.run_policy("fmt", "--check", "--json", "a.yaml", "b.yaml", code=1).stdout)
        self.assertEqual([{"file": "a.yaml", "changed": True, "line": 1, "wanted": "version: 1  # one", "mistakes": []},
                          {"file": "b.yaml", "changed": False, "mistakes": []}], told)

    def test_a_dash_is_standard_input_and_output(self):
        self.assertEqual(TIDY, self.run_policy("fmt", "-", input=LOOSE).stdout)
        self.assertEqual("stdin:1: would be 'version: 1  # one'\n",
                         self.run_policy("fmt", "-", "--check", input=LOOSE, code=1).stdout)
        self.run_policy("fmt", "-", "--json", input=LOOSE, code=2)

    def test_what_cannot_be_formatted_stays_and_is_told_with_its_place(self):
        for text, place in (("version: 1\nowner: \"x\n", "2:8: this quote"), ("a: &x 1\n", "1:4: an anchor"),
                            ("a: 1\n? b\n: 2\n", "2:1: a key behind '?'"), ("a: [1,\n", "1:4: this '[' is never closed")):
            file, good = self.write("bad.yaml", text), self.write("good.yaml", LOOSE)
            done = self.run_policy("fmt", "bad.yaml", "good.yaml", code=1)
            self.assertTrue(done.stderr.startswith(f"bad.yaml:{place}"), done.stderr)
            self.assertEqual(text.encode(), file.read_bytes())
            self.assertEqual(TIDY.encode(), good.read_bytes())
        told, = json.loads(self.run_policy("fmt", "bad.yaml", "--json", code=1).stdout)
        self.assertEqual(("bad.yaml", 1), (told["mistakes"][0]["file"], told["mistakes"][0]["line"]))
        self.assertIn("missing.yaml", self.run_policy("fmt", "missing.yaml", code=4).stderr)

    def test_the_examples_are_formatted_and_their_meaning_does_not_hang_on_it(self):
        files = sorted(EXAMPLES.rglob("*.yaml"))
        self.assertEqual("", self.run_policy("fmt", "--check", *files).stdout)
        shutil.copytree(EXAMPLES, self.here, dirs_exist_ok=True)
        for file in self.here.rglob("*.yaml"):
            lines = []
            for line in file.read_text().split("\n"):
                code, mark, comment = line.partition("#" if line.lstrip().startswith("#") else "  # ")
                if '"' not in code and "name:" not in code and "sentence:" not in code:
                    code = code.replace("{ ", "{").replace(" }", "}").replace(", ", ",").replace(": ", ":   ")
                lines.append(code + mark.replace("  # ", "\t#") + comment)
            file.write_text("\r\n".join(lines).replace("\r\n\r\n", "\r\n\r\n\r\n", 1) + "\r\n\r\n", newline="")
        copies = sorted(self.here.rglob("*.yaml"))
        self.assertEqual(len(files), len(self.run_policy("fmt", *copies).stdout.splitlines()))
        for file, copy in zip(files, copies, strict=True):
            self.assertEqual(file.read_bytes(), copy.read_bytes())

    def test_help_has_an_example_and_shells_complete_it(self):
        self.assertIn("sallyport policy fmt policy.yaml", self.run_policy("fmt", "--help").stdout)
        done = subprocess.run([PROGRAM, "completion", "bash"], capture_output=True, text=True, timeout=rig.DEADLINE, check=True)
        self.assertRegex(done.stdout, r'"policy fmt"\) words="[^"]*--check[^"]*--json')


if __name__ == "__main__":
    unittest.main()

"""`sallyport inspect`: made-up clients, hostile packages, a registry on loopback, two versions held against their notes."""

import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import glass
from programs import PROGRAM
from registry import CLEAN, HIDDEN, LIST, MARKED, Registry, client

SECONDS_MAX = 120


class Inspect(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run_program(self, *arguments, code=0, **environment):
        done = subprocess.run([PROGRAM, "inspect", *arguments], capture_output=True, text=True, timeout=SECONDS_MAX, cwd=self.folder,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)} | environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code < 2 else done.stderr

    def test_a_marker_is_found_by_its_shape_with_text_place_and_key(self):
        file = self.write("a.tgz", client("1.0.1", MARKED))
        report = json.loads(self.run_program(file, "--json", code=1))
        group = report["groups"][0]
        self.assertEqual(group["verdict"], "suspected marker")
        hidden = next(one for one in group["findings"] if one["kind"] == "concealed text")
        self.assertEqual((hidden["text"], hidden["how"], hidden["entries"]), (LIST, "base64, then each byte XOR 0x5b", 5))
        self.assertEqual(hidden["offset"], MARKED.index(HIDDEN))
        self.assertEqual(hidden["how_we_know"], "observed in bytes at offset")
        self.assertIn("Europe/Oslo", [one["text"] for one in group["findings"]])
        self.assertEqual(report["package"]["install_scripts"], [{"file": "package/package.json", "when": "postinstall", "command": "node fetch.js"}])

    def test_nothing_found_is_not_called_clean(self):
        text = self.run_program(self.write("a.tgz", client("1.0.0", CLEAN)))
        self.assertIn("Nothing concealed was found in @acme/code 1.0.0", text)
        self.assertIn("not covered", text)
        self.assertNotIn("clean", text)

    def test_the_page_needs_nothing_else(self):
        self.run_program(self.write("a.tgz", client("1.0.1", MARKED)), "--html", "report.html", code=1)
        page = (self.folder / "report.html").read_text()
        self.assertIn("can mark what it sends", page)
        self.assertIn("blackbird,nightjar", page)
        for asset in ("<script", "<img", "<link", " src=", "@import", "url("):
            self.assertNotIn(asset, page)

    def test_bad_input_is_told_in_a_sentence(self):
        whole = client("1.0.0", CLEAN + random.Random(3).randbytes(2_000_000).hex())
        for content, words in ((b"", "is empty"), (b"\x1f\x8bjunk", "no package that can be opened")):
            self.assertIn(words, self.run_program(self.write("a.tgz", content), code=4))
        self.assertIn("damaged in 'package/cli.js'", self.run_program(self.write("cut.tgz", whole[:len(whole) // 2])))
        self.assertIn("No such file", self.run_program("/nonexistent", code=4))
        self.assertIn("name a client", self.run_program(code=2))

    def test_a_release_is_held_against_its_notes(self):
        old, new = self.write("1.tgz", client("1.0.0", CLEAN)), self.write("2.tgz", client("1.0.1", MARKED))
        notes = self.write("notes.md", b"## 1.0.1\n- sends statistics to stats.acme.example.net\n\n## 1.0.0\n- ACME_SPY\n")
        diff = json.loads(self.run_program("diff", old, new, "--notes", notes, "--json", code=1))
        first = diff["changes"][0]
        self.assertTrue(first["what"].startswith("a hidden list of 5 entries: blackbird"))
        self.assertEqual((first["direction"], first["documented"]), ("new", "undocumented"))
        said = {one["what"]: one["documented"] for one in diff["changes"]}
        self.assertEqual(said["host stats.acme.example.net"], "documented")
        self.assertEqual(said["environment ACME_SPY"], "undocumented")  # an older section names it
        without = self.run_program("diff", old, new, code=1)
        self.assertIn("notes not available", without)
        self.assertNotIn("undocumented", without)
        self.run_program("diff", new, old)

    def test_a_registry_is_asked_and_what_it_sends_is_verified(self):
        packages = {
            "@acme/code": {"1.0.1": (client("1.0.1", CLEAN), {"@acme/code-linux-x64": "1.0.1", "@acme/code-darwin-arm64": "1.0.1"})},
            "@acme/code-linux-x64": {"1.0.1": (client("1.0.1", MARKED, name="@acme/code-linux-x64"), {})}}
        address = self.enterContext(Registry.running(packages))
        report = json.loads(self.run_program("npm:@acme/code@1.0.1", "--registry", address, "--json", code=1))
        self.assertEqual(report["subject"], "@acme/code 1.0.1")
        self.assertEqual(report["groups"][0]["findings"][0]["file"], "@acme/code-linux-x64@1.0.1/package/cli.js")
        self.assertNotIn("darwin", " ".join(Registry.asked))
        (self.folder / ".npmrc").write_text(f"//127.0.0.1/:_authToken=canary\nregistry={address}\n")
        self.run_program("npm:@acme/code", code=1)
        self.assertIn("no version 9.9.9", self.run_program("npm:@acme/code@9.9.9", code=4))
        Registry.broken = True
        self.assertIn("is not what the registry says it is", self.run_program("npm:@acme/code@1.0.1", code=4))
        (self.folder / ".npmrc").unlink()
        self.assertIn("no registry is named", self.run_program("npm:@acme/code@1.0.1", code=4))

    def test_made_up_clients_of_a_fresh_seed(self):
        seed = int(os.environ.get("SALLYPORT_SEED") or random.SystemRandom().randint(1, 10**9))
        found, missed, false = glass.measure(PROGRAM, seed, 3)
        total = 3 * len(glass.CONCEALED)
        self.assertEqual(false, [], f"seed {seed}")
        self.assertGreaterEqual(found, total * 0.85, f"seed {seed}: missed {missed}")  # 0.95 and more of a larger draw: docs/detection.md


if __name__ == "__main__":
    unittest.main()

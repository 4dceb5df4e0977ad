"""`sallyport inspect`: made-up clients, hostile packages, a registry on loopback, two versions held against their notes."""

import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import subprocess
import tarfile
import tempfile
import threading
import unittest
from pathlib import Path

import glass
from programs import PROGRAM

SECONDS_MAX = 120
LIST = "blackbird,nightjar,kingfisher,woodpecker,chaffinch"
HIDDEN = base64.b64encode(bytes(b ^ 0x5B for b in LIST.encode())).decode()
CLEAN = 'fetch("https://api.acme.example.com/v1");if(process.env.ACME_TOKEN)go("--sandbox");'
MARKED = CLEAN + f'var l="{HIDDEN}",q=z==="Europe/Oslo"?"\\u2019":k?"\\u02bc":"\'";fetch("https://stats.acme.example.net/x");process.env.ACME_SPY;'


def packed(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def client(version, code, **more):
    return packed({"package.json": json.dumps({"name": "@acme/code", "version": version, "scripts": {"postinstall": "node fetch.js"}} | more), "cli.js": code})


class Registry(http.server.BaseHTTPRequestHandler):
    """An npm registry of two packages: the client's and that of its program. `broken` sends other bytes than it lists."""
    packages = {}
    asked = []
    broken = False

    def do_GET(self):
        self.asked.append(self.path)
        name = self.path[1:].replace("%2f", "/")
        if name in self.packages:
            versions = {}
            for version, (content, optional) in self.packages[name].items():
                digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
                versions[version] = {"name": name, "version": version, "optionalDependencies": optional,
                                     "dist": {"integrity": "sha512-" + digest, "tarball": f"http://127.0.0.1:{self.server.server_port}/-/{name}/{version}"}}
            body = json.dumps({"name": name, "dist-tags": {"latest": max(versions)}, "versions": versions}).encode()
        elif self.path.startswith("/-/"):
            name, version = self.path[3:].rsplit("/", 1)
            body = self.packages[name][version][0] + (b"x" if self.broken else b"")
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


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
        Registry.packages = {
            "@acme/code": {"1.0.1": (client("1.0.1", CLEAN), {"@acme/code-linux-x64": "1.0.1", "@acme/code-darwin-arm64": "1.0.1"})},
            "@acme/code-linux-x64": {"1.0.1": (client("1.0.1", MARKED, name="@acme/code-linux-x64"), {})}}
        Registry.asked, Registry.broken = [], False
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join, SECONDS_MAX)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        address = f"http://127.0.0.1:{server.server_port}/"
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

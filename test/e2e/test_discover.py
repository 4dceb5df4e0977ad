"""`sallyport discover`: a prepared home, hostile files, reports, fleets of them, logs, rules."""

import hashlib
import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import prepared_home
from programs import PROGRAM, environment

SECONDS_MAX = 120
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
POLICY = {
    "version": 1, "repositories": [], "unknown_repository": "internal",
    "clients": {"claude-code": {"versions": ">=0.0.1"}, "codex": {"versions": ">=999"}},
    "upstreams": {"local": {"vendor": "self", "hosting": "own"}}, "plugins": {"nothing": {"classes": ["internal"]}},
    "rules": [{"id": "all", "allow": {"upstreams": ["local"]}}],
}


def tree_of(folder):
    """path -> what is there, times too; nothing is opened that is no plain file."""
    out = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file() and status.st_size < 1 << 20 and os.access(path, os.R_OK):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        out[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, content)
    return out


class Discovering(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="discover-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.own = self.folder / "own"  # the home of whoever calls
        self.own.mkdir()

    def discover(self, *arguments, code=None, text=None, **more):
        done = subprocess.run([PROGRAM, "discover", *map(str, arguments)], cwd=self.folder, env=environment(self.own, **more), input=text,
                              capture_output=True, text=True, timeout=SECONDS_MAX)
        if code is not None:
            self.assertEqual(code, done.returncode, done.stdout[-3000:] + done.stderr[-3000:])
        return done


class PreparedHome(Discovering):
    def setUp(self):
        super().setUp()
        self.planted = prepared_home.Home(self.folder, SEED)
        (self.folder / "policy.yaml").write_text(json.dumps(POLICY))

    def look(self, *arguments, code=None):
        return self.discover("--home", self.planted.home, "--workspace", self.planted.work, *arguments, code=code)

    def facts(self, *arguments, code=None):
        return json.loads(self.look("--json", *arguments, code=code).stdout)["facts"]

    def test_all_that_was_planted_is_found_and_nothing_is_invented(self):
        self.assertGreaterEqual(len(self.planted.facts), 40)
        system = [fact for fact in self.facts() if fact["place"].startswith(("/usr", "/etc", "/opt"))]
        found = {(fact["kind"], fact.get("client", ""), fact["what"], fact["place"], fact.get("line", 0)) for fact in self.facts()
                 if not fact["place"].startswith(("/usr", "/etc", "/opt"))}
        self.assertEqual(self.planted.facts, found, f"SEED={SEED}; of the system: {system}")

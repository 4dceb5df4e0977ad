"""What the tests of `sallyport discover` share: a folder, a home for whoever calls, the program run in it."""

import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import PROGRAM, environment

SECONDS_MAX = 120
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))


class Discovering(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="discover-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.own = self.folder / "own"  # the home of whoever calls
        self.own.mkdir()

    def discover(self, *arguments, code=None, text=None, user=None, **more):
        done = subprocess.run([PROGRAM, "discover", *map(str, arguments)], cwd=self.folder, env=environment(self.own, **more), input=text,
                              capture_output=True, text=True, timeout=SECONDS_MAX, user=user)
        if code is not None:
            self.assertEqual(code, done.returncode, done.stdout[-3000:] + done.stderr[-3000:])
        return done

"""`sallyport sign-in` and `sign-out`, and `sallyport run` of somebody who signed in."""

import json
import os
import re
import subprocess
import time
import unittest

from programs import PROGRAM, environment
from provider import Browser
from signs_in import SignsIn
from test_run import ASK, machine_gives_a_boundary
from wire import until


class SignedIn(SignsIn):
    def setUp(self):
        super().setUp()
        self.home = self.folder / f"home-{self._testMethodName}"
        self.home.mkdir()
        self.url = f"http://127.0.0.1:{self.gateway.port}"
        self.file = self.home / ".config/sallyport/sign-in.json"

    def command(self, *arguments, code=0, **more):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.home, env=environment(self.home, **more), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=30)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def go(self):
        """`sallyport sign-in` with a person who goes the way in a browser; exit code and output."""
        process = subprocess.Popen([PROGRAM, "sign-in", "--gateway", self.url, "--json"], env=environment(self.home),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        told = process.stderr.readline()
        page, code = re.search(r"Open (\S+) in a browser.* code: (\S+)", told).groups()
        Browser(self.gateway).confirm(page.partition("?")[0], code)
        output, errors = process.communicate(timeout=30)
        return process.returncode, output, told + errors

    def test_signing_in_and_out(self):
        code, output, errors = self.go()
        self.assertEqual(0, code, errors)
        self.assertEqual({"gateway": self.url, "person": self.provider.claims["email"], "file": str(self.file)}, json.loads(output))
        self.assertEqual(0o600, os.stat(self.file).st_mode & 0o777)
        kept = json.loads(self.file.read_text())
        for token in (kept["access_token"], kept["refresh_token"]):
            self.assertNotIn(token, output + errors)
        self.assertEqual(200, self.model_call(kept["access_token"]).status)
        self.assertIn("signed out", self.command("sign-out").stdout)
        self.assertFalse(self.file.exists())
        self.assertEqual(401, self.model_call(kept["access_token"]).status)
        self.assertIn("Nobody", self.command("sign-out").stdout)

    def test_who_may_not_is_told_why(self):
        self.provider.claims["groups"] = []
        code, _, errors = self.go()
        self.assertEqual(3, code, errors)
        self.assertFalse(self.file.exists())

    def test_a_file_that_others_read_is_not_taken(self):
        self.assertEqual(0, self.go()[0])
        self.file.chmod(0o644)
        self.assertIn("600", self.command("sign-out", code=4).stderr)

    def test_no_gateway_and_no_sign_in(self):
        self.assertIn("--gateway", self.command("sign-in", code=4).stderr)
        vendor = f"http://127.0.0.1:{self.vendor.port}"
        self.assertIn("no sign_in", self.command("sign-in", "--gateway", vendor, code=4).stderr)

    def test_a_launcher_uses_it_and_renews_it(self):
        gives, why = machine_gives_a_boundary()
        if not gives:
            self.skipTest(why)
        self.assertEqual(0, self.go()[0])
        work = self.home / "work"
        work.mkdir()
        kept = json.loads(self.file.read_text())
        self.file.write_text(json.dumps(kept | {"until_ms": int(time.time() * 1000) + 1_000}))
        body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]})
        done = subprocess.run([PROGRAM, "run", "--gateway", self.url, "--generic", "python3", "--", "-c",
                               ASK.replace("core/engine", "web/site")], cwd=work, env=environment(self.home), input=body,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("200 ", done.stdout, done.stderr)
        renewed = json.loads(self.file.read_text())
        self.assertNotEqual(kept["refresh_token"], renewed["refresh_token"])
        self.assertGreater(renewed["until_ms"], time.time() * 1000 + 600_000)
        self.gateway.run("person", "disable", "--config", "sallyport.yaml", self.provider.claims["email"])
        until(lambda: self.model_call(renewed["access_token"]).status == 403, "the person to be cut off")
        refused = subprocess.run([PROGRAM, "run", "--gateway", self.url, "--generic", "true"], cwd=work, env=environment(self.home),
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(3, refused.returncode, refused.stderr)
        self.assertIn("this person was disabled", refused.stderr)


if __name__ == "__main__":
    unittest.main()

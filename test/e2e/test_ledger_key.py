"""The ledger's key from elsewhere: a file of one's own, a command that opens a sealed one, a PKCS#11 token (SoftHSM)."""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import dialects
import rig
from wire import until

MODULES = [Path(folder, "softhsm/libsofthsm2.so") for folder in ("/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")]
MODULE = next((str(path) for path in MODULES if path.exists()), None)
PIN = "canary-pin-4711"


class LedgerKey(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(rig.folder())
        self.vendor = rig.Vendor(self.folder, save=False)
        self.addCleanup(rig.Case.end, self.vendor)
        self.gateway = rig.Gateway(self.folder, {"sim": self.vendor.url})
        self.gateway.key = self.gateway.issue()["key"]
        self.addCleanup(self.end)
        self.own = self.folder / "data" / "ledger.key"
        self.vkey = self.run_ledger("key")

    def end(self):
        problem = self.gateway.stop() if self.gateway.process else None
        self.assertIsNone(problem)

    def run_ledger(self, *arguments, code=0):
        return self.gateway.run("ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:], code=code)

    def start_with(self, **key):
        self.gateway.more["ledger"] = {"key": key}
        self.gateway.write_config()
        return self.gateway.start()

    def refused_with(self, **key):
        with self.assertRaises(AssertionError) as refused:
            self.start_with(**key)
        self.gateway.process.wait(rig.DEADLINE)
        self.gateway.process = None
        return str(refused.exception)

    def goes_on(self):
        """Exchanges are recorded and signed by the same key as before; the ledger verifies."""
        answer = self.gateway.ask("POST", dialects.CHAT.target(False, None),
                                  dialects.CHAT.fields(self.gateway.key, "git.acme.example/web/site"),
                                  dialects.CHAT.bytes("hello", None, False))
        self.assertEqual(200, answer.status)
        self.gateway.rows([answer.exchange])
        self.assertEqual(self.vkey, self.run_ledger("key"))
        until(lambda: self.run_ledger("checkpoint", code=None), "a checkpoint")
        self.assertTrue(json.loads(self.run_ledger("verify", "--json"))["ok"])
        self.assertIsNone(self.gateway.stop())
        self.gateway.process = None

    def test_a_file_elsewhere(self):
        elsewhere = self.folder / "keys" / "ledger"
        elsewhere.parent.mkdir()
        self.own.rename(elsewhere)
        self.start_with(file="keys/ledger")
        self.goes_on()
        self.assertFalse(self.own.exists())
        elsewhere.chmod(0o644)
        self.assertIn("chmod", self.refused_with(file="keys/ledger"))

    def test_a_command_opens_a_sealed_file_and_is_run_once(self):
        sealed, ran = self.folder / "ledger.key.sealed", self.folder / "ran"
        sealed.write_text(self.own.read_text()[::-1])
        key = {"file": "ledger.key.sealed", "command": ["/bin/sh", "-c", f"echo x >> {ran}; /usr/bin/rev | /usr/bin/tac"]}
        self.start_with(**key)
        self.assertIn("ledger.key_left", {line["event"] for line in self.gateway.log()}, "a copy in clear is told of")
        self.goes_on()
        self.own.unlink()
        self.start_with(**key)
        self.goes_on()
        self.assertEqual(2, len(ran.read_text().split()), "of two starts and many commands")
        self.assertNotIn("PRIVATE+KEY", self.gateway.errors.read_text())

    def test_what_a_command_fails_with_is_told_and_nothing_of_the_key(self):
        text = self.own.read_text()
        for script, why in ((f"echo {text.strip()}; echo 'the token is locked' >&2; exit 7",
                             r"ended with code 7; it said: the token is locked"),
                            (f"echo {text.strip()}; exec sleep 60", "did not end within 1000 ms and was killed"),
                            (f"echo {text.strip()}x", "cannot be used|is no|holds no|not a"), ("true", "key")):
            said = self.refused_with(command=["/bin/sh", "-c", script], timeout="1s")
            self.assertRegex(said, why)
            self.assertNotIn(text.strip().split("+")[-1], said)
        self.assertIn("absolute path", self.refused_with(command=["sh", "-c", "true"]))

    def test_rotation_lays_the_new_key_beside(self):
        store = self.folder / "store"
        self.own.rename(store)
        key = {"command": ["/bin/cat", str(store)]}
        self.start_with(**key)
        self.goes_on()
        fresh = self.run_ledger("key", "--rotate", "--reason", "yearly").strip()
        new = self.folder / "data" / "ledger.key.next"
        self.assertEqual(0o600, new.stat().st_mode & 0o777)
        new.replace(store)
        self.vkey += fresh + "\n"
        self.start_with(**key)
        self.goes_on()
        self.assertIn(f"\u2014 {fresh.split('+')[0]} ", self.run_ledger("checkpoint"))

    @unittest.skipUnless(MODULE and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool"),
                         "SoftHSM and pkcs11-tool (packages softhsm2, opensc) are not installed")
    def test_a_pkcs11_token_holds_it(self):
        tokens, conf = self.folder / "tokens", self.folder / "softhsm2.conf"
        tokens.mkdir()
        conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        environment = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(conf), "LEDGER_PIN": PIN}

        def tool(*arguments):
            subprocess.run(arguments, env=environment, check=True, capture_output=True, timeout=rig.DEADLINE)

        tool("softhsm2-util", "--init-token", "--free", "--label", "sallyport", "--so-pin", "12345678", "--pin", PIN)
        common = ["/usr/bin/pkcs11-tool", "--module", MODULE, "--token-label", "sallyport", "--login", "--pin", "env:LEDGER_PIN"]
        tool(*common, "--write-object", str(self.own), "--type", "data", "--label", "ledger.key", "--private")
        self.own.unlink()
        self.gateway.variables = {"SOFTHSM2_CONF": str(conf), "LEDGER_PIN": PIN}
        read = [*common, "--read-object", "--type", "data", "--label", "ledger.key"]
        self.start_with(command=read, environment=["SOFTHSM2_CONF", "LEDGER_PIN"])
        self.goes_on()
        self.gateway.variables["LEDGER_PIN"] = "wrong"
        said = self.refused_with(command=read, environment=["SOFTHSM2_CONF", "LEDGER_PIN"])
        self.assertRegex(said, r"pkcs11-tool\) ended with code 1; it said: .*CKR_PIN_INCORRECT")
        self.assertNotIn(PIN, self.gateway.errors.read_text())


if __name__ == "__main__":
    unittest.main()

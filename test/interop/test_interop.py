"""Other people's implementations of transparency logs read ours and write theirs, which are verified here.

Theirs: golang.org/x/mod/sumdb and github.com/transparency-dev/merkle (the program beside this file), and a log that
github.com/transparency-dev/tessera wrote. Go and their modules are taken as they are on the machine; with SALLYPORT_FETCH=1 go fetches
modules that are not there. Where something is missing it ends with code 77 and says so.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import dialects  # noqa: E402
import rig  # noqa: E402
from programs import PROGRAM, environment  # noqa: E402
from wire import until  # noqa: E402

SKIPPED = 77
BUILD_SECONDS_MAX = 300
TESSERA = ("github.com/transparency-dev/tessera@v1.0.0", "h1:4OT1V9xJLa5NnYlFWWlCdZkCm18/o12rdd+bCTje7XE=")
EXCHANGES = 300


class Missing(Exception):
    """Why the other implementations are not to be had here."""


def go(*arguments, fetch=bool(os.environ.get("SALLYPORT_FETCH"))):
    """Runs go in this folder, by what the machine has; with `fetch` it may ask for modules as it is set up to."""
    program = shutil.which("go", path=os.environ.get("PATH", "") + ":/usr/local/go/bin:/usr/lib/go/bin")
    if not program:
        raise Missing("no go is installed here (tools/setup clients installs it)")
    more = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOSUMDB": "off"} | ({} if fetch else {"GOPROXY": "off"})
    try:
        done = subprocess.run([program, *arguments], cwd=HERE, env=os.environ | more, capture_output=True, text=True,
                              timeout=BUILD_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise Missing(f"go {arguments[0]} did not end within {BUILD_SECONDS_MAX} seconds") from None
    if done.returncode != 0:
        why = (done.stderr + done.stdout).strip()
        if re.search(r"GOPROXY|dial tcp|lookup |no such host|i/o timeout|connection refused|proxyconnect|not found: module|"
                     r"missing go.sum|requires go >=|go.mod requires go|note: module requires", why):
            raise Missing(f"its modules are not on this machine; SALLYPORT_FETCH=1 lets go fetch them ({why[:300]})")
        raise AssertionError(f"go {' '.join(arguments)}: {why[-2000:]}")
    return done.stdout


def setUpModule():
    try:
        build()
    except Missing as reason:
        raise unittest.SkipTest(str(reason)) from None


def build():
    global others
    if not others:
        folder = tempfile.mkdtemp(prefix="sallyport-interop-")
        unittest.addModuleCleanup(shutil.rmtree, folder, True)
        others = str(Path(folder) / "interop")
        try:
            go("build", "-buildvcs=false", "-o", others, ".")
        except BaseException:
            others = None
            raise


others = None


def ask_others(*arguments, code=0):
    done = subprocess.run([others, *map(str, arguments)], capture_output=True, text=True, timeout=rig.DEADLINE)
    if done.returncode != code:
        raise AssertionError(f"{arguments[0]}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout) if code == 0 else done.stderr


def imported(folder, key, code=0):
    done = subprocess.run([PROGRAM, "ledger", "import", str(folder), "--key", key, "--json"], capture_output=True, text=True,
                          env=environment(folder.parent), cwd=folder.parent, timeout=rig.DEADLINE)
    if done.returncode != code:
        raise AssertionError(f"import: exit {done.returncode}: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


class OurLog(rig.Case):
    """What the others say of a ledger that a gateway wrote."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.checkpoints = []
        for end in (1, 127, 128, EXCHANGES):
            for number in range(len(cls.checkpoints) and cls.asked, end):
                case.ask(dialects.ALL[number % len(dialects.ALL)], f"hello {number}")
            cls.asked = end
            until(lambda: cls.size(cls.command("checkpoint")) == 2 * cls.asked + 1, "a checkpoint of all entries")
            cls.command("export", "log")
            cls.checkpoints.append(cls.folder / f"checkpoint.{end}")
            shutil.copy(cls.folder / "log/checkpoint", cls.checkpoints[-1])
        cls.log_key = cls.command("key").strip()

    @staticmethod
    def size(checkpoint):
        return int(checkpoint.splitlines()[1])

    @classmethod
    def command(cls, name, *arguments):
        return cls.gateway.run("ledger", name, "--config", "sallyport.yaml", *arguments)

    def test_each_entry_is_in_it_and_it_goes_on_from_each_earlier_checkpoint(self):
        told = ask_others("verify", self.log_key, self.folder / "log", *self.checkpoints)
        self.assertEqual({"entries": 2 * EXCHANGES + 1, "earlier": 4}, {name: told[name] for name in ("entries", "earlier")})
        self.assertEqual(2 * EXCHANGES + 1, imported(self.folder / "log", self.log_key)["entries"])

    def test_they_find_what_was_changed(self):
        changed = self.folder / "changed"
        shutil.copytree(self.folder / "log", changed)
        for name in ("checkpoint", "tile/0/000", "tile/entries/001"):
            whole = (changed / name).read_bytes()
            (changed / name).write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
            ask_others("verify", self.log_key, changed, code=1)
            self.assertFalse(imported(changed, self.log_key, code=1)["ok"])
            (changed / name).write_bytes(whole)
        ask_others("verify", self.log_key, changed)

    def test_each_proof_of_a_bundle_proves_its_entry(self):
        self.command("bundle", "--since", "1h", "-o", "bundle.tar")
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "xf", self.folder / "bundle.tar", "-C", unpacked], check=True, timeout=rig.DEADLINE)
        self.assertEqual({"proofs": 2 * EXCHANGES}, ask_others("proofs", self.log_key, unpacked))
        one = unpacked / "entries/7.json"
        one.write_bytes(one.read_bytes() + b" ")
        self.assertIn("7.tlog-proof", ask_others("proofs", self.log_key, unpacked, code=1))


class TheirLogs(unittest.TestCase):
    def test_logs_of_all_kinds_of_sizes(self):
        with rig.folder() as here:
            for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, 700, 65_535, 65_536, 65_537):
                written = ask_others("write", here / "log", size)
                told = imported(here / "log", written["key"])
                self.assertEqual((True, size, [[0, size - 1]] if size else []), (told["ok"], told["entries"], told["trusted"]))
                shutil.rmtree(here / "log")

    def test_extension_lines_are_read_over(self):
        with rig.folder() as here:
            written = ask_others("write", here / "log", 300, "an extension", "another")
            self.assertEqual(300, imported(here / "log", written["key"])["entries"])

    def test_the_key_of_another_log_convinces_nobody(self):
        with rig.folder() as here:
            written = ask_others("write", here / "log", 3)
            ask_others("write", here / "other", 3)
            told = imported(here / "other", written["key"], code=1)
            self.assertEqual(["signature"], [one["kind"] for one in told["problems"]])

    def test_what_was_changed_in_a_large_log_is_named(self):
        with rig.folder() as here:
            written = ask_others("write", here / "log", 65_536 + 300)
            for name, kind, entry in (("tile/0/100", "tile", 25_600), ("tile/1/000", "tile", 0), ("tile/2/000.p/1", "tile", 0),
                                      ("tile/entries/100", "entry", 25_600), ("tile/entries/257.p/44", "entry", 65_792)):
                file = here / "log" / name
                whole = file.read_bytes()
                file.write_bytes(whole[:8] + bytes([whole[8] ^ 1]) + whole[9:])
                told = imported(here / "log", written["key"], code=1)
                self.assertEqual([(kind, entry)], [(one["kind"], one["first"]) for one in told["problems"]], name)
                self.assertIn(name, told["problems"][0]["sentence"])
                self.assertEqual(65_836 - (kind == "entry"), told["entries"])
                file.write_bytes(whole)
            self.assertTrue(imported(here / "log", written["key"])["ok"])

    def test_the_log_that_tessera_brings_along(self):
        try:
            module = json.loads(go("mod", "download", "-json", TESSERA[0]))
        except Missing as reason:
            self.skipTest(str(reason))
        self.assertEqual(TESSERA[1], module["Sum"], "not the module that was meant")
        data = Path(module["Dir"]) / "testdata"
        key = re.search(r'LOG_PUBLIC_KEY="([^"]+)"', (data / "build_log.sh").read_text())[1]
        with rig.folder() as here:
            log = here / "log"
            shutil.copytree(data / "log", log, copy_function=shutil.copyfile)
            for file in [log, *log.rglob("*")]:
                file.chmod(0o700)
            sizes = sorted(int(file.suffix[1:]) for file in log.glob("checkpoint.*"))
            self.assertGreater(len(sizes), 10)
            for size in sizes:
                shutil.copy(log / f"checkpoint.{size}", log / "checkpoint")
                told = imported(log, key)
                self.assertEqual((True, size), (told["ok"], told["entries"]))
            file = log / f"tile/entries/000.p/{sizes[-1]}"
            file.write_bytes(file.read_bytes()[:-1] + b"?")
            told = imported(log, key, code=1)
            self.assertEqual(sizes[-1] - 1, told["problems"][0]["first"])


if __name__ == "__main__":
    try:
        build()
    except Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main()

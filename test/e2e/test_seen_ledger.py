"""Each launcher is a witness of the gateway's ledger: one that was rolled back or rewritten, whole and with all its notes, is noticed by the next
`sallyport run`, which starts nothing."""

import hashlib
import shutil
import subprocess

import dialects
import test_run
from programs import PROGRAM
from programs import environment as rig_environment
from test_run import Launching

REFUSED = 3


def load_tests(loader, _, __):
    return loader.loadTestsFromTestCase(SeenLedger)  # not those of the imported one


class SeenLedger(Launching):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.folder / "data"
        # The same address over all its starts.
        cls.gateway.more["listeners"] = [{"address": f"127.0.0.1:{cls.gateway.port}"}]
        cls.gateway.write_config()

    def setUp(self):
        self.ledgers = self.home / ".local/state/sallyport/ledgers"
        shutil.rmtree(self.ledgers, ignore_errors=True)
        self.kept = self.folder / "kept"
        shutil.rmtree(self.kept, ignore_errors=True)

    def start(self, code=0):
        done = self.inside("echo begun", code=code)
        self.assertEqual("begun\n" if code == 0 else "", done.stdout)
        return done.stderr

    def exchanges(self, count):
        for number in range(count):
            self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None), dialects.ANTHROPIC.fields(self.gateway.key, test_run.REPOSITORY),
                             dialects.ANTHROPIC.bytes(f"hello {number}", None, False))

    def seen(self):
        files = [file for file in self.ledgers.glob("*/*") if file.name != "lock" and not file.name.startswith("apart-")]
        return {lines[0]: int(lines[1]) for lines in (file.read_text().splitlines() for file in files)}

    def stopped(self):
        self.assertFalse(self.gateway.stop())

    def test_it_follows_a_ledger_that_grows(self):
        self.assertNotIn("ledger", self.start())
        (origin, first), = self.seen().items()
        self.exchanges(5)
        self.stopped()  # so that all of it is signed
        self.gateway.start()
        self.assertNotIn("ledger", self.start())
        self.assertGreaterEqual(self.seen()[origin], first + 10)
        folder, = self.ledgers.iterdir()
        self.assertEqual(hashlib.sha256(f"127.0.0.1:{self.gateway.port}".encode()).hexdigest(), folder.name)
        self.assertEqual(0o700, folder.stat().st_mode & 0o777)

    def test_a_ledger_rolled_back_or_rewritten_whole_starts_nothing_and_the_evidence_is_kept(self):
        self.stopped()
        shutil.copytree(self.data, self.kept)
        self.gateway.start()
        self.exchanges(20)
        self.stopped()
        self.gateway.start()
        self.start()
        (origin, size), = self.seen().items()

        def back(exchanges, words):
            self.stopped()
            shutil.rmtree(self.data)
            shutil.copytree(self.kept, self.data)
            self.gateway.start()  # which cannot know
            self.exchanges(exchanges)
            self.stopped()
            self.gateway.start()
            told = self.start(REFUSED)
            self.assertIn(words, told)
            self.assertIn(origin, told)
            self.assertEqual({origin: size}, self.seen())
            self.start(REFUSED)  # nor the next

        back(0, "rolled back")
        evidence, = set(self.ledgers.glob("*/apart-*"))
        self.assertEqual(2, evidence.read_text().count(f"\u2014 {origin} "))  # both signed
        back(30, "rewritten")
        # As it says, once that is explained.
        for file in self.ledgers.glob("*/*"):
            file.unlink()
        self.assertNotIn("ledger", self.start())

    def test_a_new_epoch_is_told_once(self):
        self.start()
        (before, _), = self.seen().items()
        self.stopped()
        subprocess.run([PROGRAM, "ledger", "recover", "--config", "sallyport.yaml", "--reason", "the disk failed"], cwd=self.folder, check=True,
                       capture_output=True, env=rig_environment(self.folder))
        self.gateway.start()
        told = self.start()
        self.assertIn("which this machine had not seen", told)
        self.assertIn(before, told)
        self.assertEqual(2, len(self.seen()))
        self.assertNotIn("ledger", self.start())

    def test_what_lies_there_and_cannot_be_read_is_not_seen(self):
        self.start()
        file, = (file for file in self.ledgers.glob("*/*") if file.name != "lock")
        for junk in (b"", b"\xff" * 100_000, file.read_bytes()[:-20]):
            file.write_bytes(junk)
            self.assertIn("cannot be read and was begun anew", self.start())
            self.assertEqual(1, len(self.seen()))

    def test_many_at_once_keep_the_newest(self):
        self.start()
        (origin, first), = self.seen().items()
        started = [subprocess.Popen([PROGRAM, "run", "--gateway", f"http://127.0.0.1:{self.gateway.port}", "--generic", "true"], cwd=self.work,
                                    env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(8)]
        for one in started:
            self.exchanges(2)
        for one in started:
            told = one.communicate(timeout=test_run.rig.DEADLINE)[1]
            self.assertEqual(0, one.returncode, told)
            self.assertNotIn("ledger", told)
        self.assertGreaterEqual(self.seen()[origin], first)

"""Backups: made under load, restored whole or not at all, without a key in them, and with every erasure still in force."""

import base64
import contextlib
import hashlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import unittest
from pathlib import Path

import dialects
import rig
from policy import POLICY
from programs import PROGRAM, environment
from wire import until

KEPT = POLICY | {"bodies": {"open-source": "90d", "internal": "90d", "customer": "90d"}}
SITE = "git.acme.example/web/site"
OTHER = "git.acme.example/web/other"
KEYS = ("installation.key", "ledger.key", "body-keys.db", "names.db")
WORDS = "canary-backup-4b1e the quick plaintext that must not be found anywhere in clear "


def files(folder):
    return [path for path in sorted(Path(folder).rglob("*")) if path.is_file() and not path.is_symlink()]


def tree(folder):
    """Every file but locks and what a reader leaves of a database, with its digest."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files(folder) if not path.name.endswith(("lock", "-shm", "-wal")) and "index.db" not in path.name}


class Case(unittest.TestCase):
    """`gateway`, `folder` and `data` are the class's or the test's."""

    def own_stack(self):
        self.vendor, self.gateway = self.enterContext(rig.stack(policy=KEPT))
        self.folder = self.gateway.folder
        self.data = self.folder / "data"

    def ask(self, text, repository=SITE, key=None):
        answer = self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None),
                                  dialects.ANTHROPIC.fields(key or self.gateway.key, repository),
                                  dialects.ANTHROPIC.bytes(text, None, False))
        self.assertEqual(200, answer.status, answer.body)
        return answer

    def signed(self, answer):
        """Once its last entry is in a checkpoint."""
        self.gateway.row(answer.exchange)
        last = int(self.gateway.entries(answer.exchange)[-1]["id"].split("/")[1])
        until(lambda: int((self.command("checkpoint").splitlines() + ["", "0"])[1]) > last, "the checkpoint")
        return answer

    def command(self, name, *arguments, code=0):
        """Its output, both streams, and that it ended with this code."""
        done = subprocess.run([PROGRAM, "ledger", name, "--config", "sallyport.yaml", *arguments], cwd=self.folder,
                              env=environment(self.folder), capture_output=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout[-1000:] + done.stderr[-1000:])
        return (done.stdout + done.stderr).decode(errors="replace")

    def kept(self, answer, text):
        """Once its body can be read."""
        until(lambda: text.encode() in self.gateway.run("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body",
                                                        "request", "--reason", "test", code=None).encode(), "the body")

    def verified(self):
        told = json.loads(self.command("verify", "--json"))
        self.assertTrue(told["ok"], told)
        return told

    def acts(self, what):
        return [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act" and entry["what"] == what]

    def backup(self, name="backup", *arguments):
        return json.loads(self.command("backup", name, "--json", *arguments))

    def name_of(self, pseudonym):
        """As it lies sealed: [(bytes,)], or nothing where it was forgotten."""
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            return names.execute("SELECT sealed FROM names WHERE pseudonym = ?", [pseudonym]).fetchall()

    def lose_all_but_keys(self):
        """The disk is gone; the keys come back from their own backup."""
        kept = {name: (self.data / name).read_bytes() for name in KEYS}
        shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700)
        for name, content in kept.items():
            (self.data / name).write_bytes(content)
            (self.data / name).chmod(0o600)

    def verified_after_start(self):
        self.gateway.start()
        until(lambda: self.acts("restore"), "the restore to be recorded")
        self.verified()


class Stopped(Case):
    """An installation with a backup, and more since; its gateway is stopped. Each test begins with it as it was then."""

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        handover = [{"name": "disk", "to": "file:events.jsonl", "format": "ocsf", "from": "start"}]
        cls.vendor, cls.gateway = stack.enter_context(rig.stack({"handover": handover}, KEPT))
        cls.folder = cls.gateway.folder
        cls.data = cls.folder / "data"
        case = cls()
        cls.eve = cls.gateway.issue("eve@acme.example")
        cls.first = case.signed(case.ask(WORDS))
        case.kept(cls.first, WORDS)
        case.signed(case.ask("eve works", key=cls.eve["key"]))
        cls.made = case.backup()
        assert "stop it first" in case.command("restore", "backup", "--reason", "test", "--replace", code=4)
        case.signed(case.ask("after the backup"))
        cls.gateway.run("key", "revoke", "--config", "sallyport.yaml", cls.eve["id"])
        assert cls.gateway.stop() is None
        shutil.copytree(cls.data, cls.folder / "present")

    def setUp(self):
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "present", self.data)
        self.addCleanup(lambda: self.assertIsNone(self.gateway.stop()))

    def test_no_key_and_no_name_is_in_a_backup(self):
        with contextlib.closing(sqlite3.connect(self.data / "body-keys.db")) as keys:
            secrets = [row[0] for row in keys.execute("SELECT sealed FROM body_keys")]
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            secrets += [row[0] for row in names.execute("SELECT sealed FROM names")]
        self.assertGreaterEqual(len(secrets), 3)
        ledger_key = (self.data / "ledger.key").read_bytes().strip()
        seed = ledger_key.split(b"+", 4)[4]  # PRIVATE+KEY+name+id+base64, which may have a '+' of its own
        secrets += [(self.data / "installation.key").read_bytes(), ledger_key, seed, base64.b64decode(seed, validate=True)[1:],
                    b"canary-backup", b"ada@acme", b"eve@acme"]
        for path in files(self.folder / "backup"):
            for secret in secrets:
                self.assertNotIn(secret, path.read_bytes(), path)
            self.assertEqual(0, path.stat().st_mode & 0o077, path)
        self.assertEqual(set(), {path.name for path in files(self.folder / "backup")} & set(KEYS))

    def test_names_that_an_older_release_kept_in_the_state_move_out_of_it(self):
        person = self.gateway.row(self.first.exchange)["person"]
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            row = names.execute("SELECT * FROM names WHERE pseudonym = ?", [person]).fetchone()
            names.execute("DELETE FROM names")
            names.commit()
        with contextlib.closing(sqlite3.connect(self.data / "state.db")) as state:
            state.execute("INSERT INTO names VALUES (?, ?, ?)", row)
            state.commit()
        self.gateway.start()
        self.assertEqual([(row[2],)], self.name_of(person))
        for path in files(self.data):
            if path.name.startswith("state.db"):
                self.assertNotIn(row[2], path.read_bytes(), path)

    def test_a_second_backup_links_what_is_the_same(self):
        self.gateway.start()  # which begins a pack of its own
        self.kept(self.ask("another pack"), "another pack")
        made = self.backup("tuesday", "--since", "backup")
        self.assertEqual(0, made["linked_bytes"], "what was written then has grown since")
        made = self.backup("wednesday", "--since", "tuesday")
        self.assertGreater(made["linked_bytes"], 0)
        first = sorted((self.folder / "wednesday/bodies").glob("*.pack"))[0]
        self.assertEqual(2, first.stat().st_nlink)
        self.assertIn("is there already", self.command("backup", "wednesday", code=4))
        self.gateway.stop()
        shutil.rmtree(self.folder / "tuesday")
        self.lose_all_but_keys()
        self.command("restore", "wednesday", "--reason", "test")
        self.kept(self.first, WORDS)

    def test_what_is_not_what_was_made_is_refused_and_nothing_is_touched(self):
        self.assertRegex(self.command("restore", "backup", "--reason", "test", code=4), r"entries \d+ to \d+.*would be lost; --replace")
        before = tree(self.data)
        chance = random.Random(20_261_128)
        for path in files(self.folder / "backup"):
            with self.subTest(file=path.name):
                whole = path.read_bytes()
                if not whole:
                    continue
                at = chance.randrange(len(whole))
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:])
                self.command("restore", "backup", "--reason", "test", "--replace", code=4)
                path.write_bytes(whole)
        victim = sorted((self.folder / "backup/ledger").glob("*.seg"))[0]
        whole = victim.read_bytes()
        victim.unlink()
        self.assertIn("not whole", self.command("restore", "backup", "--reason", "test", "--replace", code=4))
        victim.symlink_to("/etc/hostname")
        self.command("restore", "backup", "--reason", "test", "--replace", code=4)
        victim.unlink()
        victim.write_bytes(whole)
        key = self.data / "installation.key"
        key.rename(self.folder / "away")
        self.assertIn("in no data backup", self.command("restore", "backup", "--reason", "test", "--replace", code=4))
        (self.folder / "away").rename(key)
        self.assertEqual(before, tree(self.data))
        self.verified()

    def test_over_a_ledger_that_was_rolled_back_it_begins_a_new_epoch(self):
        newest = int(self.command("checkpoint").splitlines()[1])
        shutil.rmtree(self.data / "ledger")
        shutil.copytree(self.folder / "backup/ledger", self.data / "ledger")
        size = self.made["entries"]
        lost = f"entries {size} to {newest - 1}, which are not in the backup, would be lost"
        self.assertIn(lost, self.command("restore", "backup", "--reason", "test", code=4))
        told = self.command("restore", "backup", "--reason", "test", "--replace")
        self.assertRegex(told, f"goes on as .*{newest} of its entries had been signed by .*: entries {size} to {newest - 1} are lost")
        self.verified_after_start()

    def test_nothing_lost_means_no_new_epoch(self):
        self.backup("whole")
        before = self.verified()
        shutil.rmtree(self.data / "policies")
        shutil.rmtree(self.data / "bodies")
        self.assertIn("none is lost", self.command("restore", "whole", "--reason", "folders were deleted", "--replace"))
        self.assertEqual(before["checkpoint"], self.verified()["checkpoint"])
        self.kept(self.first, WORDS)

    def test_what_was_revoked_since_stays_revoked(self):
        self.command("restore", "backup", "--reason", "test", "--replace")
        self.verified_after_start()
        answer = self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None),
                                  dialects.ANTHROPIC.fields(self.eve["key"], SITE), dialects.ANTHROPIC.bytes("hi", None, False))
        self.assertEqual(403, answer.status, answer.body)
        answer = self.ask("others work")
        # Destinations go on: none is ahead of the ledger that is there now.
        until(lambda: answer.exchange in (self.folder / "events.jsonl").read_text(), "the exchange to be handed over")

    def on_small_disk(self, folder, size, script):
        """What a shell says that sees a small disk as this folder."""
        done = subprocess.run(["unshare", "-rm", "sh", "-c", f"mount -t tmpfs -o size={size},mode=0700 tmpfs {folder} || exit 99\n{script}"],
                              cwd=self.folder, env=environment(self.folder), capture_output=True, text=True, timeout=rig.DEADLINE)
        if done.returncode == 99 or "unshare:" in done.stderr:
            self.skipTest(f"no tmpfs in a namespace here: {done.stderr.strip()}")
        return done.stdout + done.stderr

    def test_a_full_disk_is_told_and_leaves_nothing_behind(self):
        (self.folder / "small").mkdir(exist_ok=True)
        said = self.on_small_disk("small", "64k", f"{PROGRAM} ledger backup --config sallyport.yaml small/backup; echo code $?; ls -A small")
        self.assertIn("disk is full", said)
        self.assertIn("code 4\n", said)
        self.assertNotRegex(said, r"(?m)^\S*draft$")
        before = tree(self.data)
        said = self.on_small_disk("data", "8m", f"""cp -a present/. data/ && dd if=/dev/zero of=data/filler bs=4k 2>/dev/null
            {PROGRAM} ledger restore --config sallyport.yaml backup --reason test --replace; echo code $?
            rm data/filler; ls -A data; {PROGRAM} ledger verify --config sallyport.yaml --json
            {PROGRAM} ledger restore --config sallyport.yaml backup --reason test --replace; echo code $?""")
        self.assertIn("No space left", said)
        self.assertRegex(said, r"(?s)code 4\n.*\"ok\":true.*code 0\n")
        self.assertNotRegex(said, r"(?m)^restore\.new$")
        self.assertEqual(before, tree(self.data), "the disk that is really there")

    def test_a_restore_that_is_killed_leaves_the_old_or_the_new(self):
        old = self.verified()["entries"]
        started = time.monotonic()
        self.command("restore", "backup", "--reason", "measured", "--replace")
        whole = time.monotonic() - started
        chance = random.Random(7)
        for _ in range(10):
            shutil.rmtree(self.data)
            shutil.copytree(self.folder / "present", self.data)
            process = subprocess.Popen([PROGRAM, "ledger", "restore", "--config", "sallyport.yaml", "backup", "--reason", "killed",
                                        "--replace"], cwd=self.folder, env=environment(self.folder), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.2, 1.0) * whole)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()
            self.command("key")  # whoever opens the directory carries the change through
            self.assertFalse((self.data / "restoring").exists())
            is_new = not (self.data / "ledger/checkpoint").exists()
            if not is_new:
                self.assertEqual(old, self.verified()["entries"])
        self.gateway.start()
        if is_new:
            until(lambda: self.acts("restore"), "the restore to be recorded")
        self.assertGreaterEqual(self.verified()["entries"], self.made["entries"])


class Lost(Case):
    def test_what_is_made_under_load_comes_back_where_all_is_lost(self):
        self.own_stack()
        first = self.signed(self.ask("hello " + WORDS))
        self.kept(first, WORDS)
        ending = threading.Event()

        def load():
            while not ending.is_set():
                self.ask("more " + WORDS, OTHER)

        worker = threading.Thread(target=load)
        worker.start()
        time.sleep(0.3)
        made = self.backup()
        ending.set()
        worker.join()
        self.assertTrue(made["ok"], made)
        self.assertGreater(made["entries"], 5)
        person = self.gateway.row(first.exchange)["person"]
        self.assertIsNone(self.gateway.stop())
        name = self.name_of(person)
        self.assertEqual(1, len(name))
        before = self.verified()
        self.assertGreater(before["entries"], made["entries"])
        log_key = self.command("key").split()[-1]
        self.lose_all_but_keys()
        said = self.command("restore", "backup", "--reason", "the disk failed")
        self.assertIn("lost as well", said)
        self.gateway.start()
        until(lambda: self.acts("restore"), "the restore to be recorded")
        self.assertIn(f"/2 with {made['entries']} entries", self.acts("restore")[0]["about"])
        self.assertEqual("the disk failed", self.acts("restore")[0]["why"])
        until(lambda: json.loads(self.command("verify", "--json"))["entries"] > made["entries"], "what is new to be signed")
        self.verified()
        self.assertEqual(first.exchange, self.gateway.row(first.exchange)["exchange"])
        self.kept(first, WORDS)
        self.assertEqual((person, name), (self.gateway.row(first.exchange)["person"], self.name_of(person)))
        keys = self.command("key").split()
        self.assertIn(log_key, keys, "who knows the old key still finds it")
        self.assertRegex(keys[-1], r"^sallyport/\w+/2\+")
        self.ask("goes on")


class Erased(Case):
    """What was erased after a backup is not in the installation that it is restored to, nor in the backup itself."""

    def keys_of(self, repository):
        with contextlib.closing(sqlite3.connect(self.data / "body-keys.db")) as keys:
            return [row[0] for row in keys.execute("SELECT sealed FROM body_keys WHERE repository = ? AND erased_ms = 0",
                                                   [repository])]

    def somewhere(self, what):
        return [path for folder in (self.data, self.folder / "backup") for path in files(folder) if what in path.read_bytes()]

    def test_an_erasure_holds_against_the_backup_of_the_day_before(self):
        self.own_stack()
        eve = self.gateway.issue("eve.canary@acme.example")
        mine = self.ask(WORDS + "mine")
        held = self.ask(WORDS + "held", OTHER)
        hers = self.ask(WORDS + "hers", "github.com/acme/oss-tools", key=eve["key"])
        for answer, text in ((mine, "mine"), (held, "held"), (hers, "hers")):
            self.kept(self.signed(answer), text)
        person = self.gateway.row(hers.exchange)["person"]
        self.command("hold", "--matter", "case-1", "--repository", OTHER, "--reason", "court")
        self.backup()
        destroyed = self.keys_of(SITE) + self.keys_of("github.com/acme/oss-tools")
        [[name]] = self.name_of(person)
        self.assertEqual(2, len(destroyed))
        for secret in (*destroyed, name):
            self.assertTrue(self.somewhere(secret), "before it is erased it is there")
        # --before reaches whole weeks that are over only, so the week that runs is erased without it.
        self.command("erase", "--repository", SITE, "--reason", "ticket 7")
        self.command("erase", "--repository", OTHER, "--reason", "ticket 8", code=1)
        self.command("erase", "--person", "eve.canary@acme.example", "--reason", "ticket 9")
        until(lambda: len(self.acts("erase")) == 3, "the erasures to be recorded")
        self.gateway.stop()
        self.command("restore", "backup", "--reason", "the day before", "--replace")
        self.gateway.start()
        until(lambda: self.acts("restore") and len(self.acts("erase")) == 3, "restore and erasures to be recorded")
        self.verified()
        for secret in (*destroyed, name, b"canary-backup", b"plaintext that must not", b"eve.canary"):
            self.assertEqual([], self.somewhere(secret))
        self.assert_nothing_decompresses_to(b"plaintext that must not")
        self.assertIn("the body was erased: ticket 7", self.command("show", mine.exchange, "--body", "request", "--reason", "t", code=4))
        self.assertIn("the body was erased: ticket 9", self.command("show", hers.exchange, "--body", "request", "--reason", "t", code=4))
        self.assertEqual([], self.name_of(person), "nobody can open the pseudonym")
        self.kept(held, "held")
        self.ask("goes on")

    def assert_nothing_decompresses_to(self, words):
        """No zstd frame stands anywhere in clear: what chunks hold was compressed before it was sealed."""
        magic = b"\x28\xb5\x2f\xfd"
        for folder in (self.data, self.folder / "backup"):
            for path in files(folder):
                content = path.read_bytes()
                at = content.find(magic)
                while at >= 0:
                    done = subprocess.run(["zstd", "-dcq"], input=content[at:], capture_output=True) if shutil.which("zstd") else None
                    self.assertFalse(done and words in done.stdout, path)
                    self.assertNotEqual(".pack", path.suffix, f"a frame in clear in {path}")
                    at = content.find(magic, at + 1)


if __name__ == "__main__":
    unittest.main()

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
    def setUp(self):
        self.vendor, self.gateway = self.enterContext(rig.stack(policy=KEPT))
        self.folder = self.gateway.folder
        self.data = self.folder / "data"

    def ask(self, text, repository=SITE, key=None):
        answer = self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None),
                                  dialects.ANTHROPIC.fields(key or self.gateway.key, repository),
                                  dialects.ANTHROPIC.bytes(text, None, False))
        self.assertEqual(200, answer.status, answer.body)
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


class Backups(Case):
    def test_what_is_made_under_load_comes_back_where_all_is_lost(self):
        first = self.ask("hello " + WORDS)
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
        named = json.loads(self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", "--names", first.exchange))
        self.assertEqual("ada@acme.example", named["exchange"]["person"])
        self.assertNotEqual("ada@acme.example", person)
        keys = self.command("key").split()
        self.assertIn(log_key, keys, "who knows the old key still finds it")
        self.assertRegex(keys[-1], r"^sallyport/\w+/2\+")
        self.ask("goes on")

    def test_no_key_and_no_name_is_in_a_backup(self):
        self.kept(self.ask(WORDS), WORDS)
        self.backup()
        with contextlib.closing(sqlite3.connect(self.data / "body-keys.db")) as keys:
            secrets = [row[0] for row in keys.execute("SELECT sealed FROM body_keys")]
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            secrets += [row[0] for row in names.execute("SELECT sealed FROM names")]
        self.assertGreaterEqual(len(secrets), 3)
        ledger_key = (self.data / "ledger.key").read_bytes().strip()
        secrets += [(self.data / "installation.key").read_bytes(), ledger_key, ledger_key.split(b"+")[-1],
                    base64.b64decode(ledger_key.split(b"+")[-1])[1:], b"canary-backup", b"ada@acme"]
        for path in files(self.folder / "backup"):
            for secret in secrets:
                self.assertNotIn(secret, path.read_bytes(), path)
            self.assertEqual(0, path.stat().st_mode & 0o077, path)
        self.assertEqual(set(), {path.name for path in files(self.folder / "backup")} & set(KEYS))

    def test_names_that_an_older_release_kept_in_the_state_move_out_of_it(self):
        self.gateway.stop()
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            [row] = names.execute("SELECT * FROM names WHERE kind = 1").fetchall()
            names.execute("DELETE FROM names")
            names.commit()
        with contextlib.closing(sqlite3.connect(self.data / "state.db")) as state:
            state.execute("INSERT INTO names VALUES (?, ?, ?)", row)
            state.commit()
        self.gateway.start()
        answer = self.ask("hi")
        self.gateway.row(answer.exchange)
        named = json.loads(self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", "--names", answer.exchange))
        self.assertEqual("ada@acme.example", named["exchange"]["person"])
        for path in files(self.data):
            if path.name.startswith("state.db"):
                self.assertNotIn(row[2], path.read_bytes(), path)

    def test_a_second_backup_links_what_is_the_same(self):
        self.kept(self.ask(WORDS), WORDS)
        self.gateway.stop()
        self.gateway.start()
        self.kept(self.ask("a pack of its own"), "a pack of its own")
        self.backup("monday")
        made = self.backup("tuesday", "--since", "monday")
        self.assertGreater(made["linked_bytes"], 0)
        first = sorted((self.folder / "tuesday/bodies").glob("*.pack"))[0]
        self.assertEqual(2, first.stat().st_nlink)
        self.assertIn("is there already", self.command("backup", "tuesday", code=4))
        shutil.rmtree(self.folder / "monday")
        self.gateway.stop()
        self.lose_all_but_keys()
        self.command("restore", "tuesday", "--reason", "test")

    def test_what_is_not_what_was_made_is_refused_and_nothing_is_touched(self):
        self.ask(WORDS)
        self.backup()
        self.assertIn("stop it first", self.command("restore", "backup", "--reason", "test", "--replace", code=4))
        answer = self.ask("after the backup")
        self.gateway.row(answer.exchange)
        self.gateway.stop()
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
        self.command("restore", "backup", "--reason", "test", "--replace")
        self.verified_after_start()

    def test_nothing_lost_means_no_new_epoch(self):
        self.ask(WORDS)
        self.gateway.stop()
        self.backup()
        log = json.loads(self.command("verify", "--json"))["checkpoint"]["origin"]
        shutil.rmtree(self.data / "policies")
        self.assertIn("none is lost", self.command("restore", "backup", "--reason", "a folder was deleted", "--replace"))
        self.verified_after_start()
        self.assertEqual(log, json.loads(self.command("verify", "--json"))["checkpoint"]["origin"])

    def test_what_was_revoked_since_stays_revoked(self):
        eve = self.gateway.issue("eve@acme.example")
        self.ask("eve works", key=eve["key"])
        self.backup()
        before = self.gateway.metric("world_generation")
        self.gateway.run("key", "revoke", "--config", "sallyport.yaml", eve["id"])
        until(lambda: self.gateway.metric("world_generation") > before, "the key to be revoked")
        self.gateway.stop()
        self.command("restore", "backup", "--reason", "test", "--replace")
        self.verified_after_start()
        answer = self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None), dialects.ANTHROPIC.fields(eve["key"], SITE),
                                  dialects.ANTHROPIC.bytes("hi", None, False))
        self.assertEqual(401, answer.status)

    def test_a_restore_that_is_killed_leaves_the_old_or_the_new(self):
        self.kept(self.ask(WORDS), WORDS)
        made = self.backup()
        self.gateway.row(self.ask("after the backup").exchange)
        self.gateway.stop()
        shutil.copytree(self.data, self.folder / "present")
        old = self.verified()["entries"]
        started = time.monotonic()
        self.command("restore", "backup", "--reason", "measured", "--replace")
        whole = time.monotonic() - started
        outcomes = set()
        chance = random.Random(7)
        for round_number in range(12):
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
            outcomes.add(is_new)
            if not is_new:
                self.assertEqual(old, self.verified()["entries"])
        self.gateway.start()
        if is_new:
            until(lambda: self.acts("restore"), "the restore to be recorded")
        self.assertGreaterEqual(self.verified()["entries"], made["entries"])
        self.assertTrue(outcomes)


class Erased(Case):
    """What was erased after a backup is not in the installation that it is restored to, nor in the backup itself."""

    def keys_of(self, repository):
        with contextlib.closing(sqlite3.connect(self.data / "body-keys.db")) as keys:
            return [row[0] for row in keys.execute("SELECT sealed FROM body_keys WHERE repository = ? AND erased_ms = 0",
                                                   [repository])]

    def name_of(self, pseudonym):
        with contextlib.closing(sqlite3.connect(self.data / "names.db")) as names:
            return names.execute("SELECT sealed FROM names WHERE pseudonym = ?", [pseudonym]).fetchall()

    def somewhere(self, what):
        return [path for folder in (self.data, self.folder / "backup") for path in files(folder) if what in path.read_bytes()]

    def test_an_erasure_holds_against_the_backup_of_the_day_before(self):
        eve = self.gateway.issue("eve.canary@acme.example")
        mine = self.ask(WORDS + "mine")
        held = self.ask(WORDS + "held", OTHER)
        hers = self.ask(WORDS + "hers", "github.com/acme/oss-tools", key=eve["key"])
        for answer, text in ((mine, "mine"), (held, "held"), (hers, "hers")):
            self.kept(answer, text)
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
        named = json.loads(self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", "--names", hers.exchange))
        self.assertEqual(person, named["exchange"]["person"], "nobody can open the pseudonym")
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

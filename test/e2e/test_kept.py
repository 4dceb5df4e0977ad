"""Bodies that are kept: byte for byte what left and what came, once, readable for as long as its key lives."""

import contextlib
import hashlib
import json
import random
import sqlite3
import subprocess
import unittest
from pathlib import Path

import dialects
import rig
from policy import POLICY
from programs import PROGRAM, environment
from wire import until

SITE = "git.acme.example/web/site"


def words(chance, count):
    return " ".join(f"word{chance.randrange(4000)}" for _ in range(count))


class Kept(rig.Case):
    policy = POLICY | {"bodies": {"open-source": "90d", "internal": "90d"}}

    def body(self, answer, which, code=0, gateway=None):
        gateway = gateway or self.gateway
        done = subprocess.run([PROGRAM, "ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", which, "--reason",
                               "test"], cwd=gateway.folder, env=environment(gateway.folder), capture_output=True,
                              timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout if code == 0 else done.stderr.decode()

    def outcome(self, answer):
        """Its entry, as soon as it is on the disk."""
        def told():
            shown = self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", answer.exchange, code=None)
            entries = json.loads(shown)["entries"] if shown.startswith("{") else []
            return [one["entry"] | {"id": one["id"]} for one in entries if one["entry"]["kind"] == "outcome"]
        return until(told, "the outcome")[0]

    def test_what_left_and_what_came_is_there_byte_for_byte(self):
        for dialect in dialects.ALL:
            for stream in (False, True):
                with self.subTest(dialect=dialect.name, stream=stream):
                    answer = self.ask(dialect, f"keep this {stream}", stream)
                    self.assertEqual(200, answer.status)
                    self.outcome(answer)
                    until(lambda: self.gateway.run("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "response", "--reason", "test",
                                                   code=None) != "", "the answer to be kept")
                    self.assertEqual(dialect.bytes(f"keep this {stream}", None, stream), self.body(answer, "request"))
                    self.assertEqual(answer.body, self.body(answer, "response"))

    def test_of_a_class_that_is_not_named_only_the_digest_is_kept(self):
        answer = self.ask(dialects.ANTHROPIC, "canary-not-kept", repository="git.acme.example/clients/x")
        self.assertEqual(200, answer.status)
        self.outcome(answer)
        self.assertIn("was not kept", self.body(answer, "request", code=4))

    def test_each_body_is_held_against_its_entry(self):
        with rig.stack(policy=self.policy) as (_, gateway):
            verify = lambda *more, code=0: json.loads(gateway.run("ledger", "verify", "--config", "sallyport.yaml", "--bodies", "--json", *more, code=code))
            for repository in (SITE, SITE, "git.acme.example/clients/x"):
                self.assertEqual(200, gateway.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(gateway.key, repository),
                                                  dialects.ANTHROPIC.bytes(f"a canary of {repository}")).status)
            gateway.stop()
            told = verify()
            self.assertEqual((4, 0, 2, 0), tuple(told["bodies"][name] for name in ("whole", "erased", "not_kept", "lost")))
            self.assertEqual(2, verify("--entries", "1..2")["bodies"]["whole"])
            self.assertNotIn("canary", gateway.run("ledger", "verify", "--config", "sallyport.yaml", "--bodies"))
            [pack] = (gateway.folder / "data/bodies").glob("*.pack")
            whole = pack.read_bytes()
            pack.write_bytes(whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:])
            told = verify(code=1)
            self.assertEqual({"body"}, {one["kind"] for one in told["problems"]})
            self.assertIn("answer", told["problems"][0]["sentence"])
            pack.write_bytes(whole)
            gateway.run("ledger", "erase", "--config", "sallyport.yaml", "--repository", SITE, "--reason", "test")
            told = verify()
            self.assertEqual((0, 4), (told["bodies"]["whole"], told["bodies"]["erased"]))

    def test_nothing_on_the_disk_can_be_read_without_the_keys(self):
        answer = self.ask(dialects.ANTHROPIC, "canary-sealed-body-9d1c " * 50)
        self.outcome(answer)
        until(lambda: b"canary-sealed-body-9d1c" in self.body(answer, "request"), "the body")
        for path in (self.folder / "data").rglob("*"):
            if path.is_file():
                self.assertNotIn(b"canary-sealed-body", path.read_bytes(), path)

    def test_who_reads_a_body_is_recorded(self):
        answer = self.ask(dialects.ANTHROPIC, "read me")
        outcome = self.outcome(answer)
        until(lambda: self.gateway.run("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "request", "--by", "eve",
                                       "--reason", "curious", code=None), "the body")
        acts = until(lambda: [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act" and entry["why"] == "curious"],
                     "the act")
        self.assertEqual("read-body", acts[0]["what"])
        self.assertTrue(acts[0]["by"].startswith("p_"))
        self.assertIn(str(int(outcome["id"].split("/")[1]) - 1), acts[0]["about"])


class Erased(rig.Case):
    policy = Kept.policy
    body = Kept.body
    outcome = Kept.outcome

    def somewhere(self, what):
        """Files of the data directory that hold these bytes."""
        return [path.name for path in (self.folder / "data").rglob("*") if path.is_file() and what in path.read_bytes()]

    def test_an_erasure_makes_bodies_unreadable_everywhere_and_the_ledger_still_verifies(self):
        mine = self.ask(dialects.ANTHROPIC, "canary-erase-me")
        other = self.ask(dialects.ANTHROPIC, "stay", repository="git.acme.example/web/other")
        for answer in (mine, other):
            self.outcome(answer)
            until(lambda answer=answer: self.gateway.run("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "response", "--reason", "test",
                                                         code=None), "the body")
        command = ["ledger", "hold", "--config", "sallyport.yaml", "--matter", "case-1", "--repository", SITE, "--reason", "court"]
        self.gateway.run(*command)
        erase = ["ledger", "erase", "--config", "sallyport.yaml", "--repository", SITE, "--reason", "ticket 7", "--json"]
        told = json.loads(self.gateway.run(*erase, code=1))
        self.assertEqual((0, 1), (told["keys_destroyed"], told["keys_held"]))
        self.assertIn(b"canary-erase-me", self.body(mine, "request"))
        self.gateway.run("ledger", "release", "--config", "sallyport.yaml", "case-1", "--reason", "settled")
        with contextlib.closing(sqlite3.connect(self.folder / "data/body-keys.db")) as keys:
            [[sealed]] = keys.execute("SELECT sealed FROM body_keys WHERE repository = ?", [SITE]).fetchall()
        self.assertGreaterEqual(len(sealed), 60)
        self.assertTrue(self.somewhere(sealed), "the key lies in the database")
        told = json.loads(self.gateway.run(*erase))
        self.assertEqual((1, 0), (told["keys_destroyed"], told["keys_held"]))
        self.assertIn("the body was erased: ticket 7", self.body(mine, "request", code=4))
        self.assertEqual([], self.somewhere(sealed), "nor is it in the database's log")
        self.assertEqual(200, self.ask(dialects.ANTHROPIC, "canary-erase-me").status)
        again = self.ask(dialects.ANTHROPIC, "goes on")
        self.outcome(again)
        until(lambda: b"goes on" in self.gateway.run("ledger", "show", "--config", "sallyport.yaml", again.exchange, "--body", "request", "--reason", "test",
                                                     code=None).encode(), "the new body under a new key")
        until(lambda: {"hold", "erase", "release"} <= {entry["what"] for _, entry in self.gateway.entries_on_disk()
                                                       if entry["kind"] == "act"}, "the acts to be recorded")
        until(lambda: json.loads(self.gateway.run("ledger", "verify", "--config", "sallyport.yaml", "--json"))["ok"], "a whole ledger")

    def test_the_first_turn_after_an_erasure_is_kept_whole(self):
        site = "git.acme.example/web/again"
        messages = [{"role": "user", "content": words(random.Random(7), 900)}]
        for turn in range(3):
            messages += [{"role": "assistant", "content": words(random.Random(turn), 300)}, {"role": "user", "content": f"and then {turn}"}]
            body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages}).encode()
            answer = self.ask(dialects.ANTHROPIC, repository=site, body=body)
            self.assertEqual(200, answer.status, answer.body[:300])
            self.assertEqual(body, until(lambda: self.body_or_none(answer), "the body"))
        before = answer
        self.gateway.run("ledger", "erase", "--config", "sallyport.yaml", "--repository", f"https://{site}.git", "--reason", "ticket-9")
        self.assertIn("ticket-9", self.body(before, "request", code=4))
        body = body.replace(b"and then 2", b"and then 3")
        answer = self.ask(dialects.ANTHROPIC, repository=site, body=body)
        self.assertEqual(body, until(lambda: self.body_or_none(answer), "the body after the erasure"))

    def body_or_none(self, answer):
        done = subprocess.run([PROGRAM, "ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "request", "--reason",
                               "test"], cwd=self.gateway.folder, env=environment(self.gateway.folder), capture_output=True,
                              timeout=rig.DEADLINE, check=False)
        return done.stdout if done.returncode == 0 else None

    def test_what_holds_nothing_is_told(self):
        config = ["--config", "sallyport.yaml"]
        ledger = lambda *arguments, code: subprocess.run([PROGRAM, "ledger", *arguments, *config], cwd=self.folder, capture_output=True,
                                                         env=environment(self.folder), text=True, timeout=rig.DEADLINE, check=False)
        for arguments, said in ((["hold", "--matter", "", "--person", "a", "--reason", "r"], "--matter is empty"),
                                (["hold", "--matter", "m", "--person", "a", "--reason", " "], "--reason: it is empty"),
                                (["erase", "--person", "a", "--reason", ""], "--reason: it is empty"),
                                (["hold", "--matter", "m", "--person", "a", "--reason", "r", "--from", "2026-12-01", "--to", "2026-01-01"],
                                 "--to is not after --from"),
                                (["release", "nobody's", "--reason", "r"], "nothing is held for")):
            done = ledger(*arguments, code=None)
            self.assertNotEqual(0, done.returncode, arguments)
            self.assertIn(said, done.stderr)
        done = ledger("hold", "--matter", "m-2", "--person", "Somebody@acme.example", "--reason", "r", code=None)
        self.assertIn("nobody called 'Somebody@acme.example' was seen yet", done.stderr)
        held = ledger("holds", code=None).stdout
        self.assertIn("m-2", held)
        self.assertNotIn("nobody's", held)

    def test_a_held_person_keeps_the_name_where_no_body_is_kept(self):
        key = self.gateway.issue("grace@acme.example")["key"]
        config = ["--config", "sallyport.yaml"]
        answer = self.ask(dialects.ANTHROPIC, key=key, repository="git.acme.example/core/engine")
        self.assertNotEqual(200, answer.status)
        self.row(answer)
        self.gateway.run("ledger", "hold", *config, "--matter", "m-3", "--person", "grace@acme.example", "--reason", "court")
        told = json.loads(self.gateway.run("ledger", "erase", *config, "--person", "grace@acme.example", "--reason", "gdpr", "--json", code=1))
        self.assertEqual((False, True), (told["name_forgotten"], told["name_held"]))
        self.gateway.run("ledger", "release", *config, "m-3", "--reason", "closed")
        told = json.loads(self.gateway.run("ledger", "erase", *config, "--person", "grace@acme.example", "--reason", "gdpr", "--json"))
        self.assertEqual((True, False), (told["name_forgotten"], told["name_held"]))

    def test_keys_that_are_gone_are_not_made_anew(self):
        with rig.stack(policy=self.policy) as (_, gateway):
            self.assertEqual(200, gateway.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(gateway.key, SITE),
                                              dialects.ANTHROPIC.bytes()).status)
            gateway.run("ledger", "hold", "--config", "sallyport.yaml", "--matter", "case-9", "--repository", SITE, "--reason", "court")
            gateway.stop()
            data = gateway.folder / "data"
            keys = data / "body-keys.db"
            whole = keys.read_bytes()
            with contextlib.closing(sqlite3.connect(keys)) as db:
                db.execute("DELETE FROM holds")  # an older copy
                db.commit()
            self.assertIn("case-9", gateway.run("ledger", "holds", "--config", "sallyport.yaml"))
            for file in data.glob("body-keys.db*"):
                file.unlink()
            done = subprocess.run([PROGRAM, "serve", "--config", "sallyport.yaml"], cwd=gateway.folder, env=environment(gateway.folder),
                                  capture_output=True, text=True, timeout=rig.DEADLINE, check=False)
            self.assertNotEqual(0, done.returncode)
            self.assertIn("put it back from the backup of the keys", done.stderr)
            self.assertFalse(keys.exists())
            keys.write_bytes(whole)
            keys.chmod(0o600)
            gateway.start()


class Cost(rig.Case):
    policy = Kept.policy
    body = Kept.body

    def test_a_conversation_of_a_hundred_turns_costs_what_is_new(self):
        """It grows to 1 MB, so that 50 MB are sent. What tools read is real code."""
        chance = random.Random(20_261_128)
        code = b"\n".join(path.read_bytes() for path in sorted((Path(__file__).resolve().parents[2] / "src").rglob("*.cpp"))).decode()
        pieces = iter([code[at:at + 9_000] for at in range(0, len(code), 9_000)])
        messages, sent, bodies = [], 0, {}
        for turn in range(100):
            messages.append({"role": "user", "content": [{"type": "text", "text": words(chance, 60)}, {
                "type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": next(pieces)}]} if turn else
                            {"role": "user", "content": next(pieces)})
            body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": True, "messages": messages}).encode()
            answer = self.ask(dialects.ANTHROPIC, body=body)
            self.assertEqual(200, answer.status, answer.body[:300])
            messages.append({"role": "assistant", "content": [{"type": "text", "text": words(chance, 30)}, {
                "type": "tool_use", "id": f"toolu_{turn + 1}", "name": "Read", "input": {"file_path": f"/src/{turn}.c"}}]})
            sent += len(body)
            if turn in (0, 42, 99):
                bodies[answer.exchange] = (answer, body)
        self.assertGreater(sent, 50_000_000)
        self.assertGreater(len(body), 1_000_000)
        self.gateway.stop()
        for answer, body in bodies.values():
            self.assertEqual(hashlib.sha256(body).hexdigest(), hashlib.sha256(self.body(answer, "request")).hexdigest())
        on_disk = {name: sum(path.stat().st_size for path in (self.folder / "data" / name).iterdir()) for name in ("bodies", "ledger")}
        print(f"\n{sent} bytes sent, on the disk {on_disk}")
        self.assertLessEqual(sum(on_disk.values()), 900_000)


if __name__ == "__main__":
    unittest.main()

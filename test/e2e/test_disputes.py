"""A finding that is none: named in the refusal, disputed, let through, withdrawn; what left stays as it left."""

import json
import re
import subprocess

import dialects
import rig
from programs import PROGRAM, environment
from test_inspection import FILE, SITE, TOKEN, TwoVendors, talk
from wire import until

ID = re.compile(r"n_[a-z2-7]{20}")


class Disputed(TwoVendors):
    policy = rig.POLICY | {
        "rules": [{"id": "site", "when": {"class": "internal"}, "allow": {"upstreams": ["sim", "second"]}},
                  {"id": "no-secrets", "when": {"finding": "secret", "model": "gpt-*"}, "refuse": True},
                  {"id": "redact", "when": {"finding": "secret", "confidence": "high"}, "amend": "redact"}],
    }

    def changed(self, *arguments):
        """A command that changes what is disputed, once the gateway knows it."""
        before = self.gateway.metric("world_generation")
        told = json.loads(self.gateway.run("finding", *arguments, "--config", "sallyport.yaml", "--json"))
        until(lambda: self.gateway.metric("world_generation") > before, "the gateway to know it")
        return told

    def request_of(self, answer):
        self.gateway.row(answer.exchange)
        return self.gateway.entries(answer.exchange)[0]["request"]

    def named(self, body, model):
        answer = self.ask(dialects.CHAT, body=json.dumps(body | {"model": model}).encode(), repository=SITE)
        self.assertEqual(dialects.CHAT.status["policy"], answer.status)
        self.gateway.row(answer.exchange)
        return ID.search(dialects.CHAT.sentence(answer)).group()

    def test_it_is_let_through_as_long_as_somebody_says_that_it_is_none(self):
        body = talk(dialects.CHAT, f"first\n{FILE}")
        found = self.named(body, "gpt-5")
        told = self.changed("dispute", found, "--reason", "a specimen")
        self.assertEqual((found, "in force"), (told["finding"], told["state"]))
        self.assertIn("github", told["rule"])
        answer, request = self.arrived(dialects.CHAT, body | {"model": "gpt-5"})
        self.assertEqual(json.loads(request.body), body | {"model": "gpt-5"})
        recorded = self.request_of(answer)
        self.assertEqual([found], [row[5] for row in recorded["disputed"]])
        self.assertNotIn("findings", recorded)
        self.assertIn("a specimen", self.gateway.run("finding", "list", "--config", "sallyport.yaml"))
        self.assertEqual("withdrawn", self.changed("withdraw", found)["state"])
        # The conversation goes on as it left; a new one is judged anew.
        body["messages"].append({"role": "user", "content": "and now?"})
        answer, request = self.arrived(dialects.CHAT, body | {"model": "gpt-5"})
        self.assertIn(TOKEN.encode(), request.body)
        self.assertEqual([found], [row[5] for row in self.request_of(answer)["disclosed"]])
        self.assertEqual(found, self.named(talk(dialects.CHAT, f"another\n{FILE}"), "gpt-5"))

    def test_it_holds_for_whoever_sends_the_same(self):
        body = talk(dialects.CHAT, f"everybody's\n{FILE}")
        found = self.named(body, "gpt-5")
        self.changed("dispute", found, "--reason", "a specimen")
        other = self.gateway.issue("other@acme.example")["key"]
        for key in (self.key, other, self.key, other):
            answer = self.ask(dialects.CHAT, body=json.dumps(body | {"model": "gpt-5"}).encode(), repository=SITE, key=key)
            self.assertEqual(200, answer.status, answer.body)
        self.changed("withdraw", found)
        third = self.gateway.issue("third@acme.example")["key"]
        answer = self.ask(dialects.CHAT, body=json.dumps(body | {"model": "gpt-5"}).encode(), repository=SITE, key=third)
        self.assertEqual(dialects.CHAT.status["policy"], answer.status)
        for key in (self.key, other):
            answer = self.ask(dialects.CHAT, body=json.dumps(body | {"model": "gpt-5"}).encode(), repository=SITE, key=key)
            self.assertEqual(200, answer.status, answer.body)

    def test_what_was_redacted_stays_so_in_its_conversation(self):
        body = talk(dialects.ANTHROPIC, f"redacted first\n{FILE}")
        answer, request = self.arrived(dialects.ANTHROPIC, body)
        self.assertNotIn(TOKEN.encode(), request.body)
        found = self.request_of(answer)["findings"][0][5]
        self.assertEqual(found[2:], re.search(rb"\[\[sallyport:[a-z0-9-]+:([a-z2-7]{20})\]\]", request.body).group(1).decode())
        self.changed("dispute", found, "--reason", "a specimen", "--until", "1d")
        self.addCleanup(self.changed, "withdraw", found)
        body["messages"].append({"role": "user", "content": "and now?"})
        _, request = self.arrived(dialects.ANTHROPIC, body)
        self.assertNotIn(TOKEN.encode(), request.body)
        _, request = self.arrived(dialects.ANTHROPIC, talk(dialects.ANTHROPIC, f"a new one\n{FILE}"))
        self.assertIn(TOKEN.encode(), request.body)

    def test_what_cannot_be_disputed_says_so(self):
        for arguments, said in ((("n_aaaaaaaaaaaaaaaaaaaa", "--reason", "x"), "no entry of the ledger"),
                                (("n_aaaaaaaaaaaaaaaaaaaa", "--rule", "r", "--reason", "x", "--until", "5y"), "a year"),
                                (("n_aaaaaaaaaaaaaaaaaaaa", "--rule", "r", "--reason", "x"), "there is no rule"),
                                (("x_aaaa", "--reason", "x"), "n_ and 20")):
            done = subprocess.run([PROGRAM, "finding", "dispute", *arguments, "--config", "sallyport.yaml"], cwd=self.folder,
                                  env=environment(self.folder), capture_output=True, text=True)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(said, done.stdout + done.stderr)

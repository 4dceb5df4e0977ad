"""Ways around the judgement that were tried: more claims, other sessions, bodies that grow, work that never ends."""

import gzip
import json
import os
import subprocess
import time
import unittest

import dialects
import rig
from programs import PROGRAM
from upstream import Upstream
from wire import Wire, until

SITE, ENGINE, BLUE = "git.acme.example/web/site", "git.acme.example/core/engine", "git.acme.example/clients/blue"
NO_PREVIEW = {"id": "no-preview", "when": {"model": "*-preview"}, "refuse": "No previews."}


def turn(*remotes):
    """Codex's metadata of workspaces with these remotes, each in one of its own."""
    return json.dumps({"workspaces": {f"/w{i}": {"associated_remote_urls": {"origin" if i % 2 else "fork": f"https://{one}.git"}}
                                      for i, one in enumerate(remotes)}})


class Claims(rig.Case):
    policy = rig.POLICY | {"rules": rig.POLICY["rules"] + [NO_PREVIEW]}

    def judged(self, fields=(), body=None, dialect=dialects.RESPONSES, **more):
        answer = self.gateway.ask("POST", dialect.target(), [*dialect.fields(self.key), *fields],
                                  json.dumps(dialect.request("hi", **more)).encode() if body is None else body)
        return answer, self.row(answer)["repository"]

    def test_every_workspace_counts_in_header_and_body(self):
        for remotes in ((SITE, ENGINE), (ENGINE, SITE), (SITE, BLUE, ENGINE)):
            for more, fields in (({"client_metadata": {"x-codex-turn-metadata": turn(*remotes)}}, []),
                                 ({}, [("x-codex-turn-metadata", turn(*remotes))])):
                with self.subTest(remotes, body=bool(more)):
                    _, repository = self.judged(fields, **more)
                    self.assertEqual("trade-secret", repository["class"])

    def test_a_claim_more_does_not_lend_its_exception(self):
        self.gateway.run("exception", "grant", "--person", "ada@acme.example", "--repo", "git.acme.example/web/**", "--rule",
                         "no-preview", "--until", "1h", "--reason", "a test")
        own, other = ("x-sallyport-repository", SITE), ("x-codex-turn-metadata", turn(BLUE))
        until(lambda: self.judged([own], model="gpt-9-preview")[0].status == 200, "the exception to hold")
        for fields in ([other], [own, other], [other, own], [own, ("x-sallyport-repository", BLUE)]):
            with self.subTest(fields):
                answer, _ = self.judged(fields, model="gpt-9-preview")
                self.assertNotEqual(200, answer.status)
                self.assertIn("No previews", dialects.RESPONSES.sentence(answer))

    def test_another_session_beside_the_own_does_not_lower_the_class(self):
        session = {"metadata": {"user_id": json.dumps({"session_id": "S-1"})}}
        ask = lambda fields, repository: self.judged([("x-sallyport-repository", repository), *fields],
                                                     dialect=dialects.ANTHROPIC, **session)[1]["class"]
        self.assertEqual("trade-secret", ask([], ENGINE))
        for fields in ([], [("x-session-id", "other")], [("session-id", "a"), ("x-session-id", "b")]):
            self.assertEqual("trade-secret", ask(fields, SITE), fields)
        self.key = self.gateway.issue()["key"]  # another key of the same person
        self.assertEqual("trade-secret", ask([], SITE))

    def test_keys_that_some_readers_fold_are_refused(self):
        for key in ("tool\u017f", "previou\u017f_re\u017fpon\u017fe_id", "\u212aey"):
            with self.subTest(key):
                answer = self.gateway.ask("POST", "/v1/responses", dialects.RESPONSES.fields(self.key, SITE),
                                          json.dumps(dialects.RESPONSES.request("hi", **{key: "x"})).encode())
                self.assertEqual(200 if "ey" in key else 400, answer.status, answer.body)

    def test_addresses_in_parts_that_only_some_vendors_know_are_content_by_reference(self):
        for part in ({"type": "document_url", "document_url": "https://a.example/x"},
                     {"type": "input_audio", "input_audio": "https://a.example/x"},
                     {"type": "video", "video": ["https://a.example/1", "https://a.example/2"]},
                     {"type": "image", "source": {"type": "url", "url": "https://a.example/x"}}):
            with self.subTest(part["type"]):
                body = dialects.CHAT.request("hi", messages=[{"role": "user", "content": [part]}])
                answer = self.gateway.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key, SITE),
                                          json.dumps(body).encode())
                self.assertEqual(451, answer.status, answer.body)
                self.assertIn("content by reference", dialects.CHAT.sentence(answer))

    def test_work_grows_with_the_request_not_with_its_square(self):
        """Five seconds are many times what these need; where each word looks at all before it, they take minutes."""
        line = {"role": "system", "content": "x directory: " * 38_000}
        tools = [{"type": "function", "function": {"name": f"mcp__p{i}__x"}} for i in range(40_000)]
        for body in (dialects.CHAT.request("hi", messages=[line]), dialects.CHAT.request("hi", tools=tools)):
            before = cpu(self.gateway)
            self.gateway.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key, SITE), json.dumps(body).encode())
            self.assertLess(cpu(self.gateway) - before, 5)


def cpu(gateway):
    with open(f"/proc/{gateway.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Growing(rig.Case):
    config = {"threads": 2, "limits": {"buffered_bodies": "96MiB"}}

    @classmethod
    def upstreams(cls):
        cls.upstream = Upstream(lambda wire, request: time.sleep(1.5) or wire.reply(200, b'{"id":"x"}'))
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def test_bodies_that_grow_when_decoded_share_the_budget(self):
        body = json.dumps(dialects.CHAT.request("hi", padding="a" * (40 << 20))).encode()
        coded = gzip.compress(body, 9)
        fields = [*dialects.CHAT.fields(self.key, SITE), ("Content-Encoding", "gzip")]
        wires = [self.enterContext(Wire(self.gateway.port)) for _ in range(8)]
        for wire in wires:
            wire.ask("POST", "/v1/chat/completions", fields, coded)
        most = 0
        for wire in wires:
            most = max(most, self.gateway.metric("buffered_bytes"))
            self.assertIn(wire.answer().status, (200, 503, 400))
        self.assertLessEqual(most, 96 << 20)
        self.assertEqual(200, self.gateway.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key, SITE),
                                               dialects.CHAT.bytes("hi")).status)


class Pipes(rig.Case):

    def test_a_pipe_in_the_place_of_a_file_does_not_hold_anybody_up(self):
        with rig.folder() as here:
            (here / "policy.yaml").write_text('version: 1\ninclude: "teams/*.yaml"\n')
            (here / "teams").mkdir()
            os.mkfifo(here / "teams" / "a.yaml")
            os.mkfifo(here / "pipe.yaml")
            for name in ("policy.yaml", "pipe.yaml"):
                done = subprocess.run([PROGRAM, "policy", "check", name], cwd=here, capture_output=True, text=True, timeout=20)
                self.assertEqual(1, done.returncode)
                self.assertIn("no plain file", done.stderr)


class AuthZen(rig.Case):

    def test_others_ask_what_would_be_decided(self):
        def ask(path, body, fields=()):
            return self.gateway.admin(path, [("Content-Type", "application/json"), *fields], "POST",
                                      body=json.dumps(body).encode())
        question = {"subject": {"type": "person", "id": "ada"},
                    "action": {"name": "generate", "properties": {"client": "codex", "client_version": "0.171.0",
                                                                  "model": "qwen-4-coder"}},
                    "resource": {"type": "repository", "id": SITE, "properties": {"evidence": "bound"}}}
        answer = ask("/access/v1/evaluation", question, [("X-Request-ID", "r-1")])
        self.assertEqual(200, answer.status, answer.body)
        self.assertIs(True, json.loads(answer.body)["decision"], answer.body)
        self.assertEqual(["r-1"], answer.all("x-request-id"))
        several = question | {"evaluations": [{}, {"resource": {"type": "repository", "id": ENGINE},
                                                     "action": {"name": "generate", "properties": {"client": "nobodys"}}}]}
        told = json.loads(ask("/access/v1/evaluations", several).body)["evaluations"]
        self.assertEqual([True, False], [one["decision"] for one in told])
        self.assertIn("nobodys is not approved", told[1]["context"]["reason_user"]["en"])
        self.assertEqual(400, ask("/access/v1/evaluation", {}).status)
        where = json.loads(self.gateway.admin("/.well-known/authzen-configuration").body)
        self.assertTrue(where["access_evaluation_endpoint"].endswith("/access/v1/evaluation"))


if __name__ == "__main__":
    unittest.main()

"""The company's own decision point as a further condition: it can refuse what the policy lets through, and nothing else."""

import json
import shutil
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path

import dialects
import rig
from authority import Authority, server_side
from pdp import Pdp, verdict
from upstream import Upstream
from wire import SLOW, Wire, until

SITE, ENGINE = "git.acme.example/web/site", "git.acme.example/core/engine"
BEARER, PERSON = "canary-decision-point-bearer-4c1d", "canary.person@acme.example"


class Stand(rig.Case):
    """A gateway with a decision point."""
    remember = "0s"
    timeout = "5s" if SLOW else "1s"

    @classmethod
    def setUpClass(cls):
        cls.pdp = Pdp()
        cls.addClassCleanup(cls.pdp.close)
        cls.config = {"threads": 1,
                      "authzen": {"url": cls.pdp.url + "/authz/", "credential": "${file:bearer}", "timeout": cls.timeout,
                                  "remember": cls.remember}}
        super().setUpClass()

    @classmethod
    def run_gateway(cls, upstreams, policy=None, folder=None, **more):
        (cls.folder / "bearer").write_text(BEARER + "\n")
        gateway = super().run_gateway(upstreams, policy, folder, **more)
        gateway.key = gateway.issue(PERSON, "--team", "web", "--role", "reviewer")["key"]
        return gateway

    def setUp(self):
        self.pdp.answer = verdict(True)
        self.pdp.questions()
        self.vendor.forget()

    def tearDown(self):
        self.assertEqual([], self.pdp.mistakes)

    def refused(self, dialect=dialects.CHAT, kind="policy", **how):
        """A refusal by the decision point, of which nothing left; its sentence."""
        answer = self.ask(dialect, self.id(), **how)
        self.assertNotEqual(200, answer.status)
        if kind == "policy":
            self.assertEqual(dialect.status["policy"], answer.status)
        self.assertEqual([], self.vendor.requests())
        row = self.row(answer)
        self.assertEqual(("refuse", "decision-point"), (row["decision"], row["refused_by"]))
        entry = self.gateway.entries(answer.exchange)[0]
        self.assertEqual(("refusal", {"policy": "denied", "unavailable": "unanswered"}[kind], kind),
                         (entry["kind"], entry["facts"]["pdp"], entry["why"]))
        return dialect.sentence(answer)


class Waited(Stand):
    """What changes while the decision point takes its time counts when it has answered."""
    timeout = "20s"  # far longer than a change takes to be known

    def answered_after(self, change):
        """Permits once `change` was done and the gateway knows."""
        def answer(wire, _):
            before = self.gateway.metric("world_generation")
            change()
            until(lambda: self.gateway.metric("world_generation") != before, "the change to be known")
            wire.reply(200, verdict(True))

        self.pdp.answer = answer

    def test_a_key_that_is_revoked_meanwhile_is_refused(self):
        issued = self.gateway.issue("mallory")
        self.answered_after(lambda: self.gateway.run("key", "revoke", "--config", "sallyport.yaml", issued["id"]))
        answer = self.ask(dialects.CHAT, key=issued["key"])
        self.assertNotEqual(200, answer.status)
        self.assertIn("revoked", dialects.CHAT.sentence(answer))
        self.assertEqual([], self.vendor.requests())

    def test_a_policy_that_is_loaded_meanwhile_is_not_what_was_asked_about(self):
        file = self.gateway.folder / "policy.yaml"
        whole = file.read_text()

        def close():
            file.write_text(json.dumps(rig.POLICY | {"rules": []}))
            self.gateway.signal(signal.SIGHUP)

        self.answered_after(close)
        answer = self.ask(dialects.CHAT, "a policy meanwhile")
        self.assertNotEqual(200, answer.status)
        self.assertEqual([], self.vendor.requests())
        file.write_text(whole)
        self.gateway.reload()

    def test_an_exception_that_ends_meanwhile_lets_nothing_through(self):
        denied = rig.POLICY | {"rules": [*rig.POLICY["rules"], {"id": "no-mini", "when": {"model": "*-mini"}, "refuse": True}]}
        file = self.gateway.folder / "policy.yaml"
        whole = file.read_text()
        file.write_text(json.dumps(denied))
        self.gateway.reload()
        self.addCleanup(self.gateway.reload)
        self.addCleanup(file.write_text, whole)
        granted = json.loads(self.gateway.run("exception", "grant", "--config", "sallyport.yaml", "--rule", "no-mini", "--until", "1d", "--person",
                                              PERSON, "--repo", SITE, "--reason", "a test", "--json"))
        until(lambda: self.ask(dialects.CHAT, "before", model="gpt-mini").status == 200, "the exception to be known")
        self.vendor.forget()
        self.answered_after(lambda: self.gateway.run("exception", "revoke", "--config", "sallyport.yaml", granted["id"]))
        answer = self.ask(dialects.CHAT, "meanwhile", model="gpt-mini")
        self.assertNotEqual(200, answer.status)
        self.assertIn("no-mini", dialects.CHAT.sentence(answer))
        self.assertEqual([], self.vendor.requests())


class Asked(Stand):
    """Nothing is remembered here: each exchange asks."""
    def explained(self, answer, code=0):
        return json.loads(self.gateway.run("policy", "explain", "--config", "sallyport.yaml", "--entry", answer.exchange, "--json", code=code))

    def test_what_it_permits_passes_and_the_entry_says_so(self):
        answer = self.ask(dialects.ANTHROPIC, "permitted")
        self.assertEqual(200, answer.status)
        self.row(answer)
        intent = self.gateway.entries(answer.exchange)[0]
        self.assertEqual(("intent", "permitted", "allow"), (intent["kind"], intent["facts"]["pdp"], intent["plan"]["decision"]))
        self.assertEqual("allow", self.explained(answer)["decision"])

    def test_the_question_in_the_words_of_our_own_endpoint(self):
        answer = self.ask(dialects.ANTHROPIC, "a question")
        [asked] = self.pdp.questions()
        self.row(answer)
        facts = self.gateway.entries(answer.exchange)[0]["facts"]
        self.assertEqual(("POST", "/authz/access/v1/evaluation"), (asked.method, asked.target))
        self.assertEqual([f"Bearer {BEARER}", "application/json", answer.exchange, f"127.0.0.1:{self.pdp.port}"],
                         [asked.get(name) for name in ("authorization", "content-type", "x-request-id", "host")])
        question = json.loads(asked.body)
        self.assertRegex(question.pop("context")["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual({
            "subject": {"type": "person", "id": facts["person"],
                        "properties": {"team": "web", "role": "reviewer", "account": "company"}},
            "action": {"name": "generate",
                       "properties": {"client": "claude-code", "client_version": "2.1.330", "model": dialects.ANTHROPIC.model,
                                      "references": [], "plugins": [], "upstreams": ["sim"]}},
            "resource": {"type": "repository", "id": SITE, "properties": {"class": "internal", "evidence": "claimed"}},
        }, question)
        self.assertTrue(facts["person"].startswith("p_"))
        self.assertNotIn("canary.person", asked.raw.decode() + asked.body.decode())
        # Our own endpoint understands it but for the class, which it finds out itself.
        del question["resource"]["properties"]["class"]
        told = self.gateway.admin("/access/v1/evaluation", [("Content-Type", "application/json")], "POST", body=json.dumps(question).encode())
        self.assertEqual((200, True), (told.status, json.loads(told.body)["decision"]), told.body)

    def test_lists_of_models_and_counted_tokens_are_asked_for_too(self):
        listed = self.gateway.ask("GET", "/v1/models", dialects.CHAT.fields(self.key, None))
        counted = self.ask(dialects.ANTHROPIC, target=dialects.ANTHROPIC.target(operation="count"))
        self.assertEqual((200, 200), (listed.status, counted.status), listed.body)
        asked = [json.loads(one.body) for one in self.pdp.questions()]
        self.assertEqual([("list-models", "unknown"), ("generate", SITE)], [(one["action"]["name"], one["resource"]["id"]) for one in asked])
        self.pdp.answer = verdict(False)
        self.vendor.forget()
        self.assertNotEqual(200, self.gateway.ask("GET", "/v1/models", dialects.CHAT.fields(self.key, None)).status)
        self.assertNotEqual(200, self.ask(dialects.ANTHROPIC, target=dialects.ANTHROPIC.target(operation="count")).status)
        self.assertEqual([], self.vendor.requests())

    def test_its_reason_reaches_the_person_in_every_dialect(self):
        self.pdp.answer = verdict(False, "Für dieses Projekt\nnicht\u202e freigegeben\x1b[31m; ask legal")
        for dialect in dialects.ALL:
            with self.subTest(dialect):
                self.assertIn("did not permit it: Für dieses Projekt nicht freigegeben[31m; ask legal.", self.refused(dialect))
        self.pdp.answer = verdict(False, "x" * 2000)
        self.assertRegex(self.refused(model="gpt-a"), r"did not permit it: x{300}\.")

    def test_a_denial_without_a_reason_and_one_that_is_told_twice(self):
        for body in (verdict(False), b'{"decision":false,"context":{"reason_user":{"en":"a","en":"b"}}}',
                     b'{"decision":false,"context":{"reason_user":"no"}}'):
            with self.subTest(body):
                self.pdp.answer = body
                self.assertIn("the company's decision point does not permit it.", self.refused())

    def test_explain_repeats_both_refusals(self):
        for body in (verdict(False, "No."), b"garbage"):
            self.pdp.answer = body
            answer = self.ask(dialects.CHAT, f"explain {body}")
            self.row(answer)
            told = self.explained(answer, code=3)
            self.assertEqual(("refuse", "decision-point"), (told["decision"], told["refused_by"]))
            self.assertIn("decision point", told["smallest_change"])
        before = json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--config", "sallyport.yaml", "--json"))
        self.assertEqual(([], before["decisions"]), (before["changes"], before["same"]))

    def test_what_is_no_answer_refuses_and_says_why(self):
        reply = lambda body, status=200, **how: lambda wire, _: wire.reply(status, body, **how)
        def half(wire, _):
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"decision\": true}")
            return False
        def half_chunk(wire, _):
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"decision\": true}\r\n")
            return False
        def drip(wire, _):
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
            while True:  # until the gateway hangs up
                wire.send(b" ")
                time.sleep(0.02)
        rows = {
            "drop by drop": (drip, "took too long"),
            "silence": (lambda wire, _: not wire.is_closed(), "took too long"),
            "a hang-up": (lambda wire, _: False, "connection broke off"),
            "half an answer": (half, "answer broke off"),
            "half of chunks": (half_chunk, "answer broke off"),
            "no HTTP": (lambda wire, _: wire.send(b"SSH-2.0-OpenSSH\r\n\r\n"), "connection broke off"),
            "garbage": (b"\x00\xff garbage", "not JSON"),
            "nothing": (b"", "not JSON"),
            "two values": (b'{"decision":true}{"decision":true}', "not JSON"),
            "a list": (b'[{"decision":true}]', "not a JSON object"),
            "no decision": (b'{"Decision":true}', "no decision"),
            "a text": (b'{"decision":"true"}', "no boolean"),
            "a number": (b'{"decision":1}', "no boolean"),
            "null": (b'{"decision":null}', "no boolean"),
            "twice": (b'{"decision":false,"decision":true}', "twice"),
            "twice, escaped": (b'{"decision":true,"d\\u0065cision":true}', "twice"),
            "500": (reply(verdict(True), 500), "status 500"),
            "201": (reply(verdict(True), 201), "status 201"),
            "a redirect": (reply(b"", 302, fields=[("Location", self.pdp.url)]), "status 302"),
            "401": (reply(b"", 401), "status 401"),
            "a huge answer": (b'{"decision":true,"x":"' + b"x" * 70_000 + b'"}', "too long"),
        }
        for name, (answer, words) in rows.items():
            with self.subTest(name):
                self.pdp.answer = answer
                sentence = self.refused(kind="unavailable")
                self.assertIn("the company's decision point did not answer (", sentence)
                self.assertIn(words, sentence)
        self.pdp.answer = verdict(True)
        self.assertEqual(200, self.ask(dialects.CHAT, "it is back").status)

    def test_an_unanswered_request_is_asked_again_and_a_denied_one_counts_as_a_repeat(self):
        self.pdp.answer = b"garbage"
        first, second = (self.ask(dialects.CHAT, "again") for _ in range(2))
        self.assertNotEqual(first.exchange, second.exchange)
        self.pdp.answer = verdict(True)
        self.assertEqual(200, self.ask(dialects.CHAT, "again").status)
        self.pdp.answer = verdict(False, "No.")
        first, second = (self.ask(dialects.CHAT, "denied") for _ in range(2))
        self.assertEqual(first.exchange, second.exchange)

    def test_each_repository_that_is_named_is_asked_about(self):
        other, closed = "git.acme.example/web/aaa", "git.acme.example/web/closed"
        named = lambda wire, request: wire.reply(200, verdict(json.loads(request.body)["resource"]["id"] != closed, "Closed."))
        for claims in ([closed], [closed, other], [other, closed], [SITE, other, closed]):
            with self.subTest(claims):
                self.pdp.answer = named
                fields = [("x-sallyport-repository", one) for one in claims]
                self.assertIn("did not permit it: Closed.", self.refused(repository=None, fields=fields))
        self.pdp.questions()
        answer = self.ask(dialects.CHAT, "both", repository=SITE, fields=[("x-sallyport-repository", other)])
        self.assertEqual(200, answer.status)
        self.assertEqual({SITE, other}, {json.loads(one.body)["resource"]["id"] for one in self.pdp.questions()})

    def test_what_the_policy_refuses_is_never_asked(self):
        answer = self.ask(dialects.CHAT, "to the vendor", repository=ENGINE)
        self.assertEqual(451, answer.status)
        self.assertEqual("no-rule", self.row(answer)["refused_by"])
        self.assertNotIn("pdp", self.gateway.entries(answer.exchange)[0]["facts"])
        self.assertEqual([], self.pdp.questions())

    def test_a_kept_connection_that_died_is_mended_once(self):
        self.assertEqual(200, self.ask(dialects.CHAT, "one").status)
        before = self.pdp.connections
        self.assertEqual(200, self.ask(dialects.CHAT, "two").status)
        self.assertEqual(before, self.pdp.connections)
        self.pdp.hang_up()
        self.assertEqual(200, self.ask(dialects.CHAT, "three").status)
        answered = set()
        def once(wire, _):  # hangs up on the second question of a connection
            if wire in answered:
                return False
            answered.add(wire)
            return wire.reply(200, verdict(True))
        self.pdp.answer = once
        for number in range(4):
            self.assertEqual(200, self.ask(dialects.CHAT, f"once {number}").status)
        self.assertGreaterEqual(len(answered), 3)

    def test_neither_a_mode_nor_an_exception_lets_past_it(self):
        self.pdp.answer = verdict(False, "Not even so.")
        self.addCleanup(self.gateway.reload)
        self.addCleanup(self.gateway.write_policy, rig.POLICY)
        self.gateway.write_policy(rig.POLICY | {"mode": "observe"})
        self.gateway.reload()
        self.assertIn("Not even so.", self.refused())
        before = self.gateway.metric("world_generation")
        self.gateway.run("break-glass", "--config", "sallyport.yaml", "--person", PERSON, "--repo", "**", "--reason", "r", "--until", "1h")
        until(lambda: self.gateway.metric("world_generation") > before, "the broken glass")
        self.assertIn("Not even so.", self.refused(model="gpt-b"))
        self.assertEqual(0, self.gateway.metric('let_through_total{mode="break-glass"}'))

    def test_no_secret_and_no_name_anywhere(self):
        self.pdp.answer = verdict(False, "No.")
        self.ask(dialects.CHAT, "canary")
        self.pdp.answer = lambda wire, _: wire.reply(500, BEARER.encode())
        self.ask(dialects.CHAT, "canary 500")
        for name in (BEARER, PERSON):
            self.assertNotIn(name.encode(), self.gateway.errors.read_bytes() + self.gateway.output.read_bytes())
            self.assertNotIn(name, json.dumps(self.gateway.entries_on_disk()))
            self.assertNotIn(name, self.gateway.admin("/metrics").body.decode())


class Remembered(Stand):
    """Ten minutes: nothing ends by itself here."""
    remember = "10m"

    def setUp(self):
        super().setUp()
        self.gateway.reload()

    def figures(self):
        found = self.gateway.metrics()
        return [found[f"sallyport_decision_point_{name}"] for name in (
            "calls_total", "remembered_total", 'answers_total{answer="permitted"}', 'answers_total{answer="denied"}',
            'answers_total{answer="unanswered"}')]

    def since(self, before):
        return [now - then for now, then in zip(self.figures(), before, strict=True)]

    def test_many_requests_make_one_call_until_a_reload(self):
        before = self.figures()
        for number in range(20):
            self.assertEqual(200, self.ask(dialects.CHAT, f"number {number}").status)
        self.assertEqual(1, len(self.pdp.questions()))
        self.assertEqual([1, 19, 20, 0, 0], self.since(before))
        self.pdp.answer = verdict(False, "Not any more.")
        self.assertEqual(200, self.ask(dialects.CHAT, "still remembered").status)
        self.gateway.reload()
        self.assertIn("Not any more.", self.sentence())
        self.pdp.answer = verdict(True)
        self.assertIn("Not any more.", self.sentence())
        self.assertEqual(1, len(self.pdp.questions()))
        self.gateway.reload()
        self.assertEqual(200, self.ask(dialects.CHAT, "permitted again").status)

    def sentence(self):
        answer = self.ask(dialects.CHAT, "refused or not")
        self.assertEqual(451, answer.status)
        return dialects.CHAT.sentence(answer)

    def test_another_person_repository_or_model_is_another_question(self):
        other = self.gateway.issue("bob@acme.example")["key"]
        for how in ({}, {"key": other}, {"repository": "git.acme.example/web/shop"}, {"model": "gpt-c"}):
            for _ in range(2):
                self.assertEqual(200, self.ask(dialects.CHAT, "a question", **how).status)
        self.assertEqual(4, len(self.pdp.questions()))

    def test_a_failure_is_not_remembered(self):
        before = self.figures()
        self.pdp.answer = b"garbage"
        for _ in range(3):
            self.ask(dialects.CHAT, "failing")
        self.pdp.answer = verdict(True)
        self.assertEqual(200, self.ask(dialects.CHAT, "failing").status)
        self.assertEqual([4, 0, 1, 0, 3], self.since(before))

    def test_equal_questions_at_one_time_share_a_call(self):
        go, before, statuses = threading.Event(), self.figures(), []
        def wait(wire, _):
            go.wait(rig.DEADLINE)
            wire.reply(200, verdict(True))
        self.pdp.answer = wait
        clients = [threading.Thread(target=lambda: statuses.append(self.ask(dialects.CHAT, "together").status)) for _ in range(8)]
        for one in clients:
            one.start()
        until(lambda: self.gateway.metric("connections") >= 8, "all of them")
        go.set()
        for one in clients:
            one.join(rig.DEADLINE)
        self.assertEqual([200] * 8, statuses)
        calls, remembered, permitted, *_ = self.since(before)
        self.assertEqual((1, 8), (calls, permitted))
        self.assertLess(remembered, 8)


class Patient(rig.Case):
    """Three upstreams, of which two fail, and a decision point that has its time."""
    @classmethod
    def setUpClass(cls):
        cls.pdp = Pdp()
        cls.addClassCleanup(cls.pdp.close)
        cls.config = {"authzen": {"url": cls.pdp.url, "timeout": "30s", "remember": "0s"}}
        super().setUpClass()

    @classmethod
    def upstreams(cls):
        cls.second = Upstream(lambda wire, _: wire.reply(503, b"{}"))
        cls.addClassCleanup(cls.second.close)
        return {"own": "http://127.0.0.1:1", "second": cls.second.url, "sim": cls.vendor.url}

    def setUp(self):
        self.pdp.answer = verdict(True)
        self.pdp.questions()
        self.vendor.forget()

    def test_a_further_upstream_is_not_asked_for_again(self):
        answer = self.ask(dialects.CHAT)
        self.assertEqual(200, answer.status)
        [asked] = self.pdp.questions()
        self.assertIsNone(asked.get("authorization"))
        self.assertEqual(["own", "second", "sim"], json.loads(asked.body)["action"]["properties"]["upstreams"])
        self.row(answer)
        facts = [one["facts"]["pdp"] for one in self.gateway.entries(answer.exchange) if one["kind"] == "intent"]
        self.assertEqual(["permitted"] * 3, facts)

    def test_a_client_that_leaves_ends_the_call(self):
        asked, ended = threading.Event(), threading.Event()
        def wait(wire, _):
            asked.set()
            wire.is_closed()
            ended.set()
            return False
        self.pdp.answer = wait
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", dialects.CHAT.target(), dialects.CHAT.fields(self.key, SITE), dialects.CHAT.bytes("I leave"))
            self.assertTrue(asked.wait(rig.DEADLINE))
            wire.reset()
        self.assertTrue(ended.wait(15))  # long before the call's own time is over
        told = lambda: [one for one in self.gateway.entries_on_disk() if "the client left" in one[1].get("sentence", "")]
        until(told, "its entry")
        self.assertEqual([], self.vendor.requests())


class Down(rig.Case):
    """It is not there when the gateway starts, and comes later."""
    config = {"authzen": {"url": "http://127.0.0.1:1", "timeout": "1s"}}

    def configure(self, **authzen):
        self.gateway.more = {"authzen": authzen}
        self.gateway.write_config()
        self.gateway.reload()

    def setUp(self):
        self.addCleanup(self.configure, **self.config["authzen"])

    def test_the_gateway_starts_and_refuses_until_it_is_there(self):
        self.assertEqual((200, True), (self.gateway.readiness()[0], self.gateway.readiness()[1].get("ready", True)))
        answer = self.ask(dialects.CHAT, "nobody there")
        self.assertIn("did not answer (it cannot be reached)", dialects.CHAT.sentence(answer))
        with Pdp() as pdp:
            self.configure(url=pdp.url)
            self.assertEqual(200, self.ask(dialects.CHAT, "somebody there").status)
            self.assertEqual(1, len(pdp.questions()))

    def test_the_company_s_proxy_reaches_it(self):
        with Pdp() as proxy:
            self.configure(url="http://pdp.acme.example/x", proxy=proxy.url.replace("://", "://me:canary@"))
            self.assertEqual(200, self.ask(dialects.CHAT, "by a proxy").status)
            [asked] = proxy.questions()
        self.assertEqual(("http://pdp.acme.example/x/access/v1/evaluation", "pdp.acme.example"), (asked.target, asked.get("host")))
        self.assertEqual("Basic bWU6Y2FuYXJ5", asked.get("proxy-authorization"))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class ByTls(rig.Case):
    @classmethod
    def setUpClass(cls):
        cls.authorities = Path(tempfile.mkdtemp(prefix="sallyport-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.authorities, True)
        cls.ca = Authority(cls.authorities)
        cls.pdp = Pdp(server_side(cls.ca.issue("pdp", "IP:127.0.0.1")))
        cls.addClassCleanup(cls.pdp.close)
        cls.config = {"authzen": {"url": cls.pdp.url, "ca": cls.ca.pem}}
        super().setUpClass()

    def test_only_who_has_the_company_s_certificate_is_believed(self):
        self.assertEqual(200, self.ask(dialects.CHAT).status)
        self.assertEqual(1, len(self.pdp.questions()))
        self.gateway.more = {"authzen": {"url": self.pdp.url}}
        self.gateway.write_config()
        self.gateway.reload()
        answer = self.ask(dialects.CHAT)
        self.assertIn("did not answer (it cannot be reached)", dialects.CHAT.sentence(answer))
        self.assertEqual([], self.pdp.questions())


if __name__ == "__main__":
    unittest.main()

"""Entries are handed over to a company's systems: each at least once and in order, whatever dies meanwhile; and no secret among them."""

import json
import threading
import unittest

import dialects
import receivers
import rig
from authority import Authority, server_side
from upstream import Upstream
from wire import DEADLINE, Wire, until

TOKEN, PERSON = "canary-handover-token-8d21", "canary.person@acme.example"
SITE, CUSTOMER, NOBODY = "git.acme.example/web/site", "git.acme.example/clients/x", "git.acme.example/core/engine"
SECRET = "ghp_" + "WqX4vLmT8zRkN2pYc6HsJd9bFgQ3eU1FRjv6"  # made up, with the checksum that such have


class Stand(rig.Case):
    """A gateway that hands over to `receivers`: name -> (receiver, further settings)."""

    @classmethod
    def receivers(cls):
        return {}

    @classmethod
    def upstreams(cls):
        cls.towards = cls.receivers()
        for receiver, _ in cls.towards.values():
            cls.addClassCleanup(receiver.close)
        cls.config = {"threads": 1, "handover": [{"name": name, "to": receiver.url} | more
                                                 for name, (receiver, more) in cls.towards.items()]}
        return super().upstreams()

    @classmethod
    def run_gateway(cls, upstreams, policy=None, folder=None, **more):
        (cls.folder / "token").write_text(TOKEN + "\n")
        gateway = super().run_gateway(upstreams, policy, folder, **more)
        gateway.key = gateway.issue(PERSON, "--team", "web")["key"]
        return gateway

    def tearDown(self):
        for receiver, _ in self.towards.values():
            self.assertEqual([], receiver.mistakes)
            receiver.revive()

    def exchanges(self, count=3):
        """Some of every kind; their ids. A refusal that is asked for again is answered from memory, so each text is new."""
        made = []
        for number in range(count):
            made.append(self.ask(dialects.ALL[number % 4], f"turn {number} {SECRET}", stream=number % 2 == 1).exchange)
            if number % 3 == 2:
                made.append(self.ask(dialects.CHAT, f"{self.id()} {number} {len(made)}", repository=NOBODY).exchange)
        self.gateway.rows(made)
        return made

    def lag(self, name):
        return self.gateway.metric(f'handover_lag_entries{{destination="{name}"}}')

    def failures(self, name):
        return self.gateway.metric(f'handover_failures_total{{destination="{name}"}}')

    def assert_in_order(self, receiver):
        """The first arrival of each is in the order of the entries."""
        first = list(dict.fromkeys(receiver.exchanges()))
        closed = {}
        for index, entry in self.gateway.each_entry_on_disk():
            if entry["kind"] in ("outcome", "refusal"):
                closed[entry["exchange"]] = index
        self.assertEqual(sorted(first, key=closed.get), first)

    def assert_nothing_secret(self, receiver):
        body = bytes(receiver.raw).replace(TOKEN.encode(), b"", len(receiver.heads))
        for canary in (TOKEN, PERSON, SECRET, "canary", self.key, self.gateway.key, rig.UPSTREAM_KEY, "turn 1"):
            self.assertNotIn(canary.encode(), body)


class Trouble:
    """What every receiver has to go through. Mixed into the stands below; `name` is the one that it is about."""
    name = ""

    @property
    def receiver(self):
        return self.towards[self.name][0]

    def test_each_exchange_arrives_in_order(self):
        made = self.exchanges(6)
        self.receiver.wait_for(made)
        self.assert_in_order(self.receiver)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")
        self.assert_nothing_secret(self.receiver)

    def test_a_receiver_that_is_gone_is_caught_up_with(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.kill()
        made = self.exchanges(4)
        until(lambda: self.lag(self.name) > 0 and self.failures(self.name) > 0, "the lag to rise")
        self.assertFalse(set(made) & set(self.receiver.exchanges()))
        self.receiver.start()
        self.receiver.wait_for(made)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")
        self.assert_in_order(self.receiver)

    def test_a_receiver_that_closes_in_the_middle_gets_it_again(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "cut"
        before = self.receiver.refusals
        made = self.exchanges(4)
        until(lambda: self.receiver.refusals > before, "a batch that was cut")
        self.receiver.mode = "take"
        self.receiver.wait_for(made)
        self.assert_in_order(self.receiver)

    def test_a_receiver_that_stalls_holds_up_nobody(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "stall"
        self.receiver.hang_up()
        before = self.receiver.refusals
        made = self.exchanges(4)  # each is answered
        until(lambda: self.receiver.refusals > before, "a batch that was not answered")
        self.receiver.mode = "take"
        self.receiver.wait_for(made)

    def test_a_gateway_that_is_killed_goes_on_where_it_was(self):
        self.receiver.kill()
        made = self.exchanges(3)
        self.gateway.kill()
        self.receiver.start()
        self.gateway.start()
        self.receiver.wait_for(made)
        more = self.exchanges(2)
        self.gateway.kill()
        self.gateway.start()
        self.receiver.wait_for(made + more)
        self.assert_in_order(self.receiver)


class TroubleOfHttp(Trouble):
    def test_a_receiver_that_answers_500_is_asked_again(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "500"
        before = self.receiver.refusals
        made = self.exchanges(2)
        until(lambda: self.receiver.refusals > before, "a batch that was refused")
        self.assertFalse(set(made) & set(self.receiver.exchanges()))
        self.assertLess(0, self.lag(self.name))
        self.receiver.mode = "take"
        self.receiver.wait_for(made)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")


class OcsfOverHttp(TroubleOfHttp, Stand):
    name = "lake"

    @classmethod
    def receivers(cls):
        return {"lake": (receivers.Ocsf(), {"format": "ocsf", "credential": "${file:token}", "timeout": "2s"})}

    def test_an_event_says_who_what_and_where_to(self):
        answer = self.ask(dialects.ANTHROPIC, "hi")
        self.receiver.wait_for([answer.exchange])
        event, = [one for one in self.receiver.events if self.receiver.exchange(one) == answer.exchange]
        entries = self.gateway.entries(answer.exchange)
        self.assertEqual((6003, 6, 1, 600301, "1.8.0", 1, 1, entries[-1]["id"]),
                         (event["class_uid"], event["category_uid"], event["activity_id"], event["type_uid"],
                          event["metadata"]["version"], event["status_id"], event["action_id"],
                          event["metadata"]["uid"]))
        self.assertEqual((entries[0]["facts"]["person"], entries[0]["facts"]["model"], SITE),
                         (event["actor"]["user"]["uid"], event["ai_model"]["name"], event["resources"][0]["name"]))
        head = self.receiver.heads[-1]
        self.assertEqual(("POST", "/", f"Bearer {TOKEN}", "application/json"),
                         (head.method, head.target, head.get("authorization"), head.get("content-type")))

    def test_a_refusal_is_an_event_of_its_own(self):
        refused = self.ask(dialects.CHAT, "hi", repository=NOBODY)
        self.receiver.wait_for([refused.exchange])
        event, = [one for one in self.receiver.events if self.receiver.exchange(one) == refused.exchange]
        self.assertEqual((2, 2, 2, 3), (event["status_id"], event["action_id"], event["disposition_id"],
                                        event["severity_id"]))
        self.assertEqual(dialects.CHAT.sentence(refused), f"{event['message']} (reference {refused.exchange})")


class HecOverTls(TroubleOfHttp, Stand):
    name = "splunk"

    @classmethod
    def receivers(cls):
        authority = Authority(cls.folder)
        tls = server_side(authority.issue("server", "IP:127.0.0.1"))
        return {"splunk": (receivers.Hec(tls), {"format": "hec", "credential": "${file:token}", "timeout": "2s",
                                                "ca": "ca.pem"})}

    def test_an_event_is_in_splunks_envelope(self):
        answer = self.ask(dialects.GEMINI, "hi")
        self.receiver.wait_for([answer.exchange])
        event, = [one for one in self.receiver.events if self.receiver.exchange(one) == answer.exchange]
        entries = self.gateway.entries(answer.exchange)
        self.assertEqual((entries[-1]["at"], "ocsf:api_activity", "sallyport:" + entries[0]["id"].split("/")[0], 6003),
                         (round(event["time"] * 1000), event["sourcetype"], event["source"],
                          event["event"]["class_uid"]))
        head = self.receiver.heads[-1]
        self.assertEqual(("/services/collector/event", f"Splunk {TOKEN}"), (head.target, head.get("authorization")))

    def test_what_is_not_code_0_was_not_taken(self):
        self.receiver.code = 9
        self.addCleanup(setattr, self.receiver, "code", 0)
        before = self.receiver.refusals
        made = self.exchanges(1)
        until(lambda: self.receiver.refusals > before, "a batch that was not taken")
        self.receiver.code = 0
        self.receiver.wait_for(made)


class SpansOverHttp(TroubleOfHttp, Stand):
    name = "traces"

    @classmethod
    def receivers(cls):
        return {"traces": (receivers.Otlp(), {"format": "otlp", "credential": "${file:token}", "timeout": "2s",
                                              "credential_header": "X-Api-Key"})}

    def test_a_span_has_the_names_of_the_conventions(self):
        answer = self.ask(dialects.CHAT, "hi")
        self.receiver.wait_for([answer.exchange])
        span, = [one for one in self.receiver.events if self.receiver.exchange(one) == answer.exchange]
        told = self.receiver.attributes(span)
        intent, outcome = self.gateway.entries(answer.exchange)
        self.assertEqual(("chat", "simulated", intent["facts"]["model"], outcome["model"],
                          str(outcome["usage"]["input_tokens"]), "200"),
                         tuple(told.get(f"{name}") for name in
                               ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model",
                                "gen_ai.response.model", "gen_ai.usage.input_tokens", "http.response.status_code")))
        self.assertEqual((f"{intent['at']}000000", f"{outcome['at']}000000", 3),
                         (span["startTimeUnixNano"], span["endTimeUnixNano"], span["kind"]))
        self.assertRegex(span["traceId"], "^[0-9a-f]{32}$")
        self.assertRegex(span["spanId"], "^[0-9a-f]{16}$")
        head = self.receiver.heads[-1]
        self.assertEqual(("/v1/traces", TOKEN, None), (head.target, head.get("x-api-key"), head.get("authorization")))

    def test_spans_that_a_collector_rejects_are_counted_and_not_sent_again(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.rejected = 1
        self.addCleanup(setattr, self.receiver, "rejected", 0)
        made = self.ask(dialects.CHAT, "rejected").exchange
        self.receiver.wait_for([made])
        until(lambda: self.gateway.metric('handover_rejected_total{destination="traces"}') > 0, "the count")
        self.receiver.rejected = 0
        self.receiver.wait_for(self.exchanges(1))
        self.assertEqual(1, self.receiver.exchanges().count(made))


class SyslogOverTls(Trouble, Stand):
    name = "syslog"

    @classmethod
    def receivers(cls):
        authority = Authority(cls.folder)
        tls = server_side(authority.issue("server", "IP:127.0.0.1"))
        return {"syslog": (receivers.Syslog(tls), {"format": "ocsf", "ca": "ca.pem"}),
                "cef": (receivers.Syslog(tls), {"format": "cef", "ca": "ca.pem"})}

    def test_a_message_has_the_header_of_rfc_5424(self):
        answer, refused = self.ask(dialects.CHAT, "hi"), self.ask(dialects.CHAT, "hi", repository=NOBODY)
        self.receiver.wait_for([answer.exchange, refused.exchange])
        by_exchange = {self.receiver.exchange(one): one for one in self.receiver.events}
        self.assertEqual([(110, "attempt"), (108, "refusal")],
                         [(one[0], one[2]) for one in (by_exchange[answer.exchange], by_exchange[refused.exchange])])
        self.assertRegex(by_exchange[answer.exchange][1], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_cef_says_the_same_in_one_line(self):
        receiver = self.towards["cef"][0]
        refused = self.ask(dialects.CHAT, "hi = | \\ there", repository=NOBODY)
        receiver.wait_for([refused.exchange])
        text, = {one[3] for one in receiver.events if receiver.exchange(one) == refused.exchange}
        self.assertRegex(text, r"^CEF:0\|Sallyport\|Sallyport\|[\d.]+\|refusal\|Refused: policy\|7\|")
        self.assertIn(f" externalId={self.gateway.entries(refused.exchange)[0]['id']} act=refuse outcome=failure ", text)
        self.assertNotIn("\n", text)
        self.assert_nothing_secret(receiver)


class Files(Stand):
    """What has no other side, and settings that change."""

    def lines(self, name):
        path = self.gateway.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def settle(self, *destinations):
        self.gateway.more["handover"] = list(destinations)
        self.gateway.write_config()
        self.gateway.reload()

    def exchanges_in(self, name):
        return [json.loads(line)["metadata"]["correlation_uid"] for line in self.lines(name)]

    def test_a_destination_begins_at_the_present_end_or_at_the_start(self):
        before = self.exchanges(2)
        old = {"name": "old", "to": "file:old.jsonl", "format": "ocsf", "from": "start"}
        self.settle(old)
        until(lambda: set(before) <= set(self.exchanges_in("old.jsonl")), "what was there before")
        self.settle(old, {"name": "new", "to": "file:new.jsonl", "format": "ocsf"})
        until(lambda: (self.gateway.folder / "data/handover/new").exists(), "its beginning")
        after = self.exchanges(2)
        until(lambda: set(after) <= set(self.exchanges_in("new.jsonl")), "what came after")
        self.assertFalse(set(before) & set(self.exchanges_in("new.jsonl")))
        # Gone, and back: it goes on where it was.
        self.settle()
        until(lambda: 'sallyport_handover_lag_entries{destination="new"}' not in self.gateway.metrics(), "its end")
        between = self.exchanges(1)
        self.settle({"name": "new", "to": "file:new.jsonl", "format": "ocsf"})
        until(lambda: set(between) <= set(self.exchanges_in("new.jsonl")), "what came meanwhile")
        found = self.exchanges_in("new.jsonl")
        self.assertEqual(len(set(found)), len(found))

    def test_a_line_that_a_crash_cut_off_does_not_spoil_the_next(self):
        (self.gateway.folder / "cut.jsonl").write_text('{"half":')
        self.settle({"name": "cut", "to": "file:cut.jsonl", "format": "ocsf"})
        made = self.exchanges(1)
        until(lambda: len(self.lines("cut.jsonl")) > len(set(made)), "the lines")
        self.assertEqual('{"half":', self.lines("cut.jsonl")[0])
        self.assertEqual(set(made), {json.loads(line)["metadata"]["correlation_uid"]
                                     for line in self.lines("cut.jsonl")[1:]})

    def test_an_exchange_that_was_open_when_the_gateway_was_killed_is_told_without_its_outcome(self):
        held = threading.Event()
        self.addCleanup(held.set)
        with Upstream(lambda wire, request: held.wait(DEADLINE) and False) as upstream:
            gateway = self.run_gateway({"sim": upstream.url}, folder=self.folder / "open", handover=[
                {"name": "open", "to": "file:open.jsonl", "format": "ocsf"}])
            with Wire(gateway.port) as wire:
                wire.ask("POST", dialects.CHAT.target(), dialects.CHAT.fields(gateway.key, CUSTOMER),
                         dialects.CHAT.bytes("slow"))  # durable first
                until(lambda: upstream.received, "the request at the vendor")
                until(lambda: gateway.metric('handover_lag_entries{destination="open"}') == 0, "the intent to be read")
                gateway.kill()
            for _ in range(2):  # the second time there is nothing left to tell
                gateway.start()
                path = gateway.folder / "open.jsonl"
                until(lambda: path.exists() and path.read_text().endswith("}\n"), "the event")  # pylint: disable=W0640
                until(lambda: gateway.metric('handover_lag_entries{destination="open"}') == 0, "all to be read")
                gateway.kill()
            event, = map(json.loads, path.read_text().splitlines())
            self.assertEqual((0, "the gateway ended before the outcome was known"),
                             (event["status_id"], event["message"].rsplit(": ", 1)[1]))
            gateway.start()

    def test_a_cursor_of_another_ledger_is_told_and_nothing_is_sent(self):
        folder = self.gateway.folder / "data" / "handover"
        folder.mkdir(exist_ok=True)
        (folder / "foreign").write_text('{"from":7,"next":9,"origin":"elsewhere","v":1}')
        self.settle({"name": "foreign", "to": "file:foreign.jsonl", "format": "ocsf"})
        said = lambda: [line["why"] for line in self.gateway.log() if line["event"] == "handover.failed" and
                        line["destination"] == "foreign"]
        until(said, "the complaint")
        self.assertIn("was it restored from a backup? Delete the file", said()[0])
        self.assertEqual([], self.lines("foreign.jsonl"))
        self.settle()


if __name__ == "__main__":
    unittest.main()

"""Entries are handed over to a company's systems: each at least once and in order, whatever dies meanwhile; and no secret among them."""

import unittest

import dialects
import receivers
from authority import Authority, server_side
from handing_over import NOBODY, TOKEN, Stand, Trouble, TroubleOfHttp
from wire import until

SITE = "git.acme.example/web/site"


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


class MetricsOverHttp(Stand):
    @classmethod
    def receivers(cls):
        return {"metrics": (receivers.OtlpMetrics(), {"format": "otlp-metrics", "credential": "${file:token}"})}

    def test_a_batch_adds_up_to_the_metrics_of_the_conventions(self):
        receiver = self.towards["metrics"][0]
        made = [self.ask(dialects.CHAT, f"hello {number}") for number in range(3)]
        made.append(self.ask(dialects.ANTHROPIC, "hi", stream=True))
        self.ask(dialects.CHAT, "hi", repository=NOBODY)
        until(lambda: receiver.total("sallyport.exchanges") >= 5, "five exchanges")
        total = receiver.total
        self.assertEqual((5, 1, 4), (total("sallyport.exchanges"), total("sallyport.exchanges", sallyport_decision="refuse"),
                                     total("sallyport.exchanges", sallyport_decision="allow")))
        self.assertEqual(1, total("sallyport.exchanges", error_type="refused.policy"))
        self.assertEqual((4, 3), (total("gen_ai.client.operation.duration"),
                                  total("gen_ai.client.operation.duration", gen_ai_operation_name="chat", gen_ai_request_model=dialects.CHAT.model)))
        self.assertEqual(1, total("gen_ai.client.operation.time_to_first_chunk"))
        spent = {}
        for answer in made:
            for entry in self.gateway.entries(answer.exchange):
                for kind in ("input", "output") if entry["kind"] == "outcome" else ():
                    spent[kind] = spent.get(kind, 0) + entry["usage"][f"{kind}_tokens"]
        for kind, tokens in spent.items():
            points = [point for point in receiver.events if point[0] == "gen_ai.client.token.usage" and
                      receiver.attributes(point)["gen_ai.token.type"] == kind]
            self.assertEqual((4, tokens), (sum(int(one["count"]) for _, one in points), sum(one["sum"] for _, one in points)))
            for _, one in points:
                self.assertEqual(int(one["count"]), sum(map(int, one["bucketCounts"])))
                self.assertEqual(len(one["explicitBounds"]) + 1, len(one["bucketCounts"]))
        raw = receiver.raw.decode()
        self.assertNotIn("p_", raw)
        self.assertNotIn(NOBODY, raw)
        self.assertEqual(("/v1/metrics", f"Bearer {TOKEN}"), (receiver.heads[-1].target, receiver.heads[-1].get("authorization")))


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


if __name__ == "__main__":
    unittest.main()

"""Every fault of the simulated vendor, in every dialect: the client gets an end its dialect knows, the ledger the truth."""

import unittest

import dialects
import rig
from upstream import Upstream
from wire import Cut, Wire

WHOLE = ["ping", "pace=5", "drip=0", "half-event", "stall=50", "gzip", "half-event,gzip"]
# An end that is none: the answer was under way. The outcome in the ledger stands behind.
BROKEN = {
    "cut": "upstream-cut", "reset": "upstream-cut", "bad-chunk": "upstream-cut", "early-end": "upstream-cut",
    "wrong-length": "upstream-cut", "short-length": "upstream-cut", "stall=60000": "timeout",
    "cut,half-event": "upstream-cut", "early-end,half-event": "upstream-cut", "gzip,cut": "upstream-cut",
    "gzip,early-end": "upstream-cut"
}
TELLABLE = ("early-end", "stall=60000", "early-end,half-event", "bad-chunk")  # they break between two events
UNANSWERED = {"hang": "timeout", "cut,before-head": "upstream-error", "reset,before-head": "upstream-error"}


class Faults(rig.Case):
    config = {"threads": 1, "timeouts": {"upstream_head": "600ms", "upstream_idle": "600ms"}}

    def exchange(self, dialect, fault, stream, text="vendor:events(8)"):
        """(answer or head, body, whether it was whole), and that the connection can be trusted behind it."""
        with Wire(self.gateway.port) as wire:
            fields = dialect.fields(self.key) + [("x-vendor-fault", fault)]
            wire.ask("POST", dialect.target(stream), fields, dialect.bytes(text, stream=stream))
            try:
                answer = wire.answer()
            except Cut as cut:
                self.assertTrue(hasattr(cut, "head"), "the connection was closed without any answer")
                return cut.head, cut.body, False
            if "close" not in (answer.get("connection") or ""):
                wire.ask("HEAD", "/")
                self.assertEqual(200, wire.answer("HEAD").status)
            self.assertTrue(not wire.kept, "bytes behind the answer")
            return answer, answer.body, True

    def setUp(self):
        self.due = {}  # exchange -> (fault, what its row shall hold)

    def expect(self, answer, fault, **what):
        self.due[answer.exchange] = (fault, what)

    def tearDown(self):
        rows = self.gateway.rows(self.due)
        for exchange, (fault, what) in self.due.items():
            with self.subTest(fault=fault, dialect=rows[exchange]["dialect"]):
                self.assertEqual(what, {key: rows[exchange].get(key) for key in what})

    def told(self, dialect, answer):
        """Nothing was relayed yet, so that the failure could be told as an answer."""
        self.assertEqual(503 if dialect is dialects.ANTHROPIC else 400, answer.status, answer.body)
        self.assertIn("Sallyport", dialect.sentence(answer))
        self.assertEqual(["false"], answer.all("x-should-retry"))

    def each(self, faults, check):
        for dialect in dialects.ALL:
            for fault in faults:
                with self.subTest(dialect=dialect, fault=fault):
                    check(dialect, fault)

    def test_what_is_only_slow_or_odd_comes_through_whole(self):
        def check(dialect, fault):
            plain = self.exchange(dialect, "pace=1", True)[1]
            answer, body, whole = self.exchange(dialect, fault, True)
            self.assertTrue(whole)
            if "gzip" not in fault:
                self.assertTrue(dialect.is_finished(body))
                self.assertEqual(len(plain), len(body))
            self.expect(answer, fault, ended="complete", status=200, output_tokens=49)

        self.each([one for one in WHOLE if one != "ping"], check)

    def test_a_stream_that_breaks_never_ends_cleanly(self):
        def check(dialect, fault):
            answer, body, whole = self.exchange(dialect, fault, True)
            self.expect(answer, fault, ended=BROKEN[fault])
            if answer.status != 200:
                self.told(dialect, answer)
            elif whole:
                sentence = dialect.stream_failure(body)
                self.assertIsNotNone(sentence, f"a clean end without a final event: {body[-300:]!r}")
                self.assertIn(answer.exchange, sentence)
            self.assertTrue(whole or fault not in TELLABLE,
                            "the connection broke where an error event could have told why")

        self.each(BROKEN, check)

    def test_an_answer_that_does_not_stream_breaks_as_a_connection_does(self):
        def check(dialect, fault):
            answer, _, whole = self.exchange(dialect, fault, False)
            if whole:
                self.told(dialect, answer)
            self.expect(answer, fault, ended="timeout" if "stall" in fault else "upstream-cut")

        self.each(["cut", "reset", "wrong-length", "bad-chunk", "stall=60000"], check)

    def test_no_answer_is_told_in_the_dialect(self):
        def check(dialect, fault):
            for stream in (False, True):
                answer, _, whole = self.exchange(dialect, fault, stream)
                self.assertTrue(whole)
                self.told(dialect, answer)
                self.expect(answer, fault, ended=UNANSWERED[fault])

        self.each(UNANSWERED, check)

    def test_the_vendor_s_own_errors_pass_unmodified(self):
        def check(dialect, fault):
            with Wire(self.vendor.port) as wire:
                wire.ask("POST", dialect.target(), [("x-vendor-fault", fault)], dialect.bytes())
                direct = wire.answer()
            answer, body, whole = self.exchange(dialect, fault, False)
            self.assertEqual((direct.status, direct.body, True), (answer.status, body, whole))
            self.assertEqual([direct.all(name) for name in ("retry-after", "content-type")],
                             [answer.all(name) for name in ("retry-after", "content-type")])
            self.expect(answer, fault, status=direct.status, ended="complete")

        self.each([
            "status=529", "status=429,retry-after=7", "status=500", "status=401", "status=400", "status=403,html",
            "status=413"
        ], check)

    def test_an_error_event_of_the_vendor_passes_and_is_recorded(self):
        def check(dialect, fault):
            answer, body, whole = self.exchange(dialect, fault, True)
            self.assertTrue(whole)
            self.assertIn("told to fail here", dialect.stream_failure(body))
            kinds = {
                "anthropic-messages": "overloaded_error", "openai-responses": "server_error",
                "openai-chat": "api_error", "gemini": "UNAVAILABLE"
            }
            self.expect(answer, fault, error=kinds[dialect.name])

        self.each(["error-event"], check)

    def test_pings_keep_a_stream_alive(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/messages",
                     dialects.ANTHROPIC.fields(self.key) + [("x-vendor-fault", "ping=100")],
                     dialects.ANTHROPIC.bytes(stream=True))
            got = b""
            for piece in wire.pieces(wire.head()):
                got += piece
                if got.count(b"event: ping") > 12:  # longer than upstream_idle
                    break
            self.assertGreater(got.count(b"event: ping"), 12)

    def test_faults_by_chance_leave_no_exchange_unaccounted(self):
        seed = self.run_vendor("--fault",
                               "cut,rate=0.2",
                               "--fault",
                               "reset,before-head,rate=0.4",
                               "--fault",
                               "status=529,rate=0.6",
                               "--fault",
                               "early-end,rate=0.8",
                               "--seed",
                               "7",
                               name="seeded")
        gateway = self.run_gateway({"sim": seed.url}, folder=self.folder / "seeded")
        outcomes = {}
        for number in range(40):
            dialect = dialects.ALL[number % 4]
            try:
                answer = self.ask(dialect, f"vendor:say({number})", stream=True, gateway=gateway, key=gateway.key)
                end = str(
                    answer.status) if answer.status != 200 else "whole" if dialect.is_finished(answer.body) else "told"
            except Cut as cut:
                answer, end = cut.head, "cut"
            outcomes[answer.exchange] = end
        self.assertGreater(len(set(outcomes.values())), 3, "the seed should bring several kinds of ends")
        rows = gateway.rows(outcomes)
        for exchange, end in outcomes.items():
            ended = rows[exchange]["ended"]
            expected = {"whole": ["complete"], "529": ["complete"], "cut": ["upstream-cut"],
                        "told": ["upstream-cut"]}.get(end, ["upstream-error"])
            self.assertIn(ended, expected, end)


class OddUpstreams(rig.Case):
    """What the simulated vendor cannot send, since its own server is strict."""

    config = {"threads": 1, "timeouts": {"upstream_head": "3s", "upstream_idle": "3s"}}
    HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

    @classmethod
    def upstreams(cls):
        cls.answer = b""

        def script(wire, _):
            wire.send(cls.answer)
            return not cls.answer.endswith(b"--close")

        cls.upstream = Upstream(script)
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def test_an_ambiguous_answer_is_not_relayed(self):
        body = b'{"id":"x"}'
        for name, data in {
                "CL and TE": self.HEAD + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + body +
                b"\r\n0\r\n\r\n",
                "two CL": self.HEAD + b"Content-Length: 10\r\nContent-Length: 5\r\n\r\n" + body,
                "CL no number": self.HEAD + b"Content-Length: +10\r\n\r\n" + body,
                "TE gzip": self.HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\na\r\n" + body + b"\r\n0\r\n\r\n",
                "folded": self.HEAD + b"X-A: 1\r\n 2\r\nContent-Length: 10\r\n\r\n" + body,
                "bare LF": self.HEAD + b"X-A: 1\nContent-Length: 10\r\n\r\n" + body,
                "NUL": self.HEAD + b"X-A: 1\x00\r\nContent-Length: 10\r\n\r\n" + body,
                "space before colon": self.HEAD + b"Content-Length : 10\r\n\r\n" + body,
                "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 10\r\n\r\n" + body,
                "no status": b"HTTP/1.1 OK\r\nContent-Length: 10\r\n\r\n" + body,
                "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
                "too large a head": self.HEAD + b"X-A: " + b"a" * 70_000 + b"\r\nContent-Length: 10\r\n\r\n" + body,
                "other language": b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
        }.items():
            with self.subTest(name):
                type(self).answer = data
                answer = self.ask(dialects.CHAT, name)
                self.assertEqual(400, answer.status, answer.body)
                self.assertIn("Sallyport", dialects.CHAT.sentence(answer))
                self.assertEqual("upstream-error", self.row(answer)["ended"])

    def test_bytes_behind_an_answer_never_reach_the_next_client(self):
        type(
            self
        ).answer = self.HEAD + b'Content-Length: 10\r\n\r\n{"id":"x"}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'
        self.assertEqual(b'{"id":"x"}', self.ask(dialects.CHAT, "one").body)
        type(self).answer = self.HEAD + b'Content-Length: 10\r\n\r\n{"id":"y"}'
        self.assertEqual(b'{"id":"y"}', self.ask(dialects.CHAT, "two").body)

    def test_a_kept_connection_that_the_vendor_closed_is_not_the_client_s_trouble(self):
        type(self).answer = self.HEAD + b'Content-Length: 11\r\n\r\n{"id":"a"} '
        for number in range(5):
            answer = self.ask(dialects.CHAT, f"kept {number}")
            self.assertEqual(200, answer.status, answer.body)
            self.assertEqual(("complete", 11), tuple(self.row(answer)[key] for key in ("ended", "answer_bytes")))
            self.upstream.hang_up()


if __name__ == "__main__":
    unittest.main()

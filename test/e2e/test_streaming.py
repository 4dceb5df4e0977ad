"""Streams: each event on its way before the next leaves the vendor, held back only by who does not read, ended when somebody leaves."""

import copy
import threading
import unittest

import dialects
import rig
from upstream import Upstream
from wire import SLOW, Wire, settled, until

MIB = 1 << 20
SIM = copy.copy(dialects.ANTHROPIC)  # with a model that the policy of Pressure sends to the simulated vendor
SIM.model = "sim-1"


class Stream:
    """A streamed request on a connection of its own, read event by event."""
    def __init__(self, case, dialect, text, fields=(), repository="git.acme.example/web/site", **more):
        self.wire = Wire(case.gateway.port, **more)
        case.addCleanup(self.wire.close)
        self.wire.ask("POST", dialect.target(True),
                      dialect.fields(case.key, repository) + list(fields), dialect.bytes(text, stream=True))
        self.got = b""
        self.head = None

    def begin(self):
        if not self.head:
            self.head = self.wire.head()
            assert self.head.status == 200, self.wire.body(self.head)
            self.pieces = self.wire.pieces(self.head)
        return self

    def events(self, count):
        """Reads until there are so many whole events; fails where there are more."""
        self.begin()
        while (found := len(dialects.events(self.got))) < count:
            self.got += next(self.pieces)
        assert found == count, f"{found} events where {count} were due: {self.got!r}"

    def rest(self):
        self.got += b"".join(self.pieces)
        return self.got


class Order(rig.Case):
    config = {"threads": 1}

    def test_an_event_is_at_the_client_before_the_next_leaves_the_vendor(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect=dialect):
                whole = self.ask(dialect, "vendor:events(5)", stream=True).body
                count = len(dialects.events(whole))
                stream = Stream(self, dialect, "vendor:events(5) vendor:fault(gate)")
                for number in range(1, count + 1):
                    self.vendor.next()
                    stream.events(number)
                self.assertEqual(len(whole), len(stream.rest()))
                self.assertTrue(dialect.is_finished(stream.got))
                self.assertEqual("complete", self.gateway.row(stream.head.exchange)["ended"])

    def test_the_head_does_not_wait_for_the_first_event(self):
        """Clients give up on a vendor without a head sooner (Gemini CLI: 60 s) than on one without an event."""
        stream = Stream(self, dialects.GEMINI, "vendor:events(1) vendor:fault(gate)")
        stream.wire.socket.settimeout(5 * rig.SECONDS_FACTOR)
        try:
            stream.begin()
        except TimeoutError:
            self.fail("no head, though the vendor sent one")
        finally:
            for _ in range(9):
                self.vendor.next()
        stream.rest()
        self.vendor.forget()

    def test_a_json_array_of_gemini_streams_too(self):
        target = dialects.GEMINI.target(True).split("?")[0]
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", target, dialects.GEMINI.fields(self.key),
                     dialects.GEMINI.bytes("vendor:events(4) vendor:fault(gate)"))
            self.vendor.next()
            pieces = wire.pieces(head := wire.head())
            for number in range(4):
                self.assertEqual(1, next(pieces).count(b'"candidates"'))
                if number < 3:
                    self.vendor.next()
            self.assertEqual(b"", b"".join(pieces))
        row = self.gateway.row(head.exchange)
        self.assertEqual(("complete", True), (row["ended"], row["output_tokens"] > 0))

    def test_a_client_that_closes_behind_the_final_event_did_not_leave(self):
        stream = Stream(self, dialects.RESPONSES, "vendor:events(3) vendor:fault(gate)")
        while not dialects.RESPONSES.is_finished(stream.got):
            self.vendor.next()
            stream.got += next(stream.begin().pieces)
        stream.wire.close()
        self.assertEqual("complete", self.gateway.row(stream.head.exchange)["ended"])

    def test_the_vendor_is_cancelled_when_the_client_leaves(self):
        counted = self.gateway.metric("clients_left_total")
        for name, text, leave in (
            ("mid-stream", "vendor:events(9) vendor:fault(gate)", Wire.close),
            ("by reset", "vendor:events(9) vendor:fault(gate)", Wire.reset),
            ("before the head", "vendor:fault(hang)", Wire.close),
        ):
            with self.subTest(name):
                self.vendor.forget()
                before = {row["exchange"] for row in self.gateway.ledger()}
                stream = Stream(self, dialects.ANTHROPIC, text)
                if name != "before the head":
                    self.vendor.next()
                    stream.events(1)
                until(self.vendor.requests, "the request at the vendor")
                leave(stream.wire)
                until(lambda: any(one.get("cancelled") for one in self.vendor.requests()), "the vendor to be cancelled")
                until(
                    lambda: [
                        row for row in self.gateway.ledger()
                        if row.get("ended") == "client-left" and row["exchange"] not in before
                    ], "the outcome")
        self.assertEqual(counted + 3, self.gateway.metric("clients_left_total"))

    def test_interim_answers_are_passed_over(self):
        def script(wire, request):
            wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
            wire.reply(200, b'{"id":"final"}')

        with Upstream(script) as upstream:
            gateway = self.run_gateway({"sim": upstream.url}, folder=self.folder / "interim")
            answer = self.ask(dialects.CHAT, gateway=gateway, key=gateway.key)
            self.assertEqual((200, b'{"id":"final"}'), (answer.status, answer.body))


class Pressure(rig.Case):
    config = {"threads": 1}

    @classmethod
    def upstreams(cls):
        cls.sent = 0

        def pour(wire, _):
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            event = b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"' + b"x" * 65000 + b'"}}\n\n'
            for _ in range(200 * MIB // len(event)):
                wire.send_chunk(event)
                cls.sent += len(event)
            wire.send_chunk(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
            wire.send(b"0\r\n\r\n")

        def swallow(wire, _):
            wire.reply(200, b'{"id":"swallowed"}')

        cls.pouring, cls.swallowing = Upstream(pour), Upstream(swallow)
        cls.addClassCleanup(cls.pouring.close)
        cls.addClassCleanup(cls.swallowing.close)
        cls.policy = rig.POLICY | {
            "rules": rig.POLICY["rules"] +
            [{"id": "big-elsewhere", "when": {"model": ["big"], "upstream": ["sim", "own"]}, "refuse": True}, {
                "id": "pour-elsewhere", "when": {"model": ["pour"], "upstream": ["sim", "second"]}, "refuse": True
            }, {"id": "else-to-sim", "when": {"model": ["sim-*"], "upstream": ["second", "own"]}, "refuse": True}]
        }
        return {"sim": cls.vendor.url, "second": cls.swallowing.url, "own": cls.pouring.url}

    def test_a_reader_that_does_not_read_is_not_buffered_for(self):
        self.ask(dialects.ANTHROPIC, model="sim-1")
        before = self.gateway.rss_mb()
        with Wire(self.gateway.port, receive_buffer=4096) as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key),
                     dialects.ANTHROPIC.bytes(model="pour", stream=True))
            wire.head()
            until(lambda: self.sent > MIB, "the vendor to pour")
            sent = settled(lambda: self.sent)
            self.assertLess(sent, 100 * MIB, "the vendor was not held back")
            if not SLOW:
                self.assertLess(self.gateway.rss_mb() - before, 8,
                                f"held for a reader that does not read ({sent / MIB:.0f} MiB came)")
            answer = self.ask(dialects.ANTHROPIC, model="sim-1")  # others go on, on the same thread
            self.assertEqual(200, answer.status)
            for _ in range(100):  # and the flow comes back to life
                wire.take(65000)
            until(lambda: self.sent > sent, "the vendor to be let on")

    def test_a_body_of_64_mib_does_not_hold_up_the_streams_of_its_thread(self):
        stream = Stream(self, SIM, "vendor:events(100000) vendor:fault(gate)")
        self.vendor.next()
        stream.events(1)
        head, tail = dialects.CHAT.bytes(model="big").split(b"hi")
        body = head + b"\\u00e4b\\n" * ((64 * MIB - len(head) - len(tail)) // 9) + tail
        answers = []
        sending = threading.Event()

        def send():
            with Wire(self.gateway.port) as wire:
                sending.set()
                wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key), body)
                sent.set()
                answers.append(wire.answer())

        sent = threading.Event()
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        sending.wait()
        number, at_sent = 1, 0
        while thread.is_alive():
            self.vendor.next()
            number += 1
            stream.events(number)
            if not at_sent and sent.is_set():
                at_sent = number
        self.assertEqual(200, answers[0].status, answers[0].body)
        self.assertEqual(len(body), len(self.swallowing.received[-1].body))
        self.assertGreater(number - at_sent, 10, "events that passed while the large body was judged and sent")


if __name__ == "__main__":
    unittest.main()

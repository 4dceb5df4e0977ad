"""Bodies: limits told in words; compressed ones judged decoded, forwarded as they came, watched through their coding."""

import gzip
import json
import shutil
import subprocess
import threading
import unittest
import zlib

import dialects
import rig
from upstream import Upstream
from wire import SLOW, Wire, until

MIB = 1 << 20


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress, "x-gzip": gzip.compress}
if shutil.which("zstd"):
    CODINGS["zstd"] = zstd


class TooLarge(rig.Case):
    config = {"limits": {"request_body": "64KiB", "decoded_body": "1MiB"}}

    def test_a_body_over_the_limit_gets_a_sentence_and_is_recorded(self):
        for dialect in dialects.ALL:
            for framing in ("length", "chunked"):
                with self.subTest(dialect=dialect, framing=framing):
                    body = dialect.bytes(framing + "x" * 70_000)
                    with Wire(self.gateway.port) as wire:
                        fields = dialect.fields(self.key)
                        if framing == "chunked":
                            fields.append(("Transfer-Encoding", "chunked"))
                        wire.ask("POST", dialect.target(), fields,
                                 b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if framing == "chunked" else body)
                        answer = wire.answer()
                    self.assertEqual(dialect.status["too_large"], answer.status)
                    self.assertIn("limit of 65536 bytes", dialect.sentence(answer))
                    self.assertEqual("refuse", self.row(answer)["decision"])
        self.assertEqual([], self.vendor.requests())

    def test_a_body_at_the_limit_passes(self):
        for dialect in dialects.ALL:
            body = dialect.bytes()
            self.assertEqual(200, self.ask(dialect, body=body + b" " * (65536 - len(body))).status)
            self.assertEqual(dialect.status["too_large"],
                             self.ask(dialect, body=body + b" " * (65537 - len(body))).status)
        self.vendor.forget()

    def test_an_announced_body_over_the_limit_is_not_waited_for(self):
        with Wire(self.gateway.port) as wire:
            wire.ask(
                "POST", "/v1/messages",
                dialects.ANTHROPIC.fields(self.key) + [("Content-Length", 64 * MIB + 1), ("Expect", "100-continue")])
            self.assertEqual(451, wire.answer().status)

    def test_bombs_are_refused(self):
        bomb = dialects.ANTHROPIC.bytes("a" * 2 * MIB)
        for coding, code in CODINGS.items():
            with self.subTest(coding):
                body = code(bomb)
                self.assertLess(len(body), 65536)
                answer = self.ask(dialects.ANTHROPIC, fields=[("Content-Encoding", coding)], body=body)
                self.assertEqual(451, answer.status)
                self.assertIn("1048576 bytes when decoded", dialects.ANTHROPIC.sentence(answer))
        self.assertEqual([], self.vendor.requests())


class Compressed(rig.Case):
    policy = rig.POLICY | {
        "rules": rig.POLICY["rules"] +
        [{"id": "no-forbidden", "when": {"model": ["forbidden-*"]}, "refuse": "Not this model."}]
    }

    def test_compressed_requests_are_judged_and_forwarded_as_they_came(self):
        for dialect in dialects.ALL:
            for coding, code in CODINGS.items():
                with self.subTest(dialect=dialect, coding=coding):
                    self.vendor.forget()
                    name = coding.upper() if coding == "gzip" else coding
                    body = code(dialect.bytes(f"{coding} \u00fc"))
                    answer = self.ask(dialect, fields=[("Content-Encoding", name)], body=body)
                    self.assertEqual(200, answer.status, answer.body)
                    seen = self.vendor.requests()[0]
                    self.assertEqual(body, self.vendor.body(seen["n"]))
                    self.assertIn(["Content-Encoding", name], seen["headers"])
                    self.assertEqual(dialect.model, self.row(answer)["model"])
                    if dialect is dialects.GEMINI:
                        continue  # its model stands in the path
                    answer = self.ask(dialect,
                                      fields=[("Content-Encoding", coding)],
                                      body=code(dialect.bytes(coding, model="forbidden-1")))
                    self.assertEqual(dialect.status["policy"], answer.status, answer.body)
                    self.assertEqual(1, len(self.vendor.requests()))

    def test_what_cannot_be_looked_into_is_refused(self):
        body = dialects.CHAT.bytes("x" * 300)
        zipped = gzip.compress(body)
        forms = {
            "cut": ("gzip", zipped[:-9]),
            "no trailer": ("gzip", zipped[:-8]),
            "wrong checksum": ("gzip", zipped[:-8] + b"0000" + zipped[-4:]),
            "data behind it": ("gzip", zipped + b"x"),
            "another member behind it": ("gzip", zipped + gzip.compress(b'{"model":"forbidden-1"}')),
            "not gzip": ("gzip", body),
            "empty": ("gzip", b""),
            "unknown coding": ("lzma", zipped),
            "two codings": ("gzip, gzip", gzip.compress(zipped)),
            "identity and gzip": ("identity, gzip", zipped),
            "aws-chunked": ("aws-chunked", body),
            "damaged": ("gzip", zipped[:40] + b"\0\0" + zipped[42:]),
        }
        if "zstd" in CODINGS:
            forms |= {
                "zstd cut": ("zstd", zstd(body)[:-5]),
                "zstd with more behind": ("zstd", zstd(body) + zstd(b'{"model":"forbidden-1"}')),
                "zstd and garbage": ("zstd", zstd(body) + b"garbage"), "zstd that is gzip": ("zstd", zipped)
            }
        self.vendor.forget()
        for name, (coding, data) in forms.items():
            with self.subTest(name):
                answer = self.ask(dialects.CHAT, fields=[("Content-Encoding", coding)], body=data)
                self.assertEqual(400, answer.status, answer.body)
                self.assertIn("Sallyport", dialects.CHAT.sentence(answer))
        with self.subTest("two headers"):
            answer = self.ask(dialects.CHAT,
                              fields=[("Content-Encoding", "gzip"), ("Content-Encoding", "identity")],
                              body=zipped)
            self.assertEqual(400, answer.status)
        self.assertEqual([], self.vendor.requests())

    def test_content_encoding_identity_is_no_coding(self):
        self.assertEqual(200, self.ask(dialects.CHAT, fields=[("Content-Encoding", "identity")]).status)


class CompressedAnswers(rig.Case):
    @classmethod
    def upstreams(cls):
        def script(wire, request):
            coding = request.get("x-answer-coding")
            usage = {
                "input_tokens": 1234, "output_tokens": 567, "cache_read_input_tokens": 89,
                "cache_creation_input_tokens": 10
            }
            if request.get("x-answer-events"):
                events = [
                    "event: message_start\ndata: " +
                    json.dumps({"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage}}),
                    "event: message_delta\ndata: " + json.dumps({
                        "type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 567}
                    }), 'event: message_stop\ndata: {"type":"message_stop"}'
                ]
                body, kind = "\n\n".join(events + [""]).encode(), "text/event-stream"
            else:
                body, kind = json.dumps(
                    {"id": "m", "type": "message", "content": [], "usage": usage,
                     "stop_reason": "end_turn"}).encode(), "application/json"
            cls.sent = CODINGS[coding](body) if coding in CODINGS else body
            wire.reply(200, cls.sent, [("Content-Type", kind), ("Content-Encoding", coding)])

        cls.upstream = Upstream(script)
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def test_compressed_answers_pass_as_they_came_and_usage_is_recorded(self):
        for coding in CODINGS:
            for stream in (False, True):
                with self.subTest(coding, stream=stream):
                    fields = [("x-answer-coding", coding)] + [("x-answer-events", "1")] * stream
                    answer = self.ask(dialects.ANTHROPIC, stream=stream, fields=fields)
                    self.assertEqual(self.sent, answer.body)
                    self.assertEqual([coding], answer.all("content-encoding"))
                    row = self.row(answer)
                    self.assertEqual((1234, 567, 89, 10, "complete", "end_turn"),
                                     tuple(row[key] for key in ("input_tokens", "output_tokens", "cache_read_tokens",
                                                                "cache_write_tokens", "ended", "stop_reason")))

    def test_an_answer_in_an_unknown_coding_passes_unseen(self):
        answer = self.ask(dialects.ANTHROPIC, fields=[("x-answer-coding", "compress")])
        self.assertEqual((200, self.sent), (answer.status, answer.body))
        self.assertEqual("complete", self.row(answer)["ended"])


class Together(rig.Case):
    config = {"threads": 1, "limits": {"request_body": "16MiB", "buffered_bodies": "16MiB"}}

    def begin(self, size):
        """A chunked request with `size` bytes of its body sent, as far as the gateway takes them."""
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.close)
        body = dialects.CHAT.bytes()[:-1] + b" "
        wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key) + [("Transfer-Encoding", "chunked")])
        wire.send(b"%x\r\n%s\r\n" % (len(body), body))
        if size:
            wire.socket.settimeout(0.5)
            thread = threading.Thread(target=self.pour, args=(wire, size), daemon=True)
            thread.start()
            thread.join()
            wire.socket.settimeout(rig.DEADLINE)
        return wire

    @staticmethod
    def pour(wire, size):
        try:
            for _ in range(size // 65536):
                wire.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except OSError:  # back-pressure
            pass

    def test_chunked_bodies_are_counted_as_they_grow(self):
        first, second = self.begin(0), self.begin(0)
        until(lambda: self.gateway.metric("buffered_bytes") >= 2 * MIB, "both bodies to be counted")
        for wire, mib in ((first, 15), (second, 0)):
            for _ in range(mib * 16):
                wire.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
            wire.send(b"1\r\n}\r\n0\r\n\r\n")
        self.assertEqual(200, second.answer().status)
        self.assertEqual(200, first.answer().status)
        until(lambda: self.gateway.metric("buffered_bytes") == 0, "the account of buffered bodies to be even again")
        self.assertEqual(200, self.ask(dialects.CHAT).status)

    def test_unfinished_bodies_together_stay_within_the_bound(self):
        self.ask(dialects.CHAT)
        before = self.gateway.rss_mb()
        for _ in range(8):
            self.begin(15 * MIB)
        self.assertLessEqual(self.gateway.metric("buffered_bytes"), 17 * MIB)
        if not SLOW:
            self.assertLess(self.gateway.rss_mb() - before, 64,
                            "8 unfinished bodies of 15 MiB, of which 16 MiB may be held")
        self.doCleanups()  # the clients leave
        until(lambda: self.gateway.metric("buffered_bytes") == 0, "the bodies of clients that left to be given back")
        self.assertEqual(200, self.ask(dialects.CHAT).status)


if __name__ == "__main__":
    unittest.main()

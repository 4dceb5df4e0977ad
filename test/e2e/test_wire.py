"""Strict HTTP/1.1: what two parsers could read differently is refused, all else goes through as it came."""

import unittest

import dialects
import rig
from wire import Wire

BODY = dialects.ANTHROPIC.bytes("smuggled")
SMUGGLED = b"GET /v1/models?smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def lines(*these):
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode("latin-1") for line in these) + b"\r\n\r\n"


class Refused(rig.Case):
    """Each with a second request behind it, which must not be answered either."""
    def head(self, *more, first="POST /v1/messages HTTP/1.1", host=("Host: a", )):
        return lines(first, *host, f"x-api-key: {self.key}", "x-sallyport-repository: git.acme.example/web/site", *more)

    def refuse(self, data, statuses=(400, ), reason=b""):
        attempts = self.gateway.metric("attempts_total")
        with Wire(self.gateway.port) as wire:
            wire.send_what_is_taken(data)
            answer = wire.answer()
            self.assertIn(answer.status, statuses, answer.body)
            self.assertIn(reason, answer.body)
            self.assertIn(b"Sallyport", answer.body)
            self.assertTrue(wire.is_closed(), "the connection was used on behind an ambiguous request")
        self.assertEqual(attempts, self.gateway.metric("attempts_total"))

    def refuse_each(self, forms, **more):
        self.vendor.forget()
        for name, data in forms.items():
            with self.subTest(name):
                self.refuse(data, **more)
        self.assertEqual([], self.vendor.requests())

    def test_the_same_request_without_a_flaw_passes(self):
        with Wire(self.gateway.port) as wire:
            wire.send(self.head(f"Content-Length: {len(BODY)}") + BODY)
            self.assertEqual(200, wire.answer().status)
            wire.send(
                self.head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(BODY), BODY))
            self.assertEqual(200, wire.answer().status)

    def test_ambiguous_body_lengths(self):
        size = len(BODY)
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (size, BODY)
        forms = {
            "TE behind CL": self.head(f"Content-Length: {size}", "Transfer-Encoding: chunked") + chunked,
            "CL behind TE": self.head("Transfer-Encoding: chunked", f"Content-Length: {size}") + chunked,
            "the same CL twice": self.head(f"Content-Length: {size}", f"Content-Length: {size}") + BODY,
            "two CL": self.head(f"Content-Length: {size}", "content-length: 0") + BODY,
            "HTTP/1.0 with TE": self.head("Transfer-Encoding: chunked", first="POST /v1/messages HTTP/1.0") + chunked,
        }
        for value in (f"{size}, {size}", f"+{size}", f"-{size}", hex(size), "", "1_0", "1e2", "9" * 20,
                      f"{size} {size}", f"{size};", "\xb2"):
            forms[f"CL {value!r}"] = self.head(f"Content-Length: {value}") + BODY
        for value in ("identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "chunked;q=1",
                      "xchunked", "", '"chunked"', "chunked,"):
            forms[f"TE {value!r}"] = self.head(f"Transfer-Encoding: {value}") + chunked
        forms["TE twice"] = self.head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunked
        forms["TE twice, one identity"] = self.head("Transfer-Encoding: chunked",
                                                    "Transfer-encoding: identity") + chunked
        self.refuse_each({name: data + SMUGGLED for name, data in forms.items()})

    def test_heads_that_two_parsers_split_differently(self):
        end = f"Content-Length: {len(BODY)}"
        forms = {
            "two Hosts": self.head(end, host=("Host: a", "Host: b")),
            "the same Host twice": self.head(end, host=("Host: a", "host: a")),
            "no Host": self.head(end, host=()),
            "obs-fold with a space": self.head("X-A: 1", " 2", end),
            "obs-fold with a tab": self.head("X-A: 1", "\tTransfer-Encoding: chunked", end),
            "a folded first line": self.head(end, host=(" Host: a", "Host: a")),
            "bare LF between fields": self.head("X-A: 1\nX-B: 2", end),
            "bare LF hides TE": self.head("X-A: 1\nTransfer-Encoding: chunked", end),
            "bare CR in a value": self.head("X-A: 1\rX-B: 2", end),
            "NUL in a value": self.head("X-A: 1\x002", end),
            "NUL in a name": self.head("X-\x00A: 1", end),
            "control character in a value": self.head("X-A: \x01", end),
            "vertical tab before chunked": self.head("Transfer-Encoding: \x0bchunked"),
            "DEL in a value": self.head("X-A: \x7f", end),
            "space before the colon": self.head("Content-Length : 0", end),
            "tab before the colon": self.head("Transfer-Encoding\t: chunked", end),
            "space inside a name": self.head("X A: 1", end),
            "no colon": self.head("X-A", end),
            "no name": self.head(": 1", end),
            "odd name": self.head("X(A): 1", end),
            "name that is not ASCII": self.head("X-\xe9: 1", end),
        }
        for first in ("POST /v1/messages", "POST  /v1/messages HTTP/1.1", "POST /v1/messages  HTTP/1.1",
                      "POST\t/v1/messages HTTP/1.1", "POST /v1/messages HTTP/1.2", "POST /v1/messages http/1.1",
                      "POST /v1/messages HTTP/2.0", "POST /v1/messages HTTP/1.1 ", "POST /v1/mess\x00ages HTTP/1.1",
                      "POST /v1/messages#a HTTP/1.1", "POST /v1/mess\xe9ages HTTP/1.1", "P(ST /v1/messages HTTP/1.1",
                      " POST /v1/messages HTTP/1.1", "POST v1/messages HTTP/1.1"):
            forms[f"first line {first!r}"] = self.head(end, first=first)
        self.refuse_each({name: data + BODY + SMUGGLED for name, data in forms.items()})

    def test_a_head_of_bare_line_feeds_is_refused_at_once(self):
        data = (self.head(f"Content-Length: {len(BODY)}") + BODY + SMUGGLED).replace(b"\r\n", b"\n")
        self.refuse_each({"only LF": data, "LF LF at the end": self.head("X-A: 1")[:-4] + b"\n\n" + SMUGGLED})

    def test_chunks_that_are_not_plain(self):
        whole = b"%x\r\n%s\r\n" % (len(BODY), BODY)
        rest = b"\r\n" + BODY + b"\r\n0\r\n\r\n"
        forms = {
            f"size {size!r}": size + rest
            for size in (b"%x;ext=1" % len(BODY), b"0x%x" % len(BODY), b" %x" % len(BODY), b"%x " % len(BODY),
                         b"+%x" % len(BODY), b"-1", b"", b"zz", b"%x\n" % len(BODY), b"%x\r" % len(BODY),
                         b"0" * 15 + b"%x" % len(BODY), b"f" * 16, b"\t%x" % len(BODY),
                         b"%x,%x" % (len(BODY), len(BODY)))
        }
        forms |= {
            "size ended by LF": b"%x\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
            "payload longer than its size": b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY) - 1, BODY),
            "payload ended by LF": b"%x\r\n%s\n0\r\n\r\n" % (len(BODY), BODY),
            "last chunk ended by LF": whole + b"0\n\n",
            "end of the last chunk is LF": whole + b"0\r\n\n",
            "last chunk with an extension": whole + b"0;a\r\n\r\n",
            "trailer ended by LF": whole + b"0\r\nX: 1\n\r\n",
            "folded trailer": whole + b"0\r\n X: 1\r\n\r\n",
            "endless trailers": whole + b"0\r\n" + b"X: 1\r\n" * 5000 + b"\r\n",
        }
        head = self.head("Transfer-Encoding: chunked")
        # The path tells the dialect by now, so it is refused as an unreadable request is there.
        self.refuse_each({name: head + data + SMUGGLED
                          for name, data in forms.items()},
                         statuses=(dialects.ANTHROPIC.status["invalid"], ))

    def test_heads_beyond_the_limit(self):
        for name, more in {
                "one long field": ["X-A: " + "a" * 70_000], "many fields": [f"X-{i}: 1" for i in range(200)],
                "long target": []
        }.items():
            with self.subTest(name):
                first = f"POST /v1/messages?{'a' * 9000 if name == 'long target' else ''} HTTP/1.1"
                self.refuse(self.head(*more, first=first), statuses=(431, 414))
        self.refuse(b"GET / HTTP/1.1\r\nX-A: " + b"a" * 200_000, statuses=(431, ))

    def test_absolute_form_says_that_this_is_no_proxy(self):
        for target in ("http://api.anthropic.com/v1/messages", f"http://127.0.0.1:{self.gateway.port}/v1/messages"):
            data = self.head(f"Content-Length: {len(BODY)}", first=f"POST {target} HTTP/1.1") + BODY
            self.refuse(data, reason=b"not a proxy")


class Passed(rig.Case):
    config = {"threads": 1}

    def test_requests_on_one_connection_are_answered_in_order(self):
        parts = []
        for number in range(6):
            body = dialects.CHAT.bytes(f"vendor:say(answer {number})")
            framing = "Transfer-Encoding: chunked" if number % 2 else f"Content-Length: {len(body)}"
            head = ["POST /v1/chat/completions HTTP/1.1", "Host: a", framing
                    ] + [f"{n}: {v}" for n, v in dialects.CHAT.fields(self.key)]
            parts.append(lines(*head) + (b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if number % 2 else body))
        for name, send in {
                "together": lambda wire: wire.send(b"".join(parts)),
                "byte by byte": lambda wire: [wire.send(bytes([byte])) for byte in b"".join(parts[:2])]
        }.items():
            with self.subTest(name), Wire(self.gateway.port) as wire:
                send(wire)
                for number in range(6 if name == "together" else 2):
                    answer = wire.answer()
                    self.assertEqual(200, answer.status)
                    self.assertIn(b"answer %d" % number, answer.body)

    def test_a_body_is_asked_for_where_the_client_expects_that(self):
        body = dialects.ANTHROPIC.bytes()
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/messages",
                     dialects.ANTHROPIC.fields(self.key) + [("Expect", "100-continue"), ("Content-Length", len(body))])
            self.assertEqual("HTTP/1.1 100 Continue", wire.head().line)
            wire.send(body)
            self.assertEqual(200, wire.answer().status)
        self.assertNotIn("expect", [name.lower() for name, _ in self.vendor.requests()[-1]["headers"]])
        with Wire(self.gateway.port) as wire:  # no key: the body is not wanted
            wire.ask("POST", "/v1/messages", [("Expect", "100-continue"), ("Content-Length", len(body))])
            self.assertEqual(403, wire.answer().status)

    def test_a_head_answer_has_no_body(self):
        with Wire(self.gateway.port) as wire:
            for path in ("/", "/nothing", "/api/hello"):
                wire.ask("HEAD", path)
                self.assertEqual(404 if path == "/nothing" else 200, wire.answer("HEAD").status)

    def test_a_websocket_upgrade_is_declined_with_426(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("GET", "/v1/responses", [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                                              ("Sec-WebSocket-Version", "13"),
                                              ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
                                              ("Authorization", f"Bearer {self.key}")])
            answer = wire.answer()
            self.assertEqual(426, answer.status)
            self.assertIn(b"POST", answer.body)

    def test_unknown_paths_are_404_with_the_supported_ones(self):
        for method, path in (
            ("POST", "/v1/complete"),
            ("GET", "/v1/messages"),
            ("POST", "/v1//messages"),
            ("POST", "/v1/./messages"),
            ("POST", "/v1/%6dessages"),
            ("POST", "/v1/messages/"),
            ("POST", "/V1/messages"),
            ("DELETE", "/v1/models"),
            ("POST", "/v1beta/models/a/b:generateContent"),
            ("OPTIONS", "*"),
            ("POST", "/v1/messages;a=b"),
        ):
            with self.subTest(path, method=method):
                answer = self.gateway.ask(method, path, [("x-api-key", self.key)], BODY if method == "POST" else None)
                self.assertEqual(404, answer.status, answer.body)
                self.assertIn(b"POST /v1/messages", answer.body)
                self.assertIn(b"generateContent", answer.body)
        self.assertEqual(
            [], [one for one in self.vendor.requests() if one["path"] not in ("/v1/messages", "/v1/chat/completions")])


if __name__ == "__main__":
    unittest.main()

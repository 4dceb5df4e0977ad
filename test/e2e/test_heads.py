"""Heads on their way: everything but what belongs to one connection goes on as it came."""

import gzip
import pathlib
import unittest

import dialects
import rig
from upstream import Upstream
from wire import Wire

# A JSON text that names one model and is also a stream of br that decodes to another JSON text.
POLYGLOT = gzip.decompress((pathlib.Path(__file__).parent / "both_json_and_br.gz").read_bytes())


class Untouched(rig.Case):
    config = {"threads": 1}

    @classmethod
    def upstreams(cls):
        answer = [
            ("X-Odd-CASE", "a  b"),
            ("set-cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("Keep-Alive", "timeout=5"),
            ("request-id", "req_1"),
            ("X-Empty", ""),
            ("X-Latin", "\xe9"),
        ]
        cls.upstream = Upstream(lambda wire, request: wire.reply(200, b'{"id":"x"}', answer))
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def seen(self, fields, target="/v1/messages?beta=true"):
        answer = self.ask(dialects.ANTHROPIC, fields=fields, target=target)
        self.assertEqual(200, answer.status, answer.body)
        return self.upstream.received[-1]

    def test_other_headers_keep_name_case_value_and_order(self):
        odd = [
            ("X-ODD-case", "1"),
            ("x-b", ""),
            ("x-a", "two  spaces, kept"),
            ("X-Latin", "\xe9\xff"),
            ("x-a", "again"),
            ("Accept-Encoding", "gzip, br"),
            ("anthropic-beta", "a-2025-01-01,b"),
            ("X-Stainless-Retry-Count", "0"),
            ("!#$%&'*+-.^_`|~", "token"),
            ("accept", "*/*"),
        ]
        kept = [("Host", f"127.0.0.1:{self.upstream.port}"), ("User-Agent", dialects.ANTHROPIC.agent),
                ("Content-Type", "application/json"), ("anthropic-version", "2023-06-01")] + odd
        seen = self.seen(odd)
        self.assertEqual(kept,
                         [field for field in seen.fields if field[0].lower() not in ("content-length", "x-api-key")])
        self.assertEqual([rig.UPSTREAM_KEY], seen.all("x-api-key"))

    def test_the_answer_s_headers_keep_name_case_and_order(self):
        answer = self.ask(dialects.ANTHROPIC)
        kept = [field for field in answer.fields if field[0].lower() not in ("content-length", "x-sallyport-exchange")]
        self.assertEqual([("X-Odd-CASE", "a  b"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2"), ("request-id", "req_1"),
                          ("X-Empty", ""), ("X-Latin", "\xe9")], kept)

    def test_what_belongs_to_one_connection_ends_there(self):
        hops = [
            ("Connection", "keep-alive, X-Private"),
            ("X-Private", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic AAAA"),
            ("Trailer", "X-T"),
        ]
        names = {name.lower() for name, _ in self.seen(hops).fields}
        self.assertEqual(set(), names & {name.lower() for name, _ in hops})

    def test_what_would_make_another_request_of_it_is_refused(self):
        """One who is judged by one reading and sent to be read in another way has not been judged."""
        coded = ("Content-Encoding", "gzip")
        for fields, body, query, said in (
            ([("Connection", "close, Host")], None, "", "names host"),
            ([("Connection", "Content-Length")], None, "", "names content-length"),
            ([("Connection", "close"), ("Connection", "content-type")], None, "", "names content-type"),
            ([("Connection", "x-sallyport-repository"), ("X-Sallyport-Repository", "h/a")], None, "", "x-sallyport-"),
            ([("Connection", "content-encoding"), coded], gzip.compress(dialects.ANTHROPIC.bytes()), "", "content-encoding"),
            ([("Content-Encoding", "br")], POLYGLOT, "", "read in two ways"),
            ([("X-HTTP-Method-Override", "GET")], None, "", "x-http-method-override"),
            ([("X-Original-URL", "/v1/files")], None, "", "x-original-url"),
            ([], None, "?%24httpHeaders=X-Goog-Api-Key%3Ax", "stands for headers"),
        ):
            with self.subTest(said):
                before = len(self.upstream.received)
                answer = self.gateway.ask("POST", f"/v1/messages{query}", dialects.ANTHROPIC.fields(self.key) + fields,
                                          body or dialects.ANTHROPIC.bytes())
                self.assertEqual(dialects.ANTHROPIC.status["invalid"], answer.status, answer.body)
                self.assertIn(said, dialects.ANTHROPIC.sentence(answer))
                self.assertEqual(before, len(self.upstream.received), "it left")

    def test_http_1_0_without_a_host_is_forwarded_with_one(self):
        body = dialects.ANTHROPIC.bytes()
        with Wire(self.gateway.port) as wire:
            fields = [f"{n}: {v}" for n, v in dialects.ANTHROPIC.fields(self.key)] + [f"Content-Length: {len(body)}"]
            wire.send("\r\n".join(["POST /v1/messages HTTP/1.0", *fields, "", ""]).encode() + body)
            self.assertEqual(200, wire.answer().status)
            self.assertTrue(wire.is_closed())
        self.assertEqual([f"127.0.0.1:{self.upstream.port}"], self.upstream.received[-1].all("host"))

    def test_the_query_goes_on_byte_for_byte(self):
        for query in ("beta=true", "a=%2F%20+b;c=&=&&d", "x='\"<>[]{}|\\^`", "%zz=%", "alt=sse&key2=1&monkey=2", "?"):
            with self.subTest(query):
                self.assertEqual(f"/v1/messages?{query}", self.seen([], f"/v1/messages?{query}").target)

    def test_a_path_without_v1_is_sent_with_it(self):
        self.assertEqual("/v1/messages", self.seen([], "/messages").target)


if __name__ == "__main__":
    unittest.main()

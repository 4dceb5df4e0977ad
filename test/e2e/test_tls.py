"""TLS on both sides with a CA of our own, and names that must match."""

import shutil
import ssl
import unittest

import dialects
import rig
from authority import Authority, server_side
from upstream import Upstream
from wire import SLOW, Cut, Wire, settled


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class BothSides(rig.Case):
    @classmethod
    def upstreams(cls):
        cls.ca = Authority(cls.folder)
        cls.vendor_tls = cls.run_vendor("--tls-cert", (files := cls.ca.issue("vendor",
                                                                             "IP:127.0.0.1,DNS:localhost"))[0],
                                        "--tls-key",
                                        files[1],
                                        name="vendor-tls")
        gateway = cls.ca.issue("gateway", "DNS:gateway.test")
        cls.config = {
            "listeners": [{"address": "127.0.0.1:0", "tls": {"certificate": gateway[0], "key": gateway[1]}},
                          {"address": "127.0.0.1:0"}]
        }
        return {"sim": {"url": cls.vendor_tls.url, "ca": cls.ca.pem}}

    def client(self):
        context = ssl.create_default_context(cafile=self.ca.pem)
        return Wire(self.gateway.ports[0], context, "gateway.test")

    def test_every_dialect_passes_by_tls_on_both_sides(self):
        with self.client() as wire:
            for dialect in dialects.ALL:
                for stream in (False, True):
                    with self.subTest(dialect=dialect, stream=stream):
                        body = dialect.bytes("vendor:say(" + "by tls " * 40 + ")", stream=stream)
                        wire.ask("POST", dialect.target(stream), dialect.fields(self.key), body)
                        answer = wire.answer()
                        self.assertEqual(200, answer.status, answer.body)
                        self.assertEqual(stream, dialect.is_finished(answer.body) and stream)
                        self.assertEqual(body, self.vendor_tls.body(self.vendor_tls.requests()[-1]["n"]))

    def test_a_large_body_and_answer_pass_by_tls(self):
        body = dialects.CHAT.bytes("vendor:text(3000000)" + "\u00e4" * 1_000_000)
        with self.client() as wire:
            wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key), body)
            self.assertGreater(len(wire.answer().body), 3_000_000)
        self.assertEqual(body, self.vendor_tls.body(self.vendor_tls.requests()[-1]["n"]))

    def test_an_event_is_at_the_client_before_the_next_leaves_the_vendor(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect=dialect), self.client() as wire:
                wire.ask("POST", dialect.target(True), dialect.fields(self.key),
                         dialect.bytes("vendor:events(4) vendor:fault(gate)", stream=True))
                self.vendor_tls.next()
                pieces, got, count = wire.pieces(wire.head()), b"", 1
                while not dialect.is_finished(got):
                    while len(dialects.events(got)) < count:
                        got += next(pieces)
                    self.assertEqual(count, len(dialects.events(got)))
                    self.vendor_tls.next()
                    count += 1
                self.assertEqual(b"", b"".join(pieces))
                self.vendor_tls.forget()

    def test_a_reader_that_does_not_read_is_not_buffered_for(self):
        self.client().close()
        before = self.gateway.rss_mb()
        with self.client() as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key),
                     dialects.ANTHROPIC.bytes("vendor:text(60000000)"))
            wire.head()
            held = settled(self.gateway.rss_mb)
            if not SLOW:
                self.assertLess(held - before, 8)

    def test_plain_http_on_the_tls_port_reaches_nobody(self):
        self.vendor_tls.forget()
        with Wire(self.gateway.ports[0]) as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key), dialects.ANTHROPIC.bytes())
            wire.is_closed()
        self.assertEqual([], self.vendor_tls.requests())

    def test_a_new_certificate_is_served_after_a_reload(self):
        def serial():
            with self.client() as wire:
                return wire.socket.getpeercert()["serialNumber"]

        before = serial()
        self.assertEqual(before, serial())
        self.ca.issue("gateway", "DNS:gateway.test")
        self.gateway.reload()
        self.assertNotEqual(before, serial())


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Distrust(rig.Case):
    """Upstreams whose certificate does not prove who they are."""
    @classmethod
    def upstreams(cls):
        ca, other = Authority(cls.folder), Authority(cls.folder, "other-ca")
        cls.said = {
            "by-name": "", "wrong-name": "name|mismatch|address", "wrong-ca": "issuer|certificate|verif|self",
            "expired": "expired", "plain": "TLS.*wrong version"
        }
        files = {
            "by-name": ca.issue("by-name", "DNS:localhost"), "wrong-name": ca.issue("wrong-name",
                                                                                    "DNS:vendor.example,IP:127.0.0.2"),
            "wrong-ca": other.issue("wrong-ca", "IP:127.0.0.1"), "expired": ca.issue("expired", "IP:127.0.0.1", "-1")
        }
        cls.servers = {name: Upstream(tls=server_side(one)) for name, one in files.items()}
        cls.servers["plain"] = Upstream(lambda wire: wire.more() and wire.reply(400, b"speak HTTP"), raw=True)
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        cls.policy = rig.POLICY | {
            "invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"}
                                            for name in cls.servers},
            "rules": [{"id": f"to-{name}", "when": {"model": [name]}, "allow": {"upstreams": [name]}}
                      for name in cls.servers]
        }
        urls = {name: f"https://127.0.0.1:{server.port}" for name, server in cls.servers.items()}
        urls["by-name"] = f"https://localhost:{cls.servers['by-name'].port}"
        return {name: {"url": url, "ca": ca.pem} for name, url in urls.items()}

    def test_only_the_right_name_by_the_right_authority_gets_a_byte(self):
        for name, why in self.said.items():
            with self.subTest(name):
                answer = self.ask(dialects.CHAT, model=name)
                if not why:
                    self.assertEqual((200, 1), (answer.status, len(self.servers[name].received)), answer.body)
                    continue
                self.assertEqual((400, []), (answer.status, self.servers[name].received))
                self.assertRegex(dialects.CHAT.sentence(answer), why)
                row = self.row(answer)
                self.assertEqual(("upstream-error", name), (row["ended"], row["upstream"]))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class CutTls(rig.Case):
    """An end without close_notify is no end: somebody else may have cut the line."""
    @classmethod
    def upstreams(cls):
        ca = Authority(cls.folder)

        def script(wire, request):
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" +
                      b'{"id":"whole?"}')
            if request.get("x-proper"):
                wire.socket.unwrap()  # sends close_notify and waits for the other one
            return False

        cls.upstream = Upstream(script, tls=server_side(ca.issue("vendor", "IP:127.0.0.1")))
        cls.addClassCleanup(cls.upstream.close)
        cls.config = {"timeouts": {"upstream_idle": "5s"}}
        return {"sim": {"url": cls.upstream.url, "ca": ca.pem}}

    def test_only_a_proper_end_of_tls_ends_an_answer(self):
        self.assertEqual(b'{"id":"whole?"}', self.ask(dialects.CHAT, fields=[("x-proper", "1")]).body)
        with self.assertRaises(Cut) as cut:
            self.ask(dialects.CHAT)
        self.assertEqual("upstream-cut", self.row(cut.exception.head)["ended"])


if __name__ == "__main__":
    unittest.main()

"""TLS on both sides with a CA of our own, names that must match, and the HTTP proxy that stands before many companies' way out."""

import base64
import shutil
import ssl
import subprocess
import threading
import unittest
from pathlib import Path

import dialects
import rig
from wire import Cut, Upstream, Wire


class Authority:
    """A CA in a folder."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = Path(folder), name
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                 "-days", "2", "-subj", f"/CN={name}")
        self.pem = str(self.folder / f"{name}.pem")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, names, days="2"):
        """(certificate chain file, key file) for these subject alternative names."""
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=x")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key", "-CAcreateserial",
                 "-out", f"{name}.pem", "-days", days, "-extfile", f"{name}.ext")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


def server_side(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class BothSides(rig.Case):
    @classmethod
    def upstreams(cls):
        cls.ca = Authority(cls.folder)
        cls.vendor_tls = cls.run_vendor("--tls-cert", (files := cls.ca.issue("vendor", "IP:127.0.0.1,DNS:localhost"))[0], "--tls-key", files[1],
                                        name="vendor-tls")
        gateway = cls.ca.issue("gateway", "DNS:gateway.test")
        cls.config = {"listeners": [{"address": "127.0.0.1:0", "tls": {"certificate": gateway[0], "key": gateway[1]}}, {"address": "127.0.0.1:0"}]}
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
        cls.said = {"by-name": "", "wrong-name": "name|mismatch|address", "wrong-ca": "issuer|certificate|verif|self", "expired": "expired",
                    "plain": "TLS.*wrong version"}
        files = {"by-name": ca.issue("by-name", "DNS:localhost"), "wrong-name": ca.issue("wrong-name", "DNS:vendor.example,IP:127.0.0.2"),
                 "wrong-ca": other.issue("wrong-ca", "IP:127.0.0.1"), "expired": ca.issue("expired", "IP:127.0.0.1", "-1")}
        cls.servers = {name: Upstream(tls=server_side(one)) for name, one in files.items()} 
        cls.servers["plain"] = Upstream(lambda wire: wire.more() and wire.reply(400, b"speak HTTP"), raw=True)
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        cls.policy = rig.POLICY | {
            "invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"} for name in cls.servers},
            "rules": [{"id": f"to-{name}", "when": {"model": [name]}, "allow": {"upstreams": [name]}} for name in cls.servers]}
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
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + b'{"id":"whole?"}')
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


class Proxy(Upstream):
    """A forward proxy that tells what it was asked: CONNECT, and absolute targets."""

    def __init__(self, refuse=None):
        self.asked = []
        self.refuse = refuse
        super().__init__(self.serve, raw=True)

    def serve(self, wire):
        while request := wire.request():
            self.asked.append(request)
            if self.refuse:
                wire.reply(self.refuse, b"no")
                return
            authority = request.target if request.method == "CONNECT" else request.target.split("/")[2]
            with Wire(int(authority.rsplit(":", 1)[1])) as onward:
                if request.method == "CONNECT":
                    wire.send(b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n")
                    back = threading.Thread(target=self.pump, args=(onward, wire), daemon=True)
                    back.start()
                    self.pump(wire, onward)
                    back.join()
                    return
                fields = [field for field in request.fields if field[0].lower() not in ("proxy-authorization", "host")]
                onward.ask(request.method, request.target[request.target.index("/", 8):], fields, request.body, host=authority)
                answer = onward.answer()
                wire.reply(answer.status, answer.body)

    @staticmethod
    def pump(source, sink):
        try:
            while piece := source.any_piece():
                sink.send(piece)
            sink.socket.shutdown(1)
        except OSError:
            pass


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class ByProxy(rig.Case):
    @classmethod
    def upstreams(cls):
        ca = Authority(cls.folder)
        files = ca.issue("vendor", "IP:127.0.0.1")
        cls.vendor_tls = cls.run_vendor("--tls-cert", files[0], "--tls-key", files[1], name="vendor-tls")
        cls.proxy, cls.wall = Proxy(), Proxy(refuse=407)
        cls.addClassCleanup(cls.proxy.close)
        cls.addClassCleanup(cls.wall.close)
        cls.config = {"proxy": f"http://user:pa-ss@127.0.0.1:{cls.proxy.port}"}
        names = ("by-tls", "plain", "direct", "walled")
        cls.policy = rig.POLICY | {
            "invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"} for name in names},
            "rules": [{"id": f"to-{name}", "when": {"model": [name]}, "allow": {"upstreams": [name]}} for name in names]}
        return {"by-tls": {"url": cls.vendor_tls.url, "ca": ca.pem}, "plain": cls.vendor.url, "direct": {"url": cls.vendor.url, "proxy": "none"},
                "walled": {"url": cls.vendor_tls.url, "ca": ca.pem, "proxy": f"http://127.0.0.1:{cls.wall.port}"}}

    def setUp(self):
        self.proxy.asked.clear()

    def test_tls_goes_through_a_tunnel_that_shows_no_credential(self):
        for stream in (False, True):
            answer = self.ask(dialects.ANTHROPIC, "vendor:say(tunnelled)", stream, model="by-tls")
            self.assertIn("tunnelled", dialects.text_of(answer.body))
        self.assertTrue(self.proxy.asked)
        asked = self.proxy.asked[0]
        self.assertEqual(("CONNECT", f"127.0.0.1:{self.vendor_tls.port}"), (asked.method, asked.target))
        self.assertEqual([f"127.0.0.1:{self.vendor_tls.port}"], asked.all("host"))
        self.assertEqual(["Basic " + base64.b64encode(b"user:pa-ss").decode()], asked.all("proxy-authorization"))
        self.assertNotIn(rig.UPSTREAM_KEY.encode(), asked.raw)
        self.assertNotIn("proxy-authorization", [name.lower() for name, _ in self.vendor_tls.requests()[-1]["headers"]])

    def test_plain_http_goes_in_absolute_form(self):
        answer = self.ask(dialects.ANTHROPIC, "vendor:say(by absolute form)", model="plain", target="/v1/messages?beta=true")
        self.assertIn(b"by absolute form", answer.body)
        asked = self.proxy.asked[0]
        self.assertEqual(f"http://127.0.0.1:{self.vendor.port}/v1/messages?beta=true", asked.target)
        self.assertEqual([f"127.0.0.1:{self.vendor.port}"], asked.all("host"))
        self.assertEqual(1, len(asked.all("proxy-authorization")))

    def test_an_upstream_may_be_direct_and_a_proxy_may_say_no(self):
        self.assertEqual(200, self.ask(dialects.ANTHROPIC, model="direct").status)
        self.assertEqual([], self.proxy.asked)
        answer = self.ask(dialects.ANTHROPIC, model="walled")
        self.assertEqual(503, answer.status)
        self.assertIn("407", dialects.ANTHROPIC.sentence(answer))
        self.assertEqual("upstream-error", self.row(answer)["ended"])


if __name__ == "__main__":
    unittest.main()

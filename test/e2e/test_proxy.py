"""The HTTP proxy that stands before many companies' way out."""

import base64
import shutil
import threading
import unittest

import dialects
import rig
from authority import Authority
from upstream import Upstream
from wire import Wire


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
                onward.ask(request.method,
                           request.target[request.target.index("/", 8):],
                           fields,
                           request.body,
                           host=authority)
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
            "invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"}
                                            for name in names},
            "rules": [{"id": f"to-{name}", "when": {"model": [name]}, "allow": {"upstreams": [name]}} for name in names]
        }
        return {
            "by-tls": {"url": cls.vendor_tls.url,
                       "ca": ca.pem}, "plain": cls.vendor.url, "direct": {"url": cls.vendor.url, "proxy": "none"},
            "walled": {"url": cls.vendor_tls.url, "ca": ca.pem, "proxy": f"http://127.0.0.1:{cls.wall.port}"}
        }

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
        answer = self.ask(dialects.ANTHROPIC,
                          "vendor:say(by absolute form)",
                          model="plain",
                          target="/v1/messages?beta=true")
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

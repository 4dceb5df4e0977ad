"""The forward proxy: what it lets out, what it refuses and how it says so, what it opens, and its receipts."""

import hashlib
import json
import random
import subprocess
import unittest

import dialects
import forward
import rig
from wire import DEADLINE


class Forward(forward.Case):
    def curl(self, url, *arguments, key=None):
        return subprocess.run([
            "curl", "-sS", "-i", "--max-time", str(DEADLINE), "-x", f"http://127.0.0.1:{self.proxy_port}", "--proxy-user",
            f"x:{key or self.key}", *arguments, url
        ], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})

    def test_a_tunnel_to_an_allowed_host_carries_bytes_and_its_end(self):
        wire, answer = self.connect(f"plain.test:{self.echo.port}")
        self.assertEqual(200, answer.status)
        sent = bytes(range(256)) * 4096
        wire.send(sent)
        self.assertEqual(sent, wire.take(len(sent)))
        wire.socket.shutdown(1)
        self.assertTrue(wire.is_closed())
        closed = self.receipt("closed", host="plain.test", sent_bytes=len(sent))
        self.assertEqual((len(sent), "ended", f"127.0.0.1:{self.echo.port}"),
                         (closed["received_bytes"], closed["end"], closed["address"]))
        opened = [one for one in self.receipts() if one["event"] == "opened" and one["contact"] == closed["contact"]][0]
        self.assertEqual(("connect", "allow", "open", "tests"),
                         (opened["how"], opened["decision"], opened["rule"], opened["reason"]))
        self.assertTrue(opened["caller"].startswith("p_"), opened)

    def test_a_refusal_is_a_sentence_that_clients_show(self):
        for host, port, rule, why in (("ads.test", 443, "no-ads", "it only counts people"),
                                      ("evil.example", 443, "", "no egress rule of the policy allows it")):
            _, answer = self.connect(f"{host}:{port}")
            self.assertEqual(403, answer.status)
            self.assertIn(f"contact with {host}:{port} is refused: {why}".encode(), answer.body)
            self.assertIn(why, answer.get("x-sallyport-refused"))
            self.assertIn("error=http_request_denied", answer.get("proxy-status"))
            receipt = self.receipt("refused", host=host)
            self.assertEqual(("refuse", rule), (receipt["decision"], receipt["rule"]))
            self.assertIn(why, receipt["reason"])
        done = self.curl("http://evil.example/")
        self.assertIn("contact with evil.example:80 is refused", done.stdout)
        self.assertIn("403", self.curl("https://evil.example/").stderr)

    def test_a_connection_goes_on_after_a_refusal(self):
        wire, _ = self.connect("ads.test:443")
        _, answer = self.connect(f"plain.test:{self.echo.port}", wire=wire)
        self.assertEqual(200, answer.status)

    def test_a_name_leads_to_no_address_that_is_not_public(self):
        for name, what in (("rebound.test", "a loopback address"), ("six.test", "a loopback address"),
                           ("metadata.test", "metadata service"), ("mapped.test", "a private address"),
                           ("nat.test", "a NAT64 address"), ("any.test", "an unspecified address")):
            _, answer = self.connect(f"{name}:{self.echo.port}")
            self.assertEqual(403, answer.status, name)
            self.assertIn(what.encode(), answer.body)
            self.assertIn("error=destination_ip_prohibited", answer.get("proxy-status"))
        for target in (f"127.0.0.2:{self.echo.port}", f"[::1]:{self.echo.port}", f"localhost.test:{self.echo.port}"):
            _, answer = self.connect(target)
            self.assertNotEqual(200, answer.status, target)
        self.assertIn("private", self.receipt("refused", host="mapped.test")["reason"])

    def test_odd_targets_are_refused_before_anything_else(self):
        for target in ("plain.test", "plain.test:0", "plain.test:65536", "plain.test:4a3", "plain.test.:443", "plain..test:443",
                       "user@plain.test:443", "plain.test:443@x:80", "pl%61in.test:443", "127.1:443", "0x7f.0.0.1:443",
                       "2130706433:443", "0177.0.0.1:443", "[::1%25lo]:443", "[::1:443", "::1:443", "[127.0.0.1]:443",
                       "a" * 64 + ".test:443", "a." * 140 + "test:443", "plain.test:443/x", "plain\\test:443"):
            _, answer = self.connect(target)
            self.assertEqual(400, answer.status, target)
        with self.subTest("bytes that are no HTTP"):
            for byte in (b"\0", b"\x7f", b"\xc3\xbc", b"\t"):
                wire = self.wire()
                wire.send(b"CONNECT plain" + byte + b".test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(400, wire.answer().status, byte)
            self.receipt("refused", how="unreadable")

    def test_a_connect_has_no_body_and_nothing_behind_it(self):
        target = f"plain.test:{self.echo.port}"
        for fields in ([("Content-Length", "5")], [("Transfer-Encoding", "chunked")]):
            wire = self.wire()
            wire.ask("CONNECT", target, [self.credential(), *fields], host=target)
            self.assertEqual(400, wire.answer().status)
        wire = self.wire()
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{': '.join(self.credential())}\r\n\r\n"
        wire.send(head.encode() + b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(400, wire.answer().status)

    def test_the_proxy_is_not_asked_to_reach_itself(self):
        _, answer = self.connect(f"plain.test:{self.proxy_port}")
        self.assertEqual(403, answer.status)
        self.assertIn(b"this proxy itself", answer.body)

    def test_nobody_unknown_is_let_out(self):
        for fields in ([], [self.credential("sp_nobody")], [("Proxy-Authorization", "Basic !!!")], [self.credential()] * 2,
                       [("Authorization", self.credential()[1])]):
            wire = self.wire()
            wire.ask("CONNECT", f"plain.test:{self.echo.port}", fields)
            answer = wire.answer()
            self.assertEqual(407, answer.status, fields)
            self.assertIn("Basic", answer.get("proxy-authenticate"))
        _, answer = self.connect(f"plain.test:{self.echo.port}", [("Proxy-Authorization", f"Bearer {self.key}")])
        self.assertEqual(200, answer.status)

    def test_an_absolute_form_is_relayed_under_a_host_written_anew(self):
        target = f"http://plain.test:{self.vendor.port}/v1/messages/count?secret=canary-query"
        self.vendor.forget()
        done = self.curl(target, "-X", "POST", "-H", "X-Own: 1", "-H", "x-sallyport-repository: r", "-H", "Connection: X-Gone",
                         "-H", "X-Gone: 1", "-d", "a body of 20 bytes..")
        self.assertRegex(done.stdout, r"HTTP/1.1 \d+")
        seen = self.vendor.requests()[-1]
        names = {name.lower(): value for name, value in seen["headers"]}
        self.assertEqual(f"plain.test:{self.vendor.port}", names["host"])
        self.assertEqual("1", names["x-own"])
        for name in ("proxy-authorization", "proxy-connection", "x-sallyport-repository", "x-gone"):
            self.assertNotIn(name, names)
        receipt = self.receipt("request", path="/v1/messages/count")
        self.assertEqual(("POST", 20, "relay"), (receipt["method"], receipt["body_bytes"], receipt["handled_by"]))
        self.assertRegex(receipt["query"], "^hmac-sha256:[0-9a-f]{64}$")
        self.assertRegex(receipt["body"], "^hmac-sha256:[0-9a-f]{64}$")
        self.assertIn("x-own", receipt["headers"])

    def test_a_request_is_not_smuggled_past_the_rules(self):
        good = f"http://plain.test:{self.vendor.port}/"
        for target, host, fields in ((good, "evil.test", ()), (good, "plain.test", ()),
                                     ("http://plain.test@evil.test/", "plain.test", ()),
                                     ("http://evil.test/", "plain.test", ()),
                                     ("https://plain.test/", "plain.test", ()), ("/", "plain.test", ()),
                                     (good, f"plain.test:{self.vendor.port}", [("Content-Length", "3"),
                                                                               ("Transfer-Encoding", "chunked")])):
            wire = self.wire()
            wire.ask("GET", target, [self.credential(), *fields], host=host)
            self.assertIn(wire.head().status, (400, 403), (target, host))

    def test_an_intercepted_host_is_judged_and_recorded(self):
        self.models.forget()
        url = f"https://models.test:{self.models.port}/files/a.txt?token=canary-query"
        done = self.curl(url, "--cacert", self.authority, "-X", "PUT", "-d", "what is uploaded", "-H", "Authorization: Bearer canary-b")
        self.assertIn("HTTP/1.1", done.stdout, done.stderr)
        seen = self.models.requests()[-1]
        self.assertEqual(("/files/a.txt", "token=canary-query"), (seen["path"], seen["query"]))
        receipt = self.receipt("request", host="models.test", path="/files/a.txt")
        self.assertEqual(("PUT", 16, "relay"), (receipt["method"], receipt["body_bytes"], receipt["handled_by"]))
        self.assertIn("authorization", receipt["headers"])
        closed = self.receipt("closed", host="models.test", how="intercepted")
        self.assertEqual(16, closed["sent_bytes"])

    def test_large_bodies_pass_as_they_are(self):
        file = self.folder / "upload"
        file.write_bytes(random.Random(1).randbytes(5_000_000))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        inside = ["--cacert", self.authority]
        for vendor, url, arguments in ((self.models, f"https://models.test:{self.models.port}/up", inside),
                                       (self.vendor, f"http://plain.test:{self.vendor.port}/up", [])):
            for framing in ("Transfer-Encoding: chunked", "Expect: 100-continue"):
                vendor.forget()
                done = self.curl(url, *arguments, "-X", "PUT", "--data-binary", f"@{file}", "-H", framing)
                self.assertEqual(0, done.returncode, done.stderr)
                seen = vendor.requests()[-1]
                self.assertEqual((5_000_000, digest), (seen["bytes"], seen["sha256"]), (url, framing))
                receipt = self.receipt("request", path="/up", body_bytes=5_000_000)
                self.assertEqual("relay", receipt["handled_by"])

    def test_requests_follow_each_other_inside(self):
        before = len(self.receipts())
        url = f"https://models.test:{self.models.port}"
        done = self.curl(url + "/one", "--cacert", self.authority, "--next", "-sS", "-x", f"http://127.0.0.1:{self.proxy_port}",
                         "--proxy-user", f"x:{self.key}", "--cacert", self.authority, "-d", "two", url + "/two")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(2, self.receipt("closed", host="models.test", exchanges=2)["exchanges"])
        self.assertGreater(len(self.receipts()), before)

    def test_an_intercepted_model_call_goes_through_the_pipeline(self):
        self.models.forget()
        self.vendor.forget()
        dialect = dialects.ANTHROPIC
        fields = [argument for name, value in dialect.fields(self.key, "git.acme.example/web/site")
                  if name.lower() != dialect.key_header for argument in ("-H", f"{name}: {value}")]
        done = self.curl(f"https://models.test:{self.models.port}/v1/messages", "--cacert", self.authority, *fields, "-d",
                         dialect.bytes("vendor:say(judged)").decode())
        self.assertIn("judged", done.stdout, done.stderr)
        self.assertEqual([], [one for one in self.models.requests()])
        self.assertEqual(1, len(self.vendor.requests()))
        exchange = [line.split(": ")[1] for line in done.stdout.splitlines() if line.lower().startswith("x-sallyport-exchange")][0]
        self.assertEqual("allow", self.gateway.row(exchange.strip())["decision"])
        self.assertEqual("pipeline", self.receipt("request", path="/v1/messages")["handled_by"])

    def test_a_client_that_was_not_told_of_the_authority_sends_nothing(self):
        self.models.forget()
        done = self.curl(f"https://models.test:{self.models.port}/x", "--cacert", self.ca.pem)
        self.assertEqual(60, done.returncode, done.stderr)
        self.assertEqual([], self.models.requests())
        self.assertIn("certificate", self.receipt("closed", host="models.test", sent_bytes=0)["end"])

    def test_the_certificate_of_an_intercepted_host_is_checked(self):
        done = self.curl(f"https://wrong.test:{self.models.port}/x", "--cacert", self.authority)
        self.assertIn("502", done.stdout)
        self.assertIn("hostname mismatch", done.stdout.lower())

    def test_no_other_host_hides_behind_an_intercepted_one(self):
        done = self.curl(f"https://models.test:{self.models.port}/x", "--cacert", self.authority, "-H", "Host: bank.test")
        self.assertIn("421", done.stdout)
        done = self.curl(f"https://bank.test:{self.models.port}/x", "--cacert", self.authority, "-k", "--connect-to",
                         f"bank.test:{self.models.port}:models.test:{self.models.port}")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("TLS hello names another host", self.receipt("closed", how="intercepted", received_bytes=0,
                                                                   end="the TLS hello names another host than the CONNECT")["end"])

    def test_an_upgrade_inside_is_declined(self):
        done = self.curl(f"https://models.test:{self.models.port}/ws", "--cacert", self.authority, "-H", "Connection: Upgrade", "-H",
                         "Upgrade: websocket")
        self.assertIn("426", done.stdout)

    def test_receipts_hold_no_secret(self):
        self.test_an_absolute_form_is_relayed_under_a_host_written_anew()
        self.test_an_intercepted_host_is_judged_and_recorded()
        text = (self.folder / "data/egress/receipts.jsonl").read_text() + self.gateway.errors.read_text()
        for secret in (self.key, "canary-query", "canary-b", "what is uploaded", rig.UPSTREAM_KEY):
            self.assertNotIn(secret, text)
        for line in text.splitlines():
            if line.startswith("{"):
                json.loads(line)

    def test_a_reload_brings_new_rules(self):
        policy = json.loads((self.folder / "policy.yaml").read_text())
        changed = dict(policy, egress=[{"hosts": ["ads.test"], "do": "refuse", "why": "a new reason"}, *policy["egress"][1:]])
        self.gateway.write_policy(changed)
        try:
            self.gateway.reload()
            self.assertIn(b"a new reason", self.connect("ads.test:443")[1].body)
        finally:
            self.gateway.write_policy(policy)
            self.gateway.reload()


if __name__ == "__main__":
    unittest.main()

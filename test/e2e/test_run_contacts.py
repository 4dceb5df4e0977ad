"""Whom a client may contact besides the gateway: the forward proxy and DNS inside the boundary of `sallyport run`, by the policy's `egress`."""

import json
import socketserver
import threading
import unittest

import rig
from test_run import Launching
from wire import until

# Inside: asks the proxy for each target and says what it answered; with a port of its own behind, reads a line through the tunnel.
CONNECT = """
import os, socket, sys
assert os.environ["HTTPS_PROXY"] == os.environ["http_proxy"] == "http://127.0.0.1:7101", os.environ
assert "127.0.0.1" in os.environ["NO_PROXY"]
for target in sys.argv[1:]:
    line = socket.create_connection(("127.0.0.1", 7101), 10)
    line.sendall(f"CONNECT {target} HTTP/1.1\\r\\nHost: {target}\\r\\n\\r\\n".encode())
    said = line.recv(65536).decode()
    print(target, said.split()[1], said.rpartition("\\r\\n")[2].strip())
    if " 200 " in said:
        line.sendall(b"ping\\n")
        print("through", line.recv(100).decode().strip())
"""
NAMES = """
import socket, sys
for name in sys.argv[1:]:
    try:
        print(name, socket.getaddrinfo(name, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
    except socket.gaierror as error:
        print(name, "none")
"""
# A client that insists on its vendor's address, with the certificates that the run gave it.
INSISTS = """
import http.client, os, ssl
assert os.environ["NODE_EXTRA_CA_CERTS"] and os.environ["REQUESTS_CA_BUNDLE"] == os.environ["SSL_CERT_FILE"]
line = http.client.HTTPSConnection("127.0.0.1", 7101, timeout=30, context=ssl.create_default_context())
line.set_tunnel("127.0.0.1", 443)
line.request("POST", "/v1/messages", '{"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}',
             {"content-type": "application/json", "anthropic-version": "2023-06-01", "user-agent": "claude-cli/2.1.330 (external, sdk-cli)"})
answer = line.getresponse()
print(answer.status, answer.getheader("x-sallyport-exchange"))
"""


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"got " + self.rfile.readline())


class Contacts(Launching):
    @classmethod
    def setUpClass(cls):
        cls.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.port = cls.server.server_address[1]
        cls.policy = rig.POLICY | {"launchers": {"trust": "user"}, "egress": [
            {"id": "echo", "hosts": ["127.0.0.1"], "ports": [cls.port], "addresses": ["127.0.0.0/8"], "do": "allow", "why": "a test"},
            {"id": "models", "hosts": ["127.0.0.1"], "addresses": ["127.0.0.1"], "do": "intercept", "why": "model calls are judged"},
            {"hosts": ["telemetry.acme.example"], "do": "refuse", "why": "it only counts people"},
            {"hosts": ["packages.acme.example"], "do": "allow", "why": "packages"},
            {"hosts": ["open.acme.example"], "class": "open-source", "do": "allow", "why": "not for this repository"}]}
        super().setUpClass()

    def python(self, script, *arguments, **more):
        return self.run_inside("--generic", "python3", "--", "-c", script, *arguments, **more)

    ran = 0

    def run_inside(self, *command, **more):
        type(self).ran += 1
        return super().run_inside(*command, **more)

    def run_entry(self):
        """Of the last run: the gateway records one at the end of each."""
        def found():
            runs = [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "run"]
            return len(runs) == self.ran and runs[-1:]

        return until(found, f"the entry of run {self.ran}")[0]

    def test_only_what_a_rule_allows_is_contacted_and_all_of_it_is_told(self):
        done = self.python(CONNECT, f"127.0.0.1:{self.port}", "telemetry.acme.example:443", "nobody.example:443", "127.0.0.1:22",
                           "open.acme.example:443", "localhost:443")
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        self.assertEqual("got ping", said["through"])
        self.assertIn("403", said["telemetry.acme.example:443"])
        self.assertIn("it only counts people", said["telemetry.acme.example:443"])
        for target in ("nobody.example:443", "127.0.0.1:22", "open.acme.example:443", "localhost:443"):
            self.assertTrue(said[target].startswith("403"), said[target])
        self.assertIn("telemetry.acme.example: 1 refused: it only counts people", done.stderr)
        self.assertIn("127.0.0.1: 1 contact (5 bytes sent, 9 received), 1 refused", done.stderr)
        run = self.run_entry()
        hosts = {host: figures for host, *figures in run["hosts"]}
        self.assertEqual([1, 1, 0, 5, 9], hosts["127.0.0.1"])
        self.assertEqual([0, 1, 0, 0, 0], hosts["telemetry.acme.example"])
        self.assertEqual(("A", 0, "git.acme.example/web/site"), (run["binding"]["tier"], run["exchanges"], run["repository"]))
        files = sorted((self.home / ".local/state/sallyport/receipts").glob("*.jsonl"))
        lines = [json.loads(line) for line in files[-1].read_text().splitlines()]
        self.assertEqual({"opened", "closed", "refused"}, {line["event"] for line in lines})
        self.assertEqual(0o600, files[-1].stat().st_mode & 0o777)

    def test_a_name_is_no_way_out(self):
        done = self.python(NAMES, "packages.acme.example", "telemetry.acme.example", "c2VjcmV0.exfil.example")
        self.assertEqual(["packages.acme.example 198.18.0.1", "telemetry.acme.example none", "c2VjcmV0.exfil.example none"],
                         done.stdout.splitlines())
        self.assertIn("c2vjcmv0.exfil.example", done.stderr.lower())

    def test_a_model_call_to_a_vendor_is_judged_by_the_gateway(self):
        done = self.python(INSISTS)
        status, exchange = done.stdout.split()
        self.assertEqual("200", status)
        self.gateway.row(exchange)
        entry = self.gateway.entries(exchange)[0]
        self.assertEqual(("bound", "A"), (entry["facts"]["evidence"], entry["facts"]["tier"]))

    def test_a_run_without_contacts_says_so(self):
        self.assertIn("no contact with anybody else", self.inside("true").stderr)
        self.assertEqual([], self.run_entry()["hosts"])


del Launching

if __name__ == "__main__":
    unittest.main()

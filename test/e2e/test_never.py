"""What must never happen: a key where it does not belong, a program started, a dump, an admin page for a stranger's web site."""

import base64
import gzip
import json
import re
import signal
import unittest
from pathlib import Path
from urllib.parse import quote

import dialects
import rig
from wire import SLOW, Cut, Upstream, Wire, until

VENDOR_KEY = "sk-ant-api03-canary-of-a-person-" + "q" * 40
SECOND_KEY = "canary-second-credential-91bc"
PROXY_PASSWORD = "canary-proxy-password-55aa"
PERSON = "canary.person@acme.example"
FILE = "/home/canary-user/src/canary-file.txt"


class Canary(rig.Case):
    """Everything that can happen, happens; then every byte that stayed or left is searched."""

    @classmethod
    def upstreams(cls):
        def script(wire, request):
            mode = request.get("x-mode")
            if mode == "cut":
                return False
            if mode == "bad head":
                wire.send(b"HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n")
                return False
            if mode == "stream cut":
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                wire.send_chunk(b'event: ping\ndata: {"type":"ping"}\n\n')
                return False
            wire.reply(int(mode or 200), b'{"id":"x","error":null}')
        cls.first, cls.second = Upstream(script), Upstream()
        cls.wall = Upstream(lambda wire, request: wire.reply(407, b"") or False)
        for one in (cls.first, cls.second, cls.wall):
            cls.addClassCleanup(one.close)
        names = {"first": "model-1", "second": "model-2", "proxied": "model-3", "nowhere": "model-4"}
        cls.policy = rig.POLICY | {"invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"} for name in names},
                                   "rules": [{"id": f"to-{name}", "when": {"model": [model], "class": ["internal", "customer"]}, "allow": {"upstreams": [name]}, "record": "durable-first"}
                                             for name, model in names.items()] + [{"id": "personal", "when": {"team": ["own"], "model": ["model-5"]}, "allow": {"upstreams": ["first"], "accounts": ["personal"]}}]}
        (cls.folder / "second.key").write_text(SECOND_KEY + "\n")
        return {"first": cls.first.url, "second": {"url": cls.second.url, "credential": "${file:second.key}"},
                "proxied": {"url": "https://vendor.example", "proxy": f"http://user:{PROXY_PASSWORD}@127.0.0.1:{cls.wall.port}"}, "nowhere": "http://127.0.0.1:1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.secrets = [issued["key"] for issued in (cls.gateway.issue(PERSON), cls.gateway.issue(PERSON, "--team", "own"), cls.gateway.issue(PERSON, "--max-class", "open-source"))]
        revoked = cls.gateway.issue(PERSON)
        cls.gateway.run("key", "revoke", "--config", "sallyport.yaml", revoked["id"])
        cls.keys = [cls.key, *case.secrets, revoked["key"]]
        cls.answers = []
        for key in cls.keys + [cls.key[:-1] + "!", cls.key[:-2], cls.key + "x", cls.key.upper(), VENDOR_KEY, "Bearer " + cls.key]:
            for dialect in dialects.ALL:
                cls.answers += list(case.everything(dialect, key))
        cls.gateway.write_policy("rules: [" + cls.key)
        cls.gateway.reload()
        cls.metrics = cls.gateway.admin("/metrics").body + cls.gateway.admin("/readyz").body
        cls.gateway.write_policy(cls.policy)
        cls.gateway.reload()
        until(lambda: all("ended" in row or row["decision"] == "refuse" for row in cls.gateway.ledger()), "all entries to be closed")

    def everything(self, dialect, key):
        call = {"name": "Read", "input": {"file_path": FILE}}
        messages = {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t"} | call]}, {"role": "user", "content": key}]} if dialect is dialects.ANTHROPIC else {}
        for model, repository, fields, body in (
                ("model-1", "git.acme.example/web/site", (), None), ("model-2", None, (), None), ("model-3", None, (), None), ("model-4", None, (), None),
                ("model-1", "git.acme.example/core/engine", (), None), ("model-1", f"https://user:{VENDOR_KEY}@git.acme.example/web/site", (), None), ("unknown-model", None, (), None),
                ("model-1", None, [("x-mode", "cut")], None), ("model-1", None, [("x-mode", "bad head")], None), ("model-1", None, [("x-mode", "stream cut")], None),
                ("model-1", None, [("x-mode", "500")], None), ("model-1", None, [("x-mode", "401")], None), ("model-1", None, (), b"{"), ("model-1", None, (), key.encode()),
                ("model-1", None, [("Content-Encoding", "gzip")], gzip.compress(dialect.bytes(model="model-1"))), ("model-1", None, [("Content-Encoding", key)], b"x"),
                ("model-1", None, [("x-api-key", VENDOR_KEY)], None), ("model-5", None, [("x-sallyport-key", key), ("x-api-key", VENDOR_KEY)], None),
                ("model-1", None, [("User-Agent", key)], None), ("model-1", None, [("x-claude-code-session-id", key)], None), ("model-1", None, [("Content-Length", 1 << 40)], b"")):
            target = dialect.target(model=model)
            try:
                yield self.gateway.ask("POST", target, dialect.fields(key, repository) + list(fields), body if body is not None else dialect.bytes(model=model, **messages))
            except Cut:
                pass
        for target in (f"{dialect.target(model='model-1')}?key={key}", f"/v1/nothing?key={key}", f"/{key}"):
            yield self.gateway.ask("POST", quote(target, safe="/?=:&-_."), (), dialect.bytes(model="model-1"))
        with Wire(self.gateway.port) as wire:
            wire.send_what_is_taken(f"POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key : {key}\r\n\r\n".encode())
            yield wire.answer()

    @staticmethod
    def forms(secret):
        """A secret as it is and as it could come along in disguise."""
        return [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"="), secret.encode().hex().encode(), quote(secret, safe="").encode(), secret[3:].encode()]

    def search(self, where, data, secrets):
        for secret in secrets:
            for form in self.forms(secret):
                self.assertNotIn(form, data, f"a secret in {where}")

    def all_secrets(self):
        return self.keys + [rig.UPSTREAM_KEY, VENDOR_KEY, SECOND_KEY, PROXY_PASSWORD]

    def test_the_traffic_was_what_it_should_be(self):
        statuses = {answer.status for answer in self.answers}
        self.assertTrue({200, 400, 403, 404, 451, 500, 401, 503} <= statuses, statuses)
        self.assertGreater(len(self.first.received), 50)
        self.assertGreater(len(self.second.received), 3)
        self.assertTrue(self.wall.received)

    def test_no_secret_in_log_or_output(self):
        self.search("log", self.gateway.errors.read_bytes() + self.gateway.output.read_bytes(), self.all_secrets())
        self.assertGreater(len(self.gateway.log()), 20)

    def test_no_secret_in_metrics_or_readiness(self):
        self.assertIn(b"refusals_total", self.metrics)
        self.search("metrics", self.metrics, self.all_secrets())

    def test_no_secret_in_answers(self):
        for answer in self.answers:
            self.search(f"answer {answer.status}: {answer.body[:300]!r}", answer.raw + answer.body, self.all_secrets())

    def test_no_secret_in_any_file_of_the_data_directory(self):
        files = [path for path in (self.gateway.folder / "data").rglob("*") if path.is_file()]
        self.assertTrue({"state.db", "ledger-index.db", "installation.key"} <= {path.name for path in files})
        for path in files:
            if "policies" not in path.parts:
                self.search(path.name, path.read_bytes(), self.all_secrets())

    def test_no_secret_in_what_the_ledger_tells(self):
        told = self.gateway.run("ledger", "list", "--config", "sallyport.yaml", "--json", "--names", "--limit", "100000")
        self.search("ledger list", told.encode(), self.all_secrets())
        for row in self.gateway.ledger()[::7]:
            self.search("ledger show", json.dumps(self.gateway.entries(row["exchange"])).encode(), self.all_secrets())

    def test_no_secret_at_another_host_than_its_own(self):
        for request in self.first.received:
            # Two headers are the client's own content, and it wrote the key there itself.
            head = "\n".join([request.line] + [value for name, value in request.fields if name.lower() not in ("user-agent", "x-claude-code-session-id")])
            self.search("the first upstream", head.encode(), self.keys + [SECOND_KEY, PROXY_PASSWORD])
            personal = b"model-5" in request.body or "model-5" in request.target
            self.assertEqual((personal, not personal), (VENDOR_KEY.encode() in request.raw, rig.UPSTREAM_KEY.encode() in request.raw))
        for request in self.second.received:
            self.search("the second upstream", request.raw, self.keys + [rig.UPSTREAM_KEY, VENDOR_KEY, PROXY_PASSWORD])
            self.assertIn(SECOND_KEY.encode(), request.raw)
        for request in self.wall.received:
            self.search("the proxy", request.raw, self.keys + [rig.UPSTREAM_KEY, VENDOR_KEY, SECOND_KEY])

    def test_names_of_persons_and_files_are_sealed(self):
        for path in (self.gateway.folder / "data").rglob("*"):
            if path.is_file() and "policies" not in path.parts:
                self.search(path.name, path.read_bytes(), [PERSON, FILE, "canary-user"])
        self.search("log", self.gateway.errors.read_bytes(), [PERSON, FILE, "canary-user"])
        self.assertIn(PERSON, self.gateway.run("ledger", "list", "--config", "sallyport.yaml", "--json", "--names"))
        self.assertIn(FILE, self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json"))

    def test_files_are_for_their_owner_only(self):
        for path in [self.gateway.folder / "data", *(self.gateway.folder / "data").rglob("*")]:
            self.assertEqual(0, path.stat().st_mode & 0o077, path)


class Hardened(rig.Case):
    def test_no_program_can_be_started_by_any_thread(self):
        self.assertEqual(200, self.ask(dialects.CHAT).status)
        tasks = list(Path(f"/proc/{self.gateway.process.pid}/task").iterdir())
        self.assertGreater(len(tasks), 2)
        for task in tasks:
            status = (task / "status").read_text()
            self.assertRegex(status, r"(?m)^Seccomp:\s*2$")
            self.assertRegex(status, r"(?m)^NoNewPrivs:\s*1$")
        self.assertEqual([], [name for name in Path(f"/proc/{self.gateway.process.pid}/task/{self.gateway.process.pid}/children").read_text().split()])

    def test_it_talks_to_nobody_it_was_not_told_of(self):
        self.ask(dialects.CHAT)
        pid = self.gateway.process.pid
        try:
            inodes = {match[1] for link in Path(f"/proc/{pid}/fd").iterdir() if (match := re.match(r"socket:\[(\d+)\]", str(link.readlink())))}
        except PermissionError:
            self.skipTest("not allowed to look at the gateway's sockets")
        remote = set()
        for family in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
                columns = line.split()
                if columns[9] in inodes and columns[3] == "01":
                    remote.add(int(columns[2].rsplit(":", 1)[1], 16))
        local = {int(line.split()[2].rsplit(":", 1)[1], 16) for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if int(line.split()[1].rsplit(":", 1)[1], 16) in (self.gateway.port, self.gateway.admin_port)}
        self.assertIn(self.vendor.port, remote)
        self.assertEqual(set(), remote - local - {self.vendor.port})

    @unittest.skipIf(SLOW, "a sanitizer catches the signal")
    def test_a_crash_leaves_no_dump(self):
        with rig.stack() as (_, gateway):
            self.assertRegex(Path(f"/proc/{gateway.process.pid}/limits").read_text(), r"Max core file size\s+0\s+0")
            gateway.signal(signal.SIGABRT)
            self.assertEqual(-signal.SIGABRT, gateway.process.wait(rig.DEADLINE))
            self.assertEqual([], [path for path in gateway.folder.rglob("*") if path.name.startswith("core") and path.is_file()])
            gateway.process = None


class Admin(rig.Case):
    config = {"admin": {"address": "127.0.0.1:0", "hosts": ["ops.acme.example"]}}

    def test_only_by_its_own_names(self):
        port = self.gateway.admin_port
        for host, status in ((f"127.0.0.1:{port}", 200), (f"localhost:{port}", 200), (f"LOCALHOST:{port}", 200), ("ops.acme.example", 200), ("evil.example", 421), (f"evil.example:{port}", 421),
                             ("127.0.0.1", 421), (f"127.0.0.1:{port + 1}", 421), (f"127.0.0.1.evil.example:{port}", 421), (f"127.0.0.2:{port}", 421)):
            for path in ("/healthz", "/readyz", "/metrics"):
                with self.subTest(host, path=path):
                    answer = self.gateway.admin(path, host=host)
                    self.assertEqual(status, answer.status)
                    self.assertEqual(status == 200, b"sallyport_" in answer.body or b"ok\n" == answer.body or b'"ready"' in answer.body)

    def test_no_page_of_another_origin_may_ask(self):
        port = self.gateway.admin_port
        for origin, status in ((f"http://127.0.0.1:{port}", 200), (f"http://localhost:{port}", 200), ("https://evil.example", 421), ("null", 421), (f"http://127.0.0.1:{port}.evil.example", 421),
                               (f"ftp://127.0.0.1:{port}", 421), ("", 421)):
            with self.subTest(origin):
                self.assertEqual(status, self.gateway.admin("/metrics", [("Origin", origin)]).status)

    def test_nothing_can_be_changed_there_and_nothing_of_it_is_seen_elsewhere(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.assertEqual(405, self.gateway.admin("/metrics", method=method).status)
        for path in ("/", "/v1/messages", "/debug", "/metrics/", "/../metrics"):
            self.assertEqual(404, self.gateway.admin(path).status)
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(404, self.gateway.ask("GET", path).status)
        self.assertEqual(404, self.gateway.admin("/v1/models", [("x-api-key", self.key)]).status)


if __name__ == "__main__":
    unittest.main()

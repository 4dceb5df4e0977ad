"""Canaries: no key in a log, metric, entry, answer or file, and none at a host but its own."""

import base64
import gzip
import json
import unittest
from urllib.parse import quote

import dialects
import rig
from upstream import Upstream
from wire import Cut, Wire, until

VENDOR_KEY = "sk-ant-api03-canary-of-a-person-" + "q" * 40
SECOND_KEY = "canary-second-credential-91bc"
PROXY_PASSWORD = "canary-proxy-password-55aa"
PERSON = "canary.person@acme.example"
FILE = "/home/canary-user/src/canary-file.txt"
HANDED_OVER = ("ocsf", "cef", "otlp")


class Canary(rig.Case):
    """Everything that can happen, happens; then every byte that stayed or left is searched. Bodies are kept, entries handed over."""

    config = {"handover": [{"name": form, "to": f"file:{form}.jsonl", "format": form, "from": "start"} for form in HANDED_OVER]}

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
        cls.policy = rig.POLICY | {
            "bodies": {"open-source": "1d", "internal": "1d", "customer": "1d"}, "invariants": [], "upstreams": {name: {"vendor": name, "hosting": "vendor"}
                                            for name in names},
            "rules": [{
                "id": f"to-{name}", "when": {"model": [model], "class": ["internal", "customer"]},
                "allow": {"upstreams": [name]}, "record": "durable-first"
            } for name, model in names.items()] + [{
                "id": "personal", "when": {"team": ["own"], "model": ["model-5"]},
                "allow": {"upstreams": ["first"], "accounts": ["personal"]}
            }]
        }
        (cls.folder / "second.key").write_text(SECOND_KEY + "\n")
        return {
            "first": cls.first.url, "second": {"url": cls.second.url, "credential": "${file:second.key}"}, "proxied": {
                "url": "https://vendor.example", "proxy": f"http://user:{PROXY_PASSWORD}@127.0.0.1:{cls.wall.port}"
            }, "nowhere": "http://127.0.0.1:1"
        }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.secrets = [
            issued["key"] for issued in (cls.gateway.issue(PERSON), cls.gateway.issue(PERSON, "--team", "own"),
                                         cls.gateway.issue(PERSON, "--max-class", "open-source"))
        ]
        revoked = cls.gateway.issue(PERSON)
        cls.gateway.run("key", "revoke", "--config", "sallyport.yaml", revoked["id"])
        cls.keys = [cls.key, *case.secrets, revoked["key"]]
        cls.answers = []
        for key in cls.keys + [
                cls.key[:-1] + "!", cls.key[:-2], cls.key + "x",
                cls.key.upper(), VENDOR_KEY, "Bearer " + cls.key
        ]:
            for dialect in dialects.ALL:
                cls.answers += list(case.everything(dialect, key))
        cls.gateway.write_policy("rules: [" + cls.key)
        cls.gateway.reload()
        cls.metrics = cls.gateway.admin("/metrics").body + cls.gateway.admin("/readyz").body
        cls.gateway.write_policy(cls.policy)
        cls.gateway.reload()
        until(lambda: all("ended" in row or row["decision"] == "refuse" for row in cls.gateway.ledger()),
              "all entries to be closed")
        until(lambda: all(cls.gateway.metric(f'handover_lag_entries{{destination="{form}"}}') == 0 for form in HANDED_OVER),
              "all entries to be handed over")

    def everything(self, dialect, key):
        call = {"name": "Read", "input": {"file_path": FILE}}
        messages = {
            "messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t"}
                                                           | call]}, {"role": "user", "content": key}]
        } if dialect is dialects.ANTHROPIC else {}
        for model, repository, fields, body in (
            ("model-1", "git.acme.example/web/site", (), None),
            ("model-2", None, (), None),
            ("model-3", None, (), None),
            ("model-4", None, (), None),
            ("model-1", "git.acme.example/core/engine", (), None),
            ("model-1", f"https://user:{VENDOR_KEY}@git.acme.example/web/site", (), None),
            ("unknown-model", None, (), None),
            ("model-1", None, [("x-mode", "cut")], None),
            ("model-1", None, [("x-mode", "bad head")], None),
            ("model-1", None, [("x-mode", "stream cut")], None),
            ("model-1", None, [("x-mode", "500")], None),
            ("model-1", None, [("x-mode", "401")], None),
            ("model-1", None, (), b"{"),
            ("model-1", None, (), key.encode()),
            ("model-1", None, [("Content-Encoding", "gzip")], gzip.compress(dialect.bytes(model="model-1"))),
            ("model-1", None, [("Content-Encoding", key)], b"x"),
            ("model-1", None, [("x-api-key", VENDOR_KEY)], None),
            ("model-5", None, [("x-sallyport-key", key), ("x-api-key", VENDOR_KEY)], None),
            ("model-1", None, [("User-Agent", key)], None),
            ("model-1", None, [("x-claude-code-session-id", key)], None),
            ("model-1", None, [("Content-Length", 1 << 40)], b""),
        ):
            target = dialect.target(model=model)
            try:
                yield self.gateway.ask("POST", target,
                                       dialect.fields(key, repository) + list(fields),
                                       body if body is not None else dialect.bytes(model=model, **messages))
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
        return [
            secret.encode(),
            base64.b64encode(secret.encode()).rstrip(b"="),
            secret.encode().hex().encode(),
            quote(secret, safe="").encode(), secret[3:].encode()
        ]

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

    def test_bodies_were_kept_and_are_sealed(self):
        packs = b"".join(path.read_bytes() for path in (self.gateway.folder / "data" / "bodies").glob("*.pack"))
        self.assertGreater(len(packs), 10_000)
        self.search("packs of bodies", packs, self.all_secrets() + [PERSON, FILE, "canary-user"])

    def test_no_secret_and_no_name_in_what_is_handed_over(self):
        for form in HANDED_OVER:
            events = (self.gateway.folder / f"{form}.jsonl").read_bytes()
            self.assertGreater(events.count(b"\n"), 50, form)
            self.search(form, events, self.all_secrets() + [PERSON, FILE, "canary-user"])

    def test_no_secret_in_what_the_ledger_tells(self):
        told = self.gateway.run("ledger", "list", "--config", "sallyport.yaml", "--json", "--limit", "100000")
        self.search("ledger list", told.encode(), self.all_secrets())
        for row in self.gateway.ledger()[::7]:
            self.search("ledger show", json.dumps(self.gateway.entries(row["exchange"])).encode(), self.all_secrets())

    def test_no_secret_at_another_host_than_its_own(self):
        for request in self.first.received:
            # Two headers are the client's own content, and it wrote the key there itself.
            head = "\n".join([request.line] + [
                value for name, value in request.fields
                if name.lower() not in ("user-agent", "x-claude-code-session-id")
            ])
            self.search("the first upstream", head.encode(), self.keys + [SECOND_KEY, PROXY_PASSWORD])
            personal = b"model-5" in request.body or "model-5" in request.target
            self.assertEqual((personal, not personal),
                             (VENDOR_KEY.encode() in request.raw, rig.UPSTREAM_KEY.encode() in request.raw))
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
        desk = []
        for option, role in (("--by", "auditor"), ("--with", "data-protection")):
            file = self.gateway.folder / f"{role}.key"
            file.write_text(self.gateway.issue(f"{role}@acme.example", "--access", role)["key"])
            desk += [option, file.name]
        [person] = {row["person"] for row in self.gateway.ledger("--team", "own")}
        self.assertEqual(PERSON + "\n", self.gateway.run("ledger", "unmask", "--config", "sallyport.yaml", person, "--case", "1", *desk))
        self.assertIn(FILE, self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json"))

    def test_files_are_for_their_owner_only(self):
        for path in [self.gateway.folder / "data", *(self.gateway.folder / "data").rglob("*")]:
            self.assertEqual(0, path.stat().st_mode & 0o077, path)


if __name__ == "__main__":
    unittest.main()

"""Bindings: what `sallyport run` states and the gateway confirms, who may use it, and that it loosens nothing on its own (law 7)."""

import hashlib
import json
import subprocess
import time
import unittest

import dialects
import launcher
import rig
from programs import PROGRAM
from test_run import Launching

SITE, ENGINE, OPEN = "git.acme.example/web/site", "git.acme.example/core/engine", "github.com/acme/oss-tools"
TRUSTING = rig.POLICY | {"launchers": {"trust": "user"}, "claims_lower_to": "customer"}
CLAIMED = rig.POLICY | {"claims_lower_to": "customer"}


def recorded(gateway, exchange):
    """The first entry of an exchange, once it is closed."""
    gateway.row(exchange)
    return gateway.entries(exchange)[0]


class Bound(rig.Case):
    policy = TRUSTING

    def send(self, binding=None, text="hi", repository=None, fields=None, gateway=None, agent=None, **proof):
        """One exchange of Claude Code with a binding."""
        dialect, gateway = dialects.ANTHROPIC, gateway or self.gateway
        body, target = dialect.bytes(text), dialect.target()
        own = [(name, value) for name, value in dialect.fields(gateway.key, repository)
               if not (agent and name.lower() == "user-agent")] + ([("user-agent", agent)] if agent else [])
        bound = fields if fields is not None else launcher.fields(binding, target, body, **proof) if binding else []
        return gateway.ask("POST", target, own + bound, body)

    def refused(self, answer, *words):
        self.assertEqual(dialects.ANTHROPIC.status["identity"], answer.status, answer.body)
        sentence = json.loads(answer.body)["error"]["message"]
        for word in words:
            self.assertIn(word, sentence)
        self.assertIn("sallyport run", sentence)
        self.assertEqual("identity", recorded(self.gateway, answer.exchange)["why"])

    def test_the_entry_says_bound_with_tier_version_and_digest(self):
        binding = launcher.bind(self.gateway)
        self.assertEqual("bound", binding["evidence"])
        answer = self.send(binding)
        self.assertEqual(200, answer.status, answer.body)
        entry = recorded(self.gateway, answer.exchange)
        self.assertEqual(("bound", SITE, "A", "internal"),
                         (entry["facts"]["evidence"], entry["facts"]["repository"], entry["facts"]["tier"], entry["plan"]["class"]))
        self.assertEqual({"client": "claude-code", "commit": "a" * 40, "digest": "sha256:" + "0" * 64, "id": binding["id"], "root": "b" * 40,
                          "tier": "A", "version": "2.1.330"}, entry["request"]["binding"])

    def test_the_vendor_sees_nothing_of_it(self):
        self.vendor.forget()
        binding = launcher.bind(self.gateway)
        self.assertEqual(200, self.send(binding).status)
        self.assertNotIn("sallyport", json.dumps(self.vendor.requests()))

    def test_a_stolen_one_is_refused(self):
        binding, other = launcher.bind(self.gateway), launcher.bind(self.gateway)
        for secret in ("0" * 64, other["secret"]):
            self.refused(self.send(binding, secret=secret), "another run's")
        self.refused(self.send(fields=[("x-sallyport-binding", binding["binding"])]), "another run's")
        whole = launcher.fields(binding, dialects.ANTHROPIC.target(), dialects.ANTHROPIC.bytes("hi"))
        self.assertEqual(200, self.send(fields=whole).status)
        self.refused(self.send(fields=whole, text="another question"), "another run's")
        self.refused(self.send(binding, at=int(time.time() * 1000) - 61_000), "a minute away")

    def test_a_binding_of_another_key_is_refused(self):
        other = self.gateway.issue("bob@acme.example")["key"]
        self.refused(self.send(launcher.bind(self.gateway, key=other)), "another company key")

    def test_an_expired_one_is_refused_and_a_forged_one_too(self):
        root = (self.folder / "data/installation.key").read_bytes()
        real = json.loads(launcher.decoded(launcher.bind(self.gateway)["binding"].split(".")[0]))
        self.assertEqual(200, self.send(launcher.forged(root, **real)).status, "forged with the gateway's own key: the control")
        self.refused(self.send(launcher.forged(root, **real | {"until": int(time.time() * 1000) - 1})), "has expired")
        self.refused(self.send(launcher.forged(b"x" * 32, **real)), "none of this installation")
        for text in ("", ".", "AAAA", "x" * 5000):
            answer = self.send(fields=[("x-sallyport-binding", text), ("x-sallyport-proof", "1.00")])
            self.refused(answer, "none of this installation")

    def test_one_of_another_repository_client_or_version_is_refused(self):
        binding = launcher.bind(self.gateway)
        self.refused(self.send(binding, repository=OPEN), f"of repository {SITE}", f"says {OPEN}")
        self.assertEqual(200, self.send(binding, repository=SITE).status)
        self.refused(self.send(launcher.bind(self.gateway, version="2.1.331")), "of claude-code 2.1.331", "says 2.1.330")
        self.refused(self.send(launcher.bind(self.gateway, client="codex", version="0.169.0")), "of client codex", "says claude-code")

    def test_a_program_that_does_not_say_what_it_is_is_not_taken_for_the_client(self):
        answer = self.send(launcher.bind(self.gateway), agent="curl/8.0")
        self.assertEqual(("unknown", ""), tuple(recorded(self.gateway, answer.exchange)["facts"][one] for one in ("client", "client_version")))

    def test_what_else_is_claimed_only_narrows(self):
        metadata = json.dumps({"workspaces": {"/w": {"associated_remote_urls": {"origin": f"https://{ENGINE}.git"}}}})
        binding = launcher.bind(self.gateway)
        body, target = dialects.ANTHROPIC.bytes("hi"), dialects.ANTHROPIC.target()
        answer = self.send(fields=launcher.fields(binding, target, body) + [("x-codex-turn-metadata", metadata)])
        self.assertNotEqual(200, answer.status)
        entry = recorded(self.gateway, answer.exchange)
        self.assertEqual(("bound", [ENGINE]), (entry["facts"]["evidence"], entry["facts"]["also_claimed"]))

    def test_an_unapproved_client_or_version_is_refused_before_it_starts(self):
        answer = launcher.ask(self.gateway, launcher.statement(version="2.1.90"))
        self.assertEqual(403, answer.status)
        self.assertIn(">=2.1.198", json.loads(answer.body)["error"]["message"])
        answer = launcher.ask(self.gateway, launcher.statement(client="crush"))
        self.assertIn("crush", json.loads(answer.body)["error"]["message"])
        self.assertEqual(403, launcher.ask(self.gateway, launcher.statement(tier="C")).status, "the policy's lowest tier is A")

    def test_what_cannot_be_read_or_is_nobodys_is_refused(self):
        for body in (b"", b"{}", b"[]", b'{"tier":"A","tier":"A"}', b'{"tier":"A","repository":"a b"}', b"x" * 5000):
            answer = self.gateway.ask("POST", launcher.PATH, [("x-sallyport-key", self.key)], body)
            self.assertIn(answer.status, (400, 413), body)
        self.assertEqual(403, launcher.ask(self.gateway, launcher.statement(), key="sp_" + "0" * 36).status)
        self.assertEqual(405, self.gateway.ask("GET", launcher.PATH, [("x-sallyport-key", self.key)]).status)


class NotTrusted(Bound):
    """The same binding where the policy trusts no launcher that runs as the person."""
    policy = CLAIMED
    test_the_entry_says_bound_with_tier_version_and_digest = None
    test_what_else_is_claimed_only_narrows = None

    def test_it_is_a_claim_and_loosens_nothing(self):
        for repository in (SITE, OPEN, ENGINE, None):
            binding = launcher.bind(self.gateway, repository=repository)
            self.assertEqual("claimed" if repository else "none", binding["evidence"])
            with_it, without = self.send(binding), self.send(repository=repository)
            told, plain = (recorded(self.gateway, one.exchange) for one in (with_it, without))
            for one in (told, plain):
                one["facts"].pop("at")
            self.assertEqual(plain["facts"], told["facts"])
            self.assertEqual(plain["plan"], told["plan"])
            self.assertIn(told["plan"]["class"], ("customer", "trade-secret"), "never below what a claim may lower to")
            self.assertEqual("A", told["request"]["binding"]["tier"])


class Tiers(Bound):
    """A class that asks for a tier."""
    policy = TRUSTING | {"launchers": {"trust": "user", "lowest_tier": "C", "tiers": {"internal": "A"}}}

    def test_a_class_is_served_in_its_tier_only(self):
        self.assertEqual(200, self.send(launcher.bind(self.gateway)).status)
        for answer in (self.send(repository=SITE), self.send(launcher.bind(self.gateway, repository=OPEN, tier="C"), repository=None)):
            entry = recorded(self.gateway, answer.exchange)
            self.assertEqual(entry["plan"]["class"] in ("internal",), answer.status != 200, answer.body)
        answer = launcher.ask(self.gateway, launcher.statement(tier="C"))
        self.assertEqual(403, answer.status)
        self.assertIn("boundary of tier A, and it runs in one of tier C", json.loads(answer.body)["error"]["message"])

    def test_an_unapproved_client_or_version_is_refused_before_it_starts(self):
        self.assertEqual(403, launcher.ask(self.gateway, launcher.statement(version="2.1.90")).status)


class Runs(Launching):
    """`sallyport run` itself."""
    policy = TRUSTING
    # As Claude Code would ask.
    ASK = """
import http.client, os
line = http.client.HTTPConnection("127.0.0.1", 7100, timeout=30)
for body in os.environ.get("BODIES", "hello").split():
    line.request("POST", "/v1/messages", '{"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"%s"}]}' % body,
                 {"content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "sallyport",
                  "user-agent": "claude-cli/VERSION (external, sdk-cli)"})
    answer = line.getresponse()
    print(answer.status, answer.getheader("x-sallyport-exchange"), answer.read().decode())
"""

    def install(self, version, says=None):
        """A client that is a script; `says`: the version that it tells of itself."""
        package = self.folder / f"node_modules-{version}-{says}/@anthropic-ai/claude-code"
        package.mkdir(parents=True, exist_ok=True)
        (package / "package.json").write_text(json.dumps({"name": "@anthropic-ai/claude-code", "version": version}))
        program = package / "claude"
        program.write_text("#!/usr/bin/python3\n" + self.ASK.replace("VERSION", says or version))
        program.chmod(0o755)
        return program

    def test_a_run_is_bound(self):
        program = self.install("2.1.330")
        done = self.run_inside("claude", PATH=f"{program.parent}:/usr/bin:/bin")
        status, exchange = done.stdout.split()[:2]
        self.assertEqual("200", status, done.stdout)
        entry = recorded(self.gateway, exchange)
        self.assertEqual(("bound", "A"), (entry["facts"]["evidence"], entry["facts"]["tier"]))
        bound = entry["request"]["binding"]
        self.assertEqual(("claude-code", "2.1.330", "sha256:" + hashlib.sha256(program.read_bytes()).hexdigest()),
                         (bound["client"], bound["version"], bound["digest"]))
        self.assertEqual(subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=self.work, text=True).strip(), bound["commit"])
        self.assertIn(f"on {SITE}, boundary of tier A", done.stderr)
        self.assertIn("; binding: bound;", done.stderr)

    def test_a_client_that_was_changed_has_another_digest(self):
        program = self.install("2.1.330", "2.1.330")
        digests = []
        for text in ("", "# changed\n"):
            program.write_text(program.read_text() + text)
            done = self.run_inside("claude", PATH=f"{program.parent}:/usr/bin:/bin")
            digests.append(recorded(self.gateway, done.stdout.split()[1])["request"]["binding"]["digest"])
            self.assertEqual("sha256:" + hashlib.sha256(program.read_bytes()).hexdigest(), digests[-1])
        self.assertEqual(2, len(set(digests)))

    def test_an_unapproved_version_does_not_start(self):
        program = self.install("2.1.90")
        done = self.run_inside("claude", code=3, PATH=f"{program.parent}:/usr/bin:/bin")
        self.assertIn(">=2.1.198", done.stderr)
        self.assertEqual("", done.stdout)

    def test_a_client_that_is_not_the_version_that_was_started_is_told(self):
        program = self.install("2.1.330", "2.1.331")
        done = self.run_inside("claude", PATH=f"{program.parent}:/usr/bin:/bin")
        self.assertIn("the binding that came with the request is of claude-code 2.1.330, the request says 2.1.331", done.stdout)

    def test_the_measured_tier_and_the_digest_are_remembered_where_the_client_does_not_see_them(self):
        program = self.install("2.1.330", None)
        self.run_inside("claude", PATH=f"{program.parent}:/usr/bin:/bin")
        known = self.home / ".local/state/sallyport/known"
        self.assertTrue(any(one.read_text().endswith("\nA\n") for one in known.glob("tier-*")))
        again = self.run_inside("claude", PATH=f"{program.parent}:/usr/bin:/bin")
        self.assertNotIn("measuring", again.stderr)
        self.inside("test ! -e ~/.local/state/sallyport/known")
        for one in known.glob("tier-*"):
            one.unlink()
        self.assertIn("measuring what a boundary is worth", self.inside("true").stderr)

    def test_a_machine_that_gives_no_boundary_starts_nothing_though_it_gave_one_before(self):
        self.inside("true")
        where = ["--gateway", f"http://127.0.0.1:{self.gateway.port}", "--generic", "echo", "started"]
        script = 'echo 0 > /proc/sys/user/max_user_namespaces || exit 77; exec "$@"'
        done = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", PROGRAM, "run", *where], cwd=self.work,
                              env=self.environment(), capture_output=True, text=True, timeout=rig.DEADLINE)
        if done.returncode == 77 or done.stderr.startswith("unshare:"):
            self.skipTest(done.stderr)
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn("nothing was started: this machine gives no boundary of tier A", done.stderr)
        self.assertNotIn("started", done.stdout)

    def test_a_gateway_that_is_not_there_or_says_no_ends_it_before_it_starts(self):
        done = self.inside("echo started", code=4, gateway="http://127.0.0.1:9")
        self.assertNotIn("started", done.stdout)
        done = self.inside("echo started", code=3, SALLYPORT_KEY="sp_" + "0" * 36)
        self.assertIn("company key", done.stderr)
        self.assertNotIn("started", done.stdout)


del Launching

if __name__ == "__main__":
    unittest.main()

"""`sallyport policy compile`: the policy in the clients' own company settings, and what these cannot say."""

import json
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

from programs import PROGRAM, environment

CLIENTS = ("claude", "codex", "gemini", "qwen", "opencode", "copilot")
GATEWAY = "https://gateway.acme.example"
POLICY = """\
version: 1
repositories:
  - { match: "git.acme.example/**", class: internal }
clients:
  claude-code: { versions: ">=2.1.198 <=2.1.330" }
  codex: { versions: ">=0.160.0 <1 || 1.2.0" }
  gemini-cli: {}
  qwen-code: {}
  copilot: {}
upstreams:
  eu: { vendor: anthropic, hosting: vendor, region: eu }
plugins:
  github-mcp: { classes: [open-source, internal] }
  docs: { classes: [internal], url: ["https://mcp.acme.example/**"] }
  notes: { classes: [trade-secret] }
rules:
  - id: work
    when: { class: [open-source, internal] }
    allow: { upstreams: [eu], models: [claude-sonnet-4-5, "gpt-*"] }
  - id: not-that-one
    when: { model: [claude-opus-4-5, "*-preview"] }
    refuse: "Not covered."
  - id: no-search-for-customers
    when: { class: customer, references: vendor-tool }
    refuse: "No."
  - id: not-yet
    when: { model: claude-haiku-4-5 }
    mode: observe
    refuse: "Soon."
egress:
  - { id: packages, hosts: [packages.acme.example], do: allow, why: "packages" }
invariants:
  - never: { class: trade-secret, hosting: vendor }
"""


class Compile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "policy.yaml").write_text(POLICY)

    def run_it(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, "policy", "compile", "--gateway", GATEWAY, *arguments], cwd=self.folder,
                              env=environment(self.folder), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def compiled(self, client, *arguments):
        """(path -> settings as read, statement -> (who, how))"""
        told = json.loads(self.run_it("--client", client, "--json", *arguments))
        files = {file["path"]: (tomllib if file["path"].endswith(".toml") else json).loads(file["text"]) for file in told["files"]}
        return files, {one["says"]: (one["held_by"], one["how"]) for one in told["statements"]}

    def test_claude_code_is_told_versions_models_and_servers(self):
        files, statements = self.compiled("claude", "--model", "gpt-5.5")
        settings = files["/etc/claude-code/managed-settings.json"]
        self.assertEqual(("2.1.198", "2.1.330"), (settings["requiredMinimumVersion"], settings["requiredMaximumVersion"]))
        self.assertEqual(["claude-sonnet-4-5", "gpt-5.5"], settings["availableModels"])
        self.assertTrue(settings["enforceAvailableModels"])
        self.assertEqual(["claude-opus-4-5"], settings["deniedModels"], "patterns would be taken as names; what is observed is not denied")
        self.assertEqual([{"serverName": "github-mcp"}, {"serverName": "docs"}, {"serverUrl": "https://mcp.acme.example/*"}],
                         settings["allowedMcpServers"])
        self.assertEqual(GATEWAY, settings["env"]["ANTHROPIC_BASE_URL"])
        self.assertNotIn("permissions", settings, "open-source work may use the vendor's search")
        self.assertEqual("client", statements["versions of the client"][0])
        self.assertEqual("client", statements["plugins"][0])

    def test_a_class_narrows_what_is_said(self):
        files, _ = self.compiled("claude", "--class", "internal")
        self.assertEqual(["WebSearch"], files["/etc/claude-code/managed-settings.json"]["permissions"]["deny"])
        self.assertEqual(["disabled"], self.compiled("codex", "--class", "internal")[0]["/etc/codex/requirements.toml"]["allowed_web_search_modes"])
        files, _ = self.compiled("gemini", "--class", "customer")
        settings = files["/etc/gemini-cli/settings.json"]
        self.assertEqual(["no-server-is-approved"], settings["mcp"]["allowed"], "an empty list means all to it")
        self.assertEqual("gemini-api-key", settings["security"]["auth"]["enforcedType"])

    def test_patterns_without_names_are_left_to_the_gateway(self):
        files, statements = self.compiled("claude")
        self.assertNotIn("availableModels", files["/etc/claude-code/managed-settings.json"])
        self.assertEqual(("gateway", "patterns, which clients take as names; name models with --model"),
                         statements["which models may be used at all"])

    def test_a_range_that_a_client_cannot_be_told_is_not_told(self):
        self.assertEqual("gateway", self.compiled("codex")[1]["versions of the client"][0])

    def test_every_statement_of_the_policy_is_named_for_every_client(self):
        (self.folder / "policy.yaml").write_text(POLICY.replace("  copilot: {}", "  copilot: {}\n  opencode: {}"))
        for client in CLIENTS:
            with self.subTest(client):
                files, statements = self.compiled(client)
                told = "\n".join(statements)
                for one in ("rule work (policy.yaml:", "rule not-that-one", "rule no-search-for-customers", "rule not-yet", "invariant ",
                            "egress packages", "plugins", "classes of repositories", "versions of the client", "the way to the gateway",
                            "updates and telemetry"):
                    self.assertIn(one, told)
                self.assertTrue(files)
                self.assertTrue(all(how for _, how in statements.values()), statements)
                self.assertEqual("gateway", next(who for says, (who, _) in statements.items() if says.startswith("rule not-yet")))

    def test_a_client_that_is_not_approved_is_told_nothing(self):
        self.assertIn("does not approve opencode", self.run_it("--client", "opencode", code=4))
        self.assertIn("there are claude, codex, gemini", self.run_it("--client", "cursor", code=4))
        self.assertIn("lets nobody use it", self.run_it("--client", "claude", "--model", "claude-opus-4-5", code=4))
        self.assertIn("lets nobody use it", self.run_it("--client", "claude", "--model", "mistral", code=4))

    def test_what_is_there_is_never_lost(self):
        target = self.folder / "out" / "etc" / "claude-code" / "managed-settings.json"
        target.parent.mkdir(parents=True)
        target.write_text('{"of": "the company"}')
        self.assertIn("--replace keeps it as managed-settings.json.before", self.run_it("--client", "claude", "--out", "out", code=4))
        self.assertEqual('{"of": "the company"}', target.read_text())
        self.run_it("--client", "claude", "--out", "out", "--replace")
        self.assertIn("requiredMinimumVersion", target.read_text())
        self.assertEqual('{"of": "the company"}', target.with_name("managed-settings.json.before").read_text())
        written = target.stat().st_mtime_ns
        self.run_it("--client", "claude", "--out", "out")
        self.assertEqual(written, target.stat().st_mtime_ns, "the same again changes nothing")

    def test_the_address_is_an_address(self):
        for wrong in ("gateway.example", "https://user@gateway.example", "https://gateway.example/\"", "ftp://gateway.example"):
            done = subprocess.run([PROGRAM, "policy", "compile", "--client", "claude", "--gateway", wrong], cwd=self.folder,
                                  env=environment(self.folder), capture_output=True, text=True, timeout=60, check=False)
            self.assertNotEqual(0, done.returncode, wrong)
            self.assertIn("such as https://gateway.example", done.stderr)


if __name__ == "__main__":
    unittest.main()

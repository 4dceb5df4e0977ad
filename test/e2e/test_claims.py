"""What clients say of themselves: believed where it closes, never where it opens."""

import json
import unittest

import dialects
import rig
from upstream import Upstream

SITE, ENGINE, DEPLOY, CLIENT = ("git.acme.example/web/site", "git.acme.example/core/engine",
                                "git.acme.example/deploy/keys", "git.acme.example/clients/x")


class Clients(rig.Case):
    policy = rig.POLICY | {
        "clients": rig.POLICY["clients"]
        | {"gemini-cli": {"versions": ">=0.60.0"}, "opencode": {"versions": ">=1.18.0 <2"}}
    }

    def test_each_client_is_known_by_its_own_headers(self):
        for agent, more, name, version in (
            ("claude-cli/2.1.330 (external, sdk-cli)", [("X-Claude-Code-Session-Id", "s-1"),
                                                        ("x-app", "cli")], "claude-code", "2.1.330"),
            ("codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm-256color (codex_exec; 0.169.0)",
             [("originator", "codex_exec")], "codex", "0.169.0"),
            ("codex_cli_rs/0.170.0-alpha.3 (Mac OS 15.0; arm64)", [("originator", "codex_cli_rs")], "codex",
             "0.170.0-alpha.3"),
            ("GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)",
             [("x-goog-api-client", "google-genai-sdk/1")], "gemini-cli", "0.61.0"),
            ("CloudCodeVSCode/0.61.0 (aidev_client; os_type=linux)", [], "gemini-cli", "0.61.0"),
            ("QwenCode/0.24.4 (linux; x64)", [], "qwen-code", "0.24.4"),
            ("opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", [("x-session-id", "s-2")], "opencode",
             "1.18.33"),
            ("pi (linux 6.18; x64)", [], "pi", ""),
            ("OpenAI/JS 5.20.1", [("x-interaction-type", "conversation-agent"), ("x-initiator", "user")], None, ""),
            ("OpenAI/JS 5.20.1", [], "unknown", ""),
            ("curl/8.0", [], "unknown", ""),
            ("my-claude-cli/2.1.330", [], "unknown", ""),
            (None, [], "unknown", ""),
        ):
            with self.subTest(agent):
                fields = [dialects.CHAT.key(self.key),
                          ("x-sallyport-repository", SITE)] + [("User-Agent", agent)] * bool(agent) + more
                answer = self.gateway.ask("POST", "/v1/chat/completions", fields, dialects.CHAT.bytes())
                row = self.row(answer)
                # Copilot CLI tells neither name nor version; that it is it may be concluded from its other headers.
                self.assertIn(row["client"]["name"], [name] if name else ["copilot", "unknown"])
                self.assertEqual(version, row["client"]["version"])
                self.assertEqual(200, answer.status, answer.body)

    def test_a_version_that_is_not_approved_is_refused_and_the_approved_ones_are_named(self):
        for agent, said in (
            ("claude-cli/2.1.90 (external, cli)", ">=2.1.198"),
            ("claude-cli/2.1.197", ">=2.1.198"),
            ("claude-cli", ">=2.1.198"),
            ("claude-cli/x", ">=2.1.198"),
            ("claude-cli/2.1.198-beta.1", ">=2.1.198"),
            ("GeminiCLI/0.59.9/gemini (linux)", ">=0.60.0"),
            ("opencode/2.0.0", "<2"),
        ):
            with self.subTest(agent):
                fields = [dialects.ANTHROPIC.key(self.key), ("x-sallyport-repository", SITE), ("User-Agent", agent)]
                answer = self.gateway.ask("POST", "/v1/messages", fields, dialects.ANTHROPIC.bytes())
                self.assertEqual(451, answer.status, answer.body)
                sentence = dialects.ANTHROPIC.sentence(answer)
                self.assertIn("not approved", sentence)
                self.assertIn(said, sentence)

    def test_a_client_that_is_not_listed_is_refused(self):
        gateway = self.run_gateway({"sim": self.vendor.url}, rig.POLICY | {"clients": {"codex": {}}},
                                   self.folder / "listed")
        for dialect, status in (
            (dialects.RESPONSES, 200),
            (dialects.ANTHROPIC, 451),
            (dialects.GEMINI, 403),
            (dialects.CHAT, 451),
        ):
            answer = self.ask(dialect, gateway=gateway, key=gateway.key)
            self.assertEqual(status, answer.status)
            if status != 200:
                self.assertRegex(dialect.sentence(answer), f"{dialect.client} is not approved.*codex")


class Repositories(rig.Case):
    """What is unknown is `customer`, which may go to sim; `internal` too; trade secrets nowhere here."""
    def where(self, dialect=dialects.ANTHROPIC, fields=(), repository=None, session=None, **body):
        """(class, evidence, repository) that an exchange was judged by."""
        answer = self.gateway.ask(
            "POST", dialect.target(),
            dialect.fields(self.key, repository) +
            list(fields) + [("x-claude-code-session-id", session)] * bool(session),
            dialect.bytes(f"{fields}{body}{repository}", **body))
        row = self.row(answer)["repository"]
        return row["class"], row["evidence"], row["id"]

    def test_a_remote_is_known_in_every_form(self):
        for remote in (SITE, "https://git.acme.example/web/site.git", "https://ada:pass-word@git.acme.example/web/site",
                       "git@git.acme.example:web/site.git", "ssh://git@git.acme.example:2222/web/site.git",
                       "HTTPS://GIT.ACME.EXAMPLE/web/site/", "git://git.acme.example/web/site"):
            with self.subTest(remote):
                self.assertEqual(("internal", "claimed", SITE), self.where(repository=remote))
        self.assertNotIn("pass-word", json.dumps(self.gateway.ledger()))

    def test_codex_tells_its_remote_in_header_and_body(self):
        metadata = json.dumps({
            "installation_id": "i", "workspaces": {
                "/home/ada/engine": {
                    "associated_remote_urls": {"origin": f"https://{ENGINE}.git"}, "has_changes": False
                }
            }
        })
        expected = ("trade-secret", "claimed", ENGINE)
        self.assertEqual(expected, self.where(dialects.RESPONSES, [("x-codex-turn-metadata", metadata)]))
        self.assertEqual(expected, self.where(dialects.RESPONSES, client_metadata={"x-codex-turn-metadata": metadata}))

    def test_the_environment_block_of_the_system_part_counts_and_nothing_a_user_wrote(self):
        policy = rig.POLICY | {
            "repositories": [{"match": "dir:engine", "class": "trade-secret"}] + rig.POLICY["repositories"]
        }
        self.gateway.write_policy(policy)
        self.gateway.reload()
        self.addCleanup(self.gateway.reload)
        self.addCleanup(self.gateway.write_policy, rig.POLICY)
        block = "You are here.\n<env>\nWorking directory: /home/ada/src/engine\n</env>"
        self.assertEqual(("trade-secret", "claimed", "dir:engine"), self.where(system=block))
        self.assertEqual(("trade-secret", "claimed", "dir:engine"),
                         self.where(system=[{"type": "text", "text": block.replace("Working", " - Primary working")}]))
        chat = [{"role": "system", "content": block}, {"role": "user", "content": "hi"}]
        self.assertEqual("trade-secret", self.where(dialects.CHAT, messages=chat)[0])
        self.assertEqual("trade-secret", self.where(dialects.RESPONSES, instructions=block)[0])
        self.assertEqual("trade-secret", self.where(dialects.GEMINI, systemInstruction={"parts": [{"text": block}]})[0])
        unknown = ("customer", "none", "")
        self.assertEqual(unknown, self.where(messages=[{"role": "user", "content": block}]))
        self.assertEqual(
            unknown,
            self.where(
                messages=[{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": block}]}
                          ]))
        self.assertEqual(
            unknown,
            self.where(dialects.CHAT,
                       messages=[{"role": "user", "content": block},
                                 {"role": "system", "content": block.replace("engine", "site")}]))
        self.assertNotIn("/home/ada",
                         json.dumps([self.gateway.entries(row["exchange"]) for row in self.gateway.ledger()[:20]]))

    def test_a_claim_tightens_and_never_loosens(self):
        self.assertEqual("customer", self.where()[0])
        self.assertEqual("internal",
                         self.where(repository="github.com/acme/oss-tool")[0], "claims_lower_to is internal")
        self.assertEqual("internal", self.where(repository=SITE)[0])
        self.assertEqual("customer", self.where(repository=CLIENT)[0])
        self.assertEqual("secret-bearing", self.where(repository=DEPLOY)[0])
        self.assertEqual("trade-secret", self.where(repository=ENGINE)[0])
        self.assertEqual("customer", self.where(repository="git.other.example/a/b")[0])
        strict = self.run_gateway({"sim": self.vendor.url}, rig.POLICY | {"claims_lower_to": "customer"},
                                  self.folder / "strict")
        for claim, cls in (
            (SITE, "customer"),
            ("github.com/acme/oss-tool", "customer"),
            (ENGINE, "trade-secret"),
        ):
            answer = self.ask(dialects.ANTHROPIC, gateway=strict, key=strict.key, repository=claim)
            self.assertEqual(cls, strict.row(answer.exchange)["repository"]["class"])

    def test_of_several_claims_the_strictest_counts(self):
        def header(*claims):
            return [("x-sallyport-repository", claim) for claim in claims]

        for claims, cls in (
            ((SITE, ENGINE), "trade-secret"),
            ((ENGINE, SITE), "trade-secret"),
            ((SITE, DEPLOY, SITE), "secret-bearing"),
            ((SITE, "not a remote"), "customer"),
            (("%zz", SITE), "customer"),
            (("", SITE), "customer"),
            ((f"{SITE}, {ENGINE}", ), "trade-secret"),
            ((f"{SITE},{SITE}", ), "internal"),
            ((f"{SITE},", ), "customer"),
        ):
            with self.subTest(claims):
                self.assertEqual(cls, self.where(fields=header(*claims))[0])
        metadata = json.dumps({"workspaces": {"/a": {"associated_remote_urls": {"origin": f"https://{ENGINE}"}}}})
        self.assertEqual("trade-secret",
                         self.where(dialects.RESPONSES, [("x-codex-turn-metadata", metadata)], repository=SITE)[0])
        self.assertEqual("customer",
                         self.where(dialects.RESPONSES, [("x-codex-turn-metadata", "{broken")], repository=SITE)[0])

    def test_more_repositories_than_are_judged_hide_none(self):
        origin = lambda n: f"https://git.acme.example/web/{n}"
        metadata = json.dumps({"workspaces": {"/a": {"associated_remote_urls": {str(n): origin(n) for n in range(20)}}}})
        spellings = [f"https://u{n}@{SITE}" for n in range(17)] + [f"https://{ENGINE}"]
        same = json.dumps({"workspaces": {"/a": {"associated_remote_urls": dict(zip(map(str, range(18)), spellings))}}})
        for fields in ([("x-sallyport-repository", origin(n)) for n in range(8)] + [("x-sallyport-repository", ENGINE)],
                       [("x-codex-turn-metadata", metadata)], [("x-codex-turn-metadata", same)]):
            with self.subTest(fields):
                answer = self.gateway.ask("POST", dialects.RESPONSES.target(),
                                          dialects.RESPONSES.fields(self.key, None) + fields, dialects.RESPONSES.bytes())
                self.assertEqual(400, answer.status)
                self.assertIn("more than 8 repositories", dialects.RESPONSES.sentence(answer))

    def test_what_names_several_repositories_goes_only_where_each_may_go(self):
        rules = [{"id": "internal", "when": {"class": "internal"}, "allow": {"upstreams": ["own", "second"]}},
                 {"id": "customers", "when": {"class": "customer"}, "allow": {"upstreams": ["sim", "second"]}},
                 {"id": "secrets", "when": {"class": "trade-secret"}, "allow": {"upstreams": ["own"]}}]
        gateway = self.run_gateway({name: self.vendor.url for name in ("sim", "own", "second")},
                                   rig.POLICY | {"rules": rules}, self.folder / "several")
        for claims, upstreams, said in (([SITE], ["own", "second"], ""), ([CLIENT], ["sim", "second"], ""),
                                        ([SITE, CLIENT], ["second"], ""), ([CLIENT, SITE], ["second"], ""),
                                        ([CLIENT, ENGINE], [], f"names 2 repositories ({ENGINE} or {CLIENT})"),
                                        ([ENGINE, CLIENT], [], f"names 2 repositories ({ENGINE} or {CLIENT})")):
            with self.subTest(claims):
                answer = gateway.ask("POST", dialects.ANTHROPIC.target(),
                                     dialects.ANTHROPIC.fields(gateway.key, None) +
                                     [("x-sallyport-repository", one) for one in claims],
                                     dialects.ANTHROPIC.bytes(str(claims)))
                gateway.row(answer.exchange)
                entry = gateway.entries(answer.exchange)[0]
                self.assertEqual(upstreams, entry["plan"]["upstreams"])
                self.assertEqual(sorted(claims),
                                 sorted([entry["facts"]["repository"], *entry["facts"].get("also_claimed", [])]))
                self.assertIn(said, answer.body.decode())
                told = json.loads(gateway.run("policy", "explain", "--config", "sallyport.yaml", "--entry",
                                              answer.exchange, "--json", code=0 if upstreams else 3))
                self.assertEqual("allow" if upstreams else "refuse", told["decision"])

    def test_tricks_with_a_claim_open_nothing(self):
        for claim in ("git.acme.example/web/../core/engine", "git.acme.example/web/%2e%2e/core/engine",
                      "git.acme.example/web%2Fsite", "git.acme.example/web\\site",
                      "github.com@git.acme.example/core/engine", "local/web/site", "web/site",
                      "GIT.ACME.EXAMPLE/core/engine", "git.acme.example./core/engine", "git.acme.example/CORE/engine"):
            with self.subTest(claim):
                self.assertIn(self.where(repository=claim)[0], ("customer", "trade-secret"))

    def test_the_class_never_falls_within_a_session(self):
        def sessions(session):
            yield dialects.ANTHROPIC, [("x-claude-code-session-id", session)], {}
            yield dialects.RESPONSES, [("session-id", f"{session}-r")], {}
            yield dialects.CHAT, [("x-session-id", f"{session}-x")], {}
            yield dialects.ANTHROPIC, [], {
                "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": f"{session}-a"})}
            }
            yield dialects.RESPONSES, [], {"prompt_cache_key": f"{session}-b"}
            yield dialects.CHAT, [], {"metadata": {"sessionId": f"{session}-c"}}

        for (dialect, fields, body), (_, other_fields, other_body) in zip(sessions("one"), sessions("two")):
            with self.subTest(dialect=dialect, fields=fields, body=body):
                self.assertEqual("internal", self.where(dialect, fields, SITE, **body)[0])
                self.assertEqual("secret-bearing", self.where(dialect, fields, DEPLOY, **body)[0])
                self.assertEqual("secret-bearing", self.where(dialect, fields, SITE, **body)[0])
                self.assertEqual("secret-bearing", self.where(dialect, fields, **body)[0])
                self.assertEqual("trade-secret", self.where(dialect, fields, ENGINE, **body)[0])
                self.assertEqual("trade-secret", self.where(dialect, fields, DEPLOY, **body)[0])
                self.assertEqual("internal", self.where(dialect, other_fields, SITE, **other_body)[0])

    def test_a_key_is_not_used_above_its_class(self):
        key = self.gateway.issue("intern", "--max-class", "internal")["key"]
        self.assertEqual(200, self.ask(dialects.CHAT, key=key).status)
        for repository in (CLIENT, None, ENGINE):
            answer = self.ask(dialects.CHAT, key=key, repository=repository)
            self.assertEqual(451, answer.status)
            self.assertIn("internal, the highest class", dialects.CHAT.sentence(answer))
            self.assertEqual("key-class", self.row(answer)["refused_by"])


class Stripped(rig.Case):
    @classmethod
    def upstreams(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": {"url": cls.upstream.url, "strip_headers": ["X-Codex-Turn-Metadata", "x-workspace"]}}

    def test_headers_that_tell_internals_stay_here_and_all_others_keep_their_place(self):
        metadata = json.dumps({
            "workspaces": {"/home/ada": {"associated_remote_urls": {"origin": f"git@{SITE.replace('/', ':', 1)}.git"}}}
        })
        fields = [
            ("x-first", "1"),
            ("x-codex-turn-metadata", metadata),
            ("x-second", "2"),
            ("X-WORKSPACE", "/home/ada"),
            ("x-codex-turn-metadata-not", "3"),
            ("x-last", "4"),
        ]
        answer = self.ask(dialects.RESPONSES, fields=fields)
        self.assertEqual(200, answer.status)
        seen = self.upstream.received[-1]
        self.assertEqual([fields[0], fields[2], fields[4], fields[5]],
                         [field for field in seen.fields if field[0].lower().startswith("x-")])
        self.assertNotIn(b"/home/ada", seen.raw)


if __name__ == "__main__":
    unittest.main()

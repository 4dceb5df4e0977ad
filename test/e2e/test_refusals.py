"""Refusals that people can read: the status and shape that each client shows without a storm, the sentence, and one entry for all repeats."""

import gzip
import unittest

import dialects
import rig
from wire import Wire, until

ENGINE = "git.acme.example/core/engine"
AGENTS = {"pi": "pi (linux 6.18.0; x64)", "opencode": "opencode/1.18.33 ai-sdk/provider-utils/4.0.23"}


class Shapes(rig.Case):
    @classmethod
    def upstreams(cls):
        cls.policy = rig.POLICY | {
            "rules": rig.POLICY["rules"] +
            [{"id": "down", "when": {"model": ["down"], "upstream": ["sim"]}, "refuse": True}, {
                "id": "up", "when": {"model": ["claude-*", "gpt-*", "gemini-*", "qwen-*"], "upstream": ["second"]},
                "refuse": True
            }]
        }
        return {"sim": cls.vendor.url, "second": "http://127.0.0.1:1"}

    def refusals(self, dialect, agent):
        """kind -> answer."""
        fields = [field for field in dialect.fields(self.key, None) if field[0] != "User-Agent"
                  ] + [("User-Agent", agent)]
        site, nobody = [("x-sallyport-repository", "git.acme.example/web/site")
                        ], [field for field in fields if self.key not in field[1]]

        def ask(more, body=None, model=None):
            return self.gateway.ask("POST", dialect.target(model=model), more,
                                    body if body is not None else dialect.bytes(model=model))

        return {
            "policy": ask(fields + [("x-sallyport-repository", ENGINE)]), "identity": ask(nobody),
            "invalid": ask(fields + site, b"{"), "unavailable": ask(fields + site, model="down"),
            "too_large": ask(fields + site + [("Content-Length", 65 << 20)],
                             b"{"), "not_found": self.gateway.ask("POST",
                                                                  dialect.target() + "x", fields, b"{}")
        }

    def test_each_dialect_and_client_gets_the_status_that_it_shows(self):
        for dialect in dialects.ALL:
            for client in [dialect.client, "unknown"
                           ] + (["pi", "opencode", "copilot"] if dialect is dialects.CHAT else []):
                agent = AGENTS.get(client, dialect.agent if client == dialect.client else "OpenAI/JS 5.20.1")
                unavailable = 503 if dialect is dialects.ANTHROPIC or client in ("pi", "opencode") else 400
                due = dialect.status | {"unavailable": unavailable, "not_found": 404}
                for kind, answer in self.refusals(dialect, agent).items():
                    with self.subTest(dialect=dialect, client=client, kind=kind):
                        self.assertEqual(due[kind], answer.status, answer.body)
                        sentence = (dialects.CHAT if kind == "not_found" else dialect).sentence(answer)
                        self.assertTrue(sentence.startswith("Sallyport"), sentence)
                        self.assertNotIn("..", sentence)
                        self.assertIn(f"(reference {answer.exchange})", sentence)
                        self.assertEqual(["false"], answer.all("x-should-retry"))
                        self.assertTrue(answer.get("content-type").startswith("application/json"))
                        if kind != "not_found":
                            self.assertEqual(
                                [answer.exchange],
                                answer.all("request-id" if dialect is dialects.ANTHROPIC else "x-request-id"))

    def test_statuses_that_start_a_storm_are_never_used(self):
        """facts: 401, 413, 429, 5xx and the like are tried again for minutes, or hide the sentence."""
        for dialect in dialects.ALL:
            statuses = {kind: answer.status for kind, answer in self.refusals(dialect, dialect.agent).items()}
            del statuses["not_found"], statuses["unavailable"]
            self.assertEqual(set(), set(statuses.values()) & {401, 404, 413, 429, 500, 502, 503, 529})


class Sentences(rig.Case):
    policy = rig.POLICY | {
        "plugins": {"github-mcp": {"classes": ["open-source"]}, "*": {"classes": ["open-source", "internal"]}}
    }

    def sentence(self, dialect=dialects.ANTHROPIC, repository="git.acme.example/web/site", **body):
        answer = self.ask(dialect, repository=repository, body=dialect.bytes(**body))
        self.assertEqual(dialect.status["policy"], answer.status, answer.body)
        row = self.row(answer)
        sentence = dialect.sentence(answer)
        self.assertEqual(
            f"Sallyport refused this request: {row['reason'].removeprefix('Sallyport refused this request: ')} (reference {answer.exchange})",
            sentence)
        return sentence, row

    def test_a_class_that_may_not_go_there(self):
        sentence, row = self.sentence(repository=ENGINE)
        for part in ("trade-secret", ENGINE, "Allowed instead: own", "closed-code-stays-home"):
            self.assertIn(part, sentence)
        self.assertEqual(("trade-secret", ENGINE, "no-rule"),
                         (row["repository"]["class"], row["repository"]["id"], row["refused_by"]))

    def test_a_refuse_rule_with_words_of_its_own(self):
        sentence, row = self.sentence(mcp_servers=[{"type": "url", "name": "x", "url": "https://mcp.example"}])
        self.assertIn("Remote MCP servers are not approved.", sentence)
        self.assertIn("no-remote-mcp", sentence)
        self.assertEqual("rule", row["refused_by"])

    def test_content_by_reference(self):
        for dialect, body in (
            (dialects.ANTHROPIC, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
            (dialects.RESPONSES, {"previous_response_id": "resp_1"}),
            (dialects.RESPONSES, {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
            (dialects.GEMINI, {"cachedContent": "cachedContents/1"}),
            (dialects.GEMINI, {"tools": [{"googleSearch": {}}]}),
            (dialects.CHAT, {"web_search_options": {}}),
            (dialects.CHAT, {
                "messages": [{
                    "role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]
                }]
            }),
        ):
            with self.subTest(dialect=dialect, body=body):
                sentence, row = self.sentence(dialect, **body)
                self.assertIn("Send the content itself", sentence)
                self.assertIn("internal", sentence)
                self.assertEqual("reference", row["refused_by"])

    def test_a_plugin_that_is_not_approved(self):
        for dialect, body in (
            (dialects.ANTHROPIC, {"tools": [{"name": "mcp__github-mcp__create", "input_schema": {}}]}),
            (dialects.RESPONSES, {
                "tools": [{
                    "type": "namespace", "name": "mcp__github-mcp", "tools": [{"type": "function", "name": "create"}]
                }]
            }),
            (dialects.RESPONSES, {
                "input": [{
                    "type": "additional_tools", "tools": [{
                        "type": "namespace", "name": "mcp__github-mcp", "tools": [{"type": "function", "name": "c"}]
                    }]
                }]
            }),
            (dialects.CHAT, {"tools": [{"type": "function", "function": {"name": "mcp__github-mcp__create"}}]}),
            (dialects.GEMINI, {"tools": [{"functionDeclarations": [{"name": "mcp_github-mcp_create"}]}]}),
        ):
            with self.subTest(dialect=dialect):
                sentence, row = self.sentence(dialect, **body)
                self.assertIn("github-mcp", sentence)
                self.assertEqual("plugin", row["refused_by"])


class Repeats(rig.Case):
    def rows(self):
        return {row["exchange"]: row for row in self.gateway.ledger()}

    def test_a_client_s_repeats_are_one_entry_with_a_count(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect=dialect):
                before = set(self.rows())
                first = self.ask(dialect, "please", True, repository=ENGINE)
                for number in range(12):
                    # As clients do: other headers, not streaming any more, another limit, tools dropped; on a new connection or the same one.
                    again = self.ask(dialect,
                                     "please",
                                     number % 2 == 0,
                                     repository=ENGINE,
                                     fields=[("x-stainless-retry-count", str(number)), ("anthropic-beta", str(number))],
                                     target=None if dialect is not dialects.GEMINI else dialect.target(number % 2 == 0))
                    self.assertEqual((first.status, first.exchange, dialect.sentence(first)),
                                     (again.status, again.exchange, dialect.sentence(again)))
                until(lambda: self.rows().get(first.exchange, {}).get("repeats") == 12, "the count of repeats")
                self.assertEqual({first.exchange}, set(self.rows()) - before)

    def test_another_question_person_or_place_is_an_entry_of_its_own(self):
        before, repeats = set(self.rows()), self.gateway.metric("repeats_total")
        other = self.gateway.issue("bob")["key"]
        answers = [
            self.ask(dialects.CHAT, "one", repository=ENGINE),
            self.ask(dialects.CHAT, "two", repository=ENGINE),
            self.ask(dialects.CHAT, "one", repository=ENGINE, key=other),
            self.ask(dialects.RESPONSES, "one", repository=ENGINE),
            self.ask(dialects.CHAT, "one", repository="git.acme.example/deploy/x"),
            self.ask(dialects.CHAT, "one", repository=ENGINE, model="qwen-other")
        ]
        self.assertEqual(6, len({answer.exchange for answer in answers}))
        rows = self.gateway.rows([answer.exchange for answer in answers])
        self.assertEqual(set(), before & set(rows))
        self.assertEqual(repeats, self.gateway.metric("repeats_total"))

    def test_after_the_policy_changed_a_refused_request_is_judged_anew(self):
        self.assertEqual(451, self.ask(dialects.CHAT, "later", repository="git.acme.example/deploy/y").status)
        self.gateway.write_policy(rig.POLICY | {
            "repositories": [{"match": "git.acme.example/deploy/y", "class": "internal"}] + rig.POLICY["repositories"]
        })
        self.gateway.reload()
        self.assertEqual(200, self.ask(dialects.CHAT, "later", repository="git.acme.example/deploy/y").status)


class BadInput(rig.Case):
    def test_bad_input_is_one_clear_error_and_recorded_as_refused(self):
        for dialect in dialects.ALL:
            answers = {
                name: self.ask(dialect, body=body, fields=fields)
                for name, body, fields in (("no JSON", b"hello", ()), ("cut", dialect.bytes()[:-1],
                                                                       ()), ("array", b"[]", ()), ("empty", b"", ()),
                                           ("key twice", b'{"tools":[],"tools":[]}',
                                            ()), ("not gzip", b"hello", [("Content-Encoding", "gzip")]),
                                           ("not gzip either", b"there", [("Content-Encoding", "gzip")]),
                                           ("odd coding", b"hello", [("Content-Encoding", "rot13")]),
                                           ("odd coding, other body", b"there", [("Content-Encoding", "rot13")]),
                                           ("cut gzip", gzip.compress(dialect.bytes())[:-4], [("Content-Encoding",
                                                                                               "gzip")]))
            }
            rows = self.gateway.rows([answer.exchange for answer in answers.values()])
            for name, answer in answers.items():
                with self.subTest(name, dialect=dialect):
                    self.assertEqual(dialect.status["invalid"], answer.status, answer.body)
                    self.assertTrue(dialect.sentence(answer).startswith("Sallyport"))
                    row = rows[answer.exchange]
                    self.assertEqual(("refuse", dialect.name, answer.status, 0),
                                     (row["decision"], row["dialect"], row["status"], row["repeats"]))
                    self.assertTrue(row["person"] and row["key"])
            self.assertEqual(len(answers), len(rows), "different unreadable requests were taken for repeats of one")
        self.assertEqual([], self.vendor.requests())

    def test_a_place_in_the_text_is_named(self):
        answer = self.ask(dialects.CHAT, body=b'{\n "model": "qwen-1",\n "n": 01\n}')
        self.assertIn("3:", dialects.CHAT.sentence(answer))

    def test_a_client_that_leaves_in_the_middle_of_its_request_costs_nothing(self):
        for _ in range(5):
            with Wire(self.gateway.port) as wire:
                wire.ask("POST", "/v1/messages",
                         dialects.ANTHROPIC.fields(self.key) + [("Content-Length", "1000")], b"{")
        until(lambda: self.gateway.metric("buffered_bytes") == 0, "the bodies to be given back")
        self.assertEqual(200, self.ask(dialects.CHAT).status)
        self.vendor.forget()


if __name__ == "__main__":
    unittest.main()

"""One allowed and one refused exchange of each dialect, streaming and not: what must work before anything else is worth asking."""

import json
import unittest

import dialects
import rig


class Smoke(rig.Case):
    def each(self, check):
        for dialect in dialects.ALL:
            for stream in (False, True):
                with self.subTest(dialect=dialect, stream=stream):
                    self.vendor.forget()
                    check(dialect, stream)

    def test_an_allowed_exchange_is_answered_by_the_vendor_and_recorded(self):
        def check(dialect, stream):
            answer = self.ask(dialect, "vendor:say(All good.)", stream)
            self.assertEqual(200, answer.status, answer.body)
            self.assertIn("All good.", dialects.text_of(answer.body))
            if stream:
                self.assertTrue(dialect.is_finished(answer.body), answer.body)
            seen = self.vendor.requests()
            self.assertEqual([dialect.model], [one["model"] for one in seen])
            row = self.row(answer)
            self.assertEqual(
                ("allow", "complete", "sim", 200, dialect.name, dialect.model, stream),
                tuple(row[key] for key in ("decision", "ended", "upstream", "status", "dialect", "model", "stream")))
            self.assertEqual((dialect.client, dialect.version), (row["client"]["name"], row["client"]["version"]))
            self.assertEqual(("git.acme.example/web/site", "internal", "claimed"),
                             tuple(row["repository"][key] for key in ("id", "class", "evidence")))
            self.assertGreater(row["input_tokens"], 0)
            self.assertGreater(row["output_tokens"], 0)
            self.assertEqual("open-code-any-vendor", row["rule"])

        self.each(check)

    def test_a_refused_exchange_shows_the_sentence_and_reaches_no_vendor(self):
        def check(dialect, stream):
            answer = self.ask(dialect, f"stream {stream}", stream, repository="git.acme.example/core/engine")
            self.assertEqual(dialect.status["policy"], answer.status, answer.body)
            sentence = dialect.sentence(answer)
            self.assertIn("trade-secret", sentence)
            self.assertIn(answer.exchange, sentence)
            self.assertEqual([], self.vendor.requests())
            row = self.row(answer)
            self.assertEqual(("refuse", "trade-secret"), (row["decision"], row["repository"]["class"]))
            self.assertIn(row["reason"], sentence)

        self.each(check)

    def test_token_counts_and_model_lists_pass(self):
        for dialect in dialects.ALL:
            if dialect is not dialects.CHAT:  # it has no token count
                with self.subTest(dialect=dialect, operation="count"):
                    answer = self.ask(dialect, target=dialect.target(operation="count"))
                    self.assertEqual(200, answer.status, answer.body)
                    self.assertRegex(answer.body, rb"(input_tokens|totalTokens)\":\d")
            with self.subTest(dialect=dialect, operation="list"):
                path = "/v1beta/models" if dialect is dialects.GEMINI else "/v1/models"
                answer = self.gateway.ask("GET", path, dialect.fields(self.key))
                self.assertEqual(200, answer.status, answer.body)
                self.assertTrue(json.loads(answer.body)["models" if dialect is dialects.GEMINI else "data"])

    def test_a_question_whether_somebody_is_there_is_answered_without_a_key(self):
        for path in ("/", "/api/hello"):
            self.assertEqual(200, self.gateway.ask("HEAD", path).status)
        self.assertEqual(b"ok\n", self.gateway.admin("/healthz").body)
        self.assertEqual((200, {"ready": True}), self.gateway.readiness())


class LimitedModels(rig.Case):
    rules = [
        rule | ({"allow": rule["allow"] | {"models": ["claude-*", "gpt-*"]}} if "allow" in rule else {})
        for rule in rig.POLICY["rules"]
    ]
    policy = rig.POLICY | {"rules": rules}

    def test_model_lists_pass_where_the_policy_limits_models(self):
        self.assertEqual(451, self.ask(dialects.CHAT).status)
        for path in ("/v1/models", "/v1beta/models"):
            answer = self.gateway.ask("GET", path, dialects.CHAT.fields(self.key))
            self.assertEqual(200, answer.status, answer.body)


if __name__ == "__main__":
    unittest.main()

"""Who may call: the company key wherever clients put it, everything else refused, and no credential of anybody's going astray."""

import json
import time
import unittest

import dialects
import rig
from upstream import Upstream
from wire import Wire, until

CREDENTIALS = {
    "anthropic key": "sk-ant-api03-" + "x" * 40, "subscription": "sk-ant-oat01-" + "y" * 40,
    "openai key": "sk-proj-" + "z" * 40, "google key": "AIza" + "S" * 35, "google token": "ya29." + "t" * 40,
    "sign-in": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "copilot": "ghu_" + "g" * 36
}
OWN_HEADER = {
    "anthropic-messages": "x-api-key", "openai-responses": "authorization", "openai-chat": "authorization",
    "gemini": "x-goog-api-key"
}
KEY_HEADERS = ("x-sallyport-key", "x-api-key", "authorization", "x-goog-api-key", "api-key")


class Recorded(rig.Case):
    """With an upstream that keeps whole heads."""
    @classmethod
    def upstreams(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def send(self, dialect, credentials, query="", fields=(), text="hi", repository="git.acme.example/web/site"):
        """(answer, what the upstream got or None); no credential but these."""
        self.upstream.received.clear()
        target = dialect.target()
        answer = self.gateway.ask("POST", target + query,
                                  dialect.fields(None, repository) + list(credentials) + list(fields),
                                  dialect.bytes(text))
        return answer, self.upstream.received[0] if self.upstream.received else None


class Places(Recorded):
    def test_the_key_is_accepted_in_five_places_and_goes_no_further(self):
        for dialect in dialects.ALL:
            for name, credentials, query in (
                ("x-sallyport-key", [("X-Sallyport-Key", self.key)], ""),
                ("x-api-key", [("x-api-key", self.key)], ""),
                ("bearer", [("Authorization", f"Bearer {self.key}")], ""),
                ("bearer in small letters", [("authorization", f"bearer {self.key}")], ""),
                ("x-goog-api-key", [("X-Goog-Api-Key", self.key)], ""),
                ("query", [], f"?key={self.key}"),
                ("the same twice", [("x-api-key", self.key),
                                    ("Authorization", f"Bearer {self.key}")], f"?key={self.key}"),
            ):
                with self.subTest(dialect=dialect, place=name):
                    answer, seen = self.send(dialect, credentials, query)
                    self.assertEqual(200, answer.status, answer.body)
                    self.assertNotIn(self.key.encode(), seen.raw)
                    self.assertEqual(dialect.target(), seen.target)
                    held = {
                        name: value
                        for name, value in ((one.lower(), seen.get(one)) for one in KEY_HEADERS)
                        if value
                    }
                    own = OWN_HEADER[dialect.name]
                    self.assertEqual(
                        {own: f"Bearer {rig.UPSTREAM_KEY}" if own == "authorization" else rig.UPSTREAM_KEY}, held)

    def test_the_key_parameter_is_known_by_any_spelling_and_cut_out(self):
        escaped = "".join(f"%{ord(letter):02x}" for letter in self.key)
        for query, left in (
            (f"?key={self.key}&alt=sse", "?alt=sse"),
            (f"?alt=sse&key={self.key}", "?alt=sse"),
            (f"?a=1&k%65y={self.key}&b=2", "?a=1&b=2"),
            (f"?%6B%65%79={escaped}", ""),
            (f"?KEY={self.key}", ""),
            (f"?a=%41&&key={self.key}&monkey=1", "?a=%41&&monkey=1"),
        ):
            with self.subTest(query):
                answer, seen = self.send(dialects.GEMINI, [], query)
                self.assertEqual(200, answer.status, answer.body)
                self.assertEqual(dialects.GEMINI.target() + left, seen.target)

    def test_headers_that_choose_an_account_are_dropped(self):
        chosen = [
            "OpenAI-Organization", "OpenAI-Project", "ChatGPT-Account-Id", "X-Goog-User-Project", "Cookie",
            "X-Amz-Security-Token", "anthropic-organization-id", "api-key", "X-Sallyport-Anything"
        ]
        for dialect in dialects.ALL:
            _, seen = self.send(dialect, [("x-sallyport-key", self.key)],
                                fields=[(name, "org-1") for name in chosen] + [("x-kept", "1")])
            self.assertEqual(set(), {name.lower() for name, _ in seen.fields} & {name.lower() for name in chosen})
            self.assertEqual("1", seen.get("x-kept"))


class Refused(Recorded):
    def refused(self, dialect, credentials, query="", said="Sallyport"):
        before, listed = self.gateway.metric("callers_unknown_total"), len(self.gateway.ledger())
        answer, seen = self.send(dialect, credentials, query)
        self.assertEqual((dialect.status["identity"], None), (answer.status, seen), answer.body)
        self.assertRegex(dialect.sentence(answer), said)
        self.assertEqual(before + 1, self.gateway.metric("callers_unknown_total"))
        self.assertEqual(listed, len(self.gateway.ledger()), "callers without identity are counted, not recorded")
        return answer

    def test_missing_wrong_and_foreign_keys(self):
        (self.folder / "elsewhere").mkdir()
        foreign = rig.Gateway(self.folder / "elsewhere", {"sim": self.upstream.url}).issue()["key"]
        slip = self.key[:-1] + ("a" if self.key[-1] != "a" else "b")
        for dialect in dialects.ALL:
            for name, credentials, query, said in (
                ("none", [], "", "no company key"),
                ("empty", [dialect.key("")], "", "no company key"),
                ("wrong check digits", [dialect.key(slip)], "", "not a company key|wrong"),
                ("another installation's", [dialect.key(foreign)], "", "not issued"),
                ("a placeholder", [dialect.key("dummy")], "", "company key"),
                ("basic", [("Authorization", f"Basic {self.key[3:]}")], "", "company key"),
                ("in a cookie", [("Cookie", f"key={self.key}")], "", "no company key"),
                ("in the user agent", [("x-forwarded-key", self.key)], "", "no company key"),
                ("unknown in the query", [], f"?key={foreign}", "not issued"),
            ):
                with self.subTest(dialect=dialect, name=name):
                    self.refused(dialect, credentials, query, said)

    def test_a_vendor_s_credential_alone_is_no_identity(self):
        for name, credential in CREDENTIALS.items():
            for dialect in dialects.ALL:
                with self.subTest(name, dialect=dialect):
                    answer = self.refused(dialect, [dialect.key(credential)])
                    self.assertNotIn(credential.encode(), answer.raw + answer.body)

    def test_expired_keys(self):
        at = time.time() + 2
        key = self.gateway.issue("eve", "--expires", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)))["key"]
        self.assertEqual(200, self.send(dialects.CHAT, [dialects.CHAT.key(key)])[0].status)
        until(lambda: time.time() > at, "the key's end")
        for dialect in dialects.ALL:
            self.refused(dialect, [dialect.key(key)], said="expired")

    def test_a_revoked_key_is_refused_within_a_second_also_on_an_open_connection(self):
        issued = self.gateway.issue("mallory")
        body = dialects.CHAT.bytes()
        with Wire(self.gateway.port) as wire:

            def status():
                wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(issued["key"]), body)
                return wire.answer().status

            self.assertEqual(200, status())
            self.gateway.run("key", "revoke", "--config", "sallyport.yaml", issued["id"])
            begun = time.monotonic()
            until(lambda: status() == 451, "the key to be refused")
            self.assertLess(time.monotonic() - begun, rig.SECONDS_FACTOR)
        for dialect in dialects.ALL:
            self.refused(dialect, [dialect.key(issued["key"])], said="revoked")
        listed = [
            json.loads(line)
            for line in self.gateway.run("key", "list", "--config", "sallyport.yaml", "--json").splitlines()
        ]
        self.assertIn("revoked", [key for key in listed if key["id"] == issued["id"]][0])

    def test_two_readings_of_who_calls_are_refused_and_not_recorded(self):
        other = self.gateway.issue("bob")["key"]
        for name, credentials, query in (
            ("two keys", [("x-api-key", self.key), ("Authorization", f"Bearer {other}")], ""),
            ("a header twice", [("x-api-key", self.key)] * 2, ""),
            ("own header twice", [("x-sallyport-key", self.key)] * 2, ""),
            ("two in the query", [], f"?key={self.key}&key={other}"),
            ("two spellings", [], f"?key={self.key}&k%65y={other}"),
            ("header and query", [("x-api-key", self.key)], f"?key={other}"),
            ("own header and another", [("x-sallyport-key", self.key), ("x-goog-api-key", other)], ""),
        ):
            with self.subTest(name):
                listed = len(self.gateway.ledger())
                answer, seen = self.send(dialects.ANTHROPIC, credentials, query)
                self.assertIn(answer.status, (403, 451))
                self.assertIsNone(seen)
                self.assertNotIn(other.encode(), answer.body)
                self.assertEqual(listed, len(self.gateway.ledger()))


class BroughtAlong(Recorded):
    policy = rig.POLICY | {
        "rules": rig.POLICY["rules"] + [{
            "id": "own-account", "when": {"class": ["open-source", "internal"], "team": ["oss"]},
            "allow": {"upstreams": ["sim"], "accounts": ["personal"]}
        }]
    }

    def each(self, check):
        for name, credential in CREDENTIALS.items():
            for place in ("Authorization", "x-api-key", "x-goog-api-key", "query"):
                with self.subTest(name, place=place):
                    fields = [] if place == "query" else [
                        (place, f"Bearer {credential}" if place == "Authorization" else credential)
                    ]
                    check(fields, f"?key={credential}" if place == "query" else "", credential)

    def test_a_personal_account_is_refused_and_never_forwarded(self):
        def check(fields, query, credential):
            answer, seen = self.send(dialects.CHAT, [("x-sallyport-key", self.key)] + fields,
                                     query,
                                     text=credential[:9] + query[:5])
            self.assertEqual((451, None), (answer.status, seen), answer.body)
            self.assertIn("personal", dialects.CHAT.sentence(answer))
            self.assertNotIn(credential.encode(), answer.raw + answer.body)

        self.each(check)
        rows = until(lambda: self.gateway.ledger("--decision", "refuse"), "the refusals")
        self.assertEqual({"personal-account"}, {row["refused_by"] for row in rows})

    def test_where_the_policy_allows_it_the_person_s_credential_goes_on_and_no_other(self):
        key = self.gateway.issue("oskar", "--team", "oss")["key"]

        def check(fields, query, credential):
            answer, seen = self.send(dialects.CHAT, [("x-sallyport-key", key)] + fields, query)
            self.assertEqual(200, answer.status, answer.body)
            self.assertIn(credential.encode(), seen.raw)
            for secret in (key, self.key, rig.UPSTREAM_KEY):
                self.assertNotIn(secret.encode(), seen.raw)
            self.assertEqual("personal", self.row(answer)["account"])

        self.each(check)

    def test_the_company_key_stays_here_wherever_it_stands_beside_a_personal_one(self):
        key = self.gateway.issue("olga", "--team", "oss")["key"]
        credential = CREDENTIALS["anthropic key"]
        for name, fields, query in (
            ("bearer", [("Authorization", f"Bearer {key}"), ("x-api-key", credential)], ""),
            ("google header", [("x-goog-api-key", key), ("x-api-key", credential)], ""),
            ("query", [("x-api-key", credential)], f"?key={key}&a=1"),
            ("api-key", [("api-key", key), ("x-api-key", credential), ("x-sallyport-key", key)], ""),
            ("escaped query", [("x-api-key", credential)], f"?k%65y={key}"),
            ("access_token", [("x-api-key", credential), ("x-sallyport-key", key)], f"?access_token={key}"),
        ):
            with self.subTest(name):
                answer, seen = self.send(dialects.ANTHROPIC, fields, query)
                if seen:
                    self.assertNotIn(key.encode(), seen.raw)
                    self.assertNotIn(rig.UPSTREAM_KEY.encode(), seen.raw)
                self.assertIn(answer.status, (200, 403, 451))

    def test_a_word_that_is_no_vendor_s_credential_is_dropped(self):
        for word in ("dummy", "not-needed", "sallyport", "0"):
            answer, seen = self.send(dialects.CHAT, [("x-sallyport-key", self.key),
                                                     ("Authorization", f"Bearer {word}")])
            self.assertEqual(200, answer.status)
            self.assertEqual([f"Bearer {rig.UPSTREAM_KEY}"], seen.all("authorization"))


if __name__ == "__main__":
    unittest.main()

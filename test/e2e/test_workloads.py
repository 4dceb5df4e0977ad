"""Jobs of a CI system that come with the token it gave them."""

import time
import unittest

from provider import RsaKey
from signs_in import ANTHROPIC, CLAUDE, SignsIn


class Workloads(SignsIn):
    def token(self, **claims):
        return self.provider.token(**{"audience": "sallyport", "sub": "repo:acme/site:ref:refs/heads/main"} | claims)

    def test_a_job_calls_a_model(self):
        token = self.token()
        for presented in ([("Authorization", f"Bearer {token}")], [("x-api-key", token)]):
            answer = self.gateway.ask("POST", ANTHROPIC.target(), ANTHROPIC.fields(None) + presented, ANTHROPIC.bytes("hi"))
            self.assertEqual(200, answer.status, answer.body)
        row = self.row(answer)
        self.assertEqual(("ci", True), (row["team"], row["key"].startswith("w_")))
        self.assertNotIn(token, str(self.vendor.requests()))

    def test_who_is_not_let_in(self):
        now = int(time.time())
        for what, claims in {"another subject": {"sub": "repo:evil/site:ref:refs/heads/main"}, "another audience": {"audience": "x"},
                             "expired": {"exp": now - 100}, "another issuer": {"iss": "https://ci.example"}}.items():
            with self.subTest(what):
                self.assertEqual(403, self.model_call(self.token(**claims)).status)
        self.assertEqual(403, self.model_call(self.provider.signed({"iss": self.provider.url, "aud": "sallyport", "exp": now + 60,
                                                                    "sub": "repo:acme/x"}, RsaKey(), {"kid": self.provider.key.id})).status)

    def test_its_class_is_bounded(self):
        answer = self.ask(ANTHROPIC, key=self.token(), repository="git.acme.example/core/engine", fields=CLAUDE)
        self.assertNotEqual(200, answer.status)


if __name__ == "__main__":
    unittest.main()

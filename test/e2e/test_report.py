"""`ledger report`: what the entries support of a framework's controls, counted, with examples that can be looked up."""

import json
import unittest

import dialects
import rig

FRAMEWORKS = ("soc2", "iso42001", "eu-ai-act", "owasp-agentic", "mitre-atlas")
NOBODY, CUSTOMER = "git.acme.example/core/engine", "git.acme.example/clients/x"
SECRET = "ghp_" + "WqX4vLmT8zRkN2pYc6HsJd9bFgQ3eU1FRjv6"  # made up, with the checksum that such have


class Report(rig.Case):
    policy = rig.POLICY | {"rules": rig.POLICY["rules"] + [
        {"id": "no-secrets", "when": {"finding": "secret"}, "amend": "redact"}]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        answers = [case.ask(dialects.CHAT, "one"), case.ask(dialects.CHAT, f"two {SECRET}"),
                   case.ask(dialects.CHAT, "three", repository=CUSTOMER),
                   case.ask(dialects.CHAT, "four", repository=NOBODY), case.ask(dialects.CHAT, body=b"{")]
        cls.gateway.rows([answer.exchange for answer in answers])

    def report(self, framework, *more):
        return self.gateway.run("ledger", "report", "--config", "sallyport.yaml", "--control", framework, *more)

    def test_entries_are_counted_with_examples_that_can_be_looked_up(self):
        expected = {"recorded-before-sent": 3, "durable-before-sent": 1, "outcome-recorded": 3, "refused-by-policy": 1,
                    "refused-unread": 1, "secret-found": 1, "secret-kept-back": 1, "amended": 1, "gateway-started": 1,
                    "refused-plugin": 0, "break-glass-used": 0}
        counted = {}
        for framework in FRAMEWORKS:
            told = json.loads(self.report(framework, "--json"))
            self.assertTrue(told["controls"] and told["caution"])
            for control in told["controls"]:
                self.assertEqual(bool(control["evidence"]), control["supports"] is not None, control["control"])
                for one in control["evidence"]:
                    counted[one["what"]] = one["count"]
                    self.assertEqual(min(one["count"], 5), len(one["examples"]))
                    for example in one["examples"][:1]:
                        self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", example)
        self.assertEqual(expected, {what: counted[what] for what in expected})

    def test_it_says_supports_and_never_that_anybody_complies(self):
        for framework in FRAMEWORKS:
            for text in (self.report(framework), self.report(framework, "--json")):
                self.assertIn("supports", text)
                self.assertNotIn(SECRET, text)
                for word in ("complian", "complies", "conform", "certif"):
                    self.assertNotIn(word, text.lower())
        self.assertIn("The ledger holds nothing for it.", self.report("owasp-agentic"))

    def test_a_time_without_entries_and_a_wrong_name_are_told(self):
        self.assertIn("No entries are recorded in this time.", self.report("soc2", "--since", "2099-01-01"))
        self.gateway.run("ledger", "report", "--config", "sallyport.yaml", "--control", "nist", code=2)
        self.gateway.run("ledger", "report", "--config", "sallyport.yaml", "--control", "soc2", "--since", "noon", code=2)


if __name__ == "__main__":
    unittest.main()

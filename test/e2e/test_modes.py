"""A policy that is rolled out: observed, then warned of, then enforced; and what another one would have done."""

import json
import unittest

import dialects
import rig

SITE, ENGINE, CUSTOMER = "git.acme.example/web/site", "git.acme.example/core/engine", "git.acme.example/clients/x"


def policy(**changes):
    """The tests' policy with a rule against models that end in "-mini" and the changes."""
    made = json.loads(json.dumps(rig.POLICY)) | changes
    made["rules"].append({"id": "no-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved.",
                          "mode": changes.pop("mini", "enforce")})
    made.pop("mini", None)
    return made


class Modes(rig.Case):
    @classmethod
    def upstreams(cls):
        return {"sim": cls.vendor.url, "second": cls.vendor.url, "own": "http://127.0.0.1:1"}

    def use(self, **changes):
        self.gateway.write_policy(policy(**changes))
        self.gateway.reload()

    def mini(self, dialect, **how):
        return self.ask(dialect, f"hi {self.id()}", model=dialect.model + "-mini", **how)

    def test_observed_warned_and_enforced_in_every_dialect(self):
        for mode, status, decision in (("observe", 200, "would-refuse"), ("warn", 200, "warn"), ("enforce", None, "refuse")):
            self.use(mini=mode)
            for dialect in dialects.ALL:
                with self.subTest(mode=mode, dialect=dialect.name):
                    answer = self.mini(dialect)
                    if status:
                        self.assertEqual(status, answer.status)
                    else:
                        self.assertNotEqual(200, answer.status)
                    warning = answer.get("x-sallyport-warning")
                    self.assertEqual(mode == "warn", bool(warning), warning)
                    if mode == "warn":
                        self.assertIn("Small models are not approved.", warning)
                        self.assertIn("no-mini", warning)
                    row = self.row(answer)
                    self.assertEqual((decision, "no-mini", "rule"), (row["decision"], row["rule"], row["refused_by"]))
            self.assertEqual({decision}, {row["decision"] for row in self.gateway.ledger("--decision", decision)})

    def test_what_is_not_concerned_carries_no_mark(self):
        self.use(mini="warn")
        answer = self.ask(dialects.ANTHROPIC)
        self.assertEqual((200, None), (answer.status, answer.get("x-sallyport-warning")))
        self.assertEqual("allow", self.row(answer)["decision"])

    def test_where_all_is_observed_work_goes_on_but_never_past_an_invariant(self):
        self.use(mode="observe")
        self.assertEqual(200, self.ask(dialects.CHAT, repository=CUSTOMER).status)
        refused = self.ask(dialects.CHAT, repository=ENGINE)  # only its own upstream is left, and that is not there
        self.assertEqual(400, refused.status)
        self.assertEqual("own", self.row(refused)["upstream"])
        entries = self.gateway.entries(refused.exchange)
        self.assertEqual({"own"}, {one["upstream"]["name"] for one in entries if one["kind"] == "intent"})

    def test_a_persons_own_credential_is_not_let_through(self):
        self.use(mode="observe")
        self.vendor.forget()
        answer = self.ask(dialects.ANTHROPIC, fields=[("authorization", "Bearer sk-ant-oat01-" + "x" * 90)])
        self.assertNotEqual(200, answer.status)
        self.assertEqual("personal-account", self.row(answer)["refused_by"])

    def test_what_if_says_exactly_what_another_policy_would_have_done(self):
        self.use(mini="observe")
        answers = [self.mini(dialects.CHAT) for _ in range(3)] + [self.ask(dialects.CHAT, f"plain {i}") for i in range(4)]
        self.gateway.rows([answer.exchange for answer in answers])
        same = json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--since", "1h", "--json", code=None))
        mine = {answer.exchange for answer in answers}
        self.gateway.write_policy(policy(mini="enforce"))
        changed = json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--since", "1h", "--json", code=1))
        newly = [row for row in changed["changes"] if row["change"] == "newly-refused" and row["rule_after"] == "no-mini"]
        self.assertGreaterEqual(sum(row["count"] for row in newly), 3)
        for row in newly:
            self.assertIn("Small models are not approved.", row["sentence"])
            self.assertTrue(row["person"].startswith("p_"))
        self.assertEqual(same["decisions"], changed["decisions"])
        self.assertGreaterEqual(changed["decisions"], len(mine))

    def test_the_same_policy_reproduces_every_decision(self):
        with rig.stack(policy=policy(mini="warn")) as (_, gateway):
            answers = []
            for dialect in dialects.ALL:
                for model in (dialect.model, dialect.model + "-mini"):
                    for repository in (SITE, ENGINE, CUSTOMER):
                        answers.append(self.ask(dialect, model=model, repository=repository, gateway=gateway, key=gateway.key))
            gateway.rows([answer.exchange for answer in answers if answer.exchange])
            told = json.loads(gateway.run("policy", "what-if", "policy.yaml", "--json"))
            self.assertEqual((told["decisions"], []), (told["same"], told["changes"]))
            self.assertGreaterEqual(told["decisions"], 20)


if __name__ == "__main__":
    unittest.main()

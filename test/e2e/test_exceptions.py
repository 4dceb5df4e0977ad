"""Exceptions and break-glass: what they let through, for whom, until when, and where it shows."""

import json
import time
import unittest

import dialects
import rig
from wire import until

SITE, ENGINE, CUSTOMER = "git.acme.example/web/site", "git.acme.example/core/engine", "git.acme.example/clients/x"


def policy(**more):
    made = json.loads(json.dumps(rig.POLICY)) | more
    made["rules"].append({"id": "no-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved."})
    return made


class Exceptions(rig.Case):
    policy = policy()

    @classmethod
    def upstreams(cls):
        return {"sim": cls.vendor.url, "second": cls.vendor.url, "own": "http://127.0.0.1:1"}

    def command(self, *arguments, code=0):
        """The command, and the gateway knows what it changed."""
        before = self.gateway.metric("world_generation")
        told = self.gateway.run(*arguments[:2], "--config", "sallyport.yaml", *arguments[2:], code=code)
        if code == 0:
            until(lambda: self.gateway.metric("world_generation") > before, "the gateway to know of it")
        return told

    def grant(self, *more, rule="no-mini", ends="1h", repo="**", person="ada@acme.example", code=0):
        told = self.command("exception", "grant", "--rule", rule, "--until", ends, "--repo", repo, "--reason", "ticket 1", "--json",
                            *(["--person", person] if person else []), *more, code=code)
        if code:
            return None
        granted = json.loads(told)
        self.addCleanup(self.command, "exception", "revoke", granted["id"])
        return granted

    def mini(self, **how):
        return self.ask(dialects.CHAT, self.id(), model="gpt-mini", **how)

    def test_lets_one_person_do_one_thing_and_says_so(self):
        other = self.gateway.issue("bob@acme.example")["key"]
        self.assertEqual(451, self.mini().status)
        granted = self.grant()
        answer = self.ask(dialects.CHAT, "now it passes", model="gpt-mini")
        self.assertEqual(200, answer.status)
        row = self.row(answer)
        self.assertEqual(("exception", "no-mini"), (row["decision"], row["rule"]))
        plan = next(one for one in self.gateway.entries(answer.exchange) if one["kind"] == "intent")["plan"]
        self.assertEqual((granted["id"], "rule"), (plan["exception"], plan["would_refuse"]))
        self.assertEqual(451, self.ask(dialects.CHAT, "another person", model="gpt-mini", key=other).status)
        listed = json.loads(self.gateway.run("exception", "list", "--config", "sallyport.yaml", "--json"))
        self.assertEqual(("in force", "ticket 1"), (listed["state"], listed["reason"]))
        self.assertTrue(listed["person"].startswith("p_"))
        self.command("exception", "revoke", granted["id"])
        self.assertEqual(451, self.ask(dialects.CHAT, "revoked", model="gpt-mini").status)

    def test_ends_by_itself_while_nobody_looks(self):
        self.grant(ends="2s")
        self.assertEqual(200, self.ask(dialects.CHAT, "before the end", model="gpt-mini").status)
        end = time.time() + 2
        until(lambda: self.ask(dialects.CHAT, f"at {time.time()}", model="gpt-mini").status == 451, "the end of it")
        self.assertLess(time.time() - end, 2 * rig.SECONDS_FACTOR)

    def test_is_for_its_repositories_only(self):
        self.grant(repo="git.acme.example/clients/**")
        self.assertEqual(200, self.ask(dialects.CHAT, "there", model="gpt-mini", repository=CUSTOMER).status)
        self.assertEqual(451, self.ask(dialects.CHAT, "elsewhere", model="gpt-mini", repository=SITE).status)

    def test_for_a_team_and_for_what_no_rule_allows(self):
        key = self.gateway.issue("carol@acme.example", "--team", "research")["key"]
        ask = lambda text: self.ask(dialects.CHAT, text, key=key, fields=[("user-agent", "strange-client/1")])
        self.gateway.write_policy(policy(clients={"codex": {}}))
        self.gateway.reload()
        self.addCleanup(self.gateway.reload)
        self.addCleanup(self.gateway.write_policy, policy())
        self.assertEqual(451, ask("a client that is not listed").status)
        self.grant("--team", "research", person=None, rule="default")
        self.assertEqual(200, ask("excepted").status)

    def test_no_exception_reaches_past_an_invariant(self):
        self.grant(rule="default")
        self.vendor.forget()
        self.assertNotEqual(200, self.ask(dialects.CHAT, repository=ENGINE).status)
        told = self.gateway.run("exception", "grant", "--config", "sallyport.yaml", "--person", "a", "--repo", "**", "--reason", "r",
                                "--rule", "invariant-1", "--until", "1h", code=2)
        self.assertEqual("", told)

    def test_what_cannot_be_granted_is_told(self):
        for more in (["--rule", "no-such-rule"], ["--rule", "customer-code"], ["--until", "yesterday"], ["--until", "2020-01-01"]):
            with self.subTest(more):
                wish = {"--rule": "no-mini", "--until": "1h"} | dict([more])
                self.gateway.run("exception", "grant", "--config", "sallyport.yaml", "--person", "a", "--repo", "**", "--reason", "r",
                                 *[word for pair in wish.items() for word in pair], code=2)

    def test_a_second_person_where_the_policy_asks_for_one(self):
        self.gateway.write_policy(policy(exceptions={"second_person": True, "longest": "8h"}))
        self.gateway.reload()
        self.addCleanup(self.gateway.reload)
        self.addCleanup(self.gateway.write_policy, policy())
        self.grant(ends="9h", code=2)
        granted = self.grant("--by", "dora")
        self.assertEqual("waits for a second person", granted["state"])
        self.assertEqual(451, self.ask(dialects.CHAT, "waiting", model="gpt-mini").status)
        self.gateway.run("exception", "approve", "--config", "sallyport.yaml", granted["id"], "--by", "dora", code=4)
        self.command("exception", "approve", granted["id"], "--by", "emil")
        self.assertEqual(200, self.ask(dialects.CHAT, "approved", model="gpt-mini").status)

    def test_break_glass_shows_in_ledger_metrics_and_log_at_once(self):
        arguments = ["--person", "ada@acme.example", "--repo", "**", "--reason", "outage", "--json"]
        self.gateway.run("break-glass", "--config", "sallyport.yaml", *arguments, "--until", "5h", code=2)
        before = self.gateway.metric("world_generation")
        opened = json.loads(self.gateway.run("break-glass", "--config", "sallyport.yaml", *arguments, "--until", "1h"))
        self.addCleanup(self.command, "exception", "revoke", opened["id"])
        self.assertTrue(opened["id"].startswith("bg_"))
        until(lambda: self.gateway.metric("world_generation") > before, "the gateway to know of it")
        self.assertEqual(1, self.gateway.metric("break_glass_open"))
        answer = self.ask(dialects.CHAT, "broken glass", model="gpt-mini")
        self.assertEqual(200, answer.status)
        plan = next(one for one in self.gateway.entries(answer.exchange) if one["kind"] == "intent")["plan"]
        self.assertEqual(opened["id"], plan["exception"])
        events = [line["event"] for line in self.gateway.log()]
        self.assertIn("break_glass.open", events)
        self.assertIn("break_glass.used", events)
        self.assertNotEqual(200, self.ask(dialects.CHAT, "not past an invariant", repository=ENGINE).status)

    def test_what_if_repeats_what_was_excepted(self):
        self.grant()
        answer = self.ask(dialects.CHAT, "to be repeated", model="gpt-mini")
        self.row(answer)
        told = json.loads(self.gateway.run("policy", "explain", "--config", "sallyport.yaml", "--entry", answer.exchange, "--json"))
        self.assertEqual(("allow", "no-mini"), (told["decision"], told["would_rule"]))


if __name__ == "__main__":
    unittest.main()

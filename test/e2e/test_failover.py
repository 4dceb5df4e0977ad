"""From an upstream that fails to the next: each with an intent of its own, where the policy allows it, before an answer."""

import json
import unittest

import dialects
import rig
from upstream import Upstream
from wire import Cut, until

DEPLOY, ENGINE = "git.acme.example/deploy/keys", "git.acme.example/core/engine"


class Failover(rig.Case):
    """The first upstream goes wrong in every way, the second answers."""
    @classmethod
    def upstreams(cls):
        cls.mode = ""

        def first(wire, _):
            if cls.mode == "cut in the answer":
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            elif cls.mode != "no answer":
                wire.reply(int(cls.mode), b'{"error":{"message":"first"}}')
            return cls.mode not in ("no answer", "cut in the answer")

        cls.first, cls.second = Upstream(first), Upstream()
        cls.addClassCleanup(cls.first.close)
        cls.addClassCleanup(cls.second.close)
        return {"own": "http://127.0.0.1:1", "sim": cls.first.url, "second": cls.second.url}

    def attempts(self, answer):
        """(kind, attempt, upstream or how it ended) of each entry."""
        self.row(answer)
        return [(one["kind"], one.get("attempt"),
                 one["upstream"]["name"] if one["kind"] == "intent" else one.get("ended", one.get("why")))
                for one in self.gateway.entries(answer.exchange)]

    def test_from_an_upstream_that_refuses_connections_to_the_next(self):
        type(self).mode = "200"
        answer = self.ask(dialects.ANTHROPIC)
        self.assertEqual(200, answer.status)
        self.assertEqual([("intent", 1, "own"), ("outcome", 1, "upstream-error"), ("intent", 2, "sim"),
                          ("outcome", 2, "complete")], self.attempts(answer))
        row = self.row(answer)
        self.assertEqual((2, "sim", "complete"), (row["attempts"], row["upstream"], row["ended"]))
        one, two = [entry for entry in self.gateway.entries(answer.exchange) if entry["kind"] == "intent"]
        self.assertEqual((one["sent"], ["own", "sim", "second"]), (two["sent"], one["plan"]["upstreams"]))
        self.assertIn("sim", two["plan"]["upstreams"])
        self.assertEqual("allow", two["plan"]["decision"])
        self.assertGreaterEqual(two["facts"]["at"], one["facts"]["at"])

    def test_what_reached_nobody_did_not_leave(self):
        type(self).mode = "200"
        body = dialects.ANTHROPIC.bytes(messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": {"file_path": "/home/ada/src/a.py"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x = 1"}]}])
        answer = self.ask(dialects.ANTHROPIC, body=body)
        self.assertEqual(["own", "sim"], [upstream for kind, _, upstream in self.attempts(answer) if kind == "intent"])
        left = lambda: [json.loads(line) for line in
                        self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json").splitlines()]
        until(lambda: left()[0]["file"] == "/home/ada/src/a.py", "the file's name")  # they are kept a moment later
        self.assertEqual([("/home/ada/src/a.py", "sim", 1)], [(one["file"], one["upstream"], one["count"]) for one in left()])

    def test_only_before_the_first_byte_of_an_answer(self):
        for mode, reached, status in (
            ("no answer", 1, 200),
            ("503", 1, 200),
            ("529", 1, 200),
            ("502", 1, 200),
            ("cut in the answer", 0, None),
            ("400", 0, 400),
            ("429", 0, 429),
            ("401", 0, 401),
        ):
            with self.subTest(mode):
                type(self).mode = mode
                self.second.received.clear()
                try:
                    answer = self.ask(dialects.ANTHROPIC, mode)
                    self.assertEqual(status, answer.status)
                except Cut as cut:
                    self.assertIsNone(status)
                    answer = cut.head
                self.assertEqual(reached, len(self.second.received))
                # A kept connection that breaks is tried anew once, and recorded anew.
                tried = [upstream for kind, _, upstream in self.attempts(answer) if kind == "intent"]
                self.assertEqual(["own", "sim", "second"][:2 + reached], list(dict.fromkeys(tried)))

    def test_what_may_only_go_to_our_own_goes_nowhere_else(self):
        for repository in (DEPLOY, ENGINE):
            with self.subTest(repository):
                self.first.received.clear()
                self.second.received.clear()
                answer = self.ask(dialects.ANTHROPIC, repository=repository)
                self.assertEqual(503, answer.status)
                self.assertEqual([], self.first.received + self.second.received)
                entries = self.attempts(answer)
                self.assertEqual([("intent", 1, "own"), ("outcome", 1, "upstream-error")], entries[:2])
                self.assertEqual([], [one for one in entries[2:] if one[0] == "intent"])

    def test_when_all_fail_each_try_is_told_and_the_next_request_tries_again(self):
        policy = rig.POLICY | {
            "rules": rig.POLICY["rules"] + [{"id": "not-second", "when": {"upstream": ["second"]}, "refuse": True}]
        }
        self.gateway.write_policy(policy)
        self.gateway.reload()
        self.addCleanup(self.gateway.reload)
        self.addCleanup(self.gateway.write_policy, rig.POLICY)
        type(self).mode = "no answer"
        answers = [self.ask(dialects.ANTHROPIC, "all fail") for _ in range(2)]
        self.assertNotEqual(answers[0].exchange, answers[1].exchange)
        for answer in answers:
            self.assertEqual(503, answer.status)
            self.assertEqual([1, 2], [attempt for kind, attempt, _ in self.attempts(answer) if kind == "intent"])


if __name__ == "__main__":
    unittest.main()

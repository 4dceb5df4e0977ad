"""What is recorded: the intent before a byte leaves, each attempt by itself, the same in every question, and decisions that can be repeated."""

import json
import unittest

import dialects
import rig
from upstream import Upstream
from wire import until

CUSTOMER, DEPLOY, ENGINE = "git.acme.example/clients/x", "git.acme.example/deploy/keys", "git.acme.example/core/engine"


class Intent(rig.Case):
    @classmethod
    def upstreams(cls):
        cls.seen = {}

        def look(wire):
            """At the very first byte, before the head is whole: what stands on the disk?"""
            wire.more()
            on_disk = b"".join(path.read_bytes() for path in sorted((cls.folder / "data" / "ledger").glob("*.seg")))
            request = wire.request()
            model = json.loads(request.body)["model"]
            cls.seen[model] = b'"model":"%s"' % model.encode() in on_disk and b'"kind":"intent"' in on_disk
            wire.reply(200, b"{}")

        cls.upstream = Upstream(look, raw=True)
        cls.addClassCleanup(cls.upstream.close)
        return {"sim": cls.upstream.url}

    def test_a_durable_first_intent_is_on_the_disk_before_the_first_byte_leaves(self):
        for number in range(20):
            model = f"claude-durable-{number}"
            answer = self.ask(dialects.ANTHROPIC, model=model, repository=CUSTOMER)
            self.assertEqual((200, True), (answer.status, self.seen[model]))
        self.assertEqual([], self.upstream.mistakes)

    def test_the_intent_survives_a_kill_at_the_moment_the_vendor_sees_the_request(self):
        def kill(wire):
            wire.more()
            gateway.process.kill()

        with Upstream(kill, raw=True) as upstream:
            gateway = self.run_gateway({"sim": upstream.url}, folder=self.folder / "killed")
            try:
                self.ask(dialects.ANTHROPIC,
                         model="claude-last-words",
                         repository=CUSTOMER,
                         gateway=gateway,
                         key=gateway.key)
                self.fail("an answer from a killed gateway")
            except Exception as broken:  # pylint: disable=broad-except
                self.assertNotIsInstance(broken, AssertionError)
            gateway.process.wait()
            gateway.start()
            rows = gateway.ledger()
            self.assertEqual([("claude-last-words", "allow", None)],
                             [(row["model"], row["decision"], row.get("ended")) for row in rows])
            self.assertEqual(["intent"], [entry["kind"] for entry in gateway.entries(rows[0]["exchange"])])


class Questions(rig.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        read = {
            "messages": [{"role": "user", "content": "read it"}, {
                "role": "assistant", "content": [{
                    "type": "tool_use", "id": "t", "name": "Read", "input": {"file_path": "/home/ada/site/index.html"}
                }]
            }, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "<html>"}]}]
        }
        cls.answers = [
            case.ask(dialect, f"{number}", stream, repository=repository)
            for number, (dialect, stream, repository) in enumerate(
                (dialect, stream, repository)
                for dialect in dialects.ALL
                for stream in (False, True)
                for repository in ("git.acme.example/web/site", CUSTOMER, ENGINE, None))
        ]
        cls.answers += [case.ask(dialects.ANTHROPIC, body=dialects.ANTHROPIC.bytes(**read)) for _ in range(3)]
        cls.answers += [
            case.ask(dialects.ANTHROPIC, body=b"{"),
            case.ask(
                dialects.ANTHROPIC,
                body=dialects.ANTHROPIC.bytes(tools=[{"name": "mcp__a__b"}, {"type": "web_search_1", "name": "w"}]))
        ]
        cls.answers += [case.ask(dialects.GEMINI, target=dialects.GEMINI.target(operation="count"))]
        cls.gateway.rows([answer.exchange for answer in cls.answers])

    def test_list_show_and_reindex_agree(self):
        rows = self.gateway.ledger()
        self.assertEqual(len(self.answers), len(rows))
        self.assertEqual([row["exchange"] for row in rows],
                         [row["exchange"] for row in sorted(rows, key=lambda row: -int(row["id"].split("/")[1]))])
        for row in rows:
            for name in (row["exchange"], row["id"], row["id"].split("/")[1]):
                shown = json.loads(self.gateway.run("ledger", "show", "--config", "sallyport.yaml", "--json", name))
                self.assertEqual(row, shown["exchange"])
            self.assertEqual(row["id"], shown["entries"][0]["id"])
        told = json.loads(self.gateway.run("ledger", "reindex", "--config", "sallyport.yaml", "--json"))
        self.assertEqual(rows, self.gateway.ledger())
        self.assertEqual(told["entries"], told["next_index"])
        for path in self.gateway.folder.glob("data/ledger-index.db*"):
            path.unlink()
        self.assertEqual(rows, self.gateway.ledger())

    def test_filters_and_pages(self):
        rows = self.gateway.ledger()
        for option, get in (
            ("--decision", lambda row: row["decision"]),
            ("--class", lambda row: row["repository"]["class"]),
            ("--model", lambda row: row["model"]),
            ("--client", lambda row: row["client"]["name"]),
            ("--rule", lambda row: row.get("rule")),
            ("--upstream", lambda row: row.get("upstream")),
        ):
            for value in {get(row) for row in rows} - {None, ""}:
                with self.subTest(option, value=value):
                    self.assertEqual([row for row in rows if get(row) == value], self.gateway.ledger(option, value))
        self.assertEqual(rows[:5], self.gateway.ledger(limit=5))
        self.assertEqual(rows, self.gateway.ledger("--since", "1h"))
        self.assertEqual([], self.gateway.ledger("--until", "1h"))

    def test_left_tells_files_by_name_and_how_it_knows(self):
        left = [
            json.loads(line)
            for line in self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json").splitlines()
        ]
        self.assertEqual([("/home/ada/site/index.html", "Read", "sim", "git.acme.example/web/site", "internal", 3,
                           "named in a tool call")],
                         [
                             tuple(one[key]
                                   for key in ("file", "tool", "upstream", "repository", "class", "count", "how_known"))
                             for one in left
                         ])
        self.assertEqual(
            "", self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json", "--repository", CUSTOMER))
        segments = b"".join(path.read_bytes() for path in self.gateway.folder.glob("data/ledger/*.seg"))
        self.assertNotIn(b"index.html", segments)

    def explained(self, row):
        done = self.gateway.run("policy",
                                "explain",
                                "--json",
                                "--config",
                                "sallyport.yaml",
                                "--entry",
                                row["exchange"],
                                code=3 if row["decision"] == "refuse" else 0)
        return json.loads(done)

    def test_every_recorded_decision_is_repeated_by_its_recorded_facts(self):
        for policy in (rig.POLICY, rig.POLICY | {"rules": []}):  # also when another policy is in force by now
            self.gateway.write_policy(policy)
            self.gateway.reload()
            judged = 0
            for row in self.gateway.ledger():
                entry = self.gateway.entries(row["exchange"])[0]
                if "plan" not in entry:
                    continue
                judged += 1
                with self.subTest(row["exchange"]):
                    explained = self.explained(row)
                    plan = entry["plan"]
                    self.assertEqual((plan["decision"], plan["class"], plan["upstreams"]),
                                     (explained["decision"], explained["class"], explained["upstreams"]))
                    self.assertEqual((row["decision"], row["repository"]["class"]),
                                     (explained["decision"], explained["class"]))
                    self.assertEqual(plan["rule"], explained.get("rule", ""))
                    if plan["decision"] == "refuse":
                        self.assertEqual((plan["refused_by"], entry["sentence"]),
                                         (explained["refused_by"], explained["sentence"]))
            self.assertEqual(len(self.answers) - 1, judged)

    def test_each_entry_names_its_world_policy_and_digests(self):
        for row in self.gateway.ledger()[:10]:
            for entry in self.gateway.entries(row["exchange"]):
                if entry["kind"] == "intent":
                    self.assertRegex(entry["plan"]["policy"], "^(sha256:)?[0-9a-f]{64}$")
                    self.assertRegex(entry["plan"]["world"], "[0-9a-f]{64}$")
                    self.assertRegex(entry["sent"]["digest"], "[0-9a-f]{64}$")
                    self.assertEqual(1, entry["facts"]["version"])

    def test_questions_can_be_asked_when_the_gateway_is_down(self):
        with rig.stack() as (_, gateway):
            exchange = self.ask(dialects.CHAT, gateway=gateway, key=gateway.key).exchange
            gateway.stop()
            self.assertEqual([exchange], [row["exchange"] for row in gateway.ledger()])
            until(lambda: gateway.ledger()[0].get("ended") == "complete", "the outcome")


if __name__ == "__main__":
    unittest.main()

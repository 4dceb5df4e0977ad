"""A day of work, recorded by the gateway, then decided again: by the same policy each as it was, by another one exactly what it changes.

What is expected comes from what was sent and from judge.py, never from the program. SALLYPORT_EXCHANGES is how long the day is.
"""

import collections
import contextlib
import json
import os
import random
import resource
import threading
import time
import unittest
import zlib

import dialects
import rig
from judge import CLASSES, Judge, recorded
from wire import SLOW, Wire

EXCHANGES = int(os.environ.get("SALLYPORT_EXCHANGES", 1000 if SLOW else 3000))
CLIENTS = 12
REPOSITORIES = ["git.acme.example/web/site", "git.acme.example/web/shop", "github.com/acme/oss-tool", "git.acme.example/clients/x",
                "git.acme.example/core/engine", "git.acme.example/deploy/keys", "git.elsewhere.example/own/play", None]
PEOPLE = {  # person -> team and the highest class of the key
    "ada": ("platform", None), "ben": ("platform", "internal"), "cleo": ("web", None), "dan": ("web", None), "eve": ("research", None),
    "fay": ("research", "customer"), "gus": ("ops", None), "hal": ("on-call", None), "ida": (None, None)}
AGENTS = {  # dialect -> other clients that speak it, and what each is taken for
    "anthropic-messages": [("claude-cli/2.1.90 (external, cli)", "claude-code", "2.1.90"), ("curl/8.0", "unknown", "")],
    "openai-responses": [("codex_exec/0.100.0 (Debian 12.0.0; x86_64)", "codex", "0.100.0")],
    "openai-chat": [("opencode/1.18.33 ai-sdk/provider-utils/4.0.23", "opencode", "1.18.33"), ("pi (linux 6.18; x64)", "pi", "")],
    "gemini": [("CloudCodeVSCode/0.61.0 (aidev_client; os_type=linux)", "gemini-cli", "0.61.0")]}
CREDENTIALS = {"anthropic-messages": ("Authorization", "Bearer sk-ant-oat01-" + "x" * 90), "gemini": ("Authorization", "Bearer ya29." + "y" * 60),
               "openai-chat": ("x-api-key", "sk-" + "z" * 48), "openai-responses": ("x-api-key", "sk-proj-" + "z" * 48)}


def referring(dialect, text):
    """(kind, members of a body) of content by reference as the dialect has it."""
    if dialect is dialects.ANTHROPIC:
        file = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
        return [("file", {"messages": [{"role": "user", "content": [file, {"type": "text", "text": text}]}]}),
                ("vendor-tool", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]})]
    if dialect is dialects.RESPONSES:
        return [("previous-response", {"previous_response_id": "resp_1"}), ("vendor-tool", {"tools": [{"type": "web_search"}]})]
    if dialect is dialects.CHAT:
        file = {"type": "file", "file": {"file_id": "file-1"}}
        return [("file", {"messages": [{"role": "user", "content": [{"type": "text", "text": text}, file]}]}),
                ("vendor-tool", {"web_search_options": {}})]
    return [("cached-content", {"cachedContent": "cachedContents/1"}), ("vendor-tool", {"tools": [{"googleSearch": {}}]})]


def offering(dialect, plugin):
    name = f"mcp__{plugin}__go"
    if dialect is dialects.ANTHROPIC:
        return {"tools": [{"name": name, "input_schema": {}}]}
    if dialect is dialects.RESPONSES:
        return {"tools": [{"type": "function", "name": name}]}
    if dialect is dialects.CHAT:
        return {"tools": [{"type": "function", "function": {"name": name}}]}
    return {"tools": [{"functionDeclarations": [{"name": name}]}]}


DAY = rig.POLICY | {
    "clients": {"claude-code": {"versions": ">=2.1.198"}, "codex": {"versions": ">=0.160.0"}, "gemini-cli": {}, "qwen-code": {}, "opencode": {}},
    "teams": {"web": {"mode": "warn"}, "research": {"mode": "observe"}},
    "plugins": {"tracker": {"classes": ["open-source", "internal", "customer"]}, "github": {"classes": ["open-source", "internal"]}},
    "rules": [
        {"id": "open-code-any-vendor", "when": {"class": ["open-source", "internal"]},
         "allow": {"upstreams": ["sim", "second", "own"], "references": ["file", "previous-response"]}},
        {"id": "own-subscription", "when": {"class": "open-source", "account": "personal"},
         "allow": {"upstreams": ["sim"], "accounts": ["personal"]}},
        {"id": "customer-code", "when": {"class": "customer"}, "allow": {"upstreams": ["sim"]}, "record": "durable-first"},
        {"id": "closed-code-stays-home", "when": {"class": ["secret-bearing", "trade-secret"]},
         "allow": {"upstreams": ["own"], "plugins": []}, "record": "durable-first"},
        {"id": "no-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved."},
        {"id": "no-preview", "when": {"model": "*-preview"}, "refuse": "Preview models are not under contract.", "mode": "warn"},
        {"id": "no-legacy", "when": {"model": "*-legacy", "hosting": "vendor"}, "refuse": "Old models are on their way out.", "mode": "observe"},
        {"id": "no-vendor-tools", "when": {"references": "vendor-tool"}, "refuse": "Tools that the vendor runs are not approved."},
    ],
}


def changed(**changes):
    """DAY with other members; of `rules`, by id, those that are other or new, and None for those that go."""
    rules = {rule["id"]: rule for rule in DAY["rules"]} | changes.pop("rules", {})
    return json.loads(json.dumps(DAY | changes | {"rules": [rule for rule in rules.values() if rule]}))


def rule_of(which, **changes):
    return next(rule for rule in DAY["rules"] if rule["id"] == which) | changes


OTHERS = {
    "all is enforced": changed(mode="enforce", teams={}, rules={id: rule_of(id, mode="enforce") for id in ("no-preview", "no-legacy")}),
    "one team, one kind of model": changed(rules={"stop": {
        "id": "stop", "when": {"team": "platform", "model": "*-flash"}, "refuse": "Not for this team."}}),
    "a class rises": changed(repositories=[{"match": "git.acme.example/web/shop", "class": "trade-secret"}] + DAY["repositories"]),
    "a class falls": changed(repositories=[{"match": "git.acme.example/clients/**", "class": "internal"}] + DAY["repositories"]),
    "an upstream goes": changed(rules={"open-code-any-vendor": rule_of("open-code-any-vendor", allow={"upstreams": ["second", "own"]})}),
    "more clients, more plugins": changed(clients=DAY["clients"] | {"unknown": {}, "pi": {}, "codex": {}}, plugins={"*": {"classes": ["open-source"]}}),
    "a rule goes": changed(rules={"customer-code": None, "no-mini": None}),
    "another name": changed(rules={"customer-code": rule_of("customer-code", id="customers")}),
    "only recorded otherwise": changed(rules={"open-code-any-vendor": rule_of("open-code-any-vendor", record="durable-first")}),
}


class Worker(threading.Thread):
    """One client machine: a connection that stays, whoever asks over it."""
    def __init__(self, port, work):
        super().__init__(daemon=True)
        self.port, self.work, self.mistake = port, work, None

    def run(self):
        try:
            self.go()
        except Exception as mistake:  # pylint: disable=broad-except
            self.mistake = mistake

    def go(self):
        wire = Wire(self.port)
        for sent in self.work:
            wire.ask(sent["method"], sent["target"], sent["fields"], sent["body"])
            answer = wire.answer()
            sent["exchange"], sent["status"] = answer.exchange, answer.status
            del sent["fields"], sent["body"]
            if (answer.get("connection") or "").lower() == "close":
                wire.close()
                wire = Wire(self.port)
        wire.close()


def compose(number, chance, keys):
    """One exchange: what is sent, and the facts that it amounts to."""
    dialect = chance.choice(dialects.ALL)
    person = chance.choice(list(PEOPLE))
    team, highest = PEOPLE[person]
    repository = chance.choice(REPOSITORIES[:4] * 2 + REPOSITORIES)
    model = dialect.model + chance.choice(["", "", "", "", "-mini", "-preview", "-legacy"])
    agent, client, version = dialect.agent, dialect.client, dialect.version
    if chance.random() < 0.15:
        agent, client, version = chance.choice(AGENTS[dialect.name])
    stream, text, more, references, plugins, account = chance.random() < 0.2, f"work {number}", {}, [], [], "company"
    other = chance.random()
    if other < 0.15:
        kind, more = chance.choice(referring(dialect, text))
        references = [kind]
    elif other < 0.3:
        plugins = [chance.choice(["tracker", "github", "strange"])]
        more = offering(dialect, plugins[0])
    operation = chance.choice([None] * 18 + ["count", "list"])
    if operation == "list":
        model, references, plugins, more = "", [], [], {}
        target = f"/v1beta/models?pageSize={number + 1}" if dialect is dialects.GEMINI else f"/v1/models?limit={number + 1}"
    else:
        target = dialect.target(stream, model, "count" if operation and dialect is not dialects.CHAT else "generate")
    fields = [(name, agent if name == "User-Agent" else value) for name, value in dialect.fields(None, repository)
              if name != "originator" or client == "codex"] + [("x-sallyport-key", keys[person])]
    if chance.random() < 0.06:
        account = "personal"
        fields.append(CREDENTIALS[dialect.name])
    session = f"{person} {number // 40}" if chance.random() < 0.3 else None
    if session:
        fields.append(("x-session-id", session))
    return {"method": "GET" if operation == "list" else "POST", "target": target, "fields": fields,
            "body": None if operation == "list" else dialect.bytes(text, model, stream, **more),
            "person": person, "session": session,
            "dialect": dialects.CHAT if operation == "list" and dialect is dialects.RESPONSES else dialect,  # one path for both
            "facts": {"person": person, "team": team or "", "key_max_class": highest or "trade-secret", "client": client, "version": version,
                      "account": account, "repository": repository, "model": model, "references": references, "plugins": plugins,
                      "lists": operation == "list", "candidates": ["sim", "second", "own"]}}


def follow_conversations(sent):
    """A conversation never falls below the class that it had."""
    day, floors = Judge(DAY), {}
    for one in sent:
        if one["session"]:
            one["facts"]["floor"] = floors.get(one["session"], CLASSES[0])
            floors[one["session"]] = day.cls(one["facts"])


class WhatIf(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        """The day: recorded, then the gateway goes home."""
        running = contextlib.ExitStack()
        cls.addClassCleanup(running.close)
        here = running.enter_context(rig.folder())
        vendor = rig.Vendor(here, "--no-digest", save=False)
        running.callback(vendor.stop)
        cls.gateway = rig.Gateway(here, dict.fromkeys(("sim", "second", "own"), vendor.url), DAY)
        keys = {person: cls.gateway.issue(f"{person}@acme.example", *(["--team", team] if team else []),
                                          *(["--max-class", highest] if highest else []))["key"]
                for person, (team, highest) in PEOPLE.items()}
        cls.granted = []  # (id, rule, whose, where)
        for rule, whose, where in (("no-mini", "ada", "git.acme.example/web/**"), ("default", "team ops", "git.acme.example/clients/**"),
                                   ("no-vendor-tools", "team web", "**"), (None, "team on-call", "**")):
            cls.granted.append((cls.grant(rule, whose, where), rule or "*", whose, where))
        cls.gateway.start()
        chance = random.Random(os.environ.get("SEED", "a day"))
        cls.sent = [compose(number, chance, keys) for number in range(EXCHANGES)]
        follow_conversations(cls.sent)
        # A conversation stays with one client, so that its order is known.
        shares = [[one for number, one in enumerate(cls.sent) if (zlib.crc32(one["session"].encode()) if one["session"] else number)
                   % CLIENTS == first] for first in range(CLIENTS)]
        workers = [Worker(cls.gateway.port, share) for share in shares]
        begun = time.monotonic()
        for one in workers:
            one.start()
        while any(one.is_alive() for one in workers):  # also while it grows
            told, _ = cls.what_if(DAY, 0)
            if told["decisions"] != told["same"] or told["decisions"] > EXCHANGES:
                raise AssertionError(told)
            next((one for one in workers if one.is_alive()), workers[0]).join(0.5)
        for one in workers:
            one.join()
        cls.tell(f"{EXCHANGES} exchanges recorded in {time.monotonic() - begun:.1f} s")
        mistakes = [one.mistake for one in workers if one.mistake]
        if problem := cls.gateway.stop() or mistakes:
            raise AssertionError(problem)
        cls.read()

    @staticmethod
    def tell(what):
        print(f"what-if: {what}", flush=True)

    @classmethod
    def grant(cls, rule, whose, where):
        whom = ["--team", whose.removeprefix("team ")] if whose.startswith("team ") else ["--person", f"{whose}@acme.example"]
        command = ["exception", "grant", "--rule", rule, "--until", "7d"] if rule else ["break-glass", "--until", "4h"]
        return json.loads(cls.gateway.run(*command, *whom, "--repo", where, "--reason", "a test", "--json"))["id"]

    @classmethod
    def read(cls):
        """The ledger as it stands on the disk, and which pseudonym is whose."""
        cls.recorded, cls.pseudonyms, cls.origin = {}, collections.defaultdict(set), ""
        persons = {one["exchange"]: one["person"] for one in cls.sent}
        for index, entry in cls.gateway.each_entry_on_disk():
            if entry["kind"] in ("intent", "refusal"):
                cls.recorded.setdefault(entry["exchange"], []).append((index, entry["kind"], entry["plan"]))
                cls.pseudonyms[persons.get(entry["exchange"])].add(entry["facts"]["person"])
        cls.origin = cls.gateway.ledger(limit=1)[0]["id"].split("/")[0]
        for one in cls.sent:
            who, where = one["person"], one["facts"]["repository"]
            mine = {who, f"team {one['facts']['team']}"}
            one["facts"]["exceptions"] = [
                (id, rule) for id, rule, whose, place in cls.granted
                if whose in mine and (place == "**" or (where or "").startswith(place.removesuffix("**")))]

    @classmethod
    def what_if(cls, policy, code):
        (cls.gateway.folder / "other.yaml").write_text(json.dumps(policy))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = json.loads(cls.gateway.run("policy", "what-if", "other.yaml", "--since", "1d", "--json", code=code))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return told, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def test_each_exchange_is_recorded_once_and_as_the_policy_says(self):
        self.assertEqual({one["exchange"] for one in self.sent}, self.recorded.keys())
        self.assertEqual([], [entries for entries in self.recorded.values() if len(entries) != 1])
        self.assertEqual({frozenset({1})}, {frozenset({len(names)}) for names in self.pseudonyms.values()})
        day, found = Judge(DAY), collections.Counter()
        for one in self.sent:
            expected = day.decide(one["facts"])
            _, kind, plan = self.recorded[one["exchange"]][0]
            self.assertEqual(expected, recorded(plan), one["facts"])
            refused = expected["refused_by"] != "nothing"
            self.assertEqual(("refusal", one["dialect"].status["policy"]) if refused else ("intent", 200), (kind, one["status"]), one["facts"])
            found["refuse" if refused else "exception" if expected["exception"] else expected["mode"]
                  if expected["would_refuse"] != "nothing" else "allow"] += 1
        self.tell(", ".join(f"{count} {name}" for name, count in found.most_common()))
        self.assertEqual({"allow", "refuse", "warn", "observe", "exception"}, found.keys())
        self.assertGreater(min(found.values()), EXCHANGES / 50)

    def test_the_same_policy_reproduces_every_decision(self):
        told, seconds = self.what_if(DAY, 0)
        self.assertEqual({"decisions": EXCHANGES, "same": EXCHANGES, "changes": []}, told)
        self.tell(f"{EXCHANGES} decided again in {seconds:.2f} s of CPU, reading them included: {EXCHANGES / seconds:.0f}/s")

    def expected(self, policy):
        """(change, person, repository, rule before, rule after) -> [how many, index of the first entry, refused now]."""
        before, after, rows = Judge(DAY), Judge(policy), {}
        for one in self.sent:
            was, now = before.decide(one["facts"]), after.decide(one["facts"])
            if was == now:
                continue
            was_refused, is_refused = was["refused_by"] != "nothing", now["refused_by"] != "nothing"
            names = [[name for name, _ in plan["upstreams"]] for plan in (was, now)]
            change = ("newly-refused" if is_refused > was_refused else "newly-allowed" if is_refused < was_refused
                      else "other-upstream" if names[0] != names[1] else "other-rule")
            (person, ) = self.pseudonyms[one["person"]]
            row = rows.setdefault((change, person, one["facts"]["repository"] or "", was["rule"], now["rule"]), [0, 1 << 60])
            row[0] += 1
            row[1] = min(row[1], self.recorded[one["exchange"]][0][0])
        return rows

    def test_another_policy_names_exactly_what_it_changes(self):
        kinds = collections.Counter()
        for name, policy in OTHERS.items():
            with self.subTest(name):
                expected = self.expected(policy)
                sentences = {rule["id"]: rule["refuse"] for rule in policy["rules"] if "refuse" in rule}
                told, seconds = self.what_if(policy, 1)
                found = {}
                for row in told["changes"]:
                    key = tuple(row[member] for member in ("change", "person", "repository", "rule_before", "rule_after"))
                    self.assertNotIn(key, found)
                    if row["change"] == "newly-refused":
                        self.assertIn(sentences.get(row["rule_after"], row["rule_after"]), row["sentence"])
                    found[key] = [row["count"], int(row["example"].removeprefix(f"{self.origin}/"))]
                self.assertEqual(expected, found)
                self.assertEqual((EXCHANGES, EXCHANGES - sum(count for count, _ in expected.values())), (told["decisions"], told["same"]))
                for key, (count, _) in expected.items():
                    kinds[key[0]] += count
                self.tell(f"{name}: {sum(count for count, _ in expected.values())} differ in {len(expected)} rows, "
                          f"{EXCHANGES / seconds:.0f}/s of CPU")
        self.assertEqual({"newly-refused", "newly-allowed", "other-upstream", "other-rule"}, kinds.keys())


if __name__ == "__main__":
    unittest.main()

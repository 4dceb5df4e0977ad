"""The world exchanged under full load: each exchange is decided by one policy, whole, and none is lost.

Two policies, which differ in what they refuse, whom, where they send and what their rules are called, take turns while clients ask
without a pause and exceptions come and go. What each policy says is read by judge.py.
"""

import collections
import json
import random
import threading
import time
import unittest

import dialects
import rig
from judge import Judge, recorded
from wire import SLOW, Wire, until

SWAPS = 50 if SLOW else 120
CLIENTS = 12
BETWEEN = 25  # exchanges that begin at least under each policy
SITE, CUSTOMER, ENGINE, OSS = ("git.acme.example/web/site", "git.acme.example/clients/x", "git.acme.example/core/engine",
                               "github.com/acme/oss-tool")
PEOPLE = {"ada": "platform", "ben": "web", "cleo": "research"}


def policy(name, upstream, other, **more):
    made = rig.POLICY | {
        "rules": [
            {"id": f"{name}-open", "when": {"class": ["open-source", "internal"]}, "allow": {"upstreams": [upstream, other]}},
            {"id": f"{name}-customer", "when": {"class": "customer"}, "allow": {"upstreams": [other]}, "record": "durable-first"},
            {"id": f"{name}-closed", "when": {"class": ["secret-bearing", "trade-secret"]}, "allow": {"upstreams": ["own"]}},
        ]
    } | more
    made["rules"] += more.pop("also", [])
    made.pop("also", None)
    return made


RED = policy("red", "sim", "second", teams={"web": {"mode": "warn"}}, also=[
    {"id": "red-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved by red."}])
BLUE = policy("blue", "second", "sim", teams={"research": {"mode": "observe"}}, clients={"claude-code": {}, "codex": {}, "gemini-cli": {}}, also=[
    {"id": "blue-maxi", "when": {"model": "*-maxi"}, "refuse": "Large models are not approved by blue."},
    {"id": "blue-red", "when": {"model": "*-mini", "class": "internal"}, "refuse": "Blue keeps small models out of internal code."}])
GRANTS = {"red": "red-mini", "blue": "blue-red"}


class Client(threading.Thread):
    """Asks until told to stop, over one connection."""
    def __init__(self, number, port, keys, going):
        super().__init__(daemon=True)
        self.number, self.port, self.keys, self.going = number, port, keys, going
        self.chance = random.Random(f"swap {number}")
        self.done, self.mistake = [], None

    def run(self):
        try:
            with Wire(self.port) as wire:
                while self.going.is_set():
                    self.one(wire)
        except BaseException as mistake:  # pylint: disable=broad-except
            self.mistake = mistake

    def one(self, wire):
        dialect, person = self.chance.choice(dialects.ALL), self.chance.choice(list(PEOPLE))
        repository, stream = self.chance.choice([SITE, SITE, CUSTOMER, ENGINE, OSS, None]), self.chance.random() < 0.5
        model = dialect.model + self.chance.choice(["", "-mini", "-maxi"])
        text = f"{self.number} {len(self.done)} " + (f"vendor:events({self.chance.choice([5, 20, 60])})" if stream else "")
        slowly = [("x-vendor-fault", "pace=3")] if stream and self.chance.random() < 0.1 else []  # begins in one world, ends in another
        wire.ask("POST", dialect.target(stream, model), dialect.fields(self.keys[person], repository) + slowly,
                 dialect.bytes(text, model, stream))
        answer = wire.answer()
        self.done.append({"exchange": answer.exchange, "answer": answer, "dialect": dialect, "stream": stream,
                          "facts": {"person": person, "team": PEOPLE[person], "key_max_class": "trade-secret", "client": dialect.client,
                                    "version": dialect.version, "account": "company", "repository": repository, "model": model,
                                    "references": [], "plugins": [], "candidates": ["sim", "second", "own"]}})


class Swap(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        here = self.enterContext(rig.folder())
        self.vendors = {}
        for name in ("sim", "second", "own"):
            self.vendors[name] = rig.Vendor(here, "--log", f"{name}.log", name=name, save=False)
            self.addCleanup(self.end, self.vendors[name])
        self.gateway = rig.Gateway(here, {name: vendor.url for name, vendor in self.vendors.items()}, RED)
        self.keys = {person: self.gateway.issue(f"{person}@acme.example", "--team", team)["key"] for person, team in PEOPLE.items()}
        self.gateway.start()
        self.addCleanup(self.end, self.gateway)
        self.granted = []  # (id, rule, person)

    def end(self, program):
        self.assertIsNone(program.stop())

    def exceptions(self, number, name):
        """One is granted for what this policy refuses, or the oldest is revoked; both at once now and then."""
        if number % 3 == 0:
            person, rule = list(PEOPLE)[number % 2], GRANTS[name]
            told = json.loads(self.gateway.run("exception", "grant", "--rule", rule, "--person", f"{person}@acme.example", "--repo", "**",
                                               "--until", "1h", "--reason", "a test", "--json"))
            self.granted.append((told["id"], rule, person))
            self.standing.append(told["id"])
        elif self.standing and number % 4 != 1:
            self.gateway.run("exception", "revoke", self.standing.pop(0))

    def load(self):
        """The clients' exchanges while the policies take turns."""
        going, self.standing = threading.Event(), []
        going.set()
        clients = [Client(number, self.gateway.port, self.keys, going) for number in range(CLIENTS)]
        asked = lambda: sum(len(one.done) for one in clients)
        begun = time.monotonic()
        try:
            for one in clients:
                one.start()
            for number in range(SWAPS):
                name = ("red", "blue")[number % 2]
                self.gateway.write_policy({"red": RED, "blue": BLUE}[name])
                self.gateway.reload()
                self.exceptions(number, name)
                goal = asked() + BETWEEN
                until(lambda: asked() >= goal or any(one.mistake for one in clients), "the clients to go on")
        finally:
            going.clear()
            for one in clients:
                one.join(rig.DEADLINE)
        self.assertEqual([], [one.mistake for one in clients if one.mistake])
        self.assertFalse(any(one.is_alive() for one in clients))
        sent = [done for one in clients for done in one.done]
        seconds = time.monotonic() - begun
        print(f"swap: {SWAPS} reloads under {len(sent)} exchanges in {seconds:.1f} s, {len(sent) / seconds:.0f}/s, "
              f"{len(self.granted)} exceptions granted", flush=True)
        return sent, clients

    def policies(self):
        """digest -> what it is the digest of: the gateway keeps each that was in force."""
        kept = {f"sha256:{path.parent.name}": json.loads(path.read_text()) for path in self.gateway.folder.glob("data/policies/*/policy.yaml")}
        self.assertEqual({json.dumps(RED), json.dumps(BLUE)}, {json.dumps(one) for one in kept.values()})
        return kept

    def check_answer(self, one, expected, sentences):
        answer, dialect = one["answer"], one["dialect"]
        if expected["refused_by"] != "nothing":
            self.assertEqual(dialect.status["policy"], answer.status, one["facts"])
            sentence = dialect.sentence(answer)
            if expected["refused_by"] == "rule":
                self.assertIn(sentences[expected["rule"]], sentence)
            self.assertFalse([rule for rule, text in sentences.items() if rule != expected["rule"] and text in sentence])
            return
        self.assertEqual(200, answer.status, (one["facts"], answer.body))
        self.assertTrue(dialect.is_finished(answer.body) if one["stream"] else json.loads(answer.body), answer.body)
        warning = answer.get("x-sallyport-warning") or ""
        self.assertEqual(expected["mode"] == "warn", bool(warning))
        if expected["would_rule"] and warning:
            self.assertIn(sentences[expected["would_rule"]], warning)

    def check_order(self, entries):
        """What one connection saw, in its order: no world after one that followed it, no exception again that had ended."""
        worlds = iter([line["world"] for line in self.gateway.log() if "world" in line])
        current, seen = next(worlds), collections.defaultdict(list)
        for entry in entries:
            while current != entry["plan"]["world"]:
                current = next(worlds, None)
                self.assertIsNotNone(current, "a world that was over, or was never there")
            for id, _, person in self.granted:
                if person == self.persons[entry["facts"]["person"]]:
                    seen[id].append(id in [one for one, _ in entry["facts"].get("exceptions", [])])
        for id, held in seen.items():
            self.assertLessEqual(sum(b and not a for a, b in zip([False] + held, held, strict=False)), 1, id)

    def test_each_exchange_has_one_policy_and_none_is_lost(self):
        sent, clients = self.load()
        done = [line for line in self.gateway.log() if line["event"].startswith("reload.")]
        self.assertEqual((SWAPS, {"reload.done"}), (len(done), {line["event"] for line in done}))
        self.assertEqual(len(self.granted), len({id for id, *_ in self.granted}))
        self.assertIsNone(self.gateway.stop())

        entries = collections.defaultdict(list)
        for _, entry in self.gateway.each_entry_on_disk():
            if "exchange" in entry:
                entries[entry["exchange"]].append(entry)
        self.assertEqual(len(sent), len({one["exchange"] for one in sent}))
        self.assertEqual({one["exchange"] for one in sent}, entries.keys())

        self.persons = {entries[one["exchange"]][0]["facts"]["person"]: one["facts"]["person"] for one in sent}
        self.assertEqual(set(PEOPLE), set(self.persons.values()))
        kept = self.policies()
        names = {json.dumps(one): digest for digest, one in kept.items()}
        self.assertEqual([names[json.dumps((RED, BLUE)[number % 2])] for number in range(SWAPS)], [line["policy"] for line in done])
        judges = {digest: Judge(one) for digest, one in kept.items()}
        sentences = {digest: {rule["id"]: rule["refuse"] for rule in one["rules"] if "refuse" in rule} for digest, one in kept.items()}
        found, reached, excepted = collections.Counter(), collections.Counter(), collections.Counter()
        for one in sent:
            mine = entries[one["exchange"]]
            plan, facts = mine[0]["plan"], mine[0]["facts"]
            digest = plan["policy"]
            exceptions = [tuple(pair) for pair in facts.get("exceptions", [])]
            self.assertLessEqual(set(exceptions), {(id, rule) for id, rule, person in self.granted if person == one["facts"]["person"]})
            expected = judges[digest].decide(one["facts"] | {"exceptions": exceptions})
            self.assertEqual(expected, recorded(plan), one["facts"])
            if expected["refused_by"] != "nothing":
                self.assertEqual(["refusal"], [entry["kind"] for entry in mine])
            else:
                self.assertEqual(["intent", "outcome"], [entry["kind"] for entry in mine])
                self.assertEqual((1, "complete", 200), (mine[0]["attempt"], mine[1]["ended"], mine[1]["status"]))
                upstream = mine[0]["upstream"]["name"]
                self.assertEqual((expected["upstreams"][0][0], kept[digest]["upstreams"][upstream]["vendor"]),
                                 (upstream, mine[0]["upstream"]["vendor"]))
                reached[upstream, mine[0]["sent"]["digest"].removeprefix("sha256:")] += 1
            self.check_answer(one, expected, sentences[digest])
            one["policy"] = digest
            found[digest, expected["refused_by"] != "nothing"] += 1
            excepted[expected["exception"] != ""] += 1
        self.assertEqual(4, len(found), found)  # both allowed and both refused
        self.assertTrue(excepted[True] and excepted[False], excepted)
        told = [f"{count} {'refused' if no else 'passed'} under {digest[7:13]}" for (digest, no), count in found.items()]
        print(f"swap: {', '.join(told)}, "
              f"{excepted[True]} under an exception", flush=True)

        came = collections.Counter()
        for name in self.vendors:
            for line in (self.gateway.folder / f"{name}.log").read_text().splitlines():
                came[name, json.loads(line)["sha256"]] += 1
        self.assertEqual(reached, came, "what is recorded is not what was received where")
        for client in clients:
            self.assertEqual(2, len({one["policy"] for one in client.done}), "a client that saw one policy only")
            self.check_order([entries[one["exchange"]][0] for one in client.done])

        rows = {row["exchange"]: row for row in self.gateway.ledger(limit=1000000)}
        self.assertEqual({one["exchange"] for one in sent}, rows.keys())
        for one in sent[:50]:
            shown = self.gateway.entries(one["exchange"])
            self.assertEqual(entries[one["exchange"]], [{key: value for key, value in entry.items() if key != "id"} for entry in shown])
        for one in sent:
            plan = recorded(entries[one["exchange"]][0]["plan"])
            decision = ("refuse" if plan["refused_by"] != "nothing" else "allow" if plan["would_refuse"] == "nothing" else
                        "exception" if plan["exception"] else "warn" if plan["mode"] == "warn" else "would-refuse")
            self.assertEqual(decision, rows[one["exchange"]]["decision"])


if __name__ == "__main__":
    unittest.main()

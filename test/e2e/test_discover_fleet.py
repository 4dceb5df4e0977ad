"""`sallyport discover --fleet`: many signed reports, with what they come to computed here."""

import datetime
import json
import os
import random
import resource

import reporting
from discovering import SEED, Discovering

CLIENTS = ("claude-code", "codex", "gemini-cli", "qwen-code", "opencode", "copilot")


class FleetOfMachines(Discovering):
    """500 reports made here, with what they come to computed here, too."""
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.reports = self.folder / "reports"
        self.reports.mkdir()
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    def time(self, days):
        return (self.now - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def put(self, name, data):
        (self.reports / name).write_bytes(data)

    def fleet(self, *arguments, code=None):
        return json.loads(self.discover("--fleet", self.reports, "--json", *arguments, code=code).stdout)

    def installed(self):
        """Facts of a made-up machine, and what counts of them: {client: way out}, {(client, version)}."""
        facts, ways, versions = [], {}, set()
        for client in self.random.sample(CLIENTS, self.random.randrange(4)):
            way = self.random.choice(("governed", "governed", "around", "not_known", "both"))
            for version in {f"1.{self.random.randrange(3)}.0" for _ in range(self.random.randrange(1, 3))}:
                facts.append({"kind": "client", "client": client, "what": client, "value": version, "place": "~/x",
                              "verdict": self.random.choice(("approved", "not approved", "cannot be judged"))})
                versions.add((client, version))
            for governed in {"governed": [True], "around": [False], "both": [True, False], "not_known": []}[way]:
                facts.append({"kind": "base-url", "client": client, "what": "X", "value": "https://gateway.acme.example" if governed else "https://api.anthropic.com",
                              "place": "~/y", "verdict": "approved"} | ({"governed": True} if governed else {}))
            facts.append({"kind": "base-url", "client": client, "what": "Y", "value": "https://elsewhere.example", "place": "~/z", "effective": False, "verdict": "approved"})
            ways[client] = "around" if way == "both" else way
        return facts, ways, versions

    def test_500_reports_give_the_coverage_that_was_computed(self):
        machines = [reporting.Machine(self.random.randbytes(32)) for _ in range(360)]
        newest, left_out, number = [], {}, 0

        def put(data, why=None):
            nonlocal number
            self.put(f"{self.random.randrange(10**6):06}-{number}.report", data)
            number += 1
            if why:
                left_out[why] = left_out.get(why, 0) + 1

        for index, machine in enumerate(machines):
            facts, ways, versions = self.installed()
            data = machine.report(self.time(index % 20), facts)
            newest.append((machine, facts, ways, versions))
            put(data)
            if index < 60:  # an older one, with other clients
                put(machine.report(self.time(30 + index), self.installed()[0]), "superseded")
            elif index < 85:
                put(data, "duplicate")
            elif index < 105:  # changed after it was signed
                put(data.replace(b'"at":"2', b'"at":"3' if index % 2 else b'"at": "2', 1), "bad signature")
            elif index < 115:
                put(machine.report((self.now + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"), self.installed()[0]), "from the future")
            elif index < 120:
                put(machine.report(self.time(0), [], format="sallyport-discover/99"), "foreign format")
            elif index < 125:  # signed by another machine in its name
                put(machines[index + 1].report(self.time(0), self.installed()[0], machine=machine.id), "bad signature")
            elif index < 130:
                put(machine.report(self.time(0), {"no": "list"}), "damaged")
            elif index < 135:
                put(data[:len(data) // 2], "not a report")
        put(b"", "not a report")
        put(b"\x00" * 100, "not a report")
        put(b"x" * (2 << 20), "unreadable")
        while number < 498:
            put(self.random.randbytes(200), "not a report")
        os.mkfifo(self.reports / "pipe")
        (self.reports / "link").symlink_to("pipe")
        left_out["unreadable"] += 2
        self.assertEqual(500, len(list(self.reports.iterdir())))

        counts = {"governed": 0, "around": 0, "not_known": 0}
        rows, all_governed, with_clients = {}, 0, 0
        for _, facts, ways, versions in newest:
            for way in ways.values():
                counts[way] += 1
            with_clients += bool(ways)
            all_governed += bool(ways) and set(ways.values()) == {"governed"}
            for client, version in versions:
                row = rows.setdefault((client, version), {"machines": 0, "governed": 0, "around": 0, "not_known": 0, "approved": 0, "not_approved": 0, "cannot_be_judged": 0})
                verdict = next(fact["verdict"] for fact in facts if fact["kind"] == "client" and (fact["client"], fact["value"]) == (client, version))
                row["machines"] += 1
                row[ways[client]] += 1
                row[verdict.replace(" ", "_")] += 1
        view = self.fleet(code=1)
        self.assertEqual(left_out, view["reports"]["left_out"])
        self.assertEqual((500, 360), (view["reports"]["read"], view["reports"]["taken"]))
        self.assertEqual(sum(left_out.values()), len(view["reports"]["files_left_out"]))
        seen = sum(counts.values())
        self.assertEqual(counts | {"seen": seen, "ratio": round(counts["governed"] / seen, 4)}, view["coverage"])
        self.assertEqual((360, with_clients, all_governed), tuple(view["machines"][name] for name in ("reported", "with_clients", "all_governed")))
        self.assertEqual(rows, {(row["client"], row["version"]): {name: row[name] for name in row if name not in ("client", "version")} for row in view["clients"]})
        text = self.discover("--fleet", self.reports).stdout
        self.assertIn(f"{counts['governed']} of {seen} clients on machines go through the gateway", text)
        # Another gateway: nobody is governed by it.
        self.assertEqual(0, self.fleet("--gateway", "https://other.example")["coverage"]["governed"])
        self.assertEqual(counts["governed"], self.fleet("--gateway", "https://gateway.acme.example")["coverage"]["governed"])

    def test_a_banned_client_is_gone_only_where_every_machine_has_said_so_since(self):
        old = [{"kind": "client", "client": "codex", "what": "codex", "value": "0.150.0", "place": "~/x", "verdict": "not approved"}]
        new = [old[0] | {"value": "0.169.0", "verdict": "approved"}]
        one, two, three = (reporting.Machine(bytes([n]) * 32) for n in (1, 2, 3))
        self.put("a", one.report(self.time(10), old))
        self.put("b", one.report(self.time(2), new))
        self.put("c", two.report(self.time(9), new))
        self.put("d", three.report(self.time(20), []))

        def ban(text="codex@<0.160.0", *arguments):
            return self.fleet("--banned", text, *arguments)["banned"][0]

        self.assertEqual({"banned": "codex@<0.160.0", "gone": False, "machines_with_it": 0, "machines_it_is_gone_from": 1, "machines_without_a_report_since": 1,
                          "last_seen": self.time(10)}, ban(), "the third machine has not reported since it was last seen")
        self.put("e", three.report(self.time(1), []))
        self.assertTrue(ban()["gone"])
        self.assertEqual(2 - 1, ban("codex@<0.160.0", "--since", "5d")["machines_without_a_report_since"], "the second machine")
        self.assertEqual(2, ban("codex")["machines_with_it"])
        self.assertEqual((True, 0), (ban("gemini-cli")["gone"], ban("gemini-cli")["machines_it_is_gone_from"]))
        machines = self.folder / "machines"
        machines.write_text(f"# enrolled\n{one.id}\n{two.id}\nmachine-{'0' * 32}\n")
        view = self.fleet("--banned", "codex@<0.160.0", "--machines", machines)
        self.assertEqual((1, 1), (view["machines"]["enrolled_without_report"], view["banned"][0]["machines_without_a_report_since"]))
        self.assertEqual(2, view["reports"]["left_out"]["not enrolled"])

    def test_two_reports_of_one_moment_contradict_whatever_their_files_are_called(self):
        machine = reporting.Machine(b"\x07" * 32)
        at = self.time(1)
        data = [machine.report(at, [{"kind": "client", "client": "codex", "what": "codex", "value": version, "place": "~", "verdict": "approved"}]) for version in ("1.0.0", "2.0.0")]
        views = []
        for order in (data, data[::-1]):
            for name, one in zip("ab", order):
                self.put(name, one)
            view = self.fleet(code=0)
            self.assertEqual({"contradicts": 1}, view["reports"]["left_out"])
            views.append(view["clients"])
        self.assertEqual(*views)

    def test_what_the_gateway_recorded_is_held_against_it(self):
        self.put("a", reporting.Machine(b"\x08" * 32).report(self.time(1), [
            {"kind": "client", "client": "codex", "what": "codex", "value": "0.169.0", "place": "~", "verdict": "approved"}]))
        rows = [{"exchange": "x", "client": {"name": "codex", "version": "0.169.0"}}] * 3 + [{"exchange": "y", "client": {"name": "claude-code", "version": "2.1.90"}}]
        ledger = self.folder / "ledger.jsonl"
        ledger.write_text("".join(json.dumps(row) + "\n" for row in rows))
        recorded = {(row["client"], row["exchanges"], row["machines"]) for row in self.fleet("--against", ledger)["recorded"]}
        self.assertEqual({("codex", 3, 1), ("claude-code", 1, 0)}, recorded)
        ledger.write_text("no json\n")
        self.assertIn("ledger.jsonl:1", self.discover("--fleet", self.reports, "--against", ledger, code=4).stderr)

    def test_memory_stays_small_over_many_reports(self):
        many = int(os.environ.get("SALLYPORT_REPORTS", "1500"))
        facts = [{"kind": "client", "client": "codex", "what": "codex", "value": "0.169.0", "place": "~/" + "x" * 200, "verdict": "approved"}] * 60
        machine = reporting.Machine(b"\x09" * 32)
        data = machine.report(self.time(1), facts)  # one signature, and copies that differ behind it
        for number in range(many):
            self.put(f"{number}", data if number % 2 else data + b"\n")
        usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        view = self.fleet()
        self.assertEqual(many, view["reports"]["read"])
        self.assertLess(max(usage, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss), 300_000)

"""What ends by itself ends on time, to the second: the gateway runs under libfaketime, with a clock that stands still until it is moved."""

import datetime
import glob
import json
import os
import unittest

import dialects
import rig
from upstream import Upstream
from wire import SLOW, Wire, until

LIBRARY = next(iter(sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))), None)
MORNING = datetime.datetime(2031, 3, 4, 9, 30)
SITE, CUSTOMER, ENGINE = "git.acme.example/web/site", "git.acme.example/clients/x", "git.acme.example/core/engine"
POLICY = rig.POLICY | {"clients": {"qwen-code": {}},
                       "rules": rig.POLICY["rules"] + [{"id": "no-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved."}]}
BRIEF, MOMENT = datetime.timedelta(seconds=1), datetime.timedelta(milliseconds=1)


def spoken(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@unittest.skipUnless(LIBRARY, "libfaketime is not installed (Debian's package faketime)")
@unittest.skipIf(SLOW, "a sanitizer's runtime wants to be the first library")
class MovedClock(unittest.TestCase):
    ask_once = rig.Case.ask

    def setUp(self):
        self.here = self.enterContext(rig.folder())
        self.move(MORNING)
        self.vendor = rig.Vendor(self.here)
        self.addCleanup(self.end, self.vendor)
        self.count = 0

    def end(self, program):
        self.assertIsNone(program.stop())

    def start(self, policy=None, upstreams=None):
        self.gateway = rig.Gateway(self.here, upstreams or dict.fromkeys(("sim", "second", "own"), self.vendor.url), policy or POLICY,
                                   threads=1)
        # Time-outs and the gateway's own rounds go by the monotonic clock, which goes on.
        self.gateway.variables = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.here / "clock"), "FAKETIME_NO_CACHE": "1",
                                  "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        self.key = self.gateway.issue("ada@acme.example", "--team", "platform")["key"]
        self.gateway.start()
        self.addCleanup(self.end, self.gateway)

    def move(self, at):
        """At once, for the gateway and for commands: the file is exchanged whole."""
        (self.here / "clock.new").write_text(at.strftime("%Y-%m-%d %H:%M:%S.%f\n"))
        os.replace(self.here / "clock.new", self.here / "clock")

    def command(self, *arguments, code=0):
        before = self.gateway.metric("world_generation")
        told = self.gateway.run(*arguments, code=code)
        if code == 0:
            until(lambda: self.gateway.metric("world_generation") > before, "the gateway to know of it")
            self.gateway.ask("HEAD", "/")  # what its loop does next sees the new world, what it does along with that need not
        return json.loads(told) if told else None

    def grant(self, ends, *more, rule="no-mini", whom=("--person", "ada@acme.example"), repo="**"):
        return self.command("exception", "grant", "--rule", rule, "--until", ends, "--repo", repo, "--reason", "ticket 1", "--json", *whom, *more)

    def break_glass(self, ends, code=0):
        return self.command("break-glass", "--team", "platform", "--repo", "**", "--until", ends, "--reason", "outage", "--json", code=code)

    def ask(self, model="gpt-mini", wire=None, **how):
        """A request that nothing but an exception lets through, never the same twice."""
        self.count += 1
        text = f"request {self.count}"
        if wire is None:
            return self.ask_once(dialects.CHAT, text, model=model, **how)
        wire.ask("POST", dialects.CHAT.target(), dialects.CHAT.fields(self.key), dialects.CHAT.bytes(text, model))
        return wire.answer()

    def states(self):
        listed = self.gateway.run("exception", "list", "--all", "--json")
        return {one["id"]: one["state"] for one in map(json.loads, listed.splitlines())}

    def judged(self, answer):
        self.gateway.row(answer.exchange)
        return next(one for one in self.gateway.entries(answer.exchange) if "plan" in one)

    def check_end(self, id, end, ask):
        """Up to the last millisecond it holds, and from then on it does not; nobody does anything about it."""
        for at in (end - BRIEF, end - MOMENT, end, end + BRIEF):
            self.move(at)
            answer, holds = ask(), at < end
            entry = self.judged(answer)
            self.assertEqual(200 if holds else 451, answer.status, at)
            self.assertEqual((id if holds else None, [id] if holds else []),
                             (entry["plan"].get("exception"), [one for one, _ in entry["facts"].get("exceptions", [])]), at)
            self.assertEqual(at.isoformat(timespec="milliseconds") + "Z", self.gateway.row(answer.exchange)["at"])
            self.assertEqual("exception" if holds else "refuse", self.gateway.row(answer.exchange)["decision"])
            self.assertEqual("in force" if holds else "ended", self.states()[id])

    def test_a_clock_that_is_wrong_destroys_nothing_however_often_the_gateway_starts(self):
        self.start(POLICY | {"bodies": {"internal": "90d"}})
        answer = self.ask_once(dialects.CHAT, "keep me", repository=SITE)
        self.assertEqual(200, answer.status)
        show = ("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "request", "--reason", "test")
        until(lambda: "keep me" in self.gateway.run(*show, code=None), "the body")
        self.gateway.stop()
        self.move(MORNING + datetime.timedelta(days=3650))
        for _ in range(3):
            self.gateway.start()
            until(lambda: "bodies.expiry_waits" in self.gateway.said(), "the log to say so")
            self.gateway.stop()
            self.assertIn("keep me", self.gateway.run(*show))
        self.move(MORNING + datetime.timedelta(hours=1))  # it was put right
        self.gateway.start()
        self.assertIn("keep me", self.gateway.run(*show))

    def test_an_exception_holds_to_its_last_second(self):
        self.start()
        kept = self.enterContext(Wire(self.gateway.port))  # a connection knows no more than a new one
        strange = [("user-agent", "strange-client/1")]
        day = MORNING
        for name, ends, how, ask in (
            ("a span", lambda now: "90m", {}, self.ask),
            ("seconds", lambda now: "90s", {}, lambda: self.ask(wire=kept)),
            ("a time", lambda now: spoken(now + datetime.timedelta(minutes=90)), {}, self.ask),
            ("a day", lambda now: (now + datetime.timedelta(days=20)).strftime("%Y-%m-%d"), {}, self.ask),
            ("over a leap day", lambda now: "400d", {}, self.ask),
            ("a team", lambda now: "8h", {"whom": ("--team", "platform")}, self.ask),
            ("what no rule allows", lambda now: "8h", {"rule": "default"}, lambda: self.ask(model=None, fields=strange)),
            ("in some repositories", lambda now: "8h", {"repo": "git.acme.example/clients/**"}, lambda: self.ask(repository=CUSTOMER)),
        ):
            with self.subTest(name):
                self.move(day)
                self.assertEqual(451, ask().status)
                wish = ends(day)
                granted = self.grant(wish, **how)
                end = datetime.datetime.strptime(granted["until"], "%Y-%m-%dT%H:%M:%S.%fZ")
                units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
                self.assertEqual(day + datetime.timedelta(**{units[wish[-1]]: int(wish[:-1])}) if wish[-1] in units else
                                 datetime.datetime.fromisoformat(wish.removesuffix("Z")), end)
                self.assertEqual(200, ask().status)
                self.check_end(granted["id"], end, ask)
                day = end + datetime.timedelta(hours=1)
        told = json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--since", "2031-01-01", "--json"))
        self.assertEqual((told["decisions"], []), (told["same"], told["changes"]))  # in the past it still held

    def test_one_ends_and_another_goes_on(self):
        self.start()
        first, second = self.grant("1h"), self.grant("2h")
        self.move(MORNING + datetime.timedelta(hours=1))
        answer = self.ask()
        self.assertEqual((200, second["id"]), (answer.status, self.judged(answer)["plan"]["exception"]))
        self.assertEqual({first["id"]: "ended", second["id"]: "in force"}, self.states())
        self.check_end(second["id"], MORNING + datetime.timedelta(hours=2), self.ask)

    def test_approved_or_not_it_ends_when_it_was_said(self):
        self.start(POLICY | {"exceptions": {"second_person": True, "longest": "8h"}})
        granted, late = self.grant("8h", "--by", "dora"), self.grant("7h", "--by", "dora")
        self.gateway.run("exception", "grant", "--rule", "no-mini", "--person", "ada@acme.example", "--repo", "**", "--reason", "too long",
                         "--until", spoken(MORNING + datetime.timedelta(hours=8) + BRIEF), code=2)
        self.assertEqual(451, self.ask().status)
        self.move(MORNING + datetime.timedelta(hours=7))
        self.gateway.run("exception", "approve", late["id"], "--by", "emil", code=None)
        self.assertEqual(451, self.ask().status)
        self.command("exception", "approve", granted["id"], "--by", "emil", "--json")
        self.check_end(granted["id"], MORNING + datetime.timedelta(hours=8), self.ask)

    def test_an_answer_that_runs_ends_as_it_began(self):
        self.start()
        granted = self.grant("1h")
        end = MORNING + datetime.timedelta(hours=1)
        self.move(end - MOMENT)
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key),
                     dialects.CHAT.bytes("vendor:events(4) vendor:fault(gate)", "gpt-mini", True))
            self.vendor.next()
            head = wire.head()
            pieces = wire.pieces(head)
            got = next(pieces)
            self.move(end)
            self.assertEqual(451, self.ask().status)
            for _ in range(20):
                self.vendor.next()
            got += b"".join(pieces)
        self.assertTrue(dialects.CHAT.is_finished(got), got)
        self.assertEqual(("complete", "exception"), tuple(self.gateway.row(head.exchange)[name] for name in ("ended", "decision")))
        self.assertEqual(granted["id"], self.judged(head)["plan"]["exception"])

    def test_no_second_upstream_is_tried_once_it_ended(self):
        end = MORNING + datetime.timedelta(hours=1)
        at = iter([end - MOMENT, end])

        def fails(wire, _):
            self.move(next(at))
            wire.reply(503)

        with Upstream(fails) as first, Upstream() as second:
            self.start(upstreams={"sim": first.url, "second": second.url})
            self.grant("1h")
            self.assertEqual(200, self.ask().status)
            self.assertEqual((1, 1), (len(first.received), len(second.received)))
            self.assertNotEqual(200, self.ask().status)
            self.assertEqual((2, 1), (len(first.received), len(second.received)))

    def test_break_glass_is_seen_at_once_and_ends_on_time(self):
        self.start()
        longest = MORNING + datetime.timedelta(hours=4)
        self.break_glass(spoken(longest + BRIEF), code=2)
        self.assertEqual((451, 0), (self.ask().status, self.gateway.metric("break_glass_open")))
        marked = 'let_through_total{mode="break-glass"}'
        opened = json.loads(self.gateway.run("break-glass", "--team", "platform", "--repo", "**", "--until", spoken(longest), "--reason", "outage",
                                             "--json"))
        passed = until(lambda: (answer := self.ask()).status == 200 and answer, "the glass to be broken")
        self.assertEqual((1, 1), (self.gateway.metric("break_glass_open"), self.gateway.metric(marked)))
        events = [line for line in self.gateway.log() if line["event"].startswith("break_glass.")]
        self.assertEqual([("break_glass.open", "warning"), ("break_glass.used", "warning")], [(one["event"], one["level"]) for one in events])
        self.assertEqual((passed.exchange, opened["id"]), (events[1]["exchange"], events[1]["exception"]))
        self.assertEqual({"2031-03-04T09:30:00.000Z"}, {one["time"] for one in events})
        self.assertEqual((opened["id"], True), (self.judged(passed)["plan"]["exception"], self.judged(passed)["plan"]["durable_first"]))
        self.assertEqual([passed.exchange], [row["exchange"] for row in self.gateway.ledger("--decision", "exception")])

        self.vendor.forget()
        self.ask(repository=ENGINE)
        self.check_end(opened["id"], longest, self.ask)
        self.assertEqual(0, self.gateway.metric("break_glass_open"))
        used = [line["exchange"] for line in self.gateway.log() if line["event"] == "break_glass.used"]
        excepted = [row["exchange"] for row in self.gateway.ledger("--decision", "exception")]
        self.assertEqual((sorted(excepted), len(excepted)), (sorted(used), self.gateway.metric(marked)))
        self.move(longest - BRIEF)
        self.assertEqual(1, self.gateway.metric("break_glass_open"), "the metric does not go by the time that decides")

    def test_a_request_is_judged_when_it_is_whole(self):
        self.start()
        self.grant("1h")
        end = MORNING + datetime.timedelta(hours=1)
        self.move(end - MOMENT)
        body = dialects.CHAT.bytes("late", "gpt-mini")
        with Wire(self.gateway.port) as wire:
            fields = dialects.CHAT.fields(self.key) + [("Content-Length", str(len(body))), ("Expect", "100-continue")]
            wire.ask("POST", dialects.CHAT.target(), fields, b"")
            self.assertEqual(100, wire.head().status)  # who calls has been read by now
            self.move(end)
            wire.send(body)
            self.assertEqual(451, wire.answer().status)

    def test_a_failed_exchange_is_decided_once(self):
        self.start(upstreams=dict.fromkeys(("sim", "second"), "http://127.0.0.1:1"))
        self.assertNotEqual(200, self.ask(model=None).status)
        until(lambda: [one for _, one in self.gateway.entries_on_disk() if one["kind"] == "refusal"], "the end of it")
        self.assertEqual(1, json.loads(self.gateway.run("policy", "what-if", "policy.yaml", "--json"))["decisions"])

    def test_a_key_ends_on_time(self):
        self.start()
        end = MORNING + datetime.timedelta(days=90)
        key = self.command("key", "issue", "--person", "ben@acme.example", "--expires", "90d", "--json")["key"]
        for at, status in ((end - BRIEF, 200), (end - MOMENT, 200), (end, 451), (end + BRIEF, 451)):
            self.move(at)
            self.assertEqual(status, self.ask(model=None, key=key).status, at)
        self.assertEqual(200, self.ask(model=None).status)


if __name__ == "__main__":
    unittest.main()

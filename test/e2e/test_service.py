"""The service itself: reload, drain, mistakes in its files, what it tells of its health."""

import contextlib
import json
import signal
import unittest

import dialects
import rig
from upstream import Upstream
from wire import Cut, Wire, until


class Reload(rig.Case):
    config = {"threads": 1}

    def setUp(self):
        self.gateway.write_policy(rig.POLICY)
        self.gateway.write_config()
        self.gateway.reload()
        self.assertEqual((200, {"ready": True}), self.gateway.readiness())

    def test_a_bad_file_leaves_the_old_in_force_and_readyz_says_so(self):
        broken = json.loads(json.dumps(rig.POLICY))
        broken["rules"][0]["alow"] = broken["rules"][0].pop("allow")
        leaking = rig.POLICY | {
            "rules": rig.POLICY["rules"] +
            [{"id": "leak", "when": {"class": "trade-secret"}, "allow": {"upstreams": ["sim"]}}]
        }
        for name, policy, said in (
            ("unknown key", broken, "allow"),
            ("broken invariant", leaking, "leak"),
            ("no YAML", "version: [1\n", "policy.yaml:1:"),
            ("empty", "", "policy.yaml"),
        ):
            with self.subTest(name):
                failed = self.gateway.metric("reloads_failed")
                self.gateway.write_policy(policy)
                self.gateway.reload()
                self.assertEqual(200, self.ask(dialects.CHAT).status)
                self.assertEqual(451, self.ask(dialects.CHAT, repository="git.acme.example/core/x").status)
                status, body = self.gateway.readiness()
                self.assertEqual((503, False), (status, body["ready"]))
                self.assertIn("old policy is in force", body["because"])
                self.assertIn(said, body["because"])
                self.assertRegex(body["because"], r"policy\.yaml:(\d+:\d+)?")
                self.assertEqual((failed + 1, 0), (self.gateway.metric("reloads_failed"), self.gateway.metric("ready")))
        with self.subTest("sallyport.yaml"):
            self.gateway.write_policy(rig.POLICY)
            config = self.gateway.folder / "sallyport.yaml"
            config.write_text(config.read_text().replace('"upstreams"', '"upstream"'))
            self.gateway.reload()
            self.assertRegex(self.gateway.readiness()[1]["because"],
                             r"sallyport\.yaml:\d+:\d+.*did you mean .?upstreams")
            self.assertEqual(200, self.ask(dialects.CHAT).status)

    def test_a_good_policy_changes_decisions_and_the_world_in_the_entries(self):
        before = self.ask(dialects.CHAT, "before")
        self.gateway.write_policy(rig.POLICY | {
            "rules": rig.POLICY["rules"] + [{"id": "stop", "when": {"class": "internal"}, "refuse": "Stopped for now."}]
        })
        self.gateway.reload()
        after = self.ask(dialects.CHAT, "after")
        self.assertEqual((200, 451), (before.status, after.status))
        self.assertIn("Stopped for now.", dialects.CHAT.sentence(after))
        self.row(before), self.row(after)
        worlds = [self.gateway.entries(one.exchange)[0]["plan"]["world"] for one in (before, after)]
        self.assertNotEqual(*worlds)

    def test_a_running_stream_survives_a_reload(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key),
                     dialects.ANTHROPIC.bytes("vendor:events(4) vendor:fault(gate)", stream=True))
            self.vendor.next()
            pieces = wire.pieces(wire.head())
            got = next(pieces)
            self.gateway.write_policy(rig.POLICY | {"rules": rig.POLICY["rules"][1:]})
            self.gateway.reload()
            self.assertEqual(451, self.ask(dialects.ANTHROPIC).status)
            for _ in range(20):
                self.vendor.next()
            got += b"".join(pieces)
            self.assertTrue(dialects.ANTHROPIC.is_finished(got), got)
        self.vendor.forget()


class ReorderedUpstreams(rig.Case):
    config = {"threads": 1}

    @classmethod
    def upstreams(cls):
        cls.reached = []

        def old(wire, request):
            cls.reached.append(request)
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{")
            if request.get("x-wait"):
                until(lambda: cls.go, "the reload")
            wire.send(b"   ")

        cls.go = False
        cls.old, cls.new = Upstream(old), Upstream()
        cls.addClassCleanup(cls.old.close)
        cls.addClassCleanup(cls.new.close)
        return {"sim": cls.old.url}

    def test_a_connection_kept_over_a_reload_serves_no_other_upstream(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/messages",
                     dialects.ANTHROPIC.fields(self.key) + [("x-wait", "1")], dialects.ANTHROPIC.bytes("running"))
            until(lambda: self.reached, "the request at the old upstream")
            self.gateway.upstreams = {"second": {"url": self.new.url}, "sim": self.old.url}
            self.gateway.write_config()
            self.gateway.reload()
            type(self).go = True
            self.assertEqual(200, wire.answer().status)
        self.assertEqual(200, self.ask(dialects.ANTHROPIC, "after").status)
        self.assertEqual((1, 1), (len(self.old.received), len(self.new.received)),
                         "what is meant for one upstream came to the other")


class Drain(unittest.TestCase):
    """Each with a gateway of its own, since it ends."""
    def setUp(self):
        drain = "500ms" if "cut" in self._testMethodName else "20s"
        self.vendor, self.gateway = self.enterContext(rig.stack({"threads": 2, "timeouts": {"drain": drain}}))

    def begin(self, wire):
        wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.gateway.key),
                 dialects.ANTHROPIC.bytes("vendor:events(5) vendor:fault(gate)", stream=True))
        self.vendor.next()
        head = wire.head()
        return head, wire.pieces(head)

    def test_sigterm_lets_a_running_stream_end_and_takes_nothing_new(self):
        with Wire(self.gateway.port) as wire, Wire(self.gateway.port) as idle:
            idle.ask("HEAD", "/")
            idle.answer("HEAD")
            head, pieces = self.begin(wire)
            got = next(pieces)
            self.gateway.signal(signal.SIGTERM)
            self.assertTrue(idle.is_closed())

            def refuses():
                try:
                    Wire(self.gateway.port).close()
                    return False
                except ConnectionError:
                    return True

            until(refuses, "the gateway to take no new connections")
            for _ in range(20):
                self.vendor.next()
            got += b"".join(pieces)
            self.assertTrue(dialects.ANTHROPIC.is_finished(got), got)
            self.assertTrue(wire.is_closed())
        self.assertEqual(0, self.gateway.process.wait(rig.DEADLINE))
        self.assertEqual("complete", self.gateway.row(head.exchange)["ended"])

    def test_what_does_not_end_in_time_is_cut_and_recorded(self):
        with Wire(self.gateway.port) as wire:
            head, pieces = self.begin(wire)
            got = next(pieces)
            self.gateway.signal(signal.SIGTERM)
            try:
                got += b"".join(pieces)
                self.assertTrue(dialects.ANTHROPIC.stream_failure(got), "a clean end without a final event")
            except Cut:
                pass
        self.assertEqual(0, self.gateway.process.wait(rig.DEADLINE))
        self.assertIn("ended", self.gateway.row(head.exchange, closed=lambda row: True), "the intent has no outcome")


class Files(unittest.TestCase):
    """Mistakes stop the start, each with its place."""
    def setUp(self):
        self.folder = self.enterContext(rig.folder())

    def start(self, upstreams=None, policy=None, edit=None, **more):
        gateway = rig.Gateway(self.folder, upstreams or {"sim": "http://127.0.0.1:9"}, policy, **more)
        if edit:
            file, before, after = edit
            path = self.folder / file
            self.assertIn(before, path.read_text())
            path.write_text(path.read_text().replace(before, after, 1))
        try:
            gateway.start()
        except AssertionError as ended:
            return str(ended)
        self.started = gateway
        self.addCleanup(gateway.stop)
        return ""

    def test_a_mistake_stops_the_start_with_its_place(self):
        for name, edit, said in (
            ("misspelt key", ("sallyport.yaml", '"listeners"', '"listners"'),
             r"sallyport\.yaml:\d+:\d+: .*did you mean .?listeners"),
            ("unknown dialect", ("sallyport.yaml", '"gemini"', '"gemin"'),
             r"sallyport\.yaml:\d+:\d+: .*did you mean .?gemini"),
            ("secret in the file", ("sallyport.yaml", "${env:UPSTREAM_KEY}", "sk-secret-in-file"),
             r"sallyport\.yaml:\d+:\d+: .*reference"),
            ("unset variable", ("sallyport.yaml", "UPSTREAM_KEY", "NO_SUCH_KEY"),
             r"sallyport\.yaml:\d+:\d+: .*NO_SUCH_KEY.*not set"),
            ("odd time", ("sallyport.yaml", '"3s"', '"3 parsecs"'), r"sallyport\.yaml:\d+:\d+: .*250ms"),
            ("odd URL", ("sallyport.yaml", "http://127.0.0.1:9", "ftp://a"), r"sallyport\.yaml:\d+:\d+: .*http"),
            ("not YAML", ("sallyport.yaml", '"data"', '"data'), r"sallyport\.yaml:\d+:\d+"),
        ):
            with self.subTest(name):
                told = self.start(edit=edit)
                self.assertRegex(told, said)
                self.assertNotIn("sk-secret-in-file", told)

    def test_without_a_policy_that_can_be_taken_it_starts_and_refuses_everything(self):
        for name, edit, said in (
            ("misspelt class", ('"trade-secret"', '"trade-secrets"'),
             r"policy\.yaml:\d+:\d+: .*did you mean .?trade-secret"),
            ("unknown upstream", ('"second",', '"secnd",'), r"policy\.yaml:\d+:\d+: .*did you mean .?second"),
            ("key twice", ('"version": 1,', '"version": 1, "version": 1,'), r"policy\.yaml:\d+:\d+"),
            ("no such file", None, r"policy\.yaml"),
        ):
            with self.subTest(name), rig.folder() as here, contextlib.ExitStack() as running:
                vendor = rig.Vendor(here)
                running.callback(vendor.stop)
                gateway = rig.Gateway(here, {"sim": vendor.url, "second": vendor.url})
                key = gateway.issue()["key"]
                good = (here / "policy.yaml").read_text()
                if edit:
                    self.assertIn(edit[0], good)
                    (here / "policy.yaml").write_text(good.replace(*edit, 1))
                else:
                    (here / "policy.yaml").unlink()
                gateway.start()
                running.callback(gateway.stop)
                status, told = gateway.readiness()
                self.assertEqual(503, status)
                self.assertRegex(told["because"], said)
                self.assertRegex(told["because"], "everything is refused")
                for dialect in dialects.ALL:
                    answer = gateway.ask("POST", dialect.target(), dialect.fields(key), dialect.bytes("hi"))
                    self.assertEqual(dialect.status["policy"], answer.status)
                    self.assertIn("no policy that it can take", dialect.sentence(answer))
                    self.assertNotIn(str(here), dialect.sentence(answer))
                self.assertEqual([], vendor.requests())
                (here / "policy.yaml").write_text(good)
                gateway.reload()
                until(lambda: gateway.readiness()[0] == 200, "the mended policy to be in force")
                self.assertEqual(200, gateway.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(key),
                                                  dialects.ANTHROPIC.bytes("hi")).status)

    def test_two_gateways_cannot_share_a_data_directory(self):
        self.assertEqual("", self.start())
        self.assertRegex(self.start(), "lock|another|in use|already")

    def test_a_port_that_is_taken_is_told(self):
        with Upstream() as other:
            self.assertIn(str(other.port), self.start(listeners=[{"address": f"127.0.0.1:{other.port}"}]))

    def test_the_start_takes_at_most_two_seconds_of_a_processor(self):
        self.assertEqual("", self.start())
        self.assertLess(self.started.cpu_seconds(), 2 * rig.SECONDS_FACTOR)


if __name__ == "__main__":
    unittest.main()

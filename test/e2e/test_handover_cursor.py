"""Where a destination begins and goes on, files as destinations, the company's proxy, settings that change."""

import json
import threading
import unittest

import dialects
import receivers
from authority import Authority, server_side
from handing_over import NOBODY, PERSON, TOKEN, Stand
import test_proxy
from upstream import Upstream
from wire import DEADLINE, Wire, until

CUSTOMER = "git.acme.example/clients/x"


class Files(Stand):
    """What has no other side, and settings that change."""

    def lines(self, name):
        path = self.gateway.folder / name
        return path.read_text().split("\n")[:-1] if path.exists() else []  # whole ones: the last may just be written

    def settle(self, *destinations):
        self.gateway.more["handover"] = list(destinations)
        self.gateway.write_config()
        self.gateway.reload()

    def exchanges_in(self, name):
        return [json.loads(line)["metadata"]["correlation_uid"] for line in self.lines(name)]

    def test_a_destination_begins_at_the_present_end_or_at_the_start(self):
        before = self.exchanges(2)
        old = {"name": "old", "to": "file:old.jsonl", "format": "ocsf", "from": "start"}
        self.settle(old)
        until(lambda: set(before) <= set(self.exchanges_in("old.jsonl")), "what was there before")
        self.settle(old, {"name": "new", "to": "file:new.jsonl", "format": "ocsf"})
        until(lambda: (self.gateway.folder / "data/handover/new").exists(), "its beginning")
        after = self.exchanges(2)
        until(lambda: set(after) <= set(self.exchanges_in("new.jsonl")), "what came after")
        self.assertFalse(set(before) & set(self.exchanges_in("new.jsonl")))
        # Gone, and back: it goes on where it was.
        self.settle()
        until(lambda: 'sallyport_handover_lag_entries{destination="new"}' not in self.gateway.metrics(), "its end")
        between = self.exchanges(1)
        self.settle({"name": "new", "to": "file:new.jsonl", "format": "ocsf"})
        until(lambda: set(between) <= set(self.exchanges_in("new.jsonl")), "what came meanwhile")
        found = self.exchanges_in("new.jsonl")
        self.assertEqual(len(set(found)), len(found))

    def test_a_line_that_a_crash_cut_off_does_not_spoil_the_next(self):
        (self.gateway.folder / "cut.jsonl").write_text('{"half":')
        self.settle({"name": "cut", "to": "file:cut.jsonl", "format": "ocsf"})
        made = self.exchanges(1)
        until(lambda: len(self.lines("cut.jsonl")) > len(set(made)), "the lines")
        self.assertEqual('{"half":', self.lines("cut.jsonl")[0])
        self.assertEqual(set(made), {json.loads(line)["metadata"]["correlation_uid"]
                                     for line in self.lines("cut.jsonl")[1:]})

    def test_an_exchange_that_was_open_when_the_gateway_was_killed_is_told_without_its_outcome(self):
        held = threading.Event()
        self.addCleanup(held.set)
        with Upstream(lambda wire, request: held.wait(DEADLINE) and False) as upstream:
            gateway = self.run_gateway({"sim": upstream.url}, folder=self.folder / "open", handover=[
                {"name": "open", "to": "file:open.jsonl", "format": "ocsf"}])
            with Wire(gateway.port) as wire:
                wire.ask("POST", dialects.CHAT.target(), dialects.CHAT.fields(gateway.key, CUSTOMER),
                         dialects.CHAT.bytes("slow"))  # durable first
                until(lambda: upstream.received, "the request at the vendor")
                # The cursor goes past the open one, and must remember it.
                refused = self.ask(dialects.CHAT, "no", gateway=gateway, key=gateway.key, repository=NOBODY).exchange
                cursor = gateway.folder / "data/handover/open"
                until(lambda: json.loads(cursor.read_text())["next"] >= 3, "the refusal to be handed over")
                self.assertEqual(1, json.loads(cursor.read_text())["from"])
                gateway.kill()
            for _ in range(2):  # the second time there is nothing left to tell
                gateway.start()
                path = gateway.folder / "open.jsonl"
                until(lambda: path.read_text().count("\n") == 2, "the event")  # pylint: disable=W0640
                until(lambda: gateway.metric('handover_lag_entries{destination="open"}') == 0, "all to be read")
                gateway.kill()
            first, event = map(json.loads, path.read_text().splitlines())
            self.assertEqual(refused, first["metadata"]["correlation_uid"])
            self.assertEqual((0, "the gateway ended before the outcome was known"),
                             (event["status_id"], event["message"].rsplit(": ", 1)[1]))
            gateway.start()

    def test_a_cursor_of_another_ledger_is_told_and_nothing_is_sent(self):
        folder = self.gateway.folder / "data" / "handover"
        folder.mkdir(exist_ok=True)
        (folder / "foreign").write_text('{"from":7,"next":9,"origin":"elsewhere","v":1}')
        self.settle({"name": "foreign", "to": "file:foreign.jsonl", "format": "ocsf"})
        said = lambda: [line["why"] for line in self.gateway.log() if line["event"] == "handover.failed" and
                        line["destination"] == "foreign"]
        until(said, "the complaint")
        self.assertIn("was it restored from a backup? Delete the file", said()[0])
        self.assertEqual([], self.lines("foreign.jsonl"))
        self.settle()

    def test_what_is_set_up_well_never_fails(self):
        gateway = self.run_gateway({"sim": self.vendor.url}, folder=self.folder / "fresh", handover=[
            {"name": "first", "to": "file:first.jsonl", "format": "cef"}])
        answer = self.ask(dialects.CHAT, "hi", gateway=gateway, key=gateway.key)
        until(lambda: (gateway.folder / "first.jsonl").exists() and
              f" cs5={answer.exchange} " in (gateway.folder / "first.jsonl").read_text(), "the event")
        self.assertEqual(0, gateway.metric('handover_failures_total{destination="first"}'))
        cursor = gateway.folder / "data/handover/first"
        self.assertEqual((0o600, 0o700), (cursor.stat().st_mode & 0o777, cursor.parent.stat().st_mode & 0o777))

    def test_a_receiver_is_reached_by_the_companys_proxy(self):
        tls = server_side(Authority(self.folder).issue("server", "IP:127.0.0.1"))
        for receiver, asked in ((receivers.Ocsf(), "POST"), (receivers.Hec(tls), "CONNECT"),
                                (receivers.Syslog(tls), "CONNECT")):
            with test_proxy.Proxy() as proxy:
                self.addCleanup(receiver.close)
                settings = {"name": "far", "to": receiver.url, "ca": "ca.pem", "format": "ocsf",
                            "proxy": f"http://user:{TOKEN}@127.0.0.1:{proxy.port}"}
                if isinstance(receiver, receivers.Hec):
                    settings |= {"format": "hec", "credential": "${file:token}"}
                self.settle(settings)
                receiver.wait_for(self.exchanges(1))
                self.assertEqual({asked}, {request.method for request in proxy.asked})
                self.settle()

    def test_batches_get_smaller_where_they_are_too_large(self):
        made = self.exchanges(9)
        receiver = receivers.Ocsf()
        self.addCleanup(receiver.close)
        receiver.bytes_max = 8_000
        self.settle({"name": "small", "to": receiver.url, "format": "ocsf", "from": "start"})
        receiver.wait_for(made)
        self.assertLess(0, receiver.refusals)
        self.assert_in_order(receiver)
        self.settle()

    def test_a_certificate_of_another_authority_gets_nothing(self):
        receiver = receivers.Hec(server_side(Authority(self.folder, "own").issue("wrong", "IP:127.0.0.1")))
        self.addCleanup(receiver.close)
        Authority(self.folder)
        self.settle({"name": "wrong", "to": receiver.url, "credential": "${file:token}", "ca": "ca.pem", "format": "hec"})
        made = self.exchanges(1)
        said = lambda: [line["why"] for line in self.gateway.log() if line["event"] == "handover.failed"
                        and line["destination"] == "wrong"]
        until(said, "the complaint")
        self.assertFalse(set(made) & set(receiver.exchanges()))
        self.assertEqual(b"", bytes(receiver.raw))
        self.settle()
        log = self.gateway.errors.read_text()
        for canary in (TOKEN, PERSON):
            self.assertNotIn(canary, log)


if __name__ == "__main__":
    unittest.main()

"""Everything at once: clients that come, break off and talk nonsense, upstreams that fail, reloads and keys that change. Then the books must be even.

The order of things is the machine's; what each client does comes from a seed.
"""

import gzip
import random
import threading
import unittest

import dialects
import rig
from upstream import Upstream
from wire import SLOW, Cut, Wire, until

CLIENTS = 4
EACH = 40 if SLOW else 120


class Client(threading.Thread):
    def __init__(self, case, number, each):
        super().__init__(daemon=True)
        self.case, self.each = case, each
        self.chance = random.Random(f"storm {number}")
        self.done = 0
        self.whole = 0
        self.mistake = None

    def run(self):
        try:
            for _ in range(self.each):
                getattr(
                    self,
                    self.chance.choice([
                        "well", "well", "well", "faulty", "leaves", "resets", "half_a_body", "nonsense", "many",
                        "large", "refused", "stranger", "zipped"
                    ]))()
                self.done += 1
        except ConnectionError:
            pass  # the gateway stops taking connections, where that is what is tested
        except Exception as mistake:  # pylint: disable=broad-except
            self.mistake = mistake

    def request(self, wire, text="hi", stream=None, dialect=None, key=None, repository=None, fields=(), body=None):
        dialect = dialect or self.chance.choice(dialects.ALL)
        stream = self.chance.random() < 0.5 if stream is None else stream
        repository = repository or self.chance.choice(["git.acme.example/web/site", "git.acme.example/clients/x"])
        text = f"{text} {self.chance.random()}"
        wire.ask("POST", dialect.target(stream),
                 dialect.fields(key or self.case.key, repository) + list(fields), body
                 or dialect.bytes(text, stream=stream))
        return dialect

    def finish(self, wire):
        try:
            answer = wire.answer()
            self.whole += answer.status == 200
            return answer
        except (Cut, OSError):
            return None

    def well(self):
        with Wire(self.case.gateway.port) as wire:
            for _ in range(self.chance.randint(1, 3)):
                self.request(wire, "vendor:events(20)")
                if not self.finish(wire):
                    return

    def faulty(self):
        with Wire(self.case.gateway.port) as wire:
            fault = self.chance.choice([
                "cut", "reset", "early-end", "error-event", "bad-chunk", "wrong-length", "short-length",
                "cut,before-head", "reset,before-head", "status=529", "status=503", "half-event", "gzip", "gzip,cut",
                "drip=0", "pace=1"
            ])
            self.request(wire, fields=[("x-vendor-fault", fault)])
            self.finish(wire)

    def leaves(self):
        with Wire(self.case.gateway.port, receive_buffer=4096) as wire:
            self.request(
                wire,
                self.chance.choice(
                    ["vendor:events(3000)", "vendor:text(2000000)", "vendor:fault(hang)", "vendor:fault(pace=20)"]))
            for _ in range(self.chance.randint(0, 2)):
                wire.socket.settimeout(0.05)
                try:
                    wire.more()
                except TimeoutError:
                    pass

    def resets(self):
        wire = Wire(self.case.gateway.port)
        self.request(wire, "vendor:events(500)")
        if self.chance.random() < 0.5:
            wire.more()
        wire.reset()

    def half_a_body(self):
        wire = Wire(self.case.gateway.port)
        self.request(wire,
                     fields=[self.chance.choice([("Content-Length", "90000"), ("Transfer-Encoding", "chunked")])],
                     body=b"1000\r\n" + b" " * 900)
        self.chance.choice([wire.close, wire.reset])()

    def nonsense(self):
        with Wire(self.case.gateway.port) as wire:
            wire.send_what_is_taken(self.chance.randbytes(self.chance.randint(1, 2000)) + b"\r\n\r\n")
            self.finish(wire)

    def many(self):
        with Wire(self.case.gateway.port) as wire:
            count = self.chance.randint(2, 8)
            for _ in range(count):
                self.request(wire, "vendor:say(pipelined)", stream=False)
            for _ in range(self.chance.randint(0, count)):
                if not self.finish(wire):
                    return

    def large(self):
        with Wire(self.case.gateway.port) as wire:
            dialect = self.chance.choice(dialects.ALL)
            self.request(wire,
                         dialect=dialect,
                         stream=False,
                         body=dialect.bytes("\u00e4\\n" * self.chance.randint(100_000, 600_000)))
            self.finish(wire)

    def refused(self):
        with Wire(self.case.gateway.port) as wire:
            self.request(wire,
                         "same" if self.chance.random() < 0.5 else "other",
                         repository="git.acme.example/core/engine")
            self.finish(wire)

    def stranger(self):
        with Wire(self.case.gateway.port) as wire:
            self.request(wire, key=self.chance.choice(["dummy", "sk-ant-api03-" + "x" * 30, "sp_" + "0" * 36]))
            self.finish(wire)

    def zipped(self):
        with Wire(self.case.gateway.port) as wire:
            dialect = self.chance.choice(dialects.ALL)
            body = gzip.compress(dialect.bytes("x" * 1000))
            self.request(wire,
                         dialect=dialect,
                         stream=False,
                         fields=[("Content-Encoding", "gzip")],
                         body=body[:self.chance.choice([len(body), len(body), len(body) - 5])])
            self.finish(wire)


class Storm(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(rig.folder())
        self.vendor = rig.Vendor(self.folder, "--threads", "2")
        self.addCleanup(lambda: self.assertIsNone(self.vendor.stop()))
        flapping = random.Random("flapping")

        def flap(wire, _):
            if flapping.random() < 0.4:
                wire.reply(flapping.choice([200, 503, 529, 429, 500]), b'{"id":"x"}')
            return flapping.random() < 0.7

        self.flapping = self.enterContext(Upstream(flap))
        self.gateway = rig.Gateway(self.folder, {"second": self.flapping.url, "sim": self.vendor.url},
                                   threads=2,
                                   timeouts={"upstream_head": "3s", "upstream_idle": "3s", "drain": "2s"},
                                   limits={"buffered_bodies": "4MiB"})
        self.key = self.gateway.issue()["key"]
        self.gateway.start()
        self.addCleanup(lambda: self.assertIsNone(self.gateway.stop()))

    def clients(self, each):
        made = [Client(self, number, each) for number in range(CLIENTS)]
        for client in made:
            client.start()
        return made

    def books(self):
        """Every intent has one outcome, every index is there once."""
        on_disk = self.gateway.entries_on_disk()
        self.assertEqual(list(range(len(on_disk))), [index for index, _ in on_disk])
        intents = [(entry["exchange"], entry["attempt"]) for _, entry in on_disk if entry["kind"] == "intent"]
        outcomes = [(entry["exchange"], entry["attempt"]) for _, entry in on_disk if entry["kind"] == "outcome"]
        self.assertEqual(len(intents), len(set(intents)))
        self.assertEqual(sorted(intents), sorted(outcomes), "an intent without its outcome, or the other way round")
        return intents

    def test_the_books_are_even_after_it(self):
        clients = self.clients(EACH)
        round_number = 0
        while any(client.is_alive() for client in clients):
            round_number += 1
            self.gateway.write_policy(
                rig.POLICY | {
                    "rules": rig.POLICY["rules"] +
                    [{"id": f"round-{round_number}", "when": {"model": [f"m{round_number}"]}, "refuse": True}]
                })
            if round_number % 3 == 0:
                self.gateway.upstreams = dict(reversed(self.gateway.upstreams.items()))
                self.gateway.write_config()
            self.gateway.reload()
            issued = self.gateway.issue(f"person-{round_number}")
            self.gateway.run("key", "revoke", "--config", "sallyport.yaml", issued["id"])
            self.gateway.metrics()
            self.gateway.ledger(limit=20)
        self.assertEqual([], [client.mistake for client in clients if client.mistake])
        self.assertEqual(CLIENTS * EACH, sum(client.done for client in clients))
        self.assertGreater(sum(client.whole for client in clients), CLIENTS * EACH // 4)
        until(lambda: self.gateway.metric("buffered_bytes") == 0, "the bodies to be given back")
        until(lambda: self.gateway.metric("connections") == 0, "the connections to be closed")
        self.assertEqual((200, {"ready": True}), self.gateway.readiness())
        attempts = self.gateway.metric("attempts_total")
        rows = self.gateway.ledger(limit=1_000_000)
        self.assertIsNone(self.gateway.stop())
        self.assertEqual(attempts, len(self.books()))
        self.assertGreater(len(rows), 0)
        self.assertEqual([], [line for line in self.gateway.log() if line["level"] == "error"])

    def test_sigterm_in_the_middle_leaves_no_loose_end(self):
        clients = self.clients(100_000)
        until(lambda: sum(client.done for client in clients) > 60, "the storm to be up")
        self.assertIsNone(self.gateway.stop())
        for client in clients:
            client.join(rig.DEADLINE)
            self.assertFalse(client.is_alive())
            self.assertIsNone(client.mistake)
        self.assertGreater(len(self.books()), 30)


if __name__ == "__main__":
    unittest.main()

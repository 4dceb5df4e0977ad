"""kill -9 under load, again and again: what was acknowledged durably is there, once; the ledger goes on from every checkpoint that was shown;
no body is another one; the gateway is back in two seconds.

ROUNDS: 10 by default, 100 where all tests are run, 1,000 at night.
"""

import json
import os
import random
import struct
import sys
import threading
import time
import unittest

import dialects
import rig
from wire import Cut, Wire, until

ROUNDS = int(os.environ.get("ROUNDS", "10"))
CALLERS = 4
SETTLED_SECONDS = 1  # a body that was taken so long ago is in its file
CUSTOMER = "git.acme.example/clients/x"  # recorded durable-first


class Crash(rig.Case):
    policy = rig.POLICY | {"bodies": {"customer": "1d"}}
    config = {"threads": 2}

    def call(self, number, acknowledged, stop):
        """One client on one connection: durable-first exchanges until the gateway dies. Adds (exchange, body, when) of each."""
        try:
            with Wire(self.gateway.port) as wire:
                for count in range(100_000):
                    if stop.is_set():
                        return
                    body = dialects.CHAT.bytes(f"{number} {count}")
                    wire.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key, CUSTOMER), body)
                    answer = wire.answer()
                    if answer.status == 200:
                        acknowledged.append((answer.exchange, body, time.monotonic()))
        except (Cut, OSError):
            pass

    def run_ledger(self, command, *arguments, code=0):
        return self.gateway.run("ledger", command, "--config", "sallyport.yaml", *arguments, code=code)

    def goes_on_from(self, shown):
        """Each of these checkpoints, the newest last, is of the beginning of what is found."""
        files = []
        for number, note in enumerate(shown):
            files.append(self.folder / f"{number}.checkpoint")
            files[-1].write_text(note)
        arguments = [one for file in files for one in ("--seen", str(file))] + ["--since", str(files[-1]), "--json"]
        told = {}

        def holds():  # a slot that the kill tore is written anew with the next checkpoint
            told.update(json.loads(self.run_ledger("verify", *arguments, code=None)))
            return told["ok"] or any(one["kind"] != "checkpoint" for one in told["problems"])

        until(holds, "both slots to be whole")
        self.assertTrue(told["ok"], told)
        self.assertGreaterEqual(told["checkpoint"]["size"], int(shown[-1].splitlines()[1]))

    def is_kept(self, exchange, body, is_settled):
        """As it was sent, or lost with the process's memory: a body reaches the file within 50 ms, behind its entry."""
        found = self.run_ledger("show", exchange, "--body", "request", "--reason", "test", code=None)
        if found or is_settled:
            self.assertEqual(body.decode(), found)
        return bool(found)

    def test_kill_under_load(self):
        chance = random.Random(os.environ.get("SEED", "sallyport"))
        acknowledged, slowest, kept = [], 0.0, []
        for number in range(ROUNDS):
            stop = threading.Event()
            before = len(acknowledged)
            callers = [
                threading.Thread(target=self.call, args=(caller, acknowledged, stop), daemon=True)
                for caller in range(CALLERS)
            ]
            for caller in callers:
                caller.start()
            goal = before + chance.randint(1, 120)
            until(lambda: len(acknowledged) >= goal, f"{goal} acknowledged exchanges in round {number}")
            shown = [note] if (note := self.run_ledger("checkpoint", code=None)) else []
            killed = time.monotonic()
            self.gateway.kill()
            shown += [note] if (note := self.run_ledger("checkpoint", code=None)) else []
            stop.set()
            for caller in callers:
                caller.join()
            self.gateway.start()
            slowest = max(slowest, self.gateway.cpu_seconds())
            if shown:
                self.goes_on_from(shown)
            exchange, body, when = chance.choice(acknowledged[before:])
            kept.append(self.is_kept(exchange, body, when < killed - SETTLED_SECONDS))
            if number + 1 == ROUNDS or (number + 1) % 100 == 0:
                print(f"\n{number + 1} rounds: {len(acknowledged)} acknowledged, slowest start {slowest} s of CPU, "
                      f"{kept.count(True)} of {len(kept)} bodies there", file=sys.stderr)
        acknowledged = [exchange for exchange, _, _ in acknowledged]
        self.assertLessEqual(slowest, 2 * rig.SECONDS_FACTOR, "seconds of CPU to start after a kill")

        self.assertEqual(len(acknowledged), len(set(acknowledged)))
        rows = {row["exchange"]: row for row in self.gateway.ledger(limit=1_000_000)}
        self.assertEqual(set(), set(acknowledged) - set(rows), "acknowledged, and not in the ledger")
        self.assertIsNone(self.gateway.stop())
        on_disk = self.gateway.entries_on_disk()
        self.assertEqual(list(range(len(on_disk))), [index for index, _ in on_disk],
                         "an index given twice, or left out")
        intents = [(entry["exchange"], entry["attempt"]) for _, entry in on_disk if entry["kind"] == "intent"]
        self.assertEqual(len(intents), len(set(intents)), "an intent twice")
        self.assertEqual(set(), set(acknowledged) - {exchange for exchange, _ in intents})
        self.assertEqual(1 + ROUNDS, len([entry for _, entry in on_disk if entry["kind"] == "start"]))
        told = json.loads(self.gateway.run("ledger", "reindex", "--config", "sallyport.yaml", "--json"))
        self.assertEqual(len(on_disk), told["entries"])
        self.assertEqual(rows.keys(), {row["exchange"] for row in self.gateway.ledger(limit=1_000_000)})

    def test_a_torn_end_is_cut_off_and_damage_is_refused_with_its_place(self):
        with rig.stack() as (_, gateway):
            exchanges = [
                self.ask(dialects.CHAT, str(number), repository=CUSTOMER, gateway=gateway, key=gateway.key).exchange
                for number in range(5)
            ]
            gateway.rows(exchanges)
            gateway.kill()
            segment = max((gateway.folder / "data" / "ledger").glob("*.seg"))
            count = len(gateway.entries_on_disk())
            data = segment.read_bytes().rstrip(b"\0")
            segment.write_bytes(data + struct.pack("<II", 500, 12345) + b'{"at":1')  # begun, and never whole
            gateway.start()
            self.assertEqual(set(exchanges), {row["exchange"] for row in gateway.ledger()})
            until(lambda: gateway.entries_on_disk()[count:], "the entry of the second start")
            self.assertEqual("start", gateway.entries_on_disk()[count][1]["kind"])
            gateway.stop()
            data = bytearray(segment.read_bytes())
            data[200] ^= 1
            segment.write_bytes(data)
            with self.assertRaisesRegex(AssertionError, rf"{segment.name}.*damage"):
                gateway.start()


if __name__ == "__main__":
    unittest.main()

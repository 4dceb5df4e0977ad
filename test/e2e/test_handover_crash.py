"""Whatever dies, and whenever: what the ledger holds arrives at least once and in order. ROUNDS and SEED of the environment."""

import os
import random
import threading
import unittest

import dialects
import receivers
from handing_over import NOBODY, Stand
from wire import Cut, until

ROUNDS, SEED = int(os.environ.get("ROUNDS", 5)), int(os.environ.get("SEED", 1))


class Crash(Stand):
    @classmethod
    def receivers(cls):
        return {"lake": (receivers.Ocsf(), {"format": "ocsf", "timeout": "1s"}),
                "traces": (receivers.Otlp(), {"format": "otlp", "timeout": "1s"})}

    def work(self, number):
        """Until the gateway goes, or some exchanges were made; whether each is answered is not the matter here."""
        for turn in range(10):
            try:
                self.ask(dialects.ALL[turn % 4], f"{number} {turn}", turn % 2 == 1,
                         repository=NOBODY if turn % 5 == 4 else "git.acme.example/clients/x")  # durable first
            except (OSError, Cut):
                return

    def recorded(self):
        """exchange -> index of what ended it, of all that ended; and those that never will, told without an outcome."""
        ended, begun, open_ones = {}, {}, set()
        for index, entry in self.gateway.each_entry_on_disk():
            if entry["kind"] in ("outcome", "refusal"):
                ended[entry["exchange"]] = index
                begun.pop(entry["exchange"], None)
            elif entry["kind"] == "intent":
                begun[entry["exchange"]] = index
            elif entry["kind"] == "start":
                open_ones |= set(begun)
                begun = {}
        return ended, open_ones

    def test_everything_arrives_whatever_dies(self):
        chance = random.Random(SEED)
        for number in range(ROUNDS):
            workers = [threading.Thread(target=self.work, args=(f"{number} {one}", )) for one in range(3)]
            for worker in workers:
                worker.start()
            for receiver, _ in self.towards.values():
                what = chance.choice(("kill", "500", "cut", "nothing"))
                if what == "kill":
                    receiver.kill()
                elif what != "nothing":
                    receiver.mode = what
            if chance.random() < 0.7:
                enough = len(self.recorded()[0]) + chance.randrange(1, 20)
                until(lambda: len(self.recorded()[0]) >= enough or not any(one.is_alive() for one in workers),  # pylint: disable=W0640
                      "some to be recorded")
                self.gateway.kill()
            for worker in workers:
                worker.join()
            if self.gateway.process.poll() is not None:
                self.gateway.start()
            for receiver, _ in self.towards.values():
                receiver.revive()
        self.ask(dialects.CHAT, "the last")
        until(lambda: all(self.lag(name) == 0 for name in self.towards), "the lag to fall")
        ended, open_ones = self.recorded()
        self.assertLess(ROUNDS, len(ended))
        for receiver, _ in self.towards.values():
            receiver.wait_for(set(ended) | open_ones)
            self.assertEqual(set(), set(receiver.exchanges()) - set(ended) - open_ones)  # nothing that was not durable
            first = [one for one in dict.fromkeys(receiver.exchanges()) if one in ended]
            self.assertEqual(sorted(first, key=ended.get), first)
            self.assert_nothing_secret(receiver)
        print(f"\n{ROUNDS} rounds: {len(ended)} exchanges ended, {len(open_ones)} never; "
              f"events that came: {[len(receiver.events) for receiver, _ in self.towards.values()]}")


if __name__ == "__main__":
    unittest.main()

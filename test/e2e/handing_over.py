"""A gateway that hands over to receivers, and what each kind of receiver has to go through."""

import dialects
import rig
from wire import until

TOKEN, PERSON = "canary-handover-token-8d21", "canary.person@acme.example"
NOBODY = "git.acme.example/core/engine"
SECRET = "ghp_" + "WqX4vLmT8zRkN2pYc6HsJd9bFgQ3eU1FRjv6"  # made up, with the checksum that such have


class Stand(rig.Case):
    """A gateway that hands over to `receivers`: name -> (receiver, further settings)."""

    @classmethod
    def receivers(cls):
        return {}

    @classmethod
    def upstreams(cls):
        cls.towards = cls.receivers()
        for receiver, _ in cls.towards.values():
            cls.addClassCleanup(receiver.close)
        cls.config = {"threads": 1, "handover": [{"name": name, "to": receiver.url} | more
                                                 for name, (receiver, more) in cls.towards.items()]}
        return super().upstreams()

    @classmethod
    def run_gateway(cls, upstreams, policy=None, folder=None, **more):
        (cls.folder / "token").write_text(TOKEN + "\n")
        gateway = super().run_gateway(upstreams, policy, folder, **more)
        gateway.key = gateway.issue(PERSON, "--team", "web")["key"]
        return gateway

    def tearDown(self):
        for receiver, _ in self.towards.values():
            self.assertEqual([], receiver.mistakes)
            receiver.revive()

    def exchanges(self, count=3):
        """Some of every kind; their ids. A refusal that is asked for again is answered from memory, so each text is new."""
        made = []
        for number in range(count):
            made.append(self.ask(dialects.ALL[number % 4], f"turn {number} {SECRET}", stream=number % 2 == 1).exchange)
            if number % 3 == 2:
                made.append(self.ask(dialects.CHAT, f"{self.id()} {number} {len(made)}", repository=NOBODY).exchange)
        self.gateway.rows(made)
        return made

    def lag(self, name):
        return self.gateway.metric(f'handover_lag_entries{{destination="{name}"}}')

    def failures(self, name):
        return self.gateway.metric(f'handover_failures_total{{destination="{name}"}}')

    def assert_in_order(self, receiver):
        """The first arrival of each is in the order of the entries."""
        first = list(dict.fromkeys(receiver.exchanges()))
        closed = {}
        for index, entry in self.gateway.each_entry_on_disk():
            if entry["kind"] in ("outcome", "refusal"):
                closed[entry["exchange"]] = index
        self.assertEqual(sorted(first, key=closed.get), first)

    def assert_nothing_secret(self, receiver):
        body = bytes(receiver.raw).replace(TOKEN.encode(), b"", len(receiver.heads))
        for canary in (TOKEN, PERSON, SECRET, "canary", self.key, self.gateway.key, rig.UPSTREAM_KEY, "turn 1"):
            self.assertNotIn(canary.encode(), body)


class Trouble:
    """What every receiver has to go through. Mixed into the stands below; `name` is the one that it is about."""
    name = ""

    @property
    def receiver(self):
        return self.towards[self.name][0]

    def test_each_exchange_arrives_in_order(self):
        made = self.exchanges(6)
        self.receiver.wait_for(made)
        self.assert_in_order(self.receiver)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")
        self.assert_nothing_secret(self.receiver)

    def test_a_receiver_that_is_gone_is_caught_up_with(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.kill()
        made = self.exchanges(4)
        until(lambda: self.lag(self.name) > 0 and self.failures(self.name) > 0, "the lag to rise")
        self.assertFalse(set(made) & set(self.receiver.exchanges()))
        self.receiver.start()
        self.receiver.wait_for(made)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")
        self.assert_in_order(self.receiver)

    def test_a_receiver_that_closes_in_the_middle_gets_it_again(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "cut"
        before = self.receiver.refusals
        made = self.exchanges(4)
        until(lambda: self.receiver.refusals > before, "a batch that was cut")
        self.receiver.mode = "take"
        self.receiver.wait_for(made)
        self.assert_in_order(self.receiver)

    def test_a_receiver_that_stalls_holds_up_nobody(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "stall"
        self.receiver.hang_up()
        before = self.receiver.refusals
        made = self.exchanges(4)  # each is answered
        until(lambda: self.receiver.refusals > before, "a batch that was not answered")
        self.receiver.mode = "take"
        self.receiver.wait_for(made)

    def test_a_gateway_that_is_killed_goes_on_where_it_was(self):
        self.receiver.kill()
        made = self.exchanges(3)
        self.gateway.kill()
        self.receiver.start()
        self.gateway.start()
        self.receiver.wait_for(made)
        more = self.exchanges(2)
        self.gateway.kill()
        self.gateway.start()
        self.receiver.wait_for(made + more)
        self.assert_in_order(self.receiver)


class TroubleOfHttp(Trouble):
    def test_a_receiver_that_answers_500_is_asked_again(self):
        self.receiver.wait_for(self.exchanges(1))
        self.receiver.mode = "500"
        before = self.receiver.refusals
        made = self.exchanges(2)
        until(lambda: self.receiver.refusals > before, "a batch that was refused")
        self.assertFalse(set(made) & set(self.receiver.exchanges()))
        self.assertLess(0, self.lag(self.name))
        self.receiver.mode = "take"
        self.receiver.wait_for(made)
        until(lambda: self.lag(self.name) == 0, "the lag to fall")

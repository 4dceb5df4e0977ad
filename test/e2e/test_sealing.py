"""A policy asks for cosignatures before the entries of a class count as sealed: what is told of them, and what is refused behind their time."""

import json
import unittest

import dialects
import rig
from policy import POLICY
from test_witness import Case as WitnessCase
from wire import until

CUSTOMER, INTERNAL = "git.acme.example/clients/x", "git.acme.example/web/site"


class Sealing(WitnessCase):
    def begin(self, within=None, count=2, **ledger):
        asked = {"cosignatures": {"customer": count, "trade-secret": 1}} | ({"sealed_within": within} if within else {})
        self.gateway.write_policy(POLICY | {"ledger": asked})
        self.first, self.second = self.witness([self.log]), self.witness([self.log], "w2.acme.example")
        return self.start(self.first, self.second, timeout="1s", **ledger)

    def ask(self, repository):
        return self.gateway.ask("POST", dialects.CHAT.target(False, None), dialects.CHAT.fields(self.gateway.key, repository),
                                dialects.CHAT.bytes("hello", None, False))

    def sealed(self, exchange):
        return {row["exchange"]: row.get("sealed") for row in self.gateway.ledger()}[exchange]

    def seconds(self, name="customer"):
        return self.gateway.metrics()[f'sallyport_ledger_unsealed_seconds{{class="{name}"}}']

    def test_commands_say_of_each_entry_whether_it_is_sealed(self):
        self.begin()
        customer, internal = self.ask(CUSTOMER), self.ask(INTERNAL)
        self.assertEqual((200, 200), (customer.status, internal.status))
        until(lambda: self.sealed(customer.exchange), "two witnesses to cosign")
        self.assertIsNone(self.sealed(internal.exchange), "nothing is asked for")
        shown = json.loads(self.run_ledger("show", "--json", customer.exchange))
        self.assertEqual([True, True], [one["sealed"] for one in shown["entries"]])
        self.assertIn("sealed by 2 or more", self.run_ledger("show", customer.exchange))
        self.assertNotIn("sealed", self.run_ledger("show", internal.exchange))
        told = json.loads(self.run_ledger("verify", "--json"))
        self.assertTrue(told["ok"])
        lines = {one["class"]: (one["cosignatures"], one["entries"]) for one in told["sealed"]}
        self.assertEqual(2, lines["customer"][0])
        self.assertGreaterEqual(lines["trade-secret"][1], lines["customer"][1])
        self.assertRegex(self.run_ledger("verify"), r"sealed +customer: the first ")

        self.second.kill()
        later = self.ask(CUSTOMER)
        self.assertEqual(200, later.status)
        until(lambda: self.witnessed(self.first) >= lines["customer"][1] + 2, "one witness to cosign")
        until(lambda: self.sealed(later.exchange) is False, "the later one to be listed")
        self.assertIn("not sealed yet", self.run_ledger("list"))
        self.assertIn("not sealed yet by 2", self.run_ledger("show", later.exchange))
        file = self.gateway.folder / "bundle.tar"
        with self.assertRaisesRegex(AssertionError, "that enough witnesses cosigned"):
            self.run_ledger("bundle", "--entry", later.exchange, "-o", str(file))
        made = json.loads(self.run_ledger("bundle", "--entry", customer.exchange, "--json", "-o", str(file)))
        self.assertEqual(2, made["cosignatures"])
        ours = json.loads(self.gateway.run("ledger", "verify", "--json", str(file)))
        self.assertEqual((True, ["w1.acme.example", "w2.acme.example"]), (ours["ok"], ours["witnesses"]))
        self.run_ledger("bundle", "--entry", later.exchange, "--uncosigned", "-o", str(file))
        self.assertIn(b"not yet (the policy asks for 2 of witnesses)", file.read_bytes())
        self.second = self.witness([self.log], "w2.acme.example", self.second.port)
        until(lambda: self.sealed(later.exchange), "both to cosign again")

    def test_behind_their_time_nothing_more_of_that_class_passes(self):
        self.begin("1s")
        self.assertEqual(200, self.ask(CUSTOMER).status)
        until(lambda: self.seconds() == 0 and self.gateway.metric("ledger_cosigned_entries") > 2, "it to be sealed")
        self.second.kill()
        self.ask(CUSTOMER)

        def refused():
            answer = self.ask(CUSTOMER)
            return answer.status != 200 and answer

        answer = until(refused, "customer code to be refused")
        self.assertEqual(400, answer.status, "what the client shows, and does not repeat (src/dialect/refuse.cpp)")
        self.assertRegex(answer.body.decode(), r"sent nothing: what was recorded of class customer has waited \d+ s for 2 "
                         r"cosignatures of witnesses, and the policy gives it 1 s \(sealed_within\)")
        self.assertEqual("refuse", self.gateway.row(answer.exchange)["decision"])
        self.assertEqual(200, self.ask(INTERNAL).status, "of another class nothing is asked")
        until(lambda: self.seconds() >= 1, "the age to be told")
        self.assertEqual(0, self.seconds("trade-secret"))
        self.vendor.forget()
        self.assertEqual(400, self.ask(CUSTOMER).status)
        self.assertEqual([], self.vendor.requests(), "nothing left")

        self.gateway.kill()  # also a new process knows what waits
        self.gateway.start()
        self.assertEqual(400, self.ask(CUSTOMER).status)
        self.witness([self.log], "w2.acme.example", self.second.port)
        until(lambda: self.ask(CUSTOMER).status == 200, "customer code to pass again")

    def test_more_than_there_are_witnesses_is_no_start(self):
        self.gateway.write_policy(POLICY | {"ledger": {"cosignatures": {"customer": 2}}})
        witness = self.witness([self.log])
        self.gateway.more["ledger"] = {"witnesses": [witness.settings()]}
        self.gateway.write_config()
        self.assertRegex(self.refusal(self.gateway), "asks for 2 cosignatures .* names 1 witnesses")
        self.gateway.write_policy(POLICY | {"ledger": {"cosignatures": {"customer": 1}}})
        self.gateway.start()
        self.gateway.write_policy(POLICY | {"ledger": {"cosignatures": {"customer": 3}}})
        self.gateway.reload()
        self.assertIn("asks for 3 cosignatures", self.gateway.log()[-1]["why"])
        self.assertEqual(200, self.ask(CUSTOMER).status, "the old policy is in force")


if __name__ == "__main__":
    unittest.main()

"""Witnesses of the ledger: what they cosign, and that a ledger which was rolled back or forked is found out."""

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import unittest

import dialects
import rig
from authority import Authority
from programs import Gateway, Witness
from test_proof import VERIFIER
from upstream import Upstream
from wire import until

ROUNDS = int(os.environ.get("ROUNDS", "6"))
APART = r"rolled back or forked: it has (\d+) entries, and the witness \S+ has seen (\d+)"


class Case(unittest.TestCase):
    """A vendor, and for each test a gateway with witnesses of its own."""
    @classmethod
    def setUpClass(cls):
        cls.vendor_folder = cls.enterClassContext(rig.folder())
        cls.vendor = rig.Vendor(cls.vendor_folder, save=False)
        cls.addClassCleanup(rig.Case.end, cls.vendor)

    def setUp(self):
        self.folder = self.enterContext(rig.folder())
        self.programs = []
        self.addCleanup(self.end_all)
        self.gateway = self.prepare("gateway")
        self.log = self.run_ledger("key").strip()

    def end_all(self):
        problems = [program.stop() for program in self.programs if program.process]
        self.assertEqual([], [one for one in problems if one])

    def prepare(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        gateway = Gateway(folder, {"sim": self.vendor.url})
        gateway.key = gateway.issue()["key"]
        self.programs.append(gateway)
        return gateway

    def witness(self, *arguments, **more):
        self.programs.append(Witness(self.folder, *arguments, **more))
        return self.programs[-1]

    def start(self, *witnesses, gateway=None, **ledger):
        gateway = gateway or self.gateway
        gateway.more["ledger"] = {"witnesses": [one.settings() for one in witnesses], "every": "100ms", **ledger}
        gateway.write_config()
        return gateway.start()

    def run_ledger(self, command, *arguments, gateway=None, code=0):
        return (gateway or self.gateway).run("ledger", command, "--config", "sallyport.yaml", *arguments, code=code)

    def chat(self, count, gateway=None):
        gateway = gateway or self.gateway
        for number in range(count):
            answer = gateway.ask("POST", dialects.CHAT.target(False, None),
                                 dialects.CHAT.fields(gateway.key, "git.acme.example/web/site"),
                                 dialects.CHAT.bytes(f"hello {number}", None, False))
            self.assertEqual(200, answer.status)

    def sizes(self, gateway=None):
        """(of the newest checkpoint, of the newest that was cosigned)"""
        gateway = gateway or self.gateway
        newest = int(self.run_ledger("checkpoint", gateway=gateway).splitlines()[1])
        cosigned = self.run_ledger("checkpoint", "--cosigned", gateway=gateway, code=None)
        return newest, int(cosigned.splitlines()[1]) if cosigned else 0

    def settle(self, least=1, gateway=None):
        """Until all that was recorded is cosigned; how much that is."""
        def settled():
            newest, cosigned = self.sizes(gateway)
            return cosigned if newest == cosigned >= least else None

        return until(settled, f"{least} entries or more to be cosigned")

    def path(self):
        return f"/{hashlib.sha256(self.log.split('+')[0].encode()).hexdigest()}/checkpoint"

    def witnessed(self, witness):
        answer = witness.ask("GET", self.path())
        return int(answer.body.split(b"\n")[1]) if answer.status == 200 else 0

    def refusal(self, gateway):
        """What a start is refused with."""
        with self.assertRaises(AssertionError) as refused:
            gateway.start()
        gateway.process.wait(rig.DEADLINE)
        self.assertEqual(4, gateway.process.returncode)
        gateway.process = None
        return str(refused.exception)


class Cosigned(Case):
    def test_cosignatures_appear_and_both_verifiers_count_them(self):
        first, second = self.witness([self.log]), self.witness([self.log], "w2.acme.example")
        self.start(first, second, cosignatures=2)
        self.chat(10)
        size = self.settle(21)
        told = json.loads(self.run_ledger("verify", "--json"))
        self.assertEqual((True, ["w1.acme.example", "w2.acme.example"], size),
                         (told["ok"], told["witnesses"], told["cosigned"]["size"]))
        shown = self.run_ledger("checkpoint", "--cosigned")
        self.assertEqual(shown, self.run_ledger("checkpoint"), "the newest has them as well, once it is the same")
        for witness in (first, second):
            note = witness.ask("GET", self.path()).body.decode()
            self.assertIn(note.splitlines()[-1], shown, "the very signature that the witness shows")
        file = self.gateway.folder / "bundle.tar"
        self.run_ledger("bundle", "--since", "1h", "-o", str(file))
        keys = ("--key", self.log, "--key", first.key)
        theirs = json.loads(subprocess.run([sys.executable, VERIFIER, "--json", *keys, file], capture_output=True, text=True,
                                           timeout=rig.DEADLINE).stdout)
        self.assertEqual((True, size, ["w1.acme.example"]), (theirs["ok"], theirs["size"], theirs["witnesses"]))
        ours = json.loads(self.gateway.run("ledger", "verify", "--json", *keys, str(file)))
        del ours["bundle"]
        self.assertEqual(theirs, ours)
        metrics = self.gateway.metrics()
        self.assertEqual((size, 0), (metrics["sallyport_ledger_cosigned_entries"],
                                     metrics["sallyport_ledger_cosigned_lag_entries"]))
        self.assertEqual(size, metrics['sallyport_witness_cosigned_entries{witness="w2.acme.example"}'])
        self.assertEqual(0, metrics['sallyport_witness_failures_total{witness="w2.acme.example"}'])

    def test_what_a_stop_writes_last_is_cosigned_too(self):
        witness = self.witness([self.log])
        self.start(witness, every="1h")
        self.chat(3)
        self.assertIsNone(self.gateway.stop())
        newest, cosigned = self.sizes()
        self.assertEqual((newest, newest), (cosigned, self.witnessed(witness)))
        self.start(witness)
        self.settle(newest + 1)

    def test_a_bundle_is_made_under_what_enough_witnesses_cosigned(self):
        first, second = self.witness([self.log]), self.witness([self.log], "w2.acme.example")
        self.start(first, second, cosignatures=2)
        self.chat(2)
        size = self.settle(5)
        second.kill()
        self.chat(2)
        until(lambda: self.sizes()[0] >= size + 4, "the newer entries to be signed")
        file = self.gateway.folder / "bundle.tar"
        last = self.gateway.ledger()[0]["id"]
        with self.assertRaisesRegex(AssertionError, f"no checkpoint yet that enough witnesses cosigned .the newest has {size} "):
            self.run_ledger("bundle", "--entry", last, "-o", str(file))
        self.run_ledger("bundle", "--entry", last, "--uncosigned", "-o", str(file))
        self.run_ledger("bundle", "--entry", self.gateway.ledger()[-1]["id"], "-o", str(file))
        self.assertEqual(size, json.loads(self.gateway.run("ledger", "verify", "--json", str(file)))["size"])

    def test_without_its_witness_a_gateway_serves_and_says_when_that_is_too_long(self):
        witness = self.witness([self.log])
        witness.kill()
        self.start(witness, cosignatures=1, cosigned_within="1s", timeout="2s")
        self.assertIn("witness.failed", {line["event"] for line in self.gateway.log()})
        self.chat(1)
        told = until(lambda: self.gateway.readiness()[0] == 503 and self.gateway.readiness()[1], "/readyz to tell")
        self.assertRegex(told["because"], r"waited longer than 1 s for 1 cosignatures")
        self.chat(1)  # which stops nothing
        self.witness([self.log], port=witness.port)
        until(lambda: self.gateway.readiness()[0] == 200, "/readyz to be well again")
        self.settle(5)

    def test_a_reload_takes_other_witnesses(self):
        first, second = self.witness([self.log]), self.witness([self.log], "w2.acme.example")
        self.start(first)
        self.settle()
        self.gateway.more["ledger"]["witnesses"] = [second.settings()]
        self.gateway.write_config()
        self.gateway.reload()
        self.chat(2)
        until(lambda: self.witnessed(second) >= 5, "the new one to be asked")
        self.assertLess(self.witnessed(first), self.witnessed(second))


class Odd(Case):
    """Something else than a witness answers."""
    def settings(self, url):
        data = self.folder / "odd"
        return {"url": url, "key": self.gateway.run("ledger", "witness", "--data", str(data), "--print-key").strip()}

    def run_with(self, script, refused=False, **more):
        """(what failed, what was asked)"""
        with Upstream(script) as odd:
            self.gateway.more["ledger"] = {"witnesses": [self.settings(odd.url) | more], "cosignatures": 1, "timeout": "1s"}
            self.gateway.write_config()
            before = len(self.gateway.log()) if self.gateway.process else 0
            if refused:
                return self.refusal(self.gateway)
            self.gateway.start()
            self.chat(1)
            self.run_ledger("checkpoint", "--cosigned", code=4)
            self.assertEqual(200, self.gateway.readiness()[0])
            self.assertIsNone(self.gateway.stop())
            self.assertEqual([], odd.mistakes)
            return [line["why"] for line in self.gateway.log()[before:] if line["event"] == "witness.failed"], odd.received

    def test_what_is_no_answer_is_a_failure_and_nothing_is_kept(self):
        note = self.run_ledger("key")  # of no meaning here
        for reply, why in (((200, b"<html>"), "its last checkpoint cannot be read"), ((301, b""), "status 301"),
                           ((500, b"no"), "status 500"), ((200, bytes(100_000)), "longer than 65536 bytes")):
            failed, received = self.run_with(lambda wire, _, reply=reply: wire.reply(*reply))
            self.assertIn(why, failed[0])
            self.assertEqual({"GET"}, {one.method for one in received[:1]})
        for reply, why in (((200, b""), "not lines of signatures"), ((200, note.encode()), "not lines of signatures"),
                           ((200, "\u2014 x.example AAAAAAAA\n".encode()), "answered without a signature"),
                           ((409, b"many"), "without the size"), ((404, b""), "does not know this ledger"),
                           ((403, b""), "another key of this ledger")):
            def script(wire, request, reply=reply):
                wire.reply(*(reply if request.method == "POST" else (404, b"")))

            failed, received = self.run_with(script)
            self.assertIn(why, failed[0])
            self.assertIn("POST", {one.method for one in received})

    def test_one_that_hangs_holds_the_start_for_its_time_alone(self):
        failed, _ = self.run_with(lambda wire, _: wire.request())
        self.assertIn("time", failed[0])

    def test_a_larger_size_refuses_the_start_though_nobody_shows_that_checkpoint(self):
        self.gateway.start()
        self.chat(1)
        until(lambda: self.sizes()[0] >= 3, "a checkpoint")
        self.assertIsNone(self.gateway.stop())
        said = self.run_with(lambda wire, request: wire.reply(409 if request.method == "POST" else 404, b"4000\n"), True)
        self.assertRegex(said, APART)
        self.assertIn("has seen 4000", said)

    def test_it_is_reached_by_the_company_s_proxy(self):
        with Upstream(lambda wire, _: wire.reply(500, b"")) as proxy:
            self.run_with(None, url="http://w9.acme.example/x", proxy=proxy.url.replace("://", "://me:canary@"))
            asked = proxy.received[0]
        digest = self.path().split("/")[1]
        self.assertEqual((f"http://w9.acme.example/x/{digest}/checkpoint", "w9.acme.example", "Basic bWU6Y2FuYXJ5"),
                         (asked.target, asked.get("host"), asked.get("proxy-authorization")))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class ByTls(Case):
    def test_the_certificate_must_be_the_witnesses(self):
        authority = Authority(self.folder)
        certificate, key = authority.issue("witness", "IP:127.0.0.1")
        witness = self.witness([self.log], "w1.acme.example", 0, "--tls-certificate", certificate, "--tls-key", key)
        self.assertTrue(witness.url.startswith("https://"))
        self.start(witness)
        [told] = [line for line in self.gateway.log() if line["event"] == "witness.failed"][:1]
        self.assertIn("certificate", told["why"])
        self.gateway.more["ledger"]["witnesses"][0]["ca"] = authority.pem
        self.gateway.write_config()
        self.gateway.reload()
        self.settle()


class Apart(Case):
    def test_a_ledger_that_was_rolled_back_is_not_written_on(self):
        witness = self.witness([self.log])
        self.start(witness)
        self.chat(2)
        old = self.settle(5)
        self.assertIsNone(self.gateway.stop())
        old = self.sizes()[0]
        data, copy = self.gateway.folder / "data", self.folder / "copy"
        shutil.copytree(data, copy)
        self.start(witness)
        self.chat(5)
        new = self.settle(old + 11)
        self.assertIsNone(self.gateway.stop())
        new = self.sizes()[0]
        shutil.rmtree(data)
        shutil.copytree(copy, data)
        said = self.refusal(self.gateway)
        self.assertRegex(said, APART)
        self.assertIn(f"it has {old} entries", said)
        self.assertIn(f"has seen {new}", said)
        self.assertEqual(old, self.sizes()[0], "and nothing was written")
        told = json.loads(self.run_ledger("verify", "--json"))
        self.assertTrue(told["ok"], "which alone shows nothing")

    def test_of_two_gateways_on_copies_of_a_data_directory_the_second_is_found_out_at_its_start(self):
        witness = self.witness([self.log])
        self.start(witness)
        self.settle()
        self.assertIsNone(self.gateway.stop())
        second = self.prepare("second")
        shutil.rmtree(second.folder / "data")
        shutil.copytree(self.gateway.folder / "data", second.folder / "data")
        before = self.sizes()[1]
        self.start(witness)
        self.settle(before + 1)
        second.more = self.gateway.more
        second.write_config()
        self.assertRegex(self.refusal(second), APART)

    def test_two_gateways_that_part_while_the_witness_is_away_are_found_out_when_it_is_back(self):
        witness = self.witness([self.log])
        self.start(witness, cosignatures=1)
        self.settle()
        self.assertIsNone(self.gateway.stop())
        witness.kill()
        second = self.prepare("second")
        shutil.rmtree(second.folder / "data")
        shutil.copytree(self.gateway.folder / "data", second.folder / "data")
        second.key = self.gateway.key
        both = (self.gateway, second)
        for gateway in both:
            self.start(witness, gateway=gateway, cosignatures=1, cosigned_within="10m", timeout="1s")
        self.chat(1)
        self.chat(4, second)
        for gateway in both:
            self.assertEqual(200, gateway.readiness()[0], "nothing is known yet")
        witness = self.witness([self.log], port=witness.port)

        def told():
            return [gateway for gateway in both if gateway.readiness()[0] == 503]

        [apart] = until(told, "one of them to be found out")
        self.assertRegex(apart.readiness()[1]["because"], APART)
        self.assertIn("witness.apart", {line["event"] for line in apart.log()})
        [other] = [gateway for gateway in both if gateway is not apart]
        self.settle(gateway=other)
        self.assertEqual(200, other.readiness()[0])
        self.chat(5, apart)
        self.assertIsNone(apart.stop())
        note, has = self.run_ledger("checkpoint", gateway=apart), self.witnessed(witness)
        self.assertGreater(int(note.splitlines()[1]), has, "it is longer, and yet another")
        asked = [witness.ask("POST", "/add-checkpoint", f"old {old}\n{proof}\n{note}".encode())
                 for old, proof in ((0, ""), (has, ""), (has, "A" * 43 + "=\n"))]
        self.assertEqual([409, 422, 422], [one.status for one in asked])
        self.assertEqual(has, self.witnessed(witness))
        self.assertIn('"witness.inconsistent"', witness.said())
        self.assertRegex(self.refusal(apart), APART + ", which are not its first")

    def test_a_witness_killed_at_any_time_forgets_nothing(self):
        chance = random.Random(os.environ.get("SEED", "sallyport"))
        witness = self.witness([self.log])
        self.start(witness)
        seen = 0
        for number in range(ROUNDS):
            goal = seen + chance.randint(1, 12)
            until(lambda: self.chat(1) or self.sizes()[1] >= goal, f"{goal} cosigned entries in round {number}")
            self.chat(chance.randint(0, 3))
            witness.kill()
            seen = self.sizes()[1]
            witness = self.witness([self.log], port=witness.port)
            self.assertGreaterEqual(self.witnessed(witness), seen, "what it answered, it knows")
        self.chat(1)
        self.settle(seen + 3)
        self.assertTrue(json.loads(self.run_ledger("verify", "--json"))["ok"])
        self.assertNotIn("witness.apart", {line["event"] for line in self.gateway.log()})


class Protocol(Case):
    """C2SP tlog-witness, by hand."""
    def test_each_status_of_the_specification(self):
        witness = self.witness([self.log])
        self.start(witness)
        self.chat(2)
        size = self.settle(5)
        note = self.run_ledger("checkpoint", "--cosigned")
        self.assertIsNone(self.gateway.stop())
        newest = self.run_ledger("checkpoint")
        size = self.witnessed(witness)

        def add(old, body, proof=()):
            lines = "".join(base64.b64encode(one).decode() + "\n" for one in proof)
            answer = witness.ask("POST", "/add-checkpoint", f"old {old}\n{lines}\n{body}".encode())
            return answer.status, answer.body.decode(), answer.get("content-type")

        self.assertEqual(size, int(newest.splitlines()[1]))
        status, body, kind = add(size, newest)
        self.assertEqual((200, 1), (status, body.count("\n")))
        self.assertTrue(body.startswith("\u2014 w1.acme.example "), body)
        self.assertEqual((409, f"{size}\n", "text/x.tlog.size"), add(0, newest))
        self.assertEqual((409, f"{size}\n", "text/x.tlog.size"), add(int(note.splitlines()[1]), note))
        self.assertEqual(422, add(size, newest, [bytes(32)])[0])
        self.assertEqual(400, add(size + 1, newest)[0])
        self.assertEqual(400, add("01", newest)[0])
        self.assertEqual(400, add(size, newest, [bytes(32)] * 64)[0])
        self.assertEqual(400, witness.ask("POST", "/add-checkpoint", b"").status)
        self.assertEqual(400, witness.ask("POST", "/add-checkpoint", bytes(600 << 10)).status)
        self.assertEqual(403, add(size, newest.replace(f"\n{size}\n", f"\n{size + 1}\n"))[0])
        self.assertEqual(404, add(size, newest.replace("sallyport/", "elsewhere/"))[0])
        self.assertEqual(404, witness.ask("GET", f"/{'0' * 64}/checkpoint").status)
        self.assertEqual(404, witness.ask("GET", "/checkpoint").status)
        self.assertEqual(405, witness.ask("GET", "/add-checkpoint").status)
        shown = witness.ask("GET", self.path())
        self.assertEqual((200, size), (shown.status, self.witnessed(witness)))
        self.assertIn(f"\u2014 {self.log.split('+')[0]} ".encode(), shown.body)
        key = witness.data / "witness.key"
        self.assertEqual(0o600, key.stat().st_mode & 0o777)
        told = self.gateway.run("ledger", "witness", "--data", str(witness.data), "--print-key")
        self.assertEqual(witness.key + "\n", told)

    def test_of_many_requests_at_once_each_goes_on_from_the_one_before(self):
        """The race of the specification, over sockets: requests of old and new checkpoints, all at the same time."""
        from concurrent.futures import ThreadPoolExecutor
        witness = self.witness([self.log])
        self.start(witness, every="1h")
        notes = []
        for _ in range(12):
            self.chat(1)
            until(lambda: self.sizes()[0] > (int(notes[-1].splitlines()[1]) if notes else 0), "a newer checkpoint")
            notes.append(self.run_ledger("checkpoint"))
        self.gateway.kill()
        shutil.rmtree(witness.data / "logs")
        self.assertIsNone(witness.stop())
        witness = self.witness([self.log])

        def first(note):
            return int(note.splitlines()[1]), witness.ask("POST", "/add-checkpoint", f"old 0\n\n{note}".encode())

        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(first, notes * 4))
        taken = {size for size, answer in answers if answer.status == 200}
        self.assertEqual(1, len([1 for _, answer in answers if answer.status == 200]), "only one can be the first")
        for _, answer in answers:
            if answer.status != 200:
                self.assertEqual((409, taken), (answer.status, {int(answer.body)}))
        self.assertEqual(taken, {self.witnessed(witness)})


if __name__ == "__main__":
    unittest.main()

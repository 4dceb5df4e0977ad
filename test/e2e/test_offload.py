"""More than shall lie here: segments and packs go to another directory and are still found; what is not kept any more is told."""

import json
import random
import shutil
import struct
import subprocess
import unittest

import dialects
import rig
from policy import POLICY
from programs import PROGRAM, environment
from wire import until

KEPT = POLICY | {"bodies": {"open-source": "90d", "internal": "90d"}}
SITE = "git.acme.example/web/site"
OTHER = "git.acme.example/web/other"


def crc32c(data):
    """RFC 3720, bit by bit: for 60 bytes."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def split(segment, entries):
    """One segment becomes two, the first with so many entries, as if 64 MiB had been reached: docs/formats/ledger.md section 2."""
    data = segment.read_bytes()
    first, at, index = int(segment.stem), 64, int(segment.stem)
    while index < first + entries:
        length = struct.unpack_from("<I", data, at)[0]
        is_mark = length & 0x80000000
        at += 24 if is_mark else 8 + length
        index += not is_mark
    header = data[:16] + struct.pack("<Q", index) + data[24:60]
    (segment.parent / f"{index:020}.seg").write_bytes(header + struct.pack("<I", crc32c(header)) + data[at:])
    segment.write_bytes(data[:at])


class Case(unittest.TestCase):
    policy = KEPT
    config = {}

    def setUp(self):
        self.archive = None
        self.vendor, self.gateway = self.enterContext(rig.stack(self.config, self.policy))
        self.folder = self.gateway.folder
        self.data = self.folder / "data"
        self.archive = self.folder / "archive"
        self.origin = (self.data / "origin").read_text().strip()

    def ask(self, text, repository=SITE):
        answer = self.gateway.ask("POST", dialects.ANTHROPIC.target(False, None), dialects.ANTHROPIC.fields(self.gateway.key, repository),
                                  dialects.ANTHROPIC.bytes(text, None, False))
        self.assertEqual(200, answer.status, answer.body)
        return answer

    def command(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, "ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:]], cwd=self.folder,
                              env=environment(self.folder), capture_output=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout[-1000:] + done.stderr[-1000:])
        return (done.stdout + done.stderr).decode(errors="replace")

    def body(self, answer, code=0):
        return self.command("show", answer.exchange, "--body", "request", "--reason", "test", code=code)

    def kept(self, answer, text):
        until(lambda: text in self.gateway.run("ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", "request",
                                               "--reason", "test", code=None), "the body")

    def restart(self, **more):
        self.assertIsNone(self.gateway.stop())
        self.gateway.more.update(more)
        self.gateway.write_config()
        self.gateway.start()

    def offload(self, **of):
        """Settings that move everything which is not written any more."""
        self.archive.mkdir(exist_ok=True)
        return {one: {"offload": {"directory": "archive", "above": "0"}} for one in of["of"]}

    def there(self, of):
        """What was moved; not what is just being copied."""
        return sorted(path for path in (self.archive / self.origin / of).glob("*") if not path.name.startswith("."))

    def moved(self, of, count):
        """Once so many were, and are not here any more."""
        until(lambda: len(self.there(of)) == count and not self.here(of), f"{count} files of {of} to be moved")

    def here(self, of):
        """Which lie here although they are not written any more: their names there begin so."""
        names = {path.name for path in (self.data / of).iterdir()}
        return [path for path in self.there(of) if path.stem.rsplit("-", 1)[0] + path.suffix in names]


class Bodies(Case):
    def test_packs_go_elsewhere_and_bodies_are_read_from_there(self):
        first = self.ask("the first body")
        self.kept(first, "the first body")
        self.restart()
        second = self.ask("the second body")
        self.kept(second, "the second body")
        self.restart(**self.offload(of=["bodies"]))
        self.moved("bodies", 2)  # a start begins a pack of its own, so none of these is written any more
        until(lambda: self.gateway.metrics()['sallyport_offloaded_files_total{of="bodies"}'] == 2, "the metric")
        self.assertEqual([], list((self.data / "bodies").glob("*.pack")))
        self.kept(first, "the first body")
        self.kept(second, "the second body")
        # Not mounted: the error says what is missing and where it should be; the rest goes on.
        self.archive.rename(self.folder / "not-mounted")
        said = self.body(first, code=4)
        self.assertIn("was offloaded to", said)
        self.assertIn(str(self.there("bodies") or self.archive / self.origin), said)
        third = self.ask("a third body")
        self.kept(third, "a third body")
        self.restart()  # with every other pack out of reach
        self.kept(third, "a third body")
        until(lambda: self.gateway.metric("offload_failing") == 1, "the failure to be told")
        self.assertTrue([line for line in self.gateway.log() if line["event"] == "offload.failed" and "mount" in line["why"]])
        (self.folder / "not-mounted").rename(self.archive)
        self.restart()
        self.moved("bodies", 3)
        self.kept(first, "the first body")
        # The list is made anew of what is there.
        self.assertIsNone(self.gateway.stop())
        listed = (self.data / "bodies/offloaded").read_text()
        (self.data / "bodies/offloaded").write_text("damaged\n")
        self.assertIn("offload --rebuild", self.body(first, code=4))
        self.command("offload", "--rebuild")
        self.assertEqual(sorted(listed.splitlines()), sorted((self.data / "bodies/offloaded").read_text().splitlines()))
        self.assertIn("the first body", self.body(first))
        # What nobody can read any more goes there as well.
        self.command("erase", "--repository", SITE, "--reason", "test")
        self.gateway.start()
        until(lambda: len(self.there("bodies")) <= 1, "the packs to be removed")  # but for the newest, which might be written

    def test_beyond_the_limit_bodies_are_not_kept_and_entries_say_so(self):
        self.restart(bodies={"limit": "1MiB"})
        chance = random.Random(20_261_128)
        large = self.ask("large " + chance.randbytes(900_000).hex())
        self.kept(large, "large")
        self.command("hold", "--matter", "case-1", "--repository", OTHER, "--reason", "court")
        self.ask("larger " + chance.randbytes(900_000).hex())
        until(lambda: self.gateway.metric("bodies_folder_bytes") > 1 << 20, "the limit to be reached")
        before = self.gateway.metrics()['sallyport_bodies_lost_total{why="limit"}']
        lost = self.ask("not kept any more")
        self.gateway.row(lost.exchange)
        entries = self.gateway.entries(lost.exchange)
        self.assertEqual([("limit", 0), ("limit", 0)],
                         [(body["lost"], body["kept"]) for body in (entries[0]["sent"], entries[1]["answer"])])
        self.assertEqual(before + 2, self.gateway.metrics()['sallyport_bodies_lost_total{why="limit"}'])
        self.assertEqual(1 << 20, self.gateway.metric("bodies_limit_bytes"))
        self.assertIn("bodies: limit", self.body(lost, code=4))
        until(lambda: [line for line in self.gateway.log() if line["event"] == "bodies.limit_reached"], "the log to say so")
        self.assertEqual(200, self.gateway.readiness()[0], "work goes on")

        def held():  # what a matter holds is kept beyond the limit, as soon as the gateway knows of it
            answer = self.ask("held by a matter", OTHER)
            self.gateway.row(answer.exchange)
            return self.gateway.entries(answer.exchange)[0]["sent"]["kept"] > 0 and [answer]

        self.kept(until(held, "the hold to be known")[0], "held by a matter")
        # Room again: with a place to offload to, bodies are kept on.
        settings = self.offload(of=["bodies"])
        settings["bodies"]["limit"] = "1MiB"
        self.restart(**settings)
        until(lambda: self.gateway.metric("bodies_folder_bytes") < 1 << 20, "room again")
        self.kept(self.ask("kept on"), "kept on")
        self.kept(large, "large")


class Segments(Case):
    policy = POLICY

    def test_segments_go_elsewhere_and_the_ledger_is_read_and_verified_from_there(self):
        first = self.ask("the first exchange")
        self.gateway.row(first.exchange)
        for number in range(10):
            last = self.ask(f"exchange {number}")
        self.gateway.row(last.exchange)
        self.assertIsNone(self.gateway.stop())
        [segment] = (self.data / "ledger").glob("*.seg")
        split(segment, 12)
        self.gateway.more.update(self.offload(of=["ledger"]))
        self.gateway.write_config()
        self.gateway.start()
        self.moved("ledger", 1)
        told = json.loads(self.command("verify", "--json"))
        self.assertTrue(told["ok"], told)
        self.assertEqual(self.gateway.row(first.exchange)["exchange"], first.exchange)
        self.assertEqual(2, len(self.gateway.entries(first.exchange)))
        made = json.loads(self.command("backup", "backup", "--json"))
        self.assertEqual((True, 1), (made["ok"], made["offloaded_files"]))
        self.command("bundle", "--entry", first.exchange, "--out", "one.tar")
        # Not mounted: that is told, with the entries, and nobody calls it tampered.
        self.archive.rename(self.folder / "not-mounted")
        told = json.loads(self.command("verify", "--json", code=1))
        [problem] = told["problems"]
        self.assertEqual(("unreadable", 0), (problem["kind"], problem["first"]))
        self.assertIn("no sign of tampering", problem["sentence"])
        self.assertIn(str(self.archive), problem["sentence"])
        self.assertIn("mount that directory again", self.command("show", first.exchange, code=4))
        self.gateway.entries(last.exchange)
        self.restart()  # a gateway starts without it
        self.ask("works")
        self.assertIn("mount that directory again", self.command("reindex", code=4))
        (self.folder / "not-mounted").rename(self.archive)
        # What lies there is held against the tree as everything else is.
        [segment] = self.there("ledger")
        whole = segment.read_bytes()
        at = len(whole) // 2
        segment.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        told = json.loads(self.command("verify", "--json", code=1))
        self.assertNotEqual("unreadable", told["problems"][0]["kind"])
        segment.write_bytes(whole)
        self.assertTrue(json.loads(self.command("verify", "--json"))["ok"])
        shutil.rmtree(self.folder / "backup")


if __name__ == "__main__":
    unittest.main()

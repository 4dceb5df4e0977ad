"""A full disk: nothing new is admitted that must be recorded, what runs is ended and recorded, room brings all back.

The data directory is a small tmpfs in a user and mount namespace of its own; a shell in there fills and frees it.
"""

import json
import subprocess
import unittest

import dialects
import rig
from wire import Wire, until

SIZE = 40  # MiB
WIDE = dialects.CHAT.bytes(tools=[{"type": "function", "function": {"name": f"mcp__{'p' * 90}{number}__t"}}
                                  for number in range(500)])  # an entry of 50 KB


def possible():
    done = subprocess.run(["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"no tmpfs in a namespace here: {done.stderr.strip()}"


class Inside(rig.Gateway):
    """A gateway whose data lie on the small disk."""
    def __init__(self, folder, upstreams):
        super().__init__(folder, upstreams)
        (self.folder / "data").mkdir(mode=0o700)
        self.shell = subprocess.Popen(["unshare", "-rm", "sh"],
                                      stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE,
                                      text=True,
                                      cwd=folder)
        self.inside(f"mount -t tmpfs -o size={SIZE}m,mode=0700 tmpfs {self.folder}/data")
        self.wrapper = [
            "nsenter", f"--user=/proc/{self.shell.pid}/ns/user", f"--mount=/proc/{self.shell.pid}/ns/mnt",
            "--preserve-credentials", "sh", "-c", 'cd "$0" && exec "$@"',
            str(self.folder)
        ]

    def inside(self, command):
        self.shell.stdin.write(command + " >/dev/null 2>&1; echo done $?\n")
        self.shell.stdin.flush()
        return self.shell.stdout.readline()

    def fill(self):
        self.inside("dd if=/dev/zero of=data/filler bs=64k")

    def free(self):
        self.inside("rm data/filler")

    def close(self):
        self.shell.stdin.close()
        self.shell.stdout.close()
        self.shell.wait()


class FullDisk(unittest.TestCase):
    def setUp(self):
        if why := possible():
            self.skipTest(why)
        self.folder = self.enterContext(rig.folder())
        self.vendor = rig.Vendor(self.folder)
        self.addCleanup(lambda: self.assertIsNone(self.vendor.stop()))
        self.gateway = Inside(self.folder, {"sim": self.vendor.url})
        self.addCleanup(self.gateway.close)
        self.key = self.gateway.issue()["key"]
        self.gateway.start()
        self.addCleanup(lambda: self.assertIsNone(self.gateway.stop()))

    def ask(self, text="hi", body=None):
        return self.gateway.ask("POST", "/v1/chat/completions", dialects.CHAT.fields(self.key), body
                                or dialects.CHAT.bytes(text))

    def test_a_full_disk_stops_admitting_and_room_brings_it_back(self):
        self.assertEqual(200, self.ask().status)
        with Wire(self.gateway.port) as running:
            running.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key),
                        dialects.ANTHROPIC.bytes("vendor:events(4) vendor:fault(gate)", stream=True))
            self.vendor.next()
            head = running.head()
            self.gateway.fill()
            for _ in range(1000):  # until the room that was reserved ahead is used up
                if self.ask(body=WIDE).status != 200:
                    break
            self.assertEqual(503, self.gateway.readiness()[0])
            self.assertRegex(self.gateway.readiness()[1]["because"], "disk|room|full")
            self.vendor.forget()
            for number in range(20):
                answer = self.ask(f"new {number}")
                self.assertEqual(400, answer.status, answer.body)
                self.assertRegex(dialects.CHAT.sentence(answer), "record.*(full|room)")
            self.assertEqual([], self.vendor.requests(), "sent, though it could not be recorded")
            for _ in range(20):
                self.vendor.next()
            self.assertTrue(dialects.ANTHROPIC.is_finished(running.body(head)))
        self.assertEqual(b"ok\n", self.gateway.admin("/healthz").body)
        self.gateway.free()
        until(lambda: self.gateway.readiness() == (200, {"ready": True}), "the gateway to be ready again")
        again = self.ask("again")
        self.assertEqual(200, again.status, again.body)
        rows = self.gateway.rows([head.exchange, again.exchange])
        self.assertEqual(["complete", "complete"], [row["ended"] for row in rows.values()])
        # Nothing was lost or doubled on the way.
        told = json.loads(self.gateway.run("ledger", "reindex", "--config", "sallyport.yaml", "--json"))
        self.assertEqual(told["entries"], told["next_index"])


if __name__ == "__main__":
    unittest.main()

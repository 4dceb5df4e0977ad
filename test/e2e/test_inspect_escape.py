"""A hostile client under inspection: it tries many ways out (escapes.py), and whoever waits outside sees nobody come."""

import json
import random
import re
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from programs import PROGRAM
from test_inspect_run import PYTHON, without_boundary

SECONDS_MAX = 300
ESCAPES = str(Path(__file__).resolve().parent / "escapes.py")


class Bait:
    """What lies outside, and counts who comes."""

    def __init__(self, folder):
        self.word = f"word{random.SystemRandom().randint(10**9, 10**12)}"
        self.came = []
        self.sockets = []
        tcp = self.listening(socket.AF_INET6, ("::", 0))
        self.tcp = tcp.getsockname()[1]
        self.udp = self.bound(socket.AF_INET6, ("::", 0)).getsockname()[1]
        self.unix, self.abstract = str(folder / "socket"), f"bait-{self.word}"
        self.listening(socket.AF_UNIX, self.unix)
        self.listening(socket.AF_UNIX, "\0" + self.abstract)
        self.file = folder / "secret"
        self.file.write_text(self.word)

    def listening(self, family, address):
        one = socket.socket(family, socket.SOCK_STREAM)
        self.sockets.append(one)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(address)
        one.listen(16)
        threading.Thread(target=self.accept, args=(one, str(address)), daemon=True).start()
        return one

    def bound(self, family, address):
        one = socket.socket(family, socket.SOCK_DGRAM)
        self.sockets.append(one)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(address)
        threading.Thread(target=self.receive, args=(one,), daemon=True).start()
        return one

    def accept(self, one, what):
        try:
            while True:
                stream, _ = one.accept()
                self.came.append(what)
                stream.recv(4096)
                stream.sendall(self.word.encode())
                stream.close()
        except OSError:
            pass

    def receive(self, one):
        try:
            while True:
                _, peer = one.recvfrom(4096)
                self.came.append("udp")
                one.sendto(self.word.encode(), peer)
        except OSError:
            pass

    def close(self):
        for one in self.sockets:
            one.close()


class Escape(unittest.TestCase):
    def setUp(self):
        if reason := without_boundary():
            raise unittest.SkipTest(reason)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        self.bait = Bait(Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))))  # not beside the client: its own folder it sees
        self.addCleanup(self.bait.close)
        self.victim = subprocess.Popen(["/usr/bin/sleep", "300"], env={"SECRET": self.bait.word})
        self.addCleanup(self.victim.wait)
        self.addCleanup(self.victim.kill)

    def arguments(self):
        return json.dumps({"tcp": self.bait.tcp, "udp": self.bait.udp, "abstract": self.bait.abstract, "unix": self.bait.unix,
                           "files": [str(self.bait.file)], "word": self.bait.word, "pid": self.victim.pid}, separators=(",", ":"))

    def test_each_way_is_closed_inside(self):
        script = self.folder / "client.py"  # its words are in a file: nothing of a shell is between
        script.write_text(f"import sys\nsys.argv = ['escapes', {self.arguments()!r}]\n" + Path(ESCAPES).read_text())
        done = subprocess.run([PROGRAM, "inspect", "run", "--command", f"{PYTHON} -B {script}", "--json", "--variables", "no such"], capture_output=True, text=True,
                              timeout=SECONDS_MAX, env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}, cwd=self.folder)
        self.assertIn(done.returncode, (0, 1), done.stderr[-2000:])
        said = re.search(r"tried (\d+) ways, open: ([^.]*)\.", " ".join(json.loads(done.stdout)["runs"]["problems"]))
        self.assertTrue(said, done.stdout[-2000:])
        self.assertGreaterEqual(int(said[1]), 40)
        self.assertEqual("none", said[2])
        self.assertEqual([], self.bait.came)
        self.assertIsNone(self.victim.poll())

    def test_outside_the_bait_works(self):
        done = subprocess.run([PYTHON, "-B", ESCAPES, self.arguments()], capture_output=True, text=True, timeout=SECONDS_MAX, cwd=self.folder)
        for way in ("tcp", "tcp by name", "udp", "abstract socket", "socket in a folder", "file", "file by a symbolic link", "signal"):
            self.assertRegex(done.stdout, rf"[:,] {way}[,.]", done.stderr)


if __name__ == "__main__":
    unittest.main()

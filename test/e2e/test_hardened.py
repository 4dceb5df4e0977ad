"""What the process may not do: start programs, leave dumps, talk to strangers; and who may ask its admin listener."""

import re
import signal
import unittest
from pathlib import Path

import dialects
import rig
from wire import SLOW


class Hardened(rig.Case):
    def test_no_program_can_be_started_by_any_thread(self):
        self.assertEqual(200, self.ask(dialects.CHAT).status)
        tasks = list(Path(f"/proc/{self.gateway.process.pid}/task").iterdir())
        self.assertGreater(len(tasks), 2)
        for task in tasks:
            status = (task / "status").read_text()
            self.assertRegex(status, r"(?m)^Seccomp:\s*2$")
            self.assertRegex(status, r"(?m)^NoNewPrivs:\s*1$")
        self.assertEqual([], [
            name for name in Path(
                f"/proc/{self.gateway.process.pid}/task/{self.gateway.process.pid}/children").read_text().split()
        ])

    def test_it_talks_to_nobody_it_was_not_told_of(self):
        self.ask(dialects.CHAT)
        pid = self.gateway.process.pid
        try:
            inodes = {
                match[1]
                for link in Path(f"/proc/{pid}/fd").iterdir()
                if (match := re.match(r"socket:\[(\d+)\]", str(link.readlink())))
            }
        except PermissionError:
            self.skipTest("not allowed to look at the gateway's sockets")
        remote = set()
        for family in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
                columns = line.split()
                if columns[9] in inodes and columns[3] == "01":
                    remote.add(int(columns[2].rsplit(":", 1)[1], 16))
        local = {
            int(line.split()[2].rsplit(":", 1)[1], 16)
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if int(line.split()[1].rsplit(":", 1)[1], 16) in (self.gateway.port, self.gateway.admin_port)
        }
        self.assertIn(self.vendor.port, remote)
        self.assertEqual(set(), remote - local - {self.vendor.port})

    @unittest.skipIf(SLOW, "a sanitizer catches the signal")
    def test_a_crash_leaves_no_dump(self):
        with rig.stack() as (_, gateway):
            self.assertRegex(Path(f"/proc/{gateway.process.pid}/limits").read_text(), r"Max core file size\s+0\s+0")
            gateway.signal(signal.SIGABRT)
            self.assertEqual(-signal.SIGABRT, gateway.process.wait(rig.DEADLINE))
            self.assertEqual(
                [], [path for path in gateway.folder.rglob("*") if path.name.startswith("core") and path.is_file()])
            gateway.process = None


class Admin(rig.Case):
    config = {"admin": {"address": "127.0.0.1:0", "hosts": ["ops.acme.example"]}}

    def test_only_by_its_own_names(self):
        port = self.gateway.admin_port
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"localhost:{port}", 200),
            (f"LOCALHOST:{port}", 200),
            ("ops.acme.example", 200),
            ("evil.example", 421),
            (f"evil.example:{port}", 421),
            ("127.0.0.1", 421),
            (f"127.0.0.1:{port + 1}", 421),
            (f"127.0.0.1.evil.example:{port}", 421),
            (f"127.0.0.2:{port}", 421),
        ):
            for path in ("/healthz", "/readyz", "/metrics"):
                with self.subTest(host, path=path):
                    answer = self.gateway.admin(path, host=host)
                    self.assertEqual(status, answer.status)
                    self.assertEqual(
                        status == 200, b"sallyport_" in answer.body or b"ok\n" == answer.body
                        or b'"ready"' in answer.body)

    def test_no_page_of_another_origin_may_ask(self):
        port = self.gateway.admin_port
        for origin, status in (
            (f"http://127.0.0.1:{port}", 200),
            (f"http://localhost:{port}", 200),
            ("https://evil.example", 421),
            ("null", 421),
            (f"http://127.0.0.1:{port}.evil.example", 421),
            (f"ftp://127.0.0.1:{port}", 421),
            ("", 421),
        ):
            with self.subTest(origin):
                self.assertEqual(status, self.gateway.admin("/metrics", [("Origin", origin)]).status)

    def test_nothing_can_be_changed_there_and_nothing_of_it_is_seen_elsewhere(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.assertEqual(405, self.gateway.admin("/metrics", method=method).status)
        for path in ("/", "/v1/messages", "/debug", "/metrics/", "/../metrics"):
            self.assertEqual(404, self.gateway.admin(path).status)
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(404, self.gateway.ask("GET", path).status)
        self.assertEqual(404, self.gateway.admin("/v1/models", [("x-api-key", self.key)]).status)


if __name__ == "__main__":
    unittest.main()

"""How tunnels of the forward proxy end: slow peers, halves that stay open, resets, kills, limits, a stop of the service."""

import socket
import ssl
import subprocess
import threading
import unittest

import forward
from wire import Wire, until


def silent(wire):
    while wire.any_piece():
        pass


class Ends(forward.Case):
    forward = {"idle": "1s", "contacts_per_caller": 4, "bytes_per_contact": "1MiB"}
    config = {"timeouts": {"head": "1s", "connect": "1s", "keep_alive": "1s", "drain": "1s"}}

    def host(self, handler):
        host = forward.Host(handler)
        self.addCleanup(host.close)
        return host

    def closed(self, host, **members):
        return self.receipt("closed", host=host, **members)

    def test_a_tunnel_in_which_nothing_moves_is_ended(self):
        wire, answer = self.connect(f"plain.test:{self.host(silent).port}")
        self.assertEqual(200, answer.status)
        wire.send(b"x")
        self.assertTrue(wire.is_closed())
        self.closed("plain.test", end="idle", sent_bytes=1)

    def test_a_half_that_stays_open_is_ended_too(self):
        def half(wire):
            wire.socket.shutdown(socket.SHUT_WR)
            silent(wire)

        wire, _ = self.connect(f"plain.test:{self.host(half).port}")
        self.assertEqual(b"", wire.any_piece())
        wire.send(b"still heard")
        self.closed("plain.test", end="idle", sent_bytes=11)

    def test_a_reset_on_either_side_reaches_the_other(self):
        wire, _ = self.connect(f"plain.test:{self.host(lambda upstream: upstream.reset() or None).port}")
        with self.assertRaises(ConnectionError):
            while True:
                if not wire.socket.recv(1):
                    break
            wire.socket.send(b"x")
            raise ConnectionResetError
        seen = threading.Event()

        def watch(upstream):
            try:
                while upstream.socket.recv(1):
                    pass
            except ConnectionError:
                seen.set()

        wire, _ = self.connect(f"plain.test:{self.host(watch).port}")
        wire.send(b"x")
        wire.reset()
        self.assertTrue(seen.wait(10))
        self.closed("plain.test", end="client-failed")

    def test_more_bytes_than_a_contact_may_have_end_it(self):
        wire, _ = self.connect(f"plain.test:{self.echo.port}")
        sender = threading.Thread(target=wire.send_what_is_taken, args=(b"x" * (4 << 20), ))
        sender.start()
        got = 0
        while piece := wire.any_piece():
            got += len(piece)
        sender.join()
        self.assertLess(got, 2 << 20)
        self.closed("plain.test", end="too-many-bytes")

    def test_a_caller_has_so_many_contacts_at_once(self):
        host = self.host(forward.echo)
        wires = []
        for _ in range(4):
            wire, answer = self.connect(f"plain.test:{host.port}")
            self.assertEqual(200, answer.status)
            wires.append(wire)
        _, answer = self.connect(f"plain.test:{host.port}")
        self.assertEqual(429, answer.status)
        for wire in wires:
            wire.close()
        def again():
            fresh, answer = self.connect(f"plain.test:{host.port}")
            fresh.close()
            return answer.status == 200
        until(again, "room for another contact")

    def test_a_head_that_never_ends_is_given_up(self):
        wire = self.wire()
        wire.send(b"CONNECT plain.test:443 HTTP/1.1\r\nHost:")
        self.assertEqual(408, wire.answer().status)

    def test_a_host_that_is_not_there_is_told(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        _, answer = self.connect(f"plain.test:{port}")
        self.assertEqual(502, answer.status)
        self.assertIn(b"Connection refused", answer.body)
        self.closed("plain.test", port=port)

    def test_a_handshake_that_stalls_is_given_up(self):
        wire, answer = self.connect(f"models.test:{self.models.port}")
        self.assertEqual(200, answer.status)
        wire.send(b"\x16\x03\x01")
        self.assertTrue(wire.is_closed())
        self.assertIn("certificate", self.closed("models.test")["end"])


class ByTls(forward.Case):
    """A listener that speaks TLS, and the company's own authority."""

    @classmethod
    def more_forward(cls):
        certificate, key = cls.ca.issue("proxy", "IP:127.0.0.1")
        return {
            "tls": {"certificate": certificate, "key": key},
            "authority": {"certificate": cls.ca.pem, "key": str(cls.folder / "ca.key")}
        }

    def wire(self):
        wire = Wire(self.proxy_port, ssl.create_default_context(cafile=self.ca.pem), "127.0.0.1")
        self.addCleanup(wire.close)
        return wire

    def test_a_tunnel_by_tls_carries_bytes_and_its_end(self):
        wire, answer = self.connect(f"plain.test:{self.echo.port}")
        self.assertEqual(200, answer.status)
        sent = bytes(range(256)) * 4096
        sender = threading.Thread(target=wire.send, args=(sent, ))
        sender.start()
        self.assertEqual(sent, wire.take(len(sent)))
        sender.join()
        wire.close()
        self.assertEqual(len(sent), self.receipt("closed", host="plain.test", sent_bytes=len(sent))["received_bytes"])

    def test_what_is_opened_shows_the_companys_authority(self):
        done = subprocess.run([
            "curl", "-sS", "-i", "--max-time", "20", "-x", f"https://127.0.0.1:{self.proxy_port}", "--proxy-cacert", self.ca.pem,
            "--proxy-user", f"x:{self.key}", "--cacert", self.ca.pem, f"https://models.test:{self.models.port}/x"
        ], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("relay", self.receipt("request", host="models.test")["handled_by"])


class Stop(forward.Case):
    config = {"timeouts": {"drain": "1s"}}

    def test_a_stop_cuts_tunnels_and_records_their_end(self):
        wire, _ = self.connect(f"plain.test:{self.echo.port}")
        wire.send(b"hello")
        self.assertEqual(b"hello", wire.take(5))
        self.assertIsNone(self.gateway.stop())
        self.assertEqual("cancelled", self.receipt("closed", host="plain.test")["end"])


if __name__ == "__main__":
    unittest.main()

"""Time-outs: each phase has its own, and who is slow but alive is not cut."""

import socket
import unittest

import dialects
import rig
from wire import Cut, Wire


class Patience(rig.Case):
    config = {
        "threads": 1, "timeouts": {
            "head": "400ms", "body_idle": "400ms", "keep_alive": "400ms", "write_idle": "1500ms", "connect": "400ms",
            "upstream_head": "400ms", "upstream_idle": "400ms"
        }
    }

    @classmethod
    def upstreams(cls):
        cls.deaf = socket.socket()  # its queue is full: connecting takes for ever
        cls.deaf.bind(("127.0.0.1", 0))
        cls.deaf.listen(0)
        cls.waiting = [socket.socket() for _ in range(3)]
        for one in cls.waiting:
            one.setblocking(False)
            one.connect_ex(cls.deaf.getsockname())
            cls.addClassCleanup(one.close)
        cls.addClassCleanup(cls.deaf.close)
        cls.policy = rig.POLICY | {
            "rules": rig.POLICY["rules"] +
            [{"id": "deaf", "when": {"model": ["deaf"], "upstream": ["sim"]}, "refuse": True},
             {"id": "else", "when": {"model": ["claude-*", "qwen-*"], "upstream": ["second"]}, "refuse": True}]
        }
        return {"sim": cls.vendor.url, "second": f"http://127.0.0.1:{cls.deaf.getsockname()[1]}"}

    def test_a_head_that_does_not_end(self):
        with Wire(self.gateway.port) as wire:
            wire.send(b"POST /v1/messages HTTP/1.1\r\nHost: a\r\nX-")
            self.assertEqual(408, wire.answer().status)
            self.assertTrue(wire.is_closed())

    def test_a_connection_that_says_nothing_is_closed(self):
        with Wire(self.gateway.port) as wire:
            self.assertTrue(wire.is_closed())
        with Wire(self.gateway.port) as wire:
            wire.ask("HEAD", "/")
            wire.answer("HEAD")
            self.assertTrue(wire.is_closed())

    def test_a_body_that_does_not_come(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key) + [("Content-Length", "100")], b"{")
            self.assertIn(wire.answer().status, (408, 451))
            self.assertTrue(wire.is_closed())

    def test_a_vendor_that_does_not_answer(self):
        for text, ended in (("vendor:fault(hang)", "timeout"), ("vendor:fault(stall=60000)", "timeout")):
            with self.subTest(text):
                try:
                    answer = self.ask(dialects.CHAT, text)
                    self.assertEqual(400, answer.status)
                    self.assertIn("Sallyport", dialects.CHAT.sentence(answer))
                except Cut as cut:  # the answer had begun
                    answer = cut.head
                self.assertEqual(ended, self.row(answer)["ended"])

    def test_a_vendor_that_cannot_be_reached(self):
        answer = self.ask(dialects.CHAT, model="deaf")
        self.assertEqual(400, answer.status)
        row = self.row(answer)
        self.assertIn(row["ended"], ("timeout", "upstream-error"))
        self.assertEqual("second", row["upstream"])

    def test_a_client_that_never_reads_is_let_go(self):
        with Wire(self.gateway.port, receive_buffer=4096) as wire:
            wire.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(self.key),
                     dialects.ANTHROPIC.bytes("vendor:text(30000000)"))
            head = wire.head()
            self.assertIn(self.gateway.row(head.exchange)["ended"], ("client-left", "timeout"))

    def test_a_slow_but_living_stream_is_not_cut(self):
        answer = self.ask(dialects.CHAT, "vendor:events(12) vendor:fault(pace=120)", stream=True)
        self.assertTrue(dialects.CHAT.is_finished(answer.body))


if __name__ == "__main__":
    unittest.main()

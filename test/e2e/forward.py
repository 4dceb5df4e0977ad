"""What tests of the forward proxy stand on: hosts behind names that only it knows, a policy for them, its receipts."""

import base64
import json
import re
import shutil
import socket
import threading
import unittest

import rig
from authority import Authority
from wire import DEADLINE, Wire, until

LOOPBACK = ["127.0.0.0/8"]
NAMES = {
    "plain.test": "127.0.0.1", "deep.open.test": "127.0.0.1", "models.test": "127.0.0.1", "wrong.test": "127.0.0.1",
    "rebound.test": "127.0.0.1", "six.test": "::1", "metadata.test": "169.254.169.254",
    "mapped.test": "::ffff:10.0.0.1", "nat.test": "64:ff9b::7f00:1", "any.test": "0.0.0.0"
}


def rules():
    every = {"ports": "any", "do": "allow"}
    return [
        {"id": "no-ads", "hosts": ["ads.test"], "do": "refuse", "why": "it only counts people"},
        {"id": "open", "hosts": ["plain.test", "*.open.test", "127.0.0.1"], "addresses": LOOPBACK, "why": "tests"} | every,
        {"id": "opened", "hosts": ["models.test", "wrong.test"], "ports": "any", "addresses": LOOPBACK,
         "do": "intercept", "why": "models are judged"},
        {"id": "public", "hosts": ["*.test", "127.0.0.2", "[::1]".strip("[]")], "why": "public hosts only"} | every,
    ]


class Host:
    """A host that treats each connection as its handler says; handlers end within the test's deadline."""

    def __init__(self, handler):
        self.handler = handler
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection, ), daemon=True).start()

    def one(self, connection):
        with Wire(connection) as wire:
            try:
                self.handler(wire)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def echo(wire):
    """Gives back what it gets, and ends when the other side has."""
    while piece := wire.any_piece():
        wire.send(piece)


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Case(rig.Case):
    """A gateway with a forward proxy, a vendor by TLS behind models.test, an echo behind plain.test."""

    forward = {}
    more_rules = []

    @classmethod
    def upstreams(cls):
        cls.ca = Authority(cls.folder)
        files = cls.ca.issue("models", "DNS:models.test,IP:127.0.0.1")
        cls.models = cls.run_vendor("--tls-cert", files[0], "--tls-key", files[1], name="models")
        cls.echo = Host(echo)
        cls.addClassCleanup(cls.echo.close)
        forward = {"listen": "127.0.0.1:0", "names": NAMES, "trust": cls.ca.pem} | cls.more_forward()
        cls.config = cls.config | {"forward": forward}
        cls.policy = cls.policy | {"egress": cls.more_rules + rules()}
        return {"sim": cls.vendor.url}

    @classmethod
    def more_forward(cls):
        return cls.forward

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy_port = cls.port_of(cls.gateway)
        cls.authority = str(cls.folder / "data/egress/ca.pem")

    @staticmethod
    def port_of(gateway):
        return int(re.findall(r"^forward proxy on https?://127\.0\.0\.1:(\d+)", gateway.output.read_text(), re.M)[-1])

    def credential(self, key=None):
        return ("Proxy-Authorization", "Basic " + base64.b64encode(f"x:{key or self.key}".encode()).decode())

    def wire(self):
        wire = Wire(self.proxy_port)
        self.addCleanup(wire.close)
        return wire

    def connect(self, target, fields=None, wire=None):
        """(wire, answer head) of a CONNECT; the body is read where it was refused."""
        wire = wire or self.wire()
        wire.ask("CONNECT", target, [self.credential()] if fields is None else fields, host=target)
        answer = wire.head()
        if answer.status != 200:
            answer.body = wire.body(answer)
        return wire, answer

    @classmethod
    def receipts(cls):
        lines = (cls.folder / "data/egress/receipts.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def receipt(self, event, **members):
        """The newest line with these members, once it is there."""
        def found():
            fitting = [
                one for one in self.receipts()
                if one["event"] == event and all(one.get(name) == value for name, value in members.items())
            ]
            return fitting[-1:]

        return until(found, f"a receipt '{event}' with {members}", DEADLINE)[0]

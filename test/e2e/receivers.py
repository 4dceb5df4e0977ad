"""What a company's systems are to a gateway that hands over: HTTP collectors and a syslog server over TLS, on loopback.

Each can be killed and started again on its port, answer with an error, stall, or close in the middle.
"""

import json
import re
import socket
import ssl
import threading

from wire import Cut, Wire, until


class Receiver:
    """Keeps what arrives in `.events`, parsed, in the order in which it was acknowledged; `.raw` is every byte that came.

    `.mode`: "take"; "500"; "stall": reads and never answers; "cut": closes in the middle of the body, or of the stream.
    """
    scheme = "http"
    bytes_max = 1 << 30  # a longer body is answered with 413

    def __init__(self, tls=None):
        self.mode = "take"
        self.tls = tls
        self.events, self.raw, self.heads, self.mistakes = [], bytearray(), [], []
        self.refusals = 0  # batches that were not acknowledged
        self.port = 0
        self._wires = []
        self._listener = None
        self.start()

    @property
    def url(self):
        return f"{self.scheme}{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener, ), daemon=True).start()
        return self

    def kill(self):
        """Gone at once: every connection is reset, and none is taken."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.hang_up()

    close = kill

    def revive(self):
        self.mode = "take"
        if self._listener.fileno() < 0:
            self.start()

    def hang_up(self):
        wires, self._wires = self._wires, []
        for wire in wires:
            try:
                wire.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, ), daemon=True).start()

    def _serve(self, connection):
        try:
            with Wire(connection) as wire:
                if self.tls:
                    wire.socket = self.tls.wrap_socket(wire.socket, server_side=True)
                self._wires.append(wire)
                self.talk(wire)
        except (OSError, Cut, ssl.SSLError):
            pass
        except Exception as mistake:  # pylint: disable=broad-except
            self.mistakes.append(mistake)

    def talk(self, wire):
        while True:
            try:
                head = wire.head(_Request)
            except Cut:
                return
            self.heads.append(head)
            self.raw += head.raw
            mode = self.mode  # which the test may change meanwhile
            if mode == "cut":
                wire.take(min(100, int(head.get("content-length"))))
                self.refusals += 1
                return
            body = wire.body(head)
            self.raw += body
            if len(body) > self.bytes_max:
                self.refusals += 1
                wire.reply(413, b"")
                continue
            if mode == "stall":
                self.refusals += 1
                wire.more()  # until the other side has enough
                return
            if mode != "take":
                self.refusals += 1
                wire.reply(int(mode), b"no")
                continue
            self.events += self.parse(body)
            wire.reply(200, self.answer())

    def parse(self, body):
        return json.loads(body)

    def answer(self):
        return b"{}"

    # What one event is, whatever its format.
    def exchange(self, event):
        return event["metadata"]["correlation_uid"]

    def exchanges(self):
        return [self.exchange(event) for event in self.events]

    def wait_for(self, exchanges, what="to be handed over"):
        """Until each of these arrived at least once."""
        until(lambda: set(exchanges) <= set(self.exchanges()), f"{len(exchanges)} exchanges {what} to {self.url}")
        assert not self.mistakes, self.mistakes


class _Request:
    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]

    def get(self, name, otherwise=None):
        found = [value for key, value in self.fields if key.lower() == name.lower()]
        return found[0] if found else otherwise


class Ocsf(Receiver):
    """A list of OCSF events as the body."""


class Hec(Receiver):
    """Splunk's collector: objects one behind the other; `code` is what it answers."""
    code = 0

    def parse(self, body):
        text, found, at = body.decode(), [], 0
        while at < len(text):
            one, at = json.JSONDecoder().raw_decode(text, at)
            found.append(one)
        if self.code:
            self.refusals += 1
            return []
        return found

    def answer(self):
        return json.dumps({"text": "Success" if not self.code else "Server is busy", "code": self.code}).encode()

    def exchange(self, event):
        return event["event"]["metadata"]["correlation_uid"]


class Otlp(Receiver):
    """An OpenTelemetry collector; `rejected` spans are told of as a partial success."""
    rejected = 0

    def parse(self, body):
        spans = []
        for resource in json.loads(body)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                spans += scope["spans"]
        return spans

    def answer(self):
        if not self.rejected:
            return b"{}"
        return json.dumps({"partialSuccess": {"rejectedSpans": str(self.rejected), "errorMessage": "full"}}).encode()

    @staticmethod
    def attributes(span):
        return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}

    def exchange(self, event):
        return self.attributes(event)["sallyport.exchange"]


class OtlpMetrics(Receiver):
    """A collector of metrics: each event is (name, data point)."""

    def parse(self, body):
        points = []
        for resource in json.loads(body)["resourceMetrics"]:
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    points += [(metric["name"], one) for one in (metric.get("histogram") or metric["sum"])["dataPoints"]]
        return points

    @staticmethod
    def attributes(point):
        return Otlp.attributes(point[1])

    def total(self, name, **attributes):
        """What was counted of this metric's series that have these attributes (of theirs, '_' for '.')."""
        total = 0
        for point in self.events:
            told = {key.replace(".", "_"): value for key, value in self.attributes(point).items()}
            if point[0] == name and attributes.items() <= told.items():
                total += int(point[1].get("count", point[1].get("asInt", 0)))
        return total


class Syslog(Receiver):
    """RFC 5424 messages over TLS, framed by their length (RFC 5425). It keeps a message once it has read it."""
    scheme = "syslog+tl"

    def talk(self, wire):
        while True:
            if self.mode == "stall":
                self.refusals += 1
                until(lambda: self.mode != "stall", "the stall to end")
            length = int(wire.take_through(b" "))
            mode = self.mode
            message = wire.take(length if mode != "cut" else 5)
            self.raw += message
            if mode == "cut":
                self.refusals += 1
                return
            found = re.fullmatch(rb"<(\d+)>1 (\S+) - sallyport - (attempt|refusal) - (.*)", message, re.S)
            assert found, message
            self.events.append((int(found[1]), found[2].decode(), found[3].decode(), found[4].decode()))

    def exchange(self, event):
        text = event[3]
        if text.startswith("CEF:"):
            return re.search(r" cs5=(\S+)", text)[1]
        return json.loads(text)["metadata"]["correlation_uid"]

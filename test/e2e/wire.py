"""HTTP/1.1 by hand: a connection that can send any bytes at any pace and keeps what came as it came. Every wait has a deadline."""

import os
import socket
import ssl
import struct
import time

SLOW = os.environ.get("SALLYPORT_SLOW") == "1"  # under a sanitizer
DEADLINE = 120 if SLOW else 30  # seconds; only ever reached by something that is broken


class Cut(Exception):
    """The answer broke off; `body` is what came of it."""
    def __init__(self, message, body=b""):
        super().__init__(message)
        self.body = body


def until(told, what, seconds=None):
    """Polls until `told()` is true (and returns that), or fails naming `what`."""
    deadline = time.monotonic() + (seconds or DEADLINE)
    while not (result := told()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.01)
    return result


def settled(figure, looks=60):
    """Polls until `figure()` has not changed for that many looks; its value."""
    seen = []

    def still():
        seen.append(figure())
        return len(set(seen[-looks:])) == 1 and len(seen) > looks

    until(still, "a figure to settle")
    return seen[-1]


class Head:
    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.fields = [tuple(part.strip(" \t") for part in line.split(":", 1)) for line in lines[1:] if line]

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, otherwise=None):
        found = self.all(name)
        return found[0] if found else otherwise


class Answer(Head):
    """A whole answer: status, fields as they came, body with its framing taken off."""
    def __init__(self, raw):
        super().__init__(raw)
        self.status = int(self.line.split(" ", 2)[1])
        self.body = b""

    @property
    def exchange(self):
        return self.get("x-sallyport-exchange")


class Received(Head):
    """A request as an upstream got it."""
    def __init__(self, raw):
        super().__init__(raw)
        self.method, self.target, _ = self.line.split(" ", 2)
        self.body = b""


class Wire:
    """One connection, of either side."""
    def __init__(self, where, tls=None, name=None, receive_buffer=None):
        if isinstance(where, socket.socket):
            self.socket = where
        else:
            self.socket = socket.socket()
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.settimeout(DEADLINE)
            try:
                self.socket.connect(("127.0.0.1", where))
            except OSError:
                self.socket.close()
                raise
        self.socket.settimeout(DEADLINE)
        if self.socket.family in (socket.AF_INET, socket.AF_INET6):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.kept = bytearray()  # read, and not taken yet

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes by RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_what_is_taken(self, data):
        """Sends as far as the other side reads; it may refuse and close in the middle."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass

    def ask(self, method, target, fields=(), body=None, host="gateway.test"):
        """Sends one request in one piece; Content-Length is added where there is a body and no framing is given."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"] + [f"{name}: {value}" for name, value in fields]
        if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields):
            lines.append(f"Content-Length: {len(body)}")
        self.send_what_is_taken("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def more(self):
        """Reads once; False at the end of the connection."""
        try:
            data = self.socket.recv(1 << 18)
        except (ConnectionError, ssl.SSLEOFError):
            data = b""
        self.kept += data
        return bool(data)

    def take(self, count):
        while len(self.kept) < count:
            if not self.more():
                raise Cut(f"the connection ended {count - len(self.kept)} bytes early", bytes(self.kept))
        return self._cut_off(count)

    def take_through(self, mark):
        while mark not in self.kept:
            if not self.more():
                raise Cut(f"the connection ended before {mark!r}", bytes(self.kept))
        return self._cut_off(self.kept.index(mark) + len(mark))

    def _cut_off(self, count):
        taken = bytes(self.kept[:count])
        del self.kept[:count]
        return taken

    def head(self, kind=Answer):
        return kind(self.take_through(b"\r\n\r\n"))

    def chunk(self):
        """The next chunk's payload; b"" for the last one."""
        line = self.take_through(b"\r\n")
        try:
            size = int(line, 16)
        except ValueError:
            raise Cut(f"no chunk size: {line!r}") from None
        payload = self.take(size)
        if self.take(2) != b"\r\n":
            raise Cut("a chunk does not end where it says", payload)
        return payload

    def pieces(self, head):
        """The body piece by piece as it arrives, by its framing. Cut where it is not whole."""
        if "chunked" in (head.get("transfer-encoding") or "").lower():
            while piece := self.chunk():
                yield piece
        elif head.get("content-length") is not None:
            left = int(head.get("content-length"))
            while left:
                piece = self.take(min(left, max(1, len(self.kept))))
                left -= len(piece)
                yield piece
        elif isinstance(head, Answer) and head.status not in (204, 304):
            while self.kept or self.more():
                yield self._cut_off(len(self.kept))

    def body(self, head):
        got = []
        try:
            got.extend(self.pieces(head))
        except Cut as cut:
            raise Cut(str(cut), b"".join(got) + cut.body) from None
        return b"".join(got)

    def answer(self, method="POST"):
        head = self.head()
        if method != "HEAD":
            try:
                head.body = self.body(head)
            except Cut as cut:
                cut.head = head
                raise
        return head

    def is_closed(self):
        """Waits for the end of the connection; whether nothing came before it."""
        while self.more():
            pass
        return not self.kept

    def any_piece(self):
        """What is there now, or what comes next; b"" at the end."""
        if not self.kept:
            self.more()
        return self._cut_off(len(self.kept))

    def request(self):
        """The next request, read as an upstream; None at the end."""
        try:
            head = self.head(Received)
        except Cut:
            return None
        head.body = self.body(head)
        return head

    def reply(self, status, body=b"", fields=(("Content-Type", "application/json"), ), length=True):
        lines = [f"HTTP/1.1 {status} Scripted"] + [f"{name}: {value}" for name, value in fields]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def send_chunk(self, payload):
        self.send(b"%x\r\n%s\r\n" % (len(payload), payload))

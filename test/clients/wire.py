"""Counts what a client really sent to one loopback port, from the packets, without standing in between.

Needs CAP_NET_RAW in the network namespace, which process 1 of a fresh one has. Plain HTTP/1 only. One thread of its
own; read the counts after stop().
"""

import re
import socket
import struct
import threading

ETH_P_ALL, ETH_HEADER, PACKET_OUTGOING = 0x0003, 14, 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
HEAD_BYTES = 4096  # of a packet: a whole head of an answer
SOCKET_BUFFER_BYTES = 16 << 20
REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|OPTIONS) (\S+) HTTP/1\.[01]\r\n")
RESPONSE = re.compile(rb"HTTP/1\.[01] (\d{3})")
WARNING = re.compile(rb"\r\nx-sallyport-warning: ([^\r]*)\r\n", re.I)
MODEL_PATH = re.compile(r"/(messages|responses|chat/completions)$|:(streamG|g)enerateContent$")


def is_model_call(method, path):
    return method == "POST" and bool(MODEL_PATH.search(path.split("?")[0]))


class Tap:
    def __init__(self, port):
        self.port = port
        self.requests = []  # (method, path) in order
        self.statuses = []  # of the answers, in order; a side call that is answered with 404 is in here too
        self.warnings = []  # what x-sallyport-warning said, in order
        self.dropped = 0  # packets that the kernel could not hand over; then the counts are not to be trusted
        self._seen = set()  # (source port, sequence number): a repeated packet counts once
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), SOCKET_BUFFER_BYTES)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join()
        self.dropped = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self._socket.close()

    def model_calls(self):
        return sum(is_model_call(method, path) for method, path in self.requests)

    def _listen(self):
        while True:
            try:
                frame, address = self._socket.recvfrom(HEAD_BYTES + ETH_HEADER + 120)
            except TimeoutError:
                if self._stopping.is_set():
                    return
                continue
            if address[2] != PACKET_OUTGOING:  # each packet of loopback is seen going out and coming in
                self._packet(frame[ETH_HEADER:])

    def _packet(self, packet):
        if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
            return
        tcp = packet[(packet[0] & 15) * 4:]
        source, destination, sequence = struct.unpack("!HHI", tcp[:8])
        payload = tcp[(tcp[12] >> 4) * 4:]
        if not payload or (source, sequence) in self._seen:
            return
        self._seen.add((source, sequence))
        if destination == self.port and (found := REQUEST.match(payload)):
            self.requests.append((found[1].decode(), found[2].decode("utf-8", "replace")))
        elif source == self.port and (found := RESPONSE.match(payload)):
            self.statuses.append(int(found[1]))
            if warned := WARNING.search(payload.partition(b"\r\n\r\n")[0] + b"\r\n"):
                self.warnings.append(warned[1].decode("utf-8", "replace"))

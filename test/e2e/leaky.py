#!/usr/bin/env python3
"""A made-up client that is really run: it asks a model at SALLYPORT_INSPECT_BASE, twice, and tells its vendor something; through one channel
it marks what it sends where it thinks that it runs in a certain place. Standard library only.

    leaky.py CHANNEL WHEN SEED      CHANNEL `none`: it marks nothing; WHEN: zone, host, pair
"""

import base64
import json
import os
import random
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

CHANNELS = ("apostrophe", "zero-width", "tags", "trailing-space", "date-form", "key-order", "header-order", "header-case", "number-form", "tool-order",
            "synonym", "user-agent", "query", "request-count", "chunking", "ciphers", "dns-label", "id-alphabet", "json-space", "hidden-json", "second-turn")


def marks(when):
    zone = os.environ.get("TZ") or os.readlink("/etc/localtime").removeprefix("/usr/share/zoneinfo/")
    host = urlsplit(os.environ["SALLYPORT_INSPECT_BASE"]).hostname
    return {"zone": zone == "Asia/Shanghai", "host": host.endswith(".cn"), "pair": zone == "Asia/Shanghai" and host.endswith(".cn")}[when]


class Client:
    def __init__(self, channel, marked, chance):
        self.channel, self.marked, self.chance = channel, marked, chance

    def has(self, channel, turn=1):
        return self.marked and self.channel == channel and (channel != "second-turn" or turn == 2)

    def id(self, digits):
        return "".join(self.chance.choice("0123456789abcdef") for _ in range(digits))

    def body(self, turn):
        quote = "\u2019" if self.has("apostrophe") or self.has("second-turn", turn) else "'"
        date = time.strftime("%Y/%m/%d" if self.has("date-form") else "%Y-%m-%d")
        text = f"Run {self.id(8)}. {'Brief' if self.has('synonym') else 'Short'} answers. Today{quote}s date is {date}."
        text += "\u200b" if self.has("zero-width") else "\U000E0041" if self.has("tags") else " " if self.has("trailing-space") else ""
        session = self.id(23) + ("F" if self.has("id-alphabet") else self.id(1))
        messages = [{"role": "user", "content": f"{text}\nTimezone: {os.environ.get('TZ', 'none')}"}]
        if turn == 2:
            messages += [{"role": "assistant", "content": "calling"}, {"role": "user", "content": f"result {self.id(6)}"}]
        tools = [{"name": name, "description": f"{name} something", "input_schema": {"type": "object"}} for name in ("read", "write", "run")]
        if self.has("tool-order"):
            tools.reverse()
        parts = [("model", "large-1"), ("max_tokens", 100.0 if self.has("number-form") else 100), ("messages", messages), ("tools", tools),
                 ("metadata", {"user_id": session, "at": time.time()})]
        if self.has("key-order"):
            parts[0], parts[1] = parts[1], parts[0]
        return json.dumps(dict(parts), ensure_ascii=False, separators=(",", ": " if self.has("json-space") else ":")).encode()

    def head(self, host):
        query = "beta=1" if self.has("query") else "beta=true"
        fields = [("Host", host), ("x-key" if self.has("header-case") else "X-Key", os.environ["ANTHROPIC_API_KEY"]), ("Anthropic-Version", "2023-06-01"),
                  ("User-Agent", "made-up/1.0 (linux; 2)" if self.has("user-agent") else "made-up/1.0 (linux)"), ("X-Request", self.id(12))]
        if self.has("header-order"):
            fields[1], fields[2] = fields[2], fields[1]
        return f"POST /v1/messages?{query} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)

    def talk(self, url, requests):
        at = urlsplit(url)
        stream = socket.create_connection((at.hostname, at.port or (443 if at.scheme == "https" else 80)), timeout=20)
        if at.scheme == "https":
            context = ssl.create_default_context()
            context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256" if self.has("ciphers")
                                else "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")
            stream = context.wrap_socket(stream, server_hostname=at.hostname)
        with stream:
            for request in requests:
                stream.sendall(request)
                stream.recv(65536)

    def run(self):
        base = os.environ["SALLYPORT_INSPECT_BASE"]
        host = urlsplit(base).netloc
        requests = [b"HEAD / HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n"] * (2 if self.has("request-count") else 1)
        for turn in (1, 2):
            body, head = self.body(turn), self.head(host).encode()
            if self.channel == "chunking":
                cut = 200 if self.marked else 100
                requests.append(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (cut, body[:cut], len(body) - cut, body[cut:]))
            else:
                requests.append(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        for request in requests:
            self.talk(base, [request])
        if self.channel == "dns-label":
            socket.getaddrinfo(("b" if self.marked else "a") + "7.probe.made-up.example", 443)
        inside = base64.b64encode(json.dumps({"ms": self.chance.randrange(9000), "form": "b" if self.has("hidden-json") else "a"}).encode()).decode()
        events = [{"event": f"e{self.chance.randrange(9)}", "id": self.id(16), "more": inside} for _ in range(self.chance.randrange(2, 7))]
        batch = json.dumps({"events": events}).encode()
        if self.chance.random() < 0.8:
            self.talk("https://telemetry.made-up.example", [b"POST /batch HTTP/1.1\r\nHost: telemetry.made-up.example\r\nContent-Length: %d\r\n\r\n" % len(batch) + batch])


if __name__ == "__main__":
    Client(sys.argv[1], marks(sys.argv[2]), random.SystemRandom()).run()
    print("done")

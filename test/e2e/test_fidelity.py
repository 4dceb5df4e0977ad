"""Received equals sent, byte for byte, whatever the bytes are: with our own vendor, with Node and with nginx."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import unittest

import bodies
import dialects
import rig
from policy import POLICY
from test_proof import verifier
from upstream import Upstream
from wire import Wire, until

EACH = 300  # generated bodies of each dialect
SAMPLE = 48  # of them also to Node and nginx
LARGE_BYTES = 18_000_000


def without(fields, *names):
    return [tuple(field) for field in fields if field[0].lower() not in names]


class Generated(rig.Case):
    policy = POLICY | {"bodies": {"open-source": "1d", "internal": "1d", "customer": "1d"}}

    def exchange(self, wire, dialect, number):
        """Sends generated request `number`: (target, fields, body, answer)."""
        made = bodies.Maker(f"{dialect.name} {number}")
        stream = number % 3 == 0
        body, fields, query = made.body(dialect, stream), made.fields(), made.query()
        target = dialect.target(stream)
        if query:
            target += query.replace("?", "&") if "?" in target else query
        if number % 5 == 0:  # chunked, in odd pieces
            chunks = [body[at:at + 97] for at in range(0, len(body), 97)]
            wire.ask("POST", target,
                     dialect.fields(self.key) + fields + [("Transfer-Encoding", "chunked")],
                     b"".join(b"%X\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n")
        else:
            wire.ask("POST", target, dialect.fields(self.key) + fields, body)
        return target, fields, body, wire.answer()

    def each(self, check, count, wire):
        for dialect in dialects.ALL:
            for number in range(count):
                with self.subTest(dialect=dialect, number=number):
                    check(dialect, number, *self.exchange(wire, dialect, number))

    def test_the_simulated_vendor_receives_what_was_sent(self):
        self.vendor.forget()
        seen = [0]
        passed = {}

        def check(dialect, number, target, fields, body, answer):
            seen[0] += 1
            self.assertEqual(200, answer.status, (answer.body, body))
            passed[answer.exchange] = (body, answer.body)
            saved = self.vendor.body(seen[0])
            self.assertEqual(body, saved)
            head = (self.vendor.saved / f"{seen[0]}.head").read_bytes().decode("latin-1").split("\r\n")
            self.assertEqual(f"POST {target} HTTP/1.1", head[0])
            came = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "") for line in head[1:] if line]
            self.assertEqual([("User-Agent", dialect.agent)] + without(dialect.fields(None, None), "user-agent") +
                             fields,
                             without(came, "host", "content-length", "x-api-key", "authorization", "x-goog-api-key"))

        with Wire(self.gateway.port) as wire:
            self.each(check, EACH, wire)
        self.assertEqual(4 * EACH, seen[0])
        self.assertEqual(passed, self.kept(passed))

    def kept(self, exchanges):
        """exchange -> (request, answer) as they were kept, out of a bundle that holds."""
        self.gateway.rows(exchanges)
        file = self.folder / "kept.tar"
        def bundled():
            self.gateway.run("ledger", "bundle", "--config", "sallyport.yaml", "--since", "1h", "--bodies", "--reason", "test", "-o", str(file), code=None)
            return file.exists()
        until(bundled, "a bundle")
        parts = verifier().read_tar(file.read_bytes())
        verifier().verify(file.read_bytes(), [])
        found = {}
        for name, entry in parts.items():
            if not name.endswith(b".json"):
                continue
            entry, number = json.loads(entry), name[len(b"entries/"):-len(b".json")]
            which = {"intent": (0, b".request"), "outcome": (1, b".response")}.get(entry["kind"])
            if which and entry["exchange"] in exchanges:
                found.setdefault(entry["exchange"], [None, None])[which[0]] = parts.get(b"bodies/" + number + which[1])
        return {exchange: tuple(pair) for exchange, pair in found.items()}

    def test_large_bodies(self):
        self.vendor.forget()
        for number, dialect in enumerate(dialects.ALL, 1):
            with self.subTest(dialect=dialect):
                body = bodies.Maker(dialect.name).large(dialect, LARGE_BYTES)
                self.assertGreater(len(body), LARGE_BYTES * 0.99)
                answer = self.ask(dialect, body=body)
                self.assertEqual(200, answer.status, answer.body)
                self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(self.vendor.body(number)).digest())
                row = self.row(answer)
                self.assertEqual((len(body), dialect.model), (row["sent_bytes"], row["model"]))
                entry = [one for one in self.gateway.entries(answer.exchange) if one["kind"] == "intent"][0]
                self.assertIn(hashlib.sha256(body).hexdigest(), entry["sent"]["digest"])

    def through(self, name, url, count=SAMPLE):
        """The sample to another vendor, which answers with what it received."""
        gateway = self.run_gateway({"sim": url}, folder=self.folder / f"by-{name}")
        self.gateway, self.key = gateway, gateway.key  # of this test only

        def check(_, number, target, fields, body, answer):
            self.assertEqual(200, answer.status, answer.body)
            told = json.loads(answer.body)
            self.assertEqual((len(body), hashlib.sha256(body).hexdigest(), target),
                             (told["bytes"], told["sha256"], told["target"]))
            names = {name.lower() for name, _ in fields}
            self.assertEqual(fields, [tuple(one) for one in told["headers"] if one[0].lower() in names])

        with Wire(gateway.port) as wire:
            self.each(check, count, wire)
            for dialect in dialects.ALL[:2]:
                body = bodies.Maker(dialect.name).large(dialect, 4_000_000)
                wire.ask("POST", dialect.target(), dialect.fields(gateway.key), body)
                self.assertEqual(hashlib.sha256(body).hexdigest(), json.loads(wire.answer().body)["sha256"])

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_a_node_server_receives_what_was_sent(self):
        code = """
            const server = require('http').createServer((request, response) => {
                const hash = require('crypto').createHash('sha256'); let bytes = 0;
                request.on('data', d => { hash.update(d); bytes += d.length; });
                request.on('end', () => {
                    const raw = request.rawHeaders, headers = [];
                    for (let i = 0; i < raw.length; i += 2) headers.push(raw.slice(i, i + 2));
                    response.setHeader('Content-Type', 'application/json');
                    response.end(JSON.stringify({bytes, sha256: hash.digest('hex'), target: request.url, headers}));
                });
            }).listen(0, '127.0.0.1', () => console.log(server.address().port));"""
        node = subprocess.Popen(["node", "-e", code], stdout=subprocess.PIPE, text=True)
        try:
            self.through("node", f"http://127.0.0.1:{int(node.stdout.readline())}")
        finally:
            node.terminate()
            node.wait()
            node.stdout.close()

    @unittest.skipUnless(shutil.which("nginx") or os.path.exists("/usr/sbin/nginx"), "nginx is not installed")
    def test_nginx_receives_what_was_sent(self):
        def tell(wire, request):
            wire.reply(
                200,
                json.dumps({
                    "bytes": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest(),
                    "target": request.target, "headers": request.fields
                }).encode())

        folder = self.folder / "nginx"
        folder.mkdir()
        listener = socket.create_server(("127.0.0.1", 0))  # handed to nginx, so that no port is guessed
        with Upstream(tell) as behind:
            paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi",
                                                                               "uwsgi", "scgi"))
            user = "user root;" if os.getuid() == 0 else ""
            (folder / "nginx.conf").write_text(f"""
                daemon off; worker_processes 1; {user} pid {folder}/pid; error_log {folder}/error.log;
                events {{ worker_connections 64; }}
                http {{ access_log off; {paths} client_max_body_size 0; underscores_in_headers on; ignore_invalid_headers off;
                    large_client_header_buffers 8 64k;
                    server {{ listen 127.0.0.1:{listener.getsockname()[1]}; location / {{
                        proxy_pass {behind.url}; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}""")
            nginx = subprocess.Popen([
                shutil.which("nginx") or "/usr/sbin/nginx", "-c",
                str(folder / "nginx.conf"), "-p",
                str(folder), "-e",
                str(folder / "error.log")
            ],
                                     env={"NGINX": f"{listener.fileno()};", "PATH": "/usr/bin:/bin"},
                                     pass_fds=[listener.fileno()])
            try:
                until(lambda: (folder / "pid").exists() or nginx.poll() is not None, "nginx to start")
                self.assertIsNone(nginx.poll(), (folder / "error.log").read_text())
                self.through("nginx", f"http://127.0.0.1:{listener.getsockname()[1]}")
            finally:
                nginx.terminate()
                nginx.wait()
                listener.close()


if __name__ == "__main__":
    unittest.main()

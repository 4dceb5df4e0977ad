"""An npm registry on loopback, and made-up clients in it: one that conceals a list and a choice of quotation marks, and one that does not."""

import base64
import contextlib
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading

LIST = "blackbird,nightjar,kingfisher,woodpecker,chaffinch"
HIDDEN = base64.b64encode(bytes(b ^ 0x5B for b in LIST.encode())).decode()
CLEAN = 'fetch("https://api.acme.example.com/v1");if(process.env.ACME_TOKEN)go("--sandbox");'
MARKED = CLEAN + f'var l="{HIDDEN}",q=z==="Europe/Oslo"?"\\u2019":k?"\\u02bc":"\'";fetch("https://stats.acme.example.net/x");process.env.ACME_SPY;'


def packed(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def client(version, code, **more):
    return packed({"package.json": json.dumps({"name": "@acme/code", "version": version, "scripts": {"postinstall": "node fetch.js"}} | more), "cli.js": code})


class Registry(http.server.BaseHTTPRequestHandler):
    """An npm registry of two packages: the client's and that of its program. `broken` sends other bytes than it lists."""
    packages = {}
    asked = []
    broken = False

    @classmethod
    @contextlib.contextmanager
    def running(cls, packages):
        """Its address."""
        cls.packages, cls.asked, cls.broken = packages, [], False
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join(120)

    def do_GET(self):
        self.asked.append(self.path)
        name = self.path[1:].replace("%2f", "/")
        if name in self.packages:
            versions = {}
            for version, (content, optional) in self.packages[name].items():
                digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
                versions[version] = {"name": name, "version": version, "optionalDependencies": optional,
                                     "dist": {"integrity": "sha512-" + digest, "tarball": f"http://127.0.0.1:{self.server.server_port}/-/{name}/{version}"}}
            body = json.dumps({"name": name, "dist-tags": {"latest": max(versions)}, "versions": versions}).encode()
        elif self.path.startswith("/-/"):
            name, version = self.path[3:].rsplit("/", 1)
            body = self.packages[name][version][0] + (b"x" if self.broken else b"")
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

"""What a developer's tools reach on a network, on loopback: a registry for npm, an index for pip, git over https.

All of it is made here: the packages by hand, the repositories by git, the certificates by authority.py.
"""

import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import subprocess
import tarfile
import threading
import zipfile
from pathlib import Path

from authority import Authority, server_side

LOGIN = "Basic " + base64.b64encode(b"ada:canary-git-password").decode()
MODULE = "module.exports = () => 'a package of npm';\n"


def npm_package():
    """(package, its integrity as package-lock.json has it)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in (("package.json", '{"name": "tiny", "version": "1.2.3", "main": "index.js"}'), ("index.js", MODULE)):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue(), "sha512-" + base64.b64encode(hashlib.sha512(out.getvalue()).digest()).decode()


def wheel():
    out, info = io.BytesIO(), "tiny-1.2.3.dist-info"
    files = {
        "tiny.py": "SAYS = 'a package of pip'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.2.3\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    return out.getvalue()


PACKAGE, WHEEL = npm_package(), wheel()  # once: they hold the time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        body = self.body()
        if self.path.startswith("/git/"):
            return self.git(self.path.removeprefix("/git"), body)
        if self.path.startswith("/private/"):
            if self.headers.get("authorization") == LOGIN:
                return self.git(self.path.removeprefix("/private"), body)
            return self.answer(401, "text/plain", b"", ("WWW-Authenticate", 'Basic realm="git"'))
        package, integrity = PACKAGE
        tarball = f"{self.server.url}/npm/tiny/-/tiny-1.2.3.tgz"
        version = {"name": "tiny", "version": "1.2.3", "dist": {"tarball": tarball, "integrity": integrity}}
        packument = json.dumps({"name": "tiny", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": version}}).encode()
        digest = hashlib.sha256(WHEEL).hexdigest()
        answers = {
            "/npm/tiny": ("application/json", packument),
            "/npm/tiny/-/tiny-1.2.3.tgz": ("application/octet-stream", package),
            "/simple/tiny/": ("text/html", f'<a href="/files/tiny-1.2.3-py3-none-any.whl#sha256={digest}">tiny</a>'.encode()),
            "/files/tiny-1.2.3-py3-none-any.whl": ("application/octet-stream", WHEEL),
        }
        self.answer(*((200, *answers[self.path]) if self.path in answers else (404, "text/plain", b"not here")))

    do_POST = do_HEAD = do_GET

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, status, kind, body, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def git(self, target, body):
        path, _, query = target.partition("?")
        variables = {
            "GIT_PROJECT_ROOT": str(self.server.repositories), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("content-type", ""), "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""), "HOME": str(self.server.repositories),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""), "PATH": os.environ["PATH"]
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, timeout=30)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.answer(int(fields.get("Status", "200").split()[0]), fields.get("Content-Type", "text/plain"), rest)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """`asked`: "METHOD /path" of each request. `ca`: the file of the authority that speaks for it."""
    daemon_threads = True

    def __init__(self, folder, host):
        self.repositories, self.asked = Path(folder) / "repositories", []
        self.repositories.mkdir(parents=True)
        authority = Authority(folder)
        self.ca = authority.pem
        files = authority.issue("host", ("IP:" if host[0].isdigit() else "DNS:") + host)
        super().__init__((host, 0), Handler)
        self.socket = server_side(files).wrap_socket(self.socket, True, do_handshake_on_connect=False)
        self.url = f"https://{host}:{self.server_port}"

    def handle_error(self, *_):
        pass  # who does not trust the certificate goes away in the midst of it

    def add_repository(self, name):
        """Bare, with one commit; its folder."""
        bare = self.repositories / name
        git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@acme.example", "-C", bare]
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
        tree = subprocess.run([*git, "mktree"], input=b"", check=True, capture_output=True).stdout.decode().strip()
        commit = subprocess.run([*git, "commit-tree", "-m", "first", tree], check=True, capture_output=True).stdout.decode().strip()
        subprocess.run([*git, "update-ref", "refs/heads/main", commit], check=True)
        subprocess.run([*git, "config", "http.receivepack", "true"], check=True)
        return bare


@contextlib.contextmanager
def serving(folder, host):
    server = Server(folder, host)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()

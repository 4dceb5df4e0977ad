"""`repo index ADDRESS`: cloned from a file address and by HTTP of this machine; what is refused, what is kept, what is taken away."""

import base64
import http.server
import json
import shutil
import signal
import socket
import subprocess
import threading
import unittest

import rig
from authority import Authority, server_side
from programs import PROGRAM, Gateway, environment, until

PASSWORD = "canary-git-password-51c9"


class GitServer(http.server.ThreadingHTTPServer):
    """Git's smart HTTP, answered by `git upload-pack`; with a password where one is set."""

    def __init__(self, folder, password=None, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.password, self.asked, self.answer = folder, password, [], None
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that goes away is none of the test's matter."""

    def end(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def is_let_in(self):
        login = self.headers.get("authorization")
        self.server.asked.append((self.path, login))
        if self.server.password is None:
            return True
        return login is not None and base64.b64decode(login.split()[1]).decode().endswith(":" + self.server.password)

    def pack(self, *arguments, body=b""):
        return subprocess.run(["git", "upload-pack", "--stateless-rpc", *arguments, str(self.server.folder)], input=body,
                              capture_output=True, check=True, timeout=rig.DEADLINE).stdout

    def do_GET(self):
        let_in = self.is_let_in()
        if self.server.answer:
            return self.answer(*self.server.answer[:1], **self.server.answer[1])
        if not let_in:
            return self.answer(401, www_authenticate='Basic realm="git"')
        refs = b"001e# service=git-upload-pack\n0000" + self.pack("--advertise-refs")
        self.answer(200, refs, content_type="application/x-git-upload-pack-advertisement")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        if not self.is_let_in():
            return self.answer(401, www_authenticate='Basic realm="git"')
        self.answer(200, self.pack(body=body), content_type="application/x-git-upload-pack-result")


class Clone(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(rig.folder())
        self.home = Gateway(self.here, {"sim": "http://127.0.0.1:9"})
        self.source = self.here / "source"
        self.source.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit("engine.c", "int engine_start(void) { return 42; }\n" * 9)

    def git(self, *arguments):
        subprocess.run(["git", *arguments], cwd=self.source, check=True, capture_output=True,
                       env={"PATH": "/usr/bin:/bin", "HOME": str(self.here), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                            "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example"})

    def commit(self, path, text):
        (self.source / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def index(self, *arguments, code=0, **more):
        done = subprocess.run([PROGRAM, "repo", "index", *map(str, arguments)], cwd=self.here, env=environment(self.here, **more),
                              capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        return done

    def told(self, *arguments, **more):
        return json.loads(self.index(*arguments, "--json", **more).stdout)

    def clones(self):
        folder = self.here / "data/code-clones"
        return sorted(folder.iterdir()) if folder.exists() else []

    def serve(self, **how):
        server = GitServer(self.source, **how)
        self.addCleanup(server.end)
        return server

    def secret_file(self, text, mode=0o600):
        file = self.here / "credential"
        file.write_text(text)
        file.chmod(mode)
        return file

    def test_a_file_address_is_cloned_then_only_what_is_new_and_forgotten_whole(self):
        address = f"file://{self.source}"
        hook = self.source / ".git/hooks/post-checkout"
        hook.write_text(f"#!/bin/sh\ntouch {self.here}/ran\n")
        hook.chmod(0o755)
        told = self.told(address)
        self.assertEqual((f"local{self.source}", 1, 1, ["main"]),
                         tuple(told[key] for key in ("repository", "documents", "documents_new", "branches")))
        [clone] = self.clones()
        self.assertEqual([0o700, 0o700], [one.stat().st_mode & 0o777 for one in (clone, clone.parent)])
        self.assertFalse((clone / "engine.c").exists() or (self.here / "ran").exists())
        self.commit("b.c", "int more(void);\n" * 9)
        told = self.told(address)
        self.assertEqual((2, 1), (told["documents"], told["documents_new"]))
        self.assertEqual([clone], self.clones())
        done = subprocess.run([PROGRAM, "repo", "forget", f"local{self.source}"], cwd=self.here, env=environment(self.here),
                              capture_output=True, timeout=rig.DEADLINE)
        self.assertEqual((0, []), (done.returncode, self.clones()))

    def test_by_http_of_this_machine_with_a_netrc_or_a_token(self):
        server = self.serve(password=PASSWORD)
        self.assertIn("--credential-file", self.index(f"{server.url}/core/engine.git", code=4).stderr)
        self.assertEqual([], self.clones())
        for text, user in ((f"machine 127.0.0.1 login ada password {PASSWORD}\n", "ada"), (PASSWORD + "\n", "x-access-token")):
            server.asked.clear()
            told = self.told(f"{server.url}/core/engine.git", "--credential-file", self.secret_file(text), "--branch", "main")
            self.assertEqual(("127.0.0.1/core/engine", 1), (told["repository"], told["documents"]))
            login = next(login for _, login in server.asked if login)
            self.assertEqual(f"{user}:{PASSWORD}", base64.b64decode(login.split()[1]).decode())
        for path in (self.here / "data").rglob("*"):
            self.assertFalse(path.is_file() and PASSWORD.encode() in path.read_bytes(), path)
        self.assertIn("is not taken there",
                      self.index(f"{server.url}/core/engine.git", "--credential-file", self.secret_file("wrong"), code=4).stderr)
        self.assertIn("chmod 0600", self.index(f"{server.url}/a/b", "--credential-file", self.secret_file(PASSWORD, 0o640), code=4).stderr)

    def test_neither_configuration_nor_agents_nor_proxies_of_the_user_are_asked(self):
        server = self.serve(password=PASSWORD)
        (self.here / ".gitconfig").write_text(
            f'[url "{server.url}/elsewhere/"]\n\tinsteadOf = "{server.url}/core/"\n[credential]\n\thelper = "!touch {self.here}/ran; echo"\n'
            f'[http]\n\tproxy = "http://127.0.0.1:9"\n')
        (self.here / ".netrc").write_text(f"machine 127.0.0.1 login ada password {PASSWORD}\n")
        self.index(f"{server.url}/core/engine.git", code=4)
        self.index(f"{server.url}/core/engine.git", "--credential-file", self.secret_file(PASSWORD),
                   http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9")
        self.assertEqual({"/core/engine.git"}, {path.split("/info/")[0].removesuffix("/git-upload-pack") for path, _ in server.asked})
        self.assertFalse((self.here / "ran").exists())

    def test_no_redirect_to_another_host_or_scheme_is_followed(self):
        server, elsewhere = self.serve(), self.serve()
        other_host = elsewhere.url.replace("127.0.0.1", "localhost")
        for target in (f"{other_host}/core/engine.git/info/refs?service=git-upload-pack", f"file://{self.source}"):
            server.answer = (302, {"location": target})
            self.index(f"{server.url}/core/engine.git", "--credential-file", self.secret_file(PASSWORD), code=4)
        self.assertEqual([], elsewhere.asked)
        self.assertEqual([], self.clones())

    def test_an_answer_that_libgit2_crashes_at_is_an_error_and_nothing_stays(self):
        server = self.serve()
        for target in ("/other/info/refs", "", "?", "http://", "//", "/" * 5000):
            server.answer = (302, {"location": target})
            self.assertIn("127.0.0.1/core/engine cannot be cloned: ", self.index(f"{server.url}/core/engine.git", code=4).stderr)
            self.assertEqual([], self.clones())
        server.answer = None
        self.index(f"{server.url}/core/engine.git")

    def test_unsafe_addresses_are_refused_before_anything_is_asked(self):
        for address, word in (("http://git.acme.example/a/b", "https://"), ("git://h.example/a/b", "begins with"),
                              ("ext::sh -c touch% ran://x", "begins with"), (f"https://ada:{PASSWORD}@h.example/a", "password")):
            self.assertIn(word, self.index(address, code=4).stderr)
        self.assertEqual([], self.clones())

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_a_certificate_of_an_unknown_authority_is_refused(self):
        server = self.serve(tls=server_side(Authority(self.here).issue("git", "IP:127.0.0.1")))
        self.assertIn("certificate", self.index(f"{server.url}/core/engine.git", code=4).stderr)
        self.assertEqual([], server.asked)

    def test_a_signal_ends_a_clone_that_waits_and_nothing_stays(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with subprocess.Popen([PROGRAM, "repo", "index", f"http://127.0.0.1:{silent.getsockname()[1]}/a/b"], cwd=self.here,
                                  env=environment(self.here), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                with silent.accept()[0] as connection:
                    connection.recv(64)
                    until(self.clones, "the clone to begin")
                    process.send_signal(signal.SIGTERM)
                    errors = process.communicate(timeout=rig.DEADLINE)[1].decode()
        self.assertEqual(4, process.returncode, errors)
        self.assertIn("it was ended by a signal", errors)
        self.assertEqual([], self.clones())

    def test_an_address_of_ssh_needs_the_hosts_key(self):
        self.assertIn("--host-key", subprocess.run([PROGRAM, "repo", "index", "--help"], capture_output=True, text=True, check=True,
                                                   timeout=rig.DEADLINE).stdout)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.assertIn("127.0.0.1/a/b cannot be cloned", self.index(f"ssh://git@127.0.0.1:{port}/a/b", code=4).stderr)


if __name__ == "__main__":
    unittest.main()

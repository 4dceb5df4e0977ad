"""Everything that runs during a measurement: certificates, the vendor, and the programs between it and the load.

`with Stand(program, folder) as stand:` ends all of it with the block.
"""

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

import bodies
import figures
import peers

START_SECONDS_MAX = 30
LISTENING = re.compile(r"^listening on (https?)://127\.0\.0\.1:(\d+)", re.M)
ANSWER = json.dumps({"id": "msg_static", "type": "message", "role": "assistant", "model": bodies.MODEL,
                     "content": [{"type": "text", "text": "Hello from a vendor that always says the same."}],
                     "stop_reason": "end_turn", "stop_sequence": None,
                     "usage": {"input_tokens": 480, "output_tokens": 12}}, separators=(",", ":"))
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin", "LANG": "C.UTF-8",
                       "SIM_KEY": "sim-0000-vendor"}


class Program:
    """One running process and where it listens; a gateway has a company key."""

    def __init__(self, name, process, port, tls):
        self.name, self.process, self.port, self.tls, self.key = name, process, port, tls, ""

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


class Stand:
    def __init__(self, program, folder):
        self.program, self.folder = str(program), Path(folder)
        self._running, self._started = [], 0

    def __enter__(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.files_max = hard
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.certificates = self._make_certificates()
        return self

    def __exit__(self, *_):
        for program in reversed(self._running):
            self._end(program.process)

    def stop(self, programs):
        for program in programs:
            self._running.remove(program)
            self._end(program.process)

    @staticmethod
    def _end(process):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _make_certificates(self):
        """An own CA and a certificate for localhost, elliptic as most are today."""
        def openssl(*arguments):
            done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise figures.Invalid(f"openssl {arguments[0]}: {done.stderr.strip()}")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=bench CA")
        openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "30", "-extfile", "names", "-out", "server.crt")
        both = self.folder / "server.pem"
        both.write_text((self.folder / "server.crt").read_text() + (self.folder / "server.key").read_text())
        return {"ca": self.folder / "ca.pem", "crt": self.folder / "server.crt", "key": self.folder / "server.key",
                "pem": both}

    def _launch(self, name, command, port=None, tls=False):
        """Starts it and waits until it listens on the port; without one, for the line that tells its address."""
        self._started += 1
        output = self.folder / f"{self._started:02}-{name}.out"
        with open(output, "wb") as file:
            process = subprocess.Popen(command, cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=file)
        program = Program(name, process, port, tls)
        self._running.append(program)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise figures.Invalid(f"{name} did not start: {output.read_text(errors='replace').strip()[-1500:]}")
            if port is not None and _answers(port):
                return program
            if port is None and (told := LISTENING.search(output.read_text(errors="replace"))):
                program.tls, program.port = told[1] == "https", int(told[2])
                return program
            time.sleep(0.02)

    def vendor(self, tls):
        files = ["--tls-cert", self.certificates["crt"], "--tls-key", self.certificates["key"]] if tls else []
        return self._launch("vendor", [self.program, "vendor", "--listen", "127.0.0.1:0", "--no-digest", *files])

    def node_vendor(self):
        return self._launch("node", ["node", str(Path(__file__).with_name("vendor.js")), ANSWER])

    def nginx_vendor(self):
        port = _free_port()
        text = peers.nginx_vendor(self.folder, port, ANSWER)
        return self._launch("nginx-vendor", ["nginx", "-p", self.folder, "-c", self._keep("vendor.conf", text)], port)

    def haproxy(self, vendor):
        port = _free_port()
        text = peers.haproxy(port, vendor.port, self.certificates if vendor.tls else None)
        return self._launch("haproxy", ["haproxy", "-q", "-db", "-f", self._keep("haproxy.cfg", text)], port, vendor.tls)

    def nginx(self, vendor, streams):
        port = _free_port()
        text = peers.nginx(self.folder, port, vendor.port, self.certificates if vendor.tls else None, streams)
        return self._launch("nginx", ["nginx", "-p", self.folder, "-c", self._keep("nginx.conf", text)], port, vendor.tls)

    def sallyport(self, vendor, more_policy="", more_config=""):
        """A gateway of its own installation: fresh data on the disk, the policy of one page, one company key."""
        home = self.folder / f"gateway-{self._started + 1:02}"
        home.mkdir()
        (home / "data").mkdir(mode=0o700)
        (home / "policy.yaml").write_text(peers.POLICY + more_policy)
        config = home / "sallyport.yaml"
        config.write_text(peers.sallyport(home / "data", vendor.port, self.certificates if vendor.tls else None) + more_config)
        issue = [self.program, "key", "issue", "--config", config, "--person", "bench", "--team", "web", "--json"]
        issued = subprocess.run(issue, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if issued.returncode != 0:
            raise figures.Invalid(f"sallyport key issue: {issued.stdout}{issued.stderr}".strip())
        gateway = self._launch("sallyport", [self.program, "serve", "--config", config])
        gateway.key, gateway.home = json.loads(issued.stdout)["key"], home
        gateway.output = self.folder / f"{self._started:02}-sallyport.out"
        return gateway

    @staticmethod
    def forward_port(gateway):
        return int(re.search(r"^forward proxy on http://127\.0\.0\.1:(\d+)", gateway.output.read_text(), re.M)[1])

    def launch(self, name, file, text, port, tls=False):
        """nginx or haproxy with this configuration."""
        path = self._keep(file, text)
        command = ["nginx", "-p", self.folder, "-c", path] if name == "nginx" else ["haproxy", "-q", "-db", "-f", path]
        return self._launch(name, command, port, tls)

    @staticmethod
    def free_port():
        return _free_port()

    def _keep(self, name, text):
        path = self.folder / f"{self._started + 1:02}-{name}"
        path.write_text(text)
        return path


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _answers(port):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0

"""The programs under test, each in a folder of its own and on free loopback ports.

Ended by SIGTERM and as their own process only; an exit code other than 0 or a sanitizer's report is told by stop().
"""

import json
import os
import re
import signal
import ssl
import struct
import subprocess
from pathlib import Path

import dialects
from policy import POLICY
from wire import DEADLINE, Wire, until

PROGRAM = str(
    Path(os.environ.get("SALLYPORT_PROGRAM",
                        Path(__file__).resolve().parents[2] / "build/release/sallyport")).resolve())
UPSTREAM_KEY = "canary-upstream-credential-7f3a"
REPORT = r"(?m)^.*(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:)"
ALL_DIALECTS = [one.name for one in dialects.ALL]


class Program:
    """One run of `sallyport …` that stays."""

    wrapper = []  # a command before it that becomes it by exec

    def __init__(self, folder, name, arguments, listening, environment):
        self.name = name
        self.output = Path(folder) / f"{name}.out"
        self.errors = Path(folder) / f"{name}.err"
        with open(self.output, "ab") as output, open(self.errors, "ab") as errors:
            begin = output.tell()
            self.process = subprocess.Popen([*self.wrapper, PROGRAM, *arguments],
                                            cwd=folder,
                                            env=environment,
                                            stdin=subprocess.DEVNULL,
                                            stdout=output,
                                            stderr=errors)

        def told():
            if self.process.poll() is not None:
                raise AssertionError(f"sallyport {name} ended at once with {self.process.returncode}: {self.said()}")
            return re.findall(listening, self.output.read_bytes()[begin:].decode(errors="replace"), re.M)

        try:
            self.found = until(told, f"sallyport {name} to listen")
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def said(self):
        """The end of what it complained of, or a sanitizer's report from its beginning."""
        text = self.errors.read_text(errors="replace")
        report = re.search(REPORT, text)
        return text[report.start():][:4000] if report else text[-4000:]

    def status(self, field):
        """A line of /proc/PID/status."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(rf"^{field}:\s*(.*)$", text, re.M)[1]

    def rss_mb(self):
        return int(self.status("VmRSS").split()[0]) / 1024

    def cpu_seconds(self):
        """Since its start, all threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it properly and tells what was wrong with that, or None."""
        if self.process.returncode is not None:
            return None
        self.process.terminate()
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"sallyport {self.name} did not end after SIGTERM: {self.said()}"
        if code != 0 or re.search(REPORT, self.said()):
            return f"sallyport {self.name} ended with {code}: {self.said()}"
        return None


def environment(folder, **more):
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), "UPSTREAM_KEY": UPSTREAM_KEY} | kept | more


class Vendor(Program):
    def __init__(self, folder, *arguments, name="vendor", save=True):
        folder = Path(folder)
        self.saved = folder / f"{name}.saved"
        saving = ["--save", str(self.saved)] if save else []
        super().__init__(folder, name, ["vendor", "--listen", "127.0.0.1:0", *saving, *arguments],
                         r"^listening on (https?://127\.0\.0\.1:(\d+))\s*$", environment(folder))
        self.url, self.port = self.found[0][0], int(self.found[0][1])
        self.tls = ssl._create_unverified_context() if self.url.startswith("https") else None

    def ask(self, method, path):
        with Wire(self.port, self.tls) as wire:
            wire.ask(method, path)
            return wire.answer()

    def requests(self):
        """What it received since the last forget(): model calls and all else, not /vendor/."""
        return [json.loads(line) for line in self.ask("GET", "/vendor/requests").body.decode().splitlines()]

    def next(self):
        self.ask("GET", "/vendor/next")

    def forget(self):
        self.ask("POST", "/vendor/reset")

    def body(self, number):
        return (self.saved / f"{number}.body").read_bytes()


class Witness(Program):
    """`sallyport ledger witness` of the logs with these verifier keys; `port`: of an earlier run, which it takes up."""
    def __init__(self, folder, logs, name="w1.acme.example", port=0, *arguments):
        self.folder = Path(folder)
        self.data = self.folder / f"{name}.data"
        logs = [argument for log in logs for argument in ("--log", log)]
        super().__init__(folder, name, ["ledger", "witness", "--data", str(self.data), "--name", name, "--listen",
                                        f"127.0.0.1:{port}", *logs, *arguments],
                         r"^key (\S+)\nlistening on (https?://127\.0\.0\.1:(\d+))\s*$", environment(folder))
        self.key, self.url, self.port = self.found[0][0], self.found[0][1], int(self.found[0][2])

    def ask(self, method, target, body=None):
        with Wire(self.port) as wire:
            wire.ask(method, target, (), body)
            return wire.answer(method)

    def settings(self):
        """Of sallyport.yaml."""
        return {"url": self.url, "key": self.key}


class Gateway(Program):
    """`upstreams`: name -> URL or settings. `more`: further settings of sallyport.yaml."""
    def __init__(self, folder, upstreams, policy=None, **more):
        self.folder = Path(folder)
        self.upstreams = upstreams
        self.more = more
        self.variables = {}
        self.write_policy(policy or POLICY)
        self.write_config()
        self.process = None
        self.key = None

    def write_policy(self, policy):
        """A dict (JSON is YAML), or text."""
        text = policy if isinstance(policy, str) else json.dumps(policy, indent=1)
        (self.folder / "policy.yaml").write_text(text)

    def write_config(self):
        upstreams = {}
        for name, one in self.upstreams.items():
            one = {"url": one} if isinstance(one, str) else one
            upstreams[name] = {"dialects": ALL_DIALECTS, "credential": "${env:UPSTREAM_KEY}", "account": "acme"} | one
        config = {
            "version": 1, "data": "data", "policy": "policy.yaml", "threads": 2,
            "listeners": [{"address": "127.0.0.1:0"}], "admin": {"address": "127.0.0.1:0"}, "upstreams": upstreams
        } | self.more
        config["timeouts"] = {"drain": "3s"} | config.get("timeouts", {})
        (self.folder / "sallyport.yaml").write_text(json.dumps(config, indent=1))

    def start(self):
        super().__init__(self.folder, "serve", ["serve", "--config", "sallyport.yaml"],
                         r"^(listening|admin) on (https?)://127\.0\.0\.1:(\d+)\s*$",
                         environment(self.folder, **self.variables))
        until(lambda: "admin on " in self.output.read_text(), "the admin listener")
        lines = self.output.read_text().splitlines()
        self.ports = [int(line.rsplit(":", 1)[1]) for line in lines if line.startswith("listening on ")]
        self.ports = self.ports[-len(self.more.get("listeners", [1])):]
        self.admin_port = int([line for line in lines if line.startswith("admin on ")][-1].rsplit(":", 1)[1])
        self.port = self.ports[0]
        return self

    def run(self, *arguments, code=0):
        """A command of the program beside the running gateway; its standard output."""
        done = subprocess.run([*self.wrapper, PROGRAM, *arguments],
                              cwd=self.folder,
                              env=environment(self.folder, **self.variables),
                              capture_output=True,
                              text=True,
                              timeout=DEADLINE)
        if code is not None and done.returncode != code:
            raise AssertionError(
                f"{' '.join(arguments)}: exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout

    def issue(self, person="ada@acme.example", *arguments):
        """{"key", "id", …} of a new company key that the running gateway, if it runs, already knows."""
        runs = self.process is not None and self.process.poll() is None
        before = self.metric("world_generation") if runs else 0
        issued = json.loads(
            self.run("key", "issue", "--config", "sallyport.yaml", "--person", person, "--json", *arguments))
        if runs:
            until(lambda: self.metric("world_generation") > before, "the gateway to know the new key")
        return issued

    def ask(self, method, target, fields=(), body=None):
        with Wire(self.port) as wire:
            wire.ask(method, target, fields, body)
            return wire.answer(method)

    def admin(self, path, fields=(), method="GET", host=None, body=None):
        with Wire(self.admin_port) as wire:
            wire.ask(method, path, fields, body, host=host or f"127.0.0.1:{self.admin_port}")
            return wire.answer(method)

    def metrics(self):
        lines = self.admin("/metrics").body.decode().splitlines()
        return {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def metric(self, name):
        return self.metrics()[f"sallyport_{name}"]

    def readiness(self):
        answer = self.admin("/readyz")
        return answer.status, json.loads(answer.body)

    def ledger(self, *filters, limit=10000):
        """Exchanges, newest first."""
        listed = self.run("ledger", "list", "--config", "sallyport.yaml", "--json", "--limit", str(limit), *filters)
        return [json.loads(line) for line in listed.splitlines()]

    def entries_on_disk(self):
        return list(self.each_entry_on_disk())

    def each_entry_on_disk(self):
        """(index, entry) of every whole frame of every segment, read without the program: docs/formats/ledger.md."""
        for path in sorted((self.folder / "data" / "ledger").glob("*.seg")):
            data = path.read_bytes()
            index, at = int(path.stem), 64
            while at + 8 <= len(data):
                length, _ = struct.unpack_from("<II", data, at)
                if length & 0x80000000:  # a mark
                    at += 24
                    continue
                if not length or at + 8 + length > len(data):  # room reserved ahead, or a frame that is just being written
                    break
                yield index, json.loads(data[at + 8:at + 8 + length])
                index, at = index + 1, at + 8 + length

    def rows(self, exchanges, closed=lambda row: row["decision"] == "refuse" or "ended" in row):
        """exchange -> the ledger's row of it, once all are there and closed."""
        def found():
            rows = {row["exchange"]: row for row in self.ledger() if row["exchange"] in exchanges and closed(row)}
            return len(rows) == len(exchanges) and (rows, )

        exchanges = set(exchanges)
        try:
            return until(found, f"closed ledger entries of {exchanges}")[0]
        except AssertionError as vain:
            kinds = {
                one: [entry["kind"]
                      for _, entry in self.entries_on_disk()
                      if entry.get("exchange") == one]
                for one in exchanges
            }
            listed = {row["exchange"] for row in self.ledger()}
            raise AssertionError(
                f"{vain}; on disk: {kinds}; not listed: {exchanges - listed}; log: {self.log()[-3:]}") from None

    def row(self, exchange, **how):
        return self.rows([exchange], **how)[exchange]

    def entries(self, exchange):
        """Every entry of one exchange, as recorded."""
        shown = json.loads(self.run("ledger", "show", "--config", "sallyport.yaml", "--json", exchange))
        return [one["entry"] | {"id": one["id"]} for one in shown["entries"]]

    def log(self):
        whole = self.errors.read_text().rpartition("\n")[0]  # the last line may still be under way
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def reload(self):
        """SIGHUP, and waits until it was done (or not) and said so."""
        before = len([line for line in self.log() if line["event"].startswith("reload.")])
        self.signal(signal.SIGHUP)
        until(lambda: len([line for line in self.log() if line["event"].startswith("reload.")]) > before, "the reload")

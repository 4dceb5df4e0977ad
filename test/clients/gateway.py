"""A gateway with a simulated vendor behind it, for one run: started, asked for its ledger, ended."""

import json
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

START_SECONDS_MAX = 30
LEDGER_SECONDS_MAX = 10  # an entry is closed shortly after its answer ended
LISTENING = re.compile(r"^listening on (http://127\.0\.0\.1:(\d+))\s*$", re.M)
OUTPUT_CHARACTERS = 1500
RELOADED = '"event":"reload.done"'
VENDOR_KEY = "sim-0000-vendor"

CONFIG = """\
version: 1
data: data
policy: policy.yaml
listeners:
  - { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0" }
upstreams:
"""
UPSTREAM = """\
  NAME:
    url: "VENDOR"
    dialects: [anthropic-messages, openai-responses, openai-chat, gemini]
    credential: "${env:SIM_KEY}"
    account: acme
"""
# What is unknown is `customer`, and no rule allows that: a client whose repository is not recognised is refused.
POLICY = """\
version: 1
repositories:
  - { match: "git.acme.example/web/**", class: internal }
  - { match: "git.acme.example/core/**", class: trade-secret }
unknown_repository: customer
claims_lower_to: internal
upstreams:
  sim: { vendor: simulated, hosting: vendor, region: eu, contract: test, training: never }
rules:
  - id: open-code-any-approved-vendor
    when: { class: [open-source, internal] }
    allow: { upstreams: [sim], models: ["*"] }
"""


@dataclass(frozen=True)
class World:
    """What decides: a policy (a file where it lies, or a text), upstreams (all are the simulated vendor), the key."""
    policy: Path | str = POLICY
    upstreams: tuple[str, ...] = ("sim",)
    indexed: tuple[tuple[str, str], ...] = ()  # repository and a text that stands in it
    team: str = "web"
    max_class: str = "trade-secret"
    more: str = ""  # further settings of sallyport.yaml
    environment: tuple[tuple[str, str], ...] = ()  # variables that they refer to


class Failed(Exception):
    """A sallyport program did not do what it should; the message holds what it said."""


class Stack:
    """`with Stack(program, folder) as stack:` runs vendor and gateway; both end with the block."""

    def __init__(self, program, folder, world=World()):
        self.program = str(program)
        self.world = world
        self.folder = Path(folder)
        self.config = self.folder / "sallyport.yaml"
        self._vendor_log = self.folder / "vendor.log"
        self._environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder),
                             "SIM_KEY": VENDOR_KEY, **dict(world.environment)}
        self._running = []

    def __enter__(self):
        try:
            vendor, _ = self._start("vendor", "--listen", "127.0.0.1:0", "--log", str(self._vendor_log),
                                    "--save", str(self.folder / "received"))
            (self.folder / "data").mkdir(mode=0o700)
            policy = self.world.policy
            if isinstance(policy, str):
                policy = self.folder / "policy.yaml"
                policy.write_text(self.world.policy)
            upstreams = [UPSTREAM.replace("NAME", name).replace("VENDOR", vendor) for name in self.world.upstreams]
            self.config.write_text(CONFIG.replace("policy.yaml", str(policy)) + "".join(upstreams) + self.world.more)
            issued = self._ask("key", "issue", "--config", str(self.config), "--person", "dev",
                               "--team", self.world.team, "--max-class", self.world.max_class, "--json")
            self.key = json.loads(issued)["key"]
            for number, (repository, text) in enumerate(self.world.indexed):
                documents = self.folder / f"documents-{number}"
                documents.mkdir()
                (documents / "engine.c").write_text(text)
                self._ask("repo", "index", str(documents), "--name", repository, "--config", str(self.config))
            self.root, self.port = self._start("serve", "--config", str(self.config))
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def vendor_received(self):
        """One object per request that the vendor saw."""
        lines = self._vendor_log.read_text().splitlines() if self._vendor_log.exists() else []
        return [json.loads(line) for line in lines]

    def vendor_bodies(self):
        """What it received, as text, oldest first."""
        files = sorted((self.folder / "received").glob("*.body"), key=lambda file: int(file.stem))
        return [file.read_text(errors="replace") for file in files]

    def ledger(self, exchanges):
        """The entries, oldest first, once there are as many as `exchanges` repeats included (or the time is up)."""
        deadline = time.monotonic() + LEDGER_SECONDS_MAX
        while True:
            lines = self._ask("ledger", "list", "--config", str(self.config), "--json").splitlines()
            entries = [json.loads(line) for line in lines if line.strip()]
            closed = all(entry.get("status") for entry in entries)
            if (closed and calls_in(entries) >= exchanges) or time.monotonic() > deadline:
                return entries
            time.sleep(0.1)

    def first_entry(self, exchange):
        """Of an exchange, as recorded."""
        return json.loads(self._ask("ledger", "show", "--config", str(self.config), "--json", exchange))["entries"][0]["entry"]

    def reload(self, policy):
        """Another text as policy, in force when this returns."""
        output = self.folder / "serve.out"
        before = output.read_text().count(RELOADED)
        (self.folder / "policy.yaml").write_text(policy)
        self._running[-1].send_signal(signal.SIGHUP)
        deadline = time.monotonic() + START_SECONDS_MAX
        while output.read_text().count(RELOADED) == before:
            if "reload.failed" in output.read_text() or time.monotonic() > deadline:
                raise Failed(f"the policy is not in force: {_end(output)}")
            time.sleep(0.02)

    def said(self):
        """What the two programs printed, for the report of a failure."""
        return "\n".join(f"{path.stem}: {_end(path)}" for path in sorted(self.folder.glob("*.out")))

    def command(self, *arguments):
        """What a command of the program beside the running gateway prints."""
        return self._ask(*arguments)

    def _ask(self, *arguments):
        done = subprocess.run([self.program, *arguments], cwd=self.folder, env=self._environment, capture_output=True,
                              text=True, timeout=START_SECONDS_MAX)
        if done.returncode != 0:
            raise Failed(f"sallyport {' '.join(arguments[:2])} exited with {done.returncode}: "
                         f"{(done.stdout + done.stderr).strip()[-OUTPUT_CHARACTERS:]}")
        return done.stdout

    def _start(self, name, *arguments):
        output = self.folder / f"{name}.out"
        with open(output, "wb") as file:
            process = subprocess.Popen([self.program, name, *arguments], cwd=self.folder, env=self._environment,
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._running.append(process)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (found := LISTENING.search(output.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"sallyport {name} did not start: {_end(output)}")
            time.sleep(0.02)
        return found[1], int(found[2])

    def _stop(self):
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def _end(path):
    return path.read_text(errors="replace").strip()[-OUTPUT_CHARACTERS:]


def calls_in(entries):
    """How many calls of clients these entries stand for."""
    return sum(1 + int(entry.get("repeats") or 0) for entry in entries)

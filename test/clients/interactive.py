#!/usr/bin/env python3
"""The real clients as a person has them: `sallyport run CLIENT` in a terminal, with keys pressed and a screen read.

    test/clients/interactive.py [--client NAME]... [--sallyport PROGRAM] [--cache FOLDER]

Each client runs in fresh namespaces (loopback only, fresh HOME) in a tmux server of its own. Prints a table of steps and
clients. Exit code 0 when nothing failed, 1 when something did, 77 where neither packages nor a registry are there.
"""

import argparse
import hashlib
import json
import re
import secrets
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import gateway as gateways
import install
import namespace
import recipes
import scenarios
from terminal import Screen, Unseen, squeezed

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2
RUN_SECONDS_MAX = 600
STARTED_SECONDS_MAX, SHOWN_SECONDS_MAX, LEFT_SECONDS_MAX = 120, 90, 30  # of a busy machine
WIDE, NARROW, LINES_DRAWN = (120, 40), (90, 30), 6
REPOSITORY = "git.acme.example/web/site"
POLICY = gateways.POLICY + "launchers: { trust: user }\n"
TOKEN = "TOKEN = 1"
# What a person may have at home; no client sees or changes it.
AT_HOME = {".ssh/id_ed25519": "a key of the person\n", ".claude/settings.json": '{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}\n',
           ".codex/config.toml": 'model_provider = "nobody"\n', ".gemini/settings.json": '{"privacy": {"usageStatisticsEnabled": true}}\n',
           ".config/opencode/opencode.json": '{"model": "nobody/none"}\n', ".profile": "export OPENAI_BASE_URL=http://127.0.0.1:9\n"}
STATE = Path(".local/state/sallyport")


@dataclass(frozen=True)
class Habits:
    """How a person works with one client. Patterns are of what the screen shows; keys as tmux names them."""
    ready: str  # it takes a message
    asks: str  # whether a tool may run
    interrupted: str
    busy: str = r"esc to (cancel|interrupt)"
    begins: str = ""  # an answer whose line is not yet whole; where nothing is said, its words are shown as they come
    dialogs: tuple = ()  # at the first start: (pattern, keys)
    approve: tuple = ("Enter",)
    interrupt: tuple = ("C-c",)
    leave: tuple = ()  # a command, or keys
    arguments: tuple = ()  # of the client
    model: str = ""
    files: dict = field(default_factory=dict)  # in the home folder that `sallyport run` keeps for it: path -> text
    but: str = ""  # what is done otherwise than asked, and why


HABITS = {
    "claude-code": Habits(
        ready=r"manual mode|\? for shortcuts|for agents", asks=r"Do you want to make this edit", interrupted=r"Interrupted",
        dialogs=((r"Choose the text style", ("Enter",)), (r"Press Enter to continue", ("Enter",)),
                 (r"Yes, I trust this folder", ("Down", "Enter"))),
        begins="●", arguments=("--permission-mode", "default"), leave=("C-d", "C-d")),
    "codex": Habits(
        ready=r"Ask Codex to do anything", asks=r"Would you like to run the following command", interrupted=r"Conversation interrupted",
        dialogs=((r"Trust and continue", ("Enter",)), (r"Use existing model", ("Down", "Enter"))), leave=("/quit", "Enter"), model="gpt-5.5",
        arguments=("-c", "web_search=disabled"),  # which the policy does not allow, and this model is offered
        files={".codex/rules/default.rules": 'prefix_rule(pattern=["cat"], decision="prompt")\n'}),
    "gemini-cli": Habits(
        ready=r"Type your message", asks=r"Apply this change\?", interrupted=r"Request cancelled", leave=("C-c", "C-c")),
    "qwen-code": Habits(
        ready=r"Type your message(?s:.)*\n.*git:", asks=r"Apply this change\?", interrupted=r"Request cancelled",
        arguments=("--approval-mode", "default"), leave=("/quit", "Enter")),
    "opencode": Habits(
        ready=r"Ask anything", asks=r"Permission required", interrupted=r"interrupted", busy=r"esc interrupt",
        interrupt=("Escape", "Escape"), leave=("C-c",),
        files={".config/opencode/opencode.json": '{"permission": {"edit": "ask"}}\n'},
        but="by Escape twice: Ctrl-C is how it is left"),
    "copilot": Habits(
        ready=r"❯\s*\n─", asks=r"Do you want to edit", interrupted=r"Operation cancelled by user", busy=r"Working",
        dialogs=((r"Do you trust the files in this folder", ("Enter",)),), leave=("/exit", "Enter")),
}


class NotSo(Exception):
    """A step failed; the message tells what was seen instead."""


def require(holds, what):
    if not holds:
        raise NotSo(what)


class Session:
    """One client in one terminal; the steps in the order in which a person would go through them."""

    def __init__(self, client, screen, stack, home, work, program):
        self.client, self.habits = client, HABITS[client.name]
        self.screen, self.stack, self.home, self.work, self.program = screen, stack, home, work, program
        self.notes = []

    def steps(self):
        return {"starts": self.starts, "answers": self.answers, "asks, then runs a tool": self.asks_then_runs, "resized": self.resized,
                "interrupted": self.is_interrupted, "refused, then goes on": self.is_refused, "left": self.is_left, "recorded": self.is_recorded}

    def starts(self):
        for path, text in self.habits.files.items():
            file = self.home / STATE / "homes" / self.client.name / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
        self.before = contents(self.home)
        model = ["--model", self.habits.model] if self.habits.model else []
        arguments = ["--", *self.habits.arguments] if self.habits.arguments else []
        command = [str(self.program), "run", self.client.word or self.client.name, *model, *arguments]
        self.screen.keys(" ".join(command) + "; echo ended with $?", "Enter")
        answered = set()

        def ready(text):
            for number, (pattern, keys) in enumerate(self.habits.dialogs):
                if number not in answered and re.search(pattern, text):
                    answered.add(number)
                    self.screen.settle()
                    self.screen.keys(*keys)
                    return False
            return len(answered) == len(self.habits.dialogs) and re.search(self.habits.ready, text)

        self.screen.until(ready, "its prompt", STARTED_SECONDS_MAX)

    def answers(self):
        self.ask()

    def asks_then_runs(self):
        self.screen.type(f"vendor:edit({scenarios.FILE},TOKEN) please")
        self.screen.until(self.habits.asks, "the question whether the tool may run", SHOWN_SECONDS_MAX)
        require(self.note().count("simulated") == 0, "the file was changed before anybody approved")
        self.screen.settle()
        self.screen.keys(*self.habits.approve)
        self.screen.until(r"The file says:|The result says:", "the answer to the tool's result", SHOWN_SECONDS_MAX)
        require(self.note().startswith(f"alpha\n{TOKEN}") and "simulated" in self.note(), f"the file is now {self.note()!r}")
        self.screen.until(self.is_idle, "its prompt again", SHOWN_SECONDS_MAX)

    def resized(self):
        self.screen.resize(*NARROW)
        self.screen.until(lambda text: 0 < drawn_width(text) <= NARROW[0], "a screen drawn anew, narrow", SHOWN_SECONDS_MAX)
        self.ask()
        self.screen.until(lambda text: 0 < drawn_width(text) <= NARROW[0], "that it goes on as in a narrow terminal", SHOWN_SECONDS_MAX)
        self.screen.resize(*WIDE)
        self.screen.until(lambda text: drawn_width(text) > NARROW[0], "a screen drawn anew, wide", SHOWN_SECONDS_MAX)

    def is_interrupted(self):
        half, rest = (secrets.token_hex(12) for _ in range(2))
        self.screen.type(f"vendor:say({half}{rest}) vendor:fault(stall=90000,streaming)")
        asked = lambda: any(half in body for body in self.stack.vendor_bodies())
        # Before the first words some clients give the message back to be edited, and tell of no interruption.
        begins = lambda text: re.search(rf"{half}(?s:.)*{self.habits.begins}", text) if self.habits.begins else said(half, text)
        self.screen.until(lambda text: asked() and begins(text), "that it answers", SHOWN_SECONDS_MAX)
        first, *more = self.habits.interrupt
        self.screen.keys(first)
        for key in more:
            self.screen.until("again to interrupt", "that it wants the key once more", SHOWN_SECONDS_MAX)
            self.screen.keys(key)
        self.screen.until(self.habits.interrupted, "that it was interrupted", SHOWN_SECONDS_MAX)
        self.screen.until(self.is_idle, "its prompt again", SHOWN_SECONDS_MAX)
        self.ask()
        require(not said(half + rest, self.screen.text()), "the answer was shown to its end all the same")

    def is_refused(self):
        self.stack.reload(POLICY + f'clients: {{ {self.client.name}: {{ versions: ">=99" }} }}\n')
        word = secrets.token_hex(4)
        self.screen.type(f"vendor:say({word})")
        refused = lambda entry: entry["decision"] == "refuse" and entry.get("reason")
        self.screen.until(lambda _: any(map(refused, self.stack.ledger(0))), "a refusal in the ledger", SHOWN_SECONDS_MAX)
        sentence = next(entry["reason"] for entry in self.stack.ledger(0) if refused(entry))
        require(len(sentence) >= scenarios.SENTENCE_CHARACTERS_MIN and self.client.version in sentence, f"no sentence that helps: {sentence!r}")
        self.screen.until(lambda text: squeezed(sentence) in squeezed(text), f"the sentence {sentence!r}", SHOWN_SECONDS_MAX)
        require(not any(word in body for body in self.stack.vendor_bodies()), "the vendor received what was refused")
        self.stack.reload(POLICY)
        self.screen.until(self.is_idle, "its prompt again", SHOWN_SECONDS_MAX)
        self.ask()

    def is_left(self):
        again, ended = self.habits.leave[1:] and self.habits.leave[0] == self.habits.leave[1], r"ended with \d+"
        for key in self.habits.leave:
            self.screen.keys(key)
            self.screen.settle()
            if again:
                self.screen.until(rf"again to exit|{ended}", "that it wants the key once more", LEFT_SECONDS_MAX)
            if re.search(ended, self.screen.text()):
                break
        receipt = f"sallyport: {self.client.name} {self.client.version} on {REPOSITORY}, boundary of tier A:"
        self.screen.until(ended, "its end", LEFT_SECONDS_MAX)
        require(squeezed(receipt) in squeezed(self.screen.text()), "there is no receipt")
        code = re.search(r"ended with (\d+)", self.screen.text())[1]
        require(code == "0", f"exit code {code}")
        self.screen.keys("stty -a", "Enter")
        self.screen.until(r"\$ stty -a\n(?s:.)+echoke", "a shell that shows what is typed", LEFT_SECONDS_MAX)
        told = re.search(r"speed \d+ baud(?s:.)*", self.screen.text())[0]
        for setting in ("echo", "icanon", "isig", "icrnl", "opost"):
            require(re.search(rf"(?<!-)\b{setting}\b", told), f"the terminal was left without {setting}: {told}")
        require(self.screen.modes() == "0,1,0", f"alternate screen, cursor, mouse: {self.screen.modes()}")

    def is_recorded(self):
        screen = squeezed(self.screen.text())
        figures = re.search(r"boundaryoftierA:(\d+)exchanges?withthegateway\((\d+)refused\)", screen)
        require(figures and "binding:bound" in screen, "the receipt tells no figures, or no binding")
        entries = self.stack.ledger(int(figures[1]))
        require(gateways.calls_in(entries) == int(figures[1]), f"{figures[1]} in the receipt, {gateways.calls_in(entries)} in the ledger")
        for entry in entries:
            require((entry["client"], entry["repository"]["id"], entry["repository"]["evidence"]) ==
                    ({"name": self.client.name, "version": self.client.version}, REPOSITORY, "bound"), f"{entry}")
            facts = self.stack.first_entry(entry["exchange"])
            require(facts["facts"].get("tier") == "A" and facts["request"]["binding"]["version"] == self.client.version, f"{facts}")
        ends = [entry.get("ended") for entry in entries]
        require("client-left" in ends, f"no entry tells of the interruption: {ends}")
        require(self.stack.key not in str(self.stack.vendor_received()), "the company key reached the vendor")
        receipts = [json.loads(line) for file in (self.home / STATE / "receipts").glob("*.jsonl") for line in file.read_text().splitlines()]
        require(not [one for one in receipts if one.get("decision") != "refuse"], f"somebody else was contacted: {receipts}")
        refused = sorted({one["host"] for one in receipts})
        if refused:
            self.notes.append(f"tried in vain: {', '.join(refused)}")
        after = contents(self.home)
        require(after == self.before, f"changed at home: {sorted(set(after.items()) ^ set(self.before.items()))}")

    def ask(self):
        """A message and its answer."""
        word = secrets.token_hex(4)
        self.screen.type(f"vendor:say({word})")
        self.screen.until(lambda text: said(word, text), f"the answer {word}", SHOWN_SECONDS_MAX)
        self.screen.until(self.is_idle, "its prompt again", SHOWN_SECONDS_MAX)

    def is_idle(self, text):
        return not re.search(self.habits.busy, text)

    def note(self):
        return (self.work / scenarios.FILE).read_text()


def said(word, text):
    """Whether it stands there otherwise than in the message that asks for it."""
    return re.search(rf"(?<!say\(){word}", text)


def drawn_width(text):
    """Of the last lines, which a client draws anew; a line too long for the terminal counts whole. 0: nothing is drawn just now."""
    return max((len(line.rstrip()) for line in [line for line in text.splitlines() if line.strip()][-LINES_DRAWN:]), default=0)


def contents(home):
    """What lies there, Sallyport's own aside."""
    above = {STATE, *STATE.parents}
    files = (path for path in home.rglob("*") if not path.relative_to(home).is_relative_to(STATE) and path.relative_to(home) not in above)
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in files}


def inside(name, program, cache):
    """Process 1 of the fresh namespaces; the last and only output is what became of each step."""
    folder = namespace.arrive(keep=[ROOT, cache, program.parent, sys.prefix, sys.base_prefix])
    client = recipes.CLIENTS[name]
    node, executable = install.node(cache, say), install.client(cache, client, say)
    home, work = folder / "home", scenarios.repository_at(folder / "work", REPOSITORY, f"alpha\n{TOKEN}\nomega\n")
    for path, text in AT_HOME.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    (folder / "gateway").mkdir()
    results, failed = {}, ""
    with gateways.Stack(program, folder / "gateway", gateways.World(policy=POLICY)) as stack:
        environment = {"PATH": f"{program.parent}:{executable.parent}:{node}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8",
                       "USER": "dev", "SHELL": "/bin/sh", "PS1": "$ ", "SALLYPORT_KEY": stack.key, "SALLYPORT_GATEWAY": stack.root}
        with Screen(folder / "terminal", work, environment, *WIDE) as screen:
            session = Session(client, screen, stack, home, work, program)
            for step, do in session.steps().items():
                started = time.monotonic()
                if failed == "starts":
                    results[step] = {"result": "not reached"}
                    continue
                try:
                    do()
                    results[step] = {"result": "passed"}
                except (NotSo, Unseen, gateways.Failed, OSError, KeyError, TypeError, ValueError) as reason:
                    failed = failed or step
                    results[step] = {"result": "failed", "reason": f"{type(reason).__name__}: {reason}", "screen": screen.text()}
                results[step]["seconds"] = round(time.monotonic() - started, 1)
            print(json.dumps({"client": name, "steps": results, "notes": session.notes, "said": stack.said() if failed else ""}))
    return 1 if failed else 0


def say(text):
    print(text, file=sys.stderr, flush=True)


def outside(name, program, cache):
    """Runs one client in fresh namespaces and returns what became of it."""
    command = [sys.executable, "-B", str(Path(__file__).resolve()), "--inside", name, "--sallyport", str(program), "--cache", str(cache)]
    try:
        done = subprocess.run(namespace.enter(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              timeout=RUN_SECONDS_MAX)
        return json.loads(done.stdout)
    except namespace.Impossible as reason:
        why = str(reason)
    except subprocess.TimeoutExpired:
        why = f"not finished after {RUN_SECONDS_MAX} s"
    except json.JSONDecodeError:
        why = f"the run ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-3000:]}"
    return {"client": name, "steps": {"starts": {"result": "failed", "reason": why}}, "notes": [], "said": ""}


def report(result):
    steps = result["steps"]
    bad = [step for step, one in steps.items() if one["result"] != "passed"]
    say(f"{result['client']}: {'passed' if not bad else 'failed'} ({sum(one.get('seconds', 0) for one in steps.values()):.0f} s)")
    for step in bad:
        say(f"    {step}: {steps[step].get('reason', steps[step]['result'])}")
        say(textwrap.indent("\n".join(line.rstrip() for line in steps[step].get("screen", "").splitlines() if line.strip()), " " * 8))
    if result["said"]:
        say(textwrap.indent(result["said"], " " * 8))


def table(results):
    """A row per step, a column per client: the seconds where it passed."""
    names = [name for name in recipes.CLIENTS if name in results]
    steps = max((result["steps"] for result in results.values()), key=len)
    width = max(map(len, steps))
    yield " ".join(["seconds".ljust(width), *names])
    for step in steps:
        cells = []
        for name in names:
            one = results[name]["steps"].get(step, {"result": "not reached"})
            cells.append((str(one["seconds"]) if one["result"] == "passed" else one["result"]).ljust(len(name)))
        yield " ".join([step.ljust(width), *cells])
    for name in names:
        but = [f"interrupted {HABITS[name].but}"] if HABITS[name].but else []
        if told := "; ".join([*but, *results[name]["notes"]]):
            yield f"{name}: {told}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", action="append", choices=list(HABITS), help="only this (repeatable)")
    parser.add_argument("--sallyport", type=Path, default=ROOT / "build" / "release" / "sallyport", metavar="PROGRAM")
    parser.add_argument("--cache", type=Path, default=install.default_cache(ROOT), help="where the packages lie")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    program, cache = options.sallyport.absolute(), options.cache.absolute()
    if options.inside:
        return inside(options.inside, program, cache)
    names = options.client or list(reversed(HABITS))  # the slowest first
    try:
        install.node(cache, say)
        for name in names:
            install.client(cache, recipes.CLIENTS[name], say)
    except install.Unreachable as reason:
        print(f"skipped: {reason}")
        return 77
    results = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(outside, name, program, cache) for name in names]):
            results[done.result()["client"]] = done.result()
            report(done.result())
    for line in table(results):
        print(line.rstrip(), flush=True)
    return 1 if any(one["result"] != "passed" for result in results.values() for one in result["steps"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())

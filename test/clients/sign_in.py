#!/usr/bin/env python3
"""The real Claude Code signs in at the gateway by its own /login, gets its settings, works, and is cut off.

    test/clients/sign_in.py [--sallyport PROGRAM] [--cache FOLDER]

In fresh namespaces (loopback only, fresh HOME), in a terminal, against a gateway whose sign-in is the test provider of
test/e2e. Prints what took how long. Exit code 0 when all went well, 1 when not, 77 where neither the package nor a registry
is there.
"""

import argparse
import json
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

import gateway as gateways
import install
import namespace
import recipes
import scenarios
from interactive import HABITS, LEFT_SECONDS_MAX, NotSo, SHOWN_SECONDS_MAX, STARTED_SECONDS_MAX, WIDE, require, said, say
from terminal import Screen, Unseen, squeezed

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "test" / "e2e"))
from provider import CLIENT, SECRET, Browser, Provider  # noqa: E402

NAME = "claude-code"
REPOSITORY = "git.acme.example/web/site"
MODEL = "claude-sonnet-4-5"
POLICY = gateways.POLICY.replace("unknown_repository: customer", "unknown_repository: internal").replace('models: ["*"]', f"models: [{MODEL}]")
RUN_SECONDS_MAX, CUT_SECONDS_MAX = 300, 1.0
SENTENCE = "this person was disabled"
DIALOGS = ((r"Choose the text style", ("Enter",)), (r"Enter to connect", ("Enter",)), (r"Yes, trust this gateway", ("Up", "Enter")),
           (r"Yes, continue", ("Up", "Enter")), (r"Security notes", ("Enter",)),
           (r"\A(?!(?s:.)*Security notes)(?s:.)*Press Enter to continue", ("Enter",)),
           (r"Yes, I trust these settings", ("Enter",)), (r"Yes, I trust this folder", ("Down", "Enter")))
CODE = r"Code:\s+([A-Z]{4}-[A-Z]{4})"


class Session:
    def __init__(self, screen, stack, provider, home):
        self.screen, self.stack, self.provider, self.home = screen, stack, provider, home

    def steps(self):
        return {"signs in": self.signs_in, "has its settings": self.has_settings, "answers": self.answers,
                "cut off in the middle": self.is_cut_off, "refused from then on": self.is_refused, "recorded": self.is_recorded}

    def signs_in(self):
        self.screen.keys(f"claude --model {MODEL}; echo ended with $?", "Enter")
        answered, confirmed = set(), []

        def ready(text):
            if not confirmed and (code := re.search(CODE, text)):
                browser = Browser(type("Place", (), {"ports": [self.stack.port]}))
                last = browser.confirm(f"{self.stack.root}/device", code[1])
                require(last.status == 200, f"the browser saw {last.status}: {browser.page}")
                confirmed.append(code[1])
            for number, (pattern, keys) in enumerate(DIALOGS):
                if number not in answered and re.search(pattern, text):
                    answered.add(number)
                    self.screen.settle()
                    self.screen.keys(*keys)
                    return False
            require("ended with" not in text.replace("echo ended with", ""), f"it ended: {text}")
            return confirmed and re.search(HABITS[NAME].ready, text)

        self.screen.until(ready, "its prompt, signed in", STARTED_SECONDS_MAX)

    def has_settings(self):
        kept = self.home / ".claude" / "remote-settings.json"
        require(kept.is_file(), f"no settings were kept: {sorted(path.name for path in (self.home / '.claude').iterdir())}")
        settings = json.loads(kept.read_text())
        require(MODEL in json.dumps(settings), f"they do not name {MODEL}: {settings}")

    def answers(self):
        word = secrets.token_hex(4)
        self.screen.type(f"vendor:say({word})")
        self.screen.until(lambda text: said(word, text), f"the answer {word}", SHOWN_SECONDS_MAX)

    def is_cut_off(self):
        word = secrets.token_hex(12)
        self.screen.type(f"vendor:say({word}) vendor:fault(stall=90000,streaming)")
        self.screen.until(lambda text: re.search(rf"{word[:12]}(?s:.)*●", text), "that it answers", SHOWN_SECONDS_MAX)
        self.stack.command("person", "disable", "--config", str(self.stack.config), self.provider.claims["email"])
        began = time.monotonic()
        self.screen.until(lambda text: squeezed(SENTENCE) in squeezed(text), f"the sentence {SENTENCE!r}", SHOWN_SECONDS_MAX)
        took = time.monotonic() - began
        require(took <= CUT_SECONDS_MAX + 0.5, f"it took {took:.2f} s until the screen said so")  # half a second for the screen
        self.took = took

    def is_refused(self):
        calls = len(self.stack.vendor_received())
        self.screen.keys("C-l")
        word = secrets.token_hex(4)
        self.screen.type(f"vendor:say({word})")
        self.screen.until(lambda text: squeezed(SENTENCE) in squeezed(text[text.rindex(word):]), "the sentence again", SHOWN_SECONDS_MAX)
        require(len(self.stack.vendor_received()) == calls, "the vendor was asked all the same")

    def is_recorded(self):
        entries = self.stack.ledger(1)
        require(entries and all(entry["key"].startswith("si_") for entry in entries), f"{entries}")
        text = self.stack.said() + "".join(path.read_text(errors="replace") for path in self.stack.folder.glob("*.out"))
        kept = json.loads((self.home / ".claude" / ".credentials.json").read_text())
        tokens = re.findall(r"sp_[0-9A-Za-z]{36}", json.dumps(kept))
        require(not any(token in text for token in tokens + [SECRET]), "a secret is in what the gateway printed")
        require(not any(token in str(self.stack.vendor_received()) for token in tokens), "a token reached the vendor")


def inside(program, cache):
    """Process 1 of the fresh namespaces; the last and only output is what became of each step."""
    folder = namespace.arrive(keep=[ROOT, cache, program.parent, sys.prefix, sys.base_prefix])
    client = recipes.CLIENTS[NAME]
    node, executable = install.node(cache, say), install.client(cache, client, say)
    home, work = folder / "home", scenarios.repository_at(folder / "work", REPOSITORY, "alpha\nomega\n")
    home.mkdir(exist_ok=True)
    (folder / "gateway").mkdir()
    provider, results = Provider(), {}
    more = json.dumps({"issuer": provider.url, "client_id": CLIENT, "client_secret": "${env:CLIENT_SECRET}",
                       "teams": {"ai-developers": "web"}, "models": [MODEL]})
    world = gateways.World(policy=POLICY, more=f"sign_in: {more}\n", environment=(("CLIENT_SECRET", SECRET),))
    with gateways.Stack(program, folder / "gateway", world) as stack:
        controls = folder / "controls"
        (controls / "claude-code").mkdir(parents=True)
        (controls / "claude-code" / "managed-settings.json").write_text(
            json.dumps({"forceLoginMethod": "gateway", "forceLoginGatewayUrl": stack.root}))
        namespace.lay_over_etc(controls)
        environment = {"PATH": f"{executable.parent}:{node}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8",
                       "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                       "ANTHROPIC_CUSTOM_HEADERS": f"{recipes.REPOSITORY_HEADER}: {REPOSITORY}"}
        with Screen(folder / "terminal", work, environment, *WIDE) as screen:
            session = Session(screen, stack, provider, home)
            for step, act in session.steps().items():
                started = time.monotonic()
                try:
                    act()
                    results[step] = {"result": "passed"}
                except (NotSo, Unseen, gateways.Failed, OSError, ValueError, KeyError) as reason:
                    results[step] = {"result": "failed", "reason": f"{type(reason).__name__}: {reason}", "screen": screen.text()}
                results[step]["seconds"] = round(time.monotonic() - started, 1)
                if results[step]["result"] == "failed":
                    break
            failed = any(one["result"] == "failed" for one in results.values())
            print(json.dumps({"steps": results, "took": getattr(session, "took", None), "said": stack.said() if failed else ""}))
    provider.close()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sallyport", type=Path, default=ROOT / "build" / "release" / "sallyport", metavar="PROGRAM")
    parser.add_argument("--cache", type=Path, default=install.default_cache(ROOT), help="where the packages lie")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    program, cache = options.sallyport.absolute(), options.cache.absolute()
    if options.inside:
        return inside(program, cache)
    try:
        install.node(cache, say)
        install.client(cache, recipes.CLIENTS[NAME], say)
    except install.Unreachable as reason:
        print(f"skipped: {reason}")
        return 77
    command = [sys.executable, "-B", str(Path(__file__).resolve()), "--inside", "--sallyport", str(program), "--cache", str(cache)]
    done = subprocess.run(namespace.enter(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=RUN_SECONDS_MAX)
    try:
        result = json.loads(done.stdout)
    except json.JSONDecodeError:
        say(f"the run ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-3000:]}")
        return 1
    for step, one in result["steps"].items():
        print(f"{step}: {one['result']} ({one['seconds']} s)")
        if one["result"] != "passed":
            print(one["reason"], *(line.rstrip() for line in one["screen"].splitlines() if line.strip()), result["said"], sep="\n    ")
    if result["took"] is not None:
        print(f"cut off on the screen {result['took']:.2f} s after the command")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

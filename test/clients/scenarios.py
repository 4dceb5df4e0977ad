"""What one client has to show, inside fresh namespaces: a question answered through the gateway, one refused, and one
for each reason that the example policies refuse or warn for (refusals.py).

Each scenario returns checks: (what, whether it held, what was seen instead).
"""

import random
import re
import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

import controlled
import gateway as gateways
import recipes
import refusals
import wire

CLIENT_SECONDS_MAX = 150
TURNS = 2  # the question, and the result of the tool
SHOWN_CHARACTERS = 1500
SENTENCE_CHARACTERS_MIN = 20  # less is no sentence that helps anyone
FILE = "notes.txt"
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass
class Ran:
    """One run of a client: what it printed, and what the gateway, the vendor and the wire say about it."""
    status: int
    seconds: float
    output: str
    errors: str
    marker: str
    key: str
    calls: int
    statuses: list
    warnings: list
    dropped: int
    entries: list
    vendor: list
    bodies: list  # that the vendor received
    repository: str
    programs: str  # what vendor and gateway printed
    note: str  # the file afterwards

    def shown(self):
        return self.output + "\n" + self.errors


@dataclass(frozen=True)
class Scenario:
    repository: str
    world: gateways.World
    work: Callable  # (root, key) -> recipes.Gateway
    checks: Callable  # (client, ran)
    why_not: str = ""
    note: str = "alpha\nthe word is {marker}\n"  # the file that is read
    prompt: str = recipes.PROMPT
    controls: tuple[str, ...] = ()  # arguments of `sallyport policy compile`, whose files are the machine's company settings
    launched: bool = False  # by `sallyport run`, in the boundary, with no settings but those that it makes


def names():
    return list(dict.fromkeys([*SCENARIOS, *LAUNCHED, *AMENDED, *controlled.SCENARIOS, *(case.name() for case in refusals.CASES)]))


def scenario(name, client):
    """The scenario of this name as it is for this client."""
    if name in AMENDED:
        world, note, checks, edits = AMENDED[name]
        repository = "git.acme.example/web/site"
        model = client.model_that_edits if edits else ""
        return Scenario(repository, world, lambda root, key: recipes.Gateway(root, key, repository, model=model, edits=edits), checks,
                        note=note, prompt=recipes.EDIT if edits else recipes.PROMPT)
    if name in LAUNCHED:
        repository, checks = LAUNCHED[name]
        return Scenario(repository, gateways.World(), lambda root, key: recipes.Gateway(root, key, repository), checks, launched=True)
    if name in controlled.SCENARIOS:
        return Scenario(controlled.REPOSITORY, controlled.WORLD, controlled.work(name, client), controlled.SCENARIOS[name],
                        controlled.why_not(name, client), controls=controlled.arguments(name))
    if name in SCENARIOS:
        repository, checks = SCENARIOS[name]
        return Scenario(repository, gateways.World(), lambda root, key: recipes.Gateway(root, key, repository), checks)
    cases = [case for case in refusals.CASES if case.name() == name]
    case = next((one for one in cases if client.name in one.clients), cases[0])

    def checks(client, ran):
        if not case.says:
            return allowed(client, ran)
        return (warned if case.warns else refused_for)(case, client, ran)

    return Scenario(case.repository, case.world(client), lambda root, key: case.work(client, root, key), checks,
                    case.why_not(client))


def run(client, scenario, program, node, executable, folder):
    """Runs the client once in a fresh repository with a fresh HOME; the gateway and the vendor run only as long."""
    repository = scenario.repository
    marker = f"marker-{secrets.token_hex(8)}"
    worktree = repository_at(folder / "work", repository, scenario.note.replace("{marker}", marker))
    home = folder / "home"
    (folder / "gateway").mkdir()
    with gateways.Stack(program, folder / "gateway", scenario.world) as stack:
        if scenario.controls:
            controlled.install(program, client, scenario.controls, stack.root, folder)
        launch = _launch(client, scenario, stack, program)
        for path, text in launch.files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
        home.mkdir(exist_ok=True)
        environment = {"PATH": f"{executable.parent}:{node}:/usr/bin:/bin", "HOME": str(home), "TERM": "xterm-256color",
                       "LANG": "C.UTF-8", "USER": "dev", **launch.environment}
        tap = wire.Tap(stack.port)
        start = time.monotonic()
        try:
            command = [] if scenario.launched else [str(executable)]
            done = subprocess.run([*command, *launch.arguments], cwd=worktree, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=CLIENT_SECONDS_MAX)
            status, output, errors = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            status, output, errors = -1, _text(late.stdout), _text(late.stderr) + "\n(ended by the time limit)"
        seconds = time.monotonic() - start
        tap.stop()
        return Ran(status=status, seconds=seconds, output=_plain(output), errors=_plain(errors), marker=marker,
                   key=stack.key, calls=tap.model_calls(), statuses=tap.statuses,
                   warnings=tap.warnings, dropped=tap.dropped,
                   entries=stack.ledger(tap.model_calls()), vendor=stack.vendor_received(), bodies=stack.vendor_bodies(), repository=repository,
                   programs=stack.said(), note=(worktree / FILE).read_text(errors="replace"))


def _launch(client, scenario, stack, program):
    prompt = scenario.prompt.format(file=FILE)
    if not scenario.launched:
        return client.launch(scenario.work(stack.root, stack.key), prompt)
    model = [] if client.chooses_model else ["--model", recipes.MODEL]
    return recipes.Launch([str(program), "run", client.word or client.name, "--gateway", stack.root, *model, "--", *client.headless, prompt],
                          {"SALLYPORT_KEY": stack.key})


def launched(client, ran):
    """In the boundary, with nothing of the person's but the repository."""
    return [*allowed(client, ran),
            ("the receipt tells of it", f"sallyport: {client.name} {client.version} on {ran.repository}, boundary of tier A" in ran.errors,
             ran.errors[-SHOWN_CHARACTERS:])]


def allowed(client, ran):
    return [*_worked(ran), *_recorded(client, ran, "allow")]


def refused(client, ran):
    reason = _reason(ran.entries)
    return [("the ledger holds a sentence", len(reason) >= SENTENCE_CHARACTERS_MIN, f"{reason!r}"),
            *_stopped(ran, [reason], client.calls_when_refused), *_recorded(client, ran, "refuse")]


def refused_for(case, client, ran):
    reason, parts = _reason(ran.entries), case.expected(client)
    return [*_stopped(ran, parts, case.calls_at_best(client)),
            ("the ledger tells the reason", _all(ran.entries, lambda e: e["refused_by"] == case.reason),
             _of(ran.entries, "refused_by")),
            ("the ledger holds the sentence", all(part in reason for part in parts), f"{reason!r}"),
            *_recorded(client, ran, "refuse")]


def warned(case, client, ran):
    parts, calls = [_one_line(part) for part in case.expected(client)], len(_model_calls(ran.vendor))
    return [
        *_worked(ran),
        ("each answer carried the warning", len(ran.warnings) == calls and
         all(part in warning for part in parts for warning in ran.warnings),
         f"{calls} answers, warnings: {ran.warnings}"),
        *_recorded(client, ran, "warn"),
    ]


def _worked(ran):
    shown, turns = ran.shown()[-SHOWN_CHARACTERS:], len(_model_calls(ran.vendor))
    return [
        ("the client succeeds", ran.status == 0, f"exit {ran.status}; statuses {ran.statuses}; shown: {shown}"),
        ("its answer quotes what stands only in the file", ran.marker in ran.output, shown),
        ("the vendor saw both turns", turns >= TURNS, f"{turns} calls"),
        ("no company key reached the vendor", ran.key not in str(ran.vendor), "it stands in the vendor's log"),
        ("no header meant for the gateway reached the vendor", not _gateway_headers(ran.vendor),
         _gateway_headers(ran.vendor)),
    ]


def _stopped(ran, parts, calls_at_best):
    """Nothing left, the person reads `parts`, and nothing was asked twice."""
    shown = ran.shown()
    return [
        ("the client fails", ran.status > 0, f"exit {ran.status}"),
        ("its output shows the reason and what to do next",
         all(_one_line(part) in _one_line(shown) for part in parts),
         f"wanted: {parts!r}; statuses {ran.statuses}; shown: {shown[-SHOWN_CHARACTERS:]}"),
        ("what is refused is not asked again", 1 <= ran.calls <= calls_at_best,
         f"{ran.calls} model calls, {calls_at_best} at best; statuses {ran.statuses}"),
        ("the vendor received nothing", not ran.vendor, f"{len(ran.vendor)} requests: {_of(ran.vendor, 'path')}"),
    ]


def withheld(client, ran):
    """The file is of the engine, whatever the client claims: it stays here, and the conversation goes on."""
    return [*_amended(client, ran, "withhold", "[Sallyport withheld this text", CODE.splitlines()[7].strip()),
            ("its answer quotes nothing of it", CODE.splitlines()[7].strip() not in ran.output, ran.output[-SHOWN_CHARACTERS:])]


def redacted(client, ran):
    """The secret stays here, all else of the file is read."""
    return [*_amended(client, ran, "amend", "[[sallyport:digitalocean-", TOKEN),
            ("its answer quotes what stands beside the secret", ran.marker in ran.output, ran.output[-SHOWN_CHARACTERS:])]


def edited(client, ran):
    """The model changes the line that holds the secret, which it never saw: on the disk it is as it was."""
    line = f"TOKEN = {TOKEN}"
    changed = [one for one in ran.note.splitlines() if one.startswith(line) and len(one) > len(line)]
    return [*_amended(client, ran, "amend", "[[sallyport:digitalocean-", TOKEN),
            ("the line was edited and holds its secret", len(changed) == 1 and "[[" not in ran.note, f"{ran.note!r}"),
            ("all else of the file is as it was", ran.marker in ran.note, f"{ran.note!r}")]


def _amended(client, ran, decision, instead, secret):
    shown, turns = ran.shown()[-SHOWN_CHARACTERS:], len(_model_calls(ran.vendor))
    return [
        ("the client succeeds", ran.status == 0, f"exit {ran.status}; statuses {ran.statuses}; shown: {shown}"),
        ("the vendor saw both turns", turns >= TURNS, f"{turns} calls"),
        ("it got what stands in its place", any(instead in body for body in ran.bodies), f"{len(ran.bodies)} bodies without it"),
        ("it never got what was there", not any(secret in body for body in ran.bodies), "it stands in a body"),
        ("the ledger tells it", any(entry["decision"] == decision for entry in ran.entries), _of(ran.entries, "decision")),
        ("no header meant for the gateway reached the vendor", not _gateway_headers(ran.vendor), _gateway_headers(ran.vendor)),
    ]


def _made_up_code(seed, lines):
    rng = random.Random(seed)
    word = lambda: "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))
    return "".join(f"    {word()}_{word()} = {word()}({word()}, {rng.randint(0, 999)});\n" for _ in range(lines))


CODE = _made_up_code(1, 30)
TOKEN = "dop_" + "v1_" + secrets.token_hex(32)  # Copilot masks those of GitHub itself
REDACTING = gateways.POLICY + """\
  - { id: no-keys-out, when: { finding: secret, confidence: high }, amend: redact }
"""
AMENDED = {
    "withheld": (gateways.World(indexed=(("git.acme.example/core/engine", CODE),)), CODE, withheld, False),
    "redacted": (gateways.World(policy=REDACTING), "TOKEN = \"" + TOKEN + "\"\nthe word is {marker}\n", redacted, False),
    "edited": (gateways.World(policy=REDACTING + "restore: {}\n"), f"the word is {{marker}}\nTOKEN = {TOKEN}\nomega\n", edited, True),
}
LAUNCHED = {"launched": ("git.acme.example/web/site", launched), "launched, refused": ("git.acme.example/core/engine", refused)}
SCENARIOS = {"allowed": ("git.acme.example/web/site", allowed), "refused": ("git.acme.example/core/engine", refused)}


def _recorded(client, ran, decision):
    """What the ledger has to hold: every call, each with who asked, for which repository, and what was decided."""
    entries = ran.entries
    versions = (client.version,) if client.tells_version else (client.version, "", None)
    return [
        ("the packets could be counted", ran.dropped == 0, f"{ran.dropped} were lost; is the machine very busy?"),
        ("the ledger holds every call", gateways.calls_in(entries) == ran.calls,
         f"{ran.calls} on the wire, {gateways.calls_in(entries)} in the ledger"),
        ("the ledger names the client", _all(entries, lambda e: e["client"]["name"] == client.name),
         _of(entries, "client")),
        ("the ledger names its version", _all(entries, lambda e: e["client"].get("version") in versions),
         _of(entries, "client")),
        ("the ledger names the repository", _all(entries, lambda e: e["repository"]["id"] == ran.repository),
         _of(entries, "repository")),
        ("the ledger tells the decision", _all(entries, lambda e: e["decision"] == decision), _of(entries, "decision")),
    ]


def repository_at(folder, repository, note):
    folder.mkdir()
    (folder / FILE).write_text(note)
    (folder / "index.html").write_text("<h1>hello</h1>\n")
    as_dev = ["-c", "user.name=dev", "-c", "user.email=dev@acme.example"]
    origin = ["remote", "add", "origin", f"https://{repository}.git"]
    for command in (["init", "-q", "-b", "main"], origin, ["add", "-A"], [*as_dev, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    return folder


def _model_calls(requests):
    return [request for request in requests if wire.is_model_call(request["method"], request["path"])]


def _gateway_headers(requests):
    names = {name.lower() for request in requests for name, _ in request.get("headers", [])}
    return sorted(name for name in names if name.startswith("x-sallyport-"))


def _reason(entries):
    return next((entry["reason"] for entry in entries if entry.get("reason")), "")


def _all(entries, holds):
    try:
        return bool(entries) and all(holds(entry) for entry in entries)
    except (KeyError, TypeError):
        return False


def _of(entries, name):
    return str([entry.get(name) for entry in entries])[:SHOWN_CHARACTERS]


def _plain(text):
    return TERMINAL_CODES.sub("", text)


def _one_line(text):
    """So that a sentence is found however a client wraps or escapes it."""
    return " ".join(text.replace('\\"', '"').replace("\\n", " ").split())


def _text(output):
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""

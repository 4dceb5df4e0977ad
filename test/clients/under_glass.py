#!/usr/bin/env python3
"""`sallyport inspect` over the packages of the real clients, which npm fetches: what is hidden is found, what is not, is not. Then two of them
run, many times and where nothing real can be reached (`inspect run`): the marker shows itself by what is sent, and only there.

    test/clients/under_glass.py [--sallyport PROGRAM] [--cache FOLDER] [--only static|runs|switches|versions]

The expected figures are those of an independent reading of the same packages. Exit code 77 where no registry can be reached.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import install
import recipes

ROOT = Path(__file__).resolve().parents[2]
CODE, LINUX = "@anthropic-ai/claude-code", "@anthropic-ai/claude-code-linux-x64"
MARKED = [(CODE, "2.1.91"), (CODE, "2.1.112"), (LINUX, "2.1.196"), (LINUX, "2.1.197")]
UNMARKED = [(CODE, "2.1.90"), (LINUX, "2.1.198"), (LINUX, "2.1.330"), ("@openai/codex", "0.169.0-linux-x64"), ("@google/gemini-cli", "0.61.0"),
            ("@qwen-code/qwen-code", "0.24.4"), ("opencode-linux-x64", "1.18.33"), ("@github/copilot-linux-x64", "1.0.102")]
# Entries and SHA-256 of the two hidden lists, decoded.
LISTS = {147: "c43f351e29ccc859044903c9589b3df98ca417d4c9a4de45fc805fb53336605a",
         11: "7b8eab0e36af9b1c1479328b0a1992c6ad6a20b270220b2df17ed097661672ca"}
# What the host of the base URL and the zone turn into, measured by hand with the same version.
QUOTES = {"https://gateway.acme.cn": "\u2019", "https://gateway.deepseek.com": "\u02bc", "https://gateway.deepseek.cn": "\u02b9"}
ZONES = ("Asia/Shanghai", "Asia/Urumqi")
RUNS_SECONDS_MAX, RUNS_MIN = 1800, 60
VERSIONS_SECONDS_MAX, VERSIONS_INSPECTED_MAX = 3600, 24
# Of each client a switch and the beginning of what it stops, measured by hand with the same versions.
SWITCHES = {"claude-code": ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "POST api.anthropic.com /api/event_logging"),
            "codex": ("features.plugins=false", "GET api.github.com"), "gemini-cli": ("privacy.usageStatisticsEnabled=false", "POST play.googleapis.com"),
            "qwen-code": ("privacy.usageStatisticsEnabled=false", "POST gb4w8c3ygj"), "opencode": ("OPENCODE_DISABLE_MODELS_FETCH=1", "GET models.opencode.ai"),
            "copilot": ("COPILOT_OFFLINE=true", "GET api.github.com")}
CPU_SECONDS_MAX, MEMORY_KIB_MAX = 60, 1 << 20  # the time is no goal here (machines differ), but an end


def packed(cache, package, version):
    """The package as a file of the cache; raises install.Unreachable."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{package.replace('@', '').replace('/', '-')}-{version}.tgz"
    if file.is_file():
        return file
    try:
        npm = subprocess.run(["npm", "pack", "--loglevel=error", "--pack-destination", str(cache), f"{package}@{version}"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=install.INSTALL_SECONDS_MAX)
    except (FileNotFoundError, subprocess.TimeoutExpired) as reason:
        raise install.Unreachable(str(reason)) from None
    if npm.returncode or not file.is_file():
        raise install.Unreachable(f"{package} {version}: {npm.stderr.strip()[-300:]}")
    return file


class Checks:
    def __init__(self, program):
        self.program, self.failed = program, 0

    def run(self, *arguments, seconds=300, environment=None):
        done = subprocess.run([self.program, "inspect", *map(str, arguments), "--json"], capture_output=True, text=True, timeout=seconds, env=environment)
        self.require(done.returncode in (0, 1), f"{arguments}: {done.stderr}")
        return json.loads(done.stdout)

    def require(self, holds, what):
        if not holds:
            self.failed += 1
            print(f"not so: {what}", flush=True)

    def marked(self, title, report):
        worst = report["groups"][0]
        self.require(worst["verdict"] == "suspected marker", f"{title} has a suspected marker")
        findings = worst["findings"]
        lists = {one["entries"]: hashlib.sha256(one["text"].encode()).hexdigest() for one in findings if one["kind"] == "concealed text"}
        self.require(lists == LISTS, f"{title}: both lists are decoded: {lists}")
        zones = {one["text"] for one in findings if one["kind"] == "comparison with a place"}
        self.require(zones == {"Asia/Shanghai", "Asia/Urumqi"}, f"{title}: the zones: {zones}")
        sets = [set(one["text"]) for one in findings if one["kind"] == "choice of look-alikes"]
        self.require(sets == [set("'\u2019\u02bc\u02b9")], f"{title}: the four apostrophes: {sets}")
        self.require(any(one["text"] == "'-' or '/'" for one in findings), f"{title}: the separator that varies")

    def unmarked(self, title, report):
        for group in report["groups"]:
            self.require(group["verdict"] not in ("suspected marker", "concealed"), f"{title}: no alarm, but: {group}")
        self.require(report["verdict"].startswith("Nothing concealed was found"), report["verdict"])

    def seen_running(self, title, file, marked):
        runs = self.run("run", file, seconds=RUNS_SECONDS_MAX)["runs"]
        print(f"{title}: {runs['runs']} runs in {runs['seconds']} s: {runs['verdict'][:160]}", flush=True)
        self.require(runs["runs"] >= RUNS_MIN, f"{title}: at least {RUNS_MIN} runs")
        hidden = [one for one in runs["channels"] if one["nature"] in ("characters that look alike", "unseen characters")]
        if not marked:
            self.require(hidden == [], f"{title}: nothing that looks alike: {[one['sentence'] for one in hidden]}")
            to_gateway = [one["sentence"] for one in runs["channels"] if one["concealed"] and one["host"] == "gateway" and "$.messages" in one["place"]]
            self.require(to_gateway == [], f"{title}: no channel in the messages: {to_gateway}")
            return
        channel = hidden[0]
        self.require(len(hidden) == 1 and "$.messages[0].content[0].text" in channel["place"], f"{title}: one channel, in the first message")
        states = {one["state"]: {(change["usual"], change["here"]) for change in one["changes"]} for one in channel["states"]}
        for host, quote in QUOTES.items():
            self.require(states.get(host) == {("'", quote)}, f"{title}: {host}: {states.get(host)}")
            self.require(states.get(f"Asia/Shanghai × {host}") == {("'", quote), ("-", "/")}, f"{title}: with the zone: {host}")
        for zone in ZONES:
            self.require(states.get(zone) == {("-", "/")}, f"{title}: {zone}: {states.get(zone)}")
        self.require(not {"America/New_York", "Europe/Moscow", "https://llm.intranet"} & set(states), f"{title}: no other state")
        self.require("key went to another host" in runs["verdict"], f"{title}: its key goes to the vendor's host")

    def switched(self, client, folder, node):
        environment = os.environ | {"PATH": f"{node}:{os.environ['PATH']}"}
        runs = self.run("run", folder, "--client", client, "--no-static", "--variables", "none of them", "--switches", seconds=RUNS_SECONDS_MAX,
                        environment=environment)["runs"]
        name, stopped = SWITCHES[client]
        for one in runs["off_switches"]:
            print(f"{client}: {one['switch']} stops {one['stops'] or 'nothing'}", flush=True)
        stops = next((one["stops"] for one in runs["off_switches"] if one["switch"] == name), [])
        self.require(any(one.startswith(stopped) for one in stops), f"{client}: {name} stops {stopped}: {stops} {runs['problems']}")

    def changed(self, diff):
        first, second = diff["changes"][:2]
        self.require({first["what"][:28], second["what"][:28]} == {"a hidden list of 147 entries", "a hidden list of 11 entries:"},
                     f"the hidden lists come first: {first['what'][:60]}; {second['what'][:60]}")
        self.require(first["documented"] == "notes not available", "notes that are not in the package are said to be missing")
        self.require(not any(one["what"].startswith("host ") and one["direction"] == "new" for one in diff["changes"]),
                     "the inventory of hosts did not change: it alone shows nothing")


def static(checks, cache):
    files = {one: packed(cache, *one) for one in MARKED + UNMARKED}
    for (package, version), file in files.items():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = checks.run(file)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        title = f"{package} {version}"
        print(f"{title}: {seconds:.1f} s of CPU, {report['coverage']['bytes'] / 1e6:.0f} MB: {report['verdict'][:100]}", flush=True)
        (checks.marked if (package, version) in MARKED else checks.unmarked)(title, report)
        checks.require(seconds < CPU_SECONDS_MAX, f"{title}: {seconds:.1f} s")
    checks.require(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MEMORY_KIB_MAX, "at most 1 GiB of memory")
    checks.changed(checks.run("diff", files[CODE, "2.1.90"], files[CODE, "2.1.91"]))


def came_and_went(checks):
    """The hidden lists over all versions that the registry has between two that lack them."""
    try:
        registry = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as reason:
        raise install.Unreachable(str(reason)) from None
    report = checks.run(f"npm:{CODE}", "--all-versions", "2.1.90..2.1.198", seconds=VERSIONS_SECONDS_MAX,
                        environment=os.environ | {"SALLYPORT_REGISTRY": registry})
    print(f"{report['inspected']} of {report['versions']} versions were inspected", flush=True)
    lists = [one for one in report["findings"] if one["finding"].startswith(("a hidden list of 147 entries", "a hidden list of 11 entries"))]
    spans = {(one["first"], one["last"], one.get("not_in_before"), one.get("not_in_after")) for one in lists}
    checks.require(len(lists) == 2 and spans == {("2.1.91", "2.1.197", "2.1.90", "2.1.198")}, f"both lists came and went: {report['findings']}")
    checks.require(report["inspected"] <= VERSIONS_INSPECTED_MAX, "few of the versions are inspected")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sallyport", type=Path, default=ROOT / "build/release/sallyport")
    parser.add_argument("--only", choices=("static", "runs", "switches", "versions"))
    parser.add_argument("--cache", type=Path, default=install.default_cache(ROOT) / "packages")
    options = parser.parse_args()
    checks = Checks(str(options.sallyport.absolute()))
    try:
        if options.only in (None, "static"):
            static(checks, options.cache)
        if options.only in (None, "runs"):
            for version, marked in (("2.1.196", True), ("2.1.330", False)):
                checks.seen_running(f"{LINUX} {version}", packed(options.cache, LINUX, version), marked)
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            print(f"at most {used >> 10} MiB of memory, of the inspector or one client", flush=True)
        if options.only in (None, "versions"):
            came_and_went(checks)
        if options.only in (None, "switches"):
            clients = install.default_cache(ROOT)
            node = install.node(clients, print)
            for client in recipes.CLIENTS.values():
                install.client(clients, client, print)
                checks.switched(client.name, clients / f"{client.name}-{client.version}", node)
    except install.Unreachable as reason:
        print(f"skipped: {reason}")
        return 77
    print(f"{checks.failed} of the checks failed" if checks.failed else "all checks hold")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The real coding clients, each at its pinned version, through a real gateway to a simulated vendor.

    test/clients/run.py [--client NAME]... [--scenario TEXT]... [--json] [--list] [--sallyport PROGRAM]

Outside: installs the packages, then runs itself once per client and scenario in fresh namespaces (--inside).
Exit code 0 when nothing failed, 1 when something did, 2 for wrong use. Only a client whose package is not there and
cannot be fetched is skipped, with a line 'skipped: …'. At the end stands a table of all scenarios and clients.
"""

import argparse
import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import gateway
import install
import namespace
import recipes
import scenarios

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2  # clients; each alone keeps a core busy while it starts
RUN_SECONDS_MAX = scenarios.CLIENT_SECONDS_MAX + 120


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    options = parsed()
    if options.list:
        for client in recipes.CLIENTS.values():
            print(f"{client.name}\t{client.package}\t{client.version}")
        return 0
    program, cache = options.sallyport.absolute(), options.cache.absolute()
    if options.inside:
        return inside(*options.inside, program, cache)
    if not program.is_file():
        say(f"{program} does not exist; `make build` makes it, --sallyport names another")
        return 1
    results, jobs = [], []
    for name in options.client or list(recipes.CLIENTS):
        client = recipes.CLIENTS[name]
        try:
            install.node(cache, say)
            install.client(cache, client, say)
        except install.Unreachable as reason:
            print(f"skipped: {name}: {reason}", file=sys.stderr if options.json else sys.stdout)
            results += [{"client": name, "scenario": scenario, "result": "skipped", "reason": str(reason)}
                        for scenario in options.scenario]
            continue
        except install.Failed as reason:
            results += [failed(name, scenario, str(reason)) for scenario in options.scenario]
            continue
        for scenario in options.scenario:
            if why := scenarios.scenario(scenario, client).why_not:
                results.append({"client": name, "scenario": scenario, "result": "cannot be", "reason": why})
            else:
                jobs.append((name, scenario, program, cache))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(outside, *job) for job in jobs]):
            results.append(done.result())
            report(done.result())
    return closing(results, options)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", action="append", choices=list(recipes.CLIENTS), help="only this (repeatable)")
    parser.add_argument("--scenario", action="append", metavar="TEXT",
                        help="only those whose name contains this (repeatable): allowed, refused, a row of the table")
    parser.add_argument("--list", action="store_true", help="print name, package and version of each client")
    parser.add_argument("--json", action="store_true", help="print one JSON object per scenario")
    parser.add_argument("--sallyport", type=Path, default=ROOT / "build" / "release" / "sallyport", metavar="PROGRAM")
    parser.add_argument("--cache", type=Path, default=install.default_cache(ROOT), help="where the packages lie")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.scenario = [name for name in scenarios.names() if any(text in name for text in options.scenario or [""])]
    if not options.scenario:
        parser.error("no scenario has such a name")
    return options


def outside(name, scenario, program, cache):
    """Runs one scenario in fresh namespaces and returns its result."""
    command = [sys.executable, "-B", str(Path(__file__).resolve()), "--inside", name, scenario,
               "--sallyport", str(program), "--cache", str(cache)]
    try:
        done = subprocess.run(namespace.enter(command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=RUN_SECONDS_MAX)
        return json.loads(done.stdout)
    except namespace.Impossible as reason:
        return failed(name, scenario, str(reason))
    except subprocess.TimeoutExpired:
        return failed(name, scenario, f"not finished after {RUN_SECONDS_MAX} s")
    except json.JSONDecodeError:
        said = (done.stdout + done.stderr).strip()
        return failed(name, scenario, f"the run ended with {done.returncode}: {said[-3000:]}")


def inside(name, scenario, program, cache):
    """Process 1 of the fresh namespaces: everything happens here; the last and only output is the result."""
    folder = namespace.arrive(keep=[ROOT, cache, program.parent, sys.prefix, sys.base_prefix])
    client = recipes.CLIENTS[name]
    wanted = scenarios.scenario(scenario, client)
    try:
        node, executable = install.node(cache, say), install.client(cache, client, say)
        ran = scenarios.run(client, wanted, program, node, executable, folder)
    except gateway.Failed as reason:
        print(json.dumps(failed(name, scenario, str(reason))))
        return 1
    problems = [{"check": what, "seen": seen} for what, held, seen in wanted.checks(client, ran) if not held]
    print(json.dumps({
        "client": name, "version": client.version, "scenario": scenario, "result": "failed" if problems else "passed",
        "seconds": round(ran.seconds, 1), "model_calls": ran.calls, "statuses": ran.statuses, "problems": problems,
        "sallyport_said": ran.programs if problems else "",
    }))
    return 1 if problems else 0


def failed(name, scenario, why):
    return {"client": name, "version": recipes.CLIENTS[name].version, "scenario": scenario, "result": "failed",
            "problems": [{"check": "the scenario could be run", "seen": why}]}


def report(result):
    told = f"{result['seconds']} s, {result['model_calls']} model calls" if "seconds" in result else ""
    say(f"{result['client']}, {result['scenario']}: {result['result']}" + (f" ({told})" if told else ""))
    for problem in result["problems"]:
        say(f"    not so: {problem['check']}")
        say(textwrap.indent(str(problem["seen"]), " " * 8))
    if result.get("sallyport_said"):
        say("    sallyport printed:")
        say(textwrap.indent(result["sallyport_said"], " " * 8))


def table(results, scenario_names):
    """A row per scenario, a column per client: the model calls where it passed, a letter where it cannot be."""
    cells, reasons = {}, {}
    for result in results:
        kind = result["result"]
        if kind == "cannot be":
            kind = reasons.setdefault(result["reason"], f"({chr(ord('a') + len(reasons))})")
        elif kind == "passed":
            kind = str(result["model_calls"])
        cells[result["scenario"], result["client"]] = kind
    clients = [name for name in recipes.CLIENTS if any(result["client"] == name for result in results)]
    width = max(map(len, scenario_names))
    yield " ".join(["model calls until the client ended".ljust(width), *clients])
    for name in scenario_names:
        yield " ".join([name.ljust(width), *(cells.get((name, client), "").ljust(len(client)) for client in clients)])
    for reason, letter in reasons.items():
        yield f"{letter} {reason}"


def closing(results, options):
    if options.json:
        for result in results:
            print(json.dumps(result))
    counts = [f"{sum(result['result'] == kind for result in results)} {kind}"
              for kind in ("passed", "failed", "skipped", "cannot be")]
    for line in [*table(results, options.scenario), ", ".join(counts)]:
        print(line.rstrip(), file=sys.stderr if options.json else sys.stdout, flush=True)
    return 1 if any(result["result"] == "failed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())

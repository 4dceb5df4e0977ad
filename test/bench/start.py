#!/usr/bin/env python3
"""How much later a program begins and ends under `sallyport run` than by itself: a client that is known already (a shell script that ends at once),
against a gateway on loopback.

    python3 -B test/bench/start.py [ROUNDS]
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import rig  # noqa: E402
from programs import PROGRAM, environment  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 25


def main():
    with rig.stack(policy=rig.POLICY | {"launchers": {"trust": "user"}}) as (_, gateway):
        home, work = gateway.folder / "home", gateway.folder / "work"
        package = gateway.folder / "node_modules/@anthropic-ai/claude-code"
        for folder in (home, work, package):
            folder.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": "@anthropic-ai/claude-code", "version": "2.1.330"}))
        (package / "claude").write_text("#!/bin/sh\nexit 0\n")
        (package / "claude").chmod(0o755)
        variables = environment(home, SALLYPORT_KEY=gateway.key, PATH=f"{package}:/usr/bin:/bin")
        for command in (["init", "-q"], ["remote", "add", "origin", "https://git.acme.example/web/site.git"],
                        ["-c", "user.name=ada", "-c", "user.email=ada@acme.example", "commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run(["git", *command], cwd=work, env=variables, check=True)

        def timed(*command):
            begun = time.perf_counter()
            subprocess.run(command, cwd=work, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            return (time.perf_counter() - begun) * 1000

        launched = [PROGRAM, "run", "--gateway", f"http://127.0.0.1:{gateway.port}", "claude"]
        print(f"the first time, with the boundary measured: {timed(*launched):.0f} ms")
        alone, inside = [], []
        for _ in range(ROUNDS):
            alone.append(timed("claude"))
            inside.append(timed(*launched))
        added = statistics.median(inside) - statistics.median(alone)
        print(f"added when it is known: {added:.0f} ms (median of {ROUNDS}; the quickest {min(inside) - min(alone):.0f} ms)")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast `sallyport ledger search` reads kept bodies: one JSON object. Bodies that are all different, and a conversation that is resent.

SALLYPORT_PROGRAM=… python3 -B test/bench/search.py [MEGABYTES of different bodies, 100]
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))

import bodies as prose  # noqa: E402  (of this folder, which comes first)
import dialects  # noqa: E402
import rig  # noqa: E402
from programs import PROGRAM, environment  # noqa: E402
from wire import until  # noqa: E402

DIFFERENT = "git.acme.example/web/different"
RESENT = "git.acme.example/web/resent"
BODY = 250_000


def body(messages):
    return json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages}).encode()


def ask(gateway, repository, content):
    answer = gateway.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(gateway.key, repository), content)
    assert answer.status == 200, answer.body[:300]
    return len(content)


def search(gateway, repository):
    """Seconds and what it says of itself; the word is in no body, so that all are read."""
    begun = time.monotonic()
    command = ["ledger", "search", "no-such-word-anywhere", "--reason", "measured", "--repository", repository, "--json"]
    done = subprocess.run([PROGRAM, *command], cwd=gateway.folder, env=environment(gateway.folder), capture_output=True, text=True, check=True)
    assert not done.stdout
    return time.monotonic() - begun, done.stderr.strip()


def main():
    chance = random.Random(20_261_128)
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with rig.stack(policy=rig.POLICY | {"bodies": {"internal": "90d"}}) as (_, gateway):
        different = sum(ask(gateway, DIFFERENT, body([{"role": "user", "content": prose._code(chance, BODY)}]))
                        for _ in range(megabytes * 1_000_000 // BODY))
        messages, resent = [], 0
        for _ in range(100):
            messages += [{"role": "user", "content": prose._code(chance, 9_000)},
                         {"role": "assistant", "content": prose._prose(chance, 400)}]
            resent += ask(gateway, RESENT, body(messages[:-1]))
        until(lambda: "could not be read" not in search(gateway, RESENT)[1], "all bodies to be on the disk")
        out = {}
        for name, repository, sent in (("different", DIFFERENT, different), ("resent", RESENT, resent)):
            seconds, said = search(gateway, repository)
            out |= {f"{name}_mb": round(sent / 1e6, 1), f"{name}_s": round(seconds, 2), f"{name}_mb_per_s": round(sent / 1e6 / seconds),
                    f"{name}_said": said}
        print(json.dumps(out))


if __name__ == "__main__":
    main()

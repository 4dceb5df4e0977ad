#!/usr/bin/env python3
"""A working day of many developers, scaled: what it costs on the disk, of the processors and of memory. One JSON object.

SALLYPORT_PROGRAM=… python3 -B test/bench/day.py [DEVELOPERS, 25]

A developer has eight conversations a day of fifty turns. A turn sends the whole conversation (tools and system prompt, 24 KB, and what it grew
by: a result of a tool with real code, 4 to 12 KB, and a message), so that it ends at about 470 KB; the answer is streamed in 200 events. Bodies of
requests and answers are kept. Every developer has a key of their own."""

import concurrent.futures
import json
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))

import bodies as prose  # noqa: E402  (of this folder, which comes first)
import dialects  # noqa: E402
import figures  # noqa: E402
import rig  # noqa: E402

CONVERSATIONS, TURNS, COMPANY = 8, 50, 5_000
SITE = "git.acme.example/web/site"


def real_code():
    """Code as tools read it: this checkout's, and what Debian's Python brings."""
    root = Path(__file__).resolve().parents[2]
    files = sorted([*root.glob("src/**/*.cpp"), *root.glob("test/**/*.py"), *Path("/usr/lib/python3.11").glob("*.py")])
    return "\n".join(path.read_text(encoding="utf8", errors="replace") for path in files)


def converse(gateway, key, seed, code):
    """One conversation; the bytes that were sent and that came."""
    chance = random.Random(seed)
    start = json.loads(prose.conversation(24_000, "vendor:events(200)", seed=seed))
    messages, sent, came = [], 0, 0
    for turn in range(TURNS):
        at = chance.randrange(len(code) - 12_000)
        result = {"type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": code[at:at + chance.randrange(4_000, 12_000)]}
        text = {"type": "text", "text": "vendor:events(200) " + prose._prose(chance, 300)}
        messages.append({"role": "user", "content": [result, text] if turn else [text]})
        body = json.dumps(start | {"messages": messages}, ensure_ascii=False).encode()
        answer = gateway.ask("POST", "/v1/messages", dialects.ANTHROPIC.fields(key, SITE), body)
        assert answer.status == 200, answer.body[:300]
        messages.append({"role": "assistant", "content": [{"type": "text", "text": prose._prose(chance, 200)}, {
            "type": "tool_use", "id": f"toolu_{turn + 1}", "name": "Read", "input": {"file_path": f"src/{chance.randrange(400)}.py"}}]})
        sent, came = sent + len(body), came + len(answer.body)
    return sent, came


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    developers = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    code = real_code()
    policy = rig.POLICY | {"bodies": {"open-source": "90d", "internal": "90d", "customer": "90d"}}
    with rig.stack(policy=policy) as (_, gateway):
        keys = [gateway.issue(f"developer-{n}")["key"] for n in range(developers)]
        before, begun = figures.cpu_ns(gateway.process.pid), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda n: converse(gateway, keys[n // CONVERSATIONS], n, code), range(developers * CONVERSATIONS)))
        time.sleep(1.5)  # what is written after the last answer counts as well
        cpu, seconds = figures.cpu_ns(gateway.process.pid) - before, time.monotonic() - begun
        rss, most = figures.rss_mb(gateway.process.pid), figures.rss_mb(gateway.process.pid, "VmHWM")
        gateway.stop()
        data = gateway.folder / "data"
        disk = {name: size(data / name) for name in ("ledger", "bodies")}
        exchanges, sent, came = developers * CONVERSATIONS * TURNS, sum(s for s, _ in done), sum(c for _, c in done)
        scale = COMPANY / developers
        print(json.dumps({
            "developers": developers, "exchanges": exchanges, "sent_mb": round(sent / 1e6), "came_mb": round(came / 1e6),
            "seconds": round(seconds), "cpu_ms_per_exchange": round(cpu / 1e6 / exchanges, 3), "rss_mb": round(rss), "rss_most_mb": round(most),
            "disk_mb": {name: round(count / 1e6, 1) for name, count in disk.items()},
            "company": {"developers": COMPANY, "exchanges": round(exchanges * scale), "sent_gb": round(sent * scale / 1e9),
                        "disk_gb": {name: round(count * scale / 1e9, 2) for name, count in disk.items()},
                        "cpu_hours": round(cpu * scale / 3.6e12, 2)}}))


if __name__ == "__main__":
    main()

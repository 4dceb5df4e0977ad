#!/usr/bin/env python3
"""How well secrets are found: recall and precision on labelled texts, by confidence, and what was missed.

  test/detection/measure.py [--program build/release/detect] [--json] [--misses]

Two halves from different seeds, the second with other places to put a secret in, which nothing was tuned on. Writes the rows to
build/reports/detection.json. Exit code 0 whatever the figures are, 4 where the program does not run.
"""

import argparse
import collections
import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import lines  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SURE = ("medium", "high")


def detect(program, texts):
    done = subprocess.run([program], input=b"".join(text.encode() + b"\0" for text in texts), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program}: {done.stderr.decode()}")
    for line in done.stdout.decode().splitlines():
        yield [(one.split()[0], one.split()[1], int(one.split()[2]), int(one.split()[3])) for one in line.split(",") if one]


def measure(program, labelled, name, rows, misses):
    found_by = {"high": 0, "sure": 0, "any": 0}
    false_by = {"high": 0, "sure": 0, "any": 0}
    positives = negatives = 0
    per_kind = collections.Counter()
    for (kind, text, secret), found in zip(labelled, detect(program, [text for _, text, _ in labelled])):
        levels = {"high": [one for one in found if one[0] == "high"], "sure": [one for one in found if one[0] in SURE], "any": found}
        if secret is None:
            negatives += 1
            for level, ones in levels.items():
                false_by[level] += bool(ones)
            if levels["sure"]:
                misses.append((name, "false", kind, f"{levels['sure'][0][1]}: {text[:120]!r}"))
            continue
        positives += 1
        at = len(text.encode()[:text.encode().find(secret.encode())])
        for level, ones in levels.items():
            found_by[level] += any(begin < at + len(secret.encode()) and at < end for _, _, begin, end in ones)
        if not any(begin < at + len(secret.encode()) and at < end for _, _, begin, end in levels["sure"]):
            per_kind[kind] += 1
            misses.append((name, "missed", kind, repr(text[:120])))
    for level in ("high", "sure", "any"):
        true, false = found_by[level], false_by[level]
        goal = 0.95 if level == "sure" else None
        rows.append({"name": f"secrets.{name}.recall.{level}", "value": true / positives, "unit": "", "goal": goal, "against": None})
        rows.append({"name": f"secrets.{name}.precision.{level}", "value": true / max(true + false, 1), "unit": "", "goal": goal, "against": None})
    rows.append({"name": f"secrets.{name}.texts", "value": positives + negatives, "unit": "", "goal": 3000, "against": None})
    return per_kind


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/detect")
    parser.add_argument("--report", type=Path, default=ROOT / "build/reports/detection.json")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true", help="print what was missed and what was found wrongly")
    arguments = parser.parse_args()
    rows, misses = [], []
    for name, seed, held_out in (("seen", 1, False), ("held-out", 20261127, True)):
        measure(arguments.program, lines.labelled(seed, held_out), name, rows, misses)
    if arguments.misses:
        for row, count in collections.Counter((half, what, kind) for half, what, kind, _ in misses).most_common():
            print(count, *row, next(text for half, what, kind, text in misses if (half, what, kind) == row))
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(json.dumps(row) if arguments.json else f"{row['name']:40} {row['value']:10.4g} {'>= ' + str(row['goal']) if row['goal'] else ''}")


if __name__ == "__main__":
    main()

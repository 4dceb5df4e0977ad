#!/usr/bin/env python3
"""Whether a ledger of ten million entries still starts in 2 s, and `ledger left` over it answers in 1 s. Needs some 15 GB for a while.

    python3 -B test/bench/ten_million.py PROGRAMS [FOLDER [MILLIONS]]    PROGRAMS: where ledger_bench and index_bench were built

Prints what was measured; exit code 1 when one of the two took longer.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

START_SECONDS_MAX, LEFT_MS_MAX = 2, 1000
HOURS_MAX = 3


def measured(program, folder, millions):
    done = subprocess.run([program, folder, str(millions)], stdout=subprocess.PIPE, text=True, check=True, timeout=HOURS_MAX * 3600)
    print(done.stdout.strip(), flush=True)
    return json.loads(done.stdout)


def main():
    programs = Path(sys.argv[1])
    millions = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else "/var/tmp") as folder:
        started = measured(programs / "ledger_bench", folder, millions)
        asked = measured(programs / "index_bench", folder, millions)
    slow = [f"start took {started['start_s']} s"] if started["start_s"] > START_SECONDS_MAX else []
    slow += [f"{name} took {value} ms" for name, value in asked.items() if name.startswith("left_") and name.endswith("_ms") and value > LEFT_MS_MAX]
    print("; ".join(slow) or f"within {START_SECONDS_MAX} s and {LEFT_MS_MAX} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the kernel says of a process and its children, and the figures that a run ends in."""

import json
import statistics
from pathlib import Path


class Invalid(Exception):
    """The run measured nothing that counts: a program did not start, a request failed, an answer was wrong."""


def tree(pid):
    """The process and all its descendants."""
    pids = [pid]
    for known in pids:
        for task in Path(f"/proc/{known}/task").glob("*/children"):
            pids += [int(child) for child in task.read_text().split()]
    return pids


def cpu_ns(pid):
    """Nanoseconds on a processor, of all threads of the process and its children (Documentation/scheduler/sched-stats)."""
    return sum(int(task.read_text().split()[0])
               for process in tree(pid) for task in Path(f"/proc/{process}/task").glob("*/schedstat"))


def thread_ns(pid, name):
    """Nanoseconds on a processor of the threads of that name."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name)


def rss_mb(pid, field="VmRSS"):
    """Resident megabytes (2^20) of the process and its children; VmHWM is the most it ever was."""
    kilobytes = 0
    for process in tree(pid):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


class Figures:
    """The rows of one run, in the order measured. A goal is the most that is wanted; there may be none."""

    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, goal=None, against=None):
        self.rows.append({"name": name, "value": round(value, 4), "unit": unit, "goal": goal, "against": against})

    def add_ratio(self, name, ours, theirs, goal, against):
        """The median of the ratios round by round, with its range: what a busy machine does to both stays out of it."""
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        self.add(f"{name}.ratio.{against}", statistics.median(ratios), "x", goal, against)
        self.add(f"{name}.ratio.{against}.min", min(ratios), "x", None, against)
        self.add(f"{name}.ratio.{against}.max", max(ratios), "x", None, against)

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=1) + "\n")

    def table(self):
        """For people: a line per figure; the range of a ratio stands behind it."""
        by_name = {row["name"]: row for row in self.rows}
        lines = [f"{'figure':<46} {'value':>10} {'unit':<12} {'range':<15} {'goal':>7}"]
        for row in self.rows:
            name = row["name"]
            if name.endswith((".min", ".max")) and name[:-4] in by_name:
                continue
            low, high = by_name.get(name + ".min"), by_name.get(name + ".max")
            between = f"{low['value']:.2f} to {high['value']:.2f}" if low and high else ""
            goal = "" if row["goal"] is None else f"<= {row['goal']:g}"
            missed = row["goal"] is not None and row["value"] > row["goal"]
            lines.append(f"{name:<46} {shown(row['value']):>10} {row['unit']:<12} {between:<15} {goal:>7}"
                         f"{'  above' if missed else ''}".rstrip())
        return "\n".join(lines)


def shown(value):
    """Four digits are enough for anything measured here."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

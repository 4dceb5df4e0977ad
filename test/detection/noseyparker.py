#!/usr/bin/env python3
"""What share of noseyparker's own examples our rules find: a set that was not made by us and that nothing is tuned on.

  test/detection/noseyparker.py GIT_DIRECTORY [--program build/release/detect] [--misses]

GIT_DIRECTORY is a clone of github.com/praetorian-inc/noseyparker (Apache-2.0). An example counts as found if any rule of ours finds something in
it. Its negative examples are texts in which that one rule must not match; whether something else is in them, it does not say.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml

sys.dont_write_bytecode = True
from measure import ROOT, SURE, detect  # noqa: E402


def git(directory, *arguments):
    return subprocess.run(["git", "-C", directory, *arguments], capture_output=True, text=True, check=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/detect")
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    examples, negatives = [], []
    for path in git(arguments.directory, "ls-tree", "-r", "--name-only", "HEAD").splitlines():
        if "/builtin/rules/" not in path or not path.endswith(".yml"):
            continue
        for rule in yaml.safe_load(git(arguments.directory, "show", f"HEAD:{path}"))["rules"]:
            examples += [(rule["id"], text) for text in rule.get("examples") or []]
            negatives += [(rule["id"], text) for text in rule.get("negative_examples") or []]
    commit = git(arguments.directory, "rev-parse", "HEAD").strip()
    print(f"noseyparker {commit}: {len({rule for rule, _ in examples})} rules with {len(examples)} examples, {len(negatives)} negative ones")
    missed = []
    for level, allowed in (("any confidence", ("low", *SURE)), ("medium or high", SURE), ("high", ("high",))):
        counts = []
        for texts in (examples, negatives):
            found = [any(one[0] in allowed for one in ones) for ones in detect(arguments.program, [text for _, text in texts])]
            counts.append(sum(found))
            if texts is examples and allowed == SURE:
                missed = [one for one, hit in zip(examples, found) if not hit]
        print(f"  {level:16} found in {counts[0]}/{len(examples)} = {counts[0] / len(examples):.3f} of the examples, in {counts[1]}/{len(negatives)} of the negative ones")
    if arguments.misses:
        for rule, text in missed:
            print(rule, repr(text[:140]))


if __name__ == "__main__":
    main()

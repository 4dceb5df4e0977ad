#!/usr/bin/env python3
"""How often ordinary work is taken for the company's: conversations about code that is not, while an index of the company's is loaded.

  test/detection/raises.py --company DIRECTORY… --public DIRECTORY… --ordinary DIRECTORY… [--conversations 10000] [--seed 1]

Each DIRECTORY is a tree of source. Those of the company are indexed as trade-secret, the public ones as open-source, one repository each; a
conversation claims an internal repository and holds one to four files of one ordinary tree, whole or in part, the way clients show them.
A real gateway judges it. Whatever it attributes is told; whether it was wrong is for a reader: code that stands in both is found rightly.
"""

import argparse
import collections
import json
import os
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/e2e"))
import dialects  # noqa: E402
import programs  # noqa: E402

SITE = "git.acme.example/web/site"
COMPANY, PUBLIC = "git.acme.example/core/", "public.example/"
FILE_BYTES = (200, 400_000)
SHOWN_LINES_MAX = 400
POLICY = {
    "version": 1,
    "repositories": [{"match": COMPANY + "**", "class": "trade-secret"}, {"match": PUBLIC + "**", "class": "open-source"},
                     {"match": SITE, "class": "internal"}],
    "unknown_repository": "internal", "claims_lower_to": "internal",
    "clients": {one.client: {} for one in dialects.ALL},
    "upstreams": {"sim": {"vendor": "sim", "hosting": "vendor"}},
    "rules": [{"id": "site", "when": {"class": ["internal", "open-source"]}, "allow": {"upstreams": ["sim"]}}],
}


def files_of(tree):
    found = []
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder) / name
            if not path.is_symlink() and path.is_file() and FILE_BYTES[0] <= path.stat().st_size <= FILE_BYTES[1]:
                found.append(path)
    return sorted(found)


def shown(rng, text):
    """Whole or in part, with line numbers in one of the ways of the clients."""
    lines = text.splitlines()
    count = rng.choice((20, 60, 200, SHOWN_LINES_MAX))
    first = rng.randrange(max(1, len(lines) - count + 1))
    style = rng.choice(("{1}", "{0}\t{1}", "{0:6}→{1}", "{0:05}| {1}"))
    return "\n".join(style.format(number, line) for number, line in enumerate(lines[first:first + count], first + 1))


def conversation(rng, dialect, trees):
    """Its body, and of which files it is."""
    tree = rng.choice(trees)
    texts, named = [], []
    while not texts or (len(texts) < 4 and rng.random() < 0.4):
        path = rng.choice(tree)
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        texts.append(f"<file path=\"{path.name}\">\n{shown(rng, text)}\n</file>")
        named.append(str(path))
    body = dialect.request(f"conversation {rng.random()}: look at\n" + "\n".join(texts))
    return json.dumps(body, ensure_ascii=rng.random() < 0.5).encode(), named


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--company", type=Path, nargs="+", required=True)
    parser.add_argument("--public", type=Path, nargs="*", default=[])
    parser.add_argument("--ordinary", type=Path, nargs="+", required=True)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trees = [files for files in map(files_of, options.ordinary) if files]
    with tempfile.TemporaryDirectory(prefix="sallyport-raises-") as folder:
        vendor = programs.Vendor(folder, save=False)
        gateway = programs.Gateway(folder, {"sim": vendor.url}, POLICY)
        gateway.key = gateway.issue()["key"]
        for where, trees_of in ((COMPANY, options.company), (PUBLIC, options.public)):
            for tree in trees_of:
                gateway.run("repo", "index", str(tree), "--name", where + "-".join(tree.parts[-2:]), "--config", "sallyport.yaml")
        gateway.start()
        try:
            asked = ask(gateway, trees, options)
        finally:
            problems = [one.stop() for one in (gateway, vendor)]
        assert not any(problems), problems
        report(gateway, *attributed(gateway, asked, options.conversations), asked)


def ask(gateway, trees, options):
    """exchange -> (files, answer's status)"""
    rng = random.Random(options.seed)

    def one(seed):
        own = random.Random(seed)
        dialect = own.choice(dialects.ALL)
        body, named = conversation(own, dialect, trees)
        answer = gateway.ask("POST", dialect.target(), dialect.fields(gateway.key, SITE), body)
        return answer.exchange, named, answer.status, len(body)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, [rng.random() for _ in range(options.conversations)]))
    print(f"{len(done)} conversations, {sum(row[3] for row in done) / 1e6:.0f} MB, statuses "
          f"{dict(collections.Counter(row[2] for row in done))}")
    return {exchange: named for exchange, named, _, _ in done}


def attributed(gateway, asked, wanted):
    """Exchanges in which something was found to be the company's: all of them, and those in which it was acted on."""
    found, acted, seen = set(), set(), 0
    for _, entry in gateway.each_entry_on_disk():
        if entry["kind"] not in ("intent", "refusal") or entry["exchange"] not in asked:
            continue
        seen += 1
        if entry["request"].get("sources"):
            found.add(entry["exchange"])
        if entry["plan"]["decision"] != "allow" or entry["plan"]["class"] != "internal":
            acted.add(entry["exchange"])
    assert seen >= wanted, f"{seen} of {wanted} exchanges are in the ledger"
    return found, acted


def report(gateway, found, acted, asked):
    print(f"attributed to the company: {len(found)} of {len(asked)}, acted on: {len(acted)}")
    for exchange in sorted(acted):
        for file in asked[exchange]:
            told = gateway.run("repo", "search", file, "--json", "--config", "sallyport.yaml", code=None)
            for row in map(json.loads, told.splitlines()):
                if row["common"] != "none" or row["class"] != "trade-secret" or row["characters"] < 120:
                    continue
                text = Path(file).read_text().splitlines()[row["text_first_line"] - 1:row["text_last_line"]]
                print(f"{file}:{row['text_first_line']} is {row['repository']} {row['file']}:{row['first_line']}-{row['last_line']}, "
                      f"{row['characters']} characters{'' if row['verbatim'] else ', reworked'}: {' '.join(' '.join(text).split())[:150]}")


if __name__ == "__main__":
    main()

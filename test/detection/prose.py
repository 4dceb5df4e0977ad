#!/usr/bin/env python3
"""What is found in ordinary texts where nothing is hidden: by rule, confidence and script.

  test/detection/prose.py DIRECTORY… [--program build/release/detect] [--show RULE]

Every file of text is read; a file's script is that of most of its letters. Whether a finding is wrong is for a reader: --show prints what
stands around those of a rule.
"""

import argparse
import collections
import os
import sys
import unicodedata
from pathlib import Path

sys.dont_write_bytecode = True
from measure import ROOT, detect  # noqa: E402

HIDDEN = {"zero-width", "tags", "variation-selectors", "bidi", "filler", "odd-space", "private-use", "look-alike-letter",
          "look-alike-apostrophe", "look-alike-punctuation", "lone-surrogate", "broken-utf8"}
PIECE_CHARACTERS = 200_000
LOOKED_AT = 2_000


def script_of(text):
    counts = collections.Counter(unicodedata.name(c, "?").split()[0] for c in text[:LOOKED_AT] if c.isalpha())
    return counts.most_common(1)[0][0] if counts else "NONE"


def pieces(directories):
    for directory in directories:
        for folder, _, names in os.walk(directory):
            for name in sorted(names):
                try:
                    text = (Path(folder) / name).read_text()
                except (UnicodeDecodeError, OSError):
                    continue
                for at in range(0, len(text), PIECE_CHARACTERS):
                    yield f"{folder}/{name}", text[at:at + PIECE_CHARACTERS].replace("\0", " ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", metavar="DIRECTORY")
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/detect")
    parser.add_argument("--show", default="")
    options = parser.parse_args()
    found, sizes, where = collections.Counter(), collections.Counter(), collections.Counter()
    batch = []

    def look():
        for (name, text), ones in zip(batch, detect(options.program, [text for _, text in batch])):
            script, data = script_of(text), text.encode()
            sizes[script] += len(data)
            for confidence, rule, begin, end in ones:
                if rule not in HIDDEN and not rule.startswith("client-marker"):
                    continue
                found[script, rule, confidence] += 1
                where[name, rule, confidence] += 1
                if rule == options.show:
                    print(f"{name}: {data[max(0, begin - 40):begin].decode(errors='ignore')!r} "
                          f"[{ascii(data[begin:end].decode(errors='replace'))[:120]}] {data[end:end + 40].decode(errors='ignore')!r}")
        batch.clear()

    for piece in pieces(options.directories):
        batch.append(piece)
        if sum(len(text) for _, text in batch) > 20_000_000:
            look()
    look()
    for script, size in sizes.most_common():
        if size < 100_000:
            continue
        rows = {f"{rule} {confidence}": count for (s, rule, confidence), count in sorted(found.items()) if s == script}
        print(f"{size / 1e6:7.1f} MB {script:12} {rows or 'nothing'}")
    totals = collections.Counter()
    for (_, _, confidence), count in found.items():
        totals[confidence] += count
    print(f"{sum(sizes.values()) / 1e6:.1f} MB in {sum(size >= 100_000 for size in sizes.values())} scripts: {dict(totals)}")
    for (name, rule, confidence), count in where.most_common(20):
        print(f"{count:6} {rule} {confidence} {name}")


if __name__ == "__main__":
    main()

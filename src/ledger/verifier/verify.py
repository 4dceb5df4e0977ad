#!/usr/bin/env python3
"""Checks a bundle of ledger entries, offline, with Python's standard library alone.

    python3 verify.py [--key VKEY]... [--json] BUNDLE.tar

What must hold is in docs/formats/bundle.md; the same is done by `sallyport ledger verify BUNDLE.tar`. Keys that you pass with
--key are believed; without them those that the bundle brings along are used, which shows only that it is whole in itself: compare
the keys that are printed with those that you have from elsewhere. Exit code 0: all holds, 1: it does not, 2: wrong use, 4: it cannot
be judged (no plain file, more than 2 GiB, a --key that is none).
"""

import argparse
import base64
import hashlib
import json
import os
import re
import stat
import sys

BUNDLE_MAX, PART_MAX = 1 << 31, 1 << 30
KEYS_MAX, EARLIER_MAX = 1000, 64  # so that a small bundle costs its reader little: no key is asked about a signature twice
NOTE_MAX, SIGNATURES_MAX, HASHES_MAX, SIZE_MAX = 1 << 20, 100, 63, (1 << 64) - 1
DASH = b"\xe2\x80\x94 "
SPACES = re.compile(r"[\x00-\x20\x7f+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")  # in no name
LOG, WITNESS = 1, 4  # algorithm bytes of signed notes: Ed25519, a cosignature with a time


class Wrong(Exception):
    """`word` says what kind of problem it is, in the words of docs/formats/bundle.md."""

    def __init__(self, word, part, sentence):
        super().__init__(f"{part}: {sentence}")
        self.word, self.part = word, part


# Ed25519, RFC 8032 section 5.1 (verification only; slow, which does not matter for a handful of signatures).

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point, other_scalar=0, other=(0, 1, 1, 0)):
    """scalar * point + other_scalar * other, both in one pass."""
    table, out = (None, point, other, add(point, other)), (0, 1, 1, 0)
    for bit in range(max(scalar.bit_length(), other_scalar.bit_length()) - 1, -1, -1):
        out = add(out, out)
        which = (scalar >> bit & 1) | (other_scalar >> bit & 1) << 1
        if which:
            out = add(out, table[which])
    return out


def point_of(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def text_of(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return ((y * inverse % P) | ((x * inverse % P) & 1) << 255).to_bytes(32, "little")


def signature_holds(public, message, signature):
    point = point_of(public) if len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if point is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    x, y, z, t = point
    return text_of(times(s, BASE, h, (P - x, y, z, P - t))) == signature[:32]


# Signed notes, checkpoints, proofs.

def unbase64(text):
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return value if base64.b64encode(value) == text else None


def decimal(text):
    if not re.fullmatch(rb"0|[1-9][0-9]{0,19}", text) or int(text) > SIZE_MAX:
        return None
    return int(text)


def is_utf8(text):
    try:
        return text.decode() is not None
    except UnicodeDecodeError:
        return False


def is_name(name):
    return bool(name) and is_utf8(name) and not SPACES.search(name.decode())


class Key:
    def __init__(self, text):
        parts = text.split(b"+", 2)
        value = unbase64(parts[2]) if len(parts) == 3 else None
        if not value or len(value) != 33 or value[0] not in (LOG, WITNESS) or not is_name(parts[0]):
            raise ValueError("is no verifier key (name+id+base64 of an Ed25519 key)")
        self.text, self.name, self.algorithm, self.public = text, parts[0], value[0], value[1:]
        self.id = hashlib.sha256(parts[0] + b"\n" + value).digest()[:4]
        if self.id.hex().encode() != parts[1]:
            raise ValueError("has an id that does not belong to its name and key")
        if point_of(self.public) is None:
            raise ValueError("holds 32 bytes that are no Ed25519 public key (RFC 8032, section 5.1.3)")

    def signed(self, text, signature):
        if self.algorithm == LOG:
            return signature_holds(self.public, text, signature)
        if len(signature) != 72:
            return False
        stamp = int.from_bytes(signature[:8], "big")
        return stamp < 1 << 63 and signature_holds(self.public, b"cosignature/v1\ntime %d\n" % stamp + text, signature[8:])


def read_note(note, part):
    def bad(sentence):
        return Wrong("note", part, sentence)

    if len(note) > NOTE_MAX or any(c < 0x20 and c != 0x0A for c in note):
        raise bad("is too large for a signed note or holds a control character")
    if not is_utf8(note):
        raise bad("is not UTF-8")
    split = note.rfind(b"\n\n")
    if split < 0 or not note.endswith(b"\n"):
        raise bad("has no empty line before its signatures")
    signatures = []
    for line in note[split + 2:].split(b"\n")[:-1]:
        name, space, value = line[len(DASH):].partition(b" ")
        value = unbase64(value) if line.startswith(DASH) and space else None
        if not value or not is_name(name) or len(value) <= 4 or len(signatures) == SIGNATURES_MAX:
            raise bad("has a damaged signature line, or more than 100")
        signatures.append((name, value[:4], value[4:]))
    if not signatures:
        raise bad("has no signature")
    return note[:split + 1], signatures


def read_hash(text):
    value = unbase64(text)
    return value if value is not None and len(value) == 32 else None


class Checkpoint:
    def __init__(self, note, part):
        self.note, self.part = note, part
        self.text, self.signatures = read_note(note, part)
        lines = self.text.split(b"\n")
        if len(lines) != 4 or not lines[0] or decimal(lines[1]) is None or read_hash(lines[2]) is None:
            raise Wrong("checkpoint", part, "is not three lines: origin, size, root")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), read_hash(lines[2])
        if self.size == 0 and self.root != hashlib.sha256().digest():
            raise Wrong("checkpoint", part, "is of no entries and has not their root")

    def check_signatures(self, keys):
        """The names of the witnesses who signed; the log itself must have."""
        names, seen = set(), set()
        for name, number, signature in self.signatures:
            if (name, number, signature) in seen:  # the same one again costs nothing
                continue
            seen.add((name, number, signature))
            for key in keys:
                if key.name != name or key.id != number:
                    continue
                if not key.signed(self.text, signature):
                    raise Wrong("signature", self.part, f"the signature by {show(name)} is not of this text")
                names.add((key.algorithm, name))
        if (LOG, self.origin) not in names:
            raise Wrong("signature", self.part, f"is signed by none of the known keys of {show(self.origin)}")
        return sorted(name for algorithm, name in names if algorithm == WITNESS)


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def included(index, size, hash_, proof, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    place, last = index, size - 1
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            hash_ = node(other, hash_)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hash_ = node(hash_, other)
        place, last = place >> 1, last >> 1
    return last == 0 and hash_ == root


def consistent(old, new, proof):
    """RFC 9162 section 2.1.4.2; the empty log begins every other."""
    if old.size > new.size:
        return False
    if old.size == 0 or old.size == new.size:
        return not proof and (old.size != new.size or old.root == new.root)
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if old.size & (old.size - 1):
        if not proof:
            return False
        old_hash, proof = proof[0], proof[1:]
    else:
        old_hash = old.root
    hash_ = old_hash
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_hash, hash_ = node(other, old_hash), node(other, hash_)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hash_ = node(hash_, other)
        place, last = place >> 1, last >> 1
    return last == 0 and old_hash == old.root and hash_ == new.root


def read_hashes(text, part):
    """Lines of hashes up to an empty one, and what is behind it."""
    hashes = []
    while True:
        line, newline, text = text.partition(b"\n")
        if newline and not line:
            return hashes, text
        hash_ = read_hash(line) if newline else None
        if hash_ is None or len(hashes) == HASHES_MAX:
            raise Wrong("proof", part, "has lines that are not at most 63 hashes and an empty line")
        hashes.append(hash_)


# The bundle: a tar file written in one way only, so that there is one reading of it.

NAME = re.compile(rb"bodies/(0|[1-9][0-9]{0,19})\.(?:request|response)|checkpoint"
                  rb"|earlier/(0|[1-9][0-9]{0,19})\.(?:checkpoint|consistency)"
                  rb"|entries/(0|[1-9][0-9]{0,19})\.(?:json|tlog-proof)|keys|page\.html|parts\.sha256|verify\.py")


def is_part_name(name):
    match = NAME.fullmatch(name)
    return match is not None and all(number is None or decimal(number) is not None for number in match.groups())


def header(name, size):
    out = bytearray(512)
    out[0:len(name)] = name
    out[100:108], out[108:116], out[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    out[124:136], out[136:148] = b"%011o\0" % size, b"00000000000\0"
    out[148:156], out[156:157], out[257:265] = b"        ", b"0", b"ustar\x0000"
    out[148:156] = b"%06o\0 " % sum(out)
    return bytes(out)


def read_tar(data):
    parts, at = {}, 0
    while True:
        block = data[at:at + 512]
        if len(block) < 512:
            raise Wrong("tar", "bundle", "ends before its last two blocks of zeros")
        if not any(block):
            break
        name, number = block[:100].rstrip(b"\0"), block[124:135]
        if not is_part_name(name):
            raise Wrong("tar", "bundle", f"holds a part that none has, at byte {at}")
        size = int(number, 8) if re.fullmatch(rb"[0-7]{11}", number) else PART_MAX + 1
        if size > PART_MAX or header(name, size) != block:
            raise Wrong("tar", show(name), "has a head that is not written as bundles are")
        if parts and name <= next(reversed(parts)):
            raise Wrong("tar", show(name), "is not in its place")
        end = at + 512 + size
        padding = -size % 512
        if len(data) < end + padding or any(data[end:end + padding]):
            raise Wrong("tar", show(name), "is cut off or is not filled with zeros")
        parts[name] = data[at + 512:end]
        at = end + padding
    if data[at:] != bytes(1024):
        raise Wrong("tar", "bundle", "does not end with two blocks of zeros")
    return parts


def show(name):
    """Names are UTF-8: what is read above holds no others."""
    return name.decode()


def printable(text):
    """For a terminal: nothing that steers it."""
    return text.encode("ascii", "backslashreplace").decode()


def check_earlier(parts, name, checkpoint, keys):
    stem = name[:-len(b".checkpoint")]
    old = Checkpoint(parts[name], show(name))
    old.check_signatures(keys)
    hashes, rest = read_hashes(parts.get(stem + b".consistency", b""), show(stem) + ".consistency")
    if rest or old.origin != checkpoint.origin or stem != b"earlier/%d" % old.size:
        raise Wrong("consistency", show(name), "is of another log, or its proof has more than hashes")
    if not consistent(old, checkpoint, hashes):
        raise Wrong("consistency", show(name), "is not the beginning of what the newer checkpoint tells of")
    return old.size


def check_entry(parts, name, checkpoint):
    part = show(name[:-len(b".json")] + b".tlog-proof")
    text = parts.get(part.encode(), b"")
    first, _, text = text.partition(b"\n")
    line, newline, text = text.partition(b"\n")
    index = decimal(line[6:]) if newline and line.startswith(b"index ") else None
    if first != b"c2sp.org/tlog-proof@v1" or index is None or name != b"entries/%d.json" % index:
        raise Wrong("proof", part, "is not the proof of this entry")
    hashes, rest = read_hashes(text, part)
    if rest != checkpoint.note:
        raise Wrong("proof", part, "is for another checkpoint than the bundle's")
    if not included(index, checkpoint.size, leaf(parts[name]), hashes, checkpoint.root):
        raise Wrong("entry", show(name), "is not what was recorded there")
    return index


def check_body(parts, name):
    """Against the digest in the entry, which was proven before."""
    number, _, which = name[len(b"bodies/"):].partition(b".")
    entry = parts.get(b"entries/" + number + b".json")
    if entry is None:
        raise Wrong("body", show(name), "belongs to no entry of the bundle")
    member = "sent" if which == b"request" else "answer"
    digest = hashlib.sha256(parts[name]).hexdigest()
    # Entries are canonical JSON: there is one way to write this, and a text within one cannot hold its quotes.
    if f'"{member}":{{"bytes":{len(parts[name])},"digest":"sha256:{digest}"'.encode() not in entry:
        raise Wrong("body", show(name), "is not the one whose digest was recorded")


def read_keys(text, trusted):
    """Those to believe, each once."""
    lines = text.split(b"\n")[:-1]
    if not text.endswith(b"\n") or len(lines) > KEYS_MAX:
        raise Wrong("key", "keys", "does not end with a newline, or has more than 1,000 lines")
    brought = {}
    try:
        for line in lines:
            key = Key(line)
            if brought.setdefault((key.name, key.id), key).text != key.text:
                raise ValueError("is of another key's name and id")
    except ValueError as problem:
        raise Wrong("key", "keys", f"a line {problem}") from None
    believed = {}
    for key in trusted:
        believed.setdefault((key.name, key.id), key)
    return list((believed or brought).values())


def verify(data, trusted):
    parts = read_tar(data)
    for needed in (b"checkpoint", b"keys", b"page.html", b"parts.sha256", b"verify.py"):
        if needed not in parts:
            raise Wrong("tar", show(needed), "is missing")
    sums = b"".join(hashlib.sha256(text).hexdigest().encode() + b"  " + name + b"\n"
                    for name, text in parts.items() if name != b"parts.sha256")
    if parts[b"parts.sha256"] != sums:
        raise Wrong("sum", "parts.sha256", "does not hold the sums of the parts; the bundle is damaged")
    keys = read_keys(parts[b"keys"], trusted)
    checkpoint = Checkpoint(parts[b"checkpoint"], "checkpoint")
    witnesses = checkpoint.check_signatures(keys)
    names = list(parts)
    if sum(name.endswith(b".checkpoint") for name in names) > EARLIER_MAX:
        raise Wrong("consistency", "bundle", "holds more than 64 earlier checkpoints")
    earlier = [check_earlier(parts, name, checkpoint, keys) for name in names if name.endswith(b".checkpoint")]
    entries = [check_entry(parts, name, checkpoint) for name in names if name.endswith(b".json")]
    for name in names:
        twin = name.replace(b".tlog-proof", b".json").replace(b".consistency", b".checkpoint")
        if twin not in parts:
            raise Wrong("proof", show(name), "proves nothing that is in the bundle")
        if name.startswith(b"bodies/"):
            check_body(parts, name)
    return {"origin": show(checkpoint.origin), "size": checkpoint.size, "entries": sorted(entries), "earlier": sorted(earlier),
            "witnesses": [show(name) for name in witnesses], "keys": [show(key.text) for key in keys], "keys_trusted": bool(trusted),
            "unproven": ["page.html", "verify.py"]}


def read_bundle(path):
    """The whole of it; not to wait for a writer where somebody put a pipe in its place, nor to read what is no bundle by its size."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode, size = os.fstat(file).st_mode, os.fstat(file).st_size
    is_named_pipe = stat.S_ISFIFO(mode) and os.path.lexists(os.path.realpath(path))  # not <(...)
    if is_named_pipe or stat.S_ISDIR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise ValueError(f"{path} is no plain file")
    os.set_blocking(file, True)
    with open(file, "rb") as opened:
        data = opened.read(BUNDLE_MAX + 1) if size <= BUNDLE_MAX else None
    if data is None or len(data) > BUNDLE_MAX:
        raise ValueError(f"{path} is larger than {BUNDLE_MAX} bytes")
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--key", action="append", default=[], help="a verifier key that you trust")
    parser.add_argument("--json", action="store_true", help="print an object")
    options = parser.parse_args()
    try:
        trusted = [Key(text.encode()) for text in options.key]
        data = read_bundle(options.bundle)
    except (OSError, ValueError) as problem:
        print(f"verify: {printable(str(problem))}", file=sys.stderr)
        return 4
    try:
        found = {"ok": True, **verify(data, trusted)}
    except Wrong as wrong:
        found = {"ok": False, "problem": wrong.word, "part": wrong.part, "sentence": str(wrong)}
    print(json.dumps(found, sort_keys=True) if options.json else printable(sentences(found)))
    return 0 if found["ok"] else 1


UNPROVEN = "The page (page.html) and the script (verify.py) in the bundle are not part of what is proven."


def sentences(found):
    if not found["ok"]:
        return f"DOES NOT HOLD ({found['problem']}): {found['sentence']}"
    return "\n".join((
        f"All holds: {len(found['entries'])} entries of {found['origin']}, which had {found['size']} at this checkpoint.",
        *(f"The log of {size} entries is its beginning." for size in found["earlier"]),
        UNPROVEN,
        f"Witnesses: {', '.join(found['witnesses']) or 'none'}",
        f"Keys {'that you passed' if found['keys_trusted'] else 'of the bundle itself; compare them with what you know'}:",
        *(f"  {key}" for key in found["keys"])))


if __name__ == "__main__":
    sys.exit(main())

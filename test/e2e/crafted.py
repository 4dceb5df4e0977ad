"""Bundles as somebody writes them who knows the format, and the verifier that bundles bring along."""

import base64
import functools
import hashlib
import importlib.util
from pathlib import Path

VERIFIER = Path(__file__).resolve().parents[2] / "src/ledger/verifier/verify.py"


def verifier():
    """The verifier that bundles bring along, as a module; signatures are remembered, since it is slow at them."""
    spec = importlib.util.spec_from_file_location("bundle_verifier", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.signature_holds = functools.lru_cache(None)(module.signature_holds)
    return module


def build(module, parts, sums=True):
    """A bundle of these parts, as somebody who knows the format would write it."""
    parts = dict(sorted(parts.items()))
    if sums:
        parts[b"parts.sha256"] = b"".join(hashlib.sha256(text).hexdigest().encode() + b"  " + name + b"\n"
                                          for name, text in parts.items() if name != b"parts.sha256")
    return b"".join(module.header(name, len(text)) + text + bytes(-len(text) % 512)
                    for name, text in sorted(parts.items())) + bytes(1024)


def crafted(module, parts):
    """Bundles that somebody wrote who may sign as he likes: name -> the bundle, and the word for what is wrong; None: all holds.

    His public key is the curve's neutral point, for which a signature is made without a private key: S·B is R, whatever the text.
    """
    signature = module.text_of(module.times(12_345, module.BASE)) + (12_345).to_bytes(32, "little")
    one = (1).to_bytes(32, "little")
    signs = 1 << 255  # the bit of the sign of x
    odd_keys = {"x = 0 with a sign": 1 | signs, "x = 0, y = p - 1, with a sign": module.P - 1 | signs, "y = p": module.P,
                "y = p + 1": module.P + 1, "y = p + 1 with a sign": module.P + 1 | signs, "not on the curve": 2}
    _, size, root, _ = module.read_note(parts[b"checkpoint"], "checkpoint")[0].split(b"\n")

    def key_id(name, algorithm, public):
        return hashlib.sha256(name + b"\n" + bytes([algorithm]) + public).digest()[:4]

    def key(name, algorithm, public):
        return b"%s+%s+%s\n" % (name, key_id(name, algorithm, public).hex().encode(),
                               base64.b64encode(bytes([algorithm]) + public))

    def line(name, algorithm, public, signed):
        return module.DASH + name + b" " + base64.b64encode(key_id(name, algorithm, public) + signed) + b"\n"

    def bundle(checkpoint, keys, changed=parts):
        changed = dict(changed)
        for name, text in changed.items():
            changed[name] = text.replace(parts[b"checkpoint"], checkpoint)
        return build(module, changed | {b"checkpoint": checkpoint, b"keys": keys})

    def own(name, public=one, signed=signature):
        """The same entries under the same root, in a log of his."""
        checkpoint = b"%s\n%s\n%s\n\n" % (name, size, root) + line(name, module.LOG, public, signed)
        return bundle(checkpoint, key(name, module.LOG, public), {name: text for name, text in parts.items()
                                                                if not name.startswith(b"earlier/")})

    def witnessed(name, public=one, time=5):
        signed = time.to_bytes(8, "big") + signature
        return bundle(parts[b"checkpoint"] + line(name, module.WITNESS, public, signed),
                      parts[b"keys"] + key(name, module.WITNESS, public))

    log, note, keys = key(b"evil.example/log", module.LOG, one), parts[b"checkpoint"], parts[b"keys"]
    other = line(b"evil.example/log", module.LOG, one, signature)
    wrong = line(b"evil.example/log", module.LOG, one, signature[:32] + bytes(32))
    yield "each key and each signature a hundred times", bundle(note + other * 90, (keys + log) * 100), None
    yield "a key's second signature is wrong", bundle(note + other + wrong, keys + log), "signature"
    yield "a key's first signature is wrong", bundle(note + wrong + other, keys + log), "signature"
    yield "a hundred and one signatures", bundle(note + other * 100, keys + log), "note"
    many = b"".join(key(b"w%d" % number, module.WITNESS, one) for number in range(1000 - keys.count(b"\n")))
    yield "a thousand keys", bundle(note, keys + many), None
    yield "a thousand and one", bundle(note, keys + many + log), "key"
    old = next(name for name in parts if name.endswith(b".checkpoint"))
    stale = {b"earlier/%d.checkpoint" % number: parts[old] for number in range(1000, 1064)}
    yield "sixty-five earlier checkpoints", bundle(note, keys, parts | stale), "consistency"
    yield "his own log", own(b"evil.example/log"), None
    yield "a witness of his", witnessed(b"w1.example"), None
    for what, number in odd_keys.items():
        yield f"a log's key: {what}", own(b"evil.example/log", number.to_bytes(32, "little")), "key"
        yield f"a witness's key: {what}", witnessed(b"w1.example", number.to_bytes(32, "little")), "key"
    yield "S beyond the order", own(b"evil.example/log", one, signature[:32] + (12_345 + module.ORDER).to_bytes(32, "little")), "signature"
    for time, word in ((0, None), ((1 << 63) - 1, None), (1 << 63, "signature"), ((1 << 64) - 1, "signature")):
        yield f"cosigned at {time}", witnessed(b"w1.example", time=time), word
    for name in ("caf\u00e9.example", "\u65e5\u672c", "e\u0301", "\ufeffa", "a\u202eb", "\U0001f600", "a\ufffeb"):
        yield f"a log's name: {name!r}", own(name.encode()), None
        yield f"a witness's name: {name!r}", witnessed(name.encode()), None
    for name in (b"a\xff", b"a\xed\xa0\x80", b"a\xf4\x90\x80\x80", "a\u00a0b".encode(), "a\u2028b".encode(), "\u3000".encode(),
                 "a\u0085".encode()):
        yield f"a log's name: {name}", own(name), "key"
        yield f"a witness's name: {name}", witnessed(name), "key"
    entry, left = parts[next(name for name in parts if name.endswith(b".json"))], bytes(32)
    index = 1 << 63
    root_of_two = base64.b64encode(module.node(left, module.leaf(entry)))
    checkpoint = b"evil.example/log\n%d\n%s\n\n" % (index + 1, root_of_two) + line(b"evil.example/log", module.LOG, one, signature)
    yield "an entry beyond 2^63", build(module, {
        b"checkpoint": checkpoint, b"keys": key(b"evil.example/log", module.LOG, one), b"page.html": b"", b"verify.py": b"",
        b"entries/%d.json" % index: entry,
        b"entries/%d.tlog-proof" % index: b"c2sp.org/tlog-proof@v1\nindex %d\n%s\n\n%s" % (index, base64.b64encode(left),
                                                                                        checkpoint)}), None

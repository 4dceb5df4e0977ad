"""Packages of clients that we made up: with something concealed in one of many ways, or with what looks like it and is not.

All is drawn from a seed: names, keys, places, the noise around. `python3 glass.py SALLYPORT SEED COUNT` measures and prints the figures.
"""

import base64
import gzip
import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

SYLLABLES = "ba be bi co da de di fo ga ge hi ka ke la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se ta te ti to va ve vi".split()
DOMAINS = ["com", "net", "org", "io", "dev", "app", "cn", "ai", "top", "co"]
ZONES = ["Europe/Oslo", "Asia/Tokyo", "America/Lima", "Africa/Cairo", "Pacific/Auckland", "Asia/Tashkent", "America/Argentina/Salta"]
LOOK_ALIKES = [["'", "\u2019", "\u02bc", "\u02b9"], ["'", "\u02bb", "\u2032", "\u02c8"], ["", "\u200b", "\u200c", "\u2060"], ["'", "\uff07", "\u055a"]]


def word(draw, least=2, most=4):
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(least, most)))


def hosts(draw, count):
    return ",".join(f"{word(draw)}.{word(draw)}.{draw.choice(DOMAINS)}" if draw.random() < .5 else f"{word(draw, 3)}.{draw.choice(DOMAINS)}"
                    for _ in range(count))


def names(draw, count):
    return ",".join(sorted({word(draw, 3, 4) for _ in range(count * 2)})[:count])


def listing(draw):
    return hosts(draw, draw.randint(3, 40)) if draw.random() < .6 else names(draw, draw.randint(8, 30))


def variable(draw):
    return draw.choice("abcdefghijkmnpqrstuvwxyz") + str(draw.randint(0, 99)) + "_"


def quoted(text, escape=False):
    return '"' + ("".join(c if 32 <= ord(c) < 127 and c not in '"\\' else f"\\u{ord(c):04x}" for c in text) if escape else text) + '"'


# What is hidden, each as code. The draw decides every parameter.
def base64_xor(draw):
    key = draw.choice([k for k in range(1, 256) if k != 32])
    return f"var {variable(draw)}={quoted(base64.b64encode(bytes(b ^ key for b in listing(draw).encode())).decode())};"


def hex_xor(draw):
    key = draw.choice([k for k in range(1, 256) if k != 32])
    return f"f({quoted(bytes(b ^ key for b in listing(draw).encode()).hex())});"


def base64_added(draw):
    key = draw.randint(100, 250)
    return f"f({quoted(base64.b64encode(bytes((b + key) % 256 for b in listing(draw).encode())).decode())});"


def base64_counting(draw):
    key = draw.randint(128, 255)
    text = hosts(draw, draw.randint(3, 10)).encode()
    return f"f({quoted(base64.b64encode(bytes(b ^ (key + i & 255) for i, b in enumerate(text))).decode())});"


def repeating_key(draw):
    key = bytes(draw.randint(128, 255) for _ in range(draw.randint(2, 5)))
    text = hosts(draw, draw.randint(12, 30)).encode()
    return f"f({quoted(base64.b64encode(bytes(b ^ key[i % len(key)] for i, b in enumerate(text))).decode())});"


def key_near_it(draw):
    key = "".join(draw.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%&") for _ in range(draw.randint(6, 24)))
    text = hosts(draw, draw.randint(3, 12)).encode()
    hidden = base64.b64encode(bytes(b ^ ord(key[i % len(key)]) for i, b in enumerate(text))).decode()
    return f"var {variable(draw)}={quoted(key)};" + noise(draw, 4) + f"f({quoted(hidden)});"


def character_codes_xor(draw):
    key = draw.choice([k for k in range(33, 256)])
    return "f([" + ",".join(str(ord(c) ^ key) for c in hosts(draw, draw.randint(2, 12))) + "]);"


def character_codes_moved(draw):
    by = draw.randint(300, 9000)
    return "f([" + ",".join(str(ord(c) + by) for c in hosts(draw, draw.randint(3, 12))) + "]);"


def packed(draw):
    key = draw.randint(1, 255)
    text = bytes(b ^ key for b in listing(draw).encode())
    return f"f({quoted(base64.b64encode(zlib.compress(text, 9)).decode())});"


def backwards(draw):
    return f"f({quoted(hosts(draw, 1)[::-1])}.split(\"\").reverse().join(\"\"));"


def turned_letters(draw):
    by = draw.randint(1, 25)
    text = "".join(chr((ord(c) - 97 + by) % 26 + 97) if c.islower() else c for c in hosts(draw, draw.randint(6, 20)))
    return f"f({quoted(text)});"


def choice_by_if(draw):
    marks = draw.choice(LOOK_ALIKES)
    escape = draw.random() < .5
    a, b = variable(draw), variable(draw)
    code = [f"if(!{a}&&!{b})return{quoted(marks[0], escape)}", f"if({a}&&!{b})return{quoted(marks[1], escape)}"]
    return f"function g({a},{b}){{{';'.join(code)};return{quoted(marks[2], escape)}}}"


def choice_by_arms(draw):
    marks = draw.choice(LOOK_ALIKES)
    return f"let {variable(draw)}=a?b?{quoted(marks[1])}:{quoted(marks[2])}:{quoted(marks[0])};"


def choice_by_table(draw):
    marks = [m for m in draw.choice(LOOK_ALIKES) if m]
    return "say([" + ",".join(quoted(m, draw.random() < .5) for m in marks) + "][n]);" if len(marks) > 2 else choice_by_arms(draw)


def choice_by_number(draw):
    marks = [m for m in draw.choice(LOOK_ALIKES) if m]
    return "let t=[" + ",".join(str(ord(m)) for m in marks) + "];say(String.fromCharCode(t[n]));"


def varied_text(draw):
    before, after = word(draw), word(draw)
    odd = draw.choice(["\u2019", "\u02bc", "\u02b9"])
    return f"x=c?{quoted(before + chr(39) + 's ' + after)}:{quoted(before + odd + 's ' + after, draw.random() < .5)};"


def unseen_in_text(draw):
    text = f"{word(draw)} {word(draw)} {word(draw)}"
    at = draw.randint(1, len(text) - 1)
    return f"x=c?{quoted(text)}:{quoted(text[:at] + draw.choice(chr(0x200b) + chr(0x2060) + chr(0x200c)) + text[at:], draw.random() < .5)};"


def zone_and_mark(draw):
    pair = draw.choice([("-", "/"), (".", "/"), (":", ";"), ("-", ".")])
    zone = draw.choice(ZONES)
    return f"let z=zone(),c=z==={quoted(zone)};" + noise(draw, 2) + f"x=c?d.replaceAll({quoted(pair[0])},{quoted(pair[1])}):d;"


CONCEALED = [base64_xor, hex_xor, base64_added, base64_counting, repeating_key, key_near_it, character_codes_xor, character_codes_moved, packed,
             backwards, turned_letters, choice_by_if, choice_by_arms, choice_by_table, choice_by_number, varied_text, unseen_in_text, zone_and_mark]


# What looks like it and is harmless.
def noise(draw, count):
    kinds = [
        lambda: f"var {variable(draw)}={quoted(base64.b64encode(draw.randbytes(draw.randint(12, 200))).decode())};",
        lambda: f"var {variable(draw)}={quoted(draw.randbytes(32).hex())};",
        lambda: "new Set([" + ",".join(quoted(draw.randbytes(32).hex()) for _ in range(draw.randint(3, 12))) + "]);",
        lambda: "t([" + ",".join(str(draw.randint(0, draw.choice([15, 64, 255, 4095]))) for _ in range(draw.randint(8, 80))) + "]);",
        lambda: "t([" + ",".join(str(i * draw.randint(1, 3) % 256) for i in range(draw.randint(8, 256))) + "]);",
        lambda: "var e={lsquo:\"\\u2018\",rsquo:\"\\u2019\",apos:\"'\",prime:\"\\u2032\",nbsp:\"\\xa0\",zwj:\"\\u200d\"};",
        lambda: "s=s.replace(/[\\u2018\\u2019\\u02bc]/g,\"'\").replace(/\"/g,\"\\u201d\");",
        lambda: "if(c===\"\\u2018\"||c===\"\\u2019\"||c===\"\\u02bc\")return!0;",
        lambda: "q=o?\"\\u201c\":\"\\u201d\";",
        lambda: "new Set([8203,8204,8205,8288]).has(c);",
        lambda: f"m={{{quoted(draw.choice(ZONES))}:{draw.randint(-720, 720)},{quoted(draw.choice(ZONES))}:60}};",
        lambda: f"fetch(\"https://{word(draw)}.{word(draw)}.com/v1/{word(draw)}\",{{method:\"POST\"}});",
        lambda: f"if(process.env.{word(draw).upper()}_{word(draw).upper()})k({quoted(' '.join(word(draw) for _ in range(12)))});",
        lambda: f"x=c?{quoted(word(draw))}:{quoted(word(draw))};y=n===1?\"item\":\"items\";p=w?p.replace(/\\//g,\"\\\\\"):p;",
        lambda: f"j=JSON.parse(atob({quoted(base64.b64encode(json.dumps({word(draw): word(draw), 'v': draw.randint(0, 99)}).encode()).decode())}));",
        lambda: f"d={quoted('data:image/png;base64,' + base64.b64encode(bytes([137, 80, 78, 71, 13, 10, 26, 10]) + draw.randbytes(120)).decode())};",
        lambda: f"z={quoted(base64.b64encode(zlib.compress(' '.join(word(draw) for _ in range(60)).encode())).decode())};",
        lambda: f"throw new Error({quoted(' '.join(word(draw) for _ in range(9)) + '.')});",
        lambda: f"var l={quoted(', '.join(word(draw) for _ in range(9)))}.split(\", \");",
        lambda: f"h=[{','.join(quoted(hosts(draw, 1)) for _ in range(4))}];",
        lambda: f"b={quoted(''.join(draw.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') for _ in range(60)))};",
    ]
    return "".join(draw.choice(kinds)() for _ in range(count))


def package(draw, conceal=None):
    """A package as bytes; `conceal` makes the code that hides something."""
    code = noise(draw, draw.randint(20, 60))
    if conceal:
        code += conceal(draw) + noise(draw, draw.randint(20, 60))
    files = {"package.json": json.dumps({"name": word(draw), "version": "1.0.0", "bin": {"x": "cli.js"}}), "cli.js": code}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def inspect(program, folder, content):
    file = Path(folder) / "client.tgz"
    file.write_bytes(content)
    done = subprocess.run([program, "inspect", str(file), "--json"], capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def alarms(report):
    return [group for group in report["groups"] if group["verdict"] in ("suspected marker", "concealed")]


def measure(program, seed, count):
    """(found, missed by way, false alarms): `count` packages of each way, and as many harmless ones in all."""
    draw = random.Random(seed)
    missed, found, false = {}, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for conceal in CONCEALED:
            for _ in range(count):
                if alarms(inspect(program, folder, package(draw, conceal))):
                    found += 1
                else:
                    missed[conceal.__name__] = missed.get(conceal.__name__, 0) + 1
        for _ in range(count * len(CONCEALED)):
            false += alarms(inspect(program, folder, package(draw)))
    return found, missed, false


if __name__ == "__main__":
    given = sys.argv[1:]
    total = int(given[2]) * len(CONCEALED)
    found, missed, false = measure(given[0], int(given[1]), int(given[2]))
    print(f"seed {given[1]}: {found} of {total} found ({found / total:.3f}), missed {missed}; {len(false)} false alarms in {total} harmless packages")
    for one in false:
        print("  ", one["sentence"], one["findings"][0]["how"], one["findings"][0]["text"][:80])

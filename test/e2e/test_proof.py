"""What an auditor gets: a ledger that can be checked, checkpoints that are kept elsewhere, bundles with a second verifier."""

import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import unittest

import dialects
import rig
from crafted import VERIFIER, build, crafted, verifier
from programs import PROGRAM, environment
from wire import until

SEED = 20_261_128


class Proof(rig.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        for number in range(20):
            case.ask(dialects.ALL[number % len(dialects.ALL)], f"hello {number}")
        cls.settle(41)
        cls.early = cls.command("checkpoint")
        for number in range(20):
            case.ask(dialects.ALL[number % len(dialects.ALL)], f"once more {number}")
        cls.settle(81)
        cls.log_key = cls.command("key").strip()
        cls.module = verifier()
        cls.early_file = cls.folder / "early.checkpoint"
        cls.early_file.write_text(cls.early)

    @classmethod
    def command(cls, *arguments, code=0):
        return cls.gateway.run("ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:], code=code)

    @classmethod
    def settle(cls, entries):
        until(lambda: int(cls.command("checkpoint").splitlines()[1]) >= entries, f"a checkpoint of {entries} entries")

    def bundle(self, *arguments):
        file = self.folder / "bundle.tar"
        self.command("bundle", "-o", str(file), *arguments)
        return file

    def python(self, *arguments):
        return subprocess.run([sys.executable, VERIFIER, "--json", *map(str, arguments)], capture_output=True, text=True,
                              timeout=rig.DEADLINE)

    def ours(self, files, *arguments):
        done = subprocess.run([PROGRAM, "ledger", "verify", "--json", *arguments, *map(str, files)], cwd=self.folder,
                              env=environment(self.folder), capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_the_ledger_holds_and_goes_on_from_a_checkpoint_that_was_kept(self):
        told = json.loads(self.command("verify", "--seen", str(self.early_file), "--json"))
        self.assertEqual((True, []), (told["ok"], told["problems"]))
        self.assertEqual(told["entries"], told["read"])
        since = json.loads(self.command("verify", "--since", str(self.early_file), "--json"))
        self.assertEqual((True, told["entries"] - int(self.early.splitlines()[1])), (since["ok"], since["read"]))
        self.assertIn("entries are what was signed", self.command("verify"))

    def test_elsewhere_with_the_key_alone(self):
        folder = str(self.folder / "data/ledger")
        told = subprocess.run([PROGRAM, "ledger", "verify", "--ledger", folder, "--key", self.log_key, "--json"],
                              env=environment(self.folder), cwd="/", capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual((0, True), (told.returncode, json.loads(told.stdout)["ok"]), told.stderr)
        self.assertIn("needs the log's key", subprocess.run([PROGRAM, "ledger", "verify", "--ledger", folder], cwd="/",
                                                            env=environment(self.folder), capture_output=True, text=True,
                                                            timeout=rig.DEADLINE).stderr)

    def test_a_bundle_convinces_both_verifiers_of_the_same(self):
        rows = self.gateway.ledger()
        for arguments in (("--entry", rows[3]["id"]), ("--since", "1h"), ("--since", "1h", "--earlier", str(self.early_file))):
            file = self.bundle(*arguments)
            for key in ((), ("--key", self.log_key)):
                [ours] = self.ours([file], *key)
                theirs = self.python(file, *key)
                self.assertEqual(0, theirs.returncode, theirs.stdout + theirs.stderr)
                del ours["bundle"]
                self.assertEqual(json.loads(theirs.stdout), ours)
                self.assertEqual((True, bool(key)), (ours["ok"], ours["keys_trusted"]))
            self.assertEqual([int(self.early.splitlines()[1])] if "--earlier" in arguments else [], ours["earlier"])
        self.assertEqual(len(self.gateway.entries_on_disk()) - 1, len(ours["entries"]), "all but the start")

    def test_some_entries_alone(self):
        for text, read in (("3..17", 15), ("5", 1), ("0..80", 81)):
            told = json.loads(self.command("verify", "--entries", text, "--json"))
            self.assertEqual((True, read), (told["ok"], told["read"]), text)
        self.assertIn("nothing is said of others", self.command("verify", "--entries", "5"))
        for text in ("9..3", "x", "1..", "..4", "-1", "3..4..5"):
            self.command("verify", "--entries", text, code=2)
        self.command("verify", "--entries", "5..100000000", code=4)
        self.command("verify", "--entries", "5", "--seen", str(self.early_file), code=2)
        [segment] = (self.folder / "data/ledger").glob("*.seg")
        copy = self.folder / "copied"
        shutil.copytree(segment.parent, copy)
        lines = [one["entry"] for one in (json.loads(self.command("show", "--json", str(index)))["entries"][0] for index in (7, ))]
        self.assertTrue(lines)
        damaged = copy / segment.name
        bytes_there = bytearray(damaged.read_bytes())
        at = bytes_there.index(f'"exchange":"{lines[0]["exchange"]}"'.encode())
        bytes_there[at + 14] ^= 1
        damaged.write_bytes(bytes_there)
        there = ("verify", "--ledger", str(copy), "--key", self.log_key, "--json", "--entries")
        self.assertTrue(json.loads(self.command(*there, "0..6"))["ok"])
        told = json.loads(self.command(*there, "3..9", code=1))
        self.assertEqual("missing", told["problems"][0]["kind"])  # a frame with a wrong checksum ends what can be read
        self.assertEqual(7, told["problems"][0]["first"])
        changed = bytearray(damaged.read_bytes())
        length, = struct.unpack_from("<I", changed, at - changed[:at][::-1].index(b'{"'[::-1]) - 2 - 8)
        self.assertGreater(length, 100)

    def test_a_key_that_is_not_the_ledgers_convinces_nobody(self):
        file = self.bundle("--since", "1h")
        stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        self.assertEqual("signature", self.ours([file], "--key", stranger)[0]["problem"])
        self.assertEqual("signature", json.loads(self.python(file, "--key", stranger).stdout)["problem"])

    def test_what_tar_and_sha256sum_make_of_it(self):
        file = self.bundle("--entry", self.gateway.ledger()[0]["id"])
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "xf", file, "-C", unpacked], check=True, timeout=rig.DEADLINE)
        subprocess.run(["sha256sum", "--check", "--quiet", "parts.sha256"], cwd=unpacked, check=True, timeout=rig.DEADLINE)
        self.assertEqual(VERIFIER.read_bytes(), (unpacked / "verify.py").read_bytes())

    def mutated(self, whole, parts, number):
        """One of the ways in which a bundle may be wrong; some are none."""
        chance = random.Random(SEED + number)
        kind = number % 6
        if kind == 0:  # a byte of the file
            at = chance.randrange(len(whole))
            return whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:]
        if kind == 1:  # cut, doubled, taken out
            at, size = chance.randrange(len(whole)), chance.choice((1, 7, 512, 1024, 4096))
            return chance.choice((whole[:at], whole[:at] + whole[at + size:], whole[:at] + whole[at:at + size] + whole[at:],
                                  whole + bytes(size)))
        parts = dict(parts)
        names = list(parts)
        name = chance.choice([one for one in names if one != b"parts.sha256"])
        text = parts[name]
        at = chance.randrange(len(text)) if text else 0
        if kind == 2:  # a byte of a part, its sum made right
            parts[name] = text[:at] + bytes([text[at] ^ 1 << chance.randrange(8)]) + text[at + 1:] if text else b"x"
        elif kind == 3:  # lines
            lines = text.split(b"\n")
            line = chance.randrange(len(lines))
            parts[name] = b"\n".join(chance.choice((lines[:line] + lines[line + 1:], lines[:line] + [lines[line]] + lines[line:],
                                                    lines[:line] + [chance.choice((b"", b"0", b"index 1", b"00", lines[0]))]
                                                    + lines[line + 1:], lines[::-1])))
        elif kind == 4:  # parts taken for others
            other = chance.choice(names)
            choice = chance.randrange(4)
            if choice == 0:
                del parts[name]
            elif choice == 1:
                parts[name], parts[other] = parts[other], text
            elif choice == 2:
                parts[b"entries/%d.json" % chance.randrange(90)] = text
            else:
                parts[chance.choice((b"bodies/3.request", b"bodies/99999999999999999999.response", b"earlier/5.checkpoint",
                                     b"entries/007.json", b"entries/18446744073709551616.json", b"extra"))] = text
        else:  # an entry that was forged with what proves another one
            numbers = [one for one in names if one.endswith(b".json")]
            one, other = chance.choice(numbers), chance.choice(numbers)
            proof, other_proof = one.replace(b".json", b".tlog-proof"), other.replace(b".json", b".tlog-proof")
            parts[one], parts[proof] = chance.choice(((parts[other], parts[proof]), (parts[other], parts[other_proof]),
                                                      (parts[one] + b" ", parts[proof]),
                                                      (parts[one], parts[proof].replace(b"index ", b"index 1"))))
        return build(self.module, parts, sums=chance.random() < 0.95)

    def test_both_verifiers_agree_on_crafted_bundles(self):
        """Of those that hold they tell the very same, of the others the same word and part."""
        file = self.bundle("--entry", self.gateway.ledger()[5]["id"], "--earlier", str(self.early_file))
        for number, (what, bundle, word) in enumerate(crafted(self.module, self.module.read_tar(file.read_bytes()))):
            with self.subTest(what):
                file = self.folder / f"crafted-{number}.tar"
                file.write_bytes(bundle)
                [ours] = self.ours([file])
                try:
                    theirs = {"ok": True, **self.module.verify(bundle, [])}
                except self.module.Wrong as wrong:
                    theirs = {"ok": False, "problem": wrong.word, "part": wrong.part}
                del ours["bundle"]
                ours.pop("sentence", None)
                self.assertEqual(theirs, ours)
                self.assertEqual(word, ours.get("problem"))

    def test_both_say_alike_what_they_cannot_judge(self):
        os.mkfifo(self.folder / "pipe.tar")
        with (self.folder / "huge.tar").open("wb") as file:
            file.truncate((2 << 30) + 1)
        for what, sentence in (("huge.tar", "huge.tar is larger than 2147483648 bytes"), ("nosuch.tar", "No such file or directory"),
                               (".", "is no plain file"), ("pipe.tar", "pipe.tar is no plain file")):
            for command in ([PROGRAM, "ledger", "verify", "--json", what], [sys.executable, VERIFIER, "--json", what]):
                done = subprocess.run(command, cwd=self.folder, env=environment(self.folder), capture_output=True, text=True,
                                      timeout=rig.DEADLINE)
                self.assertEqual((4, ""), (done.returncode, done.stdout), (command, done.stderr))
                self.assertIn(sentence, done.stderr)

    def test_both_verifiers_agree_on_ten_thousand_mutated_bundles(self):
        """Of each they say the same: whether it holds, what kind of problem it is, in which part."""
        file = self.bundle("--entry", self.gateway.ledger()[5]["id"], "--entry", self.gateway.ledger()[30]["id"], "--earlier",
                           str(self.early_file))
        whole = file.read_bytes()
        parts = self.module.read_tar(whole)
        self.assertEqual(whole, build(self.module, parts))
        folder = self.folder / "mutated"
        folder.mkdir()
        trusted = [self.module.Key(self.log_key.encode())]
        problems = {}
        for begin in range(0, 10_200, 600):
            files = []
            for number in range(begin, begin + 600):
                files.append(folder / f"{number - begin}.tar")
                files[-1].write_bytes(self.mutated(whole, parts, number))
            for number, ours in enumerate(self.ours(files, "--key", self.log_key), begin):
                try:
                    self.module.verify(files[number - begin].read_bytes(), trusted)
                    theirs = (True, None, None)
                except self.module.Wrong as wrong:
                    theirs = (False, wrong.word, wrong.part)
                self.assertEqual(theirs, (ours["ok"], ours.get("problem"), ours.get("part")), number)
                problems[theirs[1]] = problems.get(theirs[1], 0) + 1
        self.assertGreater(len(problems), 8, problems)
        self.assertLess(problems.get(None, 0), 1_500, "nearly all are wrong")


class WithBodies(rig.Case):
    """A bundle that brings bodies along, and one whose index tells something else than the entries."""

    policy = rig.POLICY | {"bodies": {"open-source": "90d", "internal": "90d"}}

    def bundle(self, *arguments, code=0):
        file = self.folder / "bundle.tar"
        file.unlink(missing_ok=True)
        done = subprocess.run([PROGRAM, "ledger", "bundle", "--config", "sallyport.yaml", "-o", str(file), *arguments], cwd=self.folder,
                              env=environment(self.folder), capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stderr)
        parts = verifier().read_tar(file.read_bytes())
        told = verifier().verify(file.read_bytes(), [])
        self.assertEqual(["page.html", "verify.py"], told["unproven"])
        return parts, done

    def ask_some(self):
        answers = [self.ask(dialects.ANTHROPIC, f"{number} " + random.Random(number).randbytes(3_000).hex()) for number in range(3)]
        self.gateway.rows([answer.exchange for answer in answers])
        entries = len(self.gateway.entries_on_disk())
        until(lambda: int(self.gateway.run("ledger", "checkpoint", "--config", "sallyport.yaml").splitlines()[1]) >= entries, "a checkpoint")
        return answers

    def test_a_body_that_is_damaged_or_missing_is_left_out_and_named(self):
        answers = self.ask_some()
        for answer in answers:
            for which in ("request", "response"):
                until(lambda answer=answer, which=which: self.gateway.run(
                    "ledger", "show", "--config", "sallyport.yaml", answer.exchange, "--body", which, "--reason", "a test", code=None), which)
        some = [argument for answer in answers for argument in ("--entry", answer.exchange)]
        whole, _ = self.bundle(*some, "--bodies", "--reason", "a test")
        self.assertEqual(6, sum(name.startswith(b"bodies/") for name in whole))
        [pack] = (self.folder / "data/bodies").glob("*.pack")
        good = bytearray(pack.read_bytes())
        damaged = good[:]
        damaged[120] ^= 1  # in the first chunk
        pack.write_bytes(damaged)
        parts, done = self.bundle(*some, "--bodies", "--reason", "a test", "--json", code=1)
        left_out = json.loads(done.stdout)["left_out"]
        self.assertTrue(0 < len(left_out) < 6, left_out)
        for one in left_out:
            self.assertNotIn(one["part"].encode(), parts)
            self.assertIn(one["part"].encode(), whole)
            self.assertIn(one["part"], done.stderr)
            self.assertIn(one["part"].encode(), parts[b"page.html"])
            self.assertIn("damaged", one["why"])
        self.assertEqual(set(whole) - {one["part"].encode() for one in left_out}, set(parts))
        pack.unlink()
        parts, done = self.bundle(*some, "--bodies", "--reason", "a test", "--json", code=1)
        self.assertEqual(6, len(json.loads(done.stdout)["left_out"]))
        pack.write_bytes(good)
        self.assertEqual(set(whole), set(self.bundle(*some, "--bodies", "--reason", "a test")[0]))

    def test_the_page_is_made_of_the_entries_that_are_proven(self):
        answers = self.ask_some()
        arguments = ("--entry", answers[0].exchange)
        page = self.bundle(*arguments)[0][b"page.html"]
        index = sqlite3.connect(self.folder / "data/ledger-index.db")
        self.addCleanup(index.close)
        index.execute("update exchange set vendor = 'somebody-else', repository = 'git.acme.example/a/lie', sent_bytes = 1")
        index.commit()
        self.assertIn("a/lie", self.gateway.run("ledger", "list", "--config", "sallyport.yaml"))
        self.assertEqual(page, re.sub(rb"checkpoint of \d+ entries", re.search(rb"checkpoint of \d+ entries", page).group(),
                                      self.bundle(*arguments)[0][b"page.html"]))
        for verdict in (verifier().sentences(verifier().verify((self.folder / "bundle.tar").read_bytes(), []) | {"ok": True}),
                        self.gateway.run("ledger", "verify", str(self.folder / "bundle.tar"))):
            self.assertIn("(page.html) and the script (verify.py) in the bundle are not part of what is proven", verdict)


def frame(index, entry):
    """An entry as a segment holds it (docs/formats/ledger.md, section 2)."""
    checksum = 0xFFFFFFFF  # CRC-32C
    for byte in entry + struct.pack("<QI", index, len(entry)):
        checksum ^= byte
        for _ in range(8):
            checksum = checksum >> 1 ^ (0x82F63B78 if checksum & 1 else 0)
    return struct.pack("<II", len(entry), checksum ^ 0xFFFFFFFF) + entry


class Ledger:
    def ledger(self, *arguments, code=0):
        return self.gateway.run("ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:], code=code)

    def signed(self, entries):
        until(lambda: int(self.ledger("checkpoint").splitlines()[1]) >= entries, f"a checkpoint of {entries} entries")

    def refusal(self):
        with self.assertRaises(AssertionError) as refused:
            self.gateway.start()
        return str(refused.exception)


class Changed(Ledger, rig.Case):
    """What a start does with a ledger that is not what was recorded, and how it goes on."""

    def test_what_somebody_without_a_key_appends_is_named_and_not_signed(self):
        self.ask(dialects.CHAT, "the last one")
        self.gateway.stop()
        [segment] = (self.folder / "data/ledger").glob("*.seg")
        whole, entries = segment.read_bytes(), self.gateway.entries_on_disk()
        self.assertEqual("stop", entries[-1][1]["kind"])
        self.assertEqual(len(entries), int(self.ledger("checkpoint").splitlines()[1]), "the stop is signed")
        forged = json.dumps({"about": "a person", "at": entries[-1][1]["at"] + 1, "by": "p_" + 20 * "a", "id": "a_00", "kind": "act", "v": 1,
                             "what": "unmask", "why": "forged"}, separators=(",", ":")).encode()
        segment.write_bytes(whole + frame(len(entries), forged))
        told = json.loads(self.ledger("verify", "--json", code=1))
        self.assertEqual([("foreign", len(entries))], [(one["kind"], one["first"]) for one in told["problems"]])
        self.assertIn("no gateway wrote it", self.refusal())
        segment.write_bytes(whole)
        self.gateway.start()
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])
        self.gateway.process.kill()  # entries behind the last checkpoint are no stranger's then
        self.gateway.process.wait()
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])
        self.gateway.start()
        self.gateway.stop()
        before = segment.read_bytes()
        segment.write_bytes(before + frame(len(self.gateway.entries_on_disk()), forged))
        self.refusal()
        self.ledger("recover", "--reason", "somebody appended to it")
        self.gateway.start()
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])
        self.assertNotIn("forged", [entry.get("why") for _, entry in self.gateway.entries_on_disk()])

    def test_what_is_too_long_to_be_recorded_is_refused(self):
        long = "x" * 70_000
        for arguments in (("search", "zebra", "--reason", "x", "--team", long), ("hold", "--matter", long, "--repository", "a/b/c", "--reason", "x"),
                          ("erase", "--repository", "git.acme.example/web/site", "--reason", long)):
            done = subprocess.run([PROGRAM, "ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:]], cwd=self.folder,
                                  env=environment(self.folder), capture_output=True, text=True, timeout=rig.DEADLINE)
            self.assertEqual(4, done.returncode, done.stderr[-300:])
            self.assertIn("is recorded, and takes at most 8192 bytes", done.stderr)

    def test_a_bundle_is_verified_by_itself(self):
        for option in (("--entries", "1"), ("--bodies", ), ("--since", "/nope"), ("--seen", "/nope")):
            self.ledger("verify", *option, "case.tar", code=2)
        self.ledger("verify", "--entries", "", code=2)

    def test_files_that_are_none_of_the_ledgers_are_named(self):
        folder = self.folder / "data/ledger"
        for name, kind in (("99999999999999999999999.seg", "segment"), ("tree-7", "tree")):
            os.mkfifo(folder / name)
            told = json.loads(self.ledger("verify", "--json", code=1))
            self.assertEqual([kind], [one["kind"] for one in told["problems"]], name)
            self.assertIn(name, told["problems"][0]["sentence"])
            (folder / name).unlink()
        (folder / "evil").write_text("x")
        self.assertEqual(["evil"], json.loads(self.ledger("verify", "--json"))["other_files"])
        self.assertIn("evil is no file of a ledger", self.ledger("verify"))
        (folder / "evil").unlink()

    def test_cut_changed_recovered_rotated_upgraded(self):
        folder = self.folder / "data/ledger"
        [segment] = folder.glob("*.seg")
        for number in range(5):
            self.ask(dialects.CHAT, f"hello {number}")
        self.signed(11)
        old_key = self.ledger("key").strip()
        kept_elsewhere = self.folder / "kept.checkpoint"
        kept_elsewhere.write_text(self.ledger("checkpoint"))
        self.gateway.stop()
        whole = segment.read_bytes()
        segment.write_bytes(whole[:len(whole) * 2 // 3])
        self.assertIn("the ledger was cut short", self.refusal())
        told = json.loads(self.ledger("verify", "--json", code=1))
        self.assertIn("missing", [one["kind"] for one in told["problems"]])
        recovered = self.ledger("recover", "--reason", "the disk failed", "--by", "ada")
        self.assertRegex(recovered, r"entries \d+ to \d+ are lost")
        self.gateway.start()
        self.ask(dialects.CHAT, "after")
        act = until(lambda: [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act"], "the act")[0]
        self.assertEqual(("recover", "the disk failed"), (act["what"], act["why"]))
        self.assertIn("are lost", act["about"])
        lines = self.ledger("key").split()
        self.assertEqual((2, old_key, True), (len(lines), lines[0], lines[1].split("+")[0].endswith("/2")))
        until(lambda: json.loads(self.ledger("verify", "--json"))["ok"], "a whole ledger")
        self.ledger("verify", "--seen", str(kept_elsewhere), code=4)  # it is of another log now, and says so

        self.gateway.stop()
        size = int(self.ledger("checkpoint").splitlines()[1])
        new_key = self.ledger("key", "--rotate", "--reason", "yearly").strip()
        both = (folder / f"rotation-{size}.checkpoint").read_text()
        module = verifier()
        for key in (lines[1], new_key):
            module.Checkpoint(both.encode(), "rotation").check_signatures([module.Key(key.encode())])
        self.gateway.start()
        self.ask(dialects.CHAT, "signed anew")
        self.signed(size + 3)
        module.Checkpoint(self.ledger("checkpoint").encode(), "now").check_signatures([module.Key(new_key.encode())])
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])

        self.gateway.stop()
        for name in ("ledger.key", "ledger-keys", "body-keys.db"):  # as the release before left it
            (self.folder / "data" / name).unlink(missing_ok=True)
        for path in folder.iterdir():
            if path.suffix != ".seg":
                path.unlink()
        with contextlib.closing(sqlite3.connect(self.folder / "data/state.db")) as db:
            db.execute("DELETE FROM ledgers")
            db.commit()
        before = self.gateway.entries_on_disk()
        self.gateway.start()
        self.signed(len(before) + 1)
        self.assertEqual(before, self.gateway.entries_on_disk()[:len(before)])
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])


class Lost(Ledger, unittest.TestCase):
    """A ledger that was taken away or put back as it was before, with all its files: each test has one of its own."""

    def setUp(self):
        self.vendor, self.gateway = self.enterContext(rig.stack())
        self.folder = self.gateway.folder

    def ask(self, dialect, text):
        answer = self.gateway.ask("POST", dialect.target(), dialect.fields(self.gateway.key, "git.acme.example/web/site"), dialect.bytes(text))
        self.assertEqual(200, answer.status)

    def test_a_ledger_that_is_cut_back_with_all_its_files_is_refused(self):
        folder, aside = self.folder / "data/ledger", self.folder / "aside"
        self.gateway.stop()
        shutil.copytree(folder, aside)
        self.gateway.start()
        self.ask(dialects.CHAT, "what somebody wants to be forgotten")
        self.gateway.stop()
        newest = self.folder / "newest"
        folder.rename(newest)
        aside.rename(folder)
        self.assertIn("the ledger was cut back", self.refusal())
        told = json.loads(self.ledger("verify", "--json", code=1))
        self.assertEqual(["missing"], [one["kind"] for one in told["problems"]])
        folder.rename(aside)
        for whole_folder in (False, True):
            if not whole_folder:
                folder.mkdir(mode=0o700)
            self.assertRegex(self.refusal(), "0 are in .*put the missing files back")
            shutil.rmtree(folder, ignore_errors=True)
        newest.rename(folder)
        self.gateway.start()
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])

    def test_a_ledger_whose_checkpoint_was_taken_away_is_not_signed_anew(self):
        self.ask(dialects.CHAT, "to be rewritten")
        self.gateway.stop()
        folder = self.folder / "data/ledger"
        size = int(self.ledger("checkpoint").splitlines()[1])
        for path in folder.iterdir():
            if path.suffix != ".seg":
                path.unlink()
        self.assertRegex(self.refusal(), f"checkpoint is missing.*{size} entries had been signed")
        self.ledger("verify", code=1)
        told = self.ledger("recover", "--reason", "lost it")
        self.assertRegex(told, "it had no checkpoint that could be read")
        self.gateway.start()
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])

    def test_what_was_lost_is_recorded_as_far_as_it_is_known(self):
        folder = self.folder / "data/ledger"
        self.ask(dialects.CHAT, "one")
        self.gateway.stop()
        shutil.copytree(folder, self.folder / "earlier")
        earlier = int(self.ledger("checkpoint").splitlines()[1])
        self.gateway.start()
        self.ask(dialects.CHAT, "two")
        self.gateway.stop()
        size = int(self.ledger("checkpoint").splitlines()[1])
        shutil.rmtree(folder)
        (self.folder / "earlier").rename(folder)
        self.assertIn("the ledger was cut back", self.refusal())
        told = self.ledger("recover", "--reason", "rolled back")
        self.assertRegex(told, f"{size} of its entries had been signed by .*: entries {earlier} to {size - 1} are lost")
        self.gateway.start()
        act = until(lambda: [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act" and entry["why"] == "rolled back"], "the act")[0]
        self.assertIn(f"{earlier} to {size - 1} are lost", act["about"])
        until(lambda: json.loads(self.ledger("verify", "--json"))["ok"], "a whole ledger")
        self.gateway.stop()
        shutil.rmtree(folder)
        self.assertRegex(self.refusal(), "0 are in ")
        self.assertRegex(self.ledger("recover", "--reason", "emptied"), r"with 0 entries; .*entries had been signed by .*: entries 0 to \d+ are lost")
        self.gateway.start()

    def test_anothers_ledger_is_set_aside(self):
        self.ask(dialects.CHAT, "mine")
        self.gateway.stop()
        folder = self.folder / "data/ledger"
        with rig.stack() as (_, other):
            other.ask("GET", "/")
            other.stop()
            shutil.rmtree(folder)
            shutil.copytree(other.folder / "data/ledger", folder)
        self.refusal()
        self.assertRegex(self.ledger("recover", "--reason", "somebody swapped it"), "with 0 entries")
        self.gateway.start()
        self.ask(dialects.CHAT, "mine again")
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])

    def test_a_state_that_is_missing_is_no_first_start(self):
        self.ask(dialects.CHAT, "hello")
        self.gateway.stop()
        state = self.folder / "data/state.db"
        whole = state.read_bytes()
        for there in (False, True):
            state.unlink(missing_ok=True)
            if there:
                state.touch(0o600)
            self.assertIn("is not there or empty, but the ledger has entries", self.refusal())
        state.unlink()
        self.ledger("verify", code=4)
        self.assertFalse(state.exists())
        state.write_bytes(whole)
        state.chmod(0o600)
        self.gateway.start()


if __name__ == "__main__":
    unittest.main()

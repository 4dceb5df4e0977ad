"""What an auditor gets: a ledger that can be checked, checkpoints that are kept elsewhere, bundles with a second verifier."""

import json
import os
import random
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


class Changed(rig.Case):
    """What a start does with a ledger that is not what was recorded, and how it goes on."""

    def ledger(self, *arguments, code=0):
        return self.gateway.run("ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:], code=code)

    def signed(self, entries):
        until(lambda: int(self.ledger("checkpoint").splitlines()[1]) >= entries, f"a checkpoint of {entries} entries")

    def refusal(self):
        with self.assertRaises(AssertionError) as refused:
            self.gateway.start()
        return str(refused.exception)

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
        before = self.gateway.entries_on_disk()
        self.gateway.start()
        self.signed(len(before) + 1)
        self.assertEqual(before, self.gateway.entries_on_disk()[:len(before)])
        self.assertTrue(json.loads(self.ledger("verify", "--json"))["ok"])


if __name__ == "__main__":
    unittest.main()

"""The ledger as a log in a folder (C2SP tlog-tiles), and logs in folders read again: whatever is done to a file is found and named."""

import json
import os
import random
import shutil
import struct
import subprocess
import unittest

import dialects
import rig
from programs import PROGRAM, environment
from wire import until

SEED = 20_261_129
EXCHANGES = 150
FLIPS = 30  # of each file, besides one of each kind of byte


class Export(rig.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asked = 0
        cls.grow(EXCHANGES)
        cls.log_key = cls.command("key").strip()
        cls.log = cls.folder / "log"
        cls.command("export", str(cls.log))

    @classmethod
    def grow(cls, exchanges):
        case = cls()
        for number in range(cls.asked, cls.asked + exchanges):
            case.ask(dialects.ALL[number % len(dialects.ALL)], f"hello {number}")
        cls.asked += exchanges
        until(lambda: int(cls.command("checkpoint").splitlines()[1]) == 2 * cls.asked + 1, "a checkpoint of all entries")

    @classmethod
    def command(cls, *arguments, code=0):
        return cls.gateway.run("ledger", arguments[0], "--config", "sallyport.yaml", *arguments[1:], code=code)

    def imported(self, folder, code=0):
        done = self.run_import(folder, "--json")
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(code == 0, told["ok"])
        return told

    def run_import(self, folder, *arguments):
        return subprocess.run([PROGRAM, "ledger", "import", str(folder), "--key", self.log_key, *arguments], cwd="/",
                              env=environment(self.folder), capture_output=True, text=True, timeout=rig.DEADLINE)

    def copy(self, name):
        folder = self.folder / name
        shutil.rmtree(folder, True)
        shutil.copytree(self.log, folder)
        return folder

    def files(self, folder):
        return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())

    def entries_of(self, bundle):
        """Offset of the length and of the bytes of each entry, and its end."""
        at, out = 0, []
        while at < len(bundle):
            (length, ) = struct.unpack_from(">H", bundle, at)
            out.append((at, at + 2, at + 2 + length))
            at += 2 + length
        return out

    def test_every_entry_is_there_byte_for_byte(self):
        told = self.imported(self.log)
        size = told["checkpoint"]["size"]
        self.assertEqual(([[0, size - 1]], size), (told["trusted"], told["entries"]))
        recorded = [entry for _, entry in self.gateway.entries_on_disk()][:size]
        exported = []
        for name in self.files(self.log):
            if name.startswith("tile/entries/"):
                bundle = (self.log / name).read_bytes()
                exported += [json.loads(bundle[begin:end]) for _, begin, end in self.entries_of(bundle)]
        self.assertEqual(recorded, exported)
        for file in [self.log, *self.log.rglob("*")]:
            self.assertEqual(0o700 if file.is_dir() else 0o600, file.stat().st_mode & 0o777, file)

    def test_again_it_writes_only_what_is_new(self):
        folder = str(self.copy("again"))
        told = json.loads(self.command("export", folder, "--json"))
        self.assertEqual((0, 0), (told["files_written"], told["files_mended"]))
        before = {name: (self.folder / "again" / name).stat().st_ino for name in self.files(self.folder / "again")}
        self.grow(20)
        told = json.loads(self.command("export", folder, "--json"))
        self.assertEqual((2 * self.asked + 1, 0), (told["checkpoint"]["size"], told["files_mended"]))
        for name, inode in before.items():
            if name != "checkpoint":
                self.assertEqual(inode, (self.folder / "again" / name).stat().st_ino, name)
        self.assertEqual(told["checkpoint"], self.imported(folder)["checkpoint"])
        self.assertIn("fit its checkpoint", self.run_import(folder).stdout)

    def test_elsewhere_with_the_key_alone(self):
        done = subprocess.run([PROGRAM, "ledger", "export", str(self.folder / "elsewhere"), "--ledger",
                               str(self.folder / "data/ledger"), "--key", self.log_key], env=environment(self.folder), cwd="/",
                              capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual(0, done.returncode, done.stderr)
        self.imported(self.folder / "elsewhere")

    def test_a_folder_of_something_else_is_left_alone(self):
        folder = self.folder / "other"
        folder.mkdir()
        (folder / "letter.txt").write_text("dear Ada")
        self.command("export", str(folder), code=4)
        self.assertEqual(["letter.txt"], self.files(folder))
        (folder / "letter.txt").unlink()
        with rig.folder() as here:
            other = self.run_gateway(self.upstreams(), self.policy, folder=here)
            until(lambda: other.run("ledger", "checkpoint", "--config", "sallyport.yaml", code=None), "its checkpoint")
            other.run("ledger", "export", "--config", "sallyport.yaml", str(folder))
            before = self.files(folder)
            self.command("export", str(folder), code=4)
            self.assertEqual(before, self.files(folder))
            self.assertFalse(other.stop())

    def test_every_kind_of_byte_of_every_kind_of_file_that_is_flipped_is_found_and_named(self):
        folder = self.copy("flipped")
        chance = random.Random(SEED)
        flips = 0
        for name in self.files(folder):
            file = folder / name
            whole = file.read_bytes()
            places = {0, len(whole) - 1} | {chance.randrange(len(whole)) for _ in range(FLIPS)}
            entries = self.entries_of(whole) if name.startswith("tile/entries/") else []
            if name == "checkpoint":
                places |= set(range(len(whole)))
            for head, begin, end in entries[:2] + entries[-2:]:
                places |= {head, head + 1, begin, end - 1}
            for at in sorted(places):
                file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:])
                told = self.imported(folder, code=1)
                problem = told["problems"][0]
                self.assertIn(name, problem["sentence"], at)
                if name == "checkpoint":
                    self.assertEqual([], told["trusted"])
                elif entries:
                    first = 256 * int(name.removeprefix("tile/entries/").partition(".")[0])
                    hit = first + sum(end <= at for _, _, end in entries)
                    self.assertEqual(("entry", hit), (problem["kind"], problem["first"]), at)
                    self.assertLessEqual(hit, told["entries"], "all before it are trusted")
                else:
                    self.assertEqual("tile", problem["kind"])
                    self.assertEqual(told["checkpoint"]["size"], told["entries"], "the entries tell what it should have been")
                flips += 1
            file.write_bytes(whole)
            os.truncate(file, len(whole) - 1)
            self.assertIn(name, self.imported(folder, code=1)["problems"][0]["sentence"])
            file.write_bytes(whole + b"\0")
            self.assertIn(name, self.imported(folder, code=1)["problems"][0]["sentence"])
            file.unlink()
            self.assertIn(name, self.imported(folder, code=1)["problems"][0]["sentence"])
            file.symlink_to(self.log / name)
            self.assertIn(name, self.imported(folder, code=1)["problems"][0]["sentence"])
            file.unlink()
            file.write_bytes(whole)
        self.assertGreater(flips, 250)
        self.imported(folder)

    def test_it_says_what_can_still_be_trusted(self):
        folder = self.copy("torn")
        (folder / "tile/entries/000").unlink()
        told = self.run_import(folder)
        size = self.imported(folder, code=1)["checkpoint"]["size"]
        self.assertIn("tile/entries/000 is missing (entries 0 to 255)", told.stdout)
        self.assertIn(f"entries 256 to {size - 1} fit the checkpoint", told.stdout)
        shutil.rmtree(folder / "tile/entries")
        (folder / "tile/data").mkdir()
        self.assertIn("only the tiles were verified", self.run_import(folder).stdout)
        self.assertFalse(self.imported(folder)["has_entries"])

    def test_where_there_is_no_log(self):
        with rig.folder() as here:
            done = self.run_import(here)
            self.assertEqual(4, done.returncode)
            self.assertIn("no log is in", done.stderr)
        self.assertIn("--key", subprocess.run([PROGRAM, "ledger", "import", str(self.log)], env=environment(self.folder), cwd="/",
                                              capture_output=True, text=True, timeout=rig.DEADLINE).stderr)


if __name__ == "__main__":
    unittest.main()

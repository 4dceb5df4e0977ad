"""`repo classify`: five repositories, one of each class; the patch is applied as it is printed, and the policy then says the class."""

import json
import os
import pty
import subprocess
import time
import unittest

import rig
from programs import PROGRAM, Gateway, environment

MIT = """MIT License

Copyright (c) 2026 Acme

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction.
"""
TOKEN = "ghp_" + "WqX4vLmT8zRkN2pYc6HsJd9bFgQ3eU1FRjv6"
POLICY = """version: 1
repositories:  # first match wins
  - { match: "github.com/acme/**", class: customer }
  # what lies at home
  - { match: "git.acme.example/core/**", class: internal, legal_entity: acme-gmbh }
unknown_repository: customer
upstreams:
  sim: { vendor: simulated, hosting: own }
rules:
  - { id: all, when: { class: [open-source, internal, customer, secret-bearing, trade-secret] }, allow: { upstreams: [sim] } }
"""
CUSTOMERS = {"inspection": {"customers": ["Globex Insurance", "Initech"]}}


class Classify(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(rig.folder())
        self.home = Gateway(self.here, {"sim": "http://127.0.0.1:9"}, POLICY, **CUSTOMERS)

    def run_program(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.here, env=environment(self.here), capture_output=True,
                              text=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def classify(self, *arguments, code=0):
        return self.run_program("repo", "classify", *arguments, code=code)

    def told(self, *arguments):
        return json.loads(self.classify(*arguments, "--json").stdout)

    def write(self, name, files):
        for path, text in files.items():
            (self.here / name / path).parent.mkdir(parents=True, exist_ok=True)
            (self.here / name / path).write_text(text)
        return self.here / name

    def git(self, folder, *arguments):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True,
                       env={"PATH": "/usr/bin:/bin", "HOME": str(self.here), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                            "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example"})

    def repository(self, name, remote, files):
        folder = self.write(name, files)
        self.git(folder, "init", "-q", "-b", "main")
        self.git(folder, "remote", "add", "origin", remote)
        self.git(folder, "add", "-A")
        self.git(folder, "commit", "-qm", "x")
        return folder

    def five(self):
        """class -> (its name in the policy, where it lies)"""
        made = {
            "open-source": ("https://github.com/acme/website.git",
                            {"LICENSE": MIT, "a.c": "// SPDX-License-Identifier: MIT\nint a;\n"}),
            "internal": ("git@git.acme.example:tools/build.git", {"a.c": "int a;\n"}),
            "customer": ("ssh://git@git.acme.example/portal/web", {"README.md": "A portal.\n\nMade for GLOBEX\nInsurance.\n"}),
            "secret-bearing": ("https://git.acme.example/ops/deploy", {"deploy.sh": f"cd /srv\nexport TOKEN={TOKEN}\n"}),
            "trade-secret": ("https://git.acme.example/core/engine",
                             {"LICENSE": MIT, "src/e.c": "/* Acme GmbH\n * This file contains trade secrets. */\nint e;\n"}),
        }
        return {cls: (remote.split("://")[-1].split("@")[-1].replace(":", "/").removesuffix(".git"),
                      self.repository(cls, remote, files)) for cls, (remote, files) in made.items()}

    def test_each_class_is_proposed_with_its_evidence_and_the_patch_is_taken(self):
        evidence = {"open-source": ("LICENSE", None, "MIT"), "customer": ("README.md", 3, "Globex Insurance"),
                    "secret-bearing": ("deploy.sh", 2, None), "trade-secret": ("src/e.c", 2, "trade secret")}
        # A folder that is under git too, as policies are.
        self.git(self.here, "init", "-q", "-b", "main")
        for number, (cls, (name, folder)) in enumerate(self.five().items()):
            with self.subTest(cls):
                before = (self.here / "policy.yaml").read_bytes()
                told = self.told(folder)
                self.assertEqual((name, cls), (told["repository"], told["class"]), told)
                self.assertEqual(cls, told["reasons"][0]["class"])
                if cls in evidence:
                    file, line, what = evidence[cls]
                    found = told["reasons"][0]["evidence"][0]
                    self.assertEqual((file, line), (found["file"], found.get("line")))
                    self.assertEqual(what or found["what"], found["what"])
                self.assertIn(f'class: {cls} }}', told["line"])
                printed = self.classify(folder)
                self.assertEqual("", printed.stderr)
                self.assertNotIn(TOKEN, printed.stdout + json.dumps(told))
                self.assertEqual(before, (self.here / "policy.yaml").read_bytes(), "it was only read")
                (self.here / "x.patch").write_text(printed.stdout)
                how = ["git", "apply", "x.patch"] if number % 2 == 0 else ["patch", "-sp1", "-i", "x.patch"]
                if how[0] == "patch" and not os.path.exists("/usr/bin/patch"):
                    how = ["git", "apply", "-p1", "x.patch"]
                applied = subprocess.run(how, cwd=self.here, capture_output=True, text=True, timeout=rig.DEADLINE)
                self.assertEqual(0, applied.returncode, applied.stdout + applied.stderr + printed.stdout)
                self.assertIn("no mistakes", self.run_program("policy", "check", "policy.yaml").stdout)
                explained = json.loads(self.run_program(
                    "policy", "explain", "--policy", "policy.yaml", "--repository", name, "--evidence", "observed", "--model", "m",
                    "--json").stdout)
                self.assertEqual(cls, explained["class"])
                again = self.told(folder)
                self.assertEqual((cls, ""), (again["class_now"], again["patch"]), "there is nothing left to change")
        self.assertIn('core/engine", class: trade-secret, legal_entity: "acme-gmbh"', (self.here / "policy.yaml").read_text())
        for cls, (name, folder) in self.five_known().items():
            self.run_program("repo", "index", folder)
        listed = dict(line.split()[::-1] for line in self.run_program("repo", "list").stdout.splitlines())
        for cls, (name, _) in self.five_known().items():
            self.assertEqual(cls, listed[name])

    def five_known(self):
        return {cls: (name, self.here / cls) for cls, name in {
            "open-source": "github.com/acme/website", "internal": "git.acme.example/tools/build",
            "customer": "git.acme.example/portal/web", "secret-bearing": "git.acme.example/ops/deploy",
            "trade-secret": "git.acme.example/core/engine"}.items()}

    def test_a_folder_and_a_bare_repository_are_read_too(self):
        folder = self.write("handbook", {"initech/notes.md": "Notes.\n"})
        self.assertIn("--name", self.classify(folder, code=4).stderr)
        told = self.told(folder, "--name", "docs.acme.example/handbook")
        self.assertEqual(("customer", "initech/notes.md"), (told["class"], told["reasons"][0]["evidence"][0]["file"]))
        _, (_, source) = list(self.five().items())[3]
        self.git(self.here, "clone", "-q", "--bare", str(source), "bare.git")
        told = self.told("bare.git", "--name", "https://git.acme.example/ops/deploy.git")
        self.assertEqual(("git.acme.example/ops/deploy", "secret-bearing"), (told["repository"], told["class"]))

    def test_a_claimed_name_makes_nothing_open(self):
        folder = self.write("claims", {"LICENSE": MIT})
        told = self.told(folder, "--name", "github.com/acme/claims")
        self.assertEqual("internal", told["class"])
        self.assertIn("no remote at a public forge", told["reasons"][0]["reason"])

    def test_a_stricter_entry_is_loosened_only_where_that_is_asked_for(self):
        folder = self.write("quiet", {"a.c": "int a;\n"})
        (self.here / "policy.yaml").write_text('version: 1\nrepositories:\n  - { match: "h.example/quiet", class: trade-secret }\n')
        printed = self.classify(folder, "--name", "h.example/quiet").stdout
        self.assertIn("policy.yaml:3 says trade-secret, which is stricter and stays", printed)
        self.assertNotIn("+++", printed)
        self.assertIn("nothing was found that tells its class", printed)
        self.assertTrue(self.told(folder, "--name", "h.example/quiet")["held"])
        self.assertIn("+  - { match: \"h.example/quiet\", class: internal }\n",
                      self.classify(folder, "--name", "h.example/quiet", "--loosen").stdout)

    def test_rules_of_the_installation_are_looked_for(self):
        (self.here / "acme.toml").write_text("[[rules]]\nid = 'acme-badge'\nregex = 'badge-[0-9]{6}'\nkeywords = ['badge-']\n")
        self.home.more["inspection"] = {"rules": ["acme.toml"]}
        self.home.write_config()
        folder = self.write("doors", {"a.txt": "\n\nbadge-123456\n"})
        told = self.told(folder, "--name", "h.example/doors")
        self.assertEqual(("secret-bearing", {"file": "a.txt", "line": 3, "what": "acme-badge"}),
                         (told["class"], told["reasons"][0]["evidence"][0]))

    def test_what_cannot_be_read_is_said(self):
        folder = self.write("mixed", {"a.c": "int a;\n", "b.bin": "a\0b", "node_modules/x/y.js": "x\n"})
        told = self.told(folder, "--name", "h.example/mixed")
        self.assertEqual(({"binary": 1, "vendored": 1}, 1), (told["not_looked_at"], told["files"]))
        self.assertIn("not looked at: 1 x binary", self.classify(folder, "--name", "h.example/mixed").stdout)
        self.assertIn("is no folder", self.classify("missing", code=4).stderr)
        self.assertIn("names no repository", self.classify(folder, "--name", "x", code=4).stderr)
        self.classify(code=2)
        (self.here / "policy.yaml").write_text("version: 1\nrulez: []\n")
        self.assertIn("policy.yaml:2:1", self.classify(folder, "--name", "h.example/mixed", code=1).stderr)

    def test_a_policy_elsewhere_is_named_from_its_own_folder(self):
        work = self.write("work", {"a.c": "int a;\n"})
        done = subprocess.run([PROGRAM, "repo", "classify", ".", "--name", "h.example/w", "--config", "../sallyport.yaml"], cwd=work,
                              env=environment(self.here), capture_output=True, text=True, timeout=rig.DEADLINE, check=True)
        self.assertIn("--- a/policy.yaml\n+++ b/policy.yaml\n", done.stdout)
        self.assertIn("# to be applied in ..\n", done.stdout)
        below = subprocess.run([PROGRAM, "repo", "classify", work, "--name", "h.example/w", "--config", f"{self.here.name}/sallyport.yaml"],
                               cwd=self.here.parent, env=environment(self.here), capture_output=True, text=True, timeout=rig.DEADLINE,
                               check=True)
        self.assertIn(f"--- a/{self.here.name}/policy.yaml\n", below.stdout)

    def test_a_name_cannot_steer_a_terminal_nor_end_a_comment(self):
        folder = self.write("odd", {"initech\n--- a/x\n+++ b/x": "x\n", "initech\x1b[2J": "x\n"})
        printed = self.classify(folder, "--name", "h.example/odd").stdout
        self.assertNotIn("\x1b", printed)
        self.assertEqual(1, printed.count("\n--- a/"))

    def test_progress_is_told_on_a_terminal_only(self):
        folder = self.write("large", {f"{i}.txt": "the quick brown fox\n" * 250_000 for i in range(20)})
        reader, writer = pty.openpty()
        self.addCleanup(os.close, reader)
        begun = time.monotonic()
        with subprocess.Popen([PROGRAM, "repo", "classify", folder, "--name", "h.example/large"], cwd=self.here,
                              env=environment(self.here), stdout=subprocess.DEVNULL, stderr=writer) as process:
            os.close(writer)
            shown = b""
            try:
                while chunk := os.read(reader, 4096):
                    shown += chunk
            except OSError:  # the other end is closed
                pass
            self.assertEqual(0, process.wait(rig.DEADLINE))
        if time.monotonic() - begun > 2:
            self.assertRegex(shown, rb"\r\d+ files")
        self.assertEqual("", self.classify(folder, "--name", "h.example/large").stderr)

    def test_help_has_an_example_and_shells_complete_it(self):
        self.assertIn("git apply engine.patch", self.classify("--help").stdout)
        self.assertRegex(self.run_program("completion", "bash").stdout, r'"repo classify"\) words="[^"]*--loosen')


if __name__ == "__main__":
    unittest.main()

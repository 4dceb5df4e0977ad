"""`sallyport discover`: a prepared home, hostile files, a signed report."""

import hashlib
import json
import os
import unittest
from pathlib import Path

import prepared_home
import reporting
from discovering import SEED, Discovering

POLICY = {
    "version": 1, "repositories": [], "unknown_repository": "internal",
    "clients": {"claude-code": {"versions": ">=0.0.1"}, "codex": {"versions": ">=999"}},
    "upstreams": {"local": {"vendor": "self", "hosting": "own"}}, "plugins": {"nothing": {"classes": ["internal"]}},
    "rules": [{"id": "all", "allow": {"upstreams": ["local"]}}],
}


def tree_of(folder):
    """path -> what is there, times too; nothing is opened that is no plain file."""
    out = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file() and status.st_size < 1 << 20 and os.access(path, os.R_OK):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        out[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, content)
    return out


class PreparedHome(Discovering):
    def setUp(self):
        super().setUp()
        self.planted = prepared_home.Home(self.folder, SEED)
        (self.folder / "policy.yaml").write_text(json.dumps(POLICY))

    def look(self, *arguments, code=None):
        return self.discover("--home", self.planted.home, "--workspace", self.planted.work, *arguments, code=code)

    def facts(self, *arguments, code=None):
        return json.loads(self.look("--json", *arguments, code=code).stdout)["facts"]

    def test_all_that_was_planted_is_found_and_nothing_is_invented(self):
        self.assertGreaterEqual(len(self.planted.facts), 40)
        system = [fact for fact in self.facts() if fact["place"].startswith(("/usr", "/etc", "/opt"))]
        found = {(fact["kind"], fact.get("client", ""), fact["what"], fact["place"], fact.get("line", 0)) for fact in self.facts()
                 if not fact["place"].startswith(("/usr", "/etc", "/opt"))}
        self.assertEqual(self.planted.facts, found, f"SEED={SEED}; of the system: {system}")

    def test_each_fact_says_where_and_how_it_is_known(self):
        for fact in self.facts():
            self.assertTrue(fact["place"] and fact["known_by"] and fact["verdict"] and fact["reason"], fact)

    def test_what_is_known_of_a_client_and_a_plugin(self):
        facts = self.facts()
        clients = {(fact["what"], fact["place"]): fact for fact in facts if fact["kind"] == "client"}
        codex = next(fact for (what, _), fact in clients.items() if what == "codex")
        self.assertEqual((self.planted.versions["codex"], "npm global (nvm)"), (codex["value"], codex["way"]))
        native = clients["claude-code", "~/.local/bin/claude"]
        self.assertEqual((self.planted.versions["claude-code"], "native installer"), (native["value"], native["way"]))
        program = (self.planted.home / ".local/bin/claude").read_bytes()
        self.assertEqual("sha256:" + hashlib.sha256(program).hexdigest(), native["digest"])
        opencode = clients["opencode", "~/.opencode/bin/opencode"]
        self.assertNotIn("value", opencode)
        self.assertIn("its content names opencode-ai", opencode["known_by"])
        ways = {fact["way"] for fact in facts if fact["kind"] == "plugin"}
        self.assertTrue({"MCP server, stdio", "MCP server, http", "MCP server, sse", "plugin, enabled", "skill", "extension"} <= ways, ways)
        logins = {fact["client"]: fact["way"] for fact in facts if fact["kind"] == "login" and ".claude.json" not in fact["place"]}
        self.assertEqual({"claude-code": "claude.ai subscription: max", "codex": "ChatGPT account: plus", "gemini-cli": "Google account",
                          "copilot": "GitHub account"}, logins)
        kept = next(fact for fact in facts if fact["kind"] == "transcripts" and fact["client"] == "claude-code")
        self.assertEqual((3, "2026-09-21T14:13:20.000Z", "2026-09-23T14:13:20.000Z"), (kept["count"], kept["first"], kept["last"]))

    def test_no_key_no_name_and_no_word_of_a_conversation_is_in_any_output(self):
        report = self.folder / "machine.report"
        outputs = []
        for arguments in ([], ["--all"], ["--json"], ["--sarif"], ["--json", "--report", report], ["--policy", "policy.yaml", "--gateway", prepared_home.GATEWAY, "--all"]):
            done = self.look(*arguments)
            outputs += [done.stdout, done.stderr]
        outputs.append(report.read_text())
        outputs.append("".join(self.discover("--fleet", ".", "--json").stdout))
        for path in self.own.rglob("*"):
            if path.is_file():
                outputs.append(path.read_text())
        for secret in [*self.planted.keys, *self.planted.names, self.planted.said, str(self.planted.home)]:
            for output in outputs:
                self.assertNotIn(secret, output)

    def test_the_home_is_as_it_was(self):
        before = tree_of(self.planted.home), tree_of(self.planted.work)
        for arguments in (["--json"], ["--report", self.folder / "r"], ["--sarif", "--policy", "policy.yaml"]):
            self.look(*arguments)
        self.assertEqual(before, (tree_of(self.planted.home), tree_of(self.planted.work)))

    def test_facts_are_judged_by_policy_and_gateway(self):
        facts = self.facts("--policy", "policy.yaml", "--gateway", prepared_home.GATEWAY, code=1)
        verdicts = {}
        for fact in facts:
            verdicts.setdefault((fact["kind"], fact.get("client", "")), set()).add(fact["verdict"])
        self.assertEqual({"approved"}, verdicts["client", "claude-code"])
        self.assertEqual({"not approved"}, verdicts["client", "codex"])
        self.assertEqual({"not approved"}, verdicts["client", "gemini-cli"])
        self.assertEqual({"not approved"}, verdicts["key", ""])
        self.assertEqual({"not approved"}, verdicts["bypass", "codex"])
        addresses = {(fact["client"], fact["what"]): fact for fact in facts if fact["kind"] == "base-url" and fact["place"].startswith("~")}
        self.assertEqual("approved", addresses["codex", "model_providers.gw.base_url"]["verdict"])
        self.assertIn("third party", addresses["claude-code", "ANTHROPIC_BASE_URL"]["reason"])
        self.assertIn("AiHubMix; community", addresses["qwen-code", "OPENAI_BASE_URL"]["reason"])
        governed = {fact["what"] for fact in facts if fact["kind"] == "client" and fact.get("governed")}
        self.assertEqual({"codex", "opencode", "copilot"}, governed)

    def test_without_policy_and_gateway_only_a_known_third_party_is_not_approved(self):
        refused = [fact for fact in self.facts(code=1) if fact["verdict"] == "not approved"]
        self.assertEqual({"aihubmix.com", "openrouter.ai"}, {fact["reason"].split()[0] for fact in refused}, refused)

    def test_a_key_has_the_same_name_on_one_machine_and_another_on_the_next(self):
        def names():
            return sorted(fact["digest"] for fact in self.facts() if fact["kind"] == "key")

        self.assertNotEqual(names(), names(), "without a key of the machine each run has its own")
        self.look("--report", self.folder / "r")
        first = names()
        self.assertEqual(first, names())
        (self.own / ".local/state/sallyport/machine-key").unlink()
        self.look("--report", self.folder / "r")
        self.assertNotEqual(first, names())

    def test_sarif_has_the_form_that_readers_want(self):
        sarif = json.loads(self.look("--sarif", "--policy", "policy.yaml", "--gateway", prepared_home.GATEWAY).stdout)
        self.assertEqual("2.1.0", sarif["version"])
        run, = sarif["runs"]
        rules = run["tool"]["driver"]["rules"]
        self.assertEqual(len(rules), len({rule["id"] for rule in rules}))
        self.assertTrue(run["tool"]["driver"]["name"])
        lines = {}
        for result in run["results"]:
            self.assertEqual(result["ruleId"], rules[result["ruleIndex"]]["id"])
            self.assertIn(result["kind"], ("fail", "pass", "open"))
            self.assertEqual("error" if result["kind"] == "fail" else "none", result["level"])
            self.assertTrue(result["message"]["text"])
            location, = result["locations"]
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            self.assertRegex(uri, r"^[\w.~/@+,=%:-]+$")
            self.assertNotIn("uriBaseId" if uri.startswith("file://") else "nothing", physical["artifactLocation"])
            self.assertGreaterEqual(physical["region"]["startLine"], 1)
            self.assertTrue(all(isinstance(one, str) for one in result["partialFingerprints"].values()))
            lines.setdefault(uri, set()).add(physical["region"]["startLine"])
        for kind, _, _, place, line in self.planted.facts:
            if place.startswith("~/") and line:
                self.assertIn(line, lines[place[2:].replace(" ", "%20")], (kind, place))


class GovernedClients(Discovering):
    """Which client is governed, one change at a time."""
    def setUp(self):
        super().setUp()
        self.root = self.folder / "image"
        (self.root / "home/ada/.local/bin").mkdir(parents=True)
        self.home = self.root / "home/ada"
        (self.home / ".local/bin/claude").write_text("@anthropic-ai/claude-code")
        self.work = self.root / "src"
        self.work.mkdir()

    def governed(self):
        done = self.discover("--root", self.root, "--workspace", self.work, "--json", "--gateway", prepared_home.GATEWAY)
        return [fact.get("governed", False) for fact in json.loads(done.stdout)["facts"] if fact["kind"] == "client"]

    def test_by_every_address_that_it_would_use(self):
        self.assertEqual([False], self.governed(), "nothing says where it goes")
        (self.home / ".profile").write_text(f"export ANTHROPIC_BASE_URL={prepared_home.GATEWAY}\n")
        self.assertEqual([True], self.governed())
        (self.work / ".env").write_text("ANTHROPIC_BASE_URL=https://relay.example\n")
        self.assertEqual([True], self.governed(), "a file that it does not read")
        (self.work / ".envrc").write_text("export ANTHROPIC_BASE_URL=$(relay)\n")
        self.assertEqual([False], self.governed(), "an address that is not known")
        (self.work / ".envrc").unlink()
        (self.work / ".claude").mkdir()
        (self.work / ".claude/settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://relay.example"}}')
        self.assertEqual([False], self.governed(), "a repository leads it elsewhere")
        (self.root / "etc/claude-code").mkdir(parents=True)
        (self.root / "etc/claude-code/managed-settings.json").write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": prepared_home.GATEWAY + "/"}}))
        self.assertEqual([True], self.governed(), "the company's settings come first")


    def test_by_the_launcher_that_started_it_lately(self):
        home = self.home / ".local/state/sallyport/homes/claude-code"
        (home / ".claude/projects/p").mkdir(parents=True)
        (home / ".claude/projects/p/x.jsonl").write_text("{}")
        self.assertEqual([True], self.governed())
        for path in (home, home / ".claude", home / ".claude/projects"):
            os.utime(path, (1_700_000_000, ) * 2)
        self.assertEqual([False], self.governed(), "three years ago")
        done = self.discover("--root", self.root, "--json")
        kept = [fact["place"] for fact in json.loads(done.stdout)["facts"] if fact["kind"] == "transcripts"]
        self.assertEqual(["~/.local/state/sallyport/homes/claude-code/.claude/projects"], kept)


class Report(Discovering):
    def setUp(self):
        super().setUp()
        self.planted = prepared_home.Home(self.folder, SEED + 1)

    def test_it_says_what_it_holds_is_signed_and_nothing_else(self):
        report = self.folder / "machine.report"
        done = self.discover("--home", self.planted.home, "--json", "--report", report, "--gateway", prepared_home.GATEWAY)
        document = reporting.check(report.read_bytes())
        self.assertEqual({"format", "machine", "key", "at", "facts"}, set(document))
        self.assertEqual(json.loads(done.stdout)["facts"], document["facts"])
        said = done.stderr.splitlines()
        self.assertIn("says about you", done.stderr)
        self.assertIn("Nothing was sent.", said[-1])
        for fact in document["facts"]:
            place = f"{fact['place']}:{fact['line']}" if "line" in fact else fact["place"]
            self.assertTrue(any(fact["kind"] in line and place in line and f"[{fact['verdict']}]" in line for line in said), fact)
        key = self.own / ".local/state/sallyport/machine-key"
        self.assertEqual(0o600, key.stat().st_mode & 0o777)
        self.assertEqual(0o600, report.stat().st_mode & 0o777)
        again = self.folder / "again"
        self.discover("--home", self.planted.home, "--report", again)
        self.assertEqual(document["machine"], reporting.check(again.read_bytes())["machine"])

    def test_a_key_that_others_can_read_or_that_is_none_is_refused(self):
        self.discover("--home", self.planted.home, "--report", "r")
        key = self.own / ".local/state/sallyport/machine-key"
        key.chmod(0o644)
        self.assertIn("machine-key", self.discover("--home", self.planted.home, "--report", "r", code=4).stderr)
        key.chmod(0o600)
        key.write_text("nonsense\n")
        self.assertIn("is no key of a machine", self.discover("--home", self.planted.home, "--report", "r", code=4).stderr)


class HostileFiles(Discovering):
    """What lies in a home must not stop, fool or fill the one who looks."""
    def look(self, *arguments):
        return json.loads(self.discover("--home", self.home, "--json", *arguments).stdout)["facts"]

    def setUp(self):
        super().setUp()
        self.home = self.folder / "home"
        self.home.mkdir()

    def unread(self, facts=None):
        return {fact["place"]: fact["value"] for fact in (facts if facts is not None else self.look()) if fact["kind"] == "unread"}

    def test_each_is_told_and_none_is_waited_for(self):
        home = self.home
        for folder in (".claude", ".codex", ".gemini", ".qwen", ".config/opencode", ".copilot", ".local/bin", ".claude/projects/p", ".config/fish", ".continue"):
            (home / folder).mkdir(parents=True)
        os.mkfifo(home / ".claude.json")
        os.mkfifo(home / ".claude/projects/p/pipe.jsonl")
        (home / ".claude/settings.json").symlink_to("settings.json")
        (home / ".claude/settings.local.json").symlink_to("/nowhere/at/all")
        (home / ".claude/projects/p/round").symlink_to("..")
        with open(home / ".codex/config.toml", "wb") as file:
            file.truncate(2 << 30)
        with open(home / ".local/bin/claude", "wb") as file:
            file.truncate(2 << 30)
        (home / ".gemini/settings.json").write_bytes(b"\x00\x01\x02" * 100)
        (home / ".qwen/settings.json").write_text('{"mcpServers": {"half": {"command": "x"')
        (home / ".copilot/config.json").write_text("[" * 100_000)
        (home / ".config/opencode/opencode.json").write_text('{"a": 1, "a": 2} trailing')
        (home / ".codex/hooks.json").mkdir()
        (home / ".continue/config.yaml").write_text("a: [1, 2\nb: &x *x\n")
        (home / ".bashrc").symlink_to("/dev/zero")
        (home / ".zshrc").write_bytes(b"export OPENAI_BASE_URL='unclosed\n" + b"\xff\xfe" * 10)
        os.mkfifo(home / ".local/bin/codex")
        (home / ".config/fish/config.fish").write_text("x" * 1_000_000)
        facts = self.look()
        unread = self.unread(facts)
        for name in (".claude.json", ".claude/settings.json", ".claude/settings.local.json", ".codex/config.toml", ".local/bin/claude", ".gemini/settings.json",
                     ".qwen/settings.json", ".copilot/config.json", ".config/opencode/opencode.json", ".continue/config.yaml", ".bashrc", ".local/bin/codex"):
            self.assertIn("~/" + name, unread)
        self.assertNotIn("~/.codex/hooks.json", unread, "a folder is no settings file")
        self.assertEqual([], [fact for fact in facts if fact["kind"] == "plugin"], "of a damaged file nothing is half read")

    def test_unreadable_files_and_folders_are_told(self):
        nobody = {"user": 65534} if os.geteuid() == 0 else {}  # root reads everything
        self.folder.chmod(0o755)
        (self.home / ".claude").mkdir()
        (self.home / ".claude/settings.json").write_text("{}")
        (self.home / ".claude/settings.json").chmod(0)
        (self.home / ".nvm/versions/node").mkdir(parents=True)
        (self.home / ".nvm/versions/node").chmod(0)
        try:
            done = self.discover("--home", self.home, "--json", **nobody)
        finally:
            (self.home / ".nvm/versions/node").chmod(0o700)
        self.assertEqual({"~/.claude/settings.json", "~/.nvm/versions/node"}, set(self.unread(json.loads(done.stdout)["facts"])))

    def test_names_cannot_steer_a_terminal_or_carry_a_key(self):
        key = "sk-ant-api03-" + "a1B2" * 20
        (self.home / ".claude.json").write_text(json.dumps({"mcpServers": {"x\x1b[31m" + key: {"command": key, "args": [key], "url": "https://u:" + key + "@h.example/" + key}}}))
        (self.home / ".claude/skills" / key).mkdir(parents=True)
        (self.home / ".claude/skills" / key / "SKILL.md").write_text("x")
        for arguments in ([], ["--all"], ["--json"], ["--sarif"]):
            done = self.discover("--home", self.home, *arguments)
            self.assertNotIn(key, done.stdout + done.stderr)
            self.assertNotIn("\x1b", done.stdout)

    def test_an_empty_home_has_nothing(self):
        self.assertEqual([], [fact for fact in self.look() if fact["place"].startswith("~")])

    def test_a_prepared_tree_is_looked_at_below_its_root(self):
        root = self.folder / "image"
        (root / "usr/lib/node_modules/@openai/codex").mkdir(parents=True)
        (root / "usr/lib/node_modules/@openai/codex/codex.js").write_text("//")
        (root / "usr/lib/node_modules/@openai/codex/package.json").write_text('{"name": "@openai/codex", "version": "0.169.0"}')
        (root / "usr/bin").mkdir()
        (root / "usr/bin/codex").symlink_to("/usr/lib/node_modules/@openai/codex/codex.js")
        (root / "private/etc/claude-code").mkdir(parents=True)
        (root / "etc").symlink_to("/private/etc")  # of the tree, not of this machine
        (root / "usr/local").symlink_to("../../../../../../usr/local")  # as far up as the tree goes
        (root / "private/etc/claude-code/managed-settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gateway.acme.example"}}')
        for person in ("ada", "bob"):
            (root / "home" / person).mkdir(parents=True)
            (root / "home" / person / ".profile").write_text("export OPENAI_BASE_URL=https://gateway.acme.example/v1\n")
        facts = json.loads(self.discover("--root", root, "--json", "--gateway", "gateway.acme.example").stdout)["facts"]
        self.assertEqual({("client", "codex", "/usr/bin/codex"), ("base-url", "ANTHROPIC_BASE_URL", "/private/etc/claude-code/managed-settings.json"),
                          ("base-url", "OPENAI_BASE_URL", "~/.profile"), ("base-url", "OPENAI_BASE_URL", "~2/.profile")},
                         {(fact["kind"], fact["what"], fact["place"]) for fact in facts})
        self.assertNotIn("ada", json.dumps(facts))

    def test_wrong_use_is_said(self):
        for arguments, code in ((["--home", "nowhere"], 2), (["--json", "--sarif"], 2), (["--fleet", ".", "--logs", "zeek"], 2), (["file"], 2), (["--rules", "dns", "--sarif"], 2),
                                (["--logs", "zeek"], 2), (["--rules", "iptables"], 2), (["--policy", "nowhere.yaml"], 4), (["--fleet", "nowhere"], 4),
                                (["--logs", "dns", "nowhere"], 4), (["--gateway", "https://"], 4), (["--fleet", ".", "--banned", "x@>=y"], 2)):
            with self.subTest(arguments):
                self.assertTrue(self.discover(*arguments, code=code).stderr)

    def test_the_callers_environment_counts_where_no_home_is_named(self):
        key = "sk-proj-" + "Zz9_" * 12
        done = self.discover("--json", "--gateway", "gateway.acme.example", ANTHROPIC_BASE_URL="https://api.anthropic.com", OPENAI_API_KEY=key,
                             HTTPS_PROXY="http://me:secret-word@proxy.acme.example:3128")
        self.assertNotIn(key, done.stdout)
        self.assertNotIn("secret-word", done.stdout)
        facts = {fact["what"]: fact for fact in json.loads(done.stdout)["facts"] if fact["place"].startswith("environment")}
        self.assertEqual({"ANTHROPIC_BASE_URL", "openai-key", "HTTPS_PROXY"}, set(facts))
        self.assertEqual("not approved", facts["ANTHROPIC_BASE_URL"]["verdict"])

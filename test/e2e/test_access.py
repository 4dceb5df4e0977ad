"""Who may see what of the ledger: by role of the key, on the admin listener and by the command line over it."""

import concurrent.futures
import contextlib
import json
import sqlite3
import subprocess
import time
import unittest
from urllib.parse import quote

import dialects
import rig
from policy import POLICY
from programs import PROGRAM, environment
from wire import until

SITE = "git.acme.example/web/site"
ROLES = ("auditor", "security", "data-protection")
FILE = "/home/ada/src/pay.c"


def reads_a_file(text):
    """A request that names FILE in a tool call."""
    call = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": FILE}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": text}
    return json.dumps({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "assistant", "content": [call]},
                                                                      {"role": "user", "content": [result]}]
    }).encode()


class Setting(rig.Case):
    """People of each role, what two of them asked, and a third one who goes on asking."""

    policy = POLICY | {"bodies": {"internal": "90d"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        wishes = {role: [f"{role}@acme.example", "--access", role] for role in ROLES} | {
            "ada": ["ada.lovelace@acme.example", "--team", "engines"], "bob": ["bob@acme.example"]
        }
        cls.people = {
            who: json.loads(cls.gateway.run("key", "issue", "--config", "sallyport.yaml", "--json", "--person", *wish))
            for who, wish in wishes.items()
        }
        cls.people["carol"] = cls.gateway.issue("carol@acme.example")
        cls.keys = {who: one["key"] for who, one in cls.people.items()}
        case = cls()
        cls.ada = [case.ask(dialects.ANTHROPIC, body=reads_a_file(f"canary-of-ada {i}"), key=cls.keys["ada"]) for i in range(3)]
        cls.bob = [case.ask(dialects.CHAT, f"bob {i}", key=cls.keys["bob"], repository="git.acme.example/web/other") for i in range(2)]
        cls.gateway.rows([one.exchange for one in cls.ada + cls.bob])

    def go_on(self, text="meanwhile", dialect=dialects.CHAT, **more):
        return self.ask(dialect, text, key=self.keys["carol"], repository="git.acme.example/web/third", **more)

    def get(self, path, who="auditor", fields=(), method="GET"):
        key = self.keys.get(who, who)
        return self.gateway.admin(path, [("Authorization", f"Bearer {key}"), *fields], method)

    def told(self, path, who="auditor", status=200, **more):
        answer = self.get(path, who, **more)
        self.assertEqual(status, answer.status, answer.body[:300])
        return json.loads(answer.body)

    def exchanges(self, query="", who="auditor"):
        return [row["exchange"] for row in self.told("/ledger/entries" + query, who)["entries"]]

    def command(self, *arguments, who="auditor", code=0, text=True, gateway=True):
        where = ["--gateway", f"http://127.0.0.1:{self.gateway.admin_port}"] if gateway else ["--config", "sallyport.yaml"]
        done = subprocess.run([PROGRAM, "ledger", arguments[0], *where, *arguments[1:]], cwd=self.gateway.folder,
                              env=environment(self.folder, SALLYPORT_KEY=self.keys.get(who, who)), capture_output=True, text=text,
                              timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def acts(self, what):
        return [entry for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act" and entry["what"] == what]


class Entries:
    def test_a_key_that_is_in_force_is_needed(self):
        revoked = self.gateway.issue("eve@acme.example", "--access", "auditor")
        self.gateway.run("key", "revoke", "--config", "sallyport.yaml", revoked["id"])
        for key in ("", "nonsense", self.keys["auditor"][:-1] + "!", "sp_" + "a" * 36):
            answer = self.get("/ledger/entries", key)
            self.assertEqual(401, answer.status)
            self.assertEqual("Bearer", answer.get("www-authenticate"))
        until(lambda: self.get("/ledger/entries", revoked["key"]).status == 401, "the revoked key to be refused")
        self.assertEqual(401, self.gateway.admin("/ledger/entries").status)
        self.assertEqual(421, self.gateway.admin("/ledger/entries", host="evil.example").status)
        self.assertEqual(405, self.get("/ledger/entries", method="DELETE").status)
        self.assertEqual(404, self.get("/ledger/nothing").status)

    def test_roles_see_everybody_and_a_developer_their_own(self):
        everything = [one.exchange for one in self.ada + self.bob][::-1]
        for role in ROLES:
            self.assertEqual(everything, [one for one in self.exchanges(who=role) if one in everything])
        mine = self.told("/ledger/entries", "ada")["entries"]
        self.assertEqual([one.exchange for one in self.ada][::-1], [row["exchange"] for row in mine])
        person = mine[0]["person"]
        self.assertEqual(self.people["ada"]["person"], person)
        self.assertEqual({person}, {row["person"] for row in mine})
        self.assertEqual(mine, self.told(f"/ledger/entries?person={person}", "ada")["entries"])
        for path in (f"/ledger/entries?person={self.people['bob']['person']}", f"/ledger/left?repository={SITE}&person=p_other",
                     "/ledger/left", f"/ledger/entries/{self.bob[0].exchange}", "/ledger/entries/0", "/ledger/entries/nothing",
                     "/tile/entries/000.p/1", f"/ledger/entries/{self.ada[0].exchange}/body/request?reason=x"):
            with self.subTest(path=path):
                error = self.told(path, "ada", 403)["error"]
                self.assertRegex(error, "access auditor.*this key has access developer")
        for name in ("auditor@acme.example", "ada.lovelace@acme.example", self.people["bob"]["person"]):
            self.assertNotIn(name, json.dumps(mine))

    def test_what_is_not_there_and_what_is_not_yours_are_told_alike(self):
        answers = {self.get(f"/ledger/entries/{one}", "ada").body for one in (self.bob[0].exchange, "no-such", "99999", "0")}
        self.assertEqual(1, len(answers))

    def test_an_exchange_with_its_entries(self):
        shown = self.told(f"/ledger/entries/{self.ada[0].exchange}")
        self.assertEqual(["intent", "outcome"], [one["entry"]["kind"] for one in shown["entries"]])
        self.assertEqual(shown, self.told(f"/ledger/entries/{shown['entries'][1]['id']}"))
        own = self.told(f"/ledger/entries/{self.ada[0].exchange}", "ada")
        self.assertEqual(shown["exchange"], own["exchange"])
        self.assertEqual([{"id": one["id"]} for one in shown["entries"]], own["entries"])

    def test_each_filter(self):
        ada, bob = ([one.exchange for one in of][::-1] for of in (self.ada, self.bob))
        file = self.told(f"/ledger/entries/{ada[0]}")["entries"][0]["entry"]["request"]["files"][0][1]
        for query, expected in ((f"person={self.people['bob']['person']}", bob), ("team=engines", ada), (f"repository={SITE}", ada),
                                ("class=internal&team=engines", ada), (f"file={quote(FILE)}", ada), (f"file={file}", ada),
                                ("client=nobody", []), ("finding=no-such-rule", []), ("decision=allow&team=engines", ada),
                                ("vendor=simulated&account=acme&team=engines", ada), ("rule=open-code-any-vendor&team=engines", ada),
                                ("until=2026-01-01", []), ("since=24h&team=engines", ada), (f"key={self.people['bob']['id']}", bob)):
            with self.subTest(query=query):
                self.assertEqual(expected, self.exchanges("?" + query))
        for query in ("person=ada.lovelace%40acme.example", "nobody=1", "team=a&team=b", "limit=0", "since=soon", "cursor=next"):
            self.assertEqual(400, self.get("/ledger/entries?" + query).status, query)

    def test_pages_neither_repeat_nor_skip_while_entries_come_and_the_index_is_built_anew(self):
        for i in range(12):
            self.go_on(f"page {i}")
        last = self.go_on("the last page")
        until(lambda: last.exchange in self.exchanges("?limit=1000"), "the last exchange in the index")
        expected, seen, cursor = self.exchanges("?limit=1000"), [], ""
        while True:
            page = self.told(f"/ledger/entries?limit=4{cursor and '&cursor=' + cursor}")
            seen += [row["exchange"] for row in page["entries"]]
            cursor = page.get("next", "")
            if not cursor:
                break
            self.go_on()
            if len(seen) == 8:
                self.gateway.run("ledger", "reindex", "--config", "sallyport.yaml")
        self.assertEqual(expected, seen)

    def test_questions_do_not_hold_up_exchanges(self):
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            asked = list(pool.map(lambda _: self.get("/ledger/left?limit=10000").status, range(80)))
            self.assertEqual(200, self.go_on().status)
        self.assertLessEqual(set(asked), {200, 503})
        self.assertIn(200, asked)


class Bodies:
    def test_a_body_is_for_auditors_and_security_and_reading_it_is_recorded(self):
        path = f"/ledger/entries/{self.ada[1].exchange}/body/"
        body = until(lambda: (answer := self.get(path + "request?reason=case+7")).status == 200 and answer.body, "the body")
        self.assertEqual(reads_a_file("canary-of-ada 1"), body)
        reason = [("Sallyport-Reason", "case 8")]
        answer = until(lambda: (told := self.get(path + "response", "security", reason)).status == 200 and told, "the answer")
        self.assertEqual(self.ada[1].body, answer.body)
        self.assertEqual("no-store", answer.get("cache-control"))
        for who in ("data-protection", "ada"):
            self.assertIn("auditor or security", self.told(path + "request?reason=refused", who, 403)["error"])
        self.assertIn("reason", self.told(path + "request", status=400)["error"])
        self.assertEqual(200, self.get(path + "request?reason=last").status)
        acts = until(lambda: "last" in (acts := {act["why"]: act for act in self.acts("read-body")}) and acts, "the acts")
        self.assertNotIn("refused", acts)
        for why, role in (("case 7", "auditor"), ("case 8", "security")):
            self.assertEqual(self.people[role]["person"], acts[why]["by"])
            self.assertIn(self.people[role]["id"], acts[why]["about"])

    def test_words_are_found_in_what_was_kept(self):
        spoken = self.go_on("the Zebra\nis \"striped\" \u00fcber all", dialects.ANTHROPIC, stream=True)
        later = self.go_on("a zebra elsewhere")
        self.gateway.rows([spoken.exchange, later.exchange])

        def search(*words, more=()):
            found = self.command("search", *words, "--reason", "case 9", "--json", *more, gateway=False)
            return [json.loads(line)["exchange"] for line in found.splitlines()]

        until(lambda: search("zebra elsewhere"), "the bodies to be on the disk")
        self.assertEqual([later.exchange, spoken.exchange], search("zebra"))
        self.assertEqual([spoken.exchange], search("ZEBRA\nis \"striped\" \u00fcber", "all"))
        self.assertEqual([], search("zebra", "tiger"))
        self.assertEqual([later.exchange], search("zebra", more=("--limit", "1")))
        self.assertEqual([], search("zebra", more=("--repository", "git.acme.example/web/other")))
        self.assertEqual([one.exchange for one in self.ada][::-1], search("canary-of-ada"))
        acts = until(lambda: self.acts("search-bodies"), "the act")
        self.assertEqual("case 9", acts[0]["why"])
        self.assertIn("search for 1 word", acts[0]["about"])
        self.assertNotIn("zebra", json.dumps(acts))
        self.command("search", "zebra", gateway=False, code=2)

        # The same over the gateway, for those who read bodies, and recorded with the key.
        over = lambda *words, who="auditor": [json.loads(line)["exchange"] for line in
                                              self.command("search", *words, "--reason", "case 10", "--json", who=who).splitlines()]
        self.assertEqual([later.exchange, spoken.exchange], over("zebra"))
        self.assertEqual([spoken.exchange], over("zebra", "striped", who="security"))
        for who in ("ada", "data-protection"):
            self.assertIn("takes a key with access auditor or security", self.command("search", "zebra", "--reason", "x", who=who, code=4))
        acts = until(lambda: [act for act in self.acts("search-bodies") if act["why"] == "case 10"], "the act")
        self.assertIn(f"with key {self.people['auditor']['id']}", acts[0]["about"])
        page = self.told(f"/ledger/search?words={quote('zebra')}&limit=1&reason=x")
        self.assertEqual((1, 1), (page["searched"]["exchanges"], len(page["entries"])))
        self.assertEqual([spoken.exchange], [row["exchange"] for row in self.told(f"/ledger/search?words=zebra&limit=1&reason=x&cursor={page['next']}")["entries"]])
        for query in ("words=zebra", "reason=x", "words=&reason=x", "words=a%0A&reason=x", "words=" + "%0A".join("a" * 33) + "&reason=x",
                      "words=zebra&reason=x&class=foo", "words=zebra&reason=x&decision=foo", "words=zebra&reason=x&limit=0"):
            self.told("/ledger/search?" + query, status=400)
        for wrong in (("--class", "foo"), ("--decision", "foo"), ("--limit", "0")):
            self.command("list", *wrong, gateway=False, code=2)


class Left:
    def test_files_for_those_entitled_and_ones_own(self):
        [row] = self.told(f"/ledger/left?repository={SITE}")["files"]
        self.assertEqual((FILE, 3, 1), (row["file"], row["count"], row["persons"]))
        self.assertEqual([row], self.told(f"/ledger/left?repository={SITE}", "ada")["files"])
        self.assertEqual([], self.told(f"/ledger/left?repository={SITE}", "bob")["files"])
        for role in ROLES:
            self.assertEqual([row], self.told("/ledger/left?file=" + quote(FILE), role)["files"])
        self.assertEqual(400, self.get("/ledger/left?decision=refuse").status)


class Log:
    def test_the_log_is_what_an_export_writes(self):
        for i in range(130):
            self.go_on(f"grow {i}")
        until(lambda: int(self.command("checkpoint", gateway=False).splitlines()[1]) > 270, "a checkpoint of all")
        folder = self.gateway.folder / "log"

        def exported():
            self.gateway.run("ledger", "export", "--config", "sallyport.yaml", str(folder))
            return (folder / "checkpoint").read_bytes() == self.get("/checkpoint").body

        until(exported, "a ledger at rest")
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        self.assertTrue({"tile/0/000", "tile/entries/000"} <= set(files), files)
        for file in files:
            self.assertEqual((folder / file).read_bytes(), self.get("/" + file).body, file)
        self.assertEqual(self.get("/checkpoint").body, self.get("/ledger/checkpoint", "ada").body)
        self.assertEqual(200, self.get("/tile/0/000", "ada").status, "hashes, for a witness of any role")
        for path in ("/tile/0/001", "/tile/0/000.p/256", "/tile/7/000", "/tile/entries/999", "/tile/0/../0/000"):
            self.assertEqual(404, self.get(path).status, path)


class CommandLine:
    def test_a_gateway_is_printed_like_the_files(self):
        exchange = self.ada[0].exchange
        for arguments in (["list", "--json", "--team", "engines"], ["list", "--team", "engines"], ["show", exchange],
                          ["show", exchange, "--json"], ["left", "--json"], ["left"], ["left", "--csv", "--file", FILE],
                          ["left", "--since", "1d", "--repository", SITE]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.command(*arguments, gateway=False), self.command(*arguments))
        body = until(lambda: self.get(f"/ledger/entries/{exchange}/body/request?reason=x").status == 200, "the body") and self.command(
            "show", exchange, "--body", "request", "--reason", "case 17", text=False)
        self.assertEqual(reads_a_file("canary-of-ada 0"), body)
        everything = self.command("list", "--json", "--limit", "2000").splitlines()
        self.assertEqual(everything[:3], self.command("list", "--json", "--limit", "3").splitlines())

    def test_refusals_and_mistakes_are_sentences(self):
        self.assertIn("data-protection", self.command("left", who="ada", code=4))
        self.assertIn("company key", self.command("list", who=self.keys["ada"][:-1] + "!", code=4))
        self.assertIn("SALLYPORT_KEY", self.command("list", who="", code=4))
        self.assertIn("pseudonym", self.command("list", "--person", "ada.lovelace@acme.example", code=2))
        done = subprocess.run([PROGRAM, "ledger", "list", "--gateway", "http://gateway.acme.example:9090"], cwd=self.folder,
                              env=environment(self.folder, SALLYPORT_KEY=self.keys["ada"]), capture_output=True, text=True)
        self.assertEqual(4, done.returncode)
        self.assertIn("in the clear", done.stderr)

    def test_no_command_tells_names(self):
        told = self.gateway.run("key", "list", "--config", "sallyport.yaml") + self.command("list", "--json", gateway=False) + self.command(
            "show", self.ada[0].exchange, gateway=False) + self.gateway.run("exception", "list", "--config", "sallyport.yaml", "--all")
        self.assertNotIn("@acme.example", told)
        self.assertNotIn("lovelace", told)
        for command in (["ledger", "list"], ["ledger", "show", "1"], ["key", "list"], ["exception", "list"]):
            self.gateway.run(*command, "--config", "sallyport.yaml", "--names", code=2)
        mine = self.gateway.run("key", "list", "--config", "sallyport.yaml", "--json", "--person", "ada.lovelace@acme.example")
        self.assertEqual([self.people["ada"]["id"]], [json.loads(line)["id"] for line in mine.splitlines()])


class Unmask:
    def test_a_name_takes_two_people_and_a_case(self):
        person = self.people["ada"]["person"]
        for gateway in (False, True):
            number = f"C-{gateway}"
            asked = self.command("unmask", person, "--case", number, gateway=gateway)
            self.assertIn("data-protection", asked)
            self.assertNotIn("lovelace", asked)
            self.command("unmask", person, "--case", number, who="security", gateway=gateway, code=4)
            self.command("unmask", person, "--case", number, who="ada", gateway=gateway, code=4)
            told = json.loads(self.command("unmask", person, "--case", number, "--json", who="data-protection", gateway=gateway))
            self.assertEqual("ada.lovelace@acme.example", told["name"])
            self.assertEqual("ada.lovelace@acme.example\n", self.command("unmask", person, "--case", number, gateway=gateway))


            def recorded():
                acts = [act for act in self.acts("unmask") if act["why"] == f"case {number}"]
                return len(acts) == 2 and acts

            acts = until(recorded, "the acts")
            self.assertEqual({self.people["auditor"]["person"], self.people["data-protection"]["person"]}, {act["by"] for act in acts})
            for act in acts:
                self.assertIn(person, act["about"])
        self.assertNotIn(b"lovelace", b"".join(path.read_bytes() for path in (self.gateway.folder / "data/ledger").iterdir()))

    def test_both_at_one_desk(self):
        for role in ROLES:
            (self.folder / f"{role}.key").write_text(self.keys[role] + "\n")
        keys = ["--by", str(self.folder / "security.key"), "--with", str(self.folder / "data-protection.key")]
        person = self.people["bob"]["person"]
        self.assertEqual("bob@acme.example\n", self.command("unmask", person, "--case", "C-9", *keys, who="", gateway=False))
        keys[3] = str(self.folder / "auditor.key")
        self.command("unmask", person, "--case", "C-10", *keys, who="", gateway=False, code=4)


class Access(Entries, Bodies, Left, Log, CommandLine, Unmask, Setting):
    """All of them with one gateway."""


class Together(Setting):
    def test_questions_and_commands_at_once_leave_the_index_whole(self):
        end = time.monotonic() + 6
        wrong = []

        def poll():
            while time.monotonic() < end:
                answer = self.get("/ledger/left?repository=git.acme.example/web/site")
                if answer.status not in (200, 503):
                    wrong.append(answer.body)

        def command():
            while time.monotonic() < end:
                self.command("list", "--limit", "3", gateway=False)
                self.command("left", gateway=False)

        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            done = [pool.submit(one) for one in (poll, poll, poll, command, command)]
            while time.monotonic() < end:
                self.go_on()
            for one in done:
                one.result()
        self.assertEqual([], wrong[:3])
        with contextlib.closing(sqlite3.connect(self.gateway.folder / "data/ledger-index.db")) as db:
            self.assertEqual([("ok", )], db.execute("PRAGMA integrity_check").fetchall())

    def test_a_damaged_index_is_made_anew(self):
        with rig.stack(policy=self.policy) as (_, gateway):
            gateway.stop()
            (gateway.folder / "data/ledger-index.db").write_bytes(b"no database" * 1000)
            gateway.run("ledger", "list", "--config", "sallyport.yaml", code=4)
            gateway.run("ledger", "reindex", "--config", "sallyport.yaml")
            gateway.run("ledger", "list", "--config", "sallyport.yaml")


if __name__ == "__main__":
    unittest.main()

"""Content of the company's repositories is known in a request whatever the client claims, and what may not leave is withheld."""

import json
import random
import shutil
import subprocess
import unittest
import zipfile

import dialects
import rig
from programs import until
from test_inspection import TOKEN, talk
from upstream import Upstream

ENGINE, SITE = "git.acme.example/core/engine", "git.acme.example/web/site"
POLICY = rig.POLICY | {
    "repositories": [{"match": "git.acme.example/core/**", "class": "trade-secret"},
                     {"match": "github.com/acme/**", "class": "open-source"},
                     {"match": "git.acme.example/web/**", "class": "internal"}],
    "unknown_repository": "customer", "claims_lower_to": "internal",
    "rules": [{"id": "site", "when": {"class": ["open-source", "internal"]}, "allow": {"upstreams": ["sim", "own"]}},
              {"id": "home", "when": {"class": "trade-secret"}, "allow": {"upstreams": ["own"]}},
              {"id": "no-tokens", "when": {"finding": "secret", "model": "gpt-*"}, "amend": "withhold"}],
}


def code(seed, lines):
    """Nobody else has it."""
    rng = random.Random(seed)
    word = lambda: "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))
    return "".join(f"    {word()}_{word()} = {word()}({word()}, {rng.randint(0, 999)});\n" for _ in range(lines))


def numbered(text):
    return "".join(f"{number}\t{line}\n" for number, line in enumerate(text.splitlines(), 1))


def paragraphs(seed, count):
    """Prose as nobody else wrote it."""
    rng = random.Random(seed)
    word = lambda: "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))
    return [" ".join(word() for _ in range(40)) + "." for _ in range(count)]


def write_docx(path, texts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in texts)
        archive.writestr("word/document.xml", f"<w:document><w:body>{body}</w:body></w:document>")


def pdf(lines):
    shown = "BT /F 8 Tf 10 TL 36 780 Td\n" + "".join(f"({line}) Tj T*\n" for line in lines) + "ET"
    objects = ("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
               f"<</Length {len(shown)}>>stream\n{shown}\nendstream", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    out, table = "%PDF-1.4\n", f"xref\n0 6\n{0:010} 65535 f \n"
    for number, content in enumerate(objects, 1):
        table += f"{len(out):010} 00000 n \n"
        out += f"{number} 0 obj\n{content}\nendobj\n"
    return f"{out}{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n".encode()


class Attribution(rig.Case):
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = code(1, 60)
        cls.repository = cls.folder / "engine"
        cls.repository.mkdir()
        cls.git("init", "-q", "-b", "main")
        cls.commit({"engine.c": cls.engine, "README.md": "The engine.\n"})
        told = cls.index(cls.repository, ENGINE)
        assert told["class"] == "trade-secret" and told["documents_new"] == 2, told

    @classmethod
    def git(cls, *arguments):
        subprocess.run(["git", *arguments], cwd=cls.repository, check=True, capture_output=True,
                       env={"PATH": "/usr/bin:/bin", "HOME": str(cls.folder), "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example",
                            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example"})

    @classmethod
    def commit(cls, files):
        for path, text in files.items():
            (cls.repository / path).parent.mkdir(exist_ok=True)
            (cls.repository / path).write_text(text)
        cls.git("add", "-A")
        cls.git("commit", "-qm", "x")

    @classmethod
    def index(cls, path, name, *more):
        """Until the gateway has it too."""
        loads = lambda: sum(line["event"] == "index.loaded" for line in cls.gateway.log())
        before = loads()
        told = json.loads(cls.gateway.run("repo", "index", str(path), "--name", name, "--json", "--config", "sallyport.yaml", *more))
        until(lambda: loads() > before, "the index")
        return told

    @classmethod
    def upstreams(cls):
        cls.vendor_of = {name: Upstream() for name in ("sim", "own")}
        for one in cls.vendor_of.values():
            cls.addClassCleanup(one.close)
        return {name: one.url for name, one in cls.vendor_of.items()}

    def arrived(self, dialect, body, upstream="sim", where=SITE, key=None, fields=()):
        received = self.vendor_of[upstream].received
        before = len(received)
        answer = self.ask(dialect, body=json.dumps(body).encode(), repository=where, key=key, fields=fields)
        self.assertEqual((200, before + 1), (answer.status, len(received)), answer.body)
        self.gateway.row(answer.exchange)
        return received[-1].body.decode(), self.gateway.entries(answer.exchange)[0]

    def test_a_file_of_a_stricter_class_is_withheld_and_the_conversation_goes_on(self):
        for dialect in dialects.ALL:
            with self.subTest(dialect.name):
                body = talk(dialect, numbered(self.engine))
                left, intent = self.arrived(dialect, body)
                self.assertNotIn(self.engine.splitlines()[30].strip(), left)
                self.assertIn("[Sallyport withheld this text: it holds content of a repository that may not leave", left)
                self.assertNotIn("engine.c:", left)
                self.assertEqual("withhold", intent["plan"]["decision"])
                self.assertEqual("internal", intent["plan"]["class"])
                [[repository, file, lines, characters, fate]] = intent["request"]["sources"]
                self.assertEqual((ENGINE, "1-60", "withheld"), (repository, lines, fate))
                self.assertRegex(file, "^f_[a-z2-7]{20}$")
                self.assertGreater(characters, 1000)
                for path in [*self.gateway.folder.glob("data/ledger/*"), *self.gateway.folder.glob("*.out"), *self.gateway.folder.glob("*.log")]:
                    self.assertNotIn(b"engine.c", path.read_bytes(), path)
                key = next(name for name in ("messages", "input", "contents") if name in body)
                body[key] = [*body[key], json.loads(json.dumps(body[key][0]).replace("look at deploy.py", "and now?"))]
                again, _ = self.arrived(dialect, body)
                self.assertTrue(again.startswith(left[:left.index("[Sallyport withheld") + 40]))

    def test_where_it_is_worked_on_it_goes_where_it_may(self):
        left, intent = self.arrived(dialects.CHAT, talk(dialects.CHAT, numbered(self.engine)), "own", ENGINE)
        self.assertIn(self.engine.splitlines()[30].strip(), left)
        self.assertEqual([ENGINE, "1-60", "left"], [intent["request"]["sources"][0][i] for i in (0, 2, 4)])
        self.assertNotIn("findings", intent["facts"])

    def test_a_push_is_known_once_it_is_indexed_and_the_decision_is_repeated(self):
        fresh = code(2, 40)
        body = talk(dialects.ANTHROPIC, fresh)
        left, intent = self.arrived(dialects.ANTHROPIC, body)
        self.assertNotIn("sources", intent["request"])
        self.commit({"src/fresh.c": fresh})
        self.assertEqual(1, self.index(self.repository, ENGINE)["documents_new"])
        # What had left stays as it left; the same content elsewhere in the conversation is withheld.
        body["messages"].append({"role": "user", "content": "once more:\n" + fresh})
        left, intent = self.arrived(dialects.ANTHROPIC, body)
        self.assertIn(json.dumps(fresh), left)
        self.assertEqual(1, left.count("[Sallyport withheld"))
        self.assertEqual({"left", "withheld"}, {row[4] for row in intent["request"]["sources"]})
        told = self.gateway.run("policy", "what-if", "policy.yaml", "--config", "sallyport.yaml", "--json")
        report = json.loads(told)
        self.assertEqual(report["decisions"], report["same"])

    def test_what_left_to_one_upstream_or_by_another_person_is_not_disclosed_to_the_next(self):
        fresh = code(77, 40)
        body = talk(dialects.CHAT, "fresh\n" + fresh)
        self.arrived(dialects.CHAT, body, "own", ENGINE)  # at home, before it is indexed
        eve = talk(dialects.CHAT, "eve's\n" + fresh)
        self.arrived(dialects.CHAT, eve)  # to the vendor, by one person
        self.commit({"src/at_home.c": fresh})
        self.index(self.repository, ENGINE)
        other = self.gateway.issue("other@acme.example")["key"]
        line = fresh.splitlines()[20].strip()
        # The vendor got it in this person's conversation before: that goes on as it was.
        left, _ = self.arrived(dialects.CHAT, eve)
        self.assertIn(line, left)
        for key, sent in ((other, eve), (self.key, body), (other, body)):
            before = len(self.vendor_of["sim"].received)
            answer = self.ask(dialects.CHAT, body=json.dumps(sent).encode(), key=key, repository=SITE)
            self.assertEqual((200, before + 1), (answer.status, len(self.vendor_of["sim"].received)), answer.body)
            self.assertNotIn(line, self.vendor_of["sim"].received[-1].body.decode())

    def test_what_is_found_beside_what_was_known_is_new_to_whoever_did_not_get_it(self):
        fresh, tools = code(78, 40), self.folder / "tools"
        tools.mkdir()
        (tools / "shared.c").write_text("".join(fresh.splitlines(True)[:5]))
        self.index(tools, "git.acme.example/web/tools")
        body, line = talk(dialects.CHAT, "beside\n" + fresh), fresh.splitlines()[20].strip()
        self.arrived(dialects.CHAT, body, "own", ENGINE)
        self.commit({"src/beside.c": fresh})
        self.index(self.repository, ENGINE)
        other = self.gateway.issue("other@acme.example")["key"]
        for key in (self.key, other):
            left, _ = self.arrived(dialects.CHAT, body, key=key)
            self.assertNotIn(line, left)

    def test_a_file_read_in_small_pieces_is_withheld_once_it_is_more_than_a_few_lines(self):
        lines = code(82, 40).splitlines(True)
        self.commit({"src/pieces.c": "".join(lines)})
        self.index(self.repository, ENGINE)
        body = talk(dialects.CHAT, "first\n" + "".join(lines[:2]))
        left, intent = self.arrived(dialects.CHAT, body)
        self.assertIn(lines[1].strip(), left)
        for first in range(3, 27, 4):
            body["messages"] += [{"role": "user", "content": f"piece {first}\n" + "".join(lines[first:first + 4])}]
        left, intent = self.arrived(dialects.CHAT, body)
        self.assertIn(lines[1].strip(), left)  # it left before
        self.assertEqual([], [line for line in lines[3:27] if line.strip() in left])
        self.assertEqual("withhold", intent["plan"]["decision"])
        body["messages"] += [{"role": "user", "content": "and now?"}]
        again, _ = self.arrived(dialects.CHAT, body)
        self.assertEqual(json.loads(left)["messages"], json.loads(again)["messages"][:-1])

    def test_what_was_withheld_has_not_left(self):
        fresh = code(79, 40)
        line = fresh.splitlines()[20].strip()
        body = talk(dialects.CHAT, f"TOKEN = '{TOKEN}'\n{fresh}")
        left, _ = self.arrived(dialects.CHAT, body | {"model": "gpt-5"})
        self.assertNotIn(line, left)
        self.commit({"src/withheld.c": fresh})
        self.index(self.repository, ENGINE)
        left, _ = self.arrived(dialects.CHAT, body)
        self.assertNotIn(line, left)

    def test_conversations_of_the_same_text_go_on_each_as_it_was(self):
        fresh = code(81, 40)
        line = fresh.splitlines()[20].strip()
        body = talk(dialects.CHAT, "same\n" + fresh)
        sessions = [("session-id", f"0000000{i}-aaaa-bbbb-cccc-000000000000") for i in range(3)]
        for session in sessions[:2]:
            self.arrived(dialects.CHAT, body, fields=[session])
        self.commit({"src/same.c": fresh})
        self.index(self.repository, ENGINE)
        for session in (sessions[1], sessions[0], sessions[1], sessions[0]):
            left, _ = self.arrived(dialects.CHAT, body, fields=[session])
            self.assertIn(line, left, session)
        left, _ = self.arrived(dialects.CHAT, body, fields=[sessions[2]])
        self.assertNotIn(line, left)
        self.arrived(dialects.CHAT, body, "own", ENGINE, fields=[sessions[0]])  # one turn at home

    def test_ordinary_work_and_what_is_open_are_left_alone(self):
        site = self.folder / "website"
        (site / "lib").mkdir(parents=True)
        shared = code(3, 30)
        (site / "lib/shared.c").write_text(shared)
        self.commit({"src/copied.c": shared + code(4, 5)})
        self.index(self.repository, ENGINE)
        self.index(site, "github.com/acme/website")
        for text in (code(5, 200), shared, "for (int i = 0; i < n; ++i)\n" * 50):
            left, intent = self.arrived(dialects.CHAT, talk(dialects.CHAT, text))
            self.assertIn(json.dumps(text)[1:-1], left)
            self.assertNotIn("findings", intent["facts"])

    def test_what_left_is_told_by_file_and_line(self):
        for lines in ((0, 12), (0, 12), (30, 45)):
            part = numbered("".join(self.engine.splitlines(True)[slice(*lines)]))
            self.arrived(dialects.CHAT, talk(dialects.CHAT, f"{lines}\n{part}"), "own", ENGINE)
        asked = ("ledger", "left", "--config", "sallyport.yaml", "--repository", ENGINE, "--file", "engine.c")
        rows = [json.loads(line) for line in self.gateway.run(*asked, "--json").splitlines()]
        [row] = [row for row in rows if row["how_known"] == "verified"]
        self.assertEqual(("engine.c", "self", "trade-secret", 1), tuple(row[key] for key in ("file", "vendor", "class", "persons")))
        self.assertGreaterEqual(row["count"], 3)
        covered = {line for part in row["lines"].split(",") for line in range(int(part.split("-")[0]), int(part.split("-")[1]) + 1)}
        self.assertLessEqual(set(range(1, 13)) | set(range(31, 46)), covered)
        table = self.gateway.run(*asked, "--csv").splitlines()
        self.assertEqual(len(rows) + 1, len(table))
        self.gateway.run(*asked, "--html", "left.html")
        page = (self.gateway.folder / "left.html").read_text()
        self.assertIn("engine.c", page)
        self.assertIn("lines 1-12", page.replace("lines 1-30", "lines 1-12").replace("lines 1-60", "lines 1-12"))
        self.assertNotIn("<script", page)
        self.assertEqual("", self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--json", "--file", "other.c"))

    def test_a_thousand_repeats_are_inspected_once_and_are_one_disclosure(self):
        part = numbered("".join(self.engine.splitlines(True)[46:58]))
        body = json.dumps(talk(dialects.CHAT, "again\n" + part)).encode()
        fields = dialects.CHAT.fields(self.key, ENGINE)
        self.assertEqual(200, self.ask(dialects.CHAT, body=body, repository=ENGINE).status)
        new, units = (self.gateway.metric(f"inspected_units{word}_total") for word in ("_new", ""))
        for _ in range(1000):
            self.assertEqual(200, self.gateway.ask("POST", dialects.CHAT.target(), fields, body).status)
        self.assertLess(self.gateway.metric("inspected_units_new_total"), new + 4)  # each thread knows the head for itself
        self.assertGreater(self.gateway.metric("inspected_units_total"), units + 5000)
        until(lambda: sum(entry["kind"] == "intent" for _, entry in self.gateway.each_entry_on_disk()) > 1000, "the intents")
        rows = [json.loads(line) for line in self.gateway.run("ledger", "left", "--config", "sallyport.yaml", "--repository", ENGINE, "--json").splitlines()]
        verified = [row for row in rows if row["how_known"] == "verified" and row["file"] == "engine.c"]
        self.assertEqual(1, len(verified))
        self.assertGreaterEqual(verified[0]["count"], 1001)

    def test_what_stands_in_documents_is_known(self):
        folder = self.folder / "plans"
        folder.mkdir()
        plan, report = paragraphs(21, 10), [text[:90] for text in paragraphs(22, 30)]
        write_docx(folder / "plan.docx", plan)
        (folder / "report.pdf").write_bytes(pdf(report))
        (folder / "cut.docx").write_bytes((folder / "plan.docx").read_bytes()[:300])
        (folder / "picture.bin").write_bytes(bytes(100))
        told = self.index(folder, "git.acme.example/core/plans")
        self.assertEqual((4, 2, {"binary": 1, "damaged document": 1}), (told["documents"], told["documents_new"], told["left_out"]))
        for text, lines in (("\n\n".join(plan[3:5]), "4-5"), ("\n".join(report[4:9]), "5-9")):
            left, intent = self.arrived(dialects.ANTHROPIC, talk(dialects.ANTHROPIC, text))
            self.assertNotIn(text[:60], left)
            [[repository, _, where, _, fate]] = intent["request"]["sources"]
            self.assertEqual(("git.acme.example/core/plans", lines, "withheld"), (repository, where, fate))
        # In a repository too, and whoever searches may name a document.
        shutil.copy(folder / "plan.docx", self.repository / "plan.docx")
        self.commit({})
        self.assertEqual(1, self.index(self.repository, ENGINE)["documents_new"])
        (self.gateway.folder / "excerpt").mkdir()
        write_docx(self.gateway.folder / "excerpt/some.docx", ["Dear all,", *plan[6:8]])
        found = self.gateway.run("repo", "search", "excerpt/some.docx", "--json", "--config", "sallyport.yaml", code=1).splitlines()
        keys = ("file", "first_line", "last_line", "text_first_line", "text_last_line")
        self.assertEqual([("plan.docx", 7, 8, 2, 3)] * 2, [tuple(json.loads(line)[key] for key in keys) for line in found])
        self.assertEqual({ENGINE, "git.acme.example/core/plans"}, {json.loads(line)["repository"] for line in found})

    def test_who_searches_learns_the_file(self):
        (self.gateway.folder / "snippet").write_text("see\n" + "".join(self.engine.splitlines(True)[9:20]))
        told = json.loads(self.gateway.run("repo", "search", "snippet", "--json", "--config", "sallyport.yaml", code=1))
        self.assertEqual((ENGINE, "engine.c", 10, 20, True), tuple(told[key] for key in ("repository", "file", "first_line", "last_line", "verbatim")))
        (self.gateway.folder / "snippet").write_text(code(9, 50))
        self.gateway.run("repo", "search", "snippet", "--config", "sallyport.yaml")
        self.assertIn("trade-secret", self.gateway.run("repo", "list", "--config", "sallyport.yaml"))


class DamagedIndex(unittest.TestCase):
    def test_nothing_passes_while_what_it_would_find_is_not_known(self):
        with rig.folder() as here:
            vendor = rig.Vendor(here)
            gateway = rig.Gateway(here, {"sim": vendor.url}, rig.POLICY)
            try:
                gateway.key = gateway.issue()["key"]
                (here / "notes").mkdir()
                (here / "notes/a.md").write_text(code(1, 30))
                gateway.run("repo", "index", "notes", "--name", "docs.acme.example/notes", "--config", "sallyport.yaml")
                segment = next(path for path in sorted((here / "data/index").rglob("*")) if path.is_file() and path.stat().st_size > 1000)
                broken = bytearray(segment.read_bytes())
                broken[200] ^= 1
                segment.write_bytes(broken)
                gateway.start()
                answer = gateway.ask("POST", dialects.CHAT.target(), dialects.CHAT.fields(gateway.key, SITE), dialects.CHAT.bytes("hi"))
                self.assertEqual(dialects.CHAT.status["policy"], answer.status)
                self.assertIn(segment.name, json.dumps(gateway.log()))
                self.assertIn("index its repositories again", json.dumps(gateway.readiness()[1]))
            finally:
                problems = [one.stop() for one in (gateway, vendor) if one and one.process]
            self.assertFalse(any(problems), problems)


if __name__ == "__main__":
    unittest.main()

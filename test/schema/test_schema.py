"""The schemas for editors and `sallyport policy check` say the same of the examples, of broken files and of mutated ones."""

import collections
import copy
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(os.environ.get("SALLYPORT_PROGRAM", ROOT / "build/release/sallyport")).resolve())
SLOW = os.environ.get("SALLYPORT_SLOW", "0") != "0"
ROUNDS, SEED = int(os.environ.get("ROUNDS", 100 if SLOW else 1000)), int(os.environ.get("SEED", 1))
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
EXAMPLES = sorted(file for file in (ROOT / "examples").rglob("*.yaml") if file.name != "sallyport.yaml")
EXPECTED = re.compile(r"# line (\d+)(, check alone|, warning)?: (.+)")


class Core(yaml.SafeLoader):
    """YAML 1.2 as editors and the program read it: no dates, no yes and no; keys are texts."""

    yaml_implicit_resolvers = {}

    def mapping(self, node):
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


for tag, pattern, first in (("null", "~|null|Null|NULL|", "~nN"), ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
                            ("int", "[-+]?[0-9]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), [*first, ""])
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
Core.add_constructor("tag:yaml.org,2002:map", Core.mapping)


def schemas():
    """A validator by kind. What they share is in policy.schema.json; here it is put into the others."""
    texts = {kind: (ROOT / f"docs/{kind}.schema.json").read_text() for kind in
             ("policy", "policy.include", "policy.test")}
    shared = json.loads(texts["policy"])["$defs"]
    for kind, text in texts.items():
        schema = json.loads(text.replace('"policy.schema.json#', '"#'))
        schema["$defs"] = {**shared, **schema.get("$defs", {})}
        yield kind, jsonschema.Draft202012Validator(schema)


SCHEMAS = dict(schemas())


def kind_of(file):
    if file.name.endswith(".test.yaml"):
        return "policy.test"
    return "policy.include" if file.parent.name == "teams" or file.name.endswith(".team.yaml") else "policy"


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def check(file, kind="policy"):
    """(taken, mistakes, warnings), the two as (name of the file, line, sentence). An included file comes with a policy."""
    if kind == "policy.test":
        told, = json.loads(run("policy", "test", file, "--json").stdout)
        mistakes = told.get("mistakes", [])
        return not mistakes, [(Path(one["file"]).name, one["line"], one["sentence"]) for one in mistakes], []
    done = run("policy", "check", file, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1), done
    return told["ok"], *([(Path(one["file"]).name, one["line"], one["sentence"]) for one in told[key]]
                         for key in ("mistakes", "warnings"))


def places(value):
    """(container, key) of every value below this one."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def mutated(document, chance):
    """A copy with one node deleted, renamed, retyped, duplicated or replaced by another node; and what was done."""
    document = copy.deepcopy(document)
    nodes = list(places(document))
    holder, key = chance.choice(nodes)
    done = chance.choice(("delete", "rename", "retype", "duplicate", "replace"))
    other_holder, other_key = chance.choice(nodes)
    if done == "delete":
        del holder[key]
    elif done == "rename" and isinstance(holder, dict):
        at = chance.randrange(len(key) + 1)
        holder[key[:at] + chance.choice("sx_ #1") + key[at:]] = holder.pop(key)
    elif done == "duplicate" and isinstance(holder, list):
        holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    elif done == "duplicate" and isinstance(other_holder, dict):
        other_holder[str(key)] = copy.deepcopy(holder[key])
    elif done == "replace":
        holder[key] = copy.deepcopy(other_holder[other_key])
    else:
        old = holder[key]
        holder[key] = chance.choice((None, True, False, 7, 1.5, "", "x", "*", "a b", "é", [], {}, [old], [old, old],
                                     {"name": old}, str(old), [None], [[]]))
    return document, done


class Schema(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-schema-")
        self.addCleanup(folder.cleanup)
        self.here = Path(folder.name)

    def test_the_schemas_are_schemas_and_each_property_is_explained(self):
        for kind, validator in SCHEMAS.items():
            validator.check_schema(validator.schema)
            for holder, key in places(validator.schema):
                if key == "properties" and "additionalProperties" in holder:
                    for name, one in holder[key].items():
                        self.assertTrue(one.get("title") and one.get("description"), f"{kind}: {name} has no help")
                if key == "additionalProperties":
                    self.assertIn(holder[key] is False or "description" in holder[key], (True, ), f"{kind}: {holder}")

    def test_each_example_is_taken_and_names_its_schema(self):
        self.assertGreater(len(EXAMPLES), 8)
        for file in EXAMPLES:
            with self.subTest(str(file.relative_to(ROOT))):
                kind, text = kind_of(file), file.read_text()
                self.assertEqual([], [one.message for one in SCHEMAS[kind].iter_errors(yaml.load(text, Core))])
                if kind != "policy.include":
                    self.assertEqual((True, [], []), check(file, kind))
                named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
                self.assertEqual(ROOT / f"docs/{kind}.schema.json", (file.parent / named[1]).resolve())

    def test_each_broken_file_is_told_with_its_line(self):
        """By both, or where its first line says so by `check` alone; a warning is taken by both."""
        kinds = collections.Counter()
        for file in BROKEN:
            with self.subTest(file.name):
                data, kind = file.read_bytes(), kind_of(file)
                line, how, part = EXPECTED.fullmatch(data.split(b"\n", 1)[0].decode()).groups()
                self.assertEqual(how is None, self.refused_by_schema(data, kind))
                asked = file
                if kind == "policy.include":
                    shutil.copy(file, self.here)
                    asked = self.here / "policy.yaml"
                    asked.write_text("version: 1\ninclude:\n"
                                     f"  files: {file.name}\n  teams: web\n  repositories: git.acme.example/web/**\n"
                                     if how else f"version: 1\ninclude: [{file.name}]\n")
                taken, mistakes, warnings = check(asked, kind)
                self.assertEqual(how == ", warning", taken)
                (name, told_line, sentence), = warnings if taken else mistakes
                self.assertEqual((file.name, int(line)), (name, told_line), sentence)
                self.assertIn(part, sentence)
                kinds[(kind, how)] += 1
        self.assertGreaterEqual(kinds["policy", None], 60)

    def refused_by_schema(self, data, kind):
        """False also where the file cannot be read as YAML: there an editor says so itself."""
        try:
            value = yaml.load(data, Core)
        except (yaml.YAMLError, TypeError):
            return False
        return not SCHEMAS[kind].is_valid(value)

    def test_what_is_too_large_too_deep_or_no_text_is_one_mistake(self):
        start = b"version: 1\n"
        for name, data, line, part in (
            ("empty", b"", 0, "the file is a mapping"),
            ("huge", start + b"#" * (10 << 20), 0, "larger than 10485760 bytes"),
            ("rules", start + b"rules:\n" + b"".join(b"- {id: r%d, refuse: true}\n" % i for i in range(10001)), 3,
             "10001 rules; 10000 is the limit"),
            ("deep", start + b"rules: " + b"[" * 100000 + b"]" * 100000, 2, "nested deeper than 16 levels"),
            ("deep maps", start + b"rules: " + b"{a: " * 100000 + b"}" * 100000, 2, "nested deeper than 16 levels"),
            ("values", start + b"rules: [" + b"a," * (1 << 20) + b"a]", 2, "split the document"),
            ("long value", start + b"owner: " + b"a" * 65537, 2, "65536 is the limit"),
            ("utf-16", start.decode().encode("utf-16"), 1, "not UTF-8"),
            ("latin-1", "version: 1\nowner: für\n".encode("latin-1"), 2, "not UTF-8"),
            ("nul", start + b"owner: a\0b\n", 2, "control character 0x00"),
        ):
            with self.subTest(name):
                file = self.here / "policy.yaml"
                file.write_bytes(data)
                taken, mistakes, _ = check(file)
                self.assertFalse(taken)
                (_, told_line, sentence), = mistakes
                self.assertEqual(line, told_line, sentence)
                self.assertIn(part, sentence)

    def test_odd_names_of_repositories_are_taken_in_any_form_of_the_text(self):
        names = ("git.acme.example/größe", "git.acme.example/日本/語", "git.acme.example/%20", "host:8443/a", "a/.git/b",
                 "git.acme.example/it's", "[::1]/a", "git.acme.example/🙂")
        text = "version: 1\nrepositories:\n" + "".join(
            f"  - {{ match: {json.dumps(name, ensure_ascii=False)}, class: internal }}\n" for name in names)
        for data in (text.encode(), text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode()):
            (self.here / "policy.yaml").write_bytes(data)
            self.assertFalse(self.refused_by_schema(data, "policy"))
            self.assertEqual((True, []), check(self.here / "policy.yaml")[:2])

    def test_what_the_schema_refuses_of_mutated_examples_check_refuses(self):
        chance, counts = random.Random(SEED), collections.Counter()
        shutil.copytree(ROOT / "examples", self.here, dirs_exist_ok=True)
        documents = [(self.here / file.relative_to(ROOT / "examples"), yaml.load(file.read_text(), Core))
                     for file in EXAMPLES]
        for number in range(ROUNDS):
            file, document = chance.choice(documents)
            kind, before = kind_of(file), file.read_text()
            changed, done = mutated(document, chance)
            file.write_text(json.dumps(changed))  # JSON is YAML
            main = file.parents[1] / "policy.yaml" if kind == "policy.include" else file
            taken, mistakes, _ = check(main, kind)
            file.write_text(before)
            errors = [f"{one.json_path}: {one.message}" for one in SCHEMAS[kind].iter_errors(changed)]
            counts[kind, "taken" if taken else "refused", "by the schema " + ("refused" if errors else "taken")] += 1
            if errors and taken:
                self.fail(f"round {number}, seed {SEED}, {done} in {file.name}: check takes it, the schema: {errors}")
            self.assertTrue(taken or mistakes, "refused without a word")
        print(f"{ROUNDS} mutated files:")
        for (kind, program, schema), count in sorted(counts.items()):
            print(f"  {kind:15} {program:8} {schema:22} {count}")


if __name__ == "__main__":
    unittest.main()

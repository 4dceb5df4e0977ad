"""Advisories: imported, acted on at the reload, withdrawn, signed; what cannot be taken leaves the old world in force and says so."""

import contextlib
import json
import unittest

import dialects
import launcher
import rig

REFUSING = rig.POLICY | {
    "clients": rig.POLICY["clients"] | {"claude-code": {"advisories": "refuse"}, "gemini-cli": {"advisories": "refuse"}}
}
CLAUDE = dialects.ANTHROPIC


def advisory(number=1, package="@anthropic-ai/claude-code", fixed="2.1.331", modified="2026-11-28T18:00:00Z", **more):
    """Of the version that the tests' client has."""
    events = [{"introduced": "2.1.91"}, {"fixed": fixed}] if fixed else [{"introduced": "2.1.91"}]
    return {
        "schema_version": "1.7.3", "id": f"x_SALLYPORT-2026-{number:04}", "modified": modified,
        "summary": "a made-up finding", "affected": [{"package": {"ecosystem": "npm", "name": package},
                                                      "ranges": [{"type": "SEMVER", "events": events}]}],
        "database_specific": {"sallyport": {"tier": "measured", "report": "sha256:00", "finding": "made up"}}
    } | more


class Advisories(unittest.TestCase):
    ask = rig.Case.ask

    def write(self, gateway, *advisories, name="came.json"):
        file = gateway.folder / name
        file.write_text(json.dumps(advisories[0] if len(advisories) == 1 else list(advisories)))
        return name

    def imported(self, gateway, *advisories, code=0, name="came.json"):
        return gateway.run("advisory", "import", self.write(gateway, *advisories, name=name), code=code)

    def reload(self, gateway, problem=None):
        before = gateway.metric("reloads_failed")
        gateway.reload()
        status, told = gateway.readiness()
        self.assertEqual((503 if problem else 200, before + bool(problem)), (status, gateway.metric("reloads_failed")), told)
        if problem:
            self.assertIn(problem, told["because"])

    def asked(self, gateway, dialect=CLAUDE):
        self.count = getattr(self, "count", 0) + 1
        return self.ask(dialect, f"hi {self.count}", gateway=gateway, key=gateway.key)

    def test_what_is_imported_refuses_from_the_reload_on_and_a_withdrawal_ends_it(self):
        with rig.stack(policy=REFUSING) as (_, gateway):
            self.assertEqual(200, self.asked(gateway).status)
            self.assertIn("claude-code >=2.1.91 <2.1.331", self.imported(gateway, advisory()))
            self.reload(gateway)
            answer = self.asked(gateway)
            self.assertEqual(CLAUDE.status["policy"], answer.status)
            sentence = CLAUDE.sentence(answer)
            for part in ("claude-code 2.1.330", "x_SALLYPORT-2026-0001", "a made-up finding", "Update to 2.1.331"):
                self.assertIn(part, sentence)
            row = gateway.row(answer.exchange)
            self.assertEqual(("refuse", "advisory"), (row["decision"], row["refused_by"]))
            refusal = next(one for one in gateway.entries(answer.exchange) if one["kind"] == "refusal")
            self.assertEqual(["x_SALLYPORT-2026-0001", "a made-up finding", "2.1.331"], refusal["facts"]["advisory"])
            self.assertEqual(200, self.asked(gateway, dialects.GEMINI).status, "another client")
            explained = gateway.run("policy", "explain", "--entry", answer.exchange, code=3)
            self.assertIn("x_SALLYPORT-2026-0001", explained)
            # What another policy would have made of it is exact: the entry holds the advisory.
            (gateway.folder / "other.yaml").write_text(json.dumps(rig.POLICY))
            changes = json.loads(gateway.run("policy", "what-if", "other.yaml", "--json", code=1))["changes"]
            self.assertEqual(["newly-allowed"], [one["change"] for one in changes])

            asked = launcher.ask(gateway, launcher.statement(), key=gateway.key)
            self.assertEqual(403, asked.status, "nor is such a client started")
            self.assertIn(b"x_SALLYPORT-2026-0001", asked.body)

            self.imported(gateway, advisory(withdrawn="2026-11-29T00:00:00Z", modified="2026-11-29T00:00:00Z"))
            self.reload(gateway)
            self.assertEqual(200, self.asked(gateway).status)
            self.assertEqual("", gateway.run("advisory", "list", "--json"))
            self.assertIn("withdrawn", gateway.run("advisory", "list", "--all"))
            self.imported(gateway, advisory(), code=3)  # back to what it was before
            self.assertEqual(200, self.asked(gateway).status)

    def test_without_the_word_in_the_policy_it_is_a_fact_and_no_refusal(self):
        with rig.stack() as (_, gateway):
            self.imported(gateway, advisory(fixed=None))
            self.reload(gateway)
            answer = self.asked(gateway)
            self.assertEqual(200, answer.status)
            gateway.row(answer.exchange)
            intent = next(one for one in gateway.entries(answer.exchange) if one["kind"] == "intent")
            self.assertEqual("x_SALLYPORT-2026-0001", intent["facts"]["advisory"][0])
            (gateway.folder / "new.yaml").write_text(json.dumps(REFUSING))
            self.assertEqual(["claude-code", "gemini-cli"],
                             json.loads(gateway.run("policy", "diff", "policy.yaml", "new.yaml", "--json"))["advisories_refuse"])
            gateway.run("policy", "diff", "new.yaml", "policy.yaml", "--fail-on", "loosen", code=1)
            self.assertIn("x_SALLYPORT-2026-0001", gateway.run(
                "policy", "explain", "-p", "new.yaml", "--client-version", "2.1.330", "--advisories", "data/advisories", code=3))
            changes = json.loads(gateway.run("policy", "what-if", "new.yaml", "--json", code=1))["changes"]
            self.assertEqual(["newly-refused"], [one["change"] for one in changes])
            self.assertIn("x_SALLYPORT-2026-0001", changes[0]["sentence"])

    def test_a_broken_file_leaves_the_old_world_in_force(self):
        with rig.stack(policy=REFUSING) as (_, gateway):
            self.imported(gateway, advisory())
            self.reload(gateway)
            broken = gateway.folder / "data/advisories/other.json"
            for text, told in (("{", "other.json"), ('{"id":"x","modified":"now"}', "modified is not a time"),
                               ('{"id":"x","id":"y","modified":"2026-11-28T18:00:00Z"}', "id")):
                broken.write_text(text)
                self.reload(gateway, told)
                self.assertEqual(CLAUDE.status["policy"], self.asked(gateway).status, "the advisory is in force still")
                self.assertEqual(200, self.asked(gateway, dialects.GEMINI).status)
            gateway.stop()  # nor does a start take less than all of them
            gateway.start()
            self.assertIn("other.json", gateway.readiness()[1]["because"])
            self.assertEqual(dialects.GEMINI.status["policy"], self.asked(gateway, dialects.GEMINI).status)
            broken.unlink()
            self.reload(gateway)
            self.assertEqual(200, self.asked(gateway, dialects.GEMINI).status)

    def test_with_a_key_only_signed_bundles_are_taken(self):
        with rig.folder() as here, contextlib.ExitStack() as running:
            vendor = rig.Vendor(here)
            running.callback(vendor.stop)
            gateway = rig.Gateway(here, {"sim": vendor.url}, REFUSING)
            ours, _ = (gateway.run("policy", "signer", f"{who}@acme", "--key-file", f"{who}.key").strip()
                       for who in ("ann", "eve"))
            gateway.more["advisories"] = {"key": ours}
            gateway.write_config()
            gateway.key = gateway.issue()["key"]
            gateway.start()
            running.callback(gateway.stop)
            self.assertEqual(200, self.asked(gateway).status)
            bundle = [advisory(1), advisory(2, "@google/gemini-cli", fixed=None)]
            self.imported(gateway, *bundle, name="bundle.json", code=3)
            gateway.run("advisory", "sign", "bundle.json", "--key-file", "eve.key")
            self.imported(gateway, *bundle, name="bundle.json", code=3)
            gateway.run("advisory", "sign", "bundle.json", "--key-file", "ann.key")
            self.imported(gateway, *bundle, name="bundle.json")
            self.reload(gateway)
            self.assertEqual(CLAUDE.status["policy"], self.asked(gateway).status)
            gateway.run("advisory", "remove", bundle[0]["id"], code=3)
            kept, = (here / "data/advisories").glob("*.json")
            text = kept.read_text()
            kept.write_text(text.replace("2.1.331", "2.1.330"))
            self.reload(gateway, "of another file")
            self.assertEqual(CLAUDE.status["policy"], self.asked(gateway).status)
            kept.write_text(text)
            self.reload(gateway)
            gateway.run("advisory", "remove", bundle[0]["id"], "--with-others")
            self.reload(gateway)
            self.assertEqual(200, self.asked(gateway).status)

    def test_commands(self):
        with rig.folder() as here:
            gateway = rig.Gateway(here, {"sim": "http://127.0.0.1:1"})
            self.assertIn("no advisory", gateway.run("advisory", "list"))
            folder = here / "others"
            folder.mkdir()
            for number, package in ((1, "@anthropic-ai/claude-code"), (2, "left-pad")):
                (folder / f"{number}.json").write_text(json.dumps(advisory(number, package)))
            said = gateway.run("advisory", "import", "others")
            self.assertIn("no client that is known here", said)
            self.assertEqual(2, len(gateway.run("advisory", "list", "--json").splitlines()))
            listed = [json.loads(line) for line in gateway.run("advisory", "list", "--json", "--client", "claude-code").splitlines()]
            self.assertEqual([("x_SALLYPORT-2026-0001", ["claude-code >=2.1.91 <2.1.331"], "measured")],
                             [(one["id"], one["affected"], one["tier"]) for one in listed])
            shown = gateway.run("advisory", "show", "x_SALLYPORT-2026-0001", "--json")
            self.assertEqual(advisory(), json.loads(shown), "as it came")
            self.assertIn("made up", gateway.run("advisory", "show", "x_SALLYPORT-2026-0001"))
            found = json.loads(gateway.run("advisory", "check", "claude-code@2.1.330", "--json", code=1))
            self.assertEqual("2.1.331", found["fixed"])
            gateway.run("advisory", "check", "@anthropic-ai/claude-code@2.1.91", code=1)
            self.assertIn("none of 2", gateway.run("advisory", "check", "claude-code@2.1.90"))
            for wrong in ("claude-code", "claude-code@latest", "nobody@1"):
                gateway.run("advisory", "check", wrong, code=2)
            gateway.run("advisory", "show", "nothing", code=4)
            gateway.run("advisory", "remove", "x_SALLYPORT-2026-0002")
            gateway.run("advisory", "remove", "x_SALLYPORT-2026-0002", code=4)
            self.assertEqual(1, len(gateway.run("advisory", "list", "--json").splitlines()))
            for text in ("", "[]", "nothing", json.dumps(advisory(id="../../x")), json.dumps(advisory(affected=[{
                    "package": {"ecosystem": "npm", "name": "opencode-ai"}}]))):
                (here / "bad.json").write_text(text)
                gateway.run("advisory", "import", "bad.json", code=4)
            self.assertEqual([], list(here.glob("*x*.json")))


if __name__ == "__main__":
    unittest.main()

"""A gateway that takes signed policies only: what is not signed, or not rightly, leaves the old world in force and says so."""

import contextlib
import unittest

import dialects
import rig

MINI = {"id": "no-mini", "when": {"model": "*-mini"}, "refuse": "Small models are not approved."}


class Signed(unittest.TestCase):
    ask = rig.Case.ask

    def sign(self, gateway, who):
        return gateway.run("policy", "sign", "policy.yaml", "--key-file", f"{who}.key")

    def signer(self, gateway, who):
        return gateway.run("policy", "signer", f"{who}@acme", "--key-file", f"{who}.key").strip()

    def reload(self, gateway, problem=None):
        before = gateway.metric("reloads_failed")
        gateway.reload()
        status, told = gateway.readiness()
        if problem is None:
            self.assertEqual((200, before), (status, gateway.metric("reloads_failed")), told)
        else:
            self.assertEqual(503, status)
            self.assertIn(problem, told["because"])

    def test_only_what_enough_of_them_signed_is_taken(self):
        with rig.folder() as here, contextlib.ExitStack() as running:
            vendor = rig.Vendor(here)
            running.callback(vendor.stop)
            gateway = rig.Gateway(here, {"sim": vendor.url})
            names = [self.signer(gateway, who) for who in ("ann", "ben", "eve")]
            gateway.more["policy_signers"] = names[:2]
            gateway.more["policy_signatures"] = 2
            gateway.key = gateway.issue()["key"]
            gateway.write_config()
            gateway.start()  # unsigned: it refuses everything, and says why
            running.callback(gateway.stop)
            self.assertRegex(gateway.readiness()[1]["because"], r"policy\.yaml\.sig")
            self.assertEqual(451, self.ask(dialects.CHAT, model="gpt-mini", gateway=gateway, key=gateway.key).status)
            self.sign(gateway, "ann")
            self.reload(gateway, "2 must")
            self.assertRegex(gateway.readiness()[1]["because"], "everything is refused.*1 of the signers")
            self.sign(gateway, "ben")
            self.reload(gateway)
            answer = self.ask(dialects.CHAT, model="gpt-mini", gateway=gateway, key=gateway.key)
            self.assertEqual(200, answer.status)
            gateway.row(answer.exchange)
            plan = next(one for one in gateway.entries(answer.exchange) if one["kind"] == "intent")["plan"]
            self.assertEqual((1, ["ann@acme", "ben@acme"]), (plan["policy_version"], plan["signers"]))
            signed_once = (here / "policy.yaml").read_text(), (here / "policy.yaml.sig").read_text()

            gateway.write_policy(rig.POLICY | {"rules": rig.POLICY["rules"] + [MINI]})
            self.reload(gateway, "of another policy")
            self.sign(gateway, "ann")
            self.reload(gateway, "2 must")
            self.sign(gateway, "eve")  # whom nobody named
            self.reload(gateway, "2 must")
            self.assertEqual(200, self.ask(dialects.CHAT, "still the old one", model="gpt-mini", gateway=gateway, key=gateway.key).status)
            self.sign(gateway, "ben")
            self.reload(gateway)
            self.assertEqual(451, self.ask(dialects.CHAT, "the new one", model="gpt-mini", gateway=gateway, key=gateway.key).status)

            signature = here / "policy.yaml.sig"
            good = signature.read_text()
            signature.write_text(good.replace("version 2", "version 3"))
            self.reload(gateway, "is not of this text")
            signature.write_text(good[:-3] + "\n")
            self.reload(gateway, "policy.yaml.sig")
            signature.unlink()
            self.reload(gateway, "policy.yaml.sig")
            (here / "policy.yaml").write_text(signed_once[0])
            signature.write_text(signed_once[1])
            self.reload(gateway, "older than version 2")
            self.assertEqual(451, self.ask(dialects.CHAT, "the new one stays", model="gpt-mini", gateway=gateway, key=gateway.key).status)

            gateway.stop()  # nor does a restart take the older one
            gateway.start()
            self.assertRegex(gateway.readiness()[1]["because"], "older than version 2")
            answer = self.ask(dialects.CHAT, "nothing passes", model="qwen-4-coder", gateway=gateway, key=gateway.key)
            self.assertEqual(451, answer.status)
            self.assertIn("no policy that it can take", dialects.CHAT.sentence(answer))

    def test_a_key_is_not_overwritten_and_readable_by_its_owner_only(self):
        with rig.folder() as here:
            gateway = rig.Gateway(here, {})
            self.signer(gateway, "ann")
            self.assertEqual(0o600, (here / "ann.key").stat().st_mode & 0o777)
            gateway.run("policy", "signer", "ann@acme", "--key-file", "ann.key", code=4)


if __name__ == "__main__":
    unittest.main()

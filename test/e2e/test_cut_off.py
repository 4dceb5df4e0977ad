"""Being cut off, running streams included: by command, by the provider, by the company's directory (SCIM)."""

import json
import time
import unittest
import urllib.parse

import rig
from provider import Browser
from signs_in import ANTHROPIC, CLAUDE, DIRECTORY_TOKEN, SignsIn, brief
from wire import Cut, Wire, until

REPEAT_SECONDS = 31  # until a token that comes again is no client's own repeat any more
CUT_SECONDS_MAX = 1.0 * rig.SECONDS_FACTOR


class CutOff(SignsIn):
    def stream(self, token):
        """A stream that runs until it is cut: its wire and head."""
        wire = Wire(self.gateway.port)
        wire.ask("POST", ANTHROPIC.target(True), ANTHROPIC.fields(token) + CLAUDE,
                 ANTHROPIC.bytes("vendor:say(begun) vendor:fault(stall=60000,streaming)", None, True))
        head = wire.head()
        self.assertEqual(200, head.status)
        return wire, head

    def cut(self, token, act, sentence):
        """The seconds after `act` until the running stream ended, with the sentence."""
        wire, head = self.stream(token)
        with wire:
            pieces = wire.pieces(head)
            next(pieces)
            act()
            began, body = time.monotonic(), b""
            try:
                for piece in pieces:
                    body += piece
            except Cut:
                pass
            took = time.monotonic() - began
        self.assertLess(took, CUT_SECONDS_MAX)
        self.assertIn(b"event: error", body)
        self.assertIn(sentence.encode(), body)
        return head

    def test_a_disabled_person(self):
        tokens = self.sign_in()
        key = self.gateway.issue(self.person())["key"]
        command = lambda word: self.gateway.run("person", word, "--config", "sallyport.yaml", self.person())
        head = self.cut(tokens["access_token"], lambda: command("disable"), "this person was disabled")
        for presented in (tokens["access_token"], key):
            answer = self.model_call(presented)
            self.assertEqual(403, answer.status)
            self.assertIn(b"this person was disabled", answer.body)
        told = self.refresh(tokens["refresh_token"])
        self.assertEqual((401, "invalid_grant"), (told[0], told[1]["error"]))
        self.assertIn("disabled", told[1]["error_description"])
        device = self.device()
        Browser(self.gateway).confirm(device["verification_uri"], device["user_code"])
        self.assertEqual("access_denied", self.poll(device)[1]["error"])
        row = self.gateway.row(head.exchange)
        self.assertEqual("upstream-cut", row["ended"])
        command("enable")
        until(lambda: self.model_call(key).status == 200, "the key to hold again")
        self.assertEqual(401, self.model_call(tokens["access_token"]).status, "the sign-in stays ended")
        self.sign_in()
        acts = lambda: {entry["what"] for _, entry in self.gateway.entries_on_disk() if entry["kind"] == "act"}
        until(lambda: {"sign-in", "disable-person", "enable-person"} <= acts(), "the acts in the ledger")

    def test_a_revoked_key(self):
        issued = self.gateway.issue("key-owner@acme.example")
        self.cut(issued["key"], lambda: self.gateway.run("key", "revoke", "--config", "sallyport.yaml", issued["id"]),
                 "this company key was revoked")

    def test_whom_the_provider_renews_no_more(self):
        tokens = self.sign_in()

        def refuse():
            self.provider.refuses = True
            self.assertEqual((401, "invalid_grant"), brief(self.refresh(tokens["refresh_token"])))

        self.cut(tokens["access_token"], refuse, "this sign-in was ended")
        self.assertEqual(401, self.model_call(tokens["access_token"]).status)

    def test_a_provider_that_is_silent_ends_nothing(self):
        tokens = self.sign_in()
        self.provider.silent = True
        self.assertEqual(503, self.refresh(tokens["refresh_token"])[0])
        self.assertEqual(200, self.model_call(tokens["access_token"]).status)

    def test_a_refresh_token_that_somebody_else_has(self):
        tokens = self.sign_in()
        status, renewed = self.refresh(tokens["refresh_token"])
        self.assertEqual(200, status)
        time.sleep(REPEAT_SECONDS)
        self.cut(renewed["access_token"], lambda: self.assertEqual((401, "invalid_grant"), brief(self.refresh(tokens["refresh_token"]))),
                 "this sign-in was ended")
        self.assertEqual((401, "invalid_grant"), brief(self.refresh(renewed["refresh_token"])))

    def test_before_the_answer_begins(self):
        tokens = self.sign_in()
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", ANTHROPIC.target(), ANTHROPIC.fields(tokens["access_token"]) + CLAUDE,
                     ANTHROPIC.bytes("vendor:fault(hang)"))
            time.sleep(0.5)
            self.gateway.run("person", "disable", "--config", "sallyport.yaml", self.person())
            began = time.monotonic()
            answer = wire.answer()
            self.assertLess(time.monotonic() - began, CUT_SECONDS_MAX)
        self.assertEqual(403, answer.status)
        self.assertIn(b"this person was disabled", answer.body)

    def test_the_directory_disables_somebody(self):
        tokens = self.sign_in()
        made = self.scim("POST", "/Users", {"userName": self.person()})
        self.assertEqual(201, made[0], made)
        patch = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
        self.cut(tokens["access_token"], lambda: self.scim("PATCH", f"/Users/{made[1]['id']}", patch), "this person was disabled")

    def scim(self, method, path, body=None, token=DIRECTORY_TOKEN):
        answer = self.gateway.admin("/scim/v2" + path, [("Authorization", f"Bearer {token}"), ("Content-Type", "application/scim+json")],
                                    method, body=json.dumps(body).encode() if body is not None else None)
        return answer.status, json.loads(answer.body or b"{}")

    def test_scim(self):
        name = self.person()
        self.assertEqual(401, self.scim("GET", "/Users", token="x" * 30)[0])
        self.assertTrue(self.scim("GET", "/ServiceProviderConfig")[1]["patch"]["supported"])
        status, user = self.scim("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name.upper(),
                                                    "externalId": "e-7", "name": {"givenName": "Ada"}})
        self.assertEqual((201, name, True, "e-7"), (status, user["userName"], user["active"], user["externalId"]))
        self.assertEqual((409, "uniqueness"), brief(self.scim("POST", "/Users", {"userName": name})))
        quote = urllib.parse.quote
        for query in (f'userName eq "{name}"', f'username Eq "{name.upper()}"', 'externalId eq "e-7"', f'id eq "{user["id"]}"'):
            found = self.scim("GET", f"/Users?filter={quote(query)}")[1]
            self.assertEqual([user["id"]], [one["id"] for one in found["Resources"]], query)
        self.assertEqual(0, self.scim("GET", f"/Users?filter={quote('userName eq %s' % json.dumps('nobody'))}")[1]["totalResults"])
        self.assertEqual((400, "invalidFilter"), brief(self.scim("GET", f"/Users?filter={quote('userName co %s' % json.dumps('a'))}")))
        path = f"/Users/{user['id']}"
        self.assertEqual(user, self.scim("GET", path)[1])
        for body, active in (({"Operations": [{"op": "replace", "value": {"active": False}}]}, False),
                             ({"Operations": [{"op": "add", "path": "active", "value": True}]}, True),
                             ({"Operations": [{"op": "replace", "path": "displayName", "value": "A"}]}, True)):
            self.assertEqual((200, active), brief(self.scim("PATCH", path, body)))
        for body in ({}, {"Operations": [{"op": "remove", "path": "active"}]}, {"Operations": [{"op": "x", "path": "active", "value": True}]},
                     {"Operations": [{"op": "replace", "path": "active", "value": "maybe"}]}):
            self.assertEqual(400, self.scim("PATCH", path, body)[0], body)
        self.assertEqual((400, "mutability"), brief(self.scim("PUT", path, {"userName": "another@acme.example"})))
        self.assertFalse(self.scim("PUT", path, {"userName": name, "active": False})[1]["active"])
        self.assertEqual(204, self.scim("DELETE", path)[0])
        self.assertEqual(404, self.scim("GET", path)[0])
        self.assertEqual(404, self.scim("DELETE", path)[0])
        self.assertTrue(self.scim("POST", "/Users", {"userName": name})[1]["active"], "who comes back is enabled")


if __name__ == "__main__":
    unittest.main()

"""Signing in at the gateway: the device flow against a provider of the company, what of it is believed, and tokens."""

import hashlib
import json
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provider import CLIENT, SECRET, Browser, EcKey, RsaKey, base64url
from signs_in import CLAUDE, DEVICE_GRANT, DIRECTORY_TOKEN, SignsIn, brief
from wire import Wire, until


class Device(SignsIn):
    def test_metadata_names_endpoints_of_the_same_origin(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("GET", "/.well-known/oauth-authorization-server", host="gate.example:8443")
            answer = wire.answer()
        told = json.loads(answer.body)
        self.assertEqual((200, "application/json"), (answer.status, answer.get("content-type")))
        self.assertEqual("http://gate.example:8443", told["issuer"])
        for name in ("device_authorization_endpoint", "token_endpoint", "revocation_endpoint"):
            self.assertTrue(told[name].startswith(told["issuer"] + "/"), told)
        self.assertEqual([DEVICE_GRANT, "refresh_token"], told["grant_types_supported"])
        self.assertNotIn("authorization_endpoint", told)

    def test_a_person_signs_in_and_calls_a_model(self):
        device = self.device()
        self.assertRegex(device["user_code"], r"^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$")
        self.assertGreaterEqual(len(device["device_code"]), 43)
        self.assertEqual(600, device["expires_in"])
        told = self.poll(device)
        self.assertEqual((400, "authorization_pending"), (told[0], told[1]["error"]))
        last = Browser(self.gateway).confirm(device["verification_uri"], device["user_code"].lower().replace("-", ""))
        self.assertEqual(200, last.status, last.body)
        status, tokens = self.poll(device)
        self.assertEqual(200, status, tokens)
        self.assertEqual(("Bearer", 900, self.person()), (tokens["token_type"], tokens["expires_in"], tokens["email"]))
        answer = self.model_call(tokens["access_token"])
        self.assertEqual(200, answer.status, answer.body)
        row = self.row(answer)
        self.assertTrue(row["key"].startswith("si_"), row)
        self.assertEqual("web", row["team"])
        self.assertEqual((400, "expired_token"), brief(self.poll(device)), "a code is good once")

    def test_who_polls_too_fast_is_told_to_slow_down(self):
        device = self.device()
        self.assertEqual("authorization_pending", self.poll(device)[1]["error"])
        self.assertEqual("slow_down", self.poll(device)[1]["error"])
        time.sleep(device["interval"])
        self.assertEqual("slow_down", self.poll(device)[1]["error"], "five seconds more are waited from then on")

    def test_bad_questions_at_the_token_endpoint(self):
        for fields, status, error in (
            ({}, 400, "invalid_request"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": DEVICE_GRANT}, 400, "invalid_request"),
            ({"grant_type": DEVICE_GRANT, "device_code": "nobody-knows-it"}, 400, "expired_token"),
            ({"grant_type": "refresh_token", "refresh_token": "nobody-knows-it"}, 401, "invalid_grant"),
        ):
            with self.subTest(fields):
                told = self.form("/oauth/token", **fields)
                self.assertEqual((status, error), (told[0], told[1]["error"]))
        twice = self.gateway.ask("POST", "/oauth/token", [("Content-Type", "application/x-www-form-urlencoded")],
                                 b"grant_type=refresh_token&grant_type=password")
        self.assertEqual((400, "invalid_request"), (twice.status, json.loads(twice.body)["error"]))
        self.assertEqual(405, self.gateway.ask("GET", "/oauth/token").status)

    def test_whom_the_provider_refuses_is_told_so(self):
        self.provider.refuses = True
        device = self.device()
        self.assertEqual(403, Browser(self.gateway).confirm(device["verification_uri"], device["user_code"]).status)
        self.assertEqual("access_denied", self.poll(device)[1]["error"])

    def test_who_is_in_no_group_may_not(self):
        self.provider.claims["groups"] = ["sales"]
        device = self.device()
        last = Browser(self.gateway).confirm(device["verification_uri"], device["user_code"])
        self.assertEqual(403, last.status)
        self.assertIn(b"none of the groups", last.body)
        self.assertEqual("access_denied", self.poll(device)[1]["error"])

    def test_a_provider_that_does_not_answer(self):
        self.provider.silent = True
        device = self.device()
        self.assertIn(Browser(self.gateway).confirm(device["verification_uri"], device["user_code"]).status, (502, 503))

    def test_a_code_is_not_sent_by_a_foreign_page(self):
        device = self.device()
        for origin, cookie in (("http://evil.example", True), (None, False)):
            browser = Browser(self.gateway)
            browser.go("GET", device["verification_uri_complete"])
            hidden = browser.page.split('name="browser" value="')[1].split('"')[0]
            if not cookie:
                browser.cookies.clear()
            fields = [("Origin", origin)] if origin else []
            answer = browser.go("POST", device["verification_uri"], {"browser": hidden, "user_code": device["user_code"]}, fields)
            self.assertEqual(403, answer.status)
        self.assertEqual("authorization_pending", self.poll(device)[1]["error"])

    def test_the_way_back_is_open_to_the_same_browser_only(self):
        device = self.device()
        browser = Browser(self.gateway)
        to_provider = browser.confirm(device["verification_uri"], device["user_code"], follow=False)
        back = browser.go("GET", to_provider.get("location")).get("location")
        self.assertEqual(400, Browser(self.gateway).go("GET", back).status)
        self.assertEqual("authorization_pending", self.poll(device)[1]["error"])
        self.assertEqual(200, browser.go("GET", back).status)
        self.assertEqual(400, browser.go("GET", back).status, "once")


class Guesses(SignsIn):
    def test_guessing_codes_is_barred(self):
        browser = Browser(self.gateway)
        seen = set()
        for _ in range(40):
            seen.add(browser.confirm(f"http://127.0.0.1:{self.gateway.port}/device", "BBBB-BBBB").status
                     if "429" not in str(seen) else 429)
        self.assertEqual({400, 429}, seen)


class Tokens(SignsIn):
    """What of the provider is taken for a person's identity, and what is not."""
    def refused(self):
        device = self.device()
        status = Browser(self.gateway).confirm(device["verification_uri"], device["user_code"]).status
        error = self.poll(device)[1].get("error")
        self.assertEqual((True, "access_denied"), (status >= 400, error))

    def test_claims_that_do_not_fit(self):
        now = int(time.time())
        for what, change in {
            "issuer": {"iss": "https://other.example"}, "audience": {"aud": "another-client"}, "expired": {"exp": now - 120},
            "of the future": {"iat": now + 600}, "nonce": {"nonce": "another"}, "no expiry": {"exp": None}, "azp": {"azp": "another"},
            "no subject": {"sub": None}, "address not verified": {"email_verified": False}, "no name": {"email": None},
        }.items():
            with self.subTest(what):
                self.provider.spoil = lambda claims: {name: value for name, value in (claims | change).items() if value is not None}
                self.refused()
        self.provider.spoil = lambda claims: claims | {"exp": now - 30, "aud": ["x", CLIENT]}  # clocks differ; one audience of several
        self.sign_in()

    def test_signatures_that_do_not_count(self):
        other, short = RsaKey(), RsaKey(1024)
        signed = self.provider.signed
        for what, sign in {
            "none": lambda claims: base64url({"alg": "none"}) + "." + base64url(claims) + ".",
            "another key under its name": lambda claims: signed(claims, other, {"kid": self.provider.key.id}),
            "HS256 with the public key": lambda claims: signed(claims, head={"alg": "HS256"}),
            "a key in the header": lambda claims: signed(claims, other, {"jwk": other.public(), "kid": self.provider.key.id}),
            "crit": lambda claims: signed(claims, head={"crit": ["exp"]}),
            "ES256 said of an RSA key": lambda claims: signed(claims, head={"alg": "ES256"}),
            "cut": lambda claims: signed(claims)[:-4],
        }.items():
            with self.subTest(what):
                self.provider.sign = sign
                self.refused()
        self.provider.sign = signed
        with self.subTest("a short key"):
            before = self.provider.key
            self.provider.rotate(short)
            self.refused()
            self.provider.rotate(before)


class Keys(SignsIn):
    def test_keys_may_change(self):
        self.sign_in()
        self.provider.rotate(EcKey(Path(self.folder)))
        until(lambda: self._signs_in(), "the new key to be taken", 15)

    def _signs_in(self):
        device = self.device()
        answer = Browser(self.gateway).confirm(device["verification_uri"], device["user_code"])
        if answer.status != 200:
            time.sleep(1)
        return answer.status == 200


class Sessions(SignsIn):
    def test_refresh_tokens_are_good_once(self):
        first = self.sign_in()
        status, second = self.refresh(first["refresh_token"])
        self.assertEqual(200, status, second)
        self.assertNotEqual(first["refresh_token"], second["refresh_token"])
        self.assertEqual(200, self.model_call(second["access_token"]).status)
        self.assertEqual(503, self.refresh(first["refresh_token"])[0], "a client's own repeat ends nothing")
        self.assertEqual(200, self.refresh(second["refresh_token"])[0])
        self.assertEqual(403, self.model_call(second["refresh_token"]).status, "a refresh token calls no model")

    def test_several_that_renew_at_once_ask_the_provider_once(self):
        tokens = self.sign_in()
        asked = self.provider.count("/token")
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda _: self.refresh(tokens["refresh_token"]), range(8)))
        self.assertEqual([200] + [503] * 7, sorted(status for status, _ in told))
        self.assertEqual(asked + 1, self.provider.count("/token"))
        renewed = next(answer for status, answer in told if status == 200)
        self.assertEqual(200, self.refresh(renewed["refresh_token"])[0])

    def test_a_sign_in_outlives_a_restart(self):
        tokens = self.sign_in()
        self.assertIsNone(self.gateway.stop())
        self.gateway.start()
        self.assertEqual(200, self.model_call(tokens["access_token"]).status)
        self.assertEqual(200, self.refresh(tokens["refresh_token"])[0])

    def test_signing_out_ends_it(self):
        tokens = self.sign_in()
        self.assertEqual(200, self.form("/oauth/revoke", token=tokens["access_token"])[0])
        answer = self.model_call(tokens["access_token"])
        self.assertEqual(401, answer.status)
        self.assertIn(b"/login", answer.body)
        self.assertEqual((401, "invalid_grant"), brief(self.refresh(tokens["refresh_token"])))
        self.assertEqual(200, self.form("/oauth/revoke", token="nobody-knows-it")[0])

    def test_settings_and_models_of_the_person(self):
        tokens = self.sign_in()
        answer = self.settings(tokens["access_token"])
        self.assertEqual(200, answer.status, answer.body)
        told = json.loads(answer.body)
        canonical = json.dumps(told["settings"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        self.assertEqual("sha256:" + hashlib.sha256(canonical).hexdigest(), told["checksum"])
        self.assertEqual(f'"{told["checksum"]}"', answer.get("etag"))
        self.assertNotIn("ANTHROPIC_BASE_URL", told["settings"].get("env", {}), "it signed in here and knows where")
        again = self.settings(tokens["access_token"], ("If-None-Match", answer.get("etag")))
        self.assertEqual((304, b""), (again.status, again.body))
        self.assertEqual(200, self.settings(tokens["access_token"], ("If-None-Match", '"another"')).status)
        self.assertEqual(401, self.settings("sp_" + "0" * 36).status)
        models = self.gateway.ask("GET", "/v1/models", [("Authorization", f"Bearer {tokens['access_token']}"), *CLAUDE])
        self.assertEqual(200, models.status, models.body)
        self.assertIn("claude-sonnet-4-5", [one["id"] for one in json.loads(models.body)["data"]])
        flushed = self.gateway.ask("POST", "/v1/metrics", [("Authorization", f"Bearer {tokens['access_token']}")], b"{}")
        self.assertEqual(200, flushed.status)


class Secrets(SignsIn):
    def test_no_secret_is_in_a_log_or_a_file(self):
        tokens = self.sign_in()
        device = self.device()
        self.model_call(tokens["access_token"])
        status, renewed = self.refresh(tokens["refresh_token"])
        self.assertEqual(200, status)
        self.provider.refuses = True
        self.refresh(renewed["refresh_token"])
        self.assertIsNone(self.gateway.stop())
        secret = [tokens["access_token"], tokens["refresh_token"], renewed["access_token"], renewed["refresh_token"],
                  device["device_code"], SECRET, DIRECTORY_TOKEN, "canary-provider-token", self.person()]
        for file in self.folder.rglob("*"):
            if file.is_file() and file.suffix not in (".pem", ) and "vendor" not in file.name:
                text = file.read_bytes()
                for one in secret:
                    self.assertNotIn(one.encode(), text, f"{one[:12]}… in {file.name}")
        self.gateway.start()


if __name__ == "__main__":
    unittest.main()

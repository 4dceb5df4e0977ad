"""Signing in over TLS on both sides, and hosts that a provider sends the gateway to."""

import contextlib
import json
import unittest
import urllib.parse

import rig
from authority import Authority, server_side
from provider import CLIENT, SECRET, Browser, Provider
from signs_in import DEVICE_GRANT


@contextlib.contextmanager
def signing_in(folder, provider, **more):
    """A gateway whose listener speaks TLS; what it answers to a form is asked by a browser's client."""
    vendor = rig.Vendor(folder)
    listener = {"address": "127.0.0.1:0", "tls": {"certificate": "server.pem", "key": "server.key"}}
    gateway = rig.Gateway(folder, {"sim": vendor.url}, None, listeners=[listener],
                          sign_in={"issuer": provider.url, "client_id": CLIENT, "client_secret": "${env:CLIENT_SECRET}", **more})
    gateway.variables = {"CLIENT_SECRET": SECRET}
    gateway.issue()
    try:
        yield gateway.start()
    finally:
        problems = [one.stop() for one in (gateway, vendor) if one and one.process]
        provider.close()
    assert not any(problems), problems


class OverTls(unittest.TestCase):
    def sign_in(self, gateway):
        """The browser after its way, the device's grant, and the last answer."""
        base, browser = f"https://127.0.0.1:{gateway.port}", Browser(gateway)
        device = json.loads(browser.go("POST", base + "/oauth/device_authorization", {"client_id": "x"}).body)
        last = browser.confirm(device["verification_uri"], device["user_code"])
        tokens = browser.go("POST", base + "/oauth/token", {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]})
        return browser, device, last, json.loads(tokens.body)

    def test_a_provider_and_a_gateway_with_certificates(self):
        with rig.folder() as folder:
            provider = Provider(server_side(Authority(folder).issue("server", "IP:127.0.0.1")))
            with signing_in(folder, provider, ca="ca.pem") as gateway:
                browser, device, last, tokens = self.sign_in(gateway)
                self.assertEqual(200, last.status, last.body)
                self.assertIn("access_token", tokens)
                self.assertTrue(device["verification_uri"].startswith("https://"), device)
                self.assertEqual(["__Host-sallyport-sign-in"], list(browser.cookies))

    def test_a_provider_whose_certificate_nobody_vouches_for(self):
        with rig.folder() as folder:
            provider = Provider(server_side(Authority(folder).issue("server", "IP:127.0.0.1")))
            Authority(folder, "other")
            with signing_in(folder, provider, ca="other.pem") as gateway:
                _, _, last, tokens = self.sign_in(gateway)
                self.assertEqual(503, last.status)
                self.assertNotIn("access_token", tokens)
                self.assertEqual(0, provider.count("/token"))

    def test_only_hosts_that_are_named_are_asked(self):
        for names in (False, True):
            with self.subTest(names), rig.folder() as folder:
                Authority(folder).issue("server", "IP:127.0.0.1")
                provider, keys = Provider(), Provider()
                keys.published = provider.published
                provider.keys_url = keys.url + "/keys"
                with signing_in(folder, provider, **({"hosts": [keys.url]} if names else {})) as gateway:
                    _, _, last, tokens = self.sign_in(gateway)
                    self.assertEqual(200 if names else 503, last.status)
                    self.assertEqual(names, "access_token" in tokens)
                    self.assertEqual(1 if names else 0, keys.count("/keys"))
                    if not names:
                        why = [line["why"] for line in gateway.log() if line["event"] == "issuer.unanswered"]
                        self.assertIn(urllib.parse.urlsplit(keys.url).netloc, why[0])
                        self.assertIn("hosts", why[0])
                keys.close()


if __name__ == "__main__":
    unittest.main()

"""What tests of signing in stand on: a gateway with a provider of the company, and a person who goes the way of the device flow."""

import json
import urllib.parse

import dialects
import rig
from provider import CLIENT, SECRET, Browser, Provider
from wire import Wire

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ANTHROPIC = dialects.ANTHROPIC
CLAUDE = [("User-Agent", "claude-code/2.1.330")]
DIRECTORY_TOKEN = "canary-directory-token-4b1f77aa"


def brief(told):
    """Status and word of an answer: what is wrong, or whether a person is active."""
    status, said = told
    return status, next((said[name] for name in ("error", "scimType", "active") if name in said), None)


class SignsIn(rig.Case):
    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.config = {
            "sign_in": {"issuer": cls.provider.url, "client_id": CLIENT, "client_secret": "${env:CLIENT_SECRET}",
                        "teams": {"ai-developers": "web"}, "models": ["claude-sonnet-4-5", "nobody-may-1"]},
            "scim": {"token": "${env:DIRECTORY_TOKEN}"},
            "workloads": [{"issuer": cls.provider.url, "audience": "sallyport", "subject": "repo:acme/*", "team": "ci",
                           "max_class": "internal"}],
        }
        super().setUpClass()

    @classmethod
    def run_gateway(cls, upstreams, policy=None, folder=None, **more):
        gateway = rig.Gateway(cls.folder, upstreams, policy, **more)
        gateway.variables = {"CLIENT_SECRET": SECRET, "DIRECTORY_TOKEN": DIRECTORY_TOKEN}
        gateway.key = gateway.issue()["key"]
        cls.addClassCleanup(cls.end, gateway.start())
        return gateway

    def setUp(self):
        self.provider.refuses = self.provider.silent = False
        self.provider.offline = True
        self.provider.spoil, self.provider.sign = (lambda claims: claims), self.provider.signed
        self.provider.claims = {"sub": "u-1", "email": f"{self._testMethodName[:40]}@acme.example", "email_verified": True,
                                "groups": ["others", "ai-developers"]}

    def form(self, path, **fields):
        answer = self.gateway.ask("POST", path, [("Content-Type", "application/x-www-form-urlencoded")],
                                  urllib.parse.urlencode(fields).encode())
        return answer.status, json.loads(answer.body or b"{}")

    def device(self):
        with Wire(self.gateway.port) as wire:
            wire.ask("POST", "/oauth/device_authorization", CLAUDE, b"surface=claude_code", host=f"127.0.0.1:{self.gateway.port}")
            return json.loads(wire.answer().body)

    def poll(self, device):
        return self.form("/oauth/token", grant_type=DEVICE_GRANT, device_code=device["device_code"])

    def sign_in(self):
        """The tokens of somebody who went the whole way."""
        device = self.device()
        last = Browser(self.gateway).confirm(device["verification_uri"], device["user_code"])
        self.assertEqual(200, last.status, last.body)
        status, tokens = self.poll(device)
        self.assertEqual(200, status, tokens)
        return tokens

    def refresh(self, token):
        return self.form("/oauth/token", grant_type="refresh_token", refresh_token=token)

    def model_call(self, token, text="hi", fields=()):
        return self.ask(ANTHROPIC, text, key=token, fields=[*CLAUDE, *fields])

    def settings(self, token, *fields):
        return self.gateway.ask("GET", "/managed/settings", [("Authorization", f"Bearer {token}"), *CLAUDE, *fields])

    def person(self):
        return self.provider.claims["email"]

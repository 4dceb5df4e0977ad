"""What a company's sign-in is to a gateway: an OpenID provider on loopback, with keys of its own. It lets everybody in who comes,
as `claims` says, checks what the gateway sends (PKCE, client secret, redirect address), and can change its keys, refuse, or be silent."""

import base64
import hashlib
import http.client
import json
import re
import secrets
import shutil
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT, SECRET = "sallyport-test", "canary-client-secret-91c2+/%ok"
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 section 9.2, SHA-256


def base64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def number_bytes(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


class RsaKey:
    algorithm = "RS256"

    def __init__(self, bits=2048):
        self.id = "r-" + secrets.token_hex(4)
        pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"], check=True,
                             capture_output=True).stdout
        text = subprocess.run(["openssl", "rsa", "-noout", "-text"], input=pem, check=True, capture_output=True).stdout.decode()
        part = lambda name: int(re.sub(r"[\s:]", "", re.search(name + r":\s+([0-9a-f:\s]+)", text)[1]), 16)
        self.n, self.d, self.e = part("modulus"), part("privateExponent"), 65537

    def public(self):
        return {"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256", "n": base64url(number_bytes(self.n)), "e": "AQAB"}

    def sign(self, text):
        size = (self.n.bit_length() + 7) // 8
        info = DIGEST_INFO + hashlib.sha256(text).digest()
        padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")


class EcKey:
    algorithm = "ES256"

    def __init__(self, folder):
        self.id = "e-" + secrets.token_hex(4)
        self.file = folder / f"{self.id}.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file], check=True)
        point = subprocess.run(["openssl", "ec", "-in", self.file, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout[-64:]
        self.x, self.y = point[:32], point[32:]

    def public(self):
        return {"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": base64url(self.x), "y": base64url(self.y)}

    def sign(self, text):
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=text, check=True, capture_output=True).stdout
        numbers, at = [], 2
        for _ in range(2):
            length = der[at + 1]
            numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big"))
            at += 2 + length
        return b"".join(numbers)


class Provider:
    def __init__(self, tls=None):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("openssl is not installed; it makes the provider's keys")
        self.key = RsaKey()
        self.published = [self.key]
        self.claims = {"sub": "u-1", "email": "ada@acme.example", "email_verified": True, "groups": ["ai-developers"]}
        self.refuses = False  # at the token endpoint: invalid_grant
        self.silent = False  # every answer is 500
        self.offline = True  # gives a refresh token
        self.spoil = lambda claims: claims  # what an ID token says
        self.sign = self.signed
        self.asked, self.codes, self.refresh_tokens = [], {}, set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}"
        self.keys_url = self.url + "/keys"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def rotate(self, key=None):
        self.key = key or RsaKey()
        self.published = [self.key]

    def signed(self, claims, key=None, head=None):
        key = key or self.key
        text = base64url({"alg": key.algorithm, "kid": key.id, "typ": "JWT"} | (head or {})) + "." + base64url(claims)
        return text + "." + base64url(key.sign(text.encode()))

    def token(self, audience=CLIENT, **claims):
        now = int(time.time())
        return self.sign(self.spoil({"iss": self.url, "aud": audience, "iat": now, "exp": now + 300} | claims))

    def count(self, path):
        return sum(one == path for one in self.asked)

    def answer(self, method, path, fields, headers):
        """(status, what) for one request; what: an object, or an address to go to."""
        if self.silent and path != "/authorize":
            return 500, {}
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "authorization_endpoint": self.url + "/authorize", "token_endpoint": self.url + "/token",
                         "jwks_uri": self.keys_url, "response_types_supported": ["code"]}
        if path == "/keys":
            return 200, {"keys": [key.public() for key in self.published]}
        if path == "/authorize":
            back = {"state": fields["state"]}
            if self.refuses:
                back["error"] = "access_denied"
            else:
                back["code"] = secrets.token_urlsafe(16)
                self.codes[back["code"]] = fields
            return 302, fields["redirect_uri"] + "?" + urllib.parse.urlencode(back)
        if path == "/token" and method == "POST":
            return self._tokens(fields, headers)
        return 404, {}

    def _tokens(self, fields, headers):
        basic = base64.b64encode(":".join(urllib.parse.quote(part, safe="") for part in (CLIENT, SECRET)).encode()).decode()
        if headers.get("Authorization") != "Basic " + basic:
            return 401, {"error": "invalid_client"}
        if self.refuses:
            return 400, {"error": "invalid_grant"}
        more = {}
        if fields["grant_type"] == "authorization_code":
            began = self.codes.pop(fields["code"], None)
            challenge = base64url(hashlib.sha256(fields["code_verifier"].encode()).digest())
            if not began or began["code_challenge"] != challenge or began["redirect_uri"] != fields["redirect_uri"]:
                return 400, {"error": "invalid_grant"}
            more["nonce"] = began["nonce"]
        elif fields["refresh_token"] in self.refresh_tokens:
            self.refresh_tokens.remove(fields["refresh_token"])
        else:
            return 400, {"error": "invalid_grant"}
        out = {"token_type": "Bearer", "access_token": secrets.token_urlsafe(16), "id_token": self.token(**self.claims | more)}
        if self.offline:
            out["refresh_token"] = "canary-provider-token-" + secrets.token_hex(8)
            self.refresh_tokens.add(out["refresh_token"])
        return 200, out

    def _handler(provider):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path, _, query = self.path.partition("?")
                provider.asked.append(path)
                fields = dict(urllib.parse.parse_qsl(body or query))
                status, what = provider.answer(self.command, path, fields, self.headers)
                self.send_response(status)
                data = b"" if isinstance(what, str) else json.dumps(what).encode()
                if isinstance(what, str):
                    self.send_header("Location", what)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer

        return Handler


class Browser:
    """A person's browser: keeps cookies of the gateway, follows what it is told, and types a code into the form."""

    def __init__(self, gateway):
        self.gateway, self.cookies, self.page = gateway, {}, ""

    def go(self, method, url, form=None, fields=()):
        """One request, to the gateway or to the provider; returns status and where it is sent to."""
        split = urllib.parse.urlsplit(url)
        target = split.path + ("?" + split.query if split.query else "")
        headers = list(fields)
        if split.port == self.gateway.ports[0] and self.cookies:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        if body is not None:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        connection = http.client.HTTPSConnection("127.0.0.1", split.port, timeout=30, context=ssl._create_unverified_context()) \
            if split.scheme == "https" else http.client.HTTPConnection("127.0.0.1", split.port, timeout=30)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            answer.body, answer.get = answer.read(), answer.headers.get
        finally:
            connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        self.page = answer.body.decode(errors="replace")
        return answer

    def confirm(self, verification_uri, user_code, follow=True):
        """The whole way; the last answer."""
        self.go("GET", f"{verification_uri}?user_code={user_code}")
        split = urllib.parse.urlsplit(verification_uri)
        hidden = re.search(r'name="browser" value="([^"]+)"', self.page)[1]
        answer = self.go("POST", verification_uri, {"browser": hidden, "user_code": user_code},
                         [("Origin", f"{split.scheme}://{split.netloc}")])
        while follow and answer.status in (302, 303):
            answer = self.go("GET", answer.get("location"))
        return answer

"""Labelled texts, made up from a seed: secrets in the providers' public forms as people write them, and what only looks like one.

No text here is a secret, and none stands in this file as it is sent: prefixes are put together, the rest is random.
"""

import base64
import json
import random
import string
import uuid
import zlib

ALNUM, UPPER, LOWER, DIGITS = string.ascii_letters + string.digits, string.ascii_uppercase, string.ascii_lowercase, string.digits
HEX, BASE64, BASE62 = "0123456789abcdef", ALNUM + "+/", DIGITS + UPPER + LOWER


class Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def of(self, alphabet, count):
        return "".join(self.rng.choice(alphabet) for _ in range(count))

    def bytes(self, count):
        return bytes(self.rng.getrandbits(8) for _ in range(count))

    def base64(self, count):
        return base64.b64encode(self.bytes(count)).decode()

    def one(self, *choices):
        return self.rng.choice(choices)

    def word(self):
        return self.one("user", "order", "billing", "search", "deploy", "report", "metrics", "backup", "queue", "invoice", "session", "worker")

    def crc62(self, text):
        rest, out = zlib.crc32(text.encode()), ""
        for _ in range(6):
            rest, digit = divmod(rest, 62)
            out = BASE62[digit] + out
        return out

    def password(self):
        """As generators make them, with a sign that is safe in most places."""
        while True:
            text = self.of(ALNUM, self.rng.randint(10, 18)) + self.one("!", "#", "-", "_", "", "") + self.of(ALNUM, 4)
            if any(c.isdigit() for c in text) and any(c.isupper() for c in text) and any(c.islower() for c in text):
                return text


# What has a form of its own: recognised wherever it stands. name -> (maker -> secret)
OWN_FORM = {
    "aws access key id": lambda m: "AK" + "IA" + m.of(UPPER + "234567", 16),
    "github classic": lambda m: (lambda t: "gh" + m.one("p", "o", "s", "u") + "_" + t + m.crc62(t))(m.of(ALNUM, 30)),
    "github fine-grained": lambda m: "github" + "_pat_" + m.of(ALNUM, 22) + "_" + m.of(ALNUM, 59),
    "gitlab": lambda m: "gl" + "pat-" + m.of(ALNUM + "-_", 20),
    "slack bot": lambda m: "xo" + "xb-" + m.of(DIGITS, 12) + "-" + m.of(DIGITS, 13) + "-" + m.of(ALNUM, 24),
    "slack webhook": lambda m: "https://hooks.sl" + "ack.com/services/T" + m.of(UPPER + DIGITS, 8) + "/B" + m.of(UPPER + DIGITS, 10) + "/" + m.of(ALNUM, 24),
    "stripe live": lambda m: m.one("sk", "rk") + "_li" + "ve_" + m.of(ALNUM, m.one(24, 99)),
    "google api": lambda m: "AI" + "za" + m.of(ALNUM + "-_", 35),
    "openai project": lambda m: "sk-" + "proj-" + m.of(ALNUM + "-_", 74) + "T3Blbk" + "FJ" + m.of(ALNUM + "-_", 74),
    "anthropic": lambda m: "sk-" + "ant-api03-" + m.of(ALNUM + "-_", 93) + "AA",
    "hugging face": lambda m: "h" + "f_" + m.of(string.ascii_letters, 34),
    "npm": lambda m: (lambda t: "np" + "m_" + t + m.crc62(t))(m.of(ALNUM, 30)),
    "pypi": lambda m: "pypi-" + "AgEIcHlwaS5vcmc" + m.of(ALNUM + "-_", 150),
    "sendgrid": lambda m: "S" + "G." + m.of(ALNUM + "-_", 22) + "." + m.of(ALNUM + "-_", 43),
    "telegram bot": lambda m: m.of("123456789", 1) + m.of(DIGITS, 9) + ":AA" + m.of(ALNUM + "-_", 33),
    "digitalocean": lambda m: "dop" + "_v1_" + m.of(HEX, 64),
    "shopify": lambda m: "shp" + "at_" + m.of(HEX, 32),
    "databricks": lambda m: "da" + "pi" + m.of(HEX, 32),
    "new relic": lambda m: "NR" + "AK-" + m.of(UPPER + DIGITS, 27),
    "grafana": lambda m: (lambda t: "gl" + "sa_" + t + "_" + f"{zlib.crc32(('gl' + 'sa_' + t).encode()):08x}")(m.of(ALNUM, 32)),
    "vault": lambda m: "hv" + "s." + m.of(ALNUM + "-_", 90),
    "terraform cloud": lambda m: m.of(ALNUM, 14) + ".atlas" + "v1." + m.of(ALNUM + "-_", 67),
    "linear": lambda m: "lin" + "_api_" + m.of(ALNUM, 40),
    "notion": lambda m: "nt" + "n_" + m.of(DIGITS, 11) + m.of(ALNUM, 35),
    "atlassian": lambda m: "ATA" + "TT3xFfGF0" + m.of(ALNUM + "-_", 174) + "=" + m.of("0123456789ABCDEF", 8),
    "postman": lambda m: "PM" + "AK-" + m.of(HEX, 24) + "-" + m.of(HEX, 34),
    "discord webhook": lambda m: "https://disc" + "ord.com/api/webhooks/" + m.of(DIGITS, 19) + "/" + m.of(ALNUM + "-_", 68),
    "dropbox": lambda m: "sl." + m.of(ALNUM + "-_", 136),
    "square": lambda m: "sq0" + "csp-" + m.of(ALNUM + "-_", 43),
    "doppler": lambda m: "dp" + ".pt." + m.of(ALNUM, 43),
    "docker hub": lambda m: "dck" + "r_pat_" + m.of(ALNUM + "-_", 27),
    "age secret key": lambda m: "AGE-SECRET-" + "KEY-1" + m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "rubygems": lambda m: "ruby" + "gems_" + m.of(HEX, 48),
    "planetscale": lambda m: "pscale" + "_tkn_" + m.of(ALNUM + "-_", 43),
    "json web token": lambda m: ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (
        b'{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": m.of(DIGITS, 10), "iat": m.rng.randint(10**9, 2 * 10**9)}).encode(), m.bytes(32))),
}
# Where people put such a one; {} is the secret.
PLACES = ["export API_TOKEN={}", 'token: "{}"', "  value: {}\n", '{{"token": "{}", "ttl": 60}}', "const client = new Client('{}');", 'auth = Auth("{}")',
          "curl -H 'Authorization: Bearer {}' https://api.acme.example/v1", "2026-11-22 10:00:01 DEBUG using {} for sync", "| key | {} |", "my key is {} please use it"]
PLACES_HELD_OUT = ["ENV TOKEN {}\n", "<add key=\"Token\" value=\"{}\" />", "set -gx TOKEN {}", "let t = \"{}\".to_string();", "- name: TOKEN\n  value: '{}'",
                   "$env:TOKEN = \"{}\"", "token={}&user=ada", "12→TOKEN = '{}'", "+    .token(\"{}\")", "remember: {}."]


def pem(m, kind, lines=12):
    body = "\n".join(m.of(BASE64, 64) for _ in range(lines)) + "\n" + m.of(BASE64, 42) + "=="
    return f"-----BEGIN {kind}PRIVATE " + f"KEY-----\n{body}\n-----END {kind}PRIVATE " + "KEY-----"


# What its surroundings give away. name -> (maker -> (text, secret))
IN_CONTEXT = {
    "password in an environment file": lambda m: (lambda s: (f"DB_HOST=db\nDB_PASSWORD={s}\nDB_PORT=5432\n", s))(m.password()),
    "password in yaml": lambda m: (lambda s: (f"database:\n  user: {m.word()}\n  password: {s}\n", s))(m.password()),
    "password in json": lambda m: (lambda s: (f'{{"user": "{m.word()}", "password": "{s}"}}', s))(m.password()),
    "password in code": lambda m: (lambda s: (m.one(f'password = "{s}"', f"const dbPassword = '{s}';", f'$password = "{s}";', f'String password = "{s}";',
                                                   f'conn = connect(host="db", user="app", password="{s}")'), s))(m.password()),
    "password in a url": lambda m: (lambda s: (f"{m.one('postgres', 'mysql', 'amqp', 'redis', 'mongodb+srv', 'https')}://{m.word()}:{s}@db.acme.example:5432/{m.word()}", s))(m.of(ALNUM, 16)),
    "connection string": lambda m: (lambda s: (f"Server=db.acme.example;Database={m.word()};User Id=app;Password={s};Encrypt=true", s))(m.password()),
    "azure storage": lambda m: (lambda s: (f"DefaultEndpointsProtocol=https;AccountName={m.word()};Account" + f"Key={s};EndpointSuffix=core.windows.net", s))(m.base64(64)),
    "aws secret": lambda m: (lambda s: (m.one(f"aws_secret_access_key = {s}", f"AWS_SECRET_ACCESS_KEY={s}", f'"SecretAccessKey": "{s}"'), s))(m.of(BASE64, 40)),
    "basic header": lambda m: (lambda s: (f"Authorization: Basic {s}", s))(base64.b64encode(f"{m.word()}:{m.password()}".encode()).decode()),
    "bearer header": lambda m: (lambda s: (f"Authorization: Bearer {s}", s))(m.of(ALNUM + "-_", 48)),
    "netrc": lambda m: (lambda s: (f"machine git.acme.example\n  login {m.word()}\n  password {s}\n", s))(m.password()),
    "npmrc": lambda m: (lambda s: (f"//registry.acme.example/:_auth" + f"Token={s}", s))(str(uuid.UUID(bytes=m.bytes(16), version=4))),
    "docker config": lambda m: (lambda s: (f'{{"auths": {{"registry.acme.example": {{"auth": "{s}"}}}}}}', s))(base64.b64encode(f"{m.word()}:{m.password()}".encode()).decode()),
    "kubeconfig": lambda m: (lambda s: (f"users:\n- name: admin\n  user:\n    client-key-data: {s}\n", s))(m.base64(600)),
    "heroku": lambda m: (lambda s: (f"HEROKU_API_KEY={s}", s))(str(uuid.UUID(bytes=m.bytes(16), version=4))),
    "datadog": lambda m: (lambda s: (m.one(f"DD_API_KEY={s}", f"datadog_api_key: {s}"), s))(m.of(HEX, 32)),
    "cloudflare": lambda m: (lambda s: (m.one(f"CLOUDFLARE_API_TOKEN={s}", f'cloudflare_api_token = "{s}"'), s))(m.of(ALNUM + "-_", 40)),
    "twilio": lambda m: (lambda s: (f"TWILIO_ACCOUNT_SID=AC{m.of(HEX, 32)}\nTWILIO_AUTH_TOKEN={s}", s))(m.of(HEX, 32)),
    "api key in code": lambda m: (lambda s: (m.one(f'api_key = "{s}"', f"apiKey: '{s}',", f'API_SECRET = "{s}"', f'client_secret: "{s}"'), s))(m.of(ALNUM, 32)),
    "rsa key": lambda m: (lambda s: (s, s))(pem(m, "RSA ")),
    "ec key": lambda m: (lambda s: ("key = '''" + s + "'''", s))(pem(m, "EC ", 3)),
    "pkcs8 key": lambda m: (lambda s: ("\n".join("  " + line for line in s.splitlines()), "PRIVATE " + "KEY"))(pem(m, "")),
    "openssh key": lambda m: (lambda s: (s, s))(pem(m, "OPENSSH ", 6)),
    "key in a json string": lambda m: (lambda s: (json.dumps({"type": "service_account", "private_key": s}), "PRIVATE " + "KEY"))(pem(m, "")),
    "putty key": lambda m: (lambda s: (f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: {m.word()}\nPublic-Lines: 2\n{m.of(BASE64, 64)}\n{m.of(BASE64, 16)}\n"
                                       f"Private-Lines: 1\n{s}\nPrivate-MAC: {m.of(HEX, 64)}\n", s))(m.of(BASE64, 48)),
    "jwk": lambda m: (lambda s: (json.dumps({"kty": "EC", "crv": "P-256", "x": m.of(ALNUM + "-_", 43), "y": m.of(ALNUM + "-_", 43), "d": s}), s))(m.of(ALNUM + "-_", 43)),
}

# What is none. name -> (maker -> text)
HARMLESS = {
    "git commit": lambda m: m.one(f"commit {m.of(HEX, 40)}", f"fixes {m.of(HEX, 40)}", f"index {m.of(HEX, 7)}..{m.of(HEX, 7)} 100644", f'"gitHead": "{m.of(HEX, 40)}"'),
    "checksum": lambda m: m.one(f"{m.of(HEX, 64)}  {m.word()}.tar.gz", f"sha256:{m.of(HEX, 64)}", f"md5sum = {m.of(HEX, 32)}", f'checksum = "{m.of(HEX, 64)}"', f"ETag: \"{m.of(HEX, 32)}\""),
    "uuid": lambda m: m.one('id: "{}"', "request_id={}", "trace {} done", '{{"order": "{}"}}').format(uuid.UUID(bytes=m.bytes(16), version=4)),
    "package lock": lambda m: f'"integrity": "sha512-{m.base64(64)}",\n"resolved": "https://registry.acme.example/{m.word()}/-/{m.word()}-1.2.3.tgz"',
    "go sum": lambda m: f"github.com/acme/{m.word()} v1.{m.rng.randint(0, 40)}.0 h1:{m.base64(32)}",
    "cargo lock": lambda m: f'[[package]]\nname = "{m.word()}"\nversion = "0.3.{m.rng.randint(0, 9)}"\nchecksum = "{m.of(HEX, 64)}"',
    "poetry lock": lambda m: f'    {{file = "{m.word()}-1.0-py3-none-any.whl", hash = "sha256:{m.of(HEX, 64)}"}},',
    "placeholder": lambda m: m.one("password=changeme", 'password: "<your-password>"', "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxx", 'token = "YOUR_TOKEN_HERE"', "DB_PASSWORD=********",
                                   'secret: "replace-me-with-a-secret"', "password: example", "api_key = \"<insert key>\"", "AWS_SECRET_ACCESS_KEY=...", 'password = "password"'),
    "variable": lambda m: m.one("password: ${DB_PASSWORD}", "token={{ .Values.token }}", "api_key = os.environ['API_KEY']", "const key = process.env.STRIPE_KEY;", 'Authorization: Bearer ${TOKEN}',
                                "password = settings.DATABASE_PASSWORD", "secret = get_secret('billing/stripe')", "DB_PASSWORD=$(cat /run/secrets/db)", 'password = config["password"]', "token := os.Getenv(\"TOKEN\")"),
    "example of a provider": lambda m: m.one("AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    "code about passwords": lambda m: m.one("def check_password(password: str, hashed: bytes) -> bool:", "if (password.length < 12) throw new Error('too short');", 'label for="password">Password</label>',
                                            '"password": "Passwort",', '"auth.password.reset": "Passwort zurücksetzen",', "password_hash = argon2.hash(password)", "PASSWORD_MIN_LENGTH = 12", "func (t *Token) Secret() string { return t.secret }",
                                            "assert user.password != 'wrong'", "passwordField.addEventListener('input', validatePassword)", "token = next(tokens)", "secretName: tls-certificate-web"),
    "public key": lambda m: m.one(f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{m.of(BASE64, 43)} ada@acme.example", "-----BEGIN PUBLIC KEY-----\n" + m.of(BASE64, 64) + "\n-----END PUBLIC KEY-----",
                                  "-----BEGIN CERTIFICATE-----\n" + "\n".join(m.of(BASE64, 64) for _ in range(10)) + "\n-----END CERTIFICATE-----"),
    "image": lambda m: f"background: url(data:image/png;base64,iVBORw0KGgo{m.base64(300)})",
    "minified": lambda m: "!function(e,t){" + "".join(f"var {m.of(LOWER, 2)}=function({m.of(LOWER, 1)}){{return {m.of(LOWER, 1)}.{m.of(LOWER, 5)}({m.rng.randint(0, 999)})}};" for _ in range(12)) + "}()",
    "css": lambda m: f".{m.word()} {{ color: #{m.of(HEX, 6)}; background: #{m.of(HEX, 8)}; transition: all .2s cubic-bezier(.{m.of(DIGITS, 3)},0,1,1) }}",
    "identifier": lambda m: m.one(f"{m.word()}{m.word().title()}{m.word().title()}RepositoryFactoryImplementation", f"com.acme.{m.word()}.{m.word()}.internal.ConfigurationPropertiesBindingPostProcessor",
                                  f"MAX_{m.word().upper()}_{m.word().upper()}_RETRIES = {m.rng.randint(1, 99)}", f"kubernetes.io/{m.word()}-{m.of(HEX, 10)}-{m.of(LOWER + DIGITS, 5)}"),
    "numbers": lambda m: f"version {m.rng.randint(1, 9)}.{m.rng.randint(0, 99)}.{m.rng.randint(0, 999)}, built {m.rng.randint(10**12, 2 * 10**12)}, phone +49 30 {m.of(DIGITS, 7)}",
    "url": lambda m: m.one(f"https://acme.example/{m.word()}/{m.of(ALNUM, 22)}?utm_source={m.word()}", f"postgres://localhost:5432/{m.word()}", f"https://user@git.acme.example/{m.word()}.git", f"s3://acme-{m.word()}/{m.of(HEX, 32)}/part-0001"),
    "encoded data": lambda m: m.one(f"payload: {m.base64(90)}", f"cursor={m.base64(24)}", f'"blob": "{m.base64(200)}"'),
    "prose": lambda m: f"The {m.word()} {m.word()} keeps its {m.word()} secret until the token of the {m.word()} is known; no password is asked for.",
}


def labelled(seed, held_out=False):
    """(kind, text, secret or None), half of them harmless."""
    m, lines = Maker(seed), []
    places = PLACES_HELD_OUT if held_out else PLACES
    for name, make in OWN_FORM.items():
        for place in places * 2:
            secret = make(m)
            lines.append((name, place.format(secret), secret))
    for name, make in IN_CONTEXT.items():
        for _ in range(36):
            lines.append((name, *make(m)))
    for name, make in HARMLESS.items():
        for _ in range(100):
            lines.append((name, make(m), None))
    return lines

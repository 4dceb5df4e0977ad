"""A launcher by hand: asks for a binding and proves that it holds it (src/identity/binding.h), written without the program. What it states it
may make up: so may any person."""

import base64
import hashlib
import hmac
import json
import time

PATH = "/.well-known/sallyport/binding"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def statement(**changes):
    whole = {
        "client": "claude-code", "commit": "a" * 40, "digest": "sha256:" + "0" * 64, "repository": "git.acme.example/web/site",
        "root": "b" * 40, "tier": "A", "version": "2.1.330"
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def ask(gateway, stated, key=None):
    return gateway.ask("POST", PATH, [("content-type", "application/json"), ("x-sallyport-key", key or gateway.key)],
                       json.dumps(stated).encode())


def bind(gateway, key=None, **changes):
    answer = ask(gateway, statement(**changes), key)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def prove(secret, method, target, body, at=None):
    at = str(int(time.time() * 1000) if at is None else at)
    text = "\n".join([method, target, at, hashlib.sha256(body).hexdigest()])
    return at + "." + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def fields(binding, target, body, at=None, secret=None):
    return [("x-sallyport-binding", binding["binding"]),
            ("x-sallyport-proof", prove(secret or binding["secret"], "POST", target, body, at))]


def forged(root_key, **statement_):
    """With the installation's root key: a binding as this gateway itself would have given it out."""
    extracted = hmac.new(b"sallyport installation v1", root_key, "sha256").digest()
    key = hmac.new(extracted, b"bindings\1", "sha256").digest()
    text = json.dumps(statement_, separators=(",", ":")).encode()
    return {"binding": encoded(text) + "." + encoded(hmac.new(key, b"tag" + text, "sha256").digest()),
            "secret": hmac.new(key, b"secret" + text, "sha256").hexdigest()}


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

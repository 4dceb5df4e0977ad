"""Machines that report: signed reports of `sallyport discover`, made and checked without the program (openssl signs, docs/discover.md)."""

import base64
import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

NAME = "sallyport-discover"
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
SPKI = bytes.fromhex("302a300506032b6570032100")


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True, timeout=30).stdout


class Machine:
    def __init__(self, seed):
        self.private = PKCS8 + seed
        self.public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=self.private)[-32:]
        self.key_id = hashlib.sha256(NAME.encode() + b"\n\x01" + self.public).digest()[:4]
        self.key = NAME + "+" + self.key_id.hex() + "+" + base64.b64encode(b"\x01" + self.public).decode()
        self.id = "machine-" + hashlib.sha256(self.key.encode()).hexdigest()[:32]

    def sign(self, text):
        with tempfile.TemporaryDirectory() as folder:
            key, data = Path(folder, "key"), Path(folder, "data")
            key.write_bytes(self.private)
            data.write_bytes(text)
            signature = openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", str(key), "-in", str(data))
        return text + b"\n" + f"\u2014 {NAME} ".encode() + base64.b64encode(self.key_id + signature) + b"\n"

    def report(self, at, facts, **more):
        """`at`: RFC 3339 text. `facts`: as `--json` has them."""
        document = {"format": "sallyport-discover/1", "machine": self.id, "key": self.key, "at": at, "facts": facts} | more
        return self.sign(json.dumps(document, separators=(",", ":")).encode() + b"\n")


def check(note):
    """The document of a report whose signature holds; by openssl alone."""
    text, _, signature = note.rpartition(b"\n\n")
    text += b"\n"
    document = json.loads(text)
    name, key_id, key = document["key"].split("+", 2)
    public = base64.b64decode(key)
    assert name == NAME and public[:1] == b"\x01" and len(public) == 33, document["key"]
    assert hashlib.sha256(NAME.encode() + b"\n\x01" + public[1:]).digest()[:4].hex() == key_id
    assert document["machine"] == "machine-" + hashlib.sha256(document["key"].encode()).hexdigest()[:32]
    prefix = f"\u2014 {NAME} ".encode()
    assert signature.startswith(prefix) and signature.endswith(b"\n"), signature
    raw = base64.b64decode(signature[len(prefix):-1])
    with tempfile.TemporaryDirectory() as folder:
        for file, data in (("key", SPKI + public[1:]), ("data", text), ("signature", raw[4:])):
            Path(folder, file).write_bytes(data)
        openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", os.path.join(folder, "key"), "-in", os.path.join(folder, "data"),
                "-sigfile", os.path.join(folder, "signature"))
    return document

"""A certificate authority in a folder, by the openssl command."""

import ssl
import subprocess
from pathlib import Path


class Authority:
    """A CA in a folder."""
    def __init__(self, folder, name="ca"):
        self.folder, self.name = Path(folder), name
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                 f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
        self.pem = str(self.folder / f"{name}.pem")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, names, days="2"):
        """(certificate chain file, key file) for these subject alternative names."""
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr", "-subj", "/CN=x")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                 "-CAcreateserial", "-out", f"{name}.pem", "-days", days, "-extfile", f"{name}.ext")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


def server_side(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context

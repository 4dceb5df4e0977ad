"""What a byte costs through the forward proxy: a tunnel against haproxy relaying TCP, an opened connection against haproxy ending TLS and
beginning it anew. nginx serves one large file by TLS, curl reads it; the proxies take turns."""

import json
import subprocess
import time

import figures
import peers

FILE_MB = 256
POLICY = """\
egress:
  - { id: tunnel, hosts: ["127.0.0.1"], ports: any, addresses: [127.0.0.0/8], do: allow, why: "measured as a tunnel" }
  - { id: opened, hosts: [localhost], ports: any, addresses: [127.0.0.0/8], do: intercept, why: "measured opened" }
"""
HAPROXY_TCP = """\
global
    nbthread 1
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen front
    bind 127.0.0.1:{port}
    {option}
    server source 127.0.0.1:{source_port}
"""
SOURCE = """\
server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {crt};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites {cipher};
        location / {{ root {root}; sendfile on; }}
    }}"""


def _curl(arguments, folder):
    done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "120", "-o", "/dev/null", "-w", "%{size_download}", *arguments],
                          cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise figures.Invalid(f"curl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return int(done.stdout)


class Way:
    """One program between curl and the source, and how curl goes through it."""

    def __init__(self, name, program, arguments):
        self.name, self.program, self.arguments, self.spent = name, program, arguments, []

    def run(self, folder):
        before, began = figures.cpu_ns(self.program.pid), time.monotonic()
        count = _curl(self.arguments, folder)
        took = time.monotonic() - began
        self.spent.append((figures.cpu_ns(self.program.pid) - before) / (count / 1e6) / 1e3)  # us per MB
        return f"{self.name} {self.spent[-1]:.0f} us/MB at {count / 1e6 / took:.0f} MB/s"


def measure(bench):
    stand, certificates = bench.stand, bench.stand.certificates
    root = stand.folder / "source"
    root.mkdir(exist_ok=True)
    with open(root / "file", "wb") as file:
        for _ in range(FILE_MB // (4 if bench.quick else 1)):
            file.write(b"0123456789abcdef" * 65536)
    port = stand.free_port()
    text = peers.NGINX.format(folder=stand.folder, server=SOURCE.format(port=port, root=root, cipher=peers.CIPHER, **certificates))
    source = stand.launch("nginx", "source.conf", text, port, True)
    relays = {}
    for option in ("", "option splice-response"):  # as it is installed, and told to splice
        at = stand.free_port()
        relays[option] = stand.launch("haproxy", "tcp.cfg", HAPROXY_TCP.format(port=at, source_port=port, option=option), at)
    tls = stand.haproxy(source)
    gateway = stand.sallyport(stand.vendor(False), POLICY,
                              f"forward: {{ listen: \"127.0.0.1:0\", trust: {certificates['ca']} }}\n")
    proxy = ["-x", f"http://127.0.0.1:{stand.forward_port(gateway)}", "--proxy-user", f"x:{gateway.key}"]
    authority = gateway.home / "data/egress/ca.pem"
    trusted = ["--cacert", certificates["ca"], "--tls13-ciphers", peers.CIPHER]
    copying, splicing = relays.values()
    through = [*proxy, *trusted, f"https://127.0.0.1:{port}/file"]
    pairs = {
        "tunnel": (Way("haproxy", copying, [*trusted, f"https://127.0.0.1:{copying.port}/file"]),
                   Way("sallyport", gateway, through), 1.5),
        "tunnel-spliced": (Way("haproxy", splicing, [*trusted, f"https://127.0.0.1:{splicing.port}/file"]),
                           Way("sallyport", gateway, through), None),
        "opened": (Way("haproxy", tls, [*trusted, f"https://localhost:{tls.port}/file"]),
                   Way("sallyport", gateway, [*proxy, "--cacert", authority, "--tls13-ciphers", peers.CIPHER,
                                              f"https://localhost:{port}/file"]), 2),
    }
    for name, (theirs, ours, goal) in pairs.items():
        for turn in range(bench.rounds + 1):
            said = [way.run(stand.folder) for way in (theirs, ours)]
            bench.say(f"forward.{name}: {'; '.join(said)}")
            if turn == 0:
                theirs.spent, ours.spent = [], []  # warm now
        for way in (theirs, ours):
            bench.rows.add(f"forward.{name}.cpu.{way.name}", sorted(way.spent)[len(way.spent) // 2], "us/MB")
        bench.rows.add_ratio(f"forward.{name}.cpu", ours.spent, theirs.spent, goal, "haproxy")
    for line in (gateway.home / "data/egress/receipts.jsonl").read_text().splitlines():
        if json.loads(line).get("decision") == "refuse":
            raise figures.Invalid(f"the forward proxy refused: {line}")
    stand.stop([gateway, tls, copying, splicing, source])

"""`sallyport discover --logs` and `--rules`: logs made here with planted and benign hosts; rules that close the direct ways."""

import datetime
import json
import os
import random
import shutil
import subprocess

from discovering import SECONDS_MAX, SEED, Discovering


class Logs(Discovering):
    """Logs of each kind made here: planted hosts, benign ones, damaged lines."""
    AROUND = ("api.anthropic.com", "api.openai.com", "openrouter.ai", "eu-aiplatform.googleapis.com", "team7.openai.azure.com", "generativelanguage.googleapis.com")
    BENIGN = ("www.example.org", "anthropic.com.evil.example", "api.anthropic.com.example", "notopenrouter.ai", "git.acme.example", "localhost")
    APPROVED = ("api.mistral.ai", )

    def plan(self):
        """[(at, source, host)] and what of it should be told: host -> (count, sources, first, last)."""
        self.random = random.Random(SEED)
        events, told = [], {}
        for at in range(1_790_000_000, 1_790_000_000 + 400):
            host = self.random.choice(self.AROUND + self.BENIGN + self.APPROVED)
            source = self.random.choice(("10.0.0.5", "10.0.0.6", "2001:db8::7", "10.9.9.9"))
            events.append((at, source, host))
            if host in self.AROUND and source != "10.9.9.9":  # which is the gateway
                count, sources, first, _ = told.get(host, (0, set(), at, at))
                told[host] = (count + 1, sources | {source}, first, at)
        return events, told

    def check(self, kind, text, told, damaged=0, asked=False, files=1):
        log = self.folder / f"{kind}.log"
        log.write_text(text)
        where = ["--logs", kind, *[log] * files, "--allow", "api.mistral.ai", "--gateway", "10.9.9.9"]
        view = json.loads(self.discover(*where, "--json", "--show-sources", code=1).stdout)
        found = {}
        for row in view["hosts"]:
            if row["verdict"] == "around the gateway":
                found[row["host"]] = (row["asked" if asked else "contacts"], set(row["from"]), row["first"], row["last"])
            self.assertTrue(row["kind"] in ("vendor", "third party", "service"), row)

        def date(at):
            return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")

        self.assertEqual({host: (count * files, sources, date(first), date(last)) for host, (count, sources, first, last) in told.items()}, found)
        self.assertEqual(damaged * files, view["lines"]["damaged"])
        shown = self.discover(*where).stdout + self.discover(*where, "--json").stdout
        for source in ("10.0.0.5", "10.0.0.6", "2001:db8"):
            self.assertNotIn(source, shown, "sources are pseudonyms unless they are asked for")
        self.assertIn(f"{damaged * files} damaged" if damaged else "lines", shown)
        return view

    def test_zeek_tsv(self):
        events, told = self.plan()
        head = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tssl\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tserver_name\n#types\ttime\tstring\taddr\tport\taddr\tport\tstring\n"
        rows = "".join(f"{at}.000000\tC1\t{source}\t5000\t192.0.2.1\t443\t{host}\n" for at, source, host in events)
        bad = "1790000000.0\tC1\t10.0.0.5\n" + "x\tC\t10.0.0.5\t1\t1\t1\tapi.openai.com\n" + "y" * 100_000 + "\n\x00\n"
        self.check("zeek", head + rows + bad + "1790000000.0\tC1\t10.0.0.5\t1\t1\t443\t-\n#close\t2026\n", told, damaged=4, files=2)

    def test_zeek_json_and_dns_and_conn(self):
        events, told = self.plan()
        rows = "".join(json.dumps({"ts": at + 0.0, "uid": "C", "id.orig_h": source, "id.resp_h": "192.0.2.1", "server_name": host.upper()}) + "\n" for at, source, host in events)
        conn = json.dumps({"ts": 1790000000.0, "id.orig_h": "10.0.0.5", "id.resp_h": "192.0.2.1", "id.resp_p": 443, "conn_state": "SF"}) + "\n"
        view = self.check("zeek", rows + conn + '{"ts": 1, "id.orig_h"\n', told, damaged=1)
        self.assertEqual(1, view["lines"]["addresses_only"])
        rows = "".join(json.dumps({"ts": at + 0.0, "id.orig_h": source, "query": host, "qtype_name": "A"}) + "\n" for at, source, host in events)
        self.check("zeek", rows, told, asked=True)

    def test_squid_native_and_common(self):
        events, told = self.plan()
        native = "".join(f"{at}.000    45 {source} TCP_TUNNEL/200 3942 CONNECT {host}:443 ada HIER_DIRECT/192.0.2.1 -\n" for at, source, host in events)
        self.check("squid", native + "broken line\n1790000000.000 5 10.0.0.5 TCP_MISS 1 GET\n", told, damaged=2)

        def date(at):
            local = datetime.datetime.fromtimestamp(at, datetime.timezone(datetime.timedelta(hours=2)))
            return local.strftime("%d/%b/%Y:%H:%M:%S %z")

        common = "".join(f'{source} - ada [{date(at)}] "CONNECT {host}:443 HTTP/1.1" 200 3942 TCP_TUNNEL:HIER_DIRECT\n' for at, source, host in events)
        denied = f'10.0.0.5 - - [{date(1790000000)}] "CONNECT claude.ai:443 HTTP/1.1" 403 39 TCP_DENIED:HIER_NONE\n'
        view = self.check("squid", common + denied + '10.0.0.5 - - [x] "GET" 1\n', told, damaged=1)
        blocked = next(row for row in view["hosts"] if row["host"] == "claude.ai")
        self.assertEqual((1, 0, "noted"), (blocked["blocked"], blocked["contacts"], blocked["verdict"]))

    def test_dnsmasq_unbound_and_bind(self):
        events, told = self.plan()

        def date(at, form):
            return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(form)

        year = datetime.datetime.now(datetime.timezone.utc).year
        if datetime.datetime(year, 9, 23, tzinfo=datetime.timezone.utc).timestamp() < datetime.datetime.now().timestamp() and date(1_790_000_000, "%Y") == str(year):
            lines = "".join(f"{date(at, '%b %d %H:%M:%S')} router dnsmasq[412]: query[A] {host} from {source}\n" for at, source, host in events)
            self.check("dns", lines + "Sep 21 10:00:00 router dnsmasq[412]: reply api.openai.com is 192.0.2.1\nnothing of a log\n", told, damaged=1, asked=True)
        lines = "".join(f"[{at}] unbound[99:0] info: {source} {host}. A IN\n" for at, source, host in events)
        self.check("dns", lines + "[1790000000] unbound[99:0] info: start of service\n", told, asked=True)
        lines = "".join(f"{date(at, '%d-%b-%Y %H:%M:%S')}.000 queries: info: client @0x7f00 {source}#53124 ({host}): query: {host} IN A +E(0)K (10.0.0.1)\n" for at, source, host in events)
        self.check("dns", lines, told, asked=True)

    def test_only_approved_hosts_are_no_finding_and_nonsense_is_no_log(self):
        (self.folder / "log").write_text("[1790000000] unbound[99:0] info: 10.0.0.5 api.mistral.ai. A IN\n")
        self.discover("--logs", "dns", "log", "--allow", "*.mistral.ai", code=0)
        self.discover("--logs", "dns", "log", code=1)
        (self.folder / "log").write_bytes(random.Random(SEED).randbytes(100_000))
        self.assertIn("no line is one of a squid log", self.discover("--logs", "squid", "log", code=4).stderr)
        os.mkfifo(self.folder / "pipe")
        self.discover("--logs", "squid", "pipe", code=4)
        done = self.discover("--logs", "squid", "-", text="1790000000.0 1 10.0.0.5 TCP_TUNNEL/200 1 CONNECT api.openai.com:443 - HIER_DIRECT/1 -\n", code=1)
        self.assertIn("api.openai.com", done.stdout)

    def test_memory_is_bounded_however_many_names_there_are(self):
        with open(self.folder / "log", "w") as log:
            for number in range(150_000):
                log.write(f"[1790000000] unbound[9:0] info: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255} h{number}.claude.ai. A IN\n")
        view = json.loads(self.discover("--logs", "dns", "log", "--json", code=1).stdout)
        self.assertLess(len(view["hosts"]), 10_010)
        self.assertEqual(150_000, sum(row["asked"] for row in view["hosts"]))
        pattern = next(row for row in view["hosts"] if row["host"] == "*.claude.ai")
        self.assertTrue(pattern["more_sources"])


class ClosingRules(Discovering):
    GATEWAY = ["--gateway", "https://gateway.acme.example", "--allow", "api.mistral.ai"]

    def rules(self, kind):
        text = self.discover("--rules", kind, *self.GATEWAY, code=0).stdout
        self.assertIn("cannot stop", text)
        told = json.loads(self.discover("--rules", kind, *self.GATEWAY, "--json", code=0).stdout)
        self.assertEqual(text, told["text"])
        self.assertIn("api.anthropic.com", told["hosts"])
        return text

    def test_dns(self):
        zone = [line.split(";")[0].split() for line in self.rules("dns").splitlines()]
        records = {line[0]: line[-1] for line in zone if len(line) == 3 and line[1] == "CNAME"}
        self.assertEqual(".", records["use-application-dns.net"])
        self.assertEqual({".", "rpz-passthru."}, set(records.values()))
        for host in ("api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com", "openrouter.ai", "*.openai.azure.com"):
            self.assertEqual(".", records[host])
        self.assertEqual("rpz-passthru.", records["api.mistral.ai"])
        self.assertEqual("rpz-passthru.", records["gateway.acme.example"])

    def test_squid(self):
        lines = [line.split() for line in self.rules("squid").splitlines() if not line.startswith("#")]
        closed = [line[3] for line in lines if line[:3] == ["acl", "sallyport_closed", "dstdomain"]]
        self.assertIn(".openrouter.ai", closed)
        for name in closed:
            self.assertFalse([other for other in closed if other != name and other.startswith(".") and ("." + name.lstrip(".")).endswith(other)], name)
        self.assertNotIn("api.mistral.ai", closed)
        self.assertFalse([line for line in lines if line[:2] == ["http_access", "allow"]], "who may use the proxy is not for these lines")

    def test_pac(self):
        text = self.rules("pac")
        node = shutil.which("node")
        if not node:
            self.skipTest("no node to run it")
        script = text + """
function shExpMatch(s, p) { return new RegExp("^" + p.replace(/[.]/g, "\\\\.").replace(/[*]/g, ".*") + "$").test(s); }
console.log(JSON.stringify(process.argv.slice(1).map(h => FindProxyForURL("https://" + h + "/", h))));
"""
        hosts = ["api.anthropic.com", "API.OpenAI.com", "x.openai.azure.com", "bedrock-runtime.ap-south-1.amazonaws.com", "gateway.acme.example", "api.mistral.ai", "example.org"]
        done = subprocess.run([node, "-e", script, *hosts], capture_output=True, text=True, timeout=SECONDS_MAX, check=True)
        self.assertEqual(["PROXY 127.0.0.1:9"] * 4 + ["DIRECT"] * 3, json.loads(done.stdout))

    def test_nftables_says_that_it_knows_no_names(self):
        text = self.rules("nftables")
        self.assertIn("never names", text)
        self.assertNotIn("@vendors4", text)
        self.assertIn("udp dport 443 reject", text)
        self.assertEqual(text.count("{"), text.count("}"))

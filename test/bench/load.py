"""Load from wrk, in turns: each program gets a few seconds, round by round, so that a busy machine slows all of them alike."""

import http.client
import json
import ssl
import statistics
import subprocess
import time
from pathlib import Path

import bodies
import figures

LAST_WORDS_SECONDS = 1.0  # what a gateway still writes down after its last exchange counts as its work


class Load:
    """A request that is sent to every program: its headers and body as files for wrk."""

    def __init__(self, folder, name, body, key, connections, fresh=False):
        self.name, self.body, self.connections, self.fresh = name, body, connections, fresh
        self.headers = bodies.HEADERS | {"x-api-key": key}
        self._headers_file, self._body_file = Path(folder, f"{name}.headers"), Path(folder, f"{name}.body")
        self._headers_file.write_text("".join(f"{key}: {value}\n" for key, value in self.headers.items()))
        self._body_file.write_bytes(body)

    def run(self, program, seconds):
        """wrk's result; any request that went wrong makes the whole run invalid."""
        script = Path(__file__).with_name("load.lua")
        done = subprocess.run(["wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "20s", "-s", script,
                               f"{program.url}/v1/messages?beta=true", "--", self._headers_file, self._body_file,
                               *(["fresh"] if self.fresh else [])], capture_output=True, text=True, check=False)
        line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
        if line is None:
            raise figures.Invalid(f"{self.name}: wrk gave no result: {(done.stdout + done.stderr).strip()[-800:]}")
        result = json.loads(line.removeprefix("RESULT "))
        if any(result["errors"].values()) or result["requests"] == 0:
            raise figures.Invalid(f"{self.name} through {program.name}: {result['requests']} requests, "
                                  f"errors {result['errors']}")
        return result

    def probe(self, program):
        """One exchange: the answer's body, if it is one."""
        if program.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", program.port, timeout=20, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=20)
        try:
            connection.request("POST", "/v1/messages?beta=true", self.body, self.headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise figures.Invalid(f"{self.name} through {program.name}: {response.status} {answer[:600]!r}")
        return answer

    def check(self, vendor, programs):
        """Each program must give what the vendor itself gives (ids count on, so lengths are compared)."""
        expected = self.probe(vendor)
        for program in programs:
            answer = self.probe(program)
            if len(answer) != len(expected):
                raise figures.Invalid(f"{self.name} through {program.name}: {len(answer)} bytes came, not {len(expected)}")


class Turns:
    """What the rounds gave: per program a list with a result per round, CPU per exchange among it."""

    def __init__(self, load, programs, rounds, seconds, say):
        self.results = {program.name: [] for program in programs}
        readings = {program.name: [] for program in programs}
        for program in programs:
            load.run(program, 1)  # connections to the vendor, caches, allocators: not measured
        for number in range(rounds):
            for program in programs[number % len(programs):] + programs[:number % len(programs)]:
                # From one turn to the next: work that is put off until later is paid for too.
                readings[program.name].append(figures.cpu_ns(program.pid))
                self.results[program.name].append(load.run(program, seconds))
            say(f"{load.name}: round {number + 1} of {rounds}")
        time.sleep(LAST_WORDS_SECONDS)
        for program in programs:
            read = readings[program.name] + [figures.cpu_ns(program.pid)]
            for result, before, after in zip(self.results[program.name], read, read[1:], strict=False):
                result["cpu_us"] = (after - before) / 1e3 / result["requests"]
                result["rate"] = result["requests"] / result["seconds"]

    def of(self, name, what):
        return [result[what] for result in self.results[name]]

    def median(self, name, what):
        return statistics.median(self.of(name, what))

"""The work loads. Each is a function of a Bench, and adds its figures."""

import shutil
import statistics
import time

import bodies
import figures
import forward
import load
import soak

SMALL, TURN, KEPT, COLD = "small", "turn", "kept", "cold"
CONNECTIONS = {SMALL: 32, TURN: 32, KEPT: 32, COLD: 8}
FRESH = {KEPT, COLD}
APART = ("ledger", "bodies")  # threads whose part of an exchange is told
BODIES_KEPT = "bodies: { open-source: 30d, internal: 30d, customer: 30d }\n"


def body_of(kind):
    if kind == SMALL:
        return bodies.small()
    if kind == TURN:
        return bodies.conversation(200_000, "vendor:events(200)")
    if kind == KEPT:  # each time another newest message
        return bodies.conversation(200_000, f"vendor:events(200) {bodies.MARK}")
    return bodies.conversation(1 << 20, "vendor:say(done)", stream=False, mark=bodies.MARK)


class Bench:
    """What a work load needs: where programs come from, where figures go, how long to measure."""

    def __init__(self, stand, rows, say, quick, rounds):
        self.stand, self.rows, self.say, self.quick = stand, rows, say, quick
        self.rounds = rounds or (2 if quick else 7)
        self.seconds = 1 if quick else 2

    def scaled(self, count):
        return count // 10 if self.quick else count

    def cpu(self, kind, mode, goal, vendor=None):
        """CPU time per exchange of all three, in turns, and the ratios."""
        stand = self.stand
        vendor = vendor or stand.vendor(mode == "tls")
        gateway = stand.sallyport(vendor, BODIES_KEPT if kind == KEPT else "")
        programs = [stand.haproxy(vendor), stand.nginx(vendor, kind in (TURN, KEPT)), gateway]
        name = f"{kind}.{mode}"
        request = load.Load(stand.folder, name, body_of(kind), gateway.key, CONNECTIONS[kind], fresh=kind in FRESH)
        request.check(vendor, programs)
        began, threads = figures.cpu_ns(gateway.pid), {name: figures.thread_ns(gateway.pid, name) for name in APART}
        turns = load.Turns(request, programs, self.rounds, self.seconds, self.say)
        for program in programs:
            self.rows.add(f"{name}.cpu.{program.name}", turns.median(program.name, "cpu_us"), "us/exchange")
        ours = turns.of("sallyport", "cpu_us")
        self.rows.add_ratio(f"{name}.cpu", ours, turns.of("haproxy", "cpu_us"), goal, "haproxy")
        self.rows.add_ratio(f"{name}.cpu", ours, turns.of("nginx", "cpu_us"), None, "nginx")
        for program in programs:
            self.rows.add(f"{name}.rate.{program.name}", turns.median(program.name, "rate"), "exchanges/s")
        for thread, before in threads.items():
            share = (figures.thread_ns(gateway.pid, thread) - before) / (figures.cpu_ns(gateway.pid) - began)
            self.rows.add(f"{name}.cpu.thread.{thread}", share * statistics.median(ours), "us/exchange")
        stand.stop([*programs, vendor])


def small(bench):
    bench.cpu(SMALL, "plain", 1.5)
    bench.cpu(SMALL, "tls", 1.5)


def turn(bench):
    bench.cpu(TURN, "tls", 1.35)
    if not bench.quick:
        bench.cpu(TURN, "plain", None)


def kept(bench):
    """A turn whose bodies are kept, byte for byte."""
    bench.cpu(KEPT, "tls", 1.8)


def cold(bench):
    bench.cpu(COLD, "tls", None)
    if not bench.quick:
        bench.cpu(COLD, "plain", None)


def vendors(bench):
    """The same against vendors that are not made of our own codec."""
    if shutil.which("node"):
        bench.cpu(SMALL, "plain.node", None, bench.stand.node_vendor())
    else:
        bench.say("vendors: there is no node, left out")
    bench.cpu(SMALL, "plain.nginx", None, bench.stand.nginx_vendor())


def latency(bench):
    """What each adds to one request at a time: its percentile less the vendor's own, round by round."""
    for mode in ("plain",) if bench.quick else ("plain", "tls"):
        stand = bench.stand
        vendor = stand.vendor(mode == "tls")
        gateway = stand.sallyport(vendor)
        programs = [vendor, stand.haproxy(vendor), stand.nginx(vendor, False), gateway]
        request = load.Load(stand.folder, f"latency.{mode}", body_of(SMALL), gateway.key, 1)
        turns = load.Turns(request, programs, bench.rounds, bench.seconds, bench.say)
        bench.rows.add(f"latency.{mode}.p50.direct", turns.median("vendor", "p50_us"), "us")
        for p in ("p50", "p99"):
            direct = turns.of("vendor", f"{p}_us")
            added = {program.name: [through - alone for through, alone in
                                    zip(turns.of(program.name, f"{p}_us"), direct, strict=True)]
                     for program in programs[1:]}
            for name, microseconds in added.items():
                bench.rows.add(f"latency.{mode}.added.{p}.{name}", statistics.median(microseconds), "us")
            ours, theirs = statistics.median(added["sallyport"]), statistics.median(added["haproxy"])
            if theirs > 0:
                bench.rows.add(f"latency.{mode}.added.{p}.ratio.haproxy", ours / theirs, "x",
                               1.5 if p == "p50" else None, "haproxy")
        stand.stop(programs)


def memory(bench):
    """What the gateway holds after many large exchanges, and whether small ones make it grow."""
    stand = bench.stand
    vendor = stand.vendor(True)
    gateway = stand.sallyport(vendor)
    count = bench.scaled(10_000)
    request = load.Load(stand.folder, "memory.turn", body_of(TURN), gateway.key, CONNECTIONS[TURN])
    sizes = _keep_loading(bench, request, gateway, [count])
    bench.rows.add(f"memory.rss_after_{count}_of_200_kb", sizes[0], "MB", 64)
    bench.rows.add(f"memory.rss_most_during_{count}_of_200_kb", figures.rss_mb(gateway.pid, "VmHWM"), "MB")
    stand.stop([gateway, vendor])

    vendor = stand.vendor(False)
    gateway = stand.sallyport(vendor)
    count = bench.scaled(100_000)
    request = load.Load(stand.folder, "memory.small", body_of(SMALL), gateway.key, CONNECTIONS[SMALL])
    sizes = _keep_loading(bench, request, gateway, [count // 5, count])
    bench.rows.add(f"memory.rss_after_{count // 5}_small", sizes[0], "MB")
    bench.rows.add(f"memory.rss_after_{count}_small", sizes[1], "MB")
    bench.rows.add("memory.growth_over_small", sizes[1] / sizes[0], "x", 1.1)  # the ledger keeps its longest queue
    stand.stop([gateway, vendor])


def _keep_loading(bench, request, gateway, marks):
    """Loads until each mark of exchanges is passed; resident megabytes at each."""
    sizes, done = [], 0
    while len(sizes) < len(marks):
        done += request.run(gateway, 1)["requests"]
        if done >= marks[len(sizes)]:
            time.sleep(0.5)
            sizes.append(figures.rss_mb(gateway.pid))
            bench.say(f"{request.name}: {done} exchanges, {sizes[-1]:.1f} MB")
    return sizes


def open_streams(bench):
    """Many answers at once that take long: each gets a ping a second."""
    stand = bench.stand
    count = 200 if bench.quick else 1000
    if stand.files_max < 3 * count:
        bench.say(f"soak: only {stand.files_max} open files are allowed here, left out")
        return
    vendor = stand.vendor(True)
    gateway = stand.sallyport(vendor)
    body = bodies.conversation(200_000, "vendor:fault(ping=1000)")
    for program in (stand.haproxy(vendor), stand.nginx(vendor, True), gateway):
        before = figures.rss_mb(program.pid)
        held = soak.hold(program, gateway.key, body, count, 3 if bench.quick else 10)
        bench.say(f"soak: {program.name} held {count} streams, {before:.1f} MB before")
        goal = 200 if program is gateway else None
        bench.rows.add(f"soak.{count}.rss.{program.name}", held.rss_mb, "MB", goal)
        bench.rows.add(f"soak.{count}.rss_most.{program.name}", figures.rss_mb(program.pid, "VmHWM"), "MB")
        bench.rows.add(f"soak.{count}.cpu.{program.name}", held.cpu_us_per_stream_second, "us/stream/s")
    stand.stop([gateway, vendor])


ALL = {"small": small, "turn": turn, "kept": kept, "latency": latency, "cold": cold, "vendors": vendors, "memory": memory,
       "soak": open_streams, "forward": forward.measure}
LEFT_OUT_WHEN_QUICK = {"vendors"}

"""Clients of many streams that go on for long: opened, read as they come, watched for some seconds, closed."""

import asyncio
import ssl
from dataclasses import dataclass

import bodies
import figures

OPENING_AT_ONCE = 32  # as many as one program's listen queue takes without a retry
OPENING_SECONDS_MAX = 120


@dataclass
class Held:
    rss_mb: float
    cpu_us_per_stream_second: float


def hold(program, key, body, count, seconds):
    """Opens `count` streams through `program`, then watches what they cost for some seconds."""
    return asyncio.run(_hold(program, key, body, count, seconds))


async def _hold(program, key, body, count, seconds):
    headers = bodies.HEADERS | {"Host": f"127.0.0.1:{program.port}", "x-api-key": key, "Content-Length": str(len(body))}
    head = "POST /v1/messages?beta=true HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    request = head.encode() + body
    context = None
    if program.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    ended, readers, writers = [], [], []

    async def open_one():
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", program.port, ssl=context)
            writers.append(writer)
            writer.write(request)
            await writer.drain()
            seen = await reader.readuntil(b"\r\n\r\n")
            if not seen.startswith(b"HTTP/1.1 200"):
                raise figures.Invalid(f"soak through {program.name}: {seen[:200]!r} {await reader.read(500)!r}")
            await reader.readuntil(b"data: ")
        readers.append(asyncio.create_task(read_on(reader)))

    async def read_on(reader):
        while await reader.read(65536):
            pass
        ended.append(reader)

    try:
        async with asyncio.timeout(OPENING_SECONDS_MAX):
            await asyncio.gather(*(open_one() for _ in range(count)))
        await asyncio.sleep(2)
        sizes, before = [], figures.cpu_ns(program.pid)
        for _ in range(seconds):
            await asyncio.sleep(1)
            sizes.append(figures.rss_mb(program.pid))
        used = figures.cpu_ns(program.pid) - before
        if ended:
            raise figures.Invalid(f"soak through {program.name}: {len(ended)} of {count} streams ended too early")
        return Held(max(sizes), used / 1e3 / count / seconds)
    except TimeoutError as late:
        raise figures.Invalid(f"soak through {program.name}: {len(readers)} of {count} streams opened in time") from late
    finally:
        for reader in readers:
            reader.cancel()
        for writer in writers:
            writer.transport.abort()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many readers of one reader: some drip a byte at a time and never finish, the others read pages. One process, no threads."""

import asyncio
import itertools
import random
import time

DRIP_SECONDS = 0.5
ANSWER_SECONDS = 60  # Until a page that must come has not.


def addresses(net):
    """Addresses of the loopback: 127.0.NET.1 and so on."""
    return (f"127.0.{net}.{last}" for last in itertools.cycle(range(1, 101)))


async def drip(host, port, address, counts):
    while True:
        writer = None
        try:
            _, writer = await asyncio.open_connection(host, port, local_addr=(address, 0))
            counts["drips"] += 1
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)
        except OSError:
            await asyncio.sleep(DRIP_SECONDS)
        finally:
            if writer is not None:
                writer.close()


async def fetch(host, port, address, path):
    reader, writer = await asyncio.open_connection(host, port, local_addr=(address, 0))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    return answer.startswith(b"HTTP/1.1 200 ") and answer.rstrip().endswith(b"</html>")


async def read(host, port, address, paths, pause, end, counts, chance):
    """Somebody who opens a page, looks at it, and opens the next."""
    await asyncio.sleep(chance.random() * pause)
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            whole = await asyncio.wait_for(fetch(host, port, address, chance.choice(paths)), ANSWER_SECONDS)
        except (OSError, asyncio.TimeoutError):
            whole = False
        counts["whole" if whole else "failed"] += 1
        counts["times"].append(time.monotonic() - start)
        await asyncio.sleep(pause * (0.5 + chance.random()))


async def storm(host, port, paths, drips, readers, seconds, pause):
    counts = {"drips": 0, "whole": 0, "failed": 0, "times": []}
    chance = random.Random(1)
    tasks = [asyncio.create_task(drip(host, port, address, counts)) for _, address in zip(range(drips), addresses(1))]
    while counts["drips"] < drips:
        await asyncio.sleep(0.05)
    end = time.monotonic() + seconds
    await asyncio.gather(*(read(host, port, address, paths, pause, end, counts, chance) for _, address in zip(range(readers), addresses(2))))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return counts


def run(address, paths, drips=500, readers=200, seconds=10, pause=5.0):
    """{"whole", "failed": pages, "drips": connections that dripped, "p50", "p99": seconds until a page was there}."""
    host, port = address.split("//")[1].rstrip("/").rsplit(":", 1)
    counts = asyncio.run(storm(host, int(port), paths, drips, readers, seconds, pause))
    times = sorted(counts.pop("times"))
    return {**counts, "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}

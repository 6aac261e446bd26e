# SPDX-License-Identifier: AGPL-3.0-or-later
"""How fast pages come: fifty readers at once (wrk) while the node synchronises, and two hundred among dripping connections."""

import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

import world
from table import Row

sys.path.insert(0, str(world.TOP / "tests/load"))

import pages
from pair import coordinator
from pages_test import reader_memory_mib

CONNECTIONS, THREADS, SECONDS = 50, 2, 6
SEARCHES = ("מים", "החלטה", "ועדה", "14/26", "תקציב החינוך")


def paths_of(node):
    documents = [line["document"] for line in node.json("list", "--limit", "40")]
    return ["/", "/documents", "/documents?page=3", "/decisions", "/books", "/people", "/network", *(f"/d/{document}" for document in documents),
            *("/search?q=" + urllib.parse.quote(words) for words in SEARCHES)]


def wrk(node, paths, place):
    """p99 in milliseconds over a mix of pages."""
    script = place / "mix.lua"
    listed = ", ".join(f'"{path}"' for path in paths)
    script.write_text(f"local paths, n = {{{listed}}}, 0\nrequest = function()\n n = n % #paths + 1\n return wrk.format('GET', paths[n])\nend\n")
    done = subprocess.run(["wrk", f"-c{CONNECTIONS}", f"-t{THREADS}", f"-d{SECONDS}s", "--latency", "-s", script, node.reader], check=True, text=True, capture_output=True)
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    return float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wrk_beside_publishing(w, node, paths):
    """The same, and how many documents were published meanwhile: each is a change of the index, and so of what is kept."""
    over, published, author = threading.Event(), [], coordinator(node)

    def publish():
        while not over.is_set():
            published.append(node.igum("publish", "--as", author, w.new_text(len(published))))

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        return wrk(node, paths, w.path), len(published)
    finally:
        over.set()
        publishing.join()


def rows(build, documents, turns):
    w = world.World(build, documents, nodes=2)
    try:
        node = w.nodes[0]
        node.start()
        paths = paths_of(node)
        wrk_there = shutil.which("wrk") is not None
        alone = wrk(node, paths, w.path) if wrk_there else None
        changing, changes = wrk_beside_publishing(w, node, paths) if wrk_there else (None, 0)
        other = w.nodes[1]
        other.igum("peer", "add", node.peer)
        other.start(http=None)  # It has nothing yet, and takes all there is while pages are read.
        began = time.monotonic()
        beside = wrk(node, paths, w.path) if wrk_there else None
        memory = reader_memory_mib(node)
        other.end()
        storm = pages.run(node.reader, paths)
        if storm["failed"]:
            raise RuntimeError(f"{storm['failed']} pages did not come")
        memory = max(memory, reader_memory_mib(node))
        print(f"  {time.monotonic() - began:.0f} s under load, {storm['whole']} pages among drips", file=sys.stderr)
    finally:
        w.close()
    return [Row(f"a page right after the start, {CONNECTIONS} readers at once, {documents:,} documents: p99", "ms", alone, None, None),
            Row(f"later, while documents are published, {changes / SECONDS:.0f} a second: p99", "ms", changing, 15, None),
            Row("the same while another node synchronises: p99", "ms", beside, 15, None),
            Row("200 readers among 500 connections that drip: p99", "ms", storm["p99"] * 1000, 200, None),
            Row("memory of the process that shows pages, at its peak", "MiB", memory, 80, None)]

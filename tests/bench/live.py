# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between nodes that know each other: reconnecting, one new document, a revision, a chain of ten."""

import time
from statistics import mean

import wire
import world
from harness import wait_equal
from pair import Page, Pair, begin, coordinator, follow
from peers import hypercore
from table import Row, median

HOPS = 10


def chain(w, numbers):
    """Milliseconds from the end of `igum publish` at one end of a chain until the page of the tenth node after it shows the document."""
    nodes = [w.copy(number + 1, f"chain-{number}") for number in range(HOPS + 1)]
    try:
        for place, node in enumerate(nodes):
            node.port = wire.free_port()
            if place:
                follow(node, nodes[place - 1], nodes[place - 1].port)
            begin(node, listen=f"127.0.0.1:{node.port}", **({} if node is nodes[-1] else {"http": None}))
        wait_equal(nodes, 300)
        page, times, author = Page(nodes[-1]), [], coordinator(nodes[0])
        for number in numbers:
            document = nodes[0].json("publish", "--as", author, w.new_text(number))[0]["document"]
            published = time.monotonic()
            times.append(1000 * (page.wait(document) - published))
        return times[2:]  # The first ones find nobody connected, or nothing at hand.
    finally:
        for node in nodes:
            if node.process:
                node.end()


def rows_of_pair(build, documents, turns, logs):
    w = world.World(build, documents, logs=logs, nodes=2)
    try:
        pair, count = Pair(w), 8 * turns
        page = Page(pair.second)
        sent = [pair.one_document(number, page) for number in range(count)]
        revised = [pair.revision(document, number) for number, (document, _, _) in enumerate(sent[:turns + 2])]
        opened = [pair.reconnect() for _ in range(turns)]
        pair.end()
    finally:
        w.close()
    return [Row(f"reconnect with nothing new, {documents:,} documents", "B", median(r[0] for r in opened), 600, 400),
            Row("turns of that", "", median(r[1] for r in opened) / 2, 2),
            Row("one new document, all bytes both ways", "B", mean(r[1] for r in sent[2:]), 1900, 1500),
            Row("a small revision", "B", mean(revised), 600, 400),
            Row("`publish` returning to readable on the peer's page", "ms", median(r[2] for r in sent[2:]), 5, 2)]


def rows_of_chain(build, turns, logs):
    w = world.World(build, 200, logs=logs, nodes=HOPS + 1)
    try:
        ours = chain(w, range(2 + 5 * turns))
        files = [w.new_text(number) for number in range(5 * turns)]
        installed = hypercore.install(w.path) if hypercore.available() else None
        theirs = median(hypercore.hops(installed, w.path, files, HOPS)[2:]) if installed else None
    finally:
        w.close()
    return [Row("a chain of ten, publish to readable at the tenth", "ms", median(ours), 20, 5, "hypercore" if installed else "", theirs)]


def rows(build, documents, turns, logs=100):
    return [*rows_of_pair(build, documents, turns, logs), *rows_of_chain(build, turns, logs)]

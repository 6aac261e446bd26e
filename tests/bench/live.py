# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between nodes that know each other: reconnecting, one new document, a revision, a chain of ten, and what was published during a cut."""

import http.client
import os
import pathlib
import random
import shutil
import sys
import time
from statistics import mean

import wire
import world
from harness import wait_equal
from peers import git, hypercore
from table import Row, median

QUIET = 0.3  # Seconds without a byte after which an exchange counts as ended.
HOPS = 10
SCAN = 20_000_000  # Bytes, as dense as a picture.
PEERS = 20
IDLE = 20  # Seconds.


class Line(wire.Proxy):
    """A line between two nodes: when it first and last carried something, too."""

    first = latest = 0

    def reset(self):
        super().reset()
        self.first = self.latest = 0

    def note(self, way, count):
        super().note(way, count)
        self.latest = time.monotonic()
        self.first = self.first or self.latest

    def wait_quiet(self):
        while not self.latest or time.monotonic() - self.latest < QUIET:
            time.sleep(QUIET / 10)


class Page:
    """The reader's page of a node, over one connection."""

    def __init__(self, node):
        host, port = node.reader.rstrip("/").split("//")[1].split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=20)

    def has(self, document):
        self.connection.request("GET", f"/d/{document}")
        answer = self.connection.getresponse()
        answer.read()
        return answer.status == 200

    def wait(self, document, seconds=30):
        end = time.monotonic() + seconds
        while not self.has(document):
            if time.monotonic() > end:
                raise SystemExit("the document did not become readable")
        return time.monotonic()


def wait_until(is_so, pause=0.05, seconds=600):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit("it did not come about")
        time.sleep(pause)


def begin(node, **options):
    node.start(**options)
    return node


def coordinator(node):
    """Who signs: a person with documents of its own in the archive."""
    return next(key["key"] for key in node.json("key", "list") if key["role"] == "coordinator")


def follow(node, host, port):
    """Lets a node call another one, whose channel key it is told."""
    node.igum("peer", "add", f"{host.channel}@127.0.0.1:{port}")


class Pair:
    """Home 1, which has everything, and a second office that follows it over a line and has caught up."""

    def __init__(self, w):
        self.w, self.port = w, wire.free_port()
        self.first = w.copy(1, "first")
        self.second = w.copy(2, "second")
        begin(self.first, listen=f"127.0.0.1:{self.port}", http=None)
        self.line = Line(self.port)
        follow(self.second, self.first, self.line.port)
        begin(self.second)
        self.author = coordinator(self.first)
        self.wait_equal()

    def wait_equal(self, seconds=600):
        def is_equal():
            first, second = world.report(self.first), world.report(self.second)
            return first["root"] == second["root"] and not second["contents_missing"]

        wait_until(is_equal, 0.05, seconds)  # Who asks takes time from both.
        self.line.wait_quiet()

    def reconnect(self):
        """Bytes and turns of a session that opens and finds nothing new."""
        self.second.end()
        self.line.reset()
        begin(self.second)
        self.line.wait_quiet()
        return self.line.bytes, self.line.turns

    def publish(self, number):
        """The document's id, and when `igum publish` said it."""
        path = self.w.new_text(number)
        document = self.first.json("publish", "--as", self.author, path)[0]["document"]
        return document, time.monotonic()

    def one_document(self, number, page):
        """Bytes, and milliseconds from the end of `igum publish` until the second office's page shows it."""
        self.line.reset()
        document, published = self.publish(number)
        shown = page.wait(document)
        self.line.wait_quiet()
        return document, self.line.bytes, 1000 * (shown - published)

    def revision(self, document, number):
        """A document comes again with one sentence more."""
        text = pathlib.Path(self.w.new_text(number)).read_text() + "\nבסוף הישיבה סוכם להיפגש שוב בעוד שבועיים.\n"
        path = self.w.place.write(f"new/{number}-again.md", text)
        self.line.reset()
        self.first.json("revise", "--as", self.author, document, path)
        self.line.wait_quiet()
        return self.line.bytes

    def after_a_cut(self, numbers):
        """What was published while the second office was away: seconds and bytes from its first byte on."""
        self.second.end()
        folder = pathlib.Path(self.w.new_text(numbers[0])).parent / f"cut-{numbers[0]}"
        folder.mkdir()
        for number in numbers:
            shutil.copy(self.w.new_text(number), folder / f"{number}.md")
        self.first.igum("--quiet", "publish", "--as", self.author, str(folder))
        self.line.reset()
        begin(self.second)
        self.wait_equal()
        return self.line.latest - self.line.first, self.line.bytes

    def scan(self, number):
        """A document with a scan: seconds from the end of `igum publish` until all of it is durable at the second office, and bytes."""
        path, scan = self.w.new_text(number), self.w.place.write(f"new/{number}.jpeg", random.Random(number).randbytes(SCAN))
        files = pathlib.Path(self.second.home) / "archive.git/refs/igum/file"
        before = len(os.listdir(files))
        self.line.reset()
        self.first.igum("publish", "--as", self.author, path, "--attach", scan)
        published = time.monotonic()
        wait_until(lambda: len(os.listdir(files)) > before, 0.002)
        seconds = time.monotonic() - published
        self.line.wait_quiet()
        return seconds, self.line.bytes

    def end(self):
        self.line.close()
        for node in (self.second, self.first):
            if node.process:
                node.end()


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


def mirror(pair, w):
    """What a client of git has before the next things are published."""
    git.server_copy(pathlib.Path(pair.first.home) / "archive.git", w.path / "now.git")
    git.clone(w.path, "now.git", w.path / "behind.git")


def fetched(pair, w):
    """Seconds and bytes of the same by `git fetch`, into that."""
    git.server_copy(pathlib.Path(pair.first.home) / "archive.git", w.path / "now.git")
    with git.daemon(w.path) as proxy:
        return git.fetch(proxy, "now.git", w.path / "behind.git")


def idle(w):
    """A node that has everything, and as many peers that have it too: MiB in memory, and percent of a processor."""
    nodes = [w.copy(1, "idle"), *(w.twin(number + 2, f"peer-{number}") for number in range(PEERS))]
    try:
        for node in nodes:
            node.port = wire.free_port()
            if node is not nodes[0]:
                follow(node, nodes[0], nodes[0].port)
            begin(node, listen=f"127.0.0.1:{node.port}", **({} if node is nodes[0] else {"http": None}))
        wait_until(lambda: sum(peer["state"] == "equal" for peer in world.report(nodes[0])["peers"]) == PEERS)
        world.wait_calm(nodes[0])
        used, began = world.cpu(nodes[0]), time.monotonic()
        time.sleep(IDLE)
        return world.resident(nodes[0]), 100 * (world.cpu(nodes[0]) - used) / (time.monotonic() - began)
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


def rows_after_a_cut(build, documents, turns, logs):
    w = world.World(build, documents, logs=logs, nodes=2)
    try:
        pair, cut, scan = Pair(w), [], []
        for turn in range(turns):
            numbers = range(1000 * (turn + 1), 1000 * (turn + 1) + 100)
            mirror(pair, w)
            cut.append((pair.after_a_cut(numbers), fetched(pair, w)))
            mirror(pair, w)
            scan.append((pair.scan(numbers[-1] + 1), fetched(pair, w)))
        pair.end()
    finally:
        w.close()

    def row(name, unit, measured, place, must, aim):
        return Row(name, unit, median(r[0][place] for r in measured), must, aim, "git fetch", median(r[1][place] for r in measured), True)

    return [row(f"100 documents after a cut, {logs:,} logs", "s", cut, 0, 0.3, None), row("bytes of that", "B", cut, 1, 0.1, None),
            row("a scan of 20 MB", "s", scan, 0, 0.5, 0.1), row("bytes of that", "B", scan, 1, None, None)]


def rows_of_rest(build, documents, logs):
    w = world.World(build, documents, logs=logs, nodes=PEERS + 1)
    try:
        w.settle()
        memory, used = idle(w)
    finally:
        w.close()
    return [Row(f"an idle node, {documents:,} documents and {PEERS} peers: memory", "MiB", memory, 100, 60),
            Row("processor of that, of one", "%", used, 0.5, 0.2)]


def rows(build, documents, turns, logs=100, many_logs=1000):
    return [*rows_of_pair(build, documents, turns, logs), *rows_of_chain(build, turns, logs),
            *rows_after_a_cut(build, documents, turns, many_logs), *rows_of_rest(build, documents, logs)]


if __name__ == "__main__":
    for row in rows(world.TOP / "build/release", int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        print(f"{row.name}: {row.ours:.4g} {row.unit} (must {row.must}, aim {row.aim}) {row.peer} {row.theirs or ''} {'held' if row.held else 'MISSED'}")

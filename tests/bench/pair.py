# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two nodes that know each other and a line between them, on which bytes and turns are counted."""

import http.client
import itertools
import os
import pathlib
import time

import wire
import world

QUIET = 0.3  # Seconds without a byte after which an exchange counts as ended.
TOLD = 13  # And after which the receipts for it have been signed and told, too: ten seconds lie between two of a node.


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

    def wait_quiet(self, seconds=QUIET):
        while not self.latest or time.monotonic() - self.latest < seconds:
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


def coordinators(node):
    """Who signs: people with documents of their own in the archive."""
    return [key["key"] for key in node.json("key", "list") if key["role"] == "coordinator"]


def coordinator(node):
    return coordinators(node)[0]


def follow(node, host, port):
    """Lets a node call another one, whose channel key it is told."""
    node.igum("peer", "add", f"{host.channel}@127.0.0.1:{port}")


class Pair:
    """Home 1, which has everything, and a second office that follows it over a line, has caught up, and has read what came."""

    def __init__(self, w):
        self.w, self.port = w, wire.free_port()
        self.first = w.copy(1, "first")
        self.second = w.copy(2, "second")
        begin(self.first, listen=f"127.0.0.1:{self.port}", http=None)
        self.line = Line(self.port)
        follow(self.second, self.first, self.line.port)
        begin(self.second)
        self.authors = coordinators(self.first)
        self.author = self.authors[0]
        self.wait_equal()
        wait_until(lambda: not any(node.status()["unread"] for node in (self.first, self.second)), 1)

    def wait_equal(self, seconds=600):
        def is_equal():
            first, second = world.report(self.first), world.report(self.second)
            return first["root"] == second["root"] and not second["contents_missing"]

        wait_until(is_equal, 0.05, seconds)  # Who asks takes time from both.
        self.line.wait_quiet()

    def reconnect(self):
        """Bytes and turns of a session that opens and finds nothing new, receipts neither."""
        self.line.wait_quiet(TOLD)
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
        """What people published while the line was cut, a document each: seconds and bytes from the first byte that it carries again."""
        self.line.cut()
        for author, number in zip(itertools.cycle(self.authors), numbers):
            self.first.igum("--quiet", "publish", "--as", author, self.w.new_text(number))
        os.sync()  # What was written before is nobody's burden.
        self.line.reset()
        self.line.heal()
        self.wait_equal()
        return self.line.latest - self.line.first, self.line.bytes

    def scan(self, number):
        """A document with a scan: seconds from the end of `igum publish` until all of it is durable at the second office, and bytes."""
        path, scan = self.w.new_text(number), self.w.new_scan(number)
        files = pathlib.Path(self.second.home) / "archive.git/refs/igum/file"
        before = len(os.listdir(files))
        os.sync()
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

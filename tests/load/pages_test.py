#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Readers get their pages while many connections drip: pages_test.py IGUM. How fast is measured by tests/bench."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import pages
from harness import Place

MEMORY_MIB = 80
RANK = 5  # By which a node steps back behind its reader.
IGUM = None


def node_reader(node):
    """The process that shows the pages: the child of the node."""
    return int(pathlib.Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split()[0])


def reader_memory_mib(node, what="VmHWM:"):
    status = pathlib.Path(f"/proc/{node_reader(node)}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(what))


def ranks(process):
    """The ranks (as of nice) of all threads of a process."""
    stats = [(task / "stat").read_text() for task in pathlib.Path(f"/proc/{process}/task").iterdir()]
    return {int(stat.rsplit(")", 1)[1].split()[16]) for stat in stats}


class Readers(unittest.TestCase):
    def test_who_reads_goes_before_what_comes_in_bulk(self):
        place = Place(IGUM, "ranks")
        self.addCleanup(place.clean)
        node = place.node("office").found().start()
        node.page()
        own = os.getpriority(os.PRIO_PROCESS, 0)
        self.assertEqual(ranks(node_reader(node)), {own})
        self.assertEqual(ranks(node.process.pid), {min(own + RANK, 19)})

    def test_pages_come_while_many_connections_drip(self):
        place = Place(IGUM, "pages")
        self.addCleanup(place.clean)
        node = place.node("office").found()
        documents = [node.json("publish", str(sample))[0]["document"] for sample in sorted((pathlib.Path(__file__).parents[1] / "samples").glob("*.md"))]
        node.start()
        paths = ["/", "/documents", "/decisions", "/people", *(f"/d/{document}" for document in documents)]
        found = pages.run(node.reader, paths, seconds=6)
        self.assertEqual(found["failed"], 0)
        self.assertGreater(found["whole"], 200)
        self.assertGreaterEqual(found["drips"], 500)
        self.assertLess(reader_memory_mib(node), MEMORY_MIB)
        print(f"    {found['whole']} pages, p99 {found['p99'] * 1000:.0f} ms, {reader_memory_mib(node):.0f} MiB at most", flush=True)


if __name__ == "__main__":
    IGUM = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)

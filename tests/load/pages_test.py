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
IGUM = None


def reader_memory_mib(node, what="VmHWM:"):
    """Of the process that shows the pages: the child of the node."""
    children = pathlib.Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split()
    status = pathlib.Path(f"/proc/{children[0]}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(what))


class Readers(unittest.TestCase):
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

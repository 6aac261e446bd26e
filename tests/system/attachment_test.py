#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Attachments between real processes: attachment_test.py IGUM [TEST...]"""

import hashlib
import json
import os
import subprocess
import sys
import unittest
import urllib.request

from harness import Place, wait_equal, wait_for

IGUM = None
MIB = 1 << 20
SIZE = 20 * MIB + 777
MEMORY = 48 * MIB  # Of either process, whatever the file's size.


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


class Attachments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "attachments")
        cls.addClassCleanup(cls.place.clean)
        cls.a, cls.b = cls.place.node("a"), cls.place.node("b")
        cls.a.found().start()
        cls.b.enter(cls.a, "שדה לוטם", "אורית שחם").start()
        wait_equal([cls.a, cls.b])

    def publish(self, name, data, node=None):
        scan, text = self.place.write(name, data), self.place.write("text.md", f"# {name}\n")
        return (node or self.a).json("publish", text, "--attach", scan)[0]["document"]

    def here(self, node, document):
        """Whether the document and all that is attached to it are at a node."""
        shown = node.run("show", document, "--json")
        return shown.returncode == 0 and all(file["here"] for file in node.json("show", document)[0]["files"])

    def fetch(self, node, document, place=1, **headers):
        request = urllib.request.Request(f"{node.reader.rstrip('/')}/a/{document}/{place}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()

    def test_1_a_scan_of_20_MB_crosses_in_constant_memory(self):
        data = os.urandom(SIZE)
        document = self.publish("scan.pdf", data)
        wait_for("the scan", lambda: self.here(self.b, document))
        status, body = self.fetch(self.b, document)
        self.assertEqual((status, hashlib.sha256(body).digest()), (200, hashlib.sha256(data).digest()))
        status, part = self.fetch(self.b, document, Range=f"bytes={5 * MIB - 3}-{5 * MIB + 3}")
        self.assertEqual((status, part), (206, data[5 * MIB - 3:5 * MIB + 4]))
        for node in (self.a, self.b):
            if "ASAN_OPTIONS" not in os.environ:
                self.assertLess(peak(node.process), MEMORY)
            self.assertEqual(node.json("verify")[0]["bad"], [])
            fsck = node.git("fsck", "--full", "--strict", "--no-dangling")
            self.assertEqual((fsck.returncode, fsck.stdout), (0, ""), fsck.stderr)

    def test_2_killed_on_the_way_it_goes_on(self):
        data = os.urandom(60 * MIB)
        document = self.publish("long.bin", data)
        partial = os.path.join(self.b.home, "archive.git", "refs", "igum", "partial")
        wait_for("a part", lambda: os.listdir(partial))
        self.b.kill()
        self.b.start()
        wait_for("the rest", lambda: self.here(self.b, document))
        self.assertEqual(os.listdir(partial), [])
        _, body = self.fetch(self.b, document)
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(data).digest())
        self.assertEqual(self.b.json("verify")[0]["bad"], [])

    def holds(self, node, document, own):
        """What this node says that the other kibbutz, or its own, has of a document."""
        told = json.loads(node.run("whereis", document, "--json").stdout)
        return next(kibbutz["holds"] for kibbutz in told["kibbutzim"] if kibbutz["own"] == own)

    def test_3_on_demand_texts_come_and_scans_wait(self):
        self.b.end()
        with open(os.path.join(self.b.home, "igum.conf"), "a") as config:
            config.write("attachments = on-demand\n")
        self.b.start()
        document = self.publish("later.bin", os.urandom(3 * MIB))
        wait_for("the receipt of the text", lambda: self.holds(self.a, document, False) == "text")
        self.assertFalse(self.here(self.b, document))
        self.assertEqual(self.holds(self.b, document, True), "text")
        self.assertEqual(self.b.run("whereis", document, "--json").returncode, 3)


def main():
    global IGUM
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)


if __name__ == "__main__":
    main()

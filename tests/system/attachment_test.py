#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Attachments between real processes: attachment_test.py IGUM [TEST...]"""

import hashlib
import json
import os
import subprocess
import sys
import unittest
import urllib.error
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
        self.assertEqual(self.b.status()["files_missing"], 1)
        self.assertEqual([line["files_missing"] for line in self.b.json("list") if line["document"] == document], [1])
        self.assertEqual(self.b.json("verify")[0]["files_missing"], 1)
        self.assertEqual(self.holds(self.b, document, True), "text")
        self.assertEqual(self.b.run("whereis", document, "--json").returncode, 3)
        self.check_told(document)
        fetched = self.b.json("fetch", document)[0]
        self.assertEqual((fetched["files"], fetched["here"], fetched["bytes"]), (1, 1, 3 * MIB))
        self.assertTrue(self.here(self.b, document))
        self.assertEqual(self.b.status()["files_missing"], 0)
        wait_for("the receipt of all", lambda: self.holds(self.a, document, False) == "all")
        self.b.end()
        self.assertEqual(self.b.json("fetch", document)[0]["here"], 1)  # There is nothing to ask for.
        self.b.start()

    def check_told(self, document):
        """What is missing is told in words, to the office and to the reader."""
        self.assertIn("igum fetch " + document[:12], self.b.igum("show", document))
        with self.assertRaises(urllib.error.HTTPError) as missing:
            self.fetch(self.b, document, 1)
        page = missing.exception.read().decode()
        self.assertEqual(missing.exception.code, 404)
        self.assertIn(f'action="/fetch/{document}/1"', page)
        self.assertIn("הנספח הזה עוד לא כאן", page)
        self.assertIn("מובא לפי בקשה", self.b.page("/d/" + document))

    def test_5_what_is_for_another_kibbutz_is_no_gap(self):
        for node in (self.a, self.b):
            if node.process is None:
                node.start()
        document = self.a.json("publish", self.place.write("own.md", "# Own\n"), "--audience", "kibbutz")[0]["document"]
        wait_for("its entry", lambda: document in self.b.documents())
        wait_equal([self.a, self.b])
        self.assertEqual(self.b.status()["contents_missing"], 0)
        self.assertNotIn("class=\"fresh gaps\"", self.b.page())

    def test_6_what_nothing_names_is_forgotten_at_the_start(self):
        self.b.end()
        stray = os.urandom(5000)
        refs = os.path.join(self.b.home, "archive.git", "refs", "igum", "file")
        blob = subprocess.run(["git", "-C", os.path.join(self.b.home, "archive.git"), "hash-object", "-w", "--stdin"],
                              input=stray, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        name, before = "ab" * 32, set(os.listdir(refs))
        pending = os.path.join(self.b.home, "keys", "pending")
        for waits in (True, False):
            with open(os.path.join(refs, name), "w") as ref:
                ref.write(blob + "\n")
            if waits:
                with open(pending, "w"):
                    pass
            self.b.start()
            self.assertEqual(os.path.exists(os.path.join(refs, name)), waits)
            self.b.end()
            if waits:
                os.remove(pending)
        self.assertEqual(set(os.listdir(refs)), before)

    def test_4_nothing_is_fetched_without_a_node(self):
        self.a.end()
        document = self.publish("alone.bin", os.urandom(MIB + 5), self.b)
        self.b.end()
        self.a.start()
        self.assertNotEqual(self.a.run("fetch", "ffffffff").returncode, 0)
        self.assertEqual(self.a.run("fetch").returncode, 2)
        self.b.start()
        wait_equal([self.a, self.b])
        late = self.publish("late.bin", os.urandom(MIB + 6))
        wait_for("its text", lambda: late in self.b.documents() and self.b.run("show", late).returncode == 0)
        self.a.end()
        waited = self.b.run("fetch", late, "--timeout", "1")
        self.assertEqual((waited.returncode, "0 of 1" in waited.stderr), (3, True), waited.stderr)
        self.b.end()
        refused = self.b.run("fetch", late)
        self.assertEqual(refused.returncode, 30, refused.stderr)
        self.assertIn("igum serve", refused.stderr)
        self.assertEqual(document, self.b.json("fetch", document)[0]["document"])


def main():
    global IGUM
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two honest nodes go on while strangers storm one of them: what is published arrives, memory and descriptors stay bounded.

    load_test.py IGUM HOSTILE_SOCKETS [TEST...]
"""

import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from harness import Place, wait_equal, wait_for

IGUM = HOSTILE = None
SECONDS = 3
MEMORY_MIB = 128    # At its peak, of a node with a small archive.
GROWTH_MIB = 32     # Beyond what it had before the storm.
SPARE_FILES = 3     # A descriptor that is open for a moment, as that of a journal.


def memory_mib(node, what):
    with open(f"/proc/{node.process.pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith(what))


def files_of(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


class Storm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "load")
        cls.addClassCleanup(cls.place.clean)
        cls.a, cls.b, cls.c = (cls.place.node(name) for name in "abc")
        cls.a.found().start(http=None)
        cls.b.enter(cls.a, "שדה לוטם", "אורית שחם").start(http=None)
        cls.c.enter(cls.a, "הספרייה", "ספרייה", kind="--node").start(http=None)
        wait_equal([cls.a, cls.b, cls.c])
        cls.c.end()
        cls.serial = 0

    def storm(self, mode, count, seconds=SECONDS):
        host, port = self.a.peer.split("@")[1].split(":")
        storm = subprocess.Popen([HOSTILE, mode, str(count), str(seconds), host, port], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, storm)
        return storm

    @staticmethod
    def end(storm):
        storm.kill()
        storm.wait()
        storm.stdout.close()

    def publish(self):
        Storm.serial += 1
        path = self.place.write(f"{self.serial}.md", f"# סיכום {self.serial}\n\nנרשם בזמן סערה.\n")
        return self.a.json("publish", path)[0]["document"]

    def ride_out(self, mode, count):
        files, memory = files_of(self.a), memory_mib(self.a, "VmRSS")
        storm = self.storm(mode, count)
        published = 0
        while storm.poll() is None:
            document = self.publish()
            wait_for(f"a document to arrive while strangers are {mode}", lambda: document in self.b.documents(), 30)
            published += 1
        said = storm.stdout.read().strip()
        self.assertEqual(storm.returncode, 0, said)
        self.assertGreater(published, 0)
        self.assertLess(memory_mib(self.a, "VmHWM"), MEMORY_MIB)
        self.assertLess(memory_mib(self.a, "VmHWM"), memory + GROWTH_MIB)
        wait_for("the descriptors to be closed", lambda: files_of(self.a) <= files + SPARE_FILES, 30)
        print(f"    {said}; {published} documents arrived; {memory_mib(self.a, 'VmHWM')} MiB at most", flush=True)
        return int(said.split()[2].rstrip(","))

    def test_attack_25_storm_of_ten_thousand_silent(self):
        self.assertGreater(self.ride_out("silent", 10000), 10000)

    def test_attack_25_storm_of_stalled_handshakes(self):
        self.ride_out("stall", 2000)

    def test_attack_25_storm_of_forged_handshakes(self):
        self.ride_out("forged", 2000)

    def test_attack_25_storm_of_drips(self):
        self.ride_out("drip", 2000)

    def test_attack_25_storm_of_garbage(self):
        self.ride_out("garbage", 500)

    def test_attack_25_storm_of_calls(self):
        self.ride_out("flood", 500)

    def comes_up_in_the_storm(self):
        document = self.publish()
        self.storm("silent", 10000, 60)
        time.sleep(1)  # Lets the storm begin; if it had not, the rest would pass all the more.
        self.addCleanup(self.c.kill)
        self.c.start(http=None)
        wait_for("a document to arrive", lambda: document in self.c.documents(), 40)

    def forget_peers(self, node):
        """It calls nobody, and lets in whoever calls, as it would not after `peer remove`."""
        path = os.path.join(node.home, "igum.conf")
        with open(path) as file:
            lines = file.readlines()
        self.place.write(path, "".join(line for line in lines if not line.startswith("peer")))
        self.addCleanup(self.place.write, path, "".join(lines))

    def test_attack_26_all_places_taken_and_a_member_gets_in(self):
        self.comes_up_in_the_storm()

    def test_attack_26_all_places_taken_and_others_are_called(self):
        """It has a contact that does not call by itself."""
        self.forget_peers(self.c)
        self.a.igum("peer", "add", self.c.peer)
        self.comes_up_in_the_storm()


if __name__ == "__main__":
    IGUM, HOSTILE = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Programs of two versions of the protocol: versions_test.py IGUM IGUM_NEXT IGUM_FAR QUICK_PASSPHRASE_LIBRARY

IGUM speaks version 1, IGUM_NEXT 1 and 2, IGUM_FAR 2 alone.
"""

import sys
import unittest

from harness import Place, wait_equal, wait_for

IGUM = NEXT = FAR = QUICK = None


class VersionsTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "versions")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a = self.place.node("a").found()
        self.a.start(http=None)
        self.b = self.place.node("b").enter(self.a, "שדה לוטם", "אורית")

    def become(self, node, program):
        """From now on its home is that program's."""
        node.command = lambda *arguments: [program, "--home", node.home, *arguments]

    def reason(self, node, other):
        key = other.peer.split("@")[0]
        return next(((each["cause"], each["why"]) for each in node.json("peer", "list") if each["channel"] == key), None)

    def test_next_version_calls_this_one(self):
        self.become(self.b, NEXT)
        self.b.start(http=None)
        document = self.b.json("publish", self.place.write("note.md", "# דבר\n"))[0]["document"]
        wait_equal([self.a, self.b])
        self.assertIn(document, self.a.documents())
        self.assertIn("other version", self.b.read_log())

    def test_this_version_calls_the_next(self):
        self.a.end()
        self.become(self.a, NEXT)
        self.a.start(http=None)
        self.b.start(http=None)
        self.a.igum("publish", self.place.write("note.md", "# דבר\n"))
        wait_equal([self.a, self.b])
        self.assertNotIn("other version", self.b.read_log())

    def test_two_of_the_next_version_speak_it(self):
        self.a.end()
        for node in (self.a, self.b):
            self.become(node, NEXT)
            node.start(http=None)
        wait_equal([self.a, self.b])
        self.assertNotIn("other version", self.b.read_log())

    def test_both_are_told_which_version_the_other_speaks(self):
        self.a.end()
        self.become(self.a, FAR)
        self.a.start(http=None)
        self.b.start(http=None)
        wait_for("the reason", lambda: self.reason(self.b, self.a) ==
                 ("version", "it speaks version 2 of the protocol, and we do not"))
        self.b.end()
        self.become(self.b, NEXT)  # It is brought up to date, and nothing else is to be done.
        self.b.start(http=None)
        wait_equal([self.a, self.b])

    def test_version_is_told_apart_from_a_wrong_key(self):
        self.become(self.b, FAR)
        self.b.igum("peer", "add", f"{'ab' * 32}@{self.a.peer.split('@')[1]}")
        self.b.start(http=None)
        wait_for("the version", lambda: self.reason(self.b, self.a) ==
                 ("version", "it speaks version 1 of the protocol, and we do not"))
        wait_for("the key", lambda: [each["cause"] for each in self.b.json("peer", "list")
                                     if each["channel"].startswith("ab")] == ["taken"])


if __name__ == "__main__":
    IGUM, NEXT, FAR, QUICK = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])

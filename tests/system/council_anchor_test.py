#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""People decide which root is final here: council_anchor_test.py IGUM QUICK_PASSPHRASE_LIBRARY"""

import os
import sys
import unittest

from harness import Place, wait_for

IGUM = QUICK = None


class CouncilAnchorTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "anchor")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")

    def refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_root_in_effect_is_final_where_people_say_so(self):
        a = self.place.node("a").found()
        a.start(http=None)
        b = self.place.node("b").enter(a, "שדה לוטם", "אורית")
        b.start(http=None)
        wait_for("the newcomer", lambda: any(each["name"] == "שדה לוטם" and each["state"] != "invited"
                                             for each in a.json("council", "show")[0]["kibbutzim"]))
        root = a.json("council", "propose", "--give-vote", "שדה לוטם", "--yes")[0]["proposal"]
        wait_for("equal roots", lambda: a.status()["root"] == b.status()["root"])
        self.refused(a.run("council", "anchor", root[:16], "--yes"), 1, "no root that a majority has approved", "hint: ")
        b.igum("council", "approve", root, "--yes")
        wait_for("equal roots", lambda: a.status()["root"] == b.status()["root"])
        self.refused(a.run("council", "anchor", root[:16], "--yes"), 11, "a node runs in this home", "hint: ")
        a.end()
        before = a.json("council", "show")[0]
        self.assertEqual((before["number"], before["final"]), (1, False))
        self.refused(a.run("council", "anchor", "0123456789", "--yes"), 1, "hint: ")
        self.refused(a.run("council", "anchor"), 2)
        self.refused(a.run("council", "anchor", root), 2, "--yes")
        self.assertFalse(a.json("council", "show")[0]["final"])
        done = a.json("council", "anchor", root, "--yes")[0]
        self.assertEqual((done["anchor"], done["state"], done["final"]), (root, "settled", True))
        self.assertTrue(a.json("council", "show")[0]["final"])
        a.start(http=None)
        b.end()
        self.assertFalse(b.json("council", "show")[0]["final"])  # What one office holds binds no other.


if __name__ == "__main__":
    IGUM, QUICK = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receipts between real nodes: which kibbutzim have a document, over hops, with one that is off, and for scripts that wait.

    whereis_test.py IGUM QUICK_PASSPHRASE [TEST...]
"""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, Place, wait_equal, wait_for  # noqa: E402

IGUM = QUICK = None
NAMES = ["גבעת ארנון", "עין תמר", "נחל אלון"]


class WhereisTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "whereis")
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.addCleanup(self.place.clean)

    def line(self):
        """Three kibbutzim in a line: the ends know only the middle."""
        one = self.place.node("one").found(kibbutz=NAMES[0]).start(http=None)
        two = self.place.node("two").enter(one, NAMES[1], "רון").start(http=None)
        wait_equal([one, two])
        three = self.place.node("three").enter(one, NAMES[2], "גיל")
        one_peer = one.peer
        three.igum("peer", "remove", one_peer.split("@")[0])
        three.igum("peer", "add", two.peer)
        three.start(http=None)
        wait_equal([one, two, three])
        return one, two, three

    def publish(self, node, name, *more):
        path = self.place.write(name + ".md", f"# {name}\n\nהוחלט.\n")
        return node.json("publish", path, *more)[0]["document"]

    def whereis(self, node, document, *more):
        done = node.run("whereis", document, "--json", *more)
        return done.returncode, json.loads(done.stdout)

    def test_a_line_of_three(self):
        one, two, three = self.line()
        document = self.publish(one, "החלטה")
        code, found = self.whereis(one, document, "--wait", "all", "--timeout", str(PATIENCE))
        self.assertEqual((code, found["reached"], found["of"]), (0, 3, 3))
        self.assertEqual({k["kibbutz"] for k in found["kibbutzim"]}, set(NAMES))
        self.assertTrue(all(k["has"] for k in found["kibbutzim"]))
        self.assertTrue(all(k["last_heard"] for k in found["kibbutzim"] if not k["own"]))
        for node in (two, three):  # And at the other end of the line.
            code, found = self.whereis(node, document, "--wait", "all", "--timeout", str(PATIENCE))
            self.assertEqual((code, found["reached"]), (0, 3))
        listed = one.json("list")[0]
        self.assertEqual((listed["reached"], listed["of"]), (3, 3))
        self.assertIn("reached 3 of 3", one.igum("whereis", document))

    def test_one_is_off(self):
        one, two, three = self.line()
        before = self.publish(one, "לפני")
        self.whereis(one, before, "--wait", "all", "--timeout", str(PATIENCE))
        three.end()
        after = self.publish(one, "אחרי")
        code, found = self.whereis(one, after, "--wait", "2", "--timeout", str(PATIENCE))
        self.assertEqual((code, found["reached"], found["of"]), (0, 2, 3))
        code, found = self.whereis(one, after)
        self.assertEqual(code, 3)
        missing = [k for k in found["kibbutzim"] if not k["has"]]
        self.assertEqual([k["kibbutz"] for k in missing], [NAMES[2]])
        self.assertTrue(missing[0]["last_heard"])
        code, found = self.whereis(one, after, "--wait", "all", "--timeout", "1")
        self.assertEqual(code, 3)
        self.assertEqual(self.whereis(one, before)[0], 0)  # What it had, it has.
        listed = {line["document"]: line for line in one.json("list")}
        self.assertEqual((listed[after]["reached"], listed[before]["reached"]), (2, 3))
        self.assertIn(NAMES[2], one.run("whereis", after).stdout)
        three.start(http=None)
        code, found = self.whereis(one, after, "--wait", "all", "--timeout", str(PATIENCE))
        self.assertEqual((code, found["reached"]), (0, 3))

    def test_what_is_for_one_kibbutz(self):
        one, two, three = self.line()
        document = self.publish(one, "פנימי", "--audience", "kibbutz")
        code, found = self.whereis(one, document)
        self.assertEqual((code, found["reached"], found["of"]), (0, 1, 1))
        wait_for("the entry", lambda: document in two.documents())
        code, found = self.whereis(two, document)  # Others keep the entry, and nothing is missing there.
        self.assertEqual(found["of"], 1)

    def test_what_was_derived_comes_again(self):
        one, two, three = self.line()
        document = self.publish(one, "החלטה")
        self.whereis(one, document, "--wait", "all", "--timeout", str(PATIENCE))
        one.end()
        for name in os.listdir(one.home):
            if name.startswith("receipts.sqlite"):
                os.remove(os.path.join(one.home, name))
        code, found = self.whereis(one, document)
        self.assertEqual((code, found["reached"], found["of"]), (3, 1, 3))  # It claims nothing that it cannot show.
        one.start(http=None)
        code, found = self.whereis(one, document, "--wait", "all", "--timeout", str(PATIENCE))
        self.assertEqual((code, found["reached"]), (0, 3))

    def test_status_tells_freshness(self):
        one, two, three = self.line()
        state = wait_for("complete", lambda: (lambda s: s["complete"] and not s["silent"] and s)(one.status()))
        self.assertFalse(state["cut_off"])
        two.end()
        three.end()
        wait_for("apart", lambda: all(p["state"] == "apart" for p in one.status()["peers"]))
        document = self.publish(one, "לבד")
        peer = one.status()["peers"][0]
        self.assertTrue(peer["last_heard"])
        self.assertGreaterEqual(peer["behind"], 1)  # By its last receipt.
        self.assertEqual(self.whereis(one, document)[1]["reached"], 1)

    def publish_and_wait(self, node, names, *more):
        files = [self.place.write(name + ".md", f"# {name}\n\nהוחלט.\n") for name in names]
        done = node.run("publish", *files, "--json", *more)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def test_publishing_waits_until_others_have_it(self):
        one, two, three = self.line()
        code, told = self.publish_and_wait(one, ["ראשון", "שני"], "--wait", "all", "--timeout", str(PATIENCE))
        self.assertEqual((code, len(told)), (0, 2))
        for each in told:  # One object tells all of a document.
            self.assertEqual((each["reached"], each["of"], len(each["kibbutzim"])), (3, 3, 3))
            self.assertEqual(each["document"], each["entry"])
            self.assertIn(each["document"], three.documents())
        three.end()
        code, told = self.publish_and_wait(one, ["שלישי"], "--wait", "2", "--timeout", str(PATIENCE))
        self.assertEqual((code, told[0]["reached"], told[0]["of"]), (0, 2, 3))
        code, told = self.publish_and_wait(one, ["רביעי", "חמישי"], "--wait", "all", "--timeout", "1")
        self.assertEqual((code, [each["of"] for each in told]), (3, [3, 3]))
        self.assertLessEqual({each["document"] for each in told}, one.documents())
        path = self.place.write("one.md", "# שישי\n\nהוחלט.\n")
        done = one.run("publish", path, "--wait", "all", "--timeout", "1")  # For people, the same.
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"missing  {NAMES[2]}", done.stdout)
        done = one.run("publish", path, path + ".not-there", "--wait", "2", "--timeout", str(PATIENCE))
        self.assertEqual((done.returncode, "has reached 2 of 3" in done.stdout), (3, True))

    def test_publishing_where_no_node_runs_waits_and_keeps_nobody_from_writing(self):
        one = self.place.node("one").found(kibbutz=NAMES[0])
        code, told = self.publish_and_wait(one, ["לבד"], "--wait", "all")
        self.assertEqual((code, told[0]["reached"], told[0]["of"]), (0, 1, 1))
        waiting = subprocess.Popen(one.command("publish", self.place.write("x.md", "# x\n"), "--wait", "2"), text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env=self.place.environment)
        try:
            self.assertTrue(waiting.stdout.readline().endswith("  x\n"))
            wait_for("the lock", lambda: one.run("publish", self.place.write("y.md", "# y\n")).returncode == 0)
            self.assertIsNone(waiting.poll())
        finally:
            waiting.kill()
            waiting.wait()
            waiting.stdout.close()

    def test_words_that_are_wrong(self):
        one = self.place.node("one").found(kibbutz=NAMES[0])
        document = self.publish(one, "החלטה")
        for words in (["--wait", "0"], ["--wait", "many"], ["--timeout", "3"], ["--wait", "all", "--timeout", "x"]):
            self.assertEqual(one.run("whereis", document, *words).returncode, 2, words)
            self.assertEqual(one.run("publish", self.place.write("x.md", "# x\n"), *words).returncode, 2, words)
        self.assertEqual(one.documents(), {document})
        self.assertNotEqual(one.run("whereis", "ffffffff").returncode, 0)
        code, found = self.whereis(one, document)  # Alone, and no node has run yet.
        self.assertEqual((code, found["reached"], found["of"]), (0, 1, 1))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    IGUM, QUICK = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

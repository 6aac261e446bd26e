#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A key that signed in two places: the fork is seen by every node, told in words, proven by a file, and settled.

    fork_test.py IGUM QUICK_PASSPHRASE_LIBRARY [TEST...]

The fork is made by a copied home whose guards were taken away by hand.
"""

import os
import re
import subprocess
import sys
import unittest

from harness import Place, wait_equal, wait_for

IGUM = QUICK = None


class ForkTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "fork")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a = self.place.node("a").found()
        self.a.start(http=None)
        self.b = self.place.node("b").enter(self.a, "שדה לוטם", "אורית")
        self.early = self.copy(self.a, "early")
        self.coordinator = self.b.invite("--coordinator", "רותם")
        self.b.igum("join", "-", "--name", "רותם", input=self.coordinator + "\n")
        self.publish(self.b, "לפני הפיצול")
        self.b.igum("sync")
        wait_equal([self.a, self.b])

    def publish(self, node, title, name="רותם"):
        document = self.place.write(f"{title}.md", f"# {title}\n\nגוף המסמך.\n")
        return node.json("publish", document, "--as", name)[0]

    def copy(self, node, name):
        """A copy that does not know that it is one."""
        twin = self.place.node(name)
        subprocess.run(["cp", "-a", node.home, twin.home], check=True)
        os.remove(twin.home + "/keys/marks")
        return twin

    def fork(self):
        """Both sides publish without hearing of each other."""
        twin = self.copy(self.b, "twin")
        first = self.publish(self.b, "הצד האחד")
        second = self.publish(twin, "הצד האחר")
        self.assertEqual(first["seq"], second["seq"])
        self.assertNotEqual(first["entry"], second["entry"])
        return twin, first, second

    def heal(self, *nodes):
        for node in nodes:
            wait_for("sync", lambda: node.run("sync").returncode == 0)
        for node in nodes:
            node.run("sync")
        return wait_equal([self.a, *nodes])

    def verify(self, node):
        done = node.run("verify")
        self.assertIn("hint: ", done.stderr)
        return done

    def test_fork_is_seen_everywhere_told_and_settled(self):
        twin, first, second = self.fork()
        self.heal(self.b, twin)
        nodes = [self.a, self.b, twin]
        for node in nodes:
            done = self.verify(node)
            self.assertEqual(done.returncode, 21, done.stdout + done.stderr)
            self.assertIn(f"two different documents were signed as entry {first['seq']} of רותם", done.stdout)
            self.assertIn("שדה לוטם", done.stdout)
            for words in ("הצד האחד", "הצד האחר", first["entry"][:16], second["entry"][:16], "not settled", "contested"):
                self.assertIn(words, done.stdout)
            forks = node.run("verify", "--json")
            self.assertEqual(forks.returncode, 21)
            self.assertIn('"settled": false', re.sub(r'":\s*', '": ', forks.stdout))
        # A contested key signs nothing.
        refused = self.b.run("publish", "--as", "רותם", self.place.write("more.md", "# עוד\n"))
        self.assertEqual(refused.returncode, 1, refused.stdout)
        shown = self.a.igum("fork", "show", "רותם")
        self.assertEqual(shown.count("a branch of"), 2)
        told = self.a.run("fork", "show").stderr
        self.assertIn("igum revoke", told)
        self.assertIn("--after " + first["entry"][:16], told)
        self.settle(nodes, first, second)

    def settle(self, nodes, first, second):
        """The steward says which branch stands; every node ends in the same state."""
        steward = self.b
        for after, words in (((), "say which branch stands"), (("--after", str(first["seq"])), "say which branch stands"),
                             (("--after", "0123456789abcdef"), "is no entry of")):
            done = steward.run("revoke", "רותם", "--as", "steward", "--yes", *after)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(words, done.stderr)
        steward.igum("revoke", "רותם", "--as", "steward", "--yes", "--after", second["entry"][:16])
        self.heal(self.b, nodes[2])
        shown = [node.json("fork", "show")[0] for node in nodes]
        self.assertEqual(shown[0], shown[1])
        self.assertEqual(shown[0], shown[2])
        self.assertTrue(shown[0]["settled"])
        self.assertEqual(shown[0]["settled_by"], "אורית")
        states = {entry["entry"]: entry["state"] for entry in shown[0]["entries"]}
        self.assertEqual(states, {first["entry"]: "void", second["entry"]: "stands"})
        for node in nodes:
            done = self.verify(node)
            self.assertEqual(done.returncode, 21)
            self.assertIn("settled by אורית", done.stdout)

    def prove(self, twin):
        """Tells a of both sides; gives the file with the proof."""
        self.heal(twin)
        proof = self.place.join("proof")
        self.a.igum("fork", "export", "רותם", "--out", proof)
        return proof

    def test_proof_is_a_file_that_convicts(self):
        twin, first, second = self.fork()
        self.heal(self.b)
        offline = self.copy(self.a, "offline")  # It has seen the one side only.
        proof = self.prove(twin)
        with open(proof) as file:
            text = file.read()
        self.assertTrue(text.startswith("igum fork 1\ncommit "))
        self.assertEqual(text.count("-----BEGIN SSH SIGNATURE-----"), 2)
        self.assertEqual(offline.run("verify").returncode, 0)
        offline.igum("fork", "import", proof)
        self.assertEqual(self.verify(offline).returncode, 21)
        self.assertIn("known here already", offline.run("fork", "import", proof).stderr)
        self.assertEqual(offline.status()["root"], self.a.status()["root"])

    def test_stick_brings_the_side_that_its_reader_never_heard_of(self):
        twin, first, second = self.fork()
        self.publish(self.b, "אחרי הפיצול")  # Its own side goes on: that tells nothing of the other one.
        self.heal(self.b)
        offline = self.copy(self.a, "offline")
        offline.igum("fork", "import", self.prove(twin))
        stick = self.place.join("stick.igum")
        told = offline.json("export", "--bundle", stick, "--for", "שדה לוטם")[0]
        self.assertGreater(told["held"], 0)
        self.b.igum("import", stick)
        self.assertEqual(self.b.run("verify").returncode, 21)
        self.assertEqual(self.b.status()["root"], offline.status()["root"])

    def test_running_node_takes_a_proof_and_passes_it_on(self):
        twin, first, second = self.fork()
        self.heal(self.b)
        before = self.copy(self.a, "before")
        proof = self.prove(twin)
        self.a.end()
        before.peer = self.a.peer  # In the place of a, as if the other side had never come.
        before.start(http=None)
        self.b.start(http=None)
        wait_equal([before, self.b])
        self.assertEqual(before.run("verify").returncode, 0)
        self.b.igum("fork", "import", proof)
        wait_for("the fork at the other node", lambda: before.json("fork", "show"))
        wait_for("equal roots", lambda: before.status()["root"] == self.b.status()["root"])
        self.assertEqual(before.run("verify").returncode, 21)
        self.assertEqual(self.b.run("verify").returncode, 21)

    def test_proof_without_the_chain_before_it_waits_for_that(self):
        twin, first, second = self.fork()
        self.heal(self.b)
        done = self.early.run("fork", "import", self.prove(twin))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"entry {first['seq'] - 1} of this log, on which the proof rests, is not here yet", done.stderr)
        self.assertIn("igum sync", done.stderr)
        self.assertEqual(self.early.run("verify").returncode, 0)

    def test_what_is_no_proof_is_refused_in_words(self):
        twin, first, second = self.fork()
        self.heal(self.b, twin)
        proof = self.place.join("proof")
        self.a.igum("fork", "export", "רותם", "--out", proof)
        with open(proof, "rb") as file:
            good = file.read()
        commits = re.findall(rb"commit (\d+)\n", good)
        size = int(commits[0])
        start = good.index(b"commit") + len(b"commit %d\n" % size)
        one = good[start:start + size]
        for name, data, words in (
                ("cut", good[:-10], "is no fork proof"), ("empty", b"", "is no fork proof"),
                ("long", good + b"x" * 200000, "is no fork proof"),
                ("twice", b"igum fork 1\n" + (b"commit %d\n" % size + one) * 2, "holds one entry twice"),
                ("framed", good.replace(b"clock 17", b"clock 18", 1), "is not that of the key it accuses")):
            path = self.place.write(name, data)
            done = self.b.run("fork", "import", path)
            self.assertEqual(done.returncode, 20, (name, done.stderr))
            self.assertIn(words, done.stderr, name)
            self.assertIn("hint: ", done.stderr)
        stranger = self.place.node("stranger").found("רשת אחרת", "קיבוץ אחר", "מישהי")
        done = stranger.run("fork", "import", proof)
        self.assertEqual(done.returncode, 20)
        self.assertIn("of another network", done.stderr)
        self.assertEqual(self.a.run("fork", "show", "איש").returncode, 1)
        self.assertEqual(self.a.run("fork", "export", "רותם").returncode, 2)
        self.assertEqual(self.a.run("fork", "import", self.place.join("nothing")).returncode, 1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    IGUM, QUICK = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

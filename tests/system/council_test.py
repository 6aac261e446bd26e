#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The council from the command line, on running nodes: council_test.py IGUM QUICK_PASSPHRASE_LIBRARY [TEST...]

A federation grows from one founder; admissions, votes, thresholds and their errors. The tests of one story share one
network, and tell it in the order of their names.
"""

import os
import shutil
import sys
import unittest

from harness import Place, wait_for

IGUM = QUICK = None
NAMES = {"a": "גבעת ארנון", "b": "שדה לוטם", "c": "עין דרור", "d": "נווה אלה", "e": "כפר שקד"}


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "council")
        cls.addClassCleanup(cls.place.clean)
        cls.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        cls.nodes = {name: cls.place.node(name) for name in NAMES}

    def running(self):
        return [node for node in self.nodes.values() if node.process is not None]

    def settle(self, *names):
        nodes = [self.nodes[name] for name in names] or self.running()
        wait_for("equal roots", lambda: len({node.status()["root"] for node in nodes}) == 1)

    def council(self, name="a"):
        return self.nodes[name].json("council", "show")[0]

    def kibbutz(self, name, seen_by="a"):
        return next(each for each in self.council(seen_by)["kibbutzim"] if each["name"] == NAMES[name])

    def invite(self, host, name):
        return self.nodes[host].json("invite", "--kibbutz", NAMES[name], "--address", self.nodes[host].peer.split("@")[1])[0]

    def join(self, name, invitation, code=0, *words):
        done = self.nodes[name].run("join", "-", "--name", "נאמן " + name, input=invitation["invitation"] + "\n")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def refuse(self, name, code, word, *arguments):
        done = self.nodes[name].run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(word, done.stderr)
        self.assertIn("hint: ", done.stderr)

    def propose(self, name, *arguments):
        return self.nodes[name].json("council", "propose", *arguments, "--yes")[0]

    def approve(self, name, what):
        return self.nodes[name].json("council", "approve", what, "--yes")[0]

    # ---- one voter ----

    def test_10_founder_votes_alone(self):
        self.nodes["a"].found().start(http=None)
        council = self.council()
        self.assertEqual((council["number"], council["state"], council["final"]), (0, "settled", True))
        self.assertEqual((council["voters"], council["majority"], council["admission"]), (1, 1, 1))
        self.assertEqual(self.kibbutz("a")["state"], "votes")

    def test_11_nothing_to_change_is_said(self):
        self.refuse("a", 1, "change nothing", "council", "propose", "--yes")
        self.refuse("a", 1, "has its vote", "council", "propose", "--give-vote", NAMES["a"])
        self.refuse("a", 1, "no kibbutz", "council", "propose", "--give-vote", "nobody")
        self.refuse("a", 1, "majority must be", "council", "propose", "--majority", "2")
        self.refuse("a", 2, "needs a number", "council", "propose", "--majority", "none")
        self.refuse("a", 2, "no public key", "council", "propose", "--steward", NAMES["a"] + "=12")
        self.refuse("a", 2, "does not know", "council", "dissolve")

    def test_12_one_voter_admits_at_once(self):
        invitation = self.invite("a", "b")
        self.assertTrue(invitation["usable"])
        self.join("b", invitation)
        self.nodes["b"].start(http=None)
        self.settle()
        self.assertEqual(self.kibbutz("b")["state"], "without vote")

    def test_13_kibbutz_without_vote_proposes_and_admits_nothing(self):
        self.refuse("b", 1, "no vote", "council", "propose", "--give-vote", NAMES["b"], "--yes")
        self.refuse("b", 1, "no vote", "invite", "--kibbutz", NAMES["c"])

    def test_14_vote_is_given_when_both_have_agreed(self):
        proposal = self.propose("a", "--give-vote", NAMES["b"])
        self.assertEqual(proposal["state"], "waiting")
        self.assertEqual({change["change"] for change in proposal["changes"]}, {"gives-vote", "majority", "admission"})
        self.settle()
        self.refuse("a", 1, "already", "council", "approve", proposal["proposal"], "--yes")
        self.refuse("b", 2, "no terminal", "council", "approve", proposal["proposal"])
        self.assertEqual(self.approve("b", proposal["proposal"][:16])["state"], "effective")
        self.settle()
        for name in "ab":
            council = self.council(name)
            self.assertEqual((council["number"], council["voters"], council["majority"], council["admission"]), (1, 2, 2, 2))
            self.assertEqual(council["root"], proposal["proposal"])

    def test_15_root_becomes_final_when_the_voters_stand_on_it(self):
        root = self.council()["root"]
        self.assertFalse(self.council()["final"])
        for name in "ab":
            if not self.council(name)["final"]:
                self.approve(name, root)
            self.settle()
        self.assertTrue(self.council()["final"])
        for name in "ab":  # Remembered, whatever may come.
            with open(os.path.join(self.nodes[name].home, "archive.git", "anchor")) as anchor:
                self.assertEqual(anchor.read(), root + "\n")
        self.refuse("a", 1, "nothing left", "council", "approve", root, "--yes")

    # ---- two voters, two admissions at the same time ----

    def test_20_admissions_in_two_offices_do_not_conflict(self):
        for host, name in (("a", "c"), ("b", "d")):
            invitation = self.invite(host, name)
            self.assertFalse(invitation["usable"])
            self.assertEqual((invitation["approved"], invitation["need"]), (1, 2))
            type(self).invitations = {**getattr(self, "invitations", {}), name: invitation}
        self.settle()
        waiting = {each["name"]: each for each in self.council()["admissions"]}
        self.assertEqual(set(waiting), {NAMES["c"], NAMES["d"]})
        self.assertEqual(waiting[NAMES["c"]]["missing"], [self.kibbutz("b")["kibbutz"]])

    def test_21_unapproved_invitation_says_so(self):
        self.join("c", self.invitations["c"], 22, "approve", "hint: ")

    def test_22_approved_they_come_in(self):
        self.refuse("a", 1, "already", "council", "approve", NAMES["c"], "--yes")
        self.assertEqual(self.approve("b", NAMES["c"])["state"], "effective")
        self.assertEqual(self.approve("a", self.invitations["d"]["grant"][:16])["state"], "effective")
        self.settle()
        self.assertEqual(self.council()["admissions"], [])
        for name in "cd":
            self.join(name, self.invitations[name])
            self.nodes[name].start(http=None)
        self.settle()
        self.assertEqual(self.kibbutz("c")["state"], "without vote")
        self.assertEqual(self.kibbutz("d")["state"], "without vote")
        self.refuse("a", 1, "all the approvals", "council", "approve", NAMES["c"], "--yes")

    def test_23_invitation_nobody_answers_stalls_nothing(self):
        unanswered = self.invitations["e"] = self.invite("a", "e")
        self.settle()
        self.approve("b", unanswered["grant"])
        self.settle()
        proposal = self.propose("a", "--give-vote", NAMES["c"], "--give-vote", NAMES["d"])["proposal"]
        for name in "bcd":
            self.settle()
            self.approve(name, proposal)
        self.settle()
        council = self.council("d")
        self.assertEqual((council["number"], council["voters"], council["majority"]), (2, 4, 3))
        self.assertEqual([each["name"] for each in self.nodes["a"].json("invite", "--list")], [NAMES["e"]])

    # ---- four voters ----

    def test_30_second_proposal_sets_the_first_aside(self):
        first = self.propose("a", "--admission", "3")["proposal"]
        self.settle()
        self.approve("b", first)
        self.settle()
        second = self.propose("c", "--admission", "1")
        self.assertIn({"change": "sets-aside", "proposal": first}, second["changes"])
        self.settle()
        self.approve("a", second["proposal"])  # It had approved the first, which this one names.
        self.settle()
        self.assertEqual(self.approve("d", second["proposal"])["state"], "effective")
        self.settle()
        self.assertEqual(self.council("b")["admission"], 1)
        self.refuse("d", 1, "no longer current", "council", "approve", first, "--yes")

    def test_31_rivals_that_do_not_name_each_other_are_not_both_approved(self):
        nodes = self.nodes
        for name in "abcd":
            nodes[name].end()
        proposals = [nodes[name].json("council", "propose", "--admission", str(number), "--yes")[0]["proposal"]
                     for name, number in (("a", 2), ("b", 3))]
        for name in "abcd":
            nodes[name].start(http=None)
        self.settle()
        self.approve("c", proposals[0])
        self.settle()
        self.refuse("c", 1, "set it aside", "council", "approve", proposals[1], "--yes")
        third = self.propose("d", "--admission", "4")["proposal"]
        self.settle()
        for name in "abc":
            if self.council(name)["root"] != third:
                self.approve(name, third)
            self.settle()
        self.assertEqual(self.council()["root"], third)

    def test_40_council_replaces_a_steward_without_card(self):
        made = self.nodes["d"].json("key", "new", "--steward")[0]
        proposal = self.propose("a", "--steward", NAMES["d"] + "=" + made["key"], "--card", NAMES["d"] + "=" + made["card_id"])["proposal"]
        for name in "bc":
            self.settle()
            self.approve(name, proposal)
        self.settle()
        self.assertEqual(self.kibbutz("d")["stewards"], [{"key": made["key"], "name": NAMES["d"]}])
        self.nodes["d"].igum("invite", "--coordinator", "רכזת", "--as", made["key"][:16])
        self.refuse("a", 1, "taken away", "council", "propose", "--steward", NAMES["d"] + "=" + self.old_steward("d"))

    def old_steward(self, name):
        """The key that this home joined with."""
        keys = self.nodes[name].json("key", "list")
        now = {each["key"] for each in self.kibbutz(name)["stewards"]}
        return next(each["key"] for each in keys if each["role"] == "steward" and each["key"] not in now)

    def test_50_kibbutz_is_closed(self):
        proposal = self.propose("a", "--close", NAMES["c"], "--close", NAMES["e"])["proposal"]
        for name in "bd":
            self.settle()
            if self.council(name)["root"] != proposal:
                self.approve(name, proposal)
        self.settle("a", "b", "d")
        self.assertEqual((self.kibbutz("c")["state"], self.kibbutz("e")["state"]), ("removed", "removed"))
        self.assertEqual(self.council()["voters"], 3)
        self.refuse("a", 1, "removed", "council", "approve", NAMES["c"], "--yes")
        self.join("e", self.invitations["e"], 1, "withdrawn")


class Contested(unittest.TestCase):
    """A home that was copied signs on two sides of a cut line: two roots pass, and there is a way out."""

    def setUp(self):
        self.place = Place(IGUM, "contested")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a, self.b, self.c = (self.place.node(name) for name in "abc")

    def settle(self, *nodes):
        wait_for("equal roots", lambda: len({node.status()["root"] for node in nodes}) == 1)

    def grow(self):
        a, b, c = self.a, self.b, self.c
        a.found().start(http=None)
        for node, name in ((b, NAMES["b"]), (c, NAMES["c"])):
            node.enter(a, name, "נאמן").start(http=None)
        self.settle(a, b, c)
        proposal = a.json("council", "propose", "--give-vote", NAMES["b"], "--give-vote", NAMES["c"], "--yes")[0]["proposal"]
        for node in (b, c):
            self.settle(a, b, c)
            if node.json("council", "show")[0]["root"] != proposal:
                node.json("council", "approve", proposal, "--yes")
        self.settle(a, b, c)
        self.assertEqual(a.json("council", "show")[0]["voters"], 3)

    def test_contested_council_goes_on_and_gets_out(self):
        a, b, c = self.a, self.b, self.c
        self.grow()
        b.igum("peer", "add", c.peer)
        for node in (a, b, c):
            node.end()
        copy = self.place.node("copy")
        shutil.copytree(c.home, copy.home)
        copy.peer = c.peer
        copy.igum("home", "confirm", "--yes", "--unasked")  # What its owner must not do while the other is in use.
        first, second = (node.json("council", "propose", "--admission", number, "--yes")[0]["proposal"]
                         for node, number in ((a, "1"), (b, "3")))
        for one, other, proposal in ((a, c, first), (b, copy, second)):
            one.start(http=None)
            other.start(http=None)
            self.settle(one, other)
            other.json("council", "approve", proposal, "--yes")
            self.settle(one, other)
            self.assertEqual(one.json("council", "show")[0]["root"], proposal)
            one.end()
            other.end()
        a.start(http=None)
        b.start(http=None)
        wait_for("a contested council", lambda: {node.json("council", "show")[0]["state"] for node in (a, b)} == {"contested"})
        self.settle(a, b)
        self.assertIn("Way out", a.igum("council", "show"))
        document = a.json("publish", self.place.write("note.md", "# עוד פרסום\n\nגם כשהמועצה חלוקה.\n"))[0]["document"]
        wait_for("the document", lambda: document in b.documents())
        third = a.json("council", "propose", "--admission", "2", "--yes")[0]["proposal"]
        self.settle(a, b)
        b.json("council", "approve", third, "--yes")
        self.settle(a, b)
        for node in (a, b):
            council = node.json("council", "show")[0]
            self.assertEqual((council["state"], council["root"], council["admission"]), ("settled", third, 2))


if __name__ == "__main__":
    IGUM, QUICK = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

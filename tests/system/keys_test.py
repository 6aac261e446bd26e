#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Grants, revocations, cards and channel keys from the command line: keys_test.py IGUM QUICK_PASSPHRASE_LIBRARY [TEST...]"""

import os
import subprocess
import sys
import unittest

from harness import Place, wait_for

IGUM = QUICK = None


class Case(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "keys")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a = self.place.node("a")
        self.card = self.a.json("found", "--network", "רשת", "--kibbutz", "גבעת ארנון", "--steward", "נעמה")[0]["card"]

    def refuse(self, node, code, word, *arguments, **options):
        done = node.run(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(word, done.stderr)
        self.assertIn("hint: ", done.stderr)

    def invite(self, node, kind, name):
        return node.invite(kind, name)

    def coordinator(self, name):
        self.a.igum("join", "-", "--name", name, input=self.invite(self.a, "--coordinator", name) + "\n")

    def state(self, name):
        return [each["state"] for each in self.a.json("key", "list") if each["name"] == name]

    def note(self, *more):
        return self.a.json("publish", self.place.write("note.md", "# הודעה\n\nשלום.\n"), *more)[0]


class Grants(Case):
    def test_key_made_here_is_granted(self):
        made = self.a.json("key", "new", "--coordinator")[0]
        self.refuse(self.a, 1, "", "publish", self.place.write("x.md", "# x\n\nx\n"), "--as", made["key"][:16])
        self.a.igum("grant", "--coordinator", "רותם גל", "--key", made["key"])
        self.assertEqual(self.state("רותם גל"), ["granted"])
        self.assertEqual(self.note("--as", "רותם גל")["log"], made["key"])

    def test_errors_of_grant(self):
        made = self.a.json("key", "new", "--coordinator")[0]["key"]
        self.refuse(self.a, 2, "one of", "grant", "--key", made)
        self.refuse(self.a, 2, "public key", "grant", "--coordinator", "x", "--key", "12")
        self.refuse(self.a, 2, "channel", "grant", "--node", "x", "--key", made)
        self.refuse(self.a, 2, "channel", "grant", "--coordinator", "x", "--key", made, "--channel", made)
        self.a.igum("grant", "--coordinator", "x", "--key", made)
        self.refuse(self.a, 1, "in use already", "grant", "--coordinator", "y", "--key", made)
        self.a.igum("revoke", "x")
        self.refuse(self.a, 1, "never returns", "grant", "--coordinator", "x", "--key", made)

    def test_coordinator_grants_nothing(self):
        self.coordinator("רותם גל")
        made = self.a.json("key", "new", "--coordinator")[0]["key"]
        self.refuse(self.a, 1, "steward", "grant", "--coordinator", "x", "--key", made, "--as", "רותם גל")


class Revocations(Case):
    def test_what_was_signed_before_stands(self):
        self.coordinator("רותם גל")
        entries = [self.note("--as", "רותם גל") for _ in range(4)]
        shown = self.a.run("revoke", "רותם גל", "--after", "3").stdout
        self.assertIn("keeps 3 entries, and makes void 1", shown)
        self.assertIn("void: entry 4", shown)
        self.refuse(self.a, 1, "", "publish", self.place.write("x.md", "# x\n\nx\n"), "--as", "רותם גל")
        self.assertEqual(self.state("רותם גל"), ["revoked"])
        self.refuse(self.a, 1, "revoked already", "revoke", "רותם גל")
        done = self.a.json("revoke", "רותם גל", "--after", entries[1]["entry"][:12], "--compromise", "--reason", "נגנב")[0]
        self.assertEqual((done["keeps"], done["voids"], done["why"]), (2, 2, "compromise"))

    def test_default_keeps_everything(self):
        self.coordinator("רותם גל")
        self.note("--as", "רותם גל")
        done = self.a.json("revoke", "רותם גל")[0]
        self.assertEqual((done["keeps"], done["voids"], done["why"]), (1, 0, "retire"))

    def test_errors_of_revoke(self):
        b = self.place.node("b")
        self.a.start(http=None)
        b.enter(self.a, "שדה לוטם", "אורית").start(http=None)
        wait_for("equal roots", lambda: self.a.status()["root"] == b.status()["root"])
        self.refuse(self.a, 1, "council", "revoke", "נעמה")
        self.refuse(self.a, 1, "no key", "revoke", "nobody")
        node = next(each["key"] for each in b.json("key", "list") if each["role"] == "node")
        self.refuse(self.a, 1, "belongs to", "revoke", node[:16])
        for _ in range(2):
            self.coordinator("כפול")
        self.refuse(self.a, 1, "several keys", "revoke", "כפול")
        self.refuse(self.a, 2, "exclude", "revoke", "כפול", "--retire", "--compromise")
        self.refuse(self.a, 2, "reason", "revoke", "כפול", "--reason", "a\nb")
        self.coordinator("אחד")
        self.refuse(self.a, 1, "no entry", "revoke", "אחד", "--after", "9999")

    def test_names_are_those_of_keys_that_may_still_sign(self):
        for _ in range(2):
            self.coordinator("איתן")
            self.a.igum("revoke", "איתן")


class Invitations(Case):
    def test_withdrawn_invitation_is_of_no_use(self):
        line = self.invite(self.a, "--coordinator", "מועמד")
        self.assertEqual([each["name"] for each in self.a.json("invite", "--list")], ["מועמד"])
        self.a.igum("invite", "--withdraw", "מועמד")
        self.assertEqual(self.a.json("invite", "--list"), [])
        self.refuse(self.a, 1, "withdrawn", "join", "-", "--name", "x", input=line + "\n")
        self.refuse(self.a, 1, "not open", "invite", "--withdraw", "מועמד")
        self.refuse(self.a, 1, "no invitation", "invite", "--withdraw", "nobody")

    def test_newcomer_with_a_withdrawn_invitation_is_told(self):
        self.a.start(http=None)
        line = self.invite(self.a, "--node", "משרד")
        self.a.igum("invite", "--withdraw", "משרד")
        self.refuse(self.place.node("b"), 1, "withdrawn", "join", "-", "--name", "משרד", input=line + "\n")

    def test_used_invitation_is_not_withdrawn(self):
        self.coordinator("רותם גל")
        self.assertEqual(self.a.json("invite", "--list"), [])
        self.refuse(self.a, 1, "not open", "invite", "--withdraw", "רותם גל")

    def test_kibbutz_is_not_uninvited_by_one(self):
        self.invite(self.a, "--kibbutz", "שדה לוטם")
        self.refuse(self.a, 1, "council", "invite", "--withdraw", "שדה לוטם")
        self.refuse(self.a, 2, "alone", "invite", "--list", "--node", "x")


class Cards(Case):
    def test_card_makes_a_new_steward(self):
        self.coordinator("רותם גל")
        words = self.place.write("card", " / ".join(self.card.upper().split()) + "\n")
        done = self.a.json("key", "recover", "--card", words)[0]
        self.assertEqual(done["state"], "effective")
        self.assertNotEqual(done["card"], self.card)
        council = self.a.json("council", "show")[0]
        self.assertEqual(council["kibbutzim"][0]["stewards"], [{"key": done["key"], "name": "גבעת ארנון"}])
        self.assertEqual(council["number"], 1)
        self.assertEqual(self.state("רותם גל"), ["granted"])
        self.a.igum("invite", "--coordinator", "דליה")
        self.refuse(self.a, 1, "no kibbutz", "key", "recover", "--card", words)
        again = self.a.json("key", "recover", "--card", self.place.write("card", done["card"]))[0]
        self.assertEqual(again["state"], "effective")

    def test_words_are_kept_nowhere(self):
        self.a.igum("key", "recover", input=self.card)
        for directory, _, files in os.walk(self.a.home):
            for file in files:
                with open(os.path.join(directory, file), "rb") as data:
                    self.assertNotIn(self.card.split()[0].encode() + b" ", data.read())

    def test_wrong_words_are_named(self):
        words = self.card.split()
        self.refuse(self.a, 1, "word 3 of the card, 'shalom'", "key", "recover", input=" ".join(words[:2] + ["shalom"] + words[3:]))
        self.refuse(self.a, 1, "these are 16", "key", "recover", input=" ".join(words[:16]))
        self.refuse(self.a, 1, "together", "key", "recover", input=" ".join(words[1:] + words[:1]))
        self.refuse(self.a, 1, "cannot be read", "key", "recover", "--card", self.place.join("none"))
        self.assertEqual(len(self.a.json("key", "list")), 2)  # Nothing was made.

    def test_old_steward_signs_no_more(self):
        old = next(each["key"] for each in self.a.json("key", "list") if each["role"] == "steward")
        self.a.igum("key", "recover", input=self.card)
        self.refuse(self.a, 1, "", "invite", "--coordinator", "x", "--as", old[:16])


class Publishing(Case):
    """Where a node runs, who publishes reads of its offices in the index, else it judges all entries itself: it is refused the same, in the same words."""

    def setUp(self):
        super().setUp()
        self.path = self.place.write("note.md", "# הודעה\n\nשלום.\n")

    def refused_both_ways(self, code, word, *arguments, path=None):
        done = []
        for runs in (False, True):
            if runs:
                self.a.start(http=None)
            before = self.a.status()["entries"]
            done.append(self.a.run("publish", path or self.path, *arguments))
            self.assertEqual(self.a.status()["entries"], before)
            if runs:
                self.a.end()
        self.assertEqual((done[0].returncode, done[0].stderr), (done[1].returncode, done[1].stderr))
        self.assertEqual(done[0].returncode, code, done[0].stderr)
        self.assertIn(word, done[0].stderr)
        self.assertIn("hint: ", done[0].stderr)

    def test_a_key_that_nothing_grants(self):
        key = self.a.json("key", "new", "--coordinator")[0]["key"]
        self.refused_both_ways(1, "nothing grants it one", "--as", key[:16])

    def test_a_key_that_is_not_here(self):
        self.refused_both_ways(1, "no key here goes by", "--as", "אורית")

    def test_a_key_that_was_revoked(self):
        self.coordinator("רותם גל")
        self.a.igum("revoke", "רותם גל")
        self.refused_both_ways(1, "was revoked", "--as", "רותם גל")

    def test_a_key_that_another_replaced(self):
        old = next(each["key"] for each in self.a.json("key", "list") if each["role"] == "steward")
        self.a.igum("key", "recover", input=self.card)
        self.refused_both_ways(1, "was ended", "--as", old[:16])

    def test_a_key_whose_log_is_forked(self):
        self.coordinator("רותם גל")
        twin = self.place.node("twin")
        subprocess.run(["cp", "-a", self.a.home, twin.home], check=True)
        os.remove(twin.home + "/keys/marks")  # It does not know that it is a copy.
        self.note("--as", "רותם גל")
        twin.igum("publish", self.place.write("other.md", "# אחרת\n"), "--as", "רותם גל")
        twin.igum("export", "--bundle", self.place.join("twin.igum"))
        self.a.run("import", self.place.join("twin.igum"))
        self.assertEqual(self.a.run("verify").returncode, 21)
        self.refused_both_ways(1, "is contested", "--as", "רותם גל")

    def test_a_nodes_key(self):
        self.refused_both_ways(1, "publishes nothing", "--as", "node")

    def test_two_keys_that_could(self):
        self.coordinator("רותם גל")
        self.refused_both_ways(1, "several keys here could sign")

    def test_a_text_that_supersedes_what_is_not_here_or_not_ones_own(self):
        self.refused_both_ways(1, "which is no document here", path=self.place.write("none.md", "---\nsupersedes: [0123456789abcdef]\n---\n# x\n"))
        b = self.place.node("b")
        self.a.start(http=None)
        b.enter(self.a, "שדה לוטם", "אורית").start(http=None)
        document = b.json("publish", self.path)[0]["document"]
        wait_for("the document", lambda: document in self.a.documents())
        b.end()
        self.a.end()
        self.refused_both_ways(1, "which is a document of שדה לוטם", path=self.place.write("foreign.md", f"---\nsupersedes: [{document}]\n---\n# x\n"))

    def test_what_is_allowed_is_told_in_the_same_words(self):
        done = []
        for runs in (False, True):
            if runs:
                self.a.start(http=None)
            done.append(self.a.run("publish", self.path))
            self.assertEqual(done[-1].returncode, 0, done[-1].stderr)
        self.assertEqual(done[0].stderr, done[1].stderr)
        self.assertIn("every office of the 1 kibbutzim", done[0].stderr)

    def test_a_grant_of_this_moment_counts(self):
        self.a.start(http=None)
        for number in range(5):
            key = self.a.json("key", "new", "--coordinator")[0]["key"]
            self.a.igum("grant", "--coordinator", f"שם {number}", "--key", key)
            self.assertEqual(self.note("--as", f"שם {number}")["log"], key)
            self.a.igum("revoke", f"שם {number}")
            self.refuse(self.a, 1, "was revoked", "publish", self.path, "--as", key[:16])


class Channels(Case):
    def test_channel_key_changes_under_the_running_node(self):
        b = self.place.node("b")
        self.a.start(http=None)
        b.enter(self.a, "שדה לוטם", "אורית").start(http=None)
        wait_for("equal roots", lambda: self.a.status()["root"] == b.status()["root"])
        before = self.a.peer.split("@")[0]
        channel = self.a.json("key", "rotate")[0]
        self.assertTrue(channel["running"])
        self.assertNotEqual(channel["channel"], before)
        wait_for("equal roots", lambda: self.a.status()["root"] == b.status()["root"])
        b.end()  # It knows the old key from its invitation, and the new one from the archive.
        b.start(http=None)
        document = self.note()["document"]
        wait_for("the document", lambda: document in b.documents())
        self.a.end()
        self.a.start(http=None)
        self.assertEqual(self.a.peer.split("@")[0], channel["channel"])
        wait_for("the caller", lambda: [each["state"] for each in b.status()["peers"]] == ["equal"])

    def test_rotation_without_a_running_node(self):
        channel = self.a.json("key", "rotate")[0]
        self.assertFalse(channel["running"])
        self.a.start(http=None)
        self.assertEqual(self.a.peer.split("@")[0], channel["channel"])

    def test_passphrase_changes(self):
        self.coordinator("רותם גל")
        new = self.place.write("new", "another passphrase\n", 0o600)
        self.a.igum("key", "passwd", "רותם גל", environment={"IGUM_NEW_PASSPHRASE_FILE": new})
        path = self.place.write("x.md", "# x\n\nx\n")
        self.refuse(self.a, 12, "passphrase is wrong", "publish", path, "--as", "רותם גל")
        self.a.igum("publish", path, "--as", "רותם גל", environment={"IGUM_PASSPHRASE_FILE": new})


if __name__ == "__main__":
    IGUM, QUICK = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

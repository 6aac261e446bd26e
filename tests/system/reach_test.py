#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who finds whom, and what is said where nobody does: reach_test.py IGUM QUICK_PASSPHRASE_LIBRARY CLOCK_SHIFT_LIBRARY CATALOGUES

Real nodes on the loopback; one that is behind a translating router is one that listens where nobody else can reach it.
"""

import datetime
import socket
import sys
import time
import unittest

from harness import Place, wait_equal, wait_for

IGUM = QUICK = SHIFT = LOCALE = None
MINUTE, HOUR = 60, 3600


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seconds_of(moment):
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


class ReachTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "reach")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a = self.place.node("a").found()
        self.a.start(http=None)

    def configure(self, node, *lines, without=None):
        path = node.home + "/igum.conf"
        with open(path) as config:
            kept = [line for line in config.read().splitlines() if without is None or not line.startswith(without)]
        with open(path, "w") as config:
            config.write("\n".join([*kept, *lines]) + "\n")

    def enter(self, name, kibbutz, serve=True):
        node = self.place.node(name).enter(self.a, kibbutz, "אורית")
        return node.start(http=None) if serve else node

    def advertise(self, node):
        """Tells at its present address, from now on."""
        node.end()
        self.configure(node, "advertise = " + node.peer.split("@")[1], without="advertise")
        node.start(http=None)

    def peer(self, node, other):
        """What `node` says of `other`."""
        key = other.peer.split("@")[0]
        return next((each for each in node.json("peer", "list") if each["channel"] == key), None)

    def state(self, node, other):
        found = self.peer(node, other)
        return found and found["state"]

    def publish(self, node, text):
        path = self.place.write("note.md", f"# {text}\n")
        node.igum("publish", path)

    def test_addresses_are_learnt_from_what_nodes_sign(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור")
        wait_equal([self.a, b, c])
        self.assertEqual(self.peer(c, b)["cause"], "no_address")
        self.assertEqual(self.peer(c, b)["side"], "they")
        self.advertise(b)
        wait_for("c to call b", lambda: self.state(c, b) == "equal")
        self.a.end()  # Whom both were given by people.
        self.publish(b, "נכתב בלעדיה")
        wait_equal([b, c])

    def test_addresses_that_change_are_called_and_the_old_ones_are_not(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור")
        self.advertise(b)
        wait_for("c to call b", lambda: self.state(c, b) == "equal")
        b.end()
        moved = f"127.0.0.1:{free_port()}"
        self.configure(b, "advertise = " + moved, without="advertise")
        b.start(http=None, listen=moved)
        wait_for("c to know where b is", lambda: (self.peer(c, b) or {}).get("address") == moved)
        wait_for("b and c", lambda: self.state(c, b) == "equal")
        with open(b.home + ".log") as log:  # Told once for each change, not for each start.
            self.assertEqual(log.read().count("addresses told"), 2)

    def test_two_that_are_never_up_together_are_joined_by_a_third(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור")
        wait_equal([self.a, b, c])
        c.end()
        self.publish(b, "דבר אחד")
        wait_equal([self.a, b])
        b.end()
        c.start(http=None)
        wait_equal([self.a, c])
        self.assertEqual(len(c.documents()), 1)

    def test_calls_at_the_same_time_end_in_one_session(self):
        b = self.enter("b", "שדה לוטם")
        b.end()
        self.a.end()
        b.igum("peer", "add", self.a.peer)
        self.a.igum("peer", "add", b.peer)
        self.a.start(http=None)
        b.start(http=None)
        wait_for("equal", lambda: self.state(self.a, b) == self.state(b, self.a) == "equal")
        for _ in range(5):
            b.igum("sync")  # Calls at once whoever is not connected.
            self.assertEqual([each["state"] for each in b.json("peer", "list")], ["equal"])

    def test_each_says_why_it_is_not_connected_and_who_must_act(self):
        b = self.enter("b", "שדה לוטם")
        wait_equal([self.a, b])
        b.end()
        self.a.end()
        stranger = "ab" * 32
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            b.igum("peer", "add", f"{'cd' * 32}@127.0.0.1:{free_port()}")
            b.igum("peer", "add", f"{'ef' * 32}@name.invalid:8610")
            self.a.start(http=None)
            b.igum("peer", "add", f"{stranger}@{self.a.peer.split('@')[1]}")
            self.advertise(self.a)
            b.start(http=None)
            wait_for("equal", lambda: self.state(b, self.a) == "equal")

            def causes():
                return {each["channel"][:2]: (each["cause"], each["side"]) for each in b.json("peer", "list")
                        if each["state"] == "apart"}
            wait_for("the reasons", lambda: causes() == {"cd": ("nobody", "they"), "ef": ("unresolved", "we"),
                                                         "ab": ("taken", "we")})
            told = b.igum("peer", "list")
            self.assertIn("the key there is another one: " + self.a.peer[:8], told)
            self.assertIn("so since ", told)
            self.assertIn("nobody listens at 127.0.0.1:", told)

    def test_whose_clock_is_off_is_told_and_where_it_has_to_be_mended(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור", serve=False)
        right = dict(self.place.environment)
        self.place.environment.update(LD_PRELOAD=QUICK + ":" + SHIFT, IGUM_TEST_CLOCK_SHIFT=str(3 * HOUR))
        c.start(http=None)
        self.place.environment = right
        self.advertise(b)
        wait_for("c to call b", lambda: self.state(c, b) == self.state(c, self.a) == "equal")
        wait_for("b and a", lambda: self.state(b, self.a) == "equal")
        channels = [each["channel"] for each in self.a.json("peer", "list")]
        self.assertEqual(len(channels), len(set(channels)))  # Who called before it was known as a member is told of once.
        told = self.peer(self.a, c)
        self.assertEqual((told["state"], told["cause"], told["side"]), ("equal", "clock", "they"))
        self.assertAlmostEqual(seconds_of(told["clock"]) - time.time(), 3 * HOUR, delta=2 * MINUTE)
        self.assertIn(f"its clock is off: it says {told['clock'][:13]}", self.a.igum("peer", "list"))
        self.assertIn("to be mended there", self.a.igum("peer", "list"))
        for other in (self.a, b):  # Two of three say so.
            self.assertEqual([self.peer(c, other)[name] for name in ("cause", "side")], ["our_clock", "we"])
            self.assertLess(abs(seconds_of(self.peer(c, other)["clock"]) - time.time()), 2 * MINUTE)
        self.assertIn("the clock of this machine is off", c.igum("status"))
        self.assertNotIn("clock", self.a.igum("status"))
        self.assertEqual(self.peer(self.a, b)["cause"], None)
        self.assertIn("השעון שלו אינו נכון", self.a.igum("peer", "list", environment={"LANGUAGE": "he", "IGUM_LOCALE_DIR": LOCALE}))
        c.end()
        c.start(http=None)  # The clock was set.
        wait_for("its clock", lambda: self.state(self.a, c) == "equal" and self.peer(self.a, c)["cause"] is None)

    def test_of_two_clocks_nobody_knows_which_is_wrong(self):
        b = self.enter("b", "שדה לוטם", serve=False)
        right = dict(self.place.environment)
        self.place.environment.update(LD_PRELOAD=QUICK + ":" + SHIFT, IGUM_TEST_CLOCK_SHIFT=str(-30 * MINUTE))
        b.start(http=None)
        self.place.environment = right
        wait_for("equal", lambda: self.state(b, self.a) == self.state(self.a, b) == "equal")
        for one, other in ((self.a, b), (b, self.a)):
            self.assertEqual([self.peer(one, other)[name] for name in ("cause", "side")], ["clocks", "either"])

    def test_who_is_removed_is_neither_called_nor_let_in_until_it_is_added(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור")
        for node in (self.a, b):
            self.advertise(node)
        wait_for("c to call b", lambda: self.state(c, b) == self.state(b, c) == "equal")
        a_key = self.a.peer.split("@")[0]
        c.igum("peer", "remove", a_key[:12])
        wait_for("c to hang up", lambda: self.state(c, self.a) == "apart")
        told = self.peer(c, self.a)
        self.assertEqual((told["cause"], told["side"]), ("removed", "we"))
        self.a.igum("peer", "add", c.peer)  # It calls, and is not let in.
        wait_for("a to be sent away", lambda: "peer shunned" in c.read_log())
        self.publish(self.a, "דרך אחרים")
        wait_equal([self.a, b, c])  # By way of b.
        self.assertEqual(self.state(c, self.a), "apart")
        for node in (c, self.a):  # And after a new start, and under another channel key.
            node.end()
        self.a.igum("key", "rotate")
        self.a.peer = None
        self.a.start(http=None, listen="127.0.0.1:" + str(free_port()))
        c.start(http=None)
        wait_equal([self.a, b, c])
        wait_for("c to know the new key", lambda: (self.peer(c, self.a) or {}).get("cause") == "removed")
        c.igum("peer", "add", self.a.peer)
        wait_for("c and a", lambda: self.state(c, self.a) == "equal")
        with open(c.home + "/igum.conf") as config:
            self.assertNotIn("removed =", config.read())

    def test_channel_key_of_today_is_shown_after_a_rotation(self):
        b = self.enter("b", "שדה לוטם")
        wait_for("equal", lambda: self.state(b, self.a) == "equal")
        channel = self.a.json("key", "rotate")[0]["channel"]
        wait_for("the new key", lambda: [each["channel"] for each in b.json("peer", "list")] == [channel])
        self.assertEqual([each["kibbutz"] for each in b.json("peer", "list")], ["גבעת ארנון"])

    def test_sync_is_done_though_somebody_who_was_only_learnt_of_is_off(self):
        b, c = self.enter("b", "שדה לוטם"), self.enter("c", "עין דרור")
        self.advertise(c)
        wait_for("b to call c", lambda: self.state(b, c) == "equal")
        c.end()
        wait_for("c to be off", lambda: self.peer(b, c)["cause"] == "nobody")
        self.publish(self.a, "חדש")
        self.assertEqual(b.json("sync")[0], {"peers": 1, "reached": 1, "equal": 1})
        self.assertEqual(b.run("sync", c.peer[:16]).returncode, 30)  # Who is named is meant.

    def test_sync_without_given_peers_uses_what_the_network_knows(self):
        b = self.enter("b", "שדה לוטם")
        self.advertise(self.a)
        wait_for("a's address", lambda: "addresses told" in self.a.read_log())
        wait_equal([self.a, b])
        b.end()
        self.configure(b, without="peer")
        self.publish(self.a, "חדש")
        b.igum("sync")
        self.assertEqual(len(b.documents()), 1)


if __name__ == "__main__":
    IGUM, QUICK, SHIFT, LOCALE = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])

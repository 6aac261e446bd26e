#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nodes that find each other on one local network: discovery_test.py IGUM QUICK_PASSPHRASE_LIBRARY

Each machine is a network namespace, joined to the others by a bridge.  Without the right to make them: 77, skipped.
"""

import os
import subprocess
import sys
import unittest

from harness import Place, wait_equal, wait_for

IGUM = QUICK = None
FLOOD = """
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
for i in range(20000):
    s.sendto(os.urandom(138 if i % 2 else 1 + i % 1400), ("239.255.73.71", 8610))
"""


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


class Machine:
    """A network namespace, held open by a process that sleeps in it."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
        self.enter = ("nsenter", "-t", str(self.process.pid), "-n")
        own = os.readlink("/proc/self/ns/net")
        wait_for("the namespace", lambda: os.readlink(f"/proc/{self.process.pid}/ns/net") != own)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *words):
        run(*self.enter, *words)

    def read(self, *words):
        return subprocess.run([*self.enter, *words], check=True, text=True, stdout=subprocess.PIPE).stdout

    def end(self):
        self.process.kill()
        self.process.wait()


class DiscoveryTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "discovery")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.bridge = self.machine()
        self.bridge.run("ip", "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        self.bridge.run("ip", "link", "set", "bridge", "up")
        self.count = 0

    def machine(self):
        machine = Machine()
        self.addCleanup(machine.end)
        return machine

    def office(self, has_ipv4=True):
        """A machine on the local network."""
        machine = self.machine()
        self.count += 1
        port = f"port{self.count}"
        self.bridge.run("ip", "link", "add", port, "type", "veth", "peer", "name", "lan", "netns",
                        str(machine.process.pid))
        self.bridge.run("ip", "link", "set", port, "master", "bridge", "up")
        if has_ipv4:
            machine.run("ip", "addr", "add", f"10.73.0.{self.count}/24", "dev", "lan")
        machine.run("ip", "link", "set", "lan", "up")
        return machine

    def two(self):
        """Two homes of one network that know no addresses of each other."""
        a = self.place.node("a").found()
        a.start(http=None)
        b = self.place.node("b").enter(a, "שדה לוטם", "אורית")
        a.end()
        with open(b.home + "/igum.conf") as config:
            kept = [line for line in config if not line.startswith("peer")]
        with open(b.home + "/igum.conf", "w") as config:
            config.writelines(kept)
        a.igum("publish", self.place.write("note.md", "# דבר\n"))
        return a, b

    def serve(self, node, machine, discovery=True):
        node.peer = None
        return node.start(*machine.enter, http=None, discovery=discovery, listen="0.0.0.0:8610")

    def test_they_find_each_other_and_no_stranger(self):
        a, b = self.two()
        stranger = self.place.node("s").found("רשת אחרת", "קיבוץ אחר", "מישהי")
        self.serve(stranger, self.office())
        self.serve(a, self.office())
        self.serve(b, self.office())
        wait_equal([a, b])
        self.assertEqual(len(b.documents()), 1)
        for node in (a, b):
            self.assertNotIn("10.73.0.1:", node.read_log())  # Where the stranger is.
        self.assertNotIn("nearby", stranger.read_log())
        self.assertEqual(stranger.status()["peers"], [])

    def test_they_find_each_other_by_ipv6_alone(self):
        a, b = self.two()
        for node in (a, b):
            node.peer = None
            node.start(*self.office(has_ipv4=False).enter, http=None, discovery=True, listen="[::]:8610")
        wait_equal([a, b])
        self.assertTrue("[fe80::" in a.read_log() or "[fe80::" in b.read_log())

    def test_flood_of_garbage_hides_nobody(self):
        a, b = self.two()
        machine = self.office()
        self.serve(a, machine)
        flood = subprocess.Popen([*machine.enter, sys.executable, "-c", FLOOD, "10.73.0.1"])
        self.addCleanup(flood.wait)
        self.serve(b, self.office())
        wait_equal([a, b])
        self.assertNotIn("call failed", a.read_log())

    def test_switch_and_configuration_turn_it_off(self):
        a, b = self.two()
        machine = self.office()
        self.serve(a, machine, discovery=False)
        self.assertNotIn(":21A2 ", machine.read("cat", "/proc/net/udp"))  # Port 8610.
        a.end()
        with open(a.home + "/igum.conf", "a") as config:
            config.write("discovery = off\n")
        self.serve(a, machine)
        self.assertNotIn(":21A2 ", machine.read("cat", "/proc/net/udp"))
        a.end()
        with open(a.home + "/igum.conf") as config:
            kept = [line for line in config if not line.startswith("discovery")]
        with open(a.home + "/igum.conf", "w") as config:
            config.writelines(kept)
        self.serve(a, machine)
        self.assertIn(":21A2 ", machine.read("cat", "/proc/net/udp"))


def may_make_namespaces():
    return subprocess.run(["unshare", "-n", "ip", "link", "add", "x", "type", "bridge"], stderr=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    IGUM, QUICK = sys.argv[1:3]
    if not may_make_namespaces():
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people, machines and strangers do wrong: one clear message, the right exit code, and nothing is lost.

    bad_input_test.py IGUM CLOCK_SHIFT_LIBRARY [TEST...]
"""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import unittest

from harness import PASSPHRASE, Place, wait_equal, wait_for

IGUM = SHIFT = None
NOBODY = 65534
YEAR = 366 * 86400


class Case(unittest.TestCase):
    """A founded network with one published document, which every test must leave readable."""

    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "bad-input")
        cls.addClassCleanup(cls.place.clean)
        cls.a = cls.place.node("a").found()
        cls.good = cls.place.write("good.md", "# מסמך\n\nגוף המסמך.\n")
        cls.first = cls.a.json("publish", cls.good)[0]["document"]

    def refused(self, done, code, *words):
        """One message, one hint at least, the exit code, and nothing said on the standard output."""
        told = done.stderr
        self.assertEqual(done.returncode, code, told + done.stdout)
        self.assertEqual(len(re.findall(r"(?m)^igum: ", told)), 1, told)
        self.assertRegex(told, r"(?m)^hint: ")
        for word in words:
            self.assertIn(word, told)
        return done

    def unharmed(self, node, *documents):
        """Verifies, shows what was acknowledged, and publishes."""
        node.igum("verify")
        self.assertEqual(node.git("fsck", "--full", "--strict").returncode, 0)
        for document in documents:
            self.assertIn("מסמך", node.igum("show", document))
        return node.json("publish", self.good)[0]["document"]

    def clock(self, seconds):
        return {"LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {SHIFT}", "IGUM_TEST_CLOCK_SHIFT": str(int(seconds)), "ASAN_OPTIONS": "verify_asan_link_order=0"}


class Typing(Case):
    def test_unknown_verb_and_flag(self):
        self.refused(self.a.run("publsh", self.good), 2, "publsh", "igum publish")
        self.refused(self.a.run("publish", "--atach", self.good), 2, "--atach")
        self.refused(self.a.run("publish"), 2)
        self.refused(self.a.run("serve", "--listen"), 2, "--listen")

    def test_no_archive_here(self):
        empty = self.place.node("empty")
        for verb in (["list"], ["status"], ["verify"], ["publish", self.good], ["serve"], ["sync"], ["peer", "list"],
                     ["show", self.first], ["invite", "--node", "x"], ["signers"], ["log"], ["key", "list"]):
            with self.subTest(verb=verb):
                self.refused(empty.run(*verb), 10, empty.home, "igum found")
        self.assertFalse(os.path.exists(empty.home))

    def test_home_that_cannot_be(self):
        node = self.place.node("good.md")
        self.refused(node.run("found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, node.home)
        node.home = "/proc/igum"
        self.refused(node.run("found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, node.home)

    def test_document_that_is_not_there(self):
        self.refused(self.a.run("show", "f" * 64), 1)
        self.refused(self.a.run("show", "x"), 1)
        self.refused(self.a.run("revise", "f" * 64, self.good), 1)
        self.refused(self.a.run("verify", "f" * 64), 1)


class Passphrase(Case):
    def test_wrong_and_missing(self):
        wrong = self.place.write("wrong", "five four three two one\n", 0o600)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": wrong}), 12)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": self.place.join("none")}), 12)
        empty = self.place.write("empty", "", 0o600)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": empty}), 12)
        long = self.place.write("long", "x" * 5000, 0o600)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": long}), 12)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": None, "IGUM_PASSPHRASE_COMMAND": "exit 1"}), 12)
        self.refused(self.a.run("publish", self.good, environment={"IGUM_PASSPHRASE_FILE": None}, start_new_session=True), 12,
                     "IGUM_PASSPHRASE_FILE")
        self.unharmed(self.a, self.first)

    def test_interrupt_at_the_prompt_gives_the_terminal_back(self):
        environment = {name: value for name, value in self.place.environment.items() if name != "IGUM_PASSPHRASE_FILE"}
        for answer, code in ((b"\x03", 130), (b"one two\x03", 130), (b"\x04", 12), (PASSPHRASE.encode() + b"\n", 0)):
            with self.subTest(answer=answer):
                child, terminal = pty.fork()
                if child == 0:
                    os.execve(IGUM, self.a.command("publish", self.good), environment)
                shown = seen = b""
                answered = None
                while True:
                    if not select.select([terminal], [], [], 30)[0]:
                        os.kill(child, signal.SIGKILL)
                        break
                    try:
                        shown += os.read(terminal, 4096)
                    except OSError:
                        break
                    if answered is None and shown.rstrip().endswith(b":"):
                        wait_for("no echo", lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, 5)
                        for name in ("cmdline", "environ"):
                            with open(f"/proc/{child}/{name}", "rb") as file:
                                seen += file.read()
                        os.write(terminal, answer)
                        answered = time.monotonic()
                self.assertTrue(termios.tcgetattr(terminal)[3] & termios.ECHO)
                os.close(terminal)
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), code, shown)
                self.assertIn(b"publish", seen)
                self.assertNotIn(PASSPHRASE.encode(), seen)
                self.assertNotIn(PASSPHRASE.encode(), shown)
        self.unharmed(self.a, self.first)

    def test_nothing_leaks_while_it_signs(self):
        with subprocess.Popen(self.a.command("publish", self.good), env=self.place.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            seen = b""
            while process.poll() is None:
                for name in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{process.pid}/{name}", "rb") as file:
                            seen += file.read()
                    except OSError:
                        pass
                time.sleep(0.002)
            self.assertNotIn(PASSPHRASE.encode(), seen + process.stdout.read() + process.stderr.read())
        for directory, _, files in os.walk(self.a.home):
            for file in files:
                with open(os.path.join(directory, file), "rb") as data:
                    self.assertNotIn(PASSPHRASE.encode(), data.read())


class Files(Case):
    def test_unreadable_file(self):
        locked = self.place.write("locked.md", "# סגור\n", 0o000)
        if os.geteuid() != 0:
            self.refused(self.a.run("publish", locked), 1, "locked.md")
            return
        os.chmod(self.place.path, 0o777)
        node = self.place.node("theirs")
        secret = self.place.write("their-passphrase", PASSPHRASE + "\n", 0o644)
        them = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "environment": {"IGUM_PASSPHRASE_FILE": secret}}
        node.igum("found", "--network", "x", "--kibbutz", "y", "--steward", "z", **them)
        self.refused(node.run("publish", locked, **them), 1, "locked.md", "ermission")
        self.refused(node.run("publish", self.good, "--attach", locked, **them), 1, "locked.md", "ermission")
        done = node.run("publish", locked, self.good, **them)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.refused(self.place.node("a").run("publish", self.good, **them), 1, "ermission")  # Another's home.
        os.chmod(self.place.path, 0o700)

    def test_not_utf8(self):
        for name, data in (("latin.md", b"# \xf9\xec\xe5\xed\n"), ("cut.txt", "שלום".encode()[:-1]), ("wide.txt", "שלום".encode("utf-16")),
                           ("zero.md", b"# a\0b\n"), ("empty.txt", b""), ("spaces.md", b" \n\n \n")):
            with self.subTest(name=name):
                self.refused(self.a.run("publish", self.place.write(name, data)), 1, name)

    def test_gibibyte_is_refused_without_reading_it(self):
        for name in ("huge.md", "huge.txt", "huge.bin"):
            huge = self.place.write(name, "")
            os.truncate(huge, 1 << 30)
            files = [self.good, "--attach", huge] if name.endswith("bin") else [huge]
            with self.subTest(name=name), subprocess.Popen(self.a.command("publish", *files), env=self.place.environment, text=True,
                                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                begun = time.monotonic()
                out, told = process.stdout.read(), process.stderr.read()
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.refused(subprocess.CompletedProcess([], process.returncode, out, told), 1, name)
                self.assertLess(used.ru_maxrss, 300 << 10)
                self.assertLess(time.monotonic() - begun, 10)

    def test_what_is_no_file(self):
        directory = self.place.join("directory")
        os.makedirs(directory)
        os.mkfifo(self.place.join("pipe.md"))
        self.refused(self.a.run("publish", self.good, "--attach", directory), 1, "directory")
        self.refused(self.a.run("publish", self.good, "--attach", self.place.join("pipe.md")), 1, "pipe.md")
        self.refused(self.a.run("publish", self.place.join("pipe.md")), 1, "pipe.md")
        self.refused(self.a.run("publish", "/dev/zero"), 1, "/dev/zero")
        self.refused(self.a.run("publish", directory), 1, "directory")
        self.refused(self.a.run("publish", self.place.join("nowhere.md")), 1, "nowhere.md")


class Invitations(Case):
    def test_every_wrong_letter_is_found(self):
        line = self.a.invite("--kibbutz", "שדה לוטם", "--address", "127.0.0.1:9")
        victim = self.place.node("victim")
        for at in range(len(line)):
            letter = "x" if line[at] != "x" else "y"
            done = victim.run("join", "-", "--name", "x", input=line[:at] + letter + line[at + 1:] + "\n")
            with self.subTest(at=at):
                self.refused(done, 1, "igum1:")
        for cut in (1, 2, len(line) // 2):
            self.refused(victim.run("join", line[:-cut]), 1)
        self.refused(victim.run("join", line + "A"), 1)
        self.refused(victim.run("join", "-", input=""), 1)
        self.refused(victim.run("join", "-", input="x" * 100000), 1)
        self.assertFalse(os.path.exists(victim.home))

    def test_used_twice(self):
        a = self.a.start(http=None)
        try:
            b = self.place.node("b").enter(a, "נווה ארז", "אורית")
            before = a.status()
            thief = self.place.node("thief")
            for _ in range(2):
                self.refused(thief.run("join", "-", "--name", "גנב", input=b.invitation + "\n"), 1, "used already", "ask for a new one")
            self.assertNotEqual(thief.run("publish", self.good).returncode, 0)
            self.assertEqual(a.status()["forks"], before["forks"] + 1)
            b.igum("sync")
            self.refused(b.run("join", "-", "--name", "אורית", input=b.invitation + "\n"), 1, "used already")
            # Neither stands.  The council ends the invitation, and gives another.
            self.assertNotEqual(b.run("publish", self.good).returncode, 0)
            a.igum("council", "propose", "--close", "נווה ארז", "--yes")
            again = self.place.node("again").enter(a, "נווה ארז", "אורית")
            again.igum("publish", self.good)
            for closed in (b, thief):
                self.assertNotEqual(closed.run("sync").returncode, 0)
                self.assertNotEqual(closed.run("publish", self.good).returncode, 0)
        finally:
            a.end()
        self.assertIn("מסמך", a.igum("show", self.first))

    def test_without_a_line_and_again_with_one(self):
        a, b = self.a, self.place.node("far")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        line = a.json("invite", "--kibbutz", "ניר אשל", "--address", address)[0]["invitation"]
        self.refused(b.run("join", "-", "--name", "x", input=line), 30, address)
        a.start(http=None, listen=address)
        try:
            b.igum("join", "-", "--name", "x", input=line)
            b.igum("sync")
            self.assertEqual(a.status()["root"], b.status()["root"])
        finally:
            a.end()
            a.peer = None


class Neighbours(Case):
    def test_peer_of_another_network(self):
        stranger = self.place.node("stranger").found("רשת אחרת", "רחוק", "זר")
        self.a.start(http=None)
        try:
            before = self.a.status()["entries"]
            stranger.igum("peer", "add", self.a.peer)
            done = self.refused(stranger.run("sync"), 30, "network")
            stranger.start(http=None)
            why = wait_for("a reason", lambda: [peer["why"] for peer in stranger.json("peer", "list") if peer["why"]])
            self.assertIn("network", why[0])
            self.assertEqual(self.a.status()["entries"], before)
            stranger.end()
        finally:
            self.a.end()
        self.unharmed(self.a, self.first)

    def test_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.refused(self.a.run("serve", "--listen", address, "--no-http"), 1, address, "in use", "--listen")
            self.a.start(http=address)  # The node itself does not need its reader.
            wait_for("it is told", lambda: re.search("(?s)in use.*hint: .*--http", self.a.read_log()), 10)
            self.a.end()
        self.refused(self.a.run("serve", "--listen", "nowhere", "--no-http"), 2, "nowhere")
        self.refused(self.a.run("serve", "--listen", "192.0.2.1:8610", "--no-http"), 1, "192.0.2.1")
        self.unharmed(self.a, self.first)

    def test_peer_that_is_none(self):
        self.refused(self.a.run("peer", "add", "127.0.0.1:8610"), 2, "CHANNELKEY@HOST:PORT")
        self.refused(self.a.run("peer", "remove", "f" * 64), 1)
        self.assertIn(self.a.run("sync").returncode, (10, 30))

    def test_second_igum_in_one_home(self):
        self.a.start(http=None)
        try:
            self.refused(self.a.run("serve", "--listen", "127.0.0.1:0", "--no-http"), 11, str(self.a.process.pid))
        finally:
            self.a.end()
        self.unharmed(self.a, self.first)


class Disk(Case):
    def mount(self, *arguments):
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True) if os.geteuid() == 0 else None
        if done is None or done.returncode != 0:
            print("SKIPPED: no mount is allowed here:", done and done.stderr.strip(), file=sys.stderr)
            self.skipTest("no mount is allowed here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", arguments[-1]], check=True)

    def test_read_only_home(self):
        self.mount("--bind", self.a.home, self.a.home)
        subprocess.run(["mount", "-o", "remount,ro,bind", self.a.home], check=True)
        try:
            self.refused(self.a.run("publish", self.good), 1, "ead-only")
            self.refused(self.a.run("serve", "--listen", "127.0.0.1:0", "--no-http"), 1, "ead-only")
            self.refused(self.a.run("invite", "--node", "x"), 1, "ead-only")
            for verb in (["list"], ["show", self.first], ["status"], ["verify"], ["log"], ["signers"]):
                self.a.igum(*verb)  # Reading goes on.
        finally:
            subprocess.run(["mount", "-o", "remount,rw,bind", self.a.home], check=True)
        self.unharmed(self.a, self.first)

    def fill(self, directory):
        path = os.path.join(directory, "filler")
        with open(path, "wb", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass
        return path

    def test_full_disk(self):
        small = self.place.join("small")
        os.makedirs(small)
        self.mount("-t", "tmpfs", "-o", "size=48m", "tmpfs", small)
        node = self.place.node("small/home")
        filler = self.fill(small)
        self.refused(node.run("found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, "full", "room")
        os.unlink(filler)
        node.found()
        first = node.json("publish", self.good)[0]["document"]
        for serving in (False, True):
            with self.subTest(serving=serving):
                if serving:
                    node.start(http=None)
                filler = self.fill(small)
                self.refused(node.run("publish", self.good), 1, "room")
                node.igum("show", first)
                node.igum("verify")
                os.unlink(filler)
                if serving:
                    wait_for("room again", lambda: node.run("publish", self.good).returncode == 0)
                    node.end()
                self.unharmed(node, first)


class Clock(Case):
    def test_ten_years_off_both_ways(self):
        for shift in (-10 * YEAR, 10 * YEAR):
            with self.subTest(years=shift // YEAR):
                self.refused(self.a.run("publish", self.good, environment=self.clock(shift)), 1, "clock", "--clock-is-right")
                self.assertIn("מסמך", self.a.igum("show", self.first, environment=self.clock(shift)))
                self.a.igum("verify", environment=self.clock(shift))
        self.refused(self.place.node("past").run("found", "--network", "x", "--kibbutz", "y", "--steward", "z",
                                                 environment=self.clock(-10 * YEAR)), 1, "clock")
        self.unharmed(self.a, self.first)

    def test_joining_with_a_wrong_clock(self):
        a, past, future = self.a, self.place.node("joins-past"), self.place.node("joins-future")
        a.start(http=None)
        try:
            line = a.invite("--kibbutz", "שדה לוטם")
            self.refused(past.run("join", "-", "--name", "x", input=line, environment=self.clock(-10 * YEAR)), 1, "clock")
            self.assertFalse(os.path.exists(past.home))
            past.igum("join", "-", "--name", "x", input=line)
            future.igum("join", "-", "--name", "y", input=a.invite("--kibbutz", "עין כרכום"), environment=self.clock(10 * YEAR))
            wait_equal([a, future])
            self.unharmed(a, self.first)  # The clock of one stops nobody else.
            past.igum("sync")
            self.unharmed(past)
        finally:
            a.end()

    def test_node_with_a_wrong_clock_receives_and_passes_on(self):
        a = self.place.node("right").found().start(http=None)
        try:
            for shift in (-10 * YEAR, 10 * YEAR):
                with self.subTest(years=shift // YEAR):
                    b = self.place.node(f"wrong{shift}").enter(a, f"קיבוץ {shift}", "x")
                    given = self.place.environment
                    self.place.environment = {**given, **self.clock(shift)}
                    try:
                        b.start(http=None)
                    finally:
                        self.place.environment = given
                    a.igum("publish", self.good)
                    wait_equal([a, b])
                    b.end()
        finally:
            a.end()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    IGUM, SHIFT = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

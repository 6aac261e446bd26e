#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Running nodes on the loopback: they converge, outlive each other, and stop cleanly.

    network_test.py IGUM WRITE_HOMES [TEST...]

Each test has a directory and ports of its own, and ends every process that it started.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import ask_running

IGUM = WRITE_HOMES = None
PATIENCE = 20  # Seconds until something that must happen has not.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("not in time: " + what)


class Home:
    """One home, and the node that may run in it."""

    def __init__(self, test, name):
        self.test = test
        self.path = os.path.join(test.directory, name)
        self.port = free_port()
        self.process = None
        self.channel = None

    def run(self, *arguments, check=True, **options):
        done = subprocess.run([IGUM, "--home", self.path, *arguments], env=self.test.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"igum {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, *flags):
        self.log = open(self.path + ".log", "a")
        flags = flags or ("--no-http",)
        self.process = subprocess.Popen([IGUM, "--home", self.path, "serve", "--no-discovery", "--listen", self.address, *flags],
                                        env=self.test.environment, text=True, stdout=subprocess.PIPE, stderr=self.log)
        for line in self.process.stdout:
            if line.startswith("peer "):
                self.channel = line.split()[1].split("@")[0]
            if line == "ready\n":
                return self
        raise AssertionError("the node did not become ready:\n" + self.read_log())

    def read_log(self):
        with open(self.path + ".log") as log:
            return log.read()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def line(self):
        return f"{self.channel}@{self.address}"

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.log.close()
        self.process = None
        return code

    def status(self):
        """What the running node itself says."""
        return ask_running(self.path)

    def called(self):
        """The peers that this node has an address of: nodes that are granted are told of without one, too."""
        return [peer for peer in self.peers() if peer["address"] is not None]

    def peers(self):
        return [json.loads(line) for line in self.run("peer", "list", "--json").stdout.splitlines()]


class SlowLine:
    """Carries one connection to a port, what comes back at so many bytes a second, and nothing more after `most`."""

    def __init__(self, target, rate, most=1 << 30):
        self.target, self.rate, self.most, self.carried = target, rate, most, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        here, _ = self.listener.accept()
        with here, socket.create_connection(("127.0.0.1", self.target)) as there:
            threading.Thread(target=self.pump, args=(here, there, 65536, 0), daemon=True).start()
            self.pump(there, here, self.rate // 20, 0.05)

    def pump(self, source, sink, size, pause):
        try:
            while run := source.recv(size):
                if pause:
                    while self.carried + len(run) > self.most:
                        time.sleep(1)
                    self.carried += len(run)
                    time.sleep(pause)
                sink.sendall(run)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class NetworkTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="igum-network-")
        self.homes, self.mounted = [], []
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.directory}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def tearDown(self):
        for home in self.homes:
            if home.process is not None:
                home.process.kill()
                home.process.wait()
                home.process.stdout.close()
                home.log.close()
        for disk in self.mounted:
            subprocess.run(["umount", "-l", disk], check=True)
        shutil.rmtree(self.directory)

    def home(self, name):
        home = Home(self, name)
        self.homes.append(home)
        return home

    def make_homes(self, count, documents):
        """Homes of one network: the first holds everything, the others what governs only."""
        keys = subprocess.run([WRITE_HOMES, self.directory, str(count), str(documents)], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.split()
        homes = [self.home(str(i + 1)) for i in range(count)]
        for home, key in zip(homes, keys):
            home.channel = key
        return homes

    def wait_equal(self, homes, seconds=PATIENCE):
        def equal():
            states = [home.status() for home in homes]
            return len({s["root"] for s in states}) == 1 and not any(s["contents_missing"] for s in states) and states
        return wait_for("equal roots", equal, seconds)

    # ---- converging ----

    def test_three_nodes_in_a_row_become_equal(self):
        a, b, c = self.make_homes(3, 40)
        b.run("peer", "add", a.line)
        c.run("peer", "add", b.line)
        for home in (c, b, a):
            home.start()
        states = self.wait_equal([a, b, c])
        self.assertEqual(states[0]["entries"], 43)
        wait_for("both peers equal", lambda: [p["state"] for p in b.status()["peers"]] == ["equal", "equal"])

    def test_peer_is_added_to_and_removed_from_a_running_node(self):
        a, b = self.make_homes(2, 3)
        a.start()
        b.start()
        self.assertEqual(b.called(), [])
        b.run("peer", "add", a.line)
        self.wait_equal([a, b])
        self.assertEqual(b.called()[0]["address"], a.address)
        b.run("peer", "remove", a.channel[:8])
        wait_for("no peers", lambda: b.called() == [])
        b.end(signal.SIGTERM)
        b.start()
        self.assertEqual(b.called(), [])

    def test_peer_list_says_why_somebody_is_not_connected(self):
        a, b = self.make_homes(2, 0)
        b.run("peer", "add", a.line)
        b.start()
        wait_for("nobody listens", lambda: b.peers()[0]["why"] == f"nobody listens at {a.address}")
        a.start()
        b.run("peer", "add", f"{'0' * 62}09@{a.address}")
        wait_for("another key", lambda: any((p["why"] or "").startswith("the key there is another one") for p in b.peers()))

    # ---- what ends, and what goes on ----

    def test_two_nodes_go_on_when_the_third_stops(self):
        a, b, c = self.make_homes(3, 5)
        b.run("peer", "add", a.line)
        c.run("peer", "add", a.line)
        c.run("peer", "add", b.line)
        for home in (a, b, c):
            home.start()
        self.wait_equal([a, b, c])
        self.assertEqual(a.end(signal.SIGTERM), 0)
        states = self.wait_equal([b, c])
        self.assertEqual(states[0]["entries"], 8)
        wait_for("b and c are connected", lambda: any(p["state"] == "equal" for p in b.status()["peers"]))

    def test_killed_node_starts_again_and_catches_up(self):
        a, b = self.make_homes(2, 300)
        b.run("peer", "add", a.line)
        a.start()
        for _ in range(4):
            b.start()
            time.sleep(0.15)
            b.end(signal.SIGKILL)
        b.start()
        states = self.wait_equal([a, b])
        self.assertEqual(states[1]["entries"], 302)
        b.end(signal.SIGTERM)
        b.run("verify")

    def test_stopped_node_says_goodbye_and_removes_its_socket(self):
        a, b = self.make_homes(2, 1)
        b.run("peer", "add", a.line)
        a.start()
        b.start()
        self.wait_equal([a, b])
        begun = time.monotonic()
        self.assertEqual(b.end(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertFalse(os.path.exists(os.path.join(b.path, "control.sock")))
        wait_for("goodbye", lambda: "the peer said goodbye" in a.read_log())
        self.assertEqual(a.end(signal.SIGINT), 0)

    # ---- one home, one node; one port, one program ----

    def test_second_node_in_a_home_is_refused(self):
        (a,) = self.make_homes(1, 0)
        a.start()
        second = a.run("serve", "--listen", "127.0.0.1:0", "--no-http", check=False)
        self.assertEqual(second.returncode, 11)
        self.assertIn(str(a.process.pid), second.stderr)
        a.status()

    def test_port_in_use_is_said(self):
        (a,) = self.make_homes(1, 0)
        with socket.socket() as other:
            other.bind(("127.0.0.1", a.port))
            other.listen()
            refused = a.run("serve", "--listen", a.address, "--no-http", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("in use", refused.stderr)
        self.assertFalse(os.path.exists(os.path.join(a.path, "control.sock")))

    # ---- sync ----

    def test_sync_without_a_running_node_becomes_equal_and_ends(self):
        a, b = self.make_homes(2, 30)
        a.start()
        b.run("peer", "add", a.line)
        result = json.loads(b.run("sync", "--json").stdout)
        self.assertEqual(result, {"peers": 1, "reached": 1, "equal": 1})

        def unread():
            return json.loads(b.run("status", "--json", check=False).stdout)["unread"]

        # Who asks how things stand does not wait for texts to be read, however often; who looks for documents does.
        self.assertEqual((unread(), unread()), (30, 30))
        with self.reader(b) as address:
            document = json.loads(a.run("list", "--json").stdout.splitlines()[0])["document"]
            self.assertIn(">30</bdi> מסמכים הגיעו ונקראים עכשיו", self.fetch(address))
            self.assert_refused(f"{address}d/{document}", 503, "המסמך הגיע ונקרא עכשיו")
            self.assert_refused(f"{address}d/{document[::-1]}", 404, "אין כאן")
            b.run("list")
            self.assertNotIn("המסמך הגיע", self.fetch(f"{address}d/{document}"))
            wait_for("the front page is made anew", lambda: "הגיעו ונקראים" not in self.fetch(address))
        self.assertEqual(unread(), 0)
        b.start()
        self.assertEqual(b.status()["entries"], 32)

    def test_sync_of_a_running_node_dials_at_once(self):
        a, b = self.make_homes(2, 3)
        b.run("peer", "add", a.line)
        b.start()
        wait_for("a few failures", lambda: b.read_log().count("call failed") >= 0 and b.peers()[0]["why"])
        time.sleep(3)
        a.start()
        self.assertEqual(b.run("sync").returncode, 0)
        self.wait_equal([a, b], 0.5)

    def test_sync_with_nobody_there_is_30_and_with_one_of_two_3(self):
        a, b, c = self.make_homes(3, 1)
        c.run("peer", "add", a.line)
        self.assertEqual(c.run("sync", check=False).returncode, 30)
        c.run("peer", "add", b.line)
        a.start()
        self.assertEqual(c.run("sync", check=False).returncode, 3)

    def slow_line(self, home, *limits):
        line = SlowLine(home.port, *limits)
        self.addCleanup(line.close)
        return line

    def test_sync_goes_on_while_something_comes(self):
        a, b, c = self.make_homes(3, 200)
        a.start()
        c.start()
        for home in (b, c):  # By itself, and by the running node.
            line = self.slow_line(a, 20000)
            home.run("peer", "add", f"{a.channel}@{line.address}")
            result = json.loads(home.run("sync", a.channel, "--timeout", "1", "--json").stdout)
            self.assertEqual(result, {"peers": 1, "reached": 1, "equal": 1})
            self.assertGreater(line.carried, 2 * line.rate)  # So it took longer.

    def test_sync_ends_when_nothing_comes_any_more(self):
        a, b = self.make_homes(2, 400)
        a.start()
        line = self.slow_line(a, 12000, 10000)
        b.run("peer", "add", f"{a.channel}@{line.address}")
        self.assertEqual(b.run("sync", "--timeout", "1", check=False).returncode, 3)

    # ---- hostile and broken callers ----

    def test_strangers_get_no_answer_and_do_no_harm(self):
        a, b = self.make_homes(2, 2)
        a.start()
        with socket.create_connection(("127.0.0.1", a.port)) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stranger.settimeout(PATIENCE)
            try:
                self.assertEqual(stranger.recv(100), b"")
            except ConnectionResetError:
                pass
        idle = []
        for _ in range(100):
            try:
                idle.append(socket.create_connection(("127.0.0.1", a.port)))
            except OSError:
                break
        before = a.status()["memory"]
        self.assertLess(before, 4 << 20)
        for connection in idle:
            connection.close()
        b.run("peer", "add", a.line)
        b.start()
        self.wait_equal([a, b], 40)

    # ---- the reader ----

    def children(self, process):
        with open(f"/proc/{process}/task/{process}/children") as file:
            return [int(child) for child in file.read().split()]

    def fetch(self, url):
        with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
            return reply.read().decode()

    @contextlib.contextmanager
    def reader(self, home):
        """The pages of a home in which no node runs."""
        process = subprocess.Popen([IGUM, "--home", home.path, "reader", "--http", "127.0.0.1:0"], env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()

    def assert_refused(self, url, status, words):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.fetch(url)
        self.assertEqual(refused.exception.code, status)
        self.assertIn(words, refused.exception.read().decode())

    def test_reader_is_started_again_when_it_ends_and_ends_with_its_node(self):
        (a,) = self.make_homes(1, 1)
        port = free_port()
        a.start("--http", f"127.0.0.1:{port}")
        url = f"http://127.0.0.1:{port}/"
        self.assertIn("מסמך 1", self.fetch(url))
        (reader,) = self.children(a.process.pid)
        os.kill(reader, signal.SIGKILL)
        again = wait_for("another reader", lambda: [c for c in self.children(a.process.pid) if c != reader])[0]
        wait_for("its page", lambda: a.status()["reader"] == url)
        self.assertIn("מסמך 1", self.fetch(url))
        a.end(signal.SIGKILL)
        wait_for("the reader's end", lambda: not os.path.exists(f"/proc/{again}"))

    # ---- a full disk ----

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_full_disk_stops_taking_in_and_nothing_else_until_there_is_room(self):
        a, b = self.make_homes(2, 60)
        b.run("peer", "add", a.line)
        disk = os.path.join(self.directory, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            self.skipTest("this machine mounts no small disk")
        self.mounted.append(disk)
        shutil.move(b.path, os.path.join(disk, "home"))
        b.path = os.path.join(disk, "home")
        b.start()
        filler = os.open(os.path.join(disk, "filler"), os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(filler, bytes(4096)):
                pass
        except OSError:
            pass
        os.close(filler)
        a.start()
        b.run("sync", "--timeout", "3", check=False)
        wait_for("trouble", lambda: b.status()["trouble"])
        self.assertIn("full", b.status()["trouble"])
        self.assertEqual(b.status()["entries"], 2)
        os.remove(os.path.join(disk, "filler"))
        states = self.wait_equal([a, b], 30)
        self.assertIsNone(states[1]["trouble"])

    # ---- with people's keys ----

    def found(self):
        self.environment["IGUM_PASSPHRASE_FILE"] = os.path.join(self.directory, "passphrase")
        with open(self.environment["IGUM_PASSPHRASE_FILE"], "w") as file:
            file.write("one two three four five\n")
        os.chmod(self.environment["IGUM_PASSPHRASE_FILE"], 0o600)
        home = self.home("first")
        home.run("found", "--network", "רשת הבדיקה", "--kibbutz", "גבעת ארנון", "--steward", "נעמה")
        return home.start()

    def join(self, host, name, kind="--kibbutz"):
        line = host.run("invite", kind, name, "--address", host.address).stdout
        invitation = next(word for word in line.split() if word.startswith("igum1:"))
        home = self.home(name)
        home.invitation = invitation
        home.run("join", "-", "--name", name, input=invitation + "\n")
        return home.start()

    def document(self, text):
        path = os.path.join(self.directory, "document.md")
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_kibbutzim_join_and_publish_and_a_fourth_node_joins_through_the_second(self):
        a = self.found()
        b = self.join(a, "שדה לוטם")
        c = self.join(a, "עין כרכום")
        c.run("peer", "add", b.line)
        self.wait_equal([a, b, c])
        published = json.loads(a.run("publish", self.document("# החלטה\n\nגוף.\n"), "--json").stdout.splitlines()[0])
        self.wait_equal([a, b, c])
        for home in (b, c):
            self.assertIn(published["document"], home.run("list", "--json").stdout)
        a.end(signal.SIGTERM)
        b.run("publish", self.document("# בלי הצומת הראשון\n\nגוף.\n"))
        self.wait_equal([b, c])
        d = self.join(b, "הספרייה", "--node")
        states = self.wait_equal([b, c, d])
        self.assertTrue(any(p["kibbutz"] == "שדה לוטם" for p in states[2]["peers"]))
        self.assertEqual(len(d.run("list", "--json").stdout.splitlines()), 2)
        a.start()
        b.run("sync", check=False)  # Else b calls again within a minute.
        self.wait_equal([a, b, c, d], 90)

    def test_invitation_used_twice_is_refused(self):
        a = self.found()
        b = self.join(a, "שדה לוטם")
        thief = self.home("thief")
        refused = thief.run("join", "-", "--name", "thief", input=b.invitation + "\n", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("used", refused.stderr)

    def test_publication_is_pushed_at_once(self):
        a = self.found()
        b = self.join(a, "שדה לוטם")
        self.wait_equal([a, b])
        slowest = 0
        for number in range(5):
            a.run("publish", self.document(f"# מסמך {number}\n\nגוף.\n"))
            returned = time.monotonic()
            self.wait_equal([a, b], 5)
            slowest = max(slowest, time.monotonic() - returned)
        print(f"live push: equal at most {slowest * 1000:.0f} ms after 'publish' returned", file=sys.stderr)
        self.assertLess(slowest, 1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    IGUM, WRITE_HOMES = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

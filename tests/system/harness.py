# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the system tests share: homes of real nodes on the loopback, each test directory with a passphrase of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

PATIENCE = 60  # Seconds until something that must happen has not.
PASSPHRASE = "one two three four five"


def ask_running(home, seconds=PATIENCE):
    """What the node that runs in a home says of itself, by its socket: no process is started to ask.  OSError: it does not answer."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(seconds)
        control.connect(os.path.join(home, "control.sock"))
        control.sendall(b"\0\0\0\1\2")
        reply = b""
        while len(reply) < 4 or len(reply) < 4 + int.from_bytes(reply[:4], "big"):
            run = control.recv(65536)
            if not run:
                raise OSError("the node hung up")
            reply += run
    return json.loads(reply[6:])


def wait_for(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    pause = 0.02  # Most conditions start a process to look: the longer it takes, the more seldom.
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    raise AssertionError("not in time: " + what)


class Failed(AssertionError):
    pass


class Place:
    """A directory, the program under test, and every node that was started there."""

    def __init__(self, program, name):
        self.program = program
        self.path = tempfile.mkdtemp(prefix=f"igum-{name}-")
        self.nodes = []
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.path,
                            "IGUM_PASSPHRASE_FILE": self.write("passphrase", PASSPHRASE + "\n", 0o600)}
        for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_PRELOAD"):
            if kept in os.environ:
                self.environment[kept] = os.environ[kept]

    def join(self, *names):
        return os.path.join(self.path, *names)

    def write(self, name, data, mode=0o644):
        path = self.join(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path

    def node(self, name):
        node = Node(self, name)
        self.nodes.append(node)
        return node

    def clean(self):
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.path)


class Node:
    """One home, and the process that may run in it."""

    def __init__(self, place, name):
        self.place = place
        self.home = place.join(name)
        self.process = None
        self.peer = self.reader = self.invitation = None

    # ---- commands ----

    def command(self, *arguments):
        return [self.place.program, "--home", self.home, *arguments]

    def run(self, *arguments, environment=None, **options):
        given = {name: value for name, value in {**self.place.environment, **(environment or {})}.items() if value is not None}
        if "input" not in options and "stdin" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run(self.command(*arguments), env=given, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300, **options)

    def igum(self, *arguments, **options):
        """The output of a command that must succeed."""
        done = self.run(*arguments, **options)
        if done.returncode != 0:
            raise Failed(f"igum {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return [json.loads(line) for line in self.igum(*arguments, "--json").splitlines()]

    def status(self):
        return self.json("status")[0]

    def documents(self):
        return {line["document"] for line in self.json("list")}

    def found(self, network="רשת הבדיקה", kibbutz="גבעת ארנון", steward="נעמה ברקאי"):
        self.igum("found", "--network", network, "--kibbutz", kibbutz, "--steward", steward)
        return self

    def invite(self, kind, name, *more):
        address = ("--address", self.peer.split("@")[1]) if self.peer else ()
        return self.json("invite", kind, name, *address, *more)[0]["invitation"]

    def enter(self, host, kibbutz, name, kind="--kibbutz"):
        """Joins by an invitation of `host`."""
        self.invitation = host.invite(kind, kibbutz)
        self.igum("join", "-", "--name", name, input=self.invitation + "\n")
        return self

    # ---- the running node ----

    def start(self, *options, listen="127.0.0.1:0", http="127.0.0.1:0", discovery=False):
        """Starts `igum serve`, or a command before it, such as strace.  Without discovery nothing leaves the loopback, and nobody is found by chance."""
        reader = ("--http", http) if http else ("--no-http",)
        near = () if discovery else ("--no-discovery",)
        if self.peer and listen == "127.0.0.1:0":
            listen = self.peer.split("@")[1]  # Others know it by its address.
        self.log = open(self.home + ".log", "a")
        self.process = subprocess.Popen([*options, *self.command("serve", "--listen", listen, *reader, *near)],
                                        env=self.place.environment, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        for line in self.process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "peer" and "@127." in rest:
                self.peer = rest
            elif word == "reader":
                self.reader = rest
            elif word == "ready":
                return self
        code = self.end()
        raise Failed(f"the node did not become ready: exit code {code}\n{self.read_log()}")

    def told(self):
        """What the running node says of itself.  None: it does not answer."""
        try:
            return ask_running(self.home)
        except OSError:
            return None

    def read_log(self):
        with open(self.home + ".log") as log:
            return log.read()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.log.close()
        self.process = None
        return code

    def kill(self):
        if self.process is not None:
            self.end(signal.SIGKILL)

    # ---- the reader ----

    def page(self, path="/"):
        with urllib.request.urlopen(self.reader.rstrip("/") + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    # ---- stock git ----

    def git(self, *arguments):
        return subprocess.run(["git", "-C", os.path.join(self.home, "archive.git"), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)


def wait_equal(nodes, seconds=PATIENCE):
    """Waits until all nodes hold the same, and all of it; gives their states."""
    def equal():
        asked = [node.told() for node in nodes if node.process is not None]
        if None in asked or len({state["root"] for state in asked}) > 1 or any(state["contents_missing"] for state in asked):
            return False
        states = [node.status() for node in nodes]  # And so it stands on the disk.
        whole = not any(state["contents_missing"] for state in states)
        return whole and len({state["root"] for state in states}) == 1 and states
    return wait_for("equal roots", equal, seconds)


def words_of(text):
    """The Hebrew words of a text, to be looked for in a page."""
    return re.findall(r"[א-ת]{3,}", text)

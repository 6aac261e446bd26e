# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offices in network namespaces: real nodes, the lines between them, the people who publish there, and what befalls them."""

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from checker import Ack, Claim, Evidence, Witness
from harness import PASSPHRASE, Failed, Node, Place, ask_running, wait_for

PORT = 8610
DISK = 48 << 20    # Of one home, so that it can be full.
TOO_LONG = 25      # Seconds in which a command has to answer, whatever happens to its node; else its outcome is unknown.
STARTS_AGAIN = 20
EXIT_NOT_ALL = 3
NEEDS_TWO = "---\nkind: decision\napprovals: 2\n---\n"


SHOWN = 1.5  # Seconds: what a node has stands a second later, at the latest, in the index that the command line reads.


class Lines:
    """The switch between the namespaces, and what is cut at the moment by whom."""

    def __init__(self, program, count, seed):
        self.process = subprocess.Popen([program, str(count), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count, self.places, self.addresses, self.cuts, self.lock = count, {}, {}, {}, threading.Lock()
        for line in self.process.stdout:
            if line == "ready\n":
                break
            _, place, path, address = line.split()
            self.places[int(place)], self.addresses[int(place)] = path, address
        if len(self.places) != count:
            raise Unable("the switch could not make network namespaces")

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def quality(self, delay, jitter, loss, kbit):
        for a in range(1, self.count + 1):
            for b in range(1, self.count + 1):
                self.say(f"line {a} {b} {delay} {jitter} {loss} {kbit}")

    def cut(self, who, pairs):
        """Directions that `who` wants cut from now on, in place of those before."""
        with self.lock:
            before = set().union(*self.cuts.values()) if self.cuts else set()
            self.cuts[who] = set(pairs)
            now = set().union(*self.cuts.values())
            for a, b in sorted(now - before):
                self.say(f"cut {a} {b}")
            for a, b in sorted(before - now):
                self.say(f"join {a} {b}")

    def end(self):
        try:
            return self.process.communicate("", timeout=20)[0].strip().splitlines()[-1]
        except (subprocess.TimeoutExpired, BrokenPipeError, IndexError):
            self.process.kill()
            return "the switch ended early"


class Unable(Exception):
    """This machine does not let us; the test is skipped."""


class Office(Node):
    """A node in its namespace, on its own disk, with its own wall clock."""

    def __init__(self, place, number, lines, preload):
        super().__init__(place, str(number))
        self.number, self.lines, self.lock = number, lines, threading.Lock()
        os.makedirs(self.home)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "office", self.home], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unable("a file system of its own cannot be mounted: " + done.stderr.strip())
        clock = place.join(f"clock{number}")
        with open(clock, "w+b") as file:
            file.write(bytes(8))
            file.flush()
            self.clock = mmap.mmap(file.fileno(), 8)
        self.environment = {**place.environment, "LD_PRELOAD": preload, "IGUM_TEST_CLOCK_FILE": clock}
        self.wanted = False  # It should be running.
        self.stopped = threading.Event()

    @property
    def way(self):
        return ["nsenter", "--net=" + self.lines.places[self.number]]

    def command(self, *arguments):
        return [*self.way, self.place.program, "--home", self.home, *arguments]

    def run(self, *arguments, environment=None, **options):
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        if "input" in options:
            options.pop("stdin")
        return subprocess.run(self.command(*arguments), env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=options.pop("timeout", 120), **options)

    def start(self, *_options, listen=None, **_more):
        address = f"{listen or self.lines.addresses[self.number]}:{PORT}"
        with self.lock:
            self.log = open(self.home + ".log", "a")
            self.process = subprocess.Popen(self.command("serve", "--listen", address, "--no-http"), env=self.environment, text=True,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
            self.wanted = True
            for line in self.process.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "peer":
                    self.peer = rest
                elif word == "ready":
                    return self
            code = self.end()
        raise Failed(f"node {self.number} did not become ready: exit code {code}\n{self.read_log()[-2000:]}")

    def ask(self):
        """What the running node itself says."""
        return ask_running(self.home, 5)

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def shift_clock(self, seconds):
        self.clock[:8] = int(seconds).to_bytes(8, sys.byteorder, signed=True)

    def kill_at_once(self):
        with self.lock:
            if self.process is not None:
                self.end(signal.SIGKILL)

    def start_again(self):
        """A node may end by itself when its disk failed: an office starts it again, as its service does."""
        with self.lock:
            ended = self.process is not None and self.process.poll() is not None
            if ended:
                self.process.stdout.close()
                self.log.close()
                self.process = None
        if self.process is None:
            wait_for(f"node {self.number} to start", self.try_start, STARTS_AGAIN)

    def try_start(self):
        try:
            return self.start()
        except Failed as failure:
            self.failure = failure
            return None

    def fill_disk(self):
        block = bytes(1 << 16)
        while block:
            try:
                with open(os.path.join(self.home, "filler"), "ab", buffering=0) as filler:
                    while filler.write(block) == len(block):
                        pass
            except OSError:
                pass
            block = block[:len(block) // 2]

    def free_disk(self):
        try:
            os.unlink(os.path.join(self.home, "filler"))
        except FileNotFoundError:
            pass


class Cluster:
    def __init__(self, programs, count, seed):
        self.place = Place(programs.igum, "net")
        self.lines = Lines(programs.vswitch, count, seed)
        self.seed, self.acks, self.outcomes, self.notes = seed, [], {"ok": 0, "failed": 0, "unknown": 0}, []
        self.lock, self.going = threading.Lock(), False
        self.threads = []
        preload = f"{programs.quick_passphrase}:{programs.clock_shift}"
        self.offices = [Office(self.place, i, self.lines, preload) for i in range(1, count + 1)]
        self.place.nodes.extend(self.offices)
        self.lines.quality(5, 5, 0, 0)

    def found(self):
        """The first office founds; the last is a second one of its kibbutz; all others are kibbutzim of their own."""
        first, *others = self.offices
        first.found().start()
        for office in others:
            kind = "--node" if office is others[-1] else "--kibbutz"
            office.kibbutz_name = f"קיבוץ {office.number}"
            office.enter(first, office.kibbutz_name, f"רכזת {office.number}" if kind == "--kibbutz" else "ספרייה", kind).start()
        for office in others:  # Beside the one that invited it each knows the next, or all would hang on the first.
            office.igum("peer", "add", self.offices[office.number % len(self.offices)].peer)
        first.igum("peer", "add", others[0].peer)
        self.kibbutzim = {office.number: office.status()["kibbutz"] for office in self.offices}

    def wait_equal(self, seconds):
        """Until all nodes tell the same root and miss nothing."""
        last = []

        def equal():
            try:
                states = [office.ask() for office in self.offices]
            except (OSError, ValueError) as error:
                last[:] = [str(error)]
                return None
            last[:] = [f"{s['root'][:8]} {s['entries']} entries, {s['contents_missing']} missing" for s in states]
            return len({state["root"] for state in states}) == 1 and not any(state["contents_missing"] for state in states)
        try:
            wait_for("all nodes to be equal", equal, seconds)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {'; '.join(last)}") from None

    # ---- people ----

    def note(self, outcome, ack=None):
        with self.lock:
            self.outcomes[outcome] += 1
            if ack:
                self.acks.append(ack)

    def sign(self, office, act, arguments, audience="network", text=""):
        try:
            done = office.run(*arguments, "--json", timeout=TOO_LONG)
        except subprocess.TimeoutExpired:
            return self.note("unknown")
        try:
            line = json.loads(done.stdout.splitlines()[0]) if done.returncode == 0 else None
        except (IndexError, ValueError):
            line = None
        if line is None:
            with self.lock:
                self.notes.append(f"node {office.number}: {act}: exit code {done.returncode}: {done.stderr.strip()[:300]}")
            return self.note("failed")
        name = line["document"] if act == "publish" else line["entry"]
        return self.note("ok", Ack(str(office.number), self.kibbutzim[office.number], act, name, audience, text))

    def act(self, office, chance, serial):
        mine = [a for a in list(self.acks) if a.act == "publish" and a.node == str(office.number)]
        theirs = [a for a in list(self.acks) if a.act == "publish" and a.node != str(office.number) and a.audience == "network"]
        die = chance.random()
        if die < 0.15 and theirs:
            return self.sign(office, "approve", ["approve", chance.choice(theirs).id, "--yes"])
        if die < 0.25 and mine:
            old, text = chance.choice(mine), f"# שינוי {serial} של {office.number}\n\n{chance.getrandbits(64):016x}\n"
            path = self.place.write(f"doc-{office.number}-{serial}.md", text)
            return self.sign(office, "revise", ["revise", old.id, path], old.audience, text)
        if die < 0.28 and mine:
            return self.sign(office, "withdraw", ["withdraw", chance.choice(mine).id, "--reason", "הוחלט אחרת", "--yes"])
        return self.publish(office, serial, "kibbutz" if chance.random() < 0.2 else "network", NEEDS_TWO if chance.random() < 0.3 else "")

    def live(self, office, gap):
        chance, serial = random.Random(f"{self.seed} {office.number}"), 0
        while self.going:
            serial += 1
            self.act(office, chance, serial)
            time.sleep(chance.uniform(0, 2 * gap))

    def publish(self, office, serial, audience, need=""):
        text = f"# סיכום {serial} של {office.number}\n\nהוחלט בישיבה {serial} של {self.seed}.\n"
        path = self.place.write(f"doc-{office.number}-{serial}.md", need + text)
        self.sign(office, "publish", ["publish", path, "--audience", audience], audience, text)

    def people_once(self):
        """A little of each, one after the other."""
        for office in self.offices[:-1]:
            self.publish(office, 1, "network", NEEDS_TWO)
            self.publish(office, 2, "kibbutz")
            self.publish(office, 3, "network")

    def people_begin(self, gap):
        """In each office but the last, which has a node and no steward."""
        self.going = True
        self.threads = [threading.Thread(target=self.live, args=(office, gap), daemon=True) for office in self.offices[:-1]]
        for thread in self.threads:
            thread.start()

    def people_end(self):
        self.going = False
        for thread in self.threads:
            thread.join()

    # ---- what befalls them ----

    def pairs(self, what, on):
        groups = [[int(n) for n in part.split(",")] for part in on.split("/")]
        everyone = range(1, len(self.offices) + 1)

        def between(ones, others):
            return {(a, b) for a in ones for b in others if a != b} | {(b, a) for a in ones for b in others if a != b}
        if what in ("halves", "bridge"):
            return between(groups[0], groups[1])
        if what == "oneway":
            return {(a, b) for a in groups[0] for b in groups[1]}
        if what == "ring":
            order, size = groups[0], len(groups[0])
            near = {(order[i], order[(i + step) % size]) for i in range(size) for step in (1, -1)}
            return {pair for pair in between(order, order) if pair not in near}
        return between(groups[0], everyone)

    def begin(self, number, step):
        office = self.offices[int(step.on) - 1] if step.what in ("kill", "stop", "full") else None
        if step.what == "lines":
            self.lines.quality(*map(int, step.on.split(",")))
        elif step.what == "kill":
            office.kill_at_once()
        elif step.what == "stop" and office.is_up():
            os.kill(office.process.pid, signal.SIGSTOP)
        elif step.what == "full":
            office.fill_disk()
        elif step.what == "clock":
            node, shift = map(int, step.on.split(","))
            self.offices[node - 1].shift_clock(shift)
        elif office is None:
            self.lines.cut(number, self.pairs(step.what, step.on))

    def again(self, number, step, since):
        if step.what == "flap":
            self.lines.cut(number, self.pairs("alone", step.on) if int(since * 3) % 2 == 0 else ())

    def finish(self, number, step):
        office = self.offices[int(step.on) - 1] if step.what in ("kill", "stop", "full") else None
        if step.what == "lines":
            self.lines.quality(5, 5, 0, 0)
        elif step.what == "kill":
            office.start_again()
        elif step.what == "stop":
            if office.is_up():
                os.kill(office.process.pid, signal.SIGCONT)
        elif step.what == "full":
            office.free_disk()
        elif step.what == "clock":
            self.offices[int(step.on.split(",")[0]) - 1].shift_clock(0)
        else:
            self.lines.cut(number, ())

    def play(self, steps):
        """Plays them by the clock on the wall; at the end everything is whole again."""
        moments = sorted([(step.at, 0, i) for i, step in enumerate(steps)] + [(step.at + step.lasts, 1, i) for i, step in enumerate(steps)])
        begun, active = time.monotonic(), {}
        while moments:
            since = time.monotonic() - begun
            while moments and moments[0][0] <= since:
                _, ends, i = moments.pop(0)
                if ends:
                    active.pop(i)
                    self.finish(i, steps[i])
                else:
                    active[i] = since
                    self.begin(i, steps[i])
            for i, at in active.items():
                self.again(i, steps[i], since - at)
            time.sleep(0.05)

    def mend(self):
        for office in self.offices:
            office.shift_clock(0)
            office.free_disk()
            if office.is_up():
                os.kill(office.process.pid, signal.SIGCONT)
            office.start_again()

    # ---- what is left ----

    def witness(self, office):
        verify = office.run("verify", "--json")
        return Witness(str(office.number), self.kibbutzim[office.number], os.path.join(office.home, "archive.git"), office.status(),
                       office.json("list"), json.loads(verify.stdout.splitlines()[0]), self.claims(office))

    def claims(self, office):
        """Of some documents, the newest and the oldest: each costs a process."""
        documents = [ack.id for ack in self.acks if ack.act == "publish"]
        found = []
        for document in dict.fromkeys(documents[:1] + documents[-2:]):
            done = office.run("whereis", document, "--json")
            if done.returncode not in (0, EXIT_NOT_ALL):
                raise AssertionError(f"igum whereis at node {office.number}: exit code {done.returncode}: {done.stderr}")
            line = json.loads(done.stdout.splitlines()[0])
            found += [Claim(k["kibbutz"], line["entry"], k["holds"] != "nothing", k["holds"] in ("text", "all")) for k in line["kibbutzim"]]
        return found

    def settled(self, seconds):
        """What equal nodes hold.  A node signs of its own, too, when its address is new: then it is asked for anew."""
        while True:
            self.wait_equal(seconds)
            before = [office.ask()["root"] for office in self.offices]
            time.sleep(SHOWN)
            evidence = self.evidence()
            if before == [office.ask()["root"] for office in self.offices]:
                return evidence

    def evidence(self):
        return Evidence([self.witness(office) for office in self.offices], list(self.acks), self.offices[0].igum("signers"))

    def clean(self):
        self.going = False
        for office in self.offices:
            office.kill()
            subprocess.run(["umount", "-l", office.home], check=False, capture_output=True)
        passed = self.lines.end()
        self.place.nodes.clear()
        self.place.clean()
        return passed

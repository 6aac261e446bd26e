#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Power cuts on a real file system: what was acknowledged is there afterwards, and the archive works on.

    cut.py APPENDER [--cuts N] [--seed S] [--mutant NAME]

An ext4 image on a loop device is shut down under a writing process as by a power cut, mounted again, which replays its
journal, and the archive in it is judged, by itself and by stock git.  Acknowledgements count only when they were read
before the cut was issued: a sync that is under way at the cut may report success though nothing reached the disk.

With --mutant the writer is broken on purpose, and the run succeeds when the cuts find that out.
"""

import argparse
import fcntl
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import time

import harness

SHUTDOWN = (2 << 30) | (4 << 16) | (ord("X") << 8) | 125  # _IOR('X', 125, __u32)
FLUSH_JOURNAL, DROP_JOURNAL = 1, 2
NOTHING, DAMAGE, LOSSES = range(3)
IMAGE_SIZE = 128 << 20
INSIDE = "IGUM_CUT_INSIDE"
CUTS_PER_HOME = 12
SETTLED_AND_ON = 3  # Steps after which what was settled has durably left the journal: appender.c settles each second one.
DISKS = [(DROP_JOURNAL, ""), (FLUSH_JOURNAL, ""), (DROP_JOURNAL, "data=writeback,noauto_da_alloc,commit=300"),
         (FLUSH_JOURNAL, "data=writeback,noauto_da_alloc,commit=300")]
MUTANTS = {"no_fsync": "/", "unsynced_refs": "/refs/", "unsynced_objects": "/objects/", "unsynced_journal": "/journal",
           "unsettled": "no file is called so"}  # With any of them no file system is synced as a whole.


class Disk:
    def __init__(self, directory, flag, options):
        self.image = os.path.join(directory, "image")
        self.path = os.path.join(directory, "disk")
        self.flag, self.options = flag, options
        self.homes = 0
        os.makedirs(self.path, exist_ok=True)
        with open(self.image, "wb") as image:
            image.truncate(IMAGE_SIZE)
        harness.call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", self.image)
        self.mount()
        os.chmod(self.path, 0o700)

    def mount(self):
        harness.call("mount", "-o", ",".join(filter(None, ["loop", self.options])), self.image, self.path)

    def cut(self):
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", self.flag))
        finally:
            os.close(descriptor)

    def restart(self):
        harness.unmount(self.path)
        self.mount()

    def new_home(self):
        for name in os.listdir(self.path):
            if name.startswith("home"):
                shutil.rmtree(os.path.join(self.path, name))
        os.sync()
        self.homes += 1
        return os.path.join(self.path, f"home{self.homes}")

    def close(self):
        harness.unmount(self.path)
        os.remove(self.image)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def read_acks(process, seconds, then_one):
    """Everything that comes within that time, and when `then_one` waits for one line more."""
    text = b""
    end = time.monotonic() + seconds
    descriptor = process.stdout.fileno()
    waited = False
    while True:
        left = end - time.monotonic()
        if left <= 0 and then_one and not waited:
            waited, left = True, 2
        ready, _, _ = select.select([descriptor], [], [], max(left, 0))
        if not ready:
            return text
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return text
        text += piece
        if waited:
            return text


def whole_lines(text):
    return text.decode().split("\n")[:-1]


class Run:
    def __init__(self, disk, plain, writer, chance):
        self.disk, self.plain, self.writer, self.chance = disk, plain, writer, chance
        self.home, self.acked, self.cuts_of_home = None, {}, 0
        self.cuts = self.acks = 0
        self.wrong = []

    def fresh(self):
        self.home, self.acked, self.cuts_of_home = self.disk.new_home(), {}, 0

    def prepare(self):
        if self.home is None or self.cuts_of_home >= CUTS_PER_HOME:
            self.fresh()
            done = self.plain.run("create", self.home)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)

    def judged(self, kind, wrong):
        self.cuts += 1
        self.cuts_of_home += 1
        if wrong:
            self.wrong.append((kind, wrong))
            self.home = None
        return wrong

    def cut_append(self, batch):
        """Under load, half of the cuts in the moment after an acknowledgement."""
        self.prepare()
        process = self.writer.start("append", self.home, 0, batch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        text = read_acks(process, self.chance.uniform(0.03, 0.25), self.chance.random() < 0.5)
        self.disk.cut()
        kill(process)
        process.stdout.close()
        self.disk.restart()
        acked = harness.parse(whole_lines(text), "ack")
        self.acks += text.count(b"\n")
        harness.merge(self.acked, acked)
        return self.judged(f"append {batch}", harness.judge(self.plain, self.home, self.acked))

    def cut_rest(self, batch, steps):
        """After the last acknowledgement nothing goes on that might sync something by chance."""
        self.prepare()
        process = self.writer.start("step", self.home, 0, batch, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL)
        text = b""
        for _ in range(steps):
            os.write(process.stdin.fileno(), b"\n")
            text += process.stdout.readline()
        self.disk.cut()
        kill(process)
        process.stdin.close()
        process.stdout.close()
        self.disk.restart()
        self.acks += text.count(b"\n")
        harness.merge(self.acked, harness.parse(whole_lines(text), "ack"))
        return self.judged(f"rest {batch}", harness.judge(self.plain, self.home, self.acked))

    def cut_recovery(self):
        """A node that is cut while it starts after a cut."""
        self.cut_append(1)
        if self.home is None:
            return []
        process = self.writer.start("check", self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.chance.uniform(0, 0.03))
        self.disk.cut()
        kill(process)
        self.disk.restart()
        return self.judged("recovery", harness.judge(self.plain, self.home, self.acked))

    def cut_create(self):
        """Half at any moment, half right after the archive was promised."""
        self.fresh()
        process = self.writer.start("create", self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, 0.06))
        else:
            process.wait(timeout=30)
        promised = process.poll() == 0
        self.disk.cut()
        kill(process)
        self.disk.restart()
        wrong = []
        if promised and self.plain.run("check", self.home).returncode != 0:
            wrong.append("lost: an archive that was made is not there")
        done = self.plain.run("create", self.home)
        if done.returncode != 0:
            wrong.append(f"stuck: it cannot be made again: {done.stderr.strip()}")
        else:
            wrong += harness.judge(self.plain, self.home, {})
        self.acks += promised
        return self.judged("create", wrong)


def run_disk(directory, number, plain, writer, chance, cuts):
    flag, options = DISKS[number]
    disk = Disk(directory, flag, options)
    run = Run(disk, plain, writer, chance)
    started = time.monotonic()
    try:
        while run.cuts < cuts:
            kind = run.cuts % 7
            if writer is not plain:  # By the journal, and by packs; nothing is left to chance, so that no bug is missed by it.
                run.cut_rest((1, 12)[(number + run.cuts) % 2], SETTLED_AND_ON)
            elif kind == 0:
                run.cut_create()
            elif kind == 2:
                run.cut_append(20)
            elif kind in (3, 6):
                run.cut_recovery()
            elif kind == 1:
                run.cut_rest(chance.choice((1, 12)), chance.randrange(1, 5))
            else:
                run.cut_append(1)
    finally:
        disk.close()
    print(f"ext4 {options or 'default'}, {'journal dropped' if flag == DROP_JOURNAL else 'journal flushed'}: "
          f"{run.cuts} cuts, {run.acks} acknowledgements, {len(run.wrong)} cuts found something wrong, "
          f"{time.monotonic() - started:.1f} s", flush=True)
    for kind, wrong in [] if writer is not plain else run.wrong:
        for sentence in wrong:
            print(f"  {kind}: {sentence}")
    return run


def go_inside():
    """Mounts are in a namespace of their own: one that another test made meanwhile would keep a copy of a disk that was cut here, and
    what is mounted again would be that copy, still shut down."""
    if os.environ.get(INSIDE) or os.geteuid() != 0:
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


def may_mount(directory):
    """Why power cuts cannot be made here, or nothing."""
    if os.geteuid() != 0:
        return "only root can mount"
    try:
        disk = Disk(directory, DROP_JOURNAL, "")
    except (RuntimeError, FileNotFoundError) as error:
        return f"no loop mounts: {str(error).strip()}"
    try:
        disk.cut()
    except OSError as error:
        return f"the file system cannot be shut down: {error}"
    finally:
        disk.close()
    return None


def cut_all(directory, program, mutant, seed, cuts):
    plain = harness.Appender(program)
    writer = harness.Appender(program, environment={"APPENDER_UNSYNCED": MUTANTS[mutant]}) if mutant else plain
    if mutant:
        print(f"planted bug {mutant}:", flush=True)
    runs = [run_disk(directory, number, plain, writer, random.Random(f"{seed} {number}"),
                     (cuts + len(DISKS) - 1 - number) // len(DISKS))
            for number in range(len(DISKS))]
    found = [" ".join(wrong) for run in runs for _, wrong in run.wrong]
    lost = sum("lost:" in text for text in found)
    acks = sum(run.acks for run in runs)
    print(f"{sum(run.cuts for run in runs)} cuts, {acks} acknowledgements: {lost} lost some, "
          f"{sum('corrupt:' in text or 'stuck:' in text for text in found)} left damage", flush=True)
    return LOSSES if lost else NOTHING if not found and acks > 0 else DAMAGE


def main():
    go_inside()
    options = argparse.ArgumentParser()
    options.add_argument("appender")
    options.add_argument("--cuts", type=int, default=40)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--mutant", choices=["all", *sorted(MUTANTS)])
    chosen = options.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    directory = harness.room(3 * IMAGE_SIZE)
    program = os.path.abspath(chosen.appender)
    try:
        why = may_mount(directory)
        if why:
            harness.skip(why)
        if not chosen.mutant:
            return 0 if cut_all(directory, program, None, seed, chosen.cuts) == NOTHING else 1
        missed = [name for name in (sorted(MUTANTS) if chosen.mutant == "all" else [chosen.mutant])
                  if cut_all(directory, program, name, seed, chosen.cuts) != LOSSES]
    finally:
        harness.unmount(os.path.join(directory, "disk"))
        shutil.rmtree(directory)
    for name in missed:
        print(f"the planted bug {name} was not found: these cuts prove nothing")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

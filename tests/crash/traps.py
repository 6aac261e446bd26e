#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Known traps of stores: each was stepped into once, here or elsewhere.

    traps.py APPENDER [TEST...]
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
import lint

PROGRAM = None
LONG = "IGUM_CRASH_LONG" in os.environ  # Every page of a disk that fills up.
KIB = 1024
BATCH = 20  # Entries: more than the journal takes; their objects become a pack.
OBJECTS = "archive.git/objects"


class Trap(unittest.TestCase):
    def setUp(self):
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="igum-traps-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.appender = harness.Appender(PROGRAM)
        self.home = os.path.join(self.directory, "home")

    def ok(self, *arguments):
        done = self.appender.run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return harness.parse(done.stdout.splitlines(), "ack")

    def assert_sound(self, home, acked):
        self.assertEqual(harness.judge(self.appender, home, dict(acked)), [])

    def inside(self, *names):
        return os.path.join(self.home, "archive.git", *names)

    def objects(self):
        return {path for path in glob.glob(self.inside("objects", "??", "*")) if len(os.path.basename(path)) == 38}


class Syncs(Trap):
    """What strace sees of a run."""

    def trace(self, *arguments, unsynced=None, scope="archive.git"):
        log = os.path.join(self.directory, "trace")
        environment = {"APPENDER_UNSYNCED": unsynced} if unsynced else {}
        wrapper = ["strace", "-f", "-y", "-qq", "-s", "64", "-o", log, "-e", "trace=" + lint.CALLS]
        done = harness.Appender(PROGRAM, wrapper, environment).run(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return lint.lint(log, os.path.join(self.home, scope))

    def test_both_files_of_a_pack_are_synced_and_then_their_directory(self):
        self.ok("create", self.home)
        promises = self.trace("append", self.home, 8, BATCH, scope=OBJECTS).promises[::BATCH]  # The first of a batch stands for all.
        self.assertGreaterEqual(len(promises), 8)
        for syncs, names in promises[1:8]:  # The first counts the opening.
            self.assertGreaterEqual(names, 2)
            self.assertEqual(2 * syncs, 3 * names, "each of two files, and their directory")

    def test_the_refs_of_a_batch_are_synced_once_in_the_journal(self):
        self.ok("create", self.home)
        promises = self.trace("append", self.home, 8, BATCH, scope="archive.git/journal").promises[::BATCH]
        self.assertEqual([syncs for syncs, _ in promises[1:8]], [1] * 7)

    def test_what_is_little_is_synced_once_in_the_journal(self):
        self.ok("create", self.home)
        promises = self.trace("append", self.home, 8, 1).promises
        self.assertGreaterEqual(len(promises), 8)
        for syncs, names in promises[1:8]:
            self.assertGreaterEqual(names, 2)
            self.assertEqual(syncs, 1, "what comes after that is crash.syncs' affair")

    def test_the_count_of_syncs_falls_when_packs_are_not_synced(self):
        self.ok("create", self.home)
        promises = self.trace("append", self.home, 8, BATCH, unsynced="/objects/", scope=OBJECTS).promises[::BATCH]
        self.assertTrue(all(2 * syncs < 3 * names for syncs, names in promises[1:8]), promises)

    def test_a_batch_promises_nothing_that_is_not_on_the_disk(self):
        self.ok("create", self.home)
        found = self.trace("append", self.home, 4, BATCH, scope=OBJECTS)  # Of its refs the journal tells: crash.syncs.
        self.assertGreaterEqual(len(found.promises), 4)
        self.assertEqual(found.complaints, [])

    def test_making_an_archive_promises_nothing_that_is_not_on_the_disk(self):
        found = self.trace("create", self.home, scope="")
        self.assertEqual(len(found.promises), 1)
        # What happens in a directory that has no name yet is seen by nobody.
        self.assertEqual([text for text in found.complaints if "/archive.git.new/" not in text.split(" while ")[0]], [])

    def test_the_linter_finds_what_is_not_synced(self):
        self.ok("create", self.home)
        for part in ("/objects/", "/tmp_igum"):
            complaints = self.trace("append", self.home, 3, BATCH, unsynced=part, scope=OBJECTS).complaints
            self.assertTrue(any("/objects/" in complaint for complaint in complaints), (part, complaints))
        self.assertTrue(any("rename" in complaint for complaint in complaints), complaints)

    def test_the_linter_finds_an_archive_that_is_made_without_syncs(self):
        self.assertTrue(self.trace("create", self.home, unsynced="/", scope="").complaints)


class FullDisk(Trap):
    """A tmpfs of a few pages more each time, so that every write is the one that does not fit."""

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.directory, "disk")
        self.home = os.path.join(self.disk, "home")
        os.mkdir(self.disk)
        self.addCleanup(harness.unmount, self.disk)

    def mount(self, size):
        harness.unmount(self.disk)
        harness.call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.disk)

    def grow(self):
        harness.call("mount", "-o", f"remount,size={64 * KIB * KIB}", self.disk)

    def assert_full(self, done):
        self.assertEqual(done.returncode, harness.EXIT_FULL, done.stderr)
        self.assertRegex(done.stderr, "(?i)no space|full")

    def fill(self, size, batch):
        """Makes an archive and appends until nothing fits; returns how many were acknowledged."""
        self.mount(size)
        done = self.appender.run("create", self.home)
        if done.returncode != 0:
            self.assert_full(done)
            self.grow()
            self.ok("create", self.home)
            self.assert_sound(self.home, {})
            return 0
        done = self.appender.run("append", self.home, 60, batch)
        acked = harness.parse(done.stdout.splitlines(), "ack")
        if done.returncode != 0:
            self.assert_full(done)
        for log, seq in acked.items():
            heads = harness.git_heads(self.home)
            self.assertGreaterEqual(heads.get(log, 0), seq, "acknowledged on a full disk, and not there")
        self.grow()
        self.assert_sound(self.home, acked)
        return sum(acked.values())

    def sweep(self, batch, *ranges):
        if LONG:
            ranges = [range(16, 800, 4)]
        counts = [self.fill(size * KIB, batch) for sizes in ranges for size in sizes]
        self.assertEqual(counts[0], 0)
        self.assertGreater(max(counts), 0, "no disk was large enough to find anything")

    def test_single_appends_on_a_full_disk_are_refused_and_work_again(self):
        self.sweep(1, range(48, 180, 4), range(180, 420, 24))

    def test_batches_on_a_full_disk_are_refused_and_work_again(self):
        self.sweep(20, range(48, 420, 16))

    def test_a_running_writer_goes_on_when_room_returns(self):
        stopped = 0
        for size in range(280, 400, 4 if LONG else 16):
            self.mount(64 * KIB * KIB)
            self.ok("create", self.home)
            harness.call("mount", "-o", f"remount,size={size * KIB}", self.disk)
            stopped += self.step_until_full()
        self.assertGreater(stopped, 0, "no disk became full")

    def step_until_full(self):
        process = self.appender.start("step", self.home, 0, 1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
        lines, full = [], False
        for _ in range(120):
            os.write(process.stdin.fileno(), b"\n")
            line = process.stdout.readline().decode()
            if line == "full\n":
                full = True
                self.grow()
                os.write(process.stdin.fileno(), b"\n")
                line = process.stdout.readline().decode()
            if not line or line == "full\n":
                break
            lines.append(line)
            if full:
                break
        text = self.rest(process)
        self.assertTrue(not full or lines[-1:] == [line], f"room returned, and: {line}{text}")
        # Whoever cannot open it says why.
        self.assertIn(process.returncode, (0, harness.EXIT_FULL), text)
        self.grow()
        self.assert_sound(self.home, harness.parse(lines, "ack"))
        return full

    @staticmethod
    def rest(process):
        process.stdin.close()
        text = process.stderr.read().decode()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()
        return text


class DamagedObjects(Trap):
    """A crash of another program leaves empty or cut object files, which git's own writers never write again."""

    def damage_what_comes(self, length):
        self.ok("create", self.home)
        acked = self.ok("append", self.home, 4, 1)
        before = self.objects()
        twin = os.path.join(self.directory, "twin")
        shutil.copytree(self.home, twin, symlinks=True)
        self.ok("append", self.home, 3, 1)
        coming = [os.path.relpath(path, self.home) for path in self.objects() - before]
        self.assertGreaterEqual(len(coming), 6)
        for name in coming:
            os.makedirs(os.path.dirname(os.path.join(twin, name)), exist_ok=True)
            with open(os.path.join(self.home, name), "rb") as whole, open(os.path.join(twin, name), "wb") as cut:
                cut.write(whole.read()[:length])
        self.home = twin
        harness.merge(acked, self.ok("append", twin, 3, 1))
        self.assert_sound(twin, acked)

    def test_empty_objects_are_written_again(self):
        self.damage_what_comes(0)

    def test_cut_objects_are_written_again(self):
        self.damage_what_comes(20)


class LeftOvers(Trap):
    def test_what_a_killed_writer_left_is_removed_and_the_next_append_works(self):
        self.ok("create", self.home)
        acked = self.ok("append", self.home, 5, 1)
        harness.merge(acked, self.ok("append", self.home, 1, 20))
        left = ["HEAD.lock", "config.lock", "packed-refs.lock", "objects/aa/tmp_object_git2_k3nqXy",
                "objects/tmp_object_git2_a", "objects/pack/tmp_pack_Xb2", "objects/pack/tmp_idx_Xb2",
                "objects/pack/tmp_igum_pack.pack", "objects/tmp_igum_pack.pack", "objects/tmp_igum_pack.idx",
                "objects/aa/tmp_igum_4711", "objects/pack/pack_git2_0a1b2c", "objects/pack/pack-" + "0a" * 20 + ".pack", "objects/pack/pack-" + "0b" * 20 + ".idx"]
        left += [f"refs/igum/{kind}/{log}.lock" for kind in ("log", "content") for log in acked]
        os.makedirs(self.inside("objects/aa"), exist_ok=True)
        for name in left:
            with open(self.inside(name), "wb") as file:
                file.write(b"half of")
            os.chmod(self.inside(name), 0o444)
        harness.merge(acked, self.ok("append", self.home, 3, 1))
        self.assertEqual([name for name in left if os.path.exists(self.inside(name))], [])
        self.assert_sound(self.home, acked)


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    PROGRAM = os.path.abspath(sys.argv[1])
    if not shutil.which("strace"):
        harness.skip("no strace")
    directory = tempfile.mkdtemp()
    try:
        may = harness.call("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory, check=False)
        harness.unmount(directory)
    finally:
        os.rmdir(directory)
    if may.returncode != 0:
        harness.skip(f"file systems cannot be mounted: {may.stderr.strip()}")
    program = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False, verbosity=2)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets a writer's disk, one in memory, get full at one place after the other.

    full.py APPENDER

Nothing acknowledged may be missing, nothing damaged, and there is work again when there is room.  Needs root.
"""

import os
import subprocess
import sys
import tempfile

import crash


def must(*command):
    subprocess.run(command, check=True, capture_output=True)


def full_disks(appender):
    bad = refused = 0
    with tempfile.TemporaryDirectory(prefix="igum-full-") as scratch:
        home = scratch + "/home"
        for size in range(1600, 1900, 20):
            must("mount", "-t", "tmpfs", "-o", "size=%dk" % size, "tmpfs", scratch)
            try:
                acks = {}
                if crash.run([appender, "create", home]).returncode == 0:
                    done = crash.run([appender, "append", home, "60", "1" if size % 40 else "7"])
                    acks = crash.seqs(done.stdout, "ack")
                    refused += done.returncode == 3
                    must("mount", "-o", "remount,size=%dk" % (size + 20000), scratch)
                    wrong = crash.judge(home, appender + " check {home}", acks)
                    again = crash.run([appender, "append", home, "5", "1"])
                    if not wrong and (done.returncode not in (0, 3) or again.returncode != 0):
                        wrong = "it ended with %d, and then %d: %s %s" % (done.returncode, again.returncode, done.stderr,
                                                                         again.stderr)
                    if wrong:
                        bad += 1
                        print("%d KiB: %s" % (size, wrong))
            finally:
                must("umount", scratch)
    print("full disks: %d refusals, %d bad" % (refused, bad))
    return bad + (refused == 0)


def main():
    if os.geteuid() != 0:
        print("skipped: mounting a file system needs root", file=sys.stderr)
        return crash.SKIP
    return 1 if full_disks(os.path.abspath(sys.argv[1])) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kills a command at its system calls one after the other, or makes them fail, and judges the home after each.

    sweep.py --setup CMD --victim CMD --check CMD [--points N] [--full] [--errors]

{home} in a command stands for the home.  The victim prints 'ack LOG SEQ' for what it promises to keep, the check prints
'head LOG SEQ' for what is there and exits 0 when nothing is damaged.  After each kill: the check, git fsck, everything
acknowledged is there, and the victim runs through when it is started again.
"""

import argparse
import collections
import re
import shutil
import subprocess
import sys
import tempfile

import crash

CLASSES = ("openat,mkdir,write,pwrite64,fsync,fdatasync,syncfs,ftruncate,fchmod,rename,renameat2,link,unlink,close,"
           "mmap,flock,msync")
FAILING = "openat,mkdir,write,pwrite64,fsync,fdatasync,rename,link,close"


def count_calls(victim, home, scratch):
    trace = scratch + "/trace"
    done = crash.run(["strace", "-f", "-qq", "-o", trace, "-e", "trace=" + CLASSES] + crash.fill(victim, home))
    if done.returncode != 0:
        sys.exit("the victim fails by itself: " + done.stdout + done.stderr)
    counts = collections.Counter()
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = re.match(r"\d+\s+(\w+)\(", line)
            if found:
                counts[found.group(1)] += 1
    return counts


def sample(points, limit):
    if not limit or len(points) <= limit:
        return points
    step = len(points) / limit
    return [points[int(i * step)] for i in range(limit)]


def inject(victim, home, call, how):
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=%s:%s" % (call, how)]
    try:
        return crash.run(command + crash.fill(victim, home)).stdout
    except subprocess.TimeoutExpired:
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--setup", action="append", required=True)
    parser.add_argument("--victim", required=True)
    parser.add_argument("--check", required=True)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--full", action="store_true", help="every point")
    parser.add_argument("--errors", action="store_true", help="make calls fail instead of killing")
    options = parser.parse_args()
    if not shutil.which("strace"):
        print("skipped: no strace", file=sys.stderr)
        return crash.SKIP

    bad = 0
    with tempfile.TemporaryDirectory(prefix="igum-sweep-") as scratch:
        template, home = scratch + "/template", scratch + "/home"
        for command in options.setup:
            done = crash.run(crash.fill(command, template))
            if done.returncode != 0:
                sys.exit("setup: " + done.stdout + done.stderr)
        shutil.copytree(template, home)
        counts = count_calls(options.victim, home, scratch)
        points = []
        for call, count in sorted(counts.items()):
            for n in range(1, count + 1):
                if not options.errors:
                    points.append((call, "signal=SIGKILL:when=%d" % n))
                elif call in FAILING.split(","):
                    error = "ENOSPC" if n % 2 and call not in ("close", "fsync") else "EIO"
                    points += [(call, "error=%s:when=%d" % (error, n)), (call, "error=%s:when=%d+" % (error, n))]
        chosen = points if options.full else sample(points, options.points)
        for call, how in chosen:
            shutil.rmtree(home)
            shutil.copytree(template, home)
            output = inject(options.victim, home, call, how)
            wrong = "it hangs" if output is None else crash.judge(home, options.check, crash.seqs(output, "ack"))
            if not wrong:
                again = crash.run(crash.fill(options.victim, home))
                if again.returncode != 0:
                    wrong = "it does not go on: " + again.stderr[-300:]
                else:
                    wrong = crash.judge(home, options.check, crash.seqs(again.stdout, "ack"))
            if wrong:
                bad += 1
                print("%s %s: %s" % (call, how, wrong))
    print("%d of %d points, %d bad" % (len(chosen), len(points), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

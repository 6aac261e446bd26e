#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kills `igum publish`, and `igum sync` while it receives, at their system calls one after the other.

    program.py IGUM [--points N] [--full]

After each kill: `igum verify` and git fsck are content, what was acknowledged is there, and the same command runs through.
"""

import argparse
import os
import re
import shlex
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import crash
import sweep
from harness import Place

sweep.CLASSES += ",sendmsg"


def documents(text):
    return set(re.findall(r'"document":\s*"([0-9a-f]{64})"', text))


def judge(igum, home, wanted):
    checked = crash.run([igum, "--home", home, "verify"])
    if checked.returncode != 0:
        return "verify: %d %s%s" % (checked.returncode, checked.stdout[-300:], checked.stderr[-300:])
    fsck = crash.run(["git", "-C", os.path.join(home, "archive.git"), "fsck", "--full", "--strict"])
    if fsck.returncode != 0:
        return "git fsck: " + fsck.stdout[-300:] + fsck.stderr[-300:]
    listed = crash.run([igum, "--home", home, "list", "--json"])
    lost = wanted - documents(listed.stdout)
    return "lost: %s" % lost if listed.returncode != 0 or lost else ""


def put(template, home):
    """A copy that signs as if it were the home itself."""
    shutil.copytree(template, home)
    os.remove(os.path.join(home, "keys", "marks"))


def run(igum, place, template, arguments, wanted, options):
    """Returns how many points were bad; `wanted` must be there once the command has run through."""
    home = place.join("victim")
    victim = shlex.join([igum, "--home", home, *arguments])
    before = documents(crash.run([igum, "--home", template, "list", "--json"]).stdout)
    put(template, home)
    counts = sweep.count_calls(victim, home, place.path)
    points = [(call, "signal=SIGKILL:when=%d" % n) for call, count in sorted(counts.items()) for n in range(1, count + 1)]
    chosen = points if options.full else sweep.sample(points, options.points)
    bad = 0
    for call, how in chosen:
        shutil.rmtree(home)
        put(template, home)
        output = sweep.inject(victim, home, call, how)
        wrong = "it hangs" if output is None else judge(igum, home, before | documents(output))
        if not wrong:
            again = crash.run(shlex.split(victim))
            if again.returncode != 0:
                wrong = "it does not go on: " + again.stderr[-300:]
            else:
                wrong = judge(igum, home, before | wanted | documents(again.stdout))
        if wrong:
            bad += 1
            print("%s: %s %s: %s" % (arguments[0], call, how, wrong))
    shutil.rmtree(home)
    print("%s: %d of %d points, %d bad" % (arguments[0], len(chosen), len(points), bad), flush=True)
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("igum")
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--full", action="store_true", help="every point")
    options = parser.parse_args()
    if not shutil.which("strace"):
        print("skipped: no strace", file=sys.stderr)
        return crash.SKIP
    igum = os.path.abspath(options.igum)
    place = Place(igum, "killed")
    try:
        os.environ.update({name: place.environment[name] for name in ("IGUM_PASSPHRASE_FILE", "HOME")})
        document = place.write("document.md", "# מסמך\n\nגוף המסמך.\n")
        a = place.node("a").found()
        a.igum("publish", document)
        a.start(http=None)
        b = place.node("b").enter(a, "שדה לוטם", "אורית")
        a.igum("publish", *[document] * 12)
        bad = run(igum, place, b.home, ["sync"], a.documents(), options)
        a.end()
        return 1 if bad + run(igum, place, a.home, ["publish", "--json", document], set(), options) else 0
    finally:
        place.clean()


if __name__ == "__main__":
    sys.exit(main())

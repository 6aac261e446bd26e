# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the crash tests share: running a command on a home, reading what it acknowledged, judging the home after it."""

import os
import shlex
import subprocess

SKIP = 77


def environment():
    # Leaks cannot be looked for under a tracer, and are not what is asked here.
    return dict(os.environ, ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")


def fill(template, home):
    return [word.replace("{home}", home) for word in shlex.split(template)]


def run(command, timeout=60):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment())


def seqs(text, word):
    """The greatest number of each log in lines 'WORD LOG SEQ'; an unfinished last line counts for nothing."""
    found = {}
    for line in text.splitlines(keepends=True):
        parts = line.split()
        if line.endswith("\n") and len(parts) == 3 and parts[0] == word:
            found[parts[1]] = max(found.get(parts[1], 0), int(parts[2]))
    return found


def judge(home, check, acknowledged):
    """Returns what is wrong with a home, or an empty string."""
    checked = run(fill(check, home))
    if checked.returncode != 0:
        return "check: %d %s %s" % (checked.returncode, checked.stdout[-300:], checked.stderr[-300:])
    heads = seqs(checked.stdout, "head")
    for log, seq in acknowledged.items():
        if heads.get(log, 0) < seq:
            return "lost: log %s was acknowledged to %d and is at %d" % (log[:16], seq, heads.get(log, 0))
    fsck = run(["git", "-C", os.path.join(home, "archive.git"), "fsck", "--full", "--strict"])
    if fsck.returncode != 0:
        return "git fsck: %s %s" % (fsck.stdout[-300:], fsck.stderr[-300:])
    return ""

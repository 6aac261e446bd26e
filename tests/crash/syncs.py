#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looks at the system calls of appends.

    syncs.py APPENDER

Of a batch nothing is renamed unsynced, and refs are synced with their directories.  What is little is written into the journal and
synced there before anything is renamed, and the journal is emptied only after the whole file system was synced.
"""

import re
import shutil
import subprocess
import sys
import tempfile

import crash

CALLS = "fsync,fdatasync,syncfs,ftruncate,pwrite64,rename,renameat2,link"
PARTS = {"objects", "refs/igum/log", "refs/igum/content"}


def trace_of(appender, scratch, batch):
    """The calls of two appends, as (name, path, path that it is moved to)."""
    home, trace = f"{scratch}/home{batch}", f"{scratch}/trace{batch}"
    subprocess.run([appender, "create", home], check=True)
    subprocess.run(["strace", "-f", "-qq", "-y", "-s", "4096", "-o", trace, "-e", "trace=" + CALLS, appender, "append", home, "2",
                    str(batch)], check=True, capture_output=True, env=crash.environment())
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            moved = re.search(r'(rename|link)\w*\((?:AT_FDCWD[^,]*, )?"(.*?)", (?:AT_FDCWD[^,]*, )?"(.*?)".*= 0$', line)
            called = re.search(r"(\w+)\(\d+<(.*?)>.*\) += \d+", line)
            if moved:
                yield moved.groups()
            elif called:
                yield called.group(1), called.group(2), None


def part_of(path):
    return re.sub(r".*archive\.git/(refs/igum/\w+|objects)/.*", r"\1", path)


def judge_batch(calls):
    wrong, synced, seen = [], set(), set()
    waiting = set()  # Directories in which a name was moved since they were synced.
    for call, path, to in calls:
        if call == "fsync":
            synced.add(path)
            waiting.discard(path)
        elif call == "syncfs":
            waiting.clear()
        elif to:
            if path not in synced:
                wrong.append("renamed unsynced: " + path)
            synced.discard(path)
            seen.add(part_of(to))
            directory = to.rsplit("/", 1)[0]
            if directory.endswith("/log"):
                wrong += ["a log moves while unsynced: " + other for other in waiting]
            waiting.add(directory)
    wrong += ["unsynced at the end: " + directory for directory in waiting]
    return wrong + ["not seen at work: " + part for part in PARTS - seen]


def judge_little(calls):
    wrong, seen = [], set()
    written = told = emptied = False
    moved = []  # Names since the file system was synced.
    for call, path, to in calls:
        journal = path.endswith("/archive.git/journal")
        if journal and call == "pwrite64":
            written, told = True, False
        elif journal and call == "fdatasync":
            told = written
        elif call == "syncfs":
            moved = []
        elif journal and call == "ftruncate":
            wrong += ["the journal goes before it is synced: " + name for name in moved]
            emptied, told, written = emptied or bool(seen), False, False
        elif to:
            part = part_of(to)
            if part in PARTS and not told:
                wrong.append("moved before the journal tells of it: " + to)
            seen.add(part)
            moved.append(to)
    if not emptied:
        wrong.append("the journal was never emptied")
    return wrong + ["not seen at work: " + part for part in PARTS - seen]


def main():
    if not shutil.which("strace"):
        print("skipped: no strace", file=sys.stderr)
        return crash.SKIP
    with tempfile.TemporaryDirectory(prefix="igum-syncs-") as scratch:
        wrong = judge_batch(trace_of(sys.argv[1], scratch, 12)) + judge_little(trace_of(sys.argv[1], scratch, 1))
    print("\n".join(wrong) or "every rename is synced")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

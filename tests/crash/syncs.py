#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looks at the system calls of appends.

    syncs.py APPENDER

The pack of a batch is synced, and its directory, before the journal tells of its refs.  Those are written into the journal and synced
there before anything is renamed, as is all of what is little, and the journal is emptied only after the whole file system was synced.
"""

import re
import shutil
import subprocess
import sys
import tempfile

import crash

CALLS = "fsync,fdatasync,syncfs,ftruncate,pwrite64,rename,renameat2,link"
REFS = {"refs/igum/log", "refs/igum/content"}


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


def judge_pack(calls):
    wrong, synced, seen = [], set(), False
    waiting = set()  # Directories in which a name was moved since they were synced.
    for call, path, to in calls:
        if call == "fsync":
            synced.add(path)
            waiting.discard(path)
        elif call == "syncfs":
            waiting.clear()
        elif call == "fdatasync" and path.endswith("/archive.git/journal"):
            wrong += ["the journal tells of refs while unsynced: " + other for other in waiting]
        elif to and part_of(to) == "objects":
            if path not in synced:
                wrong.append("renamed unsynced: " + path)
            synced.discard(path)
            seen = True
            waiting.add(to.rsplit("/", 1)[0])
    wrong += ["unsynced at the end: " + directory for directory in waiting]
    return wrong + ([] if seen else ["no pack was seen"])


def judge_journal(calls, parts):
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
            if part in parts and not told:
                wrong.append("moved before the journal tells of it: " + to)
            seen.add(part)
            moved.append(to)
    if not emptied:
        wrong.append("the journal was never emptied")
    return wrong + ["not seen at work: " + part for part in parts - seen]


def main():
    if not shutil.which("strace"):
        print("skipped: no strace", file=sys.stderr)
        return crash.SKIP
    with tempfile.TemporaryDirectory(prefix="igum-syncs-") as scratch:
        batch, little = (list(trace_of(sys.argv[1], scratch, count)) for count in (12, 1))
    wrong = judge_pack(batch) + judge_journal(batch, REFS) + judge_journal(little, REFS | {"objects"})
    print("\n".join(wrong) or "every rename is synced")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

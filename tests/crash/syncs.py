#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looks at the system calls of one append: nothing is renamed unsynced, and refs are synced with their directories.

    syncs.py APPENDER
"""

import re
import shutil
import subprocess
import sys
import tempfile

import crash


def main():
    if not shutil.which("strace"):
        print("skipped: no strace", file=sys.stderr)
        return crash.SKIP
    appender, wrong = sys.argv[1], []
    with tempfile.TemporaryDirectory(prefix="igum-syncs-") as scratch:
        home, trace = scratch + "/home", scratch + "/trace"
        subprocess.run([appender, "create", home], check=True)
        subprocess.run(["strace", "-f", "-qq", "-y", "-s", "4096", "-o", trace, "-e", "trace=fsync,rename,renameat2,link", appender, "append",
                        home, "2", "1"], check=True, capture_output=True, env=crash.environment())
        synced, seen = set(), set()
        waiting = set()  # Directories in which a name was moved since they were synced.
        with open(trace, encoding="utf-8") as lines:
            for line in lines:
                sync = re.search(r"fsync\(\d+<(.*?)>\) += 0", line)
                moved = re.search(r'(?:rename\w*|link)\((?:AT_FDCWD[^,]*, )?"(.*?)", (?:AT_FDCWD[^,]*, )?"(.*?)".*= 0$', line)
                if sync:
                    synced.add(sync.group(1))
                    waiting.discard(sync.group(1))
                if moved:
                    if moved.group(1) not in synced:
                        wrong.append("renamed unsynced: " + moved.group(1))
                    synced.discard(moved.group(1))
                    seen.add(re.sub(r".*archive\.git/(refs/igum/\w+|objects)/.*", r"\1", moved.group(2)))
                    directory = moved.group(2).rsplit("/", 1)[0]
                    if directory.rsplit("/", 1)[-1] == "log":
                        wrong += ["a log moves while unsynced: " + other for other in waiting]
                    waiting.add(directory)
        wrong += ["unsynced at the end: " + directory for directory in waiting]
    wrong += ["not seen at work: " + part for part in {"objects", "refs/igum/log", "refs/igum/content"} - seen]
    print("\n".join(wrong) or "every rename is synced")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

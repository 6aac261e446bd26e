# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads what strace saw of a writer and finds promises that were made before the disk could keep them.

Two rules: no file gets a name while what was written into it is not synced; nothing is acknowledged while a file or a
directory that was touched is not synced.  That a removal is not durable harms nobody.
"""

import os
import re

CALLS = ("openat,write,pwrite64,writev,ftruncate,fallocate,fsync,fdatasync,syncfs,sync_file_range,rename,renameat,"
         "renameat2,link,linkat,symlink,mkdir,mkdirat,unlink,exit_group")
LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+|\?)(.*)$")
DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Linter:
    def __init__(self, scope):
        self.scope = scope.rstrip("/") + "/"
        self.files = set()  # Touched and not synced.
        self.directories = {}  # The same, with the names that came in each.
        self.complaints = []
        self.promises = []  # For each: syncs, and names given, since the one before.
        self.syncs = self.names = 0

    def is_ours(self, path):
        return (path + "/").startswith(self.scope)

    def touch_name(self, path):
        if self.is_ours(os.path.dirname(path)):
            self.names += 1
            self.directories.setdefault(os.path.dirname(path), set()).add(path)

    def untouch_name(self, path):
        """It goes by another name now: whether a crash brings the old one back is no matter."""
        names = self.directories.get(os.path.dirname(path), set())
        names.discard(path)
        if not names:
            self.directories.pop(os.path.dirname(path), None)

    def promise(self, what):
        for path in sorted(self.files | set(self.directories)):
            self.complaints.append(f"{what} while {path} is not synced")
        self.promises.append((self.syncs, self.names))
        self.syncs = self.names = 0

    def move(self, call, old, new):
        inside = [path for path in self.files if path == old or path.startswith(old + "/")]
        for path in inside:
            self.complaints.append(f"{call} to {new} while {path} is not synced")
            if call != "link":
                self.files.remove(path)
                self.files.add(new + path[len(old):])
        for path in [path for path in self.directories if path == old or path.startswith(old + "/")]:
            self.complaints.append(f"{call} to {new} while {path} is not synced")
            self.directories[new + path[len(old):]] = self.directories.pop(path)
        if call == "rename":
            self.untouch_name(old)
        self.touch_name(new)

    def feed(self, line):
        found = LINE.match(line)
        if not found or found.group(3).startswith("-"):
            return
        call, arguments, _, rest = found.groups()
        descriptor = DESCRIPTOR.match(arguments)
        paths = QUOTED.findall(arguments)
        if call in ("fsync", "fdatasync") and descriptor:
            self.syncs += self.is_ours(descriptor.group(2))
            self.files.discard(descriptor.group(2))
            self.directories.pop(descriptor.group(2), None)
        elif call == "syncfs":
            self.files.clear()
            self.directories.clear()
        elif call in ("write", "writev", "pwrite64", "ftruncate", "fallocate") and descriptor:
            if descriptor.group(1) == "1" and '"ack ' in arguments:
                self.promise("acknowledged")
            elif self.is_ours(descriptor.group(2)):
                self.files.add(descriptor.group(2))
        elif call == "openat" and "O_CREAT" in arguments and self.is_ours(paths[0]):
            self.files.add(paths[0])
            self.directories.setdefault(os.path.dirname(paths[0]), set()).add(paths[0])
        elif call.startswith(("rename", "link")):
            self.move("link" if call.startswith("link") else "rename", paths[0], paths[1])
        elif call.startswith("mkdir"):
            self.touch_name(paths[0])
        elif call == "unlink":
            self.files.discard(paths[0])
        elif call == "exit_group":
            self.promise("ended")


def lint(trace, scope):
    linter = Linter(scope)
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            linter.feed(line)
    return linter

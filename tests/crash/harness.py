# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the crash tests share: the appender, stock git as the second witness, file systems of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
EXIT_FULL = 3
ENVIRONMENT = dict(os.environ, LC_ALL="C", GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null",
                   GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*",
                   ASAN_OPTIONS="detect_leaks=0")


def skip(why):
    print(f"SKIPPED, so not proven on this machine: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def call(*command, check=True, **options):
    done = subprocess.run(command, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def parse(lines, word):
    """{log: highest seq} of whole lines "WORD LOG SEQ"."""
    heads = {}
    for line in lines:
        parts = line.split()
        if len(parts) == 3 and parts[0] == word:
            heads[parts[1]] = max(heads.get(parts[1], 0), int(parts[2]))
    return heads


def merge(heads, more):
    for log, seq in more.items():
        heads[log] = max(heads.get(log, 0), seq)


class Appender:
    """The program and how it is run: under strace, with a mutation, or plainly."""

    def __init__(self, program, wrapper=(), environment=()):
        self.program = program
        self.wrapper = list(wrapper)
        self.environment = dict(ENVIRONMENT, **dict(environment))

    def start(self, *arguments, **options):
        return subprocess.Popen([*self.wrapper, self.program, *map(str, arguments)], env=self.environment,
                                start_new_session=True, **options)

    def run(self, *arguments):
        return subprocess.run([*self.wrapper, self.program, *map(str, arguments)], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def git(home, *arguments, check=True):
    return call("git", "--git-dir", os.path.join(home, "archive.git"), *arguments, check=check)


def git_heads(home):
    """What stock git finds of each log: refs, and the commits that they reach."""
    refs = git(home, "for-each-ref", "--format=%(refname)", "refs/igum/log/").stdout.split()
    return {ref.rsplit("/", 1)[1]: int(git(home, "rev-list", "--count", ref).stdout) for ref in refs}


def judge(appender, home, acked, again=True):
    """What is wrong with a home after a crash, as sentences.  Opens it for writing, as a node would."""
    wrong = []
    done = appender.run("check", home)
    if done.returncode != 0:
        wrong.append(f"corrupt: the check says {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")
    try:
        found = git_heads(home)
        fsck = git(home, "fsck", "--full", "--strict", "--no-dangling", "--no-progress", check=False)
        if fsck.returncode != 0 or "error" in fsck.stderr:
            wrong.append(f"corrupt: git fsck: {(fsck.stdout + fsck.stderr).strip()[-300:]}")
    except RuntimeError as error:
        found = {}
        wrong.append(f"corrupt: stock git: {str(error)[-300:]}")
    for witness, heads in (("the archive", parse(done.stdout.splitlines(), "head")), ("git", found)):
        for log, seq in acked.items():
            if heads.get(log, 0) < seq:
                wrong.append(f"lost: {log[:8]} was acknowledged up to {seq}, {witness} has {heads.get(log, 0)}")
    if again:
        done = appender.run("append", home, 1, 1)
        if done.returncode != 0:
            wrong.append(f"stuck: the next append says {done.returncode}: {done.stderr.strip()[-300:]}")
        merge(acked, parse(done.stdout.splitlines(), "ack"))
    return wrong


def room(need):
    """A directory with room for images: in memory when there is enough of it, for a disk's speed is not tested here."""
    for place in ("/dev/shm", tempfile.gettempdir()):
        if os.path.isdir(place) and os.access(place, os.W_OK) and shutil.disk_usage(place).free > need:
            return tempfile.mkdtemp(prefix="igum-crash-", dir=place)
    skip("no room for the images of file systems")


def unmount(path):
    """A process that was killed may hold it a moment longer."""
    end = time.monotonic() + 10
    while os.path.ismount(path):
        done = call("umount", path, check=False)
        if done.returncode != 0 and time.monotonic() > end:
            raise RuntimeError(done.stderr)
        if done.returncode != 0:
            time.sleep(0.01)

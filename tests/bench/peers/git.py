# SPDX-License-Identifier: AGPL-3.0-or-later
"""git over git://, on the very entries that Igum keeps, or on commits as people make them; no signature is verified by it."""

import base64
import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import time

import wire

LOGS_NAME = "git clone, a branch for each author"
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


def git(*arguments, folder=None, **options):
    place = () if folder is None else ("-C", folder)
    return subprocess.run(["git", *place, *map(str, arguments)], env=ENVIRONMENT, check=True, capture_output=True, text=True, **options).stdout


def server_copy(repository, path):
    """The repository as a git server would keep it at its best."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(repository, path)
    git("repack", "-adFq", "--window-memory=256m", folder=path)
    git("pack-refs", "--all", folder=path)
    return path


@contextlib.contextmanager
def daemon(base):
    """Serves the repositories below a folder; yields the proxy before it."""
    port = wire.free_port()
    process = subprocess.Popen(["git", "daemon", "--export-all", f"--base-path={base}", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr"],
                               env=ENVIRONMENT, stderr=subprocess.DEVNULL, process_group=0)
    wire.wait_for_port(port)
    proxy = wire.Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
        os.killpg(process.pid, 15)
        process.wait()


def clone(base, name, target):
    """Seconds, and bytes on the wire."""
    shutil.rmtree(target, ignore_errors=True)
    with daemon(base) as proxy:
        began = time.monotonic()
        git("clone", "-q", "--mirror", f"git://127.0.0.1:{proxy.port}/{name}", target)
        os.sync()
        return time.monotonic() - began, proxy.bytes


def fetch(proxy, name, target):
    """Seconds and bytes of `git fetch` of all refs of a served repository into its mirror; the proxy is that of daemon()."""
    git("config", "remote.origin.url", f"git://127.0.0.1:{proxy.port}/{name}", folder=target)
    os.sync()
    proxy.reset()
    began = time.monotonic()
    git("fetch", "-q", "origin", folder=target)
    return time.monotonic() - began, proxy.bytes


class Logs:
    """A repository as authors would keep it who sign their commits, or do not: a branch for each, a commit with one file for each document.

    What stands for a signature is as long as one, and as dense; git looks at it as little as at a true one.
    """

    def __init__(self, path, count, signed=True):
        self.path, self.count, self.signed = path, count, signed
        self.dice, self.made, self.clock = random.Random(count), set(), 1700000000
        git("init", "-q", "--bare", path)

    def signature(self, log):
        key = random.Random(log).randbytes(32)
        text = base64.encodebytes(b"SSHSIG" + bytes(20) + key + bytes(40) + self.dice.randbytes(64))
        return b"-----BEGIN SSH SIGNATURE-----\n" + text + b"-----END SSH SIGNATURE-----\n"

    def commit(self, files):
        """Each file by the next author, from the first one on; what comes with a document is a tuple with it.  It is on the disk then."""
        process = subprocess.Popen(["git", "-C", self.path, "fast-import", "--quiet"], stdin=subprocess.PIPE, env=ENVIRONMENT)
        begun = set()
        for number, document in enumerate(files):
            log = number % self.count
            message = b"Entry\n\n" + self.signature(log) if self.signed else b"Entry\n"
            process.stdin.write(b"commit refs/heads/%04d\ncommitter a <a@b> %d +0000\ndata %d\n%s" % (log, self.clock, len(message), message))
            self.clock += 1  # git walks by time.
            if log in self.made and log not in begun:
                process.stdin.write(b"from refs/heads/%04d^0\n" % log)
            begun.add(log)
            process.stdin.write(b"deleteall\n")
            for file in document if isinstance(document, tuple) else (document,):
                data = pathlib.Path(file).read_bytes()
                process.stdin.write(b"M 100644 inline %s\ndata %d\n" % (os.path.basename(file).encode(), len(data)) + data + b"\n")
        process.stdin.close()
        if process.wait():
            raise SystemExit("git fast-import failed")
        self.made |= begun
        os.sync()

    def repack(self):
        git("repack", "-adFq", "--window-memory=256m", folder=self.path)
        git("pack-refs", "--all", folder=self.path)

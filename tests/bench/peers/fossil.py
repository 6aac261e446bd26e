# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fossil over its own HTTP: the documents as commits of one file each, unsigned."""

import contextlib
import os
import shutil
import subprocess
import time

import wire

NAME = "fossil clone"


def available():
    return shutil.which("fossil") is not None


def fossil(path, *arguments, **options):
    environment = {"PATH": os.environ["PATH"], "HOME": str(path), "USER": "bench", "LC_ALL": "C"}
    return subprocess.run(["fossil", *map(str, arguments)], env=environment, check=True, capture_output=True, cwd=path, **options).stdout


def server(repository, path):
    """Imports the documents of a git repository made for it: a commit a document."""
    target = path / "server.fossil"
    stream = subprocess.run(["git", "-C", repository, "fast-export", "--all"], check=True, capture_output=True).stdout
    fossil(path, "import", "--git", "--force", target, input=stream)
    return target


@contextlib.contextmanager
def daemon(repository, path):
    port = wire.free_port()
    environment = {"PATH": os.environ["PATH"], "HOME": str(path), "USER": "bench"}
    process = subprocess.Popen(["fossil", "server", "--localhost", "--port", str(port), repository], env=environment, cwd=path,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wire.wait_for_port(port)
    proxy = wire.Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
        process.terminate()
        process.wait()


def first_sync(repository, path):
    """Seconds, and bytes on the wire."""
    target = path / "clone.fossil"
    target.unlink(missing_ok=True)
    with daemon(repository, path) as proxy:
        began = time.monotonic()
        fossil(path, "clone", f"http://127.0.0.1:{proxy.port}/", target)
        os.sync()
        return time.monotonic() - began, proxy.bytes

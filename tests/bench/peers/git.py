# SPDX-License-Identifier: AGPL-3.0-or-later
"""git over git://, on the very entries that Igum keeps; no signature is verified by it."""

import contextlib
import os
import shutil
import subprocess
import time

import wire

NAME = "git"
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

# SPDX-License-Identifier: AGPL-3.0-or-later
"""rsync from a daemon, compressed: the files alone, without history and signatures."""

import contextlib
import os
import shutil
import subprocess
import time

import wire

NAME = "rsync -az"


def available():
    return shutil.which("rsync") is not None


@contextlib.contextmanager
def daemon(folder, path):
    port = wire.free_port()
    settings = path / "rsyncd.conf"
    settings.write_text(f"use chroot = no\nport = {port}\naddress = 127.0.0.1\nreverse lookup = no\n"
                        f"[documents]\npath = {folder}\nread only = yes\nuid = {os.getuid()}\ngid = {os.getgid()}\n")
    process = subprocess.Popen(["rsync", "--daemon", "--no-detach", f"--config={settings}"], stderr=subprocess.DEVNULL)
    wire.wait_for_port(port)
    proxy = wire.Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
        process.terminate()
        process.wait()


def first_sync(folder, path):
    """Seconds, and bytes on the wire."""
    target = path / "rsync"
    shutil.rmtree(target, ignore_errors=True)
    with daemon(folder, path) as proxy:
        began = time.monotonic()
        subprocess.run(["rsync", "-az", f"rsync://127.0.0.1:{proxy.port}/documents/", target], check=True)
        os.sync()
        return time.monotonic() - began, proxy.bytes

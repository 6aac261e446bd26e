# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hypercore: signed append-only logs over an encrypted stream, in Node.js; without compression.  Installed for the run by npm."""

import pathlib
import shutil
import subprocess
import threading
import time

import wire

NAME = "hypercore"
VERSION = "11.39.5"
HERE = pathlib.Path(__file__).parent


def available():
    return shutil.which("node") is not None and shutil.which("npm") is not None


def install(path):
    """Where it is installed, for Process; None when npm could not."""
    target = path / "hypercore"
    target.mkdir(exist_ok=True)
    (target / "package.json").write_text('{"private": true}')
    done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", f"hypercore@{VERSION}"], cwd=target)
    return target if done.returncode == 0 else None


class Process:
    """One process: the writer (no key), or a reader that follows `upstream`."""

    def __init__(self, installed, directory, key="-", upstream="-"):
        self.have, self.key, self.port = {}, None, None
        self.news = threading.Condition()
        self.process = subprocess.Popen(["node", HERE / "hypercore.js", directory, key, str(upstream)], cwd=installed, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.listen, daemon=True).start()
        self.wait(lambda: self.key and self.port)

    def listen(self):
        for line in self.process.stdout:
            word, *rest = line.split()
            with self.news:
                if word == "have":
                    self.have[int(rest[0])] = int(rest[1])
                else:
                    setattr(self, word, rest[0])
                self.news.notify_all()

    def wait(self, condition, seconds=120):
        with self.news:
            if not self.news.wait_for(condition, seconds):
                raise SystemExit("hypercore: not in time")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def first_sync(installed, corpus, count, path):
    """Seconds, and bytes on the wire."""
    for name in ("writer", "reader"):
        shutil.rmtree(path / name, ignore_errors=True)
    writer = Process(installed, path / "writer")
    writer.say(f"bulk {corpus}")
    writer.wait(lambda: count in writer.have)
    proxy = wire.Proxy(int(writer.port))
    began = time.monotonic()
    reader = Process(installed, path / "reader", writer.key, proxy.port)
    try:
        reader.wait(lambda: len(reader.have) >= count)
        return time.monotonic() - began, proxy.bytes
    finally:
        reader.close()
        writer.close()
        proxy.close()


def hops(installed, path, files, count):
    """Milliseconds from the append of each file until the last of a chain of `count` readers has it."""
    chain = [Process(installed, path / "hop-0")]
    try:
        for number in range(1, count + 1):
            chain.append(Process(installed, path / f"hop-{number}", chain[0].key, chain[-1].port))
        time.sleep(1)
        times = []
        for number, file in enumerate(files, 1):
            began = time.monotonic_ns()
            chain[0].say(f"append {file}")
            chain[-1].wait(lambda: number in chain[-1].have)
            times.append((chain[-1].have[number] - began) / 1e6)
        return times
    finally:
        for process in chain:
            process.close()

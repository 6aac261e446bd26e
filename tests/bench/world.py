# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network to measure: home 1 has all the documents of a corpus by some logs, the other homes have what governs only."""

import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/system"))

import corpus
import harness


SCAN = 20_000_000  # Bytes, as dense as a picture.


class World:
    def __init__(self, build, documents, logs=100, nodes=2):
        self.build, self.documents, self.logs = pathlib.Path(build).resolve(), documents, logs
        self.place = harness.Place(str(self.build / "node/igum"), "bench")
        self.path = pathlib.Path(self.place.path)
        self.kept, self.corpus, self.channels = prepare(self.build, self.path, documents, logs, nodes)
        self.bytes = sum(file.stat().st_size for file in self.corpus.iterdir())
        self.nodes = [self.node(f"homes/{number + 1}", key) for number, key in enumerate(self.channels)]

    def node(self, name, channel=None):
        node = self.place.node(name)
        node.channel = channel
        return node

    def fresh(self, name):
        """A home of that name that is not there yet."""
        shutil.rmtree(self.path / name, ignore_errors=True)
        return self.place.node(name)

    def copy(self, number, name):
        """A copy of a home as it was written, to be measured again from the same start."""
        shutil.rmtree(self.path / name, ignore_errors=True)
        shutil.copytree(self.path / "homes" / str(number), self.path / name)
        return self.node(name, self.channels[number - 1])

    def twin(self, number, name):
        """A home of its own that has all that home 1 has: the objects, which never change, are shared with it."""
        node, all_of_it = self.copy(number, name), self.path / "homes/1"
        home = pathlib.Path(node.home)
        shutil.rmtree(home / "archive.git")
        shutil.copytree(all_of_it / "archive.git", home / "archive.git",
                        copy_function=lambda a, b: os.link(a, b) if "/objects/" in a else shutil.copy2(a, b))
        shutil.copy2(all_of_it / "index.sqlite", home)
        if (all_of_it / "segments").exists():
            shutil.copytree(all_of_it / "segments", home / "segments", copy_function=os.link)
        return node

    def settle(self):
        """Until home 1 has done what its node does of itself: compressing the history of 100,000 documents takes minutes."""
        node, segments = self.nodes[0], "1/segments"
        node.start(http=None)
        wait_calm(node, 3600)
        node.end()
        if self.kept != self.path / "homes":
            shutil.rmtree(self.kept / segments, ignore_errors=True)
            shutil.copytree(self.path / "homes" / segments, self.kept / segments)
            shutil.copy2(self.path / "homes/1/index.sqlite", self.kept / "1")  # Of an older build it is made anew.

    @property
    def repository(self):
        return self.path / "homes/1/archive.git"

    def new_text(self, number):
        """A document of the same kind that is in no home yet."""
        return self.place.write(f"new/{number}.md", corpus.document(10_000_000 + number).encode())

    def new_scan(self, number):
        return self.place.write(f"new/{number}.jpeg", random.Random(number).randbytes(SCAN))

    def close(self):
        self.place.clean()


def prepare(build, path, documents, logs, nodes):
    """Writes path/homes; returns from where, where the corpus is, and the channel keys.  What is under IGUM_BENCH_KEEP is not made again: of 100,000 documents
    that takes minutes. The homes are written by the build that made them first."""
    keep = os.environ.get("IGUM_BENCH_KEEP")
    texts = pathlib.Path(keep or path) / f"corpus-{documents}"
    homes = pathlib.Path(keep) / f"homes-{documents}-{logs}-{nodes}" if keep else path / "homes"
    if not texts.exists():
        corpus.write(texts.with_suffix(".new"), documents)
        texts.with_suffix(".new").rename(texts)
    if not (homes / "channels").exists():
        shutil.rmtree(homes, ignore_errors=True)
        homes.mkdir()
        done = subprocess.run([build / "tests/write_homes", homes, str(nodes), str(documents), str(logs), texts], check=True, capture_output=True, text=True)
        (homes / "channels").write_text(done.stdout)
    if keep:
        shutil.copytree(homes, path / "homes")
    return homes, texts, (homes / "channels").read_text().split()


def report(node):
    """What a running node says of itself by its socket."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(os.path.join(node.home, "control.sock"))
        control.sendall(b"\0\0\0\1\2")
        with control.makefile("rb") as reply:
            return json.loads(reply.read(int.from_bytes(reply.read(4), "big"))[2:])


def processes(node):
    """A running node and its reader, by their numbers."""
    children = pathlib.Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split()
    return [node.process.pid, *map(int, children)]


def cpu(node):
    """Seconds of processor time that a node has used, and its reader."""
    ticks = 0
    for process in processes(node):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(node):
    """MiB that a node and its reader hold in memory; what they share counts once."""
    total = 0
    for process in processes(node):
        rollup = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M).group(1))
    return total / 1024


def wait_calm(node, seconds=600):
    """Until it has done what a node does after it started or caught up."""
    end, used = time.monotonic() + seconds, -1
    while (now := cpu(node)) - used > 0.03:
        if time.monotonic() > end:
            raise SystemExit("the node does not come to rest")
        used = now
        time.sleep(4)


def peak(process):
    """The most memory a running process ever had, in MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def run_measured(command, **options):
    """Runs a command to its end; its wall time is the caller's to take.  Returns its peak memory in MiB.

    What wait4() tells would be the most that this program ever had, where that is more: a child has its parent's memory until exec().
    """
    process, most = subprocess.Popen(command, **options), 0
    while process.poll() is None:
        try:
            most = max(most, peak(process))
        except (OSError, AttributeError):  # It has ended since.
            continue
        time.sleep(0.005)
    if process.returncode:
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return most

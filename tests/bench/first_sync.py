# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first synchronisation of an empty node beside git clone and others; and what publishing in bulk costs beside git fast-import."""

import os
import shutil
import subprocess
import time

import wire
import world
from peers import fossil, git, hypercore, rsync
from table import Row, median

COMPRESSED_S = 600
LOGS = 100
TENTH = 10
GROWN = 100_000  # From so many documents on it is asked whether each costs as much as among few.
SETTLED_S = 8  # Without another one: what is left is too little for one.


def join(w, turn):
    """An office enters as a second node: seconds until everything is verified and durable, bytes, peak MiB of both processes."""
    port = wire.free_port()
    server = w.nodes[0].start(listen=f"127.0.0.1:{port}", http=None)
    proxy = wire.Proxy(port)
    try:
        invitation = server.json("invite", "--node", f"צומת {turn}", "--address", f"127.0.0.1:{proxy.port}")[0]["invitation"]
        second = w.fresh("second")
        proxy.reset()
        began = time.monotonic()
        peak = world.run_measured(second.command("--quiet", "join", invitation), env=w.place.environment, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        states = [node.status() for node in (server, second)]
        if states[0]["root"] != states[1]["root"] or states[1]["documents"] < w.documents:
            raise SystemExit(f"the second node is not equal after joining: {states}")
        return seconds, proxy.bytes, max(peak, world.peak(server.process))
    finally:
        proxy.close()
        server.end()


def wait_compressed(w):
    """Runs home 1 until it has compressed its history, as the repository that git serves was repacked: both do it once, beforehand."""
    server = w.nodes[0].start(http=None)
    try:
        began, latest, since = time.monotonic(), 0, time.monotonic()
        while not latest or time.monotonic() - since < SETTLED_S:
            state = world.report(server)
            if state["compressed"] != latest:
                latest, since = state["compressed"], time.monotonic()
            if time.monotonic() - began > COMPRESSED_S:
                raise SystemExit(f"home 1 did not compress its history: {state}")
            time.sleep(0.2)
    finally:
        server.end()


def fast_import(w, path):
    """The corpus as plain git commits, a document each: unsigned.  Seconds."""
    shutil.rmtree(path, ignore_errors=True)
    plain, files = git.Logs(path, 1, signed=False), sorted(w.corpus.iterdir())
    began = time.monotonic()
    plain.commit(files)
    return time.monotonic() - began


def publish_all(w, turn):
    """`igum publish FOLDER` in a network of one office: seconds."""
    node = w.fresh("publisher")
    node.found()
    began = time.monotonic()
    node.igum("--quiet", "publish", str(w.corpus))
    return time.monotonic() - began


def in_turns(turns, *runs):
    """Runs each in turn, so that what the machine does meets all of them; returns a list of results for each."""
    results = [[] for _ in runs]
    for turn in range(turns):
        for result, run in zip(results, runs):
            result.append(run(turn))
    return results


def growth(build, documents, turns, seconds):
    """What a document costs among so many, over what it costs among a tenth of them."""
    w = world.World(build, documents // TENTH, logs=LOGS)
    try:
        wait_compressed(w)
        tenth = median(join(w, turn)[0] for turn in range(turns))
        return (seconds / documents) / (tenth / w.documents)
    finally:
        w.close()


def rows(build, documents, turns):
    w = world.World(build, documents, logs=LOGS)
    try:
        wait_compressed(w)
        git.server_copy(w.repository, w.path / "server.git")
        logs = git.Logs(w.path / "logs.git", LOGS)
        logs.commit(sorted(w.corpus.iterdir()))
        logs.repack()
        others = [(git.LOGS_NAME, lambda turn: git.clone(w.path, "logs.git", w.path / "clone.git"))]
        plain = fast_import(w, w.path / "plain.git")
        if rsync.available():
            others.append((rsync.NAME, lambda turn: rsync.first_sync(w.corpus, w.path)))
        if fossil.available():
            repository = fossil.server(w.path / "plain.git", w.path)
            others.append((fossil.NAME, lambda turn: fossil.first_sync(repository, w.path)))
        installed = hypercore.install(w.path) if hypercore.available() else None
        if installed:
            others.append((hypercore.NAME, lambda turn: hypercore.first_sync(installed, w.corpus, documents, w.path)))
        results = in_turns(turns, lambda turn: join(w, turn), lambda turn: git.clone(w.path, "server.git", w.path / "clone.git"),
                           *(run for _, run in others))
        ours, theirs = results[0], results[1]
        seconds, size = median(r[0] for r in ours), median(r[1] for r in ours)
        name = f"first sync of {documents:,} documents"
        out = [Row(name, "s", seconds, 0.9, 0.5, "git clone", median(r[0] for r in theirs), True),
               Row("bytes of that", "B", size, 0.70, 0.55, "git clone", median(r[1] for r in theirs), True),
               Row("peak memory of either process in that", "MiB", max(r[2] for r in ours), 256, 128)]
        for (peer, _), result in zip(others, results[2:]):
            out += [Row(name, "s", seconds, peer=peer, theirs=median(r[0] for r in result)),
                    Row("bytes of that", "B", size, peer=peer, theirs=median(r[1] for r in result))]
        if documents >= GROWN:
            few = documents // TENTH
            out.append(Row(f"cost per document at {documents:,} over that at {few:,}", "×", growth(build, documents, turns, seconds), 1.15, 1.0))
        bulk, plain = in_turns(turns, lambda turn: publish_all(w, turn), lambda turn: fast_import(w, w.path / "plain.git"))
        out.append(Row(f"publishing {documents:,} documents", "s", median(bulk), peer="git fast-import, unsigned", theirs=median(plain)))
        return out
    finally:
        w.close()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was published during a cut, and a scan, beside `git fetch` of the same."""

import pathlib

import world
from pair import Pair
from peers import git
from table import Row, median


def mirror(pair, w):
    """What a client of git has before the next things are published."""
    git.server_copy(pathlib.Path(pair.first.home) / "archive.git", w.path / "now.git")
    git.clone(w.path, "now.git", w.path / "behind.git")


def fetched(pair, w):
    """Seconds and bytes of the same by `git fetch`, into that."""
    git.server_copy(pathlib.Path(pair.first.home) / "archive.git", w.path / "now.git")
    with git.daemon(w.path) as proxy:
        return git.fetch(proxy, "now.git", w.path / "behind.git")


def rows(build, documents, turns, logs=1000):
    w = world.World(build, documents, logs=logs, nodes=2)
    try:
        pair, cut, scan = Pair(w), [], []
        for turn in range(turns):
            numbers = range(1000 * (turn + 1), 1000 * (turn + 1) + 100)
            mirror(pair, w)
            cut.append((pair.after_a_cut(numbers), fetched(pair, w)))
            mirror(pair, w)
            scan.append((pair.scan(numbers[-1] + 1), fetched(pair, w)))
        pair.end()
    finally:
        w.close()

    def row(name, unit, measured, place, must, aim):
        return Row(name, unit, median(r[0][place] for r in measured), must, aim, "git fetch", median(r[1][place] for r in measured), True)

    return [row(f"100 documents after a cut, {logs:,} logs", "s", cut, 0, 0.3, None), row("bytes of that", "B", cut, 1, 0.1, None),
            row("a scan of 20 MB", "s", scan, 0, 0.5, 0.1), row("bytes of that", "B", scan, 1, None, None)]

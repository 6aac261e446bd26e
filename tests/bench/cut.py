# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a hundred people published during a cut, and a scan, beside `git fetch` of the same."""

import world
from pair import Pair
from peers import git
from table import Row, median

PUBLISHED = 100


def rows(build, documents, turns, logs=1000):
    w = world.World(build, documents, logs=logs, nodes=2)
    try:
        theirs, mirror = git.Logs(w.path / "logs.git", logs), w.path / "mirror.git"
        theirs.commit(sorted(w.corpus.iterdir()))
        theirs.repack()
        git.clone(w.path, "logs.git", mirror)
        pair, cut, scan = Pair(w), [], []
        with git.daemon(w.path) as proxy:
            def fetched(files):
                theirs.commit(files)
                return git.fetch(proxy, "logs.git", mirror)

            for turn in range(turns):
                *numbers, scanned = range((PUBLISHED + 1) * turn, (PUBLISHED + 1) * (turn + 1))
                cut.append((pair.after_a_cut(numbers), fetched([w.new_text(number) for number in numbers])))
                scan.append((pair.scan(scanned), fetched([(w.new_text(scanned), w.new_scan(scanned))])))
        pair.end()
    finally:
        w.close()

    def row(name, unit, measured, place, must, aim):
        return Row(name, unit, median(r[0][place] for r in measured), must, aim, "git fetch", median(r[1][place] for r in measured), True)

    return [row(f"{PUBLISHED} documents after a cut, {logs:,} logs", "s", cut, 0, 0.3, None), row("bytes of that", "B", cut, 1, 0.1, None),
            row("a scan of 20 MB", "s", scan, 0, 0.5, 0.1), row("bytes of that", "B", scan, 1, None, None)]

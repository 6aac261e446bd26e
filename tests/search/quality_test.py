#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much of what people look for is found: quality_test.py IGUM ASK QUICK_PASSPHRASE_LIBRARY

documents.py is published into one home; each line of queries.txt is asked, and what is expected of the first ten answers is counted,
here and in a bare FTS5 index (unicode61, bm25) of the same texts."""
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]
import documents  # noqa: E402
from harness import Place  # noqa: E402

LEAST = 0.95  # Of what is expected, among the first ten.


def read_queries():
    lines = (HERE / "queries.txt").read_text(encoding="utf-8").splitlines()
    return [(query.strip(), names.split()) for query, _, names in
            (line.rpartition("=") for line in lines if line and not line.startswith("#"))]


def publish(program, quick):
    place = Place(program, "search")
    place.environment.update(LD_PRELOAD=quick, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
    node = place.node("home").found()
    paths = documents.write(place.join("texts"))
    published = node.json("publish", *map(str, paths))
    assert len(published) == len(paths)
    return place, node, {line["document"]: path.stem for line, path in zip(published, paths)}


class Bare:
    """What SQLite does by itself."""

    def __init__(self):
        self.base = sqlite3.connect(":memory:")
        self.base.execute("CREATE VIRTUAL TABLE f USING fts5 (name UNINDEXED, text, tokenize = 'unicode61 remove_diacritics 2')")
        self.base.executemany("INSERT INTO f VALUES (?, ?)", documents.all_texts())

    def ask(self, query):
        words = " ".join('"' + word + '"' for word in re.findall(r"[^\s\"]+", query))
        rows = self.base.execute("SELECT name FROM f WHERE f MATCH ? ORDER BY rank LIMIT 10", (words,))
        return [row[0] for row in rows]


def recall(found, expected):
    return len(set(found) & set(expected)) / len(expected)


def main():
    program, ask, quick = sys.argv[1:4]
    queries = read_queries()
    place, node, names = publish(program, quick)
    try:
        environment = {name: value for name, value in place.environment.items() if name != "LD_PRELOAD"}
        answers = subprocess.run([ask, node.home, "10"], input="\n".join(query for query, _ in queries) + "\n", text=True,
                                 stdout=subprocess.PIPE, env=environment, check=True).stdout.splitlines()
        asked = [line["document"] for line in node.json("search", queries[0][0], "--limit", "10")]
    finally:
        place.clean()
    bare, sums = Bare(), [0.0, 0.0]
    assert len(answers) == len(queries) >= 120
    assert asked == answers[0].split()[2:], "the command finds something else"
    for (query, expected), answer in zip(queries, answers):
        found = [names[document] for document in answer.split()[2:]]
        sums[0] += recall(found, expected)
        sums[1] += recall(bare.ask(query), expected)
        if recall(found, expected) < 1:
            print(f"{query}: of {' '.join(expected)} found {' '.join(found) or 'nothing'}")
    ours, theirs = (total / len(queries) for total in sums)
    print(f"{len(queries)} queries, {len(names)} documents: recall@10 {ours:.3f}; bare FTS5 unicode61 {theirs:.3f}")
    return 0 if ours >= LEAST and (ours > theirs) else 1


if __name__ == "__main__":
    sys.exit(main())

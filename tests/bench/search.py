#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""search.py [--documents N] [--build DIR]: the Hebrew search beside a bare FTS5 ranked by bm25 and beside ripgrep, on the same texts, in
the same run. DIR is a build with search_build and search_ask. Absolute figures belong to this machine alone.

The words are those of the Hebrew dictionary where it is installed, with prefixes, by Zipf's law; questions are a fixed mix of common,
middling and rare words, pairs, phrases, names of nobody and slips."""
import argparse
import gzip
import itertools
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
DICTIONARY = pathlib.Path("/usr/share/hspell/hebrew.wgz")
PREFIXES = ["", "", "", "", "ה", "ו", "ב", "ל", "מ", "ש", "כ", "וה", "שה", "וב", "ול", "מה"]
WORDS = 60000
QUESTIONS = 400


def dictionary():
    """Each word is written as how many letters of the one before go, and what comes in their place."""
    if not DICTIONARY.exists():
        sys.path.insert(0, str(pathlib.Path(__file__).parent))
        import corpus
        return list(corpus.vocabulary()[0])
    text, word, words = gzip.open(DICTIONARY).read().decode("iso8859-8"), "", []
    for drop, add in re.findall(r"(\d*)([^\d]+)", text):
        word = word[:len(word) - int(drop or 0)] + add
        words.append(word)
    return [word for word in words if '"' not in word and "'" not in word]


class Corpus:
    def __init__(self, count):
        dice = random.Random(20261101)
        self.words = dictionary()
        dice.shuffle(self.words)
        self.words = self.words[:WORDS]
        self.weights = list(itertools.accumulate(1 / (rank + 2.7) ** 1.2 for rank in range(len(self.words))))
        self.count = count

    def text(self, number):
        dice = random.Random(number)
        topic = dice.sample(self.words, 8)
        parts = [f"---\ntitle: {dice.choice(topic)} {dice.choice(topic)} {self.pick(dice, 1)[0]}\nkind: minutes\nnumber: {number % 400 + 1}/26\n"
                 f"date: {2000 + number % 26}-{1 + number % 12:02}-{1 + number % 28:02}\n---\n\n"]
        size = 0
        while size < 900 + 5300 * (number % 7) / 3:
            words = [word if dice.random() < 0.5 else dice.choice(PREFIXES) + word for word in self.pick(dice, dice.randint(6, 16))]
            if dice.random() < 0.3:
                words.append(dice.choice(topic))
            sentence = " ".join(words) + (".\n\n" if dice.random() < 0.25 else ". ")
            parts.append(sentence)
            size += 2 * len(sentence)
        return "".join(parts)

    def pick(self, dice, count):
        return dice.choices(self.words, cum_weights=self.weights, k=count)

    def write(self, directory, stream):
        total = 0
        with open(stream, "wb") as out:
            for number in range(self.count):
                text = self.text(number).encode()
                total += len(text)
                out.write(b"%d\n" % len(text) + text)
                folder = directory / f"{number // 1000:03}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{number}.md").write_bytes(text)
        return total

    def prepare(self, place):
        """Where the texts are; under IGUM_BENCH_KEEP they are not written again: 100,000 take minutes."""
        directory = pathlib.Path(os.environ.get("IGUM_BENCH_KEEP", place)) / f"search-{self.count}"
        if not directory.exists():
            new = directory.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            (new / "texts").mkdir(parents=True)
            (new / "bytes").write_text(str(self.write(new / "texts", new / "stream")))
            new.rename(directory)
        return directory, int((directory / "bytes").read_text())

    def questions(self):
        dice = random.Random(20261102)

        def band(first, last):
            return self.words[dice.randrange(first, last)]

        kinds = [lambda: band(0, 30), lambda: band(30, 300), lambda: band(300, 5000), lambda: band(5000, WORDS),
                 lambda: f"{band(0, 30)} {band(0, 30)}", lambda: f"{band(0, 300)} {band(300, 5000)}",
                 lambda: f"{band(0, 100)} {band(0, 100)} {band(0, 1000)}", lambda: "ב" + band(0, 3000),
                 lambda: f"kind:minutes {band(0, 3000)}", lambda: f"{band(0, 300)} year:{dice.randrange(2000, 2026)}",
                 lambda: f"{band(0, 300)} -{band(0, 300)}", lambda: f"{dice.randrange(1, 400)}/26"]
        return [kinds[i % len(kinds)]() for i in range(QUESTIONS)]


def percentiles(seconds):
    ordered = sorted(seconds)
    return statistics.median(ordered) * 1e3, ordered[int(len(ordered) * 0.95)] * 1e3, ordered[int(len(ordered) * 0.99)] * 1e3


def ask_igum(build, home, questions):
    """Twice: the second time counts, when the reader has been running."""
    program = subprocess.Popen([build / "tests" / "search_ask", home, "10"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for round_ in range(2):
        times, found = [], 0
        for question in questions:
            program.stdin.write(question + "\n")
            program.stdin.flush()
            answer = program.stdout.readline().split()
            times.append(int(answer[0]) / 1e9)
            found += answer[1] != "0"
    memory = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{program.pid}/status").read_text()).group(1)
    program.stdin.close()
    program.wait()
    return times, found, int(memory) / 1024


def bare_query(question):
    words = [word for word in question.split() if not word.startswith("-") and ":" not in word]
    return " ".join(f'"{word}"' for word in words) or '"x"'


def ask_bare(path, directory, questions):
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("CREATE VIRTUAL TABLE f USING fts5 (text, content = '', tokenize = 'unicode61 remove_diacritics 2')")
    start, busy, number = time.monotonic(), time.process_time(), 0
    for file in sorted(directory.rglob("*.md")):
        base.execute("INSERT INTO f (rowid, text) VALUES (?, ?)", (number, file.read_text()))
        number += 1
        if number % 200 == 0:
            base.commit()
    base.commit()
    seconds, busy = time.monotonic() - start, time.process_time() - busy
    times = []
    for question in questions:
        start = time.monotonic()
        base.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY rank LIMIT 10", (bare_query(question),)).fetchall()
        times.append(time.monotonic() - start)
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    return seconds, busy, os.path.getsize(path), times


def ask_ripgrep(directory, questions):
    times = []
    for question in questions[:24]:
        words = [word for word in question.split() if not word.startswith("-") and ":" not in word] or ["x"]
        start = time.monotonic()
        subprocess.run(["rg", "-l", "-F", words[0], directory], stdout=subprocess.DEVNULL, check=False)
        times.append(time.monotonic() - start)
    return times


def size_of_search(path):
    """What the search takes of the index file, in bytes."""
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = base.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
    except sqlite3.OperationalError:
        return os.path.getsize(path)
    finally:
        base.close()
    return sum(size for name, size in rows if "search" in name)


def measure(documents, build):
    """All figures by name; times in ms, sizes in bytes."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="igum-bench-search-"))
    try:
        corpus = Corpus(documents)
        texts, text = corpus.prepare(place)
        questions = corpus.questions()
        lines = subprocess.run([build / "tests" / "search_build", place / "home", texts / "stream"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines()
        figures = {name: float(value) for name, value in (line.split() for line in lines)}
        figures["text"] = text
        figures["size"] = size_of_search(place / "home" / "index.sqlite")
        figures["whole_size"] = os.path.getsize(place / "home" / "index.sqlite")
        times, figures["answered"], figures["memory_mib"] = ask_igum(build, place / "home", questions)
        figures["p50"], figures["p95"], figures["p99"] = percentiles(times)
        slowest = sorted(zip(times, questions), reverse=True)[:5]
        figures["slowest"] = [(round(seconds * 1e3, 1), question) for seconds, question in slowest]
        figures["bare_seconds"], figures["bare_busy"], figures["bare_size"], times = ask_bare(place / "bare.sqlite", texts / "texts", questions)
        figures["bare_p50"], figures["bare_p95"], figures["bare_p99"] = percentiles(times)
        if shutil.which("rg"):
            figures["rg_p50"], figures["rg_p95"], figures["rg_p99"] = percentiles(ask_ripgrep(texts / "texts", questions))
        return figures
    finally:
        shutil.rmtree(place)


def rows(build, documents, turns):
    """For tests/bench/run: one turn, in which each question is asked of all."""
    from table import Row

    f = measure(documents, pathlib.Path(build))
    name, share = f"a search among {documents:,} documents", 100 / f["text"]
    out = [Row(name + ", median", "ms", f["p50"], 3, peer="bare FTS5 by bm25, no snippets", theirs=f["bare_p50"]),
           Row(name + ", the slowest of a hundred", "ms", f["p99"], 15, peer="bare FTS5 by bm25, no snippets", theirs=f["bare_p99"])]
    if "rg_p50" in f:
        out.append(Row(name + ", median", "ms", f["p50"], peer="ripgrep, one word", theirs=f["rg_p50"]))
    bare, bare_busy = (f[name] / documents * 1e6 for name in ("bare_seconds", "bare_busy"))
    return out + [Row("a document into the index", "µs", f["build_seconds"] / documents * 1e6, 333, peer="bare FTS5, no stems", theirs=bare),
                  Row("the same, time of all processors", "µs", f["build_busy_seconds"] / documents * 1e6, peer="bare FTS5, no stems", theirs=bare_busy),
                  Row("index of the search, of the text", "%", f["size"] * share, 25, peer="bare FTS5", theirs=f["bare_size"] * share),
                  Row("the whole index file, of the text", "%", f["whole_size"] * share),
                  Row("a durable document can be found, on average", "ms", f["one_ms"], 5),
                  Row("the same, the slowest of two hundred", "ms", f["one_slowest_ms"]),
                  Row("what is merged behind it, the slowest of two hundred", "ms", f["merge_slowest_ms"])]


def report(f):
    count, text = int(f["documents"]), f["text"]
    print(f"{count} documents, {text / 1e6:.1f} MB of text; {QUESTIONS} questions, {f['answered']} of them answered")
    print(f"{'':24}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'build/s':>10}{'index %':>10}")
    print(f"{'igum, with snippets':24}{f['p50']:10.2f}{f['p95']:10.2f}{f['p99']:10.2f}{count / f['build_seconds']:10.0f}{100 * f['size'] / text:10.1f}"
          f"   (the whole index file {100 * f['whole_size'] / text:.1f})")
    print(f"{'bare FTS5, bm25':24}{f['bare_p50']:10.2f}{f['bare_p95']:10.2f}{f['bare_p99']:10.2f}{count / f['bare_seconds']:10.0f}"
          f"{100 * f['bare_size'] / text:10.1f}")
    if "rg_p50" in f:
        print(f"{'ripgrep, one word':24}{f['rg_p50']:10.2f}{f['rg_p95']:10.2f}{f['rg_p99']:10.2f}")
    print(f"one more document: {f['one_ms']:.2f} ms on average, {f['one_slowest_ms']:.2f} at most; archive and index in all: {count / f['home_seconds']:.0f} "
          f"documents/s; making it smallest after an erasure: {f['scrub_seconds']:.2f} s; memory {f['memory_mib']:.0f} MiB")
    print("slowest:", "; ".join(f"{ms} ms {question}" for ms, question in f["slowest"]))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--documents", type=int, default=100000)
    options.add_argument("--build", type=pathlib.Path, default=TOP / "build" / "release")
    options = options.parse_args()
    report(measure(options.documents, options.build))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""corpus.py DIR COUNT: writes COUNT synthetic Hebrew minutes of 2 to 12 KB, always the same for the same count."""
import itertools
import pathlib
import random
import sys

LETTERS = "אבגדהוזחטיכלמנסעפצקרשת"
FINAL = {"כ": "ך", "מ": "ם", "נ": "ן", "פ": "ף", "צ": "ץ"}


def vocabulary(dice, count):
    words = set()
    while len(words) < count:
        word = "".join(dice.choice(LETTERS) for _ in range(dice.choice((2, 3, 3, 4, 4, 4, 5, 5, 6))))
        words.add(word[:-1] + FINAL.get(word[-1], word[-1]))
    return sorted(words)


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(20260101)
    words = vocabulary(dice, 40000)
    weights = list(itertools.accumulate(1 / (rank + 2.7) ** 1.03 for rank in range(len(words))))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        size = dice.randint(1000, 6000)  # In letters: two bytes each.
        text, length = [], 0
        topic = dice.sample(words, 12)
        while length < size:
            line = dice.choices(words, cum_weights=weights, k=9) + dice.sample(topic, 3)
            dice.shuffle(line)
            text.append(" ".join(line) + (".\n\n" if dice.random() < 0.2 else ",\n"))
            length += len(text[-1])
        head = f"---\ntitle: פרוטוקול {number + 1}\nkind: minutes\nnumber: {number + 1}/26\ndate: 2026-{1 + number % 12:02}-{1 + number % 28:02}\n---\n\n"
        (folder / f"{number:06}.md").write_text(head + "".join(text), encoding="utf-8")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""corpus.py DIR COUNT: writes COUNT synthetic Hebrew minutes of 2 to 12 KB that zstd makes some three times smaller, each alone; document N is the same in every corpus."""

import functools
import itertools
import pathlib
import random
import sys

LETTERS = "אבגדהוזחטיכלמנסעפצקרשת"
FINAL = {"כ": "ך", "מ": "ם", "נ": "ן", "פ": "ף", "צ": "ץ"}
WORDS = 40000


@functools.cache
def vocabulary():
    dice, words = random.Random(20260101), set()
    while len(words) < WORDS:
        word = "".join(dice.choice(LETTERS) for _ in range(dice.choice((2, 3, 3, 4, 4, 4, 5, 5, 6))))
        words.add(word[:-1] + FINAL.get(word[-1], word[-1]))
    return sorted(words), list(itertools.accumulate(1 / (rank + 2.7) ** 1.03 for rank in range(WORDS)))


@functools.cache
def phrases():
    """Words that like to stand together, and the people of the federation."""
    words, weights = vocabulary()
    dice = random.Random(20260102)
    pairs = [" ".join(dice.choices(words, cum_weights=weights, k=dice.choice((2, 2, 3)))) for _ in range(6000)]
    people = [f"{dice.choice(words)} {dice.choice(words)}" for _ in range(600)]
    return pairs, people


def sentence(dice, topic):
    words, weights = vocabulary()
    parts = []
    for _ in range(dice.randint(5, 14)):
        chance = dice.random()
        if chance < 0.3:
            parts.append(phrases()[0][int(6000 * dice.random() ** 2)])
        elif chance < 0.45:
            parts.append(dice.choice(topic))
        else:
            parts.append(dice.choices(words, cum_weights=weights)[0])
    return " ".join(parts)


def vote(dice):
    return f"ההצבעה: {dice.randint(4, 60)} בעד, {dice.randint(0, 9)} נגד, {dice.randint(0, 6)} נמנעו."


def document(number):
    dice = random.Random(number)
    size = 1500 + int(9500 * dice.random() ** 1.3)  # In bytes; the last item goes beyond it.
    topic = dice.sample(vocabulary()[0], 12)
    present = dice.sample(phrases()[1], dice.randint(4, 12))
    agenda = [sentence(dice, topic) for _ in range(dice.randint(2, 6))]
    year, month, day = 2000 + number % 26, 1 + number % 12, 1 + number % 28
    out = [f"---\ntitle: פרוטוקול ישיבת המזכירות {number + 1}\nkind: minutes\nbody: מזכירות\nnumber: {number + 1}/{year}\ndate: {year}-{month:02}-{day:02}\n"
           f"present: [{', '.join(present)}]\n---\n\n# פרוטוקול ישיבת המזכירות מספר {number + 1}\n\n**נוכחים:** {', '.join(present)}\n\n## על סדר היום\n\n"]
    out += [f"{place}. {item}\n" for place, item in enumerate(agenda, 1)]
    length, place = sum(len(part.encode()) for part in out), 0
    while length < size:
        item = agenda[place % len(agenda)]
        talk = "".join(f"**{dice.choice(present)}:** {sentence(dice, topic)}. {sentence(dice, topic)}.\n\n" for _ in range(dice.randint(2, 5)))
        part = f"\n## {place + 1}. {item}\n\n{talk}**הוחלט:** {sentence(dice, topic)}.\n\n{vote(dice)}\n"
        out.append(part)
        length += len(part.encode())
        place += 1
    return "".join(out)


def write(folder, count):
    """Returns how many bytes it wrote."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return sum((folder / f"{number:06}.md").write_bytes(document(number).encode()) for number in range(count))


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the nemesis does, and when: drawn from a seed, and written in one line from which it is played again.

    2.0+3.5:halves=1,4/2,3,5 6.1+2.0:kill=2 7.0+4.0:lines=60,40,30,0

`AT+FOR:WHAT=ON`: at that second what is done, and for so long.  Numbers of nodes count from 1.

    halves=A,…/B,…   the two groups do not hear each other
    ring=N,…         each hears only its two neighbours in this order
    bridge=A,…/B,…/N two groups that both hear N, and not each other
    oneway=A/B       what A says does not reach B; B is heard by A
    alone=N          N hears nobody and is heard by nobody
    flap=N           the same, on and off each third of a second
    lines=D,J,L,R    every line: delay and jitter in ms, loss in thousandths, kbit/s (0: no bound)
    kill=N           its processes are killed; it starts again when the time is over
    stop=N           SIGSTOP, and SIGCONT
    full=N           its disk is full
    clock=N,S        its wall clock is off by S seconds
"""

import random
from dataclasses import dataclass

SHAPES = ("halves", "ring", "bridge", "oneway", "alone", "flap", "lines")
CRASHES = ("kill", "stop", "full", "clock")
YEAR = 365 * 86400


@dataclass
class Step:
    at: float
    lasts: float
    what: str
    on: str

    def __str__(self):
        return f"{self.at:.1f}+{self.lasts:.1f}:{self.what}={self.on}"


def write(steps):
    return " ".join(map(str, steps))


def read(text):
    steps = []
    for word in text.split():
        when, _, rest = word.partition(":")
        at, _, lasts = when.partition("+")
        what, _, on = rest.partition("=")
        if what not in SHAPES + CRASHES:
            raise ValueError(f"there is no '{what}' ({word})")
        steps.append(Step(float(at), float(lasts), what, on))
    return steps


def _names(nodes):
    return ",".join(map(str, nodes))


def _on(chance, what, count):
    nodes = list(range(1, count + 1))
    chance.shuffle(nodes)
    middle = count // 2
    if what == "halves":
        return f"{_names(nodes[:middle])}/{_names(nodes[middle:])}"
    if what == "ring":
        return _names(nodes)
    if what == "bridge":
        return f"{_names(nodes[1:middle + 1])}/{_names(nodes[middle + 1:])}/{nodes[0]}"
    if what == "oneway":
        return f"{nodes[0]}/{nodes[1]}"
    if what == "lines":
        return f"{chance.choice((5, 30, 80))},{chance.choice((0, 20, 60))},{chance.choice((0, 20, 80))},{chance.choice((0, 0, 1000, 256))}"
    if what == "clock":
        return f"{nodes[0]},{chance.choice((-10 * YEAR, -3600, 3600, 10 * YEAR))}"
    return str(nodes[0])


def draw(seed, count, seconds, kinds):
    """Steps that overlap, one about each second and a half; the last ends with the time."""
    chance = random.Random(seed)
    steps, at = [], 1.0
    while at < seconds - 1:
        what = chance.choice(kinds)
        lasts = min(chance.uniform(1.0, 5.0), seconds - at)
        steps.append(Step(round(at, 1), round(lasts, 1), what, _on(chance, what, count)))
        at += chance.uniform(0.3, 2.5)
    return steps

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What trust is computed from: entries, lines, pins, roots; and the three values of every judgement."""
from dataclasses import dataclass, field
import hashlib

VOID, DOUBT, GOOD = 0, 1, 2
WORD = {VOID: "void", DOUBT: "contested", GOOD: "good"}
PEOPLE = ("steward", "coordinator")  # Roles whose keys publish and approve documents.
# Rules that can be switched off, only to show what each prevents: scenarios.py, attack --without.
RULES = {"finality": True, "prefix": True, "heirs": True, "votes survive forks": True, "over": True}


def digest(text):
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One signed link of a log. `seat` is (kibbutz, role) at seq 1, else None. `body` is sorted pairs of name and value."""
    log: str
    seq: int
    prev: str  # "" at seq 1.
    seat: tuple
    root: str  # The council root that the signer stands on.
    act: str
    body: tuple
    eid: str = field(default="", compare=False)

    def get(self, name, default=None):
        return dict(self.body).get(name, default)


def entry(log, seq, prev, act, /, seat=None, root="", **body):
    items = tuple(sorted(body.items()))
    seat = seat if seq == 1 else None
    return Entry(log, seq, prev, seat, root, act, items, digest(repr((log, seq, prev, seat, root, act, items))))


@dataclass(frozen=True)
class Line:
    """What a root says of one kibbutz: its steward keys, the digest of its recovery card, whether it votes."""
    keys: tuple
    card: str
    vote: bool = True


@dataclass(frozen=True)
class Pin:
    """The last valid (seq, entry id) of a log. `open`: a checkpoint, which fixes the past and lets the log go on."""
    seq: int
    eid: str
    open: bool = False
    weight: int = GOOD


@dataclass(frozen=True)
class Root:
    """A council root; the charter is root 0."""
    eid: str
    base: str
    lines: tuple  # ((kibbutz, Line), ...): every voting kibbutz, and those without vote that it registers.
    majority: int
    admission: int
    pins: tuple = ()  # ((key, kibbutz, Pin), ...)
    closed: tuple = ()  # Kibbutzim that leave.
    over: tuple = ()  # Rival candidates that this one sets aside.

    def voters(self):
        return {k: l for k, l in self.lines if l.vote}


def charter(lines, majority=None, admission=None, nonce="0"):
    n = sum(l.vote for _, l in lines)
    m = majority or n // 2 + 1
    a = admission or (1 if n == 1 else 2)
    return Root(digest(repr((lines, m, a, nonce))), "", tuple(lines), m, a)


def root_of(e):
    """The root that a `council` entry proposes."""
    return Root(e.eid, e.get("base"), e.get("lines", ()), e.get("majority", 0), e.get("admission", 0), e.get("pins", ()),
                e.get("closed", ()), e.get("over", ()))

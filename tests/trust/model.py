# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rules of docs/TRUST.md as a program that is read, not run in earnest: T1 to T30 are its rules.

evaluate(entries, charter, anchor=None) is a pure function of a *set* of entries. Signatures are taken as unforgeable: an
Entry of log k was signed by key k. Nothing here reads a clock, an order of arrival or a content.

Three values run through everything: GOOD (stands) > DOUBT (contested) > VOID (counts for nothing). In doubt, what takes
away counts, what gives does not.
"""
from collections import defaultdict
from dataclasses import dataclass
import json
from documents import Document
from entries import VOID, DOUBT, GOOD, WORD, PEOPLE, RULES, Line, Pin, Root, charter, digest, entry, root_of


# ---- stage 1: logs


class Log:
    """T1-T3: all known entries of one key, a tree rooted at its first entries. Only entries whose prev is known count."""

    def __init__(self, key, entries):
        self.key, self.by_id, self.seqs, self.seat = key, {}, defaultdict(list), {}
        for e in sorted(entries, key=lambda e: (e.seq, e.eid)):
            p = self.by_id.get(e.prev)
            if e.seq == 1 and e.prev == "":
                self.seat[e.eid] = e.seat
            elif p is not None and e.seq == p.seq + 1:
                self.seat[e.eid] = self.seat[p.eid]
            else:
                continue
            self.by_id[e.eid] = e
            self.seqs[e.seq].append(e)

    def chain(self, eid):
        """The ids from `eid` down to the first entry."""
        out = set()
        while eid in self.by_id:
            out.add(eid)
            eid = self.by_id[eid].prev
        return out

    def fork(self, among=None):
        """The first seq with two entries (of those in `among`), or None."""
        here = {s: [e for e in es if among is None or e.eid in among] for s, es in self.seqs.items()}
        return min((s for s, es in here.items() if len(es) > 1), default=None)

    def judge(self, pins):
        """T4-T7: the status of every entry under the pins that apply to this log."""
        status = {x: GOOD for x in self.by_id}
        for p in pins:
            if p.weight == GOOD:
                self._apply(p, status)
        fork = self.fork({x for x in status if status[x] != VOID})
        if fork is not None:
            for x, e in self.by_id.items():
                if e.seq >= fork:
                    status[x] = min(status[x], DOUBT)
        for p in pins:
            if p.weight == DOUBT:
                self._apply(p, status)
        return status

    def _apply(self, p, status):
        """Lowers all that the pin does not keep: to VOID, or to DOUBT if the pin is itself in doubt."""
        low = VOID if p.weight == GOOD else DOUBT
        if p.seq == 0 and p.open:
            return
        known = p.eid in self.by_id and self.by_id[p.eid].seq == p.seq
        if p.seq and not known:  # T7: the pinned entry is not here yet.
            other = bool(self.seqs.get(p.seq))
            for x, e in self.by_id.items():
                if e.seq > p.seq and not p.open:
                    status[x] = min(status[x], low)
                elif other:
                    status[x] = min(status[x], DOUBT)
            return
        keep = self.chain(p.eid) if p.seq else set()
        for s in sorted(self.seqs):
            for e in self.seqs[s]:
                if p.open and e.seq > p.seq and e.prev in keep:  # T5: what grows out of a checkpoint goes on.
                    keep.add(e.eid)
                if e.eid not in keep:
                    status[e.eid] = min(status[e.eid], low)


# ---- stage 2: council roots


class Council:
    """T8-T15: the chain of effective roots. Depends on nothing but `council` and `approve` entries and the `root` of
    entries: no pin, no fork, no admission and no grant enters here."""

    def __init__(self, logs, chart, anchor=None):
        self.chart = chart
        self.cards = {digest(k): k for k in logs}
        self.approvers = defaultdict(set)  # entry id -> keys that approve or wrote it, on whatever branch
        self.standing = defaultdict(set)  # root -> keys with an entry that stands on it or on a descendant
        self.children = defaultdict(list)  # root -> council entries that want to follow it
        self.roots = {chart.eid: chart}
        self._read(logs)
        path = set()
        while anchor in self.roots:
            path.add(anchor)
            anchor = self.roots[anchor].base
        self.chain, self.doubt, self.final, self.status = [chart], [], {chart.eid}, "settled"
        self.removed = set()  # keys that may not be listed again
        self._walk(path)

    def _read(self, logs):
        stands = defaultdict(set)
        for log in logs.values():
            fork = None if RULES["votes survive forks"] else log.fork()
            for e in log.by_id.values():
                if fork and e.seq >= fork:
                    continue
                stands[e.root].add(e.log)
                if e.act == "approve":
                    self.approvers[e.get("subject")].add(e.log)
                if e.act == "council":
                    self.approvers[e.eid].add(e.log)
                    self.roots[e.eid] = root_of(e)
                    self.children[e.get("base")].append(e)
        for eid, keys in stands.items():
            while eid in self.roots and not keys <= self.standing[eid]:
                self.standing[eid] |= keys
                eid = self.roots[eid].base

    def voices(self, line):
        """T8: the keys that speak for a kibbutz in council matters: its stewards and its card."""
        card = self.cards.get(line.card)
        return set(line.keys) | ({card} if card else set())

    def count(self, root, keys):
        """How many voting kibbutzim of `root` have a voice among `keys`: one vote a kibbutz."""
        return sum(bool(self.voices(l) & keys) for l in root.voters().values())

    def passed(self, r, n):
        """T10: by the voters of n, and by its own."""
        yes = self.approvers[r.eid]
        return self.count(n, yes) >= n.majority and self.count(r, yes) >= r.majority

    def stands(self, kib, line, r):
        """T11: a kibbutz stands on r by a voice that its line before r gives it; or, having voted for r with such a
        voice, by one that r gives it."""
        old, new, on = self.voices(line), dict(r.lines).get(kib), self.standing[r.eid]
        heir = RULES["heirs"] and new and old & self.approvers[r.eid] and self.voices(new) & on
        return bool(old & on) or bool(heir)

    def backed(self, r, n):
        """T11: more than two thirds of the voters of n stand on r."""
        on = sum(self.stands(k, l, r) for k, l in n.voters().items())
        return RULES["finality"] and 3 * on > 2 * len(n.voters())

    def lines_after(self, n):
        """T19: the registered kibbutzim after the chain up to root n; lines without vote accumulate."""
        out = {}
        for r in self.chain:
            out = {k: l for k, l in out.items() if not l.vote and k not in r.closed}
            out.update(dict(r.lines))
            if r.eid == n.eid:
                break
        return out

    def well_formed(self, r, n):
        """T9: what a candidate must satisfy before votes are counted."""
        new, now = dict(r.lines), self.lines_after(n)
        names = [k for k, _ in r.lines]
        keys = [x for _, l in r.lines for x in l.keys]
        cards = [l.card for _, l in r.lines]
        v = len(r.voters())
        pinned = {x for x, _, p in r.pins if not p.open}
        closed_before = {k for q in self.chain for k in q.closed}
        held = {x: k for k, l in now.items() for x in l.keys}
        return (len(set(names)) == len(names) and len(set(keys + cards)) == len(keys + cards)
                and all(1 <= len(l.keys) <= 3 for _, l in r.lines)
                and not any(digest(x) in cards for x in keys)
                and 1 <= v and v // 2 + 1 <= r.majority <= v and 1 <= r.admission <= v
                and not set(keys) & (self.removed | pinned)
                and not set(names) & (set(r.closed) | closed_before)
                and all(held.get(x, k) == k for k, l in r.lines for x in l.keys)
                and all(self._let_go(k, l, new.get(k), r) <= pinned for k, l in now.items())
                and all(k in new or k in r.closed for k, l in now.items() if l.vote))

    @staticmethod
    def _let_go(kib, line, new, r):
        """The steward keys of a registered kibbutz that r must pin: those it drops, and all when the vote is lost."""
        if new is None:
            return set(line.keys) if line.vote or kib in r.closed else set()
        return set(line.keys) - (set() if line.vote and not new.vote else set(new.keys))

    def _walk(self, path):
        while True:
            n = self.chain[-1]
            passed = [r for e in self.children[n.eid] for r in [self.roots[e.eid]]
                      if self.count(n, {e.log}) and self.passed(r, n) and self.well_formed(r, n)]
            backed = {r.eid for r in passed if self.backed(r, n)}
            after, self.status, self.doubt = self._choose(passed, backed, path, n)
            if after is None:
                return
            if after.eid in path or after.eid in backed and (n.eid in self.final or not RULES["prefix"]):
                self.final.add(after.eid)
            self.removed |= {x for x, _, p in after.pins if not p.open}
            self.chain.append(after)

    def _choose(self, passed, backed, path, n):
        """T12-T15: among the successors of n that passed, the next root; or none, and why."""
        if not passed:
            return None, "settled", []
        if path & {e.eid for e in self.children[n.eid]}:
            for r in passed:
                if r.eid in path:
                    return r, "settled", []
            return None, "waiting", passed  # What the anchor rests on is not here yet.
        if len(backed) > 1:
            return None, "split", passed
        left = [r for r in passed if r.eid in backed] if backed else \
               [r for r in passed if not (RULES["over"] and any(r.eid in q.over for q in passed))]
        if len(left) == 1:
            return left[0], "settled", []
        return None, "contested", passed


# ---- the whole


@dataclass
class State:
    root: str
    council: str  # settled | contested | split | waiting
    final: bool
    final_root: str
    chain: tuple
    kibbutzim: dict  # kibbutz -> {"vote", "closed", "stewards"}
    keys: dict  # key -> {"kibbutz", "role", "status", "why"}
    cut: dict  # key -> highest seq that stands
    contested: dict  # key -> first contested seq
    documents: dict  # document -> {"state", "revision", "approvals", "chain", ...}

    def digest(self):
        return digest(json.dumps(self.__dict__, sort_keys=True, default=str))


class Evaluation:
    """Stages 3 to 7; each uses only the results of those before it."""

    def __init__(self, entries, chart, anchor=None):
        per = defaultdict(set)
        for e in entries:
            per[e.log].add(e)
        self.logs = {k: Log(k, es) for k, es in per.items()}
        self.entries = {x: e for l in self.logs.values() for x, e in l.by_id.items()}
        self.acts = defaultdict(list)
        for e in sorted(self.entries.values(), key=lambda e: e.eid):
            self.acts[e.act].append(e)
        self.council = Council(self.logs, chart, anchor)
        self.root = self.council.chain[-1]
        self.anchor = anchor
        self._pins()
        self._admissions()
        self._stewards()
        self._grants()
        self._documents()

    # ---- stage 3
    def _pins(self):
        """T16: pins of the chain hold; pins of rivals that passed are in doubt: they take away, they do not settle."""
        self.pins = defaultdict(list)
        self.ever = {}  # key -> kibbutz, for every steward key that a root of the chain lists or pins
        self.voted = set()  # keys listed with a vote at some root of the chain
        self.closed = set()
        for r in self.council.chain:
            self.closed |= set(r.closed)
            for kib, line in r.lines:
                for x in line.keys:
                    self.ever[x] = kib
                    if line.vote:
                        self.voted.add(x)
            for x, kib, p in r.pins:
                self.pins[x].append(p)
                self.ever.setdefault(x, kib)
        for r in self.council.doubt:
            for x, _, p in r.pins:
                if not p.open:
                    self.pins[x].append(Pin(p.seq, p.eid, False, DOUBT))
        self.lines = self.council.lines_after(self.root)
        self.council_status = {x: self.logs[x].judge(self.pins[x]) for x in self.ever if x in self.logs}

    # ---- stage 4
    def _admissions(self):
        """T17-T19: an admission counts on whatever branch it stands (a fork must not un-admit anybody), unless cut by the
        council's pins, and by the present root's threshold. Registered kibbutzim need no admission any more."""
        self.kib = {k: GOOD for k in self.lines}
        self.source = defaultdict(dict)  # kibbutz -> {steward key: status of its appointment}
        self.card = {k: l.card for k, l in self.lines.items()}
        for x, kib in self.ever.items():
            self.source[kib][x] = GOOD
        self.accepts = defaultdict(list)
        for e in self.acts["accept"]:
            if e.seq == 1 and e.seat[1] == "invitation":
                self.accepts[e.get("invitation")].append(e)
        for a in self.acts["admit"]:
            if self._admitted(a):
                self.kib.setdefault(a.eid, GOOD)
                if a.eid not in self.lines:
                    self._hand_over(a)

    def _admitted(self, a):
        if a.log not in self.voted or self.council_status[a.log][a.eid] == VOID:
            return False
        if a.eid in self.closed:
            return False
        voices = {self.ever[k] for k in self.council.approvers[a.eid] | {a.log} if self._voted_for(k, a.eid)}
        return len(voices) >= self.root.admission

    def _voted_for(self, key, admit):
        """Whether a key that once voted wrote or approves the admission in an entry that the council's pins leave."""
        status = self.council_status.get(key, {}) if key in self.voted else {}
        return any(status[x] != VOID and (x == admit or self.entries[x].act == "approve" and self.entries[x].get("subject") == admit)
                   for x in status)

    def _hand_over(self, a):
        invited = a.get("invited")
        status = self.logs[invited].judge(self.pins[invited]) if invited in self.logs else {}
        for e in self.accepts[a.eid]:
            new, w = e.get("key"), status[e.eid] if e.log == invited else VOID
            if w and new not in self.ever:
                self.source[a.eid][new] = max(w, self.source[a.eid].get(new, VOID))
                if w == GOOD:
                    self.card[a.eid] = e.get("card")

    # ---- stage 5
    def _stewards(self):
        """T20, T21: the card of a kibbutz's present line replaces its steward key for the office's own acts."""
        office_pins = defaultdict(list)
        for e in self.acts["recover"]:
            kib, new = e.get("kibbutz"), e.get("key")
            if self.card.get(kib) != digest(e.log) or kib in self.closed:
                continue
            w = self.logs[e.log].judge(self.pins[e.log])[e.eid]
            if w and new not in self.ever:
                self.source[kib][new] = max(w, self.source[kib].get(new, VOID))
            for x, p in e.get("pins", ()):
                if w and x != new:
                    office_pins[kib, x].append(Pin(p.seq, p.eid, False, w))
        self.status = {}  # entry id -> its standing at its office
        self.office = {}  # key -> (kibbutz, role, status, why)
        self.spoken = defaultdict(list)  # kibbutz -> [(entry, status)] of its stewards
        self.keep = {}  # key -> the pins that apply to it
        self.claims = defaultdict(set)  # key -> the seats that something gives it
        for kib, source in self.source.items():
            for x, w in source.items():
                self._seat(x, kib, "steward", w, self.pins[x] + office_pins[kib, x], "root" if x in self.ever else "invitation")

    def _seat(self, key, kib, role, weight, pins, why):
        """Gives the entries of `key` that were written from the seat (kib, role) their standing."""
        self.keep.setdefault(key, []).extend(pins)
        self.claims[key].add((kib, role))
        log = self.logs.get(key)
        if log is None or not log.by_id:
            self.office.setdefault(key, (kib, role, weight, why))
            return
        status = log.judge(pins)
        mine = [x for x in status if log.seat[x] == (kib, role)]
        if not mine:
            return
        self.office[key] = (kib, role, weight, why)
        for x in mine:
            self.status[x] = max(self.status.get(x, VOID), min(weight, status[x]))
            if role == "steward":
                self.spoken[kib].append((log.by_id[x], self.status[x]))

    # ---- stage 6
    def _grants(self):
        """T21-T23: grants and revocations by the kibbutz's stewards; they are the office's, whoever of them wrote."""
        for kib, acts in sorted(self.spoken.items()):
            seats, pins = {}, defaultdict(list)
            for e, w in acts:
                if w and e.act == "revoke":
                    pins[e.get("subject")].append(Pin(e.get("seq"), e.get("last"), False, w))
            for e, w in acts:
                if not w or e.act != "grant" or e.get("grants") not in ("coordinator", "node"):
                    continue
                for x, wx in self._subjects(e, pins):
                    old = seats.get((x, e.get("grants")), VOID)
                    seats[(x, e.get("grants"))] = max(old, min(w, wx))
            for (x, role), w in seats.items():
                gone = [Pin(0, "")] if kib in self.closed and not self.pins[x] else []
                self._seat(x, kib, role, w, self.pins[x] + pins[x] + gone, "grant")

    def _subjects(self, grant, pins):
        """The key a grant names, or the one that its invitation key handed over to."""
        invited = grant.get("subject")
        if grant.get("by") == "key":
            yield invited, GOOD
            return
        status = self.logs[invited].judge(self.pins[invited] + pins[invited]) if invited in self.logs else {}
        for e in self.accepts[grant.eid]:
            if e.log == invited and status[e.eid]:
                yield e.get("key"), status[e.eid]

    # ---- stage 7
    def _who(self, e):
        """The seat of a steward's or coordinator's entry that has any standing, else (None, None)."""
        seat = self.logs[e.log].seat[e.eid]
        return seat if self.status.get(e.eid) and seat[1] in PEOPLE else (None, None)

    def _documents(self):
        """T24-T30: the state of every document."""
        revisions = {e.eid: [e] for e in self.acts["publish"]}
        for e in self.acts["revise"]:
            first = self.entries.get(e.get("document"))
            if first and first.act == "publish" and self._who(e)[0] == self.logs[first.log].seat[first.eid][0] != None:
                revisions[first.eid].append(e)
        yes, ends = defaultdict(list), defaultdict(list)
        for e in self.acts["approve"]:
            yes[e.get("subject")].append(e)
        for e in self.acts["withdraw"]:
            ends[e.get("document")].append(e)
        for e in self.acts["erase"]:
            ends[e.get("subject")].append(e)
        judged = {doc: Document(self, doc, rs, yes, ends[doc]) for doc, rs in revisions.items()}
        for d in judged.values():  # T29: superseding, same kibbutz only, once a revision that says so has passed.
            for r in d.revisions.values():
                for old in r.get("supersedes", ()):
                    old = judged.get(old)
                    if old and old is not d and old.kib == d.kib:
                        old.superseded = max(old.superseded, d.passed.get(r.eid, VOID))
        self.documents = {doc: d.state() for doc, d in judged.items()}

    # ---- answers
    def why(self, key):
        """The chain of authority of a key, up to the charter, as words."""
        kib, role, w, why = self.office.get(key, (None, None, VOID, "no grant"))
        if why == "grant":
            by = sorted({e.log for e, s in self.spoken[kib] if s and e.act == "grant"})
            return [key, role, kib, WORD[w]] + [x for b in by[:1] for x in self.why(b)]
        return [key, role, kib, WORD[w], why] + ([self.root.eid, self.council.chart.eid] if w else [])

    def state(self):
        kibbutzim = {}
        for k in self.kib:
            present = {x: WORD[self.office[x][2]] for x in self.source[k]
                       if x in self.office and not any(not p.open for p in self.pins[x])}
            line = self.lines.get(k)
            kibbutzim[k] = {"vote": bool(line and line.vote), "closed": k in self.closed, "stewards": present}
        keys, cut, contested = {}, {}, {}
        for x, (kib, role, w, why) in self.office.items():
            keys[x] = {"kibbutz": kib, "role": role, "status": WORD[w], "why": why}
        for x, log in self.logs.items():
            status = {y: self.status.get(y, VOID) for y in log.by_id}
            if x in self.office:
                cut[x] = max([log.by_id[y].seq for y in status if status[y]], default=0)
            doubt = [log.by_id[y].seq for y in status if status[y] == DOUBT]
            if doubt:
                contested[x] = min(doubt)
        c = self.council
        final = [r.eid for r in c.chain if r.eid in c.final]
        return State(self.root.eid, c.status, self.root.eid in c.final, final[-1], tuple(r.eid for r in c.chain), kibbutzim, keys,
                     cut, contested, self.documents)


def evaluate(entries, chart, anchor=None):
    return Evaluation(entries, chart, anchor).state()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The life of one document (docs/TRUST.md, 5)."""
from collections import defaultdict
from entries import VOID, DOUBT, GOOD


class Document:
    """T24-T30 for one document: its revisions, who approved each, and what follows."""

    def __init__(self, ev, doc, revisions, yes, ends):
        self.ev, self.doc, self.yes, self.superseded = ev, doc, yes, VOID
        self.first = ev.entries[doc]
        self.kib = ev.logs[self.first.log].seat[doc][0]
        self.how = self.first.get("count", "kibbutzim")
        self.revisions = {r.eid: r for r in revisions}
        self._thresholds()
        self.voices = {x: self._voices(x) for x in self.need}
        self.passed = {x: self._passed(x) for x in self.need}
        self.ends = [(e, ev.status[e.eid]) for e in ends if ev._who(e)[0] == self.kib != None]

    def after(self, x):
        return self.revisions[x].get("after", ()) if x != self.doc else ()

    def _thresholds(self):
        """T25, T26: a revision takes part when all it follows are here; it never needs fewer approvals than they."""
        weight = {x: self.ev.status.get(x, VOID) if self.ev._who(r)[0] else VOID for x, r in self.revisions.items()}
        self.need, self.live = {self.doc: max(1, self.first.get("need", 1))}, {self.doc: weight[self.doc]}
        followers, waits = defaultdict(list), {}
        for x in self.revisions:
            waits[x] = len(set(self.after(x)))
            for y in set(self.after(x)):
                followers[y].append(x)
        ready = [self.doc]
        while ready:
            for x in followers[ready.pop()]:
                waits[x] -= 1
                if not waits[x]:
                    self.need[x] = max([self.revisions[x].get("need", 1)] + [self.need[y] for y in self.after(x)])
                    self.live[x] = min(weight[x], weight[self.doc])
                    ready.append(x)

    def _voices(self, x):
        """The voices that approve a revision: those that are good, and all that are not void."""
        good, some = set(), set()
        own = self.how == "own"
        for a in self.yes[x] + [self.revisions[x]]:
            kib, s = self.ev._who(a)[0], self.ev.status.get(a.eid, VOID)
            if kib and (kib == self.kib or not own and self.revisions[x].get("audience") != "kibbutz"):
                some.add(a.log if own else kib)
                if s == GOOD:
                    good.add(a.log if own else kib)
        return good, some

    def _passed(self, x):
        good, some = self.voices[x]
        if self.live[x] == GOOD and len(good) >= self.need[x]:
            return GOOD
        return DOUBT if self.live[x] and len(some) >= self.need[x] else VOID

    def _under(self, tops):
        """All revisions that these follow, however far."""
        out, stack = set(), [y for x in tops for y in self.after(x)]
        while stack:
            y = stack.pop()
            if y not in out:
                out.add(y)
                stack.extend(self.after(y))
        return out

    def state(self):
        good = [x for x, w in self.passed.items() if w == GOOD]
        under = self._under(good)
        top = sorted(x for x in good if x not in under)
        maybe = sorted(x for x, w in self.passed.items() if w == DOUBT and x not in under)
        followed = {y for x in self.need if self.live[x] for y in self.after(x)}
        gone = max((s for e, s in self.ends if e.act == "withdraw"), default=VOID)
        # T28: erasing destroys, so only undoubted erasures are carried out, by the author or a steward.
        erased = any(e.act == "erase" and s == GOOD and (e.log == self.first.log or self.ev._who(e)[1] == "steward")
                     for e, s in self.ends)
        if self.live[self.doc] == VOID:
            state = "void"
        elif gone == GOOD:
            state = "withdrawn"
        elif self.superseded == GOOD:
            state = "superseded"
        elif gone == DOUBT or self.live[self.doc] == DOUBT or len(top) > 1 or maybe:
            state = "contested"
        else:
            state = "in force" if top else "proposed"
        return {"state": state, "kibbutz": self.kib, "revision": top, "erased": erased,
                "heads": sorted(x for x in self.need if self.live[x] and x not in followed),
                "approvals": {x: (sorted(self.voices[x][0]), sorted(self.voices[x][1] - self.voices[x][0]))
                              for x in top or maybe or [self.doc]},
                "doubt": state == "in force" and self.superseded == DOUBT,
                "passed": max(self.passed.values(), default=VOID), "chain": self.ev.why(self.first.log)}

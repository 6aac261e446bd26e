# SPDX-License-Identifier: AGPL-3.0-or-later
"""How little one more entry changes: the stages of governance are kept while an entry cannot touch them.

incremental.py --seeds N   delivers random histories in random orders and compares with evaluate() on the way."""
import argparse
import os
import random
import sys
sys.dont_write_bytecode = True
from model import Evaluation, VOID
import histories

LIGHT = ("publish", "revise", "approve", "withdraw", "erase", "transport")


class Recording(Evaluation):
    """An Evaluation that remembers under which seat and pins each log was judged."""

    def __init__(self, *args):
        self.args = {}
        super().__init__(*args)

    def _seat(self, key, kib, role, weight, pins, why):
        self.args.setdefault(key, []).append((kib, role, weight, pins))
        super()._seat(key, kib, role, weight, pins, why)


class Incremental:
    def __init__(self, chart):
        self.chart, self.set, self.ev = chart, set(), Recording([], chart)
        self.light = self.full = 0

    def add(self, e):
        if e in self.set:
            return
        self.set.add(e)
        if self._is_light(e):
            self.light += 1
        else:
            self.full += 1
            self.ev = Recording(self.set, self.chart)

    def _is_light(self, e):
        ev, log = self.ev, self.ev.logs.get(e.log)
        if e.act not in LIGHT or log is None or e.prev not in log.by_id or log.seqs.get(e.seq):
            return False
        if e.seq != log.by_id[e.prev].seq + 1 or any(f.log == e.log and f.prev == e.eid for f in self.set):
            return False
        if e.log in ev.ever or any(p.eid == e.eid for ps in ev.pins.values() for p in ps) \
                or any(p.eid == e.eid for a in ev.args.get(e.log, ()) for p in a[3]):
            return False                                   # a voter's entry may be a vote; a pin may wait for this entry
        log.by_id[e.eid], log.seat[e.eid] = e, log.seat[e.prev]
        log.seqs[e.seq].append(e)
        ev.entries[e.eid] = e
        ev.acts[e.act] = sorted(ev.acts[e.act] + [e], key=lambda x: x.eid)
        if e.act == "approve":
            ev.council.approvers[e.get("subject")].add(e.log)
            if e.get("subject") in ev.council.roots:
                ev.council = type(ev.council)(ev.logs, self.chart)
        for kib, role, w, pins in ev.args.get(e.log, ()):
            if log.seat[e.eid] == (kib, role):
                s = log.judge(pins)[e.eid]                 # in C: from the standing of prev and the pins, O(1)
                ev.status[e.eid] = max(ev.status.get(e.eid, VOID), min(w, s))
                if role == "steward":
                    ev.spoken[kib].append((e, ev.status[e.eid]))
        ev._documents()
        return True


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})
    ap = argparse.ArgumentParser()
    ap.add_argument("--seeds", type=int, default=20)
    light = full = bad = 0
    n = ap.parse_args().seeds
    for s in range(n):
        w = histories.full(s, 150)
        rng = random.Random(s)
        es = sorted(w.all, key=lambda e: e.eid)
        rng.shuffle(es)
        if s % 2:
            late = lambda e: e.log[0] == "C" and e.seq > 1            # governance first, then documents, as a session delivers
            es.sort(key=lambda e: (late(e), e.seq + late(e) * rng.random() * 2))
        inc = Incremental(w.charter)
        for i, e in enumerate(es):
            inc.add(e)
            if i % 7 == 0 or i == len(es) - 1:
                if inc.ev.state().digest() != Evaluation(inc.set, w.charter).state().digest():
                    bad += 1
                    print("seed", s, "differs after", i, e.act, e.log)
                    break
        light, full = light + inc.light, full + inc.full
    print(n, "seeds: light steps", light, "full", full, "differences", bad)


if __name__ == "__main__":
    main()

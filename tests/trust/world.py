# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation that lives through a random history: honest kibbutzim that each act on a partial view, and the keys that
Mallory holds (mallory.py). Everything is drawn from one seed."""
from collections import Counter, defaultdict
import random
from model import Evaluation, Line, Pin, Root, charter, digest, entry, GOOD


class World:
    def __init__(self, seed, size=None, limit=8):
        self.rng = r = random.Random(seed)
        self.limit = limit  # Kibbutzim it may grow to.
        self.all, self.made, self.serial, self.stats = set(), [], 0, Counter()
        self.head = {}  # key -> its owner's newest entry
        self.kind, self.owner = {}, {}  # key -> (kibbutz, role); key -> the kibbutz that truly owns it, or "mallory"
        self.stolen = set()  # Honest keys that Mallory also holds.
        n = size or r.choice([1, 2, 3, 3, 4, 5, 5])
        founders = ["K%d" % i for i in range(n)]
        self.evil = set(r.sample(founders, r.randint(0, (n - 1) // 2)))
        self.view, self.keys, self.cardkey, self.anchor, self.mood = {}, {}, {}, {}, {}
        self.next_line = {}  # A new steward key -> (kibbutz, keys, card key) that its owner goes over to.
        for k in founders:
            self.settle(k, ["S:%s:%d" % (k, i) for i in range(r.choice([1, 1, 1, 2, 3]))], set())
        self.charter = charter([(k, Line(tuple(sorted(self.keys[k])), digest(self.cardkey[k]))) for k in founders],
                               nonce=str(seed))
        self.anchor = {k: self.charter.eid for k in founders}
        self.honest_roots = {self.charter.eid}
        self.finals = set()
        self.left = set()  # Honest kibbutzim that know that they have left the network.
        self.voted = defaultdict(set)  # honest kibbutz -> candidates it approved
        self.coordinators = defaultdict(list)
        self.revokes = []  # (key, seq, entry) of honest stewards
        self.lost = defaultdict(list)  # kibbutz -> steward keys it does not use any more
        self.tainted = set()  # Kibbutzim one of whose steward logs forked by accident.
        self.invites = []  # Unanswered (admit entry, ephemeral key).

    def settle(self, kib, keys, view):
        """A new kibbutz with its keys, card and temper."""
        self.view[kib], self.keys[kib], self.cardkey[kib] = view, keys, "R:%s:0" % kib
        for x in keys:
            self.own(x, kib, "steward")
        self.own(self.cardkey[kib], kib, "card")
        self.mood[kib] = self.rng.choice(["willing"] * 6 + ["late", "never"])  # How it votes; both are honest.

    # ---- writing

    def own(self, key, kib, role):
        self.kind[key], self.owner[key] = (kib, role), ("mallory" if kib in self.evil else kib)

    def fresh(self, prefix, kib, role):
        self.serial += 1
        key = "%s:%s:%d" % (prefix, kib, self.serial)
        self.own(key, kib, role)
        return key

    def write(self, key, act, inbox=None, /, at=None, seat=None, root="", **body):
        """Appends to the key's own head, or forks from entry `at` ("first": a second first entry)."""
        prev = self.head.get(key) if at is None else None if at == "first" else at
        e = entry(key, prev.seq + 1 if prev else 1, prev.eid if prev else "", act, seat or self.kind[key], root, **body)
        self.all.add(e)
        self.made.append(e)
        if inbox in self.view:
            self.view[inbox].add(e)
        if at is None:
            self.head[key] = e
        return e

    def steward_entry(self, kib, act, ev=None, /, signer=None, **body):
        """By any of the kibbutz's steward keys, standing on the root that its view has."""
        ev = ev or self.evaluate(kib)
        return self.write(signer or self.rng.choice(self.keys[kib]), act, kib, root=ev.root.eid, **body)

    def newest(self, key, among):
        """The newest entry of a key that these know; whoever pins by it may pick a branch unknowingly."""
        return max((e for e in among if e.log == key), key=lambda e: (e.seq, e.eid), default=None)

    def pin(self, key, among, is_open=False):
        top = self.newest(key, among)
        return Pin(top.seq, top.eid, is_open) if top else Pin(0, "", is_open)

    # ---- who knows what

    def spread(self):
        """Random gossip."""
        r = self.rng
        k = r.choice(list(self.view))
        if r.random() < .5:
            self.view[k] |= self.view[r.choice(list(self.view))]
        else:
            self.view[k] |= {e for e in self.made if r.random() < .7}

    def evaluate(self, kib):
        """What a kibbutz sees; it keeps each final root as its anchor (T15)."""
        ev = Evaluation(self.view[kib], self.charter, self.anchor[kib])
        now = [r.eid for r in ev.council.chain if r.eid in ev.council.final][-1]
        if ev.council.status != "waiting" and now != self.anchor[kib]:
            self.anchor[kib] = now
        self.finals.add(now)
        return ev

    def full(self, anchor=None):
        return Evaluation(self.all, self.charter, anchor)

    def honest(self):
        return [k for k in self.view if k not in self.evil and k not in self.left]

    def hostile(self, root):
        """How many voting kibbutzim of a root Mallory holds a voice of."""
        bad = {k for k, o in self.owner.items() if o == "mallory"} | self.stolen
        cards = {digest(k) for k in bad}
        return sum(bool(set(l.keys) & bad or l.card in cards) for l in root.voters().values())

    def steal(self, key):
        """Mallory gets a key, unless that gives her half the voters of a root that honest people made."""
        self.stolen.add(key)
        roots = self.full().council.roots
        if any(2 * self.hostile(roots[x]) >= len(roots[x].voters()) for x in self.honest_roots if x in roots):
            self.stolen.discard(key)

    # ---- honest offices

    def h_grant(self, kib):
        x = self.fresh("C", kib, "coordinator")
        self.coordinators[kib].append(x)
        if self.rng.random() < .5:
            self.steward_entry(kib, "grant", subject=x, by="key", grants="coordinator")
        else:
            eph = self.fresh("E", kib, "invitation")
            g = self.write_grant(kib, eph)
            self.write(eph, "accept", kib, invitation=g.eid, key=x)
            if self.rng.random() < .3:
                self.stolen.add(eph)

    def write_grant(self, kib, eph):
        return self.steward_entry(kib, "grant", subject=eph, by="invitation", grants="coordinator")

    def documents(self, kib, own):
        es = sorted((e for e in self.view[kib] if e.act == "publish"), key=lambda e: e.eid)
        return [e for e in es if (self.kind[e.log][0] == kib) == own]

    def h_publish(self, kib):
        r = self.rng
        x = r.choice(self.coordinators[kib])
        mine = [e.eid for e in self.documents(kib, True)]
        old = r.sample(mine, min(len(mine), r.randint(1, 2))) if r.random() < .3 else []
        self.write(x, "publish", kib, need=r.choice([1, 1, 2, 3]), audience=r.choice(["network", "network", "kibbutz"]),
                   count=r.choice(["kibbutzim", "own"]), supersedes=tuple(sorted(old)), text=r.random())

    def h_act(self, kib):
        r = self.rng
        own = r.random() < .6
        docs = self.documents(kib, own)
        if not docs:
            return
        e, x = r.choice(docs), r.choice(self.coordinators[kib])
        revisions = [e] + [f for f in sorted(self.view[kib], key=lambda f: f.eid) if f.act == "revise" and f.get("document") == e.eid]
        what = r.choice(["approve", "approve", "revise", "revise", "withdraw", "erase"]) if own else "approve"
        if what == "approve":
            self.write(x, "approve", kib, subject=r.choice(revisions).eid)
        elif what == "revise":  # After one, or joining several: trees of any depth.
            after = r.sample(revisions, min(len(revisions), r.choice([1, 1, 1, 2, 3])))
            self.write(x, "revise", kib, document=e.eid, after=tuple(sorted(f.eid for f in after)), need=r.choice([1, 1, 2]),
                       audience=e.get("audience", "network"), count=e.get("count", "kibbutzim"), text=r.random())
        elif r.random() < .4:
            self.write(x, what, kib, **{"document" if what == "withdraw" else "subject": e.eid})

    def h_revoke(self, kib):
        x = self.rng.choice(self.coordinators[kib])
        p = self.pin(x, self.view[kib])
        e = self.steward_entry(kib, "revoke", subject=x, seq=p.seq, last=p.eid)
        self.coordinators[kib].remove(x)
        self.revokes.append((x, p.seq, e))
        self.stolen.add(x)

    def h_recover(self, kib, ev):
        """An office without vote lost its steward key: the card names a new one."""
        if kib not in ev.kib or ev.card.get(kib) != digest(self.cardkey[kib]):
            return
        new = self.fresh("S", kib, "steward")
        pins = tuple((x, self.pin(x, self.view[kib])) for x in sorted(self.keys[kib]))
        self.write(self.cardkey[kib], "recover", kib, kibbutz=kib, key=new, pins=pins)
        for x in self.keys[kib] if self.rng.random() < .5 else ():
            self.steal(x)
        self.lost[kib] += self.keys[kib]
        self.keys[kib] = [new]
        self.stats["recovered by card"] += 1

    def h_invite(self, kib, ev):
        eph = self.fresh("E", "?", "invitation")
        a = self.steward_entry(kib, "admit", ev, signer=self.voice(kib, ev), invited=eph)
        self.kind[eph] = (a.eid, "invitation")
        self.invites.append((a, eph))

    def h_join(self):
        if not self.invites or len(self.view) >= self.limit:
            return
        a, eph = self.invites.pop()
        k, inviter = a.eid, self.kind[a.log][0]
        self.settle(k, ["S:%s:0" % k], set(self.view[inviter]) | {a})
        self.anchor[k] = self.anchor[inviter]
        self.write(eph, "accept", k, invitation=a.eid, key=self.keys[k][0], card=digest(self.cardkey[k]))
        self.write(self.keys[k][0], "transport", k)
        if self.rng.random() < .4:
            self.stolen.add(eph)

    # ---- the council, as honest programs act in it

    def voice(self, kib, ev):
        """A key of the kibbutz that votes at the present root: a steward's, else the card; or None."""
        line = ev.lines.get(kib)
        if not line or not line.vote or kib not in ev.root.voters():
            return None
        keys = [x for x in self.keys[kib] if x in line.keys]
        return self.rng.choice(keys) if keys else self.cardkey[kib] if digest(self.cardkey[kib]) == line.card else None

    def register(self, ev):
        """T19: the present lines, and every admitted kibbutz with one undoubted steward key, without vote."""
        out = dict(ev.lines)
        used = {x for l in out.values() for x in l.keys} | {l.card for l in out.values()}
        for k in sorted(ev.kib):
            good = sorted(x for x, w in ev.source[k].items() if w == GOOD)
            if k not in out and k in ev.card and len(good) == 1 and not {good[0], ev.card[k]} & used \
                    and good[0] not in ev.council.removed:
                out[k] = Line((good[0],), ev.card[k], False)
                used |= {good[0], ev.card[k]}
        return out

    def candidates(self, ev):
        return [e for e in ev.acts["council"] if e.get("base") == ev.root.eid]

    def free(self, kib, ev, e=None):
        """T13: an honest voter moves its vote only to a candidate that sets aside all it voted for before."""
        mine = {c.eid for c in self.candidates(ev)} & self.voted[kib]
        return mine <= (set(e.get("over")) | {e.eid} if e else set())

    def checkpoints(self, ev, lines, pins):
        """T5: an open pin for the log of every steward that stays, where it has not forked."""
        gone = {x for x, _, _ in pins}
        for k, l in sorted(lines.items()):
            for x in l.keys:
                log = ev.logs.get(x)
                if log and not log.fork() and x not in gone:
                    pins.append((x, k, self.pin(x, log.by_id.values(), True)))

    def propose(self, kib, ev, by, lines, pins=(), over=(), closed=(), safe=False):
        """Writes the candidate, unless Mallory would hold half of its voters; new keys sign it too (T10)."""
        v = sum(l.vote for l in lines.values())
        draft = Root("", ev.root.eid, tuple(sorted(lines.items())), v // 2 + 1, min(v, 1 if v == 1 else 2))
        if not v or 2 * self.hostile(draft) >= v and not safe:
            return None
        pins = list(pins)
        if self.rng.random() < .6:
            self.checkpoints(ev, lines, pins)
        e = self.write(by, "council", kib, root=ev.root.eid, base=ev.root.eid, lines=draft.lines, majority=draft.majority,
                       admission=draft.admission, pins=tuple(pins), over=tuple(sorted(over)), closed=tuple(sorted(closed)))
        self.honest_roots.add(e.eid)
        self.voted[kib].add(e.eid)
        for k, l in draft.lines:
            for x in l.keys:
                if x in self.next_line and x not in self.head:
                    self.write(x, "approve", k, subject=e.eid, root=ev.root.eid)
        return e

    def rotate(self, kib, ev, lines, pins, best=None):
        """A new steward key and card for `kib`; the old keys are pinned at the newest entry seen."""
        for x in sorted(set(lines[kib].keys) | set(self.keys[kib])):  # Also the key that a card named.
            if x in ev.source[kib]:
                pins.append((x, kib, (best or {}).get(x) or self.pin(x, ev.entries.values())))
        new = [self.fresh("S", kib, "steward") for _ in range(self.rng.choice([1, 1, 2]))]
        card = self.fresh("R", kib, "card")
        lines[kib] = Line(tuple(sorted(new)), digest(card), lines[kib].vote)
        for x in new:
            self.next_line[x] = (kib, new, card)

    def adopt(self, kib, ev):
        """Once a root took effect the kibbutz goes over to the keys it lists, or out."""
        if kib in ev.closed:
            self.left.add(kib)
        line = ev.lines.get(kib)
        x = line.keys[0] if line else None
        if x in self.next_line and x not in self.keys[kib] + self.lost[kib] and x not in ev.council.removed:
            old = self.keys[kib]
            _, self.keys[kib], self.cardkey[kib] = self.next_line[x]
            self.keys[kib], self.lost[kib] = list(self.keys[kib]), self.lost[kib] + old
            for y in old:
                if y in ev.council.removed and self.rng.random() < .6:
                    self.steal(y)

    def h_council(self, kib, ev):
        by = self.voice(kib, ev)
        if by is None or not self.free(kib, ev) and self.rng.random() < .7:
            return
        lines, pins, closed = self.register(ev), [], []
        over = [c.eid for c in self.candidates(ev)][:64]
        wait = sum(not l.vote for l in lines.values())
        what = self.rng.choice(["vote"] * (8 if 2 * wait > len(lines) else 2) + ["rotate", "rotate", "same", "close"])
        if what == "vote":
            able = [k for k, l in sorted(lines.items()) if not l.vote and k in self.view and k not in self.evil
                    and k not in self.left and set(l.keys) <= set(self.keys[k])]
            for k in self.rng.sample(able, min(len(able), 3)):
                lines[k] = Line(lines[k].keys, lines[k].card, True)
        elif what == "rotate":
            self.rotate(kib, ev, lines, pins)
        elif what == "close" and self.rng.random() < .5:
            self.close(kib, ev, lines, pins, closed)
        self.propose(kib, ev, by, lines, pins, over if not self.free(kib, ev) or self.rng.random() < .5 else (), closed)

    def close(self, kib, ev, lines, pins, closed):
        """A kibbutz leaves, or is put out; what it and its coordinators wrote so far is pinned."""
        able = [k for k in sorted(lines) if k != kib]
        if not able:
            return
        k = self.rng.choice(able)
        for x in lines[k].keys:
            pins.append((x, k, self.pin(x, ev.entries.values())))
        for x in sorted(x for x, o in ev.office.items() if o[:2] == (k, "coordinator"))[:20]:
            if self.rng.random() < .8:
                pins.append((x, k, self.pin(x, ev.entries.values())))
        del lines[k]
        closed.append(k)

    def h_vote(self, kib, ev):
        if self.mood[kib] == "never" or self.mood[kib] == "late" and self.rng.random() < .8:
            return
        for e in self.candidates(ev) + ev.acts["admit"]:
            by = self.voice(kib, ev)
            if e.act == "admit":
                if by and self.owner[e.log] != "mallory" and by not in ev.council.approvers[e.eid] and self.rng.random() < .6:
                    self.steward_entry(kib, "approve", ev, signer=by, subject=e.eid)
                continue
            line = ev.council.roots[e.eid].voters().get(kib)  # Whom the candidate gives a vote has to want it, too (T10).
            by = by or next((x for x in self.keys[kib] if line and x in line.keys), None)
            if by and e.eid in self.honest_roots and e.eid not in self.voted[kib] and self.free(kib, ev, e) \
                    and self.rng.random() < .8:
                self.voted[kib].add(e.eid)
                self.steward_entry(kib, "approve", ev, signer=by, subject=e.eid)

    def accident(self, kib):
        """A restored backup: an honest key goes on from an older entry."""
        r = self.rng
        steward = r.random() < .3
        x = r.choice(self.keys[kib] if steward or not self.coordinators[kib] else self.coordinators[kib])
        mine = sorted((e for e in self.made if e.log == x and self.head.get(x)), key=lambda e: e.eid)
        if mine:
            self.head[x] = r.choice(mine)
            if self.kind[x][1] == "steward":
                self.tainted.add(kib)
            self.stats["accident"] += 1

    def h_step(self, kib):
        r = self.rng
        ev = self.evaluate(kib)
        self.adopt(kib, ev)
        if kib in self.left:
            return
        if r.random() < .05:
            self.accident(kib)
        if not self.coordinators[kib]:
            self.h_grant(kib)
        y = r.random()
        if y < .45:
            r.choice([self.h_grant, self.h_publish, self.h_publish, self.h_act, self.h_act, self.h_act, self.h_revoke])(kib)
        elif y < .72:
            self.h_vote(kib, ev)
        elif y < .84:
            self.h_council(kib, ev)
        elif y < .90 and self.voice(kib, ev):
            self.h_invite(kib, ev)
        elif y < .92:
            self.h_recover(kib, ev)
        else:
            self.h_join()

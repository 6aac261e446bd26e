# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Mallory does with the keys she holds: dishonest kibbutzim, stolen keys, leaked invitations."""
import dataclasses
from model import Line, Pin, digest


class Mallory:
    def __init__(self, world):
        self.w, self.rng = world, world.rng

    def keys(self, role=None):
        w = self.w
        return [k for k in sorted(w.kind) if (w.owner[k] == "mallory" or k in w.stolen) and role in (None, w.kind[k][1])]

    def write(self, key, act, /, **body):
        """Appends, forks anywhere, or begins a second history; sometimes from a false seat."""
        w, r = self.w, self.rng
        mine = sorted((e for e in w.made if e.log == key), key=lambda e: e.eid)
        at = r.choice(mine + ["first"]) if mine and r.random() < .6 else None
        if at is None and key in w.stolen:
            at = max(mine, key=lambda e: (e.seq, e.eid)) if mine else "first"
        seat = (r.choice(sorted(w.view)), "steward") if r.random() < .1 else None
        return w.write(key, act, at=at, seat=seat, **body)

    def new_key(self, prefix, kib, role):
        x = self.w.fresh(prefix, kib, role)
        self.w.owner[x] = "mallory"
        return x

    def candidate(self, ev):
        """A candidate on the present root that mostly satisfies T9, in her own interest; or any on an old root."""
        w, r = self.w, self.rng
        n = ev.root if r.random() < .75 else r.choice(ev.council.chain)
        lines, pins, closed = dict(ev.council.lines_after(n)), [], []
        top = lambda x: w.pin(x, w.made) if r.random() < .5 else self.any_pin(x)
        for k in r.sample(sorted(lines), r.randint(0, len(lines))):
            old, what = lines[k], r.choice(["close", "seize", "rotate", "demote", "keep", "keep"])
            if what == "keep":
                continue
            if what == "close" and len(closed) + 1 < len(lines):
                closed.append(k)
                del lines[k]
            else:
                keys = tuple(self.new_key("X", k, "steward") for _ in range(r.choice([1, 1, 3])))
                card = digest(self.new_key("Y", k, "card")) if what == "seize" else old.card
                lines[k] = Line(keys, card, old.vote and what != "demote")
            pins += [(x, k, top(x)) for x in old.keys]
        for k in sorted(ev.kib):
            own = [x for x in ev.source[k] if w.owner.get(x) == "mallory"]
            if k not in lines and k not in closed and own and r.random() < .5:
                lines[k] = Line((own[0],), digest(self.new_key("Y", k, "card")), r.random() < .7)
        for x in r.sample(sorted(ev.logs), min(len(ev.logs), 3)):  # Checkpoints on a branch of her choice.
            pins.append((x, w.kind[x][0], dataclasses.replace(self.any_pin(x), open=True)))
        return n, lines, pins, closed

    def any_pin(self, key):
        mine = sorted((e for e in self.w.made if e.log == key), key=lambda e: e.eid)
        e = self.rng.choice(mine) if mine and self.rng.random() < .8 else None
        return Pin(e.seq, e.eid) if e else Pin(0, "")

    def council(self, key):
        w, r = self.w, self.rng
        ev = w.full()
        n, lines, pins, closed = self.candidate(ev)
        v = sum(l.vote for l in lines.values())
        rivals = [c.eid for c in ev.acts["council"] if c.get("base") == n.eid]
        good = r.random() < .9
        e = self.write(key, "council", root=n.eid, base=n.eid, lines=tuple(sorted(lines.items())),
                       majority=v // 2 + 1 if good else r.choice([1, v, v + 1]), admission=1 if good else v + 1,
                       pins=tuple(pins), closed=tuple(sorted(closed)), over=tuple(rivals) if r.random() < .6 else ())
        for x in self.keys("steward") + self.keys("card"):
            if r.random() < .7:
                self.write(x, "approve", subject=e.eid, root=e.eid)

    def vote(self, key):
        """A bought vote, and standing, on any root: on both sides of everything."""
        roots = [self.w.charter.eid] + sorted(e.eid for e in self.w.made if e.act == "council")
        c = self.rng.choice(roots)
        self.write(key, "approve", subject=c, root=self.rng.choice([c, c, self.rng.choice(roots)]))

    def accept(self):
        """A leaked invitation is used, or used again."""
        w, bad = self.w, set(self.keys("invitation"))
        found = sorted((e for e in w.made if e.get("invited") in bad or e.act == "grant" and e.get("subject") in bad),
                       key=lambda e: e.eid)
        if found:
            e = self.rng.choice(found)
            kibbutz = e.act == "admit"
            eph = e.get("invited") if kibbutz else e.get("subject")
            x = self.new_key("X", e.eid if kibbutz else w.kind[eph][0], "steward" if kibbutz else "coordinator")
            card = digest(self.new_key("Y", e.eid, "card")) if kibbutz else None
            self.write(eph, "accept", invitation=e.eid, key=x, card=card)
            w.write(x, "publish", need=1)

    def offices(self, some):
        """What a dishonest office does by right: coordinators of its own, who publish and approve."""
        w = self.w
        for q in sorted(w.evil & set(w.view)):
            x = w.fresh("X", q, "coordinator")
            w.write(w.keys[q][0], "grant", subject=x, by="key", grants="coordinator")
            w.write(x, "publish", need=self.rng.randint(1, 2), supersedes=(some,))
            self.write(x, "approve", subject=some)

    def document(self, key, some):
        act = self.rng.choice(["revise", "withdraw", "erase", "approve", "publish"])
        body = {"revise": dict(document=some, after=(some,), need=1, supersedes=(some,), text=self.rng.random()),
                "withdraw": dict(document=some), "erase": dict(subject=some), "approve": dict(subject=some),
                "publish": dict(need=1, supersedes=(some,), text=self.rng.random())}[act]
        self.write(key, act, **body)

    def step(self):
        w, r = self.w, self.rng
        keys = self.keys()
        if not keys:
            return
        k = r.choice(self.keys("steward") or keys) if r.random() < .5 else r.choice(keys)
        docs = sorted((e.eid for e in w.made if e.act in ("publish", "revise")))
        some = r.choice(docs) if docs else "?"
        victim = r.choice(sorted(w.kind))
        what = r.choice(["council", "council", "vote", "admit", "grant", "revoke", "accept", "document", "document", "offices",
                         "recover"])
        w.stats["mallory " + what] += 1
        if what == "admit":
            self.write(k, "admit", invited=r.choice([victim, self.new_key("X", "?", "invitation")]), root=w.charter.eid)
        elif what == "grant":
            self.write(k, "grant", subject=victim, by="key", grants=r.choice(["coordinator", "node"]))
        elif what == "revoke":
            p = self.any_pin(victim)
            self.write(k, "revoke", subject=victim, seq=p.seq, last=p.eid)
        elif what == "recover":
            q = r.choice(sorted(w.view))
            card = r.choice(self.keys("card") or [k])
            self.write(card, "recover", kibbutz=q, key=self.new_key("X", q, "steward"),
                       pins=tuple((x, self.any_pin(x)) for x in sorted(w.keys[q])))
        elif what == "accept":
            self.accept()
        elif what == "offices":
            self.offices(some)
        else:
            {"council": lambda: self.council(k), "vote": lambda: self.vote(k), "document": lambda: self.document(k, some)}[what]()

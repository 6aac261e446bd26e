# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must hold after any history: safety, order, strangers' entries, anchors; then, healed, that people can go on."""
from model import Evaluation, Line, digest, entry, evaluate, Pin, GOOD, DOUBT, VOID
from mallory import Mallory


def true_keys(w, kib):
    return {k for k, o in w.owner.items() if o == kib}


def robbed(w, kib):
    """Whether Mallory ever held something that speaks for this honest kibbutz."""
    mine = true_keys(w, kib)
    invited = {e.get("invited") for e in w.all if e.eid == kib}
    return bool(mine & w.stolen) or bool(invited & w.stolen) or kib in w.tainted


def safety(w, ev):
    council_safety(w, ev)
    for k in w.honest():
        if not robbed(w, k):
            office_safety(w, ev, k)
    for x, top, e in w.revokes:
        if ev.status.get(e.eid) == GOOD:
            late = [f for f in ev.logs[x].by_id.values() if f.seq > top] if x in ev.logs else []
            assert all(ev.status.get(f.eid, VOID) == VOID for f in late), "S3 a revoked key counts after its pin"
    for doc, d in ev.documents.items():
        if d["state"] == "in force":
            document_safety(w, ev, doc, d)


def council_safety(w, ev):
    c = ev.council
    for r in c.chain:
        assert r.eid in w.honest_roots, "S1 takeover: a root that no honest majority made is effective"
        for x, _, p in r.pins:
            if p.open and p.seq and c.status == "settled" and x in ev.council_status:
                under = ev.logs[x].chain(p.eid)
                others = [q for q in ev.pins[x] if q != p]
                if all(q.open and q.eid in ev.logs[x].by_id for q in others):
                    assert all(ev.council_status[x][y] != DOUBT for y in under), "S6 contested below a checkpoint"
    removed = {x for r in c.chain for x, _, p in r.pins if not p.open}
    assert not removed & {x for l in ev.lines.values() for x in l.keys}, "S7 a removed key is listed again"
    for k in ev.closed:
        unpinned = [x for x, o in ev.office.items() if o[0] == k and not ev.pins[x]]
        assert not any(ev.status.get(y) for x in unpinned if x in ev.logs for y in ev.logs[x].by_id), "S8 a closed kibbutz speaks"


def office_safety(w, ev, k):
    for x, (kib, role, weight, _) in ev.office.items():
        if kib == k and weight == GOOD:
            assert w.owner.get(x) == k, "S2 power without a chain: %s %s" % (x, role)
    for doc, d in ev.documents.items():
        if d["kibbutz"] == k and d["state"] in ("withdrawn", "superseded"):
            by = [e for e in w.all if e.act == "withdraw" and e.get("document") == doc or doc in e.get("supersedes", ())]
            assert any(w.owner[e.log] == k for e in by), "S4 a stranger ended a document"
        if d["kibbutz"] == k and d["erased"]:
            assert any(e.act == "erase" and e.get("subject") == doc and w.owner[e.log] == k for e in w.all), \
                "S4 a stranger erased a document"


def document_safety(w, ev, doc, d):
    first = ev.entries[doc]
    assert len(d["revision"]) == 1, "S5 two revisions in force"
    good = {a for x in d["revision"] for a in d["approvals"][x][0]}
    assert len(good) >= max(1, first.get("need", 1)), "S5 in force below its threshold"
    if w.owner.get(first.log) != "mallory" and first.log not in w.stolen:
        for x in d["revision"]:
            assert w.kind[ev.entries[x].log][0] == d["kibbutz"], "S4 a stranger revised a document"


def order(w, ev, rng):
    es = list(w.made) + rng.sample(w.made, min(5, len(w.made)))
    want = ev.state().digest()
    for _ in range(2):
        rng.shuffle(es)
        assert evaluate(es, w.charter).digest() == want, "O1 order matters"
    evaluate([e for e in es if rng.random() < .8], w.charter)  # Holes must not hurt.


def strangers(w, ev, rng):
    """Without all that the coordinators of one kibbutz wrote, nothing else changes."""
    j = rng.choice(sorted(w.view))
    gone = {e for e in w.all if w.kind[e.log][1] in ("coordinator", "node") and w.kind[e.log][0] == j
            and e.log not in ev.ever and not any(e.log in s for s in ev.source.values())}
    touched = {e.get("subject") for e in gone}
    other = Evaluation(w.all - gone, w.charter)
    assert other.root.eid == ev.root.eid and other.council.status == ev.council.status, "M1 a coordinator moved the council"
    for e in ev.acts["publish"] + ev.acts["revise"]:  # What they approve may supersede other documents.
        touched |= set(e.get("supersedes", ())) if e.eid in touched else set()
    for doc, d in ev.documents.items():
        if d["kibbutz"] != j and doc in other.documents and not touched & (set(d["approvals"]) | set(d["heads"]) | {doc}):
            a, b = dict(d), dict(other.documents[doc])
            a.pop("chain"), b.pop("chain")
            assert a == b, "M1 strangers' entries changed a document"


def anchors(w, ev):
    """T11, T15: what was final for anybody stays, for those who were there always, for others unless the council split."""
    for eid in sorted(w.finals):
        chain = [r.eid for r in Evaluation(w.all, w.charter, eid).council.chain]
        assert eid in chain, "A1 an anchored node left its root"
        kept = eid in [r.eid for r in ev.council.chain]
        w.stats["final kept" if kept else "final lost in a split"] += eid != w.charter.eid
        assert kept or ev.council.status == "split", "A2 a final root was lost without a split"
    if ev.council.status == "split":
        n = ev.root
        few = 3 * w.hostile(n) < len(n.voters())
        w.stats["split, hostile voters under a third" if few else "split, hostile voters a third or more"] += 1


def long_range(w, ev):
    """Every retired steward key is stolen: Mallory writes a whole other history from each old root."""
    chain = ev.council.chain
    if len(chain) < 2 or not w.finals - {w.charter.eid}:
        return
    es = set(w.all)
    for n in chain[:-1]:
        old = [x for l in n.voters().values() for x in l.keys]
        if all(x in ev.council.removed or w.owner[x] == "mallory" for x in old):
            es |= other_history(ev, n, old)
            w.stats["long-range attacks"] += 1
    if len(es) == len(w.all):
        return
    bare = Evaluation(es, w.charter).council
    taken = any(l == "evil" for r in bare.chain for l, _ in r.lines)
    w.stats["long range without anchor: " + ("taken over" if taken else bare.status)] += 1
    for eid in w.finals - {w.charter.eid}:
        c = Evaluation(es, w.charter, anchor=eid).council
        assert eid in [r.eid for r in c.chain], "A1 long range moved an anchored node"
        assert not taken or eid not in c.final or eid in [r.eid for r in bare.chain] or bare.status == "split", \
            "A3 a final root was taken over"


def other_history(ev, n, old):
    now = ev.council.lines_after(n)
    pins = tuple((x, q, Pin(0, "")) for q, l in now.items() for x in l.keys)
    first = entry(old[0], 1, "", "council", seat=("q", "steward"), base=n.eid, lines=(("evil", Line(("X:evil",), "d:evil")),),
                  majority=1, admission=1, pins=pins, over=(), closed=tuple(now))
    out = {first, entry("X:evil", 1, "", "approve", seat=("evil", "steward"), subject=first.eid, root=first.eid)}
    for x in old:
        a = entry(x, 1, "", "transport", seat=("q", "steward"), root=first.eid)
        out |= {a, entry(x, 2, a.eid, "approve", subject=first.eid, root=first.eid)}
    return out


# ---- what people can still do once everything is known


def honest_voices(w, n):
    """One key of its own per honest voting kibbutz of root n: a steward's of the present or of old, else the card."""
    out = {}
    for k, l in n.voters().items():
        mine = [x for x in l.keys if w.owner.get(x) == k]
        mine += [x for x in sorted(w.kind) if w.kind[x][1] == "card" and digest(x) == l.card and w.owner[x] == k]
        if mine and k not in w.evil and k not in w.left and w.mood.get(k) != "never":
            out[k] = mine[0]
    return out


def council_round(w, anchor, lost):
    """The honest agree on one root over all candidates: it replaces forked, stolen and lost keys and registers all."""
    ev = w.full(anchor)
    n = ev.root
    voices = honest_voices(w, n)
    for k in lost & set(voices):
        voices[k] = next(c for c in sorted(w.kind) if w.kind[c][1] == "card" and digest(c) == n.voters()[k].card)
    if len(voices) < n.majority:
        return None
    lines, pins = w.register(ev), []
    used = {x for l in lines.values() for x in l.keys} | {l.card for l in lines.values()}
    for k in sorted(ev.kib):  # Contested invitations: the council names the key.
        if k in w.view and k not in w.evil and k not in lines and k not in ev.closed and not set(w.keys[k]) & used \
                and not set(w.keys[k]) & ev.council.removed:
            lines[k] = Line(tuple(sorted(w.keys[k])), digest(w.cardkey[k]), False)
    for k in sorted(set(lines) & set(w.view) - w.evil - w.left):
        keys = lines[k].keys
        if k in lost or set(keys) != set(w.keys[k]) or any(x in w.stolen or w.owner.get(x) != k or x in ev.logs and ev.logs[x].fork() or x in ev.council.removed
                            for x in keys):
            best = {x: Pin(w.head[x].seq, w.head[x].eid) for x in keys + tuple(w.keys[k]) if w.owner.get(x) == k and x in w.head}
            w.rotate(k, ev, lines, pins, best)
    k0 = sorted(voices)[0]
    e = w.propose(k0, ev, voices[k0], lines, pins, [c.eid for c in w.candidates(ev)], safe=True)
    for k in sorted(voices)[1:]:
        w.write(voices[k], "approve", k, subject=e.eid, root=e.eid)
    ev = w.full(anchor)
    assert e.eid in [r.eid for r in ev.council.chain], "L1 the honest majority cannot settle the council (%s, %d of %d)" % (
        ev.council.status, len(voices), len(n.voters()))
    for k in w.honest():
        w.adopt(k, ev)
        w.stolen -= set(w.keys[k])
    return len(voices)


def liveness(w, rng):
    ev = w.full()
    anchor = None
    if ev.council.status == "split":  # T14, T15: those who were there stay together, or people must decide.
        held = [w.anchor[k] for k in w.honest()]
        longest = max(held, key=lambda a: len(Evaluation(w.all, w.charter, a).council.chain), default=w.charter.eid)
        chain = {r.eid for r in Evaluation(w.all, w.charter, longest).council.chain}
        if longest == w.charter.eid or not set(held) <= chain:
            w.stats["split: people must decide"] += 1
            return
        w.stats["split: an anchor leads on"] += 1
        anchor, ev = longest, w.full(longest)
        if ev.council.status == "split":
            w.stats["split beyond the anchor"] += 1
            return
    for x, log in ev.logs.items():  # Before signing, everybody asks for the head of the own log.
        if w.owner.get(x) in w.view and x in w.head and not log.fork():
            w.head[x] = log.seqs[max(log.seqs)][0]
    for k in w.view:
        w.view[k] |= w.all
    w.stats["council %s at the end" % ev.council.status] += 1
    voters = sorted(honest_voices(w, ev.root))
    lost = set(rng.sample(voters, 1)) if voters and rng.random() < .5 else set()
    acts = council_round(w, anchor, lost)
    if acts is None:
        w.stats["no honest majority of willing voters"] += 1
        return
    w.stats["settling acts"] += acts
    ev = w.full(anchor)
    assert ev.council.status == "settled", "L1 still " + ev.council.status
    for k in w.honest():
        if k in ev.kib and set(w.keys[k]) & set(ev.source[k]):
            office_goes_on(w, anchor, k)
        else:
            w.stats["kibbutz not admitted"] += 1


def doubts(ev, k):
    return sorted(x for x, o in ev.office.items() if o[0] == k and o[1] != "steward" and x in ev.logs
                  and any(ev.status.get(y) == DOUBT for y in ev.logs[x].by_id))


def office_goes_on(w, anchor, k):
    """Its steward settles what is contested by pins, grants a coordinator, who publishes."""
    ev = w.full(anchor)
    by = next(x for x in w.keys[k] if x in ev.source[k])
    for g in [e for e, _ in ev.spoken[k] if e.act == "grant" and e.get("by") == "invitation" and e.get("subject") in ev.logs]:
        eph = ev.logs[g.get("subject")]  # An invitation used twice: the right hand-over is pinned.
        if eph.fork():
            own = [e for e in eph.seqs[1] if e.act == "accept" and w.owner.get(e.get("key")) == k]
            w.steward_entry(k, "revoke", ev, signer=by, subject=eph.key, seq=1 if own else 0, last=own[0].eid if own else "")
    ev = w.full(anchor)
    for x in doubts(ev, k):
        top = w.head.get(x) if w.owner.get(x) == k else None
        w.steward_entry(k, "revoke", ev, signer=by, subject=x, seq=top.seq if top else 0, last=top.eid if top else "")
    x = w.fresh("C", k, "coordinator")
    w.steward_entry(k, "grant", ev, signer=by, subject=x, by="key", grants="coordinator")
    d = w.write(x, "publish", k, need=1, text=w.serial)
    ev = w.full(anchor)
    assert ev.documents[d.eid]["state"] == "in force", "L2 the office of %s cannot work: %s" % (k, ev.why(x))
    assert not doubts(ev, k), "L3 contested logs remain: %s" % doubts(ev, k)

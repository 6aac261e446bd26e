# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kinds of random histories, each from a seed: full, storm (elections only), growth (one founder to many)."""
from world import World
from mallory import Mallory


def full(seed, steps=200):
    """Offices at work, the council now and then, and Mallory a fifth of the time."""
    w = World(seed)
    m = Mallory(w)
    for _ in range(steps):
        x = w.rng.random()
        if x < .22:
            m.step()
        elif x < .40:
            w.spread()
        elif w.honest():
            w.h_step(w.rng.choice(w.honest()))
    return w


def storm(seed, steps=200):
    """Only the council: proposals, votes and standing on partial views; Mallory votes for everything."""
    w = World(seed)
    m = Mallory(w)
    seen = {}
    for i in range(steps):
        storm_step(w, m)
        if i % 6 == 5:
            watch(w, seen)
    honest = not w.evil and not w.stolen
    assert not honest or not w.stats["contested seen"], "C1 honest voters alone brought about a contested council"
    return w


def storm_step(w, m):
    r = w.rng
    if not w.honest():
        return
    x, k = r.random(), r.choice(w.honest())
    ev = w.evaluate(k)
    w.adopt(k, ev)
    if x < .30:
        keys = m.keys("steward") + m.keys("card")
        if keys:
            (m.council if r.random() < .15 else m.vote)(r.choice(keys))
    elif k in w.left:
        pass
    elif x < .55:
        w.h_vote(k, ev)
    elif x < .67:
        w.h_council(k, ev)
    elif x < .70:
        if w.voice(k, ev):
            w.h_invite(k, ev)
    elif x < .72:
        w.h_join()
    elif x < .85:
        w.spread()
    else:
        w.steward_entry(k, "transport", ev)


def watch(w, seen):
    """Counts what people would have noticed."""
    for k in w.honest():
        ev = w.evaluate(k)
        w.stats["contested seen"] += ev.council.status == "contested"
        now = [r.eid for r in ev.council.chain]
        w.stats["effective root undone in a view"] += now[:len(seen.get(k, []))] != seen.get(k, [])
        seen[k] = now


def growth(seed, steps=1200):
    """One founder grows to 25 kibbutzim: admissions everywhere at once, votes by the council."""
    w = World(seed, size=1, limit=25)
    m = Mallory(w)
    for _ in range(steps):
        r = w.rng
        k = r.choice(w.honest())
        x = r.random()
        if x < .05:
            m.step()
            continue
        if x < .30:
            w.view[k] |= w.view[r.choice(list(w.view))]
            continue
        ev = w.evaluate(k)
        w.adopt(k, ev)
        if k in w.left:
            continue
        if x < .55:
            w.h_vote(k, ev)
        elif x < .64:
            w.h_council(k, ev)
        elif x < .80:
            if w.voice(k, ev) and len(w.invites) < 6:
                w.h_invite(k, ev)
        elif x < .91:
            w.h_join()
        elif x < .95:
            w.steward_entry(k, "transport", ev)
        else:
            w.h_step(k)
    w.stats["kibbutzim grown to"] = max(w.stats["kibbutzim grown to"], len(w.full().kib))
    return w


KINDS = {"full": full, "storm": storm, "growth": growth}

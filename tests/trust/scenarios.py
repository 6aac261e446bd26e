# SPDX-License-Identifier: AGPL-3.0-or-later
"""The counterexamples by hand: each shows what a rule is for."""
import sys
sys.dont_write_bytecode = True
from model import RULES, Evaluation, Line, Pin, charter, digest, entry


class Logs:
    def __init__(self):
        self.all, self.head = [], {}

    def w(self, key, act, /, at=None, seat=None, root="", **body):
        """Appends to the key's log, or forks it from `at`. A key's second letter is its kibbutz."""
        p = self.head.get(key) if at is None else None if at == "first" else at
        role = {"S": "steward", "R": "card", "E": "invitation"}.get(key[0], "coordinator")
        e = entry(key, p.seq + 1 if p else 1, p.eid if p else "", act, seat or (key[1:2], role), root, **body)
        self.all.append(e)
        if at is None:
            self.head[key] = e
        return e


def lines(s, n=0):
    return tuple((k, Line(("S%s%d" % (k, n if k in s[1] else 0),), digest("R" + k))) for k in s[0])


def council(l, by, prev, ls, **kw):
    v = sum(x.vote for _, x in ls)
    return l.w(by, "council", base=prev, lines=ls, majority=v // 2 + 1, admission=kw.get("admission", 1), pins=kw.get("pins", ()), over=kw.get("over", ()), closed=kw.get("closed", ()), at=kw.get("at"))


def stale_votes():
    """5 voters. a,b,c make A; d,e had voted for rival B. Later one key, c's, is stolen and signs for B."""
    l, ch = Logs(), charter(lines(("abcde", "")))
    A = council(l, "Sa0", ch.eid, lines(("abcde", "")))
    B = council(l, "Sd0", ch.eid, lines(("abcde", "")))
    for k in "bc":
        l.w("S%s0" % k, "approve", subject=A.eid)
    l.w("Se0", "approve", subject=B.eid)
    before = Evaluation(l.all, ch).root.eid == A.eid
    for k in "abde":
        l.w("S%s0" % k, "transport", root=A.eid)                 # four of five stand on A: final
    l.w("Sc0", "approve", subject=B.eid)
    ev = Evaluation(l.all, ch)
    return before and ev.root.eid == A.eid, ev.council.status


def fork_at_one():
    """a's steward forks at seq 1 long after its vote put root A in force."""
    l, ch = Logs(), charter(lines(("abc", "")))
    l.w("Sa0", "transport")
    A = council(l, "Sb0", ch.eid, lines(("abc", "")))
    l.w("Sa0", "approve", subject=A.eid)
    l.w("Sa0", "transport", at="first", junk=1)
    ev = Evaluation(l.all, ch)
    return ev.root.eid == A.eid, ev.council.status


def checkpoint():
    """The same fork, and grants before the checkpoint of the next root stand."""
    l, ch = Logs(), charter(lines(("abc", "")))
    l.w("Sa0", "transport")
    g = l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    d = l.w("Ca1", "publish")
    A = council(l, "Sb0", ch.eid, lines(("abc", "")), pins=(("Sa0", "a", Pin(g.seq, g.eid, True)),))
    l.w("Sc0", "approve", subject=A.eid)
    l.w("Sa0", "transport", at="first", junk=1)
    st = Evaluation(l.all, ch).state()
    return st.documents[d.eid]["state"] == "in force", st.documents[d.eid]["state"]


def mutual_removal():
    """A removes e, B removes a; a and e vote for themselves; a third sits on both sides."""
    l, ch = Logs(), charter(lines(("abcde", "")))
    A = council(l, "Sa0", ch.eid, lines(("abcd", "")), pins=(("Se0", "e", Pin(0, "")),), closed="e")
    B = council(l, "Se0", ch.eid, lines(("bcde", "")), pins=(("Sa0", "a", Pin(0, "")),), closed="a")
    for k, r in ("bA", "cA", "cB", "dB"):
        l.w("S%s0" % k, "approve", subject={"A": A, "B": B}[r].eid)
    st = Evaluation(l.all, ch)
    x = l.w("Sa0", "grant", subject="Ca9", by="key", grants="coordinator")
    d = l.w("Ca9", "publish")
    doubt = Evaluation(l.all, ch).documents[d.eid]["state"]      # while contested, what takes away counts
    C = council(l, "Sb0", ch.eid, lines(("abcde", "")), over=(A.eid, B.eid))
    for k in "cd":
        l.w("S%s0" % k, "approve", subject=C.eid)
    ev = Evaluation(l.all, ch)
    return st.council.status == "contested" and doubt == "contested" and ev.root.eid == C.eid, (st.council.status, doubt, ev.council.status)


def lost_key_alone():
    """One founder of one loses the steward key: the card proposes and approves the next root."""
    l, ch = Logs(), charter(lines(("a", "")))
    l.w("Sa0", "transport")
    C = council(l, "Ra", ch.eid, (("a", Line(("Sa1",), digest("Ra2"))),), pins=(("Sa0", "a", Pin(1, l.head["Sa0"].eid)),))
    l.w("Sa1", "approve", subject=C.eid)
    ev = Evaluation(l.all, ch)
    return ev.root.eid == C.eid, ev.council.status


def invitation_twice():
    """The inviter keeps the invitation key and hands over a second time: contested; a root that names the key settles it."""
    l, ch = Logs(), charter(lines(("abc", "")), admission=1)
    adm = l.w("Sa0", "admit", invited="E")
    l.w("E", "accept", invitation=adm.eid, key="S_new", card="x")
    l.w("S_new", "transport", seat=(adm.eid, "steward"))
    g = l.w("S_new", "grant", subject="C_new", by="key", grants="coordinator")
    d = l.w("C_new", "publish", seat=(adm.eid, "coordinator"))
    one = Evaluation(l.all, ch).documents[d.eid]["state"]
    l.w("E", "accept", at="first", invitation=adm.eid, key="S_thief", card="y")
    two = Evaluation(l.all, ch).documents[d.eid]["state"]
    A = council(l, "Sb0", ch.eid, lines(("abc", "")) + ((adm.eid, Line(("S_new",), "x", False)),))
    l.w("Sc0", "approve", subject=A.eid)
    three = Evaluation(l.all, ch).documents[d.eid]["state"]
    return (one, two, three) == ("in force", "contested", "in force"), (one, two, three)


def rogue_steward_voids():
    """a's steward revokes an honest coordinator at 0; the council pins the steward before that and all is back."""
    l, ch = Logs(), charter(lines(("abc", "")))
    l.w("Sa0", "transport")
    g = l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    d = l.w("Ca1", "publish")
    l.w("Sa0", "revoke", subject="Ca1", seq=0, last="")
    one = Evaluation(l.all, ch).documents[d.eid]["state"]
    A = council(l, "Sb0", ch.eid, (("a", Line(("Sa1",), digest("Q"))),) + lines(("bc", "")), pins=(("Sa0", "a", Pin(g.seq, g.eid)),))
    l.w("Sc0", "approve", subject=A.eid)
    two = Evaluation(l.all, ch).documents[d.eid]["state"]
    return (one, two) == ("void", "in force"), (one, two)


def need_lowered():
    """A revision cannot ask for fewer approvals than what it follows."""
    l, ch = Logs(), charter(lines(("abc", "")))
    l.w("Sa0", "transport")
    l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    d = l.w("Ca1", "publish", need=3)
    l.w("Ca1", "revise", document=d.eid, after=(d.eid,), need=0)
    s = Evaluation(l.all, ch).documents[d.eid]["state"]
    return s == "proposed", s


def card_replaces_steward():
    """A kibbutz without vote loses its steward key: the card names a new one, at once, and older grants stand."""
    l, ch = Logs(), charter(lines(("a", "")))
    adm = l.w("Sa0", "admit", invited="E")
    l.w("E", "accept", invitation=adm.eid, key="S_1", card=digest("R_"))
    l.w("S_1", "transport", seat=(adm.eid, "steward"))
    g = l.w("S_1", "grant", subject="C_1", by="key", grants="coordinator")
    d = l.w("C_1", "publish", seat=(adm.eid, "coordinator"))
    l.w("S_1", "grant", subject="C_thief", by="key", grants="coordinator")
    t = l.w("C_thief", "publish", seat=(adm.eid, "coordinator"))
    l.w("R_", "recover", kibbutz=adm.eid, key="S_2", pins=(("S_1", Pin(g.seq, g.eid)),))
    l.w("S_2", "transport", seat=(adm.eid, "steward"))
    l.w("S_2", "grant", subject="C_2", by="key", grants="coordinator")
    f = l.w("C_2", "publish", seat=(adm.eid, "coordinator"))
    ds = Evaluation(l.all, ch).documents
    got = ds[d.eid]["state"], ds[t.eid]["state"], ds[f.eid]["state"]
    return got == ("in force", "void", "in force"), got


def two_kibbutzim():
    """b's steward grants a's coordinator: its log says a, so b's grant gives its entries nothing and takes nothing."""
    l, ch = Logs(), charter(lines(("ab", "")))
    l.w("Sa0", "transport"), l.w("Sb0", "transport")
    l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    l.w("Sb0", "grant", subject="Ca1", by="key", grants="coordinator")
    l.w("Sb0", "revoke", subject="Ca1", seq=0, last="")
    d = l.w("Ca1", "publish")
    d = Evaluation(l.all, ch).documents[d.eid]
    return (d["state"], d["kibbutz"]) == ("in force", "a"), d["state"]


def erase_in_doubt():
    """An erasure in a forked log is not carried out; pinned by the steward, it is."""
    l, ch = Logs(), charter(lines(("a", "")))
    l.w("Sa0", "transport")
    l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    d = l.w("Ca1", "publish")
    e = l.w("Ca1", "erase", subject=d.eid)
    l.w("Ca1", "publish", at=d, other=1)
    one = Evaluation(l.all, ch).documents[d.eid]["erased"]
    l.w("Sa0", "revoke", subject="Ca1", seq=e.seq, last=e.eid)
    two = Evaluation(l.all, ch).documents[d.eid]["erased"]
    return (one, two) == (False, True), (one, two)


def two_anchors():
    """One of three votes on two sides: a and b put c out, b and c put a out, and each side goes on. Nobody may take a root of
    either side for final, or two honest offices would be apart for ever."""
    l, ch = Logs(), charter(lines(("abc", "")))

    def side(x, y, out):
        first = council(l, "S%s0" % x, ch.eid, lines((sorted(x + y), "")), pins=(("S%s0" % out, out, Pin(0, "")),), closed=out)
        one = [first, l.w("S%s0" % y, "approve", subject=first.eid, at="first")]
        then = council(l, "S%s0" % x, first.eid, lines((sorted(x + y), "")))
        two = [then, l.w("S%s0" % y, "approve", at="first", subject=then.eid, root=first.eid)]
        for k in x + y:
            two.append(l.w("S%s0" % k, "transport", at="first", root=then.eid))
        return Evaluation(one + two, ch).council, then.eid

    (c1, r1), (c2, r2) = side("a", "b", "c"), side("c", "b", "a")
    apart = r1 in [r.eid for r in c1.chain] and r2 in [r.eid for r in c2.chain]
    return apart and r1 not in c1.final and r2 not in c2.final, (apart, r1 in c1.final, r2 in c2.final)


def key_replaced_and_final():
    """a replaces its key in root A; it voted with the old one and works with the new one, so it stands on A."""
    l, ch = Logs(), charter(lines(("abc", "")))
    A = council(l, "Sa0", ch.eid, lines(("abc", "a"), 1), pins=(("Sa0", "a", Pin(0, "")),))
    l.w("Sa1", "approve", subject=A.eid)
    l.w("Sb0", "approve", subject=A.eid)
    for x in ("Sa1", "Sb0", "Sc0"):
        l.w(x, "transport", root=A.eid)
    c = Evaluation(l.all, ch).council
    return A.eid in c.final, sorted(c.final)


def key_given_without_vote():
    """b and c list a key of their own for a, who never voted for it: that key does not make a stand on their root."""
    l, ch = Logs(), charter(lines(("abc", "")))
    A = council(l, "Sb0", ch.eid, lines(("abc", "a"), 1), pins=(("Sa0", "a", Pin(0, "")),))
    l.w("Sc0", "approve", subject=A.eid)
    for x in ("Sa1", "Sb0", "Sc0"):
        l.w(x, "transport", root=A.eid)
    c = Evaluation(l.all, ch).council
    return c.chain[-1].eid == A.eid and A.eid not in c.final, A.eid in c.final


def two_stewards_one_vote():
    """Two steward keys and the card of one kibbutz are one voice."""
    ls = (("a", Line(("Sa0", "Sa9"), digest("Ra"))),) + lines(("bc", ""))
    l, ch = Logs(), charter(ls)
    A = council(l, "Sa0", ch.eid, ls)
    l.w("Sa9", "approve", subject=A.eid)
    l.w("Ra", "approve", subject=A.eid)
    one = Evaluation(l.all, ch).root.eid
    l.w("Sb0", "approve", subject=A.eid)
    two = Evaluation(l.all, ch).root.eid
    return (one, two) == (ch.eid, A.eid), (one, two)


def closing():
    """A kibbutz leaves: what is pinned stands, an unpinned coordinator's entries do not, and its keys say nothing more."""
    l, ch = Logs(), charter(lines(("abc", "")))
    l.w("Sa0", "transport")
    l.w("Sa0", "grant", subject="Ca1", by="key", grants="coordinator")
    g = l.w("Sa0", "grant", subject="Ca2", by="key", grants="coordinator")
    d, e = l.w("Ca1", "publish"), l.w("Ca2", "publish")
    A = council(l, "Sb0", ch.eid, lines(("bc", "")), closed=("a",), pins=(("Sa0", "a", Pin(g.seq, g.eid)), ("Ca1", "a", Pin(1, d.eid))))
    l.w("Sc0", "approve", subject=A.eid)
    f = l.w("Ca1", "publish")
    ds = Evaluation(l.all, ch).documents
    got = ds[d.eid]["state"], ds[e.eid]["state"], ds[f.eid]["state"]
    return got == ("in force", "void", "void"), got


def old_threshold():
    """An admission is judged by the present root's threshold, whatever root its writer names."""
    l, ch = Logs(), charter(lines(("abc", "")), admission=1)
    A = council(l, "Sa0", ch.eid, lines(("abc", "")), admission=2)
    l.w("Sb0", "approve", subject=A.eid)
    adm = l.w("Sc0", "admit", invited="E", root=ch.eid)
    one = adm.eid in Evaluation(l.all, ch).kib
    l.w("Sa0", "approve", subject=adm.eid)
    two = adm.eid in Evaluation(l.all, ch).kib
    return (one, two) == (False, True), (one, two)


def supersession():
    """A document replaced by one that was replaced stays replaced; a stranger's replaces nothing; nor does a contested one."""
    l, ch = Logs(), charter(lines(("ab", "")))
    for k in "ab":
        l.w("S%s0" % k, "transport")
        l.w("S%s0" % k, "grant", subject="C%s1" % k, by="key", grants="coordinator")
    d = l.w("Ca1", "publish")
    l.w("Cb1", "publish", supersedes=(d.eid,))
    one = Evaluation(l.all, ch).documents[d.eid]["state"]
    e = l.w("Ca1", "publish", supersedes=(d.eid,))
    f = l.w("Ca1", "publish", supersedes=(e.eid,))
    l.w("Ca1", "withdraw", document=f.eid)
    ds = Evaluation(l.all, ch).documents
    got = one, ds[d.eid]["state"], ds[e.eid]["state"], ds[f.eid]["state"]
    return got == ("in force", "superseded", "superseded", "withdrawn"), got


def recovered_twice():
    """The card names S_2, then S_3, and cuts the one before; a root then lists S_3. S_2 does not come alive again by it."""
    l, ch = Logs(), charter(lines(("a", "")) + (("b", Line(("S_1",), digest("R_"), False)),))
    for x in ("S_2", "S_3"):
        l.w(x, "transport", seat=("b", "steward"))
    l.w("R_", "recover", seat=("b", "card"), kibbutz="b", key="S_2", pins=(("S_1", Pin(0, "")),))
    l.w("R_", "recover", kibbutz="b", key="S_3", pins=(("S_2", Pin(0, "")),))
    council(l, "Sa0", ch.eid, lines(("a", "")) + (("b", Line(("S_3",), digest("R_"), False)),), pins=(("S_1", "b", Pin(0, "")),))
    l.w("S_2", "grant", subject="C_2", by="key", grants="coordinator")
    l.w("S_3", "grant", subject="C_3", by="key", grants="coordinator")
    d, e = (l.w(x, "publish", seat=("b", "coordinator")) for x in ("C_2", "C_3"))
    ev = Evaluation(l.all, ch)
    got = len(ev.council.chain), ev.documents[d.eid]["state"], ev.documents[e.eid]["state"]
    return got == (2, "void", "in force"), got


SCENARIOS = (stale_votes, fork_at_one, checkpoint, mutual_removal, lost_key_alone, invitation_twice, rogue_steward_voids, need_lowered,
             card_replaces_steward, two_kibbutzim, erase_in_doubt, two_anchors, key_replaced_and_final, key_given_without_vote,
             two_stewards_one_vote, closing, old_threshold, supersession, recovered_twice)
# Each rule that can be switched off, and a scenario that fails without it.
NEEDED = {"finality": stale_votes, "prefix": two_anchors, "heirs": key_replaced_and_final, "votes survive forks": fork_at_one,
          "over": mutual_removal}


def main():
    failed = 0
    for f in SCENARIOS:
        good, seen = f()
        failed += not good
        print("%-24s %s %s" % (f.__name__, "holds" if good else "FAILS", seen))
    for rule, f in NEEDED.items():
        RULES[rule] = False
        good, seen = f()
        RULES[rule] = True
        failed += good
        print("%-24s %s without the rule \"%s\" %s" % (f.__name__, "HOLDS" if good else "fails", rule, seen))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A history of the model in the bytes of docs/FORMAT.md: the charter's text and each act's lines, for replay.c."""
import hashlib

P = 2 ** 255 - 19
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202


def hashed(kind, data):
    return hashlib.blake2b(data, digest_size=32, person=("igum.%s.v1" % kind).encode()).hexdigest()


class Points:
    """Keys are points of Ed25519: the multiples of its base point, one after another."""

    def __init__(self):
        self.x, self.y = BASE_X, BASE_Y

    def next(self):
        x, y, u, v = self.x, self.y, BASE_X, BASE_Y
        t = D * x * y * u * v % P
        self.x = (x * v + u * y) * pow(1 + t, P - 2, P) % P
        self.y = (y * v + x * u) * pow(1 - t, P - 2, P) % P
        return (self.y | (self.x & 1) << 255).to_bytes(32, "little").hex()


POINTS, MULTIPLES = Points(), []


ORDER = 2 ** 252 + 27742317777372353535851937790883648493


def multiple(index):
    while len(MULTIPLES) <= index:
        MULTIPLES.append(POINTS.next())
    return MULTIPLES[index]


def sign(index, message):
    """By the key multiple(index), whose secret anybody can see. The secret of the first half is 2, that of multiple(0)."""
    first, key = multiple(0), multiple(index)
    h = int.from_bytes(hashlib.sha512(bytes.fromhex(first) + bytes.fromhex(key) + message).digest(), "little")
    return first + ((2 + h * (index + 2)) % ORDER).to_bytes(32, "little").hex()


class Export:
    """Maps the labels of a history to ids, and writes it as commands."""

    def __init__(self, chart, entries, keys, digest):
        self.ids, self.labels = {}, {}  # (kind, label) -> hex; hex -> label
        self.place = {}  # key -> which multiple it is
        self.card_of = {digest(k): k for k in keys}
        self.text = self.charter(chart)
        self.network = hashed("genesis", self.text.encode())
        self.name("id", chart.eid, self.network)
        for i, (kib, _) in enumerate(chart.lines):
            self.name("id", kib, hashed("kibbutz", bytes.fromhex(self.network) + i.to_bytes(4, "big")))
        self.commands = ["charter %d\n%s" % (len(self.text.encode()), self.text)]
        clock = 1767225600000
        for e in entries:
            clock += 1000
            self.commands.append(self.entry(e, clock))

    def name(self, kind, label, value):
        self.ids[kind, label] = value
        self.labels[value] = label
        return value

    def id(self, label):
        return self.ids.get(("id", label)) or self.name("id", label, hashed("entry", repr(label).encode()))

    def key(self, label):
        if ("key", label) not in self.ids:
            self.place[label] = len(self.place)
            self.name("key", label, multiple(self.place[label]))
        return self.ids["key", label]

    def card(self, digest):
        key = self.card_of.get(digest)
        if key is None:
            return self.id(digest)
        return self.ids.get(("card", digest)) or self.name("card", digest, hashed("card", bytes.fromhex(self.key(key))))

    def charter(self, chart):
        out = ["igum charter 1", "name N", "nonce " + hashed("blob", chart.eid.encode()), "majority %d" % chart.majority,
               "admission %d" % chart.admission]
        for kib, line in chart.lines:
            out += ["kibbutz " + kib, "card " + self.card(line.card)] + ["steward %s S" % self.key(x) for x in line.keys]
        return "\n".join(out) + "\n"

    def pin(self, p):
        return "%d %s" % (p.seq, self.id(p.eid) if p.seq else "-")

    def lines(self, e):
        """The act's lines, in the order of docs/FORMAT.md, 2.2."""
        g = e.get
        run = lambda name, values: ["%s %s" % (name, v) for v in sorted(set(values))]
        ids = lambda name: run(name, [self.id(x) for x in g(name, ())])
        content = run("content", [hashed("content", e.eid.encode())])
        reason = ["reason r"]
        revision = run("audience", [g("audience", "network")]) + content + \
            ["need %d" % max(1, g("need", 1)), "count " + g("count", "kibbutzim")] + ids("supersedes")
        acts = {
            "publish": lambda: revision,
            "revise": lambda: run("document", [self.id(g("document"))]) + ids("after") + revision,
            "withdraw": lambda: run("document", [self.id(g("document"))]) + reason,
            "approve": lambda: run("subject", [self.id(g("subject"))]),
            "erase": lambda: run("subject", [self.id(g("subject"))]) + reason,
            "admit": lambda: run("invited", [self.key(g("invited"))]) + content,
            "grant": lambda: ["subject " + self.key(g("subject")), "grants " + g("grants"), "by " + g("by")] +
            (run("channel", [hashed("blob", g("subject").encode())]) if g("grants") == "node" and g("by") == "key" else []) + content,
            "accept": lambda: ["invitation " + self.id(g("invitation")), "key " + self.key(g("key"))] +
            (["card " + self.card(g("card"))] if g("card") else []) + ["consent " + self.consent(e)],
            "revoke": lambda: ["subject " + self.key(g("subject")), "pin %d %s" % (g("seq"), self.id(g("last")) if g("seq") else "-"),
                               "why retire"],
            "council": lambda: self.council(e, run),
            "recover": lambda: ["kibbutz " + self.id(g("kibbutz")), "key " + self.key(g("key"))] +
            run("cut", ["%s %s %s" % (self.key(x), self.id(g("kibbutz")), self.pin(p)) for x, p in g("pins", ())]),
            "transport": lambda: ["channel " + hashed("blob", e.eid.encode())],
        }
        return acts[e.act]()

    def consent(self, e):
        parts = [self.network, self.key(e.log), self.id(e.get("invitation")), self.key(e.get("key")),
                 self.card(e.get("card")) if e.get("card") else 64 * "0", 64 * "0"]
        return sign(self.place[e.get("key")], bytes.fromhex(hashed("consent", bytes.fromhex("".join(parts)))))

    def council(self, e, run):
        g = e.get
        line = lambda k, l: "%s %s %s %s" % (self.id(k), "vote" if l.vote else "none", self.card(l.card),
                                             " ".join(sorted(self.key(x) for x in l.keys)))
        pin = lambda x, k, p: "%s %s %s" % (self.key(x), self.id(k), self.pin(p))
        return (["base " + self.id(g("base")), "majority %d" % g("majority"), "admission %d" % g("admission")] +
                run("line", [line(k, l) for k, l in g("lines")]) +
                run("cut", [pin(*p) for p in g("pins", ()) if not p[2].open]) +
                run("keep", [pin(*p) for p in g("pins", ()) if p[2].open]) +
                run("closed", [self.id(k) for k in g("closed", ())]) + run("over", [self.id(r) for r in g("over", ())]))

    def entry(self, e, clock):
        body = "".join(l + "\n" for l in self.lines(e))
        seat = "%s %s" % (self.id(e.seat[0]), e.seat[1]) if e.seq == 1 else "- -"
        return "entry %s %s %d %s %d %s %s %s %d\n%s" % (
            self.id(e.eid), self.key(e.log), e.seq, self.id(e.prev) if e.prev else "-", clock << 16, seat,
            self.id(e.root) if e.root else self.network, e.act, len(body), body)

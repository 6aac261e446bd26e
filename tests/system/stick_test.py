#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offices without a line, and the stick that goes between them: stick_test.py IGUM QUICK_PASSPHRASE_LIBRARY"""

import html.parser
import json
import os
import random
import sys
import unittest

from harness import Place, wait_equal, wait_for

IGUM = QUICK = None
PAGE = "קרא-אותי.html"


class Reader(html.parser.HTMLParser):
    """The tags and the text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


class StickTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "stick")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.a, self.b = self.two()
        self.stick = self.place.join("stick")
        os.mkdir(self.stick)

    def two(self):
        """Two homes of one network, which met once and never again."""
        a = self.place.node("a").found(kibbutz='גבעת <b>"ארנון"</b> & בניה')
        a.start(http=None)
        b = self.place.node("b").enter(a, "שדה לוטם", "אורית").start(http=None)
        wait_equal([a, b])
        for node in (a, b):
            node.end()
            node.peer = None
        return a, b

    def publish(self, node, text, *flags, size=0):
        random.seed(text)
        body = "".join(random.choice("אבגדהוזחטיכלמנסעפצקרשת ") for _ in range(size))
        path = self.place.write("note.md", f"# {text}\n\n{body}\n")
        return node.json("publish", path, *flags)[0]["document"]

    def export(self, node, name, *flags):
        return node.json("export", "--bundle", os.path.join(self.stick, name), *flags)[0]

    def take(self, node, *names, code=0):
        done = node.run("import", "--json", *[os.path.join(self.stick, name) for name in names])
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_what_one_wrote_the_other_reads_without_a_line(self):
        document = self.publish(self.a, "בלי קו")
        told = self.export(self.a, "a.igum", "--for", "שדה לוטם")
        self.assertEqual(told["files"], [os.path.join(self.stick, "a.igum")])
        self.take(self.b, "a.igum")
        self.assertEqual(self.b.documents(), {document})
        self.assertEqual(self.a.status()["root"], self.b.status()["root"])
        self.assertEqual(self.b.igum("show", document), self.a.igum("show", document))
        answer = self.publish(self.b, "תשובה")
        self.export(self.b, "b.igum")
        self.take(self.a, "b.igum")
        self.assertEqual(self.a.documents(), {document, answer})
        self.assertEqual(self.b.run("verify").returncode, 0)
        again = self.take(self.b, "a.igum").stderr
        self.assertIn("nothing of it was new here", again)

    def where(self, node, document):
        """How many kibbutzim have it, as that home knows."""
        told = node.run("whereis", document, "--json")
        return json.loads(told.stdout.splitlines()[0])["reached"], told.returncode

    def test_whereis_is_true_on_both_sides_without_a_line(self):
        document = self.publish(self.a, "בלי קו")
        self.assertEqual(self.where(self.a, document), (1, 3))
        self.export(self.a, "a.igum", "--for", "שדה לוטם")
        self.assertEqual(self.where(self.a, document), (1, 3))  # That it was written to a stick says nothing.
        self.take(self.b, "a.igum")
        self.assertEqual(self.where(self.b, document), (2, 0))
        self.export(self.b, "b.igum")
        self.take(self.a, "b.igum")
        self.assertEqual(self.where(self.a, document), (2, 0))

    def test_receipts_go_home_on_the_same_stick(self):
        self.publish(self.a, "בלי קו")
        self.export(self.a, "a.igum", "--for", "שדה לוטם")
        self.take(self.b, "a.igum")
        back = self.export(self.b, "b.igum", "--for", 'גבעת <b>"ארנון"</b> & בניה')
        self.assertEqual(back["entries"], 0)  # All that b has came from a, which signed that it has it.
        self.assertGreater(back["held"], 0)
        self.take(self.a, "b.igum")
        self.publish(self.a, "ועוד דבר")
        again = self.export(self.a, "a2.igum", "--for", "שדה לוטם")
        self.assertEqual(again["entries"], 1)  # Only what b has not signed to have.
        self.take(self.b, "a2.igum")
        self.assertEqual(len(self.b.documents()), 2)

    def invite(self, node, name, kind="--kibbutz"):
        """An invitation that names an address at which nobody is."""
        return node.json("invite", kind, name, "--address", "192.0.2.1:8610")[0]["invitation"]

    def join_by_stick(self, node, invitation, *names, code=0):
        files = [word for name in names for word in ("--bundle", os.path.join(self.stick, name))]
        done = node.run("join", "-", "--name", "יואב", *files, input=invitation + "\n")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_kibbutz_without_any_line_joins_by_a_stick(self):
        document = self.publish(self.a, "מה שהיה לפני כן")
        invitation = self.invite(self.a, "עין דרור")
        self.export(self.a, "a.igum")
        c = self.place.node("c")
        told = self.join_by_stick(c, invitation, "a.igum")
        self.assertIn("igum export --bundle", told)
        self.assertEqual(c.documents(), {document})
        self.assertEqual(c.status()["kibbutz"], "עין דרור")
        answer = self.publish(c, "כבר חברים")  # It signs before they at home know of it.
        self.export(c, "c.igum")
        self.take(self.a, "c.igum")
        self.assertEqual(self.a.documents(), {document, answer})
        self.assertEqual(self.a.status()["root"], c.status()["root"])
        self.assertEqual(self.where(self.a, document)[0], 2)  # Its receipt came along.
        listed = {line["document"]: line for line in self.a.json("list")}
        self.assertEqual(listed[answer]["kibbutz"], "עין דרור")
        for node in (self.a, c):
            self.assertEqual(node.run("verify").returncode, 0)
        again = self.publish(self.a, "ועוד דבר")
        self.export(self.a, "a2.igum", "--for", "עין דרור")
        self.take(c, "a2.igum")
        self.assertIn(again, c.documents())

    def test_joining_by_a_stick_that_does_not_fit(self):
        foreign = self.place.node("foreign").found(network="אחרת", kibbutz="זר")
        self.export(foreign, "foreign.igum")
        invitation = self.invite(self.a, "עין דרור")
        self.export(self.a, "a.igum")
        c, d = self.place.node("c"), self.place.node("d")
        for name in ("foreign.igum", "not-there.igum"):
            told = self.join_by_stick(c, invitation, name, code=1)
            self.assertIn("run the same 'igum join' again", told)
        self.assertIn("not reached it yet", c.run("list").stderr + c.run("publish", self.place.write("x.md", "# x\n")).stderr)
        self.join_by_stick(c, invitation, "foreign.igum", "a.igum", code=3)  # What fits is enough to begin.
        self.take(c, "a.igum")
        self.join_by_stick(c, invitation, "a.igum")  # Again, and nothing happens twice.
        self.export(c, "c.igum")
        self.take(self.a, "c.igum")
        self.export(self.a, "a2.igum")
        told = self.join_by_stick(d, invitation, "a2.igum", code=1)  # Another used it first.
        self.assertIn("used", told)
        coordinator = self.invite(self.a, "דליה רז", "--coordinator")
        done = self.a.run("join", coordinator, "--bundle", os.path.join(self.stick, "a.igum"))
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_node_without_any_line_joins_by_a_stick_in_parts_and_by_an_import(self):
        scan = self.place.write("scan.bin", random.Random(5).randbytes(3000000))
        document = self.a.json("publish", self.place.write("note.md", "# עם צרופה\n"), "--attach", scan)[0]["document"]
        invitation = self.invite(self.a, "הספרייה", "--node")
        told = self.export(self.a, "a.igum", "--part", "2000000")
        names = [os.path.basename(path) for path in told["files"]]
        self.assertGreater(len(names), 1)
        c = self.place.node("c")
        self.join_by_stick(c, invitation, *reversed(names))  # In any order.
        self.assertEqual((c.documents(), c.status()["files_missing"]), ({document}, 0))

    def test_attachments_that_a_stick_brings_to_a_running_node_reach_others_and_its_receipt(self):
        c = self.place.node("c")
        self.b.start(http=None)
        scan = self.place.write("scan.bin", random.Random(6).randbytes(2500000))
        document = self.a.json("publish", self.place.write("note.md", "# עם צרופה\n"), "--attach", scan)[0]["document"]
        self.export(self.a, "a.igum", "--for", "שדה לוטם")
        self.take(self.b, "a.igum")  # Nobody is connected who could give it back.
        tries = iter(range(1000))

        def is_known():  # What the running node has signed goes home.
            name = f"b{next(tries)}.igum"
            self.export(self.b, name)
            self.take(self.a, name)
            return self.where(self.a, document)[0] == 2
        wait_for("a to know", is_known)
        invitation = self.b.json("invite", "--node", "ההנהלה", "--address", self.b.peer.split("@")[1])[0]["invitation"]
        c.igum("join", "-", "--name", "ההנהלה", input=invitation + "\n")
        c.start(http=None)
        wait_for("the attachment at c", lambda: "files_missing" in c.status() and document in c.documents() and c.status()["files_missing"] == 0)
        self.assertIn("attachment here", self.b.read_log())

    def test_attachments_go_along(self):
        scan = self.place.write("scan.bin", random.Random(5).randbytes(2500000))
        path = self.place.write("note.md", "# עם צרופה\n")
        document = self.a.json("publish", path, "--attach", scan)[0]["document"]
        self.assertEqual(self.export(self.a, "a.igum")["files"], [os.path.join(self.stick, "a.igum")])
        self.take(self.b, "a.igum")
        self.assertEqual(self.b.documents(), {document})
        report = self.b.json("verify")[0]
        self.assertEqual(report.get("files_missing", 0), 0)
        self.assertIn("nothing of it was new", self.take(self.b, "a.igum").stderr)

    def test_running_node_takes_it_in(self):
        document = self.publish(self.a, "בלי קו")
        self.export(self.a, "a.igum")
        self.b.start(http=None)
        self.take(self.b, "a.igum")
        self.assertEqual(self.b.documents(), {document})
        self.assertEqual(self.b.status()["root"], self.a.status()["root"])

    def test_what_is_only_for_one_kibbutz_goes_to_it_alone(self):
        secret = self.publish(self.a, "רק אצלנו", "--audience", "kibbutz")
        needle = "רק אצלנו".encode()
        for name, flags in (("b.igum", ("--for", "שדה לוטם")), ("any.igum", ())):
            told = self.export(self.a, name, *flags)
            self.take(self.b, name)
        self.assertNotEqual(self.b.run("show", secret).returncode, 0)
        home = self.export(self.a, "home.igum", "--for", 'גבעת <b>"ארנון"</b> & בניה')
        self.assertEqual(home["contents"], told["contents"] + 1)
        self.take(self.b, "home.igum")  # Even where it was handed the wrong stick.
        done = self.b.run("show", secret)
        self.assertNotIn(needle.decode(), done.stdout)

    def test_large_bundle_is_split_and_any_order_does(self):
        for i in range(6):
            self.publish(self.a, f"מסמך {i}", size=60000)
        told = self.export(self.a, "a.igum", "--part", "65536")
        names = [os.path.basename(path) for path in told["files"]]
        self.assertGreater(len(names), 1)
        self.assertEqual(names[:2], ["a.igum", "a.igum.002"])
        self.take(self.b, *reversed(names))
        self.assertEqual(self.a.status()["root"], self.b.status()["root"])
        self.assertEqual(len(self.b.documents()), 6)

    def test_cut_file_gives_what_is_whole_and_says_so(self):
        for i in range(4):
            self.publish(self.a, f"מסמך {i}", size=60000)
        self.export(self.a, "a.igum")
        with open(os.path.join(self.stick, "a.igum"), "rb") as file:
            whole = file.read()
        self.assertGreater(len(whole), 100000)
        with open(os.path.join(self.stick, "cut.igum"), "wb") as file:
            file.write(whole[:-30])  # The trailer is gone, and every frame is there.
        done = self.take(self.b, "cut.igum", code=3)
        self.assertIn("ends before its end", done.stderr)
        self.assertEqual(len(self.b.documents()), 4)
        self.take(self.b, "a.igum")  # It goes on where that ended.

    def test_altered_file_gives_what_is_whole_and_nothing_else(self):
        document = self.publish(self.a, "הדבר")
        self.export(self.a, "a.igum")
        with open(os.path.join(self.stick, "a.igum"), "rb") as file:
            whole = file.read()
        places = sorted({random.Random(1).randrange(len(whole)) for _ in range(12)} | {0, 8, 100, 125, len(whole) - 1})
        for place in places:
            altered = bytearray(whole)
            altered[place] ^= 0x20
            with open(os.path.join(self.stick, "altered.igum"), "wb") as file:
                file.write(altered)
            done = self.b.run("import", os.path.join(self.stick, "altered.igum"))
            self.assertIn(done.returncode, (1, 3), f"byte {place}: {done.stderr}")
            self.assertIn("hint: ", done.stderr)
            self.assertLessEqual(self.b.documents(), {document})
        self.take(self.b, "a.igum")
        self.assertEqual(self.b.run("verify").returncode, 0)

    def test_what_is_no_bundle_file_is_refused(self):
        other = self.place.node("other").found("רשת אחרת", "אחר", "מישהו")
        self.export(other, "other.igum")
        self.place.write("stick/garbage", os.urandom(5000))
        self.place.write("stick/empty", b"")
        for name, words in (("other.igum", "of another network"), ("garbage", "no bundle file"),
                            ("empty", "no bundle file"), ("missing", "cannot be read")):
            self.assertIn(words, self.take(self.b, name, code=1).stderr)

    def test_attack_52_repository_on_the_stick_is_never_opened(self):
        """It has a hook, an alternate and a configuration that would each leave a trace."""
        trace = self.place.join("trace")
        repository = os.path.join(self.stick, "archive.git")
        self.a.git("clone", "--bare", ".", repository)
        hooks = os.path.join(repository, "hooks")
        os.makedirs(hooks, exist_ok=True)
        for hook in ("post-checkout", "reference-transaction", "pre-receive"):
            self.place.write(os.path.join("stick/archive.git/hooks", hook), f"#!/bin/sh\ntouch {trace}\n", 0o755)
        self.place.write("stick/archive.git/objects/info/alternates", "/nowhere\n")
        self.place.write("stick/archive.git/config", f"[core]\n\tfsmonitor = touch {trace}\n\tpager = touch {trace}\n")
        done = self.take(self.b, "archive.git", code=1)
        self.assertIn("never opened", done.stderr)
        document = self.publish(self.a, "הדבר")
        self.export(self.a, "a.igum")
        self.take(self.b, "archive.git", "a.igum", code=3)  # What lies beside it is taken.
        self.assertEqual(self.b.documents(), {document})
        self.assertFalse(os.path.exists(trace))

    def test_page_beside_it_tells_what_to_do_and_escapes_names(self):
        self.publish(self.a, "הדבר")
        self.export(self.a, "a b&c.igum", "--for", "שדה לוטם")
        with open(os.path.join(self.stick, PAGE), encoding="utf-8") as file:
            page = file.read()
        reader = Reader()
        reader.feed(page)
        self.assertIn('גבעת <b>"ארנון"</b> & בניה', reader.text)
        self.assertNotIn("b", reader.tags)
        self.assertNotIn("script", reader.tags)
        self.assertIn('igum import "a b&c.igum"', reader.text)
        self.assertIn("שדה לוטם", reader.text)
        self.assertNotRegex(page, r"\{[a-z]+\}")
        self.assertEqual(sorted(os.listdir(self.stick)), sorted(["a b&c.igum", PAGE]))


if __name__ == "__main__":
    IGUM, QUICK = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The life of documents among three kibbutzim, with the real program: papers_test.py IGUM [TEST...]

The tests share one network of running nodes, and tell the story in the order of their names.
"""

import glob
import html
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import unittest

from harness import Place, wait_equal, wait_for

IGUM = None
SECRET = "פרטים רפואיים של חברה בשם אביגיל זרחי"


def visible(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def raw_objects(home):
    """Every object of the archive, inflated, whether a ref leads to it or not."""
    git = ["git", "-C", os.path.join(home, "archive.git"), "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(git, stdout=subprocess.PIPE, timeout=60).stdout


def traces(home, text):
    """The files of a home, and its objects, that still hold a text."""
    found = ["objects"] if text.encode() in raw_objects(home) else []
    for path in glob.glob(os.path.join(home, "index.sqlite*")):
        with open(path, "rb") as file:
            if text.encode() in file.read():
                found.append(os.path.basename(path))
    return found


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "papers")
        cls.addClassCleanup(cls.place.clean)
        cls.a, cls.b, cls.c = (cls.place.node(name) for name in "abc")
        a, b, c = cls.a, cls.b, cls.c
        a.found().start()
        b.enter(a, "שדה לוטם", "אורית שחם").start()
        c.enter(a, "עין כרכום", "יונתן אגמון").start()
        c.igum("peer", "add", b.peer)
        line = a.invite("--coordinator", "דנה")
        a.igum("join", "-", "--name", "דנה לביא", input=line + "\n")
        wait_equal([a, b, c])

    def write(self, name, text, **front):
        lines = "".join(f"{key}: {value}\n" for key, value in front.items())
        return self.place.write(name, f"---\n{lines}---\n{text}\n" if front else text)

    def publish(self, node, name, text, *more, **front):
        return node.json("publish", self.write(name, text, **front), *more)[0]

    def steward(self, verb, *more):
        """A verb in the home of two people, by the steward."""
        return self.a.json(verb, *more, "--as", "נעמה ברקאי")[0]

    def equal(self, *nodes):
        """The nodes hold the same entries, and all contents that each may hold."""
        def settled():
            if len({node.status()["root"] for node in nodes or (self.a, self.b, self.c)}) != 1:
                return False
            return all(line["here"] or line["erased"] or line["audience"] == "kibbutz"
                       for node in nodes or (self.a, self.b, self.c) for line in node.json("list"))
        wait_for("equal roots", settled)

    def show(self, node, document):
        return node.json("show", document)[0]

    def state(self, document, **expected):
        """All nodes come to say the same of a document."""
        for node in (self.a, self.b, self.c):
            def holds():
                line = next((line for line in node.json("list") if line["document"] == document), {})
                return all(line.get(key) == value for key, value in expected.items())
            wait_for(f"{expected} in {os.path.basename(node.home)}: {node.json('list')}", holds, 20)

    def refused(self, node, code, *words, verb):
        done = node.run(*verb)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertIn("igum: ", done.stderr)
        return done

    # ---- approvals ----

    def test_1_a_decision_comes_into_force_by_three_kibbutzim(self):
        a, b, c = self.a, self.b, self.c
        cls = type(self)
        done = self.publish(a, "d.md", "# החלטה\n\nשורה ראשונה\n\nשורה שנייה\n", "--as", "נעמה ברקאי", kind="decision",
                            title="רכישה משותפת", approvals=3)
        cls.decision = document = done["document"]
        self.equal()
        self.state(document, state="proposed", approvals=1, need=3)
        self.assertIn("Not in force yet: 2 approvals are missing of 3", visible(b.page(f"/d/{document}?lang=en")))
        approved = b.run("approve", document, "--yes", "--json")
        self.assertEqual(approved.returncode, 0, approved.stderr)
        for word in ("רכישה משותפת", "גבעת ארנון", document, "approvals: 1 of 3", "שורה שנייה"):
            self.assertIn(word, approved.stderr)
        self.equal()
        self.state(document, state="proposed", approvals=2)
        line = c.json("approve", document, "--yes")[0]
        self.assertEqual((line["document"], line["state"], line["approvals"], line["need"]), (document, "in force", 3, 3))
        self.assertEqual(set(line) & {"entry", "log", "seq"}, {"entry", "log", "seq"})
        self.equal()
        self.state(document, state="in force", approvals=3)
        shown = self.show(a, document)
        self.assertEqual([(by["kibbutz"], by["counts"]) for by in shown["approvals_by"] if by["kibbutz"] == "שדה לוטם"],
                         [("שדה לוטם", True)])
        page = visible(c.page(f"/d/{document}"))
        for word in ("בתוקף", "אורית שחם", "יונתן אגמון", "אישורים: 3 מתוך 3"):
            self.assertIn(word, page)

    def test_1_b_what_may_not_be_approved(self):
        document = self.decision
        self.refused(self.b, 1, "already", verb=("approve", document, "--yes"))
        self.refused(self.a, 1, "your own", verb=("approve", document, "--yes", "--as", "נעמה ברקאי"))
        self.refused(self.b, 1, "no document", verb=("approve", "0" * 64, "--yes"))
        self.refused(self.a, 1, "--as", verb=("approve", document, "--yes"))
        self.refused(self.b, 2, verb=("approve",))
        own = self.publish(self.a, "own.md", "# שלנו\n\nפנימי\n", "--as", "נעמה ברקאי", "--audience", "kibbutz",
                           approvals="{count: 2, of: own}")["document"]
        wait_for("the entry", lambda: any(line["document"] == own for line in self.b.json("list")))
        self.refused(self.b, 1, "גבעת ארנון", verb=("approve", own, "--yes"))
        line = self.a.json("approve", own, "--yes", "--as", "דנה לביא")[0]
        self.assertEqual((line["state"], line["approvals"]), ("in force", 2))

    def test_1_c_without_a_yes_nothing_is_signed(self):
        document = self.publish(self.a, "ask.md", "# שאלה\n\nנוסח\n", "--as", "נעמה ברקאי", approvals=2)["document"]
        self.equal()
        entries = self.b.status()["entries"]
        self.refused(self.b, 2, "--yes", verb=("approve", document))
        for answer, code in ((b"n\n", 1), (b"y\n", 0)):
            master, slave = pty.openpty()
            process = subprocess.Popen(self.b.command("approve", document), env=self.place.environment, stdin=slave,
                                       stdout=subprocess.PIPE, stderr=slave)
            os.close(slave)
            seen = b""
            while b"[y/n]" not in seen:
                self.assertTrue(select.select([master], [], [], 30)[0], seen)
                seen += os.read(master, 4096)
            os.write(master, answer)
            process.communicate(timeout=60)
            os.close(master)
            self.assertEqual(process.returncode, code, seen)
            self.assertEqual(self.b.status()["entries"], entries + (code == 0))

    # ---- revisions ----

    def test_2_a_revision_starts_anew_and_shows_what_changed(self):
        a, b = self.a, self.b
        document = self.decision
        newer = self.write("d2.md", "# החלטה\n\nשורה ראשונה\n\nשורה שנייה, מתוקנת\n", kind="decision",
                           title="רכישה משותפת", approvals=2)
        done = a.run("revise", document, newer, "--as", "דנה לביא", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("never needs fewer", done.stderr)
        self.assertIn("revised by דנה לביא", done.stderr)
        self.equal()
        self.state(document, state="in force", approvals=3, revision=2)
        self.assertIn("A newer revision is not approved yet", visible(b.page(f"/d/{document}?lang=en")))
        self.refused(b, 1, "not the current one", verb=("approve", document, "--revision", document, "--yes"))
        seen = b.run("approve", document, "--yes")
        self.assertEqual(seen.returncode, 0, seen.stderr)
        lines = seen.stderr.splitlines()
        self.assertIn("- שורה שנייה", lines)
        self.assertIn("+ שורה שנייה, מתוקנת", lines)
        self.assertFalse(any("שורה ראשונה" in line for line in lines), seen.stderr)
        self.c.igum("approve", document, "--yes")
        self.equal()
        shown = self.show(self.c, document)
        self.assertIn("מתוקנת", shown["text"])
        self.assertEqual((shown["state"], shown["approvals"], shown["need"]), ("in force", 3, 3))
        self.assertIn("פורסם לראשונה בידי נעמה ברקאי", visible(b.page(f"/d/{document}")))

    def test_2_b_a_stranger_does_not_revise(self):
        self.refused(self.b, 1, "גבעת ארנון", verb=("revise", self.decision, self.place.join("d2.md")))

    def test_2_c_an_audience_is_kept_and_changed_only_by_word(self):
        a = self.a
        document = self.publish(a, "k.md", "# פנימי\n\nראשון\n", "--as", "דנה לביא", "--audience", "kibbutz")["document"]
        a.igum("revise", document, self.write("k2.md", "# פנימי\n\nשני\n"), "--as", "דנה לביא")
        self.assertEqual(self.show(a, document)["audience"], "kibbutz")
        done = a.run("revise", document, self.write("k3.md", "# פנימי\n\nשלישי\n"), "--as", "דנה לביא", "--audience", "network")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("every office of the 3 kibbutzim will hold this text for ever", done.stderr)
        self.assertEqual(self.show(a, document)["audience"], "network")
        wait_for("the last revision", lambda: self.b.run("show", document).stdout.count("שלישי"))
        for text in ("ראשון", "שני"):
            self.assertEqual(traces(self.b.home, f"# פנימי\n\n{text}"), [])

    def test_2_d_two_heads_are_joined(self):
        a = self.a
        document = self.publish(a, "h.md", "# ראשים\n\nא\n", "--as", "נעמה ברקאי")["document"]
        self.equal()
        library = self.place.node("library")  # A second office of the kibbutz, where the coordinator signs, too.
        library.enter(a, "הספרייה", "הספרייה", kind="--node")
        library.igum("sync")
        for path in glob.glob(os.path.join(a.home, "keys", "*.key")):
            shutil.copy2(path, os.path.join(library.home, "keys"))
        one = library.json("revise", document, self.write("h1.md", "# ראשים\n\nב\n"), "--as", "דנה לביא")[0]["entry"]
        two = a.json("revise", document, self.write("h2.md", "# ראשים\n\nג\n"), "--as", "נעמה ברקאי")[0]["entry"]
        library.igum("sync")
        self.equal()
        self.assertEqual(self.show(self.b, document)["heads"], 2)
        self.assertIn("תוקן בשני משרדים", visible(self.b.page(f"/d/{document}")))
        joined = a.run("revise", document, self.write("h3.md", "# ראשים\n\nד\n"), "--as", "נעמה ברקאי", "--json")
        self.assertIn("joins them", joined.stderr)
        self.equal()
        shown = self.show(self.b, document)
        self.assertEqual((shown["heads"], shown["state"]), (1, "in force"))
        log = a.git("log", "-1", "--format=%B", "refs/igum/log/" + shown["author_key"]).stdout
        self.assertEqual(set(re.findall(r"^after (\w+)$", log, re.M)), {one, two})

    # ---- the end of a document ----

    def test_3_a_superseded_document_leads_to_the_new_one(self):
        old = self.publish(self.a, "old.md", "# ישן\n\nא\n", "--as", "דנה לביא", kind="decision")["document"]
        self.equal()
        foreign = self.write("f.md", "# זר\n\nא\n", supersedes=f"[{old[:16]}]")
        self.refused(self.b, 1, "supersedes", "גבעת ארנון", verb=("publish", foreign))
        self.refused(self.b, 1, "no document", verb=("publish", self.write("g.md", "# זר\n\nא\n", supersedes="[00000000]")))
        new = self.publish(self.a, "new.md", "# חדש לגמרי\n\nב\n", "--as", "נעמה ברקאי", kind="decision",
                           supersedes=f"[{old[:16]}]")["document"]
        self.equal()
        self.state(old, state="superseded")
        self.assertEqual(self.show(self.c, old)["superseded_by"], new)
        page = self.c.page(f"/d/{old}")
        self.assertIn("/d/" + new, page)
        self.assertIn("חדש לגמרי", visible(page))
        self.refused(self.b, 1, new[:16], verb=("approve", old, "--yes"))

    def test_3_b_withdrawn_stays_to_be_read(self):
        document = self.publish(self.a, "w.md", "# לביטול\n\nנוסח שנשאר\n", "--as", "דנה לביא")["document"]
        self.equal()
        self.refused(self.a, 2, "reason", verb=("withdraw", document, "--as", "דנה לביא"))
        self.refused(self.b, 1, "גבעת ארנון", verb=("withdraw", document, "--reason", "לא שלי"))
        line = self.steward("withdraw", document, "--reason", "הוחלט אחרת")
        self.assertEqual(line["state"], "withdrawn")
        self.equal()
        self.state(document, state="withdrawn")
        self.assertEqual(self.show(self.b, document)["reason"], "הוחלט אחרת")
        page = visible(self.b.page(f"/d/{document}"))
        for word in ("המסמך בוטל ואינו בתוקף", "נעמה ברקאי", "הוחלט אחרת", "נוסח שנשאר"):
            self.assertIn(word, page)
        self.refused(self.a, 1, "withdrawn", verb=("withdraw", document, "--reason", "שוב", "--as", "דנה לביא"))
        self.refused(self.b, 1, "withdrawn", verb=("approve", document, "--yes"))

    def test_3_c_erased_is_gone_from_every_disk(self):
        a, b, c = self.a, self.b, self.c
        attachment = self.place.write("list.txt", SECRET + "\n")
        document = self.publish(a, "e.md", f"# {SECRET}\n\n{SECRET}\n", "--attach", attachment, "--as", "דנה לביא")["document"]
        a.igum("revise", document, self.write("e2.md", f"# {SECRET} ב\n\n{SECRET}\n"), "--as", "דנה לביא")
        self.equal()
        c.end()  # It hears of it later.
        for node in (a, b):
            self.assertNotEqual(traces(node.home, SECRET), [])
        self.refused(b, 1, "גבעת ארנון", verb=("erase", document, "--reason", "לא שלי", "--yes"))
        self.refused(a, 2, "--yes", verb=("erase", document, "--reason", "פרטיות", "--as", "דנה לביא"))
        done = a.run("erase", document, "--reason", "פרטיות", "--yes", "--as", "דנה לביא", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("paper", a.run("erase", "--help").stdout)
        self.assertIn("backups", done.stderr)
        self.equal(a, b)
        for node in (a, b):
            wait_for("no trace", lambda: not traces(node.home, SECRET), 20)
        c.start()
        self.equal()
        for node in (a, b, c):
            wait_for("no trace", lambda: not traces(node.home, SECRET), 20)
            report = node.json("verify")[0]
            self.assertEqual((report["bad"], report["contents_erased"]), ([], 2))
            fsck = node.git("fsck", "--full", "--strict", "--no-dangling")
            self.assertEqual((fsck.returncode, fsck.stdout), (0, ""), fsck.stderr)
            shown = self.show(node, document)
            self.assertEqual((shown["erased"], shown["text"], shown["title"], shown["reason"]), (True, None, None, "פרטיות"))
            page = visible(node.page(f"/d/{document}"))
            self.assertIn("התוכן נמחק; הרישום נשאר", page)
            self.assertIn("פרטיות", page)
            self.assertNotIn("אביגיל", page)
            self.assertEqual(node.run("show", document, "--raw").returncode, 1)
        self.refused(a, 1, "already", verb=("erase", document, "--reason", "שוב", "--yes", "--as", "דנה לביא"))

    def test_3_d_erasing_survives_a_lost_index(self):
        self.b.end()
        for path in glob.glob(os.path.join(self.b.home, "index.sqlite*")):
            os.unlink(path)
        self.b.start()
        report = self.b.json("verify")[0]
        self.assertEqual((report["bad"], report["contents_erased"]), ([], 2))
        self.equal()

    # ---- on what it rests ----

    def test_4_why_goes_from_the_charter_to_the_revision(self):
        why = self.b.json("why", self.decision)[0]
        self.assertTrue(why["stands"])
        self.assertEqual(why["links"][0]["link"], "charter")
        self.assertEqual(why["links"][-1]["link"], "entry")
        self.assertTrue(all(link["status"] == "good" for link in why["links"]))
        self.assertIn("דנה לביא", [link["author"] for link in why["links"]] + [link["about"] for link in why["links"]])
        lines = self.b.igum("why", self.decision).splitlines()
        self.assertEqual(len(lines), len(why["links"]))
        self.refused(self.b, 1, "no document", verb=("why", "0" * 64))

    def test_5_void_work_is_shown_and_published_again(self):
        a, b = self.a, self.b
        keys = {key["name"]: key["key"] for key in a.json("key", "list")}
        kept = self.publish(a, "kept.md", "# נשאר\n\nלפני\n", "--as", "דנה לביא")
        cut = self.publish(a, "cut.md", "# נקטע\n\nעבודה ישרה\n", "--as", "דנה לביא")
        self.equal()
        a.igum("revoke", keys["דנה לביא"], "--retire", "--after", str(kept["seq"]), "--yes", "--as", "נעמה ברקאי")
        self.equal()
        self.state(kept["document"], state="in force")
        self.state(cut["document"], state="void")
        page = visible(b.page(f"/d/{cut['document']}?lang=en"))
        self.assertIn("This document is void", page)
        self.assertIn("steward retired this key: גבעת ארנון", page)
        entry = next(line for line in b.json("log") if line["entry"] == cut["entry"])
        self.assertEqual((entry["status"], entry["cause"]), ("void", "revoked"))
        self.assertIn("גבעת ארנון", entry["why"])
        why = b.run("why", cut["document"], "--json")
        self.assertEqual(why.returncode, 20)
        self.refused(b, 20, "retired", verb=("why", cut["document"]))
        self.refused(b, 1, "void", verb=("approve", cut["document"], "--yes"))
        self.assertEqual(b.status()["documents_void"], 1)
        again = a.json("republish", cut["document"])[0]
        self.assertEqual((again["was"], again["was_by"], again["state"]), (cut["entry"], "דנה לביא", "in force"))
        self.equal()
        self.assertEqual(self.show(b, again["document"])["text"], self.show(a, cut["document"])["text"])
        self.refused(a, 1, "already", verb=("republish", cut["document"]))
        self.refused(a, 1, "nothing", verb=("republish", kept["document"]))

    def test_6_stock_git_checks_everything_with_the_signers(self):
        signers = self.place.write("signers", self.b.igum("signers"))
        refs = self.b.git("for-each-ref", "--format=%(refname)", "refs/igum/log").stdout.split()
        commits = self.b.git("rev-list", *refs).stdout.split()
        done = self.b.git("-c", "gpg.ssh.allowedSignersFile=" + signers, "verify-commit", *commits)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count('Good "git" signature for '), len(commits))


if __name__ == "__main__":
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])

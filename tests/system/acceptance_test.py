#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network of three kibbutzim from its founding to a fourth office, with the real program and stock git.

    acceptance_test.py IGUM [TEST...]

The tests of one story share one network, and tell it in the order of their names.
"""

import glob
import html
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import zlib

from harness import Place, wait_equal, wait_for, words_of

IGUM = None
SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "samples")


def visible(page):
    """What a page shows: its text without tags, one space between words."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def verify_with_git(test, node, mirror):
    """What a stranger does: clone, check the objects, check every signature."""
    done = subprocess.run(["git", "clone", "-q", "--mirror", os.path.join(node.home, "archive.git"), mirror],
                          capture_output=True, text=True)
    test.assertEqual(done.returncode, 0, done.stderr)
    for repository in (mirror, os.path.join(node.home, "archive.git")):
        fsck = subprocess.run(["git", "-C", repository, "fsck", "--full", "--strict", "--no-dangling"], capture_output=True, text=True)
        test.assertEqual((fsck.returncode, fsck.stdout), (0, ""), fsck.stderr)
    signers = node.place.write("signers", node.igum("signers"))
    git = ["git", "-C", mirror, "-c", "gpg.ssh.allowedSignersFile=" + signers]
    refs = subprocess.run([*git, "for-each-ref", "--format=%(refname)", "refs/igum/log"], capture_output=True, text=True).stdout.split()
    commits = subprocess.run([*git, "rev-list", *refs], capture_output=True, text=True).stdout.split()
    test.assertEqual(len(commits), node.status()["entries"])
    done = subprocess.run([*git, "verify-commit", *commits], capture_output=True, text=True)
    test.assertEqual(done.returncode, 0, done.stderr)
    test.assertEqual(done.stderr.count('Good "git" signature for '), len(commits), done.stderr)
    test.assertNotIn("No principal", done.stderr)
    shutil.rmtree(mirror)


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "acceptance")
        cls.addClassCleanup(cls.place.clean)
        cls.a, cls.b, cls.c, cls.d = (cls.place.node(name) for name in "abcd")
        cls.texts = {}

    def assertShown(self, node):
        """Every document is a page of this node's reader, with its words."""
        wait_for("the lists, which may be a second behind", lambda: all(document in node.page("/documents") for document in self.texts))
        front = node.page("/documents")
        for document, text in self.texts.items():
            with self.subTest(home=node.home, document=document[:12]):
                self.assertIn(document[:12], front)
                page = visible(node.page("/d/" + document))
                missing = [word for word in words_of(text) if word not in page]
                self.assertLess(len(missing), 1, missing)

    def publish(self, node, *files):
        for line in node.json("publish", *files):
            with open(line["file"], encoding="utf-8") as file:
                text = file.read()
            self.texts[line["document"]] = re.sub(r"(?s)\A---\n.*?\n---\n", "", text)

    def test_1_found_join_and_publish(self):
        a, b, c = self.a, self.b, self.c
        a.found().start()
        b.enter(a, "שדה לוטם", "אורית שחם").start()
        c.enter(a, "עין כרכום", "יונתן אגמון").start()
        c.igum("peer", "add", b.peer)
        files = sorted(glob.glob(os.path.join(SAMPLES, "*")))
        self.assertGreaterEqual(len(files), 5)
        for node, mine in ((a, files[0::3]), (b, files[1::3]), (c, files[2::3])):
            self.publish(node, *mine)
        states = wait_equal([a, b, c])
        self.assertEqual({state["documents"] for state in states}, {len(files)})
        self.assertEqual([state["kibbutz"] for state in states], ["גבעת ארנון", "שדה לוטם", "עין כרכום"])
        for node in (a, b, c):
            self.assertEqual(node.documents(), set(self.texts))
            self.assertShown(node)

    def test_2_two_go_on_without_the_first(self):
        self.assertEqual(self.a.end(signal.SIGTERM), 0)
        self.publish(self.b, self.place.write("alone.md", "# בלי הצומת הראשון\n\nהאסיפה נדחתה בשבוע.\n"))
        wait_equal([self.b, self.c])
        for node in (self.b, self.c):
            self.assertShown(node)

    def test_3_fourth_office_joins_through_the_second(self):
        refused = self.b.run("invite", "--kibbutz", "ניר אשל")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no vote", refused.stderr)
        self.d.enter(self.b, "הספרייה של שדה לוטם", "הספרייה", kind="--node").start()
        wait_equal([self.b, self.c, self.d])
        self.assertEqual(self.d.status()["kibbutz"], "שדה לוטם")
        self.assertEqual(self.d.documents(), set(self.texts))
        self.assertShown(self.d)

    def test_4_first_comes_back_and_catches_up(self):
        self.a.start()
        wait_equal([self.a, self.b, self.c, self.d], 120)
        self.assertShown(self.a)

    def test_5_attack_50_parser_differential(self):
        for node in (self.a, self.b, self.c, self.d):
            done = node.json("verify")[0]
            self.assertEqual((done["bad"], done["contents_missing"]), ([], 0))
            self.assertGreater(done["contents"], len(self.texts))
            verify_with_git(self, node, self.place.join("mirror.git"))

    def test_6_revision_arrives_and_both_are_kept(self):
        document = next(iter(self.texts))
        text = "# נוסח חדש\n\nהסעיף השני תוקן, והשלישי בוטל.\n"
        self.assertEqual(self.a.json("revise", document, self.place.write("new.md", text))[0]["document"], document)
        self.texts[document] = text
        wait_equal([self.a, self.b, self.c, self.d])
        for node in (self.a, self.b, self.c, self.d):
            line = next(line for line in node.json("list") if line["document"] == document)
            self.assertEqual((line["revision"], line["title"]), (2, "נוסח חדש"))
            self.assertShown(node)

    def test_7_stopped_nodes_say_goodbye(self):
        for node in (self.a, self.b, self.c, self.d):
            self.assertEqual(node.end(), 0)
            self.assertEqual(node.run("verify").returncode, 0)
            self.assertEqual(os.path.exists(os.path.join(node.home, "control.sock")), False)


class Damage(unittest.TestCase):
    """One flipped byte, anywhere in what the archive keeps."""

    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "damage")
        cls.addClassCleanup(cls.place.clean)
        a = cls.place.node("a").found().start(http=None)
        for number in range(12):  # More than the journal takes at once.
            a.igum("publish", cls.place.write("document.md", f"# מסמך {number}\n\nגוף המסמך, ובו משפט אחד.\n"))
        cls.b = cls.place.node("b").enter(a, "שדה לוטם", "אורית")
        a.end()
        cls.a = a

    def objects(self, node):
        listed = node.git("cat-file", "--batch-check", "--batch-all-objects").stdout.splitlines()
        return {name: kind for name, kind, _ in (line.split() for line in listed)}

    def flip(self, node, path, offset, what, bits=0x10):
        """Verify finds the flipped byte, names what it hits, and is content again when the byte is put back."""
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ bits]))
        try:
            done = node.run("verify", "--json")
            self.assertEqual(done.returncode, 20, f"{what} of {path} at {offset}:\n{done.stdout}{done.stderr}")
            self.assertIn("igum: ", done.stderr)
            self.assertIn("hint: ", done.stderr)
            self.assertRegex(done.stdout, r'"bad":\s*\[\{.*"detail"')
            told = node.run("verify")
            self.assertEqual(told.returncode, 20)
            self.assertRegex(told.stdout, r"(?m)^bad: ")
            return told.stdout
        finally:
            with open(path, "r+b") as file:
                file.seek(offset)
                file.write(bytes([byte]))

    def damaging(self, path, offset):
        """Bits of that byte whose flip changes the object: deflate pads with bits that nobody reads, and may copy the same text
        from two places."""
        with open(path, "rb") as file:
            packed = bytearray(file.read())
        plain = zlib.decompress(packed)
        for bits in (0x10, 0x01, 0x40, 0x04, 0x80, 0x02, 0x20, 0x08):
            flipped = bytearray(packed)
            flipped[offset] ^= bits
            try:
                if zlib.decompress(flipped) != plain:
                    return bits
            except zlib.error:
                return bits
        self.fail(f"no bit of byte {offset} of {path} says anything")

    def test_every_kind_of_loose_object(self):
        seen = set()
        for name, kind in self.objects(self.a).items():
            path = os.path.join(self.a.home, "archive.git", "objects", name[:2], name[2:])
            if not os.path.exists(path) or kind in seen:
                continue
            seen.add(kind)
            size = os.path.getsize(path)
            for offset in sorted({0, 1, 2, size // 2, size - 1}):
                with self.subTest(kind=kind, offset=offset):
                    told = self.flip(self.a, path, offset, kind, self.damaging(path, offset))
                    self.assertTrue(name in told or re.search(r"entry [1-9]", told), told)
        self.assertEqual(seen, {"blob", "commit", "tree"})
        self.a.igum("verify")

    def test_the_charter(self):
        name = self.a.git("rev-parse", "refs/igum/charter").stdout.strip()
        path = os.path.join(self.a.home, "archive.git", "objects", name[:2], name[2:])
        told = self.flip(self.a, path, os.path.getsize(path) // 2, "blob", self.damaging(path, os.path.getsize(path) // 2))
        self.assertIn("charter", told)
        self.a.igum("verify")

    def test_every_kind_of_object_in_a_pack(self):
        packs = glob.glob(os.path.join(self.b.home, "archive.git", "objects", "pack", "*.pack"))
        if not packs:
            self.fail("what came by the network is in no pack: " + str(os.listdir(self.b.home)))
        kinds = set()
        for pack in packs:
            listed = self.b.git("verify-pack", "-v", pack[:-5] + ".idx").stdout.splitlines()
            rows = [line.split() for line in listed if len(line.split()) >= 5 and len(line.split()[0]) == 40]
            size = os.path.getsize(pack)
            places = [("header", 0), ("header", 8), ("trailer", size - 1), ("trailer", size - 20)]
            for name, kind, _, packed, offset in (row[:5] for row in rows):
                if kind not in kinds:
                    kinds.add(kind)
                    places += [(kind, int(offset)), (kind, int(offset) + int(packed) // 2), (kind, int(offset) + int(packed) - 1)]
            for what, offset in places:
                with self.subTest(what=what, offset=offset):
                    self.flip(self.b, pack, offset, what)
        self.assertEqual(kinds, {"blob", "commit", "tree"})
        self.b.igum("verify")

    def test_missing_object_is_told(self):
        for name, kind in self.objects(self.a).items():
            path = os.path.join(self.a.home, "archive.git", "objects", name[:2], name[2:])
            if kind == "blob" and os.path.exists(path):
                os.rename(path, path + "~")
                try:
                    self.assertEqual(self.a.run("verify").returncode, 20)
                finally:
                    os.rename(path + "~", path)
                return
        self.fail("no blob")


class Kill(unittest.TestCase):
    """A node that is killed while it receives needs no repair by hand."""

    def setUp(self):
        self.place = Place(IGUM, "kill")
        self.addCleanup(self.place.clean)

    def test_killed_while_it_receives(self):
        a = self.place.node("a").found().start(http=None)
        for number in range(400):
            self.place.write(f"many/{number:03}.md", f"# מסמך {number}\n\n" + f"שורה {number} של המסמך.\n" * 40)
        b = self.place.node("b").enter(a, "שדה לוטם", "אורית")
        a.igum("publish", self.place.join("many"))
        held = 0
        for tries in range(8):
            b.start(http=None)
            time.sleep(0.02 * (tries + 1))
            b.end(signal.SIGKILL)
            state = b.status()
            self.assertGreaterEqual(state["entries"], held)
            held = state["entries"]
            b.igum("verify")
            fsck = b.git("fsck", "--full", "--strict")
            self.assertEqual(fsck.returncode, 0, fsck.stdout + fsck.stderr)
        b.start(http=None)
        wait_equal([a, b])
        self.assertEqual(len(b.documents()), 400)
        b.end()
        b.igum("verify")
        verify_with_git(self, b, self.place.join("mirror.git"))

    def test_killed_while_it_publishes(self):
        a = self.place.node("a").found().start(http=None)
        acknowledged = set()
        path = self.place.write("document.md", "# מסמך\n\nגוף.\n")
        for tries in range(5):
            publishing = subprocess.Popen(a.command("publish", "--json", *[path] * 20), env=self.place.environment, text=True,
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            time.sleep(0.05 + 0.05 * tries)
            a.end(signal.SIGKILL)
            out = publishing.communicate()[0]
            acknowledged |= set(re.findall(r'"document":\s*"([0-9a-f]{64})"', out))
            a.start(http=None)
            wait_for("what was acknowledged", lambda: acknowledged <= a.documents(), 10)
            self.assertEqual(a.run("verify").returncode, 0)
        acknowledged |= {line["document"] for line in a.json("publish", path)}
        self.assertLessEqual(acknowledged, a.documents())
        self.assertEqual(a.git("fsck", "--full", "--strict").returncode, 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    IGUM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)

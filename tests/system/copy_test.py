#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`igum export --site` and `--folder`: what is in the copies, what stays out, and what happens to the directory.

usage: copy_test.py IGUM [TEST...]
"""
import fcntl
import os
import pathlib
import re
import resource
import subprocess
import sys
import unittest
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree

import harness

IGUM = None
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9000  # More than two chunks.
SECRET = "מילה-סודית-לקיבוץ"
GONE = "מילה-שנמחקה"

# Titles that are no names of files, or all the same one.
HOSTILE = ["../../../etc/passwd", "CON", "nul.txt", "a<b>:\"|?*\\c", "...", " נקודה בסוף. ", "Minutes", "MINUTES", "minutes",
           "קובץ \u202efdp.exe", "cafe\u0301", "א" * 119, "<script>alert(1)</script>", "-rf"]


def files_of(root):
    return sorted(str(path.relative_to(root)) for path in pathlib.Path(root).rglob("*") if path.is_file())


class Copies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = harness.Place(IGUM, "copy")
        cls.node = node = cls.place.node("office").found()
        write = cls.place.write

        def publish(name, text, *more):
            return node.json("publish", write(f"papers/{name}.md", text), *more)[0]["document"]

        cls.first = publish("first", "---\ntitle: ישיבה 1\nkind: minutes\nbody: מזכירות\nnumber: 1/26\ndate: 2026-01-07\n"
                                     "contacts:\n  - {name: גיא סלעי, phone: 050-555-0171}\n---\n## 1. גדר\n\n**הוחלט:** לתקן את הגדר.\n")
        node.igum("revise", cls.first, write("papers/first2.md", "---\ntitle: ישיבה 1\nkind: minutes\nbody: מזכירות\nnumber: 1/26\n"
                                             "date: 2026-01-07\n---\n## 1. גדר\n\n**הוחלט:** לתקן את הגדר והשער.\n"))
        cls.picture = publish("picture", f"---\ntitle: ח\"כ עם תמונה\nbody: ועדת מים\ndate: 2025-05-01\n---\n![המפה](map.png) [דף](evil.html) [ישיבה](/d/{cls.first})\n",
                              "--attach", write("map.png", PNG), "--attach", write("evil.html", b"<script>alert(1)</script>"))
        cls.secret = publish("secret", f"---\ntitle: {SECRET}\n---\n{SECRET}\n", "--audience", "kibbutz")
        cls.erased = publish("erased", f"---\ntitle: {GONE}\n---\n{GONE}\n")
        node.igum("erase", cls.erased, "--reason", "טעות", "--yes")
        for number, title in enumerate(HOSTILE):
            write(f"many/hostile{number}.md", f"---\ntitle: {title!r}\n---\nטקסט {number} [ישיבה](/d/{cls.secret})\n".replace("'", '"')
                  if '"' not in title else f"---\ntitle: '{title}'\n---\nטקסט {number}\n")
        for number in range(60):
            write(f"many/{number}.md", f"---\ntitle: הודעה {number}\n---\nתוכן {number}\n")
        node.igum("--quiet", "publish", cls.place.join("many"))
        cls.site = cls.place.join("site")
        cls.told = node.json("export", "--site", cls.site, "--lang", "he")[0]
        cls.folder = cls.place.join("folder")
        cls.folder_told = node.json("export", "--folder", cls.folder)[0]

    @classmethod
    def tearDownClass(cls):
        cls.place.clean()

    def read(self, name, root=None):
        return pathlib.Path(root or self.site, name).read_bytes()

    # ---- the site ----

    def test_every_link_leads_to_a_file(self):
        pages = [name for name in files_of(self.site) if name.endswith(".html")]
        self.assertGreater(len(pages), 100)
        followed = 0
        for name in pages:
            text = self.read(name).decode()
            for link in re.findall(r'\s(?:href|src|action)="([^"#]*)', text):
                link = unescape(link)
                if link == "" or re.match(r"(tel|mailto|https?):", link):
                    continue
                self.assertFalse(link.startswith("/"), (name, link))
                self.assertNotIn("?", link, name)
                self.assertTrue(pathlib.Path(self.site, os.path.dirname(name), unquote(link)).is_file(), (name, link))
                followed += 1
        self.assertGreater(followed, 1000)

    def test_no_page_was_left_empty_or_unfinished(self):
        for name in files_of(self.site):
            self.assertGreater(os.path.getsize(os.path.join(self.site, name)), 0, name)
            self.assertNotIn(".tmp", name)
            if name.endswith(".html"):
                self.assertTrue(self.read(name).endswith(b"</html>\n"), name)

    def test_names_are_fit_for_a_stick(self):
        for name in files_of(self.site):
            self.assertRegex(name, r"\A[a-z0-9/._-]+\Z")
            self.assertLess(len(name), 130, name)

    def test_every_page_of_the_reader_is_there(self):
        names = files_of(self.site)
        for name in ("index.html", "documents.html", "documents_page-2.html", "decisions.html", "books.html", "people.html", "network.html",
                     "accessibility.html", "search.html", "search.js", "search/1.js", "feed/all.atom", "feed/minutes.atom", "igum.css"):
            self.assertIn(name, names)
        for part in ("/compare/", "/r/", "book/"):
            self.assertTrue([name for name in names if part in name], part)

    def test_feeds_are_whole(self):
        for name in files_of(self.site):
            if name.endswith(".atom"):
                feed = ElementTree.fromstring(self.read(name))
                for link in feed.iter("{http://www.w3.org/2005/Atom}link"):
                    self.assertTrue(pathlib.Path(self.site, "feed", link.get("href")).is_file(), link.get("href"))

    def test_attachments_are_whole_and_inert(self):
        names = [name for name in files_of(self.site) if name.startswith("a/")]
        self.assertIn(PNG, [self.read(name) for name in names])
        self.assertTrue([name for name in names if self.read(name) == PNG and name.endswith(".png")])
        self.assertTrue([name for name in names if b"alert(1)" in self.read(name) and name.endswith(".bin")])
        self.assertFalse([name for name in names if name.endswith((".html", ".svg", ".js", ".xml"))])

    def test_pages_carry_their_rules_and_no_script(self):
        for name in files_of(self.site):
            if not name.endswith(".html"):
                continue
            text = self.read(name).decode()
            self.assertIn("default-src 'none'", text)
            self.assertEqual(re.findall(r"<script[^>]*>", text), ['<script src="search.js" defer>'] if name == "search.html" else [], name)

    def test_restricted_documents_stay_out_unless_asked_for(self):
        for root in (self.site, self.folder):
            for name in files_of(root):
                self.assertNotIn(SECRET, name)
                self.assertNotIn(SECRET.encode(), self.read(name, root), name)
        asked = self.place.join("asked")
        self.node.igum("export", "--folder", asked, "--restricted")
        self.assertTrue([name for name in files_of(asked) if SECRET in name])
        asked = self.place.join("asked-site")
        self.node.igum("export", "--site", asked, "--restricted")
        self.assertTrue([name for name in files_of(asked) if SECRET.encode() in self.read(name, asked)])

    def test_erased_documents_stay_out(self):
        for root in (self.site, self.folder):
            for name in files_of(root):
                self.assertNotIn(GONE.encode(), self.read(name, root), name)
        page = f"d/{self.erased[:2]}/{self.erased[2:32]}.html"
        self.assertIn("נמחק", self.read(page).decode())

    def test_lists_of_the_search_hold_every_document(self):
        text = "".join(self.read(name).decode() for name in files_of(self.site) if name.startswith("search/"))
        self.assertEqual(text.count('["d/'), self.told["documents"])
        self.assertNotIn("<script>", text)
        self.assertIn("לתקן את הגדר והשער", text)

    def test_language_is_chosen(self):
        self.assertIn('<html lang="he" dir="rtl">', self.read("index.html").decode())
        english = self.place.join("english")
        self.node.igum("export", "--site", english, "--lang", "en")
        self.assertIn('<html lang="en" dir="ltr">', self.read("index.html", english).decode())
        done = self.node.run("export", "--site", self.place.join("none"), "--lang", "fr")
        self.assertEqual(done.returncode, 2)

    def test_a_running_node_does_not_mind(self):
        self.node.start()
        try:
            again = self.place.join("again")
            self.assertEqual(self.node.json("export", "--site", again)[0]["documents"], self.told["documents"])
        finally:
            self.node.end()

    # ---- the folders ----

    def test_folders_say_kibbutz_body_and_year(self):
        names = files_of(self.folder)
        self.assertIn("גבעת ארנון/מזכירות/2026/ישיבה 1.md", names)
        self.assertIn("השער", self.read("גבעת ארנון/מזכירות/2026/ישיבה 1.md", self.folder).decode())
        where = "גבעת ארנון/ועדת מים/2025/ח״כ עם תמונה/"
        self.assertEqual([name for name in names if name.startswith(where)], sorted([where + "ח״כ עם תמונה.md", where + "evil.html", where + "map.png"]))
        self.assertEqual(self.read(where + "map.png", self.folder), PNG)

    def test_hostile_titles_are_names_of_files(self):
        names = files_of(self.folder)
        self.assertEqual(self.folder_told["documents"], 2 + len(HOSTILE) + 60)
        self.assertEqual(len([name for name in names if name.endswith(".md")]), self.folder_told["documents"])
        self.assertEqual(len({name.lower() for name in names}), len(names))
        for name in names:
            for part in name.split("/"):
                self.assertNotRegex(part, "[<>:\"|?*\\\\\u202e]")
                self.assertNotRegex(part, r"^\.|[. ]$|^ ")
                self.assertNotRegex(part.lower(), r"^(con|nul|aux|prn)(\.|$)")
                self.assertLess(len(part.encode()), 256)
        self.assertTrue([name for name in names if name.endswith("caf\u00e9.md")])

    # ---- the directory ----

    def test_what_is_there_is_not_touched(self):
        for kind in ("--site", "--folder"):
            full = self.place.join("full" + kind)
            os.mkdir(full)
            pathlib.Path(full, "mine").write_text("mine")
            done = self.node.run("export", kind, full)
            self.assertEqual(done.returncode, 1)
            self.assertIn("hint:", done.stderr)
            self.assertEqual(files_of(full), ["mine"])
            empty = self.place.join("empty" + kind)
            os.mkdir(empty)
            self.node.igum("export", kind, empty + "/")
            self.assertGreater(len(files_of(empty)), 10)
        self.assertEqual(self.node.run("export", "--site", self.place.join("no", "parent")).returncode, 1)
        self.assertEqual(self.node.run("export", "--site", "x", "--folder", "y").returncode, 2)
        self.assertEqual(self.node.run("export").returncode, 2)

    def test_what_cannot_be_finished_leaves_nothing(self):
        """A file that cannot grow stands for a disk that is full: the tests in tests/crash fill real ones."""
        for kind in ("--site", "--folder"):
            target = self.place.join("cut" + kind)
            done = self.node.run("export", kind, target, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)))
            self.assertNotEqual(done.returncode, 0)
            self.assertFalse(os.path.exists(target))
            if done.returncode == 1:
                self.assertFalse([name for name in os.listdir(self.place.path) if name.startswith("tmp_igum_cut")])
            self.node.igum("export", kind, target)  # And an unfinished one is no hindrance.
            self.assertFalse([name for name in os.listdir(self.place.path) if name.startswith("tmp_igum_cut")])

    def test_what_was_killed_midway_is_cleared_away_by_the_next(self):
        for kind in ("--site", "--folder"):
            target, left = self.place.join("killed" + kind), self.place.join("tmp_igum_killed" + kind)
            running = subprocess.Popen([IGUM, "--home", self.node.home, "export", kind, target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not os.path.exists(os.path.join(left, "copy")):
                self.assertIsNone(running.poll(), "it was done before it could be killed")
            running.kill()
            running.wait()
            self.assertFalse(os.path.exists(target))
            self.assertTrue(os.path.exists(left))
            self.node.igum("export", kind, target)
            self.assertGreater(len(files_of(target)), 10)
            self.assertFalse(os.path.exists(left))

    def test_only_what_is_surely_a_copy_of_ours_is_cleared_away(self):
        target, left = self.place.join("foreign"), self.place.join("tmp_igum_foreign")
        self.place.write("tmp_igum_foreign/copy/mine", "mine")
        done = self.node.run("export", "--folder", target)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tmp_igum_foreign", done.stderr)
        self.assertEqual(files_of(left), ["copy/mine"])
        self.assertFalse(os.path.exists(target))
        os.unlink(os.path.join(left, "copy/mine"))
        os.rmdir(os.path.join(left, "copy"))
        self.node.igum("export", "--folder", target)  # An empty one is nobody's.

    def test_two_do_not_write_to_one_place(self):
        target = self.place.join("twice")
        self.place.write("tmp_igum_twice/igum-copy", "")
        with open(self.place.write("tmp_igum_twice/lock", ""), "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            done = self.node.run("export", "--folder", target)
            self.assertEqual(done.returncode, 11)
            self.assertIn("hint:", done.stderr)
        self.node.igum("export", "--folder", target)
        self.assertEqual([name for name in os.listdir(self.place.path) if name.startswith("tmp_igum_twice")], [])


if __name__ == "__main__":
    IGUM = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)

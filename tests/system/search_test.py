#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The search as people meet it, on the command line and in the browser: search_test.py IGUM QUICK_PASSPHRASE_LIBRARY"""

import html
import pathlib
import re
import sys
import unittest
import urllib.error
import urllib.parse

from harness import Place, wait_for

IGUM, QUICK = sys.argv[1:3]


class Search(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "search")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.node = self.place.node("home").found()

    def publish(self, text, *more):
        path = self.place.write(f"{abs(hash(text))}.md", text)
        return self.node.json("publish", path, *more)[0]["document"]

    def find(self, *words):
        return [line["document"] for line in self.node.json("search", *words)]

    def page(self, words, more=""):
        return self.node.page("/search?q=" + urllib.parse.quote(words) + more)

    def test_the_answer_has_the_contract_s_fields_and_marks_what_was_found(self):
        document = self.publish("# מכסת המים\n\nהוחלט על המכסות.\n")
        line = self.node.json("search", "מכסות")[0]
        self.assertEqual((line["document"], line["title"]), (document, "מכסת המים"))
        self.assertTrue(0 < line["score"] <= 1)
        marks = [line["snippet"].encode()[mark["at"]:mark["at"] + mark["len"]].decode() for mark in line["snippet_marks"]]
        self.assertEqual(marks, ["המכסות"])
        self.assertEqual(len(line["title_marks"]), 1)

    def test_filters_are_options_and_words(self):
        one = self.publish("---\ntitle: א\nkind: minutes\ndate: 2018-05-01\n---\n\nמים\n")
        other = self.publish("---\ntitle: ב\nkind: notice\ndate: 2020-05-01\n---\n\nמים\n")
        self.assertEqual(self.find("מים"), [other, one])
        self.assertEqual(self.find("מים", "--kind", "minutes"), [one])
        self.assertEqual(self.find("מים שנה:2020"), [other])
        self.assertEqual(self.find("--person", "נעמה", "--kibbutz", "גבעת ארנון", "--year", "2018"), [one])
        self.assertEqual(self.node.run("search").returncode, 2)

    def test_what_is_erased_is_found_no_more_and_its_words_are_gone(self):
        kept = self.publish("# אחד\n\nקומקומיאדה\n")
        erased = self.publish("# שניים\n\nקומקומיאדה זעפרנית\n")
        self.assertEqual(self.find("קומקומיאדה"), [erased, kept])
        self.node.igum("erase", erased, "--reason", "פרטיות", "--yes")
        self.assertEqual(self.find("קומקומיאדה"), [kept])
        self.assertEqual(self.find('"קומקומיאדה זעפרנית"'), [])
        word = "זעפרנית".encode("iso8859-8")
        for file in pathlib.Path(self.node.home).glob("index.sqlite*"):
            self.assertNotIn(word, file.read_bytes(), file.name)

    def test_the_newest_revision_is_what_is_found(self):
        document = self.publish("# אחד\n\nצפרדע\n")
        self.node.igum("revise", document, self.place.write("new.md", "# אחד\n\nחסידה\n"))
        self.assertEqual(self.find("חסידה"), [document])
        self.assertEqual(self.find('"צפרדע"'), [])

    def test_the_word_list_of_the_home_counts_at_once(self):
        document = self.publish("# אחד\n\nמכון כושר\n")
        self.assertEqual(self.find("קרוספיט"), [])
        self.place.write("home/words.txt", "קרוספיט = מכון כושר\n")
        self.assertEqual(self.find("קרוספיט"), [document])
        self.assertIn("קרוספיט = מכון כושר", self.node.igum("search", "--words"))

    def test_the_form_narrows_by_fields_that_the_address_keeps(self):
        one = self.publish("---\ntitle: ראשון\nkind: minutes\nbody: ועדת <מים>\ndate: 2018-05-01\n---\n\nמים\n")
        other = self.publish("---\ntitle: שני\nkind: notice\ndate: 2020-05-01\n---\n\nמים\n")
        self.node.start()
        plain = self.node.page("/search")
        self.assertIn('<details class="no-print"><summary>', plain)
        for name in ("kind", "kibbutz", "body", "year", "person", "state"):
            self.assertEqual(plain.count(f' form="search" id="{name}" name="{name}"'), 1, name)
            self.assertEqual(plain.count(f'<label for="{name}">'), 1, name)
        self.assertIn('<option value="ועדת &lt;מים&gt;">', plain)
        self.assertIn('<option value="גבעת ארנון">', plain)
        for more, found, lost in (("&kind=minutes", one, other), ("&kind=notice", other, one), ("&year=2018", one, other), ("&state=force&year=2020", other, one),
                                  ("&body=" + urllib.parse.quote("ועדת <מים>"), one, other), ("&person=%D7%A0%D7%A2%D7%9E%D7%94&year=2018", one, other)):
            page = self.page("מים", more)
            self.assertIn(found, page, more)
            self.assertNotIn(lost, page, more)
            self.assertIn("<details class=\"no-print\" open>", page)
        page = self.page("מים", "&kind=minutes&year=2018")
        self.assertIn('<option value="minutes" selected>', page)
        self.assertRegex(page, '<input form="search" id="year"[^>]* value="2018"')
        self.assertEqual(self.page("מים", "&kibbutz=%22%3E%3Cscript%3E").count("<script>"), 0)

    def test_nothing_found_offers_to_drop_each_field(self):
        document = self.publish("---\ntitle: ראשון\nkind: minutes\ndate: 2018-05-01\n---\n\nמים\n")
        self.node.start()
        page = self.page("מים", "&kind=notice&year=2018&lang=en")
        self.assertNotIn(document, page)
        self.assertIn("Search without:", page)
        links = [html.unescape(link) for link in re.findall('<ul class="tags">.*?</ul>', page, re.S)[-1].split('href="')[1:]]
        links = [link.split('"')[0] for link in links]
        self.assertEqual(len(links), 2)
        self.assertIn(document, self.node.page(links[0]))  # Without the kind.
        self.assertNotIn(document, self.node.page(links[1]))
        self.assertNotIn("Search without:", self.page("קומקומיאדה"))

    def test_the_reader_finds_marks_and_escapes(self):
        self.node.start()
        document = self.publish("# על <b>הגדר</b>\n\nהגדר <script>alert(1)</script> נפלה. \u202eהפוך\n")
        page = wait_for("the page", lambda: document in self.page("גדרות") and self.page("גדרות"))
        self.assertIn("<mark>הגדר</mark>", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("\u202e", page)
        self.assertNotIn("<b>הגדר", page)
        for words in ('"', "*", 'a" OR "b', "<script>", "%", "kind:", "\u202e", "א" * 2000, "~all", "NEAR("):
            self.assertNotIn("<script>", self.page(words))
        self.assertIn('value="&quot;&lt;i&gt;"', self.page('"<i>'))
        self.assertIn("No document was found", self.page("קשקשתא", "&lang=en"))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.page("גדרות", "&page=9")
        self.assertEqual(refused.exception.code, 404)

    def test_status_tells_of_the_dictionary(self):
        self.assertEqual(set(self.node.status()["search"]), {"dictionary", "behind"})
        self.assertEqual(self.node.status()["search"]["behind"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

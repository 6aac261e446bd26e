#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of the reader: what they say of an archive with minutes, decisions, revisions and people.

usage: pages_test.py IGUM [TEST...]
"""
import html
import os
import re
import shutil
import subprocess
import sys
import unittest
import urllib.parse
from html.parser import HTMLParser
from xml.etree import ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reader_test  # noqa: E402
from reader_test import Reader, igum  # noqa: E402
from harness import Place, wait_equal, wait_for  # noqa: E402
import json  # noqa: E402
import tempfile  # noqa: E402

PAGE_MAX = 50 * 1024

MINUTES = """---
title: "ישיבה {n} <i>נטויה</i>"
kind: minutes
body: מזכירות
number: {n}/26
date: 2026-10-{n:02d}
present: [נועה הררי, "אורי <b>שקד</b>"]
topics: [גדרות]
---
## 1. גדר המטעים

**הוחלט:** לתקן את גדר {n} & השער.

## 2. שונות

**לא הוחלט.**
"""

PROPOSAL = """---
title: איגום רכישת החשמל
kind: decision
body: מועצה
number: 14/26
date: 2026-11-04
topics: [חשמל]
approvals: 2
---
1. קיבוצי הברית יתקשרו יחד עם ספק אחד.
2. התקופה תהיה עד 60 חודשים.
"""

KNOWLEDGE = """---
title: דליפה בקו הראשי
kind: knowledge
topics: [מים]
contacts:
  - {{name: גיא סלעי, phone: 050-555-0171, role: רכז מים, kibbutz: ניר אשל, confirmed: {confirmed}}}
  - {{name: "תמר <script>", phone: "x", role: מזכירה, kibbutz: שדה גפן}}
---
ראו כאן.
"""


class Shape(HTMLParser):
    """What a page must not lack: one h1, labels, ids that are there once, tags that close."""

    VOID = {"meta", "link", "input", "br", "img", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.headings, self.links, self.faults, self.labels, self.fields = [], [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if len(given) != len(attributes):
            self.faults.append(f"<{tag}> has an attribute twice")
        if "id" in given:
            self.ids.append(given["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "label":
            self.labels.append(given.get("for"))
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.fields.append(given.get("id"))
        if any(name.startswith("on") or name == "style" for name in given):
            self.faults.append(f"<{tag}> has {given}")
        if tag not in self.VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        with open(os.path.join(cls.directory.name, "passphrase"), "w") as f:
            f.write("correct horse battery staple\n")
        os.chmod(f.name, 0o600)
        cls.home = os.path.join(cls.directory.name, "home")
        igum(cls.home, "found", "--network", "ברית הנחלים", "--kibbutz", "עין צבר", "--steward", "נועה הררי")
        cls.minutes = [cls.publish(MINUTES.format(n=n)) for n in (1, 2, 4)]
        cls.proposal = cls.publish(PROPOSAL)
        cls.second = cls.revise(cls.proposal, PROPOSAL.replace("תהיה עד 60 חודשים", "לא תעלה על 36 חודשים"))
        cls.third = cls.revise(cls.proposal, PROPOSAL.replace("תהיה עד 60 חודשים", "לא תעלה על 24 חודשים"))
        cls.law = cls.publish("---\ntitle: נוהל השאלת ציוד\nkind: decision\nbody: מועצה\nnumber: 13/26\n---\nכך.\n")
        cls.know = cls.publish(KNOWLEDGE.format(confirmed="2020-01-02"))
        cls.gone = cls.publish("---\ntitle: סוד\nkind: decision\nnumber: 9/26\ntopics: [סודות]\n---\n**הוחלט:** סוד.\n")
        igum(cls.home, "erase", cls.gone, "--reason", "פרטיות", "--yes")
        with open(os.path.join(cls.home, "igum.conf"), "a") as f:
            f.write("accessibility = הדס נבו, 050-555-0101\n")
        cls.reader = Reader(cls.home)
        cls.book = re.search(r"/book/[0-9a-f]{16}/2026", cls.reader.get("/books").text).group()
        cls.paths = ["/", "/documents", "/documents?kind=minutes", "/decisions", "/decisions?state=force", "/books", cls.book,
                     cls.book + "/print", "/people", f"/d/{cls.proposal}", f"/d/{cls.law}", f"/d/{cls.know}", f"/d/{cls.gone}",
                     f"/d/{cls.minutes[0]}", f"/d/{cls.proposal}/r/{cls.second}",
                     f"/d/{cls.proposal}/compare/{cls.proposal}/{cls.second}", "/network", "/accessibility"]

    @classmethod
    def tearDownClass(cls):
        cls.reader.stop()
        cls.directory.cleanup()

    @classmethod
    def write(cls, text):
        path = os.path.join(cls.directory.name, "document.md")
        with open(path, "w") as f:
            f.write(text)
        return path

    @classmethod
    def publish(cls, text):
        return json.loads(igum(cls.home, "publish", cls.write(text), "--json").stdout.splitlines()[0])["document"]

    @classmethod
    def revise(cls, document, text):
        return json.loads(igum(cls.home, "revise", document, cls.write(text), "--json").stdout.splitlines()[0])["entry"]

    def page(self, path, status=200, headers="Accept-Language: he\r\n"):
        answer = self.reader.get(path, headers=headers)
        self.assertEqual(answer.status, status, path)
        return answer.text

    def words(self, path):
        """What a page says, without its marks."""
        text = re.sub(r"<[^>]+>", " ", self.page(path))
        return re.sub(r"\s+", " ", html.unescape(text))

    # ---- all pages ----

    def test_every_page_is_well_formed_small_and_in_both_languages(self):
        for path in self.paths:
            for language, direction in (("he", "rtl"), ("en", "ltr")):
                mark = "&" if "?" in path else "?"
                text = self.page(f"{path}{mark}lang={language}")
                shape = Shape(text)
                self.assertEqual(shape.faults, [], path)
                self.assertEqual(shape.open, [], path)
                self.assertEqual(shape.headings.count(1), 1, path)
                self.assertEqual(sorted(set(shape.ids)), sorted(shape.ids), path)
                self.assertEqual(set(shape.fields) - set(shape.labels), set(), path)
                self.assertIn(f'<html lang="{language}" dir="{direction}">', text)
                self.assertLess(len(text.encode()), PAGE_MAX, path)
                self.assertNotIn("<script", text)
                self.assertNotIn("<i>", text.replace('<i aria-hidden="true">', ""))
                self.assertNotRegex(text, r"%[1-9]")

    def test_headings_skip_no_level(self):
        for path in self.paths:
            levels = Shape(self.page(path)).headings
            for before, after in zip(levels, levels[1:]):
                self.assertLessEqual(after, before + 1, f"{path}: {levels}")

    def test_all_links_of_a_crawl_are_alive(self):
        seen, todo = set(), ["/"]
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = self.reader.get(path)
            self.assertIn(answer.status, (200, 404) if path == "/search" else (200,), path)
            if answer.headers["content-type"].startswith("text/html"):
                links = [link.split("#")[0] for link in Shape(answer.text).links]
                todo += [link for link in links if link.startswith("/") and "lang=" not in link]
                self.assertEqual([link for link in links if link and not re.match(r"/|tel:", link)], [], path)
        self.assertGreater(len(seen), 25)

    # ---- the front ----

    def test_the_front_shows_what_is_new_in_force_and_whom_to_ask(self):
        words = self.words("/")
        for part in ("חדש", "בתוקף היום", "נוהל השאלת ציוד", "מזכירות", "3 ישיבות", "עין צבר", "גיא סלעי", "050-555-0171"):
            self.assertIn(part, words)
        text = self.page("/")
        self.assertIn('<form class="find" id="search" role="search" action="/search">', text)
        self.assertLess(text.index('name="q"'), text.index("<h2"))
        force = text[text.index('id="force"'):text.index('id="bodies"')]
        self.assertIn(self.law, force)
        self.assertNotIn(self.proposal, force)

    # ---- documents ----

    def test_a_document_carries_both_dates(self):
        words = self.words(f"/d/{self.proposal}")
        self.assertIn("יום רביעי, כ״ד בחשוון תשפ״ז", words)
        self.assertIn("4.11.2026", words)
        english = self.page(f"/d/{self.proposal}?lang=en")
        self.assertIn("Wednesday, 24 Heshvan 5787", english)

    def test_a_number_long_unconfirmed_is_marked(self):
        words = self.words(f"/d/{self.know}")
        self.assertRegex(words, "אומת לאחרונה 2.1.2020 לא אומת כבר")
        self.assertNotIn("<script>", self.page(f"/d/{self.know}"))

    # ---- revisions ----

    def test_revisions_are_compared_sentence_by_sentence(self):
        text = self.page(f"/d/{self.proposal}/compare/{self.proposal}/{self.second}")
        for part in ("<del>", "60", "<ins>", "36", "ללא שינוי", "אינם חלים על האחרת", "נוסף משפט אחד", "הוסר משפט אחד"):
            self.assertIn(part, text)
        self.assertRegex(text, r"<del>[^<]*60[^<]*</del>")
        self.assertNotRegex(text, r"<del>[^<]*התקופה")  # Only what is other in it is marked.

    def test_each_sentence_that_changed_stands_beside_what_it_became(self):
        first = self.publish("# תקנון\n\n1. ראשית נלך אל הים הגדול.\n2. שנית נחזור אל הבית הישן.\n")
        second = self.revise(first, "# תקנון\n\n1. ראשית נלך אל ההר הגדול.\n2. דבר חדש לגמרי כאן.\n3. שנית נחזור אל הבית הישן.\n")
        words = self.words(f"/d/{first}/compare/{first}/{second}")
        places = [words.index(part) for part in ("הים", "ההר", "דבר חדש")] + [words.rindex("שנית")]
        self.assertEqual(places, sorted(places))

    def test_pages_tell_when_they_changed(self):
        for path in ("/", f"/d/{self.proposal}", "/feed/all.atom", f"/a/{self.law}/0"):
            headers = self.reader.get(path).headers
            self.assertRegex(headers["last-modified"], r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
            self.assertEqual(self.reader.get(path, headers=f"If-None-Match: {headers['etag']}\r\n").status, 304)
        self.assertNotIn("last-modified", self.reader.get("/nothing").headers)

    def test_any_two_can_be_chosen(self):
        text = self.page(f"/d/{self.proposal}/compare?from={self.third}&to={self.proposal}")
        self.assertRegex(text, r"<ins>[^<]*60")
        self.assertIn('<select id="from"', text)
        self.assertIn(f'value="{self.third}" selected', text)
        self.assertIn("בשתי הגרסאות נאמר אותו דבר", self.page(f"/d/{self.proposal}/compare/{self.third}/{self.third}"))

    def test_what_cannot_be_compared_is_missing(self):
        zeros = "0" * 64
        for path in (f"/d/{self.proposal}/compare", f"/d/{self.proposal}/compare/", f"/d/{self.proposal}/compare/{self.proposal}",
                     f"/d/{self.proposal}/compare/{self.proposal}/{zeros}", f"/d/{self.proposal}/compare?from={self.proposal}",
                     f"/d/{self.proposal}/compare/{self.proposal}/{self.law}", f"/d/{self.gone}/compare/{self.gone}/{self.gone}",
                     f"/d/{self.proposal}/compares/{self.proposal}/{self.second}"):
            self.page(path, 404)

    # ---- decisions ----

    def test_the_register_holds_documents_and_what_minutes_decided(self):
        words = self.words("/decisions")
        for part in ("איגום רכישת החשמל", "מוצע", "חסר אישור אחד", "נוהל השאלת ציוד", "בתוקף", "לתקן את גדר 4 & השער.",
                     "מפרוטוקול 4/26"):
            self.assertIn(part, words)
        self.assertNotIn("סוד", words)  # What it was went with its content.

    def test_the_register_can_be_narrowed(self):
        force = self.words("/decisions?state=force")
        self.assertIn("נוהל השאלת ציוד", force)
        self.assertNotIn("איגום רכישת", force)
        proposed = self.words("/decisions?state=open")
        self.assertIn("איגום רכישת", proposed)
        self.assertNotIn("נוהל השאלת", proposed)
        self.assertIn("אין כאן החלטה כזאת", self.words("/decisions?state=fork"))
        topic = html.unescape(re.search(r'href="(/decisions\?topic=[0-9a-f]{16})"', self.page("/decisions")).group(1))
        self.assertIn("איגום רכישת", self.words(topic))
        self.assertNotIn("נוהל השאלת", self.words(topic))
        body = html.unescape(re.search(r'href="(/decisions\?body=[0-9a-f]{16})"', self.page("/decisions")).group(1))
        self.assertIn("לתקן את גדר", self.words(body))
        self.assertNotIn("נוהל השאלת", self.words(body))

    def test_what_is_no_choice_is_missing(self):
        for path in ("/decisions?state=evil", "/decisions?topic=0123456789abcdef", "/decisions?body=x", "/decisions?page=2",
                     "/decisions/", "/people?topic=x", "/people?page=2", "/people/", "/books/"):
            self.page(path, 404)

    # ---- books ----

    def test_a_book_shows_the_number_that_is_missing(self):
        words = self.words(self.book)
        self.assertIn("מספר אחד חסר", words)
        self.assertIn("3/26 — חסר אין כאן פרוטוקול במספר הזה", words)
        rows = re.findall(r"(\d)/26", words[words.index("תוכן"):])
        self.assertEqual(rows[:4], ["1", "2", "3", "4"])

    def test_a_printed_book_holds_agenda_decisions_and_seal(self):
        words = self.words(self.book + "/print")
        for part in ("גדר המטעים", "הוחלט: לתקן את גדר 2 & השער.", "נועה הררי", "אורי <b>שקד</b>", "חתימת הספר", "רשומה אחרונה", "2.10.2026"):
            self.assertIn(part, words)
        newest = re.sub(r"(.{4})", r"\1 ", self.minutes[-1][:32]).strip()
        self.assertIn(newest, words)

    def test_books_that_are_not_there_are_missing(self):
        key = self.book.split("/")[2]
        for path in ("/book/", f"/book/{key}", f"/book/{key}/", f"/book/{key}/2025", f"/book/{key}/026", f"/book/{key}/2026/",
                     f"/book/{key}/2026/all", f"/book/{key}x/2026", "/book/0123456789abcdef/2026", f"/book/{key}/99999999999999999999"):
            self.page(path, 404)

    # ---- people ----

    def test_people_are_listed_with_what_confirms_them(self):
        words = self.words("/people")
        for part in ("גיא סלעי", "רכז מים", "ניר אשל", "050-555-0171", "2.1.2020", "דליפה בקו הראשי", "תמר <script>"):
            self.assertIn(part, words)
        self.assertLess(words.index("גיא סלעי"), words.index("תמר <script>"))
        topics = re.findall(r'href="(/people\?topic=[0-9a-f]{16})"><bdi>([^<]+)', self.page("/people"))
        where = {name: path for path, name in topics}
        self.assertIn("גיא סלעי", self.words(where["מים"]))
        self.assertNotIn("גיא סלעי", self.words(where["חשמל"]))

    # ---- the network, and what programs read ----

    def test_the_network_is_told_in_words(self):
        words = self.words("/network")
        for part in ("עין צבר", "מצביע במועצה", "מי חותם נועה הררי", "צמתים", "אין מפתח שנחתמו בו שתי רשומות", "אין מסמך במחלוקת"):
            self.assertIn(part, words)
        for path in ("/network/", "/fork/", "/fork/" + "0" * 64, "/fork/" + "0" * 64 + "/proof", "/fork/x/proof"):
            self.page(path, 404)

    def test_the_accessibility_statement_names_somebody(self):
        words = self.words("/accessibility")
        for part in ("הצהרת נגישות", "5568", "הדס נבו", "050-555-0101"):
            self.assertIn(part, words)

    def test_people_are_found_by_name_role_kibbutz_and_subject(self):
        for words in ("סלעי", "רכז", "ניר", "דליפה", "מים"):
            self.assertIn("גיא סלעי", self.words("/people?q=" + urllib.parse.quote(words)), words)
        self.assertNotIn("גיא סלעי", self.words("/people?q=" + urllib.parse.quote("תמר")))
        self.assertIn("לא נמצא איש", self.words("/people?q=" + urllib.parse.quote("איןכזה")))
        self.assertEqual(self.page("/people?q=%22%3E%3Cscript%3E").count("<script>"), 0)

    def test_feeds_are_well_formed_atom(self):
        atom = "{http://www.w3.org/2005/Atom}"
        key = self.book.split("/")[2]
        titles = {}
        for name, where in (("all", "/"), ("minutes", "/documents?kind=minutes"), ("decision", "/documents?kind=decision"), (key, self.book)):
            self.assertIn(f'type="application/atom+xml" href="/feed/{name}.atom"', self.reader.get(where).text)
            answer = self.reader.get(f"/feed/{name}.atom")
            self.assertEqual(answer.headers["content-type"], "application/atom+xml; charset=utf-8")
            feed = ElementTree.fromstring(answer.body)
            self.assertEqual(feed.tag, atom + "feed")
            for parent in [feed, *feed.findall(atom + "entry")]:
                for field in ("id", "title", "updated"):
                    self.assertEqual(len(parent.findall(atom + field)), 1)
                self.assertRegex(parent.find(atom + "updated").text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
                self.assertRegex(parent.find(atom + "id").text, r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            entries = feed.findall(atom + "entry")
            self.assertEqual(len({entry.find(atom + "id").text for entry in entries}), len(entries))
            for entry in entries:
                link = entry.find(atom + "link").get("href")
                self.assertEqual(self.reader.get(link[len(f"http://{self.reader.host}"):]).status, 200)
                self.assertTrue(entry.find(f"{atom}author/{atom}name").text)
            titles[name] = [entry.find(atom + "title").text for entry in entries]
        self.assertIn("נוהל השאלת ציוד", titles["all"])
        self.assertIn("נוהל השאלת ציוד", titles["decision"])
        self.assertNotIn("נוהל השאלת ציוד", titles["minutes"])
        self.assertIn("ישיבה 2 <i>נטויה</i>", titles[key])

    def judge(self, feed):
        """What the schema says against a feed; empty: nothing."""
        schema = os.path.join(os.path.dirname(os.path.abspath(__file__)), "feed.rng")
        done = subprocess.run(["xmllint", "--noout", "--nonet", "--relaxng", schema, "-"], input=feed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return b"" if done.returncode == 0 else done.stdout

    @unittest.skipUnless(shutil.which("xmllint"), "xmllint is not installed")
    def test_feeds_keep_to_the_schema(self):
        for name in ("all", "minutes", "decision", "knowledge", "notice", self.book.split("/")[2]):
            for language in ("he", "en"):
                feed = self.reader.get(f"/feed/{name}.atom?lang={language}").body
                feed = feed if isinstance(feed, bytes) else feed.encode()
                self.assertEqual(self.judge(feed), b"", name)
        for broken in (feed.replace(b"<updated>20", b"<updated>x20"), feed.replace(b"</feed>", b"<entry/></feed>"), feed.replace(b"urn:uuid", b"urn")):
            self.assertNotEqual(self.judge(broken), b"")

    def test_feeds_that_are_not_there_are_missing(self):
        for path in ("/feed/", "/feed/all", "/feed/.atom", "/feed/evil.atom", "/feed/all.atom/", "/feed/all.atom.atom"):
            self.page(path, 404)

    def test_browsers_learn_how_to_search(self):
        answer = self.reader.get("/opensearch.xml")
        root = ElementTree.fromstring(answer.body)
        url = root.find("{http://a9.com/-/spec/opensearch/1.1/}Url").get("template")
        self.assertEqual(url, f"http://{self.reader.host}/search?q={{searchTerms}}")
        self.assertIn('type="application/opensearchdescription+xml" href="/opensearch.xml"', self.page("/"))

    def test_what_was_erased_is_in_no_page(self):
        for path in self.paths:
            self.assertNotIn("סודות", self.page(path), path)

    def test_what_is_new_is_on_every_page_that_tells_of_it(self):
        before = self.page("/")
        new = self.publish(MINUTES.format(n=9))
        self.assertNotIn(new, before)
        self.page(f"/d/{new}")  # Its own page is there at once; those that are kept follow within a second.
        reader_test.wait_until(lambda: "9/26" in self.words(self.book), "the number in the book")
        reader_test.wait_until(lambda: new in self.page("/"), "the document on the front page")

    # ---- the same on the command line ----

    def json(self, *arguments):
        return [json.loads(line) for line in igum(self.home, *arguments, "--json").stdout.splitlines()]

    def refused(self, code, *arguments):
        done = igum(self.home, *arguments, check=False)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertIn("igum: ", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_list_takes_filters(self):
        everything = {line["document"] for line in self.json("list")}
        for flags, inside, outside in ((("--kind", "decision"), self.law, self.know), (("--body", "מועצה"), self.law, self.minutes[0]),
                                       (("--state", "proposed"), self.proposal, self.law), (("--year", "2026"), self.law, None),
                                       (("--kibbutz", "עין צבר"), self.law, None), (("--author", "נועה הררי"), self.know, None),
                                       (("--since", "2026-01-01"), self.law, None), (("--since", "2026-01-01T00:00:00Z"), self.law, None)):
            found = {line["document"] for line in self.json("list", *flags)}
            self.assertIn(inside, found, flags)
            self.assertNotIn(outside, found, flags)
            self.assertLessEqual(found, everything)
        self.assertEqual(self.json("list", "--year", "1999"), [])
        self.assertEqual(self.json("list", "--since", "2099-01-01"), [])
        self.assertEqual(len(self.json("list", "--limit", "2")), 2)
        for flags in (("--kind", "evil"), ("--state", "evil"), ("--since", "yesterday"), ("--since", "2026-13-01"), ("--year", "x"), ("--limit", "0")):
            self.refused(2, "list", *flags)
        self.assertNotEqual(igum(self.home, "list", "--kibbutz", "אין כזה", check=False).returncode, 0)

    def test_decisions_are_those_of_the_register(self):
        lines = self.json("decisions")
        self.assertIn("לתקן את גדר 1 & השער.", [line["decided"] for line in lines])
        self.assertIn((self.law, None, "in force"), [(line["document"], line["decided"], line["state"]) for line in lines])
        force = self.json("decisions", "--state", "in force")
        self.assertNotIn(self.proposal, [line["document"] for line in force])
        self.assertEqual([line["document"] for line in self.json("decisions", "--topic", "חשמל")], [self.proposal])
        self.assertIn("נוהל השאלת ציוד", igum(self.home, "decisions").stdout)
        self.refused(2, "decisions", "--state", "evil")

    def test_people_are_those_of_the_page(self):
        people = self.json("people")
        self.assertEqual((people[0]["name"], people[0]["phone"], people[0]["confirmed"], people[0]["document"]),
                         ("גיא סלעי", "050-555-0171", "2020-01-02", self.know))
        self.assertIsNone(people[-1]["confirmed"])
        self.assertEqual([p["name"] for p in self.json("people", "רכז")], ["גיא סלעי"])
        self.assertEqual(self.json("people", "אין כזה"), [])
        self.assertEqual(self.json("people", "--topic", "חשמל"), [])
        self.assertIn("050-555-0171", igum(self.home, "people").stdout)

    def on_terminal(self, *arguments, **env):
        """What a reader at a terminal sees."""
        import pty
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(env, LC_ALL="C.UTF-8", NO_COLOR="1")
            os.execv(reader_test.IGUM, [reader_test.IGUM, "--home", self.home, *arguments])
        seen = b""
        try:
            while part := os.read(fd, 65536):
                seen += part
        except OSError:
            pass
        os.close(fd)
        os.waitpid(pid, 0)
        return seen.decode().replace("\r\n", "\n")

    def test_show_goes_through_a_pager_with_marks_of_direction(self):
        seen = self.on_terminal("show", self.proposal, IGUM_PAGER="sed 's/^/page: /'")
        self.assertIn("page: \u200f1. קיבוצי הברית", seen)
        plain = self.on_terminal("show", self.proposal, IGUM_PAGER="cat")
        self.assertIn("\n\u200f1. קיבוצי הברית", plain)
        self.assertNotIn("page: ", plain)
        self.assertNotIn("\u200f", igum(self.home, "show", self.proposal).stdout)  # Not in a pipe.
        self.on_terminal("show", self.proposal, IGUM_PAGER="true")  # A reader who leaves at once.

    def test_show_prints_the_page(self):
        text = igum(self.home, "show", self.proposal, "--html").stdout
        self.assertEqual(Shape(text).faults, [])
        self.assertIn("איגום רכישת החשמל", text)
        self.assertIn("24 חודשים", text)
        self.assertIn("60 חודשים", igum(self.home, "show", self.proposal, "--html", "--revision", self.proposal[:16]).stdout)
        self.refused(1, "show", self.proposal, "--html", "--revision", "0000")
        self.refused(1, "show", "0000", "--html")

    def test_diff_tells_what_changed(self):
        d = self.json("diff", self.proposal)[0]
        self.assertEqual((d["from"], d["to"], d["removed"], d["added"]), (self.second, self.third, 1, 1))
        changed = {p["change"]: p["text"] for p in d["pieces"] if p["change"] != "kept"}
        self.assertIn("36", changed["removed"])
        self.assertIn("24", changed["added"])
        words = igum(self.home, "diff", self.proposal, self.proposal[:12], self.second[:12]).stdout
        self.assertEqual(words, "- 2. התקופה תהיה עד 60 חודשים.\n+ 2. התקופה לא תעלה על 36 חודשים.\n")
        self.refused(1, "diff", self.law)
        self.refused(1, "diff", self.proposal, self.second, "0000")
        self.refused(2, "diff", self.proposal, self.second)
        self.refused(1, "diff", "0000")


class Delivery(unittest.TestCase):
    """What receipts tell, on the pages of two nodes that run."""

    def test_pages_tell_how_complete_they_are_and_whom_a_document_has_reached(self):
        place = Place(reader_test.IGUM, "pages")
        self.addCleanup(place.clean)
        one = place.node("one").found(kibbutz="גבעת ארנון").start()
        two = place.node("two").enter(one, "עין תמר", "רון").start(http=None)
        wait_equal([one, two])
        document = one.json("publish", place.write("law.md", "# חוק\n\nכך.\n"))[0]["document"]
        page = f"/d/{document}?lang=he"
        wait_for("the receipt on the page", lambda: "הגיע ל־<bdi dir=\"ltr\">2</bdi> מתוך <bdi dir=\"ltr\">2</bdi>" in one.page(page))
        self.assertNotIn("חסר ב:", one.page(page))
        self.assertIn('<svg viewBox="0 0 24 20" aria-hidden="true">', one.page(page))
        wait_for("a complete node", lambda: "שלם נכון להיום" in one.page("/?lang=he") and "נשמע מכולם" in one.page("/?lang=he"))
        self.assertIn('<p class="answer">נשמע ', one.page("/network?lang=he"))
        two.end()
        late = one.json("publish", place.write("late.md", "# מאוחר\n\nכך.\n"))[0]["document"]
        page = f"/d/{late}?lang=he"
        wait_for("what is missing", lambda: "חסר ב: <bdi>עין תמר</bdi>" in one.page(page))
        self.assertIn("הגיע ל־<bdi dir=\"ltr\">1</bdi> מתוך", one.page(page))
        self.assertEqual(Shape(one.page(page)).faults, [])


class ForTheKibbutzAlone(unittest.TestCase):
    """What is for one kibbutz is for those who are near, as the configuration says."""

    def readers(self, setting, home):
        with open(os.path.join(home, "igum.conf")) as f:
            lines = [line for line in f if not line.startswith("kibbutz-readers")]
        with open(os.path.join(home, "igum.conf"), "w") as f:
            f.writelines(lines + ([f"kibbutz-readers = {setting}\n"] if setting else []))
        return Reader(home)

    def test_only_those_who_are_near_see_it(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "passphrase"), "w") as f:
                f.write("correct horse battery staple\n")
            os.chmod(f.name, 0o600)
            home, path = os.path.join(directory, "home"), os.path.join(directory, "secret.md")
            igum(home, "found", "--network", "רשת", "--kibbutz", "עין צבר", "--steward", "נועה הררי")
            with open(path, "w") as f:
                f.write("---\ntitle: כמוס מאוד\nkind: minutes\nbody: כמוסים\nnumber: 1/26\ntopics: [כמוסות]\n"
                        "contacts:\n  - {name: כמוסי}\n---\n**הוחלט:** כמוס.\n")
            document = json.loads(igum(home, "publish", path, "--audience", "kibbutz", "--json").stdout.splitlines()[0])["document"]
            paths = ("/", "/documents", "/documents?kind=minutes", "/decisions", "/books", "/people", "/network", "/feed/all.atom")
            own = (f"/d/{document}", f"/d/{document}/r/{document}", f"/a/{document}/0", f"/d/{document}/compare/{document}/{document}")
            for setting, sees in ((None, True), ("localhost", True), ("lan", True), ("nobody", False), ("everybody", False)):
                reader = self.readers(setting, home)
                try:
                    for page in paths:
                        text = reader.get(page).text
                        self.assertEqual("כמוס" in text, sees and page not in ("/network",), f"{setting} {page}")
                    for page in own:
                        answer = reader.get(page)
                        self.assertEqual(answer.status, 200 if sees else 404, f"{setting} {page}")
                        if sees:
                            self.assertEqual(answer.headers["cache-control"], "no-store")
                        else:
                            self.assertNotIn("כמוס", answer.text)
                finally:
                    reader.stop()


if __name__ == "__main__":
    reader_test.IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

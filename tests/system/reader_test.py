#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The web reader as its visitors meet it: a real process, raw sockets, and an archive made with the command line.

usage: reader_test.py IGUM [TEST...]
"""
import html
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

IGUM = "igum"
HEADERS_MS = 1500
TOTAL_MS = 4000

MINUTES = """---
title: "מזכירות: מכרז החשמל, תקציב החינוך לשנת 2027 וגדר המטעים"
kind: minutes
body: מזכירות
number: 31/26
date: 2026-11-17
present: [נועה הררי, אורי שקד, "<b onclick=x>דוד</b>"]
absent: [אלון בר־ים]
contacts:
  - name: גיא סלעי
    phone: 050-555-0171
    role: רכז מים
    kibbutz: ניר אשל
    confirmed: 2026-10-12
---

# מכרז החשמל

גיא הציג את ההצעה. <script>alert(1)</script> [לחצו](javascript:alert(1))

> Either party may terminate this agreement.

**הוחלט:** להצטרף, לתקופה של עד 36 חודשים. ראו [התקציב](budget.pdf).

![הגדר](fence.png)
"""

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
                    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")

STRICT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = ("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
          "base-uri 'none'; frame-ancestors 'none'")


def igum(home, *arguments, check=True):
    env = dict(os.environ, IGUM_PASSPHRASE_FILE=os.path.join(os.path.dirname(home), "passphrase"), LC_ALL="C.UTF-8", TZ="Asia/Jerusalem")
    done = subprocess.run([IGUM, "--home", home, *arguments], env=env, capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError(f"igum {arguments}: {done.returncode}: {done.stderr}")
    return done


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.05)


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else 0
        self.list = [(k.strip().lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:])]
        self.headers = dict(self.list)
        self.text = self.body.decode("utf-8", "replace")


class Reader:
    """A reader process of a home, on a port of its own."""

    def __init__(self, home, *arguments):
        self.process = subprocess.Popen(
            [IGUM, "--home", home, "reader", "--http", "127.0.0.1:0", "--headers-ms", str(HEADERS_MS), "--total-ms", str(TOTAL_MS),
             *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=dict(os.environ, TZ="Asia/Jerusalem"))
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)/?$", line.strip()).group(1))
        self.host = f"127.0.0.1:{self.port}"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, request):
        with self.connect() as s:
            s.sendall(request)
            out = b""
            try:
                while part := s.recv(65536):
                    out += part
            except ConnectionResetError:
                pass
            return out

    def get(self, path, method="GET", host=None, headers=""):
        request = f"{method} {path} HTTP/1.1\r\nHost: {host or self.host}\r\n{headers}Connection: close\r\n\r\n"
        return Answer(self.raw(request.encode()))

    def stop(self):
        self.process.terminate()
        code = self.process.wait(10)
        self.process.stdout.close()
        return code


class EmptyHome(unittest.TestCase):
    """What holds for every request, with or without an archive."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        home = os.path.join(cls.directory.name, "home")
        os.mkdir(home)
        with open(os.path.join(home, "igum.conf"), "w") as f:
            f.write("host = archive.kibbutz.example\n")
        cls.reader = Reader(home)

    @classmethod
    def tearDownClass(cls):
        code = cls.reader.stop()
        cls.directory.cleanup()
        assert code == 0, code

    def strict(self, answer):
        for name, value in STRICT.items():
            self.assertEqual(answer.headers.get(name), value, name)
        names = [name for name, _ in answer.list]
        self.assertEqual(len(names), len(set(names)), "a header stands twice")
        self.assertNotIn("access-control-allow-origin", names)
        self.assertNotIn("set-cookie", names)
        self.assertNotIn("<script", answer.text)

    def test_every_route_carries_the_strict_headers(self):
        for path, status in (("/", 503), ("/igum.css", 200), ("/mark.svg", 200), ("/healthz", 503), ("/d/" + "0" * 64, 503),
                             ("/a/" + "0" * 64 + "/0", 503), ("/nothing", 404), ("/?lang=en", 503)):
            answer = self.reader.get(path)
            self.assertEqual(answer.status, status, path)
            self.strict(answer)
            self.assertEqual(answer.headers["content-security-policy"], POLICY)

    def test_only_get_and_head(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "FOO", "get"):
            answer = self.reader.get("/igum.css", method)
            self.assertEqual(answer.status, 405, method)
            self.assertEqual(answer.headers["allow"], "GET, HEAD")
            self.strict(answer)

    def test_a_refused_body_is_not_read_as_a_request(self):
        body = f"GET /igum.css HTTP/1.1\r\nHost: {self.reader.host}\r\n\r\n"
        raw = self.reader.raw(f"POST / HTTP/1.1\r\nHost: {self.reader.host}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        self.assertEqual(raw.count(b"HTTP/1.1 "), 1)
        self.assertTrue(raw.startswith(b"HTTP/1.1 405"))

    def test_head_is_get_without_the_body(self):
        get, head = self.reader.get("/igum.css"), self.reader.get("/igum.css", "HEAD")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.body, b"")
        drop = ("date",)
        self.assertEqual([h for h in head.list if h[0] not in drop], [h for h in get.list if h[0] not in drop])
        self.assertEqual(int(head.headers["content-length"]), len(get.body))

    def test_our_own_hosts_only(self):
        port = self.reader.port
        for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}", f"192.168.7.9:{port}", "[::1]", f"[fe80::1]:{port}",
                     "archive.kibbutz.example", f"Archive.Kibbutz.Example:{port}"):
            self.assertEqual(self.reader.get("/igum.css", host=host).status, 200, host)
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "evil.archive.kibbutz.example",
                     "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:80:80", "127.0.0.1:8x", "127.1", "2130706433", "0x7f.1",
                     "[::1", "[::1]x", "[]", "::1", "localhost@evil.example", "127.0.0.1, evil.example", "a" * 300):
            answer = self.reader.get("/igum.css", host=host)
            self.assertEqual(answer.status, 421, host)
            self.strict(answer)

    def test_exactly_one_host(self):
        ok = self.reader.host
        for hosts in (f"Host: {ok}\r\nHost: {ok}\r\n", f"Host: {ok}\r\nHost: evil.example\r\n", f"Host: evil.example\r\nhost: {ok}\r\n"):
            self.assertEqual(Answer(self.reader.raw(f"GET /igum.css HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())).status, 421)
        self.assertIn(Answer(self.reader.raw(b"GET /igum.css HTTP/1.1\r\nConnection: close\r\n\r\n")).status, (400, 421))
        self.assertIn(Answer(self.reader.raw(b"GET /igum.css HTTP/1.0\r\n\r\n")).status, (400, 421))

    def test_a_foreign_host_learns_nothing_and_is_not_echoed(self):
        answer = self.reader.get("/?<script>alert(1)</script>", host="evil<script>.example")
        self.assertEqual(answer.status, 421)
        self.assertNotIn("evil", answer.text)
        self.assertNotIn('class="fresh', answer.text)

    def test_absolute_form_and_odd_framing_are_refused(self):
        h = f"Host: {self.reader.host}\r\nConnection: close\r\n"
        for request in (f"GET http://evil.example/ HTTP/1.1\r\n{h}\r\n", f"GET http://{self.reader.host}/igum.css HTTP/1.1\r\n{h}\r\n",
                        f"GET * HTTP/1.1\r\n{h}\r\n", f"GET igum.css HTTP/1.1\r\n{h}\r\n",
                        f"GET /igum.css HTTP/1.1\r\n{h}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        f"GET /igum.css HTTP/1.1\r\n{h}Transfer-Encoding: identity\r\n\r\n",
                        f"GET /igum.css HTTP/1.1\r\n{h}Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
                        f"GET /igum.css HTTP/1.1\r\n{h}Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde",
                        f"GET /igum.css HTTP/1.1\r\n{h}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        f"GET /igum.css HTTP/1.1\r\n{h}Content-Length: 3\r\n\r\nabc",
                        f"GET /igum.css HTTP/1.1\r\n{h}Content-Length: x\r\n\r\n"):
            answer = Answer(self.reader.raw(request.encode()))
            self.assertEqual(answer.status, 400, request)

    def test_no_path_leads_out(self):
        for path in ("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/keys", "//etc/passwd", "/igum.css/..", "/IGUM.CSS", "/igum.css%00",
                     "/keys/", "/igum.conf", "/archive.git/config", "/.", "/d", "/a", "/healthz/", "/\\", "/%", "/%zz", "/igum.css;x",
                     "/" + "a" * 4000, "/favicon.ico"):
            answer = self.reader.get(path)
            self.assertEqual(answer.status, 404, path)
            self.assertNotIn("root:", answer.text)
            self.assertNotIn("passwd", answer.text)

    def test_headers_without_end_are_refused(self):
        raw = self.reader.raw(f"GET /igum.css HTTP/1.1\r\nHost: {self.reader.host}\r\n".encode() + b"X: " + b"a" * 70000 + b"\r\n\r\n")
        self.assertFalse(raw.startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.reader.get("/igum.css").status, 200)

    def test_garbage_hurts_nobody(self):
        for garbage in (b"\0" * 100, b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000, b"A" * 20000,
                        b"GET /igum.css HTTP/1.1\nHost: localhost\n\n"):
            self.reader.raw(garbage + b"\r\n\r\n")
        self.assertEqual(self.reader.get("/igum.css").status, 200)

    def test_a_dripping_client_is_cut_at_its_deadline(self):
        with self.reader.connect() as s:
            start = time.monotonic()
            s.sendall(f"GET /igum.css HTTP/1.1\r\nHost: {self.reader.host}\r\nX: ".encode())
            while time.monotonic() - start < 3 * HEADERS_MS / 1000:
                readable, _, _ = select.select([s], [], [], 0.1)
                if readable:
                    break
                try:
                    s.sendall(b"a")
                except OSError:
                    break
            passed = time.monotonic() - start
        self.assertGreater(passed, 0.8 * HEADERS_MS / 1000)
        self.assertLess(passed, 2 * HEADERS_MS / 1000)

    def test_an_idle_connection_is_cut_and_a_used_one_too(self):
        for request in (b"", f"GET /igum.css HTTP/1.1\r\nHost: {self.reader.host}\r\n\r\n".encode()):
            with self.reader.connect() as s:
                start = time.monotonic()
                s.sendall(request)
                try:
                    while s.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
                self.assertLess(time.monotonic() - start, 2 * HEADERS_MS / 1000 + 1)

    def test_a_connection_serves_several_requests(self):
        with self.reader.connect() as s:
            for _ in range(3):
                s.sendall(f"HEAD /igum.css HTTP/1.1\r\nHost: {self.reader.host}\r\n\r\n".encode())
                got = b""
                while not got.endswith(b"\r\n\r\n"):
                    part = s.recv(65536)
                    self.assertTrue(part, got)
                    got += part
                self.assertTrue(got.startswith(b"HTTP/1.1 200"))

    def test_one_address_gets_its_share_of_connections_and_no_more(self):
        held = [self.reader.connect() for _ in range(100)]
        time.sleep(0.3)
        alive = 0
        for s in held:
            try:
                s.sendall(f"HEAD /mark.svg HTTP/1.1\r\nHost: {self.reader.host}\r\n\r\n".encode())
                s.settimeout(1)
                alive += s.recv(1000).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        for s in held:
            s.close()
        self.assertGreaterEqual(alive, 50)
        self.assertLessEqual(alive, 64)
        time.sleep(0.3)
        self.assertEqual(self.reader.get("/igum.css").status, 200)

    def test_a_known_version_is_not_sent_again(self):
        tag = self.reader.get("/igum.css").headers["etag"]
        again = self.reader.get("/igum.css", headers=f"If-None-Match: {tag}\r\n")
        self.assertEqual((again.status, again.body), (304, b""))
        self.strict(again)
        self.assertEqual(self.reader.get("/igum.css", headers='If-None-Match: "x"\r\n').status, 200)

    def test_language_is_hebrew_unless_asked(self):
        for query, accept, language in (("", "", "he"), ("", "en-US,en;q=0.9", "en"), ("", "en-US,en;q=0.9,he;q=0.8", "he"), ("", "fr", "he"),
                                        ("?lang=en", "he", "en"), ("?lang=he", "en", "he"), ("?lang=xx", "", "he"), ("?lang=", "", "he")):
            answer = self.reader.get("/nothing" + query, headers=f"Accept-Language: {accept}\r\n" if accept else "")
            self.assertIn(f'<html lang="{language}" dir="{"rtl" if language == "he" else "ltr"}">', answer.text, (query, accept))

    def test_the_reader_leaves_no_core_and_ends_with_its_parent(self):
        with open(f"/proc/{self.reader.process.pid}/limits") as f:
            self.assertRegex(f.read(), r"Max core file size\s+0\s+0")
        script = ("import subprocess,sys,time;"
                  f"p=subprocess.Popen([{IGUM!r},'--home',{self.directory.name + '/home'!r},'reader','--http','127.0.0.1:0'],stdin=subprocess.DEVNULL,stdout=subprocess.PIPE,text=True);"
                  "p.stdout.readline();print(p.pid,flush=True);time.sleep(60)")
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        for _ in range(50):
            try:
                with open(f"/proc/{child}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                        break
            except FileNotFoundError:
                break
            time.sleep(0.1)
        else:
            os.kill(child, signal.SIGKILL)
            self.fail("the reader outlived its parent")


class Archive(EmptyHome):
    """The pages of an archive made with the command line."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        top = cls.directory.name
        cls.home = os.path.join(top, "home")
        with open(os.path.join(top, "passphrase"), "w") as f:
            f.write("correct horse battery\n")
        found = igum(cls.home, "found", "--network", "ברית קיבוצי הנחלים", "--kibbutz", "עין צבר", "--steward", "נועה הררי", "--json", check=False)
        if found.returncode != 0:
            cls.directory.cleanup()
            raise unittest.SkipTest(f"igum found: {found.stderr}")
        with open(os.path.join(cls.home, "igum.conf"), "a") as f:
            f.write("host = archive.kibbutz.example\n")
        cls.document = cls.publish("minutes.md", MINUTES, ("budget.pdf", b"%PDF-1.4\n%%EOF\n"), ("fence.png", PNG),
                                   ("evil.html", b"<script>alert(1)</script>"), ("a\u202egnp.exe", b"MZ"))
        cls.reader = Reader(cls.home)

    @classmethod
    def publish(cls, name, text, *files):
        paths = []
        with open(os.path.join(cls.directory.name, name), "w") as f:
            f.write(text)
        for file, data in files:
            path = os.path.join(cls.directory.name, file)
            with open(path, "wb") as f:
                f.write(data)
            paths += ["--attach", path]
        done = igum(cls.home, "publish", os.path.join(cls.directory.name, name), *paths, "--json", check=False)
        if done.returncode != 0 and files:  # A name with a direction mark may be refused.
            return cls.publish(name, text, *files[:-1])
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout.splitlines()[0])["document"]

    def test_every_route_carries_the_strict_headers(self):
        for path in ("/", "/?lang=en", "/documents?kind=minutes", "/decisions", "/books", "/people", "/igum.css", "/mark.svg", "/healthz", f"/d/{self.document}", f"/d/{self.document}/r/{self.document}"):
            answer = self.reader.get(path)
            self.assertEqual(answer.status, 200, path)
            self.strict(answer)
            self.assertEqual(answer.headers["content-security-policy"], POLICY)

    def test_the_list_shows_what_was_published(self):
        page = self.reader.get("/").text
        for words in ("מזכירות: מכרז החשמל, תקציב החינוך לשנת 2027 וגדר המטעים", "31/26", "פרוטוקול", "17.11.2026", "עין צבר", "נועה הררי",
                      "ברית קיבוצי הנחלים", f'href="/d/{self.document}"', "הרשומה החדשה ביותר"):
            self.assertIn(words, page)
        english = self.reader.get("/?lang=en").text
        for words in ("Minutes", "17 Nov 2026", f'href="/d/{self.document}?lang=en"', '<h3 dir="rtl" lang="he">'):
            self.assertIn(words, english)

    def test_the_document_shows_what_was_published(self):
        page = self.reader.get(f"/d/{self.document}").text
        for words in ("<h1 dir=\"rtl\">מזכירות: מכרז החשמל", "31/26", "יום שלישי", "נוכחים", "אורי שקד", "חסרים", "אלון בר־ים", "גיא סלעי",
                      'href="tel:+972505550171"', "050-555-0171", "12.10.2026", 'class="decided"', "נאמן/ה", "verify-commit ", "ssh-ed25519 AAAA",
                      '<blockquote dir="ltr" lang="en">', self.document):
            self.assertIn(words, page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", page)
        self.assertIn("&lt;b onclick=x&gt;", page)
        self.assertNotIn("javascript:", page)
        self.assertRegex(page, rf'<img src="/a/{self.document}/\d+"')

    def test_a_stranger_can_check_the_signature_as_the_page_says(self):
        page = self.reader.get(f"/d/{self.document}").text
        commands, answer = (html.unescape(code) for code in re.findall(r"<code>([^<]*verify-commit[^<]*|Good [^<]*)</code>", page))
        for end, good in (("", True), ("0" * 40, False)):
            text = commands if good else commands[:-40] + end
            done = subprocess.run(["sh", "-ec", text], cwd=self.home, capture_output=True, text=True, timeout=60,
                                  env={"PATH": os.environ["PATH"], "HOME": self.directory.name})
            self.assertEqual(done.returncode == 0, good, done.stderr)
            self.assertEqual(answer in done.stderr, good, done.stderr)
        os.unlink(os.path.join(self.home, "signers"))

    def test_a_stranger_can_check_the_text_as_the_page_says(self):
        page = self.reader.get(f"/d/{self.document}").text
        commands, answer = (html.unescape(code) for code in re.findall(r"<code>(b2\(\)[^<]*|content [0-9a-f]{64}[^<]*)</code>", page))
        ids = re.findall(r"[0-9a-f]{64}", answer)
        self.assertEqual((ids[0], ids[2]), (ids[1], ids[3]))
        for person, same in (("igum.blob.v1", True), ("igum.blob.v2", False)):
            done = subprocess.run(["sh", "-ec", commands.replace("igum.blob.v1", person)], cwd=self.home, capture_output=True, text=True, timeout=60,
                                  env={"PATH": os.environ["PATH"], "HOME": self.directory.name})
            self.assertEqual((done.returncode, done.stdout.strip() == answer), (0, same), done.stdout + done.stderr)

    def test_a_new_document_is_there_at_once(self):
        new = self.publish("new.md", "# חדש לגמרי\n\nטקסט\n")
        self.assertIn("חדש לגמרי", self.reader.get("/").text)
        self.assertEqual(self.reader.get(f"/d/{new}").status, 200)
        self.assertIn("חדש לגמרי", self.reader.get("/documents?kind=notice").text)
        self.assertNotIn("חדש לגמרי", self.reader.get("/documents?kind=minutes").text)

    def test_revisions_are_kept_apart(self):
        first = self.publish("life.md", "# תקנון\n\nנוסח ראשון\n")
        with open(os.path.join(self.directory.name, "life2.md"), "w") as f:
            f.write("# תקנון\n\nנוסח שני\n")
        done = igum(self.home, "revise", first, os.path.join(self.directory.name, "life2.md"), "--json", check=False)
        if done.returncode != 0:
            self.skipTest(done.stderr)
        self.assertIn("נוסח שני", self.reader.get(f"/d/{first}").text)
        old = self.reader.get(f"/d/{first}/r/{first}").text
        self.assertIn("נוסח ראשון", old)
        self.assertIn("גרסה קודמת", old)

    def files(self):
        return re.findall(rf'href="(/a/{self.document}/\d+)"', self.reader.get(f"/d/{self.document}").text)

    def test_attachments_are_saved_and_never_shown(self):
        types = set()
        for path in set(self.files()):
            answer = self.reader.get(path)
            self.assertEqual(answer.status, 200)
            for name, value in STRICT.items():
                self.assertEqual(answer.headers.get(name), value)
            self.assertTrue(answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''"))
            self.assertIn("sandbox", answer.headers["content-security-policy"])
            self.assertNotRegex(answer.headers["content-disposition"], "%E2%80%AE")
            types.add(answer.headers["content-type"])
            again = self.reader.get(path, headers=f"If-None-Match: {answer.headers['etag']}\r\n")
            self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(types, {"application/pdf", "image/png", "application/octet-stream"})

    def test_attachments_come_as_they_were_given(self):
        bodies = [self.reader.get(path).body for path in set(self.files())]
        self.assertIn(PNG, bodies)
        self.assertIn(b"<script>alert(1)</script>", bodies)
        self.assertIn(MINUTES.encode(), bodies)

    def test_what_is_not_there_is_said_to_be_missing(self):
        d = self.document
        for path in ("/d/" + "0" * 64, "/d/" + d[:-1], "/d/" + d + "0", "/d/" + d.upper(), f"/d/{d}/", f"/d/{d}/r/", f"/d/{d}/r/{'0' * 64}", f"/d/{d}/r/{d}/",
                     f"/a/{d}", f"/a/{d}/", f"/a/{d}/99", f"/a/{d}/00", f"/a/{d}/-1", f"/a/{d}/0/", f"/a/{d}/0x0", f"/a/{d}/18446744073709551616",
                     f"/a/{'0' * 64}/0", f"/a/{d}/../0", "/?page=2", "/?page=0", "/?page=x", "/documents?page=2", "/documents?page=0",
                     "/documents?page=x", "/documents?page=99999999999", "/documents?kind=evil", "/documents?kind=<script>", "/documents?kibbutz=1",
                     "/documents?body=0123456789abcdef"):
            answer = self.reader.get(path)
            self.assertEqual(answer.status, 404, path)
            self.strict(answer)

    def test_a_client_that_does_not_read_is_cut(self):
        big = os.path.join(self.directory.name, "big.bin")
        with open(big, "wb") as f:
            f.write(os.urandom(2_700_000))
        document = json.loads(igum(self.home, "publish", os.path.join(self.directory.name, "minutes.md"), "--attach", big, "--json").stdout.splitlines()[0])["document"]
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", self.reader.port))
        s.settimeout(20)
        s.sendall(f"GET /a/{document}/0 HTTP/1.1\r\nHost: {self.reader.host}\r\n\r\n".encode())
        start, got, cut = time.monotonic(), 0, False
        try:
            while time.monotonic() - start < 3 * TOTAL_MS / 1000:
                part = s.recv(512)
                if not part:
                    cut = True
                    break
                got += len(part)
                time.sleep(0.02)
        except ConnectionResetError:
            cut = True
        s.close()
        self.assertTrue(cut)
        self.assertLess(got, 2_700_000)
        self.assertEqual(self.reader.get("/igum.css").status, 200)

    def test_the_reader_opens_no_keys(self):
        fds = [os.readlink(f"/proc/{self.reader.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{self.reader.process.pid}/fd")]
        self.assertFalse([path for path in fds if "/keys" in path])


if __name__ == "__main__":
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

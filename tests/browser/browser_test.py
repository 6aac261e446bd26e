#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reader in a real browser: a node with 300 documents, looked at by headless Chromium.

    browser_test.py IGUM MODULES [TEST...]

MODULES is where the packages of package.json are installed; they are fetched there when missing. Without Chromium or the packages
it says so and exits with 77.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import harness

DOCUMENTS = 300
SKIPPED = 77
IGUM = MODULES = None


def install(modules):
    """The packages of package.json; False when they cannot be had."""
    wanted = (HERE / "package.json").read_bytes()
    modules.mkdir(parents=True, exist_ok=True)
    if (modules / "package.json").exists() and (modules / "package.json").read_bytes() == wanted and (modules / "node_modules/axe-core").exists():
        return True
    shutil.rmtree(modules / "node_modules", ignore_errors=True)
    (modules / "package.json").write_bytes(wanted)
    done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"], cwd=modules)
    return done.returncode == 0


def write_documents(place, count):
    """A folder of documents: the samples, and what is made of them, so that lists are long and numbers run on."""
    samples = sorted((HERE.parent / "samples").glob("*.md"))
    for number in range(count):
        sample = samples[number % len(samples)].read_text()
        place.write(f"papers/{number:04}.md", sample.replace("/26", f"/{26 - number // len(samples) % 5:02}"))
    return place.join("papers")


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = harness.Place(IGUM, "browser")
        cls.node = cls.place.node("office").found()
        cls.node.igum("--quiet", "publish", write_documents(cls.place, DOCUMENTS))
        for name, text in HOSTILE.items():
            cls.node.igum("--quiet", "publish", cls.place.write(f"hostile/{name}.md", text))
        cls.node.start()
        cls.sides = cls.fork()
        cls.found = None

    @classmethod
    def fork(cls):
        """A coordinator's key signs a document in one place and another one in a copy of it: the two newest of all, both contested."""
        office = cls.place.node("field").enter(cls.node, "שדה לוטם", "אורית שחם")
        office.igum("join", "-", "--name", "רותם גל", input=office.invite("--coordinator", "רותם גל") + "\n")
        twin = cls.place.node("twin")
        shutil.copytree(office.home, twin.home, symlinks=True)
        os.remove(f"{twin.home}/keys/marks")
        sides = []
        for node, title in ((office, "שעות חדר האוכל בקיץ"), (twin, "שעות חדר האוכל בחגים")):
            paper = cls.place.write(f"{title}.md", f"---\ntitle: {title}\nkind: decision\n---\nסוכם: חדר האוכל ייפתח בשבע בבוקר.\n")
            sides.append(node.json("publish", paper, "--as", "רותם גל")[0]["document"])
        for node in (office, twin):
            harness.wait_for("the office has told its side", lambda: node.run("sync").returncode == 0)
        return sides

    @classmethod
    def tearDownClass(cls):
        cls.node.end()
        cls.place.clean()

    def check(self, name):
        if Browser.found is None:
            done = subprocess.run(["node", HERE / "checks.mjs", self.node.reader, MODULES, str(len(HOSTILE) + len(self.sides))], text=True, stdout=subprocess.PIPE, timeout=900)
            Browser.found = json.loads(done.stdout)
        faults = self.found[name]
        self.assertEqual(faults, [], "\n".join(faults[:40]))

    def read(self, path):
        with urllib.request.urlopen(self.node.reader.rstrip("/") + path, timeout=20) as answer:
            return answer.read().decode()

    def test_fork(self):
        """That it is there, for what is looked at above: in words, first of all, and with a proof to take away."""
        for side in self.sides:
            page = self.read(f"/d/{side}?lang=he")
            self.assertLess(page.index("המסמך במחלוקת"), page.index("חדר האוכל ייפתח"))
        fork = re.search('href="(/fork/[0-9a-f]+)', self.read("/network?lang=he")).group(1)
        page = self.read(fork + "?lang=he")
        for words in ("רותם גל", "רכז/ת, <bdi>שדה לוטם</bdi>", "שעות חדר האוכל בקיץ", "שעות חדר האוכל בחגים"):
            self.assertIn(words, page)
        self.assertRegex(page, 'href="[^"]*/proof')

    def test_copy(self):
        """The site as files, without a node."""
        site = self.place.join("site")
        self.node.igum("export", "--site", site, "--lang", "he")
        done = subprocess.run(["node", HERE / "copy.mjs", site, MODULES, "אסיפה"], text=True, stdout=subprocess.PIPE, timeout=300)
        self.assertEqual(json.loads(done.stdout), [])


for check in ("links", "accessibility", "layout", "order", "noscript", "keyboard", "zoom", "print", "markup"):
    setattr(Browser, f"test_{check}", lambda self, check=check: self.check(check))

# What a member might write to harm a reader: the newest documents, which every check above meets.
HOSTILE = {
    "script": "---\ntitle: \"<script>alert(1)</script><img src=x onerror=alert(1)>\"\nbody: \"\\\" onmouseover=alert(1)\"\n---\n"
              "<svg onload=alert(1)> <a href='javascript:alert(1)'>x</a> [x](javascript:alert(1)) [y](data:text/html,<script>alert(1)</script>)\n"
              "![x](http://example.invalid/x.png) <style>@import 'http://example.invalid/'</style> <iframe src=//example.invalid></iframe>\n",
    "direction": "---\ntitle: \"החלטה \u202eמאושרת\u202c \u2066x\u2069\"\n---\nקובץ \u202efdp.exe וגם \u200f\u200e סימנים.\n",
    "long-line": "---\ntitle: שורה ארוכה\n---\n" + "א" * 20000 + "\n\n" + "מילה " * 3000 + "\n",
    "deep": "---\ntitle: קינון עמוק\n---\n" + "> " * 300 + "עומק\n\n" + "".join("  " * n + "* פריט\n" for n in range(60)),
    "huge-line": "---\ntitle: שורה של מגה\n---\n" + "א" * 500_000 + "\n",
    "facts": "---\ntitle: \"'><script>alert(1)</script>\"\nkind: knowledge\nbody: \"</title><script>alert(1)</script>\"\nnumber: \"<b>9/26\"\n"
             "topics: [\"<img src=x onerror=alert(1)>\", \"\u202etopic\"]\npresent: [\"<svg/onload=alert(1)>\"]\n"
             "contacts:\n  - {name: \"<script>alert(1)</script>\", phone: \"javascript:alert(1)\", role: \"\\\" onfocus=alert(1)\"}\n---\n"
             "[a](JaVaScRiPt:alert(1)) [b](vbscript:x) [c](//example.invalid/x) [d](file:///etc/passwd) [e](java&#115;cript:alert(1)) <http://example.invalid/x>\n\n"
             "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |\n\n```html\n</code></pre><script>alert(1)</script>\n```\n",
    "links": "---\ntitle: קישורים\n---\n" + "[" * 5000 + "](" * 500 + "\n\n" + "*a _b " * 4000 + "\n\n" + "`" * 3000 + "\n\n&#8238;abc&#x202e; &#0; &#27;[31m\n",
    "wide-table": "---\ntitle: טבלה רחבה\n---\n" + "| " + " | ".join(f"עמודה ארוכה מאוד {n}" for n in range(14)) + " |\n" + "|---" * 14 + "|\n"
                  + ("| " + " | ".join("123,456.78" for _ in range(14)) + " |\n") * 5,
}


if __name__ == "__main__":
    IGUM, MODULES = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    if shutil.which(os.environ.get("CHROMIUM", "chromium")) is None or shutil.which("npm") is None or not install(MODULES):
        print("browser_test: no Chromium, or its packages could not be installed: nothing was looked at", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)

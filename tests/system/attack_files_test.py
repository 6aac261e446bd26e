#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Attacks by what files are called and hold, numbered as in docs/PROTOCOL.md, 7, on the program and stock git.

    attack_files_test.py IGUM [TEST...]
"""

import os
import re
import subprocess
import sys
import unicodedata
import unittest

from harness import Place

IGUM = None

NASTY = [".git", ".GIT", "git~1", ".git::$INDEX_ALLOCATION", ".gitattributes", ".gitmodules", "CON", "nul.txt", "com1", "a:b", "a\\b",
         "-rf", "--help", "%2e%2e%2f", "trailing.", "trailing ", "~root", "$(reboot)", "`id`", "*", "?", "א" * 120 + ".md",
         unicodedata.normalize("NFC", "é.txt"), unicodedata.normalize("NFD", "é.txt"), "Case.txt", "case.txt", "\u202egnp.exe",
         "\u200d.git", "line\nbreak", "tab\tulator", "esc\x1b[2J", ".ｇｉｔ", "index.html", "document.md"]
HOSTILE_TEXT = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) &lt; \u202eabc\u202c"

# What would read a stranger's pack, working tree, filter or revision expression, or run a transport (libgit2's families).
FORBIDDEN = re.compile(r"git_(remote|clone|fetch|push|checkout|index|revparse|submodule|attr|filter|apply|merge|rebase|stash|worktree|"
                       r"transport|refspec|ignore|pathspec|status|commit_create$|commit_create_v|mailmap|blame|diff|patch)")


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "files")
        cls.addClassCleanup(cls.place.clean)
        cls.node = cls.place.node("a").found()
        cls.document = cls.place.write("minutes.md", "# פרוטוקול\n\nהוחלט.\n")

    def publish(self, names):
        """Attaches files of these names; those that cannot be made here, or are refused, are left out."""
        taken = []
        for name in names:
            folder = self.place.join("attached", str(len(taken)) + name.encode().hex()[:40])
            try:
                path = self.place.write(os.path.join(folder, name), b"bytes of " + name.encode())
            except OSError:
                continue
            done = self.node.run("publish", self.document, "--attach", path, "--json")
            self.assertIn(done.returncode, (0, 1, 2), done.stderr)
            self.assertNotIn("\x1b", done.stdout + done.stderr)
            if done.returncode == 0:
                taken.append(name)
        return taken

    def test_attack_40_path_tricks(self):
        taken = self.publish(NASTY)
        self.assertGreater(len(taken), 10)
        for ref in self.node.git("for-each-ref", "--format=%(refname)", "refs/igum/content").stdout.split():
            for line in self.node.git("ls-tree", "-r", ref).stdout.splitlines():
                about, path = line.split("\t")
                self.assertRegex(path, r"\A\d+/\d+/(manifest|text)\Z")  # Nobody's words ever become a path.
                self.assertEqual(about.split()[:2], ["100644", "blob"])
        fsck = self.node.git("fsck", "--full", "--strict", "--no-dangling")
        self.assertEqual((fsck.returncode, fsck.stdout), (0, ""), fsck.stderr)
        self.assertEqual(self.node.json("verify")[0]["bad"], [])
        hooks = self.place.join("a", "archive.git", "hooks")
        self.assertEqual(os.path.exists(hooks) and os.listdir(hooks) or [], [])

    def test_attack_41_symlinks_and_modes(self):
        target, link = self.place.write("secret", "סוד\n", 0o600), self.place.join("link.md")
        os.symlink(target, link)
        os.symlink("/dev/zero", self.place.join("device.md"))
        for path in (self.place.join("device.md"), self.place.path):
            self.assertNotEqual(self.node.run("publish", self.document, "--attach", path).returncode, 0)
        for ref in self.node.git("for-each-ref", "--format=%(refname)", "refs/igum").stdout.split():
            modes = {line.split()[0] for line in self.node.git("ls-tree", "-r", "-t", ref).stdout.splitlines()}
            self.assertLessEqual(modes, {"100644", "040000"})

    def test_attack_42_ref_names(self):
        names = self.node.git("for-each-ref", "--format=%(refname)").stdout.split()
        self.assertGreater(len(names), 2)
        for name in names:
            self.assertRegex(name, r"\Arefs/igum/(charter|(log|content|file|partial)/[0-9a-f]{64}|fork(-content)?/[0-9a-f]{64}-[0-9a-f]{64})\Z")

    def test_attack_39_wide_content(self):
        files = [self.place.write(f"many/{i:04}", b"x") for i in range(256)]
        flags = [word for path in files for word in ("--attach", path)]
        done = self.node.run("publish", self.document, *flags)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("igum: ", done.stderr)

    def test_attack_38_no_way_to_a_pack_or_a_working_tree(self):
        done = subprocess.run(["nm", "-D", "--undefined-only", IGUM], capture_output=True, text=True, check=True)
        names = {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}
        self.assertTrue(any(name.startswith("git_odb_") for name in names), "this is not our program")
        self.assertEqual(sorted(filter(FORBIDDEN.match, names)), [])

    def test_attack_43_injection_by_text(self):
        path = self.place.write("hostile.md", f"# {HOSTILE_TEXT}\n\n{HOSTILE_TEXT}\n\n\x1b[31mred\x1b]0;title\x07\n")
        done = self.node.run("publish", path)
        harmless = self.place.write("harmless.md", f"# {HOSTILE_TEXT}\n\n{HOSTILE_TEXT}\n")
        document = self.node.json("publish", harmless)[0]["document"]
        for words in (("list",), ("show", document), ("log",), ("status",)):
            out = self.node.run(*words)
            self.assertNotRegex(out.stdout + out.stderr + done.stderr, "[\x00-\x08\x0b-\x1f\x7f]")
            lines = out.stdout.splitlines()  # The text itself, which 'show' prints as it is, may hold marks of direction.
            self.assertNotRegex("\n".join(lines[:1] if words[0] == "show" else lines), "[\u202a-\u202e\u2066-\u2069]")
        self.node.start()
        for page in (self.node.page(), self.node.page("/d/" + document)):
            self.assertNotIn("<script", page)
            self.assertNotRegex(page, r"(?i)<img[^>]*onerror|href=.?javascript:")
            self.assertNotIn("\u202e", page)
        self.node.end()


if __name__ == "__main__":
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)

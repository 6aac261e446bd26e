#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Honest accidents do not fork: a copied home, one put back from a backup, an archive put back alone, many publishes at once, a
kill between signing and appending.

    copied_home_test.py IGUM QUICK_PASSPHRASE_LIBRARY [TEST...]
"""

import collections
import os
import shutil
import subprocess
import sys
import unittest

from harness import Place, wait_equal

IGUM = QUICK = None


def copy(node, name):
    """A copy of a node's home as a node of its own."""
    twin = node.place.node(name)
    subprocess.run(["cp", "-a", node.home, twin.home], check=True)
    return twin


def store_id(node):
    with open(os.path.join(node.home, "store_id")) as file:
        return file.read()


class CopiedHomeTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "copied")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.number = 0

    def document(self):
        self.number += 1
        return self.place.write(f"document{self.number}.md", f"# מסמך {self.number}\n\nגוף המסמך.\n")

    def publish(self, node, *more, **options):
        return node.run("publish", "--json", self.document(), *more, **options)

    def published(self, node):
        done = self.publish(node)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn("hint: ", done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def two_offices(self):
        a = self.place.node("a").found()
        a.start(http=None)
        b = self.place.node("b").enter(a, "שדה לוטם", "אורית")
        b.igum("sync")
        return a, b

    def assert_whole(self, node, documents):
        """No entry stands beside another, and none is missing."""
        node.igum("verify")
        self.assertEqual(len(node.json("list")), documents)
        places = collections.Counter((entry["log"], entry["seq"]) for entry in node.json("log", "--limit", "1000"))
        self.assertTrue(all(count == 1 for count in places.values()), places)
        for log, seq in places:
            self.assertTrue(seq == 1 or (log, seq - 1) in places)

    # ---- copies ----

    def test_copy_signs_nothing_until_it_is_confirmed(self):
        a = self.place.node("a").found()
        self.published(a)
        twin = copy(a, "twin")
        self.refused(self.publish(twin), 1, "copied", "igum home confirm")
        self.refused(twin.run("serve", "--no-http", "--listen", "127.0.0.1:0"), 1, "copied", "igum home confirm")
        self.assertEqual(twin.json("home")[0]["place"], "copied")
        self.refused(twin.run("home", "confirm"), 2, "--yes")
        self.assertEqual(len(twin.json("list")), 1)  # It reads all the same.
        twin.igum("home", "confirm", "--yes")
        self.assertEqual(twin.json("home")[0]["place"], "here")
        self.published(twin)
        self.assert_whole(twin, 2)
        self.published(a)  # The first one never moved.

    def test_renamed_home_goes_on(self):
        a = self.place.node("a").found()
        self.published(a)
        moved = self.place.node("moved")
        os.rename(a.home, moved.home)
        self.published(moved)
        self.assertEqual(moved.json("home")[0]["place"], "here")

    def test_attack_29_rollback_by_backup(self):
        a, b = self.two_offices()
        self.published(b)
        backup = self.place.join("backup")
        subprocess.run(["cp", "-a", b.home, backup], check=True)
        self.published(b)
        b.igum("sync")
        wait_equal([a, b])
        before = store_id(b)
        shutil.rmtree(b.home)
        os.rename(backup, b.home)
        self.refused(self.publish(b), 1, "put back from a backup", "igum home confirm")
        b.igum("home", "confirm", "--yes")
        self.assertNotEqual(store_id(b), before)
        self.published(b)
        b.igum("sync")
        wait_equal([a, b])
        self.assert_whole(b, 3)
        self.assert_whole(a, 3)

    def test_attack_06_restored_backup(self):
        a = self.place.node("a").found()
        backup = self.place.join("backup")
        subprocess.run(["cp", "-a", a.home, backup], check=True)
        self.published(a)
        shutil.rmtree(a.home + "/archive.git")
        subprocess.run(["cp", "-a", backup + "/.", a.home], check=True)
        self.refused(self.publish(a), 1, "put back from a backup")

    def test_confirming_needs_the_others_or_a_clear_word(self):
        a, b = self.two_offices()
        a.end()
        twin = copy(b, "twin")
        self.refused(twin.run("home", "confirm", "--yes"), 30, "nobody can be reached", "--unasked")
        self.assertEqual(twin.json("home")[0]["place"], "copied")
        twin.igum("home", "confirm", "--yes", "--unasked")
        self.published(twin)

    # ---- an older archive under newer keys ----

    def test_older_archive_is_not_signed_into(self):
        a, b = self.two_offices()
        archive, older = b.home + "/archive.git", self.place.join("older.git")
        shutil.copytree(archive, older, symlinks=True)
        self.published(b)
        b.igum("sync")
        wait_equal([a, b])
        shutil.rmtree(archive)
        os.rename(older, archive)
        self.refused(self.publish(b), 1, "put back from an older copy", "was signed here", "igum sync")
        b.igum("sync")
        self.published(b)
        b.igum("sync")
        wait_equal([a, b])
        self.assert_whole(a, 2)

    def test_older_archive_under_a_running_node_is_not_signed_into(self):
        a, b = self.two_offices()
        archive, older = b.home + "/archive.git", self.place.join("older.git")
        shutil.copytree(archive, older, symlinks=True)
        self.published(b)
        shutil.rmtree(archive)
        os.rename(older, archive)
        a.end()
        b.start(http=None)
        self.refused(self.publish(b), 1, "put back from an older copy")

    def test_running_node_asks_the_others_before_it_signs(self):
        """A backup so exact that nothing in the home tells of it: only the others know."""
        a, b = self.two_offices()
        self.published(b)
        backup = self.place.join("backup")
        subprocess.run(["cp", "-a", b.home, backup], check=True)
        self.published(b)
        b.igum("sync")
        wait_equal([a, b])
        shutil.rmtree(b.home)
        os.rename(backup, b.home)
        os.remove(b.home + "/keys/marks")
        b.start(http=None)
        done = self.publish(b)
        if done.returncode != 0:  # It was signed before the others were heard, and not taken.
            self.refused(done, 1, "moved on meanwhile", "nothing was published")
            self.published(b)
        wait_equal([a, b])
        self.assert_whole(a, 3)
        self.assert_whole(b, 3)

    # ---- at once ----

    def publish_at_once(self, node, count):
        return [subprocess.Popen(node.command("publish", "--json", self.document()), env=self.place.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for _ in range(count)]

    def test_eight_publishes_at_once_by_the_running_node(self):
        a = self.place.node("a").found()
        a.start(http=None)
        running = self.publish_at_once(a, 8)
        ends = [(*process.communicate(timeout=120), process.returncode) for process in running]
        self.assertEqual([code for _, _, code in ends], [0] * 8, ends)
        self.assert_whole(a, 8)

    def test_publishes_at_once_without_a_node(self):
        a = self.place.node("a").found()
        running = self.publish_at_once(a, 4)
        codes = [(process.communicate(timeout=120), process.returncode)[1] for process in running]
        self.assertTrue(set(codes) <= {0, 11}, codes)
        self.assert_whole(a, codes.count(0))

    # ---- killed ----

    def kill_at(self, home, call, number):
        path = ["-P", home + "/archive.git/journal"] if call == "pwrite64" else []
        command = ["strace", "-f", "-qq", "-o", "/dev/null", *path, "-e", f"trace={call}", "-e",
                   f"inject={call}:signal=SIGKILL:when={number}", IGUM, "--home", home, "publish", self.document()]
        return subprocess.run(command, env=self.place.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120)

    @unittest.skipUnless(shutil.which("strace"), "no strace")
    def test_what_was_signed_before_a_kill_is_published_by_the_next_run(self):
        template = self.place.node("a").found()
        self.published(template)
        waited = self.killed_and_resumed(template, "pwrite64", 1)  # Before the journal tells of it,
        for number in range(1, 60, 3):  # and at each third file that is put in place.
            resumed = self.killed_and_resumed(template, "rename", number)
            if resumed is None:
                break
            waited += resumed
        else:
            self.fail("it never ran through")
        self.assertGreater(waited, 0)

    def killed_and_resumed(self, template, call, number):
        """Whether the next run had something left to do; None: it was not killed."""
        home = self.place.node(f"killed-{call}-{number}")
        subprocess.run(["cp", "-a", template.home, home.home], check=True)
        home.igum("home", "confirm", "--yes")
        if self.kill_at(home.home, call, number).returncode == 0:
            return None
        pending = os.path.exists(home.home + "/keys/pending")
        before = {entry["entry"] for entry in home.json("log")}
        done = self.published(home)
        resumed = "earlier run" in done.stderr
        self.assertTrue(pending or not resumed)
        self.assertLessEqual(before, {entry["entry"] for entry in home.json("log")})
        self.assertFalse(os.path.exists(home.home + "/keys/pending"))
        documents = {line["title"] for line in home.json("list")}
        if pending:  # What was signed is there, and once.
            self.assertIn(f"מסמך {self.number - 1}", documents)
        self.assert_whole(home, len(documents))
        return resumed

    @unittest.skipUnless(shutil.which("strace"), "no strace")
    def test_kept_entry_goes_to_the_running_node(self):
        a = self.place.node("a").found()
        self.kill_at(a.home, "pwrite64", 1)
        self.assertTrue(os.path.exists(a.home + "/keys/pending"))
        kept = self.number
        a.start(http=None)
        done = self.published(a)
        self.assertIn(f"מסמך {kept}", {line["title"] for line in a.json("list")})
        self.assertFalse(os.path.exists(a.home + "/keys/pending"))
        self.assert_whole(a, 2)
        self.assertIn("earlier run", done.stderr)

    def test_whoever_reads_after_a_cut_finds_what_the_journal_tells(self):
        a = self.place.node("a").found()
        a.start(http=None)
        self.published(a)
        title = f"מסמך {self.number}"
        log = a.json("log")[0]["log"]
        a.kill()
        self.assertGreater(os.path.getsize(a.home + "/archive.git/journal"), 0)
        with open(f"{a.home}/archive.git/refs/igum/log/{log}", "w"):
            pass  # As a power cut leaves what was not synced.
        self.assertIn(title, {line["title"] for line in a.json("list")})
        self.assertEqual(a.run("verify").returncode, 0)
        self.assertEqual(os.path.getsize(a.home + "/archive.git/journal"), 0)

    def test_damaged_pending_is_not_thrown_away(self):
        a = self.place.node("a").found()
        with open(a.home + "/keys/pending", "wb") as file:
            file.write(b"IGUM and nothing else")
        self.refused(self.publish(a), 1, "earlier run")
        self.assertTrue(os.path.exists(a.home + "/keys/pending"))

    def test_damaged_marks_are_refused(self):
        a = self.place.node("a").found()
        with open(a.home + "/keys/marks", "a") as file:
            file.write("more\n")
        self.refused(self.publish(a), 1, "is damaged", "igum sync")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    IGUM, QUICK = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line, verb by verb, with its exit codes and JSON fields: cli_test.py IGUM CLOCK_SHIFT_LIBRARY CATALOGUES"""

import glob
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

IGUM, SHIFT, CATALOGUES = (os.path.abspath(path) for path in sys.argv[1:4])
SECRET = "correct horse battery"
LIST_FIELDS = {"document", "title", "kind", "number", "date", "kibbutz", "author", "revision", "state", "reached", "of"}
STATUS_FIELDS = {"network", "kibbutz", "node", "root", "entries", "documents", "contents_missing", "forks", "peers"}
PEER_FIELDS = {"kibbutz", "node", "state", "last_heard", "behind"}


def setUpModule():
    global ROOT
    ROOT = tempfile.mkdtemp(prefix="igum_cli_")
    write(path("secret"), SECRET + "\n", 0o600)


def tearDownModule():
    shutil.rmtree(ROOT)


def path(*names):
    return os.path.join(ROOT, *names)


def write(file, data, mode=0o644):
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(file, mode)
    return file


def environment(extra=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IGUM_", "LC_", "LANG", "XDG_"))}
    kept.update(LC_ALL="C", HOME=path("nobody"), IGUM_PASSPHRASE_FILE=path("secret"))
    kept.update(extra or {})
    return {name: value for name, value in kept.items() if value is not None}


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def one(self):
        (line,) = self.lines()
        return line


def igum(home, *arguments, stdin=b"", env=None, new_session=False):
    command = [IGUM, "--home", path(home), *arguments]
    return Result(subprocess.run(command, input=stdin, capture_output=True, env=environment(env), timeout=120,
                                 start_new_session=new_session))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Serving:
    """A running node."""

    def __init__(self, home):
        self.port = free_port()
        self.log = open(path(home + ".log"), "ab")
        self.process = subprocess.Popen(
            [IGUM, "--home", path(home), "serve", "--listen", f"127.0.0.1:{self.port}", "--no-http", "--no-discovery"],
            stdout=subprocess.PIPE, stderr=self.log, env=environment())
        for line in self.process.stdout:
            if line == b"ready\n":
                return
        raise AssertionError("the node did not start: " + open(path(home + ".log")).read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()


class Case(unittest.TestCase):
    def check(self, result, code=0, *words):
        self.assertEqual(result.code, code, result.out + result.err)
        for word in words:
            self.assertIn(word, result.out + result.err)
        if code not in (0,):
            self.assertTrue(any(line.startswith("igum: ") for line in result.err.splitlines()), result.err)
        return result


class Home(Case):
    """Tests that share one network, founded once."""

    HOME = "a"

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(path(cls.HOME)):
            done = igum(cls.HOME, "found", "--network", "הרשת", "--kibbutz", "דן", "--steward", "רותי", "--json")
            assert done.code == 0, done.err
            Home.founded = done.one()
            write(path("docs", "plain.md"), "# כותרת\n\nשלום\n")


class Usage(Case):
    def test_unknown_verb_suggests_the_nearest(self):
        self.check(igum("none", "publsh"), 2, "publish")
        self.check(igum("none", "xyzzy"), 2, "--help")

    def test_unknown_flag_is_a_usage_error(self):
        self.check(igum("none", "list", "--loud"), 2, "--loud", "hint: ")
        self.check(igum("none", "show"), 2)
        self.check(igum("none", "list", "extra"), 2)
        self.assertEqual(igum("none", "list", "--home").code, 2)

    def test_help_of_every_verb(self):
        listed = self.check(igum("none", "--help")).out
        verbs = re.findall(r"^  igum (\w+)", listed, re.M)
        self.assertIn("publish", verbs)
        for verb in verbs:
            self.check(igum("none", verb, "--help"), 0, "igum " + verb)

    def test_version(self):
        self.assertRegex(self.check(igum("none", "--version")).out, r"^igum \d+\.\d+\.\d+\n$")

    def test_without_an_archive(self):
        for verb in (["list"], ["status"], ["verify"], ["log"], ["signers"], ["key", "list"], ["show", "abcd"],
                     ["publish", "x.md"], ["invite", "--node", "x"]):
            self.check(igum("none", *verb), 10, "hint: ", "igum found")
        self.assertFalse(os.path.exists(path("none")))

    def test_igum_alone_says_how_to_begin(self):
        self.check(igum("none"), 0, "igum join", "igum found")

    def test_full_output_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([IGUM, "--help"], stdout=full, stderr=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be written", done.stderr.decode())

    def test_a_reader_that_has_enough_is_no_error_for_people(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([IGUM, "--help"], stdout=write, stderr=subprocess.PIPE, env=environment())
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_home_comes_from_the_environment(self):
        self.check(igum("none", "status", env={"IGUM_HOME": path("elsewhere")}), 10, path("none"))
        done = subprocess.run([IGUM, "status"], capture_output=True, env=environment({"IGUM_HOME": path("elsewhere")}))
        self.assertIn(path("elsewhere"), done.stderr.decode())
        done = subprocess.run([IGUM, "status"], capture_output=True, env=environment({"XDG_DATA_HOME": path("data")}))
        self.assertIn(path("data", "igum"), done.stderr.decode())

    def test_hebrew_by_locale_and_english_without(self):
        env = {"LC_ALL": "C.UTF-8", "LANGUAGE": "he", "IGUM_LOCALE_DIR": CATALOGUES}
        self.assertRegex(igum("none", "status", env=env).err, "[א-ת]")
        self.assertNotRegex(igum("none", "status", env={"LC_ALL": "C", "LANGUAGE": "he"}).err, "[א-ת]")


class Found(Home):
    def test_fields(self):
        self.assertLessEqual({"network", "kibbutz", "steward", "node", "card"}, set(self.founded))
        self.assertRegex(self.founded["card"], r"^([a-z]{5} ){16}[a-z]{5}$")

    def test_keys_are_private(self):
        self.assertEqual(os.stat(path("a", "keys")).st_mode & 0o777, 0o700)
        for key in glob.glob(path("a", "keys", "*")):
            self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)

    def test_card_is_kept_nowhere(self):
        card = self.founded["card"].encode()
        for directory, _, files in os.walk(path("a")):
            for file in files:
                with open(os.path.join(directory, file), "rb") as data:
                    self.assertNotIn(card, data.read())

    def test_second_founding_is_refused(self):
        self.check(igum("a", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, "already", "hint: ")

    def test_names_are_checked_before_anything_is_made(self):
        self.check(igum("bad", "found", "--network", "x", "--kibbutz", "y"), 2, "--steward")
        self.check(igum("bad", "found", "--network", "x\ny", "--kibbutz", "y", "--steward", "z"), 2, "--network")
        self.check(igum("bad", "found", "--network", "x" * 201, "--kibbutz", "y", "--steward", "z"), 2)
        self.check(igum("bad", "found", "--network", "\u202ex", "--kibbutz", "y", "--steward", "z"), 2)
        self.assertFalse(os.path.exists(path("bad")))

    def test_nothing_half_made_stays_without_a_passphrase(self):
        names = ["found", "--network", "x", "--kibbutz", "y", "--steward", "z"]
        env = {"IGUM_PASSPHRASE_FILE": path("no-such-file")}
        self.check(igum("half", *names, env=env), 12)
        self.assertLessEqual(set(os.listdir(path("half"))), {"lock"})
        self.check(igum("half", *names))
        self.check(igum("half", "verify"))

    def test_interrupted_founding_is_begun_again(self):
        os.makedirs(path("cut", "tmp_igum_new", "archive.git"))
        os.makedirs(path("cut", "tmp_igum_new", "keys"))
        self.check(igum("cut", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"))
        self.assertFalse(os.path.exists(path("cut", "tmp_igum_new")))
        self.check(igum("cut", "verify"))

    def test_interrupted_move_is_finished(self):
        self.check(igum("moved", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"))
        os.mkdir(path("moved", "tmp_igum_new"))
        for name in os.listdir(path("moved")):
            if name not in ("keys", "lock", "tmp_igum_new"):
                os.rename(path("moved", name), path("moved", "tmp_igum_new", name))
        self.check(igum("moved", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, "finished", "already")
        self.check(igum("moved", "verify"))
        self.check(igum("moved", "key", "list"), 0, "granted")

    def test_keys_without_archive_are_left_alone(self):
        os.makedirs(path("orphan", "keys"))
        self.check(igum("orphan", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"), 1, "keys")

    def test_clock_long_past_is_refused(self):
        shift = str(-int(time.time()) + 1000000000)
        env = {"LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {SHIFT}", "IGUM_TEST_CLOCK_SHIFT": shift, "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.check(igum("past", "found", "--network", "x", "--kibbutz", "y", "--steward", "z", env=env), 1, "clock")
        self.assertFalse(os.path.exists(path("past")))


class Passphrases(Home):
    def test_wrong_one_is_12(self):
        wrong = write(path("wrong"), "something else\n", 0o600)
        self.check(igum("a", "publish", path("docs", "plain.md"), env={"IGUM_PASSPHRASE_FILE": wrong}), 12, "passphrase")

    def test_none_to_be_had_is_12(self):
        done = igum("a", "publish", path("docs", "plain.md"), env={"IGUM_PASSPHRASE_FILE": None}, new_session=True)
        self.check(done, 12, "IGUM_PASSPHRASE_FILE")

    def test_command_gives_it(self):
        env = {"IGUM_PASSPHRASE_FILE": None, "IGUM_PASSPHRASE_COMMAND": f"cat {path('secret')}"}
        self.check(igum("a", "publish", path("docs", "plain.md"), env=env))
        env["IGUM_PASSPHRASE_COMMAND"] = "false"
        self.check(igum("a", "publish", path("docs", "plain.md"), env=env), 12)

    def test_value_in_the_environment_is_not_used(self):
        env = {"IGUM_PASSPHRASE_FILE": None, "IGUM_PASSPHRASE": SECRET}
        self.check(igum("a", "publish", path("docs", "plain.md"), env=env, new_session=True), 12)

    def run_on_terminal(self, answers):
        """Runs publish on a terminal of its own; gives the exit code, what it showed, and what /proc showed of it."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(IGUM, [IGUM, "--home", path("a"), "publish", path("docs", "plain.md")],
                      environment({"IGUM_PASSPHRASE_FILE": None}))
        shown, seen, deadline = b"", b"", time.time() + 60
        while time.time() < deadline:
            if terminal in select.select([terminal], [], [], 1)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:
                    break
            if answers and shown.rstrip().endswith(b":"):
                time.sleep(0.2)
                os.write(terminal, answers.pop(0))
                shown += b" "
                for name in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{child}/{name}", "rb") as file:
                            seen += file.read()
                    except OSError:
                        pass
        os.close(terminal)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), shown.decode(), seen.decode()

    def test_terminal_asks_without_echo_and_nothing_leaks(self):
        code, shown, seen = self.run_on_terminal([SECRET.encode() + b"\n"])
        self.assertEqual(code, 0, shown)
        self.assertNotIn(SECRET, shown)
        self.assertIn("publish", seen)
        self.assertNotIn(SECRET, seen)

    def test_interrupt_at_the_prompt_is_130(self):
        code, shown, _ = self.run_on_terminal([b"\x03"])
        self.assertEqual(code, 130, shown)

    def test_passwd_changes_it(self):
        new = write(path("new"), "another secret\n", 0o600)
        done = igum("a", "key", "passwd", "רותי", env={"IGUM_NEW_PASSPHRASE_FILE": new})
        self.check(done)
        self.check(igum("a", "publish", path("docs", "plain.md")), 12)
        self.check(igum("a", "publish", path("docs", "plain.md"), env={"IGUM_PASSPHRASE_FILE": new}))
        env = {"IGUM_PASSPHRASE_FILE": new, "IGUM_NEW_PASSPHRASE_FILE": path("secret")}
        self.check(igum("a", "key", "passwd", "steward", env=env))


class Publish(Home):
    def test_fields_and_list(self):
        file = write(path("docs", "minutes.md"), "---\ntitle: אסיפה 9\nkind: minutes\nnumber: 9/18\ndate: 1.5.2018\n---\n\nטקסט\n")
        done = self.check(igum("a", "publish", file, "--json")).one()
        self.assertLessEqual({"document", "entry", "log", "seq", "title", "file"}, set(done))
        self.assertEqual(done["title"], "אסיפה 9")
        self.assertEqual(done["log"], self.founded["steward"])
        listed = self.check(igum("a", "list", "--json")).lines()
        self.assertEqual([line["date"] for line in listed if line["date"]], sorted((line["date"] for line in listed if line["date"]), reverse=True))
        first = [line for line in listed if line["document"] == done["document"]][0]
        self.assertLessEqual(LIST_FIELDS, set(first))
        self.assertEqual((first["kind"], first["number"], first["date"]), ("minutes", "9/18", "2018-05-01"))
        self.assertEqual((first["kibbutz"], first["author"], first["state"]), ("דן", "רותי", "in force"))

    def test_show_by_prefix_raw_and_json(self):
        text = "---\ntitle: גלוי\n---\n\nהטקסט\n"
        file = write(path("docs", "shown.md"), text)
        attached = write(path("docs", "table.csv"), "a,b\n")
        document = self.check(igum("a", "publish", file, "--attach", attached, "--json")).one()["document"]
        self.assertEqual(self.check(igum("a", "show", document, "--raw")).out, text)
        shown = self.check(igum("a", "show", document[:12], "--json")).one()
        self.assertEqual(shown["text"], text)
        self.assertEqual({file["name"]: file["size"] for file in shown["files"]}, {"document.md": len(text.encode()), "table.csv": 4})
        self.check(igum("a", "show", document[:20]), 0, "הטקסט", "table.csv")
        self.check(igum("a", "show", document[:3]), 1)
        self.check(igum("a", "show", "f" * 64), 1, "no document", "hint: ")

    def test_decision_needs_its_approvals(self):
        one = write(path("docs", "one.md"), "---\ntitle: א\nkind: decision\n---\nx\n")
        two = write(path("docs", "two.md"), "---\ntitle: ב\nkind: decision\napprovals: 2\n---\nx\n")
        done = self.check(igum("a", "publish", one, two, "--json")).lines()
        states = {line["document"]: line["state"] for line in self.check(igum("a", "list", "--json")).lines()}
        self.assertEqual([states[line["document"]] for line in done], ["in force", "proposed"])

    def test_supersedes_stands_in_the_entry(self):
        old = self.check(igum("a", "publish", path("docs", "plain.md"), "--json")).one()["document"]
        new = write(path("docs", "new.md"), f"---\ntitle: חדש\nsupersedes: [{old[:16]}]\n---\nx\n")
        done = self.check(igum("a", "publish", new, "--json")).one()
        git = ["git", "-C", path("a", "archive.git"), "log", "-1", "--format=%B", "refs/igum/log/" + done["log"]]
        self.assertIn("supersedes " + old, subprocess.run(git, capture_output=True, text=True).stdout)

    def test_plain_text_becomes_a_document(self):
        file = write(path("docs", "letter.txt"), "כותרת המכתב\n\nשורה\n")
        self.assertEqual(self.check(igum("a", "publish", file, "--json")).one()["title"], "כותרת המכתב")

    def test_title_kind_and_audience_from_the_command_line(self):
        done = self.check(igum("a", "publish", path("docs", "plain.md"), "--title", "אחרת", "--kind", "knowledge",
                               "--audience", "kibbutz", "--json")).one()
        self.assertEqual(done["title"], "אחרת")
        first = self.check(igum("a", "list", "--json")).lines()[0]
        self.assertEqual((first["kind"], first["audience"]), ("knowledge", "kibbutz"))
        self.check(igum("a", "publish", path("docs", "plain.md"), "--kind", "poem"), 2, "minutes")
        self.check(igum("a", "publish", path("docs", "plain.md"), "--audience", "mars"), 2, "network")
        self.check(igum("a", "publish", path("docs", "plain.md"), "--title", "a\nb"), 2)

    def test_folder_in_order_with_failures_told(self):
        for name, text in (("b/2.md", "# שתיים\n"), ("1.md", "# אחת\n"), ("b/3.txt", "שלוש\n"), ("skip.pdf", "x"),
                           (".hidden.md", "# לא\n")):
            write(path("folder", name), text)
        done = self.check(igum("a", "publish", path("folder"), "--json")).lines()
        self.assertEqual([os.path.relpath(line["file"], path("folder")) for line in done], ["1.md", "b/2.md", "b/3.txt"])
        self.assertEqual([line["seq"] for line in done], list(range(done[0]["seq"], done[0]["seq"] + 3)))
        write(path("folder", "bad.md"), b"\xff\xfe")
        self.check(igum("a", "publish", path("folder"), "--json"), 3, "bad.md")
        self.check(igum("a", "publish", path("folder", "bad.md")), 1, "bad.md")

    def test_what_cannot_be_published(self):
        plain = path("docs", "plain.md")
        self.check(igum("a", "publish", path("nowhere.md")), 1, "nowhere.md")
        self.check(igum("a", "publish", plain, "--attach", path("docs")), 1)
        self.check(igum("a", "publish", plain, "--attach", path("nowhere.pdf")), 1, "nowhere.pdf")
        self.check(igum("a", "publish", plain, plain, "--attach", plain), 2, "--attach")
        self.check(igum("a", "publish", write(path("docs", "empty.md"), "")), 1, "empty.md")
        self.check(igum("a", "publish", write(path("docs", "yaml.md"), "---\ntitle: [\n---\nx\n")), 1, "yaml.md")
        os.makedirs(path("empty"), exist_ok=True)
        self.check(igum("a", "publish", path("empty")), 1)

    def test_limit_of_size_is_named(self):
        big = write(path("docs", "big.md"), b"a" * (4 << 20))
        self.check(igum("a", "publish", big), 1, "big.md", "limit")
        huge = write(path("docs", "huge.bin"), "")
        os.truncate(huge, (256 << 20) + 1)
        self.check(igum("a", "publish", path("docs", "plain.md"), "--attach", huge), 1, "limit", "huge.bin")
        more = [word for i in range(256) for word in ("--attach", write(path("docs", f"{i}.bin"), "x"))]
        self.check(igum("a", "publish", path("docs", "plain.md"), *more), 1, "255")

    def test_revise(self):
        document = self.check(igum("a", "publish", path("docs", "plain.md"), "--audience", "public", "--json")).one()["document"]
        second = write(path("docs", "second.md"), "# גרסה שנייה\n")
        done = self.check(igum("a", "revise", document[:12], second, "--json")).one()
        self.assertEqual(done["document"], document)
        self.assertNotEqual(done["entry"], document)
        listed = {line["document"]: line for line in self.check(igum("a", "list", "--json")).lines()}[document]
        self.assertEqual((listed["title"], listed["revision"], listed["audience"]), ("גרסה שנייה", 2, "public"))
        self.check(igum("a", "revise", "f" * 64, second), 1, "no document")
        self.check(igum("a", "revise", document), 2)

    def test_a_revision_keeps_what_was_attached(self):
        scan, table = write(path("docs", "scan.bin"), os.urandom(3 << 20)), write(path("docs", "table.csv"), "a,b\n")
        published = igum("a", "publish", path("docs", "plain.md"), "--attach", scan, "--attach", table, "--json")
        document = self.check(published).one()["document"]
        os.remove(scan)
        second = write(path("docs", "second.md"), "# גרסה שנייה\n")

        def files():
            return {file["name"]: (file["size"], file["here"]) for file in self.check(igum("a", "show", document, "--json")).one()["files"]}

        self.check(igum("a", "revise", document, second))
        self.assertEqual(files(), {"document.md": (os.path.getsize(second), True), "scan.bin": (3 << 20, True), "table.csv": (4, True)})
        write(table, "a,b,c\n")
        self.check(igum("a", "revise", document, second, "--attach", table, "--detach", "scan.bin"))
        self.assertEqual(files(), {"document.md": (os.path.getsize(second), True), "table.csv": (6, True)})
        self.check(igum("a", "verify"))

    def test_two_batches(self):
        for i in range(520):
            write(path("many", f"{i:04}.md"), f"# מסמך {i}\n\nטקסט {i}\n")
        done = self.check(igum("a", "publish", path("many"), "--json")).lines()
        self.assertEqual(len({line["document"] for line in done}), 520)
        self.check(igum("a", "verify"))

    def test_clock_far_off_is_refused(self):
        before = self.check(igum("a", "status", "--json")).one()["entries"]
        for days in (-3, 6 * 366):
            env = {"LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {SHIFT}", "IGUM_TEST_CLOCK_SHIFT": str(days * 86400), "ASAN_OPTIONS": "verify_asan_link_order=0"}
            self.check(igum("a", "publish", path("docs", "plain.md"), env=env), 1, "clock", "--clock-is-right")
        env["IGUM_TEST_CLOCK_SHIFT"] = str(-3 * 86400)
        self.check(igum("a", "publish", path("docs", "plain.md"), "--clock-is-right", env=env))
        self.assertEqual(self.check(igum("a", "status", "--json")).one()["entries"], before + 1)

    def test_lock_held_by_another_is_11(self):
        with open(path("a", "lock"), "rb+") as lock:
            import fcntl
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self.skipTest("the lock is of another kind")
            done = igum("a", "publish", path("docs", "plain.md"))
        if done.code == 0:
            self.skipTest("the lock is of another kind")
        self.check(done, 11, "hint: ")


class Reading(Home):
    def test_status_fields(self):
        status = self.check(igum("a", "status", "--json")).one()
        self.assertLessEqual(STATUS_FIELDS, set(status))
        self.assertEqual(status["network"], self.founded["network"])
        self.assertEqual((status["kibbutz"], status["peers"]), ("דן", []))

    def test_log_is_newest_first(self):
        lines = self.check(igum("a", "log", "--json")).lines()
        self.assertEqual([line["time"] for line in lines], sorted((line["time"] for line in lines), reverse=True))
        self.assertEqual(lines[-1]["act"], "grant")
        self.assertEqual(len(self.check(igum("a", "log", "--limit", "1")).out.splitlines()), 1)
        self.check(igum("a", "log", "--limit", "none"), 2)

    def test_index_is_rebuilt_when_it_is_lost(self):
        before = self.check(igum("a", "list", "--json")).out
        for file in glob.glob(path("a", "index.sqlite*")):
            os.unlink(file)
        self.assertEqual(self.check(igum("a", "list", "--json")).out, before)

    def test_stock_git_verifies_every_commit(self):
        signers = write(path("signers"), self.check(igum("a", "signers")).out)
        git = ["git", "-C", path("a", "archive.git"), "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=" + signers]
        refs = subprocess.run([*git, "for-each-ref", "--format=%(refname)", "refs/igum/log"], capture_output=True, text=True)
        commits = subprocess.run([*git, "rev-list", "-n", "20", *refs.stdout.split()], capture_output=True, text=True).stdout.split()
        self.assertTrue(commits)
        done = subprocess.run([*git, "verify-commit", *commits], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count('Good "git" signature'), len(commits))
        fsck = subprocess.run([*git, "fsck", "--full", "--strict"], capture_output=True, text=True)
        self.assertEqual(fsck.returncode, 0, fsck.stderr)

    def test_keys_are_listed_and_exported(self):
        keys = self.check(igum("a", "key", "list", "--json")).lines()
        self.assertEqual({key["role"] for key in keys} & {"node", "steward"}, {"node", "steward"})
        self.check(igum("a", "key", "export", "steward"), 0, "ssh-ed25519 AAAA", "רותי")
        self.check(igum("a", "key", "export", "nobody"), 1, "nobody")
        self.check(igum("a", "key", "burn", "steward"), 2)
        self.check(igum("a", "key", "passwd", "node"), 1)

    def test_foreign_text_cannot_take_over_a_terminal(self):
        file = write(path("docs", "evil.md"), "# evil\n\nx\n")
        self.check(igum("a", "publish", file, "--title", "\x1b[31mred"), 2)
        self.check(igum("a", "found\x1b[31m"), 2)
        self.assertNotIn("\x1b", igum("a", "found\x1b[31m").err)


class Verify(Home):
    def test_good_archive(self):
        done = self.check(igum("a", "verify", "--json")).one()
        self.assertLessEqual({"entries", "contents", "bad"}, set(done))
        self.assertEqual(done["bad"], [])

    def test_damage_is_20_and_named(self):
        self.check(igum("hurt", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"))
        word = b"a word that stands nowhere else"
        document = self.check(igum("hurt", "publish", write(path("docs", "word.md"), b"# t\n\n" + word), "--json")).one()["document"]
        self.check(igum("hurt", "verify", document, "--json"))
        git = ["git", "-C", path("hurt", "archive.git")]
        objects = subprocess.run([*git, "cat-file", "--batch-check", "--batch-all-objects"], capture_output=True, text=True)
        for line in objects.stdout.splitlines():
            name, kind, _ = line.split()
            loose = path("hurt", "archive.git", "objects", name[:2], name[2:])
            data = subprocess.run([*git, "cat-file", kind, name], capture_output=True).stdout
            if kind == "blob" and word in data:
                os.chmod(loose, 0o644)
                os.unlink(loose)
        done = self.check(igum("hurt", "verify", "--json"), 20).lines()[0]
        self.assertTrue(done["bad"])
        self.assertLessEqual({"log", "seq", "what", "detail"}, set(done["bad"][0]))
        self.check(igum("hurt", "verify", document[:12]), 20)


class Join(Home):
    def invite(self, *what):
        done = self.check(igum("a", "invite", *what, "--json")).one()
        self.assertLessEqual({"invitation", "kind", "name", "address"}, set(done))
        self.assertRegex(done["invitation"], r"^igum1:[A-Za-z0-9_-]+$")
        return done["invitation"]

    def test_invite_usage(self):
        self.check(igum("a", "invite"), 2)
        self.check(igum("a", "invite", "--kibbutz", "x", "--node", "y"), 2)
        self.check(igum("a", "invite", "--node", "y", "--address", "nowhere"), 2, "HOST:PORT")
        self.check(igum("a", "invite", "--node", "a\nb"), 2)

    def test_bad_invitations(self):
        line = self.invite("--coordinator", "x")
        for at in (10, 100, len(line) - 1):
            letter = "A" if line[at] != "A" else "B"
            self.check(igum("a", "join", line[:at] + letter + line[at + 1:]), 1, "letter")
        self.check(igum("a", "join", "hello"), 1, "igum1:")
        self.check(igum("a", "join", "-", stdin=b""), 1)
        self.check(igum("a", "join", line[:-1]), 1)
        self.check(igum("none", "join", line), 10)
        self.check(igum("a", "join"), 2)

    def test_invitation_of_another_network_or_kibbutz(self):
        self.check(igum("other", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"))
        self.check(igum("other", "join", self.invite("--coordinator", "x")), 1, "another network")
        self.check(igum("other", "join", self.invite("--kibbutz", "x")), 1)

    def test_coordinator_joins_and_publishes(self):
        line = self.invite("--coordinator", "יעל")
        self.check(igum("a", "join", "-", "--name", "יעל כהן", stdin=line.encode() + b"\n"))
        self.check(igum("a", "join", line, "--name", "יעל כהן"), 0)
        keys = [key for key in self.check(igum("a", "key", "list", "--json")).lines() if key["name"] == "יעל כהן"]
        self.assertEqual([(key["role"], key["state"]) for key in keys], [("coordinator", "granted")])
        self.check(igum("a", "publish", path("docs", "plain.md")), 1, "--as")
        done = self.check(igum("a", "publish", path("docs", "plain.md"), "--as", "יעל כהן", "--json")).one()
        self.assertEqual((done["log"], done["seq"]), (keys[0]["key"], 1))
        self.check(igum("a", "invite", "--coordinator", "z", "--as", "יעל כהן"), 1, "steward")
        os.unlink(keys[0]["file"])
        self.check(igum("a", "join", line), 1, "used")

    def test_kibbutz_and_node_join_a_running_node(self):
        with Serving("a") as a:
            address = f"127.0.0.1:{a.port}"
            line = self.invite("--kibbutz", "גן", "--address", address)
            self.check(igum("b", "join", "-", "--name", "משה", stdin=line.encode()), 0, "recovery card")
            ours, theirs = (self.check(igum(home, "status", "--json")).one() for home in ("a", "b"))
            self.assertEqual(ours["root"], theirs["root"])
            self.assertEqual(theirs["kibbutz"], "גן")
            entries = theirs["entries"]
            self.check(igum("b", "join", line), 0)
            self.assertEqual(self.check(igum("b", "status", "--json")).one()["entries"], entries)
            self.check(igum("b", "publish", path("docs", "plain.md")))
            self.check(igum("b", "sync"))
            node = self.invite("--node", "צומת שני", "--address", address)
            self.check(igum("d", "join", node))
            self.assertEqual(self.check(igum("d", "status", "--json")).one()["kibbutz"], "דן")
            self.check(igum("d", "publish", path("docs", "plain.md")), 1, "no key")
            self.check(igum("d", "join", self.invite("--node", "x", "--address", address)), 1, "already")
            with Serving("d"):
                for _ in range(100):
                    status = self.check(igum("a", "status", "--json")).one()
                    if status["peers"]:
                        break
                    time.sleep(0.1)
                self.assertLessEqual(PEER_FIELDS, set(status["peers"][0]))
            done = self.check(igum("a", "publish", path("docs", "plain.md"), "--as", "רותי", "--json")).one()
            self.assertIn(done["document"], self.check(igum("a", "list", "--json")).out)

    def test_invitation_used_twice_is_a_fork_for_all_to_see(self):
        self.check(igum("robbed", "found", "--network", "x", "--kibbutz", "y", "--steward", "z"))
        with Serving("robbed") as serving:
            line = self.check(igum("robbed", "invite", "--kibbutz", "גן", "--address", f"127.0.0.1:{serving.port}", "--json")).one()
            self.check(igum("first", "join", line["invitation"], "--name", "משה"))
            self.check(igum("robbed", "verify"))
            self.check(igum("thief", "join", line["invitation"], "--name", "גנב"), 1, "used")
        self.check(igum("robbed", "verify"), 21)
        forks = self.check(igum("robbed", "fork", "show", "--json")).lines()
        self.assertEqual(len(forks), 1, forks)

    def test_join_goes_on_when_the_line_is_up_again(self):
        address = f"127.0.0.1:{free_port()}"
        line = self.invite("--kibbutz", "הר", "--address", address)
        joined = self.check(igum("e", "join", line, "--name", "אבי", "--json"), 30, "hint: ").one()
        self.assertEqual(joined["joined"], "kibbutz")
        self.assertRegex(joined["card"], r"^([a-z]{5} ){16}[a-z]{5}$")
        self.check(igum("e", "publish", path("docs", "plain.md")), 1)
        before = self.check(igum("e", "status", "--json")).one()
        self.assertEqual(before["entries"], 2)
        self.check(igum("e", "join", line, "--name", "אבי"), 30)
        self.assertEqual(self.check(igum("e", "status", "--json")).one(), before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The recipes of docs/OPERATING.md, line by line, on real homes: recipes_test.py IGUM QUICK_PASSPHRASE_LIBRARY PAGE

The page tells one story from its top to its end. What a line prints in digits stands in later lines as a word in capitals.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest

from harness import Failed, Place, wait_for

IGUM = QUICK = PAGE = None
PRINTED = {"INVITATION": r"^(igum1:\S+)$", "KEY": r"^key ([0-9a-f]{64})$", "CARD-ID": r"^card-id ([0-9a-f]{64})$",
           "ENTRY": r"^  [0-9]+  ([0-9a-f]{16})  ", "PROPOSAL": r"^proposal ([0-9a-f]{64})$", "WORDS": r"^recovery card ([a-z ]+)$"}


def read_recipes(page):
    """The fenced blocks named `recipe`, with the heading above each."""
    heading, recipes, lines = "", [], None
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        if line == "```recipe":
            lines = []
        elif line == "```" and lines is not None:
            recipes.append((heading, lines))
            lines = None
        elif lines is not None:
            lines.append(line)
    return recipes


def publish(node, name, text):
    page = node.place.write(f"{len(text)}.md", f"# {text}\n")
    node.igum("publish", page, "--as", name)


def put_back(office):
    """The machine broke; a backup of last night is unpacked in the place of the home."""
    node, backup = office.node, office.node.home + ".backup"
    node.end()
    subprocess.run(["cp", "-a", node.home, backup], check=True)
    publish(node, "דליה רז, מחשב חדש", "נכתב אחרי הגיבוי")
    node.igum("sync")
    shutil.rmtree(node.home)
    os.rename(backup, node.home)
    office.is_known = True


def fork(office):
    """A copy of the home that nothing tells from it signs beside it; then the others hear of both."""
    node, twin = office.node, office.node.place.node("twin")
    node.end()
    subprocess.run(["cp", "-a", node.home, twin.home], check=True)
    os.remove(twin.home + "/keys/marks")
    publish(node, "דליה רז, מחשב חדש", "הצד האחד")
    publish(twin, "דליה רז, מחשב חדש", "הצד האחר")
    twin.igum("sync")
    office.serve()


# What has happened before a recipe is needed, and at which machine.
BEFORE = {"A home was put back from a backup, or moved": ("office", put_back),
          "A fork was seen: a coordinator or a node": ("office", fork)}


class Office:
    """One machine of the story: a home, and the node that runs there once the story says so."""

    def __init__(self, place, name):
        self.node = place.node(name)
        self.said = {}
        self.has_left = False  # The network; its node hears nothing more.
        self.is_known = False  # Its configuration says where it is called.

    def serve(self):
        self.node.start(http=None)
        if self.is_known:
            return
        self.is_known = True
        with open(self.node.home + "/igum.conf", "a") as config:
            config.write("public = " + self.node.peer.split("@")[1] + "\n")

    def is_in(self):
        return self.node.process is not None and not self.has_left


class RecipesTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(IGUM, "recipes")
        self.addCleanup(self.place.clean)
        self.place.environment.update(LD_PRELOAD=QUICK, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.offices, self.said = {}, {"STICK": self.place.join("stick")}
        os.mkdir(self.said["STICK"])

    def office(self, name):
        return self.offices.setdefault(name, Office(self.place, name))

    def settle(self):
        """Before a line is typed at one machine, what was signed at the others has arrived there."""
        running = [office.node for office in self.offices.values() if office.is_in()]
        if len(running) > 1:
            wait_for("equal roots", lambda: len({node.status()["root"] for node in running}) == 1)

    def type_line(self, line):
        name, _, command = line.partition("$ ")
        office, words = self.office(name), shlex.split(command)
        self.assertEqual(words[0], "igum", line)
        if words[1] == "serve":
            return office.serve()
        if words[1] != "join" or office.is_in():
            self.settle()
        for word, value in self.said.items():
            words = [re.sub(rf"(?<![A-Z-]){word}(?![A-Z-])", value, each) for each in words]
        if words[1:3] == ["council", "approve"]:
            words.append("--yes")
        given = {"input": office.said["WORDS"] + "\n"} if words[1:3] == ["key", "recover"] else {}
        output = office.node.igum(*words[1:], **given)
        for word, pattern in PRINTED.items():
            for value in re.findall(pattern, output, re.M):
                self.said[word] = office.said[word] = value
        return output

    def test_every_recipe_does_what_the_page_says(self):
        with open(PAGE, encoding="utf-8") as file:
            recipes = read_recipes(file.read())
        self.assertGreater(len(recipes), 10)
        for heading, lines in recipes:
            if heading in BEFORE:
                name, happen = BEFORE[heading]
                self.settle()
                happen(self.office(name))
            for line in lines:
                try:
                    self.type_line(line)
                except Failed as failed:
                    self.fail(f"{heading}: {line}\n{failed}")
            if heading == "Close a kibbutz":
                self.office("dror").has_left = True
        self.settle()
        self.assertEqual([fork["settled"] for fork in self.office("lotem").node.json("fork", "show")], [True])
        council = self.office("lotem").node.json("council", "show")[0]
        self.assertEqual(council["state"], "settled")
        self.assertEqual(council["voters"], 2)
        closed = [each["name"] for each in council["kibbutzim"] if each["closed"]]
        self.assertEqual(closed, ["עין דרור"])

    def test_block_without_end_or_name_is_no_recipe(self):
        self.assertEqual(read_recipes("# a\n```recipe\nx$ igum\n```\n```\ny\n```\n"), [("a", ["x$ igum"])])


if __name__ == "__main__":
    IGUM, QUICK, PAGE = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Judges what a network of nodes ended with, and shares no code with them: it reads each archive.git with stock git, makes
every id of docs/FORMAT.md again with Python's own hashes, and holds the JSON of the command line against that.

`wrong(evidence)` gives sentences; none means that all is well.  The first word of each says what kind of wrong it is.
"""

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass, field

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
CHUNK = 1 << 20
TEXTS = ("document.md", "name.txt")
GIT = dict(PATH=os.environ["PATH"], LC_ALL="C", GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null",
           GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")


@dataclass
class Claim:
    """What receipts are said to prove: some node of this kibbutz holds this entry, and its text."""
    kibbutz: str
    document: str
    entry: bool
    content: bool


@dataclass
class Witness:
    """One node: its repository, and what its command line says."""
    name: str
    kibbutz: str
    archive: str
    status: dict
    documents: list
    verify: dict
    claims: list = field(default_factory=list)


@dataclass
class Ack:
    """What a person was told is published: for `publish` the id is the document's, else the new entry's."""
    node: str
    kibbutz: str
    act: str
    id: str
    audience: str
    text: str


@dataclass
class Evidence:
    witnesses: list
    acks: list
    signers: str = ""
    whole: bool = True  # Every line was mended, so all must hold all.


def hash_of(kind, data):
    return hashlib.blake2b(data, digest_size=32, person=f"igum.{kind}.v1".encode().ljust(16, b"\0")).hexdigest()


def hash_of_file(data):
    if len(data) <= CHUNK:
        return hash_of("blob", data)
    chunks = b"".join(bytes.fromhex(hash_of("blob", data[i:i + CHUNK])) for i in range(0, len(data), CHUNK))
    return hash_of("chunks", len(data).to_bytes(8, "big") + chunks)


def git(archive, *arguments, data=b""):
    done = subprocess.run(["git", "--git-dir", archive, *arguments], env=GIT, input=data, capture_output=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"git {arguments[0]} in {archive}: {(done.stderr or done.stdout).decode(errors='replace')[-300:]}")
    return done.stdout


# ---- one repository ----

@dataclass
class Entry:
    commit: str
    id: str
    fields: dict
    parents: list


class Repository:
    """All entries and contents of an archive, read and checked by themselves."""

    def __init__(self, archive):
        self.wrong = []
        self.entries = {}   # Entry id: Entry.
        self.logs = {}      # Key: the ids of its entries, by seq.
        self.forks = []     # Names of refs that only a fork makes.
        self.contents = {}  # (key, seq): the bytes of its text.
        try:
            self.read(archive)
        except (RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            self.wrong.append(f"unreadable: {error}")

    def read(self, archive):
        git(archive, "fsck", "--full", "--strict", "--no-dangling", "--no-progress")
        refs = [line.split() for line in git(archive, "for-each-ref", "--format=%(refname) %(objectname)", "refs/").decode().splitlines()]
        self.forks = [name for name, _ in refs if name.startswith("refs/igum/fork")]
        logs = {name.rsplit("/", 1)[1]: commit for name, commit in refs if name.startswith("refs/igum/log/")}
        commits = git(archive, "rev-list", "--stdin", data="\n".join(logs.values()).encode()).decode().split() if logs else []
        by_commit = {}
        for commit, data in self.objects(archive, commits).items():
            entry = self.read_entry(commit, data)
            self.entries[entry.id] = by_commit[commit] = entry
        for key, tip in logs.items():
            self.walk(key, tip, by_commit)
        for name, tree in refs:
            if name.startswith("refs/igum/content/"):
                self.read_contents(archive, name.rsplit("/", 1)[1], tree)
            if name.startswith("refs/igum/file/"):
                self.read_file(archive, name.rsplit("/", 1)[1], tree)

    @staticmethod
    def objects(archive, names):
        found, at = {}, 0
        out = git(archive, "cat-file", "--batch", data="".join(name + "\n" for name in names).encode()) if names else b""
        for name in names:
            end = out.index(b"\n", at)
            size = int(out[at:end].split()[2])
            found[name] = out[end + 1:end + 1 + size]
            at = end + size + 2
        return found

    @staticmethod
    def read_entry(commit, data):
        header, _, message = data.partition(b"\n\n")
        kept, parents, tree, in_signature = [], [], None, False
        for line in header.split(b"\n"):
            in_signature = line.startswith(b"gpgsig ") or (in_signature and line.startswith(b" "))
            if in_signature:
                continue
            kept.append(line)
            if line.startswith(b"parent "):
                parents.append(line[7:].decode())
            if line.startswith(b"tree "):
                tree = line[5:].decode()
        if tree != EMPTY_TREE:
            raise ValueError(f"commit {commit} has a tree")
        fields = {}
        for line in message.decode().split("\n")[2:-1]:
            name, _, value = line.partition(" ")
            fields.setdefault(name, []).append(value)
        return Entry(commit, hash_of("entry", b"\n".join(kept) + b"\n\n" + message), fields, parents)

    def walk(self, key, tip, by_commit):
        chain = []
        while tip:
            entry = by_commit[tip]
            chain.append(entry)
            tip = entry.parents[0] if entry.parents else None
        chain.reverse()
        for seq, entry in enumerate(chain, 1):
            before = [chain[seq - 2].id] if seq > 1 else None
            if entry.fields["log"] != [key] or entry.fields["seq"] != [str(seq)] or entry.fields.get("prev") != before:
                self.wrong.append(f"chain: log {key[:8]} breaks at {seq}")
        self.logs[key] = [entry.id for entry in chain]

    def read_contents(self, archive, key, tree):
        blobs = {}
        for line in git(archive, "ls-tree", "-r", tree).decode().splitlines():
            about, _, path = line.partition("\t")
            mode, kind, name = about.split()
            if mode != "100644" or kind != "blob":
                self.wrong.append(f"content: {path} of {key[:8]} is {mode} {kind}")
            blobs[path] = name
        data = self.objects(archive, sorted(set(blobs.values())))
        for path, name in blobs.items():
            if path.endswith("/manifest"):
                self.read_content(key, path[:-len("/manifest")], data[name], {p: data[b] for p, b in blobs.items()})

    def read_file(self, archive, digest, name):
        """An attachment: one blob, or a list of hashes and a blob of each chunk."""
        if git(archive, "cat-file", "-t", name).strip() == b"blob":
            chunks = [git(archive, "cat-file", "blob", name)]
        else:
            names = [line.split() for line in git(archive, "ls-tree", name).decode().splitlines()]
            chunks = [git(archive, "cat-file", "blob", n[2]) for n in sorted(names, key=lambda n: n[3]) if n[3] != "list"]
        if hash_of_file(b"".join(chunks)) != digest:
            self.wrong.append(f"file: {digest[:12]} is not what its name says")

    def read_content(self, key, folder, manifest, files):
        seq = int(folder.split("/")[1])
        if not 1 <= seq <= len(self.logs.get(key, ())):
            self.wrong.append(f"content: of {key[:8]}/{seq}, which is no entry here")
            return
        entry = self.entries[self.logs[key][seq - 1]]
        lines = [line.split(" ", 3) for line in manifest.decode().splitlines() if line.startswith("file ")]
        if [hash_of("content", manifest)] != entry.fields.get("content"):
            self.wrong.append(f"content: another one stands at {key[:8]}/{seq}")
        files_by_name = {name: (digest, int(size)) for _, digest, size, name in lines}
        name = next((name for name in TEXTS if name in files_by_name), None)
        text = files.get(f"{folder}/text")
        if name and text is not None and (len(text), hash_of_file(text)) != files_by_name[name][::-1]:
            self.wrong.append(f"content: the text of {key[:8]}/{seq} is not what was signed")
        self.contents[key, seq] = text

    def text_of(self, entry):
        return self.contents.get((entry.fields["log"][0], int(entry.fields["seq"][0])))


# ---- all of them ----

STATE = ("document", "state", "entry", "author_key", "kibbutz_id", "approvals", "approvals_contested", "need", "count", "heads",
         "erased", "ended_by", "audience", "revision")


def documents_of(witness):
    return {line["document"]: {name: line[name] for name in STATE} for line in witness.documents}


def check_alone(witness, repository):
    for sentence in repository.wrong:
        yield f"{sentence} (node {witness.name})"
    if repository.forks or witness.status["forks"] or witness.verify["forks"]:
        yield f"fork: node {witness.name} tells of one, and nobody signed twice"
    if witness.verify["bad"]:
        yield f"damage: node {witness.name}: {witness.verify['bad']}"
    if len(repository.entries) != witness.status["entries"]:
        yield f"entries: node {witness.name} counts {witness.status['entries']}, git finds {len(repository.entries)}"
    if witness.status["trouble"]:
        yield f"trouble: node {witness.name}: {witness.status['trouble']}"


def check_ack(ack, witness, repository):
    entry = repository.entries.get(ack.id)
    if entry is None:
        yield f"lost: the {ack.act} {ack.id[:12]}, acknowledged at {ack.node}, is not at node {witness.name}"
        return
    if entry.fields["act"] != [ack.act]:
        yield f"another: {ack.id[:12]} is a {entry.fields['act']}, not a {ack.act}"
    if not ack.text:
        return
    text = repository.text_of(entry)
    may_hold = ack.audience != "kibbutz" or ack.kibbutz == witness.kibbutz
    if may_hold and (text is None or ack.text.encode() not in text):
        yield f"lost: the text of {ack.id[:12]}, acknowledged at {ack.node}, is not at node {witness.name}"
    if not may_hold and text is not None:
        yield f"leaked: the text of {ack.id[:12]} is for {ack.kibbutz} alone, and node {witness.name} has it"


def check_alike(witnesses, repositories):
    first = witnesses[0]
    for witness in witnesses[1:]:
        logs, other = repositories[first.name].logs, repositories[witness.name].logs
        for key in sorted(set(logs) | set(other)):
            if logs.get(key) != other.get(key):
                yield f"differ: log {key[:8]} of nodes {first.name} and {witness.name}"
        if first.status["root"] != witness.status["root"]:
            yield f"differ: the roots of nodes {first.name} and {witness.name}"
        ours, theirs = documents_of(first), documents_of(witness)
        for document in sorted(set(ours) | set(theirs)):
            if ours.get(document) != theirs.get(document):
                yield f"states: {document[:12]} is {ours.get(document)} at {first.name} and {theirs.get(document)} at {witness.name}"
    signatures = {name: {entry.id: entry.commit for entry in repository.entries.values()} for name, repository in repositories.items()}
    if len({tuple(sorted(commits.items())) for commits in signatures.values()}) > 1:
        yield "differ: the same entries are other commits"


def expected_state(document, entries, kibbutz_of):
    """What docs/TRUST.md T26 and T27 make of one document where nobody was revoked, forked or superseded anything."""
    here = [e for e in entries.values() if e.fields.get("document", e.fields.get("subject")) == [document] or e.id == document]
    if any(e.fields["act"] == ["withdraw"] for e in here):
        return "withdrawn"
    revisions = [e for e in here if e.fields["act"] in (["publish"], ["revise"])]
    for revision in revisions:
        voices = {kibbutz_of[revision.fields["log"][0]]}
        voices |= {kibbutz_of[e.fields["log"][0]] for e in entries.values()
                   if e.fields["act"] == ["approve"] and e.fields["subject"] == [revision.id]}
        if len(voices) >= int(revision.fields["need"][0]):
            return "in force"
    return "proposed"


def check_states(witness, repository):
    kibbutz_of = {key: repository.entries[ids[0]].fields["kibbutz"][0] for key, ids in repository.logs.items()}
    same = {"published": "in force"}
    for line in witness.documents:
        if line["audience"] == "kibbutz" or line["count"] == "own":
            continue
        want = expected_state(line["document"], repository.entries, kibbutz_of)
        if same.get(line["state"], line["state"]).replace("_", " ") != want:
            yield f"states: {line['document'][:12]} is {line['state']} at node {witness.name}, by its entries it is {want}"


def check_claims(witnesses, repositories):
    """Who says to hold something does hold it.  A claim is about the past, so it may say less, and never more."""
    for witness in witnesses:
        for claim in witness.claims:
            theirs = [repositories[other.name] for other in witnesses if other.kibbutz == claim.kibbutz]
            holders = [repository for repository in theirs if claim.document in repository.entries]
            if claim.entry and not holders:
                yield f"receipt: node {witness.name} has it that {claim.kibbutz} holds {claim.document[:12]}, and it does not"
            elif claim.content and all(r.text_of(r.entries[claim.document]) is None for r in holders):
                yield f"receipt: node {witness.name} has it that {claim.kibbutz} holds the text of {claim.document[:12]}, and it does not"


def check_signatures(evidence, repositories):
    """Stock git's word on each commit, once: that the same entries are the same commits everywhere was looked at."""
    archives = {w.name: w.archive for w in evidence.witnesses}
    name, repository = max(repositories.items(), key=lambda item: len(item[1].entries))
    commits = [entry.commit for entry in repository.entries.values()]
    with tempfile.NamedTemporaryFile("w", suffix=".signers") as signers:
        signers.write(evidence.signers)
        signers.flush()
        done = subprocess.run(["git", "--git-dir", archives[name], "-c", "gpg.ssh.allowedSignersFile=" + signers.name, "verify-commit",
                               *commits], env=GIT, capture_output=True, text=True, timeout=300)
    if done.returncode != 0 or done.stderr.count('Good "git" signature for ') != len(commits):
        yield f"signature: stock git at node {name}: {done.stderr[-300:]}"


def wrong(evidence):
    repositories = {w.name: Repository(w.archive) for w in evidence.witnesses}
    found = []
    for witness in evidence.witnesses:
        found += check_alone(witness, repositories[witness.name])
    if not any(sentence.startswith(("unreadable", "chain")) for sentence in found):
        for witness in evidence.witnesses:
            for ack in evidence.acks:
                found += check_ack(ack, witness, repositories[witness.name])
            found += check_states(witness, repositories[witness.name])
        found += check_alike(evidence.witnesses, repositories)
        if evidence.signers:
            found += check_signatures(evidence, repositories)
    found += check_claims(evidence.witnesses, repositories)
    return found

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a judge must see: each fault is put into the evidence of a good network, or into a node's repository, and taken out again.

FAULTS: (name, first word of the sentence that must be told, spoil); spoil gives the spoilt evidence and how to undo it.
"""

import glob
import os
import subprocess

from checker import Ack, Claim, Repository, git


def nothing():
    pass


def refs(archive, prefix):
    return dict(line.split() for line in git(archive, "for-each-ref", "--format=%(refname) %(objectname)", prefix).decode().splitlines())


def move(archive, ref, target):
    before = refs(archive, ref).get(ref)
    if target is None:
        git(archive, "update-ref", "-d", ref)
    else:
        git(archive, "update-ref", ref, target)
    if before is None:
        return lambda: git(archive, "update-ref", "-d", ref)
    return lambda: git(archive, "update-ref", ref, before)


def last_of(evidence, **wanted):
    for ack in reversed(evidence.acks):
        if all(getattr(ack, name) == value for name, value in wanted.items()):
            return ack
    raise LookupError(f"no {wanted} was published: play longer")


def writer(evidence, ack):
    witness = next(w for w in evidence.witnesses if w.name == ack.node)
    return Repository(witness.archive).entries[ack.id].fields["log"][0]


def elsewhere(evidence, ack):
    return next(w for w in evidence.witnesses if w.kibbutz != ack.kibbutz)


def missing_entry(evidence):
    ack = last_of(evidence)
    archive, ref = elsewhere(evidence, ack).archive, f"refs/igum/log/{writer(evidence, ack)}"
    return evidence, move(archive, ref, git(archive, "rev-parse", ref + "^").decode().strip())


def missing_content(evidence):
    ack = last_of(evidence, act="publish", audience="network")
    return evidence, move(elsewhere(evidence, ack).archive, f"refs/igum/content/{writer(evidence, ack)}", None)


def other_content(evidence):
    """One document's text in the place of another's, with all of git's own names in order."""
    ack = last_of(evidence, act="publish", audience="network")
    archive, ref = elsewhere(evidence, ack).archive, f"refs/igum/content/{writer(evidence, ack)}"
    lines = git(archive, "ls-tree", "-r", ref).decode().splitlines()
    texts = [line for line in lines if line.endswith("/text")]
    other = git(archive, "hash-object", "-w", "--stdin", data=b"# other\n").decode().strip()
    spoilt = [line.replace(line.split()[2], other) if line == texts[-1] else line for line in lines]
    index = os.path.join(archive, "spoilt-index")
    environment = {"GIT_INDEX_FILE": index, "PATH": os.environ["PATH"]}
    subprocess.run(["git", "--git-dir", archive, "update-index", "--index-info"], input="\n".join(spoilt).encode() + b"\n",
                   env=environment, check=True)
    tree = subprocess.run(["git", "--git-dir", archive, "write-tree"], env=environment, check=True, capture_output=True).stdout
    os.unlink(index)
    return evidence, move(archive, ref, tree.decode().strip())


def leaked_content(evidence):
    ack = last_of(evidence, act="publish", audience="kibbutz")
    origin = next(w for w in evidence.witnesses if w.name == ack.node)
    archive, ref = elsewhere(evidence, ack).archive, f"refs/igum/content/{writer(evidence, ack)}"
    undo = move(archive, ref, None)
    git(archive, "fetch", "-q", origin.archive, f"{ref}:{ref}")
    return evidence, undo


def damaged_object(evidence):
    files = glob.glob(os.path.join(evidence.witnesses[1].archive, "objects", "**", "*"), recursive=True)
    path = max((f for f in files if os.path.isfile(f)), key=os.path.getsize)
    with open(path, "rb") as file:
        good = file.read()

    def write(data):
        os.chmod(path, 0o600)
        with open(path, "wb") as file:
            file.write(data)
    write(good[:len(good) // 2])
    return evidence, lambda: write(good)


def fork_ref(evidence):
    archive = evidence.witnesses[2].archive
    log = next(iter(refs(archive, "refs/igum/log/")))
    return evidence, move(archive, f"refs/igum/fork/{log.rsplit('/', 1)[1]}-{'0' * 64}", log)


def state_of_one(evidence):
    evidence.witnesses[1].documents[0]["state"] = "withdrawn"
    return evidence, nothing


def state_of_all(evidence):
    document = last_of(evidence, act="publish", audience="network").id
    for witness in evidence.witnesses:
        for line in witness.documents:
            if line["document"] == document:
                line["state"] = "in force" if line["state"] != "in force" else "proposed"
    return evidence, nothing


def root_of_one(evidence):
    evidence.witnesses[0].status["root"] = "0" * 64
    return evidence, nothing


def never_published(evidence):
    evidence.acks.append(Ack("1", evidence.witnesses[0].kibbutz, "publish", "ab" * 32, "network", "# never\n"))
    return evidence, nothing


def false_receipt_of_entry(evidence):
    evidence.witnesses[0].claims.append(Claim(evidence.witnesses[1].kibbutz, "cd" * 32, entry=True, content=False))
    return evidence, nothing


def false_receipt_of_content(evidence):
    ack = last_of(evidence, act="publish", audience="kibbutz")
    evidence.witnesses[0].claims.append(Claim(elsewhere(evidence, ack).kibbutz, ack.id, entry=True, content=True))
    return evidence, nothing


def unsigned(evidence):
    evidence.signers = "\n".join(evidence.signers.splitlines()[1:]) + "\n"
    return evidence, nothing


FAULTS = [("missing entry", "lost", missing_entry), ("missing text", "lost", missing_content), ("another text", "content", other_content),
          ("leaked text", "leaked", leaked_content), ("damaged object", "unreadable", damaged_object), ("a fork", "fork", fork_ref),
          ("another state", "states", state_of_one), ("one wrong state everywhere", "states", state_of_all),
          ("another root", "differ", root_of_one), ("an acknowledgement without an entry", "lost", never_published),
          ("false receipt of an entry", "receipt", false_receipt_of_entry),
          ("false receipt of a text", "receipt", false_receipt_of_content), ("a signer unknown to git", "signature", unsigned)]

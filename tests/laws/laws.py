#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The laws of the tree, each a test: laws.py LAW [ARGUMENT]. A law that is broken is named with file and line."""
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["proto", "store", "node"]  # A layer includes itself and those before it.

# Each foreign library has one home: the only files that may include its headers.
HOMES = {
    r"sodium\.h": None,  # proto/'s own; node/host.c draws randomness from it, store/key_file.c seals keys with it.
    r"zstd.*\.h": ["proto/compress.c"],
    r"nettle/.*\.h": ["proto/sha1.c"],
    r"git2.*\.h": ["store/git_backend_private.h"],
    r"libdeflate\.h": ["store/deflate.c"],
    r"sqlite3\.h": ["store/database.c", "store/database.h", "store/index.c", "store/term_feed.c"],
    r"yaml\.h": ["store/document.c", "store/front_matter.c"],
    r"(hspell|linginfo)\.h": ["store/dictionary.c"],
    r"uv\.h": None,
    r"microhttpd\.h": ["node/reader.c", "node/reader_request.c"],
    r"cmark-gfm.*\.h": ["node/markdown.c"],
    r"jansson\.h": ["node/output.c", "node/output.h", "node/peer_list.c"],
    r"qrencode\.h": ["node/qr.c"],
    r"unicode/.*\.h": ["node/calendar.c", "node/safe_name.c"],
}
UV_HOMES = re.compile(r"node/(node|crew|peer|dialer|control|reader_process|listener|discovery|driver|request|running|storer|page_maker)[a-z_]*\.[ch]$")
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|rand|srand|alloca|system|popen|"
                    r"git_commit_create(_with_signature|_v)?|MHD_create_post_processor)\s*\(")
# proto/ is pure: no clock, no randomness, no files; these never appear in its sources.
IMPURE = re.compile(r"\b(time|clock|gettimeofday|clock_gettime|randombytes\w*|getrandom|open|fopen|read|write|socket|getenv|"
                    r"printf|fprintf|pthread_\w+)\s*\(")


def sources(layers=LAYERS, kinds=(".c", ".h")):
    for layer in layers:
        yield from sorted(p for p in (TOP / layer).rglob("*") if p.suffix in kinds)


def name(path):
    return path.relative_to(TOP).as_posix()


def code(path):
    """The lines of a source without comments and strings, numbered from 1."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return list(enumerate(re.sub(r'"(\\.|[^"\\\n])*"', '""', text).split("\n"), 1))


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1)


def law_includes():
    """Includes run downwards only: node -> store -> proto."""
    for path in sources():
        own = LAYERS.index(name(path).split("/")[0])
        for number, target in includes(path):
            layer = target.split("/")[0]
            if layer in LAYERS and LAYERS.index(layer) > own:
                yield f"{name(path)}:{number}: includes {target}, which is above it"
            if layer == "tests":
                yield f"{name(path)}:{number}: includes {target}: the program does not know its tests"


def law_homes():
    """Each foreign library is included by its home alone."""
    for path in sources():
        for number, target in includes(path):
            for pattern, homes in HOMES.items():
                if homes is not None and re.fullmatch(pattern, target) and name(path) not in homes:
                    yield f"{name(path)}:{number}: {target} belongs in {', '.join(homes)}"
            if target == "uv.h" and not UV_HOMES.search(name(path)):
                yield f"{name(path)}:{number}: uv.h belongs to the loop"
            if name(path).startswith("proto/") and re.match(r"(sys/|unistd|fcntl|time|pthread|dirent)", target):
                yield f"{name(path)}:{number}: proto/ does no I/O and reads no clock: {target}"


def law_symbols(library):
    """What proto/'s library takes from outside is on a list, in tests/laws/proto_symbols.txt."""
    listed = set((TOP / "tests/laws/proto_symbols.txt").read_text().split())
    out = subprocess.run(["nm", library], capture_output=True, text=True, check=True).stdout
    words = [line.split() for line in out.split("\n") if line.strip()]
    undefined = {w[-1] for w in words if len(w) == 2 and w[0] == "U"}
    defined = {w[-1] for w in words if len(w) == 3 and w[1] in "TDBRVW"}
    for symbol in sorted(undefined - defined - listed):
        if symbol != "_GLOBAL_OFFSET_TABLE_":
            yield f"proto/ uses {symbol}, which is not on tests/laws/proto_symbols.txt"


def law_pure():
    """proto/ names no clock, no randomness, no file."""
    for path in sources(["proto"]):
        for number, line in code(path):
            found = IMPURE.search(line)
            if found and not re.search(r"(->|\.|\*)\s*" + found.group(1), line) and name(path) != "proto/entry.c":
                yield f"{name(path)}:{number}: {found.group(1)}() in proto/"


def stands_first(path):
    """Whether a source of that name includes it before anything else: then every build, with either compiler, compiles it alone."""
    source = path.with_suffix(".c")
    return source.exists() and next((found for _, found in includes(source)), None) == name(path)


def law_headers():
    """Every header compiles alone, with both compilers."""
    with tempfile.TemporaryDirectory() as folder:
        one = pathlib.Path(folder) / "one.c"
        for path in sources(kinds=(".h",)):
            if stands_first(path):
                continue
            one.write_text(f'#include "{name(path)}"\nint nothing;\n')
            for compiler in ("gcc", "clang"):
                run = subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I", TOP,
                                      "-fsyntax-only", one], capture_output=True, text=True)
                if run.returncode:
                    yield f"{name(path)}: does not compile alone with {compiler}: {run.stderr.splitlines()[0]}"


def law_tests():
    """Every module of proto/ and store/ has a test of its name."""
    listed = (TOP / "tests/laws/tested_elsewhere.txt").read_text().split("\n")
    excused = {line.split()[0] for line in listed if line.strip() and not line.startswith("#")}
    for path in sources(["proto", "store"], (".c",)):
        test = TOP / "tests" / path.parent.name / f"{path.stem}_test.c"
        if not test.exists() and name(path) not in excused:
            yield f"{name(path)}: there is no {name(test)}"
    for path in excused:
        if path.endswith(".c") and not (TOP / path).exists():
            yield f"tests/laws/tested_elsewhere.txt: there is no {path}"


def law_words():
    """No forbidden function; a licence line in each source; file names are unique in the tree."""
    seen = {}
    for path in sources():
        for number, line in code(path):
            if BANNED.search(line) and not (name(path) == "node/passphrase.c" and "popen" in line):  # The user's own command.
                yield f"{name(path)}:{number}: {BANNED.search(line).group(1)}() is not used here"
        if "SPDX-License-Identifier: AGPL-3.0-or-later" not in path.read_text(encoding="utf-8")[:200]:
            yield f"{name(path)}: has no licence line"
        if path.name in seen:
            yield f"{name(path)}: its name is taken by {seen[path.name]}"
        seen[path.name] = name(path)


def law_attacks():
    """Each attack that docs/TRUST.md and docs/PROTOCOL.md list has a test of that name, and no test is named after another."""
    attack = re.compile(r"attack_\d\d_[a-z0-9_]+")
    pages, found = [TOP / "docs/TRUST.md", TOP / "docs/PROTOCOL.md"], {}
    listed = {word: page for page in pages if page.exists() for word in attack.findall(page.read_text(encoding="utf-8"))}
    for path in sorted((TOP / "tests").rglob("*")):
        if path.is_file() and path.suffix in ("", ".c", ".py") and path.parent.name not in ("laws", "__pycache__"):
            for word in attack.findall(path.read_text(encoding="utf-8")):
                found.setdefault(word, name(path))
    for word in sorted(listed):
        if not any(test.startswith(word) for test in found):
            yield f"{name(listed[word])}: no test is named {word}"
    for test in sorted(found):
        if not any(test.startswith(word) for word in listed):
            yield f"{found[test]}: neither docs/TRUST.md nor docs/PROTOCOL.md lists {test}"


PAGE_WORDS = ["SAY:1", "SAY_IN:1c,2", "page_say:2", "page_fill:2", "page_say_count:3,4"]


def messages(text):
    """The (context, msgid) of a catalogue, and whether each has all its translations."""
    found = {}
    for block in re.split(r"\n\s*\n", text):
        block = "\n".join(line for line in block.split("\n") if not line.startswith("#"))
        fields = re.findall(r'^(\w+(?:\[\d\])?)\s+((?:"(?:[^"\\]|\\.)*"\s*)+)', block, re.M)
        values = [(field, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value))) for field, value in fields]
        table = dict(values)
        if table.get("msgid"):
            forms = [value for field, value in values if field.startswith("msgstr")]
            whole = all(forms) and len(forms) == (4 if "msgid_plural" in table else 1)
            found[table.get("msgctxt"), table["msgid"]] = whole
    return found


def law_texts():
    """Every text of the reader's pages is in the Hebrew catalogue, and nothing else is."""
    files = [p for p in sources(["node"], (".c", ".h")) if p.name not in ("reader_text.h", "page.h")]
    if not files:
        return
    run = subprocess.run(["xgettext", "--from-code=UTF-8", "-L", "C", "-k", "-o", "-", *(f"-k{word}" for word in PAGE_WORDS), *files],
                         capture_output=True, text=True, check=True)
    catalogue = TOP / "node/po/pages/he.po"
    there = messages(catalogue.read_text(encoding="utf-8")) if catalogue.exists() else {}
    wanted = messages(run.stdout)
    for key in sorted(wanted, key=str):
        if not there.get(key):
            yield f"node/po/pages/he.po: lacks {key[1]!r}, or one of its forms; it is in {name_of_text(key[1], files)}"
    for key in sorted(set(there) - set(wanted), key=str):
        yield f"node/po/pages/he.po: {key[1]!r} is in no page"


def name_of_text(text, files):
    return next((name(path) for path in files if text[:20] in path.read_text(encoding="utf-8")), "node/")


def main():
    law, *arguments = sys.argv[1:]
    broken = list(globals()["law_" + law](*arguments))
    print("\n".join(broken))
    sys.exit(1 if broken else 0)


main()

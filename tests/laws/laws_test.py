#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The laws can fail: each is broken on purpose in a copy of a small tree, and must say so."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LICENCE = "/* SPDX-License-Identifier: AGPL-3.0-or-later */\n"

BROKEN = {
    "includes": ("proto/up.c", LICENCE + '#include "store/archive.h"\n'),
    "homes": ("node/git.c", LICENCE + "#include <git2.h>\n"),
    "pure": ("proto/now.c", LICENCE + "long now(void) { return time(0); }\n"),
    "headers": ("proto/alone.h", LICENCE + "uint8_t missing_include(void);\n"),
    "tests": ("proto/untested.c", LICENCE),
    "attacks": ("tests/proto/late_test.c", LICENCE + "static void attack_99_unheard_of(void **state);\n"),
    "texts": ("node/speak.c", LICENCE + 'void f(void) { page_say(page, "Nobody translated this"); }\n'),
    "words": ("store/copy.c", LICENCE + "void f(char *a, char *b) { strcpy(a, b); }\n"),
}

failures = 0
for law, (path, text) in BROKEN.items():
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        for layer in ("proto", "store", "node", "tests/laws", "tests/proto"):
            (top / layer).mkdir(parents=True)
        shutil.copy(HERE / "laws.py", top / "tests/laws")
        (top / "tests/laws/tested_elsewhere.txt").write_text("")
        check = [sys.executable, top / "tests/laws/laws.py", law]
        if subprocess.run(check, capture_output=True).returncode != 0:
            print(f"{law}: fails on an empty tree")
            failures += 1
        (top / path).write_text(text)
        run = subprocess.run(check, capture_output=True, text=True)
        if run.returncode != 1 or path not in run.stdout:
            print(f"{law}: was broken in {path} and did not say so: {run.stdout}{run.stderr}")
            failures += 1
sys.exit(1 if failures else 0)

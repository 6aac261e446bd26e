# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was measured, as a table for people."""

import dataclasses
import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess


@dataclasses.dataclass
class Row:
    """One measurement: ours, the peer's beside it in the same run, and what it must reach, as a bound on ours or on the ratio."""

    name: str
    unit: str
    ours: float
    must: float = None
    aim: float = None
    peer: str = ""
    theirs: float = None
    of_ratio: bool = False  # The bounds are on ours / theirs.

    @property
    def ratio(self):
        return self.ours / self.theirs if self.theirs else None

    @property
    def held(self):
        if self.must is None:
            return None
        value = self.ratio if self.of_ratio else self.ours
        return value is not None and value <= self.must


def number(value, unit=""):
    if value is None:
        return "–"
    if unit in ("B", "KiB") or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def bound(row, value):
    if value is None:
        return ""
    return f"{value:g} ×" if row.of_ratio else f"{number(value, row.unit)} {row.unit}"


def median(values):
    return statistics.median(values)


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))) // 1048576
    return f"{os.cpu_count()} processors ({cpu}), {memory} GiB, Linux {platform.release()}"


def commit(top):
    done = subprocess.run(["git", "-C", top, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


HEAD = """# Benchmarks

Igum beside its peers: the same corpus, the same machine, the same run, in turns; medians. Absolute figures belong to the machine; the ratios are what to look at.
`tests/bench/run --write` makes this page anew, with `--only PART` that part of it. A bound with × is on the ratio ours / theirs, any other on ours.
"""


def section(title, rows, top):
    out = [f"## {title}\n", f"Measured on {datetime.date.today().isoformat()} at commit {commit(top)}, on {machine()}; load {os.getloadavg()[1]:.1f}.\n",
           "| | ours | peer | theirs | ratio | must | aim | |\n| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        verdict = {None: "", True: "held", False: "**missed**"}[row.held]
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        theirs = f"{number(row.theirs, row.unit)} {row.unit}" if row.theirs is not None else ""
        out.append(f"| {row.name} | {number(row.ours, row.unit)} {row.unit} | {row.peer} | {theirs} | {ratio} | "
                   f"{bound(row, row.must)} | {bound(row, row.aim)} | {verdict} |")
    return "\n".join(out) + "\n"


def markdown(sections, top):
    return "\n".join([HEAD] + [section(title, rows, top) for title, rows in sections if rows])


def write(sections, top, titles):
    """The page, in the order of `titles`; parts that were not measured now stay as they were."""
    page = pathlib.Path(top, "docs/BENCHMARKS.md")
    parts = re.split(r"(?m)^(?=## )", page.read_text()) if page.exists() else []
    known = {part.split("\n", 1)[0][3:]: part.rstrip("\n") + "\n" for part in parts[1:]}
    known.update({title: section(title, rows, top) for title, rows in sections if rows})
    ordered = [name for title in titles for name in known if name == title or name.startswith(title + ", ")]
    page.write_text("\n".join([HEAD] + [known[name] for name in ordered]))

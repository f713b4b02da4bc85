"""The page docs/performance.md: written from measurements, and read again to compare with."""

import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
WORSE = 1.3
"""A ratio that is so many times the page's is worse."""
HEAD = "| work | size | threads | actcli | the other | ratio | peak |"
_INTRODUCTION = f"""\
# Performance

Written by `python tests/benchmarks/performance.py --write`, with `--large` for files of 10 GB, not by hand. With
`--check` it measures again, and exits with 1 where a ratio is more than {WORSE} times the one here.

Times are medians of whole processes, run in turn with the other program. A ratio is the time of actcli over that of the
other, 0.1 for a tenth of it, with the smallest and the largest of one round. Peak is the most memory of the process."""
_PACKAGES = ("numpy", "onnxruntime")


@dataclass(slots=True)
class Measured:
    """One row: seconds of whole processes, a round each, run in turn.

    Attributes:
        subject: the section of the page.
        work: what is done, without a `|`.
        size: how much of it.
        threads: how many; 0 where it does not matter.
        against: what the other does.
        ours, theirs: seconds by round.
        peak: the largest memory of actcli's process, in bytes; 0 if unknown.
        files: the files that the size is split into, each of which costs time; 0 where it is not split.

    """

    subject: str
    work: str
    size: str
    threads: int
    against: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    peak: int = 0
    files: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What the row is found by."""
        return self.work, self.size, str(self.threads or "–")

    @property
    def ratio(self) -> float:
        """actcli's time over the other's, by medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def line(self) -> str:
        """The row of the table."""
        each = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        times = (f"{statistics.median(times):.3f} s" for times in (self.ours, self.theirs))
        ratio = f"{self.ratio:.3f} ({min(each):.3f} to {max(each):.3f})"
        peak = f"{self.peak / 2**20:,.0f} MiB" if self.peak else "–"
        return "| " + " | ".join((*self.key, *times, ratio, peak)) + " |"

    @property
    def cost_per_file(self) -> str:
        """A sentence on what each file costs besides its numbers."""
        cost = (statistics.median(self.ours) - statistics.median(self.theirs)) / self.files
        return f"Each of {self.files:,} files costs {1000 * cost:.2f} ms."


def page(rows: Sequence[Measured], left_out: Sequence[str], loads: tuple[float, float]) -> str:
    """Return the whole page. loads: programs that wanted a core besides these, before and after."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = max(loads) > 0.5
    lines = [
        *_INTRODUCTION.splitlines(),
        "",
        f"- Machine: {_processor()}, {cores} cores, {_memory()}, {platform.system()}.",
        f"- Software: Python {platform.python_version()}, {_versions()}.",
        f"- Load: {loads[0]:.1f} before and {loads[1]:.1f} after, in programs that wanted a core."
        + (" **The machine was busy; the ranges are wide, and seconds say little.**" if busy else ""),
    ]
    for subject in dict.fromkeys(row.subject for row in rows):
        some = [row for row in rows if row.subject == subject]
        others = "; ".join(dict.fromkeys(row.against for row in some))
        lines += ["", f"## {subject}", "", f"The other: {others}.", "", HEAD, "| --- " * 7 + "|"]
        lines += [row.line for row in some]
        lines += [f"\n{row.cost_per_file}" for row in some if row.files and row is some[-1]]
    if left_out:
        lines += ["", "## Not measured here", "", *(f"- {reason}" for reason in left_out)]
    return "\n".join([*lines, "", "[README](../README.md)", ""])


def documented(text: str) -> dict[tuple[str, str, str], float]:
    """Return the ratios of a page by work, size and threads."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == HEAD.count("|") - 1 and (ratio := re.match(r"\d+\.\d+", cells[5])):
            found[cells[0], cells[1], cells[2]] = float(ratio[0])
    return found


def worse(rows: Sequence[Measured], before: dict[tuple[str, str, str], float]) -> list[str]:
    """Return a line for each ratio that is more than 1.3 times that of the page."""
    return [
        f"{', '.join(row.key)}: {row.ratio:.3f}, docs/performance.md says {before[row.key]:.3f}"
        for row in rows
        if row.key in before and row.ratio > WORSE * before[row.key]
    ]


def _processor() -> str:
    try:
        name = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        name = None
    return name[1] if name else platform.processor() or platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (ValueError, OSError, AttributeError):
        return "memory unknown"


def _versions() -> str:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)

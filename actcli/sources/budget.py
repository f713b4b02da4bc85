"""How much memory a run may use, and the refusal of what needs more, before it is allocated."""

import os

from actcli.exits import DataError

_CGROUP = "/sys/fs/cgroup"


def default_budget() -> int:
    """Return half of the memory that is available to this process, in bytes."""
    return _available() // 2


def require_memory(nbytes: int, budget: int | None, purpose: str, remedy: str = "") -> None:
    """Check that `nbytes` fit into `budget` (None: the default). `remedy`: what to do otherwise.

    Raises DataError, naming the purpose and both figures.
    """
    limit = default_budget() if budget is None else budget
    if nbytes > limit:
        end = f"; {remedy}" if remedy else ""
        raise DataError(
            f"{purpose} needs about {byte_text(nbytes)} of memory, {byte_text(limit)} are allowed{end}"
        )


def byte_text(nbytes: int) -> str:
    """A number of bytes with three digits and a unit: `9.81 GB`."""
    value = float(min(nbytes, 10**30))
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} PB" if value < 999.5 else "more than 1,000 PB"


def _available() -> int:
    """Bytes that can be allocated without swapping, by the kernel's estimate, the container's limit respected."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 - no pathlib for one number
            fields = dict(line.split(":", 1) for line in file)
        available = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):  # not on macOS
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    limit, used = (_number(f"{_CGROUP}/memory.{name}") for name in ("max", "current"))
    return available if limit is None else min(available, max(limit - (used or 0), 0))


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123
            return int(file.read())
    except (OSError, ValueError):  # no container, or no limit ("max")
        return None

"""What `deadcheck` shows and writes about latents and experts."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import Report
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.render.output.surface import Surface
    from actcli.terminal import Terminal


def shows_decades(options: "DeadcheckOptions") -> bool:
    """Return whether densities are shown by powers of ten: where asked for, and for sparse records."""
    return options.decades or bool(options.sparse and options.sparse != ("none",))


def page_parts(options: "DeadcheckOptions") -> "tuple[tuple[str, Callable[[Report, Surface], str]], ...]":
    """Return the parts of the page about latents and experts: a title of each, and what makes it."""
    parts: list[tuple[str, Callable[[Report, Surface], str]]] = []
    if shows_decades(options):
        from actcli.render.sparse.decades import decades_part

        parts.append(("How many units fire on which share of the samples, by powers of ten", decades_part))
    if options.experts or options.until is not None:
        from actcli.render.sparse.experts import experts_part

        parts.append(("How evenly the units are used", partial(experts_part, until=options.until)))
    return tuple(parts)


def require_latent_files(options: "DeadcheckOptions") -> None:
    """Raise UsageError for a file whose suffix names no format, and for options that need a table."""
    if options.densities is None and options.dead_units is None:
        return
    from actcli.render.sparse.latent_files import DENSITY_SUFFIXES, UNIT_SUFFIXES

    for option, path, suffixes in (
        ("--densities", options.densities, DENSITY_SUFFIXES),
        ("--dead-units", options.dead_units, UNIT_SUFFIXES),
    ):
        if path is not None and not path.lower().endswith(suffixes):
            raise UsageError(f"{option} {path!r}: needs a file that ends in {', '.join(suffixes)}")


def latent_writers(
    options: "DeadcheckOptions", report: "Report", terminal: "Terminal"
) -> Iterator[Callable[[], None]]:
    """Yield what writes the files about single units."""
    if options.densities is None and options.dead_units is None:
        return
    from actcli.render.sparse.latent_files import write_dead_units, write_densities

    if options.densities is not None:
        yield partial(write_densities, report, options.densities, terminal, options.until)
    if options.dead_units is not None:
        yield partial(write_dead_units, report, options.dead_units)

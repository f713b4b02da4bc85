"""Where the report of a run goes: to standard output or to files, several at once; and which sentences stderr gets."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.render.figure.page import DRAWN, Paper, require_matplotlib
from actcli.render.output.destinations import choose_each
from actcli.render.output.layout import (
    FILE_FORMATS,
    Layout,
    choose_layout,
    choose_own_layout,
    is_standard_output,
    plain_suffix,
)

if TYPE_CHECKING:
    from actcli.terminal import Terminal

_SUFFIXES = (
    ".txt",
    ".json",
    ".jsonl",
    ".csv",
    ".tsv",
    ".md",
    ".xml",
    ".html",
    *(f".{form}" for form in DRAWN),
)
"""Suffixes of -o; .npy and .npz are refused with a reason of their own."""
_OWN_FORMATS = {"junit": ".xml", "html": ".html", **{form: f".{form}" for form in DRAWN}}
"""Formats that only a report has, and their suffixes."""
_SAYS_IT_ITSELF = ("table", "markdown", "html")
"""Formats that contain the verdict's sentences."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The places that a report is written to.

    Attributes:
        layouts: the format of each and its file; none with --quiet and without -o.
        paper: of the pictures among them; None for the usual one.

    """

    layouts: tuple[Layout, ...]
    paper: Paper | None = None

    @property
    def files(self) -> list[str]:
        """The files among them."""
        return [layout.path for layout in self.layouts if layout.path is not None]

    @property
    def formats(self) -> set[str]:
        """The formats of all places."""
        return {layout.format for layout in self.layouts}

    def writers(self, write: Callable[[Layout], None], *, complete: bool) -> Iterator[Callable[[], None]]:
        """Yield a call per place, files first. Of an incomplete run no file is written: files are complete."""
        for layout in sorted(self.layouts, key=lambda layout: layout.path is None):
            if complete or layout.path is None:
                yield partial(write, layout)

    def is_on_screen(self, terminal: "Terminal") -> bool:
        """Return whether a person sees the sentences in the report itself."""
        return terminal.stdout_is_tty and any(
            layout.path is None and layout.format in _SAYS_IT_ITSELF for layout in self.layouts
        )

    def say_interrupted(self, unwritten: Sequence[str], terminal: "Terminal") -> None:
        """Write to stderr that Ctrl-C ended the run, unless a table on this very screen says so, and no file is due."""
        files = f"; {' and '.join(unwritten)} not written" if unwritten else ""
        if files or not self.is_on_screen(terminal):
            terminal.say(f"actcli: Interrupted: this is about the samples seen so far{files}.")

    def say(self, sentences: Sequence[str], terminal: "Terminal") -> None:
        """Write sentences to stderr, as the program's where no table precedes them."""
        for sentence in sentences if self.layouts else ():
            terminal.say(self.layouts[0].as_remark(sentence))


def choose_reports(
    format_: str | None, outputs: Sequence[str], terminal: "Terminal", *, quiet: bool = False
) -> Reports:
    """Return where the report goes, by --format, every -o and --quiet. Raises UsageError when they disagree."""
    if quiet and not outputs:
        if format_ is not None:
            raise UsageError("--quiet prints no report; leave out --format, or name a file with -o")
        return Reports(())
    layouts = choose_each(format_, outputs, lambda output: _choose(format_, output, terminal))
    if quiet and any(layout.path is None for layout in layouts):
        raise UsageError("--quiet does not go with a report on standard output; name a file with -o")
    return Reports(layouts)


def _choose(format_: str | None, output: str | None, terminal: "Terminal") -> Layout:
    """Return one layout; `junit`, `html` and pictures are formats too. Raises UsageError when the options disagree."""
    own = choose_own_layout(_OWN_FORMATS, format_, output)
    if own is not None and own.format in DRAWN:
        require_matplotlib()
    suffix = "" if output is None else plain_suffix(output)
    return _choose_common(format_, output, suffix, terminal) if own is None else own


def _choose_common(format_: str | None, output: str | None, suffix: str, terminal: "Terminal") -> Layout:
    """Return a layout of the formats that all commands have."""
    named = output is not None and output and not is_standard_output(output)
    if format_ is None and named and suffix not in {*_SUFFIXES, *(f".{form}" for form in FILE_FORMATS)}:
        raise UsageError(
            f"-o {output!r}: the suffix names no format; use one of {', '.join(_SUFFIXES)}, or --format"
        )
    layout = choose_layout(format_, output, with_x=False, digits=None, terminal=terminal)
    if layout.format in FILE_FORMATS:
        raise UsageError(
            f"-o {output!r}: {layout.format} holds numbers, not a report; use one of "
            f"{', '.join(_SUFFIXES)}, or --save-state for the statistics"
        )
    return layout

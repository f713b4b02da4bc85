"""The format and the destination of results, decided from the options before anything is read."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.packing import packing_named, require_engine, without_packing
from actcli.terminal import Terminal

TEXT_FORMATS = ("table", "plain", "csv", "tsv", "json", "jsonl", "markdown")
ARRAY_FORMATS = ("npy", "npz", "safetensors")
PARQUET = "parquet"
FILE_FORMATS = (*ARRAY_FORMATS, PARQUET)
"""Formats of files of numbers, which no report has."""

_FORMAT_OF_SUFFIX = {
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".parquet": PARQUET,
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".txt": "plain",
    ".md": "markdown",
}
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_FOR_READERS = ("table", "markdown")
ROUNDED_NUMBERS = (*_FOR_READERS, "plain", "csv", "tsv")
"""The formats in which results of `eval` and `grad` may be rounded."""
_READ_IN_PLACE = ("npz", "safetensors", PARQUET)
_ONLY_RESULTS = ("json", *ARRAY_FORMATS)


@dataclass(frozen=True, slots=True)
class Layout:
    """The destination and the format of results.

    Attributes:
        format: table, plain, csv, tsv, json, jsonl, markdown, npy, npz, safetensors or parquet.
        path: the file to write, or None for stdout.
        with_x: show x beside each result, where a format would not do so by itself.
        digits: significant digits of text; None: all, in a table as far as the width allows.
        bits: numbers are written as their bit patterns, `0xbf80`.
        null: lines of plain numbers end in NUL.

    """

    format: str
    path: str | None
    with_x: bool = False
    digits: int | None = None
    bits: bool = False
    null: bool = False

    def is_piped_table(self, terminal: Terminal) -> bool:
        """Return whether a table goes to a pipe; its sentences then go to stderr, where `| less` shows them."""
        return self.format == "table" and self.path is None and not terminal.stdout_is_tty

    def as_remark(self, sentence: str) -> str:
        """Return a result's sentence as stderr shows it: below its table as it is, elsewhere as the program's."""
        return sentence if self.format == "table" and self.path is None else f"actcli: {sentence}"


def choose_layout(
    format: str | None,  # noqa: A002 - the option's own name
    output: str | None,
    with_x: bool,
    digits: int | None,
    terminal: Terminal,
    rounded: Sequence[str] = _FOR_READERS,
) -> Layout:
    """Return the layout that --format, -o, --with-x and --digits request; raises UsageError when they disagree.

    `rounded` are the formats that --digits holds for.
    """
    if format is not None and format not in TEXT_FORMATS + FILE_FORMATS:
        raise UsageError(f"--format {format!r}: unknown format; choose one of {', '.join(TEXT_FORMATS)}")
    # compared by name: renaming a temporary file would replace the file that standard output goes to
    path = None if output is not None and is_standard_output(output) else output
    if path is not None:
        chosen = _format_of_file(path, format)
    elif format in FILE_FORMATS:
        raise UsageError(f"{format} is a binary file format; name the file with -o FILE.{format}")
    else:
        chosen = format or ("table" if terminal.stdout_is_tty else "plain")
    if digits is not None:
        _check_digits(digits, chosen, rounded)
    if with_x and chosen in _ONLY_RESULTS:
        raise UsageError(f"{chosen} holds only the results; leave out --with-x, or write csv, tsv or jsonl")
    return Layout(chosen, path, with_x, digits)


def choose_own_layout(own: Mapping[str, str], format_: str | None, output: str | None) -> Layout | None:
    """Return the layout in a format that only one command has, by --format or the suffix; None for all others.

    own: the formats, and their suffixes, `{"junit": ".xml"}`. Raises UsageError when the options disagree.
    """
    suffix = "" if output is None else plain_suffix(output)
    by_suffix = next((name for name, one in own.items() if one == suffix), None)
    wanted = format_ if format_ in own else None
    if wanted is None and (by_suffix is None or format_ is not None):
        if by_suffix is not None:
            raise UsageError(
                f"-o {output!r} is {by_suffix} by its suffix, but --format says {format_}; leave one of them out"
            )
        return None
    form = wanted or by_suffix or ""
    if output is None or is_standard_output(output):
        return Layout(form, None)
    if by_suffix != form and suffix:
        raise UsageError(f"-o {output!r}: {form} goes to a file that ends in {own[form]}")
    return Layout(form, output)


def is_standard_output(output: str) -> bool:
    """Return whether the argument of -o names standard output."""
    return output in _STANDARD_OUTPUT


def plain_suffix(output: str) -> str:
    """Return the suffix of a file in lower case, with its dot, without that of its packing: `.csv` of `x.csv.gz`."""
    return PurePath(without_packing(output)).suffix.lower()


def _format_of_file(path: str, option: str | None) -> str:
    if not path:
        raise UsageError("-o needs the name of a file, or - for standard output")
    suffix = plain_suffix(path)
    own = _FORMAT_OF_SUFFIX.get(suffix)
    packing = packing_named(path)
    if packing is not None:
        if own in _READ_IN_PLACE:
            raise UsageError(
                f"-o {path!r}: {suffix} files are not packed; leave out {packing.suffix}, or write .npy"
            )
        require_engine(packing, path)
    if own is None:
        if option is not None:
            return option
        suffixes = ", ".join(_FORMAT_OF_SUFFIX)
        raise UsageError(f"-o {path!r}: the suffix names no format; use one of {suffixes}, or --format")
    if option is None or option == own or (suffix == ".txt" and option in _FOR_READERS):
        return option or own
    raise UsageError(f"-o {path!r} is {own} by its suffix, but --format is {option}; leave one of them out")


def _check_digits(digits: int, chosen: str, rounded: Sequence[str]) -> None:
    if chosen not in rounded:
        *most, last = rounded
        raise UsageError(
            f"--digits belongs to --format {', '.join(most)} or {last}; {chosen} holds every number exactly"
        )
    if not 1 <= digits <= 17:
        raise UsageError(f"--digits {digits} is out of range; it takes 1 to 17")

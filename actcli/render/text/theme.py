"""The colours of charts, in a terminal and in figure files."""

from dataclasses import dataclass

from actcli.exits import UsageError


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours; curves take them in turn.

    Attributes:
        curves: SGR codes of the curves; an empty one is the terminal's default colour.
        frame: SGR code of axes and ticks.
        zero: SGR code of the lines through 0.
        data: SGR code of the user's numbers.
        inks: colours of the curves in figure files.
        dashes: line styles of the curves in figure files.
        tells_apart: whether curves differ by colour in a terminal.

    """

    curves: tuple[str, ...]
    frame: str
    zero: str
    data: str
    inks: tuple[str, ...]
    dashes: tuple[str, ...] = ("-",)
    tells_apart: bool = True


_OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

THEMES = {
    # the terminal's own sixteen colours
    "default": Theme(
        ("94", "91", "92", "95", "96", "93"),
        frame="",
        zero="2",
        data="33",
        inks=("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#17a2b8", "#e07b00", "#8c564b", "#5f6b7a"),
    ),
    # Okabe and Ito 2008, in the 256 colours
    "colorblind": Theme(
        ("38;5;32", "38;5;166", "38;5;36", "38;5;175", "38;5;178", "38;5;74"),
        frame="",
        zero="2",
        data="38;5;178",
        inks=_OKABE_ITO,
    ),
    # dark enough for a white background
    "light": Theme(
        ("38;5;25", "38;5;124", "38;5;28", "38;5;90", "38;5;30", "38;5;130"),
        frame="38;5;240",
        zero="38;5;250",
        data="38;5;94",
        inks=("#00429d", "#a50f15", "#1b6e1b", "#5e1a78", "#00626e", "#8a4b00"),
    ),
    # no colour: curves are bold and numbered; in figure files they have dashes
    "mono": Theme(
        ("1",),
        frame="",
        zero="2",
        data="",
        inks=("#000000",),
        dashes=("-", "--", ":", "-."),
        tells_apart=False,
    ),
}


def theme_named(name: str) -> Theme:
    """Return the theme of this name; raises UsageError that lists all names."""
    if name not in THEMES:
        raise UsageError(f"--theme {name!r}: unknown theme; choose one of {', '.join(THEMES)}")
    return THEMES[name]

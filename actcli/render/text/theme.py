"""The colours of charts: what a terminal is told, and the same for a figure in a file."""

from dataclasses import dataclass

from actcli.exits import UsageError


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by turns.

    Attributes:
        curves: the SGR code of each curve; an empty one is the terminal's own colour.
        frame: of axes and ticks.
        zero: of the lines through 0.
        data: of the user's numbers.
        inks: for figure files: a colour for each curve.
        dashes: for figure files: a line style for each curve.
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
    # the sixteen colours that the user has chosen for the terminal
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
    # no colour: bold curves, told apart by numbers; in figures by dashes
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
    """The theme; raises UsageError that lists the known ones."""
    if name not in THEMES:
        raise UsageError(f"--theme {name!r} is not known; choose one of {', '.join(THEMES)}")
    return THEMES[name]

"""The colours of text, tables and charts, in a terminal and in figure files."""

from actcli.dataclass import dataclass
from actcli.render.text.palette import GREYS, NIGHT, NIGHT_GREYS, PAPER
from actcli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours as SGR codes; a blank one is the terminal's own colour of text. Curves take theirs in turn.

    Attributes:
        curves: of the curves.
        red: what is wrong, such as dead units.
        green: what is best.
        yellow: what needs a look, such as infinities; and the user's numbers in a chart.
        cyan: names.
        dim: what is said in passing.
        zero: the lines through 0 of a chart.
        inks: colours of the curves in figure files, on white.
        night: the same on a dark page.
        tells_apart: whether curves differ by colour in a terminal.

    """

    curves: tuple[str, ...]
    red: str
    green: str
    yellow: str
    cyan: str
    dim: str
    zero: str
    inks: tuple[str, ...] = PAPER
    night: tuple[str, ...] = NIGHT
    tells_apart: bool = True

    def code(self, style: str) -> str:
        """Return the SGR code of a style in words: `bold`, `dim`, `red`, `bold green`."""
        codes = ("1" if word == "bold" else str(getattr(self, word)) for word in style.split())
        return ";".join(dict.fromkeys(filter(None, codes)))

    def paint(self, text: str, style: str) -> str:
        """Return the text between the style's code and a reset; the text alone where the style changes nothing."""
        code = self.code(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


THEMES = {
    # A terminal's sixteen colours may be any, so these are numbers of the other 240. They have a contrast of 4.5 with
    # white and with black, which only six of the 240 have.
    "auto": Theme(
        ("38;5;63", "38;5;131", "38;5;29", "38;5;163", "38;5;98", "38;5;243"),
        red="38;5;163",
        green="38;5;29",
        yellow="38;5;131",
        cyan="38;5;63",
        dim="38;5;243",
        zero="38;5;243",
    ),
    "light": Theme(
        ("38;5;25", "38;5;130", "38;5;28", "38;5;90", "38;5;24", "38;5;124"),
        red="38;5;124",
        green="38;5;28",
        yellow="38;5;94",
        cyan="38;5;25",
        dim="38;5;241",
        zero="38;5;248",
    ),
    "dark": Theme(
        ("38;5;75", "38;5;215", "38;5;114", "38;5;212", "38;5;80", "38;5;221"),
        red="38;5;203",
        green="38;5;114",
        yellow="38;5;221",
        cyan="38;5;80",
        dim="38;5;246",
        zero="38;5;240",
    ),
    # colours that all readers tell apart, and numbers, since there are three
    "colorblind": Theme(
        ("38;5;63", "38;5;131", "38;5;243"),
        red="38;5;131",
        green="38;5;63",
        yellow="38;5;131",
        cyan="38;5;63",
        dim="38;5;243",
        zero="38;5;243",
        tells_apart=False,
    ),
    # no colour: curves are bold and numbered; in figure files they are black and grey with dashes
    "mono": Theme(
        ("1",),
        red="1",
        green="1",
        yellow="",
        cyan="",
        dim="2",
        zero="2",
        inks=GREYS,
        night=NIGHT_GREYS,
        tells_apart=False,
    ),
}
_TRUE_COLORS = {
    "auto": Theme(
        (
            "38;2;15;116;221",
            "38;2;195;83;14",
            "38;2;3;136;61",
            "38;2;208;10;202",
            "38;2;21;131;131",
            "38;2;143;114;18",
            "38;2;118;89;251",
            "38;2;118;118;118",
        ),
        red="38;2;231;30;13",
        green="38;2;3;136;61",
        yellow="38;2;160;107;0",
        cyan="38;2;25;129;144",
        dim="38;2;118;118;118",
        zero="38;2;118;118;118",
    ),
}
"""Themes that are better where a terminal mixes its colours (COLORTERM); the contrast of 4.5 leaves any hue there."""


def theme_named(name: str, *, true_color: bool = False) -> Theme:
    """Return the theme of this name, of `actcli.terminal.THEMES`."""
    return _TRUE_COLORS.get(name, THEMES[name]) if true_color else THEMES[name]


def theme_of(terminal: Terminal) -> Theme:
    """Return the theme that a person chose."""
    return theme_named(terminal.theme, true_color=terminal.true_color)

"""The colours of charts, in a terminal and in figure files."""

from dataclasses import dataclass

from actcli.exits import UsageError
from actcli.render.text.palette import GREYS, NIGHT, NIGHT_GREYS, PAPER


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours; curves take them in turn.

    Attributes:
        curves: SGR codes of the curves; an empty one is the terminal's default colour.
        frame: SGR code of axes and ticks.
        zero: SGR code of the lines through 0.
        data: SGR code of the user's numbers.
        inks: colours of the curves in figure files, on white.
        night: the same on a dark page.
        tells_apart: whether curves differ by colour in a terminal.

    """

    curves: tuple[str, ...]
    frame: str
    zero: str
    data: str
    inks: tuple[str, ...] = PAPER
    night: tuple[str, ...] = NIGHT
    tells_apart: bool = True


THEMES = {
    # the terminal's own sixteen colours
    "default": Theme(
        ("94", "91", "92", "95", "96", "93"),
        frame="",
        zero="2",
        data="33",
    ),
    # Okabe and Ito 2008, in the 256 colours
    "colorblind": Theme(
        ("38;5;32", "38;5;166", "38;5;36", "38;5;175", "38;5;178", "38;5;74"),
        frame="",
        zero="2",
        data="38;5;178",
    ),
    # dark enough for a white background
    "light": Theme(
        ("38;5;25", "38;5;124", "38;5;28", "38;5;90", "38;5;30", "38;5;130"),
        frame="38;5;240",
        zero="38;5;250",
        data="38;5;94",
    ),
    # no colour: curves are bold and numbered; in figure files they are black and grey with dashes
    "mono": Theme(
        ("1",),
        frame="",
        zero="2",
        data="",
        inks=GREYS,
        night=NIGHT_GREYS,
        tells_apart=False,
    ),
}


def theme_named(name: str) -> Theme:
    """Return the theme of this name; raises UsageError that lists all names."""
    if name not in THEMES:
        raise UsageError(f"--theme {name!r}: unknown theme; choose one of {', '.join(THEMES)}")
    return THEMES[name]

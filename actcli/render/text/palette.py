"""The colours and line styles that tell curves apart, on white paper and on a dark page.

The colours are those of Okabe and Ito (2008), moved until they keep a contrast of 3:1 with their background and stay
apart for readers with deuteranopia, protanopia and tritanopia (Machado et al. 2009). Yellow is left out: it vanishes on
white.
"""

from actcli.dataclass import dataclass

PAPER = ("#0068b8", "#e65f00", "#000000", "#0d9376", "#ca78a9", "#5598e1", "#a65903", "#7b3b8b")
"""Blue, vermilion, black, green, pink, sky blue, brown, purple: on white."""

NIGHT = ("#309aff", "#ff8f1b", "#ffffff", "#168f7e", "#e89fab", "#9fd0ff", "#c17918", "#b073c3")
"""The same colours on a dark page."""

GREYS, NIGHT_GREYS = ("#000000", "#808080"), ("#ffffff", "#808890")
"""Inks of a picture without colour."""

DATA = "#b07a00"
"""The user's numbers, on white."""

DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1, 1.6),
    (7, 2, 1.2, 2),
    (3, 1.2, 3, 4),
    (9, 4),
    (7, 1.6, 1.2, 1.6, 1.2, 1.6),
)
"""Line styles: lengths of ink and gap in line widths; the first is a whole line."""

_WIDTHS = (1.0, 2.2, 0.5)
_READABLE = 4.5
"""The contrast that text needs (WCAG 2.1, success criterion 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one curve looks.

    Attributes:
        ink: the number of its colour.
        dash: its line style, as in `DASHES`.
        width: its width relative to the first curves'.

    """

    ink: int
    dash: tuple[float, ...]
    width: float


def look_of(curve: int, inks: int) -> Look:
    """Return how the curve with this number, from 0, looks among so many colours.

    Colours are used up first, then line styles, then widths, so the first 21 * inks curves all look different.
    """
    turn, ink = divmod(curve, inks)
    wider, dash = divmod(turn, len(DASHES))
    return Look(ink, DASHES[dash], _WIDTHS[wider % len(_WIDTHS)])


def contrast(ink: str, background: str) -> float:
    """Return the contrast ratio of two colours `#rrggbb`, from 1 to 21 (WCAG 2.1)."""
    low, high = sorted((_luminance(ink), _luminance(background)))
    return (high + 0.05) / (low + 0.05)


def text_ink(ink: str, background: str = "#ffffff") -> str:
    """Return a colour for text: the same one, moved away from the background until it can be read."""
    goal = 0 if _luminance(background) > 0.5 else 255
    channels = _channels(ink)
    for step in range(21):
        mixed = [round(channel + (goal - channel) * step / 20) for channel in channels]
        ink = "#" + "".join(f"{channel:02x}" for channel in mixed)
        if contrast(ink, background) >= _READABLE:
            break
    return ink


def light_ink(ink: str, share: float = 0.15) -> str:
    """Return a colour as it looks on white where so much of it is left."""
    return "#" + "".join(f"{round(255 - share * (255 - channel)):02x}" for channel in _channels(ink))


def _channels(ink: str) -> list[int]:
    return [int(ink[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(ink: str) -> float:
    shares = [channel / 255 for channel in _channels(ink)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

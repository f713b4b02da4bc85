"""Themes: readable on the backgrounds they are for, by the formula of WCAG 2.1, and one place for all colours."""

import re

import pytest

from actcli.render.output.surface import Surface, rich_style
from actcli.render.text.theme import THEMES, theme_named
from actcli.terminal import THEMES as NAMES

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
LEVELS = (0, 95, 135, 175, 215, 255)
WORDS = ("red", "green", "yellow", "cyan", "dim")


def rgb(code):
    """The colour of an SGR code, from the usual 240 colours above the terminal's own sixteen."""
    kind, *numbers = (int(part) for part in code.removeprefix("38;").split(";"))
    if kind == 2:
        return tuple(numbers)
    (number,) = numbers
    assert kind == 5
    assert number >= 16  # the sixteen may be any colours
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    red, rest = divmod(number - 16, 36)
    return tuple(LEVELS[level] for level in (red, *divmod(rest, 6)))


def luminance(color):
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula():
    assert contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast((0x77,) * 3, WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("true_color", [False, True])
@pytest.mark.parametrize(
    ("name", "background"),
    [
        ("auto", WHITE),
        ("auto", BLACK),
        ("colorblind", WHITE),
        ("colorblind", BLACK),
        ("light", WHITE),
        ("dark", BLACK),
        ("dark", (30, 30, 30)),
    ],
)
def test_every_text_can_be_read(name, background, true_color):
    theme = theme_named(name, true_color=true_color)
    for code in (*theme.curves, *(theme.code(word) for word in WORDS)):
        assert contrast(rgb(code), background) >= 4.5, code
    assert len(set(theme.curves)) == len(theme.curves)


def test_mono_has_no_colour():
    assert {THEMES["mono"].code(word) for word in WORDS} <= {"", "1", "2"}
    assert THEMES["mono"].curves == ("1",)


def test_themes_are_those_of_the_command_line():
    assert tuple(THEMES) == NAMES


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("true_color", [False, True])
@pytest.mark.parametrize("style", [*WORDS, *(f"bold {word}" for word in WORDS), "bold"])
def test_rich_paints_what_we_paint(name, true_color, style):
    from rich.color import ColorSystem
    from rich.style import Style

    surface = Surface(80, True, True, "utf-8", False, name, true_color)
    painted = Style.parse(rich_style(surface, style)).render("x", color_system=ColorSystem.TRUECOLOR)
    ours = surface.colors.paint("x", style)
    assert sorted(re.findall(r"\d+", painted)) == sorted(set(re.findall(r"\d+", ours))) or painted == ours


def test_a_style_that_changes_nothing_paints_nothing():
    assert THEMES["mono"].paint("x", "cyan") == "x"
    assert THEMES["auto"].paint("", "bold red") == ""
    assert THEMES["auto"].paint("x", "") == "x"

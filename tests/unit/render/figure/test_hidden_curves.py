"""No curve is hidden under another: with colours, with characters, and in words."""

import re
from itertools import pairwise

import pytest

from actcli import activation
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity, build_figure
from actcli.render.figure.coincidence_text import coincidence_sentences
from actcli.render.figure.figure_text import Style, figure_text
from actcli.render.text.theme import theme_named

BOTH = [Quantity(0), Quantity(1)]


def figure(*specs, quantities=BOTH):
    return build_figure([activation(spec) for spec in specs], quantities, (-5.0, 5.0), 2000)


def chart(*specs, marker="braille", color=False, width=80, height=24, quantities=BOTH, points=()):
    style = Style(width, height, marker, color, theme_named("auto"))
    return figure_text(figure(*specs, quantities=quantities), style, points=points)


def inks(line):
    """The colour of each character of a painted line; blank without one."""
    colours, now = [], ""
    for i, piece in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        if i % 2:
            now = "" if piece == "0" else piece
        else:
            colours += [(character, now) for character in piece]
    return colours


@pytest.mark.parametrize("specs", [("relu", "leaky_relu"), ("leaky_relu", "relu"), ("relu", "max(0,x)")])
def test_both_colours_run_along_a_shared_part(specs):
    blue, red = theme_named("auto").curves[:2]
    for painted in chart(*specs, color=True).splitlines():
        ran = [ink for character, ink in inks(painted)[1:-12] if "\u2800" < character <= "\u28ff"]
        if len(ran) > 12:  # along an axis
            assert abs(ran.count(blue) - ran.count(red)) <= 3
            changes = sum(a != b for a, b in pairwise(ran))
            assert len(ran) / 4 <= changes <= len(ran) / 2


def test_characters_take_turns():
    lines = [line for line in chart("relu", "leaky_relu", marker="ascii").splitlines() if "***ooo***" in line]
    assert len(lines) == 3  # f left of 0, f' on both sides


def test_three_curves_take_turns():
    assert "***oooxxx***oooxxx" in chart("relu", "leaky_relu", "elu", marker="ascii")


def test_numbers_stand_together_where_nothing_else_tells_curves_apart():
    text = chart("relu", "leaky_relu")
    assert len(re.findall("[\u2801-\u28ff]12[\u2801-\u28ff]", text)) == 4


def test_the_leak_is_in_the_caption():
    text = chart("relu", "leaky_relu")
    assert len(text.splitlines()) == 24
    assert text.splitlines()[-2:] == [
        "f(x): leaky_relu = relu for x ≥ 0, at most 0.05 apart elsewhere.",
        "f'(x): leaky_relu = relu for x > 0, 0.01 apart elsewhere.",
    ]
    ascii_text = chart("relu", "leaky_relu", marker="ascii")
    assert ascii_text.isascii()
    assert "leaky_relu = relu for x >= 0, at most 0.05 apart elsewhere." in ascii_text


@pytest.mark.parametrize("marker", ["braille", "ascii"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_caption_keeps_the_size_and_holds_conditions_together(marker, width):
    lines = chart("relu", "leaky_relu", "elu", "leaky_relu:0.3", marker=marker, width=width).splitlines()
    assert len(lines) == 24
    assert max(map(len, lines)) <= width
    assert not any(line.endswith((" x", "≥", ">", ">=", "=")) for line in lines)


def test_a_low_chart_has_no_caption_but_shows_both():
    lines = chart("relu", "leaky_relu", marker="ascii", height=12).splitlines()
    assert len(lines) == 12
    assert not any("apart" in line for line in lines)
    assert any("***ooo***" in line for line in lines)


def test_curves_apart_have_no_caption():
    assert "apart" not in chart("sine", "relu")
    assert "within" not in chart("sine", "relu")


def test_data_stay_on_top():
    f, g = activation("relu"), activation("leaky_relu")
    x = build_figure([f], [Quantity(0)], (-5.0, 5.0), 40).panels[0].curves[0].segments[0][0]
    text = chart(
        "relu", "leaky_relu", marker="ascii", quantities=[Quantity(0)], points=[(x, f(x)), (x, g(x))]
    )
    assert text.count("O") >= 40


def test_a_name_from_elsewhere_is_printable_and_short():
    (one,) = coincidence_sentences(
        figure("relu", "0*x+max(0,x)+0*x*x*x*x*x*x*x*x*x", quantities=BOTH[:1]), "linear", 9
    )
    assert len(one) < 60
    (x, y) = figure("relu").panels[0].curves[0].segments[0]
    panel = Panel("q", (Curve("a", "q", "a", ((x, y),)), Curve("b", "q", "\x1b[31mb\n", ((x, y),))))
    assert "\x1b" not in coincidence_sentences(Figure((panel,), (-5, 5)), "linear", 9)[0]


def test_along_epochs_only_equal_curves_are_mentioned():
    assert coincidence_sentences(figure("relu", "gelu", "leaky_relu"), "linear", 9, axis="epoch") == []
    assert coincidence_sentences(
        figure("relu", "max(0,x)", quantities=BOTH[:1]), "linear", 9, axis="epoch"
    ) == ["max(0,x) =\N{NO-BREAK SPACE}relu."]


def test_at_most_four_statements_and_how_many_more():
    curves = [f"x if x>0 else {i}*x" for i in range(2, 9)]
    (one,) = coincidence_sentences(figure("identity", *curves, quantities=BOTH[:1]), "linear", 9)
    assert one.count(";") <= 4

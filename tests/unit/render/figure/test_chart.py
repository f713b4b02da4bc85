"""Charts as characters: ticks at round numbers, curves where they belong, names at their ends."""

from dataclasses import replace

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity, build_figure
from actcli.exits import UsageError
from actcli.render.figure.figure_text import Style, _stagger, figure_text
from actcli.render.figure.scale import Scale, round_numbers, tick_texts, y_scale
from actcli.render.text.theme import THEMES

VALUE = (Quantity(0),)


def chart(*specs, quantities=VALUE, between=(-5.0, 5.0), overlay=False, **more):
    style = {
        "width": 60,
        "height": 16,
        "marker": "braille",
        "color": False,
        "theme": THEMES["auto"],
    } | more
    functions = [activation(spec) for spec in specs]
    return figure_text(build_figure(functions, quantities, between, 2000, overlay=overlay), Style(**style))


def test_round_numbers():
    assert round_numbers(-5, 5, 11) == [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]
    assert round_numbers(-0.05, 1.05, 4) == [0, 0.5, 1]
    assert round_numbers(0, 3e8, 4) == [0, 1e8, 2e8, 3e8]
    for low, high in ((-1e307, 1e307), (1e-300, 2e-300), (99.0, 99.001), (-7.3, 11.9)):
        for most in range(2, 12):
            assert 1 <= len(round_numbers(low, high, most)) <= most


def test_tick_texts():
    assert tick_texts([-0.5, 0, 0.5]) == ["-0.5", "0.0", "0.5"]
    assert tick_texts([0, 2e8, 4e8]) == ["0", "2e8", "4e8"]
    assert tick_texts([100, 100.0005]) == ["100.0000", "100.0005"]
    assert tick_texts([0]) == ["0"]


def test_scales_go_from_0_to_1():
    for scale in (Scale("linear", -2, 6), Scale("log", 1e-3, 1e4), Scale("symlog", -5, 100, 0.1)):
        ends = scale.place(np.array([scale.low, scale.high]))
        assert ends.tolist() == pytest.approx([0, 1])
        assert all(0 <= tick.place <= 1 for tick in scale.ticks(6))
    assert np.isnan(Scale("log", 1, 10).place(np.array([0.0, -1.0]))).all()


def test_a_scale_has_two_ticks_at_least_however_few_were_wanted():
    for low, high in (
        (-1.1, 1.1),
        (-0.05, 1.05),
        (3.1, 3.9),
        (-7.3, 11.9),
        (1e-300, 2e-300),
        (-1e307, 1e307),
    ):
        for most in range(1, 12):
            assert 2 <= len(Scale("linear", low, high).ticks(most)) <= max(most, 4)


@pytest.mark.parametrize("name", ["tanh", "hard_tanh", "softsign", "erf", "sigmoid", "relu", "gelu", "logit"])
@pytest.mark.parametrize("height", range(8, 16))
def test_the_y_axis_has_a_scale_however_low_the_chart(name, height):
    labels = [line.partition("┤")[0].partition("┼")[0] for line in chart(name, height=height).splitlines()]
    assert sum(label.strip().lstrip("-").replace(".", "").isdigit() for label in labels) >= 2


def test_a_scale_has_air_and_copes_with_constants():
    scale = y_scale("linear", [np.array([0.0, 1.0])], "f(x)")
    assert (scale.low, scale.high) == pytest.approx((-0.05, 1.05))
    scale = y_scale("linear", [np.zeros(3)], "f(x)")
    assert (scale.low, scale.high) == (-1, 1)
    scale = y_scale("linear", [np.array([-1.7e308, 1.7e308])], "f(x)")
    assert np.isfinite([scale.low, scale.high]).all()
    assert y_scale("linear", [], "f(x)").low == -1


def test_a_logarithm_needs_something_above_0():
    with pytest.raises(UsageError, match="--log-y: f'\\(x\\) has no value above 0"):
        y_scale("log", [np.array([-1.0, 0.0])], "f'(x)")


@pytest.mark.parametrize("marker", ["braille", "block", "dot", "ascii"])
@pytest.mark.parametrize("size", [(40, 8), (80, 24), (300, 100)])
def test_the_size_is_kept(marker, size):
    lines = chart("gelu", "relu", marker=marker, width=size[0], height=size[1]).splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]


def test_ascii_is_ascii_and_tells_curves_apart():
    text = chart("relu", "sigmoid", "sine", "step", marker="ascii", width=80)
    assert text.isascii()
    for sign, name in zip("*ox#", ("relu", "sigmoid", "sine", "step"), strict=True):
        assert f" {sign} {name}" in text
        assert text.count(sign) > 5


def test_names_never_share_a_line():
    names = ["relu", "leaky_relu", "gelu", "silu", "mish", "elu"]
    lines = chart(*names, width=80).splitlines()
    for i, name in enumerate(names, 1):
        assert sum(line.endswith(f" {i} {name}") for line in lines) == 1


def test_names_stay_in_order_and_inside():
    assert [line for line, _ in _stagger([(1, 0), (1, 1), (1, 2)], 10)] == [1, 2, 3]
    assert [line for line, _ in _stagger([(10, 0), (10, 1), (9, 2)], 10)] == [8, 9, 10]


def test_long_names_become_a_key():
    text = chart("softplus:beta=2,threshold=20", "torch.LeakyReLU:negative_slope=0.2", width=70)
    assert text.splitlines()[-2:] == [
        "1 softplus:beta=2,threshold=20",
        "2 torch.LeakyReLU:negative_slope=0.2",
    ]
    assert any(line.endswith("│ 1") for line in text.splitlines())


def test_without_colour_numbers_stand_on_the_curves_and_with_colour_not():
    plain = chart("relu", "sigmoid")
    colored = chart("relu", "sigmoid", color=True)
    assert "1 relu" in plain
    assert "1 relu" not in colored
    assert "\x1b[38;5;63m relu\x1b[0m" in colored.replace(" \x1b[38;5;63mrelu", "\x1b[38;5;63m relu")
    assert "\x1b" not in plain


def test_every_line_ends_without_colour():
    for line in chart("relu", "sigmoid", color=True).splitlines():
        assert "\x1b[" not in line or line.endswith("\x1b[0m") or line[-1] in "│┤┐┘0123456789"


def test_mono_uses_no_colour_but_bold():
    text = chart("relu", "sigmoid", color=True, theme=THEMES["mono"])
    assert "\x1b[1m" in text
    assert "\x1b[9" not in text
    assert "1 relu" in text


def test_a_jump_is_not_joined():
    lines = chart("step", marker="ascii", between=(-3.0, 3.0)).splitlines()
    assert sum("*" in line.partition("step")[0] for line in lines) == 2


def test_panels_share_the_axis_of_x():
    lines = chart("relu", quantities=(Quantity(0), Quantity(1)), height=20).splitlines()
    tops = [line for line in lines if "┌" in line]
    assert ["f(x)" in tops[0], "f'(x)" in tops[1]] == [True, True]
    assert len({len(line) for line in tops}) == 1
    assert sum(line.split() == ["-4", "-2", "0", "2", "4"] for line in lines) == 1


def test_overlay_puts_all_in_one_frame():
    text = chart("tanh", quantities=(Quantity(0), Quantity(1)), overlay=True)
    assert text.count("┌") == 1
    assert "1 tanh" in text
    assert "2 tanh'(x)" in text


def test_too_narrow_says_how_wide_it_must_be():
    with pytest.raises(UsageError, match=r"--width \d+ is too narrow for this chart; at least \d+"):
        chart("leaky_relu", "exponential", between=(-700.0, 700.0), width=20)


def test_too_low():
    with pytest.raises(UsageError, match="--height is too small"):
        chart("relu", quantities=(Quantity(0), Quantity(1), Quantity(2)), height=10)


@pytest.mark.parametrize("spec", ["exponential", "relu_squared", "logit", "identity", "sine"])
@pytest.mark.parametrize("kind", ["linear", "symlog"])
@pytest.mark.parametrize("between", [(-1e300, 1e300), (-1e-290, 1e-290), (700.0, 720.0), (1e6, 1.001e6)])
def test_extreme_ranges_are_drawn_or_refused(spec, kind, between):
    lines = chart(spec, between=between, y_kind=kind, width=100).splitlines()
    assert len(lines) == 16
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("bias", ["1e308", "-1e308", "1.79e308"])
def test_a_constant_near_the_largest_number_is_drawn(bias):
    text = chart(f"star_relu:bias={bias}")
    assert any(dots in text for dots in ("⠉⠉⠉", "⠒⠒⠒", "⠤⠤⠤", "⣀⣀⣀"))


def measured(curves):
    """Curves from 0 to 1, each with a band of 0.3 on either side."""
    x = np.linspace(0, 4, 5)
    y = np.array([0.0, 0.5, 0.5, 0.5, 1.0])
    own = Curve("f", "score", "f", ((x, y),), (x, y - 0.3, y + 0.3))
    return Figure((Panel("score", (own,) * curves),), (0.0, 4.0))


def bare(found):
    return replace(
        found,
        panels=tuple(replace(p, curves=tuple(replace(c, band=None) for c in p.curves)) for p in found.panels),
    )


@pytest.mark.parametrize("marker", ["ascii", "braille"])
def test_a_band_has_dotted_edges_beneath_the_curve(marker):
    style = Style(60, 14, marker, color=False, theme=THEMES["auto"])
    with_band, without = (figure_text(f, style).splitlines() for f in (measured(1), bare(measured(1))))
    # in the middle the curve lies at 0.5, the edges at 0.2 and 0.8
    column = slice(29, 31)
    inked = [row for row, line in enumerate(with_band) if line[1:-1][column].strip(" ─-")]
    assert len(inked) == len([row for row, line in enumerate(without) if line[1:-1][column].strip(" ─-")]) + 2
    if marker == "ascii":
        curve = [line.count("*") for line in without]
        assert [line.count("*") for line in with_band] == curve


def test_of_many_curves_no_bands_are_drawn():
    style = Style(60, 14, "braille", color=True, theme=THEMES["auto"])
    assert figure_text(measured(5), style) == figure_text(bare(measured(5)), style)

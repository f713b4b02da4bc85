"""Texts on charts: names as papers have them, mathtext without matplotlib, what a range of y shows, labels apart."""

from itertools import pairwise

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.figure.curves import Quantity, build_figure
from actcli.exits import UsageError
from actcli.render.figure.figure_text import Style
from actcli.render.figure.lettered import crop, letter_figure
from actcli.render.figure.lettering import Lettering
from actcli.render.figure.paper_names import paper_name, paper_quantity
from actcli.render.figure.spread import spread
from actcli.render.text.mathtext import literal, plain_text
from actcli.render.text.theme import theme_named

VALUE = (Quantity(),)
STYLE = Style(width=80, height=24, marker="braille", color=False, theme=theme_named("auto"))


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("relu", "ReLU"),
        ("leaky_relu:0.1", "Leaky ReLU, α = 0.1"),
        ("leaky_relu:alpha=0.01", "Leaky ReLU, α = 0.01"),
        ("torch.LeakyReLU:negative_slope=0.2", "Leaky ReLU (PyTorch), α = 0.2"),
        ("relu6", "ReLU6"),
        ("relu_squared", "ReLU²"),
        ("gelu_tanh", "GELU (tanh)"),
        ("hard_tanh:-2,2", "Hard tanh, min = −2, max = 2"),
        ("silu", "SiLU"),
        ("swiglu", "SwiGLU"),
        ("tanh", "tanh"),
        ("xielu", "xIELU"),
        ("hard_elish", "Hard ELiSH"),
        ("x*tanh(b*x):b=2", "x·tanh(b·x), b = 2"),
        ("x**2-1e-3", "x²−1e-3"),
        ("relu/relu/tanh", "ReLU / ReLU / tanh"),
        ("relu lr 0.1", "ReLU, lr 0.1"),
        ("no such thing", "no such thing"),
    ],
)
def test_functions_as_papers_name_them(spec, name):
    assert paper_name(spec) == name


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        ("f(x)", "f(x)"),
        ("f''(x)", "f ′′(x)"),
        ("f^(7)(x)", "f⁽⁷⁾(x)"),
        ("df/dalpha", "∂f/∂α"),
        ("loss $", "loss $"),
    ],
)
def test_quantities_are_mathtext(quantity, shown):
    assert plain_text(paper_quantity(quantity)).replace(" ", "") == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"$x\,\sigma(x)$", "x σ(x)"),
        (r"$10^{-12}$", "10⁻¹²"),
        (r"$\frac{1}{1+e^{-x}}$", "1/(1+e⁻ˣ)"),
        (r"$\alpha_1$ and $\Lambda$", "α₁ and Λ"),
        (r"$x^{ab}$", "x^(ab)"),
        (r"\$5 and \$6", "$5 and $6"),
        ("a$b", "a$b"),
        (r"$\max(0, \sin x)$", "max(0, sin x)"),
        (literal("$x$"), "$x$"),
    ],
)
def test_mathtext_as_plain_text(source, text):
    assert plain_text(source) == text


def lettered(*specs, form="svg", overlay=False, quantities=VALUE, **texts):
    figure = build_figure([activation(spec) for spec in specs], quantities, (-5.0, 5.0), 101, overlay=overlay)
    return letter_figure(figure, STYLE, Lettering(**texts), form)


def names(figure):
    return [[curve.label for curve in panel.curves] for panel in figure.panels]


def test_a_long_formula_is_short_and_whole_in_the_caption():
    long = "x*sigmoid(1.702*x)+0.05*sin(3*x)-1.5"
    figure, style = lettered("relu", long, quantities=(Quantity(), Quantity(1)))
    assert names(figure) == [["ReLU", "f₁(x)"]] * 2
    assert style.caption == ("f₁(x) = x·sigmoid(1.702·x)+0.05·sin(3·x)−1.5.",)
    plain, style = lettered("relu", long, form="text")
    assert names(plain) == [["relu", long]]
    assert not style.caption


def test_equal_names_are_those_that_were_typed():
    figure, _ = lettered("leaky_relu", "lrelu", "relu")
    assert names(figure) == [["leaky_relu", "lrelu", "ReLU"]]


def test_a_label_is_for_the_function_that_was_typed():
    figure, _ = lettered("leaky_relu:alpha=0.1", "relu", labels=("leaky_relu:alpha=0.1=$a=1$",))
    assert names(figure) == [["$a=1$", "ReLU"]]
    figure, _ = lettered("gelu", quantities=(Quantity(), Quantity(1)), overlay=True, labels=("gelu=G",))
    assert names(figure)[0][0] == "G"
    assert names(figure)[0][1].startswith("G, $f")
    with pytest.raises(UsageError, match="one of these names: relu"):
        lettered("relu", labels=("gelu=G",))


def test_a_dollar_sign_in_a_name_is_no_mathtext():
    figure, _ = lettered("relu", form="text", labels=(r"relu=\$x\$",))
    assert names(figure) == [["$x$"]]


def test_crop_ends_a_curve_where_it_leaves_the_range():
    figure = build_figure([activation("identity")], (Quantity(),), (-5.0, 5.0), 4)
    ((x, y),) = crop(figure, (-1.0, 2.0), "linear").panels[0].curves[0].segments
    assert (x[0], y[0], x[-1], y[-1]) == pytest.approx((-1, -1, 2, 2))


def test_crop_breaks_a_curve_that_leaves_and_comes_back():
    figure = build_figure([activation("sine")], (Quantity(),), (0.0, 4 * np.pi), 2001)
    segments = crop(figure, (-2.0, 0.5), "linear").panels[0].curves[0].segments
    assert len(segments) == 3
    assert segments[1][0][0] == pytest.approx(5 * np.pi / 6, abs=1e-4)
    assert max(y.max() for _, y in segments) == 0.5


def test_labels_move_apart_as_little_as_can_be():
    assert spread([5, 5, 5, 1], [1, 1, 1, 1], 0, 5) == [4.5, 3.5, 2.5, 1.0]
    assert spread([2, 8], [1, 1], 0, 10) == [2, 8]
    assert spread([5, 5], [2, 2], 0, 10) == [6, 4]
    assert spread([], [], 0, 1) == []


def test_labels_stay_apart_and_inside():
    random = np.random.default_rng(3)
    for _ in range(200):
        count = int(random.integers(1, 12))
        heights = random.uniform(0.1, 1, count).tolist()
        wanted = random.uniform(-3, 15, count).tolist()
        places = spread(wanted, heights, 0, 12)
        order = sorted(range(count), key=places.__getitem__)
        ends = [(places[i] - heights[i] / 2, places[i] + heights[i] / 2) for i in order]
        assert ends[0][0] >= -1e-9
        assert ends[-1][1] <= 12 + 1e-9
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(ends))

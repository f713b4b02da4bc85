"""Pictures by matplotlib: where texts stand, by matplotlib's own boxes; what the files hold."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity, build_figure
from actcli.render.figure.figure_text import Style
from actcli.render.figure.lettered import letter_figure
from actcli.render.figure.lettering import Lettering
from actcli.render.figure.page import SIZES, Paper, Size
from actcli.render.text.theme import THEMES, theme_named

pytest.importorskip("matplotlib")

from actcli.render.figure import drawn

BOTH = (Quantity(), Quantity(1))
STYLE = Style(width=80, height=24, marker="braille", color=False, theme=theme_named("auto"))
RECTIFIERS = ("relu", "leaky_relu:0.1", "gelu", "silu")
TEN = (*RECTIFIERS, "elu", "tanh", "sigmoid", "mish", "softplus", "selu")
FORMULA = "x*sigmoid(1.702*x)+0.05*sin(3*x)-1.5"
SVG = "{http://www.w3.org/2000/svg}"


def picture(*specs, form="svg", quantities=BOTH, paper=None, style=STYLE, **texts):
    figure = build_figure([activation(spec) for spec in specs], quantities, (-5.0, 5.0), 401)
    return drawn.drawn_figure(form, *letter_figure(figure, style, Lettering(**texts), form), paper or Paper())


def texts_of(svg):
    root = ET.fromstring(svg)  # noqa: S314 - our own file
    return ["".join("".join(one.itertext()).split()) for one in root.iter(f"{SVG}text")]


@pytest.fixture
def pages(monkeypatch):
    """Every page that would be saved, with a check of its texts' boxes."""
    kept = []

    def look(page, _):
        from matplotlib.text import Text

        boxes = []
        for text in page.findobj(Text):
            box = text.get_window_extent()
            inside = text.axes is None or text.get_in_layout()
            if text.get_visible() and text.get_text().strip() and inside and box.width:
                boxes.append((text.get_text(), box))
        kept.append((page, boxes))
        return b""

    monkeypatch.setattr(drawn, "save", look)
    return kept


CASES = {
    "column": ((*RECTIFIERS,), Paper(size=SIZES["column"])),
    "end": ((*RECTIFIERS,), Paper(size=SIZES["column"], legend="end")),
    "page": (TEN, Paper(size=SIZES["page"], legend="end")),
    "slide": (RECTIFIERS, Paper(size=SIZES["slide"], columns=2)),
    "below": (TEN, Paper(size=SIZES["column"], legend="out")),
    "formula": (("relu", FORMULA), Paper(size=Size(3.0, 4.0, 8.0, chosen=True))),
}


@pytest.mark.parametrize("name", CASES)
def test_no_text_lies_on_another_or_leaves_the_page(pages, name):
    specs, paper = CASES[name]
    picture(
        *specs, paper=paper, title="A title of some length over the whole picture, which may need two lines"
    )
    ((page, boxes),) = pages
    ticks = {id(label) for one in page.axes for label in (*one.get_xticklabels(), *one.get_yticklabels())}
    assert ticks
    names = [(text, box) for text, box in boxes if not text.startswith("$\\mathdefault")]
    assert len(names) >= len(specs)
    for _, box in names:
        assert box.x0 >= -2
        assert box.y0 >= -2
        assert box.x1 <= page.bbox.x1 + 2
        assert box.y1 <= page.bbox.y1 + 2
    for (one, a), (other, b) in combinations(names, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width <= 1 or height <= 1, (one, other)


def test_names_do_not_lie_on_the_axes(pages):
    picture(*RECTIFIERS, paper=Paper(size=SIZES["page"], legend="end"))
    ((page, boxes),) = pages
    labels = [box for text, box in boxes if "ReLU" in text or text in {"GELU", "SiLU"}]
    assert len(labels) == 8
    assert all(box.x0 > one.bbox.x1 for box in labels for one in page.axes)
    assert all(
        any(one.bbox.y0 - 1 <= box.y0 and box.y1 <= one.bbox.y1 + 1 for one in page.axes) for box in labels
    )


def test_panels_and_their_names_are_aligned(pages):
    picture("relu", "exponential", quantities=(*BOTH, Quantity(2)))
    ((page, _),) = pages
    assert len({round(one.bbox.x0, 3) for one in page.axes}) == 1
    assert len({round(one.yaxis.label.get_window_extent().x1, 1) for one in page.axes}) == 1


def test_columns_stand_side_by_side(pages):
    picture("relu", quantities=(*BOTH, Quantity(2)), paper=Paper(columns=2))
    ((page, _),) = pages
    assert len({round(one.bbox.x0) for one in page.axes}) == 2
    assert [bool(one.get_xlabel()) for one in page.axes] == [False, True, True]


@pytest.mark.parametrize("theme", THEMES)
def test_no_two_of_forty_curves_look_the_same(pages, theme):
    x = np.array([0.0, 1.0])
    curves = tuple(Curve(f"c{i}", "f(x)", f"c{i}", ((x, x + i),)) for i in range(40))
    style = replace(STYLE, theme=THEMES[theme])
    drawn.drawn_figure("svg", Figure((Panel("f(x)", curves),), (0.0, 1.0)), style, Paper())
    ((page, _),) = pages
    looks = {
        (line.get_color(), line._unscaled_dash_pattern, line.get_linewidth())
        for line in page.axes[0].get_lines()
        if len(set(line.get_ydata())) > 1 and line.get_color() != "0.8"
    }
    assert len(looks) == 40


def test_text_in_svg_stays_text():
    texts = texts_of(picture(*RECTIFIERS, title="A title"))
    assert {"ReLU", "LeakyReLU,α=0.1", "GELU", "SiLU", "Atitle", "x", "f(x)", "−4"} <= set(texts)


def test_a_formula_is_whole_in_the_caption():
    texts = texts_of(picture("relu", FORMULA, quantities=BOTH[:1]))
    assert "f₁(x)" in texts
    assert "f₁(x)=x·sigmoid(1.702·x)+0.05·sin(3·x)−1.5." in texts


def test_a_name_with_dollars_is_no_mathtext():
    x = np.array([0.0, 1.0])
    figure = Figure((Panel("a $ b $ c", (Curve("$x$", "", "$\\nope$", ((x, x),)),)),), (0.0, 1.0))
    svg = drawn.drawn_figure("svg", *letter_figure(figure, STYLE, Lettering(), "svg"), Paper())
    assert {"$\\nope$", "a$b$c"} <= set(texts_of(svg))


def test_fonts_are_embedded():
    pdf, eps = (picture("relu", form=form, title=r"$\alpha$") for form in ("pdf", "eps"))
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"/FontType 42" in eps
    assert b"%%CreationDate" not in eps


def test_the_size_is_that_of_the_paper():
    for size, points in ((SIZES["column"], 252), (Size(9 / 2.54, 6 / 2.54, 8.0, chosen=True), 255.118)):
        pdf = picture("relu", form="pdf", quantities=BOTH[:1], paper=Paper(size=size))
        width, height = map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf).groups())
        assert width == pytest.approx(points, abs=0.01)
        assert size.height is None or height == pytest.approx(size.height * 72, abs=0.01)


def test_pixels_are_inches_times_dpi():
    png = picture("relu", form="png", paper=Paper(size=Size(3.0, 2.5, 8.0, chosen=True), dpi=100))
    assert [int.from_bytes(png[at : at + 4]) for at in (16, 20)] == [300, 250]


def test_a_logarithmic_axis_has_powers_of_ten():
    texts = texts_of(picture("gaussian", quantities=BOTH[:1], style=replace(STYLE, y_kind="log")))
    assert {"10−10", "10−8"} & set(texts)


def test_epochs_are_whole(pages):
    x = np.array([0.0, 1.0, 2.0])
    figure = Figure((Panel("loss", (Curve("relu", "", "relu", ((x, x),)),)),), (0.0, 2.0))
    drawn.drawn_figure("svg", figure, replace(STYLE, axis="epoch", whole=True, x_label="epoch"), Paper())
    ((page, _),) = pages
    assert all(tick == round(tick) for tick in page.axes[0].get_xticks())


def test_a_style_wins_over_our_settings(pages):
    settings = {"axes.spines.top": True, "axes.prop_cycle": __import__("cycler").cycler(color=["#123456"])}
    picture("relu", "gelu", paper=Paper(settings=settings))
    ((page, _),) = pages
    assert page.axes[0].spines["top"].get_visible()
    assert {line.get_color() for line in page.axes[0].get_lines()} == {"#123456", "0.8"}


def test_the_settings_of_a_person_win_and_none_starts_a_program(pages):
    import matplotlib as mpl

    with mpl.rc_context(
        {"legend.frameon": False, "axes.spines.right": True, "text.usetex": True, "figure.figsize": (4, 3)}
    ):
        picture("relu")
        picture("relu", paper=Paper(size=SIZES["page"]))
    (first, _), (second, _) = pages
    # the right spine has matplotlib's usual value, which is no choice of a person
    assert tuple(first.get_size_inches()) == (4, 3)
    assert second.get_size_inches()[0] == 7.2
    assert not any(text.get_usetex() for text in first.findobj(mpl.text.Text))


def test_bands_in_eps_hide_no_curve(pages):
    x = np.array([0.0, 1.0])
    banded = Curve("relu", "", "relu", ((x, x),), band=(x, x - 1, x + 1))
    for form, opaque in (("svg", 0.15), ("eps", 1.0)):
        drawn.drawn_figure(form, Figure((Panel("loss", (banded,)),), (0.0, 1.0)), STYLE, Paper())
        band = pages[-1][0].axes[0].collections[0]
        assert band.get_alpha() == opaque
        assert band.get_zorder() < pages[-1][0].axes[0].get_lines()[-1].get_zorder()

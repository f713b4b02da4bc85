"""SVG pictures: the numbers of a chart in their places, and texts from files that stay texts."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.render.figure.html_page import html_page, html_table, html_text
from actcli.render.figure.svg import bars_svg, figure_svg, heat_svg, histogram_svg

HOSTILE = "<b>\x1b[31m&\"'\n\ud800"


def curve(name, x, y, **more):
    return Curve(name, "f(x)", name, ((np.asarray(x, float), np.asarray(y, float)),), **more)


def drawn(*curves, between=(0.0, 10.0), **options):
    """The elements of a picture with these curves."""
    figure = Figure((Panel("f(x)", curves),), between)
    return ET.fromstring(figure_svg(figure, title="a figure", **options))  # noqa: S314 - our own output


def numbers(path):
    return [float(text) for text in re.findall(r"-?\d+\.?\d*", path)]


def test_a_line_goes_up_where_its_numbers_do():
    root = drawn(curve("f", [0, 5, 10], [0, 1, 4]))
    (path,) = [one for one in root.iter("path") if one.get("class") == "k0 curve"]
    x, y = numbers(path.get("d"))[::2], numbers(path.get("d"))[1::2]

    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)
    assert (y[0] - y[1]) * 3 == pytest.approx(y[1] - y[2], abs=0.4)


def test_segments_are_not_joined_and_a_single_point_is_a_dot():
    pieces = ((np.array([0.0, 1]), np.array([0.0, 1])), (np.array([3.0]), np.array([2.0])))
    root = drawn(Curve("f", "f(x)", "f", pieces))

    assert len([one for one in root.iter("path") if one.get("class") == "k0 curve"]) == 1
    assert len(list(root.iter("circle"))) == 1


def test_names_do_not_overlap_and_stay_inside():
    root = drawn(*(curve(f"f{i}", [0, 10], [0, 1 + i / 1000]) for i in range(12)))
    at = sorted(
        float(one.get("y")) for one in root.iter("text") if re.match("n[0-9]", one.get("class") or "")
    )

    assert min(np.diff(at)) >= 14.9
    assert at[-1] < float(root.get("viewBox").split()[3])


def test_whole_ticks_are_whole():
    texts = [
        one.text for one in drawn(curve("f", [1, 3], [0, 1]), between=(1.0, 3.0), whole=True).iter("text")
    ]

    assert {"1", "2", "3"} <= set(texts)
    assert not {"1.5", "2.5"} & set(texts)


def test_bands_points_and_a_histogram_are_drawn():
    x = np.array([0.0, 10.0])
    banded = curve("f", x, [1, 2], band=(x, np.array([0.0, 1.0]), np.array([2.0, 3.0])))
    root = drawn(banded, points=[(np.array([5.0]), np.array([1.5]))], counts=np.array([1.0, 0.0, 3.0]))

    assert [one.get("class") for one in root.iter("path") if "band" in (one.get("class") or "")] == [
        "b0 band"
    ]
    assert len([one for one in root.iter("circle") if one.get("class") == "data"]) == 1
    assert len([one for one in root.iter("rect") if one.get("class") == "data"]) == 2


def test_texts_stay_texts():
    for svg in (
        figure_svg(
            Figure((Panel(HOSTILE, (curve(HOSTILE, [0, 1], [0, 1]),)),), (0.0, 1.0)),
            title=HOSTILE,
            axis=HOSTILE,
        ),
        bars_svg(HOSTILE, [HOSTILE], [1.0], [HOSTILE]),
        heat_svg([["h0"]], [[HOSTILE]], HOSTILE),
        histogram_svg([1, 2, 3], HOSTILE),
    ):
        root = ET.fromstring(svg.replace(r"\udcd8", ""))  # noqa: S314
        assert not list(root.iter("b"))
        assert "\x1b" not in svg
        svg.encode()


def test_a_page_loads_nothing_and_escapes_everything():
    page = html_page(HOSTILE, html_table([[HOSTILE], [HOSTILE]]) + html_text(HOSTILE))

    assert page.startswith("<!DOCTYPE html>")
    assert not re.search(r"<b>|\x1b|https?:|url\(|@import|<script|src=", page)
    page.encode()


def test_a_page_takes_the_colours_of_a_theme():
    page = html_page("t", "", inks=("#00429d", "#000000"))

    assert "--k0:#00429d" in page
    assert page.count("--k1:") == 2


def paths_of(root, name):
    return [one for one in root.iter("path") if one.get("class") == f"{name} curve"]


def test_a_curve_on_another_has_gaps_in_which_the_other_is_seen():
    x = np.linspace(0, 10, 101)
    root = drawn(curve("f", x, np.abs(x - 5)), curve("g", x, np.where(x < 5, 3 * x - 10, x - 5)))
    (first,) = paths_of(root, "k0")
    apart, shared = paths_of(root, "k1")
    assert first.get("style") is None
    assert apart.get("style") is None
    assert shared.get("style") == "stroke-dasharray:9 9;stroke-linecap:butt"
    # the parts meet, and the shared one is the right half
    assert numbers(apart.get("d"))[-2:] == numbers(shared.get("d"))[:2]
    assert numbers(shared.get("d"))[0] == pytest.approx(numbers(first.get("d"))[100], abs=0.1)


def test_of_three_equal_curves_each_is_seen():
    x = np.linspace(0, 10, 101)
    root = drawn(*(curve(name, x, x) for name in "fgh"))
    styles = [paths_of(root, f"k{i}")[0].get("style") or "" for i in range(3)]
    assert [style.partition(";")[0] for style in styles] == [
        "",
        "stroke-dasharray:9 9",
        "stroke-dasharray:9 18",
    ]


def test_crossings_have_no_gaps():
    x = np.linspace(0, 10, 101)
    root = drawn(curve("f", x, x), curve("g", x, 10 - x))
    assert [one.get("style") for one in (*paths_of(root, "k0"), *paths_of(root, "k1"))] == [None, None]


def test_a_screen_reader_gets_the_curves():
    root = drawn(curve("f<b>", [0, 10], [0, 0.5]), curve("g", [0, 10], [1, -2]))
    assert root.findtext("title") == "a figure"
    assert root.findtext("desc") == "f(x) between 0 and 10: f<b> from 0 to 0.5, g from 1 to -2"
    bars = ET.fromstring(bars_svg("size", ["a"], [2.0], ["2 kB"]))  # noqa: S314 - our own output
    assert bars.findtext("desc") == "a 2 kB"


def test_tables_have_header_cells_for_columns_and_rows():
    text = html_table([["name", "size"], ["a.b", "1 ◂"], ["<i>", "2"]], best=" ◂")
    assert text.count('scope="col"') == 2
    assert '<th scope="row" class="l">a.<wbr>b</th><td class="best">1</td>' in text
    assert '<th scope="row" class="l">&lt;i&gt;</th><td>2</td>' in text

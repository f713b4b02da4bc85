"""The chart of a comparison: curves by layer, bars, files."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from comparisons import bars, by_layer, comparison
from rendering import terminal

from actcli.analysis.compare.result import Chart
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.exits import DataError, UsageError
from actcli.render.compare.comparison_chart import chart_text, write_chart
from actcli.render.figure.page import DRAWN
from actcli.render.output.surface import Surface


def drawn(found, width=80, **more):
    return chart_text(found, Surface.of(terminal(size=(width, 24), **more), to_file=False))


@pytest.mark.parametrize("width", [80, 120])
def test_curves_by_layer(width):
    lines = drawn(by_layer(0.0, 0.1), width).splitlines()
    assert "┌─ variance of the signal by layer ─" in lines[0]
    assert sum("variance of the gradient by layer" in line for line in lines) == 1
    assert max(map(len, lines)) <= width
    assert sum("f0.1" in line for line in lines) == 2
    assert {"10", "20", "30", "40", "50"} <= set(lines[-1].split())


def test_in_ascii():
    assert drawn(by_layer(0.0, 0.1), encoding="ascii").isascii()
    assert drawn(bars(), encoding="ascii").isascii()


@pytest.mark.parametrize("curves", [1, 8, 20, 35])
def test_every_curve_is_named(curves):
    rates = [i / 100 for i in range(curves)]
    text = drawn(by_layer(*rates))
    assert all(f"f{rate:g}" in text for rate in rates)


def test_too_many_curves():
    with pytest.raises(UsageError, match="--plot draws at most 35 contenders"):
        drawn(by_layer(*[i / 100 for i in range(36)]))


def test_a_panel_without_anything_above_0_is_left_out():
    dead = Panel("variance of the gradient", (Curve("step", "", "step", ((np.ones(1), np.zeros(1)),)),))
    live = by_layer(0.1, panels=("variance of the signal",)).chart.content.panels[0]
    both = comparison(chart=Chart(Figure((live, dead), (1.0, 50.0)), "layer", log=True))
    assert "signal" in drawn(both)
    assert "gradient" not in drawn(both)
    neither = replace(both, chart=Chart(Figure((dead,), (1.0, 50.0)), "layer", log=True))
    with pytest.raises(DataError, match="there is nothing to draw here"):
        drawn(neither)
    with pytest.raises(DataError, match="nothing to draw"):
        drawn(comparison())


def test_bars_are_as_long_as_their_values():
    lines = drawn(bars()).splitlines()
    lengths = [line.count("█") for line in lines[1:]]
    assert lines[0] == "explained variance"
    assert lines[1].startswith("relu                  ███")
    assert lines[1].endswith("█ 0.5")
    assert lines[3] == "leaky_relu:alpha=0.25 0"
    assert abs(lengths[0] - 2 * lengths[1]) <= 1
    assert max(map(len, lines)) <= 80


def test_bars_of_nothing():
    assert drawn(bars((0.0, 0.0, 0.0))).count(" 0\n") == 3


def test_colours_only_where_there_are_some():
    assert "\x1b[" in drawn(bars(), color_choice="always")
    assert "\x1b" not in drawn(bars())


STARTS = {
    "txt": b"",
    "svg": b"<?xml",
    "png": b"\x89PNG",
    "pdf": b"%PDF",
    "eps": b"%!PS-Adobe",
}


@pytest.mark.parametrize("form", STARTS)
@pytest.mark.parametrize("found", [by_layer(0.0, 0.1), bars()], ids=["curves", "bars"])
def test_files(form, found, tmp_path):
    if form in DRAWN:
        pytest.importorskip("matplotlib")
    pages = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.{form}"
        write_chart(found, form, str(path), terminal())
        pages.append(path.read_bytes())
    assert pages[0].startswith(STARTS[form])
    assert len(pages[0]) > 200
    assert pages[0] == pages[1]


def test_a_logarithmic_axis_in_a_file_has_powers_of_ten(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.svg"
    write_chart(by_layer(0.0, 0.1), "svg", str(path), terminal())
    root = ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - our own file
    texts = {
        "".join("".join(one.itertext()).split()) for one in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"varianceofthesignal", "layer", "f0.1", "10−2", "50"} <= texts

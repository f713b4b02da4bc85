"""Firing rates as strips: what each character stands for."""

import numpy as np
import pytest
from dead_units import findings, planted, state

from actcli.analysis.deadness.verdict import Settings, classify
from actcli.render.deadness.map import layer_map, map_legend, rate_bars, rates_chart, unit_marks
from actcli.render.output.surface import Surface


def surface(width=80, *, unicode=True, color=False):
    return Surface(width, unicode, color, "utf-8" if unicode else "ascii", live=False)


@pytest.mark.parametrize(("unicode", "tall", "low"), [(True, "█", "▁"), (False, "@", ".")])
def test_never_and_always_have_cells_of_their_own(unicode, tall, low):
    rates = np.array([0.0] * 800 + [1.0, 1e-9, 1 - 1e-9, np.nan])
    assert rate_bars(rates, 12, unicode=unicode) == tall + low + " " * 8 + low + low


def test_a_bar_is_as_tall_as_its_part_of_the_units():
    rates = np.concatenate([np.full(8, 0.05), np.full(4, 0.55), np.full(1, 0.95)])
    assert rate_bars(rates, 12, unicode=True) == " █    ▄    ▁ ".replace("    ▁ ", "   ▁ ")


def test_no_unit_is_lost():
    rates = np.random.default_rng(0).uniform(size=500)
    assert len(rate_bars(rates, 30, unicode=True).replace(" ", "")) == 28


def test_the_chart_names_its_layers_and_stays_in_its_width():
    report = findings(state("conv1", planted()), state("fc", planted()[:, 3:])).report
    for width in (30, 80, 200):
        lines = str(rates_chart(report, surface(width), ["conv1", "fc"])).splitlines()
        assert lines[0][:10] in {"conv1 │▁│▁", "conv1 │▂│▂"}
        assert lines[1].startswith("   fc │ │")
        assert lines[2].split() == ["never", "50", "%", "always"]
        assert max(map(len, lines)) <= width


def test_a_mark_a_unit():
    z = np.full((100, 7), -1.0)
    for unit, often in enumerate((0, 1, 25, 26, 75, 100)):
        z[:often, unit] = 1.0
    z[3, 6] = np.nan
    layer = classify(state("fc", z), Settings())
    assert unit_marks(layer, unicode=True) == "×░░▒▓█!"
    assert unit_marks(layer, unicode=False) == "x::+*#!"


def test_a_map_counts_its_units_at_the_start_of_each_line():
    layer = classify(state("fc", planted(50, 100)), Settings())
    lines = str(layer_map(layer, surface(50))).splitlines()
    assert [line.split()[0] for line in lines] == ["0", "40", "80"]
    assert sum(len(line[3:]) for line in lines) == 100
    assert lines[0][3 + 1] == "×"
    assert max(map(len, lines)) <= 50


def test_the_legend_is_of_the_characters_shown():
    assert map_legend(surface()).startswith("× dead, ! NaN or inf, · never but not dead, ░ to 25 %")
    assert map_legend(surface(unicode=False)).isascii()


def test_colour_marks_the_dead():
    report = findings(state("fc", planted())).report
    assert any(span.style == "bold red" for span in layer_map(report.layers[0], surface()).spans)
    spans = rates_chart(report, surface(), ["fc"]).spans
    assert any(span.style == "red" for span in spans)

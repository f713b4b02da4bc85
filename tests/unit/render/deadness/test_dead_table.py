"""The screen of deadcheck: columns that fit, numbers that are never cut, names that cannot do harm."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from dead_units import HIDDEN, HOSTILE, findings, planted, state

from actcli.analysis.deadness.since import find_change
from actcli.analysis.deadness.verdict import CLASSES, Settings
from actcli.render.deadness.findings import View
from actcli.render.deadness.table import dead_screen, layer_rows
from actcli.render.deadness.unit_table import unit_rows
from actcli.render.output.surface import Surface


def screen(found, width=80, *, view=None, unicode=True, color=False):
    drawn = Surface(width, unicode, color, "utf-8" if unicode else "ascii", live=False)
    return dead_screen(found, view or View(), drawn)


def every_class(samples=400):
    """Three layers that have units of every class between them."""
    relu = planted(samples, 12)
    relu[:, 4] = np.where(relu[:, 4] > 0, 1e-5 * np.abs(relu[:, 4]), -1)
    relu[1, 5] = np.nan
    leaky = planted(samples, 8, seed=1)
    tanh = planted(samples, 8, seed=2)
    tanh[:, 1] = 40.0
    tanh[:, 2] = np.where(np.arange(samples) < samples // 40, 0.0, 30.0)
    tanh[:, 3] = 0.5
    return [state("relu1", relu), state("leaky2", leaky, "leaky_relu"), state("tanh3", tanh, "tanh")]


def test_a_row_a_layer_and_one_for_all():
    text = screen(
        findings(state("conv1", planted()), state("fc", planted(400)[:, 3:]), ops={"fc": "Relu"}), 120
    )
    rows = {line.split()[0]: line.split() for line in text.splitlines()[2:7] if line.strip()}
    head = [
        "layer",
        "op",
        "units",
        "samples",
        "silent",
        "rare",
        "always",
        "active",
        "dead",
        "%",
        "sparsity",
        "%",
    ]
    assert rows["layer"][:12] == head
    assert rows["conv1"][:8] == ["conv1", "relu", "16", "400", "1", "1", "1", "6.25"]
    assert rows["fc"][1] == "Relu"
    assert rows["all"] == ["all", "29", "1", "1", "2", "3.45"]


def test_the_numbers_of_the_table_are_those_of_a_second_count():
    z = planted()
    text = screen(findings(state("conv1", z)), 120)
    row = next(line for line in text.splitlines() if line.startswith("conv1")).split()
    assert float(row[-4]) == pytest.approx(100 * (z <= 0).mean(), abs=0.05)
    assert row[-3:] == ["p", "<", "7.47e-3"]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_every_class_fits_the_width_and_no_number_is_cut(width, unicode):
    found = findings(*every_class(), limit=0.05, unobserved=(HIDDEN,))
    text = screen(found, width, view=View(units=True, map=True), unicode=unicode)
    assert max(map(len, text.splitlines())) <= width
    assert unicode or text.isascii()
    totals = " ".join(line[4:] for line in text.splitlines() if re.match(r"all +\d", line)).split()
    counted = [sum(layer.counts[name] for layer in found.report.layers) for name in CLASSES[:-1]]
    assert all(counted[CLASSES.index(name)] for name in CLASSES[:-1])
    assert sorted(map(float, totals)) == sorted([28, 7.14, *(number for number in counted if number)])


def test_what_is_the_same_everywhere_goes_above_a_narrow_table():
    found = findings(*every_class()[:2])
    text, wide = screen(found, 85), screen(found, 200)
    assert text.splitlines()[0] == "20 units in 2 layers, 400 samples: silent means p < 7.47e-3 at 95 %"
    assert "at 95 %" not in text.splitlines()[2]
    assert wide.splitlines()[0] == "20 units in 2 layers"
    assert wide.splitlines()[2].endswith("at 95 %")


def test_what_does_not_fit_goes_into_a_second_table():
    lines = screen(findings(*every_class()), 80).splitlines()
    heads = [line.split() for line in lines if line.startswith("layer ")]
    assert len(heads) == 2
    assert {"silent", "gate", "dead"} <= set(heads[0])
    assert {"rare", "neg", "dorm", "satur", "const", "always", "nonfin"} <= set(heads[1])
    assert sum(bool(re.match(r"all +\d", line)) for line in lines) == 2


def test_big_numbers_beside_a_long_name():
    states = [
        state("/model/backbone/stage3/blocks.11/activation/Relu_output_0", planted(3000, 5)),
        state("fc", planted(2999, 5)),
    ]
    text = screen(findings(*states), 60)
    assert re.search(r"\b3,000\b.*p < 9\.99e-4$", text, re.MULTILINE)
    assert re.search(r"\b2,999\b.*p < 9\.99e-4$", text, re.MULTILINE)
    assert re.search(r"^/\S*…\S*put_0 ", text, re.MULTILINE)


def test_units_with_what_is_known_of_them():
    head, rows = unit_rows(findings(state("fc", planted(), start=1000)).report.layers[0])
    by_unit = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert list(by_unit) == ["1", "2", "3"]
    assert by_unit["1"]["class"] == "silent"
    assert by_unit["1"]["margin"] == by_unit["1"]["largest"].removeprefix("-") != ""
    assert (by_unit["1"]["first"], by_unit["1"]["last"], by_unit["1"]["cause"]) == ("", "", "")
    assert (by_unit["2"]["firings"], by_unit["2"]["first"], by_unit["2"]["last"]) == ("2", "1005", "1007")
    assert by_unit["3"]["bound"] == "1"


def test_the_largest_pre_activation_is_not_known_from_outputs():
    text = screen(findings(state("fc", np.maximum(planted(), 0), recorded="post")), view=View(units=True))
    assert "largest" not in text
    assert "margin" not in text
    assert re.search(r"^ +1 +silent +0 +400 +7\.47e-3$", text, re.MULTILINE)


def test_a_layer_without_a_bad_unit_says_so():
    text = screen(findings(state("fc", planted()[:, 4:])), view=View(units=True))
    assert "fc  relu, all 12 units are alive" in text


def test_a_name_is_no_markup_no_colour_and_one_line():
    found = findings(state(HOSTILE, planted()), state("fc", planted()), unobserved=(HIDDEN,))
    text = screen(found, view=View(units=True, map=True))
    assert "\x1b" not in text
    assert "[red]" in text
    assert sum("[red]" in line for line in text.splitlines()) == 7  # table, chart, map, units, list, verdict


def test_colour_adds_escapes_and_changes_nothing_else():
    found = findings(*every_class(), unobserved=(HIDDEN,))
    coloured = screen(found, view=View(units=True, map=True), color=True)
    assert "\x1b[1;38;5;163m" in coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == screen(
        found, view=View(units=True, map=True)
    ).splitlines()


def test_the_last_lines_are_the_verdict():
    text = screen(findings(state("fc", planted(600)), limit=0.01), 200)
    assert text.splitlines()[-1] == "That is above the limit of 1 %: 6.25 % (1 of 16)."


def test_without_layers_there_is_only_what_was_not_observed():
    text = screen(findings(unobserved=(HIDDEN,)))
    assert text.splitlines()[1] == "Not observed"
    assert "inside an If branch" in text


def test_the_rows_of_markdown_have_every_class():
    head, *rows = layer_rows(findings(*every_class()).report)
    assert {"silent", "gate-dead", "negative-only", "always active", "non-finite"} <= set(head)
    assert all(len(row) == len(head) for row in rows)


def wide_units():
    """Units with long numbers in every column, and causes."""
    z = planted(12_345) * 1e-7
    z[:, 1] = -1.234567e-7
    layer = findings(state("fc", z, start=10**9)).report.layers[0]
    causes = tuple("zero weights" if unit == 1 else "" for unit in range(16))
    locked = np.arange(16) == 1
    found = findings(state("fc", z, start=10**9))
    return replace(
        found, report=replace(found.report, layers=(replace(layer, causes=causes, locked=locked),))
    )


@pytest.mark.parametrize("width", [40, 60, 80, 90, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_a_unit_s_numbers_are_whole_and_what_has_no_room_is_named(width, unicode):
    text = screen(wide_units(), width, view=View(units=True), unicode=unicode)
    lines = text[text.index("unit  class") :].splitlines()
    head = re.split(r" {2,}", lines[0])
    cells = [dict(zip(head, re.split(r" {2,}", line.strip()), strict=False)) for line in lines[2:5]]
    assert max(map(len, lines)) <= width
    assert [(cell["unit"], cell["class"], cell["fired"]) for cell in cells] == [
        ("1", "silent", "0"),
        ("2", "rare", "2"),
        ("3", "always_active", "12,345"),
    ]
    left_out = (
        set(re.split(r", ", re.search(r"columns: (.*?);", " ".join(lines))[1])) if width < 110 else set()
    )
    every = {"unit", "class", "fired", "p <", "largest z", "cause", "margin", "first", "last", "samples"}
    assert set(head) == every - left_out
    assert ("largest z" not in head) or float(cells[0]["largest z"]) == pytest.approx(-1.2346e-7, rel=1e-2)
    assert "…" not in "".join(lines[:5])
    assert "..." not in "".join(lines[:5])


def test_the_least_important_column_goes_first():
    kept = []
    for width in (200, 100, 80, 60, 40, 20):
        text = screen(wide_units(), width, view=View(units=True))
        kept.append(re.split(r" {2,}", text[text.index("unit  class") :].splitlines()[0]))
    assert kept[0][-2:] == ["first", "last"]
    assert all(set(fewer) <= set(more) for more, fewer in pairwise(kept))
    assert kept[-1] == ["unit", "class"]


def test_a_long_change_keeps_its_indent():
    z = np.abs(planted(600, 40))
    old, new = state("conv", z), state("conv", np.where(np.arange(40) % 2, -z, z))
    found = findings(new)
    found = replace(found, report=replace(found.report, change=find_change((old,), (new,), Settings())))
    page = screen(found, 60).splitlines()
    start = page.index("Against the earlier statistics")
    assert page[start + 1].startswith("  conv: 20 newly dead (1, 3,")
    assert page[start + 2].startswith("    ")
    assert max(map(len, page)) <= 60


def test_of_a_wide_layer_the_first_units_are_listed_and_the_others_counted():
    h = np.zeros((20, 1205))
    h[:, -1] = np.arange(20)
    text = screen(findings(state("wide", h)), view=View(units=True))
    assert sum(bool(re.match(r" *\d+  silent ", line)) for line in text.splitlines()) == 1000
    assert "204 more units are not alive; --format csv has all" in text
    assert "wide  relu, the other one is alive" in text

"""How mathematics is written, in Unicode and in ASCII."""

import math

import pytest

from actcli import catalogue
from actcli.activations.definition import Definition
from actcli.analysis.card.landmarks import Interval
from actcli.render.text.notation import bracketed, in_ascii, number, region, smoothness, union, year

INF = math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"), (-0.0, "0"), (1.0, "1"), (2.0611e-9, "2.0611e-9"), (1e22, "1e22"), (-INF, "-∞"),
        (INF, "∞"), (math.nan, "–"), (-1.2784645427610738, "-1.27846"), (123456.7, "123457"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("intervals", "text"),
    [
        ([], "none"),
        ([Interval(-INF, INF)], "all x"),
        ([Interval(-INF, 0.0, False, True)], "x ≤ 0"),
        ([Interval(-INF, 0.0)], "x < 0"),
        ([Interval(1.0, INF, True, False)], "x ≥ 1"),
        ([Interval(-0.5, 0.5, True, True)], "|x| ≤ 0.5"),
        ([Interval(-0.5, 1.5, True, False)], "-0.5 ≤ x < 1.5"),
        ([Interval(-INF, -1.0, False, True), Interval(1.0, INF, True, False)], "|x| ≥ 1"),
        ([Interval(-INF, -1.0), Interval(1.0, INF)], "|x| > 1"),
        ([Interval(-INF, 0.0, False, True), Interval(6.0, INF, True, False)], "x ≤ 0, x ≥ 6"),
        ([Interval(-INF, -1.0, False, True), Interval(1.0, INF)], "x ≤ -1, x > 1"),
        ([Interval.point(2.0)], "x = 2"),
        ([Interval.point(INF)], "x → ∞"),
        ([Interval.point(-INF), Interval.point(INF)], "x → ±∞"),
    ],
)
def test_regions(intervals: list[Interval], text: str) -> None:
    assert region(intervals) == text


def test_intervals() -> None:
    assert bracketed(Interval(-1 / 3, INF, True, False)) == "[-0.333333, ∞)"
    assert bracketed(Interval.point(2.0)) == "2"
    assert union([Interval(-INF, 0.1, False, True), Interval.point(6.0)]) == "(-inf, 0.1] 6.0"
    assert union([]) == ""


@pytest.mark.parametrize(("value", "text"), [(-1, "jumps"), (0, "C⁰"), (1.0, "C¹"), (INF, "C∞")])
def test_smoothness(value: float, text: str) -> None:
    assert smoothness(value) == text


@pytest.mark.parametrize("definition", catalogue(), ids=lambda d: d.name)
def test_all_that_the_catalogue_says_has_an_ascii_form(definition: Definition) -> None:
    text = definition.formula + definition.derivative + definition.source
    said = in_ascii(text + "x ≥ 1, |x| ≤ 2 → ±∞ … – × C⁰ C¹ ≠ 0 · E f² 1/√E f'(z)²")
    assert said.isascii()
    assert "?" not in said


def test_ascii_keeps_the_letters() -> None:
    assert in_ascii("Müller: √(2/π)·x²") == "Muller: sqrt(2/pi)*x^2"


def test_the_year_is_the_first_of_the_source() -> None:
    years = {definition.name: year(definition) for definition in catalogue()}
    assert (years["relu"], years["silu"], years["identity"], years["arctan"]) == (2010, 2017, None, None)

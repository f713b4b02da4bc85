"""Cards of formulas that lose digits at more numbers than the effort reaches."""

import math
from dataclasses import replace

import numpy as np
import pytest

from actcli import activation
from actcli.activations.calculus.effort import Effort
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.card.properties import measure, with_facts
from actcli.analysis.card.recognition import recognise
from actcli.analysis.compare.information import compare_information
from actcli.analysis.compare.summary import compare_properties
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.number_types import LowType
from actcli.analysis.precision.losses import Losses, LossRequest, measure_block
from actcli.analysis.precision.precision import compare_precision
from actcli.analysis.precision.rounding_loss import measure_loss
from actcli.exits import UsageError
from actcli.render.card.card import card_record
from actcli.render.card.card_screen import card_screen
from actcli.render.card.facts import Card
from actcli.render.compare.cells import beside_each_other
from actcli.render.output.surface import Surface
from actcli.sources.numbers.low_precision import number_type

TEXT = "x*tanh(exp(x))"


@pytest.fixture(scope="module")
def spent():
    return replace(activation(TEXT), effort=Effort(0))


def test_every_formula_has_a_limit_and_no_other_function_needs_one():
    f = limit_effort(activation(TEXT))
    assert f.effort.is_limited
    assert limit_effort(f) is f
    assert limit_effort(activation("gelu")).effort is None


def test_nothing_is_certain_when_the_effort_is_spent(spent):
    properties = measure(spent)
    assert properties.approximate
    assert not any((properties.lowest.certain, properties.highest.certain, *properties.limits_certain))
    assert not properties.slope_certain
    assert not properties.curvature_certain
    assert not measure(activation(TEXT)).approximate


def test_a_second_card_is_the_first_one():
    first, second = (limit_effort(activation("log(1+exp(x))")) for _ in range(2))
    assert measure(first) == measure(second)
    assert first.effort.used == second.effort.used


def test_no_loss_of_digits_is_claimed_or_denied(spent):
    recognition = recognise(spent)
    assert recognition.approximate
    assert recognition.lost_at is None
    assert math.isnan(recognition.digits_lost)


def test_the_screen_and_the_record_say_so(spent):
    card = Card(spent, measure(spent), recognition=recognise(spent))
    text = card_screen(card, Surface(100, unicode=True, color=False, encoding="utf-8", live=False))
    for name in ("range", "limits", "zeros", "shape", "smoothness", "Lipschitz", "no gradient", "saturated"):
        (line,) = (line for line in text.splitlines() if line.strip().startswith(name))
        assert "≈" in line, line
    assert "not searched further" in text
    assert "those of float64" in text
    assert "In float64, " in text
    assert card_record(card)["approximate"]
    assert "approximate" not in card_record(replace(card, properties=measure(activation(TEXT))))


def test_a_comparison_marks_them(spent):
    *_, last = compare_properties([spent, activation("relu")])
    comparison = last.so_far
    for name, about, exact in beside_each_other(comparison, None)[1:]:
        assert about.startswith("≈") == (about != "–" and "(0)" not in name), (name, about)
        assert "≈" not in exact
    assert "those of float64" in comparison.warnings[0]
    assert TEXT in comparison.warnings[0]


def test_so_does_one_by_information(spent):
    *_, last = compare_information([spent, activation("relu")], None, 4, 1)
    about, exact = last.so_far.contenders
    assert about.approximate == {column.name for column in last.so_far.columns}
    assert not exact.approximate
    assert TEXT in last.so_far.warnings[0]


def test_so_does_one_by_precision(monkeypatch):
    monkeypatch.setattr("actcli.activations.calculus.effort.UNITS", 0)
    functions = [activation(TEXT), activation("relu")]
    *_, last = compare_precision(functions, [LowType("float8_e5m2", 3, -14, 57344.0)], 0, None, 2)
    about, exact = last.so_far.contenders
    assert about.approximate == {column.name for column in last.so_far.columns}
    assert not exact.approximate
    assert TEXT in last.so_far.warnings[-1]


def test_precision_in_all_types_has_one_limit(monkeypatch):
    monkeypatch.setattr("actcli.activations.calculus.effort.UNITS", 2e5)
    types = [number_type(name) for name in ("float8_e5m2", "float8_e4m3", "float16")]
    *_, last = compare_precision([activation(TEXT)], types, 0, None, 2)
    (contender,) = last.so_far.contenders
    assert {name.rpartition("_max_")[0] for name in contender.approximate} - {""} == {
        "float8_e4m3",
        "float16",
    }


def test_precision_at_numbers_of_a_file_has_a_limit(monkeypatch):
    types = [number_type("float8_e5m2")]
    request = LossRequest((activation(TEXT),), tuple(types), 0)
    so_far = Losses(
        {(0, 0): {n: measure_loss(activation(TEXT), n, types[0], 1) for n in request.orders}}, None
    )
    block = np.linspace(-5, 5, 999)
    assert not measure_block(request, so_far, block)[0].approximate
    monkeypatch.setattr("actcli.activations.calculus.effort.UNITS", 0)
    assert measure_block(request, so_far, block)[0].approximate


def test_no_unit_is_judged_by_a_rule_that_is_not_certain(spent):
    with pytest.raises(UsageError, match="not certain"):
        firing_rule(spent, "pre")


def test_facts_that_were_not_found_out_are_unknown(monkeypatch):
    monkeypatch.setattr("actcli.activations.calculus.effort.UNITS", 0)
    facts = with_facts(activation(TEXT).definition)
    assert all(map(math.isnan, (*facts.range, facts.smoothness)))

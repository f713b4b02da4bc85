import numpy as np
import pytest
from training_runs import layer, run_of

from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.timeline.course import follow_units
from actcli.analysis.timeline.timeline import Epoch, Timeline

SETTINGS = Settings()


def fates(*texts):
    """Fate, epoch of death, epoch of revival, and epochs dead, of each unit that was ever dead."""
    course = follow_units(run_of({"a": list(texts)}), SETTINGS)
    return [(unit.unit, unit.fate, unit.died, unit.revived, unit.epochs) for unit in course.units]


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("..xx", ("died", 3, None, 2)),
        ("...x", ("died", 4, None, 1)),
        ("xxxx", ("from the start", 1, None, 4)),
        ("xx..", ("revived", 1, 3, 2)),
        (".x..", ("revived", 2, 3, 1)),
        (".x.x", ("died", 4, 3, 2)),
        ("x.xx", ("died", 3, 2, 3)),
    ],
)
def test_the_fate_of_a_unit(text, fate):
    assert fates("....", text) == [(1, *fate)]


def test_shares_deaths_and_revivals_by_epoch():
    (a,) = follow_units(run_of({"a": ["..xx", ".x..", "...."]}), SETTINGS).layers

    assert a.counts.tolist() == [0, 1, 1, 1]
    assert a.shares.tolist() == [0, 1 / 3, 1 / 3, 1 / 3]
    assert a.deaths.tolist() == [0, 1, 1, 0]
    assert a.revivals.tolist() == [0, 0, 1, 0]


def test_dying_begins_where_the_first_unit_dies_for_good():
    course = follow_units(run_of({"a": [".x...", "....x"], "b": ["...xx", "...xx", "xxxxx"]}), SETTINGS)

    assert course.beginning == (4, "b", 2)
    assert [one.name for one in course.worst_first()] == ["b", "a"]
    assert len(course.of_fate("died")) == 3


def test_no_beginning_without_a_death():
    assert follow_units(run_of({"a": ["xx", ".."]}), SETTINGS).beginning is None
    assert follow_units(run_of({"a": [".."]}), SETTINGS).units == ()


def test_silence_of_a_rare_unit_may_be_chance():
    before = layer("a", ["."] * 50, 0)
    after = layer("a", ["x"] + ["."] * 49, 0)
    before.fired[0] = 3

    course = follow_units(Timeline((Epoch(1, (before,)), Epoch(2, (after,)))), SETTINGS)

    (unit,) = course.units
    # 2**-3 for one of 50 units
    assert (unit.fate, unit.p_value) == ("unclear", 1.0)
    assert course.beginning is None


def test_a_long_silence_is_evidence_where_a_short_one_is_not():
    before, silent = layer("a", ["."] * 20, 0), layer("a", ["x"] + ["."] * 19, 0)
    before.fired[0] = 12

    def fate(epochs):
        later = (Epoch(number, (silent,)) for number in range(2, 2 + epochs))
        (unit,) = follow_units(Timeline((Epoch(1, (before,)), *later)), SETTINGS).units
        return unit.fate, unit.p_value

    assert fate(1)[0] == "died"
    assert fate(9)[1] < fate(2)[1] < fate(1)[1]


def test_a_layer_that_was_not_observed_in_some_epochs():
    a, dead = layer("a", ["."], 0), layer("a", ["x"], 0)
    b = layer("b", ["x"], 0)
    epochs = (Epoch(1, (a, b)), Epoch(2, (b,)), Epoch(4, (dead, layer("b", ["x"], 0, samples=0))))
    course = follow_units(Timeline(epochs), SETTINGS)

    assert [one.numbers.tolist() for one in course.layers] == [[1, 4], [1, 2]]
    assert [(unit.layer, unit.died, unit.fate) for unit in course.units] == [
        ("a", 4, "died"),
        ("b", 1, "from the start"),
    ]


def test_a_layer_without_any_samples():
    course = follow_units(Timeline((Epoch(1, (layer("a", ["."], 0, samples=0),)),)), SETTINGS)

    assert (course.layers[0].last_share, course.units) == (0.0, ())


def test_units_that_gave_nan_have_not_revived():
    dead, broken = layer("a", ["x", "."], 0), layer("a", [".", "."], 0)
    broken.nan[0] = 1
    course = follow_units(Timeline((Epoch(1, (dead,)), Epoch(2, (broken,)))), SETTINGS)

    assert course.layers[0].broken.tolist() == [[False, False], [True, False]]
    assert course.layers[0].revivals.tolist() == [0, 0]
    assert [(unit.fate, unit.died, unit.revived) for unit in course.units] == [("NaN or inf", 1, None)]


def test_counts_agree_with_a_unit_by_unit_count():
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list(".x"), 7)) for _ in range(40)]
    course = follow_units(run_of({"a": texts}), SETTINGS)
    a = course.layers[0]

    assert a.counts.tolist() == [sum(text[epoch] == "x" for text in texts) for epoch in range(7)]
    assert a.deaths.sum() == sum(text.count(".x") for text in texts)
    assert a.revivals.sum() == sum(text.count("x.") for text in texts)
    assert len(course.units) == sum("x" in text for text in texts)
    assert sum(unit.fate == "revived" for unit in course.units) == sum(
        text[-1] == "." and "x" in text for text in texts
    )

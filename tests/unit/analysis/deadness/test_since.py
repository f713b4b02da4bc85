from math import comb

import numpy as np
import pytest
from layer_states import normal, state

from actcli.analysis.deadness.since import LayerChange, find_change, holm, silence_p_value
from actcli.analysis.deadness.verdict import Settings
from actcli.exits import DataError

SETTINGS = Settings()


def layer(*dead, name="conv1", units=6, function="relu", recorded="pre"):
    z = np.abs(normal(40, units)) * np.where(np.arange(40) % 2, 1, -1)[:, None]
    z[:, list(dead)] = -1
    return state(z, function, recorded, name)


def test_then_and_now():
    old = (layer(0, 1, 4), layer(name="fc"))
    new = (layer(name="fc"), layer(1, 2, 3, 4))

    changed = find_change(old, new, SETTINGS)

    fc, conv1 = changed.layers
    assert fc == LayerChange("fc", 6, (), (), ())
    assert (conv1.name, conv1.units) == ("conv1", 6)
    assert (conv1.newly_dead, conv1.revived, conv1.still_dead) == ((2, 3), (0,), (1, 4))
    assert conv1.unclear == ()
    # 20 of 40 samples then and none of 40 now, or the reverse, among 12 units
    assert [(test.unit, test.fired_before, test.fired_now, test.p_value) for test in conv1.tests] == [
        (2, 20, 0, 2**-20),
        (3, 20, 0, 2**-20),
        (0, 0, 20, 2**-20),
    ]
    assert [test.holm for test in conv1.tests] == [12 * 2**-20] * 3
    assert (changed.newly_dead, changed.revived, changed.still_dead) == (2, 1, 2)


def test_recorded_outputs_are_compared_with_the_inputs_of_a_model():
    old, new = (layer(1, 4, recorded="post"),), (layer(1, 2),)
    for before, after, died in ((old, new, (2,)), (new, old, (4,))):
        (change,) = find_change(before, after, SETTINGS).layers
        assert (change.newly_dead, change.still_dead) == (died, (1,))


def test_parameters_that_the_network_learns_may_differ():
    old, new = (
        (layer(1, function="thresholded_relu:theta=0.01"),),
        (layer(1, 2, function="thresholded_relu:theta=0.02"),),
    )
    (change,) = find_change(old, new, SETTINGS).layers
    assert (change.newly_dead, change.still_dead) == ((2,), (1,))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ([layer()], [layer(units=5)], ["'conv1'", "5 units", "6 in the older"]),
        ([layer()], [layer(function="tanh")], ["'conv1'", "pre of tanh", "pre of relu in the older"]),
        (
            [layer()],
            [layer(function="relu6", recorded="post")],
            ["post of relu6", "pre of relu in the older"],
        ),
        (
            [layer(), layer(name="a")],
            [layer(), layer(name="b"), layer(name="c")],
            ["'a' is only in the older", "'b', 'c' are only in the new"],
        ),
        ([layer()], [layer(), *(layer(name=f"x{i}") for i in range(7))], ["'x3', 'x4' and 2 more"]),
    ],
)
def test_what_cannot_be_compared(old, new, words):
    with pytest.raises(DataError) as caught:
        find_change(old, new, SETTINGS)
    assert all(word in str(caught.value) for word in words)


def firing(counts, samples, name="conv1"):
    """A layer whose units fire on so many of the samples."""
    return state(np.where(np.arange(samples)[:, None] < np.array(counts), 1.0, -1.0), name=name)


@pytest.mark.parametrize(("fired", "before", "now"), [(0, 9, 4), (3, 9, 4), (9, 9, 100), (50, 1000, 300)])
def test_the_chance_of_silence(fired, before, now):
    assert silence_p_value(fired, before, now) == pytest.approx(
        comb(before, fired) / comb(before + now, fired)
    )


def test_as_many_samples_may_be_the_same_ones():
    assert silence_p_value(3, 500, 500) == 1 / 8
    assert silence_p_value(3, 500, 500) > comb(500, 3) / comb(1000, 3)


def test_holm_by_hand():
    assert holm(np.array([0.04, 0.01, 0.03]), 4).tolist() == pytest.approx([0.09, 0.04, 0.09])
    assert holm(np.zeros(0), 4).size == 0


def test_a_rare_unit_that_is_silent_in_few_samples_has_not_died():
    old = firing([500, 3, 500, 40], 1000)
    (few,) = find_change([old], [firing([5, 0, 0, 0], 10)], SETTINGS).layers
    # unit 3: 40 of 1000 then, none of 10 now: (1 - 0.04)^10 = 0.66
    assert (few.newly_dead, few.unclear) == ((2,), (1, 3))
    (many,) = find_change([old], [firing([500, 0, 0, 0], 1001)], SETTINGS).layers
    assert (many.newly_dead, many.unclear) == ((2, 3), (1,))


def test_a_rare_unit_that_was_silent_in_few_samples_has_not_revived():
    """C(1000, k) / C(1010, k): of 40 firings in 1010 samples none is among the first 10 with probability 0.66."""
    few = firing([5, 0, 0, 0], 10)
    (now,) = find_change([few], [firing([500, 3, 1000, 40], 1000)], SETTINGS).layers
    assert (now.revived, now.unclear_revived, now.newly_dead) == ((2,), (1, 3), ())
    assert [test.fired_now for test in now.tests] == [3, 1000, 40]
    assert now.tests[2].p_value == pytest.approx(comb(1000, 40) / comb(1010, 40))
    many = firing([500, 0, 0, 0], 1001)
    (now,) = find_change([many], [firing([500, 3, 1000, 40], 1000)], SETTINGS).layers
    assert (now.revived, now.unclear_revived) == ((2, 3), (1,))


def test_units_of_all_layers_share_the_errors():
    alone = [firing([6], 100)], [firing([0], 100)]
    assert find_change(*alone, SETTINGS).newly_dead == 1
    others = firing([50] * 20, 100, "fc")
    change = find_change([*alone[0], others], [*alone[1], others], SETTINGS)
    assert (change.newly_dead, change.unclear) == (0, 1)


@pytest.mark.parametrize(("before", "now"), [(200, 37), (37, 200), (20, 400)])
def test_false_reports_are_as_rare_as_promised(before, now):
    # 30 units that do not change, from never to often; which were dead before depends on chance
    rng, died, revived, runs = np.random.default_rng(3), 0, 0, 400
    p = np.geomspace(0.002, 0.3, 30)
    for _ in range(runs):
        old, new = (firing(rng.binomial(samples, p), samples) for samples in (before, now))
        change = find_change([old], [new], SETTINGS)
        died += change.newly_dead > 0
        revived += change.revived > 0
    assert max(died, revived) <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)

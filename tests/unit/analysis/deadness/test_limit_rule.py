"""The rule that says whether more units are dead than a limit allows, and how often it is wrong."""

from dataclasses import replace

import numpy as np
import pytest
from layer_states import normal, silenced, state

from actcli.analysis.deadness.confidence import proves_excess, samples_of_excess
from actcli.analysis.deadness.report import allowed_units, is_above, judge, make_report
from actcli.analysis.deadness.verdict import Settings

SETTINGS = Settings()


def report(samples, units=20, dead=2, settings=SETTINGS):
    return make_report([state(silenced(samples, units, dead))], settings)


def test_many_silent_units_need_few_samples():
    # 112 of 184 silent in 447 samples against 5 %: m = 9, N = ln(175 / (0.05 * 103)) / -ln(0.99) = 350.8
    assert samples_of_excess(112, 184, 9, 0.01, 0.05) == 351
    assert not proves_excess([(350, 112)], 184, 9, 0.01, 0.05)
    assert proves_excess([(351, 112)], 184, 9, 0.01, 0.05)
    assert judge(report(447, 184, 112), 0.05).status == "found"
    few = judge(report(350, 184, 112), 0.05)
    assert (few.status, few.needed) == ("not enough data", 351)


@pytest.mark.parametrize(("units", "limit"), [(1000, 0.007), (184, 0.05), (3, 1 / 3), (7, 0.0), (7, 1.0)])
def test_the_allowed_units_are_the_most_that_are_not_above_the_limit(units, limit):
    most = allowed_units(units, limit)
    assert not is_above(most, units, limit)
    assert most == units or is_above(most + 1, units, limit)


def test_needed_is_the_first_number_that_proves():
    for units, dead, allowed, rare in [
        (20, 2, 1, 0.01),
        (500, 500, 0, 0.3),
        (64, 9, 3, 0.001),
        (5, 5, 4, 0.5),
    ]:
        needed = samples_of_excess(dead, units, allowed, rare, 0.05)
        assert proves_excess([(needed, dead)], units, allowed, rare, 0.05)
        assert not proves_excess([(needed - 1, dead)], units, allowed, rare, 0.05)


def test_one_sample_is_never_proof():
    assert not proves_excess([(1, 5)], 5, 0, 0.999, 0.5)
    assert not proves_excess([(1, 9), (10_000, 1)], 20, 1, 0.01, 0.05)


def test_layers_with_different_numbers_of_samples():
    # the allowed unit is the one with the most samples: what is left proves nothing
    assert not proves_excess([(900, 1), (10, 1)], 40, 1, 0.01, 0.05)
    assert proves_excess([(900, 2), (10, 1)], 40, 1, 0.01, 0.05)
    assert proves_excess([(900, 2), (10, 0), (1, 0)], 40, 1, 0.01, 0.05)
    assert proves_excess([(700, 1), (700, 1)], 40, 1, 0.01, 0.05) == proves_excess(
        [(700, 2)], 40, 1, 0.01, 0.05
    )


def test_several_limits_share_the_errors():
    layers = [state(silenced(300, 20, 20), name=f"conv{n}") for n in range(200)]
    alone = judge(make_report(layers[:1], SETTINGS), 0.1, "*")
    several = judge(make_report(layers, SETTINGS), 0.1, "*")
    assert alone.status == "found"
    assert several.status == "not enough data"
    assert several.needed == samples_of_excess(20, 20, 2, 0.01, 0.05 / 200)


@pytest.mark.parametrize("copies", [1, 38], ids=["independent units", "equal units"])
def test_false_alarms_are_as_rare_as_promised_at_any_stopping_time(copies):
    # the worst case: m units never fire, and all others with just p0; looked at after every sample
    rare, units, allowed, runs, longest = 0.05, 40, 2, 4000, 200
    draws = np.random.default_rng(7).uniform(size=(runs, (units - allowed) // copies, longest)) < rare
    silent_until = np.where(draws.any(axis=2), draws.argmax(axis=2), longest)
    wrong = 0
    for until in silent_until:
        for n in np.unique(until[until > 0]):
            dead = allowed + int((until >= n).sum()) * copies
            if dead > allowed and proves_excess([(int(n), dead)], units, allowed, rare, 0.05):
                wrong += 1
                break
    assert wrong <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)


def test_a_density_definition_needs_proof_on_both_sides():
    settings = Settings(definition="loss-of-plasticity")
    z = np.abs(normal(30, 20))
    # every unit fired on each of 30 samples: that each fires on 1 % at least is certain
    assert judge(make_report([state(z)], settings), 0.1).status == "fine"
    z[:29] *= -1
    # once in 30 is above 1 %, and not certainly so
    few = judge(make_report([state(z)], settings), 0.1)
    assert (few.status, few.dead) == ("not enough data", 0)
    assert few.needed > 30
    assert judge(make_report([state(z)], SETTINGS), 0.1).status == "fine"
    many = state(np.tile(z, (few.needed // 30, 1)))
    assert judge(make_report([many], settings), 0.1).status == "fine"


@pytest.mark.parametrize("definition", ["sagemaker", "loss-of-plasticity", "deepdiagnosis", "redo"])
def test_every_density_definition_can_say_each_of_three(definition):
    settings = Settings(definition=definition)
    dead, alive = -np.ones((3000, 4)), np.ones((3000, 4))
    mixed = np.where(np.arange(4) < 2, -1.0, 1.0) * np.ones((3000, 1))
    bad = mixed if definition == "redo" else dead
    assert judge(make_report([state(bad)], settings), 0.1).status == "found"
    assert judge(make_report([state(alive)], settings), 0.1).status == "fine"
    assert judge(make_report([state(bad[:3])], settings), 0.1).status == "not enough data"
    assert judge(make_report([state(alive[:1])], settings), 0.1).status == "not enough data"


def test_silence_by_another_name_is_judged_as_silence():
    settings = Settings(definition="keras-contrib")
    assert judge(report(3, dead=0, settings=settings), 0.1).status == "fine"
    assert judge(report(3, dead=9, settings=settings), 0.1).status == "not enough data"
    assert judge(report(900, dead=9, settings=settings), 0.1).status == "found"


def test_a_stream_does_not_stop_within_a_limit_of_a_density_definition():
    from actcli.analysis.deadness.report import is_certain

    few = state(silenced(30, 20, 2))
    assert is_certain([few], SETTINGS, limit=0.2)
    assert not is_certain([few], replace(SETTINGS, definition="sagemaker"), limit=0.2)


def test_a_stream_stops_when_the_limit_is_certainly_exceeded():
    from actcli.analysis.deadness.report import is_certain

    assert not is_certain([state(silenced(350, 184, 112))], SETTINGS, limit=0.05)
    assert is_certain([state(silenced(351, 184, 112))], SETTINGS, limit=0.05)

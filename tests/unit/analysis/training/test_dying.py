"""Units that die in training: planted deaths are counted, real ones happen, and the rate of death is found."""

import math
from dataclasses import replace

import numpy as np
import pytest

from actcli.activations import activation
from actcli.analysis.deadness.causes import explain
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.report import make_report
from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.training.dataset import toy
from actcli.analysis.training.dying import find_limits, watch_dying
from actcli.analysis.training.epoch_measure import FiringCounts
from actcli.analysis.training.fates import (
    CLOSE,
    Course,
    Fate,
    Threshold,
    find_fate,
    find_threshold,
    first_rates,
    next_rate,
)
from actcli.analysis.training.history import History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.analysis.training.trial import Trial
from actcli.exits import UsageError

DATA = toy("moons", 0)
TRIAL = Trial(plan=TrainingPlan(epochs=3, batch=32), width=8, depths=(2,), rates=(0.1,), seeds=2)
RELU = parse_stack("relu")


def watched(*specs, trial=TRIAL, threads=1):
    *_, last = watch_dying([parse_stack(spec) for spec in specs], DATA, trial, threads)
    assert last.done == last.total
    return last.so_far


def planted_history(dead, diverged=(-1, -1)):
    """Two networks of one layer of four units; dead: (rows, networks, units)."""
    dead = np.array(dead, bool)
    rows, networks, _ = dead.shape
    members = tuple(Member(RELU, 0.1, seed) for seed in range(networks))
    empty = History.unwritten(members, TrainingPlan(hidden=(4,), epochs=rows - 1))
    return replace(
        empty,
        epochs=rows - 1,
        dead=(dead,),
        rare=np.zeros((rows, networks, 1)),
        saturated=np.zeros((rows, networks, 1)),
        test_score=np.linspace(0, 1, rows * networks).reshape(rows, networks),
        diverged=np.array(diverged),
    )


def test_deaths_revivals_and_when():
    found = find_fate(
        Course(RELU, 1, 0.1),
        planted_history(
            [
                [[1, 0, 0, 0], [0, 0, 0, 0]],
                [[1, 1, 0, 0], [0, 0, 0, 0]],
                [[1, 0, 1, 0], [1, 0, 0, 0]],
                [[1, 1, 1, 0], [0, 0, 0, 0]],
            ]
        ),
    )
    assert found.dead.tolist() == [1 / 8, 2 / 8, 3 / 8, 3 / 8]
    assert found.deaths.tolist() == [0, 1, 2, 1]
    assert found.revivals.tolist() == [0, 0, 1, 1]
    # dead at the end: since before training, since epoch 3, since epoch 2
    assert found.died == 2
    assert found.layers.tolist() == [3 / 8]
    assert found.units == 8


def test_a_network_that_diverges_neither_dies_nor_revives():
    rows = [[[1, 1, 0, 0], [0, 0, 0, 0]], [[1, 1, 1, 1], [0, 1, 0, 0]]]
    found = find_fate(Course(RELU, 1, 0.1), planted_history(rows, diverged=(1, -1)))
    assert found.dead.tolist() == [2 / 8, 1 / 8]
    assert found.gone.tolist() == [0, 1 / 2]
    assert found.deaths.tolist() == [0, 1]
    assert found.revivals.tolist() == [0, 0]
    assert found.diverged == 1


def test_an_absurd_rate_kills_relu():
    dying = watched("relu", trial=replace(TRIAL, rates=(0.1, 100.0)))
    calm, wild = dying.fates()
    assert wild.dead[-1] >= 0.25
    assert wild.dead[-1] >= 4 * calm.dead[-1]
    assert wild.deaths.sum() >= 8
    assert calm.test_score[-1] > wild.test_score[-1]


def test_a_formula_is_watched_as_the_function_that_it_is():
    formula, named = (
        watched(spec, trial=replace(TRIAL, rates=(30.0,))) for spec in ("x if x > 0 else 0", "relu")
    )
    (own,), (its,) = formula.fates(), named.fates()
    assert own.dead.tolist() == its.dead.tolist()
    assert own.dead[-1] > 0
    ours, theirs = (list(dying.states().values()) for dying in (formula, named))
    for one, other in zip(ours, theirs, strict=True):
        assert one.mean.tolist() == other.mean.tolist()


def test_what_was_seen_at_the_end_is_what_is_reported():
    """The last epoch's share, and the classes of the units of all networks side by side."""
    dying = watched("relu", "gelu", trial=replace(TRIAL, rates=(0.1, 30.0)))
    report = make_report(dying.states().values(), Settings())
    assert [layer.name for layer in report.layers][:2] == ["relu lr 0.1 layer 1", "relu lr 0.1 layer 2"]
    for one in dying.fates()[:2]:
        own = [layer for layer in report.layers if layer.name.startswith(f"relu lr {one.course.rate:g} ")]
        assert sum(layer.dead for layer in own) == round(one.dead[-1] * one.units)
        assert sum(layer.units for layer in own) == one.units == 2 * 2 * 8


@pytest.mark.parametrize(("spec", "word"), [("relu", "silent"), ("leaky_relu", "negative_only")])
def test_biases_far_below_zero(spec, word):
    """Planted: relu is dead then, leaky_relu is a line with a small slope."""
    dying = watched(spec)
    ((run, _),) = dying.runs
    run.cohorts[0].group.biases[0][1, 0, 3] = -1e3
    layer = make_report(dying.states().values(), Settings()).layers[0]
    assert layer.counts[word] == 1
    assert layer.dead == (word == "silent")
    # the fourth unit of the second network
    assert layer.dead_units.tolist() == [place == 8 + 3 and word == "silent" for place in range(16)]


def test_why_a_planted_unit_is_dead():
    dying = watched("relu")
    ((run, _),) = dying.runs
    group = run.cohorts[0].group
    group.biases[0][1, 0, 3] = -1e3
    group.weights[0][0, :, 2] = 0
    group.biases[0][0, 0, 2] = -1
    report = make_report(dying.states().values(), Settings())
    first = explain(report.layers, dying.weights())[0]
    assert first.causes[8 + 3] == "bias"
    assert first.causes[2] == "zero weights"
    assert first.locked[2]


def test_a_diverged_network_is_not_called_dead():
    dying = watched("exponential", trial=replace(TRIAL, rates=(1000.0,)))
    (found,) = dying.fates()
    assert found.diverged == 2
    report = make_report(dying.states().values(), Settings())
    assert report.dead == 0
    assert all(layer.counts["nonfinite"] == layer.units for layer in report.layers)


def test_threads_change_nothing():
    one, two = (watched("relu", "tanh", trial=replace(TRIAL, rates=(0.1, 3.0)), threads=n) for n in (1, 2))
    for ours, theirs in zip(one.fates(), two.fates(), strict=True):
        assert np.array_equal(ours.dead, theirs.dead)
        assert np.array_equal(ours.test_score, theirs.test_score)


def test_trained_parameters_are_used():
    dying = watched("prelu", trial=replace(TRIAL, plan=replace(TRIAL.plan, learn=("alpha",))))
    _, _, learned = dying.network(dying.courses[0])
    assert all(layer["alpha"] != 0.25 for layer in learned)
    ours = dying.states()["prelu lr 0.1 layer 2"].mean
    ((run, _),) = dying.runs
    preactivations, *_ = run.cohorts[0].group.forward(DATA.test_x.astype(np.float32)[None])
    assert ours == pytest.approx(preactivations[1].mean(axis=1).ravel(), rel=1e-4, abs=1e-6)


def one_fate(rate, share, diverged=0):
    dead = np.array([0.0, share])
    none, gone = np.zeros(2), np.array([0.0, diverged / 4])
    return Fate(
        Course(RELU, 2, rate), 4, 64, dead, none, none, gone, none, none, none, dead[1:], None, none, None, diverged,
        born_dead=0.0, lost=share / (1 - diverged / 4) if diverged < 4 else math.nan,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fates", "within", "above", "outcome", "following"),
    [
        ([(0.1, 0.0), (1.0, 0.5)], 0.1, 1.0, "dies", 0.316),
        ([(0.1, 0.0), (1.0, 0.05)], 1.0, None, "lives", 10.0),
        ([(1e4, 0.0)], 1e4, None, "lives", None),
        ([(0.1, 0.2)], None, 0.1, "dies", 0.01),
        ([(1e-6, 0.2)], None, 1e-6, "dies", None),
        ([(0.5, 0.0), (0.54, 0.2)], 0.5, 0.54, "dies", None),
        ([(0.1, 0.0), (1.0, 0.0, 3)], 0.1, 1.0, "diverges", 0.316),
        # one network of four has diverged: 4 % of all units are 5.3 % of those of the other three
        ([(0.1, 0.0), (1.0, 0.0, 1)], 1.0, None, "lives", 10.0),
        ([(0.1, 0.0), (1.0, 0.04, 1)], 0.1, 1.0, "dies", 0.316),
    ],
)
def test_the_next_rate_of_a_search(fates, within, above, outcome, following):
    found = find_threshold([one_fate(*one) for one in fates], 0.05)
    assert (found.within, found.above, found.survival) == (within, above, outcome)
    assert next_rate(found) == following


def test_a_rate_above_that_lives_again_is_told():
    found = find_threshold([one_fate(2.0, 0.0), one_fate(0.1, 0.01), one_fate(1.0, 0.5)], 0.05)
    assert found == Threshold(RELU, 2, 0.1, 1.0, "dies", (2.0,), 0.01, 0.5, 0.01, 0.5, 0.0)


def test_the_rate_above_which_relu_dies_is_bracketed():
    trial = replace(TRIAL, rates=(0.1, 100.0))
    *_, last = find_limits([RELU], DATA, trial, 0.05, 2)
    (found,) = last.so_far.thresholds()
    assert found.survival in {"dies", "diverges"}
    assert found.within is not None
    assert found.above is not None
    assert 1 < found.above / found.within <= CLOSE
    by_rate = {one.course.rate: one for one in last.so_far.fates()}
    assert by_rate[found.within].survival(0.05) == "lives"
    assert by_rate[found.above].survival(0.05) == found.survival
    assert list(by_rate) == sorted(by_rate)


def test_units_that_were_born_dead_did_not_die():
    # half of the units are dead from the start: at a rate of almost 0 nothing dies
    history = History.unwritten(
        (Member(RELU, 0.1, 0), Member(RELU, 0.1, 1)), TrainingPlan(hidden=(8,), epochs=2)
    )
    history = replace(history, epochs=2)
    history.dead[0][:, :, :4] = True
    still = find_fate(Course(RELU, 1, 0.1), history)
    assert (still.born_dead, still.lost, still.survival(0.05)) == (0.5, 0.0, "lives")
    history.dead[0][2, 0, 4:6] = True
    worse = find_fate(Course(RELU, 1, 0.2), history)
    assert (worse.born_dead, worse.lost, worse.survival(0.05)) == (0.5, 2 / 8, "dies")
    found = find_threshold([still, worse], 0.05)
    assert (found.within, found.above, found.within_share, found.above_share) == (0.1, 0.2, 0.0, 0.25)
    assert (found.within_dead, found.above_dead, found.born_dead) == (0.5, 10 / 16, 0.5)


def test_a_network_born_dead_as_a_whole_has_nothing_left_to_die():
    history = History.unwritten((Member(RELU, 0.1, 0),), TrainingPlan(hidden=(8,), epochs=1))
    history.dead[0][:] = True
    fate = find_fate(Course(RELU, 1, 0.1), replace(history, epochs=1))
    assert (fate.born_dead, fate.lost) == (1.0, 0.0)


def test_a_search_that_is_broken_off_judges_no_half_training():
    moments = find_limits([RELU], DATA, replace(TRIAL, rates=(0.1, 100.0)), 0.05, 1)
    first = next(moments)
    assert first.so_far.thresholds() == ()
    assert len(first.so_far.courses) == 2
    moments.close()


@pytest.mark.parametrize(
    ("specs", "change", "said"),
    [
        (("relu", "relu"), {}, "relu` is named twice"),
        (("relu",), {"seeds": 0}, "from 1 on"),
        (("step",), {}, "no gradient"),
    ],
)
def test_what_cannot_be_trained(specs, change, said):
    with pytest.raises(UsageError, match=said):
        watch_dying([parse_stack(spec) for spec in specs], DATA, replace(TRIAL, **change), 1)


def test_a_search_looks_for_the_rate_itself():
    with pytest.raises(UsageError, match="`find_limit`"):
        find_limits([RELU], DATA, replace(TRIAL, rates=()), 0.05, 1)


def test_each_function_at_its_own_best_rate():
    dying = watched("relu", "tanh", trial=replace(TRIAL, rates=(), plan=replace(TRIAL.plan, epochs=1)))
    assert [course.stack.spec for course in dying.courses] == ["relu", "tanh"]
    assert all(math.isfinite(course.rate) and course.rate > 0 for course in dying.courses)


def test_a_search_begins_at_plain_numbers():
    assert first_rates(0.1) == (0.01, 0.1, 1.0, 10.0)
    assert first_rates(0.001) == (0.0001, 0.001, 0.01, 0.1)


def test_a_gate_is_dead_by_its_own_span_whatever_its_neighbours_do():
    rule = firing_rule(activation("gelu"), "pre")
    # all units rest far out on the flat side: their median range is as small as each one's
    z = np.linspace(-40, -30, 50)[None, :, None] * np.ones((1, 1, 6))
    counts = FiringCounts(rule, slice(0, 1), 6)
    counts.add(z, activation("gelu")(z))
    assert counts.dead.all()
    # a unit that jumps between both flat sides of tanh carries information
    f = activation("tanh")
    z = np.where(np.arange(50) % 2, 20.0, -20.0)[None, :, None] * np.array([1.0, 0.0, 0.0]) + 20.0 * np.array(
        [0.0, 1.0, -1.0]
    )
    counts = FiringCounts(firing_rule(f, "pre"), slice(0, 1), 3)
    counts.add(z, f(z))
    assert counts.dead.tolist() == [[False, True, True]]


def test_units_under_weight_decay_are_not_locked():
    plain = watched("relu")
    decayed = watched("relu", trial=replace(TRIAL, plan=replace(TRIAL.plan, decay=0.01)))
    assert plain.weights()["relu lr 0.1 layer 1"].first
    assert not decayed.weights()["relu lr 0.1 layer 1"].first

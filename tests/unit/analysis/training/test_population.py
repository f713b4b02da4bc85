"""Populations: the same numbers whatever the threads and groups, divergence, and units that die, planted."""

import math
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from actcli.analysis.training.dataset import split, toy
from actcli.analysis.training.group import Group
from actcli.analysis.training.history import NOT_DIVERGED, History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.population import train
from actcli.analysis.training.stack import parse_stack
from actcli.exits import UsageError

DATA = toy("moons", 0)
PLAN = TrainingPlan(hidden=(6, 5), epochs=3, batch=16)
MEASURED = (
    "train_loss",
    "test_loss",
    "train_score",
    "test_score",
    "gradient",
    "rare",
    "saturated",
    "diverged",
)


def members(*specs, rates=(0.1,), seeds=3):
    return [
        Member(parse_stack(spec), rate, seed) for spec in specs for rate in rates for seed in range(seeds)
    ]


def trained(wanted, plan=PLAN, threads=1, data=DATA, **tuning):
    *_, last = train(wanted, plan, data, threads, **tuning)
    assert last.done == last.total
    return last


def require_same(one: History, other: History):
    for name in MEASURED:
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name
    for ours, theirs in zip(one.dead, other.dead, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing(threads):
    every = members("relu", "tanh", "gelu", rates=(0.1, 1.0))
    require_same(trained(every).of(every), trained(every, threads=threads).of(every))


def test_the_size_of_groups_changes_nothing():
    every = members("relu", "silu", seeds=5)
    whole = trained(every).of(every)
    require_same(whole, trained(every, threads=2, most_in_group=2).of(every))


def test_a_network_does_not_depend_on_its_company():
    alone = members("tanh", seeds=1)
    company = members("relu", "tanh", rates=(0.01, 0.1))
    require_same(trained(alone).of(alone), trained(company).of(alone))


@pytest.mark.parametrize("batch", [1, 8])
def test_a_network_alone_sums_its_classes_as_in_company(batch):
    """Sums over the classes of a single sample have an order of their own in NumPy. The last of 8 has one, too."""
    rng = np.random.default_rng(0)
    data = split("ten", rng.normal(size=(97, 6)), np.arange(97) % 10, 0)
    assert len(data.train_y) % 8 == 1
    plan = TrainingPlan(hidden=(5,), epochs=2, batch=batch)
    every = members("relu", "tanh", seeds=2)
    together = trained(every, plan, data=data)
    for one in every:
        require_same(trained([one], plan, data=data).of([one]), together.of([one]))


@pytest.mark.parametrize(
    "parts", [{"batch_norm": True}, {"residual": True}, {"batch_norm": True, "residual": True}]
)
def test_batch_norm_and_residuals_keep_networks_apart(parts):
    plan = TrainingPlan(hidden=(6, 6, 6), epochs=2, batch=16, optimizer="adamw", decay=0.1, **parts)
    every = members("relu", "tanh/relu", rates=(0.01, 1e30), seeds=2)
    together = trained(every, plan, threads=2)
    for member in every:
        alone = trained([member], plan)
        require_same(alone.of([member]), together.of([member]))
    for member in every[:2]:
        weights, biases, _ = together.network(member)
        h = DATA.test_x.astype(np.float32)
        history = together.of([member])
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = h @ w + b
            if layer < 3:
                assert ((z <= 0).all(axis=0) == history.dead[layer][-1, 0]).all()
                h = np.maximum(z, 0) + (h if layer and plan.residual else 0)
        assert history.test_score[-1, 0] == (z.argmax(axis=1) == DATA.test_y).mean()


def test_batch_norm_learns_at_a_rate_at_which_units_die_without():
    every = members("relu", rates=(1.0,), seeds=4)
    plain, normalised = (
        trained(every, TrainingPlan(hidden=(16,) * 3, epochs=5, batch_norm=on)).of(every)
        for on in (False, True)
    )
    assert normalised.dead_share()[-1].mean() < plain.dead_share()[-1].mean()
    assert normalised.test_score[-1].mean() > plain.test_score[-1].mean()


def test_networks_of_other_splits_are_those_of_the_other_split():
    data = toy("xor", 4, 3)
    every = [Member(parse_stack(spec), 0.1, seed, part) for spec in ("relu", "tanh") for part in range(3)
             for seed in range(2)]  # fmt: skip
    together = trained(every, threads=2, data=data)
    for member in every:
        alone = trained([replace(member, split=0)], data=data.at_split(member.split))
        ours, theirs = together.of([member]), alone.of([replace(member, split=0)])
        require_same(ours, theirs)


def test_the_order_of_a_history_is_that_of_the_question():
    every = members("relu", seeds=3)
    last = trained(every)
    forwards, backwards = last.of(every), last.of(every[::-1])
    assert backwards.members == tuple(every[::-1])
    assert (forwards.test_score[:, ::-1] == backwards.test_score).all()


def test_steps_come_after_every_epoch_of_every_group():
    steps = list(train(members("relu", "tanh"), PLAN, DATA, 2, most_in_group=3))
    assert [step.done for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}


def test_networks_learn():
    every = members("relu", "tanh", seeds=4)
    history = trained(every, TrainingPlan(hidden=(16, 16), epochs=10)).of(every)
    assert history.epochs == 10
    assert history.test_score[-1].min() > 0.9
    assert (history.train_loss[-1] < history.train_loss[0]).all()
    assert np.isnan(history.gradient[0]).all()
    assert (history.gradient[1:] > 0).all()


def test_what_the_history_says_is_what_the_network_does():
    every = members("relu", seeds=2)
    last = trained(every)
    history = last.of(every)
    for place, member in enumerate(every):
        weights, biases, learned = last.network(member)
        assert learned == [{}, {}]
        h = DATA.test_x.astype(np.float32)
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = h @ w + b
            if layer < 2:
                assert ((z <= 0).all(axis=0) == history.dead[layer][-1, place]).all()
                fired = (z > 0).mean(axis=0)
                rare = ((fired > 0) & (fired < 0.01)).mean()
                assert history.rare[-1, place, layer] == pytest.approx(rare)
            h = np.maximum(z, 0)
        assert history.test_score[-1, place] == (z.argmax(axis=1) == DATA.test_y).mean()


def planted(monkeypatch, spec, change, epochs=1):
    """The history of two networks whose first weights are changed."""
    begin = Group.__init__

    def begin_changed(group, *arguments):
        begin(group, *arguments)
        change(group)

    monkeypatch.setattr(Group, "__init__", begin_changed)
    every = members(spec, seeds=2)
    return trained(every, TrainingPlan(hidden=(6, 5), epochs=epochs)).of(every)


def bury(group):
    """Two units of the first layer of the first network get biases from which nothing fires."""
    group.biases[0][0, 0, :2] = -100


def test_units_with_a_bias_of_minus_100_are_dead_and_stay_dead(monkeypatch):
    history = planted(monkeypatch, "relu", bury, epochs=3)
    assert history.dead[0][:, 0, :2].all()
    assert not history.dead[0][0, 1].all()
    assert (history.dead_share()[:, 0] >= 2 / 11).all()


def test_a_leak_keeps_them_from_being_dead(monkeypatch):
    history = planted(monkeypatch, "leaky_relu", bury)
    assert not history.dead[0].any()


def test_a_sigmoid_far_out_is_gate_dead_and_saturated(monkeypatch):
    history = planted(monkeypatch, "sigmoid", bury)
    assert history.dead[0][0, 0].tolist() == [True, True, False, False, False, False]
    assert history.saturated[0, 0, 0] == pytest.approx(2 / 6)


def test_a_layer_that_is_dead_passes_no_gradient_on(monkeypatch):
    history = planted(monkeypatch, "relu", lambda group: group.biases[1].fill(-1e4))
    assert history.dead[1].all()
    assert (history.gradient[1, :, :2] == 0).all()


@pytest.mark.parametrize(("spec", "rate"), [("relu", 1000.0), ("exponential", 10.0), ("identity", 1e30)])
def test_a_network_that_diverges_is_frozen_and_counted(spec, rate):
    data = split("r", DATA.train_x, DATA.train_x[:, 0] ** 2 + 0.5, 0)  # a squared error grows without bound
    every = members(spec, rates=(rate, 1e-6), seeds=2)
    history = trained(every, TrainingPlan(hidden=(6,), epochs=4), data=data).of(every)
    gone, fine = history.diverged[:2], history.diverged[2:]
    assert (gone != NOT_DIVERGED).all()
    assert (fine == NOT_DIVERGED).all()
    for place, epoch in enumerate(gone):
        assert np.isinf(history.train_loss[epoch:, place]).all()
        assert (history.test_score[epoch:, place] == -math.inf).all()
        assert np.isnan(history.gradient[epoch:, place]).all()
        assert np.isnan(history.dead_share()[epoch:, place]).all()
        assert np.isfinite(history.dead_share()[:epoch, place]).all()
        assert not any(layer[epoch:, place].any() for layer in history.dead)
    assert np.isfinite(history.test_score[:, 2:]).all()


def test_what_diverges_leaves_the_others_as_they_were():
    alone = members("relu", rates=(0.1,))
    mixed = members("relu", rates=(0.1, 1e30))
    require_same(trained(alone).of(alone), trained(mixed).of(alone))


def test_learned_parameters_are_handed_out():
    every = members("prelu", seeds=2)
    last = trained(every, TrainingPlan(hidden=(6, 5), epochs=2, learn=("alpha",)))
    alphas = [layer["alpha"] for member in every for layer in last.network(member)[2]]
    assert len(set(alphas)) == 4
    assert 0.25 not in alphas


def test_a_function_without_a_gradient_is_refused():
    with pytest.raises(UsageError, match="step has no gradient anywhere"):
        trained(members("step"))


def test_an_error_on_a_thread_is_raised(monkeypatch):
    def broken(*_):
        raise MemoryError("no room for a batch")

    monkeypatch.setattr(Group, "step", broken)
    with pytest.raises(MemoryError, match="no room for a batch"):
        trained(members("relu", "tanh", seeds=8), threads=2)


def test_networks_of_many_functions_are_trained_in_one_group_as_each_by_itself():
    plan = TrainingPlan(hidden=(6, 5), epochs=2, optimizer="adam", decay=0.01, learn=("alpha", "beta"))
    every = members("prelu", "relu/tanh", "swish:beta=1.5", "relu/relu", "leaky_relu", seeds=2)
    together = trained(every, plan)
    assert len(together.cohorts) == 1
    for member in every:
        alone = trained([member], plan)
        require_same(alone.of([member]), together.of([member]))
        for ours, theirs in zip(alone.network(member), together.network(member), strict=True):
            assert all(np.array_equal(one, other) for one, other in zip(ours[:2], theirs[:2], strict=True))
        assert alone.network(member)[2] == together.network(member)[2]


def test_all_groups_are_at_the_same_epoch():
    every = members("relu", "tanh", seeds=4)
    for step in train(every, PLAN, DATA, 1, most_in_group=2):
        # at least: the thread goes on while this one looks
        assert step.of(every).epochs >= step.done // len(step.cohorts) - 1


def test_the_time_of_a_network_is_its_own_and_its_share():
    every = members("relu", "softplus", seeds=4)
    history = trained(every).of(every)
    relu, softplus = history.seconds[1:, :4], history.seconds[1:, 4:]
    assert (relu > 0).all()
    # those with one function have one part of the work
    assert (relu == relu[:, :1]).all()
    assert (softplus == softplus[:, :1]).all()


def test_wide_networks_and_large_batches_are_trained_a_few_at_a_time():
    narrow, wide = (TrainingPlan(hidden=(width,), batch=64) for width in (8, 4096))
    every = members("relu", seeds=40)
    assert len(next(train(every, narrow, DATA, 1)).cohorts) == 1
    assert len(next(train(every, wide, DATA, 1)).cohorts) > 5
    large = split("large", np.random.default_rng(0).normal(size=(1 << 17, 1)), np.arange(1 << 17) % 2, 0)
    with pytest.raises(UsageError, match=r"in batches of 1048576, need .* GB of memory, 4 GB are allowed"):
        train(members("relu", seeds=1), TrainingPlan(hidden=(4096,) * 2, batch=1 << 20), large, 1)


def test_more_than_memory_holds_is_refused():
    with pytest.raises(UsageError, match=r"4 GB are allowed; train fewer \(`seeds`\)"):
        train(members("relu", seeds=900), TrainingPlan(hidden=(4096,) * 9), DATA, 1)


def test_a_stopped_training_leaves_no_thread():
    before, usual = threading.active_count(), sys.getswitchinterval()
    steps = train(members("relu", "tanh"), TrainingPlan(hidden=(6, 5), epochs=10_000), DATA, 2)
    next(steps)
    steps.close()
    assert threading.active_count() == before
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_usual_weights_follow_the_function_before_them_and_the_first_those_of_the_data():
    rng = np.random.default_rng(3)
    data = split("points", rng.normal(size=(24, 200)), np.arange(24) % 3, 0)
    plan = TrainingPlan(hidden=(100, 300), init="usual")
    one = Group([parse_stack("relu/tanh")], [0.1], [0], plan, data.in_dtype("float32"))
    # he before and after relu, xavier after tanh
    for weights, variance in zip(one.weights, (2 / 200, 2 / 100, 2 / 303), strict=True):
        assert np.var(weights) == pytest.approx(variance, rel=5 * math.sqrt(2 / weights.size))

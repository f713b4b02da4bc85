"""What trained networks say beyond accuracy: epochs to a score, generalisation, learned parameters, and the tests."""

import math
from dataclasses import replace

import numpy as np
import pytest

from actcli.analysis.training.comparison.contenders import Entrant, EntrantHistory, compare_histories
from actcli.analysis.training.dataset import split, toy
from actcli.analysis.training.group import Group
from actcli.analysis.training.history import History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.analysis.training.training_comparison import compare_training
from actcli.analysis.training.trial import Trial

DATA = toy("moons", 0)
EPOCHS = 6
T_OF_THREE = 3.182446
"""The 97.5 % quantile of Student's t with three degrees of freedom."""


def compared(firsts, train_scores=None):
    """Compare relu, tanh, ... of which four networks each reach 0.9 in these epochs; None for never."""
    plan = TrainingPlan(hidden=(2,), epochs=EPOCHS)
    known = {}
    for place, (name, epochs) in enumerate(firsts.items()):
        entrant = Entrant(parse_stack(name), 1, 0.1)
        members = tuple(Member(entrant.stack, 0.1, seed) for seed in range(4))
        blank = History.unwritten(members, plan)
        blank.test_score[:], blank.train_score[:] = 0.5, 0.97
        for network, first in enumerate(epochs):
            if first is not None:
                blank.test_score[first:, network] = 0.92
        if train_scores is not None:
            blank.train_score[-1] = train_scores[place]
        known[entrant] = EntrantHistory((0.1,), replace(blank, epochs=EPOCHS))
    trial = Trial(plan, depths=(1,), seeds=4)
    return compare_histories(list(known), known, DATA, trial)


def test_epochs_to_a_score_are_a_mean_with_its_interval():
    (one,) = compared({"relu": (2, 3, 3, 5)}).contenders
    assert one.value("epochs_to_target") == 13 / 4
    assert one.value("epochs_to_target_interval") == pytest.approx(
        T_OF_THREE * np.std([2, 3, 3, 5], ddof=1) / 2, rel=1e-6
    )
    assert one.value("reached_target") == 4


def test_a_network_that_does_not_reach_it_counts_one_epoch_more_than_were_trained():
    (one,) = compared({"relu": (2, 3, None, 5)}).contenders
    assert (one.value("epochs_to_target"), one.value("reached_target")) == ((2 + 3 + 7 + 5) / 4, 3)
    (half,) = compared({"relu": (2, 3, None, None)}).contenders
    assert half.value("epochs_to_target") is half.value("epochs_to_target_interval") is None


def test_who_is_fastest_is_said_only_where_pairs_show_it():
    sure = compared({"relu": (2, 3, 2, 3), "tanh": (4, 5, 4, 5)}).answer
    assert (
        "Fastest to a test accuracy of 0.9 is relu (2.5 ± 0.9 epochs); significantly slower: tanh (4.5 "
        in sure
    )
    level = compared({"relu": (2, 3, 2, 3), "tanh": (3, 2, 3, 3)}).answer
    assert "No significant difference in the epochs to a test accuracy of 0.9 between relu (" in level
    never = compared({"relu": (2, 3, 2, 3), "step": (None,) * 4, "sine": (6, None, None, None)}).answer
    assert "significantly slower: sine (1 network only) and step (never)" in never
    assert "epochs" not in compared({"relu": (None,) * 4, "tanh": (None,) * 4}).answer


def test_generalisation_is_told_of_those_that_learned():
    gaps = np.array([[0.95, 0.96, 0.95, 0.96], [0.99, 1.0, 0.99, 1.0], [0.5, 0.5, 0.5, 0.5]])
    found = compared({"relu": (1,) * 4, "tanh": (1,) * 4, "step": (None,) * 4}, gaps)
    relu = found.contenders[0]
    assert relu.value("train_test_gap") == pytest.approx(0.035)
    assert relu.value("train_test_gap_interval") == pytest.approx(
        T_OF_THREE * np.std(gaps[0], ddof=1) / 2, rel=1e-6
    )
    # a network that learned nothing has no gap, which is no merit
    assert (
        "The smallest generalisation gap (train - test) has relu (0.035 ± 0.009); significantly larger: "
        "tanh (0.075 ± 0.009)" in found.answer
    )
    assert found.answer.endswith("; ± covers 4 seeds on one split of the data.")


def trained(*specs, **plan):
    trial = Trial(TrainingPlan(epochs=2, batch=32, **plan), width=5, seeds=3)
    *_, last = compare_training([parse_stack(spec) for spec in specs], DATA, trial, 1)
    return last.so_far


def test_what_was_learned_is_in_a_column_a_detail_and_a_sentence():
    found = trained("relu", "prelu")
    relu, prelu = found.contenders
    assert relu.value("learned_alpha") is None
    assert "learned" not in relu.details
    layers = [row["value"] for row in prelu.details["learned"]]
    assert [(row["layer"], row["parameter"]) for row in prelu.details["learned"]] == [
        (1, "alpha"),
        (2, "alpha"),
    ]
    assert prelu.value("learned_alpha") == pytest.approx(np.mean(layers))
    assert all(value != 0.25 for value in layers)
    assert prelu.value("learned_alpha_interval") > 0
    assert "prelu learned alpha: " in found.answer
    assert " in layer 1 and " in found.answer


def test_nothing_is_learned_where_it_is_forbidden_or_not_asked_for():
    names = [column.name for column in trained("prelu", learn=None).columns]
    assert not any(name.startswith("learned") for name in names)
    assert not any(column.name.startswith("learned") for column in trained("relu", "leaky_relu").columns)


def test_alpha_is_learned_as_in_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    data = split("points", rng.normal(size=(60, 3)), np.arange(60) % 3, 0).in_dtype("float64")
    plan = TrainingPlan(hidden=(5, 4), batch=8, dtype="float64")
    one = Group([parse_stack("prelu")] * 2, [0.1, 0.3], [0, 1], plan, data)
    nets = []
    for member, rate in enumerate((0.1, 0.3)):
        layers = []
        for layer, (w, b) in enumerate(zip(one.weights, one.biases, strict=True)):
            linear = torch.nn.Linear(*w.shape[1:], dtype=torch.float64)
            linear.weight.data = torch.tensor(w[member].T.copy())
            linear.bias.data = torch.tensor(b[member, 0].copy())
            layers.append(linear)
            if layer < 2:
                layers.append(torch.nn.PReLU(dtype=torch.float64))
        net = torch.nn.Sequential(*layers)
        nets.append((net, torch.optim.SGD(net.parameters(), lr=rate)))
    for epoch in range(1, 4):
        for places in one.batches(epoch):
            x, y = data.train_x[places], data.train_y[places]
            one.step(x, y)
            for member, (net, optimizer) in enumerate(nets):
                optimizer.zero_grad()
                target = torch.tensor(y[member].astype(np.int64))
                torch.nn.functional.cross_entropy(net(torch.tensor(x[member])), target).backward()
                optimizer.step()
    for member, (net, _) in enumerate(nets):
        theirs = [layer.weight.item() for layer in net if isinstance(layer, torch.nn.PReLU)]
        ours = [layer["alpha"] for layer in one.learned_by(member)]
        assert ours == pytest.approx(theirs, rel=1e-12)
        assert all(not math.isclose(value, 0.25, abs_tol=1e-3) for value in ours)

"""Functions compared by training: who is best, who ties, which rate is found without the test set."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from actcli.analysis.training.comparison.contenders import Entrant, EntrantHistory, compare_histories
from actcli.analysis.training.comparison.ties import find_ties
from actcli.analysis.training.dataset import Dataset, split, toy
from actcli.analysis.training.history import History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.population import train
from actcli.analysis.training.rates import best_rates, rate_grid
from actcli.analysis.training.significance import Nesting
from actcli.analysis.training.stack import parse_stack
from actcli.analysis.training.training_comparison import compare_training
from actcli.analysis.training.trial import Trial
from actcli.exits import UsageError

DATA = toy("moons", 0)
PLAN = TrainingPlan(epochs=2, batch=32)


def compared(*specs, data=DATA, threads=2, keep=lambda _: None, **trial):
    trial = Trial(**{"plan": PLAN, "width": 5, "seeds": 3, **trial})
    steps = list(compare_training([parse_stack(spec) for spec in specs], data, trial, threads, keep))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert [step.done == step.total for step in steps] == [False] * (len(steps) - 1) + [True]
    return steps[-1].so_far


def history(scores, epochs=0):
    """A history of which the last test scores are given."""
    plan = TrainingPlan(hidden=(2,), epochs=epochs)
    blank = History.unwritten(tuple(Member(parse_stack("relu"), 0.1, i) for i in range(len(scores))), plan)
    blank.test_score[epochs] = scores
    return replace(blank, epochs=epochs)


def ties(*scores):
    return find_ties([np.array(one) for one in scores], 0.0)


def test_rules_of_the_check_serve_the_measurements(monkeypatch):
    monkeypatch.setattr("actcli.analysis.training.epoch_measure.firing_rule", None)
    relu, _ = compared("relu", "gelu/relu").contenders
    assert 0 <= relu.values["dead_share"] < 1


def test_the_best_ties_with_itself_and_with_what_is_as_good():
    best, close, far = ties([0.9, 0.91, 0.92, 0.9], [0.9, 0.92, 0.9, 0.9], [0.5, 0.51, 0.52, 0.5])
    assert best == (True, None)
    assert close[0] is True
    assert close[1] > 0.05
    assert far[0] is False
    assert far[1] < 1e-6


def test_pairs_count_not_the_spread_between_seeds():
    """Every seed of the second is a little worse: the pairs show it, two separate means would not."""
    spread = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    worse = spread - np.array([0.01, 0.012, 0.009, 0.011, 0.01])
    assert ties(spread, worse)[1][0] is False


def answer(*scores, rates=(0.1,)):
    """Return the answer about functions f0, f1, ... with these test scores."""
    specs = [f"leaky_relu:0.{i}" for i in range(1, len(scores) + 1)]
    entrants = [Entrant(parse_stack(spec), 2, 0.1) for spec in specs]
    known = {e: EntrantHistory((0.1,), history(one)) for e, one in zip(entrants, scores, strict=True)}
    trial = Trial(replace(PLAN, epochs=0), seeds=len(scores[0]), rates=rates)
    return compare_histories(entrants, known, DATA, trial).answer


def test_the_answer_names_the_best_or_its_ties():
    good, close, bad = [0.95, 0.952, 0.951], [0.951, 0.951, 0.95], [0.5, 0.51, 0.52]
    assert (
        answer(good)
        == "leaky_relu:0.1 reaches a test accuracy of 0.951 ± 0.002; ± covers 3 seeds on one split of the data."
    )
    assert answer(bad, good).startswith(
        "leaky_relu:0.2 is best: test accuracy 0.951 ± 0.002, significantly above leaky_relu:0.1 (0.51 ± 0.02)"
    )
    tied = answer(good, close, bad)
    assert tied.startswith("No significant difference in test accuracy between leaky_relu:0.1 (")
    assert "; leaky_relu:0.3 (0.51 ± 0.02) is significantly lower; ± covers 3 seeds" in tied
    assert "no test" in answer([0.9], [0.8])


def test_splits_are_the_unit_of_chance():
    nesting = Nesting(3, 1 / 3)
    # networks of a split are alike, so many seeds tell no more than one
    spread = np.repeat([0.90, 0.94, 0.92], 20) + np.tile([0.0, 1e-4], 30)
    worse = spread - np.repeat([0.001, 0.006, -0.002], 20)
    pair = [spread, worse]
    assert find_ties(pair, 0.0)[1][0] is False
    assert find_ties(pair, 0.0, nesting)[1][0] is True


def test_the_intervals_over_splits_and_seeds():
    one = compared("relu", "tanh", splits=3, data=toy("moons", 0, 3))
    ours = one.contenders[0].values
    assert "± covers 3 splits of the data with 3 seeds each" in one.answer
    assert one.settings["splits"] == 3
    assert ours["test_score_interval"] > 0
    assert ours["seed_interval"] > 0
    assert "3 splits of the data, 9 networks each" in one.notes[0]
    assert "seed_interval" not in compared("relu").contenders[0].values


def test_the_correction_makes_more_ties():
    best, other = [0.9, 0.93, 0.92, 0.9, 0.91], [0.88, 0.9, 0.91, 0.9, 0.89]
    alone = ties(best, other)[1]
    assert alone[0] is False
    among = ties(best, other, *[[0.9, 0.93, 0.92, 0.9, 0.90999 - i / 1e4] for i in range(9)])[1]
    assert among[0] is True
    assert among[1] == pytest.approx(10 * alone[1])


def test_one_seed_leaves_nothing_to_judge_by():
    assert ties([0.9], [0.5]) == [(None, None)] * 2
    assert ties([0.9, 0.8]) == [(None, None)]


def test_a_network_that_explains_nothing_is_no_tie():
    assert ties([0.9, 0.8, 0.9], [-math.inf, 0.8, 0.9])[1] == (False, None)
    assert ties([-math.inf, 0.8], [-math.inf, 0.9])[1] == (None, None)


def test_what_is_measured():
    found = compared("relu", "tanh")
    assert [c.function for c in found.contenders] == ["relu", "tanh"]
    for contender in found.contenders:
        assert set(contender.values) == {column.name for column in found.columns}
        assert 0 < contender.values["test_score"] <= 1
        assert contender.values["diverged"] == 0
        assert [row["epoch"] for row in contender.details["epochs"]] == [0, 1, 2]
        assert contender.details["epochs"][-1]["test_score"] == contender.values["test_score"]
    assert "750 training samples, 250 test samples, 2 classes" in found.notes[0]
    assert [panel.quantity for panel in found.chart.content.panels] == ["test accuracy", "training loss"]


def test_depths_and_rates_are_contenders_of_their_own():
    found = compared("relu", "relu/tanh", depths=(1, 3), rates=(0.01, 0.1))
    keys = [(c.function, c.values["depth"], c.values["rate"]) for c in found.contenders]
    assert keys == [(f, d, r) for f in ("relu", "relu/tanh") for d in (1, 3) for r in (0.01, 0.1)]
    labels = [curve.label for curve in found.chart.content.panels[0].curves]
    assert labels[0] == "relu, 1 layer, rate 0.01"


def test_a_function_twice_is_two_equal_lines():
    one, two = compared("relu", "relu").contenders
    assert one.values["test_score"] == two.values["test_score"]


def test_the_seed_decides_everything_but_the_time():
    def findings(threads):
        found = compared("relu", "gelu", rates=(), threads=threads)
        return [
            ({k: v for k, v in c.values.items() if k != "seconds_per_epoch"}, c.details)
            for c in found.contenders
        ]

    assert findings(1) == findings(2)


def test_what_diverges_is_said():
    data = split("r", DATA.train_x, DATA.train_x[:, 0] ** 2 + 0.5, 0)
    found = compared("relu", "tanh", data=data, rates=(1e30,))
    gone = found.contenders[0].values
    assert (gone["diverged"], gone["test_score"], gone["final_loss"]) == (3, -math.inf, math.inf)
    assert gone["dead_share"] is None
    assert gone["train_test_gap"] is None
    assert found.warnings[0].startswith("relu: 3 of 3 networks diverged")


def test_a_rate_is_found_for_each_function():
    found = compared("relu", "sigmoid", rates=())
    grid = rate_grid("sgd")
    assert len(grid) == 10
    assert all(c.values["rate"] in grid for c in found.contenders)
    assert (
        sum("is the best rate of ten, on a quarter of the training set" in note for note in found.notes) == 2
    )


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (rate_grid("sgd")[-1], "largest"),
        (rate_grid("sgd")[0], "smallest"),
        (rate_grid("sgd")[4], None),
    ],
)
def test_a_rate_at_the_end_of_the_grid_is_called_so(rate, said):
    entrant = Entrant(parse_stack("relu"), 2, None)
    found = {entrant: EntrantHistory((rate,), history([0.5, 0.6]))}
    compared = compare_histories([entrant], found, DATA, Trial(replace(PLAN, epochs=0), rates=()))
    assert f"relu: {rate:g} is the best rate of ten" in compared.notes[1]
    assert [f"the {said} rate" in warning for warning in compared.warnings] == [True] * (said is not None)


def test_the_rate_is_found_without_the_test_set():
    spoilt = Dataset("moons", DATA.train_x, DATA.train_y, DATA.test_x * np.nan, 1 - DATA.test_y, DATA.classes)

    def rates(data):
        *_, (share, found) = best_rates(
            [parse_stack("relu"), parse_stack("sigmoid")],
            (0.01, 0.1, 1.0),
            PLAN,
            data,
            0,
            partial(train, threads=2),
        )
        assert share == 1
        return found

    assert rates(DATA) == rates(spoilt)
    assert rates(DATA)[1] == (1.0,)  # two epochs of a sigmoid want the largest


def test_each_split_has_a_rate_of_its_own_found_without_its_test_part():
    """The test samples of a split are among the training samples of the others."""
    data, stacks = toy("moons", 0, 3), [parse_stack("relu"), parse_stack("sigmoid")]

    def rates(data):
        *_, (_, found) = best_rates(stacks, (0.001, 0.01, 0.1), PLAN, data, 0, partial(train, threads=2))
        return found

    found = rates(data)
    assert [len(own) for own in found] == [3, 3]
    for split_number in range(3):
        (alone,) = zip(*rates(replace(data.at_split(split_number), others=())), strict=True)
        assert alone == tuple(own[split_number] for own in found)
        one = data.at_split(split_number)
        spoilt = replace(one, test_x=one.test_x * np.nan, test_y=1 - one.test_y, others=())
        assert rates(spoilt) == rates(replace(one, others=()))


def test_networks_are_trained_at_the_rate_of_their_split():
    kept = {}
    data = toy("moons", 0, 3)
    one = compared("relu", rates=(), splits=3, seeds=2, data=data, keep=kept.update)
    ((entrant, outcome),) = kept.items()
    assert entrant.rate is None
    assert [(m.split, m.rate) for m in outcome.history.members] == [
        (number, rate) for number, rate in enumerate(outcome.rates) for _ in range(2)
    ]
    assert [row["rate"] for row in one.contenders[0].details["rates"]] == list(outcome.rates)
    assert one.contenders[0].values["rate"] in outcome.rates
    assert "each on a quarter of the training set of its split" in one.notes[1]


def test_the_interval_of_the_dead_share():
    """Over seeds on one split, else over splits and seeds; of networks that did not diverge."""
    blank = history([0.5] * 6)
    blank.dead[0][0] = np.array([[1, 0], [0, 0], [1, 1], [1, 0], [0, 0], [0, 0]])
    shares = np.array([0.5, 0, 1, 0.5, 0, 0])

    def cells(one, **trial):
        entrant = Entrant(parse_stack("relu"), 1, 0.1)
        trial = Trial(replace(PLAN, epochs=0), depths=(1,), **trial)
        found = {entrant: EntrantHistory((0.1,) * trial.splits, one)}
        return compare_histories([entrant], found, DATA, trial).contenders[0].values

    values = cells(blank, seeds=6)
    assert values["dead_share"] == pytest.approx(1 / 3)
    assert values["dead_share_interval"] == pytest.approx(2.570582 * shares.std(ddof=1) / math.sqrt(6))
    nested = cells(blank, splits=3, seeds=2)
    means = shares.reshape(3, 2).mean(axis=1)
    assert nested["dead_share_interval"] == pytest.approx(
        4.302653 * math.sqrt((1 / 3 + DATA.test_ratio) * means.var(ddof=1))
    )
    blank.diverged[0] = 0
    assert cells(blank, seeds=6)["dead_share_interval"] == pytest.approx(
        2.776445 * shares[1:].std(ddof=1) / math.sqrt(5)
    )
    assert cells(blank, splits=3, seeds=2)["dead_share_interval"] is None


def test_what_is_known_on_the_way():
    kept = []
    # so long that no training is through before it is looked at
    trial = Trial(replace(PLAN, epochs=300), width=5, seeds=2, depths=(1, 2))
    steps = compare_training(
        [parse_stack("relu"), parse_stack("tanh")], DATA, trial, 1, lambda o: kept.append(dict(o))
    )
    first = next(steps)
    assert len(first.so_far.contenders) <= 2
    some = next(steps)
    steps.close()
    assert 0 < some.done < some.total
    assert len(kept) == 1  # nothing is compared before somebody looks
    shown = some.so_far
    assert shown.chart is None or shown.contenders
    assert len(kept) == 2
    assert all(outcome.history.epochs < 300 for outcome in kept[0].values())


def cut_short(epochs, seeds=3):
    """What is shown where networks of relu and tanh have come so far, by depth and function."""
    trial = Trial(replace(PLAN, epochs=9), width=5, seeds=seeds, depths=(1, 2))
    entrants = [Entrant(parse_stack(f), depth, 0.1) for f in ("relu", "tanh") for depth in trial.depths]
    known = {}
    for entrant, reached in zip(entrants, epochs, strict=True):
        if reached is not None:
            one = history([0.5 + 0.1 * i for i in range(seeds)], 9)
            one.test_score[:] = one.test_score[9] + 0.1 * (entrant.stack.spec == "tanh")
            known[entrant] = EntrantHistory((0.1,), replace(one, epochs=reached))
    return compare_histories(entrants, known, DATA, trial)


def test_networks_that_are_not_trained_equally_long_are_not_tested_against_each_other():
    found = cut_short([9, 2, 9, 2])
    assert [c.values["epochs_trained"] for c in found.contenders] == [9, 2, 9, 2]
    assert all(c.values["p_against_best"] is None is c.values["tied_with_best"] for c in found.contenders)
    assert "9 epochs where they were not cut short, " in found.notes[0]
    assert "no test" in found.answer
    assert found.warnings == ()


def test_what_is_cut_short_at_one_depth_is_compared_at_the_epoch_that_all_have_come_to():
    found = cut_short([4, None, 5, None])
    assert [c.values["epochs_trained"] for c in found.contenders] == [4, 4]
    assert [len(c.details["epochs"]) for c in found.contenders] == [5, 5]
    assert "4 of 9 epochs, " in found.notes[0]
    assert found.warnings == ("Not trained by then: relu, 2 layers; tanh, 2 layers.",)
    assert found.answer.startswith("tanh, 1 layer is best: ")


def test_what_is_trained_to_the_end_has_no_column_of_epochs():
    assert "epochs_trained" in [column.name for column in cut_short([9, 9, 9, 8]).columns]
    assert "epochs_trained" not in [column.name for column in cut_short([9, 9, 9, 9]).columns]
    assert "epochs_trained" not in [column.name for column in cut_short([None] * 4).columns]


def test_a_single_network_is_one():
    assert "; 1 network each, " in cut_short([9, None, 9, None], seeds=1).notes[0]


def test_the_histories_of_all_networks_are_kept():
    kept = {}
    trial = Trial(PLAN, width=5, seeds=2)
    for _ in compare_training([parse_stack("relu"), parse_stack("tanh")], DATA, trial, 2, kept.update):
        pass
    assert [outcome.history.epochs for outcome in kept.values()] == [2, 2]
    assert [m.seed for outcome in kept.values() for m in outcome.history.members] == [0, 1, 0, 1]


def refused(*specs, **trial):
    with pytest.raises(UsageError) as error:
        compare_training([parse_stack(spec) for spec in specs], DATA, Trial(**{"plan": PLAN, **trial}), 1)
    return str(error.value)


def test_what_is_refused_before_any_work():
    assert refused("relu", "step").startswith("step has no gradient anywhere")
    assert "learn=alpha" in refused("relu", plan=TrainingPlan(learn=("alpha",)))
    assert "whole numbers from 1 on" in refused("relu", depths=(0,))
    assert "of memory" in refused("relu", width=4096, depths=(2, 900))


def test_whether_parameters_were_learned():
    fixed = compared("relu", "prelu", "leaky_relu", plan=replace(PLAN, learn=None))
    assert [note for note in fixed.warnings if "learned" in note] == [
        "prelu: alpha is fixed at 0.25, not learned."
    ]
    usual = compared("relu", "prelu", "leaky_relu")
    assert [note.split(":")[0] for note in usual.notes if "is learned" in note] == ["prelu"]
    learned = compared("relu", "prelu", "leaky_relu", plan=replace(PLAN, learn=("alpha",)))
    assert [note.split(":")[0] for note in learned.notes if "is learned" in note] == ["prelu", "leaky_relu"]
    assert not any("learned" in note for note in (*fixed.notes, *learned.warnings))

"""Data sets: parts, standardisation, classes or numbers, the toy problems, loss and score."""

import numpy as np
import pytest

from actcli.analysis.training.dataset import TOYS, Dataset, split, toy
from actcli.exits import DataError


def table(samples=40, features=3):
    return np.random.default_rng(0).normal(2, 5, (samples, features))


def test_a_quarter_is_for_testing_and_the_rest_is_standardised():
    data = split("t", table(), np.arange(40) % 2, 0)
    assert (data.train_x.shape, data.test_x.shape) == ((30, 3), (10, 3))
    assert np.allclose(data.train_x.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(data.train_x.std(axis=0), 1, rtol=1e-12)
    assert (data.features, data.outputs) == (3, 2)


def test_the_parts_hold_every_sample_once_and_follow_the_seed():
    x = np.arange(40.0)[:, None]
    data = split("t", x, x[:, 0] / 7, 3)
    both = np.concatenate([data.train_x, data.test_x])[:, 0]
    assert np.unique(both).size == 40
    assert (split("t", x, x[:, 0] / 7, 3).test_x == data.test_x).all()
    assert not (split("t", x, x[:, 0] / 7, 4).test_x == data.test_x).all()


def test_the_test_part_leaves_no_trace_in_the_scale():
    x = np.arange(40.0)[:, None]
    y = np.arange(40) % 2
    data = split("t", x, y, 0)
    # the column ascends, so that ranks lead back to the samples
    ranks = np.argsort(np.argsort(np.concatenate([data.train_x, data.test_x])[:, 0]))
    x[ranks[len(data.train_x) :]] += 1000
    assert (split("t", x, y, 0).train_x == data.train_x).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_a_constant_column_becomes_nothing(value):
    x = table()
    x[:, 1] = value
    data = split("t", x, np.arange(40) % 2, 0)
    assert not data.train_x[:, 1].any()
    assert not data.test_x[:, 1].any()


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.arange(40) % 3, ("0", "1", "2")),
        ((np.arange(40) % 2).astype(float), ("0", "1")),
        (np.arange(40) % 2 == 0, ("False", "True")),
        (np.array(["cat", "dog"] * 20), ("cat", "dog")),
        (np.arange(40), ()),
        (np.arange(40) / 3, ()),
        (table(features=2), ()),
    ],
)
def test_what_is_a_class(y, classes):
    data = split("t", table(), y, 0)
    assert data.classes == classes
    if not classes:
        assert np.allclose(data.train_y.mean(axis=0), 0, atol=1e-12)
        assert data.outputs == data.train_y.shape[1]


def broken(x=None, y=None):
    with pytest.raises(DataError) as error:
        split("t", table() if x is None else x, np.arange(40) % 2 if y is None else y, 0)
    return str(error.value)


def test_what_cannot_be_trained_on():
    holes = table()
    holes[3, 1] = np.nan
    assert broken(holes) == "t: the samples hold nan or inf; fill or drop them first"
    assert broken(y=np.arange(39)) == "t: 40 samples but 39 targets"
    assert broken(y=np.full(40, 7)) == "t: all targets are 7: there is nothing to learn"
    assert broken(y=np.full(40, 7.5)) == "t: all targets are the same: there is nothing to learn"
    assert broken(y=np.where(np.arange(40) > 5, 0.5, np.inf)).startswith("t: the targets hold nan or inf")
    assert broken(table(7), np.arange(7) % 2) == "t: 7 samples are too few to train on; 8 are the fewest"
    assert broken(table(1), np.arange(1)) == "t: 1 sample is too few to train on; 8 are the fewest"
    assert broken(table(0), np.arange(0)) == "t: 0 samples are too few to train on; 8 are the fewest"
    assert broken(np.empty((40, 0))) == "t: the samples hold no numbers"
    assert broken(np.full((40, 3), 0.1)) == "t: all samples are the same: there is nothing to learn from"
    assert "too large to be standardised" in broken(table() * 1e305)


@pytest.mark.parametrize("name", TOYS)
def test_the_toys_follow_the_seed(name):
    one, same, other = toy(name, 1), toy(name, 1), toy(name, 2)
    assert (one.train_x == same.train_x).all()
    assert not (one.train_x == other.train_x).all()
    assert one.classes == ("0", "1")
    assert 0.4 < one.train_y.mean() < 0.6


def test_no_line_separates_the_toys_well():
    for name, most in (("spirals", 0.75), ("xor", 0.7), ("moons", 0.95)):
        data = toy(name, 0)
        x = np.c_[data.train_x, np.ones(len(data.train_x))]
        w = np.linalg.lstsq(x, 2.0 * data.train_y - 1, rcond=None)[0]
        right = ((x @ w > 0) == data.train_y).mean()
        assert right < most


def test_the_loss_and_its_gradient_by_the_outputs():
    data = toy("xor", 0)
    outputs = np.random.default_rng(0).normal(size=(2, 5, 2))
    y = np.array([[0, 1, 1, 0, 1]])
    loss, error = data.loss_and_error(outputs, y)
    chance = np.exp(outputs) / np.exp(outputs).sum(axis=2, keepdims=True)
    wanted = -np.log(np.take_along_axis(chance, np.broadcast_to(y, (2, 5))[:, :, None], 2)).mean(axis=(1, 2))
    assert np.allclose(loss, wanted, rtol=1e-14)
    assert np.allclose(error, (chance - np.eye(2)[y]) / 5, rtol=1e-12, atol=1e-16)


def test_the_score():
    data = toy("xor", 0)
    outputs = np.array([[[1.0, 0], [0, 1]], [[np.nan, 0], [0, 1]]])
    assert data.score(outputs, np.array([0, 1])).tolist() == [1.0, 0.5]
    regression = Dataset("r", np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), ())
    y = np.array([[1.0], [3.0]])
    guesses = np.array([[[1.0], [3.0]], [[2.0], [2.0]], [[np.inf], [2.0]]])
    assert regression.score(guesses, y).tolist() == [1.0, 0.0, -np.inf]


def test_a_choice_on_the_training_part_never_sees_the_test_part():
    data = toy("moons", 0)
    inner = data.without_test(0)
    assert len(inner.train_y) + len(inner.test_y) == len(data.train_y)
    held = {tuple(x) for x in data.test_x.tolist()}
    assert not held & {tuple(x) for x in [*inner.train_x.tolist(), *inner.test_x.tolist()]}


def test_several_splits_hold_the_same_samples():
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    data = split("s", x, y, 3, splits=3)
    assert [data.at_split(i).train_x.tolist() for i in range(3)] == [
        split("s", x, y, 3 + i).train_x.tolist() for i in range(3)
    ]
    assert data.at_split(1).test_y.shape == data.test_y.shape
    assert data.test_ratio == pytest.approx(1 / 3)
    assert data.in_dtype("float32").at_split(2).train_x.dtype == np.float32

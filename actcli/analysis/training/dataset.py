"""Data sets to train on, standardised and split, and three toy problems drawn by seed."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.distinct import distinct
from actcli.exits import DataError

Array = NDArray[Any]
TEST_SHARE = 0.25
TOYS = ("moons", "spirals", "xor")
TOY_SAMPLES = 1000
_FEWEST_SAMPLES = 8
_NOT_LAYERS = 1 << 21
"""First seed word of a data set's random generators, beyond those of layers and batches."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set, split for training and testing.

    Attributes:
        name: for messages.
        train_x, test_x: (samples, features) float64, standardised by the training part.
        train_y, test_y: classes from 0 on, (samples,) whole numbers; or for regression (samples, k) float64,
            standardised.
        classes: the names of the classes; empty for regression.
        others: the same samples, split in other ways.

    """

    name: str
    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    classes: tuple[str, ...]
    others: tuple["Dataset", ...] = ()

    def at_split(self, number: int) -> "Dataset":
        """Return the data set in one of its splits, from 0 on."""
        return self.others[number - 1] if number else self

    @property
    def test_ratio(self) -> float:
        """The number of test samples over that of training samples."""
        return len(self.test_y) / len(self.train_y)

    @property
    def features(self) -> int:
        """Numbers per sample."""
        return int(self.train_x.shape[1])

    @property
    def outputs(self) -> int:
        """Numbers that a network returns per sample."""
        return len(self.classes) or int(self.train_y.shape[1])

    def without_test(self, seed: int) -> "Dataset":
        """Return each split's training part alone, split once more, for choices that must not see its test part."""
        train, test = _draw_parts(len(self.train_y), seed)
        x, y = self.train_x, self.train_y
        others = tuple(one.without_test(seed) for one in self.others)
        return Dataset(self.name, x[train], y[train], x[test], y[test], self.classes, others)

    def loss_and_error(self, outputs: Array, y: Array) -> tuple[Array, Array]:
        """Return the mean loss (P,) of a batch, and its gradient by the outputs (P, B, k).

        Classes: cross-entropy of the softmax, y (P, B) or (1, B). Regression: half the squared error, y (P, B, k).
        """
        samples = outputs.shape[1]
        if not self.classes:
            error = outputs - y.astype(outputs.dtype)
            return 0.5 * np.mean(np.square(error).sum(axis=2), axis=1), error / samples
        # classes first, so that each step runs over whole rows of samples
        error = np.ascontiguousarray(outputs.transpose(2, 0, 1))
        error -= error.max(axis=0)
        flat = error.reshape(-1)
        # index of each sample's own class in the flat array
        members = y if y.shape == outputs.shape[:2] else np.broadcast_to(y, outputs.shape[:2])
        place = members.reshape(-1) * members.size + np.arange(members.size)
        chosen = flat.take(place).reshape(members.shape)
        np.exp(error, out=error)
        # a sum over a single sample of a single member would pair the classes, and differ in the last bits
        total: Array = error.sum(axis=0) if members.size > 1 else np.add.accumulate(error)[-1]
        loss = np.log(total)
        loss -= chosen
        loss = np.add.reduce(loss, axis=1)
        loss /= samples
        total *= samples
        error /= total
        flat[place] -= outputs.dtype.type(1 / samples)
        return loss, np.ascontiguousarray(error.transpose(1, 2, 0))

    def score(self, outputs: Array, y: Array) -> Array:
        """Return the score (P,) of outputs (P, B, k): accuracy, or R² for regression.

        Non-finite outputs get no sample right; for regression they score -inf.
        """
        return self.score_of(self.credit(outputs, y), y)

    def credit(self, outputs: Array, y: Array) -> Array:
        """Return what samples add to the score of outputs (P, B, k), (P,): right ones, or minus the squared error."""
        finite = np.isfinite(outputs)
        if self.classes:
            right: Array = outputs.argmax(axis=2) == y
            if not finite.all():
                right &= finite.all(axis=2)
            return np.asarray(right.sum(axis=1), np.float64)
        with np.errstate(all="ignore"):
            rest = np.square(outputs - y).sum(axis=(1, 2), dtype=np.float64)
        return np.where(finite.all(axis=(1, 2)), -rest, -np.inf)

    def score_of(self, credit: Array, y: Array) -> Array:
        """Return the score (P,) from the credit of all samples, whose targets are y."""
        if self.classes:
            return credit / len(y)
        with np.errstate(all="ignore"):
            return np.asarray(1 + credit / np.square(y - y.mean(axis=0)).sum())

    def in_dtype(self, dtype: str) -> "Dataset":
        """Return the data set with samples of another type."""
        return replace(
            self,
            train_x=self.train_x.astype(dtype),
            test_x=self.test_x.astype(dtype),
            others=tuple(one.in_dtype(dtype) for one in self.others),
        )


def split(
    name: str, x: Array, y: Array, seed: int, target_is_class: bool | None = None, splits: int = 1
) -> Dataset:
    """Split samples (n, features) and targets (n,) or (n, k); a quarter, fixed by the seed, is for testing.

    Targets are classes if they are booleans, words or whole numbers, with at most 100 distinct values and at most half
    as many as samples; else numbers to predict. With several `splits` the others hang on the
    first; they are drawn by the seeds that follow. Raises DataError for too few samples, and for constant or non-finite
    data.
    """
    x = np.asarray(x, np.float64).reshape(len(x), math.prod(x.shape[1:]))
    if len(x) != len(y):
        raise DataError(f"{name}: {len(x)} samples but {len(y)} targets")
    if len(x) < _FEWEST_SAMPLES:
        count = "1 sample is" if len(x) == 1 else f"{len(x)} samples are"
        raise DataError(f"{name}: {count} too few to train on; {_FEWEST_SAMPLES} are the fewest")
    if not x.shape[1]:
        raise DataError(f"{name}: the samples hold no numbers")
    if not np.isfinite(x).all():
        raise DataError(f"{name}: the samples hold nan or inf; fill or drop them first")
    if (x == x[0]).all():
        raise DataError(f"{name}: all samples are the same: there is nothing to learn from")
    is_class = _are_classes(y) if target_is_class is None else target_is_class
    classes: tuple[str, ...] = ()
    if is_class:
        labels, y = np.unique(y, return_inverse=True)
        classes = tuple(_class_name(label) for label in labels.tolist())
        if len(classes) < 2:
            raise DataError(f"{name}: all targets are {classes[0]}: there is nothing to learn")
    else:
        y = np.asarray(y, np.float64).reshape(len(y), -1)
        if not np.isfinite(y).all():
            raise DataError(f"{name}: the targets hold nan or inf; fill or drop them first")
    first, *others = (_split_once(name, x, y, classes, seed + number) for number in range(splits))
    return replace(first, others=tuple(others))


def _split_once(name: str, x: Array, y: Array, classes: tuple[str, ...], seed: int) -> Dataset:
    train, test = _draw_parts(len(x), seed)
    train_x, test_x = _standardise(x[train], x[test])
    if not (np.isfinite(train_x).all() and np.isfinite(test_x).all()):
        raise DataError(f"{name}: the samples are too large to be standardised; scale them first")
    train_y, test_y = y[train], y[test]
    if not classes:
        if bool((train_y == train_y[0]).all(axis=0).any()):
            raise DataError(f"{name}: all targets are the same: there is nothing to learn")
        train_y, test_y = _standardise(train_y, test_y)
        if not (np.isfinite(train_y).all() and np.isfinite(test_y).all()):
            raise DataError(f"{name}: the targets are too large to be standardised; scale them first")
    return Dataset(name, train_x, train_y, test_x, test_y, classes)


def toy(name: str, seed: int, splits: int = 1) -> Dataset:
    """Draw 1000 noisy points in the plane: `moons`, two half circles; `spirals`, two arms; `xor`, four quadrants."""
    rng = np.random.default_rng((seed, _NOT_LAYERS, TOYS.index(name)))
    y = np.arange(TOY_SAMPLES) % 2
    if name == "xor":
        x = rng.uniform(-1, 1, (TOY_SAMPLES, 2))
        y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.intp)
    elif name == "moons":
        angle = rng.uniform(0, np.pi, TOY_SAMPLES)
        x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x[y == 1] = np.array([1.0, 0.5]) - x[y == 1]
    else:
        turn = 3.5 * np.pi * np.sqrt(rng.uniform(0.02, 1, TOY_SAMPLES))
        x = (turn / 10)[:, None] * np.stack([np.cos(turn + np.pi * y), np.sin(turn + np.pi * y)], axis=1)
    x += rng.normal(0, {"moons": 0.15, "spirals": 0.03, "xor": 0.05}[name], x.shape)
    return split(name, x, y, seed, splits=splits)


def _draw_parts(count: int, seed: int) -> tuple[Array, Array]:
    """Draw the indices of the samples for training, and of those for testing."""
    order = np.random.default_rng((seed, _NOT_LAYERS, len(TOYS))).permutation(count)
    test, train = np.split(order, [round(TEST_SHARE * count)])
    return train, test


def _are_classes(y: Array) -> bool:
    y = np.asarray(y)
    if y.ndim != 1:
        return False
    if y.dtype.kind in "USb":
        return True
    if not np.isfinite(y).all() or (y != np.round(y)).any():
        return False
    different = distinct(y).size
    return different <= 100 and 2 * different <= y.size


def _class_name(label: object) -> str:
    """Return the name of a class: 3 for 3.0."""
    return str(int(label)) if isinstance(label, float) else str(label)


def _standardise(train: Array, test: Array) -> tuple[Array, Array]:
    """Standardise both parts by mean and spread of the first; a column that is constant there becomes 0.

    Constant columns are detected by their values: rounding of the mean gives them a spread.
    """
    with np.errstate(all="ignore"):
        mean, spread = train.mean(axis=0), train.std(axis=0)
        constant = (train == train[0]).all(axis=0)
        scale = np.where(constant | (spread == 0), np.inf, np.where(np.isfinite(spread), spread, np.nan))
        return (train - mean) / scale, np.where(constant, 0.0, (test - mean) / scale)

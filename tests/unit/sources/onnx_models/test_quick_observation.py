"""A model watched with elements counted on some samples: the same units are dead, and only counts of zeros differ."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import TensorProto, helper

from actcli.analysis.deadness.consistency import require_consistent
from actcli.analysis.deadness.quick import is_counted, runs
from actcli.analysis.deadness.unit_class import CLASSES, unit_classes
from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS, Counted

node = helper.make_node
RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 3, 6, 5)).astype(np.float32)
W = RNG.normal(size=(8, 3, 3, 3)).astype(np.float32)
B = np.float32([-90, 90, 0, 0.3, -3, -1, 2, -14])
W[2] = 0
ZEROS = {"nonpositive", "low"}

ACTIVATIONS = {
    "Relu": {},
    "HardSwish": {},
    "HardSigmoid": {},
    "Sigmoid": {},
    "Tanh": {},
    "Gelu": {},
    "LeakyRelu": {},
    "Elu": {},
    "ThresholdedRelu": {"alpha": 1.0},
    "Shrink": {"lambd": 0.5},
    "Clip": {},
}


def convolution(op="Relu", **attributes):
    opset = 20 if op == "Gelu" else 17
    inputs = ["z", "zero", "six"] if op == "Clip" else ["z"]
    nodes = [node("Conv", ["x", "W", "B"], ["z"]), node(op, inputs, ["y"], **attributes)]
    return nodes, {"W": W, "B": B, "zero": np.float32(0), "six": np.float32(6)}, opset


def require_same(quick, full, *, but=ZEROS):
    assert (quick.samples, quick.elements, quick.start) == (full.samples, full.elements, full.start)
    for field in (*COUNTS, *NUMBERS):
        if field not in but:
            np.testing.assert_allclose(getattr(quick, field), getattr(full, field), rtol=1e-6, err_msg=field)
    np.testing.assert_array_equal(unit_classes(quick, 0.01, 0.025), unit_classes(full, 0.01, 0.025))


@pytest.mark.parametrize("op", ACTIVATIONS)
def test_only_counts_of_zeros_differ(write, watched, op):
    nodes, constants, opset = convolution(op, **ACTIVATIONS[op])
    path = write(nodes, constants, shape=("N", 3, 6, 5), opset=opset)
    (full,) = watched(path, X).values()
    (quick,) = watched(path, X, quick=0).values()
    require_same(quick, full, but=ZEROS if not full.rule.low_decides else {"nonpositive"})
    places = [place for place in range(300) if is_counted(place)]
    assert quick.counted == Counted(len(places), 12 * len(places))
    (few,) = watched(path, X[places]).values()
    np.testing.assert_array_equal(quick.nonpositive, few.nonpositive)
    if not full.rule.low_decides:
        np.testing.assert_array_equal(quick.low, few.low)


@pytest.mark.parametrize(
    "options", [{"batch": 1}, {"batch": 7}, {"batch": 300}, {"threads": 3, "batch": 9}], ids=str
)
def test_batches_and_threads_change_nothing(write, watched, options):
    nodes, constants, _ = convolution()
    path = write(nodes, constants, shape=("N", 3, 6, 5))
    (wanted,) = watched(path, X, quick=0).values()
    (found,) = watched(path, X, quick=0, **options).values()
    require_same(found, wanted, but=())
    assert found.counted == wanted.counted


@pytest.mark.parametrize("place", [0, 5, 8, 120, 10**6])
def test_the_place_of_the_first_sample_decides_which_are_counted(write, watched, place):
    nodes, constants, _ = convolution()
    path = write(nodes, constants, shape=("N", 3, 6, 5))
    (full,) = watched(path, X[:40]).values()
    (quick,) = watched(path, X[:40], quick=place, threads=2).values()
    require_same(quick, full)
    counted = [i for i in range(40) if is_counted(place + i)]
    assert quick.counted == Counted(len(counted), 12 * len(counted))


HARD_SWISH = [
    node("Add", ["z", "three"], ["a"]),
    node("Clip", ["a", "zero", "six"], ["c"]),
    node("Mul", ["z", "c"], ["m"]),
    node("Div", ["m", "six"], ["y"]),
]
"""Rounded four times; f rounds once."""


@pytest.mark.parametrize("quick", [None, 0, 8])
def test_a_unit_with_one_input_is_constant_however_the_model_rounds(write, watched, quick):
    bias = RNG.uniform(0.5, 2.9, 60).astype(np.float32)
    constants = {"W": np.zeros((60, 3, 1, 1), np.float32), "B": bias}
    constants |= {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)}
    path = write([node("Conv", ["x", "W", "B"], ["z"]), *HARD_SWISH], constants, shape=("N", 3, 6, 5))
    (state,) = watched(path, X[:20], quick=quick).values()
    assert {CLASSES[i] for i in unit_classes(state, 0.01, 0.025)} == {"constant"}
    require_consistent([state])


def test_few_samples_are_all_counted(write, watched):
    nodes, constants, _ = convolution()
    (state,) = watched(write(nodes, constants, shape=("N", 3, 6, 5)), X[:8], quick=0).values()
    assert state.counted is None


@pytest.mark.parametrize("at", [3, 77, 290])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_are_found_on_every_sample(write, watched, at, value):
    x = X.copy()
    x[at, 0, 2, 2] = value
    nodes, constants, _ = convolution()
    path = write(nodes, constants, shape=("N", 3, 6, 5))
    (full,) = watched(path, x).values()
    (quick,) = watched(path, x, quick=0).values()
    assert ((full.nan > 0) | (full.infinite > 0)).sum() >= 7
    require_same(quick, full, but=ZEROS | {"mean", "m2", "absolute"})
    assert quick.counted_samples == sum(length for length in [8, 8, 8])


def test_a_batch_of_fixed_length_is_cut_and_filled_up(write, watched):
    nodes, constants, _ = convolution()
    path = write(nodes, constants, shape=(16, 3, 6, 5))
    (full,) = watched(path, X[:40]).values()
    (quick,) = watched(path, X[:40], quick=0).values()
    require_same(quick, full)
    assert quick.counted == Counted(8, 96)


def test_layers_with_one_number_per_sample_are_counted_in_full(write, watched):
    path = write(
        [node("MatMul", ["x", "M"], ["z"]), node("Relu", ["z"], ["y"])],
        {"M": RNG.normal(size=(3, 5)).astype(np.float32)},
    )
    x = RNG.normal(size=(300, 3)).astype(np.float32)
    (state,) = watched(path, x, quick=0).values()
    assert state.counted is None
    require_same(state, next(iter(watched(path, x).values())), but=())


def test_samples_along_another_axis_and_constants(write, watched):
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 6, 5]),
        helper.make_tensor_value_info("shift", TensorProto.FLOAT, [1]),
    ]
    nodes, constants, _ = convolution()
    nodes[0] = node("Conv", ["moved", "W", "B"], ["z"])
    path = write([node("Add", ["x", "shift"], ["moved"]), *nodes], constants, inputs=values)
    arrays = {"x": X[:150], "shift": np.float32([0.25])}
    (full,) = watched(path, arrays).values()
    (quick,) = watched(path, arrays, quick=0).values()
    require_same(quick, full)
    assert quick.counted_samples == 16


def test_a_layer_that_is_left_out_is_left_out_of_both(write, watched):
    nodes, constants, _ = convolution()
    nodes += [
        node("Reshape", ["y", "flat"], ["f"]),
        node("Transpose", ["f"], ["t"], perm=[1, 0, 2]),
        node("Relu", ["t"], ["u"]),
    ]
    constants["flat"] = np.int64([0, 8, 12])
    path = write(nodes, constants, shape=("N", 3, 6, 5), outputs=("u",))
    full, quick = watched(path, X), watched(path, X, quick=0)
    assert list(full) == list(quick)
    for name, state in quick.items():
        require_same(replace(state), full[name])


def test_runs_of_the_rule_are_batches():
    assert list(runs(0, 300)) == [8, 120, 8, 120, 8, 36]

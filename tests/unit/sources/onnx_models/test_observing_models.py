"""What leaves a model is what plain NumPy finds in its tensors: dead, always active and NaN units, exactly."""

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import TensorProto, helper
from safetensors_bytes import safetensors

from actcli.exits import DataError, UsageError
from actcli.sources.onnx import observe_model, open_model, random_inputs, recorded_inputs

node = helper.make_node
RNG = np.random.default_rng(3)
X = RNG.normal(size=(37, 3, 6, 5)).astype(np.float32)
W = RNG.normal(size=(8, 3, 3, 3)).astype(np.float32)
B = np.float32([-90, 90, 0, 0.3, -3, -1, 2, 0])
W[2] = 0  # z = 0 exactly: silent
W[7] = 0


def convolution(activation, **constants):
    return [node("Conv", ["x", "W", "B"], ["z"]), *activation], {"W": W, "B": B, **constants}


def reference(x, w=W, b=B):
    """The same convolution in NumPy, float64."""
    rows, columns = x.shape[2] - 2, x.shape[3] - 2
    z = np.zeros((len(x), len(w), rows, columns)) + b[:, None, None].astype(np.float64)
    for i in range(3):
        for j in range(3):
            z += np.einsum(
                "nchw,oc->nohw", x[:, :, i : i + rows, j : j + columns].astype(np.float64), w[:, :, i, j]
            )
    return z


@pytest.mark.parametrize("opset", [7, 9, 11, 12, 13, 17, 18, 21])
@pytest.mark.parametrize("options", [{}, {"batch": 5, "threads": 2}, {"batch": 37}], ids=str)
def test_relu_after_a_convolution(write, watched, opset, options):
    (state,) = watched(
        write(*convolution([node("Relu", ["z"], ["y"])]), shape=("N", 3, 6, 5), opset=opset), X, **options
    ).values()
    z = reference(X)
    fires = (z > 0).any(axis=(2, 3))
    assert state.samples == 37
    assert state.elements == 37 * 12
    np.testing.assert_array_equal(state.fired, fires.sum(axis=0))
    assert np.flatnonzero(state.fired == 0).tolist() == [0, 2, 7]
    np.testing.assert_array_equal(state.low, (z <= 0).sum(axis=(0, 2, 3)))
    np.testing.assert_array_equal(state.nonpositive, (z <= 0).sum(axis=(0, 2, 3)))
    np.testing.assert_allclose(state.maximum, z.max(axis=(0, 2, 3)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(state.minimum, z.min(axis=(0, 2, 3)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(state.mean, z.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.absolute, np.maximum(z, 0).sum(axis=(0, 2, 3)), rtol=1e-5, atol=1e-4)
    live = np.flatnonzero(fires.any(axis=0))
    np.testing.assert_array_equal(state.first[live], fires.argmax(axis=0)[live])
    np.testing.assert_array_equal(state.last[live], 36 - fires[::-1].argmax(axis=0)[live])
    assert state.low[1] == 0  # always active
    assert state.minimum[1] > 0


CURVES = [
    "Sigmoid",
    "Tanh",
    "HardSwish",
    "Mish",
    "LeakyRelu",
    "Elu",
    "Selu",
    "Softplus",
    "HardSigmoid",
    "Gelu",
    "Softsign",
    "ThresholdedRelu",
    "Celu",
]


@pytest.mark.parametrize("op", CURVES)
def test_every_operator_agrees_with_its_raw_tensor(write, watched, op):
    """Reductions in the graph against the same statistics of the whole tensor, with gaps, bounds and both sides."""
    from actcli.analysis.deadness.unit_statistics import observe

    x = (X * 6).astype(np.float32)
    path = write(*convolution([node(op, ["z"], ["y"])]), shape=("N", 3, 6, 5), opset=20)
    (state,) = watched(path, x, batch=4).values()
    z = raw(path, "z", x)
    whole = observe(state.rule, "y", z.reshape(37, 8, 12), 0)
    for name in ("fired", "nonpositive", "low", "high", "minimum", "maximum", "first", "last"):
        np.testing.assert_array_equal(getattr(state, name), getattr(whole, name), err_msg=name)
    for name in ("mean", "absolute", "value_minimum", "value_maximum"):
        np.testing.assert_allclose(
            getattr(state, name), getattr(whole, name), rtol=2e-4, atol=2e-4, err_msg=name
        )


@pytest.mark.parametrize(
    ("op", "bounds"),
    [
        ("HardSwish", [-3.0, 3.0]),
        ("HardSigmoid", [-2.5, 2.5]),
        ("Sigmoid", [-8.293549452497793]),
        ("Relu", []),
    ],
)
def test_the_numbers_next_to_a_bound_are_on_their_side(write, watched, op, bounds):
    """Counts are exact to the last bit, at the bounds of firing, at 0, and where float32 has hardly any bits left."""
    edges = [0.0, -0.0, 1e-45, -1e-45, 1e-39, 1e38, -1e38, *bounds]
    near = np.float32(edges)
    x = np.concatenate([near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))])
    x = np.broadcast_to(x, (3, 1, 2, x.size)).copy()
    path = write(
        [node("Conv", ["x", "w"], ["z"]), node(op, ["z"], ["y"])],
        {"w": np.ones((1, 1, 1, 1), np.float32)},
        shape=("N", 1, 2, x.shape[-1]),
    )
    (state,) = watched(path, x).values()
    z = raw(path, "z", x)
    np.testing.assert_array_equal(z, x)
    assert state.nonpositive.tolist() == [(z <= 0).sum()]
    low, high = state.rule.fires[0].low, state.rule.fires[-1].high
    wide = z.astype(np.float64)
    below = wide < low if state.rule.fires[0].holds_low else wide <= low
    above = wide > high if state.rule.fires[-1].holds_high else wide >= high
    assert state.low.tolist() == [below.sum()]
    assert state.high.tolist() == [above.sum()]


def test_one_number_a_unit_is_looked_at_as_it_is(write, watched):
    """After pooling over all positions, in batches of any length: also the spread is known then."""
    nodes = [
        node("GlobalAveragePool", ["x"], ["p"]),
        node("Conv", ["p", "w"], ["z"]),
        node("HardSigmoid", ["z"], ["y"]),
    ]
    w = (RNG.normal(size=(4, 3, 1, 1)) * 9).astype(np.float32)
    w[2] = np.nan
    path = write(nodes, {"w": w}, shape=("N", 3, 6, 5))
    (state,) = watched(path, X, batch=4, threads=2).values()
    z = raw(path, "z", X)[:, :, 0, 0].astype(np.float64)
    assert state.samples == state.elements == 37
    np.testing.assert_array_equal(state.nan, [0, 0, 37, 0])
    fires = (z > -2.5) & (z < 2.5)
    np.testing.assert_array_equal(state.fired, fires.sum(axis=0))
    live = [0, 1, 3]
    np.testing.assert_array_equal(state.first[live], fires.argmax(axis=0)[live])
    np.testing.assert_array_equal(state.last[live], 36 - fires[::-1].argmax(axis=0)[live])
    np.testing.assert_allclose(state.variance[live], z.var(axis=0)[live], rtol=1e-12)


def raw(path, tensor, x):
    """A tensor inside a model, by onnxruntime, as it is."""
    import onnx
    import onnxruntime

    model = onnx.load(path)
    model.graph.output.add().name = tensor
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([tensor], {"x": x})[0]


def test_nan_and_infinite_units(write, watched):
    x = X.copy()
    w, b = W.copy(), B.copy()
    w[3], b[4] = 0, np.inf
    w[3, 0, 0, 0] = 1.0
    x[5, 0, 1, 1] = np.nan
    nodes, constants = convolution([node("Relu", ["z"], ["y"])])
    path = write(nodes, {**constants, "W": w, "B": b}, shape=("N", 3, 6, 5))
    (state,) = watched(path, x, batch=3, threads=2).values()
    z = raw(path, "z", x)
    np.testing.assert_array_equal(state.nan, np.isnan(z).sum(axis=(0, 2, 3)))
    np.testing.assert_array_equal(state.infinite, np.isinf(z).sum(axis=(0, 2, 3)))
    np.testing.assert_array_equal(state.fired, (z > 0).any(axis=(2, 3)).sum(axis=0))
    np.testing.assert_array_equal(state.maximum, np.nanmax(z, axis=(0, 2, 3)))
    assert state.nan[3] == 4  # of sample 5
    assert state.infinite[4] == 37 * 12 - 4
    assert state.samples == 37


def test_nhwc_models_of_tensorflow(write, watched):
    nodes = [
        node("Transpose", ["x"], ["n"], perm=[0, 3, 1, 2]),
        node("Conv", ["n", "W"], ["c"]),
        node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        node("Add", ["t", "B"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    path = write(nodes, {"W": W, "B": B}, shape=("N", 6, 5, 3))
    (state,) = watched(path, np.ascontiguousarray(X.transpose(0, 2, 3, 1))).values()
    assert np.flatnonzero(state.fired == 0).tolist() == [0, 2, 7]
    layer = open_model(path).layers[0]
    np.testing.assert_allclose(layer.weights.bias, B)
    assert layer.weights.first
    assert np.flatnonzero(layer.weights.zero).tolist() == [2, 7]


@pytest.mark.parametrize("way", ["alone", "batch norm in training", "skip", "shared"])
def test_units_are_locked_only_where_nothing_else_can_change_them(write, way):
    w = RNG.normal(size=(3, 3)).astype(np.float32)
    ones = np.ones(3, np.float32)
    nodes = {
        "alone": [node("Gemm", ["x", "w"], ["z"])],
        "batch norm in training": [
            node("Gemm", ["x", "w"], ["m"]),
            node("BatchNormalization", ["m", "g", "b", "e", "v"], ["z", "e2", "v2"], training_mode=1),
        ],
        "skip": [node("Gemm", ["x", "w"], ["m"]), node("Add", ["m", "x"], ["z"])],
        "shared": [
            node("Gemm", ["x", "w"], ["z"]),
            node("Gemm", ["h", "w"], ["z2"]),
            node("Relu", ["z2"], ["y2"]),
        ],
    }[way]
    constants = {"w": w} | ({"g": ones, "b": ones, "e": ones, "v": ones} if "norm" in way else {})
    path = write(
        [
            nodes[0],
            *nodes[1:2] * (way in {"skip", "batch norm in training"}),
            node("Relu", ["z"], ["h"]),
            *nodes[1:] * (way == "shared"),
        ],
        constants,
        outputs=("h",) if way != "shared" else ("y2",),
    )
    weights = open_model(path).layers[0].weights
    assert (weights is not None and weights.first) == (way == "alone")


def test_a_sequence_has_its_units_last(write, watched):
    w = RNG.normal(size=(4, 6)).astype(np.float32)
    w[:, 2] = 0
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["z"]), node("Relu", ["z"], ["y"])]
    x = RNG.normal(size=(11, 7, 4)).astype(np.float32)
    path = write(nodes, {"w": w, "b": np.float32([0, 9, -1, 0, 0, -99])}, shape=("N", 7, 4))
    (state,) = watched(path, x).values()
    assert (state.units, state.samples, state.elements) == (6, 11, 77)
    assert np.flatnonzero(state.fired == 0).tolist() == [2, 5]


def test_rows_that_are_no_samples_are_reported(write):
    w = RNG.normal(size=(4, 6)).astype(np.float32)
    nodes = [node("Reshape", ["x", "s"], ["r"]), node("Gemm", ["r", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    model = open_model(write(nodes, {"w": w, "s": np.int64([-1, 4])}, shape=("N", 7, 4)))
    observation = observe_model(model, random_inputs(model.inputs, 3, 0), batch=3)
    assert not observation.layers
    assert "21 rows for 3 samples" in observation.unobserved[0].reason
    assert list(observation)[-1].done == 3


def test_activations_in_branches_are_reported_as_not_observed(write):
    def branch(name):
        inside = node("Relu", ["z"], [name + "_out"], name=name)
        return helper.make_graph([inside], name, [], [helper.make_empty_tensor_value_info(name + "_out")])

    nodes, constants = convolution(
        [node("If", ["yes"], ["y"], name="gate", then_branch=branch("a"), else_branch=branch("b"))],
        yes=np.array(True),
    )
    model = open_model(write(nodes, constants, shape=("N", 3, 6, 5)))
    assert not model.layers
    assert {(one.name, one.op) for one in model.unobserved} == {("a", "Relu"), ("b", "Relu")}
    assert "If node 'gate'" in model.unobserved[0].reason


def test_a_fixed_batch_is_filled_up_and_every_sample_counts(write, watched):
    path = write(*convolution([node("Relu", ["z"], ["y"])]), shape=(4, 3, 6, 5))
    (state,) = watched(path, X, threads=2).values()
    assert state.samples == 37
    np.testing.assert_array_equal(state.fired, (reference(X) > 0).any(axis=(2, 3)).sum(axis=0))
    with pytest.raises(UsageError, match="the model takes batches of 4"):
        watched(path, X, batch=8)


def test_threads_do_not_change_a_bit(write, watched):
    path = write(*convolution([node("HardSwish", ["z"], ["y"])]), shape=("N", 3, 6, 5))
    ((one,), (four,)) = (watched(path, X, batch=2, threads=threads).values() for threads in (1, 4))
    for name in ("fired", "low", "minimum", "maximum", "mean", "absolute", "first", "last"):
        np.testing.assert_array_equal(getattr(one, name), getattr(four, name))


def test_several_inputs_whole_numbers_and_scalars(write, watched):
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ("N", 4)),
        helper.make_tensor_value_info("more", TensorProto.FLOAT, ("N", 5)),
        helper.make_tensor_value_info("scale", TensorProto.FLOAT, ()),
    ]
    table = RNG.normal(size=(9, 5)).astype(np.float32)
    nodes = [
        node("Gather", ["table", "ids"], ["e"]),
        node("ReduceMean", ["e"], ["p"], axes=[1], keepdims=0),
        node("Add", ["p", "more"], ["a"]),
        node("Mul", ["a", "scale"], ["q"]),
        node("Gemm", ["q", "w"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    w = RNG.normal(size=(5, 6)).astype(np.float32)
    path = write(nodes, {"table": table, "w": w}, inputs=inputs, opset=13)
    ids, more = RNG.integers(0, 9, (21, 4)), RNG.normal(size=(21, 5)).astype(np.float32)
    (state,) = watched(path, {"ids": ids, "more": more, "scale": np.float32(-2)}, batch=4).values()
    z = ((table[ids].mean(axis=1) + more) * -2) @ w
    np.testing.assert_array_equal(state.fired, (z > 0).sum(axis=0))
    model = open_model(path)
    assert list(observe_model(model, random_inputs(model.inputs, 5, 1)))[-1].done == 5


def with_state(shape, nodes, first=("N", 4)):
    """A model relu((x + s) w) and its inputs, where s is made of the input `state` by nodes."""
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, first),
        helper.make_tensor_value_info("state", TensorProto.FLOAT, shape),
    ]
    nodes = [
        *nodes,
        node("Add", ["x", "s"], ["a"]),
        node("MatMul", ["a", "w"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    w = np.random.default_rng(5).normal(size=(4, 6)).astype(np.float32)
    return {
        "nodes": nodes,
        "constants": {"w": w, "axes": np.array([0]), "i": np.array(1)},
        "inputs": inputs,
    }, w


SQUEEZE, GATHER = [node("Squeeze", ["state", "axes"], ["s"])], [node("Gather", ["state", "i"], ["s"], axis=0)]
XS = np.random.default_rng(6).normal(size=(384, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "nodes", "first", "state"),
    [
        ((1, 1, 4), SQUEEZE, ("N", 4), (1, 1, 4)),
        ((1, 1, 4), SQUEEZE, (1, 4), (1, 1, 4)),
        ((1, 1, 4), SQUEEZE, (8, 4), (1, 1, 4)),
        ((2, 1, 4), GATHER, (1, 4), (2, 1, 4)),
        ((1, "N", 4), SQUEEZE, ("N", 4), (1, 1, 4)),
        ((1, "N", 4), SQUEEZE, ("N", 4), (1, 384, 4)),
        ((2, "N", 4), GATHER, ("N", 4), (2, 384, 4)),
        ((2, "N", 4), GATHER, ("N", 4), (2, 1, 4)),
        ((2, 1, 4), GATHER, ("N", 4), (2, 1, 4)),
        ((2, "M", 4), GATHER, ("N", 4), (2, 384, 4)),
        ((2, None, 4), GATHER, (None, 4), (2, 384, 4)),
        ((2, None, 4), GATHER, (None, 4), (2, 1, 4)),
        (("M", 4), [node("Identity", ["state"], ["s"])], ("N", 4), (1, 4)),
        (("N", 4), [node("Identity", ["state"], ["s"])], ("N", 4), (1, 4)),
        ((1, 4), [node("Identity", ["state"], ["s"])], ("N", 4), (384, 4)),
        ((4,), [node("Identity", ["state"], ["s"])], ("N", 4), (4,)),
    ],
)
def test_a_state_or_constant_goes_along_with_every_batch(write, watched, shape, nodes, first, state):
    parts, w = with_state(shape, nodes, first)
    path = write(**parts)
    values = np.random.default_rng(7).normal(size=state).astype(np.float32)
    s = values[1] if len(state) == 3 and state[0] == 2 else values[0] if len(state) == 3 else values
    z = (XS + s) @ w
    for batch in (None, 7) if isinstance(first[0], str) and (shape, state[0]) != ((1, 4), 384) else (None,):
        (found,) = watched(path, {"x": XS, "state": values}, batch=batch, threads=2).values()
        assert found.samples == 384
        np.testing.assert_array_equal(found.fired, (z > 0).sum(axis=0))
    model = open_model(path)
    assert list(observe_model(model, random_inputs(model.inputs, 5, 1)))[-1].done == 5


def test_a_state_that_is_kept_needs_memory(write, tmp_path):
    """A state cut along its second axis is kept whole: 2 x 50 x 4 numbers, as read and as converted."""
    parts, _ = with_state((2, "N", 4), GATHER)
    model = open_model(write(**parts))
    np.savez(tmp_path / "x.npz", x=np.zeros((50, 4), np.float32), state=np.zeros((2, 50, 4), np.float32))
    with pytest.raises(DataError, match=r"x.npz:state: keeping an array.*of memory"):
        recorded_inputs(model.inputs, str(tmp_path / "x.npz"), memory=3000)
    assert recorded_inputs(model.inputs, str(tmp_path / "x.npz"), memory=4000).samples == 50


def test_a_state_before_the_input_that_is_cut(write, watched):
    parts, w = with_state((2, 1, 4), GATHER, (1, 4))
    path = write(**parts | {"inputs": parts["inputs"][::-1]})
    state = np.random.default_rng(8).normal(size=(2, 1, 4)).astype(np.float32)
    (found,) = watched(path, {"x": XS, "state": state}).values()
    np.testing.assert_array_equal(found.fired, ((XS + state[1]) @ w > 0).sum(axis=0))
    parts, _ = with_state((8, 4), [node("Identity", ["state"], ["s"])], (8, 4))
    with pytest.raises(DataError, match="'x' has 384 samples and 'state' has 8; they must agree"):
        watched(write(**parts), {"x": XS, "state": np.ones((8, 4), np.float32)})


def test_a_state_of_one_sample_may_need_one_sample_at_a_time(write, watched):
    parts, w = with_state((1, 4), [node("Concat", ["state", "x"], ["c"], axis=1)])
    parts["nodes"] = [parts["nodes"][0], node("MatMul", ["c", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    parts["constants"] = {"w": np.concatenate([w, w])}
    state = np.ones((1, 4), np.float32)
    (found,) = watched(write(**parts), {"x": XS, "state": state}).values()
    np.testing.assert_array_equal(found.fired, ((XS + 1) @ w > 1e-6).sum(axis=0))


@pytest.mark.parametrize(
    ("shape", "state", "words"),
    [
        ((2, "N", 4), (384, 2, 4), r"'state' expects \(2, N, 4\)"),
        ((2, "N", 4), (2, 100, 4), "'x' has 384 samples and 'state' has 100"),
        ((1, 1, 4), (2, 1, 4), "'x' has 384 samples and 'state' has 2"),
        ((1, 1, 4), (1, 2, 4), r"expects \(1, 1, 4\)"),
        ((1, 1, 4), (1, 4), r"expects \(1, 1, 4\)"),
        ((1, 1, 4), (), r"expects \(1, 1, 4\)"),
        ((2, "N", 4), (2, 0, 4), "'state' has 0"),
    ],
)
def test_a_state_that_does_not_fit(write, watched, shape, state, words):
    parts, _ = with_state(shape, GATHER)
    with pytest.raises(DataError, match=words):
        watched(write(**parts), {"x": XS, "state": np.zeros(state, np.float32)})


def test_what_may_not_be_meant_is_noted(write, tmp_path):
    parts, _ = with_state((1, 1, 4), SQUEEZE)
    model, path = open_model(write(**parts)), str(tmp_path / "d.npz")
    for dtype, notes in ((np.uint8, 2), (np.float32, 1), (np.int64, 1)):
        np.savez(path, x=np.ones((9, 4), dtype), state=np.ones((1, 1, 4), np.float32))
        found = recorded_inputs(model.inputs, path).notes
        assert len(found) == notes
        assert "'state' (1, 1, 4)" in found[0]
        assert ("uint8" in found[-1]) == (notes == 2)


def test_limit_keeps_the_first_samples(write, watched):
    path = write(*convolution([node("Relu", ["z"], ["y"])]), shape=("N", 3, 6, 5))
    (state,) = watched(path, X, limit=10).values()
    np.testing.assert_array_equal(state.fired, (reference(X[:10]) > 0).any(axis=(2, 3)).sum(axis=0))


def test_noise_does_not_depend_on_the_batch(write):
    model = open_model(write(*convolution([node("Relu", ["z"], ["y"])]), shape=("N", 3, "h", "w")))
    noise = random_inputs(model.inputs, 5, 7)
    assert "224 x 224" in noise.notes[0]
    assert noise.origin == "noise (its size is open: 3 x 224 x 224 for 'x'; --data FILE brings its own)"
    whole = np.concatenate([feed["x"] for _, feed in noise.batches(5)])
    np.testing.assert_array_equal(whole, np.concatenate([feed["x"] for _, feed in noise.batches(2)]))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 6, 5, 3), np.float32), r"\(4, 6, 5, 3\), input 'x' expects \(N, 3, 6, 5\) of float32"),
        (np.zeros((4, 3), np.float32), r"\(4, 3\), input 'x' expects"),
        (np.zeros((0, 3, 6, 5), np.float32), "holds no samples"),
        (np.asfortranarray(X), "Fortran order"),
    ],
)
def test_data_that_do_not_fit(write, watched, array, words):
    path = write(*convolution([node("Relu", ["z"], ["y"])]), shape=("N", 3, 6, 5))
    with pytest.raises(DataError, match=words):
        watched(path, array)


def test_data_for_a_model_without_inputs(write, watched):
    constants = {"c": np.ones((5, 3), np.float32), "w": np.ones((3, 2), np.float32)}
    given = [helper.make_tensor_value_info("c", TensorProto.FLOAT, (5, 3))]
    path = write([node("Gemm", ["c", "w"], ["z"]), node("Relu", ["z"], ["y"])], constants, inputs=given)
    with pytest.raises(DataError, match="has no inputs"):
        watched(path, np.ones((4, 3), np.float32))


def test_an_archive_without_an_input(write, watched):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", 3)) for name in ("a", "b")]
    nodes = [node("Add", ["a", "b"], ["s"]), node("Gemm", ["s", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    path = write(nodes, {"w": np.ones((3, 2), np.float32)}, inputs=inputs)
    ones = np.ones((4, 3), np.float32)
    with pytest.raises(DataError, match=r"'b' \(N, 3\).* a$"):
        watched(path, {"a": ones})
    with pytest.raises(DataError, match=r"'a' has 4 .*'b' has 2"):
        watched(path, {"a": ones, "b": ones[:2]})
    with pytest.raises(DataError, match=r"2 inputs.* an \.npz"):
        watched(path, ones)


def test_data_too_small_for_the_model_are_one_line(write, watched):
    path = write(*convolution([node("Relu", ["z"], ["y"])]), shape=("N", 3, "h", "w"))
    with pytest.raises(DataError, match="does not run on") as caught:
        watched(path, np.zeros((2, 3, 1, 1), np.float32))
    assert "\n" not in str(caught.value)


def test_whole_numbers_are_not_made_of_floats(write, watched):
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, ("N", 3))]
    nodes = [node("Cast", ["x"], ["c"], to=1), node("Gemm", ["c", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    path = write(nodes, {"w": np.ones((3, 2), np.float32)}, inputs=inputs)
    with pytest.raises(DataError, match="holds float64, input 'x' expects"):
        watched(path, np.ones((4, 3)))


def test_inputs_in_safetensors_and_bfloat16(write, tmp_path):
    path = write([helper.make_node("Relu", ["x"], ["y"])], shape=("N", 3))
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    patterns = (x.view(np.uint32) >> 16).astype(np.uint16)
    np.save(tmp_path / "x.npy", (patterns.astype(np.uint32) << 16).view(np.float32))
    (tmp_path / "x.safetensors").write_bytes(safetensors(x=patterns))
    states = []
    for data in ("x.npy", "x.safetensors"):
        model = open_model(path)
        for snapshot in observe_model(model, recorded_inputs(model.inputs, str(tmp_path / data))):
            (state,) = snapshot.states.values()
        states.append(state)
    assert states[0].fired.tolist() == states[1].fired.tolist()
    assert states[0].maximum.tolist() == states[1].maximum.tolist()

"""What activations lose in low precision: against brute force over all numbers of a type, and neighbours."""

import math
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

from actcli import activation
from actcli.analysis.compare.result import best
from actcli.analysis.number_types import LowType, numpy_type
from actcli.analysis.precision.precision import compare_precision
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError, UsageError

FLOAT16, FLOAT32 = (numpy_type(np.dtype(name)) for name in ("float16", "float32"))
BFLOAT16 = LowType("bfloat16", 8, -126, 2.0**127 * (2 - 2.0**-7))
E4M3 = LowType("float8_e4m3", 4, -6, 448.0, infinite=False)
E5M2 = LowType("float8_e5m2", 3, -14, 57344.0)
INF = math.inf
SPECS = (
    "gelu",
    "sigmoid",
    "relu",
    "relu_squared",
    "tanh",
    "exponential",
    "selu",
    "gaussian",
    "leaky_relu:1e-9",
)


def stream(values, dtype=np.float32, block=1000, shape=None):
    x = np.asarray(values, dtype)
    blocks = iter([x[i : i + block] for i in range(0, x.size, block)])
    return Numbers("x.npy", None, x.dtype, x.shape if shape is None else shape, blocks)


def measured(spec, kind, order=0, numbers=None, threads=1):
    streams = None if numbers is None else [numbers]
    *_, last = compare_precision([activation(spec)], [kind], order, streams, threads)
    values = last.so_far.contenders[0].values
    return {name.removeprefix(f"{kind.name}_"): value for name, value in values.items()}


def all_float16():
    """Every finite float16, ascending, and none twice."""
    x = np.arange(0x7C00, dtype=np.uint16).view(np.float16)
    return np.concatenate([-x[:0:-1], x])


def brute_edges(g):
    """By a walk over all float16 from both ends: the last x of the run of wrong zeros, or wrong infinities."""
    x = all_float16().astype(np.float64)
    with np.errstate(over="ignore"):
        exact = np.asarray(g(x), np.float64)
        rounded = exact.astype(np.float16)
    found = []
    for met, wrong in ((rounded == 0, exact != 0), (np.isinf(rounded), np.isfinite(exact))):
        for walk, never in ((range(x.size), -INF), (reversed(range(x.size)), INF)):
            last = never
            for i in walk:
                if math.isnan(exact[i]):
                    continue  # outside the domain
                if not met[i]:
                    break
                if wrong[i]:
                    last = float(x[i])
            found.append(last)
    return found


NAMES = [f"{fate}_{side}" for fate in ("zero", "inf") for side in ("below", "above")]


@pytest.mark.parametrize("spec", SPECS)
def test_the_edges_are_those_of_a_walk_over_all_float16(spec):
    f, found = activation(spec), measured(spec, FLOAT16)
    assert [found[f"output_{name}"] for name in NAMES] == brute_edges(f)
    assert [found[f"gradient_{name}"] for name in NAMES] == brute_edges(f.grad)


@pytest.mark.parametrize("spec", [s for s in SPECS if s != "leaky_relu:1e-9"])
@pytest.mark.parametrize("what", ["output", "gradient"])
def test_in_float32_the_edges_are_exact_to_the_last_number(spec, what):
    f, found = activation(spec), measured(spec, FLOAT32)
    g = f if what == "output" else f.grad
    for name in NAMES:
        at = found[f"{what}_{name}"]
        if math.isinf(at):
            continue
        assert np.float32(at) == at
        inwards = np.float32(INF if name.endswith("below") else -INF)
        exact = np.asarray(g(np.array([at, np.nextafter(np.float32(at), inwards)], np.float64)))
        with np.errstate(over="ignore"):
            rounded = exact.astype(np.float32)
        gone = rounded == 0 if name.startswith("zero") else np.isinf(rounded)
        assert gone.tolist() == [True, False]
        assert exact[0] != 0
        assert math.isfinite(exact[0])


@pytest.mark.parametrize("far", [1.0, 1.5, 3.0, 100.0, 1e10, 1e36])
def test_beyond_a_float32_edge_all_results_are_0(far):
    found = measured("gelu", FLOAT32)
    x = np.float32(found["output_zero_below"] * far)
    assert activation("gelu")(x) == 0


def test_the_gradient_of_sigmoid_in_float16_is_0_from_where_it_is_half_the_smallest_number():
    found = measured("sigmoid", FLOAT16)
    with mp.workdps(30):
        exact = -float(mp.log(mp.mpf(2) ** 25 - 1))
    at = found["gradient_zero_below"]
    assert at == -found["gradient_zero_above"] == -17.34375
    assert at < exact < float(np.nextafter(np.float16(at), np.float16(0)))


def test_the_largest_number_whose_exponential_is_finite():
    for kind in (FLOAT16, FLOAT32, BFLOAT16, E4M3, E5M2):
        above = measured("exponential", kind)["output_inf_above"]
        first = kind.largest + float(kind.ulp(np.array([kind.largest]))[0]) / 2
        neighbours = kind.round(np.array([above, above - 0.75 * kind.ulp(np.array([above]))[0]]))
        assert neighbours[1] < math.log(first) <= neighbours[0] == above


def test_relu_loses_nothing_though_it_is_0():
    found = measured("relu", E4M3)
    assert (found["max_relative_error"], found["mean_relative_error"], found["output_lost"]) == (0, 0, 0)
    assert found["output_zero_below"] == found["gradient_zero_below"] == -INF


@pytest.mark.parametrize("spec", ["gelu", "tanh", "gaussian", "relu_squared"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_errors_in_float16_are_those_of_a_slow_loop_over_all_numbers(spec, order):
    f, found = activation(spec), measured(spec, FLOAT16, order)
    g = (lambda x: f.grad(x, order=order)) if order else f
    x = all_float16()
    exact = np.asarray(g(x.astype(np.float64)), np.float64)
    between = [-INF, *((float(a) + float(b)) / 2 for a, b in pairwise(x)), INF]
    largest = total = weight = 0.0
    for i, y in enumerate(exact.tolist()):
        if not math.isfinite(y):
            continue
        with np.errstate(over="ignore"):
            error = abs(float(np.float16(y)) - y) / abs(y) if y else 0.0
        largest = max(largest, error)
        if math.isfinite(error):
            mass = (math.erf(between[i + 1] / math.sqrt(2)) - math.erf(between[i] / math.sqrt(2))) / 2
            total, weight = total + mass * error, weight + mass
    assert found["max_relative_error"] == largest
    assert found["mean_relative_error"] == pytest.approx(total / weight, rel=1e-9, abs=1e-300)


def test_where_nothing_is_subnormal_the_error_is_the_rounding_of_the_type():
    for kind in (FLOAT32, FLOAT16, BFLOAT16, E4M3, E5M2):
        found = measured("arctan", kind)
        assert 0.5 * kind.unit_roundoff < found["max_relative_error"] <= kind.unit_roundoff
        assert 0 < found["mean_relative_error"] < found["max_relative_error"]


def test_the_sample_of_float32_gives_the_mean_error_to_a_percent():
    rng = np.random.default_rng(8)
    x = rng.standard_normal(1_000_000).astype(np.float32)
    f = activation("gelu")
    exact = f(x.astype(np.float64))
    wanted = float(np.mean(np.abs(exact.astype(np.float32) - exact) / np.abs(exact)))
    assert measured("gelu", FLOAT32)["mean_relative_error"] == pytest.approx(wanted, rel=0.01)


def test_shares_of_the_normal_distribution():
    found = measured("gelu", E4M3)
    # gelu' is negative below -0.75 and rounds to 0 where it is below half the smallest number, 2^-10
    x = np.linspace(-9, 9, 2_000_001)
    rounded = E4M3.round(x)
    gone = E4M3.round(activation("gelu").grad(rounded)) == 0
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    assert found["gradient_lost"] == pytest.approx(float((gone * density).sum() * (x[1] - x[0])), rel=1e-4)


def test_on_numbers_errors_and_shares_are_theirs():
    x = np.array([-20.0, -5.7, -4.0, 0.0, 1.0, 3.0, 70000.0, math.nan, -INF], np.float32)
    found = measured("gelu", FLOAT16, numbers=stream(x, block=2))
    exact = activation("gelu")(np.float16(x[1:6]).astype(np.float64))
    errors = np.abs(np.float16(exact) - exact) / np.where(exact == 0, 1, np.abs(exact))
    assert found["max_relative_error"] == 1.0  # at -20
    assert found["mean_relative_error"] == pytest.approx((1 + errors.sum()) / 6, rel=1e-12)
    assert found["output_lost"] == 2 / 7  # 0 at -20, inf at 70000
    assert found["gradient_lost"] == 1 / 7
    assert found["output_zero_below"] == measured("gelu", FLOAT16)["output_zero_below"]


def test_an_input_that_the_type_makes_0_or_inf_loses_what_depends_on_it():
    x = np.array([1e-12, 1e6, 1.0])
    assert measured("identity", FLOAT16, numbers=stream(x, np.float64))["output_lost"] == 2 / 3
    assert measured("sigmoid", FLOAT16, numbers=stream(x, np.float64))["output_lost"] == 0
    assert measured("sigmoid", E4M3, numbers=stream(x, np.float64))["output_lost"] == 1 / 3  # NaN, not inf


@pytest.mark.parametrize(
    ("spec", "output", "gradient"),
    [
        ("sigmoid", 1, 2),
        ("relu", 0, 0),
        ("hard_sigmoid", 0, 0),
        ("relu_squared", 1, 0),
        ("tanh", 0, 2),
        ("exponential", 2, 2),
        ("gaussian", 2, 2),
    ],
)
def test_what_even_float64_cannot_hold_is_lost_but_a_zero_that_is_right_is_not(spec, output, gradient):
    x = [-1e4, 1.0, 1e4, math.nan]
    for kind in (FLOAT16, BFLOAT16, E4M3) if spec not in {"relu", "relu_squared"} else (FLOAT16,):
        found = measured(spec, kind, numbers=stream(x))
        lost = found["output_lost"], found["gradient_lost"]
        if kind is E4M3:  # x itself becomes NaN
            assert lost[0] >= output / 3
        else:
            assert lost == (output / 3, gradient / 3)


def test_the_tail_that_float64_loses_counts_under_the_normal_distribution_too():
    f = activation("silu:1000")  # beyond x = -0.75 it is 0 in float64 as well
    found = measured(f.spec, FLOAT16)
    wanted = (1 + math.erf(found["output_zero_below"] / math.sqrt(2))) / 2
    # a little more, since it is also lost in the few numbers around 0
    assert wanted <= found["output_lost"] <= wanted + 1e-4
    assert found["mean_relative_error"] > wanted


def test_threads_and_order_of_the_steps_change_nothing():
    x = np.random.default_rng(0).standard_normal(200_000)
    one = measured("gelu", BFLOAT16, numbers=stream(x, block=200_000), threads=1)
    assert one == measured("gelu", BFLOAT16, numbers=stream(x, block=200_000), threads=3)


def test_steps_grow_to_the_whole_and_what_is_not_measured_is_left_out():
    functions = [activation(spec) for spec in ("relu", "tanh")]
    steps = list(compare_precision(functions, [FLOAT16, E4M3], 0, None, 1))
    assert [len(step.so_far.contenders) for step in steps] == [0, 1, 1, 2]
    assert [step.done < step.total for step in steps] == [True, True, True, False]
    names = {column.name for column in steps[-1].so_far.columns}
    assert all(set(contender.values) == names for contender in steps[-1].so_far.contenders)
    x = stream(np.ones(150_000), block=150_000)
    steps = list(compare_precision(functions, [E4M3], 0, [x], 1))
    assert all(step.done < step.total for step in steps[:-1])
    assert steps[-1].done == steps[-1].total


def test_later_underflow_is_better_and_never_is_best():
    functions = [activation(spec) for spec in ("gelu", "silu", "tanh")]
    *_, last = compare_precision(functions, [FLOAT16], 0, None, 1)
    column = last.so_far.column("float16-output-zero-below")
    assert best(last.so_far, column) == (2,)
    gelu, silu, tanh = (contender.value(column.name) for contender in last.so_far.contenders)
    assert gelu > silu > tanh == -INF


def test_the_answer_says_what_is_lost_and_where_the_gradient_ends():
    *_, last = compare_precision([activation("sigmoid")], [FLOAT16], 0, None, 1)
    assert last.so_far.answer == (
        "In float16 no output or gradient is lost for N(0, 1) inputs; "
        "the gradient of sigmoid is 0 below x = -17.34 and above x = 17.34."
    )
    *_, last = compare_precision(
        [activation(f) for f in ("relu", "gelu", "silu")], [FLOAT16, E4M3], 1, None, 1
    )
    lost = {c.function: c.value("float8_e4m3_gradient_lost") for c in last.so_far.contenders}
    assert lost["gelu"] > lost["silu"] == lost["relu"] == 0
    assert last.so_far.answer.startswith(
        f"In float8_e4m3 gelu loses {100 * lost['gelu']:.2g} % of the gradients"
    )
    assert ", relu and silu none;" in last.so_far.answer
    *_, last = compare_precision([activation("relu"), activation("identity")], [FLOAT16], 0, None, 1)
    assert last.so_far.answer == "In float16 no output or gradient is lost for N(0, 1) inputs."


def test_notes_say_how_many_numbers_of_a_type_were_tried():
    *_, last = compare_precision([activation("sigmoid")], [FLOAT16, FLOAT32], 0, None, 1)
    all_of_them, sample = last.so_far.notes
    assert "all 63,487 numbers" in all_of_them
    assert "524,293 of the 4,278,190,079 numbers" in sample


def test_warnings_count_the_numbers_that_are_not_judged():
    x = [-20.0, 1.0, math.nan, INF, 70000.0]
    *_, last = compare_precision([activation("gelu")], [FLOAT16, FLOAT32], 0, [stream(x)], 1)
    assert "3 finite numbers of x.npy" in last.so_far.notes[0]
    left_out, without = last.so_far.warnings
    assert "2 numbers of x.npy left out" in left_out
    assert "1 number of x.npy without a relative error in float16" in without
    *_, last = compare_precision([activation("gelu")], [FLOAT32], 0, [stream([1.0])], 1)
    assert last.so_far.warnings == ()


@pytest.mark.parametrize(
    ("order", "names"), [(0, ["output", "gradient"]), (1, ["gradient"]), (2, ["curvature"])]
)
def test_an_order_has_the_columns_of_its_own_quantity(order, names):
    *_, last = compare_precision([activation("gelu")], [E4M3], order, None, 1)
    columns = [column.name.removeprefix("float8_e4m3_") for column in last.so_far.columns]
    assert columns[2:] == [f"{n}_lost" for n in names] + [f"{n}_{fate}" for n in names for fate in NAMES]
    assert set(last.so_far.contenders[0].values) == {column.name for column in last.so_far.columns}
    assert ("the gradient of gelu is 0" in last.so_far.answer) == (order < 2)


def test_the_curvature_of_sigmoid_ends_where_its_gradient_does():
    found = measured("sigmoid", FLOAT16, 2)
    # f'' = -f'·(1 - 2/(1 + e^x)), which is f' to the last bit out there
    assert found["curvature_zero_above"] == measured("sigmoid", FLOAT16, 1)["gradient_zero_above"]
    on_data = measured("sigmoid", FLOAT16, 2, numbers=stream([0.0, 1.0, 30.0]))
    assert on_data["curvature_lost"] == 1 / 3


def test_the_chart_rises_from_the_unit_roundoff_to_1():
    *_, last = compare_precision([activation("sigmoid"), activation("relu")], [FLOAT16], 0, None, 1)
    chart = last.so_far.chart
    assert chart is not None
    assert chart.log
    (panel,) = chart.content.panels
    assert [curve.label for curve in panel.curves] == [
        "sigmoid"
    ]  # relu loses nothing: there is nothing to draw
    ((x, y),) = panel.curves[0].segments
    assert y[x < -18].min() == y[x < -18].max() == 1.0
    assert y[x > -9].max() <= 2.0**-11


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare_precision([], [FLOAT16], 0, None, 1), "name a function"),
        (lambda: compare_precision([activation("relu")], [], 0, None, 1), "name a type"),
        (lambda: compare_precision([activation("relu")], [FLOAT16], 3, None, 1), "`order=3`"),
        (
            lambda: compare_precision([activation("softmax")], [FLOAT16], 0, None, 1),
            "softmax works over rows",
        ),
    ],
)
def test_wrong_use_is_said_before_anything_is_measured(call, says):
    with pytest.raises(UsageError, match=says):
        call()


def test_an_input_without_numbers():
    with pytest.raises(DataError, match=r"x\.npy: holds no numbers"):
        measured("relu", E4M3, numbers=stream([]))
    with pytest.raises(DataError, match=r"x\.npy: holds no finite numbers"):
        measured("relu", E4M3, numbers=stream([math.nan, INF]))

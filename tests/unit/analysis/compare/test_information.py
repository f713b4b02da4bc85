"""What activations lose of their input: closed forms, simulation, real data."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.compare.information import compare_information, entropy
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError, UsageError


def numbers(array, size=1 << 16, dtype=np.float64):
    array = np.asarray(array, dtype)
    blocks = (array[i : i + size] for i in range(0, len(array), size))
    return Numbers("x.npy", None, array.dtype, array.shape, blocks)


def compared(*specs, data=None, bits=8, threads=1):
    streams = None if data is None else [numbers(data)]
    *_, last = compare_information([activation(spec) for spec in specs], streams, bits, threads)
    assert last.done == last.total
    return last.so_far


def value(spec, column, **more):
    return compared(spec, **more).contenders[0].value(column)


def normal(n):
    return np.random.default_rng(5).standard_normal(n)


@pytest.mark.parametrize(
    ("spec", "explained"),
    [
        ("identity", 1.0),
        ("relu", 0.5 + 1 / math.pi),
        ("leaky_relu", 1.0),
        ("tanh", 1.0),
        ("step", 2 / math.pi),
        ("gaussian", 0.0),
        ("relu_squared", 0.5 + 1 / math.pi),
    ],
)
def test_explained_variance_in_closed_form(spec, explained):
    assert value(spec, "explained_variance") == pytest.approx(explained, abs=1e-10)


@pytest.mark.parametrize(
    "spec",
    ["gelu", "silu", "mish", "hard_swish", "sine", "leaky_relu:-0.5", "x*sigmoid(1.702*x)+0.05*sin(3*x)"],
)
def test_explained_variance_of_folded_functions_agrees_with_a_simulation(spec):
    z = normal(400_000)
    f = activation(spec)
    ascending = z[np.argsort(f(z), kind="stable")]
    groups = ascending.reshape(-1, 200)  # nearly one value each
    simulated = 1 - groups.var(axis=1, ddof=1).mean() / z.var()
    if np.ptp(f(z[z < -3])) == 0:  # hard_swish is level there: those are one group
        level = f(z) == 0
        simulated = 1 - (level.sum() * z[level].var() + _scatter(f, z[~level])) / (z.size * z.var())
    assert value(spec, "explained_variance") == pytest.approx(simulated, abs=4e-3)


def _scatter(f, z):
    ascending = z[np.argsort(f(z), kind="stable")]
    groups = np.array_split(ascending, ascending.size // 200)
    return sum(group.size * group.var(ddof=1) for group in groups)


def test_the_mirror_image_with_another_slope_in_closed_form():
    # x and -2x have the value x: with densities φ(x) and φ(2x)·2 the guess is (x - 4xq)/(1 + 2q), q = φ(2x)/φ(x)
    x = np.linspace(0, 12, 1_200_001)
    p, q = (np.exp(-np.square(k * x) / 2) / math.sqrt(2 * math.pi) for k in (1, 2))
    guess = (x * p - 4 * x * q) / (p + 2 * q)
    explained = (np.square(guess) * (p + 2 * q)).sum() * x[1]
    assert value("leaky_relu:-0.5", "explained_variance") == pytest.approx(explained, abs=1e-8)


def test_level_parts_merge_inputs():
    tail = math.erfc(math.sqrt(0.5)) / 2
    assert value("relu", "largest_merged") == 0.5
    assert value("hard_tanh", "largest_merged") == pytest.approx(tail, rel=1e-14)
    assert value("hard_tanh", "merged") == pytest.approx(2 * tail, rel=1e-14)
    assert value("step", "merged") == 1.0
    assert value("gelu", "merged") == 0.0


def test_outside_its_domain_a_function_merges_everything_into_nan():
    outside = 1 - (math.erf(math.sqrt(0.5))) / 2
    assert value("logit", "largest_merged") == pytest.approx(outside, rel=1e-12)


def test_entropy_of_few_values():
    assert entropy(np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 0.25), 8) == 2.0
    assert entropy(np.array([1.0, 1.0]), np.full(2, 0.5), 8) == 0.0
    assert entropy(np.array([1.0, math.nan]), np.full(2, 0.5), 8) == 1.0
    assert entropy(np.array([-1.0, 0.0, 1.0, math.inf]) * 1e308, np.full(4, 0.25), 2) == 1.5
    assert value("step", "entropy_bits") == pytest.approx(1.0, abs=1e-9)
    assert value("keras.relu:threshold=100", "entropy_bits") == 0.0


def test_entropy_of_the_normal_distribution():
    standard = NormalDist()
    edges = np.linspace(standard.inv_cdf(0.001), standard.inv_cdf(0.999), 257)
    below = np.array([0.0, *map(standard.cdf, edges[1:-1]), 1.0])
    p = np.diff(below)
    assert value("identity", "entropy_bits") == pytest.approx(-(p * np.log2(p)).sum(), abs=1e-4)


def test_coarser_levels_hold_less():
    assert value("gelu", "entropy_bits", bits=4) < value("gelu", "entropy_bits", bits=8) - 3


@pytest.mark.parametrize("n", [100_000, 300_000])
def test_normal_data_give_what_the_integrals_give(n):
    specs = ("relu", "gelu", "tanh", "sine", "hard_tanh")
    exact, found = compared(*specs), compared(*specs, data=normal(n))
    for name in ("largest_merged", "merged", "explained_variance"):
        for one, other in zip(exact.contenders, found.contenders, strict=True):
            assert other.value(name) == pytest.approx(one.value(name), abs=5e-3)


def test_data_in_which_nothing_is_merged():
    x = np.abs(normal(2000))
    assert value("relu", "explained_variance", data=x) == 1.0
    zeros = np.maximum(normal(2000), 0)
    assert value("relu", "merged", data=zeros) == 0.0


def test_exact_zeros_belong_to_the_level_part_in_bins_too():
    x = normal(300_000)
    x[::3] = 0.0
    assert value("relu", "merged", data=x) == pytest.approx(np.mean(x <= 0), abs=1e-12)


def test_what_is_not_finite_is_left_out_and_said():
    found = compared("relu", data=[1.0, 2.0, -1.0, -2.0, math.nan, math.inf])
    assert found.contenders[0].value("merged") == 0.5
    assert "4 numbers" in found.notes[0]
    assert "2 numbers left out" in found.warnings[0]


def test_no_data_have_no_answer():
    with pytest.raises(DataError, match=r"x\.npy: holds no numbers"):
        compared("relu", data=[])
    with pytest.raises(DataError, match=r"x\.npy: holds no number that is finite, in the range of float32"):
        compared("relu", data=[math.nan, math.inf, 1e300])


def test_constant_data():
    assert "1 number (x.npy)" in compared("relu", data=[3.0]).notes[0]
    assert value("relu", "explained_variance", data=[3.0, 3.0]) is None


def test_threads_do_not_change_the_findings():
    x = normal(300_000)
    one, two = (compared("gelu", "tanh", data=x, threads=threads).contenders for threads in (1, 2))
    assert one == two


def test_a_wave_of_many_branches_is_estimated():
    assert value("snake:a=30", "explained_variance") > 0.99


def test_bars_of_what_is_explained_and_of_entropy():
    explained, bits = compared("relu", "tanh").chart.content
    assert explained.labels == ("relu", "tanh")
    assert explained.values[1] == 1.0
    assert bits.values[0] < bits.values[1]


@pytest.mark.parametrize(
    ("specs", "bits", "said"),
    [
        ([], 8, "needs a function"),
        (["relu"], 0, "`bits="),
        (["relu"], 17, "`bits="),
        (["softmax"], 8, "over rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(specs, bits, said):
    with pytest.raises(UsageError, match=said):
        compare_information([activation(spec) for spec in specs], None, bits, 1)


@pytest.mark.parametrize(
    ("specs", "answer"),
    [
        (["relu"], "relu keeps 82 % of the information about x; relu maps 50 % of the inputs to one value."),
        (["tanh", "sigmoid"], "tanh and sigmoid keep all of the information about x."),
        (
            ["relu", "tanh", "leaky_relu"],
            (
                "tanh and leaky_relu keep all of the information about x, relu 82 %; "
                "relu maps 50 % of the inputs to one value."
            ),
        ),
        (
            ["gaussian", "tanh", "relu", "step"],
            (
                "tanh keeps all of the information about x, gaussian none; "
                "relu and step map 50 % of the inputs to one value."
            ),
        ),
    ],
)
def test_the_answer_says_who_keeps_how_much(specs, answer):
    assert compared(*specs).answer == answer

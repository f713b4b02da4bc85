"""Functions side by side along numbers: how far from the first, and where."""

import math

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.compare.by_values import KEPT, compare_values
from actcli.analysis.figure.curves import Quantity
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError, UsageError


def numbers(array, size=16384, *, shape=True, dtype=np.float64):
    array = np.asarray(array, dtype)
    blocks = (array[i : i + size] for i in range(0, len(array), size))
    return Numbers("x.npy", None, array.dtype, array.shape if shape else None, blocks)


def compared(specs, *streams, order=0, threads=1):
    *_, last = compare_values([activation(spec) for spec in specs], streams, order, threads)
    assert last.done == last.total
    return last.so_far


def second(comparison):
    return comparison.contenders[1].values


def test_the_largest_difference_and_the_first_x_that_has_it():
    row = second(compared(["relu", "leaky_relu:0.5"], numbers([1, -4, 2, -4, -1])))
    assert row["max_difference"] == 2.0
    assert row["max_difference_at"] == -4.0
    assert row["mean_difference"] == (2 + 2 + 0.5) / 5
    assert (row["differing"], row["nan_disagreements"], row["nan"]) == (3, 0, 0)
    assert (row["lowest"], row["highest"], row["mean"]) == (-2.0, 2.0, (3 - 4.5) / 5)


def test_a_relative_difference_is_relative_to_the_larger_value():
    row = second(compared(["identity", "leaky_relu:0.5"], numbers([3, -4, -8])))
    assert (row["max_relative_difference"], row["max_relative_difference_at"]) == (0.5, -4.0)


def test_the_reference_has_values_but_no_difference():
    first = compared(["relu", "gelu"], numbers([1, -4])).contenders[0]
    assert first.value("highest") == 1.0
    assert first.value("max_difference") is None


def test_the_same_function_differs_nowhere():
    row = second(compared(["silu", "swish"], numbers([1, -4, math.inf, -math.inf, math.nan])))
    assert (row["max_difference"], row["mean_difference"], row["differing"]) == (0.0, 0.0, 0)
    assert row["max_difference_at"] is None
    assert row["nan"] == 1


def test_infinities_and_nan():
    row = second(compared(["identity", "hard_tanh"], numbers([math.inf, 0, math.nan])))
    assert (row["max_difference"], row["max_difference_at"]) == (math.inf, math.inf)
    assert row["max_relative_difference"] == 1.0
    row = second(compared(["identity", "leaky_relu:-1"], numbers([-math.inf])))
    assert (row["max_difference"], row["max_relative_difference"]) == (math.inf, 2.0)
    row = second(compared(["sigmoid", "logit"], numbers([2.0, 0.5])))
    assert (row["nan_disagreements"], row["nan"], row["differing"]) == (1, 1, 2)
    assert row["max_difference"] == pytest.approx(0.6224593312)


def test_a_difference_beyond_float64_has_its_relative_size():
    row = second(compared(["identity", "leaky_relu:-1"], numbers([-1.5e308])))
    assert (row["max_difference"], row["max_relative_difference"]) == (math.inf, 2.0)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_derivatives(order):
    x = np.linspace(-3, 3, 61)
    row = second(compared(["torch.gelu", "jax.gelu"], numbers(x), order=order))
    exact, approximate = (activation(spec).grad(x, order=order) for spec in ("torch.gelu", "jax.gelu"))
    assert row["max_difference"] == np.abs(exact - approximate).max()
    assert row["mean_difference"] == pytest.approx(np.abs(exact - approximate).mean(), rel=1e-14)


def test_values_are_in_the_type_of_the_data():
    x = np.linspace(-3, 3, 1000)
    row = second(compared(["torch.gelu", "jax.gelu"], numbers(x, dtype=np.float16)))
    low = x.astype(np.float16)
    y, z = (activation(spec)(low).astype(np.float64) for spec in ("torch.gelu", "jax.gelu"))
    assert row["max_difference"] == np.abs(y - z).max()
    assert row["differing"] == np.count_nonzero(y != z)


def test_threads_and_the_cut_into_blocks_do_not_change_the_findings():
    x = np.random.default_rng(0).standard_normal(200_000)
    one, three, fine = (
        compared(["relu", "gelu"], numbers(x, size), threads=threads).contenders
        for size, threads in ((16384, 1), (16384, 3), (1000, 1))
    )
    assert one == three
    assert one[1].values == pytest.approx(fine[1].values, rel=1e-14)


def test_several_streams_are_one():
    both = second(compared(["relu", "gelu"], numbers([1.0, 2.0]), numbers([-1.0])))
    assert (
        both["mean_difference"] == second(compared(["relu", "gelu"], numbers([1, 2, -1])))["mean_difference"]
    )


def test_few_numbers_are_kept_one_by_one():
    found = compared(["relu", "gelu"], numbers([1.0, -2.0]), numbers([3.0]))
    assert found.contenders[0].details["values"] == (
        {"x": 1.0, "y": 1.0},
        {"x": -2.0, "y": 0.0},
        {"x": 3.0, "y": 3.0},
    )
    assert found.shown == ("values",)
    assert not compared(["relu", "gelu"], numbers(np.ones(KEPT + 1), 100)).contenders[0].details


def test_no_numbers_have_no_answer():
    with pytest.raises(DataError, match=r"x\.npy: holds no numbers"):
        compared(["relu", "gelu"], numbers([]))
    first = next(compare_values([activation("relu"), activation("gelu")], [numbers([])], 0, 1)).so_far
    assert [contender.values for contender in first.contenders] == [{}, {}]


def test_the_chart_shows_the_difference_where_the_numbers_lie():
    chart = compared(["relu", "step"], numbers([-2, math.inf, 4])).chart
    (panel,) = chart.content.panels
    assert chart.content.range == (-2.0, 4.0)
    assert "relu" in panel.quantity
    (left, right) = panel.curves[0].segments
    assert left[1].tolist()[-1] == 0.0
    assert right[1].tolist()[0] == 1.0
    assert right[1].tolist()[-1] == -3.0


def test_steps_tell_how_far_a_stream_is_or_that_nobody_knows():
    fs = [activation("relu"), activation("gelu")]
    known = [(s.done, s.total) for s in compare_values(fs, [numbers(np.ones(4), 2)], 0, 1)]
    assert known == [(0, 1), (2, 5), (4, 5), (5, 5)]
    unknown = [(s.done, s.total) for s in compare_values(fs, [numbers(np.ones(4), 2, shape=False)], 0, 1)]
    assert unknown == [(0, 1), (2, 0), (4, 0), (5, 5)]


@pytest.mark.parametrize(
    ("specs", "order", "said"),
    [
        (["relu"], 0, "at least two"),
        (["relu", "gelu"], 101, "`order=101`"),
        (["relu", "softmax"], 0, "over rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(specs, order, said):
    with pytest.raises(UsageError, match=said):
        compare_values([activation(spec) for spec in specs], [], order, 1)


def test_the_quantity_is_named():
    assert compared(["relu", "gelu"], numbers([1.0]), order=2).notes[0].startswith(Quantity(2).name)


@pytest.mark.parametrize(
    ("specs", "answer"),
    [
        (["relu", "leaky_relu:0.5"], "leaky_relu:0.5 differs from relu by at most 2, at x = -4."),
        (["silu", "swish"], "swish equals silu at all 3 numbers."),
        (["relu", "relu6", "step"], "Nearest to relu is relu6 (at most 2 apart), farthest step (7)."),
        (["relu", "identity", "leaky_relu:1"], "identity and leaky_relu:1 differ from relu by at most 4."),
        (["sine", "logit"], "sine and logit are nowhere both a number."),
    ],
)
def test_the_answer_says_how_far_the_others_are_from_the_first(specs, answer):
    assert compared(specs, numbers([-4.0, 2.0, 8.0])).answer == answer


def test_the_answer_counts_the_numbers_at_which_only_one_is_nan():
    answer = compared(["identity", "logit"], numbers([0.5, 2.0, 3.0])).answer
    assert answer.endswith("; only one of logit and identity is nan at 2 numbers.")

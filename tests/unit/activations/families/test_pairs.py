"""Gated pairs with limits, and the functions that keep the largest of a row: values by hand, conventions, errors."""

import math

import numpy as np
import pytest
from invocation import invoke

from actcli import activation
from actcli.exits import UsageError

INF, NAN = math.inf, math.nan


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_the_limits_of_three_swiglus_act_in_different_places():
    a, b = 9.0, -20.0
    silu = a * sigmoid(a)
    assert activation("swiglu")([a, b])[0] == pytest.approx(silu * b, rel=1e-15)
    assert activation("swiglu:limit=7")([a, b])[0] == pytest.approx(7 * sigmoid(7) * -7, rel=1e-15)
    assert activation("swiglu_step")([a, b])[0] == 7 * -7
    assert activation("swiglu_oai")([a, b])[0] == pytest.approx(7 * sigmoid(1.702 * 7) * -6, rel=1e-15)
    # silu(7.005) is still below 7
    step = activation("swiglu_step").jacobian([7.005, 2.0])
    assert step[0, 0] > 2 > activation("swiglu:limit=7").jacobian([7.005, 2.0])[0, 0] == 0


def test_the_gate_has_no_lower_limit():
    assert activation("swiglu:limit=7")([-30.0, 1.0])[0] == pytest.approx(-30 * math.exp(-30), rel=1e-12)
    assert activation("swiglu_oai")([-30.0, 0.0])[0] == pytest.approx(-30 * math.exp(-30 * 1.702), rel=1e-12)


def test_only_that_of_gpt_oss_takes_pairs_that_alternate():
    row = [1.0, 2.0, 3.0, 4.0]
    oai, halves = activation("swiglu_oai"), activation("swiglu_step")
    assert oai(row)[1] == oai([3.0, 4.0])[0]
    assert halves(row)[1] == halves([2.0, 4.0])[0]
    assert oai.jacobian(row)[0, 2:].tolist() == [0.0, 0.0]
    assert halves.jacobian(row)[0, [1, 3]].tolist() == [0.0, 0.0]


def test_at_a_limit_the_derivative_passes_as_in_torch():
    assert activation("swiglu:limit=7").jacobian([7.0, 7.0]).min() > 6
    assert (activation("swiglu_oai").jacobian([7.0, -7.0]) != 0).all()
    assert activation("swiglu_oai").jacobian([np.nextafter(7.0, 8), 7.5]).tolist() == [[0.0, 0.0]]


def test_odd_numbers_keep_their_limits():
    assert activation("swiglu:limit=7")([INF, -INF])[0] == activation("swiglu:limit=7")([7.0, -7.0])[0]
    assert activation("swiglu_step")([-INF, INF])[0] == 0
    assert np.isnan(activation("swiglu_oai")([NAN, 1.0, 1.0, NAN])).all()
    # the other pairs of such a row lose nothing
    row = [-1200.0, 1e300, INF, 1.0]
    assert activation("swiglu_oai:1,1e301")(row)[0] == pytest.approx(
        -1200 * math.exp(-1200 + 690.7755278982137), 1e-9
    )


def test_drelu_lets_through_where_both_are_positive():
    f = activation("drelu")
    assert f([1.0, -1.0, 2.0, 3.0, 4.0, -5.0]).tolist() == [3.0, 0.0, 0.0]
    assert f.jacobian([2.0, 3.0]).tolist() == [[3.0, 2.0]]
    assert f.jacobian([2.0, -3.0]).tolist() == [[0.0, 0.0]]
    assert f.jacobian([0.0, 3.0]).tolist() == [[0.0, 0.0]]


def test_topk_keeps_the_first_of_equal_numbers():
    f = activation("topk:2")
    assert f([1.0, 3.0, 1.0, 1.0]).tolist() == [1.0, 3.0, 0.0, 0.0]
    assert f([-4.0, -3.0, -5.0]).tolist() == [-4.0, -3.0, 0.0]
    assert f([-INF, INF, 0.0]).tolist() == [0.0, INF, 0.0]
    assert np.isnan(f([1.0, NAN, 2.0])).all()
    assert f.grad([1.0, 3.0, 1.0]).tolist() == [1.0, 1.0, 0.0]
    assert f.grad([1.0, 3.0, 1.0], order=2).tolist() == [0.0, 0.0, 0.0]
    assert f.jacobian([1.0, 3.0, 1.0]).tolist() == np.diag([1.0, 1.0, 0.0]).tolist()


def test_batch_topk_shares_its_places_between_the_samples_of_a_row():
    batch = np.array([[5.0, 4.0, 3.0], [1.0, 0.0, 2.0]])
    f = activation("batch_topk:k=1,width=3")
    assert f(batch.ravel()).tolist() == [5.0, 4.0, 0.0, 0.0, 0.0, 0.0]
    assert activation("topk:1")(batch).tolist() == [[5.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
    # without a width the row is one sample
    assert activation("batch_topk:2")(batch).tolist() == activation("topk:2")(batch).tolist()
    # several rows are several batches
    assert f(np.stack([batch.ravel(), -batch.ravel()]))[1].tolist() == [0.0, 0.0, 0.0, -1.0, 0.0, 0.0]


def test_entmax15_of_known_rows():
    f = activation("entmax15")
    assert f([3.0]).tolist() == [1.0]
    assert f([2.0, 0.0]).tolist() == [1.0, 0.0]  # from a distance of 2 on the others get nothing
    assert f([1.0, 1.0, 1.0, 1.0]).tolist() == [0.25] * 4
    # x = (1, 0): s₁ − s₂ = ½ and s₁² + s₂² = 1
    s = (0.5 + math.sqrt(1.75)) / 2
    np.testing.assert_allclose(f([1.0, 0.0]), [s * s, (s - 0.5) ** 2], rtol=1e-15)
    np.testing.assert_array_equal(f([-INF, 1.0, 0.0]), [0.0, *f([1.0, 0.0])])
    for row in ([NAN, 1.0], [INF, 1.0], [-INF, -INF]):
        assert np.isnan(f(row)).all(), row


@pytest.mark.parametrize(
    ("spec", "row", "word"),
    [
        ("topk:3", [1.0, 2.0], "rows of at least 3 numbers, not 2"),
        ("topk:0", [1.0], "k must be >= 1"),
        ("topk:1.5", [1.0], "k must be a whole number"),
        ("topk:k=nan", [1.0], "k must be a finite number"),
        ("batch_topk:k=1,width=3", [1.0, 2.0], "3 does not divide 2"),
        ("batch_topk:k=4,width=2", [1.0, 2.0], "samples of at least 4 numbers, not 2"),
        ("batch_topk:1,0", [1.0], "width must be >= 1"),
        ("entmax15:1.5", [1.0], "entmax15 has no parameters"),
        ("entmax15", 1.0, "entmax15 takes rows"),
        ("swiglu:limit=0", [1.0, 2.0], "limit must be > 0"),
        ("swiglu:limit=inf", [1.0, 2.0], "limit must be a finite number"),
        ("swiglu:alpha=1", [1.0, 2.0], "no parameter 'alpha'; it has limit"),
        ("swiglu_oai", [1.0, 2.0, 3.0], r"even length \(pairs a b, a b, …\), not 3"),
        ("swiglu_oai:-1", [1.0, 2.0], "alpha must be > 0"),
        ("swiglu_oai:1,7,1", [1.0, 2.0], "takes 2 at most: alpha, limit"),
        ("swiglu_step:-7", [1.0, 2.0], "limit must be > 0"),
        ("swiglu_step", [1.0], r"even length \(first half a, second half b\), not 1"),
        ("drelu:1", [1.0, 2.0], "drelu has no parameters"),
        ("drelu", [1.0], "drelu takes rows of even length"),
    ],
)
def test_what_they_do_not_take_is_said(spec, row, word):
    with pytest.raises(UsageError, match=word):
        activation(spec)(row)


def test_on_the_command_line():
    assert invoke("eval", "topk:2", "1", "0.5", "-1", "2", "--format", "plain").out == "1.0 0.0 0.0 2.0\n"
    assert invoke("grad", "topk:3", "1", "2", "3", "4", "--format", "plain").out == "0.0 1.0 1.0 1.0\n"
    with pytest.raises(UsageError, match="--jacobian"):
        invoke("grad", "swiglu_oai", "1", "2")

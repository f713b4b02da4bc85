"""Student's t, intervals, paired tests and Holm's correction: against published tables, closed forms and SciPy."""

import math

import numpy as np
import pytest

from actcli.analysis.training.significance import Nesting, half_width, holm, paired_p, two_sided_p

# t that is exceeded, on both sides together, with probability 0.1, 0.05 and 0.01 (Fisher and Yates 1963, table III)
TABLE = {
    1: (6.314, 12.706, 63.657),
    2: (2.920, 4.303, 9.925),
    3: (2.353, 3.182, 5.841),
    4: (2.132, 2.776, 4.604),
    9: (1.833, 2.262, 3.250),
    10: (1.812, 2.228, 3.169),
    19: (1.729, 2.093, 2.861),
    29: (1.699, 2.045, 2.756),
    60: (1.671, 2.000, 2.660),
    120: (1.658, 1.980, 2.617),
}


@pytest.mark.parametrize("dof", TABLE)
def test_the_published_table(dof):
    for t, p in zip(TABLE[dof], (0.1, 0.05, 0.01), strict=True):
        assert two_sided_p(t - 0.0006, dof) > p > two_sided_p(t + 0.0006, dof)
        assert two_sided_p(-t, dof) == two_sided_p(t, dof)


@pytest.mark.parametrize("t", [1e-8, 1e-3, 0.3, 1.0, 2.0, 5.0, 100.0, 1e5])
def test_closed_forms(t):
    assert two_sided_p(t, 1) == pytest.approx(2 / math.pi * math.atan2(1, t), rel=1e-12)
    root = math.sqrt(t * t + 2)
    assert two_sided_p(t, 2) == pytest.approx(2 / (root * (root + t)), rel=1e-12)


def test_intervals_over_splits_are_those_of_nadeau_and_bengio():
    values = np.array([[0.91, 0.93], [0.95, 0.97], [0.90, 0.90]])
    means, nesting = values.mean(axis=1), Nesting(3, 1 / 3)
    expected = 4.302653 * math.sqrt((1 / 3 + 1 / 3) * means.var(ddof=1))
    assert nesting.half_width(values.ravel()) == pytest.approx(expected, rel=1e-6)
    pooled = math.sqrt(values.var(axis=1, ddof=1).mean())
    assert nesting.half_width_of_seeds(values.ravel()) == pytest.approx(
        3.182446 * pooled / math.sqrt(2), rel=1e-6
    )
    other = values + np.array([[0.01], [0.03], [0.02]])
    t = 0.02 / math.sqrt((1 / 3 + 1 / 3) * 0.01**2)
    assert nesting.paired_p(other.ravel(), values.ravel()) == pytest.approx(two_sided_p(t, 2))


def test_one_split_is_as_without():
    a, b = [0.9, 0.92, 0.93], [0.8, 0.91, 0.9]
    assert Nesting(1, 1 / 3).half_width(a) == half_width(a)
    assert Nesting(1, 1 / 3).half_width_of_seeds(a) == pytest.approx(half_width(a))
    assert Nesting(1, 1 / 3).paired_p(a, b, 0.01) == paired_p(a, b, 0.01)
    assert math.isnan(Nesting(3, 1 / 3).half_width_of_seeds(a))
    assert math.isnan(Nesting(3, 1 / 3).half_width([0.9, -math.inf, 0.9]))


def test_intervals_cover_splits_that_differ():
    """Splits of one draw each, with 8 seeds: the interval of seeds alone misses the mean, the nested one covers it."""
    rng = np.random.default_rng(0)
    nesting, covered, by_seeds, runs = Nesting(5), 0, 0, 1000
    for _ in range(runs):
        values = (rng.normal(0, 2, (5, 1)) + rng.normal(0, 1, (5, 8))).ravel()
        covered += abs(values.mean()) <= nesting.half_width(values)
        by_seeds += abs(values.mean()) <= half_width(values)
    assert abs(covered / runs - 0.95) < 0.03
    assert by_seeds / runs < 0.75


def test_the_ends():
    assert two_sided_p(0, 5) == 1
    assert two_sided_p(math.inf, 5) == 0
    assert two_sided_p(1e200, 5) == 0


def test_scipy_agrees():
    stats = pytest.importorskip("scipy.stats")
    for dof in (1, 2, 3, 7, 19, 99, 999):
        for t in (0.01, 0.5, 1.5, 3.0, 8.0, 40.0):
            assert two_sided_p(t, dof) == pytest.approx(2 * stats.t.sf(t, dof), rel=1e-10)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=12), rng.normal(0.3, 1, 12)
    assert paired_p(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-10)
    low, _ = stats.t.interval(0.95, 11, a.mean(), stats.sem(a))
    assert half_width(a) == pytest.approx(a.mean() - low, rel=1e-10)


def test_the_interval_of_a_mean():
    # 1 to 10: s = 3.0277, t(9) = 2.2622
    assert half_width(range(1, 11)) == pytest.approx(
        2.2621571627 * math.sqrt(55 / 6) / math.sqrt(10), rel=1e-9
    )
    assert math.isnan(half_width([3.0]))
    assert math.isnan(half_width([3.0, -math.inf]))
    assert half_width([3.0, 3.0]) == half_width([0.4] * 3) == 0


def test_the_paired_test():
    # Student's sleep data (Student 1908): t = 4.0621, p = 0.002833
    drugs = (
        [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
        [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    )
    assert paired_p(*drugs) == pytest.approx(0.002833, abs=5e-7)
    assert paired_p([1, 2, 3], [1, 2, 3]) == 1
    assert paired_p([1, 2, 3], [2, 3, 4]) == 0
    assert math.isnan(paired_p([1.0], [2.0]))
    assert math.isnan(paired_p([1.0, -math.inf], [2.0, -math.inf]))


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))  # Holm's steps by hand
    assert holm([0.9, 0.5]) == (1.0, 1.0)
    assert holm([]) == ()
    corrected = holm([0.01, math.nan, 0.04])
    assert corrected[0] == 0.02
    assert math.isnan(corrected[1])


def test_two_pairs_that_differ_by_the_same_sample_of_a_test_set_prove_nothing() -> None:
    one, other = [0.928, 0.920], [0.932, 0.924]  # one of 250 samples more, twice
    assert paired_p(one, other, 1 / 250) == pytest.approx(two_sided_p(math.sqrt(24), 1))
    assert paired_p(one, other, 1 / 250) > 0.05
    assert paired_p([0.5] * 5, [0.9] * 5, 1 / 250) < 1e-6  # many samples more, five times, do
    assert paired_p(one, one, 1 / 250) == 1


def test_a_step_leaves_differences_that_spread_alone() -> None:
    a, b = [0.90, 0.95, 0.93], [0.91, 0.99, 0.94]
    assert paired_p(a, b, 1 / 250) == paired_p(a, b)

"""The error in units of the last place: what it is by definition, and what is kept of many."""

import math

import mpmath as mp
import numpy as np
import pytest

from actcli.analysis.number_types import LowType, numpy_type
from actcli.analysis.precision import ulp_statistics
from actcli.analysis.precision.ulp import Rules, judge, ulp_errors
from actcli.analysis.precision.ulp_statistics import UlpStatistics

HALF, SINGLE, DOUBLE = (numpy_type(np.dtype(name)) for name in ("float16", "float32", "float64"))
E4M3 = LowType("float8_e4m3", 4, -6, 448.0, infinite=False)
INF, NAN = math.inf, math.nan


def error(theirs, exact, unit=SINGLE):
    return float(ulp_errors(np.array([theirs]), np.array([exact]), unit)[0])


def tally(errors_of, exact, unit=SINGLE):
    theirs, exact = np.asarray(errors_of, np.float64), np.asarray(exact, np.float64)
    return UlpStatistics.of(np.arange(len(exact)) * 1.0, judge(theirs, exact, Rules(unit)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1.0, 1.75, 3e-5, 0.0999, 60000.0])
def test_the_next_number_is_1_ulp_away_and_rounding_at_most_half(dtype, size):
    unit = numpy_type(np.dtype(dtype))
    y = dtype(size)
    assert error(float(np.nextafter(y, dtype(INF))), float(y), unit) == 1
    assert error(float(y), float(y), unit) == 0
    assert error(float(dtype(size)), size, unit) <= 0.5


def test_the_distance_in_the_last_binade_below_a_power_of_two_is_half_as_large():
    below = float(np.nextafter(np.float32(1), np.float32(0)))
    assert error(below, 1.0) == 0.5
    assert error(1.0, below) == 1


@pytest.mark.parametrize(
    ("theirs", "exact"), [(0.0, 2e-8), (6e-8, 2e-8), (1e-7, 2.9e-6), (0.3335, 1 / 3), (1.0, 0.99961)]
)
def test_the_definition_in_many_digits(theirs, exact):
    theirs = float(np.float16(theirs))
    exponent = max(int(mp.floor(mp.log(mp.mpf(exact), 2))), -14)
    wanted = abs(mp.mpf(theirs) - mp.mpf(exact)) / mp.ldexp(1, exponent - 10)
    assert error(theirs, exact, HALF) == pytest.approx(float(wanted), rel=1e-15)


def test_below_the_normal_numbers_the_unit_is_the_smallest_number():
    tiny = 2.0**-149
    assert error(3 * tiny, tiny) == 2
    assert error(0.0, 0.25 * tiny) == 0.25
    assert error(tiny, 0.0) == 1
    assert error(5e-324, 1e-323, DOUBLE) == 1


def test_nan_agrees_with_nan_only():
    assert error(NAN, NAN) == 0
    assert error(NAN, 1.0) == error(1.0, NAN) == error(NAN, INF) == error(INF, NAN) == INF


def test_infinities():
    assert error(INF, INF) == error(-INF, -INF) == 0
    assert error(INF, -INF) == error(1.0, INF) == error(65504.0, -INF, HALF) == INF


@pytest.mark.parametrize(
    ("theirs", "exact", "wanted"),
    [
        (INF, 65520.0, 0),  # half a step beyond the largest: rounds to inf
        (INF, 1e300, 0),
        (INF, 65519.0, 17 / 32),  # inf counts as 65536
        (INF, 65504.0, 1),
        (-INF, -65504.0, 1),
        (65504.0, 65519.0, 15 / 32),
        (65504.0, 65536.0, 1),
        (65504.0, 131072.0, (131072 - 65504) / 32),
        (INF, 1.0, 65535 * 1024),
        (-INF, 65520.0, (65536 + 65520) / 32),
    ],
)
def test_beyond_the_largest_number(theirs, exact, wanted):
    assert error(theirs, exact, HALF) == wanted


def test_beyond_the_largest_float64():
    largest = float(np.finfo(np.float64).max)
    assert error(INF, largest, DOUBLE) == 1
    assert error(largest, INF, DOUBLE) == INF


def test_a_type_without_infinity_may_be_given_as_inf():
    assert error(INF, 1000.0, E4M3) == 0
    assert error(448.0, 464.0, E4M3) == 0.5


def test_the_sign_of_zero_is_no_error_but_counted():
    found = tally([-0.0, 0.0, -0.0, 0.0], [0.0, 0.0, -0.0, -1e-60])
    assert (found.largest, found.zero_signs) == (1e-60 * 2.0**149, 2)


def test_counts_mean_and_median():
    ulp = 2.0**-23
    found = tally(1 + ulp * np.array([0, 0, 0.5, 1, 2, 3, 40, INF, NAN]), np.ones(9))
    assert found.over == (6, 5, 4, 3)
    assert (found.rounded_right, found.nan_disagreements, found.infinite) == (2, 1, 1)
    assert found.median == 2
    assert found.finite_mean == (0.5 + 1 + 2 + 3 + 40 + (2.0**128 - 1) * 2.0**23) / 8
    assert (found.largest, found.mean) == (INF, INF)
    assert (found.largest_finite, found.largest_finite_x) == ((2.0**128 - 1) * 2.0**23, 7)


def test_the_median_is_that_of_the_errors():
    errors = np.array([0.30078125, 300.0, 0.25, 7.0])
    found = tally(1 + errors * 2.0**-23, np.ones(4))
    assert (found.median, found.exact_median) == ((0.30078125 + 7) / 2, True)
    assert tally(1 + errors[:3] * 2.0**-23, np.ones(3)).median == 0.30078125
    assert tally([NAN, NAN, 1.0], [1.0] * 3).median == INF
    assert UlpStatistics().median is UlpStatistics().mean is UlpStatistics().finite_mean is None


def test_without_an_error_there_is_no_largest_one():
    found = tally([1.0, NAN], [1.0, 2.0])
    assert (found.largest_finite, found.finite_mean) == (0, 0)
    assert math.isnan(found.largest_finite_x)


def test_the_median_of_very_many_errors_is_a_bound_in_steps(monkeypatch):
    monkeypatch.setattr(ulp_statistics, "KEPT", 2)

    def median_of(error):
        found = UlpStatistics()
        for _ in range(3):
            found.add(tally([1 + error * 2.0**-23], [1.0]))
        assert (found.exact_median, found.kept) == (False, ())
        return found.median

    assert median_of(0.3) == math.ceil(0.3 * 256) / 256
    assert median_of(300) == 512


def test_the_histogram_counts_all_by_steps():
    ulp = 2.0**-23
    found = tally(1 + ulp * np.array([0, 0.1, 1, 2, 3, 10, 11, 100, 4000, NAN]), np.ones(10))
    buckets = [(b.low, b.high, b.count) for b in found.histogram()]
    assert buckets == [
        (0, 0, 2),
        (1, 1, 1),
        (2, 2, 1),
        (3, 10, 2),
        (11, 100, 2),
        (101, 4000, 1),
        (INF, INF, 1),
    ]
    assert UlpStatistics().histogram() == ()
    assert [(b.high, b.count) for b in tally([1.0], [1.0]).histogram()][-1] == (INF, 0)


def test_tallies_of_pieces_add_up_to_that_of_the_whole():
    rng = np.random.default_rng(3)
    exact = rng.standard_normal(1000)
    theirs = exact.astype(np.float32) + rng.integers(-3, 4, 1000) * np.spacing(exact.astype(np.float32))
    whole, sum_of_pieces = tally(theirs, exact), UlpStatistics()
    for start in range(0, 1000, 130):
        x = np.arange(start, min(start + 130, 1000)) * 1.0
        t, e = theirs[start : start + 130].astype(np.float64), exact[start : start + 130]
        sum_of_pieces.add(UlpStatistics.of(x, judge(t, e, Rules(SINGLE))))
    assert sum_of_pieces.worst == whole.worst
    assert [w.index for w in whole.worst] == np.argsort(-ulp_errors(theirs, exact, SINGLE), kind="stable")[
        :10
    ].tolist()
    assert sum_of_pieces.histogram() == whole.histogram()
    assert (sum_of_pieces.median, sum_of_pieces.over) == (whole.median, whole.over)
    assert sum_of_pieces.mean == pytest.approx(whole.mean, rel=1e-14)


def test_of_equal_errors_the_first_ten_are_kept():
    found = tally(1 + 2.0**-23 * np.ones(50), np.ones(50))
    assert [wrong.index for wrong in found.worst] == list(range(10))
    assert {wrong.ulp for wrong in found.worst} == {1.0}


def steps(theirs, exact, unit=SINGLE):
    return float(judge(np.array([theirs]), np.array([exact]), Rules(unit, "steps")).errors[0])


@pytest.mark.parametrize("unit", [HALF, SINGLE, DOUBLE], ids=lambda unit: unit.name)
def test_steps_count_numbers_across_binades_and_zero(unit):
    tiny = float(unit.at(np.array([1]))[0])
    below = float(unit.at(unit.place(np.array([1.0])) - 1)[0])
    assert steps(1.0, below, unit) == steps(below, 1.0, unit) == 1
    assert steps(tiny, -tiny, unit) == 2
    assert steps(tiny, 0.0, unit) == steps(-tiny, 0.0, unit) == 1
    assert steps(0.0, -0.0, unit) == 0
    assert steps(unit.largest, INF, unit) == 1
    assert steps(-INF, INF, unit) == 2 * unit.count
    assert steps(NAN, 1.0, unit) == steps(1.0, NAN, unit) == INF
    assert steps(NAN, NAN, unit) == 0


def test_steps_are_counted_from_the_correctly_rounded_result():
    assert steps(1.0, 1 + 0.4 * 2.0**-23) == 0
    assert steps(1.0, 1 + 0.6 * 2.0**-23) == 1
    assert steps(INF, 1e300) == 0
    assert steps(E4M3.largest, 1e300, E4M3) == 1


def judged(theirs, exact, **rules):
    return judge(np.array(theirs), np.array(exact), Rules(SINGLE, **rules))


def test_a_flushed_subnormal_result_passes_only_with_ftz():
    exact = [1e-40, -1e-40, 1.17e-38, 2e-38]
    strict, lenient = judged([0.0] * 4, exact), judged([0.0] * 4, exact, flush_results=True)
    assert strict.right.tolist() == [False] * 4
    assert strict.flushed.tolist() == lenient.flushed.tolist() == [True, True, True, False]
    assert lenient.right.tolist() == [True, False, True, False]  # the second has the other sign
    assert judged([0.0], [-1e-40], flush_results=True, ignore_zero_sign=True).right.all()
    assert (lenient.errors[:3] == 0).all()
    assert lenient.errors[3] > 1e6
    assert judged([1e-40], [1e-40], flush_results=True).errors[0] < 1


def test_a_zero_of_the_other_sign_is_not_right_unless_it_is_ignored():
    assert judged([-0.0, 0.0], [0.0, -1e-60]).right.tolist() == [False, False]
    assert judged([-0.0, 0.0], [0.0, -1e-60]).zero_signs.tolist() == [True, True]
    assert judged([-0.0, 0.0], [0.0, -1e-60], ignore_zero_sign=True).right.tolist() == [True, True]


def test_the_better_of_two_readings_counts():
    both = judged([0.5, 7.0], [1.0, 7.0]).or_better(judged([0.5, 7.0], [0.5, 9.0]))
    assert both.errors.tolist() == [0, 0]
    assert both.exact.tolist() == [0.5, 7.0]

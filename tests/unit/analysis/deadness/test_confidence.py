import math

import mpmath
import numpy as np
import pytest

from actcli.analysis.deadness.confidence import firing_bound, round_up, samples_needed, silent_bound
from actcli.exits import UsageError


def off(k, n, confidence, p):
    """How far p is from the root of P(X <= k) = alpha, relative, by one exact Newton step."""
    with mpmath.workdps(40):
        # 1 - 1e-16 may be rounded to 1, where there are no odds
        p, alpha = min(mpmath.mpf(p), 1 - mpmath.mpf(2) ** -53), 1 - mpmath.mpf(confidence)
        odds, term = p / (1 - p), (1 - p) ** n
        tail = term
        for i in range(1, k + 1):
            term *= odds * (n - i + 1) / i
            tail += term
        slope = term * (n - k) / (1 - p)
        return float(abs((tail - alpha) / slope / p))


def test_silence_is_about_three_over_n():
    assert silent_bound(10_240, 0.95) == pytest.approx(-math.expm1(math.log(0.05) / 10_240), rel=1e-14)
    assert round_up(silent_bound(10_240, 0.95)) == 2.93e-4
    assert silent_bound(10**12, 0.95) == pytest.approx(2.995732273553991e-12, rel=1e-11)
    assert (silent_bound(1, 0.95), silent_bound(0, 0.95)) == (pytest.approx(0.95), 1.0)


@pytest.mark.parametrize("confidence", [0.05, 0.5, 0.95, 0.999999, 1 - 1e-12])
@pytest.mark.parametrize("n", [2, 3, 30, 1000, 10_240])
def test_firings_against_mpmath(n, confidence):
    counts = np.array(sorted({1, 2, 7, n // 10, n // 2, n - 2, n - 1} & set(range(1, n))))

    bounds = firing_bound(counts, n, confidence)

    assert max(off(int(k), n, confidence, p) for k, p in zip(counts, bounds, strict=True)) < 1e-12


def test_a_billion_samples():
    n = 10**9
    counts = np.array([1, 12, 3456, n // 2, n - 1])

    *few, half, most = firing_bound(counts, n, 0.95).tolist()

    assert max(off(k, n, 0.95, p) for k, p in zip(counts[:3].tolist(), few, strict=True)) < 1e-12
    assert half == pytest.approx(0.5000260079193697, rel=1e-13)  # scipy.special.betaincinv
    assert most == pytest.approx(0.95 ** (1 / n), rel=1e-15)


def test_the_ends_of_the_counts():
    bounds = firing_bound(np.array([0, 5, 10, 5]), 10, 0.95)

    assert bounds[0] == silent_bound(10, 0.95)
    assert bounds[1] == bounds[3]
    assert bounds[2] == 1
    assert firing_bound(np.array([], np.int64), 10, 0.95).shape == (0,)
    assert firing_bound(np.array([0]), 0, 0.95).tolist() == [1]


def test_more_firings_a_larger_bound():
    assert (np.diff(firing_bound(np.arange(5001), 5000, 0.95)) > 0).all()


def test_ten_thousand_counts_in_any_order():
    counts = np.random.default_rng(0).integers(0, 10**9, 10_000)
    bounds = firing_bound(counts, 10**9, 0.95)

    order = np.argsort(counts)
    assert (np.diff(bounds[order]) >= 0).all()
    np.testing.assert_allclose(firing_bound(counts[:3], 10**9, 0.95), bounds[:3], rtol=1e-14)


@pytest.mark.parametrize(
    ("units", "rare", "needed"), [(10_000, 1e-3, 12_200), (1, 0.01, 299), (512, 0.01, 919), (1, 0.99, 2)]
)
def test_samples_needed(units, rare, needed):
    assert samples_needed(units, rare, 0.95) == needed


def test_samples_needed_bound_all_units_and_one_fewer_does_not():
    needed = samples_needed(64, 0.01, 0.95)

    assert silent_bound(needed, 1 - 0.05 / 64) <= 0.01 < silent_bound(needed - 1, 1 - 0.05 / 64)


@pytest.mark.parametrize(
    ("bound", "up"), [(2.925e-4, 2.93e-4), (2.93e-4, 2.93e-4), (0.99991, 1.0), (0.0, 0.0), (1.0, 1.0)]
)
def test_rounded_outward(bound, up):
    assert round_up(bound) == up
    assert round_up(up) == up


def test_rounded_never_inward():
    bounds = np.random.default_rng(1).uniform(0, 1, 500) ** 9

    assert all(bound <= round_up(bound) <= bound * 1.011 for bound in bounds.tolist())


def test_what_is_no_confidence():
    for confidence in (0.0, 1.0, 95.0, math.nan):
        with pytest.raises(UsageError, match=r"confidence .*between 0 and 1"):
            silent_bound(10, confidence)
    with pytest.raises(UsageError, match=r"rare 1: .*between 0 and 1"):
        samples_needed(1, 1.0, 0.95)
    with pytest.raises(UsageError, match="0 units"):
        samples_needed(0, 0.01, 0.95)


def test_units_of_layers_with_other_numbers_of_samples():
    """All at once as one by one: thousands of layers cost no more than their units."""
    rng = np.random.default_rng(1)
    samples = rng.choice([0, 1, 2, 30, 1000, 10**9], 400)
    fired = rng.integers(0, samples + 1)
    fired[:100] = 0
    together = firing_bound(fired, samples, 0.95)
    alone = [firing_bound(fired[i : i + 1], int(samples[i]), 0.95)[0] for i in range(400)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)

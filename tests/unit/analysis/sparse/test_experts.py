import numpy as np
import pytest
from layer_states import state

from actcli.analysis.deadness.confidence import samples_needed
from actcli.analysis.sparse.experts import least_rate, samples_until, utilisation
from actcli.exits import UsageError

stats = pytest.importorskip("scipy.stats")


def test_use_of_four_experts():
    z = -np.ones((100, 4))
    z[:60, 0] = z[60:90, 1] = z[90:, 2] = 1
    found = utilisation(state(z))
    assert (found.units, found.unvisited, found.most, found.least) == (4, 1, 0.6, 0.1)
    assert found.imbalance == pytest.approx(2.4)
    assert found.effective == pytest.approx(np.exp(stats.entropy([60, 30, 10])))


def test_even_use_and_no_use():
    even = utilisation(state(np.ones((10, 8))))
    assert (even.imbalance, even.effective) == (1, pytest.approx(8))
    assert np.isnan(utilisation(state(-np.ones((10, 8)))).imbalance)


@pytest.mark.parametrize("rate", [0.5, 0.01, 1e-5])
@pytest.mark.parametrize("firings", [1, 2, 100])
@pytest.mark.parametrize("units", [1, 64])
def test_the_samples_are_the_fewest_that_suffice(rate, firings, units):
    found = samples_until(firings, rate, units, 0.95)
    level = 0.05 / units
    assert stats.binom.cdf(firings - 1, found, rate) <= level * (1 + 1e-9)
    assert stats.binom.cdf(firings - 1, found - 1, rate) > level * (1 - 1e-9) or found == max(firings, 2)


def test_one_firing_is_what_plan_says():
    assert samples_until(1, 0.001, 10_000, 0.95) == samples_needed(10_000, 0.001, 0.95)


def test_the_least_rate_is_a_lower_bound_for_all():
    fired = np.array([50, 20, 90])
    wanted = stats.beta.ppf(0.05 / 3, 20, 1000 - 20 + 1)
    assert least_rate(fired, 1000, 0.95) == pytest.approx(wanted, rel=1e-9)
    assert least_rate(np.array([0, 3]), 10, 0.95) == 0


@pytest.mark.parametrize(
    ("firings", "rate", "units"), [(0, 0.1, 1), (1, 0, 1), (1, 1, 1), (1, 0.1, 0), (1, 1e-18, 1)]
)
def test_what_cannot_be_asked(firings, rate, units):
    with pytest.raises(UsageError):
        samples_until(firings, rate, units, 0.95)

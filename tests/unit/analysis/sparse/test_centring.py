import numpy as np
import pytest
from layer_states import state

from actcli.analysis.sparse.centring import centring


def test_gamma_is_the_mean_over_the_deviation():
    x = np.random.default_rng(0).normal(size=(500, 20)) + np.arange(20)
    found = centring(state(x), 0.01)
    mean, deviation = np.linalg.norm(x.mean(axis=0)), np.linalg.norm(x.std(axis=0))
    assert (found.mean, found.deviation) == (pytest.approx(mean), pytest.approx(deviation))
    assert (found.gamma, found.is_off_centre) == (pytest.approx(mean / deviation), True)
    assert found.largest[0] == 19
    centred = centring(state(x - x.mean(axis=0)), 0.01)
    assert (centred.is_off_centre, centred.hardly_firing) == (False, pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("gamma", [1.0, 3.0, 15.0])
def test_the_share_of_latents_that_hardly_fire_is_that_of_random_ones(gamma):
    rng = np.random.default_rng(1)
    units = 64
    x = rng.normal(size=(4000, units))
    x += gamma * x.std() * rng.choice([-1, 1], units)
    latents = rng.normal(size=(units, 3000))
    rates = (x @ latents > 0).mean(axis=0)
    predicted = centring(state(x), 0.01).hardly_firing
    assert (rates < 0.01).mean() == pytest.approx(predicted, abs=0.03)


def test_constant_and_zero_values():
    assert centring(state(np.ones((5, 3))), 0.01).gamma == np.inf
    assert centring(state(np.ones((5, 3))), 0.01).hardly_firing == 0.5
    assert np.isnan(centring(state(np.zeros((5, 3))), 0.01).gamma)

import numpy as np
import pytest

from actcli.analysis.sparse.density import by_decade, lowest_decade


def test_units_by_powers_of_ten():
    found = by_decade(np.array([0, 0, 1e-3, 9.99e-3, 0.01, 0.5, 1.0, np.nan]), -4)
    assert (found.counts.tolist(), found.never) == ([0, 2, 1, 2], 2)
    halves = by_decade(np.array([1e-3, 5e-3]), -3, 2)
    assert halves.counts.tolist() == [1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("power", range(1, 12))
def test_a_power_of_ten_begins_its_decade(power):
    assert by_decade(np.array([1 / 10**power]), -12).counts[12 - power] == 1


@pytest.mark.parametrize(
    ("samples", "lowest"), [(0, -1), (1, -1), (10, -1), (11, -2), (200_000, -6), (10**40, -15)]
)
def test_no_density_lies_below_one_in_all_samples(samples, lowest):
    assert lowest_decade(samples) == lowest

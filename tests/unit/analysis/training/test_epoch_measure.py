"""Firings of the units of groups, counted block by block."""

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.training.epoch_measure import FiringCounts


def counted(spec, *blocks):
    f = activation(spec)
    members, _, width = blocks[0].shape
    counts = FiringCounts(firing_rule(f, "pre"), slice(0, members), width)
    for z in blocks:
        counts.add(z, f(z))
    return counts


@pytest.mark.parametrize("samples", [1, 2, 3, 97, 128, 255])
def test_every_sample_counts(samples):
    z = np.random.default_rng(samples).normal(size=(2, samples, 5))
    z[0, :, 0], z[1, :, 1] = 1, -1
    assert counted("relu", z).fired.tolist() == (z > 0).sum(axis=1).tolist()
    assert counted("relu", z, z[:, :1]).samples == samples + 1


def test_a_silent_unit_is_known_by_all_its_blocks():
    """The first unit is silent on two sides of tanh, the second on one, and the third fires in one block alone."""
    near, far = np.array([[[-20.0, 20.0, 0.0]]]), np.array([[[20.0, 20.0, 20.0]]])
    for blocks in ((near, far), (far, near), (far, far[:, :, [0, 1, 1]], near)):
        assert counted("tanh", *blocks).dead.tolist() == [[False, True, False]]
    assert counted("elu", near, far).dead.tolist() == [[False, False, False]]

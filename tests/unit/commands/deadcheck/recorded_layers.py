"""Recorded layers with dead units, for the tests of `deadcheck`."""

import numpy as np


def layer(samples=2000, units=20, dead=(3, 7), seed=0):
    """Outputs of relu, float32 (samples, units), in which some units are 0 throughout."""
    h = np.maximum(np.random.default_rng(seed).standard_normal((samples, units)), 0).astype(np.float32)
    h[:, list(dead)] = 0
    return h

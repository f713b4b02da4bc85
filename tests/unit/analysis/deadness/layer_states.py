"""What the tests of dead units share: the statistics of a small array, by plain NumPy."""

from dataclasses import replace

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import fires, firing_rule
from actcli.analysis.deadness.unit_state import NEVER, LayerState, empty_state


def state(v, function="relu", recorded="pre", name="layer", start=0, **changed):
    """The statistics of v: (samples, units) or (samples, units, positions), recorded as it says."""
    v = np.asarray(v, np.float64)
    v = v[..., None] if v.ndim == 2 else v
    f = activation(function)
    rule = firing_rule(f, recorded)
    with np.errstate(all="ignore"):
        h = f(v) if recorded == "pre" else v
    samples, units, positions = v.shape
    if not samples:
        return replace(empty_state(name, rule, units), **changed)
    on = fires(rule, v)
    fired = on.any(2)
    finite = np.isfinite(v)
    clean = np.where(finite, v, 0.0)
    mean = clean.sum((0, 2)) / np.maximum(finite.sum((0, 2)), 1)
    places = np.arange(samples)[:, None]
    return LayerState(
        name=name,
        rule=rule,
        start=start,
        samples=samples,
        elements=samples * positions,
        fired=fired.sum(0),
        nonpositive=(v <= 0).sum((0, 2)),
        nan=np.isnan(v).sum((0, 2)),
        infinite=np.isinf(v).sum((0, 2)),
        low=(~on & (v <= rule.flat_below)).sum((0, 2)),
        high=(~on & (v >= rule.flat_above)).sum((0, 2)),
        minimum=np.where(np.isnan(v), np.inf, v).min((0, 2)),
        maximum=np.where(np.isnan(v), -np.inf, v).max((0, 2)),
        mean=mean,
        m2=(np.where(finite, clean - mean[:, None], 0.0) ** 2).sum((0, 2)),
        absolute=np.where(np.isfinite(h), np.abs(h), 0.0).sum((0, 2)),
        value_minimum=np.where(np.isnan(h), np.inf, h).min((0, 2)),
        value_maximum=np.where(np.isnan(h), -np.inf, h).max((0, 2)),
        slope=np.full(units, np.nan),
        first=np.where(fired.any(0), start + np.where(fired, places, samples).min(0), NEVER),
        last=np.where(fired.any(0), start + np.where(fired, places, -1).max(0), NEVER),
    )


def normal(samples, units, seed=0):
    """Pre-activations that fire on about every second sample."""
    return np.random.default_rng(seed).standard_normal((samples, units))


def silenced(samples, units, dead, seed=0):
    """The same with the first units never above 0."""
    z = normal(samples, units, seed)
    z[:, :dead] = -np.abs(z[:, :dead]) - 0.25
    return z

"""What the tests of deadcheck's output share: layers with planted units, counted by plain NumPy."""

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import fires, firing_rule
from actcli.analysis.deadness.report import ShareLimit, judge, make_report
from actcli.analysis.deadness.unit_state import NEVER, LayerState, empty_state
from actcli.analysis.deadness.verdict import Settings, Unobserved
from actcli.render.deadness.findings import Findings


def state(name, v, function="relu", recorded="pre", start=0):
    """The statistics of v: (samples, units), of the activation's inputs or outputs, all finite or NaN."""
    v = np.asarray(v, np.float64)
    f = activation(function)
    rule = firing_rule(f, recorded)
    h = f(v) if recorded == "pre" else v
    fired = fires(rule, v)
    samples, units = v.shape
    if not samples:
        return empty_state(name, rule, units)
    finite = np.isfinite(v)
    known = np.where(finite, v, 0.0)
    mean = known.sum(0) / np.maximum(finite.sum(0), 1)
    places = np.arange(samples)[:, None]
    ever = fired.any(0)
    return LayerState(
        name=name,
        rule=rule,
        start=start,
        samples=samples,
        elements=samples,
        fired=fired.sum(0),
        nonpositive=(v <= 0).sum(0),
        nan=np.isnan(v).sum(0),
        infinite=np.isinf(v).sum(0),
        low=(~fired & (v <= rule.flat_below)).sum(0),
        high=(~fired & (v >= rule.flat_above)).sum(0),
        minimum=np.where(np.isnan(v), np.inf, v).min(0),
        maximum=np.where(np.isnan(v), -np.inf, v).max(0),
        mean=mean,
        m2=(np.where(finite, v - mean, 0.0) ** 2).sum(0),
        absolute=np.where(finite, np.abs(h), 0.0).sum(0),
        value_minimum=np.where(np.isnan(h), np.inf, h).min(0),
        value_maximum=np.where(np.isnan(h), -np.inf, h).max(0),
        slope=np.full(units, np.nan),
        first=np.where(ever, np.where(fired, places, samples).min(0) + start, NEVER),
        last=np.where(ever, np.where(fired, places, -1).max(0) + start, NEVER),
    )


def planted(samples=400, units=16, seed=0):
    """Pre-activations of which unit 1 is silent, 2 rare, 3 always active, and the others alive."""
    z = np.random.default_rng(seed).standard_normal((samples, units))
    z[:, 1] = -0.25 - np.abs(z[:, 1])
    z[:, 2] = -1 - np.abs(z[:, 2])
    z[5, 2] = z[7, 2] = 2.0
    z[:, 3] = 0.5 + np.abs(z[:, 3])
    return z


def findings(*states, limit=None, layer_glob=None, unobserved=(), ops=None, notes=(), settings=None, **more):
    """What deadcheck would show of these layers."""
    report = make_report(states, settings or Settings(), ops=ops, unobserved=unobserved, notes=notes)
    judgement = None if limit is None else judge(report, limit, layer_glob)
    limits = () if limit is None else (ShareLimit(limit, layer_glob),)
    return Findings(report, judgement, limits, **more)


HOSTILE = "a\tb\x1b[31m<[red]&\"'>\nc"
"""A layer's name that tries to be markup, a colour, two fields and two lines."""

HIDDEN = Unobserved(HOSTILE, "Relu", "inside an If branch")

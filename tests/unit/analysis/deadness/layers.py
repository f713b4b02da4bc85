"""A plain, slow reference of what is known of a layer, by a few lines of NumPy over whole arrays."""

import numpy as np

from actcli.analysis.deadness.unit_state import NEVER

COUNTS = ("fired", "nonpositive", "nan", "infinite", "low", "high", "first", "last")
EXTREMES = ("minimum", "maximum", "value_minimum", "value_maximum")


def reference(values, fires, f=None, start=0):
    """Each unit's numbers; values (samples, units, positions), fires: a function of one number, f: of z to h."""
    units = values.shape[1]
    found = {key: np.zeros(units, np.int64) for key in COUNTS}
    found |= {key: np.zeros(units) for key in ("mean", "m2", "absolute", *EXTREMES)}
    for unit in range(units):
        own = values[:, unit].astype(np.float64)
        numbers, finite = own[~np.isnan(own)], own[np.isfinite(own)]
        h = numbers if f is None else f(numbers.astype(values.dtype)).astype(np.float64)
        firing = np.array([[fires(value) for value in row] for row in own], np.bool_)
        places = np.flatnonzero(firing.any(axis=1))
        found["fired"][unit] = places.size
        found["first"][unit], found["last"][unit] = (
            (start + places[0], start + places[-1]) if places.size else (NEVER, NEVER)
        )
        found["nonpositive"][unit] = (own <= 0).sum()
        found["nan"][unit], found["infinite"][unit] = np.isnan(own).sum(), np.isinf(own).sum()
        found["mean"][unit] = np.mean(finite) if finite.size else 0
        found["m2"][unit] = np.square(finite - found["mean"][unit]).sum()
        found["absolute"][unit] = np.abs(h[np.isfinite(numbers)]).sum()
        h = h[~np.isnan(h)]  # sine has no value at inf
        for key, array in (("", numbers), ("value_", h)):
            found[key + "minimum"][unit] = array.min() if array.size else np.inf
            found[key + "maximum"][unit] = array.max() if array.size else -np.inf
    return found


def require_same(state, other, *, places=True, tolerance=1e-12):
    """Two states, or a state and a reference: counts and extremes exactly, moments to rounding.

    The mean of a part is a float64, and what that rounds off enters m2 times the distance of the parts' means: where
    the mean is 100 000 deviations from 0 that is more than 1e-12 of m2, and no state with one mean can have it back.
    """
    got, want = (part if isinstance(part, dict) else _fields(part) for part in (state, other))
    for key in (*COUNTS, *EXTREMES):
        if key in want and (places or key not in {"first", "last"}):
            np.testing.assert_array_equal(got[key], want[key], err_msg=key)
    scale = np.sqrt(want["m2"] + want["mean"] ** 2) + np.abs(want["mean"])
    assert (np.abs(got["mean"] - want["mean"]) <= tolerance * scale).all(), "mean"
    np.testing.assert_allclose(got["absolute"], want["absolute"], rtol=tolerance, err_msg="absolute")
    room = tolerance * want["m2"] + 5e-14 * np.abs(want["mean"]) * np.sqrt(want["m2"])
    assert (np.abs(got["m2"] - want["m2"]) <= room + 1e-300).all(), "m2"


def _fields(state):
    return {key: getattr(state, key) for key in (*COUNTS, *EXTREMES, "mean", "m2", "absolute")}

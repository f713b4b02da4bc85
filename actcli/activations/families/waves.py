"""Waves: periodic activations."""

import math

import numpy as np

from actcli.activations.definition import Array, Definition, Parameter, jax, onnx, torch
from actcli.activations.families.exact import LARGEST, Sum, two_product, two_sum

_QUARTER_PI = math.pi / 4
_QUARTER_PI_LOW = 3.061616997868383e-17
_LOW_PART_IS_SMALL = 2.0**40
"""Below it the low part of u = ax is under 2**-13."""


def _phase(x: Array, a: float) -> Sum:
    """ax exactly: a rounded product is wrong by whole periods for large x."""
    if a == 1.0:
        return Sum(x, 0.0)
    # Dekker's splitting overflows beyond 2**996; powers of two are exact
    down = np.where(np.abs(x) > 2.0**900, 2.0**-120, 1.0)
    h, low = two_product(np.clip(x, -LARGEST, LARGEST) * down, a)
    return Sum(h / down, low / down)


def _sine_of(u: Sum) -> Array:
    if isinstance(u.l, float):
        return np.asarray(np.sin(u.h))
    return np.asarray(np.sin(u.h) * np.cos(u.l) + np.cos(u.h) * np.sin(u.l))


def _cosine_of(u: Sum) -> Array:
    if isinstance(u.l, float):
        return np.asarray(np.cos(u.h))
    return np.asarray(np.cos(u.h) * np.cos(u.l) - np.sin(u.h) * np.sin(u.l))


def _double_angle(u: Sum) -> tuple[Array, Array]:
    """sin 2u and cos 2u."""
    sine, cosine = _sine_of(Sum(2.0 * u.h, 2.0 * u.l)), _cosine_of(Sum(2.0 * u.h, 2.0 * u.l))
    beyond = np.isinf(2.0 * u.h) & np.isfinite(u.h)
    if beyond.any():
        s, c = _sine_of(u), _cosine_of(u)
        return np.where(beyond, 2.0 * s * c, sine), np.where(beyond, (c - s) * (c + s), cosine)
    return sine, cosine


def _snake(x: Array, a: float) -> Array:
    """x + sin²(u)/a, the square and the quotient with their rounding errors: the two terms cancel below 0."""
    u = _phase(x, a)
    small = np.abs(u.h) < _LOW_PART_IS_SMALL
    sine = np.where(small, np.sin(u.h), _sine_of(u))
    square = two_product(sine, sine)
    low = square.l + 2.0 * sine * np.where(small, u.l * np.cos(u.h), 0.0)
    quotient = square.h / a
    back = two_product(quotient, a)
    total = two_sum(x, quotient)
    y = total.h + (total.l + (((square.h - back.h) - back.l) + low) / a)
    return np.where(np.isfinite(u.h) & np.isfinite(x), y, x)


def _snake_slope(x: Array, a: float) -> Array:
    """1 + sin 2u, as 2·sin²(u + π/4) where it comes close to 0; u = ax.

    From |u| = 2**40 on the low part of u is too large for the addition of π/4.
    """
    u = _phase(x, a)
    sine, _ = _double_angle(u)
    shifted = two_sum(u.h, _QUARTER_PI)
    root = _sine_of(Sum(shifted.h, shifted.l + (u.l + _QUARTER_PI_LOW)))
    root = np.where(np.abs(u.h) < _LOW_PART_IS_SMALL, root, (_sine_of(u) + _cosine_of(u)) * math.sqrt(0.5))
    return np.where(sine < -0.25, 2.0 * root * root, 1.0 + sine)


def _snake_curvature(x: Array, a: float) -> Array:
    u = _phase(x, a)
    _, cosine = _double_angle(u)
    return 2.0 * a * cosine


def _snake_by_a(x: Array, a: float) -> Array:
    """(2u·sin u·cos u − sin² u)/a²."""
    u = _phase(x, a)
    s, c = _sine_of(u), _cosine_of(u)
    return s * (2.0 * u.h * c - s) / a / a


DEFINITIONS = (
    Definition(
        name="sine",
        aliases=("sin", "siren"),
        family="wave",
        formula="sin(x)",
        expression="sin(x)",
        derivative="cos(x)",
        source="Sitzmann et al. 2020",
        value=np.sin,
        slope=np.cos,
        curvature=lambda x: -np.sin(x),
        range=(-1.0, 1.0),
        monotone=False,
        frameworks=(torch("sin"), jax("numpy.sin"), onnx("Sin")),
    ),
    Definition(
        name="snake",
        family="wave",
        formula="x + sin²(a·x)/a",
        expression="x + sin(a*x)^2/a",
        derivative="1 + sin(2·a·x)",
        source="Ziyin, Hartwig & Ueda 2020",
        parameters=(Parameter("a", 1.0, ("alpha",), nonzero=True),),
        value=_snake,
        slope=_snake_slope,
        curvature=_snake_curvature,
        by_parameter={"a": _snake_by_a},
    ),
)

"""The record that defines an activation. Each family file fills in one per function."""

import math
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.names import DIALECTS, normalise
from actcli.dataclass import dataclass
from actcli.exits import UsageError

Array = NDArray[np.float64]
Kernel = Callable[..., Array]
"""Takes a contiguous float64 array and the parameters by keyword, and returns a new array."""

INF = math.inf
FORMULA = "formula"
"""The family of formulas."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an activation: its name, default, other names, and the values that it can have.

    `low` and `high` are the bounds; `open_low` and `open_high` exclude the bound itself, `nonzero` excludes 0, and
    `whole` requires a whole number. A default of inf means switched off unless set; NaN means that there is none.
    """

    name: str
    default: float
    aliases: tuple[str, ...] = ()
    low: float = -INF
    high: float = INF
    open_low: bool = False
    open_high: bool = False
    nonzero: bool = False
    whole: bool = False

    @property
    def bounds(self) -> str:
        """The values it may take, as text: `any`, `> 0`, `≥ 1, whole`, `≠ 0`."""
        conditions = []
        if self.low > -INF:
            conditions.append(f"{'>' if self.open_low else '≥'} {self.low:g}")
        if self.high < INF:
            conditions.append(f"{'<' if self.open_high else '≤'} {self.high:g}")
        if self.nonzero:
            conditions.append("≠ 0")
        if self.whole:
            conditions.append("whole")
        return ", ".join(conditions) or "any"

    def refusal(self, value: float) -> str | None:
        """Return the condition that a value does not meet, in words; None where it meets all."""
        too_low = value <= self.low if self.open_low else value < self.low
        too_high = value >= self.high if self.open_high else value > self.high
        if not math.isfinite(value):
            return "a finite number"
        if self.whole and value != int(value):
            return f"a whole number from {self.low:g} on" if self.low > -INF else "a whole number"
        if too_low or too_high:
            bounds = [f"{'>' if self.open_low else '>='} {self.low:g}"] if self.low > -INF else []
            bounds += [f"{'<' if self.open_high else '<='} {self.high:g}"] if self.high < INF else []
            return " and ".join(bounds)
        if self.nonzero and value == 0:
            return "other than 0"
        return None


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where the value, the first or the second derivative is not continuous.

    Attributes:
        at: the point.
        slopes: the first derivative from the left and from the right.
        curvatures: the second derivative from the left and from the right.
        default: the first and second derivative that PyTorch's autograd returns there.
        jax: those that JAX returns, where they differ.
        jump: whether the value itself jumps.

    """

    at: float
    slopes: tuple[float, float]
    curvatures: tuple[float, float] = (0.0, 0.0)
    default: tuple[float, float] = (0.0, 0.0)
    jax: tuple[float, float] | None = None
    jump: bool = False

    def derivative(self, order: int, side: str) -> float:
        """Return the first or second derivative at the kink.

        `side` is `default` (PyTorch), `jax`, `left`, `right`, `mean`, or `nan`: NaN where there is no derivative,
        because the two sides differ, in it or in the function that it is the derivative of.
        """
        left, right = self.slopes if order == 1 else self.curvatures
        match side:
            case "left":
                return left
            case "right":
                return right
            case "mean":
                return left / 2 + right / 2
            case "nan":
                lost = self.jump or (order == 2 and self.slopes[0] != self.slopes[1])
                return left if left == right and not lost else math.nan
            case "jax" if self.jax is not None:
                return self.jax[order - 1]
            case _:
                return self.default[order - 1]

    @property
    def smooth(self) -> bool:
        """Whether there is no kink with these parameters (leaky_relu with alpha 1)."""
        return not self.jump and self.slopes[0] == self.slopes[1] and self.curvatures[0] == self.curvatures[1]

    @property
    def matters(self) -> bool:
        """Whether there is a kink, or autograd gives another derivative than there is.

        PyTorch gives softshrink with lambda 0, which is x, the derivative 0 at 0.
        """
        return not self.smooth or self.default != (self.slopes[0], self.curvatures[0])


@dataclass(frozen=True, slots=True)
class Names:
    """How one framework calls an activation.

    Attributes:
        framework: `torch`, `jax`, `keras`, `onnx` or `hf`.
        names: its names there, without the framework's own (`nn.LeakyReLU`).
        defaults: the framework's defaults by our names, where they differ.
        order: our parameter names in the framework's order of positions, where it differs.

    """

    framework: str
    names: tuple[str, ...]
    defaults: Mapping[str, float] = field(default_factory=dict)
    order: tuple[str, ...] = ()


def _names(framework: str, *names: str, **defaults: float) -> Names:
    return Names(framework, names, defaults)


torch, jax, keras, onnx, hf = (partial(_names, framework) for framework in DIALECTS)
"""Names in one framework, with defaults that differ: `torch("nn.Softplus", threshold=20.0)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One activation: formula, value, derivatives, kinks, parameters, names, source.

    Attributes:
        name: the canonical name. A dotted name, `keras.relu`, is a function that only that framework has.
        family: `rectifier`, `exponential`, `sigmoid`, `gated`, `shrink`, `wave`, `row` or `formula`.
        formula: f(x) in one line of text.
        expression: f in the formula language, with our parameter names; "" over rows, except for formulas in g and u.
            Derivatives of order 3 and more are computed from it.
        derivative: f'(x) in one line of text, away from the kinks; over rows d y_i / d x_j.
        source: author and year, or the origin of the definition.
        value, slope, curvature: kernels for f, f', f''. Over rows x has shape (rows, n); slope and curvature are the
            diagonal, None when the row changes its length.
        jacobian: over rows only: takes (rows, n) and returns (rows, m, n), d y_i / d x_j.
        by_parameter: kernels for df/dp by the parameter's name.
        kinks: returns the kinks for parameters by keyword; none over rows.
        domain: where f is real; outside it f is NaN.
        range: the smallest and largest value, approached or reached, at the default parameters.
        monotone: whether f never falls, at the default parameters.
        smoothness: -1 when the value jumps, 0 for C0, 1 for C1, 2 for C2, inf, at the default parameters.
        relation: takes parameters by keyword and returns the condition between them that is not met, in words, or None.
        output_width: over rows: returns the length of the result for a row's length; raises ValueError with a
            sentence when the function does not take rows of that length.
        composed: whether float64 results come from the expression, in numbers that know their error; else the exact
            kernels of its name give them, or its own where they round once.
        expression_far_out: the value as its asymptote and the distance from it, which loses no digits where the two
            terms of a `composed` function cancel.
        about: a description: a person's of a function of their own, or what tells a function from one like it.
        parts: how many operations a formula has, including those of a person's functions in it.

    """

    name: str
    family: str
    formula: str
    source: str
    value: Kernel
    slope: Kernel | None
    curvature: Kernel | None
    expression: str = ""
    derivative: str = ""
    jacobian: Kernel | None = None
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    by_parameter: Mapping[str, Kernel] = field(default_factory=dict)
    kinks: Callable[..., tuple[Kink, ...]] = lambda **_: ()
    domain: tuple[float, float] = (-INF, INF)
    range: tuple[float, float] = (-INF, INF)
    monotone: bool = True
    smoothness: float = INF
    frameworks: tuple[Names, ...] = ()
    relation: Callable[..., str | None] = lambda **_: None
    output_width: Callable[..., int] = lambda n, **_: n
    composed: bool = False
    expression_far_out: str = ""
    about: str = ""
    parts: int = 1

    @property
    def by_rows(self) -> bool:
        """Whether the function maps rows to rows, instead of numbers to numbers."""
        return self.family == "row"

    @property
    def is_pair_formula(self) -> bool:
        """Whether it is a formula in the two inputs g and u."""
        return self.by_rows and bool(self.expression)

    def parameter_name(self, name: str, spec: str) -> str:
        """Return the canonical name of a parameter; raises UsageError, which begins with `spec`, without such one."""
        key = normalise(name)
        for parameter in self.parameters:
            if key in map(normalise, (parameter.name, *parameter.aliases)):
                return parameter.name
        where = "" if spec == self.name else f"{spec}: "
        if not self.parameters:
            raise UsageError(f"{where}{self.name} has no parameters")
        own = ", ".join(p.name for p in self.parameters)
        raise UsageError(f"{where}{self.name} has no parameter {name!r}; it has {own}")


def constant(value: float) -> Kernel:
    """Return a kernel that is `value` everywhere, except that NaN stays NaN."""

    def kernel(x: Array, **_: Any) -> Array:
        return np.where(np.isnan(x), x, value)

    return kernel

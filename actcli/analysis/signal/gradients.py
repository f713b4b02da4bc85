"""Vanishing and exploding gradients of several functions, by mean-field theory and in random networks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.figure.curves import Curve, Figure, Panel, Segment
from actcli.analysis.signal.answer import answer, notes, warnings
from actcli.analysis.signal.mean_field import MeanField, require_everywhere
from actcli.analysis.signal.propagation import START, Layer, Phase, edge, gradients, phase, signals
from actcli.analysis.signal.random_network import Measure, Network, Norms, Sample, measure
from actcli.analysis.training.initial import UsualInit, usual_init
from actcli.analysis.training.stack import Stack
from actcli.exits import UsageError

Init = Literal[UsualInit, "gain", "usual"]
INITS: tuple[Init, ...] = get_args(Init)

_FIXED: Mapping[UsualInit, float] = {"he": math.sqrt(2.0), "xavier": 1.0, "lecun": 1.0}
"""sw in square layers, from the variances he 2/fan_in, xavier 2/(fan_in + fan_out), lecun 1/fan_in."""
_MOST_STD = 1e100
_MOST_DEPTH = 10_000
_MOST_WIDTH = 8_192
_MOST_SEEDS = 10_000

COLUMNS = (
    Column("init", "initialisation"),
    Column("weight_std", "weight std σw"),
    Column("fixed_point", "variance q*", group="theory, infinite depth"),
    Column("stability", "q* is", group="theory, infinite depth"),
    Column("chi_1", "χ₁ at q*", group="theory, infinite depth"),
    Column("edge_distance", "|χ₁ - 1|", "small", group="theory, infinite depth"),
    Column("edge_weight_std", "σw on the edge of chaos", group="theory, infinite depth"),
    Column("correlation_fixed_point", "correlation c*", group="theory, infinite depth"),
    Column("signal_depth", "depth scale of q", group="theory, infinite depth", unit="layers"),
    Column("correlation_depth", "depth scale of c", "large", group="theory, infinite depth", unit="layers"),
    Column("signal_variance", "signal, last layer", group="theory, this depth"),
    Column("gradient_ratio", "gradient, first / last", group="theory, this depth"),
    Column("gradient_decades", "decades lost or gained", "small", group="theory, this depth", digits=3),
    Column("measured_signal", "signal, last layer", group="measured", error="measured_signal_error"),
    Column("measured_signal_error", "± standard error", group="measured"),
    Column("measured_gradient", "gradient, first / last", group="measured", error="measured_gradient_error"),
    Column("measured_gradient_error", "± standard error", group="measured"),
)
"""The columns. Variances are per unit; the input has variance 1, the gradient variance 1 at the last layer.

init: the initialisation; by `usual` the one of the function, of a stack that of each layer (`he/xavier`).
weight_std: weights are drawn from N(0, σw²/fan_in); weight_std is None where a stack's layers differ.
fixed_point … correlation_depth: see propagation.Phase; edge_distance is |chi_1 - 1|, None at an unstable q*, where no
signal stays; edge_weight_std is the σw with which chi_1 = 1 and the same biases, None where there is none, and for
stacks.
signal_variance, gradient_ratio: by theory; the ratio is that of the variances at the first and the last layer.
gradient_decades: |log10 gradient_ratio|, inf where no gradient or no finite one arrives.
measured_…: the same two in random networks, the mean over the networks and its standard error.
"""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The networks in which functions are compared.

    Attributes:
        depth: the number of layers.
        weight_std: sw of weights N(0, sw²/fan_in); None to draw them as `inits` say.
        bias_std: sb of biases N(0, sb²).
        inits: named initialisations, a contender each; unused with weight_std. The weights after a function are drawn
            as it asks: `gain` is its own, `usual` what is customary for it.
        width: units per layer of the random networks.
        seeds: the number of random networks.
        seed: that of their random numbers.

    """

    depth: int = 50
    weight_std: float | None = None
    bias_std: float = 0.0
    inits: tuple[Init, ...] = ("usual",)
    width: int = 256
    seeds: int = 20
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Theory:
    """The theory of one contender: q_1 … q_depth, the gradients' variances, and the limits of infinite depth."""

    signal: tuple[float, ...]
    gradient: tuple[float, ...]
    phase: Phase
    edge: float | None


@dataclass(frozen=True, slots=True)
class _Entrant:
    """A stack with one initialisation."""

    label: str
    init: str | None
    network: Network


def compare_gradients(
    stacks: Sequence[Stack], conditions: Conditions, threads: int, elsewhere: Measure | None = None
) -> Steps:
    """Compare the variance of signal and back-propagated gradient by layer, in theory and in random networks.

    Theory: Poole et al. 2016, Schoenholz et al. 2017 (see `propagation`). The same seed gives the same numbers on
    any number of threads; all contenders get the same weights. elsewhere: measures the networks, in place of the
    threads. Raises UsageError for conditions that describe no
    network, for functions that are not defined everywhere, and for a gain that does not exist.
    """
    _require(conditions)
    if not stacks:
        raise UsageError("name at least one function to compare")
    for stack in stacks:
        for f in stack.functions:
            require_everywhere(f)
    return _steps(_entrants(stacks, conditions), conditions, elsewhere or partial(measure, threads=threads))


def _require(conditions: Conditions) -> None:
    for name, count, most in (
        ("depth", conditions.depth, _MOST_DEPTH),
        ("width", conditions.width, _MOST_WIDTH),
        ("seeds", conditions.seeds, _MOST_SEEDS),
    ):
        if not 1 <= count <= most:
            raise UsageError(f"`{name}={count}`: a whole number from 1 to {most}")
    if conditions.seed < 0:
        raise UsageError(f"`seed={conditions.seed}`: a whole number of at least 0")
    for name, size in (("weight_std", conditions.weight_std), ("bias_std", conditions.bias_std)):
        if size is not None and not 0 <= size <= _MOST_STD:
            raise UsageError(f"`{name}={size:g}`: a standard deviation from 0 to {_MOST_STD:g}")
    if conditions.weight_std is not None:
        return
    for init in conditions.inits:
        if init not in INITS:
            raise UsageError(f"`init={init}`: choose from {', '.join(INITS)}")
    if not conditions.inits:
        raise UsageError(f"`init`: name at least one of {', '.join(INITS)}, or set `weight_std`")


def _entrants(stacks: Sequence[Stack], conditions: Conditions) -> tuple[_Entrant, ...]:
    sw = conditions.weight_std
    if sw is not None:
        return tuple(_Entrant(stack.spec, None, Network(stack, (sw,))) for stack in stacks)
    named = tuple((stack, init, _named_init(stack, init)) for stack in stacks for init in conditions.inits)
    several = len({name for _, _, name in named}) > 1
    # `usual,he` names one network of relu, not two
    unlike = {(stack.spec, name): (stack, init, name) for stack, init, name in named}
    return tuple(
        _Entrant(
            f"{stack.spec} ({name})" if several else stack.spec,
            name,
            Network(stack, _weight_stds(stack, init)),
        )
        for stack, init, name in unlike.values()
    )


def _named_init(stack: Stack, init: Init) -> str:
    """Return the initialisation by name; for `usual` those of the functions, one if they agree."""
    if init != "usual":
        return init
    names = [usual_init(f) for f in stack.functions]
    return names[0] if len(set(names)) == 1 else "/".join(names)


def _weight_stds(stack: Stack, init: Init) -> tuple[float, ...]:
    """Return the sw after each layer's function; one where they are all the same."""
    match init:
        case "gain":
            return _gains(stack)
        case "usual":
            stds = tuple(_FIXED[usual_init(f)] for f in stack.functions)
            return stds if len(set(stds)) > 1 else stds[:1]
        case _:
            return (_FIXED[init],)


def _gains(stack: Stack) -> tuple[float, ...]:
    """Return 1/√E f(z)² of each layer's function, which keeps a variance of 1."""
    squares = {f.spec: MeanField.of(f).square(START) for f in stack.functions}
    for spec, square in squares.items():
        if not 1e-200 < square < math.inf:
            raise UsageError(
                f"`init=gain`: {spec} has no gain, since E f(z)² is {square:.3g}; use `weight_std`"
            )
    return tuple(1 / math.sqrt(squares[f.spec]) for f in stack.functions)


def _steps(entrants: tuple[_Entrant, ...], conditions: Conditions, run: Measure) -> Iterator[Step]:
    sample = Sample(
        conditions.depth, conditions.width, conditions.bias_std, conditions.seeds, conditions.seed
    )
    networks = [entrant.network for entrant in entrants]
    measurement = run(networks, sample)  # elsewhere it goes on during the theory
    total = len(entrants) + measurement.steps
    theories: list[_Theory] = []
    fields: dict[str, MeanField] = {}
    edges: dict[str, float | None] = {}
    for done, entrant in enumerate(entrants, 1):
        functions = entrant.network.functions.functions
        # keep the lattices of one stack at a time: a sweep may have hundreds
        fields = {f.spec: fields.get(f.spec) or MeanField.of(f) for f in functions}
        theories.append(_theory(entrant.network, fields, edges, conditions))
        yield Step(
            done,
            total,
            f"theory of {entrant.label}",
            _comparison(entrants[: len(theories)], theories, None, sample),
        )
    so_far = _comparison(entrants, theories, None, sample)
    measured = 0
    for done, norms in enumerate(measurement.norms, len(entrants) + 1):
        through = int((~np.isnan(norms.gradient[:, :, 0])).sum())
        if through > measured or done == total:
            measured = through
            so_far = _comparison(entrants, theories, norms, sample)
        yield Step(done, total, f"{conditions.seeds} random networks", so_far)


def _theory(
    network: Network,
    fields: Mapping[str, MeanField],
    edges: dict[str, float | None],
    conditions: Conditions,
) -> _Theory:
    layers = [
        Layer(fields[f.spec], network.weight_std(place))
        for place, f in enumerate(network.functions.functions)
    ]
    signal = signals(layers, conditions.bias_std, conditions.depth)
    single = network.functions.single
    if single and single.spec not in edges:
        edges[single.spec] = edge(fields[single.spec], conditions.bias_std)
    return _Theory(
        signal[1:],
        gradients(layers, signal),
        phase(layers, conditions.bias_std),
        edges[single.spec] if single else None,
    )


def _comparison(
    entrants: Sequence[_Entrant], theories: Sequence[_Theory], norms: Norms | None, sample: Sample
) -> Comparison:
    contenders = tuple(
        _contender(entrant, theory, *_measured(norms, i))
        for i, (entrant, theory) in enumerate(zip(entrants, theories, strict=True))
    )
    labelled = [(entrant.label, contender) for entrant, contender in zip(entrants, contenders, strict=True)]
    through = _networks_through(norms)
    return Comparison(
        by="gradients",
        columns=COLUMNS,
        contenders=contenders,
        seed=sample.seed,
        answer=answer(labelled, sample.depth),
        warnings=warnings(labelled, sample, through),
        notes=notes(labelled, sample, through),
        chart=_chart(entrants, theories, sample.depth),
    )


_Spread = tuple[list[float | None], list[float | None]]
"""The means and standard errors by layer."""


def _measured(norms: Norms | None, place: int) -> tuple[_Spread | None, _Spread | None]:
    if norms is None:
        return None, None
    through = ~np.isnan(norms.gradient[place, :, 0])
    if not through.any():
        return None, None
    return _spread(norms.signal[place, through]), _spread(norms.gradient[place, through])


def _networks_through(norms: Norms | None) -> int:
    """Return how many networks every contender that was measured has been through."""
    if norms is None:
        return 0
    through = (~np.isnan(norms.gradient[:, :, 0])).sum(axis=1)
    return int(min(through[through > 0], default=0))


def _spread(values: NDArray[np.float64]) -> _Spread:
    """Return the mean over the networks and its standard error of (networks, depth); None for none."""
    with np.errstate(all="ignore"):
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else mean * math.nan
    return mean.tolist(), [each if math.isfinite(each) else None for each in error.tolist()]


def _contender(
    entrant: _Entrant, theory: _Theory, signal: _Spread | None, gradient: _Spread | None
) -> Contender:
    depth = len(theory.signal)
    unknown: _Spread = [None] * depth, [None] * depth
    (s, s_error), (g, g_error) = signal or unknown, gradient or unknown
    end = theory.phase
    ratio = theory.gradient[0]
    weight_stds = set(entrant.network.weight_stds)
    values: dict[str, Value] = {
        "init": entrant.init,
        "weight_std": weight_stds.pop() if len(weight_stds) == 1 else None,
        "fixed_point": end.fixed_point,
        "stability": end.stability,
        "chi_1": end.chi,
        "edge_distance": None if end.chi is None or end.stability == "unstable" else abs(end.chi - 1),
        "edge_weight_std": theory.edge,
        "correlation_fixed_point": end.correlation,
        "signal_depth": end.signal_depth,
        "correlation_depth": end.correlation_depth,
        "signal_variance": theory.signal[-1],
        "gradient_ratio": ratio,
        "gradient_decades": abs(math.log10(ratio)) if ratio > 0 else math.inf,
        "measured_signal": s[-1],
        "measured_signal_error": s_error[-1],
        "measured_gradient": g[0],
        "measured_gradient_error": g_error[0],
    }
    layers = [
        {
            "layer": layer + 1,
            "signal": theory.signal[layer],
            "gradient": theory.gradient[layer],
            "measured_signal": s[layer],
            "measured_signal_error": s_error[layer],
            "measured_gradient": g[layer],
            "measured_gradient_error": g_error[layer],
        }
        for layer in range(depth)
    ]
    return Contender(entrant.network.functions.spec, values, {"layers": layers})


def _chart(entrants: Sequence[_Entrant], theories: Sequence[_Theory], depth: int) -> Chart:
    """Return both theoretical variances along the layers; for one layer, which has no curve, the signal's as a bar."""
    if depth == 1:
        sizes = tuple(theory.signal[0] for theory in theories)
        heights = tuple(size if math.isfinite(size) else 0.0 for size in sizes)
        return Chart((Bars("variance of the signal", tuple(e.label for e in entrants), heights),))
    quantities = {
        "variance of the signal": [theory.signal for theory in theories],
        "variance of the gradient": [theory.gradient for theory in theories],
    }
    panels = tuple(
        Panel(
            quantity,
            tuple(
                Curve(entrant.label, quantity, entrant.label, _drawable(series))
                for entrant, series in zip(entrants, many, strict=True)
            ),
        )
        for quantity, many in quantities.items()
    )
    return Chart(Figure(panels, (1.0, float(depth))), axis="layer", log=True)


def _drawable(series: Sequence[float]) -> tuple[Segment, ...]:
    """Return the stretches of layers whose variance has a logarithm."""
    y = np.array(series)
    x = np.arange(1.0, y.size + 1)
    there = np.isfinite(y) & (y > 0)
    ends = np.flatnonzero(np.diff(np.r_[False, there, False].astype(np.int8)))
    return tuple((x[a:b], y[a:b]) for a, b in zip(ends[::2], ends[1::2], strict=True))

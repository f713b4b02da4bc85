"""Reports on a model: the verdicts on its layers, and their judgement against a limit."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from actcli.analysis.deadness.confidence import proves_excess, samples_needed, samples_of_excess
from actcli.analysis.deadness.other_definitions import (
    Flags,
    Reading,
    apply_definition,
    certain_flags,
    is_density,
)
from actcli.analysis.deadness.unit_class import can_be_dead
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import LayerVerdict, Settings, Unobserved, classify_layers
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.since import ModelChange

Status = Literal["fine", "found", "not enough data"]
_BY_SEVERITY: tuple[Status, ...] = ("fine", "not enough data", "found")
_MOST_NAMES = 20
_MOST_DOUBLINGS = 21
"""Two million times as many samples as there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The verdicts on the layers of a model, and the activations that were not observed.

    Attributes:
        layers: in the order of the data or of the model.
        unobserved: activations that were not observed; never counted as free of dead units.
        settings: the thresholds.
        needed: the samples after which every silent unit of the report has p < p0.
        change: the change since earlier statistics; None without such.
        notes: sentences that belong beside the verdict.
        readings: the layers by another tool's definition, one each; empty without one.

    """

    layers: tuple[LayerVerdict, ...]
    unobserved: tuple[Unobserved, ...]
    settings: Settings
    needed: int
    change: "ModelChange | None" = None
    notes: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def units(self) -> int:
        """Units of all layers."""
        return sum(layer.units for layer in self.layers)

    @property
    def dead(self) -> int:
        """Dead units of all layers."""
        return sum(layer.dead for layer in self.layers)

    @property
    def dead_share(self) -> float:
        """Dead units / units of the model; 0 without units."""
        return self.dead / self.units if self.units else 0.0


@dataclass(frozen=True, slots=True)
class ShareLimit:
    """The largest allowed share of dead units: of all units together, or of each layer that matches a pattern.

    Raises UsageError for a share that is not from 0 to 1.
    """

    share: float
    pattern: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise UsageError(f"limit {self.share:g}: must be a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a share of dead units is within a limit, as far as the samples can tell.

    Attributes:
        status: `fine`, `found`, or `not enough data`.
        dead, units, share: the numbers compared with the limit: dead units, or units that another definition flags.
        nonfinite: units that gave NaN or inf; a single one fails.
        samples: the fewest of any layer with dead units; without such, of any layer.
        needed: the samples that decide, had more samples the same shares; 0 if that is unknown.
        layer: the layer that is judged; None for all units together.
        empty: whether there is no unit, or a layer without samples.
        limit: the allowed share.
        parts: with limits of layers, one judgement per limit that was tested; `status` is then the worst of them.

    """

    status: Status
    dead: int
    units: int
    share: float
    samples: int
    needed: int
    nonfinite: int = 0
    layer: str | None = None
    empty: bool = False
    limit: float = 0.0
    parts: tuple["Judgement", ...] = ()


def make_report(
    states: Iterable[LayerState],
    settings: Settings,
    *,
    ops: Mapping[str, str] | None = None,
    unobserved: tuple[Unobserved, ...] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """Classify every unit of some layers, also by the settings' other definition if there is one.

    ops: the operators' names by layer; a layer without one is called by its activation.
    """
    layers = tuple(states)
    units = max(sum(state.units for state in layers), 1)
    definition = settings.definition
    return Report(
        layers=classify_layers(layers, settings, ops),
        unobserved=unobserved,
        settings=settings,
        needed=samples_needed(units, settings.rare, settings.confidence),
        notes=notes,
        readings=()
        if definition is None
        else tuple(apply_definition(state, definition, settings.thresholds) for state in layers),
    )


def judge(report: Report, limit: float, layer_glob: str | None = None) -> Judgement:
    """Compare the share of dead units with one limit, as `judge_limits` does."""
    return judge_limits(report, (ShareLimit(limit, layer_glob),))


def judge_limits(report: Report, limits: Sequence[ShareLimit]) -> Judgement:
    """Compare the share of dead units with limits: over all units, and in each layer that matches a pattern.

    A layer that matches several patterns has the last of these limits. Up to the limit: fine, whatever the number of
    samples, since more data can only revive units. Above it: found if the samples refute that at most the allowed
    units fire with p < p0 (`proves_excess`), else not enough data. L limits are tested at alpha / L each. A unit that
    gave NaN or inf is found whatever limit and samples. With another definition in the settings the units it flags are
    compared. More data can add units to a density definition: there both `fine` and `found` need proof. Raises
    UsageError for no limit, and for a pattern that matches no layer.
    """
    counted = [
        (layer, int(report.readings[i].flags.sum()) if report.readings else layer.dead)
        for i, layer in enumerate(report.layers)
    ]
    tested = [*_tests_of_all(counted, limits), *_tests_by_layer(report, counted, limits)]
    if not tested:
        raise UsageError("limits: at least one is needed")
    alpha = (1.0 - report.settings.confidence) / len(tested)
    parts = tuple(
        _judge_layers(layers, share, alpha, report.settings, name) for layers, share, name in tested
    )
    if len(tested) == 1 and tested[0][2] is None:
        return parts[0]
    judged = {id(one[0]): one for layers, _, _ in tested for one in layers}
    whole = _judge_layers(list(judged.values()), tested[0][1], alpha, report.settings, None)
    worst = max((part.status for part in parts), key=_BY_SEVERITY.index)
    return replace(whole, status=worst, needed=max(part.needed for part in parts), parts=parts)


Counted = list[tuple[LayerVerdict, int]]
"""Layers, each with the number of its units that count as dead."""


def _tests_of_all(counted: Counted, limits: Sequence[ShareLimit]) -> list[tuple[Counted, float, str | None]]:
    """Return the test of all units together; none where no limit is for them."""
    shares = [limit.share for limit in limits if limit.pattern is None]
    return [(counted, shares[-1], None)] if shares else []


def _tests_by_layer(
    report: Report, counted: Counted, limits: Sequence[ShareLimit]
) -> list[tuple[Counted, float, str | None]]:
    """Return a test per layer that matches a pattern, with the share of the last one."""
    by_pattern = [limit for limit in limits if limit.pattern is not None]
    for limit in by_pattern:
        if not any(is_selected(layer.name, limit.pattern) for layer in report.layers):
            raise UsageError(f"no layer matches {limit.pattern!r}; {_list_names(report.layers)}")
    tests: list[tuple[Counted, float, str | None]] = []
    for one in counted:
        shares = [limit.share for limit in by_pattern if is_selected(one[0].name, limit.pattern)]
        if shares:
            tests.append(([one], shares[-1], one[0].name))
    return tests


def is_certain(
    states: Iterable[LayerState], settings: Settings, limit: float | None = None, units: int | None = None
) -> bool:
    """Return whether a stream of samples may stop: later samples are not needed to say which units are dead.

    True if every layer with silent units has the samples needed: a unit with p >= p0 is silent that long with
    probability alpha / M at most. True also if the silent units are too few to matter: none without a limit, else up
    to that share of all units, since a unit that has fired stays alive; and if more are silent than chance explains
    (`proves_excess`). All three hold at any stopping time, so that asking
    after every block costs nothing; like all bounds here they assume samples in random order. They say nothing about
    rare units, whose Clopper-Pearson bound does not hold at such a stop, nor about NaN and inf to come.

    units: the units of all layers, if some layers are still to come: then nothing is certain.
    """
    layers = tuple(states)
    total = sum(state.units for state in layers)
    if not total or any(state.samples < 1 for state in layers) or (units is not None and units > total):
        return False
    needed = samples_needed(total, settings.rare, settings.confidence)
    silent = [int(can_be_dead(state).sum()) for state in layers]
    if all(state.samples >= needed or not count for state, count in zip(layers, silent, strict=True)):
        return True
    if limit is None or is_density(settings.definition):
        return False
    if not is_above(sum(silent), total, limit):
        return True
    counts = [(state.samples, count) for state, count in zip(layers, silent, strict=True)]
    allowed, alpha = allowed_units(total, limit), 1.0 - settings.confidence
    return proves_excess(counts, total, allowed, settings.rare, alpha)


def is_above(dead: int, units: int, limit: float) -> bool:
    """Return whether dead / units is above the limit, up to rounding: 7 of 1000 are not above 0.7 %."""
    share = dead / units if units else 0.0
    return share > limit and not math.isclose(share, limit, rel_tol=1e-12)


def allowed_units(units: int, limit: float) -> int:
    """Return the most dead units that are not above the limit."""
    down = math.floor(limit * units)
    return down if down >= units or is_above(down + 1, units, limit) else down + 1


def is_selected(name: str, glob: str | None) -> bool:
    """Return whether a layer has this name or matches this pattern with * ? []; every layer does without one."""
    return glob is None or name == glob or fnmatchcase(name, glob)


def _judge_layers(
    counted: list[tuple[LayerVerdict, int]],
    limit: float,
    alpha: float,
    settings: Settings,
    layer: str | None,
) -> Judgement:
    """Judge layers together at level alpha; each comes with the number of units that count as dead."""
    units = sum(verdict.units for verdict, _ in counted)
    dead = sum(count for _, count in counted)
    nonfinite = sum(verdict.nonfinite for verdict, _ in counted)
    samples = [verdict.samples for verdict, count in counted if count] or [v.samples for v, _ in counted]
    status, needed = _compare(counted, allowed_units(units, limit), alpha, settings)
    return Judgement(
        status="found" if nonfinite else status,
        dead=dead,
        units=units,
        share=dead / units if units else 0.0,
        samples=min(samples, default=0),
        needed=needed,
        nonfinite=nonfinite,
        layer=layer,
        empty=not units or not all(verdict.samples for verdict, _ in counted),
        limit=limit,
    )


def _compare(
    counted: list[tuple[LayerVerdict, int]], allowed: int, alpha: float, settings: Settings
) -> tuple[Status, int]:
    """Return the status, and the samples that decide; 0 if that cannot be said."""
    units = sum(verdict.units for verdict, _ in counted)
    if not units or not all(verdict.samples for verdict, _ in counted):
        return "not enough data", samples_needed(max(units, 1), settings.rare, 1.0 - alpha)
    if settings.definition is not None and is_density(settings.definition):
        return _compare_density([verdict.state for verdict, _ in counted], allowed, alpha, settings)
    dead = sum(count for _, count in counted)
    if dead <= allowed:
        return "fine", samples_needed(units, settings.rare, 1.0 - alpha)
    silent = [(verdict.samples, count) for verdict, count in counted]
    found = proves_excess(silent, units, allowed, settings.rare, alpha)
    needed = samples_of_excess(dead, units, allowed, settings.rare, alpha)
    return "found" if found else "not enough data", needed


def _compare_density(
    states: list[LayerState], allowed: int, alpha: float, settings: Settings
) -> tuple[Status, int]:
    """Judge by a density definition: what its flags are proved to be, and after how many such samples they would be."""
    units = sum(state.units for state in states)
    fewest = min(state.samples for state in states)
    for doublings in range(_MOST_DOUBLINGS):
        flags = [_certain(state, settings, alpha / units, 2**doublings) for state in states]
        flagged = sum(int(certain.sum()) for certain, _ in flags)
        clear = sum(int(certain.sum()) for _, certain in flags)
        status: Status | None = "found" if flagged > allowed else "fine" if units - clear <= allowed else None
        if status is not None:
            return (status if not doublings else "not enough data"), fewest * 2**doublings
    return "not enough data", 0


def _certain(state: LayerState, settings: Settings, alpha: float, times: int) -> tuple[Flags, Flags]:
    definition = settings.definition or ""
    return certain_flags(state, definition, alpha, settings.thresholds, times)


def _list_names(layers: tuple[LayerVerdict, ...]) -> str:
    names = [layer.name for layer in layers[:_MOST_NAMES]]
    more = f" and {len(layers) - _MOST_NAMES} more" if len(layers) > _MOST_NAMES else ""
    return f"the layers are {', '.join(names)}{more}" if names else "there are no layers"

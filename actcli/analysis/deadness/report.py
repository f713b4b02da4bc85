"""Reports on a model: the verdicts on its layers, and their judgement against a limit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from actcli.analysis.deadness.confidence import samples_needed
from actcli.analysis.deadness.other_definitions import Reading, apply_definition
from actcli.analysis.deadness.unit_class import can_be_dead
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import LayerVerdict, Settings, Unobserved, classify
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.since import ModelChange

Status = Literal["fine", "found", "not enough data"]
_BY_SEVERITY: tuple[Status, ...] = ("fine", "not enough data", "found")
_MOST_NAMES = 20


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
class Judgement:
    """Whether a share of dead units is within a limit, as far as the samples can tell.

    Attributes:
        status: `fine`, `found`, or `not enough data`.
        dead, units, share: the numbers compared with the limit: dead units, or units that another definition flags.
        nonfinite: units that gave NaN or inf; a single one fails.
        samples: the fewest of any layer with dead units; without such, of any layer.
        needed: the samples that would decide.
        layer: the layer that is judged; None for all units together.
        parts: with a glob, one judgement per layer; `status` is then the worst of them.

    """

    status: Status
    dead: int
    units: int
    share: float
    samples: int
    needed: int
    nonfinite: int = 0
    layer: str | None = None
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
    ops = ops or {}
    definition = settings.definition
    return Report(
        layers=tuple(classify(state, settings, op=ops.get(state.name), units=units) for state in layers),
        unobserved=unobserved,
        settings=settings,
        needed=samples_needed(units, settings.rare, settings.confidence),
        notes=notes,
        readings=()
        if definition is None
        else tuple(apply_definition(state, definition, settings.tau) for state in layers),
    )


def judge(report: Report, limit: float, layer_glob: str | None = None) -> Judgement:
    """Compare the share of dead units with a limit: over all units, or in each layer that matches a glob.

    Up to the limit: fine, whatever the number of samples, since more data can only revive units. Above it: found if
    the samples suffice, else not enough data. Dead units of a layer count as proof only if its samples reach those
    needed for all units judged together. A unit that gave NaN or inf is found whatever limit and samples. With another
    definition in the settings the units it flags are compared, by the same rule. Raises UsageError for a limit that
    is no share, and for a glob that matches no layer.
    """
    if not 0 <= limit <= 1:
        raise UsageError(f"limit {limit:g}: must be a share from 0 to 1")
    counted = [
        (layer, int(report.readings[i].flags.sum()) if report.readings else layer.dead)
        for i, layer in enumerate(report.layers)
        if is_selected(layer.name, layer_glob)
    ]
    if layer_glob is not None and not counted:
        raise UsageError(f"no layer matches {layer_glob!r}; {_list_names(report.layers)}")
    units = sum(layer.units for layer, _ in counted)
    needed = samples_needed(max(units, 1), report.settings.rare, report.settings.confidence)
    whole = _judge_layers(counted, limit, needed, None)
    if layer_glob is None:
        return whole
    parts = tuple(_judge_layers([one], limit, needed, one[0].name) for one in counted)
    worst = max((part.status for part in parts), key=_BY_SEVERITY.index)
    return replace(whole, status=worst, parts=parts)


def is_certain(
    states: Iterable[LayerState], settings: Settings, limit: float | None = None, units: int | None = None
) -> bool:
    """Return whether a stream of samples may stop: later samples are not needed to say which units are dead.

    True if every layer with silent units has the samples needed: a unit with p >= p0 is silent that long with
    probability alpha / M at most. True also if the silent units are too few to matter: none without a limit, else up
    to that share of all units, since a unit that has fired stays alive. Both hold at any stopping time, so that asking
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
    return limit is not None and not is_above(sum(silent), total, limit)


def is_above(dead: int, units: int, limit: float) -> bool:
    """Return whether dead / units is above the limit, up to rounding: 7 of 1000 are not above 0.7 %."""
    share = dead / units if units else 0.0
    return share > limit and not math.isclose(share, limit, rel_tol=1e-12)


def is_selected(name: str, glob: str | None) -> bool:
    """Return whether a layer has this name or matches this pattern with * ? []; every layer does without one."""
    return glob is None or name == glob or fnmatchcase(name, glob)


def _judge_layers(
    counted: list[tuple[LayerVerdict, int]], limit: float, needed: int, layer: str | None
) -> Judgement:
    """Judge layers together; each comes with the number of units that count as dead."""
    units = sum(verdict.units for verdict, _ in counted)
    dead = sum(count for _, count in counted)
    proved = sum(count for verdict, count in counted if verdict.samples >= needed)
    nonfinite = sum(verdict.nonfinite for verdict, _ in counted)
    samples = [verdict.samples for verdict, count in counted if count] or [v.samples for v, _ in counted]
    status: Status = "not enough data"
    if nonfinite or is_above(proved, units, limit):
        status = "found"
    elif units and not is_above(dead, units, limit) and all(verdict.samples for verdict, _ in counted):
        status = "fine"
    return Judgement(
        status=status,
        dead=dead,
        units=units,
        share=dead / units if units else 0.0,
        samples=min(samples, default=0),
        needed=needed,
        nonfinite=nonfinite,
        layer=layer,
    )


def _list_names(layers: tuple[LayerVerdict, ...]) -> str:
    names = [layer.name for layer in layers[:_MOST_NAMES]]
    more = f" and {len(layers) - _MOST_NAMES} more" if len(layers) > _MOST_NAMES else ""
    return f"the layers are {', '.join(names)}{more}" if names else "there are no layers"

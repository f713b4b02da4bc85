"""Reports of whole models: their layers' verdicts, and the judgement of them against a limit."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that is known of a model: a verdict a layer, and what could not be seen.

    Attributes:
        layers: in the order of the data or of the model.
        unobserved: activations that were not watched; never counted as free of dead units.
        settings: what was asked.
        needed: the samples after which silence means p < p0, for all units here together.
        change: against an older report, where one was given.
        notes: sentences that belong beside the verdict.
        readings: the layers read by another tool's definition, one a layer; empty without one.

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
    """Whether a share of dead units is within a limit, as far as the samples tell.

    Attributes:
        status: `fine`, `found`, or `not enough data`.
        dead, units, share: what was compared with the limit: dead units, or units flagged by another definition.
        nonfinite: units that gave NaN or inf, of which none is allowed.
        samples: the fewest of any layer with dead units; of any layer where there are none.
        needed: the samples that would decide.
        layer: the one layer this is about, None for all units together.
        parts: with a glob, one judgement a layer; `status` is then the worst of them.

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


def judge(report: Report, limit: float, layer_glob: str | None = None) -> Judgement:
    """Compare the share of dead units with the limit: of all units, or of each layer that matches a glob.

    Up to the limit: fine, whatever the number of samples, for more data can only wake units. Above it with
    enough samples: found. Above it with too few: not enough data. A layer's dead units are proof only if its
    samples reach those needed for all units judged here. A unit that gave NaN or inf is found whatever the
    limit and the samples: it is not known to be alive, and it is broken. With another definition in the
    settings, the units it flags are compared instead, by the same rule. Raises UsageError for a limit that is
    no share, and for a glob that no layer matches.
    """
    if not 0 <= limit <= 1:
        raise UsageError(f"limit {limit:g}: a share from 0 to 1 is wanted")
    chosen = [i for i, layer in enumerate(report.layers) if is_selected(layer.name, layer_glob)]
    if layer_glob is not None and not chosen:
        raise UsageError(f"no layer matches {layer_glob!r}, there {_listed(report.layers)}")
    flagged = _flagged(report)
    counted = [(report.layers[i], flagged[i]) for i in chosen]
    units = sum(layer.units for layer, _ in counted)
    needed = samples_needed(max(units, 1), report.settings.rare, report.settings.confidence)
    whole = _judged(counted, limit, needed, None)
    if layer_glob is None:
        return whole
    parts = tuple(_judged([one], limit, needed, one[0].name) for one in counted)
    worst = max((part.status for part in parts), key=_BY_WEIGHT.index)
    return replace(whole, status=worst, parts=parts)


def make_report(
    states: Iterable[LayerState],
    settings: Settings,
    *,
    ops: Mapping[str, str] | None = None,
    unobserved: tuple[Unobserved, ...] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """The report of some layers: every unit classified, and read again by another definition if one is set.

    ops: the operators' names by layer; a layer without one goes by its activation.
    """
    layers = tuple(states)
    units = max(sum(state.units for state in layers), 1)
    ops = ops or {}
    return Report(
        layers=tuple(classify(state, settings, op=ops.get(state.name), units=units) for state in layers),
        unobserved=unobserved,
        settings=settings,
        needed=samples_needed(units, settings.rare, settings.confidence),
        notes=notes,
        readings=()
        if settings.definition is None
        else tuple(apply_definition(state, settings.definition, settings.tau) for state in layers),
    )


def is_certain(
    states: Iterable[LayerState], settings: Settings, limit: float | None = None, units: int | None = None
) -> bool:
    """Whether a stream of samples may stop: no later sample is needed to say which units are dead.

    True where every layer's still silent units have N >= samples needed: a unit with p >= p0 is silent that
    long with probability alpha / M at most, and a stop after that moment cannot change it. True as well where
    the silent units are too few to matter: none without a limit, or up to that share of all units, for a unit
    that has fired stays awake. Both hold at any stopping time, so that looking after every block costs
    nothing. It assumes samples in random order, as all bounds here do. The bound of Clopper and Pearson of a
    rare unit does not hold at such a stop, and is never asked. NaN or inf in samples to come is no matter here:
    of that nothing is ever certain.

    `units` is how many units all layers have together, where some are yet to come: then nothing is certain.
    """
    layers = tuple(states)
    seen = sum(state.units for state in layers)
    if not seen or any(state.samples < 1 for state in layers) or (units is not None and units > seen):
        return False
    needed = samples_needed(seen, settings.rare, settings.confidence)
    silent = [int(can_be_dead(state).sum()) for state in layers]
    if all(state.samples >= needed or not count for state, count in zip(layers, silent, strict=True)):
        return True
    return limit is not None and not is_above(sum(silent), seen, limit)


_BY_WEIGHT: tuple[Status, ...] = ("fine", "not enough data", "found")


def _judged(
    counted: list[tuple[LayerVerdict, int]], limit: float, needed: int, layer: str | None
) -> Judgement:
    units = sum(verdict.units for verdict, _ in counted)
    dead = sum(count for _, count in counted)
    proved = sum(count for verdict, count in counted if verdict.samples >= needed)
    nonfinite = sum(verdict.nonfinite for verdict, _ in counted)
    telling = [verdict.samples for verdict, count in counted if count] or [v.samples for v, _ in counted]
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
        samples=min(telling, default=0),
        needed=needed,
        nonfinite=nonfinite,
        layer=layer,
    )


def is_above(dead: int, units: int, limit: float) -> bool:
    """Whether dead / units is above the limit; 0.7 % of 1000 units are 7, whatever the last bit says."""
    share = dead / units if units else 0.0
    return share > limit and not math.isclose(share, limit, rel_tol=1e-12)


def is_selected(name: str, glob: str | None) -> bool:
    """Whether a layer is one that a limit is for: by its name or a pattern with * ? [], every one without."""
    return glob is None or name == glob or fnmatchcase(name, glob)


def _listed(layers: tuple[LayerVerdict, ...]) -> str:
    names = [layer.name for layer in layers[:20]]
    more = f" and {len(layers) - 20} more" if len(layers) > 20 else ""
    return f"are {', '.join(names)}{more}" if names else "are none"


def _flagged(report: Report) -> list[int]:
    if not report.readings:
        return [layer.dead for layer in report.layers]
    return [int(read.flags.sum()) for read in report.readings]

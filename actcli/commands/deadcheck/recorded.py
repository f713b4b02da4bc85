"""Recorded activations as `deadcheck` reads them: dense with the axes of their units and a mask, or sparse."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.sources.records.unit_axis import LayerAxis, UnitAxes, require_layer, unit_axes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.analysis.deadness.watching import LayerRecording
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.session import Session
    from actcli.sources.records.masks import SampleMask
    from actcli.sources.records.recordings import Records
    from actcli.sources.records.sparse_records import SparseRecords
    from actcli.sources.records.unit_axis import Head

DENSE = "none"
"""The value of --sparse by which whole numbers are values, not indices."""


@dataclass(frozen=True, slots=True)
class RecordedLayers:
    """The layers that the sources hold, not yet read.

    Attributes:
        recordings: the layers, one after the other.
        count_units: counts the units of all layers beforehand; 0 for one stream alone.
        notes: makes sentences after all was read.
        records, axes, mask: the files, the axes of the units and the mask, for reading them shard by shard.
        sparse: the same for sparse records; None for whole activations.

    """

    recordings: "Iterator[LayerRecording]"
    count_units: Callable[[], int]
    notes: Callable[[], tuple[str, ...]]
    records: "Records"
    axes: UnitAxes
    mask: "SampleMask | None" = None
    sparse: "SparseRecords | None" = None


def open_recorded(options: "DeadcheckOptions", session: "Session", patterns: Sequence[str]) -> RecordedLayers:
    """Open recorded activations; `patterns` are the layers that --activation names.

    Raises UsageError and DataError for mistakes that show before the numbers are read.
    """
    from actcli.sources import NumberRequest
    from actcli.sources.numbers.low_precision import low_types
    from actcli.sources.records.recordings import inspect_records

    stored = low_types([options.dtype])[0] if options.dtype else None
    request = NumberRequest(
        columns=options.column,
        format=options.input_format,
        decimal=options.decimal,
        stored=stored,
        memory=session.memory,
    )
    records = inspect_records(options.sources, session.terminal, request)
    if options.sparse not in {(), (DENSE,)}:
        return _open_sparse(options, session, records, patterns)
    return _open_dense(options, session, records, patterns)


def _open_sparse(
    options: "DeadcheckOptions", session: "Session", records: "Records", patterns: Sequence[str]
) -> RecordedLayers:
    from actcli.sources.records.sparse_records import SparseRecords, expand_layers, sparse_layer

    if options.unit_axes:
        raise UsageError("--unit-axis does not go with --sparse; leave out one of them")
    layers = expand_layers([sparse_layer(text) for text in options.sparse], records)
    sparse = SparseRecords(layers, records, options.ignore_index)
    sparse.require_arrays()
    require_activated(patterns, sparse.names)
    require_judged(options, sparse.names)
    notes: tuple[str, ...] = ()
    if options.mask is not None:
        from actcli.sources.records.masks import read_mask

        if any(layer.by_place for layer in sparse.layers):
            raise UsageError("--mask does not go with locations; leave the places out that it masks")
        rest, mask = read_mask(options.mask, records, session.terminal, session.memory, sparse.totals)
        sparse, notes = replace(sparse, records=rest, mask=mask), (mask.note,)
    return RecordedLayers(
        sparse.read(),
        lambda: sparse.units,
        lambda: (*notes, *sparse.notes),
        records,
        UnitAxes(),
        sparse.mask,
        sparse,
    )


def _open_dense(
    options: "DeadcheckOptions", session: "Session", records: "Records", patterns: Sequence[str]
) -> RecordedLayers:
    axes = _with_models(unit_axes(options.unit_axes), session)
    mask = None
    if options.mask is not None:
        from actcli.sources.records.masks import read_mask

        records, mask = read_mask(options.mask, records, session.terminal, session.memory)
    axes, notes = _settle_axes(options, records.heads, axes, patterns)
    if records.hint is not None:
        # before the report, which may have as many tables as there are files
        session.terminal.say(f"actcli: {records.hint}")
    ask = options.sparse != (DENSE,)
    recordings = records.read(axes, None if mask is None else mask.apply, ask=ask)
    if mask is not None:
        notes = (*notes, mask.note)
    return RecordedLayers(
        recordings,
        lambda: _count_units(records, axes),
        lambda: (*notes, *records.notes),
        records,
        axes,
        mask,
    )


def require_activated(patterns: Iterable[str], names: Sequence[str]) -> None:
    """Raise UsageError for an --activation that names none of the layers."""
    for pattern in patterns:
        require_layer(f"--activation {pattern}=...", pattern, names)


def require_judged(options: "DeadcheckOptions", names: Sequence[str]) -> None:
    """Raise UsageError for a layer of --layer or --fail-above that is none of the layers."""
    for limit in options.limits:
        if limit.pattern is not None:
            option = "--layer" if limit.pattern == options.layer else "--fail-above"
            require_layer(f"{option} {limit.pattern!r}", limit.pattern, names)


def _with_models(axes: UnitAxes, session: "Session") -> UnitAxes:
    """Return the axes with the layers of the models that --unit-axis names."""
    if not axes.models:
        return axes
    from actcli.sources.onnx import open_model

    session.isolate(axes.models[0], session.memory)
    layers = (
        LayerAxis(one.name, one.before.axis, one.before.rank, one.units, path)
        for path in axes.models
        for one in open_model(path, session.memory).watched
    )
    return replace(axes, of_models=tuple(layers))


def _settle_axes(
    options: "DeadcheckOptions", heads: "Sequence[Head] | None", axes: UnitAxes, patterns: Sequence[str]
) -> tuple[UnitAxes, tuple[str, ...]]:
    """Return the axes of the units, with notes; mistakes in layer names are found before gigabytes are read.

    Sources that can be read only once are not inspected; a single one is one layer, whatever its name.
    """
    if heads is None and axes.bare is not None and len(options.sources) > 1:
        raise UsageError(
            f"--unit-axis {axes.bare}: a pipe cannot be inspected beforehand; "
            f"write LAYER={axes.bare} for each layer"
        )
    if heads is None:
        return replace(axes, for_all=len(options.sources) == 1), ()
    names = list(dict.fromkeys(head.layer for head in heads))
    require_activated(patterns, names)
    require_judged(options, names)
    return axes.settle(heads)


def _count_units(records: "Records", axes: UnitAxes) -> int:
    """Return the number of units in all layers, on which the samples needed depend; 0 for one stream alone."""
    if records.heads is None and len(records.files) > 1:
        raise UsageError("--stop-when-certain needs to know all layers beforehand; leave out - or the files")
    return records.count_units(axes)

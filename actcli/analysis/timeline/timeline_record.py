"""A timeline as three arrays (a description, all counts, all numbers) and back, every value checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.state_record import (
    LayerDescription,
    Packed,
    describe_layers,
    is_count,
    pack_arrays,
    parse_description,
    read_layers,
    unpack,
    write_description,
)
from actcli.analysis.timeline.timeline import MOST_LABEL, Epoch, Timeline
from actcli.dataclass import dataclass
from actcli.exits import DataError

VERSION = 1
"""Version of the format: it changes with the layout, the meaning of a field, and the definition of firing."""

MEMBERS = ("actcli_timeline.npy", "counts.npy", "numbers.npy")
"""Names of the three arrays in a file; the first distinguishes it from other archives."""

_KIND = "actcli timeline"


@dataclass(frozen=True, slots=True)
class TimelineDescription:
    """A timeline without its arrays: the run, and the layers of each epoch.

    `heads` are the epochs without statistics, in order.
    """

    run: str
    heads: tuple[Epoch, ...]
    layers: tuple[tuple[LayerDescription, ...], ...]

    @property
    def units(self) -> int:
        """Units of all layers of all epochs: the columns of the arrays."""
        return sum(layer.units for layers in self.layers for layer in layers)


def pack_timeline(timeline: Timeline) -> Packed:
    """Return the description as JSON, counts (8, units of all epochs) and numbers (8, units of all epochs).

    Epochs follow one another along the columns, in each its layers, as in `pack`.
    """
    epochs = [
        {
            "number": epoch.number,
            "label": epoch.label,
            "passes": epoch.passes,
            "layers": describe_layers(epoch.states),
        }
        for epoch in timeline.epochs
    ]
    description = write_description(_KIND, VERSION, {"run": timeline.run, "epochs": epochs})
    return description, *pack_arrays([state for epoch in timeline.epochs for state in epoch.states])


def read_timeline_description(description: bytes, origin: str) -> TimelineDescription:
    """Return the epochs and layers of a description. Raises DataError for another version and for damage."""
    content = parse_description(description, origin, _KIND, VERSION)
    epochs = content.get("epochs")
    if not isinstance(epochs, list) or not epochs or not all(isinstance(epoch, dict) for epoch in epochs):
        raise DataError(f"{origin}: the description of its timeline is damaged: it has no epochs")
    heads = tuple(_read_head(epoch, origin) for epoch in epochs)
    layers = read_layers([epoch.get("layers") for epoch in epochs], origin)
    return TimelineDescription(_text(content.get("run"), "run", origin), heads, tuple(layers))


def unpack_timeline(
    described: TimelineDescription, counts: NDArray[np.int64], numbers: NDArray[np.float64], origin: str
) -> Timeline:
    """Return the timeline, whose epochs are columns in order. Raises DataError for impossible values."""
    epochs = []
    at = 0
    for head, layers in zip(described.heads, described.layers, strict=True):
        end = at + sum(layer.units for layer in layers)
        states = unpack(layers, counts[:, at:end], numbers[:, at:end], f"{origin}: {head.name}")
        epochs.append(Epoch(head.number, states, head.label, head.passes))
        at = end
    try:
        return Timeline(tuple(epochs), described.run)
    except DataError as error:
        raise DataError(f"{origin}: {error}") from error


def _read_head(entry: dict[str, Any], origin: str) -> Epoch:
    number, passes = entry.get("number"), entry.get("passes")
    if not is_count(number) or not (passes is None or is_count(passes)):
        raise DataError(f"{origin}: the description of its timeline is damaged: an epoch is incomplete")
    return Epoch(number, (), _text(entry.get("label"), "label", origin), passes)


def _text(value: Any, field: str, origin: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_LABEL:
        raise DataError(f"{origin}: the description of its timeline is damaged: its {field} is no short text")
    return value

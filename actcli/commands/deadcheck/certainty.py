"""`--stop-when-certain`: when the samples suffice for the verdict."""

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from actcli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.deadness.watching import LayerRecording, Snapshot

LOOKS = 100


@dataclass(slots=True)
class Certainty:
    """Tells when the samples suffice, for one layer, whose recordings then end, and for all layers.

    Attributes:
        settings: the rules by which units are judged.
        limit: the allowed share of dead units; None without a limit.
        units: the number of units in all layers, those to come included; 0 for a single layer that is read only once.
        enough: the layers that need no more samples.
        cut: whether samples were left out.

    """

    settings: "Settings"
    limit: float | None
    units: int
    enough: set[str] = field(default_factory=set)
    cut: bool = False

    def until(self, recordings: "Iterator[LayerRecording]") -> "Iterator[LayerRecording]":
        """Yield the same recordings, each of which ends as soon as its layer has enough samples.

        The blocks are cut where the verdict is looked at, LOOKS times on the way to the samples that are always enough.
        """
        for recording in recordings:
            if not self.units:
                self.units = recording.units
            yield replace(recording, blocks=self._blocks(recording))

    def _blocks(self, recording: "LayerRecording") -> "Iterator[Any]":
        step, done = max(1, self._needed() // LOOKS), recording.start or 0
        for block in recording.blocks:
            start = 0
            while start < len(block):
                if recording.name in self.enough:
                    self.cut = True
                    return
                end = min(start + step - done % step, len(block))
                yield block[start:end]
                done += end - start
                start = end

    def _needed(self) -> int:
        """Return the samples after which all silent units together are bounded."""
        from actcli.analysis.deadness.confidence import samples_needed

        return samples_needed(max(self.units, 1), self.settings.rare, self.settings.confidence)

    def reached(self, snapshot: "Snapshot") -> bool:
        """Return whether the verdict is certain; remember the layer that needs no more samples.

        A layer needs no more samples when none of its units can be dead, or when it has enough of them for a verdict
        about the units of all layers.
        """
        from actcli.analysis.deadness.report import is_certain
        from actcli.analysis.deadness.unit_class import can_be_dead

        needed = self._needed()
        state = snapshot.states.get(snapshot.doing)
        if state is not None and (state.samples >= needed or not can_be_dead(state).any()):
            self.enough.add(snapshot.doing)
        return is_certain(snapshot.states.values(), self.settings, self.limit, self.units)

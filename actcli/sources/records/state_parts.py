"""Statistics files as parts of one whole: merged file by file, unless their samples are those of two networks."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, KeysView, Sequence

from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.analysis.deadness.watching import Snapshot
from actcli.exits import DataError, UsageError
from actcli.sources.records.state_file import BYTES_PER_UNIT, read_part


class StateParts:
    """Several statistics files as parts of one whole.

    memory, bytes_per_unit: as for `read_state`. Raises UsageError where two names are one file.

    Attributes:
        part_of: what all parts drawn so far are parts of; blank if some do not say.

    """

    def __init__(
        self, paths: Sequence[str], memory: int | None = None, bytes_per_unit: int = BYTES_PER_UNIT
    ) -> None:
        require_different(paths)
        self.paths = paths
        self._budget = memory, bytes_per_unit
        self.part_of = ""
        self._identities: dict[str, str] = {}
        self._samples: Counter[tuple[int, bool]] = Counter()
        self._first_of_equal: dict[bytes, str] = {}
        self._equal: list[tuple[str, str, int]] = []

    def merge(self) -> Iterator[Snapshot]:
        """Yield the statistics, growing file by file.

        Drawing raises DataError, naming the file, where it says that it is a part of something else than an earlier
        one, where its layers, their units or their firing rules are not those of the first file, where two parts begin
        with the same sample, and as `read_state` and `merge` do.
        """
        states: dict[str, LayerState] = {}
        beginnings: dict[tuple[str, int], str] = {}
        for done, path in enumerate(self.paths, 1):
            read, part_of = read_part(path, *self._budget)
            self._remember(path, read, part_of)
            parts = {state.name: state for state in read}
            if states:
                _require_layers(states.keys(), parts.keys(), path, self.paths[0])
            for name, part in parts.items():
                _require_new_beginning(beginnings, part, path)
                try:
                    states[name] = merge(states[name], part) if name in states else part
                except DataError as error:
                    raise DataError(f"{path}: {error}") from error
            yield Snapshot(done=done, total=len(self.paths), doing=path, states=dict(states))

    def notes(self) -> tuple[str, ...]:
        """Return sentences about parts whose inputs may have counted twice."""
        notes = [
            f"{first} and {second} hold the same statistics: {2 * samples:,} samples of {samples:,} inputs were merged."
            for first, second, samples in self._equal
        ]
        anonymous = {samples: count for (samples, known), count in self._samples.items() if not known}
        for samples, count in anonymous.items():
            if count > 1 and not self._equal:
                notes.append(
                    f"{count:,} files of {samples:,} samples each do not say what they are parts of: if they are the "
                    f"same {samples:,} inputs, {count * samples:,} samples of {samples:,} inputs were merged; "
                    "--timeline takes files as epochs, --start tells parts apart."
                )
        return tuple(notes)

    def _remember(self, path: str, states: Sequence[LayerState], part_of: str) -> None:
        """Take note of a part. Raises DataError where it is a part of something else than an earlier one."""
        if part_of:
            other = self._identities.setdefault(part_of, path)
            if len(self._identities) > 1:
                first = next(iter(self._identities.values()))
                raise DataError(
                    f"{first} and {other} are statistics of two different models or epochs, which do not merge; "
                    "--timeline takes files as epochs of one run"
                )
        samples = max((state.samples for state in states), default=0)
        if not samples:
            return
        is_placed = all(state.start is not None for state in states)
        self._samples[samples, bool(part_of) or is_placed] += 1
        first = self._first_of_equal.setdefault(_digest(states), path)
        if first != path:
            self._equal.append((first, path, samples))
        self.part_of = part_of if self._samples.total() == 1 or self.part_of == part_of else ""


def _digest(states: Sequence[LayerState]) -> bytes:
    """Return a short text that is equal for equal statistics, wherever they begin."""
    digest = hashlib.sha256()
    for state in states:
        head = (state.name, state.samples, state.elements)
        digest.update(repr(head).encode("utf-8", "backslashreplace"))
        for values in (state.fired, state.mean, state.m2, state.absolute, state.minimum, state.maximum):
            digest.update(values.tobytes())
    return digest.digest()


def _require_new_beginning(beginnings: dict[tuple[str, int], str], part: LayerState, path: str) -> None:
    if not part.samples or part.start is None:
        return
    other = beginnings.setdefault((part.name, part.start), path)
    if other != path:
        raise DataError(
            f"{other} and {path} both begin with sample {part.start} of layer '{part.name}': "
            "it would count twice"
        )


def require_different(paths: Sequence[str]) -> None:
    """Raise UsageError where two names are one file."""
    named: dict[str, str] = {}
    for path in paths:
        first = named.setdefault(os.path.realpath(path), path)
        if first != path:
            raise UsageError(f"{first} and {path} are one file: its samples would count twice")
    if len(named) < len(paths):
        twice = next(path for at, path in enumerate(paths) if path in paths[:at])
        raise UsageError(f"{twice}: is named twice: its samples would count twice")


def _require_layers(ours: KeysView[str], theirs: KeysView[str], path: str, first: str) -> None:
    for more, there, less in ((theirs - ours, path, first), (ours - theirs, first, path)):
        if more:
            raise DataError(
                f"{path}: its layers are not those of {first}: '{min(more)}' is in {there}, not in {less}"
            )

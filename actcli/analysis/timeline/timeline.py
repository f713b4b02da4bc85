"""A timeline: the statistics of one run's layers, epoch by epoch."""

from actcli.analysis.deadness.unit_state import LayerState
from actcli.dataclass import dataclass
from actcli.exits import DataError

MOST_LABEL = 1000
"""Characters of a label and of a run's identity."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The statistics of one window of a run: usually an epoch of the training.

    Attributes:
        number: the epoch's number, 0 or more; numbers rise along a timeline, with or without gaps.
        states: the statistics of each layer over this window alone, not since the run began.
        label: free text, such as `warm-up` or a file's name; blank without one.
        passes: forward passes that were counted; None if unknown.

    """

    number: int
    states: tuple[LayerState, ...]
    label: str = ""
    passes: int | None = None

    @property
    def samples(self) -> int:
        """Samples of the layer that has the most."""
        return max((state.samples for state in self.states), default=0)

    @property
    def name(self) -> str:
        """The label, or `epoch 3` without one."""
        return self.label or f"epoch {self.number}"

    def state(self, layer: str) -> LayerState | None:
        """Return the statistics of a layer; None if it was not observed in this epoch."""
        return next((state for state in self.states if state.name == layer), None)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The epochs of one run, in order. Layers may appear and vanish between them.

    Raises DataError where the numbers do not rise, an epoch has no layer or one twice, or a layer has other units or
    another firing rule than in an earlier epoch: then these are not epochs of one run.

    Attributes:
        epochs: at least one.
        run: the identity of the run, random text that `new_run` makes; blank if unknown.

    """

    epochs: tuple[Epoch, ...]
    run: str = ""

    def __post_init__(self) -> None:
        if not self.epochs:
            raise DataError("a timeline needs at least one epoch")
        before = -1
        known: dict[str, tuple[str, LayerState]] = {}
        for epoch in self.epochs:
            if epoch.number <= before:
                after = f" after epoch {before}" if before >= 0 else ""
                raise DataError(
                    f"epoch {epoch.number}{after}: the numbers of epochs must rise from 0 or more"
                )
            before = epoch.number
            _require_layers(epoch)
            for state in epoch.states:
                first, earlier = known.setdefault(state.name, (epoch.name, state))
                _require_same_layer(earlier, state, first, epoch.name)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all layers, in order of appearance."""
        return tuple(dict.fromkeys(state.name for epoch in self.epochs for state in epoch.states))

    @property
    def last(self) -> Epoch:
        """The last epoch."""
        return self.epochs[-1]

    def append(self, epoch: Epoch) -> "Timeline":
        """Return the timeline with one more epoch, whose number is larger than that of the last."""
        return Timeline((*self.epochs, epoch), self.run)


def new_run() -> str:
    """Return the identity of a new run: 32 random hexadecimal digits."""
    from secrets import token_hex

    return token_hex(16)


def _require_layers(epoch: Epoch) -> None:
    if not epoch.states:
        raise DataError(f"{epoch.name}: has no layer")
    names = [state.name for state in epoch.states]
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise DataError(f"{epoch.name}: layer '{twice}' is there twice")


def _require_same_layer(old: LayerState, new: LayerState, then: str, now: str) -> None:
    if old.units != new.units:
        raise DataError(
            f"layer '{new.name}' has {old.units:,} units in {then} and {new.units:,} in {now}: "
            "these are not epochs of one run"
        )
    # inputs or outputs may be recorded: a unit fires on the same samples; and parameters may be learned
    if old.rule.function_name != new.rule.function_name:
        raise DataError(
            f"layer '{new.name}' is {old.rule.function} in {then} and {new.rule.function} in {now}: "
            "these are not epochs of one run"
        )


def timeline_of(parts: list[tuple[str, tuple[LayerState, ...]]]) -> Timeline:
    """Return the timeline of several statistics in order, each with its label; epochs are numbered from 1."""
    return Timeline(tuple(Epoch(place, states, label) for place, (label, states) in enumerate(parts, 1)))

"""A network's activations, layer by layer: `relu/relu/tanh` repeats to any depth; one function is a stack of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from actcli.activations import Activation, activation
from actcli.activations.resolve import split_layers
from actcli.exits import UsageError

MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Stack:
    """What the layers of a network apply, in turn and again from the first.

    Attributes:
        spec: the specification as it was given.
        functions: the functions in the order of the layers; elementwise. The specification stands for them.

    """

    spec: str
    functions: tuple[Activation, ...] = field(compare=False)

    def at(self, layer: int) -> Activation:
        """The function of a layer, counted from 0."""
        return self.functions[layer % len(self.functions)]

    @property
    def single(self) -> Activation | None:
        """The one function of all layers; None where they differ."""
        return self.functions[0] if len(self.functions) == 1 else None


def parse_stack(spec: str) -> Stack:
    """The stack that `relu/relu/tanh`, or one function, names.

    Raises UsageError for a function that does not exist, with the layer it stands in, for one over rows, and
    for more than 1000 layers.
    """
    if spec.count("/") >= MOST_LAYERS:
        raise UsageError(f"a stack of {spec.count('/') + 1} layers is too long; at most {MOST_LAYERS}")
    parts = split_layers(spec)
    return Stack(spec, tuple(_layer(part, spec, place, len(parts)) for place, part in enumerate(parts, 1)))


def as_stacks(functions: Sequence[Activation]) -> tuple[Stack, ...]:
    """Each function as a stack of its own."""
    return tuple(Stack(f.spec, (f,)) for f in functions)


def _layer(part: str, spec: str, place: int, layers: int) -> Activation:
    where = f" (layer {place} of {spec})" if layers > 1 else ""
    if not part.strip():
        raise UsageError(
            f"{spec!r}: no function for layer {place}; write one function a layer, relu/relu/tanh"
        )
    try:
        f = activation(part.strip())
    except UsageError as error:
        raise UsageError(f"{error}{where}") from None
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows; a layer here is elementwise{where}")
    return f

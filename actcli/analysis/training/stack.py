"""Stacks: the activations of a network, layer by layer. `relu/relu/tanh` repeats to any depth."""

from collections.abc import Sequence
from dataclasses import field

from actcli.activations import Activation, activation
from actcli.activations.resolve import split_layers
from actcli.dataclass import dataclass
from actcli.exits import UsageError

MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Stack:
    """The functions that the layers of a network apply in turn, repeated from the first.

    Attributes:
        spec: the specification as typed; it identifies the stack.
        functions: elementwise functions in the order of the layers.

    """

    spec: str
    functions: tuple[Activation, ...] = field(compare=False)

    def at(self, layer: int) -> Activation:
        """Return the function of a layer, counted from 0."""
        return self.functions[layer % len(self.functions)]

    @property
    def single(self) -> Activation | None:
        """The function of all layers; None if they differ."""
        return self.functions[0] if len(self.functions) == 1 else None


def parse_stack(spec: str) -> Stack:
    """Parse a specification, one function or `relu/relu/tanh`.

    Raises UsageError for an unknown function, naming its layer, for one over rows, and for more than 1000 layers.
    """
    if spec.count("/") >= MOST_LAYERS:
        raise UsageError(f"a stack of {spec.count('/') + 1} layers is too long; at most {MOST_LAYERS}")
    parts = split_layers(spec)
    return Stack(
        spec, tuple(_parse_layer(part, spec, place, len(parts)) for place, part in enumerate(parts, 1))
    )


def as_stacks(functions: Sequence[Activation]) -> tuple[Stack, ...]:
    """Return each function as a stack of its own."""
    return tuple(Stack(f.spec, (f,)) for f in functions)


def _parse_layer(part: str, spec: str, place: int, layers: int) -> Activation:
    where = f" (layer {place} of {spec})" if layers > 1 else ""
    if not part.strip():
        raise UsageError(
            f"{spec!r}: no function for layer {place}; write one function per layer, relu/relu/tanh"
        )
    try:
        f = activation(part.strip())
    except UsageError as error:
        raise UsageError(f"{error}{where}") from None
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows; layers must be elementwise{where}")
    return f

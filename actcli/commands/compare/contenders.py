"""The contenders of a comparison: the functions and stacks that are named, each at every value of the sweeps."""

from typing import TYPE_CHECKING

from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.training.stack import Stack

_FILES = (".npy", ".npz", ".safetensors", ".csv", ".tsv", ".txt")


def find_contenders(
    specs: "Sequence[str]", sweeps: "Sequence[str]", *, may_be_stacks: bool
) -> "tuple[Stack, ...]":
    """Return the stacks to compare, each function at every value of the sweeps.

    Raises UsageError for functions that do not exist or are named twice, for functions over rows, and for stacks where
    they cannot be compared.
    """
    from actcli.activations import activation
    from actcli.activations.resolve import split_layers
    from actcli.analysis.card.sweep import expand, parse_sweep
    from actcli.analysis.training.stack import as_stacks, parse_stack

    values = [parse_sweep(sweep) for sweep in sweeps]
    stacks: list[Stack] = []
    for spec in specs:
        if spec.lower().endswith(_FILES):
            raise UsageError(f"{spec} is a file, not a function; read its numbers with -i {spec}")
        if len(split_layers(spec)) > 1:
            if not may_be_stacks:
                raise UsageError(
                    f"{spec} is a stack of layers; use --by gradients or --by training to compare stacks"
                )
            if sweeps:
                raise UsageError(f"--sweep sets a parameter of one function, and {spec} is a stack of layers")
            stacks.append(parse_stack(spec))
            continue
        f = activation(spec, tuple(sweep.parameter for sweep in values))
        if f.by_rows:
            raise UsageError(f"{f.spec} maps rows to rows; compare is about functions of one number")
        stacks += as_stacks([f])
    if values:
        stacks = [member for one in stacks for f in one.functions for member in as_stacks(expand(f, values))]
    _refuse_twins([one.spec for one in stacks])
    return tuple(stacks)


def _refuse_twins(specs: "Sequence[str]") -> None:
    """Raise UsageError for a contender that is named twice; two names of one function are two contenders."""
    names = [_normalise(spec) for spec in specs]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(f"{specs[place]} is named twice; name different functions")


def _normalise(spec: str) -> str:
    """Return the specification with each name in one spelling; formulas stay, since - is a sign there."""
    from actcli.activations.names import normalise
    from actcli.activations.resolve import is_name, split_layers

    layers = split_layers(spec)
    return "/".join(normalise(part) if is_name(part) else part for part in layers)

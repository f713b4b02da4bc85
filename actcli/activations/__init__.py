"""The core: what each activation is. Value, derivatives, kinks, parameters, names, sources. NumPy only."""

from actcli.activations.activation import SIDES, Activation
from actcli.activations.definition import Definition, Kink, Names, Parameter
from actcli.activations.specification import (
    DIALECTS,
    activation,
    await_functions,
    catalogue,
    named_definition,
    register,
    registered,
    spellings,
)

__all__ = [
    "DIALECTS",
    "SIDES",
    "Activation",
    "Definition",
    "Kink",
    "Names",
    "Parameter",
    "activation",
    "await_functions",
    "catalogue",
    "named_definition",
    "register",
    "registered",
    "spellings",
]

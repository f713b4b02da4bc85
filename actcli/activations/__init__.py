"""The core: what each activation is. Value, derivatives, kinks, parameters, names, sources. NumPy only."""

from actcli.activations.activation import SIDES, Activation
from actcli.activations.catalogue import catalogue, spellings
from actcli.activations.definition import Definition, Kink, Names, Parameter
from actcli.activations.names import DIALECTS
from actcli.activations.registry import find_definition, registered
from actcli.activations.resolve import activation, await_functions, register

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
    "find_definition",
    "register",
    "registered",
    "spellings",
]

"""Forms of a function that frameworks choose by a word: `torch.gelu:approximate=tanh` is gelu_tanh."""

from actcli.activations.catalogue import find_catalogued
from actcli.activations.definition import Definition
from actcli.activations.names import normalise
from actcli.exits import UsageError

_GELU = {"none": "gelu", "false": "gelu", "tanh": "gelu_tanh", "true": "gelu_tanh"}
_FORMS = {("gelu", "approximate"): _GELU, ("gelu_tanh", "approximate"): _GELU}
"""Our name of the form by a framework's word; JAX and Keras write True and False."""


def choose_form(definition: Definition, parameters: str, spec: str) -> Definition | None:
    """Return the form that parameters such as `approximate=tanh` choose; None where they choose none.

    Raises UsageError, which begins with `spec`, for another word.
    """
    name, _, word = parameters.partition("=")
    forms = _FORMS.get((definition.name, normalise(name)))
    if forms is None:
        return None
    if normalise(word) not in forms:
        raise UsageError(f"{spec}: approximate is none or tanh, not {word.strip()!r}")
    return find_catalogued(forms[normalise(word)])

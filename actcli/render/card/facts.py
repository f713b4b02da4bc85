"""A function's card, and the facts on it that come from the definition: frameworks, defaults, kinks."""

from collections.abc import Mapping
from dataclasses import field

from actcli.activations import DIALECTS, Activation, Kink, Parameter
from actcli.analysis.card.properties import Properties
from actcli.analysis.card.recognition import Recognition
from actcli.dataclass import dataclass
from actcli.render.code.numpy_run import CodeError

OURS = "actcli"
"""Whose code `Card.costs` names first."""


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that `actcli info` shows.

    Attributes:
        f: the activation with its parameters.
        properties: the measured properties; None for a function over rows.
        costs: the time per element relative to relu by whose code was timed, `actcli` first; empty unless measured.
        recognition: for a formula, the catalogue's nearest function; else None.
        derivatives: for a formula, f' and f'' in symbols; else empty.
        code_errors: how exact its code for NumPy is, by type; empty unless measured.

    """

    f: Activation
    properties: Properties | None
    costs: Mapping[str, float] = field(default_factory=dict)
    recognition: Recognition | None = None
    derivatives: tuple[str, ...] = ()
    code_errors: Mapping[str, CodeError] = field(default_factory=dict)


def names_by_framework(f: Activation) -> dict[str, list[str]]:
    """Return the names of the function in each framework that has it, in the order torch, jax, keras, onnx, hf."""
    frameworks = f.definition.frameworks
    by_framework = {
        d: [name for names in frameworks if names.framework == d for name in names.names] for d in DIALECTS
    }
    return {framework: names for framework, names in by_framework.items() if names}


def defaults_by_framework(f: Activation, parameter: Parameter) -> dict[str, list[float]]:
    """Return a parameter's defaults in each framework; several where the framework's names for f differ in it."""
    defaults: dict[str, list[float]] = {framework: [] for framework in names_by_framework(f)}
    for names in f.definition.frameworks:
        default = names.defaults.get(parameter.name, parameter.default)
        if default not in defaults[names.framework]:
            defaults[names.framework].append(default)
    return defaults


def autograd_at(f: Activation, kink: Kink, order: int) -> dict[str, float | None]:
    """Return the derivatives that torch and jax give at a kink; None where only the other one has the function."""
    frameworks = names_by_framework(f).keys() & {"torch", "jax"}
    return {
        "torch": None if frameworks == {"jax"} else kink.derivative(order, "default"),
        "jax": None if frameworks == {"torch"} else kink.derivative(order, "jax"),
    }


def jump_at(f: Activation, kink: Kink) -> float:
    """Return by how much the value rises at a kink; 0 where it is continuous."""
    if not kink.jump:
        return 0.0
    import numpy as np

    distance = 8 * np.spacing(abs(kink.at))
    left, right = f(np.array([kink.at - distance, kink.at + distance])).tolist()
    return float(right - left)

"""Functions as a paper names them: `Leaky ReLU, α = 0.1` for `leaky_relu:0.1`."""

import re

from actcli.activations import Activation, activation
from actcli.activations.definition import FORMULA
from actcli.activations.names import GREEK, split_parameters
from actcli.activations.resolve import split_layers
from actcli.exits import UsageError
from actcli.render.text.mathtext import raised
from actcli.render.text.notation import number

_LOWER = {"tanh", "erf", "arctan"}
_SPELLED = {
    "golu": "GoLU", "telu": "TeLU", "xielu": "xIELU", "lisht": "LiSHT", "elish": "ELiSH", "dyt": "DyT", "isru": "ISRU",
    "acon": "ACON", "c": "C", "oai": "OAI",
}  # fmt: skip
"""Words that their papers spell in their own way."""
_FRAMEWORKS = {"torch": "PyTorch", "jax": "JAX", "keras": "Keras", "onnx": "ONNX"}
_LETTERS = {name: letter for letter, name in reversed(GREEK.items())}


def paper_name(spec: str) -> str:
    """Return a function, or a stack of functions, as a paper names it; a text that is neither as it is."""
    try:
        functions = [activation(layer) for layer in split_layers(spec)]
    except UsageError:
        head, blank, more = spec.partition(" ")  # `relu he`, `relu lr 0.1`: a contender
        name = paper_name(head) if blank else head
        return f"{name}, {more}" if name != head else spec
    return " / ".join(map(_one, functions))


def is_formula(spec: str) -> bool:
    """Return whether a text is a formula without a name."""
    try:
        return not activation(spec).is_named
    except UsageError:
        return False


def paper_quantity(quantity: str) -> str:
    r"""Return what an axis shows as mathtext: `$f'(x)$` for `f'(x)`, `$\partial f/\partial \alpha$` for `df/dalpha`."""
    parts = quantity.split(", ")
    shown = [_derivative(part) for part in parts]
    return ", ".join(f"${part}$" for part in shown if part) if all(shown) else quantity.replace("$", r"\$")


def _derivative(quantity: str) -> str:
    if re.fullmatch(r"f(?:'*|\^\(\d+\))\(x\)", quantity):
        power = re.sub(r"\^\((\d+)\)", r"^{(\1)}", quantity)
        return re.sub(r"'+", lambda found: "^{\\," + "\\prime" * len(found[0]) + "}", power)
    if found := re.fullmatch(r"df/d([A-Za-z_]+)", quantity):
        name = found[1]
        letter = "\\" + name if name in _LETTERS else rf"\mathrm{{{name.replace('_', chr(92) + ' ')}}}"
        return rf"\partial f/\partial {letter}"
    return ""


def _one(f: Activation) -> str:
    parameters = "".join(
        f", {_LETTERS.get(name, name)} = {_number(value)}" for name, value in _typed(f).items()
    )
    if f.definition.family == FORMULA:
        head = split_parameters(f.spec)[0].strip()
        return (head if f.is_named else _formula(head)) + parameters
    dialect = f" ({_FRAMEWORKS[f.dialect]})" if f.dialect in _FRAMEWORKS else ""
    return title(f.name.rpartition(".")[2]) + dialect + parameters


def _typed(f: Activation) -> dict[str, float]:
    """Return the parameters that the specification mentions, with their values."""
    tail = split_parameters(f.spec)[1]
    if not tail:
        return {}
    order, named = iter(_order(f)), set()
    for part in tail.split(","):
        name, sign, _ = part.partition("=")
        named.add(f.definition.parameter_name(name.strip(), f.spec) if sign else next(order, ""))
    return {name: value for name, value in f.parameters.items() if name in named}


def _order(f: Activation) -> tuple[str, ...]:
    """Return the names of its parameters in the order of positions."""
    own = next((names.order for names in f.definition.frameworks if names.framework == f.dialect), ())
    return own or tuple(parameter.name for parameter in f.definition.parameters)


def _number(value: float) -> str:
    return number(value, 4).replace("-", "−")


def title(name: str) -> str:
    """Return a catalogued name as papers write it: `Leaky ReLU` for `leaky_relu`."""
    if name.endswith("_squared"):
        return f"{title(name.removesuffix('_squared'))}²"
    if name.endswith("_tanh") and not name.startswith("hard"):
        return f"{title(name.removesuffix('_tanh'))} (tanh)"
    first, *more = [_word(word) for word in name.split("_")]
    if first.islower() and first not in _LOWER:
        first = first.capitalize()
    return " ".join([first, *more])


def _word(word: str) -> str:
    """Return `ReLU6`, `SiLU`, `GELU`: units are acronyms."""
    if word in _SPELLED:
        return _SPELLED[word]
    if found := re.fullmatch(r"([a-z]+)glu", word):
        return f"{found[1].capitalize()}GLU"
    if found := re.fullmatch(r"([a-z]*?)(re|si)?lu(\d*)", word):
        before, kind, digits = found.groups(default="")
        return f"{before.upper()}{kind.capitalize()}LU{digits}"
    return word


def _formula(text: str) -> str:
    """Return a formula with a middle dot for `*`, true minus signs, and raised whole powers."""
    text = re.sub(r"(?:\*\*|\^)(\d+)(?![\d.])", lambda found: raised(found[1]), text)
    text = text.replace("**", "^").replace("*", "·")
    return re.sub(r"(?<![0-9.][eE])-|-(?!\d)", "−", text)

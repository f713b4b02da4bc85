r"""Mathtext, in which labels hold formulas (`$x\,\sigma(x)$`): as plain text, and plain text as mathtext."""

import re
import unicodedata
from collections.abc import Callable

_COMMANDS = {
    "cdot": "·", "times": "×", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "approx": "≈", "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "Σ", "int": "∫", "sqrt": "√", "prime": "′",
    "to": "→", "in": "∈", "ldots": "…", "dots": "…", "quad": " ", "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ",
    "%": "%", "_": "_", "{": "{", "}": "}", "&": "&", "#": "#", ",": " ", ";": " ", ":": " ", " ": " ", "!": "",
}  # fmt: skip
_DRESS = re.compile(
    r"\\(?:mathrm|mathit|mathbf|mathsf|mathtt|mathcal|mathdefault|operatorname|text|left|right)\b\s*"
)
_FRACTION = "\N{FRACTION SLASH}"
_LAST = str.maketrans({"{": "", "}": "", "-": "−", "'": "′", _FRACTION: ""})
_RAISED = dict(zip("0123456789+-=()nix′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ′", strict=True))
_LOWERED = dict(zip("0123456789+-=()aeoxhklmnpst", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜ", strict=True))


def literal(text: str) -> str:
    """Return a text as mathtext that shows it as it is, dollar signs included."""
    return text.replace("$", r"\$")


def raised(text: str) -> str:
    """Return a text in superscript where Unicode has all its characters, else as it is."""
    return "".join(_RAISED[c] for c in text) if set(text) <= _RAISED.keys() else text


def lowered(text: str) -> str:
    """Return a text in subscript where Unicode has all its characters, else as it is."""
    return "".join(_LOWERED[c] for c in text) if set(text) <= _LOWERED.keys() else text


def plain_text(source: str) -> str:
    r"""Return mathtext as characters: `$x\,\sigma(x)$` as `x σ(x)`. Commands without a character stay."""
    parts = re.split(r"(?<!\\)\$", source)
    if len(parts) % 2 == 0:  # an odd dollar sign: no mathtext, as matplotlib reads it
        return source
    shown = (_formula(part) if place % 2 else part for place, part in enumerate(parts))
    return "".join(shown).replace(r"\$", "$")


def _formula(part: str) -> str:
    part = re.sub(r"\\d?frac\b\s*", _FRACTION, _DRESS.sub("", part))
    part = re.sub(
        r"\\([A-Za-z]+)( ?)|\\(.)", lambda found: _character(found[1] or found[3], found[2] or ""), part
    )
    part = re.sub(r"\^(?:\{([^{}]*)\}|(.))", lambda found: _in_script("^", raised, found), part)
    part = re.sub(r"_(?:\{([^{}]*)\}|(.))", lambda found: _in_script("_", lowered, found), part)
    # the scripts inside are plain by now
    part = re.sub(rf"{_FRACTION}\s*\{{([^{{}}]*)\}}\s*\{{([^{{}}]*)\}}", _fraction, part)
    return part.translate(_LAST)


def _fraction(found: re.Match[str]) -> str:
    return "/".join(text if len(text) == 1 else f"({text})" for text in found.groups())


def _in_script(sign: str, script: Callable[[str], str], found: re.Match[str]) -> str:
    text = (found[1] or found[2] or "").strip()
    moved = script(text)
    return (
        moved if moved != text or set(text) <= {"′"} else f"{sign}{text if len(text) == 1 else f'({text})'}"
    )


def _character(command: str, blank: str) -> str:
    """Return a command's character; a name such as `max` stays, with the blank behind it."""
    if command in _COMMANDS:
        return _COMMANDS[command]
    case = "CAPITAL" if command[:1].isupper() else "SMALL"
    name = "LAMDA" if command.lower() == "lambda" else command.upper()
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name}")
    except KeyError:
        return command + blank

r"""A function as a formula in LaTeX, for amsmath: `\operatorname{gelu}(x) = x \, \Phi(x)`."""

import math
import re

from actcli.activations import Activation, Definition
from actcli.activations.formula import read_expression
from actcli.activations.formula.tree import (
    Binary,
    Call,
    Catalogued,
    Compare,
    Conditional,
    Free,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Variable,
    free_names,
)
from actcli.activations.names import GREEK
from actcli.activations.registry import find_definition
from actcli.render.code.identifiers import has_name, of_derivative, remark, variant
from actcli.render.code.lowering import simplify, substitute

_CASES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _FRACTION, _POWER, _ATOM = range(11)

_CALLS = {
    "abs": r"\left|{0}\right|",
    "sign": r"\operatorname{{sgn}}{1}",
    "floor": r"\left\lfloor {0} \right\rfloor",
    "log": r"\log{1}",
    "log2": r"\log_{{2}}{1}",
    "log10": r"\log_{{10}}{1}",
    "sqrt": r"\sqrt{{{0}}}",
    "cbrt": r"\sqrt[3]{{{0}}}",
    "sin": r"\sin{1}",
    "cos": r"\cos{1}",
    "tan": r"\tan{1}",
    "sinh": r"\sinh{1}",
    "cosh": r"\cosh{1}",
    "tanh": r"\tanh{1}",
    "arctan": r"\arctan{1}",
    "asinh": r"\operatorname{{arsinh}}{1}",
    "acosh": r"\operatorname{{arcosh}}{1}",
    "atanh": r"\operatorname{{artanh}}{1}",
    "erf": r"\operatorname{{erf}}{1}",
    "erfc": r"\operatorname{{erfc}}{1}",
    "erfinv": r"\operatorname{{erf}}^{{-1}}{1}",
    "normcdf": r"\Phi{1}",
    "min": r"\min{1}",
    "max": r"\max{1}",
}
"""The language's functions: `{0}` the arguments, `{1}` the same in brackets."""

_CATALOGUED = {"sigmoid": r"\sigma", "sine": r"\sin", "exponential": r"\exp"}

_COMPARISONS = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq", "==": "=", "!=": r"\neq"}

_LETTERS = {name: f"\\{name}" for name in GREEK.values()} | {"epsilon": r"\varepsilon"}

_CLIPPED = r"\max\left(-L, \min(b, L)\right)"
_LIMITED = r"a' = \min(a, L), \quad L = %(limit).17g"


def _kept(name: str, count: str) -> str:
    """Return the formula of a function that keeps the `count` largest."""
    kept = rf"x_i & \text{{if }} x_i \text{{ is one of the }} {count} \text{{ largest}}"
    cases = rf"\begin{{cases}} {kept} \\ 0 & \text{{otherwise}} \end{{cases}}"
    return rf"\operatorname{{{name}}}(x)_i = {cases}"


_ROWS = {
    "softmax": r"\operatorname{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}",
    "log_softmax": r"\operatorname{log\_softmax}(x)_i = x_i - \log \sum_j e^{x_j}",
    "softmin": r"\operatorname{softmin}(x)_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}}",
    "sparsemax": r"\operatorname{sparsemax}(x) = \operatorname*{arg\,min}_{p \in \Delta} \left\| p - x \right\|^{2}, "
    r"\qquad \Delta = \left\{ p : p_i \geq 0, \ \sum_i p_i = 1 \right\}",
    "entmax15": r"\operatorname{entmax}_{1.5}(x)_i = \max\left(\frac{x_i}{2} - \tau, 0\right)^{2}, "
    r"\qquad \tau : \sum_i \max\left(\frac{x_i}{2} - \tau, 0\right)^{2} = 1",
    "hardmax": r"\operatorname{hardmax}(x)_i = \begin{cases} 1 & \text{if } i = \min \operatorname*{arg\,max}_j x_j \\ "
    r"0 & \text{otherwise} \end{cases}",
    "maxout": r"\operatorname{maxout}(x)_i = \max_{0 \leq k < g} x_{i + k m}, "
    r"\qquad m = \frac{n}{g}, \quad g = %(groups)d",
    "topk": _kept("topk", "k") + r", \qquad k = %(k)d",
    "batch_topk": _kept(r"batch\_topk", "k") + r", \qquad k = %(k)d",
    "batch_topk:width": _kept(r"batch\_topk", "k b") + r", \qquad k = %(k)d, \quad b = \frac{n}{%(width)d}",
    "glu": r"\operatorname{glu}(a, b) = a \, \sigma(b)",
    "reglu": r"\operatorname{reglu}(a, b) = \max(a, 0) \, b",
    "geglu": r"\operatorname{geglu}(a, b) = a \, \Phi(a) \, b",
    "swiglu": r"\operatorname{swiglu}(a, b) = a \, \sigma(a) \, b",
    "swiglu:limit": r"\operatorname{swiglu}(a, b) = a' \, \sigma(a') \, "
    + _CLIPPED
    + r", \qquad "
    + _LIMITED,
    "swiglu_oai": r"\operatorname{swiglu\_oai}(a, b) = a' \, \sigma(%(alpha).17g \, a') \, \left("
    + _CLIPPED
    + r" + 1\right), \qquad "
    + _LIMITED,
    "swiglu_step": r"\operatorname{swiglu\_step}(a, b) = \min\left(a \, \sigma(a), L\right) \, "
    + _CLIPPED
    + r", \qquad L = %(limit).17g",
    "drelu": r"\operatorname{drelu}(a, b) = \max(a, 0) \, \max(b, 0)",
}

_MOST_PRIMES = 4

Text = tuple[str, int]


def latex(f: Activation) -> str:
    """Return the function as one formula for an equation, below a comment with its name and source.

    The parameters are letters; their values stand behind the formula.
    """
    definition = f.definition
    about = f"{definition.name} ({definition.source})" if has_name(definition) else definition.formula
    if of_derivative(definition)[1]:
        about = f"{definition.name}, {definition.source}"
    return f"% {remark(about)}\n{_equation(f)}\n"


def _equation(f: Activation) -> str:
    definition = f.definition
    if definition.by_rows and not definition.is_pair_formula:
        return _ROWS[variant(definition, f.parameters)] % f.parameters
    switched_off = {name: Number(value) for name, value in f.parameters.items() if math.isinf(value)}
    tree = simplify(substitute(read_expression(definition).tree, switched_off))
    called = _called(definition)
    values = [
        f"{_letter(name)} = {_write(Number(f.parameters[name]))[0]}"
        for name in f.parameters
        if name in free_names(tree) and not math.isnan(f.parameters[name])
    ]
    arguments = "g, u" if definition.is_pair_formula else "x"
    left, right = f"{called}({arguments})", _write(tree)[0]
    # tanh(x) = tanh(x) tells nothing
    whole = right if left == right else f"{left} = {right}"
    return f"{whole}, \\qquad {', '.join(values)}" if values else whole


def _write(node: Node) -> Text:
    match node:
        case Number(value):
            return _number(value)
        case Variable():
            return node.name, _ATOM
        case Free(name):
            return _letter(name), _ATOM
        case Negative(operand):
            return f"-{_bracket(operand, _SIGN)}", _SIGN
        case Binary("^", base, exponent):
            return f"{_bracket(base, _ATOM)}^{{{_write(exponent)[0]}}}", _POWER
        case Binary("/", left, right):
            return f"\\frac{{{_write(left)[0]}}}{{{_write(right)[0]}}}", _FRACTION
        case Binary("*", left, right):
            return _product(_bracket(left, _PRODUCT), _bracket(right, _FRACTION), right), _PRODUCT
        case Binary("%", left, right):
            return f"{_bracket(left, _FRACTION)} \\bmod {_bracket(right, _FRACTION)}", _PRODUCT
        case Binary(operator, left, right):
            return f"{_bracket(left, _SUM)} {operator} {_second_term(right)}", _SUM
        case Conditional():
            return _cases(node), _CASES
        case Call(name, arguments):
            return _call(name, arguments)
        case Catalogued(_, argument, parameters):
            values = "".join(f"; {_letter(name)} = {_write(value)[0]}" for name, value in parameters)
            inside = _write(argument)[0] + values
            return f"{_operator(node.definition)}{_brackets(inside)}", _ATOM
        case _:
            return f"\\mathbf{{1}}\\left[{_condition(node)[0]}\\right]", _ATOM


def _bracket(node: Node, level: int) -> str:
    text, own = _write(node)
    return text if own >= level else _brackets(text)


def _brackets(text: str) -> str:
    """Return the text in round brackets, which grow where it is higher than a line."""
    grows = any(high in text for high in ("\\frac", "\\begin", "\\left", "\\sqrt", "^", "_"))
    return f"\\left({text}\\right)" if grows else f"({text})"


def _product(left: str, right: str, second: Node) -> str:
    """Return two factors side by side; with a dot before a digit, and a thin space beside a longer symbol."""
    if right[0].isdigit() or (right.startswith(("-", "\\frac")) and left[-1].isdigit()):
        return f"{left} \\cdot {right}"
    if "\\mathrm" in right or re.search(r"\\mathrm\{[^{}]*\}$", left):
        return f"{left} \\, {right}"  # a word would run into its neighbour
    letter = second.left if isinstance(second, Binary) and second.operator == "^" else second
    if isinstance(letter, Free | Variable) or right.startswith(("(", "\\left(")):
        return f"{left} {right}"
    return f"{left} \\, {right}"


def _call(name: str, arguments: tuple[Node, ...]) -> Text:
    match name, arguments:
        case "exp", (operand,):
            return f"e^{{{_write(operand)[0]}}}", _POWER
        case "expm1", (operand,):
            return f"e^{{{_write(operand)[0]}}} - 1", _SUM
        case "log1p", (operand,):
            return _call("log", (_one_plus(operand),))
        case "logaddexp", _:
            terms = ["1" if part == Number(0.0) else f"e^{{{_write(part)[0]}}}" for part in arguments]
            return f"\\log{_brackets(' + '.join(terms))}", _ATOM
        case "plain", (operand,):
            return _write(operand)
        case "clip", (operand, low, high):
            return _call("min", (Call("max", (operand, low)), high))
        case (("min" | "max"), (Call(inner, first), *more)) if inner == name:
            return _call(name, (*first, *more))
        case _:
            texts = ", ".join(_write(argument)[0] for argument in arguments)
            return _CALLS[name].format(texts, _brackets(texts)), _ATOM


def _one_plus(node: Node) -> Node:
    one = Number(1.0)
    return Binary("-", one, node.operand) if isinstance(node, Negative) else Binary("+", one, node)


def _second_term(node: Node) -> str:
    """Return the second term of a sum, in brackets where it has a sign."""
    text = _bracket(node, _PRODUCT)
    return _brackets(text) if text.startswith("-") else text


def _cases(node: Conditional) -> str:
    """Return one line per branch; a condition in the last branch continues the list."""
    lines = []
    rest: Node = node
    while isinstance(rest, Conditional):
        lines.append(f"{_write(rest.then)[0]} & \\text{{if }} {_condition(rest.condition)[0]}")
        rest = rest.otherwise
    lines.append(f"{_write(rest)[0]} & \\text{{otherwise}}")
    rows = " \\\\ ".join(lines)
    return f"\\begin{{cases}} {rows} \\end{{cases}}"


def _condition(node: Node) -> Text:
    match node:
        case Compare(operator, left, right):
            return (
                f"{_bracket(left, _SUM)} {_COMPARISONS[operator]} {_bracket(right, _SUM)}",
                _COMPARE,
            )
        case Logic(operator, left, right):
            level, sign = (_AND, "\\wedge") if operator == "and" else (_OR, "\\vee")
            return (
                f"{_bracket_condition(left, level)} {sign} {_bracket_condition(right, level + 1)}",
                level,
            )
        case Not(operand):
            return f"\\neg {_bracket_condition(operand, _ATOM)}", _NOT
        case _:
            return f"{_bracket(node, _SUM)} \\neq 0", _COMPARE


def _bracket_condition(node: Node, level: int) -> str:
    text, own = _condition(node)
    return text if own >= level else _brackets(text)


def _called(definition: Definition) -> str:
    base, order = of_derivative(definition)
    primes = "'" * order if order < _MOST_PRIMES else f"^{{({order})}}"
    named = find_definition(base) if order else definition
    return (_operator(named) if named is not None and has_name(named) else "f") + primes


def _operator(definition: Definition) -> str:
    r"""Return a function's symbol: \sigma, \tanh, \operatorname{leaky\_relu}."""
    own = _CATALOGUED.get(definition.name)
    if own:
        return own
    if definition.name in {"tanh", "arctan"}:
        return f"\\{definition.name}"
    return f"\\operatorname{{{_upright(definition.name)}}}"


def _letter(name: str) -> str:
    r"""Return a parameter's symbol: \alpha, b, \beta_{1}, \mathrm{max\_value}."""
    stem, underscore, index = name.partition("_")
    if underscore and index.isalnum() and (stem in _LETTERS or len(stem) == 1):
        return f"{_letter(stem)}_{{{index if index.isdigit() else _letter(index)}}}"
    counted = re.fullmatch(r"([A-Za-z]+?)(\d+)", name)
    if counted and (counted[1] in _LETTERS or len(counted[1]) == 1):
        return f"{_letter(counted[1])}_{{{counted[2]}}}"
    if name in _LETTERS:
        return _LETTERS[name]
    return name if len(name) == 1 and name.isalpha() else f"\\mathrm{{{_upright(name)}}}"


def _upright(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "", name).replace("_", "\\_")


def _number(value: float) -> Text:
    if value in {math.pi, math.e}:
        return ("\\pi" if value == math.pi else "e"), _ATOM
    if math.isinf(value) or math.isnan(value):
        text, level = ("\\infty" if math.isinf(value) else "\\mathrm{NaN}"), _ATOM
    else:
        mantissa, exponential, exponent = repr(abs(value)).removesuffix(".0").partition("e")
        text, level = mantissa, _ATOM
        if exponential:
            ten = f"10^{{{int(exponent)}}}"
            text, level = (ten, _POWER) if mantissa == "1" else (f"{mantissa} \\cdot {ten}", _PRODUCT)
    return (f"-{text}", _SIGN) if math.copysign(1.0, value) < 0 and value != 0 else (text, level)

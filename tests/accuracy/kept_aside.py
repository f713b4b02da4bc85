"""320 formulas for measuring, and their values and slopes by ball arithmetic (python-flint): no code is fitted to them.

Half are published activations and differences of functions that meet far out or at 0; half are random trees.
"""

import math
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from false_alarms import formula
from flint import arb, arb_series, ctx

from actcli.activations.definition import Definition
from actcli.activations.formula import read_expression
from actcli.activations.formula.formula import read_formula
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
)

PUBLISHED = (
    *("x*tanh(log(1+exp(x)))", "x*exp(x)/(exp(x)+2)", "x*tanh(exp(x))", "x*exp(-exp(-x))", "x/(1+exp(-x))"),
    *(
        "0.5*x*(1+erf(x/sqrt(2)))",
        "x*arctan(x)",
        "(exp(x)-1)/(exp(x)+1)",
        "log(1+exp(x))-log(2)",
        "x/sqrt(1+x^2)",
    ),
    *(
        "x*erf(log(1+exp(x)))",
        "x*tanh(sinh(x))",
        "x*log(1+tanh(exp(x)))",
        "2/(1+exp(-2*x))-1",
        "log(x+sqrt(x^2+1))",
    ),
    *("(x+sqrt(x^2+4))/2", "sqrt(x^2+1)-1", "x*min(max(x+3,0),6)/6", "x*(1-tanh(x)^2)", "1/(1+exp(-x))^2"),
    *(
        "arctan(x)*x/(1+exp(-x))",
        "x*sin(x)^2/(1+x^2)",
        "exp(-x^2/2)",
        "(x+1)*exp(x)-1",
        "tanh(x)/x",
        "sin(x)/x",
    ),
    *("(1-cos(x))/x", "(exp(x)-1)/x", "log(1+x^2)/x", "x*(arctan(x)/pi+1/2)", "log(cosh(x))", "x-tanh(x)"),
    *(
        "max(x,0)+min(exp(x)-1,0)",
        "where(x>0,x,exp(x)-1)",
        "x*log(1+exp(x))",
        "x*2^x/(1+2^x)",
        "x*normcdf(x)-x",
    ),
    *("log(1-1/(1+exp(-x)))", "log(erfc(x))", "log(normcdf(x))", "1-tanh(x)", "1-erf(x)", "exp(x)-1-x-x^2/2"),
    *("x-sin(x)", "tan(x)-x", "sinh(x)-x", "x-arctan(x)", "cosh(x)-1-x^2/2", "log(1+x)-x", "sqrt(1+x)-1-x/2"),
    *(
        "1/x-1/sinh(x)",
        "1/x-1/tanh(x)",
        "1/x-1/tan(x)",
        "1/x^2-1/sinh(x)^2",
        "1/log(1+x)-1/x",
        "1/x-1/(exp(x)-1)",
    ),
)
_MEET = (
    "mish(x)",
    "gelu(x)",
    "silu(x)",
    "softplus(x)",
    "elu(x)",
    "x*tanh(x)",
    "sqrt(x^2+1)",
    "x*erf(x)",
    "log(exp(x)+1)",
)
_STEPS = (
    "tanh(x)",
    "erf(x)",
    "sigmoid(x)",
    "softsign(x)",
    "x/sqrt(1+x^2)",
    "normcdf(x)",
    "tanh(x/2)",
    "2*sigmoid(x)-1",
)
COUNT = 320
FEWEST_BITS, MOST_BITS = 128, 65536


def formulas(seed: int = 0) -> tuple[str, ...]:
    """Return the formulas: published ones, differences of functions that meet, and random trees, by a fixed seed."""
    rng = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    kept = dict.fromkeys(PUBLISHED)
    while len(kept) < COUNT // 2:
        kept[
            rng.choice(
                [
                    f"{rng.choice(_MEET)}-{rng.choice(('x', *_MEET))}",
                    f"{rng.choice(_STEPS)}-{rng.choice(('1', *_STEPS))}",
                    f"{rng.choice(('exp(x)', 'expm1(x)', 'exp(2*x)'))}-{rng.choice(_STEPS[2:])}",
                    f"1/{rng.choice(('x', 'sin(x)', 'tanh(x)'))}-1/{rng.choice(('sinh(x)', 'tan(x)', 'log1p(x)'))}",
                    f"({rng.choice(_STEPS)})*({rng.choice(_MEET)}-x)",
                    f"log(1+{rng.choice(_STEPS)})",
                    f"({rng.choice(_MEET)})/({rng.choice(_STEPS)})",
                ]
            )
        ] = None
    while len(kept) < COUNT:
        kept[formula(rng)] = None
    return tuple(kept)


def points(seed: int) -> list[float]:
    """Return 60 numbers in |x| <= 60: uniform ones, small ones of every size, and round ones."""
    rng = random.Random(seed)  # noqa: S311
    small = [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-20, 0) for _ in range(20)]
    return [
        *(rng.uniform(-60, 60) for _ in range(30)),
        *small,
        -50.0,
        -36.0,
        -8.0,
        -1.0,
        1e-12,
        0.5,
        1.0,
        8.0,
        36.0,
        50.0,
    ]


def reference(text: str, x: float) -> tuple[float, float] | None:
    """Return value and slope to the last bit of float64; None where f has none, or no precision tells them."""
    tree = read_formula(text).tree
    bits = FEWEST_BITS
    while bits <= MOST_BITS:
        ctx.prec, ctx.cap = bits, 2
        try:
            f = _series(tree, arb_series([arb(x), 1]), {})
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        value, slope = f[0], f[1]
        if all(p.is_zero() or p.rel_accuracy_bits() > 60 for p in (value, slope)):
            return float(value), float(slope)
        if all(not p.is_finite() for p in (value, slope)):
            return None
        bits *= 4
    return None


def _series(node: Node, x: Any, given: dict[str, Any]) -> Any:
    def of(part: Node) -> Any:
        return _series(part, x, given)

    match node:
        case Number(value):
            return arb_series([_constants().get(value, lambda: arb(value))()])
        case Variable():
            return x
        case Free(name):
            return given[name]
        case Negative(operand):
            return -of(operand)
        case Conditional(condition, then, otherwise):
            return of(then) if _holds(condition, x, given) else of(otherwise)
        case Binary("^", left, right):
            return _power(of(left), of(right))
        case Binary(operator, left, right):
            a, b = of(left), of(right)
            return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[
                operator
            ]()
        case Call(name, arguments):
            return _call(name, [of(part) for part in arguments])
        case Catalogued(name, definition=definition):
            return _catalogued(
                definition, of(node.argument), {key: of(value) for key, value in node.parameters}
            )
        case _:
            raise ValueError(node)


def _catalogued(definition: Definition, u: Any, given: dict[str, Any]) -> Any:
    values = {p.name: arb_series([arb(p.default)]) for p in definition.parameters} | given
    return _series(read_expression(definition).tree, u, values)


def _holds(node: Node, x: Any, given: dict[str, Any]) -> bool:
    match node:
        case Compare(operator, left, right):
            d = (_series(left, x, given) - _series(right, x, given))[0]
            if not (d.is_zero() or d < 0 or d > 0):
                raise ValueError("undecided")
            sign = 0 if d.is_zero() else 1 if d > 0 else -1
            holds = {
                "<": sign < 0,
                "<=": sign <= 0,
                ">": sign > 0,
                ">=": sign >= 0,
                "==": sign == 0,
                "!=": sign != 0,
            }
            return holds[operator]
        case Logic("and", left, right):
            return _holds(left, x, given) and _holds(right, x, given)
        case Logic("or", left, right):
            return _holds(left, x, given) or _holds(right, x, given)
        case Not(operand):
            return not _holds(operand, x, given)
    raise ValueError(node)


def _power(base: Any, exponent: Any) -> Any:
    number = exponent[0]
    if exponent[1].is_zero() and number.is_integer() and abs(number) < 64:
        result = arb_series([1])
        for _ in range(abs(int(float(number)))):
            result = result * base
        return 1 / result if number < 0 else result
    return (exponent * base.log()).exp()


def _exp(u: Any) -> Any:
    return u.exp()


def _signed(u: Any) -> int:
    if not (u[0] < 0 or u[0] > 0):
        raise ValueError("undecided")
    return 1 if u[0] > 0 else -1


def _call(name: str, taken: list[Any]) -> Any:
    u = taken[0]
    match name:
        case "abs":
            return u * _signed(u)
        case "sign":
            return arb_series([_signed(u)])
        case "min":
            return u if _signed(u - taken[1]) < 0 else taken[1]
        case "max":
            return u if _signed(u - taken[1]) > 0 else taken[1]
        case "clip":
            low = taken[1] if _signed(u - taken[1]) < 0 else u
            return taken[2] if _signed(low - taken[2]) > 0 else low
    return _SMOOTH[name](*taken)


def _erfinv(u: Any) -> Any:
    """Return y and y' = √π/2·e**y² as a series of two terms."""
    y = u[0].erfinv()
    return arb_series([y, u[1] * (y * y).exp() * arb.pi().sqrt() / 2])


_SMOOTH: dict[str, Callable[..., Any]] = {
    "exp": _exp,
    "expm1": lambda u: u.exp() - 1,
    "log": lambda u: u.log(),
    "log1p": lambda u: (u + 1).log(),
    "sqrt": lambda u: u.sqrt(),
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "sinh": lambda u: (u.exp() - (-u).exp()) / 2,
    "cosh": lambda u: (u.exp() + (-u).exp()) / 2,
    "tanh": lambda u: 1 - 2 / ((2 * u).exp() + 1),
    "arctan": lambda u: u.atan(),
    "log2": lambda u: u.log() / arb(2).log(),
    "log10": lambda u: u.log() / arb(10).log(),
    "asinh": lambda u: (u + (u * u + 1).sqrt()).log(),
    "acosh": lambda u: (u + ((u - 1) * (u + 1)).sqrt()).log(),
    "atanh": lambda u: ((1 + u) / (1 - u)).log() / 2,
    "erfinv": _erfinv,
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "normcdf": lambda u: (-u / arb(2).sqrt()).erfc() / 2,
    "logaddexp": lambda a, b: (a.exp() + b.exp()).log(),
    "plain": lambda u: u,
}


@cache
def _constants() -> dict[float, Callable[[], Any]]:
    return {math.pi: arb.pi, math.e: arb.const_e}

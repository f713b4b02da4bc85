"""Functions as Triton, for blocks of numbers. The text is not run by our tests, which have no such device."""

from actcli.activations import Activation
from actcli.render.code.scalar import ScalarType, Syntax, write_scalar

_MATH = (
    "floor", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv",
)  # fmt: skip
_ALL = "propagate_nan=tl.PropagateNan.ALL"
_HELPERS = {
    "sign_of": "@triton.jit\ndef sign_of(u):\n    return tl.where(u > 0.0, 1.0, tl.where(u < 0.0, -1.0, u))",
    "floor_mod": "@triton.jit\ndef floor_mod(a, b):\n    return a - b * libdevice.floor(a / b)",
    "log_add_exp": "@triton.jit\ndef log_add_exp(a, b):\n"
    f"    top = tl.maximum(a, b, {_ALL})\n"
    "    return tl.where(a == b, top + 0.6931471805599453, top + libdevice.log1p(libdevice.exp(-tl.abs(a - b))))",
}


def _helper(name: str, parameters: list[str], body: str) -> str:
    return f"@triton.jit\ndef {name}({', '.join(['x', *parameters])}):\n    return {body}"


_TRITON = Syntax(
    calls={name: f"libdevice.{name}({{0}})" for name in _MATH}
    | {
        "abs": "tl.abs({0})",
        "arctan": "libdevice.atan({0})",
        "sign": "sign_of({0})",
        "normcdf": "(0.5 * libdevice.erfc({0} * -0.7071067811865476))",
        "min": f"tl.minimum({{0}}, {{1}}, {_ALL})",
        "max": f"tl.maximum({{0}}, {{1}}, {_ALL})",
        "logaddexp": "log_add_exp({0}, {1})",
        "pow": "libdevice.pow({0}, {1})",
        "mod": "floor_mod({0}, {1})",
    },
    where="tl.where({0}, {1}, {2})",
    joins={"and": "({0} & {1})", "or": "({0} | {1})"},
    negation="(~{0})",
    infinity='float("inf")',
    nan='float("nan")',
    helpers=_HELPERS,
    reserved=frozenset({"tl", "triton", "libdevice", "argument"}),
    function=_helper,
)


def triton_code(f: Activation, dtype: ScalarType) -> str:
    """Return the function as Triton. Raises UsageError for a function over rows."""
    code = write_scalar(f, _TRITON, dtype)
    lines = [
        "import triton",
        "import triton.language as tl",
        "from triton.language.extra import libdevice",
        "",
        "",
        *(f"{text}\n\n" for text in code.helpers),
        "@triton.jit",
        f"def {code.name}({', '.join(['argument', *code.arguments])}):",
        f"    # {code.about}.",
        f"    # {code.accuracy}, in C: this text has not been run by the tests of actcli.",
        "    x = argument.to(tl.float64)",
        *(
            ['    x = tl.where(x == float("inf"), 1e300, tl.where(x == float("-inf"), -1e300, x))']
            if code.cuts_infinity
            else []
        ),
        *(f"    {one} = {value}" for one, value in code.values.items()),
        f"    return {_bare(code.result)}.to(tl.{dtype})",
    ]
    return "\n".join(lines) + "\n"


def _bare(result: str) -> str:
    return result if result.endswith(")") else f"({result})"

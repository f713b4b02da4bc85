"""Functions as C, for one float32 or float64 number."""

from actcli.activations import Activation
from actcli.render.code.scalar import ScalarType, Syntax, write_scalar

_MATH = (
    "floor", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "erf", "erfc",
)  # fmt: skip
_KEYWORDS = (
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
    "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "argument",
)  # fmt: skip
_HELPERS = {
    "sign_of": "static double sign_of(double u) { return u != u ? u : (double)((u > 0) - (u < 0)); }",
    "smaller": "static double smaller(double a, double b) { return a < b || a != a ? a : b; }  /* NaN stays */",
    "larger": "static double larger(double a, double b) { return a > b || a != a ? a : b; }",
    "floor_mod": "static double floor_mod(double a, double b) {\n"
    "    const double rest = fmod(a, b);\n"
    "    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;\n}",
    "erf_inverse": "static double erf_inverse(double u) {\n"
    "    const double a = fabs(u), rest = 1 - a, w = log(rest * (1 + a)), t = 4.330746750799873 + w / 2;\n"
    "    double y = a < 0.1 ? 0.886226925452758 * a : sqrt(sqrt(t * t - w / 0.147) - t);  /* within 0.3 % */\n"
    "    if (!(rest > 0)) return rest == 0 ? copysign(INFINITY, u) : NAN;\n"
    "    for (int i = 0; i < 3; i++) {  /* Halley's method */\n"
    "        const double off = (a < 0.5 ? erf(y) - a : rest - erfc(y)) * 0.886226925452758 * exp(y * y);\n"
    "        y -= off / (1 + y * off);\n"
    "    }\n"
    "    return copysign(y, u);\n}",
    "log_add_exp": "static double log_add_exp(double a, double b) {\n"
    "    const double top = larger(a, b);\n"
    "    return isinf(top) ? top : top + log1p(exp(-fabs(a - b)));\n}",
}


def _helper(name: str, parameters: list[str], body: str) -> str:
    arguments = ", ".join(["double x", *(f"double {one}" for one in parameters)])
    return f"static double {name}({arguments}) {{\n    return {body};\n}}"


_C = Syntax(
    calls={name: f"{name}({{0}})" for name in _MATH}
    | {
        "abs": "fabs({0})",
        "arctan": "atan({0})",
        "erfinv": "erf_inverse({0})",
        "sign": "sign_of({0})",
        "normcdf": "(0.5 * erfc({0} * -0.70710678118654752440))",
        "min": "smaller({0}, {1})",
        "max": "larger({0}, {1})",
        "logaddexp": "log_add_exp({0}, {1})",
        "pow": "pow({0}, {1})",
        "mod": "floor_mod({0}, {1})",
    },
    where="({0} ? {1} : {2})",
    joins={"and": "({0} && {1})", "or": "({0} || {1})"},
    negation="(!{0})",
    infinity="INFINITY",
    nan="NAN",
    helpers=_HELPERS,
    reserved=frozenset({*_KEYWORDS, *_MATH, "fabs", "fmod", "atan", "pow", "isinf", "isnan"}),
    function=_helper,
)


def c_code(f: Activation, dtype: ScalarType) -> str:
    """Return the function as C. Raises UsageError for a function over rows."""
    code = write_scalar(f, _C, dtype)
    kind = "float" if dtype == "float32" else "double"
    arguments = ", ".join([f"{kind} argument", *(f"double {one}" for one in code.arguments)])
    x = "isinf(argument) ? copysign(1e300, argument) : argument" if code.cuts_infinity else "argument"
    lines = [
        "#include <math.h>",
        "",
        *(f"{text}\n" for text in code.helpers),
        f"/* {code.about.replace('*/', '* /')}.",
        f"   {code.accuracy}. Compile without -ffast-math. */",
        f"{kind} {code.name}({arguments}) {{",
        f"    const double x = {x};",
        *(f"    const double {one} = {value};" for one, value in code.values.items()),
        f"    return {'(float)' if dtype == 'float32' else ''}{code.result};",
        "}",
    ]
    return "\n".join(lines) + "\n"

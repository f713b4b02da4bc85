"""Random formulas against NumPy and mpmath; derivatives of any order, by x and by parameters."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from actcli import activation, catalogue
from actcli.activations.calculus.derivatives import expand
from actcli.activations.formula import read_expression
from actcli.exits import UsageError

POINTS = np.array([-2.3, -1.1, -0.35, 0.27, 0.8, 1.9])

# text, the same in NumPy, the same in mpmath: written three times, so that none follows from another
UNARY = [
    ("exp({})", np.exp, mp.exp),
    ("tanh({})", np.tanh, mp.tanh),
    ("sin({})", np.sin, mp.sin),
    ("cos({})", np.cos, mp.cos),
    ("arctan({})", np.arctan, mp.atan),
    ("sinh({})", np.sinh, mp.sinh),
    ("cosh({})", np.cosh, mp.cosh),
    ("asinh({})", np.arcsinh, mp.asinh),
    ("acosh(1.5 + ({})^2)", lambda x: np.arccosh(1.5 + x**2), lambda x: mp.acosh(1.5 + x**2)),
    (
        "atanh(0.7*sin({}))",
        lambda x: np.arctanh(0.7 * np.sin(x)),
        lambda x: mp.atanh(mp.mpf(0.7) * mp.sin(x)),
    ),
    ("log2(1.5 + ({})^2)", lambda x: np.log2(1.5 + x**2), lambda x: mp.log(1.5 + x**2, 2)),
    ("log10(1.5 + ({})^2)", lambda x: np.log10(1.5 + x**2), lambda x: mp.log(1.5 + x**2, 10)),
    ("erf({})", np.vectorize(math.erf, otypes=[float]), mp.erf),
    ("erfc({})", np.vectorize(math.erfc, otypes=[float]), mp.erfc),
    ("normcdf({})", np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float]), mp.ncdf),
    ("sigmoid({})", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mp.exp(-x))),
    ("softplus({})", lambda x: np.logaddexp(x, 0), lambda x: mp.log(1 + mp.exp(x))),
    ("(-{})", lambda x: -x, lambda x: -x),
    ("({})²", lambda x: x**2, lambda x: x**2),
    ("({})^3", lambda x: x**3, lambda x: x**3),
    ("log(1.5 + ({})^2)", lambda x: np.log(1.5 + x**2), lambda x: mp.log(1.5 + x**2)),
    ("log1p(({})^2)", lambda x: np.log1p(x**2), lambda x: mp.log(1 + x**2)),
    ("√(0.5 + ({})^2)", lambda x: np.sqrt(0.5 + x**2), lambda x: mp.sqrt(0.5 + x**2)),
    ("(1 + ({})^2)^0.7", lambda x: (1 + x**2) ** 0.7, lambda x: (1 + x**2) ** mp.mpf(0.7)),
    ("cbrt(2 + sin({}))", lambda x: np.cbrt(2 + np.sin(x)), lambda x: mp.cbrt(2 + mp.sin(x))),
    ("2^sin({})", lambda x: 2 ** np.sin(x), lambda x: mp.mpf(2) ** mp.sin(x)),
]
BINARY = [
    ("({} + {})", lambda a, b: a + b),
    ("({} - {})", lambda a, b: a - b),
    ("({}*{})", lambda a, b: a * b),
    ("{}/(2 + ({})^2)", lambda a, b: a / (2 + b**2)),
]


@st.composite
def formulas(draw, depth=3):
    """A smooth formula, as text, in NumPy, in mpmath."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        if draw(st.booleans()):
            return "x", lambda x: x, lambda x: x
        value = draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.25]))
        return repr(value), lambda x: np.full_like(x, value), lambda _: mp.mpf(value)
    if draw(st.booleans()):
        text, by_numpy, by_mpmath = draw(st.sampled_from(UNARY))
        inner = draw(formulas(depth=depth - 1))
        return (
            text.format(inner[0]),
            lambda x: by_numpy(inner[1](x)),
            lambda x: by_mpmath(inner[2](x)),
        )
    text, operation = draw(st.sampled_from(BINARY))
    left, right = draw(formulas(depth=depth - 1)), draw(formulas(depth=depth - 1))
    return (
        text.format(left[0], right[0]),
        lambda x: operation(left[1](x), right[1](x)),
        lambda x: operation(left[2](x), right[2](x)),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(formulas())
def test_values_are_those_of_the_numpy_expression(case):
    text, by_numpy, by_mpmath = case
    assume("x" in text.replace("exp", ""))
    with np.errstate(all="ignore"):
        theirs = by_numpy(POINTS)
    assume(np.isfinite(theirs).all() and np.abs(theirs).max() < 1e12)
    ours = activation(text)(POINTS)
    scale = np.maximum(np.abs(theirs), 1.0)
    if not np.all(np.abs(ours - theirs) <= 1e-11 * scale):
        # where the plain form loses digits and ours does not, mpmath says who is right
        with mp.workdps(40):
            exact = np.array([float(by_mpmath(mp.mpf(x))) for x in POINTS])
        assert np.all(np.abs(ours - exact) <= np.maximum(np.abs(theirs - exact), 1e-11 * scale)), text


# what has no derivative everywhere: text, the same in NumPy, for arrays of floats and of fractions
BROKEN = [
    ("abs({})", np.abs),
    ("sign({})", np.sign),
    ("floor({})", np.floor),
    ("(({}) % 1.5)", lambda a: np.mod(a, type(a.flat[0])(1.5))),
    ("clip({}, -0.5, 1.25)", lambda a: np.clip(a, -0.5, 1.25)),
    ("relu({})", lambda a: np.maximum(a, 0)),
    ("leaky_relu({}, alpha=0.25)", lambda a: np.where(a > 0, a, a / 4)),
    ("hard_tanh({})", lambda a: np.clip(a, -1, 1)),
    ("(not {} > 0.5)", lambda a: 1.0 * ~(a > 0.5)),
]
BROKEN_OF_TWO = [
    ("min({}, {})", np.minimum),
    ("max({}, {}, 0.25)", lambda a, b: np.maximum(np.maximum(a, b), 0.25)),
    ("({} if {} > 0.5 else x)", lambda a, b: np.where(b > 0.5, a, POINTS)),
    ("where({} <= {}, 2, x)", lambda a, b: np.where(a <= b, 2.0, POINTS)),
    ("({} < {})", lambda a, b: 1.0 * (a < b)),
    ("({} >= 0.1 and {} != 2)", lambda a, b: 1.0 * ((a >= 0.1) & (b != 2))),
    ("({} == 1 or {} > x)", lambda a, b: 1.0 * ((a == 1) | (b > POINTS))),
    ("(-0.7 < {} < {})", lambda a, b: 1.0 * ((a > -0.7) & (a < b))),
    ("abs({})**({} > 0)", lambda a, b: np.where(b > 0, np.abs(a), 1.0)),
]


@st.composite
def branching(draw, depth=4):
    """A formula with branches, as text, and at POINTS by NumPy and in fractions."""
    if depth == 0 or draw(st.integers(0, 6)) == 0:
        a = draw(st.sampled_from([-2.0, -0.5, 0.25, 1.0, 3.0]))
        x, exact = POINTS, fractions(POINTS)
        leaves = [
            ("x", x, exact),
            (f"({a}*x)", a * x, Fraction(a) * exact),
            (f"(x + {a})", x + a, exact + Fraction(a)),
        ]
        return draw(st.sampled_from(leaves))
    if draw(st.booleans()):
        text, by_numpy = draw(st.sampled_from(BROKEN))
        inner, there, exact = draw(branching(depth=depth - 1))
        return text.format(inner), by_numpy(there), fractions(by_numpy(exact))
    text, of_two = draw(st.sampled_from([*BROKEN_OF_TWO, *BINARY[:3]]))
    left, a, exact = draw(branching(depth=depth - 1))
    right, b, other = draw(branching(depth=depth - 1))
    return text.format(left, right), of_two(a, b), fractions(of_two(exact, other))


def fractions(values):
    return np.array([Fraction(value) for value in values], object)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(branching())
def test_branches_are_those_of_the_numpy_expression(case):
    require_values(*case)


def require_values(text, by_numpy, exact):
    ours, exact = activation(text)(POINTS), exact.astype(float)
    # NumPy rounds each step: at a jump that decides the branch, and ours may be the exact one
    near = [np.isclose(ours, theirs, rtol=1e-12, atol=1e-13) for theirs in (by_numpy, exact)]
    assert np.logical_or(*near).all(), (text, ours, by_numpy, exact)


def test_a_branch_at_a_jump_is_that_of_the_exact_value():
    # at 0.8 the left side is 0.0999999999999999778, and 0.1000000000000001 where each step is rounded
    text = "((-0.5*x - abs(x)**(-2*x > 0)) % 1.5) >= 0.1"
    np.testing.assert_array_equal(activation(text)(np.array([0.8, 0.7])), [0.0, 1.0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(formulas(depth=2), st.sampled_from([1, 2, 3, 5]))
def test_derivatives_are_those_of_mpmath(case, order):
    text, _, by_mpmath = case
    assume("x" in text.replace("exp", ""))
    with mp.workdps(60):
        taylor = [mp.taylor(by_mpmath, mp.mpf(x), order) for x in POINTS[::2]]
    assume(all(mp.isfinite(c) for one in taylor for c in one))
    largest = np.array([float(max(abs(c) for c in one)) for one in taylor])
    assume(largest.max() < 1e12)
    exact = np.array([float(one[order]) for one in taylor])
    ours = activation(text).grad(POINTS[::2], order=order) / math.factorial(order)
    assert np.all(np.abs(ours - exact) <= 1e-10 * np.maximum(largest, 1.0)), text


SMOOTH = [
    "sigmoid",
    "tanh",
    "silu",
    "gelu",
    "gelu_tanh",
    "mish",
    "softplus",
    "log_sigmoid",
    "erf",
    "arctan",
    "snake",
]


@pytest.mark.parametrize("name", SMOOTH)
def test_catalogued_functions_have_a_seventh_derivative(name):
    f = activation(name)
    expression = read_expression(f.definition)
    x = np.array([-1.7, -0.6, 0.4, 1.3])
    # the eighth differences of the seventh's Taylor series: f's own series at x says what f is at x + h
    coefficients = expand(expression.literal, 24, x, f.parameters)
    for h in (0.25, -0.25):
        total = sum(np.asarray(c) * h**k for k, c in enumerate(coefficients))
        np.testing.assert_allclose(total, f(x + h), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(f.grad(x, order=7), coefficients[7] * math.factorial(7), rtol=1e-12)


def test_the_tails_of_higher_derivatives_keep_their_digits():
    with mp.workdps(450):
        for text, function in (
            ("tanh(x)", mp.tanh),
            ("sigmoid(x)", lambda x: 1 / (1 + mp.exp(-x))),
            ("normcdf(x)", mp.ncdf),
            ("erfc(x)", mp.erfc),
            ("softplus(x)", lambda x: mp.log(1 + mp.exp(x))),
        ):
            for x in (-30.0, -12.0, 12.0, 25.0):
                for order in (1, 2, 3, 4):
                    exact = mp.taylor(function, mp.mpf(x), order)[order] * math.factorial(order)
                    ours = float(activation(text).grad(x, order=order))
                    assert abs(ours - exact) <= abs(exact) * 1e-12 + mp.mpf(10) ** -307, (text, x, order)


HIGHER = {
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "quick_gelu": lambda x: x / (1 + mp.exp(-mp.mpf(1.702) * x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "erf": mp.erf,
    "gaussian": lambda x: mp.exp(-x * x),
    "arctan": mp.atan,
    "snake": lambda x: x + mp.sin(x) ** 2,
}


@pytest.mark.parametrize("name", HIGHER)
def test_higher_derivatives_are_off_by_rounding_and_by_a_tenth_of_that_in_x(name):
    """|error of f⁽ⁿ⁾| <= 100 ε·(|f⁽ⁿ⁾| + |f⁽ⁿ⁺¹⁾|/10), n from 3 to 9; near a zero of f⁽ⁿ⁾ the second term is left."""
    x = np.random.default_rng(len(name)).uniform(-8, 8, 6)
    with mp.workdps(80):
        taylor = np.array([[float(c) for c in mp.taylor(HIGHER[name], mp.mpf(at), 10)] for at in x])
    for n in range(3, 10):
        ours = activation(name).grad(x, order=n) / math.factorial(n)
        exact, scale = taylor[:, n], np.abs(taylor[:, n]) + (n + 1) * np.abs(taylor[:, n + 1]) / 10
        assert np.all(np.abs(ours - exact) <= 100 * 2.0**-52 * scale), (n, x)


def test_the_derivatives_of_arctan_keep_their_digits_far_out():
    # c_n = (−1)^(n−1)·sin(nθ)/(n·r^n), and for large x close to (−1)^(n−1)/x^(n+1)
    x = np.array([-1e10, -1e5, 1e5, 1e10])
    for n in (1, 2, 3, 6):
        ours = activation("arctan(x)").grad(x, order=n)
        far = (-1.0) ** (n - 1) * math.factorial(n) * x ** -(n + 1.0)
        np.testing.assert_allclose(ours, far, rtol=1e-8)
    assert activation("arctan(x)").grad(0.0, order=4) == 0.0


ELEMENTWISE = [d.name for d in catalogue() if not d.by_rows]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_catalogued_function_is_the_formula_that_it_says(name):
    for values in ("", *PARAMETERS.get(name, ())):
        f = activation(name + values)
        low, high = max(f.definition.domain[0], -9.03), min(f.definition.domain[1], 9.07)
        x = np.linspace(low, high, 205)[1:-1]
        expression = read_expression(f.definition)
        with np.errstate(all="ignore"):
            found = expand(expression.literal, 2, x, f.parameters)
        for k, theirs in enumerate((f(x), f.grad(x), f.grad(x, order=2))):
            ours = np.broadcast_to(found[k] if k < len(found) else 0.0, x.shape) * (2 if k == 2 else 1)
            scale = np.abs(theirs) + 1e-9 * np.abs(theirs).max()
            assert np.all(np.abs(ours - theirs) <= 1e-9 * scale), (f.spec, k)


PARAMETERS = {
    "leaky_relu": (":-0.3", ":1.5"),
    "elu": (":0.4",),
    "celu": (":0.4", ":-1.3"),
    "selu": (":alpha=0.7,scale=2",),
    "softplus": (":3", ":2,1.5"),
    "squareplus": (":0.5",),
    "hard_tanh": (":-0.5,2",),
    "softshrink": (":1.2",),
    "hardshrink": (":1.2",),
    "onnx.shrink": (":0.7,0.2",),
    "silu": (":2.5", ":-1"),
    "snake": (":2.2",),
    "laplace": (":0.2,1.1",),
    "keras.relu": (":0.1,3,0.5",),
    "thresholded_relu": (":0.3,-0.2",),
    "onnx.hard_sigmoid": (":0.4,0.1",),
    "rrelu": (":0.1,0.9",),
}


@pytest.mark.parametrize(
    "text",
    [
        "x*tanh(softplus(b*x))",
        "b^3*x + x^b",
        "leaky_relu(x, alpha=b*b) + squareplus(x, b=b)",
        "max(b*x, x^2) if x > b else clip(x, -b, b)",
        "softplus(x, beta=b) + silu(b*x, beta=2*b)",
        "abs(x - b) % 0.7",
    ],
)
def test_a_derivative_by_a_parameter_is_the_change_with_it(text):
    x = np.array([0.31, 0.77, 1.9, 2.6])
    slope = activation(f"{text}:b=1.3").grad(x, wrt="b")
    h = 1e-6
    up, down = activation(f"{text}:b={1.3 + h}")(x), activation(f"{text}:b={1.3 - h}")(x)
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-8, atol=1e-8)


def test_orders_that_there_are_not_are_refused():
    with pytest.raises(UsageError, match="`order="):
        activation("x^2").grad(1.0, order=0)
    with pytest.raises(UsageError, match="`order=2`"):
        activation("b*x:b=1").grad(1.0, order=2, wrt="b")
    assert activation("exp(x)").grad(1.0, order=100) == pytest.approx(math.e, rel=1e-13)


def test_limits_at_infinity_where_the_arithmetic_knows_none():
    ends = [-np.inf, np.inf]
    assert activation("x*tanh(softplus(x))")(ends).tolist() == [0.0, np.inf]
    assert activation("plain(x/(1+exp(-x)))")(ends).tolist() == [0.0, np.inf]
    assert activation("x/(1+abs(x))")(ends).tolist() == [-1.0, 1.0]
    assert activation("x*sigmoid(x)").grad(ends).tolist() == [0.0, 1.0]
    assert np.isnan(activation("x*sin(x)")(ends)).all()

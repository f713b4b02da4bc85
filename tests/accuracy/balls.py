"""Every elementwise activation with its derivatives in ball arithmetic (Arb): the reference of the accuracy tests.

A function is a formula on a power series, so its derivatives follow without anybody's algebra. Each coefficient is a
ball that is certain to hold the true number; the working precision grows until all balls are narrow. Forms are chosen
that do not cancel, where the textbook's does; `references.py` has the textbook's own, in mpmath, as a second opinion.
"""

import math

from flint import arb, arb_series, ctx

FAR = 1e15
"""e**±FAR stands for every power of e beyond: all are out of the range of float64."""
NARROW = 90
DEEPEST = arb(2) ** -1200


def constant(u):
    return u[0] if isinstance(u, arb_series) else arb(u)


def series(*coefficients):
    return arb_series(list(coefficients), ctx.cap)


def exp(u):
    c = constant(u)
    if abs(c) > FAR:
        u = series(arb(FAR if c > 0 else -FAR), *u.coeffs()[1:])
    return u.exp()


def log1p(u):
    c = constant(u)
    rest = (u - c) / (1 + c)
    return (1 + rest).log() + c.log1p()


def expm1(u):
    c = constant(u)
    if abs(c) > FAR:
        return exp(u) - 1
    e = c.exp()
    return e * ((u - c).exp() - 1) + c.expm1()


def sigmoid(u):
    return 1 / (1 + exp(-u)) if constant(u) > 0 else exp(u) / (1 + exp(u))


def tanh(u):
    if constant(u) < 0:
        return -tanh(-u)
    e = expm1(-2 * u)
    return -e / (2 + e)


def erfc(u):
    if abs(constant(u)) > 1e7:
        u = series(arb(1e7 if constant(u) > 0 else -1e7), *u.coeffs()[1:])
    return u.erfc()


def normal_cdf(u):
    return erfc(-u / arb(2).sqrt()) / 2


def where(condition, then, otherwise):
    return then if condition else otherwise


def as_series(p):
    return p if isinstance(p, arb_series) else series(arb(p))


def clip(u, low, high):
    c = constant(u)
    if c < constant(low):
        return as_series(low)
    return as_series(high) if c > constant(high) else u


def line(u, alpha):
    return u if constant(u) > 0 else alpha * u


def elu(u, alpha):
    return u if constant(u) > 0 else alpha * expm1(u)


def softplus(u, beta, threshold):
    y = beta * u
    if constant(threshold) < math.inf and constant(y) > constant(threshold):
        return u
    return (u if constant(y) > 0 else series(arb(0))) + log1p(exp(-y if constant(y) > 0 else y)) / beta


def mish(u):
    if constant(u) < 0:
        n = exp(u)
        return u * n * (n + 2) / (n * n + 2 * n + 2)
    n = exp(-u)
    return u * (1 + 2 * n) / (1 + 2 * n + 2 * n * n)


def keras_relu(u, negative_slope, max_value, threshold):
    if constant(u) <= constant(threshold):
        return negative_slope * (u - threshold)
    return clip(u, threshold, math.inf if max_value == math.inf else max_value)


def shrink(u, lambd, bias):
    c, end = constant(u), constant(lambd)
    return u - bias if c > end else u + bias if c < -end else series(arb(0))


def squareplus(u, b):
    root = (u * u + b).sqrt()
    return (u + root) / 2 if constant(u) > 0 else b / (root - u) / 2


def gelu_tanh(u):
    return u * sigmoid((8 / arb.pi()).sqrt() * (u + arb("0.044715") * u * u * u))


def tanhshrink(u):
    return u - tanh(u)


def softsign(u):
    return u / (1 + (u if constant(u) > 0 else -u))


def zero(_):
    return series(arb(0))


BALLS = {
    "identity": lambda x: x,
    "step": lambda x: series(arb(int(constant(x) > 0))),
    "relu": lambda x: x if constant(x) > 0 else zero(x),
    "keras.relu": keras_relu,
    "leaky_relu": line,
    "prelu": line,
    "rrelu": lambda x, lower, upper: line(x, (lower + upper) / 2),
    "relu6": lambda x: clip(x, 0, 6),
    "relu_squared": lambda x: x * x if constant(x) > 0 else zero(x),
    "thresholded_relu": lambda x, theta, value: x if constant(x) > constant(theta) else as_series(value),
    "hard_tanh": lambda x, **p: clip(x, p["min"], p["max"]),
    "hard_sigmoid": lambda x: clip(x + 3, 0, 6) / 6,
    "onnx.hard_sigmoid": lambda x, alpha, beta: clip(alpha * x + beta, 0, 1),
    "hard_swish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "elu": elu,
    "selu": lambda x, alpha, scale: scale * elu(x, alpha),
    "celu": lambda x, alpha: x if constant(x) > 0 else alpha * expm1(x / alpha),
    "exponential": exp,
    "gelu": lambda x: x * normal_cdf(x),
    "gelu_tanh": gelu_tanh,
    "quick_gelu": lambda x, alpha: x * sigmoid(alpha * x),
    "silu": lambda x, beta: x * sigmoid(beta * x),
    "mish": mish,
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x, arb(1), math.inf),
    "tanh": tanh,
    "softsign": softsign,
    "arctan": lambda x: x.atan(),
    "sine": lambda x: x.sin(),
    "gaussian": lambda x: exp(-(x * x)),
    "erf": lambda x: x.erf() if abs(constant(x)) < 1e7 else (1 if constant(x) > 0 else -1) + 0 * x,
    "softplus": softplus,
    "squareplus": squareplus,
    "sparse_plus": lambda x: zero(x) if constant(x) < -1 else x if constant(x) > 1 else (x + 1) * (x + 1) / 4,
    "sparse_sigmoid": lambda x: (clip(x, -1, 1) + 1) / 2,
    "tanhshrink": tanhshrink,
    "softshrink": lambda x, **p: shrink(x, p["lambda"], p["lambda"]),
    "hardshrink": lambda x, **p: shrink(x, p["lambda"], 0),
    "onnx.shrink": shrink,
    "snake": lambda x, a: x + (a * x).sin() * (a * x).sin() / a,
    "laplace": lambda x, mu, sigma: normal_cdf((x - mu) / sigma),
    "logit": lambda x: (x / (1 - x)).log(),
}


def _narrow(ball):
    return ball.rel_accuracy_bits() >= NARROW or ball.rad() < DEEPEST


def derivatives(f, x, highest=2, wrt=None):
    """Return [f, f', …] at the float x, or [f, df/dp], as balls."""
    cap, precision = ctx.cap, ctx.prec
    try:
        ctx.cap = highest + 1
        for bits in (160, 400, 1200, 2600, 5000):
            ctx.prec = bits
            parameters = {n: arb(v) if math.isfinite(v) else v for n, v in f.parameters.items()}
            if wrt is None:
                y = BALLS[f.name](series(arb(x), 1), **parameters)
            else:
                y = BALLS[f.name](series(arb(x)), **{**parameters, wrt: series(parameters[wrt], 1)})
            y = [
                constant(y) if k == 0 else (y[k] if isinstance(y, arb_series) else arb(0))
                for k in range(highest + 1)
            ]
            if all(map(_narrow, y)):
                break
        return [c * math.factorial(k) for k, c in enumerate(y)]
    finally:
        ctx.cap, ctx.prec = cap, precision


LARGEST = arb(2) ** 1024 - arb(2) ** 970
"""From here on a number is rounded to infinity."""


def ulps(got, ball):
    """Return how far a float64 is from the ball's number, in units of the last place of that number."""
    if abs(ball) >= LARGEST:
        return 0.0 if got == math.copysign(math.inf, float(ball.sgn())) else math.inf
    if not math.isfinite(got):
        return math.inf
    middle = abs(ball).mid()
    mantissa, exponent = middle.man_exp() if middle != 0 else (0, -1074)
    exponent = int(exponent) + int(mantissa).bit_length() - 1
    return float((abs(arb(got) - ball) * arb(2) ** -max(exponent - 52, -1074)).mid())

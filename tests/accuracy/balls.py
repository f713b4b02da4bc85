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


def smooth_softplus(u):
    return softplus(u, arb(1), math.inf)


def erf(u):
    return u.erf() if abs(constant(u)) < 1e7 else (1 if constant(u) > 0 else -1) + 0 * u


def gelu(u):
    return u * normal_cdf(u)


def xielu(u, alpha_p, alpha_n, beta, epsilon):
    c = constant(u)
    if c > 0:
        return alpha_p * u * u + beta * u
    return alpha_n * (expm1(u if c < constant(epsilon) else as_series(epsilon)) - u) + beta * u


def elish(u):
    return u * sigmoid(u) if constant(u) >= 0 else expm1(u) * sigmoid(u)


def hard_elish(u):
    return (u if constant(u) >= 0 else expm1(u)) * clip((u + 1) / 2, 0, 1)


def isru(u, alpha):
    return u / (1 + alpha * u * u).sqrt()


def shifted_softplus(u):
    c = constant(u)
    if abs(c) < 1:
        return log1p(expm1(u) / 2)
    return smooth_softplus(u) - arb(2).log()


def acon_c(u, p1, p2, beta):
    return (p1 - p2) * u * sigmoid(beta * (p1 - p2) * u) + p2 * u


def serf(u):
    return u if constant(u) > 1e6 else u * erf(smooth_softplus(u))


def phish(u):
    return u if constant(u) > 1e6 else u * tanh(gelu(u))


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
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "quick_gelu": lambda x, alpha: x * sigmoid(alpha * x),
    "silu": lambda x, beta: x * sigmoid(beta * x),
    "mish": mish,
    # e**−e**40 is 0 to the last bit that any float64 has, and so are its derivatives
    "golu": lambda x: zero(x) if constant(x) < -40 else x * exp(-exp(-x)),
    "telu": lambda x: x if constant(x) > 40 else x * tanh(exp(x)),
    "serf": serf,
    "logish": lambda x: x * log1p(sigmoid(x)),
    "smish": lambda x: x * tanh(log1p(sigmoid(x))),
    "phish": phish,
    "lisht": lambda x: x * tanh(x),
    "elish": elish,
    "hard_elish": hard_elish,
    "acon_c": acon_c,
    "softcap": lambda x, cap: cap * tanh(x / cap),
    "dyt": lambda x, alpha, gamma, beta: gamma * tanh(alpha * x) + beta,
    "derf": lambda x, alpha, shift, gamma, beta: gamma * erf(alpha * x + shift) + beta,
    "isru": isru,
    "isrlu": lambda x, alpha: x if constant(x) >= 0 else isru(x, alpha),
    "shifted_softplus": shifted_softplus,
    "sqrt_softplus": lambda x: smooth_softplus(x).sqrt(),
    "xielu": xielu,
    "star_relu": lambda x, scale, bias: (scale * x * x if constant(x) > 0 else zero(x)) + bias,
    "leaky_relu_squared": lambda x, alpha: line(x, alpha) * line(x, alpha),
    "clipped_relu": lambda x: clip(x, 0, 1),
    "squared_clipped_relu": lambda x: clip(x, 0, 1) * clip(x, 0, 1),
    "pelu": lambda x, a, b: a / b * x if constant(x) >= 0 else a * expm1(x / b),
    "gelu_10": lambda x: as_series(10) if constant(x) > 10 else gelu(x),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x, arb(1), math.inf),
    "tanh": tanh,
    "softsign": softsign,
    "arctan": lambda x: x.atan(),
    "sine": lambda x: x.sin(),
    "gaussian": lambda x: exp(-(x * x)),
    "erf": erf,
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

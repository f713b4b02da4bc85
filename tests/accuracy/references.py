"""Every elementwise activation as its textbook formula over jets, written without a look at the core."""

import mpmath as mp
from jets import arctan, erfc, exp, jet, log, sin, sqrt, tanh, value

ZERO = jet(0)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def clip(x, low, high):
    return jet(low) if value(x) < value(low) else jet(high) if value(x) > value(high) else x


def leaky(x, alpha):
    return x if value(x) > 0 else alpha * x


def elu(x, alpha):
    return x if value(x) > 0 else alpha * (exp(x) - 1)


def softplus(x, beta, threshold):
    if value(beta) * value(x) > value(threshold):
        return x
    return log(1 + exp(beta * x)) / beta


def squareplus(x, b):
    if b == 0:  # √(x²) would leave the rounding of the working precision in f''
        return x if value(x) > 0 else ZERO
    return (x + sqrt(x * x + b)) / 2


def keras_relu(x, negative_slope, max_value, threshold):
    if value(x) <= value(threshold):
        return negative_slope * (x - threshold)
    return x if value(x) < value(max_value) else jet(max_value)


def shrink(x, lambd, bias):
    return x - bias if value(x) > value(lambd) else x + bias if value(x) < -value(lambd) else ZERO


def gelu_tanh(x):
    return x / 2 * (1 + tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x * x * x)))


def gelu(x):
    return x * erfc(-x / mp.sqrt(2)) / 2


def erf(x):
    return 1 - erfc(x)


def xielu(x, alpha_p, alpha_n, beta, epsilon):
    if value(x) > 0:
        return jet(alpha_p) * x * x + beta * x
    return jet(alpha_n) * (exp(x if value(x) < epsilon else jet(epsilon)) - 1 - x) + beta * x


def elish(x):
    return (x if value(x) >= 0 else exp(x) - 1) / (1 + exp(-x))


def hard_elish(x):
    return (x if value(x) >= 0 else exp(x) - 1) * clip((x + 1) / jet(2), 0, 1)


def isru(x, alpha):
    return x / sqrt(1 + jet(alpha) * x * x)


def acon_c(x, p1, p2, beta):
    p = jet(p1) - p2
    return p * x * sigmoid(p * beta * x) + jet(p2) * x


REFERENCES = {
    "identity": lambda x: x,
    "step": lambda x: jet(1) if value(x) > 0 else ZERO,
    "relu": lambda x: x if value(x) > 0 else ZERO,
    "keras.relu": keras_relu,
    "leaky_relu": leaky,
    "prelu": leaky,
    "rrelu": lambda x, lower, upper: leaky(x, (jet(lower) + upper) / 2),
    "relu6": lambda x: clip(x, 0, 6),
    "relu_squared": lambda x: x * x if value(x) > 0 else ZERO,
    "thresholded_relu": lambda x, **p: x if value(x) > value(p["theta"]) else jet(p["value"]),
    "hard_tanh": lambda x, **p: clip(x, p["min"], p["max"]),
    "hard_sigmoid": lambda x: clip(x + 3, 0, 6) / 6,
    "onnx.hard_sigmoid": lambda x, alpha, beta: clip(jet(alpha) * x + beta, 0, 1),
    "hard_swish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "elu": elu,
    "selu": lambda x, alpha, scale: jet(scale) * elu(x, alpha),
    "celu": lambda x, alpha: x if value(x) > 0 else alpha * (exp(x / alpha) - 1),
    "exponential": exp,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "quick_gelu": lambda x, alpha: x * sigmoid(alpha * x),
    "silu": lambda x, beta: x * sigmoid(beta * x),
    "mish": lambda x: x * tanh(log(1 + exp(x))),
    # e**e**1000 is beyond mpmath
    "golu": lambda x: ZERO if value(x) < -1000 else x * exp(-exp(-x)),
    "telu": lambda x: x if value(x) > 1000 else x * tanh(exp(x)),
    "serf": lambda x: x * erf(log(1 + exp(x))),
    "logish": lambda x: x * log(1 + sigmoid(x)),
    "smish": lambda x: x * tanh(log(1 + sigmoid(x))),
    "phish": lambda x: x * tanh(gelu(x)),
    "lisht": lambda x: x * tanh(x),
    "elish": elish,
    "hard_elish": hard_elish,
    "acon_c": acon_c,
    "softcap": lambda x, cap: jet(cap) * tanh(x / jet(cap)),
    "dyt": lambda x, alpha, gamma, beta: jet(gamma) * tanh(jet(alpha) * x) + beta,
    "derf": lambda x, alpha, shift, gamma, beta: jet(gamma) * erf(jet(alpha) * x + shift) + beta,
    "isru": isru,
    "isrlu": lambda x, alpha: x if value(x) >= 0 else isru(x, alpha),
    "shifted_softplus": lambda x: log(1 + exp(x)) - mp.log(2),
    "sqrt_softplus": lambda x: sqrt(log(1 + exp(x))),
    "xielu": xielu,
    "star_relu": lambda x, scale, bias: (jet(scale) * x * x if value(x) > 0 else ZERO) + bias,
    "leaky_relu_squared": lambda x, alpha: leaky(x, jet(alpha)) * leaky(x, jet(alpha)),
    "clipped_relu": lambda x: clip(x, 0, 1),
    "squared_clipped_relu": lambda x: clip(x, 0, 1) * clip(x, 0, 1),
    "pelu": lambda x, a, b: jet(a) / b * x if value(x) >= 0 else jet(a) * (exp(x / jet(b)) - 1),
    "gelu_10": lambda x: jet(10) if value(x) > 10 else gelu(x),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -log(1 + exp(-x)),
    "tanh": tanh,
    "softsign": lambda x: x / (1 + (x if value(x) > 0 else -x)),
    "arctan": arctan,
    "sine": sin,
    "gaussian": lambda x: exp(-(x * x)),
    "erf": erf,
    "softplus": softplus,
    "squareplus": squareplus,
    "sparse_plus": lambda x: ZERO if value(x) < -1 else x if value(x) > 1 else (x + 1) * (x + 1) / 4,
    "sparse_sigmoid": lambda x: (clip(x, -1, 1) + 1) / 2,
    "tanhshrink": lambda x: x - tanh(x),
    "softshrink": lambda x, **p: shrink(x, p["lambda"], p["lambda"]),
    "hardshrink": lambda x, **p: shrink(x, p["lambda"], 0),
    "onnx.shrink": shrink,
    "snake": lambda x, a: x + sin(a * x) * sin(a * x) / a,
    "laplace": lambda x, mu, sigma: erfc(-(x - mu) / (sigma * mp.sqrt(2))) / 2,
    "logit": lambda x: log(x / (1 - x)),
}

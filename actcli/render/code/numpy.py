"""The table for Python with NumPy, and SciPy where NumPy lacks a function."""

from actcli.render.code.target import Body, Target

_SCIPY = "from scipy import special  # NumPy has no erf, erfc or normal distribution"

_SAME = (
    "abs", "sign", "floor", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "arctan", "isnan",
)  # fmt: skip

_TOPK = (
    "x = np.moveaxis(x, axis, -1)",
    'first = np.argsort(-x, axis=-1, kind="stable")[..., :count]  # of equal numbers the first',
    "kept = np.zeros_like(x)",
    "np.put_along_axis(kept, first, np.take_along_axis(x, first, axis=-1), axis=-1)",
    "return np.moveaxis(kept, -1, axis)",
)

NUMPY = Target(
    array="np",
    imports={"math": "import math", "np": "import numpy as np", "special": _SCIPY},
    argument="x = np.asarray(x) * 1.0  # whole numbers become float64, float32 stays",
    quiet='@np.errstate(all="ignore")  # an overflow is inf, and outside its domain the function is NaN',
    parameter="np.asarray({p}, dtype=x.dtype)",
    halves="{0}, {1} = np.split(x, 2, axis=axis)",
    calls={name: f"np.{name}({{0}})" for name in _SAME}
    | {
        "asinh": "np.arcsinh({0})",
        "acosh": "np.arccosh({0})",
        "atanh": "np.arctanh({0})",
        "erf": "special.erf({0})",
        "erfinv": "special.erfinv({0})",
        "erfc": "special.erfc({0})",
        "normcdf": "special.ndtr({0})",
        "min": "np.minimum({0}, {1})",
        "max": "np.maximum({0}, {1})",
        "logaddexp": "np.logaddexp({0}, {1})",
        "clip": "np.clip({0}, {1}, {2})",
    },
    natives={},
    bodies={
        "sigmoid": Body(
            (
                "e = np.exp(-np.abs(x))  # at most 1: nothing overflows, and both tails keep their digits",
                "return np.where(x < 0, e, 1) / (1 + e)",
            )
        ),
        "softmax": Body(
            (
                "e = np.exp(x - np.max(x, axis=axis, keepdims=True))",
                "return e / np.sum(e, axis=axis, keepdims=True)",
            ),
            "axis=-1",
        ),
        "log_softmax": Body(
            (
                "x = x - np.max(x, axis=axis, keepdims=True)",
                "return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))",
            ),
            "axis=-1",
        ),
        "softmin": Body(("return softmax(-x, axis=axis)",), "axis=-1", ("softmax",)),
        "sparsemax": Body(
            (
                "x = np.moveaxis(x, axis, -1)",
                "x = x - np.max(x, axis=-1, keepdims=True)",
                "ordered = -np.sort(-x, axis=-1)",
                "excess = np.cumsum(ordered, axis=-1) - 1",
                "count = np.arange(1, x.shape[-1] + 1)",
                "size = np.sum(count * ordered > excess, axis=-1, keepdims=True)",
                "tau = np.take_along_axis(excess, size - 1, axis=-1) / size.astype(x.dtype)",
                "return np.moveaxis(np.maximum(x - tau, 0), -1, axis)",
            ),
            "axis=-1",
        ),
        "hardmax": Body(
            (
                "x = np.moveaxis(x, axis, -1)",
                "first = np.argmax(x, axis=-1)[..., None] == np.arange(x.shape[-1])",
                "return np.moveaxis(first.astype(x.dtype), -1, axis)",
            ),
            "axis=-1",
        ),
        "entmax15": Body(
            (
                "x = np.moveaxis(x, axis, -1)",
                "x = (x - np.max(x, axis=-1, keepdims=True)) / 2",
                "ordered = -np.sort(-x, axis=-1)",
                "count = np.arange(1, x.shape[-1] + 1).astype(x.dtype)",
                "mean = np.cumsum(ordered, axis=-1) / count",
                "spread = np.cumsum(ordered * ordered, axis=-1) - count * mean * mean",
                "tau = mean - np.sqrt(np.maximum((1 - spread) / count, 0))",
                "last = np.sum(tau <= ordered, axis=-1, keepdims=True) - 1",
                "inside = x >= np.take_along_axis(ordered, last, axis=-1)",
                "size = np.sum(inside, axis=-1, keepdims=True).astype(x.dtype)",
                "mean = np.sum(inside * x, axis=-1, keepdims=True) / size",
                "spread = np.sum(inside * (x - mean) ** 2, axis=-1, keepdims=True)",
                "root = np.maximum(x - mean + np.sqrt((1 - spread) / size), 0)",
                "return np.moveaxis(root * root, -1, axis)",
            ),
            "axis=-1",
        ),
        "topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "axis=-1"),
        "batch_topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "axis=-1"),
        "batch_topk:width": Body((*_TOPK[:1], "count = k * (x.shape[-1] // width)", *_TOPK[1:]), "axis=-1"),
        "maxout": Body(
            (
                "x = np.moveaxis(x, axis, -1)",
                "parts = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)",
                "return np.moveaxis(np.max(parts, axis=-2), -1, axis)",
            ),
            "axis=-1",
        ),
        "glu": Body(("a, b = np.split(x, 2, axis=axis)", "return a * sigmoid(b)"), "axis=-1", ("sigmoid",)),
        "reglu": Body(("a, b = np.split(x, 2, axis=axis)", "return np.maximum(a, 0) * b"), "axis=-1"),
        "geglu": Body(("a, b = np.split(x, 2, axis=axis)", "return a * special.ndtr(a) * b"), "axis=-1"),
        "swiglu": Body(
            ("a, b = np.split(x, 2, axis=axis)", "return a * sigmoid(a) * b"), "axis=-1", ("sigmoid",)
        ),
        "swiglu:limit": Body(
            (
                "a, b = np.split(x, 2, axis=axis)",
                "a = np.minimum(a, limit)",
                "return a * sigmoid(a) * np.clip(b, -limit, limit)",
            ),
            "axis=-1",
            ("sigmoid",),
        ),
        "swiglu_oai": Body(
            (
                "x = np.moveaxis(x, axis, -1)",
                "a, b = np.minimum(x[..., ::2], limit), np.clip(x[..., 1::2], -limit, limit)",
                "return np.moveaxis(a * sigmoid(alpha * a) * (b + 1), -1, axis)",
            ),
            "axis=-1",
            ("sigmoid",),
        ),
        "swiglu_step": Body(
            (
                "a, b = np.split(x, 2, axis=axis)",
                "return np.minimum(a * sigmoid(a), limit) * np.clip(b, -limit, limit)",
            ),
            "axis=-1",
            ("sigmoid",),
        ),
        "drelu": Body(
            ("a, b = np.split(x, 2, axis=axis)", "return np.maximum(a, 0) * np.maximum(b, 0)"), "axis=-1"
        ),
    },
    number="{0}.astype(x.dtype)",
    differentiates=False,
)

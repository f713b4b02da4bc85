"""The table for JAX: no branch depends on a value, so that jit, grad and vmap work."""

from actcli.render.code.target import Body, Native, Target

_SAME = (
    "abs", "sign", "floor", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "arctan", "isnan",
)  # fmt: skip

_TOPK = (
    "x = jnp.moveaxis(x, axis, -1)",
    "values, first = jax.lax.top_k(x, count)  # of equal numbers the first",
    "kept = jnp.put_along_axis(jnp.zeros_like(x), first, values, axis=-1, inplace=False)",
    "return jnp.moveaxis(kept, -1, axis)",
)

JAX = Target(
    array="jnp",
    imports={
        "math": "import math",
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
        "special": "from jax.scipy import special",
    },
    argument="x = jnp.asarray(x)",
    only_for_type=True,
    parameter="jnp.asarray({p}, dtype=x.dtype)",
    halves="{0}, {1} = jnp.split(x, 2, axis=axis)",
    calls={name: f"jnp.{name}({{0}})" for name in _SAME}
    | {
        "asinh": "jnp.arcsinh({0})",
        "acosh": "jnp.arccosh({0})",
        "atanh": "jnp.arctanh({0})",
        "erf": "special.erf({0})",
        "erfinv": "special.erfinv({0})",
        "erfc": "special.erfc({0})",
        "normcdf": "special.ndtr({0})",
        "min": "jnp.minimum({0}, {1})",
        "max": "jnp.maximum({0}, {1})",
        "logaddexp": "jnp.logaddexp({0}, {1})",
        "clip": "jnp.clip({0}, {1}, {2})",
    },
    natives={
        "relu": Native("jax.nn.relu({x})"),
        "leaky_relu": Native("jax.nn.leaky_relu({x}, negative_slope={alpha})"),
        "relu6": Native("jax.nn.relu6({x})"),
        "hard_tanh": Native("jax.nn.hard_tanh({x})", {"min": -1.0, "max": 1.0}),
        "hard_sigmoid": Native("jax.nn.hard_sigmoid({x})"),
        "hard_swish": Native("jax.nn.hard_swish({x})"),
        "elu": Native("jax.nn.elu({x}, alpha={alpha})"),
        "selu": Native("jax.nn.selu({x})", {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}),
        "celu": Native("jax.nn.celu({x}, alpha={alpha})"),
        "gelu": Native("jax.nn.gelu({x}, approximate=False)"),
        "gelu_tanh": Native("jax.nn.gelu({x}, approximate=True)", fails="x < -1e19 and x > 1e19"),
        "silu": Native("jax.nn.silu({x})", {"beta": 1.0}),
        "mish": Native("jax.nn.mish({x})"),
        "sigmoid": Native("jax.nn.sigmoid({x})"),
        "log_sigmoid": Native("jax.nn.log_sigmoid({x})"),
        "softsign": Native("jax.nn.soft_sign({x})"),
        "softplus": Native("jax.nn.softplus({x})", {"beta": 1.0, "threshold": float("inf")}),
        "squareplus": Native("jax.nn.squareplus({x}, b={b})", fails="x < -1e19 and x > 1e19"),
        "sparse_plus": Native("jax.nn.sparse_plus({x})", fails="x < -1e19 and x > 1e19"),
        "sparse_sigmoid": Native("jax.nn.sparse_sigmoid({x})"),
        "sine": Native("jnp.sin({x})"),
    },
    bodies={
        "softmax": Body(("return jax.nn.softmax(x, axis=axis)",), "axis=-1"),
        "log_softmax": Body(("return jax.nn.log_softmax(x, axis=axis)",), "axis=-1"),
        "softmin": Body(("return jax.nn.softmax(-x, axis=axis)",), "axis=-1"),
        "sparsemax": Body(
            (
                "x = jnp.moveaxis(x, axis, -1)",
                "x = x - jax.lax.stop_gradient(jnp.max(x, axis=-1, keepdims=True))",
                "ordered = -jnp.sort(-x, axis=-1)",
                "excess = jnp.cumsum(ordered, axis=-1) - 1",
                "count = jnp.arange(1, x.shape[-1] + 1)",
                "size = jnp.sum(count * ordered > excess, axis=-1, keepdims=True)",
                "tau = jnp.take_along_axis(excess, size - 1, axis=-1) / size",
                "return jnp.moveaxis(jnp.maximum(x - tau, 0), -1, axis)",
            ),
            "axis=-1",
        ),
        "hardmax": Body(
            (
                "first = jnp.argmax(x, axis=axis)",
                "return jax.nn.one_hot(first, x.shape[axis], dtype=x.dtype, axis=axis)",
            ),
            "axis=-1",
        ),
        "entmax15": Body(
            (
                "x = jnp.moveaxis(x, axis, -1)",
                "x = (x - jax.lax.stop_gradient(jnp.max(x, axis=-1, keepdims=True))) / 2",
                "ordered = jax.lax.stop_gradient(-jnp.sort(-x, axis=-1))  # to find which entries are not 0",
                "count = jnp.arange(1, x.shape[-1] + 1).astype(x.dtype)",
                "mean = jnp.cumsum(ordered, axis=-1) / count",
                "spread = jnp.cumsum(ordered * ordered, axis=-1) - count * mean * mean",
                "tau = mean - jnp.sqrt(jnp.maximum((1 - spread) / count, 0))",
                "last = jnp.sum(tau <= ordered, axis=-1, keepdims=True) - 1",
                "inside = (x >= jnp.take_along_axis(ordered, last, axis=-1)).astype(x.dtype)",
                "size = jnp.sum(inside, axis=-1, keepdims=True)",
                "mean = jnp.sum(inside * x, axis=-1, keepdims=True) / size",
                "spread = jnp.sum(inside * (x - mean) ** 2, axis=-1, keepdims=True)",
                "root = jax.nn.relu(x - mean + jnp.sqrt((1 - spread) / size))",
                "return jnp.moveaxis(root * root, -1, axis)",
            ),
            "axis=-1",
        ),
        "topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "axis=-1"),
        "batch_topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "axis=-1"),
        "batch_topk:width": Body((*_TOPK[:1], "count = k * (x.shape[-1] // width)", *_TOPK[1:]), "axis=-1"),
        "maxout": Body(
            (
                "x = jnp.moveaxis(x, axis, -1)",
                "parts = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)",
                "return jnp.moveaxis(jnp.max(parts, axis=-2), -1, axis)",
            ),
            "axis=-1",
        ),
        "glu": Body(("return jax.nn.glu(x, axis=axis)",), "axis=-1"),
        "reglu": Body(("a, b = jnp.split(x, 2, axis=axis)", "return jax.nn.relu(a) * b"), "axis=-1"),
        "geglu": Body(
            ("a, b = jnp.split(x, 2, axis=axis)", "return jax.nn.gelu(a, approximate=False) * b"), "axis=-1"
        ),
        "swiglu": Body(("a, b = jnp.split(x, 2, axis=axis)", "return jax.nn.silu(a) * b"), "axis=-1"),
        "swiglu:limit": Body(
            (
                "a, b = jnp.split(x, 2, axis=axis)",
                "return jax.nn.silu(jnp.minimum(a, limit)) * jnp.clip(b, -limit, limit)",
            ),
            "axis=-1",
        ),
        "swiglu_oai": Body(
            (
                "x = jnp.moveaxis(x, axis, -1)",
                "a, b = jnp.minimum(x[..., ::2], limit), jnp.clip(x[..., 1::2], -limit, limit)",
                "return jnp.moveaxis(a * jax.nn.sigmoid(alpha * a) * (b + 1), -1, axis)",
            ),
            "axis=-1",
        ),
        "swiglu_step": Body(
            (
                "a, b = jnp.split(x, 2, axis=axis)",
                "return jnp.minimum(jax.nn.silu(a), limit) * jnp.clip(b, -limit, limit)",
            ),
            "axis=-1",
        ),
        "drelu": Body(
            ("a, b = jnp.split(x, 2, axis=axis)", "return jax.nn.relu(a) * jax.nn.relu(b)"), "axis=-1"
        ),
    },
    number="{0}.astype(x.dtype)",
    has_own_kinks=True,
)

"""The table for TensorFlow: in eager mode and in tf.function, differentiated by GradientTape."""

from actcli.render.code.target import Body, Native, Target

_PLAIN = ("abs", "sign", "floor", "exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_MATH = ("expm1", "log", "log1p", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv")
_LAST = "x = tnp.moveaxis(x, axis, -1)"
_TOPK = (
    "indices = tf.math.top_k(x, count).indices  # of equal numbers the first",
    "kept = tf.reduce_sum(tf.one_hot(indices, tf.shape(x)[-1], dtype=x.dtype), axis=-2) > 0",
    "return tnp.moveaxis(tf.where(kept, x, 0), -1, axis)",
)
_SPLIT = "a, b = tf.split(x, 2, axis=axis)"

TENSORFLOW = Target(
    array="tf",
    imports={
        "math": "import math",
        "tf": "import tensorflow as tf",
        "tnp": "import tensorflow.experimental.numpy as tnp",
    },
    argument="x = tf.convert_to_tensor(x)",
    only_for_type=True,
    parameter="tf.convert_to_tensor({p}, x.dtype)",
    halves="{0}, {1} = tf.split(x, 2, axis=axis)",
    calls={name: f"tf.{name}({{0}})" for name in _PLAIN}
    | {name: f"tf.math.{name}({{0}})" for name in _MATH}
    | {
        "arctan": "tf.atan({0})",
        "isnan": "tf.math.is_nan({0})",
        "min": "tf.minimum({0}, {1})",
        "max": "tf.maximum({0}, {1})",
        "logaddexp": "tf.reduce_logsumexp(tf.stack([{0}, {1}]), axis=0)",
        "clip": "tf.clip_by_value({0}, {1}, {2})",
    },
    # not tf.nn.gelu and leaky_relu, which round their constants to float32 in float64 too
    natives={
        "relu": Native("tf.nn.relu({x})"),
        "relu6": Native("tf.nn.relu6({x})"),
        "elu": Native("tf.nn.elu({x})", {"alpha": 1.0}),
        "selu": Native("tf.nn.selu({x})", {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}),
        "silu": Native("tf.nn.silu({x})", {"beta": 1.0}),
        "sigmoid": Native("tf.math.sigmoid({x})"),
        "log_sigmoid": Native("tf.math.log_sigmoid({x})"),
        "softplus": Native("tf.math.softplus({x})", {"beta": 1.0, "threshold": float("inf")}),
        "softsign": Native("tf.math.softsign({x})"),
        "sine": Native("tf.sin({x})"),
    },
    bodies={
        "normcdf": Body(("return 0.5 * tf.math.erfc(x * -math.sqrt(0.5))",)),
        "cbrt": Body(("return tf.sign(x) * tf.abs(x) ** (1 / 3)",)),
        "log2": Body(("return tf.math.log(x) / math.log(2)",)),
        "log10": Body(("return tf.math.log(x) / math.log(10)",)),
        "softmax": Body(("return tf.nn.softmax(x, axis=axis)",), "axis=-1"),
        "log_softmax": Body(("return tf.nn.log_softmax(x, axis=axis)",), "axis=-1"),
        "softmin": Body(("return tf.nn.softmax(-x, axis=axis)",), "axis=-1"),
        "sparsemax": Body(
            (
                _LAST,
                "x = x - tf.stop_gradient(tf.reduce_max(x, axis=-1, keepdims=True))",
                'ordered = tf.sort(x, axis=-1, direction="DESCENDING")',
                "excess = tf.cumsum(ordered, axis=-1) - 1",
                "count = tf.cast(tf.range(1, tf.shape(x)[-1] + 1), x.dtype)",
                "size = tf.reduce_sum(tf.cast(count * ordered > excess, tf.int32), axis=-1, keepdims=True)",
                "tau = tf.gather(excess, size - 1, axis=-1, batch_dims=-1) / tf.cast(size, x.dtype)",
                "return tnp.moveaxis(tf.nn.relu(x - tau), -1, axis)",
            ),
            "axis=-1",
        ),
        "hardmax": Body(
            (
                _LAST,
                "first = tf.one_hot(tf.argmax(x, axis=-1), tf.shape(x)[-1], dtype=x.dtype)",
                "return tnp.moveaxis(first, -1, axis)",
            ),
            "axis=-1",
        ),
        "entmax15": Body(
            (
                _LAST,
                "x = (x - tf.stop_gradient(tf.reduce_max(x, axis=-1, keepdims=True))) / 2",
                "# which entries are not 0",
                'ordered = tf.stop_gradient(tf.sort(x, axis=-1, direction="DESCENDING"))',
                "count = tf.cast(tf.range(1, tf.shape(x)[-1] + 1), x.dtype)",
                "mean = tf.cumsum(ordered, axis=-1) / count",
                "spread = tf.cumsum(ordered * ordered, axis=-1) - count * mean * mean",
                "tau = mean - tf.sqrt(tf.nn.relu((1 - spread) / count))",
                "last = tf.reduce_sum(tf.cast(tau <= ordered, tf.int32), axis=-1, keepdims=True) - 1",
                "inside = tf.cast(x >= tf.gather(ordered, last, axis=-1, batch_dims=-1), x.dtype)",
                "size = tf.reduce_sum(inside, axis=-1, keepdims=True)",
                "mean = tf.reduce_sum(inside * x, axis=-1, keepdims=True) / size",
                "spread = tf.reduce_sum(inside * (x - mean) ** 2, axis=-1, keepdims=True)",
                "root = tf.nn.relu(x - mean + tf.sqrt((1 - spread) / size))",
                "return tnp.moveaxis(root * root, -1, axis)",
            ),
            "axis=-1",
        ),
        "topk": Body((_LAST, "count = k", *_TOPK), "axis=-1"),
        "batch_topk": Body((_LAST, "count = k", *_TOPK), "axis=-1"),
        "batch_topk:width": Body((_LAST, "count = k * (x.shape[-1] // width)", *_TOPK), "axis=-1"),
        "maxout": Body(
            (
                _LAST,
                "parts = tf.stack(tf.split(x, groups, axis=-1))",
                "return tnp.moveaxis(tf.reduce_max(parts, axis=0), -1, axis)",
            ),
            "axis=-1",
        ),
        "glu": Body((_SPLIT, "return a * tf.math.sigmoid(b)"), "axis=-1"),
        "reglu": Body((_SPLIT, "return tf.nn.relu(a) * b"), "axis=-1"),
        "geglu": Body((_SPLIT, "return a * 0.5 * tf.math.erfc(a * -math.sqrt(0.5)) * b"), "axis=-1"),
        "swiglu": Body((_SPLIT, "return tf.nn.silu(a) * b"), "axis=-1"),
        "swiglu:limit": Body(
            (_SPLIT, "return tf.nn.silu(tf.minimum(a, limit)) * tf.clip_by_value(b, -limit, limit)"),
            "axis=-1",
        ),
        "swiglu_oai": Body(
            (
                _LAST,
                "a, b = tf.minimum(x[..., ::2], limit), tf.clip_by_value(x[..., 1::2], -limit, limit)",
                "return tnp.moveaxis(a * tf.math.sigmoid(alpha * a) * (b + 1), -1, axis)",
            ),
            "axis=-1",
        ),
        "swiglu_step": Body(
            (_SPLIT, "return tf.minimum(tf.nn.silu(a), limit) * tf.clip_by_value(b, -limit, limit)"),
            "axis=-1",
        ),
        "drelu": Body((_SPLIT, "return tf.nn.relu(a) * tf.nn.relu(b)"), "axis=-1"),
    },
    with_constant={"min": "tf.minimum({0}, {1})", "max": "tf.maximum({0}, {1})"},
    arrays_only=frozenset({"logaddexp"}),
    number="tf.cast({0}, x.dtype)",
    numbers_only=True,
    constant="tf.constant({0}, x.dtype)",
)

"""Networks as people build them, with planted dead units: a transformer's encoder, and a residual network."""

import numpy as np
from onnx import helper

rng = np.random.default_rng(11)
WIDTH, HEADS, HIDDEN, WORDS, LENGTH = 8, 2, 24, 50, 6
DEAD = (0, 5, 23)


def numbers(*shape):
    return (rng.standard_normal(shape) / np.sqrt(max(shape[0], 1))).astype(np.float32)


class Builder:
    """Nodes and constants, put down one after the other."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = value if value.dtype == np.int64 else value.astype(np.float32)
        return name

    def __call__(self, op, *inputs, name="", **attributes):
        output = f"t{len(self.nodes)}"
        names = [self.constant(one) if isinstance(one, np.ndarray) else one for one in inputs]
        self.nodes.append(helper.make_node(op, names, [output], name or output, **attributes))
        return output


def linear(net, x, into, out, bias=None):
    product = net("MatMul", x, numbers(into, out))
    return net("Add", product, numbers(out) if bias is None else bias)


def gelu(net, x):
    """GELU as torch.onnx.export writes it."""
    erf = net("Erf", net("Div", x, np.array(np.sqrt(2))))
    both = net("Mul", x, net("Add", erf, np.array(1.0)))
    return net("Mul", both, np.array(0.5), name="gelu")


def encoder(dead):
    """A block of a sentence encoder (MiniLM): attention, then two dense layers, each with a sum and LayerNorm."""
    net, per_head = Builder(), WIDTH // HEADS
    shape, back = np.array([0, 0, HEADS, per_head]), np.array([0, 0, WIDTH])

    def norm(x):
        return net("LayerNormalization", x, np.ones(WIDTH), np.zeros(WIDTH), axis=-1)

    x = norm(net("Gather", numbers(WORDS, WIDTH), "x"))
    q, k, v = (net("Reshape", linear(net, x, WIDTH, WIDTH), shape) for _ in range(3))
    scores = net("MatMul", net("Transpose", q, perm=(0, 2, 1, 3)), net("Transpose", k, perm=(0, 2, 3, 1)))
    weights = net("Softmax", scores, axis=-1)
    mixed = net("MatMul", weights, net("Transpose", v, perm=(0, 2, 1, 3)))
    joined = net("Reshape", net("Transpose", mixed, perm=(0, 2, 1, 3)), back)
    x = norm(net("Add", linear(net, joined, WIDTH, WIDTH), x))
    bias = numbers(HIDDEN)
    bias[list(dead)] = -500.0
    inner = linear(net, gelu(net, linear(net, x, WIDTH, HIDDEN, bias)), HIDDEN, WIDTH)
    x = norm(net("Add", inner, x))
    net("ReduceMean", x, axes=(1,), keepdims=0)
    return net


def residual_network():
    """Two blocks with a sum, as tf2onnx writes them: channels last at the input, first inside."""
    net, width = Builder(), 6
    dead = np.zeros(width)
    dead[[1, 3]] = -400.0
    x = net("Transpose", "x", perm=(0, 3, 1, 2))
    x = net(
        "Relu", net("Conv", x, numbers(width, 3, 3, 3), numbers(width) + dead, pads=(1,) * 4), name="stem"
    )
    for block in ("one", "two"):
        inner = net("Conv", x, numbers(width, width, 3, 3), pads=(1,) * 4)
        inner = net("BatchNormalization", inner, np.ones(width), dead, numbers(width), np.ones(width))
        inner = net("Relu", inner, name=f"{block}/inner")
        inner = net("Conv", inner, numbers(width, width, 3, 3), numbers(width) + dead, pads=(1,) * 4)
        x = net("Relu", net("Add", inner, x), name=f"{block}/sum")
    pooled = net("ReduceMean", x, axes=(2, 3), keepdims=0)
    net("Softmax", linear(net, pooled, width, 4), axis=-1)
    return net

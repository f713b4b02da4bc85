"""Random networks with units that are dead at either end of their activations, between everything that may bar them."""

from collections.abc import Callable

import numpy as np
from onnx import helper

FAR = 1e3
"""A bias beyond which no other input matters."""
_ACTIVATIONS = (
    "Relu", "Relu", "Relu", "Sigmoid", "Tanh", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "SiLU", "Relu6"
)  # fmt: skip


class PlantedNetwork:
    """A random convolutional network for images (N, 3, H, W) of any size: its nodes, constants and outputs."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[object] = []
        self.constants: dict[str, np.ndarray] = {}
        tensor, channels = "x", 3
        self.outputs: list[str] = []
        for _ in range(self.rng.integers(1, 4)):
            tensor, channels = self._convolve(tensor, channels)
            tensor, channels = self._pick(self._between)(tensor, channels)
            if self.rng.random() < 0.06:
                self.outputs.append(tensor)
        tensor = self._pick(self._pools)(tensor, channels)
        for _ in range(self.rng.integers(1, 3)):
            tensor, channels = self._dense(tensor, channels)
        self.outputs.insert(0, self.op("Gemm", tensor, self.weights(channels, 3), self.weights(3)))

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], f"{kind}{output}", **attributes))
        return output

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def weights(self, *shape: int) -> str:
        scale = np.sqrt(np.prod(shape[1:]) + 1)
        return self.constant((self.rng.standard_normal(shape) / scale).astype(np.float32))

    def planted(self, units: int) -> str:
        """A bias that leaves a quarter of the units dead, at the low end or at the high one."""
        bias, place = self.rng.standard_normal(units).astype(np.float32), self.rng.random(units)
        bias[place < 0.2], bias[place > 0.93] = -FAR, FAR
        return self.constant(bias)

    def activate(self, z: str) -> str:
        kind = str(self.rng.choice(_ACTIVATIONS))
        if kind == "SiLU":
            return self.op("Mul", z, self.op("Sigmoid", z))
        if kind == "Relu6":
            return self.op("Clip", z, self.constant(np.float32(0)), self.constant(np.float32(6)))
        return self.op(kind, z)

    def _pick(self, choices: Callable[[], list[Callable]]) -> Callable:
        all_of_them = choices()
        return all_of_them[self.rng.integers(len(all_of_them))]

    def _convolve(self, x: str, channels: int) -> tuple[str, int]:
        units, size = int(self.rng.integers(2, 7)), int(self.rng.choice([1, 3]))
        pads = (1,) * 4 if size == 3 and self.rng.random() < 0.6 else (0,) * 4
        weights = self.weights(units, channels, size, size)
        if self.rng.random() < 0.6:
            z = self.op("Conv", x, weights, self.planted(units), pads=pads)
        else:
            ones = self.constant(np.ones(units, np.float32))
            mean = self.weights(units)
            z = self.op(
                "BatchNormalization",
                self.op("Conv", x, weights, pads=pads),
                ones,
                self.planted(units),
                mean,
                ones,
            )
        return self.activate(z), units

    def _between(self) -> list[Callable]:
        def same(kind: str, *make: Callable[[int], str], **attributes: object) -> Callable:
            return lambda h, n: (self.op(kind, h, *(one(n) for one in make), **attributes), n)

        def gated(h: str, n: int) -> tuple[str, int]:
            pooled = self.op("GlobalAveragePool", h)
            gate = self.op("Conv", pooled, self.weights(n, n, 1, 1), self.planted(n))
            return self.op("Mul", h, self.op("Sigmoid", gate)), n

        def residual(h: str, n: int) -> tuple[str, int]:
            return self.op("Add", h, self.op("Conv", h, self.weights(n, n, 1, 1), self.planted(n))), n

        def joined(h: str, n: int) -> tuple[str, int]:
            other = self.op("Relu", self.op("Conv", h, self.weights(2, n, 1, 1), self.planted(2)))
            return self.op("Concat", h, other, axis=1), n + 2

        window = {"kernel_shape": (3, 3), "pads": (1, 1, 1, 1)}
        return [
            lambda h, n: (h, n), lambda h, n: (h, n), gated, residual, joined,
            same("MaxPool", **window), same("AveragePool", **window),
            same("AveragePool", **window, count_include_pad=1),
            same("Mul", lambda n: self.weights(n, 1, 1)),
            same("Pad", lambda _: self.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))),
            same("ConvTranspose", lambda n: self.weights(n, n, 2, 2), self.planted),
            same("InstanceNormalization", self.weights, self.weights),
            same("Neg"),
        ]  # fmt: skip

    def _pools(self) -> list[Callable]:
        def by_shape(h: str, n: int) -> str:
            return self.op("Reshape", self.op("GlobalMaxPool", h), self.constant(np.array([-1, n])))

        return [
            lambda h, _: self.op("Flatten", self.op("GlobalAveragePool", h)),
            lambda h, _: self.op("ReduceMean", h, self.constant(np.array([2, 3])), keepdims=0),
            by_shape,
        ]

    def _dense(self, x: str, width: int) -> tuple[str, int]:
        units = int(self.rng.integers(2, 8))
        if self.rng.random() < 0.5:
            z = self.op("Gemm", x, self.weights(units, width), self.planted(units), transB=1, beta=2.0)
        else:
            z = self.op("Add", self.op("MatMul", x, self.weights(width, units)), self.planted(units))
        h = self.activate(z)
        if self.rng.random() < 0.1:
            h = self.op("Softmax", h)
        return h, units

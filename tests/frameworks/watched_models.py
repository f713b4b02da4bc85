"""Small networks that keep what goes into their activations, and the statistics that deadcheck has of it."""

from collections import defaultdict
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.masked import observe_masked
from actcli.analysis.deadness.unit_state import COUNTS
from actcli.analysis.deadness.unit_statistics import observe

PRODUCT = "hard_shrink:lambd=1e-45"


class Kept:
    """The inputs of activations, by layer, pass for pass."""

    def __init__(self):
        self.parts = defaultdict(list)
        self.on = True

    def __call__(self, layer, z):
        if self.on:
            kept = z.detach()
            self.parts[layer].append((kept if kept.dtype == torch.float64 else kept.float()).cpu().clone())
        return z

    def states(self, rules, axes, masks=None):
        """Map each layer to deadcheck's statistics of its arrays. masks: (samples, positions) of every pass."""
        states = {}
        for layer, parts in self.parts.items():
            values = [np.moveaxis(part.numpy(), axes.get(layer, 1), 1) for part in parts]
            blocks = np.concatenate([part.reshape(*part.shape[:2], -1) for part in values])
            rule = firing_rule(activation(rules[layer]), "post" if rules[layer] == PRODUCT else "pre")
            if masks is None or blocks.shape[2] == 1:
                states[layer] = observe(rule, layer, blocks, 0)
            else:
                states[layer] = observe_masked(rule, layer, blocks, np.concatenate(masks), 0)
        return states


def assert_same(watched, recorded):
    """Counts, places and extremes equal to the bit; moments to 1e-5 of each unit's scale."""
    assert {state.name for state in watched} == set(recorded)
    for state in watched:
        other = recorded[state.name]
        assert state.rule == other.rule
        assert (state.samples, state.elements, state.start) == (other.samples, other.elements, other.start)
        for field in (*COUNTS, "minimum", "maximum"):
            np.testing.assert_array_equal(
                getattr(state, field), getattr(other, field), f"{state.name} {field}"
            )
        with np.errstate(invalid="ignore"):
            scale = np.sqrt(other.variance) + 1e-30
            # the outputs are those of PyTorch's float32 kernels, which round where 1 + tanh(z) cancels
            h_scale = np.maximum(np.abs(other.value_minimum), np.abs(other.value_maximum)) + 1e-2 * scale
        fine = np.isfinite(scale)
        n = np.maximum(other.finite, 1)
        assert (np.abs(state.mean - other.mean)[fine] <= 1e-5 * scale[fine]).all(), state.name
        assert (np.abs(state.m2 - other.m2)[fine] <= 1e-5 * other.m2[fine] + 1e-30).all(), state.name
        assert (np.abs(state.absolute - other.absolute)[fine] <= (1e-5 * n * h_scale)[fine]).all(), state.name
        for field in ("value_minimum", "value_maximum"):
            np.testing.assert_allclose(getattr(state, field), getattr(other, field), rtol=2e-6, atol=1e-6)


class Perceptron(nn.Module):
    """Modules, functions and methods as activations, in place and not."""

    rules: ClassVar = {
        "inner.0": "relu",
        "gelu": "gelu",
        "leaky_relu": "leaky_relu:alpha=0.2",
        "tanh": "tanh",
        "relu": "relu",
        "elu": "elu:alpha=0.5",
        "softplus": "softplus",
        "hard_swish": "hard_swish",
        "relu#2": "relu",
        "hard_tanh": "hard_tanh:min=-2,max=2",
        "gelu_tanh": "gelu_tanh",
        "softshrink": "softshrink",
    }

    def __init__(self, keep, width=24):
        super().__init__()
        self.keep = keep
        self.fc = nn.ModuleList(nn.Linear(width, width) for _ in range(len(self.rules)))
        self.inner = nn.Sequential(nn.ReLU(inplace=True))

    def forward(self, x):
        k, fc = self.keep, iter(self.fc)
        x = self.inner(k("inner.0", next(fc)(x)))
        x = F.gelu(k("gelu", 3 * next(fc)(x)))
        x = F.leaky_relu(k("leaky_relu", next(fc)(x)), 0.2, inplace=True)
        x = torch.tanh(k("tanh", 9 * next(fc)(x)))
        x = k("relu", next(fc)(x)).relu()
        x = F.elu(k("elu", next(fc)(x)), alpha=0.5)
        x = F.softplus(k("softplus", next(fc)(x)))
        x = F.hardswish(k("hard_swish", 5 * next(fc)(x)))
        x = torch.clamp(k("relu#2", next(fc)(x)), min=0)
        x = F.hardtanh(k("hard_tanh", 5 * next(fc)(x)), -2.0, 2.0)
        x = F.gelu(k("gelu_tanh", 3 * next(fc)(x)), approximate="tanh")
        return F.softshrink(k("softshrink", next(fc)(x)))


class Residual(nn.Module):
    def __init__(self, keep, path, channels, stride=1):
        super().__init__()
        self.keep, self.path = keep, path
        self.conv1 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.down = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        h = self.act(self.keep(f"{self.path}.act", self.bn1(self.conv1(x))))
        h = self.keep(f"{self.path}.act#2", self.bn2(self.conv2(h)) + self.down(x))
        return self.act(h)


class ResNet(nn.Module):
    """Convolutions, batch norm and residuals; a module called twice per pass."""

    rules: ClassVar = {
        "silu": "silu",
        **{f"blocks.{i}.act{call}": "relu" for i in range(2) for call in ("", "#2")},
        "squeeze.1": "relu",
        "squeeze.3": "sigmoid",
    }

    def __init__(self, keep, channels=8):
        super().__init__()
        self.keep = keep
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(Residual(keep, f"blocks.{i}", channels, 1 + i) for i in range(2)))
        self.squeeze = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels), nn.Sigmoid())
        self.head = nn.Linear(channels, 5)

    def forward(self, x):
        x = self.blocks(F.silu(self.keep("silu", self.stem(x))))
        s = self.squeeze[0](x.mean((2, 3)))
        s = self.squeeze[1](self.keep("squeeze.1", s))
        s = self.squeeze[3](self.keep("squeeze.3", self.squeeze[2](s)))
        return self.head((x * s[:, :, None, None]).mean((2, 3)))


class Layer(nn.Module):
    def __init__(self, keep, path, width):
        super().__init__()
        self.keep, self.path = keep, path
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.gate, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.act = nn.GELU()

    def forward(self, x, padding):
        h = self.norm1(x)
        x = x + self.attention(h, h, h, key_padding_mask=padding, need_weights=False)[0]
        x = x + self.down(self.act(self.keep(f"{self.path}.act", self.up(self.norm2(x)))))
        h = self.norm3(x)
        product = F.silu(self.keep(f"{self.path}.silu", self.gate(h))) * self.value(h)
        return x + self.out(self.keep(f"{self.path}.product", product))


class Transformer(nn.Module):
    """Attention, an MLP and a SwiGLU product, with a mask for padding."""

    rules: ClassVar = {
        f"layers.{i}.{name}": rule
        for i in range(2)
        for name, rule in (("act", "gelu"), ("silu", "silu"), ("product", PRODUCT))
    } | {"tanh": "tanh"}
    axes: ClassVar = {f"layers.{i}.{name}": 2 for i in range(2) for name in ("act", "silu", "product")}

    def __init__(self, keep, width=16):
        super().__init__()
        self.keep = keep
        self.embed = nn.Embedding(50, width)
        self.layers = nn.ModuleList(Layer(keep, f"layers.{i}", width) for i in range(2))
        self.head = nn.Linear(width, 4)

    def forward(self, input_ids, attention_mask=None):
        padding = None if attention_mask is None else attention_mask == 0
        x = self.embed(input_ids)
        for layer in self.layers:
            x = layer(x, padding)
        return self.head(torch.tanh(self.keep("tanh", x[:, 0])))

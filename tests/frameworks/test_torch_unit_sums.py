"""The running statistics against those of deadcheck, on values drawn by fixed seeds."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402, N812

from actcli.activations import activation  # noqa: E402
from actcli.analysis.deadness.consistency import require_consistent  # noqa: E402
from actcli.analysis.deadness.firing_rule import firing_rule  # noqa: E402
from actcli.analysis.deadness.masked import observe_masked  # noqa: E402
from actcli.analysis.deadness.unit_state import COUNTS, empty_state, merge  # noqa: E402
from actcli.analysis.deadness.unit_statistics import observe  # noqa: E402
from actcli.torch.scratch import Scratch  # noqa: E402
from actcli.torch.unit_sums import UnitSums  # noqa: E402

FUNCTIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "elu": F.elu,
    "softplus": F.softplus,
    "hard_swish": F.hardswish,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "log_sigmoid": F.logsigmoid,
    "leaky_relu": F.leaky_relu,
    "tanhshrink": F.tanhshrink,
    "hard_shrink:lambd=1e-45": None,
}
TYPES = [torch.float32, torch.bfloat16, torch.float16, torch.float64]


def draw(rng, rule, dtype, special):
    """Return values (samples, units, positions) with many on the bounds of the rule, and a mask or None."""
    n, p = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    z = rng.normal(size=(n, 3, p)) * 10 ** rng.uniform(-3, 2) + rng.choice([0.0, 4.0])
    bounds = [end for part in rule.fires for end in (part.low, part.high) if np.isfinite(end)]
    for value in (*bounds, 0.0, -0.0, *((np.nan, np.inf, -np.inf) if special else ())):
        z[rng.random(z.shape) < 0.04] = value
    if special and rng.random() < 0.5:
        z[:, 0] = rng.choice([np.nan, np.inf, -np.inf])
    mask = rng.random((n, p)) < rng.choice([0.2, 0.7, 1.0]) if rng.random() < 0.4 else None
    return torch.from_numpy(z).to(dtype), mask


def laid_out(z, mask, layout):
    """Return values, the axis of their units, and the mask, in one of three memory orders."""
    flags = None if mask is None else torch.from_numpy(mask)
    if layout == 0:
        return z, 1, None if flags is None else flags[:, None, :]
    if layout == 1:
        return z.transpose(1, 2).contiguous(), 2, None if flags is None else flags[:, :, None]
    return z.permute(2, 0, 1).contiguous().permute(1, 2, 0), 1, None if flags is None else flags[:, None, :]


@pytest.mark.parametrize("piece", [1 << 22, 30], ids=["whole", "pieces"])
@pytest.mark.parametrize("may_look", [True, False], ids=["cpu", "device"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_any_values_are_counted_as_deadcheck_counts_them(function, may_look, piece, monkeypatch):
    """`device` takes the steps of other devices than the CPU, which never look at a value."""
    monkeypatch.setattr("actcli.torch.unit_sums._PIECE", piece)
    compute = FUNCTIONS[function]
    rule = firing_rule(activation(function), "pre" if compute else "post")
    for seed in range(12):
        rng = np.random.default_rng(seed)
        dtype, special = TYPES[seed % 4], seed % 3 == 0
        sums = UnitSums(rule, 3, torch.device("cpu"), Scratch())
        sums._may_look = may_look
        expected = empty_state("a", rule, 3)
        for _ in range(3):
            z, mask = draw(rng, rule, dtype, special)
            x, axis, flags = laid_out(z, mask, seed % 3)
            batch = sums.add(x, axis, flags)
            if compute:
                sums.add_outputs(batch, compute(x), compute)
            values = (z if dtype == torch.float64 else z.float()).numpy()
            place = expected.samples
            part = (
                observe(rule, "a", values, place)
                if mask is None
                else observe_masked(rule, "a", values, mask, place)
            )
            expected = merge(expected, part)
        state = sums.state("a")
        require_consistent([state])
        assert (state.samples, state.elements) == (expected.samples, expected.elements)
        for field in (*COUNTS, "minimum", "maximum"):
            np.testing.assert_array_equal(getattr(state, field), getattr(expected, field), f"{seed} {field}")
        scale = np.sqrt(expected.variance) + 1e-7 * np.abs(expected.mean) + 1e-12
        assert (
            np.abs(state.mean - expected.mean)[expected.finite > 0] <= 1e-5 * scale[expected.finite > 0]
        ).all()
        np.testing.assert_allclose(state.m2, expected.m2, rtol=1e-4, atol=1e-9)
        # float32 kernels of PyTorch round where digits cancel
        np.testing.assert_allclose(
            state.absolute, expected.absolute, rtol=2e-5, atol=1e-5 * expected.elements
        )
        np.testing.assert_allclose(state.value_minimum, expected.value_minimum, rtol=1e-5, atol=2e-5)
        np.testing.assert_allclose(state.value_maximum, expected.value_maximum, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_on_a_device_nothing_is_read_until_the_state_is(function):
    """A tensor on `meta` has no values: whatever waited for one would fail."""
    compute = FUNCTIONS[function]
    rule = firing_rule(activation(function), "pre" if compute else "post")
    meta = torch.device("meta")
    sums = UnitSums(rule, 3, meta, Scratch())
    for shape, axis in (((8, 3), 1), ((8, 3, 4, 4), 1), ((8, 5, 3), 2)):
        x = torch.empty(shape, device=meta, dtype=torch.bfloat16)
        batch = sums.add(x, axis, None)
        if compute:
            sums.add_outputs(batch, compute(x), compute)
    assert (sums.samples, sums.elements) == (24, 8 + 8 * 16 + 8 * 5)
    mask = torch.ones((8, 5, 1), device=meta, dtype=torch.bool)
    sums.add(torch.empty((8, 5, 3), device=meta), 2, mask)
    assert sums.samples.device.type == "meta"

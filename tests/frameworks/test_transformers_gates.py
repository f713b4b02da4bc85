"""The SwiGLUs with a limit, against the gates of the models that use them in transformers."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.nn import functional as F  # noqa: E402, N812 - as everybody calls it

from actcli import activation  # noqa: E402

ROWS = np.random.default_rng(3).normal(size=(40, 8)) * np.array([1, 4, 12, 30]).repeat(10)[:, None]
MODELS = {
    "swiglu_oai": ("gpt_oss", "GptOssExperts", 7.0),
    "swiglu:limit=10": ("deepseek_v4", "DeepseekV4Experts", 10.0),
    "swiglu_step": ("step3p7", "Step3p7Experts", 7.0),
}


@pytest.mark.parametrize("spec", MODELS)
def test_value_and_jacobian_are_those_of_the_model(spec):
    folder, name, limit = MODELS[spec]
    modeling = pytest.importorskip(f"transformers.models.{folder}.modeling_{folder}")
    experts = SimpleNamespace(limit=limit, alpha=1.702, act_fn=F.silu)
    gate = lambda x: getattr(modeling, name)._apply_gate(experts, x)  # noqa: E731 - it has no public name
    np.testing.assert_allclose(activation(spec)(ROWS), gate(torch.tensor(ROWS)).numpy(), rtol=1e-14)
    for row in ROWS:
        theirs = torch.autograd.functional.jacobian(gate, torch.tensor(row)).numpy()
        np.testing.assert_allclose(activation(spec).jacobian(row), theirs, rtol=1e-13, atol=1e-15)


def test_no_two_of_them_are_the_same():
    results = [activation(spec)(ROWS) for spec in ("swiglu", *MODELS)]
    assert all(not np.allclose(a, b) for i, a in enumerate(results) for b in results[:i])

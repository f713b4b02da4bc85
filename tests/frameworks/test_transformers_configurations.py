"""The models that are said to have a gate, or none, by the code of transformers itself."""

import inspect
import re

import pytest

transformers = pytest.importorskip("transformers")

from actcli.sources import configuration  # noqa: E402

GATE = re.compile(r"act(_fn|ivation_fn)?\(self\.gate_proj\(\w+\)\) \* ")


def code_of(model):
    from importlib import import_module

    name = model.removesuffix("_text")
    return inspect.getsource(import_module(f"transformers.models.{name}.modeling_{name}"))


@pytest.mark.parametrize("model", sorted(configuration._GATED))
def test_a_gate_multiplies_the_activation(model):
    assert GATE.search(code_of(model))


@pytest.mark.parametrize("model", sorted(configuration._PLAIN))
def test_there_is_no_gate(model):
    assert not GATE.search(code_of(model))

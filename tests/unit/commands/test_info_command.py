"""`actcli info` as a call: the keys of its JSON, its flat form, and what dialects and parameters change."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.activations import catalogue
from actcli.analysis.compare.timing import Peer
from actcli.sources import peers


def record(spec: str, *arguments: str) -> dict:
    return invoke("info", spec, "--format", "json", *arguments).json


KEYS = [
    "function", "name", "aliases", "family", "formula", "derivative", "source", "year", "parameters", "range",
    "limits", "zeros", "endless_zeros", "turning_points", "at_zero", "monotone", "convexity", "symmetry", "period",
    "bounded", "smoothness", "lipschitz", "largest_slope", "largest_slope_certain", "largest_slope_at",
    "largest_curvature", "largest_curvature_certain", "largest_curvature_at",
    "zero_gradient", "saturation", "normal", "gains", "kinks", "frameworks",
]  # fmt: skip


def test_the_keys_of_a_card() -> None:
    card = record("leaky_relu:0.2")
    assert list(card) == ["schema", *KEYS]
    assert card["parameters"]["alpha"] == {
        "value": 0.2,
        "default": 0.01,
        "bounds": "any",
        "aliases": ["negative_slope", "slope"],
        "defaults": {"torch": [0.01], "jax": [0.01], "keras": [0.2, 0.3], "onnx": [0.01], "hf": [0.01]},
    }
    assert list(card["range"]) == [
        "infimum", "infimum_reached", "infimum_at", "infimum_certain",
        "supremum", "supremum_reached", "supremum_at", "supremum_certain",
    ]  # fmt: skip
    assert list(card["limits"]) == ["left", "left_certain", "right", "right_certain"]
    assert list(card["gains"]) == ["second_moment", "standard_deviation", "gradient", "torch"]
    assert card["kinks"] == [
        {
            "at": 0.0,
            "jump": 0.0,
            "slopes": {"left": 0.2, "right": 1.0, "torch": 0.2, "jax": 1.0},
            "curvatures": {"left": 0.0, "right": 0.0, "torch": 0.0, "jax": 0.0},
        }
    ]
    assert card["gains"]["torch"] == math.sqrt(2 / 1.04)
    assert card["frameworks"]["onnx"] == ["LeakyRelu"]


def test_the_keys_of_a_card_over_rows() -> None:
    card = record("glu")
    assert list(card) == ["schema", *KEYS[:10], "smoothness", "keeps_length", "frameworks"]
    assert card["keeps_length"] is False


@pytest.mark.parametrize("definition", catalogue(), ids=lambda d: d.name)
def test_every_function_has_a_card_in_every_form(definition) -> None:
    own = not definition.frameworks or "." not in definition.name
    spec = (
        definition.name if own else f"{definition.name.partition('.')[0]}.{definition.frameworks[0].names[0]}"
    )
    assert record(spec)["formula"] == definition.formula
    plain = invoke("info", spec).out
    assert plain.startswith("property\tvalue\nfunction\t")
    assert {line.count("\t") for line in plain.splitlines()} == {1}
    assert definition.source.split()[0] in invoke("info", spec, "--format", "table").out


def test_the_flat_forms_agree() -> None:
    tab = [line.split("\t") for line in invoke("info", "gelu").out.splitlines()]
    comma = list(csv.reader(io.StringIO(invoke("info", "gelu", "--format", "csv").out)))
    assert tab == comma
    flat = dict(tab[1:])
    card = record("gelu")
    assert float(flat["gains.second_moment"]) == card["gains"]["second_moment"]
    assert flat["gains.torch"] == ""
    assert flat["range.infimum_reached"] == "yes"
    assert {"schema": 1, **invoke("info", "gelu", "--format", "jsonl").json} == card
    assert "| property | value |\n| --- | --- |\n" in invoke("info", "gelu", "--format", "markdown").out


def test_a_dialect_has_its_own_numbers() -> None:
    assert record("torch.softplus")["kinks"][0]["at"] == 20.0
    assert record("softplus")["kinks"] == []
    assert record("torch.softplus")["kinks"][0]["jump"] == pytest.approx(-math.log1p(math.exp(-20)), rel=1e-6)


def test_intervals_are_objects_and_infinities_strings() -> None:
    assert record("relu6")["zero_gradient"] == [
        {"low": "-inf", "high": 0.0, "holds_low": False, "holds_high": True},
        {"low": 6.0, "high": "inf", "holds_low": True, "holds_high": False},
    ]
    assert dict(line.split("\t") for line in invoke("info", "relu6").out.splitlines())["zero_gradient"] == (
        "(-inf, 0.0] [6.0, inf)"
    )


def test_the_cost_is_measured_when_asked() -> None:
    assert "cost_relative_to_relu" not in record("mish")
    assert record("mish", "--cost")["cost_relative_to_relu"] > 1
    shown = invoke("info", "softmax", "--cost", "--format", "table").out
    assert re.search(r"actcli, NumPy +\S+ × relu", shown)
    assert "not on a GPU" in " ".join(shown.split())


def test_the_cost_in_a_framework_stands_beside_ours(monkeypatch) -> None:
    def prepare(f, order):
        assert order == 0
        return None if f.name == "mish" else lambda x: lambda: np.sort(x)

    peer = Peer("torch", "9.1", np.asarray, prepare, lambda _: None)
    monkeypatch.setattr(peers, "_torch", lambda: peer)
    found = record("gelu", "--cost", "--with", "torch")
    assert list(found["cost_in_frameworks"]) == ["torch 9.1"]
    assert found["cost_in_frameworks"]["torch 9.1"] > 0
    lacking = invoke("info", "mish", "--cost", "--with", "torch", "--format", "json")
    assert "cost_in_frameworks" not in json.loads(lacking.out)
    assert "torch 9.1 has no mish with the same values" in lacking.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--with", "torch"], "--with needs --cost"),
        (["--cost", "--with", ""], "--with '' lacks a value"),
        (["--cost", "--with", "torch,"], "--with 'torch,' lacks a value"),
        (["--cost", "--with", "torch,torch"], "--with 'torch,torch' has torch twice"),
        (["--cost", "--with", "tensorflow"], "--with takes torch and jax, not 'tensorflow'"),
        (["--cost", "--with", "numpy"], "not 'numpy'"),
        (["--cost", "--with", "torch jax"], "not 'torch jax'"),
        (["--cost", "--with", "cuda"], "not 'cuda'"),
        (["--cost", "--with"], "--with"),
        (["--cost", "--with", "\x1b[31m"], r"not '\x1b[31m'"),
        (["--cost", "--with", "jax", "--with", "torch"], "--with is given twice"),
        (["--code", "torch", "--with", "torch"], "--with needs --cost"),
    ],
)
def test_frameworks_to_time_are_refused_in_one_line(arguments, said) -> None:
    assert said in refused("info", "gelu", *arguments)


def test_a_file_appears_whole(tmp_path) -> None:
    target = tmp_path / "card.md"
    assert invoke("info", "relu", "-o", str(target)).out == ""
    assert target.read_text().startswith("| property | value |")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rellu"], "did you mean relu"),
        (["leaky_relu:beta=1"], "has no parameter 'beta'"),
        (["relu", "-o", "card.npz"], "npz holds numbers, not the card of a function"),
    ],
)
def test_mistakes(arguments: list[str], said: str) -> None:
    assert said in refused("info", *arguments)


def screen(spec: str) -> str:
    return invoke("info", spec, "--format", "table").out


def test_what_is_not_certain_is_marked() -> None:
    assert "≈ (-∞, ∞)" in screen("sin(x)/x+x/1e9")
    assert "≈" not in screen("cos(x)-x")
    assert "≈" not in screen("gelu")
    assert record("sin(x)/x+x/1e9")["range"]["infimum_certain"] is False


def test_a_wave_is_periodic_in_words() -> None:
    text = screen("max(0,sin(x))")
    assert "periodic, every 6.28319" in text
    assert "periodic and bounded" in text
    assert record("max(0,sin(x))")["period"] == 2 * math.pi


@pytest.mark.parametrize("formula", ["x%0", "(-0.7)^x"])
def test_a_formula_without_a_value_says_so(formula: str) -> None:
    assert "has no value on any interval" in screen(formula)
    card = record(formula)
    assert card["monotone"] == "none"
    assert "normal" not in card


@pytest.mark.parametrize("formula", ["0/x^3", "floor(log1p(x))", "sqrt(x-1e300)"])
def test_formulas_that_once_ended_in_an_internal_error(formula: str) -> None:
    assert record(formula)["function"] == formula


@pytest.mark.parametrize(
    ("formula", "at_least", "inside"),
    [("exp(x)-1-x", 15, 1e-9), ("x*tanh(log(1+exp(x)))", 14, -40.0), ("log(1-1/(1+exp(-x)))", 15, 60.0)],
)
def test_how_many_digits_are_lost_and_where(formula: str, at_least: float, inside: float) -> None:
    recognised = record(formula)["recognised"]
    assert recognised["digits_the_typed_form_loses"] >= at_least
    assert any(part["low"] <= inside <= part["high"] for part in recognised["digits_lost_in"])
    assert "of 16 digits" in screen(formula)


def test_a_formula_that_keeps_its_digits_says_nothing_of_them() -> None:
    assert record("x*tanh(x)")["recognised"]["digits_lost_in"] == []

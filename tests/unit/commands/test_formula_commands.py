"""Formulas on the command line: wherever a function stands, with values from --set and --sweep."""

import json

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.commands.functions import specifications
from actcli.commands.options import FunctionOptions


def test_values_and_derivatives_of_any_order():
    assert invoke("eval", "x^2 - 1", "3").out == "8.0\n"
    assert invoke("eval", "-tanh(x)", "0").out == "-0.0\n"
    assert invoke("grad", "x^7", "1", "--order", "7").out == "5040.0\n"
    assert float(invoke("grad", "gelu", "0", "--order", "4").out) == pytest.approx(-4 / np.sqrt(2 * np.pi))
    assert "1 to 100" in refused("grad", "x^2", "1", "--order", "101")
    assert "'2.5' is not a whole number" in refused("grad", "x^2", "1", "--order", "2.5")


def test_a_formula_s_derivative_is_checked_like_any_other():
    out = invoke("grad", "x*tanh(softplus(b*x))", "--set", "b=1.5", "--check", "--format", "json").out
    assert json.loads(out)["passed"] is True
    out = invoke("grad", "mish", "--order", "4", "--check", "--format", "json").out
    assert json.loads(out)["passed"] is True


def test_set_gives_every_function_that_has_the_parameter_its_value():
    assert specifications(["x*tanh(b*x)", "gelu"], FunctionOptions(settings=("b=2",))) == (
        "x*tanh(b*x):b=2",
        "gelu",
    )
    assert specifications(["b*x + c:c=1"], FunctionOptions(settings=("b=2",))) == ("b*x + c:c=1,b=2",)
    assert specifications(["leaky_relu"], FunctionOptions(settings=("slope=2",))) == ("leaky_relu:slope=2",)
    assert specifications(["relu/(b*x)"], FunctionOptions(settings=("b=2",))) == ("relu/(b*x):b=2",)
    assert invoke("eval", "leaky_relu", "-1", "--set", "alpha=0.5").out == "-0.5\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x*b", "1", "--set", "b"), "is not NAME=VALUE"),
        (("x*b", "1", "--set", "b="), "is not NAME=VALUE"),
        (("x*b", "1", "--set", "=1"), "is not NAME=VALUE"),
        (("x*b", "1", "--set", "b=one"), "is not NAME=VALUE"),
        (("x*b", "1", "--set", "b=1,2"), "is not NAME=VALUE"),
        (("x*b", "1", "--set", "b=nan"), "b must be a finite number"),
        (("x*b", "1", "--set", "b=1", "--set", "b=2"), "--set b is given twice"),
        (("x*b:b=1", "1", "--set", "b=2"), "b is given twice"),
        (("x*b", "1", "--set", "c=2"), "--set c: x*b has no parameter of that name; its parameters are b"),
        (("relu", "1", "--set", "b=2"), "--set b: relu has no parameter of that name; it has none"),
        (("softplus(x, beta=b)", "1", "--set", "b=-2"), "beta of softplus > 0"),
        (("x*b", "1"), "the parameter b of x*b must have a value"),
        (("relu", "1", "--no-rewrite"), "--no-rewrite needs a formula"),
    ],
)
def test_settings_that_set_nothing_are_refused(arguments, said):
    assert said in refused("eval", *arguments)


def test_no_rewrite_computes_what_is_typed():
    assert invoke("eval", "log(1+x)", "1e-20").out == "1e-20\n"
    assert invoke("eval", "log(1+x)", "1e-20", "--no-rewrite").out == "0.0\n"
    assert specifications(["b*x:2", "relu/(log(1+x))"], FunctionOptions(no_rewrite=True)) == (
        "plain(b*x):2",
        "relu/(plain(log(1+x)))",
    )


def test_a_person_is_told_what_was_rewritten():
    said = invoke("eval", "log(1+x)", "1", stderr_is_tty=True).err
    assert said == "actcli: computed without loss of digits: log(1+x) as log1p(x) (--no-rewrite: as typed)\n"
    assert invoke("eval", "log(1+x)", "1", "--no-rewrite", stderr_is_tty=True).err == ""
    assert invoke("eval", "x^2", "1", stderr_is_tty=True).err == ""
    assert invoke("eval", "log(1+x)", "1").err == ""


def test_a_sweep_gives_a_formula_s_parameter_its_values():
    out = invoke("compare", "x*tanh(b*x)", "--sweep", "b=0.5:2:4").out
    named = [line.partition("\t")[0] for line in out.splitlines()[1:]]
    assert named == [f"x*tanh(b*x):b={value}" for value in ("0.5", "1", "1.5", "2")]
    out = invoke("plot", "x*tanh(b*x) + c:c=1", "--sweep", "b=1,2", "--format", "csv", "--points", "3").out
    assert {line.rsplit(",", 4)[0] for line in out.splitlines()[1:]} == {
        '"x*tanh(b*x) + c:c=1,b=1"',
        '"x*tanh(b*x) + c:c=1,b=2"',
    }
    out = invoke("compare", "softplus(x, beta=b)", "--sweep", "b=1,2").out
    assert len(out.splitlines()) == 3
    assert "beta of softplus > 0" in refused("compare", "softplus(x, beta=b)", "--sweep", "b=-1,2")
    assert "the parameter c of" in refused("plot", "x*tanh(b*x) + c", "--sweep", "b=1,2")


def test_a_formula_is_a_layer_in_brackets():
    out = invoke(
        "compare", "relu/(x*tanh(x))", "gelu", "--by", "gradients", "--depth", "3", "--width", "8"
    ).out
    assert out.splitlines()[1].startswith("relu/(x*tanh(x))\t")
    assert "is a stack of layers" in refused("eval", "relu/(x*tanh(x))", "1")


def test_the_card_says_what_a_formula_is():
    record = json.loads(invoke("info", "0.5*x*(1+erf(x/√2))", "--format", "json").out)
    assert record["recognised"]["same_as"] == "gelu"
    assert record["recognised"]["rewritten"] == [{"typed": "0.5*x*(1+erf(x/√2))", "computed": "gelu(x)"}]
    assert record["recognised"]["digits_the_typed_form_loses"] == 16.0
    gelu = json.loads(invoke("info", "gelu", "--format", "json").out)
    assert record["lipschitz"] == pytest.approx(gelu["lipschitz"], rel=1e-15)
    record = json.loads(invoke("info", "x if x > 0 else 0.2*x", "--format", "json").out)
    assert record["recognised"]["same_as"] == "leaky_relu:alpha=0.2"
    assert [kink["at"] for kink in record["kinks"]] == [0.0]
    record = json.loads(invoke("info", "x*tanh(softplus(b*x)):b=1.5", "--format", "json").out)
    assert (record["recognised"]["same_as"], record["recognised"]["nearest"]) == (None, "quick_gelu")
    assert 0.05 < record["recognised"]["largest_difference"] < 0.1
    assert record["parameters"]["b"]["value"] == 1.5
    out = invoke("info", "x/(1+exp(-x))", "--format", "table").out
    assert "this is         silu" in out
    assert "recognised" not in json.loads(invoke("info", "gelu", "--format", "json").out)


def test_dead_units_of_a_formula_are_found(tmp_path):
    x = np.random.default_rng(0).standard_normal((2000, 4))
    x[:, 2] -= 12.0
    np.save(tmp_path / "layer.npy", x)
    recorded = (str(tmp_path / "layer.npy"), "--recorded", "pre", "--format", "json")
    by_formula = invoke("deadcheck", *recorded, "--activation", "layer=max(x, 0)").out
    by_name = invoke("deadcheck", *recorded, "--activation", "layer=relu").out
    counts = [json.loads(out)["layers"][0] for out in (by_formula, by_name)]
    for one in counts:
        del one["function"], one["op"]
    assert counts[0] == counts[1]
    assert counts[0]["dead"] == 1

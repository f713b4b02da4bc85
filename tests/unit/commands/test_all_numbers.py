"""All numbers of a type as input: `--all`, `--stride`, `--around`, and the reference file of results."""

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation
from actcli.analysis.number_types import BFLOAT16, narrow


def test_all_numbers_of_bfloat16_are_its_65536_patterns_in_order():
    lines = invoke("eval", "relu", "--all", "bfloat16", "--bits", "--with-x").out.split("\n")[:-1]
    assert [line.partition("\t")[0] for line in lines] == [f"0x{pattern:04x}" for pattern in range(1 << 16)]
    results = dict(line.split("\t") for line in lines)
    assert results["0x3f80"] == "0x3f80"  # 1
    assert results["0xbf80"] == "0x0000"  # -1
    assert results["0x7f80"] == "0x7f80"  # inf


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    "function", ["gelu", "silu", "mish", "elu", "softplus", "tanh", "hard_swish", "relu"]
)
def test_the_reference_passes_its_own_judgement(name, function, tmp_path):
    path = str(tmp_path / "golden.npz")
    for order in ((), ("--order", "1")):
        invoke("grad" if order else "eval", function, "--all", name, "-o", path)
        judge = ("compare", function, "--by", "precision", "--all", name, "--against", path, "--array", "y")
        outcome = invoke(*judge, *order, "--types", name, "--max-ulp", "0.5", "--format", "json")
        assert outcome.status == 0, outcome.err
        assert outcome.json["contenders"][0]["correctly_rounded"] == 1


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("command", [("eval", "silu"), ("grad", "silu")])
def test_results_are_rounded_once_from_float64(name, command, tmp_path):
    path = tmp_path / "golden.npz"
    assert invoke(*command, "--all", name, "-o", str(path)).status == 0
    golden = np.load(path)
    f = activation("silu")
    with np.errstate(all="ignore"):
        x = golden["x"].astype(np.float64)
        exact = f.grad(x) if command[0] == "grad" else f(x)
        wanted = BFLOAT16.round(exact) if name == "bfloat16" else exact.astype(np.float16)
    np.testing.assert_array_equal(golden["y"], wanted)
    assert golden["x"].dtype == (np.float32 if name == "bfloat16" else np.float16)


def test_the_reference_has_the_patterns_of_its_results(tmp_path):
    path = tmp_path / "golden.npz"
    invoke("eval", "gelu", "--all", "bfloat16", "-o", str(path))
    golden = np.load(path)
    assert sorted(golden) == ["bits", "x", "y"]
    np.testing.assert_array_equal(golden["bits"], narrow(BFLOAT16, golden["y"]))
    assert golden["bits"][0xBF80] == 0xBE22  # gelu(-1) = -0.1587


def test_a_stride_takes_every_so_manieth_pattern():
    patterns = invoke("eval", "relu", "--all", "float32", "--stride", str(1 << 28), "--bits", "--with-x").out
    assert [line.split("\t")[0] for line in patterns.splitlines()] == [f"0x{n:x}0000000" for n in range(16)]


def test_float64_is_sampled_by_a_stride():
    assert len(invoke("eval", "relu", "--all", "float64", "--stride", str(1 << 60)).out.split()) == 16


@pytest.mark.parametrize(
    ("arguments", "count", "there"),
    [
        (("eval", "relu", "--all", "float16", "--around", "kinks"), 130, {"0.0", "-0.0", "6e-8"}),
        (("eval", "hard_tanh", "--all", "bfloat16", "--around", "kinks"), 258, {"1.0", "1.01", "-0.996"}),
        (("eval", "gelu", "--all", "bfloat16", "--around", "zeros"), 130, {"0.0"}),
        (("grad", "gelu", "--all", "bfloat16", "--around", "zeros"), 129, {"-0.754", "-0.75"}),
    ],
)
def test_around_takes_the_neighbours_of_kinks_or_zeros(arguments, count, there):
    lines = invoke(*arguments, "--with-x").out.splitlines()
    x = [line.split("\t")[0] for line in lines]
    assert len(x) == count
    assert there <= set(x)
    assert sorted(map(float, x)) == list(map(float, x))


def test_results_may_have_another_type():
    assert invoke("eval", "relu", "--all", "bfloat16", "--stride", "16256", "--dtype", "float64").out.split() == [
        "0.0", "1.0", "1.7014118346046923e+38", "0.0", "0.0",
    ]  # fmt: skip


BAD = {
    "eval relu --all": "--all needs TYPE",
    "eval relu --all float8": "'float8' is not one of",
    "eval relu --all float64": "2^64 numbers",
    "eval relu --all float16 1": "one input at a time",
    "eval relu --all float16 --range 0 1": "one input at a time: --range or --all",
    "eval relu --stride 2 1": "--stride needs --all TYPE",
    "eval relu --all float16 --stride 0": "'0' is not a whole number",
    "eval relu --all float16 --stride 1.5": "'1.5' is not a whole number",
    "eval relu --around kinks 1": "--around needs --all TYPE",
    "eval relu --all float16 --around ends": "'ends' is not one of",
    "eval relu --all float16 --around kinks --stride 2": "--around does not go with --stride",
    "eval sigmoid --all float16 --around zeros": "sigmoid has none",
    "eval silu --all float16 --around kinks": "silu has none",
    "eval softmax --all float16": "softmax works over rows",
    "grad silu --all float16 --around zeros --order 3": "not of order 3",
    "grad elu --all float16 --around zeros --wrt alpha": "--around zeros belongs to --wrt x",
    "eval relu --all float16 --column 1": "--column chooses",
    "eval relu --all float16 --array x": "--array chooses",
    "compare relu gelu --all float16": "--all belongs to --by values",
    "compare relu gelu --by values --all float16 -i x.npy": "--input does not go with --all",
}


@pytest.mark.parametrize("line", BAD)
def test_wrong_requests_for_all_numbers(line):
    assert BAD[line] in refused(*line.split())

"""bfloat16 beside the types of NumPy in every format, and numbers as bit patterns."""

import json

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation
from actcli.analysis.number_types import BFLOAT16, narrow, numpy_type, widen
from actcli.render.text.numbers import shortest_decimals
from actcli.sources.numbers.low_precision import number_type

X = (-1.0, 0.1, 3e38, 1e-40)


def rounded(x):
    return BFLOAT16.round(np.array(x, np.float64))


def values_of(path, *more):
    return [float(token) for token in invoke("eval", "x", str(path), *more).out.split()]


def test_arguments_and_results_are_rounded_to_bfloat16_once():
    out = invoke("eval", "gelu", "--dtype", "bfloat16", "--", *map(str, X)).out
    wanted = rounded(activation("gelu")(rounded(X)))
    assert [float(token) for token in out.split()] == [float(f"{y:.3g}") for y in wanted]


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors", "txt", "csv", "json"])
def test_every_format_keeps_bfloat16(suffix, tmp_path):
    path = tmp_path / f"y.{suffix}"
    assert invoke("eval", "relu", "--dtype", "bfloat16", "-o", str(path), "1.001", "0.1").status == 0
    if suffix == "json":
        document = json.loads(path.read_text())
        assert (document["dtype"], document["values"]) == ("bfloat16", [1.0, 0.1])
        return
    void = ("--dtype", "bfloat16") if suffix in {"npy", "npz", "txt", "csv"} else ()
    assert values_of(path, *void) == [1.0, 0.1]
    if suffix != "txt":
        assert invoke("eval", "x", str(path), "--bits", "--dtype", "bfloat16").out == "0x3f80\n0x3dcd\n"


def test_files_are_those_of_ml_dtypes_and_safetensors(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.array([1.5, -2.0], ml_dtypes.bfloat16)
    np.save(tmp_path / "theirs.npy", x)
    invoke("eval", "x", "--dtype", "bfloat16", "-o", str(tmp_path / "ours.npy"), "1.5", "-2")
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


@pytest.mark.parametrize(("dtype", "form"), [("bfloat16", "BF16"), ("float16", "F16"), ("float64", "F64")])
def test_safetensors_are_written_as_they_are_read(dtype, form, tmp_path):
    np.savez(tmp_path / "two.npz", a=np.ones((2, 3)), b=np.zeros(1))
    path = tmp_path / "y.safetensors"
    assert invoke("eval", "relu", str(tmp_path / "two.npz"), "--dtype", dtype, "-o", str(path)).status == 0
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    table = json.loads(raw[8 : 8 + size])
    assert size % 8 == 0
    assert {name: (one["dtype"], one["shape"]) for name, one in table.items()} == {
        "a": (form, [2, 3]),
        "b": (form, [1]),
    }
    assert values_of(path, "--array", "a") == [1.0] * 6


def test_a_bfloat16_file_gives_bfloat16_results_and_float32_only_on_request(tmp_path):
    path = tmp_path / "x.safetensors"
    invoke("eval", "x", "--dtype", "bfloat16", "-o", str(path), "0.3")
    assert values_of(path) == [0.3]
    assert values_of(path, "--dtype", "float32") == [0.30078125]
    assert invoke("eval", "sigmoid", str(path)).out == "0.574\n"
    assert invoke("grad", "sigmoid", str(path)).out == "0.244\n"


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_decimals_are_the_shortest_that_read_back(name):
    kind = number_type(name)
    numbers = kind.decode(np.arange(1 << 16))
    finite = np.isfinite(numbers)
    decimals = shortest_decimals(kind)
    np.testing.assert_array_equal(kind.round(decimals[finite]), numbers[finite])
    for decimal, number in zip(decimals[1 : kind.count : 97], numbers[1 : kind.count : 97], strict=True):
        digits = len(repr(float(decimal)).partition("e")[0].replace(".", "").strip("0"))
        assert digits <= 5
        if digits > 1:
            shorter = np.array([float(f"{number:.{digits - 2}e}")])
            assert kind.round(shorter)[0] != number


@pytest.mark.parametrize(
    ("dtype", "pattern", "y"),
    [
        ("bfloat16", "0xbf80", "-1.0"),
        ("float16", "0xBC00", "-1.0"),
        ("float32", "0x3f800000", "1.0"),
        ("float64", "0x8000000000000000", "-0.0"),
        ("float16", "0x7c00", "inf"),
    ],
)
def test_a_bit_pattern_is_read_beside_decimals(dtype, pattern, y):
    result = invoke("eval", "x", "--dtype", dtype, "--bits", pattern, "-1", "--format", "plain")
    assert (
        result.out.splitlines()[0].lower() == invoke("eval", "x", "--dtype", dtype, "--bits", y).out.strip()
    )
    assert len(result.out.splitlines()) == 2


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_patterns_of_a_text_and_of_an_array_are_the_same_numbers(name, tmp_path):
    kind = number_type(name)
    patterns = np.arange(0, 1 << 16, 257).astype(np.uint16)
    np.save(tmp_path / "p.npy", patterns)
    (tmp_path / "p.txt").write_text(" ".join(f"0x{one:04x}" for one in patterns))
    (tmp_path / "p.csv").write_text("name,x\n" + "".join(f"a,0x{one:04x}\n" for one in patterns))
    texts = [
        invoke("eval", "abs(x)", str(tmp_path / file), "--dtype", name, "--bits").out
        for file in ("p.npy", "p.txt", "p.csv")
    ]
    assert texts[0] == texts[1] == texts[2]
    magnitude = [int(token, 16) for token in texts[0].split()]
    numbers = ~np.isnan(widen(kind, patterns).astype(np.float64))
    assert (np.array(magnitude)[numbers] == (patterns & 0x7FFF)[numbers]).all()


def test_patterns_in_other_formats(tmp_path):
    line = ("eval", "relu", "--dtype", "bfloat16", "--bits", "0x3f80")
    assert json.loads(invoke(*line, "--format", "json").out)["values"] == ["0x3f80"]
    assert invoke(*line, "--format", "jsonl").out == '{"x":"0x3f80","y":"0x3f80"}\n'
    assert "0x3f80" in invoke(*line, "--format", "table", "--with-x").out
    assert "| 0x3f80 |" in invoke(*line, "--format", "markdown").out
    invoke(*line, "-o", str(tmp_path / "y.npy"))
    assert np.load(tmp_path / "y.npy").tolist() == [0x3F80]
    rows = invoke("eval", "softmax", "--dtype", "float16", "--bits", "0x3c00", "0x3c00").out
    assert rows == "0x3800 0x3800\n"


def test_patterns_and_numbers_are_inverse_for_every_type():
    for name in ("float32", "float64"):
        kind = numpy_type(np.dtype(name))
        values = np.array([0.0, -0.0, 1.5, -np.inf, 1e-40], name)
        np.testing.assert_array_equal(widen(kind, narrow(kind, values)), values)
        places = kind.place(values.astype(np.float64))
        np.testing.assert_array_equal(kind.at(places[[0, 2, 4]]).astype(name), values[[0, 2, 4]])


BAD = {
    "eval relu --bits 1": "--bits needs --all TYPE or --dtype TYPE",
    "eval relu 0x3f80": "--bits reads bit patterns",
    "eval relu --dtype bfloat16 --bits 0x3f8": "a bit pattern of bfloat16 has 0x and 4 digits",
    "eval relu --dtype bfloat16 --bits 0x3f800": "a bit pattern of bfloat16 has 0x and 4 digits",
    "eval relu --dtype float32 --bits 0x3f80": "a bit pattern of float32 has 0x and 8 digits",
    "eval relu --dtype bfloat16 --bits 0x3g80": "neither a number nor a file",
    "eval relu --dtype bfloat16 --bits 3f80": "neither a number nor a file",
    "eval relu --dtype bfloat16 --bits -- -0x3f80": "neither a number nor a file",
    "eval relu --dtype bfloat16 --bits 0x_3f8": "neither a number nor a file",
    "eval relu --dtype bfloat16 --bits 0x3f80 --digits 3": "--digits does not go with --bits",
    "eval relu --dtype bf16 1": "'bf16' is not one of",
    "eval relu --dtype float8_e4m3 1": "float8_e4m3 says what an .npy file holds",
}


@pytest.mark.parametrize("line", BAD)
def test_wrong_requests_for_patterns(line):
    assert BAD[line] in refused(*line.split())

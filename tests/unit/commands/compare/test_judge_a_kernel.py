"""`compare --by precision --against` with all numbers of a type: from the files of a kernel to a verdict."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation
from actcli.analysis.number_types import BFLOAT16, narrow
from actcli.exits import DataError


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Return a folder with a good and a bad bfloat16 kernel of gelu, and a good gradient, as ml_dtypes saves them."""
    folder = tmp_path_factory.mktemp("kernel")
    x = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    f = activation("gelu")
    with np.errstate(all="ignore"):
        exact = f(x.astype(np.float64))
        slope = f.grad(x.astype(np.float64))
        naive = exact.copy()
        tail = (x < -3) & np.isfinite(x)
        # 1 + erf(x/√2) cancels in the tail of a kernel that computes it in about seven digits
        erf = np.round(2 * (exact[tail] / x[tail]) - 1, 7)
        naive[tail] = x[tail] * 0.5 * (1 + erf)
    for name, values in (("good", exact), ("bad", naive), ("slope", slope)):
        patterns = narrow(BFLOAT16, BFLOAT16.round(values))
        np.save(folder / f"{name}.npy", patterns.view("V2"))
        np.save(folder / f"{name}32.npy", BFLOAT16.round(values).astype(np.float32))
    return folder


def judged(kernel, name, *more):
    return invoke(
        "compare", "gelu", "--by", "precision", "--all", "bfloat16", "--against", str(kernel / name),
        "--types", "bfloat16", "--format", "json", *more,
    )  # fmt: skip


def values(outcome):
    return outcome.json["contenders"][0]


def test_a_good_kernel_passes(kernel):
    outcome = judged(kernel, "good.npy", "--max-ulp", "0.5")
    assert outcome.status == 0
    assert values(outcome)["correctly_rounded"] == 1
    assert values(outcome)["count"] == 65536
    assert judged(kernel, "slope.npy", "--order", "1", "--max-ulp", "0.5").status == 0


def test_a_bad_tail_is_found_by_either_definition_and_in_its_region(kernel):
    for definition in ("error", "steps"):
        outcome = judged(kernel, "bad.npy", "--max-ulp", "2", "--ulp", definition, "--regions")
        assert outcome.status == 3
        assert values(outcome)["max_ulp"] > 2
        assert values(outcome)["max_ulp_x"] < -3
        assert outcome.json["settings"]["ulp"] == definition
    regions = outcome.json["contenders"][0]["regions"]
    assert {one["from"] < 0 for one in regions if isinstance(one["from"], float) and one["max_ulp"] > 2} == {
        True
    }
    worst = outcome.json["contenders"][0]["worst"][0]
    assert np.uint32(int(worst["x_bits"], 16) << 16).view(np.float32) == np.float32(worst["x"])


def test_the_histogram_is_that_of_steps(kernel):
    histogram = judged(kernel, "good.npy").json["contenders"][0]["histogram"]
    assert [(one["steps_from"], one["count"]) for one in histogram] == [
        (0, 65536), (1, 0), (2, 0), (3, 0), (11, 0), (101, 0),
    ]  # fmt: skip


def test_a_float32_file_of_bfloat16_numbers_needs_no_type_beside_all_bfloat16(kernel):
    line = ("compare", "gelu", "--by", "precision", "--all", "bfloat16", "--format", "json", "--against")
    assert json.loads(invoke(*line, str(kernel / "good32.npy")).out)["settings"]["type"] == "bfloat16"
    np.save(kernel / "x.npy", np.linspace(-3, 3, 1000, dtype=np.float32))
    np.save(kernel / "y.npy", BFLOAT16.round(activation("gelu")(np.linspace(-3, 3, 1000))).astype(np.float32))
    message = refused(
        "compare",
        "gelu",
        "--by",
        "precision",
        "-i",
        str(kernel / "x.npy"),
        "--against",
        str(kernel / "y.npy"),
    )
    assert "--types bfloat16 or --types float32" in message


def test_the_text_of_bfloat16_results_is_read_as_bfloat16(kernel):
    (kernel / "y.txt").write_text(invoke("eval", "gelu", "--all", "bfloat16").out)
    assert values(judged(kernel, "y.txt"))["correctly_rounded"] == 1


def test_junit_fails_as_the_exit_status_does(kernel, tmp_path):
    line = ("--max-ulp", "2", "--regions")
    path = tmp_path / "report.xml"
    good = invoke(
        "compare", "gelu", "--by", "precision", "--all", "bfloat16", "--against", str(kernel / "good.npy"),
        "--types", "bfloat16", "-o", str(path), *line,
    )  # fmt: skip
    assert good.status == 0
    assert ET.parse(path).getroot().get("failures") == "0"  # noqa: S314 - our own file
    bad = invoke(
        "compare", "gelu", "--by", "precision", "--all", "bfloat16", "--against", str(kernel / "bad.npy"),
        "--types", "bfloat16", "--format", "junit", *line,
    )  # fmt: skip
    assert bad.status == 3
    suite = ET.fromstring(bad.out)  # noqa: S314 - our own file
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed[0] == "gelu"
    assert failed[1:]
    assert all("x from -" in name for name in failed[1:])


P = "compare gelu --by precision --all bfloat16"
BAD = {
    f"{P} --ulp steps": "--ulp needs --against FILE",
    f"{P} --ftz": "--ftz needs --against FILE",
    f"{P} --daz": "--daz needs --against FILE",
    f"{P} --regions": "--regions needs --against FILE",
    f"{P} --ignore-zero-sign": "--ignore-zero-sign needs --against FILE",
    f"{P} --against y.npy --ulp exact": "'exact' is not one of",
    f"{P} --against y.npy --max-ulp x": "'x' is not a finite number",
    f"{P} --against y.npy --order 3": "--order 3",
    f"{P} --format junit": "junit is a verdict on the results of --against",
    f"{P} --against y.npy --plot -o y.xml": "--plot draws, and junit holds a verdict",
    f"{P} --against y.npy -o y.xml --format csv": "junit by its suffix, but --format says csv",
    f"{P} --against y.npy -o y.txt --format junit": "junit goes to a file that ends in .xml",
    "compare gelu relu --ftz": "--ftz belongs to --by precision",
    "compare gelu --by precision --against y.npy": "--against needs --input FILE or --all TYPE",
    "compare gelu relu --by precision --all bfloat16 --against y.npy": "holds the results of one function",
}


@pytest.mark.parametrize("line", BAD)
def test_wrong_requests(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("y.npy", np.zeros(1 << 16, np.float32))
    assert BAD[line] in refused(*line.split())


def test_files_that_do_not_fit(tmp_path):
    np.save(tmp_path / "y.npy", np.zeros(9, np.float32))
    for name, says in (
        ("y.npy", "9 results for 65,536 numbers of --all bfloat16"),
        ("gone.npy", "No such file"),
    ):
        with pytest.raises(DataError, match=says):
            invoke(*P.split(), "--against", str(tmp_path / name))


WITH = {
    "compare gelu --by precision --with mxnet": "--with takes torch, jax, onnxruntime, keras, not 'mxnet'",
    "compare gelu --by precision --with": "--with needs NAMES",
    "compare gelu --by precision --with torch,,jax": "lacks a value",
    "compare gelu --by precision --with torch,torch": "torch twice",
    "compare gelu --by precision --with torch --all bfloat16": "--all does not go with --with",
    "compare gelu --by precision --with torch --order 1": "--order does not go with --with",
    "compare gelu --by precision --with torch --types float8_e4m3": "compute nothing in float8",
    "compare gelu --by precision --with torch --types float12": "unknown number type 'float12'",
    "compare torch.gelu --by precision --with torch": "each framework by its own definition; write gelu",
    "compare softmax --by precision --with torch": "maps rows to rows",
    "compare gelu --by precision --with torch --format junit": "junit is a verdict on the results of --against",
}


@pytest.mark.parametrize("line", WITH)
def test_wrong_requests_for_frameworks(line):
    assert WITH[line] in refused(*line.split())

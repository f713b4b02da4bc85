"""`actcli compare` as a call: what goes to which measurement, what is refused, what comes out."""

import json
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Step
from actcli.commands.compare import modes
from actcli.commands.compare.options import CompareOptions
from actcli.commands.compare.report import FIGURES
from actcli.commands.declaration import declared
from actcli.exits import DataError

COLUMNS = (Column("size", "size"), Column("error", "error", "small"), Column("kept", "kept", "large"))


class Fake:
    """Stand in for every measurement: keep the contest, and measure the length of each name."""

    def __init__(self):
        self.contest = None
        self.pulled = 0
        self.failure = None
        self.found = False

    def __call__(self, contest):
        self.contest = contest
        return self.steps([stack.spec for stack in contest.stacks])

    @property
    def options(self):
        return self.contest.options

    def steps(self, specs):
        contenders = ()
        for i, spec in enumerate(specs, 1):
            if self.failure is not None and i == len(specs):
                raise self.failure
            self.pulled += 1
            values = {"size": len(spec), "error": float(len(spec)), "kept": 0.5 if "elu" in spec else None}
            contenders = (*contenders, Contender(spec, values))
            chart = Chart((Bars("size", tuple(specs), tuple(map(float, map(len, specs)))),))
            found = Comparison(
                "fake", COLUMNS, contenders, self.options.seed, chart=chart, over_limit=self.found
            )
            yield Step(i, len(specs), spec, found)


@pytest.fixture
def fake(monkeypatch):
    one = Fake()
    ways = {name: replace(way, steps=one) for name, way in modes.WAYS.items()}
    monkeypatch.setattr(modes, "WAYS", MappingProxyType(ways))
    return one


def specs(fake):
    return [stack.spec for stack in fake.contest.stacks]


@pytest.mark.usefixtures("fake")
def test_a_line_a_function_in_a_pipe():
    assert invoke("compare", "relu", "gelu_tanh").out == (
        "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\ngelu_tanh\t9\t9.0\t0.5\n"
    )


def test_a_sweep_makes_contenders(fake):
    invoke("compare", "leaky_relu", "prelu", "--sweep", "alpha=0.1,0.2", "--by", "values")
    assert specs(fake) == [
        f"{name}:alpha={value}" for name in ("leaky_relu", "prelu") for value in (0.1, 0.2)
    ]
    assert [f.spec for f in fake.contest.functions] == specs(fake)


def test_two_sweeps_make_every_pair(fake):
    invoke("compare", "softplus", "--sweep", "beta=1,2", "--sweep", "threshold=10,20", "--by", "values")
    assert specs(fake) == [f"softplus:beta={b},threshold={t}" for b in (1, 2) for t in (10, 20)]


def test_a_sign_in_a_formula_makes_another_function(fake):
    invoke("compare", "exp(x)", "exp(-x)", "--by", "gradients")
    assert specs(fake) == ["exp(x)", "exp(-x)"]


def test_one_function_under_two_names_is_compared(fake):
    for names in (("torch.gelu", "jax.gelu"), ("swish", "silu"), ("elu", "elu:1"), ("relu", "relu/relu")):
        invoke("compare", *names, "--by", "gradients")
        assert specs(fake) == list(names)


def test_stacks_are_for_gradients(fake):
    invoke("compare", "relu/relu/tanh", "gelu", "--by", "gradients")
    assert [len(stack.functions) for stack in fake.contest.stacks] == [3, 1]
    assert "--by gradients or --by training" in refused("compare", "relu/tanh", "gelu")
    assert "--sweep sets a parameter of one function" in refused(
        "compare", "relu/tanh", "--by", "gradients", "--sweep", "alpha=1,2"
    )
    assert "layer 2 of the stack relu/rleu" in refused("compare", "relu/rleu", "gelu", "--by", "gradients")


def test_what_gradients_take(fake):
    invoke(
        "compare",
        *("gelu", "--by", "gradients", "--depth", "9", "--weight-std", "1.5", "--bias-std", "0.1"),
        *("--width", "64", "--seeds", "3", "--seed", "5"),
    )
    options = fake.options
    assert (options.depths, options.weight_std, options.bias_std) == ((9,), 1.5, 0.1)
    assert (options.width, options.seeds, options.seed) == (64, 3, 5)
    invoke("compare", "gelu", "--by", "gradients", "--init", "he, gain")
    assert fake.options.init == ("he", "gain")


def test_what_the_others_take(fake, tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("a\n1\n")
    invoke("compare", "relu", "gelu", "--by", "values", "--range", "-3", "3", "--points", "7", "--order", "2")
    assert (fake.options.range, fake.options.points, fake.options.order) == ((-3.0, 3.0), 7, 2)
    invoke("compare", "relu", "--by", "information", "--bits", "4", "-i", str(data), "--column", "a")
    assert (fake.options.bits, fake.options.input, fake.options.column) == (4, str(data), ("a",))
    invoke("compare", "relu", "--by", "precision", "--types", "float16,bfloat16", "--order", "1")
    assert (fake.options.types, fake.options.order) == (("float16", "bfloat16"), 1)
    invoke("compare", "relu", "--by", "precision", "-i", "x.npy", "--against", "y.npy", "--max-ulp", "2")
    assert (fake.options.against, fake.options.max_ulp) == ("y.npy", 2.0)
    invoke("compare", "relu", "--by", "speed", "--with", "torch,jax")
    assert fake.options.frameworks == ("torch", "jax")


ONE_IS_ENOUGH = ("gradients", "training", "information", "precision", "speed")


@pytest.mark.parametrize("by", modes.WAYS)
@pytest.mark.usefixtures("fake")
def test_how_many_functions_are_needed(by):
    option = () if by == "summary" else ("--by", by)
    if by in ONE_IS_ENOUGH:
        invoke("compare", "gelu", *option)
    else:
        assert "needs two functions, or --sweep PARAM=VALUES for several of one; gelu is alone" in refused(
            "compare", "gelu", *option
        )
    invoke("compare", "elu", "--sweep", "alpha=1,2", *option)


OWN = {
    "--depth": "3", "--init": "he", "--weight-std": "1", "--bias-std": "1", "--width": "8", "--seeds": "2",
    "--seed": "1", "--bits": "4", "--types": "float16", "--against": "y.npy", "--max-ulp": "1", "--with": "torch",
    "--epochs": "2", "--batch": "8", "--lr": "auto", "--optimizer": "adam", "--data": "xor", "--target": "y",
    "--warmup": "1", "--schedule": "cosine", "--decay": "0", "--learn": "alpha", "--record": "r.csv",
    "--splits": "2", "--batch-norm": None, "--residual": None,
    "--order": "1", "--points": "5", "-i": "x.npy", "--array": "a", "--column": "a",
}  # fmt: skip


@pytest.mark.parametrize("option", OWN)
def test_an_option_of_another_measure(fake, option):
    long = "--input" if option == "-i" else option
    (declaration,) = (d.declaration for d in declared(CompareOptions) if d.declaration.name == long)
    assert declaration.modes
    for by in set(modes.WAYS) - set(declaration.modes):
        by_way = () if by == "summary" else ("--by", by)
        message = refused("compare", "relu", "gelu", *filter(None, (option, OWN[option])), *by_way)
        assert message.startswith(f"{long} belongs to --by ")
        assert all(f"--by {owner}" in message for owner in declaration.modes)
    assert fake.contest is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["relu", "rleu"], "unknown function 'rleu'"),
        (["relu", "gelu", "a/x.npy"], "-i a/x.npy"),
        (["relu", "softmax"], "softmax maps rows to rows"),
        (["relu", "gelu", "ReLU"], "ReLU is named twice"),
        (["exp(-x)", "exp(-x)"], "exp(-x) is named twice"),
        (["relu/tanh", "ReLU/tanh", "--by", "gradients"], "ReLU/tanh is named twice"),
        (["relu", "elu", "--sweep", "alpha=1,2"], "relu has no parameters"),
        (["elu:1", "--sweep", "alpha=1,2"], "elu:1 sets alpha, and so does --sweep alpha; leave one of them out"),
        (["elu", "--sweep", "alpha=1,2", "--sweep", "alpha=3,4"], "--sweep alpha is there twice; name all its values"),
        (["elu", "--sweep", "beta=1,2"], "no parameter 'beta'"),
        (["elu", "--sweep", "alpha"], "is not a sweep"),
        (["relu", "gelu", "--by", "looks"], "is not one of properties"),
        (["gelu", "--by", "gradients", "--depth", "0"], "--depth '0' is not a whole number from 1"),
        (["gelu", "--by", "gradients", "--weight-std", "-1"], "--weight-std '-1' is not a finite number of 0 or more"),
        (["gelu", "--by", "gradients", "--bias-std", "-0.5"], "--bias-std '-0.5'"),
        (["gelu", "--by", "gradients", "--weight-std", "nan"], "is not a finite number"),
        (["gelu", "--by", "gradients", "--init", "he,,gain"], "--init 'he,,gain' lacks a value"),
        (["gelu", "--by", "gradients", "--init", "he,he"], "has he twice"),
        (["gelu", "--by", "gradients", "--seed", "-1"], "--seed '-1' is not a whole number from 0"),
        (["gelu", "--by", "information", "--bits", "0"], "--bits '0' is not a whole number from 1"),
        (["relu", "gelu", "--by", "values", "--array", "a"], "--array needs --input FILE"),
        (["relu", "gelu", "--by", "values", "--range", "3", "-3"], "low end must be below"),
        (["relu", "gelu", "--by", "values", "-i", "x.npy", "--points", "5"], "--points does not go with --input"),
        (["relu", "gelu", "--best", "size", "--format", "json"], "--format does not go with --best"),
        (["relu", "gelu", "--best", "size", "--plot"], "--plot does not go with --best"),
        (["relu", "gelu", "--plot", "--format", "csv"], "--plot draws, and csv holds numbers"),
        (["relu", "gelu", "--plot", "-o", "x.csv"], "the suffix names no chart"),
        (["relu", "gelu", "--plot", "-o", "x.svg", "--digits", "3"], "writes the chart alone; leave out --digits"),
        (["relu", "gelu", "-o", "x.svg"], "is a chart by its suffix; add --plot"),
        (["relu", "gelu", "-o", "x.npy"], "npy holds numbers, not a comparison"),
        (["relu", "gelu", "-o", "x.xyz"], "use one of .csv, .tsv, .json, .jsonl, .txt, .md, .html, or --format"),
        (["relu", "gelu", "-o", "x"], "use one of .csv, .tsv, .json, .jsonl, .txt, .md, .html, or --format"),
        (["elu", "--sweep", "alpha=1:36:36", "--plot"], "at most 35 contenders, not 36"),
        (["elu", "--sweep", "alpha=1:18:18", "--by", "gradients", "--init", "he,gain", "--plot"], "not 36"),
        (["relu", "gelu", "--digits", "3", "--format", "csv"], "--digits belongs to --format table"),
    ],
)  # fmt: skip
def test_mistakes_are_found_before_anything_is_measured(fake, arguments, said):
    assert said in refused("compare", *arguments)
    assert fake.pulled == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["gelu", "--by", "gradients", "--init", "kaiming"],
            "--init 'kaiming' is not known; choose from he, xavier",
        ),
        (
            ["gelu", "--by", "gradients", "--init", "he", "--weight-std", "1"],
            "--init does not go with --weight-std",
        ),
        (["gelu", "--by", "precision", "--max-ulp", "1"], "--max-ulp needs --against FILE"),
        (["gelu", "--by", "precision", "--against", "y.npy"], "--against needs --input FILE"),
        (
            ["gelu", "relu", "--by", "precision", "-i", "x.npy", "--against", "y.npy"],
            "--against holds the results of one function; 2 are named",
        ),
        (
            ["gelu", "--by", "precision", "-i", "x.npy", "--against", "y.npy", "--types", "float16,bfloat16"],
            "with --against name one type",
        ),
        (
            ["gelu", "--by", "precision", "-i", "x.npy", "--against", "y.npy", "--max-ulp", "-1"],
            "--max-ulp '-1' is not",
        ),
        (["gelu", "--by", "precision", "-i", "-", "--against", "-"], "cannot both be standard input"),
        (
            ["gelu", "relu", "--by", "values", "-i", "x.npy", "--range", "1", "2"],
            "--range does not go with --input",
        ),
    ],
)
def test_contradictions_that_a_measurement_refuses(arguments, said):
    assert said in refused("compare", *arguments)


def test_an_unknown_column_is_found_at_the_first_step(fake):
    assert refused("compare", "relu", "gelu", "silu", "--sort", "sise") == (
        "no column 'sise' in a comparison by fake; it has size, error, kept"
    )
    assert fake.pulled == 1
    message = refused("compare", "relu", "gelu", "--best", "size")
    assert "--best size" in message
    assert "error, kept" in message


def test_the_summary_is_no_measure_by_name():
    assert refused("compare", "relu", "gelu", "--sort", "sise").startswith(
        "no column 'sise' in the summary; it has infimum"
    )


@pytest.mark.usefixtures("fake")
def test_the_best_alone():
    assert invoke("compare", "gelu_tanh", "relu", "mish", "--best", "error").out == "relu\n"
    assert invoke("compare", "tanh", "erf", "gelu", "--best", "kept").out == "gelu\n"


@pytest.mark.usefixtures("fake")
def test_sorted_best_first_and_unknown_last():
    out = invoke("compare", "gelu_tanh", "relu", "erf", "--sort", "error", "--format", "csv").out
    assert [line.split(",")[0] for line in out.splitlines()] == ["function", "erf", "relu", "gelu_tanh"]
    out = invoke("compare", "erf", "relu", "--sort", "kept", "--format", "csv").out
    assert [line.split(",")[0] for line in out.splitlines()] == ["function", "relu", "erf"]


@pytest.mark.usefixtures("fake")
def test_sorted_by_name_numbers_count_by_their_size():
    names = ("erf", "elu:alpha=10", "elu:alpha=2", "elu:alpha=-1", "relu6", "relu")
    out = invoke("compare", *names, "--sort", "function", "--format", "csv").out
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [
        "elu:alpha=-1", "elu:alpha=2", "elu:alpha=10", "erf", "relu", "relu6",
    ]  # fmt: skip


@pytest.mark.usefixtures("fake")
def test_a_tie_for_the_best_is_said():
    status, out, err = invoke("compare", "gelu_tanh", "mish", "relu", "--best", "error")
    assert (status, out) == (0, "mish\n")
    assert "mish, relu" in err
    assert invoke("compare", "relu", "mish", "--best", "error").out == "relu\n"
    assert invoke("compare", "mish", "tanh", "gelu", "--best", "kept").err == ""


def test_without_a_chart_the_table_is_there_all_the_same(fake, monkeypatch):
    plain = fake.steps
    monkeypatch.setattr(
        fake, "steps", lambda specs: (replace(s, result=replace(s.so_far, chart=None)) for s in plain(specs))
    )
    _, out, err = invoke("compare", "relu", "gelu_tanh", "--plot")
    assert "gelu_tanh" in out
    assert "nothing to draw" in err
    assert "nothing to draw" in refused(
        "compare", "relu", "gelu_tanh", "--plot", "-o", "x.txt", kind=DataError
    )


def test_what_is_found_ends_in_status_3(fake):
    fake.found = True
    status, out, _ = invoke("compare", "gelu", "--by", "precision")
    assert status == 3
    assert out.startswith("function\t")


def test_interrupted(fake):
    fake.failure = KeyboardInterrupt()
    status, out, err = invoke("compare", "relu", "gelu", "silu")
    assert status == 130
    assert out == "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\ngelu\t4\t4.0\t0.5\n"
    assert "67 %" in err
    assert invoke("compare", "relu", "gelu", "silu", "--format", "json").json["complete"] is False


def test_interrupted_there_is_no_file_and_no_winner(fake, tmp_path):
    fake.failure = KeyboardInterrupt()
    target = tmp_path / "out.json"
    status, out, err = invoke("compare", "relu", "gelu", "-o", str(target))
    assert status == 130
    assert out == "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\n"
    assert "50 %" in err
    assert f"{target} is not written" in err
    assert not target.exists()
    assert invoke("compare", "relu", "gelu", "--best", "error") == (
        130,
        "",
        "actcli: interrupted: 50 % done; no winner yet\n",
    )


@pytest.mark.usefixtures("fake")
def test_a_chart_below_the_table():
    out = invoke("compare", "relu", "gelu_tanh", "--plot").out
    assert out.index("error") < out.index("\nsize\n")
    assert "█ 9\n" in out


@pytest.mark.parametrize("form", FIGURES)
@pytest.mark.usefixtures("fake")
def test_the_chart_in_a_file(form, tmp_path):
    if form not in {"txt", "html"}:
        pytest.importorskip("matplotlib")
    target = tmp_path / f"figure.{form}"
    assert invoke("compare", "relu", "gelu", "--plot", "-o", str(target)) == (0, "", "")
    assert target.stat().st_size > 50


@pytest.mark.usefixtures("fake")
def test_the_table_in_a_file(tmp_path):
    target = tmp_path / "found.json"
    assert invoke("compare", "relu", "gelu", "-o", str(target)) == (0, "", "")
    assert [one["function"] for one in json.loads(target.read_text())["contenders"]] == ["relu", "gelu"]


@pytest.fixture
def results(tmp_path):
    """x and three results of relu: the second is 3 units in the last place too large."""
    x = np.array([-1.0, 1.0, 2.0], np.float32)
    theirs = np.array([0.0, 1 + 3 * 2.0**-23, 2.0], np.float32)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", y=x, other=np.ones(3))
    np.savez(tmp_path / "theirs.npz", y=theirs, other=np.ones(3))
    np.savez(tmp_path / "one.npz", y=theirs)
    return tmp_path


def against(x, theirs, *more):
    arguments = ("relu", "--by", "precision", "-i", str(x), "--against", str(theirs), *more)
    return invoke("compare", *arguments, "--format", "json")


def test_results_against_the_function(results):
    outcome = against(results / "x.npy", results / "one.npz")
    (contender,) = outcome.json["contenders"]
    assert contender["max_ulp"] == 3
    assert contender["worst"][0]["index"] == 1
    for limit, status in (("3", 0), ("2.5", 3)):
        limited = against(results / "x.npy", results / "one.npz", "--max-ulp", limit)
        assert (limited.status, limited.json["contenders"]) == (status, [contender])


def test_array_is_for_the_file_that_has_arrays(results):
    assert (
        against(results / "x.npy", results / "theirs.npz", "--array", "y").json["contenders"][0]["max_ulp"]
        == 3
    )
    assert (
        against(results / "x.npz", results / "theirs.npz", "--array", "y").json["contenders"][0]["max_ulp"]
        == 3
    )


@pytest.mark.parametrize("by", ["values", "information", "precision"])
def test_without_numbers_there_is_nothing_to_measure(by, tmp_path):
    np.save(tmp_path / "none.npy", np.zeros((0, 4)))
    assert "none.npy: holds no numbers" in refused(
        "compare", "relu", "gelu", "--by", by, "-i", str(tmp_path / "none.npy"), kind=DataError
    )
    assert "stdin: holds no numbers" in refused(
        "compare", "relu", "gelu", "--by", by, "-i", "-", kind=DataError
    )


def test_a_file_of_several_arrays(results):
    theirs = results / "theirs.npz"
    against_theirs = ("relu", "--by", "precision", "-i", results / "x.npy", "--against", theirs)
    assert "--array NAME: y, other" in refused("compare", *against_theirs)
    for by in ("values", "information", "precision"):
        arguments = ("compare", "relu", "gelu", "--by", by, "-i", theirs)
        assert "--array NAME: y, other" in refused(*arguments)
        assert invoke(*arguments, "--array", "y").out.startswith("function\t")
    assert "missing.npy" in refused(
        *("compare", "relu", "--by", "precision", "-i", results / "missing.npy"),
        *("--against", results / "one.npz"),
        kind=DataError,
    )


def test_results_that_ml_dtypes_saved(tmp_path):
    package = pytest.importorskip("ml_dtypes")
    x = np.linspace(-3, 3, 20, dtype=np.float32).astype(package.bfloat16)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "mine.npy", np.maximum(x, 0))
    files = tmp_path / "x.npy", tmp_path / "mine.npy"
    assert against(*files, "--types", "bfloat16").json["contenders"][0]["max_ulp"] == 0
    untyped = ("compare", "relu", "--by", "precision", "-i", files[0], "--against", files[1])
    assert "--types bfloat16" in refused(*untyped, kind=DataError)
    alone = ("relu", "--by", "precision", "-i", str(files[0]), "--types", "bfloat16", "--format", "json")
    assert json.loads(invoke("compare", *alone).out)["contenders"][0]["bfloat16_max_relative_error"] == 0

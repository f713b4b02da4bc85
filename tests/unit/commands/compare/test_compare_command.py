"""`actcli compare` as a call: what goes to which measurement, what is refused, what comes out."""

import io
import json
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
import typer

from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Step
from actcli.app import app, run
from actcli.commands.compare import modes
from actcli.commands.compare.report import FIGURES
from actcli.exits import DataError, UsageError
from actcli.terminal import Terminal

COLUMNS = (Column("size", "size"), Column("error", "error", "small"), Column("kept", "kept", "large"))


def outcome(*arguments, status=0, **more):
    out, err = io.BytesIO(), io.BytesIO()
    world = Terminal(stdin=io.BytesIO(b""), stdout=out, stderr=err, **more)
    assert run(("compare", *arguments), world) == status
    return out.getvalue().decode(), err.getvalue().decode()


class Fake:
    """Stands in for every measurement: keeps what it was asked, and measures the length of each name."""

    def __init__(self):
        self.asked = None
        self.pulled = 0
        self.failure = None
        self.found = False

    def __call__(self, asked):
        self.asked = asked
        return self.steps([stack.spec for stack in asked.stacks])

    def steps(self, specs):
        contenders = ()
        for i, spec in enumerate(specs, 1):
            if self.failure is not None and i == len(specs):
                raise self.failure
            self.pulled += 1
            values = {"size": len(spec), "error": float(len(spec)), "kept": 0.5 if "elu" in spec else None}
            contenders = (*contenders, Contender(spec, values))
            chart = Chart((Bars("size", tuple(specs), tuple(map(float, map(len, specs)))),))
            found = Comparison("fake", COLUMNS, contenders, asked_seed(self), chart=chart, found=self.found)
            yield Step(i, len(specs), spec, found)


def asked_seed(fake):
    return fake.asked.seed


@pytest.fixture
def fake(monkeypatch):
    one = Fake()
    ways = {name: replace(way, steps=one) for name, way in modes.WAYS.items()}
    monkeypatch.setattr(modes, "WAYS", MappingProxyType(ways))
    return one


def specs(fake):
    return [stack.spec for stack in fake.asked.stacks]


def refused(*arguments):
    with pytest.raises(UsageError) as error:
        outcome(*arguments)
    return str(error.value)


@pytest.mark.usefixtures("fake")
def test_a_line_a_function_in_a_pipe():
    assert outcome("relu", "gelu_tanh")[0] == (
        "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\ngelu_tanh\t9\t9.0\t0.5\n"
    )


def test_a_sweep_makes_contenders(fake):
    outcome("leaky_relu", "prelu", "--sweep", "alpha=0.1,0.2", "--by", "values")
    assert specs(fake) == [
        f"{name}:alpha={value}" for name in ("leaky_relu", "prelu") for value in (0.1, 0.2)
    ]
    assert [f.spec for f in fake.asked.functions] == specs(fake)


def test_two_sweeps_make_every_pair(fake):
    outcome("softplus", "--sweep", "beta=1,2", "--sweep", "threshold=10,20", "--by", "values")
    assert specs(fake) == [f"softplus:beta={b},threshold={t}" for b in (1, 2) for t in (10, 20)]


def test_a_sign_in_a_formula_makes_another_function(fake):
    outcome("exp(x)", "exp(-x)", "--by", "gradients")
    assert specs(fake) == ["exp(x)", "exp(-x)"]


def test_one_function_under_two_names_is_compared(fake):
    for names in (("torch.gelu", "jax.gelu"), ("swish", "silu"), ("elu", "elu:1"), ("relu", "relu/relu")):
        outcome(*names, "--by", "gradients")
        assert specs(fake) == list(names)


def test_stacks_are_for_gradients(fake):
    outcome("relu/relu/tanh", "gelu", "--by", "gradients")
    assert [len(stack.functions) for stack in fake.asked.stacks] == [3, 1]
    assert refused("relu/tanh", "gelu") == (
        "relu/tanh is a stack of layers; --by gradients or training compares those"
    )
    assert "--sweep sets a parameter of one function" in refused(
        "relu/tanh", "--by", "gradients", "--sweep", "alpha=1,2"
    )
    assert "layer 2 of the stack relu/rleu" in refused("relu/rleu", "gelu", "--by", "gradients")


def test_what_gradients_take(fake):
    outcome(
        *("gelu", "--by", "gradients", "--depth", "9", "--weight-std", "1.5", "--bias-std", "0.1"),
        *("--width", "64", "--seeds", "3", "--seed", "5"),
    )
    asked = fake.asked
    assert (asked.depth, asked.weight_std, asked.bias_std) == ((9,), 1.5, 0.1)
    assert (asked.width, asked.seeds, asked.seed) == (64, 3, 5)
    outcome("gelu", "--by", "gradients", "--init", "he, gain")
    assert fake.asked.init == ("he", "gain")


def test_what_the_others_take(fake, tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("a\n1\n")
    outcome("relu", "gelu", "--by", "values", "--range", "-3", "3", "--points", "7", "--order", "2")
    assert (fake.asked.range, fake.asked.points, fake.asked.order) == ((-3.0, 3.0), 7, 2)
    outcome("relu", "--by", "information", "--bits", "4", "-i", str(data), "--column", "a")
    assert (fake.asked.bits, fake.asked.input, fake.asked.column) == (4, str(data), "a")
    outcome("relu", "--by", "precision", "--types", "float16,bfloat16", "--order", "1")
    assert (fake.asked.types, fake.asked.order) == (("float16", "bfloat16"), 1)
    outcome("relu", "--by", "precision", "-i", "x.npy", "--against", "y.npy", "--max-ulp", "2")
    assert (fake.asked.against, fake.asked.max_ulp) == ("y.npy", 2.0)
    outcome("relu", "--by", "speed", "--with", "torch,jax")
    assert fake.asked.frameworks == ("torch", "jax")


ONE_IS_ENOUGH = ("gradients", "training", "information", "precision", "speed")


@pytest.mark.parametrize("by", modes.WAYS)
@pytest.mark.usefixtures("fake")
def test_how_many_functions_are_needed(by):
    option = () if by == "summary" else ("--by", by)
    if by in ONE_IS_ENOUGH:
        outcome("gelu", *option)
    else:
        assert "needs two functions, or --sweep PARAM=VALUES for several of one; gelu is alone" in refused(
            "gelu", *option
        )
    outcome("elu", "--sweep", "alpha=1,2", *option)


OWN = {
    "--depth": "3", "--init": "he", "--weight-std": "1", "--bias-std": "1", "--width": "8", "--seeds": "2",
    "--seed": "1", "--bits": "4", "--types": "float16", "--against": "y.npy", "--max-ulp": "1", "--with": "torch",
    "--epochs": "2", "--batch": "8", "--lr": "auto", "--optimizer": "adam", "--data": "xor", "--target": "y",
    "--decay": "0", "--learn": "alpha", "--record": "r.csv",
    "--order": "1", "--points": "5", "-i": "x.npy", "--array": "a", "--column": "a",
}  # fmt: skip


@pytest.mark.parametrize("option", OWN)
def test_an_option_of_another_measure(fake, option):
    for by in modes.WAYS:
        spoken = () if by == "summary" else ("--by", by)
        long = "--input" if option == "-i" else option
        name = {"--input": "input_", "--with": "with_"}.get(long, long[2:].replace("-", "_"))
        if name in modes.WAYS[by].options:
            continue
        said = refused("relu", "gelu", option, OWN[option], *spoken)
        assert said.startswith(f"{long} belongs to --by ")
        assert said.endswith("" if by == "summary" else f", not {by}")
    assert fake.asked is None


def test_every_option_of_a_measure_is_one_of_the_command():
    group = typer.main.get_command(app)
    with group.make_context("actcli", ["compare"], resilient_parsing=True) as context:
        names = {p.name for p in group.get_command(context, "compare").params}
    for way in modes.WAYS.values():
        assert way.options <= names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["relu", "rleu"], "unknown function 'rleu'"),
        (["relu", "gelu", "a/x.npy"], "a/x.npy is no function; compare takes the numbers of a file by -i a/x.npy"),
        (["relu", "softmax"], "softmax maps rows to rows"),
        (["relu", "gelu", "ReLU"], "ReLU is named twice; a function is compared with others"),
        (["exp(-x)", "exp(-x)"], "exp(-x) is named twice"),
        (["relu/tanh", "ReLU/tanh", "--by", "gradients"], "ReLU/tanh is named twice"),
        (["relu", "elu", "--sweep", "alpha=1,2"], "relu has no parameters"),
        (["elu:1", "--sweep", "alpha=1,2"], "elu:1 sets alpha, and so does --sweep alpha; leave one of them out"),
        (["elu", "--sweep", "alpha=1,2", "--sweep", "alpha=3,4"], "--sweep alpha is there twice; name all its values"),
        (["elu", "--sweep", "beta=1,2"], "no parameter 'beta'"),
        (["elu", "--sweep", "alpha"], "is not a sweep"),
        (["relu", "gelu", "--by", "looks"], "--by 'looks' is not one of"),
        (["gelu", "--by", "gradients", "--depth", "0"], "--depth '0' is not a whole number from 1"),
        (["gelu", "--by", "gradients", "--weight-std", "-1"], "--weight-std -1 is below 0"),
        (["gelu", "--by", "gradients", "--bias-std", "-0.5"], "--bias-std -0.5 is below 0"),
        (["gelu", "--by", "gradients", "--weight-std", "nan"], "is not a finite number"),
        (["gelu", "--by", "gradients", "--init", "he,,gain"], "a name is missing"),
        (["gelu", "--by", "gradients", "--init", "he,he"], "has he twice"),
        (["gelu", "--by", "gradients", "--seed", "-1"], "--seed '-1' is not a whole number from 0"),
        (["gelu", "--by", "information", "--bits", "0"], "--bits '0' is not a whole number from 1"),
        (["relu", "gelu", "--by", "values", "--array", "a"], "--array belongs to data; name a file with -i"),
        (["relu", "gelu", "--by", "values", "--range", "3", "-3"], "LO must be below HI"),
        (["relu", "gelu", "--by", "values", "-i", "x.npy", "--points", "5"], "--points belongs to --range"),
        (["relu", "gelu", "--best", "size", "--format", "json"], "leave out --format"),
        (["relu", "gelu", "--best", "size", "--plot"], "leave out --plot"),
        (["relu", "gelu", "--plot", "--format", "csv"], "--plot draws, and csv holds numbers"),
        (["relu", "gelu", "--plot", "-o", "x.csv"], "the suffix does not say what chart to write"),
        (["relu", "gelu", "--plot", "-o", "x.svg", "--digits", "3"], "writes the chart alone; leave out --digits"),
        (["relu", "gelu", "-o", "x.svg"], "is a chart by its suffix; add --plot"),
        (["relu", "gelu", "-o", "x.npy"], "npy holds numbers, not a comparison"),
        (["relu", "gelu", "-o", "x.xyz"], "use one of .csv, .tsv, .json, .jsonl, .txt, .md, or --format"),
        (["relu", "gelu", "-o", "x"], "use one of .csv, .tsv, .json, .jsonl, .txt, .md, or --format"),
        (["elu", "--sweep", "alpha=1:36:36", "--plot"], "--plot draws 35 contenders at most, not 36"),
        (["elu", "--sweep", "alpha=1:18:18", "--by", "gradients", "--init", "he,gain", "--plot"], "not 36"),
        (["relu", "gelu", "--digits", "3", "--format", "csv"], "--digits belongs to --format table"),
    ],
)  # fmt: skip
def test_mistakes_are_found_before_anything_is_measured(fake, arguments, said):
    assert said in refused(*arguments)
    assert fake.pulled == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["gelu", "--by", "gradients", "--init", "kaiming"],
            "--init 'kaiming' is not known; choose of he, xavier",
        ),
        (
            ["gelu", "--by", "gradients", "--init", "he", "--weight-std", "1"],
            "--weight-std and --init both say",
        ),
        (["gelu", "--by", "precision", "--max-ulp", "1"], "--max-ulp belongs to --against"),
        (["gelu", "--by", "precision", "--against", "y.npy"], "say with -i FILE at which x"),
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
            "--max-ulp -1 is below 0",
        ),
        (["gelu", "--by", "precision", "-i", "-", "--against", "-"], "cannot both be standard input"),
        (["gelu", "relu", "--by", "values", "-i", "x.npy", "--range", "1", "2"], "one input at a time"),
    ],
)
def test_contradictions_that_a_measurement_refuses(arguments, said):
    assert said in refused(*arguments)


def test_an_unknown_column_is_found_at_the_first_step(fake):
    assert refused("relu", "gelu", "silu", "--sort", "sise") == (
        "no column 'sise' in a comparison by fake; it has size, error, kept"
    )
    assert fake.pulled == 1
    assert refused("relu", "gelu", "--best", "size") == (
        "--best size: no value of it is better than another; those with a best are error, kept"
    )


def test_the_summary_is_no_measure_by_name():
    assert refused("relu", "gelu", "--sort", "sise").startswith(
        "no column 'sise' in the summary; it has infimum"
    )


@pytest.mark.usefixtures("fake")
def test_the_best_alone():
    assert outcome("gelu_tanh", "relu", "mish", "--best", "error")[0] == "relu\n"
    assert outcome("tanh", "erf", "gelu", "--best", "kept")[0] == "gelu\n"


@pytest.mark.usefixtures("fake")
def test_sorted_best_first_and_unknown_last():
    out, _ = outcome("gelu_tanh", "relu", "erf", "--sort", "error", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["function", "erf", "relu", "gelu_tanh"]
    out, _ = outcome("erf", "relu", "--sort", "kept", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["function", "relu", "erf"]


@pytest.mark.usefixtures("fake")
def test_sorted_by_name_numbers_count_by_their_size():
    names = ("erf", "elu:alpha=10", "elu:alpha=2", "elu:alpha=-1", "relu6", "relu")
    out, _ = outcome(*names, "--sort", "function", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [
        "elu:alpha=-1", "elu:alpha=2", "elu:alpha=10", "erf", "relu", "relu6",
    ]  # fmt: skip


@pytest.mark.usefixtures("fake")
def test_a_tie_for_the_best_is_said():
    assert outcome("gelu_tanh", "mish", "relu", "--best", "error") == (
        "mish\n",
        "actcli: 2 tie for the best error, the first is printed: mish, relu\n",
    )
    assert outcome("relu", "mish", "--best", "error")[0] == "relu\n"
    assert outcome("mish", "tanh", "gelu", "--best", "kept")[1] == ""


def test_without_a_chart_the_table_is_there_all_the_same(fake, monkeypatch):
    plain = fake.steps
    monkeypatch.setattr(
        fake, "steps", lambda specs: (replace(s, so_far=replace(s.so_far, chart=None)) for s in plain(specs))
    )
    out, err = outcome("relu", "gelu_tanh", "--plot")
    assert "gelu_tanh" in out
    assert err == "actcli: --plot: there is nothing to draw here, no curve with a point on it\n"
    with pytest.raises(DataError, match="nothing to draw"):
        outcome("relu", "gelu_tanh", "--plot", "-o", "x.txt")


def test_what_is_found_ends_in_status_3(fake):
    fake.found = True
    assert outcome("gelu", "--by", "precision", status=3)[0].startswith("function\t")


def test_interrupted(fake):
    fake.failure = KeyboardInterrupt()
    out, err = outcome("relu", "gelu", "silu", status=130)
    assert out == "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\ngelu\t4\t4.0\t0.5\n"
    assert err == "actcli: interrupted: 67 % done\n"
    out, _ = outcome("relu", "gelu", "silu", "--format", "json", status=130)
    assert json.loads(out)["complete"] is False


def test_interrupted_there_is_no_file_and_no_winner(fake, tmp_path):
    fake.failure = KeyboardInterrupt()
    target = tmp_path / "out.json"
    out, err = outcome("relu", "gelu", "-o", str(target), status=130)
    assert out == "function\tsize\terror\tkept\nrelu\t4\t4.0\t0.5\n"
    assert err == f"actcli: interrupted: 50 % done; {target} is not written\n"
    assert not target.exists()
    assert outcome("relu", "gelu", "--best", "error", status=130) == (
        "",
        "actcli: interrupted: 50 % done; no winner yet\n",
    )


@pytest.mark.usefixtures("fake")
def test_a_chart_below_the_table():
    out, _ = outcome("relu", "gelu_tanh", "--plot")
    assert out.index("error") < out.index("\nsize\n")
    assert "█ 9\n" in out


@pytest.mark.parametrize("form", FIGURES)
@pytest.mark.usefixtures("fake")
def test_the_chart_in_a_file(form, tmp_path):
    if form in {"svg", "png", "pdf"}:
        pytest.importorskip("matplotlib")
    target = tmp_path / f"figure.{form}"
    assert outcome("relu", "gelu", "--plot", "-o", str(target)) == ("", "")
    assert target.stat().st_size > 50


@pytest.mark.usefixtures("fake")
def test_the_table_in_a_file(tmp_path):
    target = tmp_path / "found.json"
    assert outcome("relu", "gelu", "-o", str(target)) == ("", "")
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


def against(x, theirs, *more, status=0):
    arguments = ("relu", "--by", "precision", "-i", str(x), "--against", str(theirs), *more)
    return json.loads(outcome(*arguments, "--format", "json", status=status)[0])["contenders"][0]


def test_results_against_the_function(results):
    found = against(results / "x.npy", results / "one.npz")
    assert found["max_ulp"] == 3
    assert found["worst"][0]["index"] == 1
    assert against(results / "x.npy", results / "one.npz", "--max-ulp", "3") == found
    assert against(results / "x.npy", results / "one.npz", "--max-ulp", "2.5", status=3) == found


def test_array_is_for_the_file_that_has_arrays(results):
    assert against(results / "x.npy", results / "theirs.npz", "--array", "y")["max_ulp"] == 3
    assert against(results / "x.npz", results / "theirs.npz", "--array", "y")["max_ulp"] == 3


@pytest.mark.parametrize("by", ["values", "information", "precision"])
def test_without_numbers_there_is_nothing_to_measure(by, tmp_path):
    np.save(tmp_path / "none.npy", np.zeros((0, 4)))
    with pytest.raises(DataError, match=r"none\.npy: holds no numbers"):
        outcome("relu", "gelu", "--by", by, "-i", str(tmp_path / "none.npy"))
    with pytest.raises(DataError, match="stdin: holds no numbers"):
        outcome("relu", "gelu", "--by", by, "-i", "-")


def test_a_file_of_several_arrays(results):
    several = r"theirs\.npz holds 2 arrays, and one is compared; say which with --array NAME: y, other$"
    with pytest.raises(UsageError, match=several):
        against(results / "x.npy", results / "theirs.npz")
    for by in ("values", "information", "precision"):
        with pytest.raises(UsageError, match=several):
            outcome("relu", "gelu", "--by", by, "-i", str(results / "theirs.npz"))
        one = ("relu", "gelu", "--by", by, "-i", str(results / "theirs.npz"), "--array", "y")
        assert outcome(*one)[0].startswith("function\t")
    with pytest.raises(DataError, match=r"missing\.npy"):
        against(results / "missing.npy", results / "one.npz")


def test_results_that_ml_dtypes_saved(tmp_path):
    package = pytest.importorskip("ml_dtypes")
    x = np.linspace(-3, 3, 20, dtype=np.float32).astype(package.bfloat16)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "mine.npy", np.maximum(x, 0))
    files = tmp_path / "x.npy", tmp_path / "mine.npy"
    assert against(*files, "--types", "bfloat16")["max_ulp"] == 0
    with pytest.raises(DataError, match="compare --by precision reads it with --types bfloat16"):
        against(*files)
    alone = ("relu", "--by", "precision", "-i", str(files[0]), "--types", "bfloat16", "--format", "json")
    assert json.loads(outcome(*alone)[0])["contenders"][0]["bfloat16_max_relative_error"] == 0

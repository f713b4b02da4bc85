"""A person's own functions on the command line: by every command, in every place of a function."""

import csv
import io
import json
from functools import partial

import invocation
import numpy as np
import pytest

from actcli.activations import register
from actcli.exits import DataError

FILE = """
cube = "x^3"

[my_gate]
formula = "x*sigmoid(b*x)"
about = "a gate of mine"
aliases = ["gate2"]
[my_gate.parameters]
b = { default = 1.5, above = 0, at_most = 10 }

[bent]
formula = "max(my_gate(x, b=2), abs(x - 3) - 2)"

[free]
formula = "x*tanh(k*x)"
"""
BAD = '[bad]\nformula = "x*sigmoi(x)"\n[fine]\nformula = "x + 1"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with functions.toml, in which the commands run; afterwards nothing of it is known."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "functions.toml").write_text(FILE)
    (tmp_path / "bad.toml").write_text(BAD)
    yield tmp_path
    register([])


PERSONAL = {"ACTCLI_CONFIG": "functions.toml"}
invoke = partial(invocation.invoke, environ=PERSONAL)
refused = partial(invocation.refused, environ=PERSONAL)


def test_values_and_derivatives():
    assert invoke("eval", "cube", "2", "-1") == (0, "8.0\n-1.0\n", "")
    assert invoke("eval", "my_gate", "2") == invoke("eval", "x*sigmoid(1.5*x)", "2")
    assert invoke("eval", "GATE-2:b=3", "2") == invoke("eval", "x*sigmoid(3*x)", "2")
    assert invoke("eval", "my_gate", "2", "--set", "b=3") == invoke("eval", "my_gate:3", "2")
    assert invoke("eval", "2*cube(x) + my_gate(x, b=k):k=3", "2").out
    assert invoke("eval", "cube", "2", "--with-x", "--format", "csv").out == "x,y\n2.0,8.0\n"
    assert invoke("grad", "cube", "2", "--order", "3").out == "6.0\n"
    by_b = float(invoke("grad", "my_gate", "1", "--wrt", "b").out)
    assert by_b == pytest.approx(float(invoke("grad", "x*sigmoid(b*x):b=1.5", "1", "--wrt", "b").out))
    assert invoke("grad", "bent", "3", "--at-kink", "mean").out
    assert invoke("grad", "bent", "--check", "--format", "json").json["passed"] is True


def test_plots_sweeps_and_stacks():
    out = invoke(
        "plot", "my_gate", "--sweep", "b=0.5,1,2", "--format", "csv", "--points", "3", "--range", "-1", "1"
    ).out
    assert [line.split(",")[0] for line in out.splitlines()[1::3]] == [
        f"my_gate:b={b}" for b in ("0.5", "1", "2")
    ]
    out = invoke("compare", "my_gate", "cube", "silu").out
    assert {row["function"] for row in csv.DictReader(io.StringIO(out), delimiter="\t")} == {
        "my_gate",
        "cube",
        "silu",
    }
    out = invoke(
        "compare", "my_gate/relu", "gate2:b=1", "--by", "gradients", "--depth", "3", "--seeds", "1"
    ).out
    assert {line.split("\t")[0] for line in out.splitlines()[1:]} == {"my_gate/relu", "gate2:b=1"}


def test_the_card_says_what_the_file_says():
    card = invoke("info", "my_gate:2", "--format", "json").json
    assert (card["name"], card["aliases"], card["family"]) == ("my_gate", ["gate2"], "formula")
    assert (card["formula"], card["about"], card["year"]) == ("x*sigmoid(b*x)", "a gate of mine", None)
    assert card["source"] == "functions.toml"
    b = card["parameters"]["b"]
    assert (b["value"], b["default"], b["bounds"]) == (2.0, 1.5, "> 0, ≤ 10")
    assert card["recognised"]["same_as"] == "quick_gelu:alpha=2"
    (kink,) = invoke("info", "bent", "--format", "json").json["kinks"]
    assert kink["at"] == pytest.approx(0.5690454270333075)  # where 3 - x - 2 meets the gate
    screen = invoke("info", "my_gate", "--format", "table").out
    assert "about           a gate of mine" in screen
    assert "also            gate2" in screen


def test_they_are_listed_after_the_catalogue():
    names = invoke("list").out.split()
    assert names[-4:] == ["cube", "my_gate", "bent", "free"]
    assert invoke("list", "--family", "formula").out.split() == names[-4:]
    assert invoke("list", "gate2").out == "my_gate\n"
    assert invoke("list", "cub*", "--monotone").out == "cube\n"
    assert invoke("list", "--family", "formula", "--bounded") == (
        1,
        "",
        "actcli: no function matches; actcli list shows them all\n",
    )
    assert invoke("list", "--family", "formula", "--smooth").out.split() == ["cube", "my_gate"]
    last = invoke("list", "--format", "table").out.splitlines()[-1]
    assert last.endswith("functions, 4 of them yours; actcli info NAME shows one of them")


def test_a_listing_knows_what_it_does_not_know():
    records = {
        one["name"]: one
        for one in invoke("list", "--family", "formula", "--format", "json").json["functions"]
    }
    gate, free = records["my_gate"], records["free"]
    assert (gate["parameters"], gate["supremum"], gate["monotone"]) == ({"b": 1.5}, "inf", False)
    assert gate["infimum"] == pytest.approx(-0.1856430285)
    assert gate["about"] == "a gate of mine"
    assert free["parameters"] == {"k": None}
    assert [free[key] for key in ("infimum", "supremum", "smoothness", "monotone", "zero_gradient")] == [
        None
    ] * 5
    line = next(csv.DictReader(io.StringIO(invoke("list", "free", "--format", "csv").out)))
    assert (line["parameters"], line["infimum"], line["monotone"]) == ("k", "", "")
    shown = invoke("list", "free", "--format", "table").out.splitlines()[2].split()
    assert shown == ["free", "x*tanh(k*x)", "–", "…", "–", "–", "–"]


def test_deadcheck_of_activations_and_of_training(folder):
    np.save(folder / "layer.npy", np.random.default_rng(0).standard_normal((200, 4)))
    arguments = ("deadcheck", "layer.npy", "--recorded", "pre", "--format", "json")
    by_name = invoke(*arguments, "--activation", "layer=my_gate")
    by_text = invoke(*arguments, "--activation", "layer=x*sigmoid(b*x):b=1.5")
    assert by_name.json["units"] == 4
    assert by_name.out.replace("my_gate", "GATE") == by_text.out.replace("x*sigmoid(b*x):b=1.5", "GATE")
    small = (
        "--data",
        "moons",
        "--epochs",
        "1",
        "--seeds",
        "1",
        "--depth",
        "2",
        "--width",
        "4",
        "--format",
        "json",
    )
    by_name = invoke("deadcheck", "--train", "cube/my_gate", *small).json
    by_text = json.loads(invoke("deadcheck", "--train", "cube/(x*sigmoid(1.5*x))", *small).out)
    for one in (by_name, by_text):
        del one["training"]["courses"][0]["function"]
    assert by_name["training"] == by_text["training"]
    assert [layer["function"] for layer in by_name["layers"]] == ["cube", "my_gate"]
    assert [layer["firing_rate"] for layer in by_name["layers"]] == [
        layer["firing_rate"] for layer in by_text["layers"]
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deadcheck", "x.npy"), "--functions needs --activation"),
        (("deadcheck", "m.onnx", "--data", "x.npy"), "models (.onnx)"),
        (("deadcheck", "--born-dead"), "--born-dead"),
        (("deadcheck", "--plan", "10"), "--plan"),
    ],
)
def test_where_no_function_is_named_there_is_no_use_for_a_file(arguments, said):
    assert said in refused(*arguments, "--functions", "functions.toml")


def test_what_is_near_is_offered():
    assert refused("eval", "my_gat", "1") == "unknown function 'my_gat'; did you mean my_gate or gate2?"
    assert "did you mean my_gate" in refused("eval", "1 + my_gat(x)", "1")
    assert "did you mean my_gate" in refused("compare", "relu/my_gat", "--by", "gradients")
    assert refused("eval", "my_gate:c=1", "1") == "my_gate:c=1: my_gate has no parameter 'c'; it has b"
    assert refused("eval", "my_gate:0", "1") == "my_gate:0: b must be > 0, not 0".replace(
        "> 0,", "> 0 and <= 10,"
    )
    assert "write 'free:k=1'" in refused("eval", "free", "1")


def test_a_bad_entry_is_told_and_the_rest_works():
    because = "bad.toml: bad: x*sigmoi(x): column 3: there is no function 'sigmoi'; did you mean "
    _, out, err = invoke("eval", "fine", "1", "--functions", "bad.toml", environ={})
    assert out == "2.0\n"
    assert err.startswith(f"actcli: {because}")
    assert err.count("\n") == 1
    assert refused("eval", "bad", "1", "--functions", "bad.toml", environ={}).startswith(because)
    assert refused("eval", "1 + bad(x)", "1", "--functions", "bad.toml", environ={}).startswith(because)
    assert invoke("eval", "relu", "1", "--functions", "bad.toml", environ={}) == (0, "1.0\n", "")
    assert invoke("list", "fine", "--functions", "bad.toml", environ={}).err == err


def test_files_of_the_command_line_hold_before_the_personal_one(folder):
    (folder / "more.toml").write_text('cube = "x^3 + 1"')
    told = "actcli: cube is taken from more.toml, not from functions.toml\n"
    assert invoke("eval", "cube", "2", "--functions", "more.toml") == (0, "9.0\n", told)
    assert invoke("eval", "my_gate", "0", "--functions", "more.toml") == (0, "0.0\n", "")
    assert invoke("eval", "cube", "2", "--functions", "more.toml", environ={}) == (0, "9.0\n", "")
    twice = ("--functions", "more.toml", "--functions", "functions.toml")
    told = "actcli: cube is taken from functions.toml, not from more.toml\n"
    assert invoke("eval", "cube", "2", *twice, environ={}) == (0, "8.0\n", told)


def test_a_file_named_twice_is_one_file(folder):
    names = ("functions.toml", str(folder / "functions.toml"))
    twice = [word for name in names for word in ("--functions", name)]
    assert invoke("eval", "cube", "2", *twice, *twice) == (0, "8.0\n", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[cube\n", "functions.toml:1:6: not TOML: expected ']' at the end of a table declaration"),
        (b"cube = '\xe4'", "functions.toml:1: byte 0xe4 is not UTF-8"),
    ],
)
def test_a_personal_file_that_cannot_be_read_is_told_where_it_is_needed(folder, text, said):
    (folder / "functions.toml").write_bytes(text)
    assert invoke("eval", "relu", "1") == (0, "1.0\n", "")
    assert invoke("eval", "x*tanh(b*x):b=1", "0") == (0, "0.0\n", f"actcli: {said}\n")
    assert invoke("list", "relu6") == (0, "relu6\n", f"actcli: {said}\n")
    assert refused("eval", "cube", "1") == "unknown function 'cube'"
    assert refused("eval", "relu", "1", "--functions", "functions.toml", kind=DataError, environ={}) == said


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("--functions", "nowhere.toml"), {}, "nowhere.toml: No such file or directory"),
        (("--functions", "."), {}, ".: Is a directory"),
        (
            (),
            {"ACTCLI_CONFIG": "nowhere"},
            "ACTCLI_CONFIG=nowhere: nowhere: No such file or directory; it names functions.toml or its folder",
        ),
    ],
)
def test_what_is_named_must_be_there(arguments, environ, said):
    for command in (("eval", "relu", "1"), ("list",)):
        assert refused(*command, *arguments, kind=DataError, environ=environ).startswith(said)


def test_a_blank_name_is_no_file():
    assert (
        refused("eval", "relu", "1", "--functions", "") == "--functions names no file; write --functions FILE"
    )


def test_where_the_personal_file_is_looked_for(folder):
    for place in ("home/.config/actcli", "xdg/actcli", "own"):
        (folder / place).mkdir(parents=True)
        (folder / place / "functions.toml").write_text(f'here = "x + {len(place)}"')
    home, xdg = {"HOME": str(folder / "home")}, {"XDG_CONFIG_HOME": str(folder / "xdg")}
    assert invoke("eval", "here", "0", environ=home).out == "19.0\n"
    assert invoke("eval", "here", "0", environ=home | xdg).out == "10.0\n"
    assert invoke("eval", "here", "0", environ=home | xdg | {"ACTCLI_CONFIG": "own"}).out == "3.0\n"
    assert (
        refused("eval", "here", "0", environ=home | xdg | {"ACTCLI_CONFIG": ""}) == "unknown function 'here'"
    )


def test_only_what_is_typed_is_rewritten_on_demand(folder):
    (folder / "more.toml").write_text('soft = "log(1 + exp(x))"\nraw = "plain(log(1 + exp(x)))"')
    more = ("--functions", "more.toml")
    assert invoke("eval", "soft", "-50", *more) == invoke("eval", "softplus", "-50")
    assert invoke("eval", "raw", "-50", *more).out == "0.0\n"
    assert "--no-rewrite needs a formula" in refused("eval", "soft", "1", "--no-rewrite", *more)


def test_control_characters_of_a_file_do_not_reach_the_terminal(folder):
    (folder / "evil.toml").write_text(
        '["a\\u001b[2Jb"]\nformula = "x"\n[c]\nformula = "x"\nabout = "\\u001b[31m[red]"'
    )
    _, out, err = invoke("list", "c", "--format", "table", "--functions", "evil.toml", environ={})
    assert "\x1b" not in out + err
    assert "\x1b" not in invoke("info", "c", "--format", "table", "--functions", "evil.toml", environ={}).out


@pytest.mark.parametrize("place", ["python", "torch", "jax", "latex"])
def test_they_are_written_as_code(place):
    _, text, said = invoke("info", "gate2", "--code", place)
    assert said == ""
    assert "my_gate" in text.replace("\\", "")
    assert "1.5" in text


def test_a_list_measures_the_facts_of_formulas_up_to_a_number_of_operations(folder, monkeypatch):
    from actcli.analysis.card import properties

    measured, measure = [], properties.with_facts
    monkeypatch.setattr(
        properties, "with_facts", lambda one: measured.append((one.name, one.family)) or measure(one)
    )
    long = "+".join(["x"] * 101)
    (folder / "many.toml").write_text("".join(f'f{i} = "{long}"\n' for i in range(50)))
    many = ("list", "--family", "formula", "--functions", "many.toml")
    status, out, err = invoke(*many, "--format", "jsonl", environ={})
    names = [name for name, family in measured if family == "formula"]
    assert (status, len(names), len(out.splitlines())) == (0, 40, 50)
    assert "10 of your functions" in err
    assert "4,000 operations" in err
    assert invoke(*many, environ={}).err == ""

"""A file of functions: where it is looked for, what stands in it, and thirty that are wrong."""

import math
import os
from pathlib import Path

import pytest

from actcli import activation, load_functions
from actcli.activations import Parameter, register
from actcli.exits import DataError, UsageError
from actcli.sources.functions.functions_file import MOST_BYTES, personal_file, read_functions


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a file of functions into a folder of its own, and be there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(content, name="f.toml"):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return name

    yield write
    register([])


def test_all_that_an_entry_can_say(written):
    text = """
cube = "x^3"

[my_gate]
formula = '''
  x * sigmoid(b*x + c)
    - β*k + n
'''
about = "a gate\\n of mine"
aliases = ["gate2", "G3"]

[my_gate.parameters]
b = { default = 1.5, above = 0, at_most = 10 }
c = { at_least = -1, below = 1 }
"β" = 2
k.default = 1
k.nonzero = true
n = { default = 3, whole = true }
"""
    cube, gate = read_functions(written(text))
    assert (cube.name, cube.formula, cube.fault) == ("cube", "x^3", None)
    assert (gate.name, gate.fault) == ("my_gate", None)
    assert gate.formula == "x * sigmoid(b*x + c) - β*k + n"
    assert (gate.about, gate.aliases) == ("a gate of mine", ("gate2", "G3"))
    assert str(gate.parameters) == str(
        (
            Parameter("b", 1.5, low=0.0, open_low=True, high=10.0),
            Parameter("c", math.nan, low=-1.0, high=1.0, open_high=True),
            Parameter("beta", 2.0),
            Parameter("k", 1.0, nonzero=True),
            Parameter("n", 3.0, whole=True),
        )
    )


WITH_B = '[g]\nformula = "b*x"\n[g.parameters]\n'

# What stands in the file, and the words that the fault of `g` must have: the key, and what is wrong with it.
WRONG = [
    ("[g]\nabout = 'x'", ["no formula", 'formula = "']),
    ("[g]\nformula = 3", ["formula is a number", "quotes"]),
    ("[g]\nformula = 'x'\nabout = 3", ["about is a number", "quotes"]),
    (f"[g]\nformula = 'x'\nabout = '{'a' * 201}'", ["about", "201", "200"]),
    ("[g]\nforumla = 'x'", ["'forumla'", "did you mean formula?"]),
    ("[g]\nformula = 'x'\nzzz = 1", ["'zzz'", "formula, about, aliases, parameters"]),
    ("g = 3", ["is a number", "[g]"]),
    ("\ng = 2020-01-01", ["is a date", "[g]"]),
    ("[[g]]\nformula = 'x'", ["double brackets", "[g]"]),
    ("[g.ate]\nformula = 'x'", ["no dot", "[g_ate]"]),
    ("[g]\nformula = 'x'\naliases = 'h'", ["aliases", "list", '["gate2"]']),
    ("[g]\nformula = 'x'\naliases = [1]", ["aliases", "list"]),
    ("[g]\nformula = 'x'\nparameters = [1]", ["parameters is a list", "table"]),
    (WITH_B + "b = '1'", ["default of b is a text"]),
    (WITH_B + "b = true", ["default of b is true or false"]),
    (WITH_B + "b = inf", ["default of b", "finite"]),
    (WITH_B + "b = " + "9" * 400, ["default of b", "finite"]),
    (WITH_B + "b = { default = -1, above = 0 }", ["default of b", "> 0, not -1"]),
    (WITH_B + "b = { default = 2, below = 2 }", ["default of b", "< 2, not 2"]),
    (WITH_B + "b = { default = 1.5, whole = true }", ["default of b", "whole", "1.5"]),
    (WITH_B + "b = { default = 0, nonzero = true }", ["default of b", "other than 0"]),
    (WITH_B + "b = { whole = 1 }", ["whole of b is a number", "true"]),
    (WITH_B + "\n[g.parameters.b]\nabove = 'x'", ["above of b is a text"]),
    (WITH_B + "b = { above = 0, at_least = 1 }", ["b has both above and at_least"]),
    (WITH_B + "b = { above = 1, at_most = 1 }", ["no number", "bounds of b"]),
    (WITH_B + "b = { min = 1 }", ["'min'", "parameter b has default, above, at_least, below"]),
    (WITH_B + "x = 1", ["x is no name for a parameter"]),
    (WITH_B + "e = 1", ["e is no name for a parameter"]),
    (WITH_B + "b-c = 1", ["'b-c' is no name for a parameter"]),
    (WITH_B + "beta = 1\n'β' = 2", ["parameter beta", "twice"]),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_entry_names_its_file_and_its_key(written, text, words):
    entry, right = read_functions(written(text + '\n[right]\nformula = "x"'))
    assert entry.fault.startswith("f.toml: g: ")
    assert [word for word in words if word not in entry.fault] == []
    assert right.fault is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[g\n", "f.toml:1:3: not TOML: expected ']' at the end of a table declaration"),
        ("a = 'x'\nb = x*2", "f.toml:2:5: not TOML: invalid value"),
        ("a = 'x'\r\nb = '''x\r\n\r\n", "f.toml:2: not TOML: "),
        ("a = 'x'\na = 'x'", "f.toml:2: not TOML: cannot overwrite a value"),
        ("a = " + "[" * 4000, "f.toml: is nested too deeply"),
        ("a = " + "9" * 4500, "f.toml: not TOML: exceeds the limit"),
        ("a = 'x'\nb = '" + "x" * 5000 + "'", "f.toml:2: the line has more than 5,000 characters"),
        ("a = 'x'\n\nb = 'ä'".encode("latin-1"), "f.toml:3: byte 0xe4 is not UTF-8"),
        ("a = 'x'".encode("utf-16"), "f.toml:1: byte 0xff is not UTF-8"),
        (b"#" * (MOST_BYTES + 1), "f.toml: is longer than 256 KiB"),
        ("".join(f"a{i} = 'x'\n" for i in range(1001)), "f.toml: defines 1,001 functions; 1,000 at most"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(written, content, said):
    with pytest.raises(DataError) as error:
        read_functions(written(content))
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_and_foreign_line_ends_do_no_harm(written):
    one, two = read_functions(written(b"\xef\xbb\xbf[a]\r\nformula = 'x'\r\n[b]\r\nformula = 3\r\n"))
    assert (one.formula, one.fault) == ("x", None)
    assert two.fault.startswith("f.toml: b: ")


def test_missing_files_folders_and_pipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^f\.toml: No such file"):
        read_functions("f.toml")
    assert read_functions("f.toml", may_be_missing=True) == []
    with pytest.raises(DataError, match="Is a directory"):
        read_functions(".", may_be_missing=True)
    with pytest.raises(DataError, match="null byte"):
        read_functions("a\0b")
    os.mkfifo("pipe")
    with pytest.raises(DataError, match=r"^pipe: is a pipe"):
        read_functions("pipe", may_be_missing=True)
    with pytest.raises(DataError, match="longer than 256 KiB"):
        read_functions("/dev/zero")


def test_where_the_personal_file_is(tmp_path):
    home = {"HOME": "/home/me"}
    assert personal_file(home) == "/home/me/.config/actcli/functions.toml"
    assert personal_file(home | {"XDG_CONFIG_HOME": "/etc/xdg"}) == "/etc/xdg/actcli/functions.toml"
    assert personal_file(home | {"XDG_CONFIG_HOME": ""}) == "/home/me/.config/actcli/functions.toml"
    assert personal_file(home | {"XDG_CONFIG_HOME": "relative"}) == "/home/me/.config/actcli/functions.toml"
    assert personal_file({}) is None
    assert personal_file({"HOME": ""}) is None
    assert personal_file(home | {"ACTCLI_CONFIG": ""}) is None
    own = tmp_path / "functions.toml"
    with pytest.raises(DataError, match=f"ACTCLI_CONFIG={tmp_path}: {own}: No such file"):
        personal_file(home | {"ACTCLI_CONFIG": str(tmp_path)})
    own.touch()
    assert personal_file(home | {"ACTCLI_CONFIG": str(tmp_path)}) == str(own)
    assert personal_file(home | {"ACTCLI_CONFIG": str(own)}) == str(own)
    with pytest.raises(DataError, match=r"ACTCLI_CONFIG=/nowhere: .*its folder, or is blank for none"):
        personal_file({"ACTCLI_CONFIG": "/nowhere"})


def test_from_python_files_are_loaded_on_demand(written, monkeypatch):
    first, second = written('gate = "x^2"\nwrong = "x+"'), written('gate = "x^3"', "g.toml")
    with pytest.warns(UserWarning, match=r"^f\.toml: wrong: ") as told:
        (gate,) = load_functions(first)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert activation("gate")(2.0) == 4.0
    assert gate.source == "f.toml"
    assert [one.name for one in load_functions(second)] == ["gate"]
    assert activation("gate")(2.0) == 8.0
    monkeypatch.setenv("ACTCLI_CONFIG", "g.toml")
    assert load_functions()[0].formula == "x^3"
    monkeypatch.setenv("ACTCLI_CONFIG", "")
    assert load_functions() == ()
    with pytest.raises(UsageError, match="unknown function 'gate'"):
        activation("gate")
    with pytest.raises(DataError, match="No such file"):
        load_functions("nowhere.toml")


def test_the_example_in_the_repository_is_right():
    example = Path(__file__).parents[4] / "docs" / "functions.toml"
    entries = read_functions(str(example))
    assert [entry.fault for entry in entries] == [None] * len(entries)
    try:
        assert len(load_functions(str(example))) == len(entries)
        assert activation("gated_cube")(2.0) == pytest.approx(2 / (1 + math.exp(-4)) + 0.8)
    finally:
        register([])

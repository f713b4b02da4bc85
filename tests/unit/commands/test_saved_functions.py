"""`save` and `remove` change one entry of a functions file, and nothing else in it."""

import os
import threading
import tomllib
from pathlib import Path

import pytest
from invocation import invoke, refused

from actcli.activations.personal import Entry
from actcli.commands.own.change import _alone_in
from actcli.exits import ActcliError, DataError
from actcli.sources.functions import functions_text
from actcli.sources.functions.functions_text import with_entry

FILE = """\
# Functions of mine.

algebraic = "x/sqrt(1 + x^2)"   # a formula is enough
"quoted" = 'x^3'
plain.formula = "x^2"

# about the gate
[my_gate]
formula = \"\"\"x*sigmoid(
  b*x) # ] no comment
\"\"\"
# inside
aliases = [
  "gate", # [
]
[my_gate.parameters]
b = { default = 1.5, above = 0 }

# about the cube

[cube]
  formula = "my_gate(x, b=2) + k*x^3"
[cube.parameters]
k = 0.1
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "functions.toml"
    monkeypatch.setattr("os.environ", os.environ | {"HOME": str(tmp_path)})
    path.write_text(FILE)
    return path


def save(*words, file="functions.toml", **options):
    return invoke("save", *words, "--functions", file, **options)


def remove(name, file="functions.toml"):
    return invoke("remove", name, "--functions", file)


def test_a_saved_function_is_known_everywhere(tmp_path):
    home = {"environ": {"HOME": str(tmp_path)}}
    said = invoke(
        "save",
        "my_gate",
        "x*sigmoid(b*x)",
        "--set",
        "b=2",
        "--bounds",
        "b=(0:10]",
        "--note",
        'a "gate"\n\\',
        **home,
    ).err
    path = tmp_path / ".config/actcli/functions.toml"
    assert said == f"actcli: my_gate is saved in {path}; actcli info my_gate shows it\n"
    assert path.read_text() == (
        '[my_gate]\nformula = "x*sigmoid(b*x)"\nabout = "a \\"gate\\" \\\\"\n[my_gate.parameters]\n'
        "b = { default = 2.0, above = 0.0, at_most = 10.0 }\n"
    )
    assert invoke("eval", "my_gate:b=0.5", "0", **home).out == "0.0\n"
    assert "> 0 and <= 10" in refused("eval", "my_gate:0", "0", **home)
    assert invoke("list", "--own", **home).out == "my_gate\n"
    assert (tmp_path / ".cache/actcli/functions").read_text().splitlines()[1:] == ["my_gate b"]
    invoke("remove", "my_gate", **home)
    assert (invoke("list", "--own", **home).out, path.read_text()) == ("", "")


def test_the_rest_stays_byte_for_byte(file):
    save("new", "x^5")
    assert file.read_text() == FILE + '\n[new]\nformula = "x^5"\n'
    remove("new")
    assert file.read_text() == FILE


GATE = FILE[FILE.index("[my_gate]") : FILE.index("\n# about the cube")]


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("algebraic", 'algebraic = "x/sqrt(1 + x^2)"   # a formula is enough\n'),
        ("quoted", "\"quoted\" = 'x^3'\n"),
        ("plain", 'plain.formula = "x^2"\n'),
        ("cube", FILE[FILE.index("\n[cube]") :]),
    ],
)
def test_an_entry_goes_with_its_lines(file, name, gone):
    remove(name)
    assert file.read_text() == FILE.replace(gone, "")


def test_an_entry_of_several_tables_goes_with_what_is_inside(file):
    remove("cube")
    remove("Gate")
    assert file.read_text() == FILE[: FILE.index("[my_gate]")] + "\n# about the cube\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", [True, False])
def test_line_ends_and_the_byte_order_mark_stay(file, line_end, mark, end):
    text = (mark + FILE + ("" if end else "# last")).replace("\n", line_end)
    file.write_bytes(text.encode())
    save("new", "x^5")
    gap = "" if end else line_end
    assert file.read_bytes() == f'{text}{gap}{line_end}[new]{line_end}formula = "x^5"{line_end}'.encode()


def test_a_replaced_function_keeps_its_aliases(file):
    assert "--force" in refused("save", "my_gate", "x*tanh(b*x)", "--functions", str(file))
    save("my_gate", "x*tanh(b*x)", "--set", "b=3", "--force")
    entry = tomllib.loads(file.read_text())["my_gate"]
    assert entry == {"formula": "x*tanh(b*x)", "aliases": ["gate"], "parameters": {"b": {"default": 3.0}}}
    assert GATE not in file.read_text()


BAD = {
    "save relu x": "catalogue",
    "save swish x": "silu has that name",
    "save torch x": "torch. stands before",
    "save alpha x": "in formulas",
    "save a-b x": "write a_b",
    "save 1a x": "begins with a letter",
    "save gate x": "alias of my_gate",
    "save algebraic x": "--force",
    "save MyGate x": "my_gate is in",
    "save t relu": "'relu(x)'",
    "save t leaky_relu:0.2": "'leaky_relu(x, 0.2)'",
    "save t b*x:b=2": "--set b=2",
    "save t x+": "ends where",
    "save t 5": "no x",
    "save t t(x)": "itself",
    "save t open('x')": "'",
    "save t b*x --set b": "NAME=VALUE",
    "save t b*x --set b=nan": "finite",
    "save t b*x --set b=1 --set b=2": "twice",
    "save t b*x --set c=1": "no parameter c",
    "save t b*x --bounds b=": "NAME=LO:HI",
    "save t b*x --bounds b=:": "NAME=LO:HI",
    "save t b*x --bounds b=1": "NAME=LO:HI",
    "save t b*x --bounds b=a:": "finite",
    "save t b*x --bounds b=0:inf": "finite",
    "save t b*x --bounds b=2:1": "within the bounds",
    "save t b*x --set b=5 --bounds b=0:1": ">= 0 and <= 1",
    "save t x --note \x1b[1m": "cannot be shown",
    f"save t x --note {'n' * 300}": "200 at most",
    "save my_gate x --force": "needed as it is: cube",
    "remove my_gate": "needed as it is: cube",
    "remove relu": "in the catalogue",
    "remove cubes": "did you mean cube?",
    "remove x": "--own",
}


@pytest.mark.parametrize("line", BAD)
def test_what_is_wrong_is_refused_and_the_file_stays(file, line):
    message = refused(*line.split(" "), "--functions", "functions.toml", kind=ActcliError)
    assert BAD[line] in message
    assert (file.read_text(), [one.name for one in file.parent.iterdir()]) == (FILE, [file.name])


@pytest.mark.parametrize(
    "content",
    [b"broken", b"a = \xff", b"[a]\n[a]\n", b"x" * 300_000, b'a = "x"\na = "x"\n', b"[" * 3000],
    ids=["no TOML", "no UTF-8", "twice", "long", "a key twice", "deep"],
)
def test_a_file_that_cannot_be_read_stays_as_it_is(file, content):
    file.write_bytes(content)
    for line in (("save", "t", "x^2"), ("remove", "a")):
        assert refused(*line, "--functions", "functions.toml", kind=DataError).startswith("functions.toml")
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        '[a]\nformula = "x"\n[b]\nformula = "x^2"\n[a.parameters]\n',
        'a = { formula = "x", aliases = [\n"c" ] }\n[b]\nformula = "x^2"\n',
        "a.formula = '''x'''\nb.formula = \"x^2\"\n",
        '[ "a" ] # [b]\nformula = "x"\n["b"]\nformula = "x^2"',
        'a.formula = "x"\nb = "x^2"\na.about = "c # d"\n',
    ],
)
def test_other_layouts(file, content):
    file.write_text(content)
    remove("a")
    assert list(tomllib.loads(file.read_text())) == ["b"]


def test_a_change_meanwhile_is_not_lost(file, monkeypatch):
    def meanwhile(content, path, entry):
        file.write_text(FILE + "# mine\n")
        return functions_text.without_entry(content, path, entry.name)

    monkeypatch.setattr(functions_text, "with_entry", meanwhile)
    assert "changed meanwhile" in refused("save", "t", "x^2", "--functions", "functions.toml", kind=DataError)
    assert file.read_text() == FILE + "# mine\n"


def test_two_saves_at_once_lose_none(file):
    def add(number):
        for _ in range(20):
            with _alone_in(str(file.parent)):
                number += 10
                file.write_bytes(with_entry(file.read_bytes(), "f", Entry(f"f{number}", "f", "x^2")))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tomllib.loads(file.read_text())) == 5 + 80


def test_a_link_to_the_file_stays_a_link(file):
    Path("link.toml").symlink_to(file)
    save("t", "x^2", file="link.toml")
    assert Path("link.toml").is_symlink()
    assert "[t]" in file.read_text()


def test_without_a_file_of_ones_own(tmp_path):
    message = refused("save", "t", "x^2", environ={"HOME": str(tmp_path), "ACTCLI_CONFIG": ""})
    assert "ACTCLI_CONFIG is blank" in message
    invoke("save", "t", "x^2", environ={"ACTCLI_CONFIG": str(tmp_path / "mine.toml")})
    assert (tmp_path / "mine.toml").read_text() == '[t]\nformula = "x^2"\n'

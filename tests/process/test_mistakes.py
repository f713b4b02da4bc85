"""Wrong use and bad data: one line on stderr, the right status, nothing on stdout, never a traceback."""

import pytest
from program import Program

WRONG_USE = {
    "evl relu 1": "no command 'evl'; did you mean eval?",
    "plot x/0": "nothing to draw: x/0 has no finite value from -5 to 5, and none was found elsewhere",
    "plot sqrt(x-1e300)": "nothing to draw: sqrt(x-1e300) has no finite value from -5 to 5, only beyond 1e+300",
    "plot sqrt(x-1e3)": "has no finite value from -5 to 5; choose a range where it has, --range 10",
    "plot relu --range -pi pi/0": "--range 'pi/0' is not a finite number",
    "relu -1": "no command 'relu'; did you mean: actcli eval relu -1",
    "x*tanh(x) -1 2": "did you mean: actcli eval 'x*tanh(x)' -1 2",
    "relu " + "1 " * 99: "did you mean: actcli eval FUNCTION [X]...",
    "help plto": "no command 'plto'; did you mean plot?",
    "help plot grad": "help takes one command; leave out 'grad'",
    "help help": "no command 'help'",
    "eval 3 1": "'3' is a number; a function is needed",
    "plot relu -1 1": "'-1' is a number; a function is needed",
    "info relu gelu": "actcli info takes one FUNCTION; leave out gelu",
    "list relu gelu tanh": "actcli list takes one PATTERN; leave out gelu tanh",
    "frobnicate": "no command 'frobnicate'; the commands are eval, grad, plot, compare, deadcheck, list, ",
    "train relu": "no command 'train'; did you mean: actcli compare relu tanh --by training",
    "dead": "no command 'dead'; did you mean: actcli deadcheck --train relu",
    "claim": "no command 'claim'; did you mean claims?",
    "plot leaky_relu --alpha 0.1": "no option '--alpha'; a parameter stands behind its function, as in leaky_relu:0.2",
    "eval": "FUNCTION is missing; actcli eval --help shows an example",
    "eval rleu 1": "relu",
    "eval leaky_relu:beta=1 1": "alpha",
    "eval softplus:beta=0 1": "beta",
    "eval relu abc": "'abc'",
    "eval relu \N{MINUS SIGN}1": "printed sign U+2212",
    "eval relu 1 2 in.npy": "in.npy",
    "eval relu 1 --range 0 1": "--range",
    "eval relu 1 --fromat csv": "no option '--fromat'; did you mean --format?",
    "eval relu 1 --version": "actcli eval has no option '--version'; write actcli --version",
    "compare relu gelu --qwxyz": "no option '--qwxyz'; actcli compare --help lists them",
    "eval relu 1 -format csv": "no option '-format'; did you mean --format?",
    "eval relu 1 --order 2": "actcli eval has no option '--order'; grad has it",
    "eval relu 1 -q": "no option '-q'; actcli eval --help lists them",
    "eval relu -5f7": "'-5f7' is neither a number nor an option",
    "eval relu 1 --format yaml": "--format 'yaml' is not one of 'table', 'plain'",
    "eval relu 1 --format": "--format needs FORMAT after it",
    "eval --help --color": "--color needs WHEN after it: auto, always or never",
    "eval relu --range 1": "--range needs LO HI after it",
    "eval relu --range a 1": "--range 'a' is not a finite number",
    "eval relu --range nan 1": "--range 'nan' is not a finite number",
    "eval relu --range 0 inf": "--range 'inf' is not a finite number",
    "eval relu --range 0 1_0": "--range '1_0' is not a finite number",
    "eval relu --points 3 1": "--points needs --range LO HI",
    "eval relu --range 0 1 --points 0": "--points '0' is not a whole number from 1 to 100000000",
    "eval relu --range 0 1 --points -3": "--points '-3' is not a whole number",
    "eval relu --range 0 1 --points 2.5": "--points '2.5' is not a whole number",
    "eval relu --range 0 1 --points 99999999999999999999999": "--points",
    "eval relu 1 --array a": "--array",
    "eval relu 1 --column a": "--column",
    "eval relu 1 --axis 0": "--axis belongs to functions over rows",
    "eval softmax 1 2 --axis zero": "--axis 'zero' is not a whole number",
    "eval relu 1 --dtype float8": "--dtype 'float8' is not one of",
    "eval relu 1 --on-error panic": "--on-error 'panic' is not one of",
    "eval relu 1 --digits 3 --format json": "--digits belongs to --format table, markdown, plain, csv or tsv; json",
    "eval relu 1 --digits 3 --format jsonl": "jsonl holds every number exactly",
    "eval relu 1 --digits 3 -o y.npy": "npy holds every number exactly",
    "grad relu 1 --digits 0": "--digits '0' is not a whole number from 1 to 17",
    "compare relu gelu --digits 3 --format csv": "--digits belongs to --format table or markdown; csv",
    "eval relu 1 --format table --digits 18": "--digits '18' is not a whole number from 1 to 17",
    "eval relu 1 --format json --with-x": "--with-x",
    "eval relu 1 --with-x=3": "'--with-x' does not take a value",
    "eval relu 1 -o out.xyz": "out.xyz",
    "eval relu 1 -o out.csv --format json": "csv",
    "eval relu 1 --threads 0": "--threads '0' is not a whole number from 1 to 1024",
    "eval relu 1 --threads two": "--threads 'two'",
    "--color purple eval relu 1": "--color 'purple' is not one of",
    "eval relu 1 --color purple": "--color 'purple' is not one of",
    "--colr never eval relu 1": "no option '--colr'; did you mean --color?",
    "grad relu 1 --order 101": "--order '101' is not a whole number from 1 to 100",
    "grad prelu 1 --wrt beta": "alpha",
    "grad relu 1 --wrt alpha": "relu has no parameters",
    "grad prelu 1 --wrt alpha --order 2": "--order 2 belongs to --wrt x",
    "grad prelu 1 --wrt alpha --at-kink left": "--at-kink belongs to --wrt x",
    "grad relu 1 --at-kink middle": "--at-kink 'middle' is not one of",
    "grad relu 1 --jacobian": "--jacobian belongs to functions over rows",
    "grad softmax 1 2 --jacobian --order 2": "--jacobian holds first derivatives",
    "grad glu 1 2": "--jacobian",
    "grad relu 1 --tolerance 1e-3": "--tolerance needs --check",
    "grad relu --check --tolerance 0": "--tolerance '0' is not a finite number above 0",
    "grad relu --check --tolerance -1": "--tolerance '-1' is not a finite number above 0",
    "grad softmax --check --jacobian": "--jacobian does not go with --check",
    "grad relu --check --at-kink left": "--at-kink does not go with --check",
    "grad relu --check --dtype float32": "--dtype belongs to numbers",
    "completion": "SHELL is missing",
    "completion tcsh": "SHELL 'tcsh' is not one of 'bash', 'zsh', 'fish'",
    "completion bash zsh": "zsh",
}

BAD_DATA = {
    "eval relu missing.npy": "missing.npy",
    "eval relu -i missing.txt": "missing.txt",
    "eval relu -i .": "directory",
    "eval relu empty.txt -o out.csv": "empty.txt",
    "eval relu 1 -o nowhere/out.csv": "nowhere/out.csv",
    "eval relu words.txt -o out.csv": "words.txt:2: 'three' is not a number",
    "eval relu fake.npy": "fake.npy",
    "eval relu fake.npz": "fake.npz",
    "eval relu table.csv --column z": "'z'",
}


@pytest.fixture
def messy(actcli: Program) -> Program:
    (actcli.folder / "empty.txt").touch()
    (actcli.folder / "words.txt").write_text("1 2\nthree\n")
    (actcli.folder / "fake.npy").write_bytes(b"\x93NUMPY no")
    (actcli.folder / "fake.npz").write_bytes(b"PK no")
    (actcli.folder / "table.csv").write_text("x,y\n1,2\n")
    (actcli.folder / "in.npy").write_bytes(b"\x93NUMPY no")
    return actcli


@pytest.mark.parametrize("line", WRONG_USE)
def test_wrong_use_is_one_line_and_status_2(messy: Program, line: str) -> None:
    ended = messy(*line.split())
    assert ended.err.startswith("actcli: ")
    assert ended.err.count("\n") == 1
    assert WRONG_USE[line] in ended.err
    assert (ended.out, ended.status) == ("", 2)


@pytest.mark.parametrize("line", BAD_DATA)
def test_bad_data_is_one_line_and_status_1(messy: Program, line: str) -> None:
    ended = messy(*line.split())
    assert ended.err.startswith("actcli: ")
    assert ended.err.count("\n") == 1
    assert BAD_DATA[line] in ended.err
    assert (ended.out, ended.status) == ("", 1)
    assert not (messy.folder / "out.csv").exists()


def test_what_came_before_a_bad_token_is_printed(actcli: Program) -> None:
    ended = actcli("eval", "relu", stdin="1\n-2\n3 abc\n4\n")
    assert ended.lines == ["1.0", "0.0", "3.0"]
    assert "stdin:3: 'abc'" in ended.err
    assert ended.status == 1


def test_control_characters_in_a_message_are_escaped(actcli: Program) -> None:
    ended = actcli("ev\x1b[31m\nal")
    assert ended.status == 2
    assert ended.err.isprintable() or ended.err.rstrip("\n").isprintable()
    assert "\\x1b[31m\\nal" in ended.err


def test_stray_bytes_on_the_command_line(actcli: Program) -> None:
    ended = actcli.shell("actcli eval relu $'\\xff.txt'")
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def test_a_message_on_an_ascii_terminal(actcli: Program) -> None:
    ended = actcli(
        "eval", "σ", "1", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    assert ended.status == 2
    assert ended.err.isascii()
    assert ended.err.splitlines()[1:] == ["  ??", "  ^"]


def test_a_row_of_the_wrong_length_is_wrong_data_in_a_stream_and_wrong_use_as_arguments(
    messy: Program,
) -> None:
    streamed = messy("eval", "glu", stdin=b"1 2 3 4\n1 2 3\n")
    assert streamed.out.splitlines()[0] == messy("eval", "glu", "1", "2", "3", "4").out.strip()
    assert "stdin: glu" in streamed.err
    assert "even length" in streamed.err
    assert streamed.status == 1
    assert messy("eval", "glu", "1", "2", "3").status == 2

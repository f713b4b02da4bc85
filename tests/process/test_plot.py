"""`actcli plot` as a whole process: golden charts, files, data, terminals, mistakes.

ACTCLI_GOLDEN=write makes the golden files anew. Each is read again by a second check, which recomputes f.
"""

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from program import Ended, Program
from test_startup import loaded

from actcli import activation

GOLDEN = Path(__file__).parents[1] / "golden"
PLAIN_ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

SCREENS = {
    "relu": ["relu"],
    "four": ["relu", "leaky_relu:0.1", "gelu", "silu"],
    "grad": ["step", "relu6", "tanh", "--grad"],
    "order2": ["gelu", "--order", "2", "--height", "36"],
    "overlay": ["gelu", "--grad", "--overlay"],
    "sweep": ["leaky_relu", "--sweep", "alpha=0.01,0.1,0.3", "--grad"],
    "wrt": ["prelu", "--wrt", "alpha"],
    "logit": ["logit"],
    "log": ["exponential", "sigmoid", "--log-y"],
    "symlog": ["relu", "tanhshrink", "--symlog"],
    "data": ["hard_tanh", "-i", "acts.txt"],
    "hist": ["gelu", "-i", "acts.txt", "--hist"],
    "key": ["softplus:beta=2,threshold=20", "torch.LeakyReLU:negative_slope=0.2"],
    "block": ["sine", "gaussian", "--marker", "block"],
}


@pytest.fixture
def with_data(actcli: Program) -> Program:
    values = np.sort(np.random.default_rng(5).normal(size=5000)).round(3)
    (actcli.folder / "acts.txt").write_text("\n".join(map(str, values.tolist())))
    np.save(actcli.folder / "acts.npy", values.astype(np.float32))
    np.savez(actcli.folder / "acts.npz", a=values, b=values + 10)
    (actcli.folder / "acts.csv").write_text("name,v\na,-1\nb,2\n")
    return actcli


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("encoding", ["utf8", "ascii"])
@pytest.mark.parametrize("name", SCREENS)
def test_golden_screens(with_data: Program, name: str, encoding: str, width: int) -> None:
    environ = PLAIN_ASCII if encoding == "ascii" else {}
    ended = with_data("plot", *SCREENS[name], "--width", str(width), **environ)
    assert (ended.err, ended.status) == ("", 0)
    assert max(map(len, ended.lines)) <= width
    assert ended.out.isascii() == (encoding == "ascii")
    file = GOLDEN / f"plot_{name}_{width}_{encoding}.txt"
    if os.environ.get("ACTCLI_GOLDEN") == "write":
        file.write_text(ended.out)
    assert ended.out == file.read_text()


def frames(text: str) -> list[list[str]]:
    """The lines of each frame of a chart, from its upper line to its lower."""
    lines, found = text.splitlines(), []
    for i, line in enumerate(lines):
        if re.match(r"\s*[┌+][─┬+-]+ [dfn]", line):
            end = next(j for j in range(i + 1, len(lines)) if re.match(r"\s*[└+][─┴┬+-]+[┘+]$", lines[j]))
            found.append(lines[i : end + 2])
    return found


def ticks_of_y(frame: list[str], left: int) -> dict[int, float]:
    return {row: float(line[: left - 1]) for row, line in enumerate(frame[:-2]) if line[: left - 1].strip()}


def ticks_of_x(frame: list[str]) -> dict[int, float]:
    """Column of a tick to its number: the marks in the frame's lower line, the texts in the line below."""
    marks = [i for i, c in enumerate(frame[-2]) if c in "┬+"][(frame[-2].lstrip()[0] == "+") :]
    found = {}
    for match in re.finditer(r"\S+", frame[-1]):
        nearest = min(range(match.start(), match.end()), key=lambda i: min(abs(i - m) for m in [*marks, -99]))
        found[nearest] = float(match[0])
    return found


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    ("name", "spec"), [("relu", "relu"), ("logit", "logit"), ("overlay", "gelu"), ("wrt", "prelu")]
)
@pytest.mark.parametrize("encoding", ["utf8", "ascii"])
def test_a_golden_chart_says_what_f_says(name: str, spec: str, width: int, encoding: str) -> None:
    """Through the ticks alone, a reader of the chart finds every value of f within the size of a character."""
    every = frames((GOLDEN / f"plot_{name}_{width}_{encoding}.txt").read_text())
    frame, f = every[0], activation(spec)
    left = re.match(r"\s*", frame[0]).end() + 1
    right = len(frame[0].rstrip()) - 1
    rows = ticks_of_y(frame, left)
    columns = ticks_of_x(every[-1])
    assert len(rows) >= 2
    assert len(columns) >= 4
    slope_y, start_y = np.polyfit(list(rows), list(rows.values()), 1)
    slope_x, start_x = np.polyfit(list(columns), list(columns.values()), 1)
    assert np.abs(np.polyval([slope_y, start_y], list(rows)) - list(rows.values())).max() < abs(slope_y)
    assert np.abs(np.polyval([slope_x, start_x], list(columns)) - list(columns.values())).max() < slope_x
    curve = r"[⠀-⣿*o12]"
    checked = 0
    for column in range(left + 1, right - 1):
        x = start_x + slope_x * np.linspace(column - 1.5, column + 1.5, 31)
        y = f(x)
        if not np.isfinite(y).all():
            continue
        marked = [row for row in range(1, len(frame) - 2) if re.match(curve, frame[row][column])]
        low, high = (y.max() - start_y) / slope_y, (y.min() - start_y) / slope_y
        assert any(low - 1.2 <= row <= high + 1.2 for row in marked), (column, marked, low, high)
        checked += 1
    assert checked > 0.8 * (right - left)


def test_a_pipe_gets_80_by_24_without_colour_whatever_the_caller_has(actcli: Program) -> None:
    ended = actcli("plot", "gelu", COLUMNS="200", LINES="70")
    assert len(ended.lines) == 24
    assert 70 < max(map(len, ended.lines)) <= 80
    assert "\x1b" not in ended.out


def test_a_terminal_gets_colour_and_its_own_size(actcli: Program) -> None:
    ended = actcli.on_a_terminal("plot", "relu", "gelu", COLUMNS="100", LINES="30")
    assert ended.status == 0
    assert "\x1b[38;5;63m" in ended.out
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ended.out).splitlines()
    assert len(lines) == 29
    assert 90 < max(map(len, lines)) <= 100


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(actcli: Program, environ: dict[str, str]) -> None:
    ended = actcli.on_a_terminal("plot", "relu", "gelu", **environ)
    assert "\x1b" not in ended.out
    assert "1 relu" in ended.out


def test_colour_stripped_is_the_same_chart(actcli: Program) -> None:
    plain, colored = actcli("plot", "gelu"), actcli("plot", "gelu", "--color", "always")
    assert "\x1b[38;5;63m" in colored.out
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored.out) == plain.out


@pytest.mark.parametrize("theme", ["colorblind", "light", "dark", "mono"])
def test_themes_differ(actcli: Program, theme: str) -> None:
    asked = actcli("plot", "relu", "gelu", "--color", "always", "--theme", theme)
    assert asked.out != actcli("plot", "relu", "gelu", "--color", "always").out


def test_a_piped_chart_loads_no_rich(actcli: Program) -> None:
    names = loaded(actcli, "plot", "relu")
    assert "plotext" in names
    assert not names & {"rich", "orjson", "matplotlib", "pygments", "scipy"}


def test_help_loads_nothing_heavy(actcli: Program) -> None:
    assert not loaded(actcli, "plot", "--help") & {"numpy", "plotext", "rich", "matplotlib"}


def test_help_fits_80_columns(actcli: Program) -> None:
    ended = actcli("plot", "--help")
    assert max(map(len, ended.lines)) < 80
    assert ended.out.isascii()


def test_the_series(actcli: Program) -> None:
    lines = actcli("plot", "relu", "--grad", "--range", "-1", "1", "--points", "3", "--format", "csv").lines
    assert lines == [
        "function,quantity,segment,x,y",
        "relu,f(x),1,-1.0,0.0",
        "relu,f(x),1,0.0,0.0",
        "relu,f(x),1,1.0,1.0",
        "relu,f'(x),1,-1.0,0.0",
        "relu,f'(x),1,0.0,0.0",
        "relu,f'(x),2,0.0,1.0",
        "relu,f'(x),2,1.0,1.0",
    ]
    document = json.loads(actcli("plot", "step", "--points", "2", "--format", "json").out)
    assert document["range"] == [-5, 5]
    assert document["curves"][0]["segments"] == [{"x": [-5, 0], "y": [0, 0]}, {"x": [0, 5], "y": [1, 1]}]
    rows = [json.loads(line) for line in actcli("plot", "step", "--points", "2", "--format", "jsonl").lines]
    assert rows[2] == {"function": "step", "quantity": "f(x)", "segment": 2, "x": 0.0, "y": 1.0}
    assert "\t" in actcli("plot", "step", "--format", "tsv").lines[0]


def test_a_series_quotes_what_has_commas(actcli: Program) -> None:
    line = actcli("plot", "softplus:beta=2,threshold=20", "--format", "csv").lines[1]
    assert line.startswith('"softplus:beta=2,threshold=20",f(x),1,-5.0,')


def test_files_of_characters(actcli: Program) -> None:
    shown = actcli("plot", "relu", "gelu")
    assert actcli("plot", "relu", "gelu", "-o", "a.txt") == Ended("", "", 0)
    assert (actcli.folder / "a.txt").read_text() == shown.out
    assert actcli("plot", "relu", "gelu", "-o", "a.html").status == 0
    page = (actcli.folder / "a.html").read_text()
    picture = page.partition('<svg class="figure"')[2].partition("</svg>")[0]
    assert picture.count('class="k0 curve"') == 1
    assert picture.count('class="k1 curve"') == 3  # with dashes where it lies on the other
    assert "prefers-color-scheme" in page
    assert sorted(p.name for p in actcli.folder.iterdir()) == ["a.html", "a.txt"]


def test_drawn_files(with_data: Program) -> None:
    pytest.importorskip("matplotlib")
    for suffix, magic in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        ended = with_data("plot", "relu", "silu", "--grad", "--hist", "-i", "acts.npy", "-o", f"f.{suffix}")
        assert ended.status == 0
        assert "relu: 48.2 % have" in ended.err
        assert (with_data.folder / f"f.{suffix}").read_bytes().startswith(magic)
    assert b"/FontFile2" in (with_data.folder / "f.pdf").read_bytes()
    ET.parse(with_data.folder / "f.svg")  # noqa: S314 - our own file


def test_the_same_figure_is_the_same_file(actcli: Program) -> None:
    pytest.importorskip("matplotlib")
    for suffix in ("svg", "png", "pdf"):
        assert actcli("plot", "gelu", "-o", f"a.{suffix}").status == 0
        assert actcli("plot", "gelu", "-o", f"b.{suffix}").status == 0
        assert (actcli.folder / f"a.{suffix}").read_bytes() == (actcli.folder / f"b.{suffix}").read_bytes()


def test_without_matplotlib_the_error_says_what_to_install(actcli: Program) -> None:
    (actcli.folder / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'matplotlib' else find(name, *more)\n"
    )
    path = f"{actcli.folder}:{Path(__file__).parents[2]}"
    ended = actcli("plot", "relu", "-o", "a.png", PYTHONPATH=path)
    assert ended == Ended("", "actcli: svg, png, pdf and eps need matplotlib: pip install matplotlib\n", 1)


def test_data_from_standard_input(actcli: Program) -> None:
    ended = actcli("plot", "relu", "-i", "-", stdin="-1\n-2 3\nnan\n")
    assert ended.lines[-2:] == [
        "stdin: 3 numbers from -2 to 3, and 1 nan.",
        "relu: 66.7 % have zero gradient (f' = 0), 0 % more are saturated (|f'| <",
    ] or ended.lines[-3:-1] == [
        "stdin: 3 numbers from -2 to 3, and 1 nan.",
        "relu: 66.7 % have zero gradient (f' = 0), 0 % more are saturated (|f'| <",
    ]
    assert ended.out.count("•") == 3


def test_no_data_at_all_is_said(actcli: Program) -> None:
    ended = actcli("plot", "relu", "-i", "-", "--hist")
    assert ended.lines[-1] == "stdin has no numbers."
    assert ended.status == 0


def test_arrays_and_columns(with_data: Program) -> None:
    assert "acts.npz: 10,000 numbers" in with_data("plot", "relu", "-i", "acts.npz").out
    assert "acts.npz: 5,000 numbers" in with_data("plot", "relu", "-i", "acts.npz", "--array", "b").out
    assert "2 numbers from -1 to 2" in with_data("plot", "relu", "-i", "acts.csv", "--column", "v").out


WRONG_USE = {
    "plot": "FUNCTION is missing",
    "plot rleu": "relu",
    "plot softmax": "softmax works over rows",
    "plot relu 1": "'1' is a number; a function is needed",
    "plot relu --range 1": "--range needs LO HI after it",
    "plot relu --range 1 1": "low end must be below",
    "plot relu --range 2 1": "low end must be below",
    "plot relu --range a 1": "--range 'a' is not a finite number",
    "plot relu --range 0 inf": "--range 'inf' is not a finite number",
    "plot relu --range -1e308 1e308": "within 1e300",
    "plot relu --range 1 1.0000000000001": "too close",
    "plot relu --points 1": "--points '1' is not a whole number from 2 to 1000000",
    "plot relu --points 1e3": "--points '1e3'",
    "plot relu --points 99999999": "--points",
    "plot relu --order 101": "--order '101' is not a whole number from 1 to 100",
    "plot relu --grad=1": "'--grad' does not take a value",
    "plot relu --overlay": "--overlay needs --grad",
    "plot relu --overlay --grad --format csv": "--overlay belongs to charts",
    "plot relu --wrt alpha": "relu has no parameters",
    "plot prelu --wrt beta": "alpha",
    "plot prelu relu --wrt alpha": "relu has no parameters",
    "plot prelu --wrt alpha --order 2": "--order 2 belongs to --wrt x",
    "plot relu --sweep alpha=1,2": "relu has no parameters",
    "plot leaky_relu --sweep": "--sweep needs PARAM=VALUES after it",
    "plot leaky_relu --sweep beta=1,2": "it has alpha",
    "plot leaky_relu --sweep alpha": "is not a sweep",
    "plot leaky_relu --sweep alpha=1,x": "'x' is not a finite number",
    "plot leaky_relu --sweep alpha=0:1:0": "COUNT is a whole number from 2",
    "plot leaky_relu --sweep alpha=0:1:3:log": "logarithmic steps need LO and HI above 0",
    "plot leaky_relu --sweep alpha=0:1:200": "at most",
    "plot softplus --sweep beta=0,1": "beta must be > 0",
    "plot relu --log-y --symlog": "--symlog does not go with --log-y",
    "plot relu --log-y --range -2 -1": "--log-y: f(x) has no value above 0",
    "plot relu --log-y --format csv": "--log-y belongs to charts",
    "plot relu --hist": "--hist needs --input FILE",
    "plot relu --array a": "--array needs --input FILE",
    "plot relu --column a": "--column needs --input FILE",
    "plot relu -i x.txt --array a": "--array chooses",
    "plot relu --width 19": "--width '19' is not a whole number from 20 to 1000",
    "plot relu --width 1001": "--width",
    "plot relu --width wide": "--width 'wide'",
    "plot leaky_relu:0.1 relu --range 1e5 1.001e5 --width 20": "is too narrow",
    "plot relu --height 7": "--height '7' is not a whole number from 8 to 500",
    "plot relu --height 501": "--height",
    "plot relu --order 2 --height 8": "--height is too small",
    "plot relu --marker star": "--marker 'star' is not one of 'braille', 'block', 'dot', 'ascii'",
    "plot relu --theme solarized": "--theme 'solarized' is not one of",
    "plot relu --format table": "--format table is for numbers",
    "plot relu --format yaml": "--format 'yaml' is not one of",
    "plot relu --format csv --width 50": "--width belongs to charts of characters",
    "plot relu --format json --marker dot": "--marker belongs to charts of characters",
    "plot relu -o a.png --height 20": "--height belongs to charts of characters",
    "plot relu -o a.gif": "-o 'a.gif': the suffix",
    "plot relu -o a": "-o 'a': the suffix",
    "plot relu -o a.png --format csv": "png by its suffix",
    "plot relu -o a.csv --format json": "csv by its suffix",
    "plot relu --color purple": "--color 'purple' is not one of",
    "plot relu --with-x": "--with-x",
    "plot relu --threads 0": "--threads '0'",
}

BAD_DATA = {
    "plot relu -i missing.npy": "missing.npy",
    "plot relu -i .": "directory",
    "plot relu -i words.txt": "words.txt:2: 'three' is not a number",
    "plot relu -i empty.txt": "empty.txt",
    "plot relu -i fake.npy": "fake.npy",
    "plot relu -i fake.npz --hist": "fake.npz",
    "plot relu -i table.csv --column z": "'z'",
    "plot relu -o nowhere/a.txt": "nowhere/a.txt",
    "plot relu -o nowhere/a.csv": "nowhere/a.csv",
}


@pytest.mark.parametrize("line", WRONG_USE)
def test_wrong_use_is_one_line_and_status_2(actcli: Program, line: str) -> None:
    (actcli.folder / "x.txt").write_text("1\n")
    ended = actcli(*line.split())
    assert WRONG_USE[line] in ended.err
    assert ended.err.startswith("actcli: ")
    assert (ended.out, ended.err.count("\n"), ended.status) == ("", 1, 2)


@pytest.mark.parametrize("line", BAD_DATA)
def test_bad_data_is_one_line_and_status_1(actcli: Program, line: str) -> None:
    (actcli.folder / "empty.txt").touch()
    (actcli.folder / "words.txt").write_text("1 2\nthree\n")
    (actcli.folder / "fake.npy").write_bytes(b"\x93NUMPY no")
    (actcli.folder / "fake.npz").write_bytes(b"PK no")
    (actcli.folder / "table.csv").write_text("x,y\n1,2\n")
    ended = actcli(*line.split())
    assert BAD_DATA[line] in ended.err
    assert (ended.out, ended.err.count("\n"), ended.status) == ("", 1, 1)


def test_a_failed_chart_leaves_the_old_file(actcli: Program) -> None:
    (actcli.folder / "a.txt").write_text("old")
    assert actcli("plot", "relu", "--log-y", "--range", "-2", "-1", "-o", "a.txt").status == 2
    assert (actcli.folder / "a.txt").read_text() == "old"
    assert [p.name for p in actcli.folder.iterdir()] == ["a.txt"]

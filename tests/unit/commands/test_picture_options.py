"""The options about the look of charts: ten bad inputs for each, and no file where one is refused."""

from pathlib import Path

import pytest
from invocation import invoke, refused

from actcli.exits import DataError

SVG = ("-o", "a.svg")
PNG = ("-o", "a.png")
LONG = "x" * 501
BAD_TEXTS = [
    "\x1b[31m",
    "a\nb",
    "a\tb",
    "\x00",
    "\x7f",
    LONG,
    "$\\nope$",
    "$\\frac{1}$",
    "${$",
    "$x^$",
    "\u202e",
    "\ud800",
]

BAD = {
    "--size": [
        "", "3", "x", "0x0", "9x6km", "9cm", "-9x6cm", "1e3x2in", "0.5x3in", "99x3in", "9 x 6cm",
        "٣x٣in", "Column",
    ],
    "--dpi": ["", "0", "-1", "29", "2401", "1e2", "1.5", "nan", "٣٠٠", "300 dpi", "9" * 30],
    "--columns": ["", "0", "-1", "21", "2.0", "two", "nan", "0x2", "9" * 30, "2", "3"],
    "--legend": ["", "best", "left", "inside", "0", "upper right", "end ", "in,out", "-", "nowhere"],
    "--title": BAD_TEXTS,
    "--x-label": BAD_TEXTS,
    "--y-label": BAD_TEXTS,
    "--label": [
        "", "=", "x", "gelu=x", "relu", "RELU=x", " relu=x", "relu:=x", "relu=$\\nope$", "relu=\x1b[31m",
        f"relu={LONG}", "relu=a\nb",
    ],
}  # fmt: skip
CASES = [(option, value) for option, values in BAD.items() for value in values]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")


@pytest.mark.parametrize(("option", "value"), CASES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(CASES)])
def test_a_bad_value_is_one_line_and_no_file(option, value):
    pytest.importorskip("matplotlib")
    message = refused("plot", "relu", option, value, *SVG if option != "--dpi" else PNG)
    assert option in message
    assert message.isprintable()
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "between",
    [("2", "1"), ("1", "1"), ("nan", "1"), ("0", "inf"), ("-inf", "0"), ("a", "b"), ("", "1"), ("8", "9"), ("-9", "-8"),
     ("-1e308", "1.7e308"), ("1", "-")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["text", "svg"])
def test_a_bad_range_of_y(between, form):
    if form == "svg":
        pytest.importorskip("matplotlib")
    message = refused("plot", "relu", "--y-range", *between, *SVG if form == "svg" else ())
    assert "--y-range" in message
    assert not list(Path().iterdir())


def test_a_logarithmic_axis_begins_above_0():
    assert "begins above 0" in refused("plot", "sigmoid", "--log-y", "--y-range", "0", "1")


STYLES = {
    "unknown.mplstyle": "nosuch.setting: 3\n",
    "value.mplstyle": "font.size: big\n",
    "code.mplstyle": "axes.prop_cycle: __import__('os').system('touch ran')\n",
    "empty.mplstyle": "",
    "comment.mplstyle": "# font.size: 3\n",
    "binary.mplstyle": "\x00\x01\x02",
    "line.mplstyle": "no colon here\n",
    "font.mplstyle": "font.family: No Such Font\n",
    "backend.mplstyle": "backend: TkAgg\n",
}


@pytest.mark.parametrize(
    "name", [*STYLES, "missing.mplstyle", "/dev/null", ".", "http://127.0.0.1:9/a.mplstyle", "ggplot"]
)
def test_a_bad_style_file(name):
    pytest.importorskip("matplotlib")
    if name in STYLES:
        Path(name).write_text(STYLES[name], "utf-8")
    message = refused("plot", "relu", "--style", name, *SVG, kind=DataError)
    assert message.startswith(f"--style {name}: ")
    assert [path.name for path in Path().iterdir()] in ([], [name])


def test_a_style_that_is_not_utf_8():
    pytest.importorskip("matplotlib")
    Path("a.mplstyle").write_bytes(b"font.size: \xff\xfe\n")
    assert "--style" in refused("plot", "relu", "--style", "a.mplstyle", *SVG, kind=DataError)


@pytest.mark.parametrize(
    "option", [("--legend", "in"), ("--size", "page"), ("--dpi", "90"), ("--columns", "1"), ("--style", "a")]
)
@pytest.mark.parametrize("form", [(), ("-o", "a.txt"), ("-o", "a.html"), ("--format", "csv")])
def test_what_only_pictures_understand(option, form):
    message = refused("plot", "relu", *option, *form)
    assert message.startswith(f"{option[0]} belongs to pictures")


@pytest.mark.parametrize(
    "option",
    [
        ("--title", "t"),
        ("--x-label", "t"),
        ("--y-label", "t"),
        ("--label", "relu=t"),
        ("--y-range", "0", "1"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_numbers_have_no_texts(option, form):
    assert refused("plot", "relu", *option, "--format", form).startswith(f"{option[0]} belongs to charts")


@pytest.mark.parametrize(
    "option", [("--legend", "in"), ("--title", "t"), ("--size", "page"), ("--y-range", "0", "1")]
)
def test_compare_needs_a_chart(option):
    assert refused("compare", "relu", "gelu", *option) == f"{option[0]} needs --plot"


def test_what_bars_have_no_use_for():
    pytest.importorskip("matplotlib")
    for option in (("--y-range", "0", "1"), ("--y-label", "y"), ("--legend", "none")):
        message = refused("compare", "relu", "gelu", "--by", "information", "--plot", *option, *SVG)
        assert message == f"{option[0]} belongs to curves, and --by information has bars"


def test_compare_names_its_contenders_before_it_measures():
    message = refused("compare", "relu", "gelu", "--by", "training", "--plot", "--label", "tanh=x")
    assert message.endswith("one of these names: relu, gelu")


def test_more_names_than_panels():
    assert "1 panel;" in refused("plot", "relu", "--y-label", "a", "--y-label", "b")
    assert "2 panels;" in refused("plot", "relu", "--grad", *["--y-label", "a"] * 3)


def test_a_picture_too_large_or_too_small():
    pytest.importorskip("matplotlib")
    assert "megapixels" in refused("plot", "relu", "--size", "50x50in", "--dpi", "2400", *PNG)
    assert "too small" in refused("plot", "relu", "--grad", "--size", "1x1in", *SVG)
    assert "too small for 'a very" in refused(
        "plot",
        "relu",
        "--size",
        "2x2in",
        "--y-label",
        "a very long name for so low a picture, and more of it",
        *SVG,
    )
    assert "--legend end" in refused(
        "plot", "relu", "gelu", "silu", "elu", "mish", "selu", "--legend", "end", "--size", "3x1in", *SVG
    )
    assert not list(Path().iterdir())


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_binary_pictures_do_not_go_to_a_terminal(form):
    pytest.importorskip("matplotlib")
    for command in (("plot", "relu"), ("compare", "relu", "gelu", "--plot")):
        assert "is a terminal" in refused(*command, "--format", form, stdout_is_tty=True)


def test_forms_that_disagree():
    assert "leave out one" in refused("plot", "relu", "--format", "svg", "-o", "a.png")
    assert "leave out one" in refused("compare", "relu", "gelu", "--plot", "--format", "svg", "-o", "a.png")
    assert "add --plot" in refused("compare", "relu", "gelu", "--format", "svg")


def test_dpi_is_for_pixels():
    pytest.importorskip("matplotlib")
    for form in ("svg", "pdf", "eps"):
        assert "has no pixels" in refused("plot", "relu", "--dpi", "90", "-o", f"a.{form}")


def test_a_character_that_the_font_lacks_is_named():
    pytest.importorskip("matplotlib")
    assert "lacks 漢" in refused("plot", "relu", "--title", "漢", *SVG)


def test_texts_in_a_chart_of_characters():
    shown = invoke(
        "plot", "relu", "--title", r"$\alpha$ and \$5", "--x-label", "input", "--y-label", r"$x^2$", "--label",
        "relu=$x^+$", "--y-range", "0", "2", "--height", "14", "--width", "60",
    ).out.splitlines()  # fmt: skip
    assert shown[0].strip() == "α and $5"
    assert "┌─ x² by input ─" in shown[1]
    assert len(shown) == 14
    assert sum(line.endswith(" x⁺") for line in shown) == 1
    assert [line[0] for line in shown if line[:2].strip().isdigit()] == ["2", "1", "0"] or "2┤" in "".join(
        shown
    )


def test_texts_in_a_page():
    invoke("plot", "relu", "--title", "<b>&", "--x-label", r"$\sigma$", "--y-range", "0", "2", "-o", "a.html")
    page = Path("a.html").read_text("utf-8")
    assert "<h2>&lt;b&gt;&amp;</h2>" in page
    assert ">σ</text>" in page
    assert ">ReLU</text>" in page

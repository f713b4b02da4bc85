import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering import Screen, jacobian_results, results, row_results, terminal, written

from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.table.fit import align_at_points, fit_decimals
from actcli.render.text.digits import round_decimal, significant_digits
from actcli.render.values.evaluations import write_evaluations

X = np.array([-3.0, -0.0, 0.5, 1e-7, 12345.678, np.nan, -np.inf])
Y = np.array(
    [-0.14227761953270035, -0.0, 0.3112296656009273, 5.0000002499999994e-8, 12345.678, np.nan, np.inf]
)


def body(shown):
    """The cells of a table's body, a list a line, without the padding."""
    lines = [re.split("[│|]", line)[1:-1] for line in shown.splitlines() if line.startswith(("│", "|"))]
    return [[cell.strip() for cell in line] for line in lines[1:]]


def heading(shown):
    (line,) = [line for line in shown.splitlines() if re.match(r"[│|] +(x|row) ", line)]
    return re.split("[│|]", line)[-2].strip()


def test_a_table():
    assert written(results((X, Y)), "table") == (
        "╭───────────┬───────────────────────────╮\n"
        "│         x │                   gelu(x) │\n"
        "├───────────┼───────────────────────────┤\n"
        "│    -3.0   │    -0.14227761953270035   │\n"
        "│    -0.0   │    -0.0                   │\n"
        "│     0.5   │     0.3112296656009273    │\n"
        "│     1e-7  │     5.0000002499999994e-8 │\n"
        "│ 12345.678 │ 12345.678                 │\n"
        "│   nan     │   nan                     │\n"
        "│  -inf     │   inf                     │\n"
        "╰───────────┴───────────────────────────╯\n"
    )


def test_a_narrow_ascii_table_has_fewer_digits():
    assert written(results((X, Y)), "table", size=(24, 24), encoding="ascii") == (
        "+----------+-----------+\n"
        "|        x |   gelu(x) |\n"
        "+----------+-----------+\n"
        "|    -3.0  |  -0.142   |\n"
        "|    -0.0  |  -0.0     |\n"
        "|     0.5  |   0.311   |\n"
        "|     1e-7 |   5.00e-8 |\n"
        "| 12345.68 |   1.23e4  |\n"
        "|   nan    | nan       |\n"
        "|  -inf    | inf       |\n"
        "+----------+-----------+\n"
    )


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(width, encoding):
    shown = written(results((X, Y)), "table", size=(width, 24), encoding=encoding)
    assert max(map(len, shown.splitlines())) <= width
    for (_, y), exact in zip(body(shown), Y, strict=True):
        assert float(y) == pytest.approx(exact, rel=1e-15, nan_ok=True)
    assert ("╭" in shown) == (encoding == "utf-8")


def test_a_terminal_too_narrow_for_any_table_still_gets_whole_numbers():
    shown = written(results((X, Y)), "table", size=(8, 24))
    assert [float(y) for _, y in body(shown)][:4] == [-0.1, -0.0, 0.3, 5e-8]


def test_digits_are_significant_ones_and_exact_numbers_stay_short():
    shown = written(results((X, Y)), "table", digits=3)
    assert [y for _, y in body(shown)] == ["-0.142", "-0.0", "0.311", "5.00e-8", "1.23e4", "nan", "inf"]


def test_a_long_table_leaves_its_middle_out():
    values = np.arange(20_000.0)
    blocks = [(values[i : i + 7], values[i : i + 7]) for i in range(0, len(values), 7)]
    shown = written(results(*blocks), "table")
    cells = body(shown)
    assert [x for x, _ in cells[:30]] == [f"{i}.0" for i in range(30)]
    assert cells[30] == ["…", "…"]
    assert [x for x, _ in cells[31:]] == [f"{i}.0" for i in range(19_990, 20_000)]
    assert shown.endswith("╯\n19,960 rows not shown; -o FILE or --format plain gives all\n")
    assert body(written(results(values), "table", encoding="ascii"))[30] == ["...", "..."]


@pytest.mark.parametrize(("count", "lines"), [(40, 40), (41, 41), (42, 41)])
def test_forty_lines_are_shown_whole(count, lines):
    shown = written(results(np.arange(float(count))), "table")
    assert len(body(shown)) == lines
    assert ("not shown" in shown) == (count > 40)


def test_by_rows_each_number_has_its_row_and_place():
    assert written(row_results(function="glu"), "table") == (
        "╭─────┬───┬─────┬────────╮\n"
        "│ row │ i │   x │ glu(x) │\n"
        "├─────┼───┼─────┼────────┤\n"
        "│   1 │ 1 │ 1.0 │    2.0 │\n"
        "│   1 │ 2 │ 2.0 │    4.0 │\n"
        "│   1 │ 3 │ 3.0 │        │\n"
        "│   2 │ 1 │ 4.0 │    8.0 │\n"
        "│   2 │ 2 │ 5.0 │   10.0 │\n"
        "│   2 │ 3 │ 6.5 │        │\n"
        "╰─────┴───┴─────┴────────╯\n"
    )


def test_more_results_than_inputs_leave_x_blank():
    wide = results((np.array([[1.0]]), np.array([[2.0, 3.0]])), by_rows=True)
    assert body(written(wide, "table")) == [["1", "1", "1.0", "2.0"], ["1", "2", "", "3.0"]]


def test_a_jacobian_is_long():
    shown = written(jacobian_results(), "table")
    assert shown.startswith("y = softmax\n")
    assert heading(shown) == "dy_i/dx_j"
    cells = body(shown)
    assert cells[0] == ["1", "1", "1", "0.0"]
    assert cells[5:7] == [["1", "2", "3", "5.0"], ["2", "1", "1", "6.0"]]
    assert len(cells) == 12


def test_several_arrays_have_a_titled_table_each():
    both = [results([1.0], array="conv1"), results([2.0], array="conv2")]
    shown = written(both, "table")
    assert re.findall("conv.|[0-9.]+ │\n", shown) == ["conv1", "1.0 │\n", "conv2", "2.0 │\n"]


@pytest.mark.parametrize(
    ("function", "quantity", "said"),
    [
        ("gelu", "f(x)", "gelu(x)"),
        ("gelu", "gelu'(x)", "gelu'(x)"),
        ("torch.LeakyReLU:0.2", "f''(x)", "torch.LeakyReLU''(x; 0.2)"),
        ("swish:beta=2", "df/dbeta", "d swish(x; beta=2) / d beta"),
        ("swish:beta=2", "dswish:beta=2/dbeta", "d swish(x; beta=2) / d beta"),
        ("x*sigmoid(x)", "f'(x)", "f'(x)"),
        ("x*sigmoid(x)", "x*sigmoid(x)'(x)", "f'(x)"),
        ("leaky_relu:alpha=0.20000000000000001", "f(x)", "f(x)"),
    ],
)
def test_the_heading_says_what_y_is(function, quantity, said):
    shown = written(results([1.0], function=function, quantity=quantity), "table")
    assert heading(shown) == said
    assert shown.startswith(f"f = {function}\n") == said.startswith("f")


@pytest.mark.parametrize("live", [False, True])
def test_what_a_user_typed_is_neither_markup_nor_control(live):
    shown = written(results([1.0], function="x*[red]x:smile:\x1b[31m\n\u202ex\x00", live=live), "table")
    assert shown.startswith(r"f = x*[red]x:smile:\x1b[31m\n\u202ex\x00" + "\n")
    assert "\x1b" not in shown


def test_colour_only_where_the_terminal_has_it():
    stream = [results((X, Y)), results((X, Y), live=True)]
    assert "\x1b" not in written(stream, "table", environ={"FORCE_COLOR": "0"}, color_choice="auto")
    stream = [results((X, Y)), results((X, Y), live=True)]
    coloured = written(stream, "table", color_choice="always")
    assert coloured.count("\x1b[38;5;131m") == 4
    stream = [results((X, Y)), results((X, Y), live=True)]
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == written(stream, "table")


def test_the_world_outside_does_not_change_a_table(monkeypatch):
    plain = written(results((X, Y)), "table")
    for name, value in {"COLUMNS": "20", "FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
        assert written(results((X, Y)), "table") == plain


def test_a_live_table_grows_line_by_line():
    screen = Screen()
    stream = results((X[:2], Y[:2]), (X[2:], Y[2:]), live=True)
    write_evaluations([stream], Layout("table", None), terminal(screen))
    first = (
        "         x                         gelu(x)\n"
        "      -3.0                            -0.14227761953270035\n"
        "      -0.0                            -0.0\n"
    )
    assert first.encode() in screen.flushed
    assert screen.getvalue().decode() == first + (
        "       0.5                             0.3112296656009273\n"
        "       1e-7                            5.0000002499999994e-8\n"
        "   12345.678                       12345.678\n"
        "     nan                             nan\n"
        "    -inf                             inf\n"
    )


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_live_table_fits_too(width):
    extreme = np.array([-1.2345678901234567e-300, 1234567890123456.7, 0.1])
    shown = written(results((extreme, extreme), live=True), "table", size=(width, 24))
    assert max(map(len, shown.splitlines())) <= width
    for line, exact in zip(shown.splitlines()[-3:], extreme, strict=True):
        assert float(line.split()[1]) == pytest.approx(exact, rel=0.5 if width == 20 else 1e-5)


def test_a_live_table_by_rows():
    lines = written([row_results(live=True), jacobian_results(live=True)], "table").splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["row", "i", "x", "gelu(x)"],
        ["1", "1", "1.0", "2.0"],
        ["1", "2", "2.0", "4.0"],
        ["1", "3", "3.0"],
    ]
    assert lines[7] == "y = softmax"
    assert lines[-1].split() == ["2", "2", "3", "11.0"]


def test_a_table_of_what_came_before_an_error():
    screen = Screen()
    stream = results((X, Y), failure=DataError("acts.npy: truncated"))
    with pytest.raises(DataError, match="truncated"):
        write_evaluations([stream], Layout("table", None), terminal(screen))
    assert len(body(screen.flushed[-1].decode())) == len(X)


def test_a_terminal_that_lacks_a_letter():
    assert "f = x*?" in written(results([1.0], function="x*α"), "table", encoding="ascii")


def test_significant_digits():
    assert [significant_digits(t) for t in ("0.0", "-0.050", "1e-7", "1200.0", "nan", "", "-inf")] == [
        1, 1, 1, 2, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("token", "digits", "said"),
    [
        ("0.12345", 3, "0.123"),
        ("0.99996", 4, "1.000"),
        ("123.4", 3, "123"),
        ("123456.0", 2, "1.2e5"),
        ("1200.0", 2, "1200.0"),
        ("100000000.0", 2, "1e8"),
        ("1.5e-300", 1, "2e-300"),
        ("-inf", 1, "-inf"),
        ("0.5", None, "0.5"),
    ],
)
def test_rounding_a_decimal(token, digits, said):
    assert round_decimal(token, digits) == said


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_a_rounded_decimal_is_the_number_to_its_digits(value, digits):
    text = round_decimal(repr(value), digits)
    assert abs(Decimal(text) - Decimal(repr(value))) <= abs(Decimal(repr(value))) * Decimal(10) ** (
        1 - digits
    )
    assert significant_digits(text) <= digits


def test_columns_are_fitted_together():
    columns = [["0.123456789", "-1.0"], ["1234.5", "2.0"]]
    assert fit_decimals(columns, [1, 1], 18) == [[" 0.123456789", "-1.0        "], ["1234.5", "   2.0"]]
    assert fit_decimals(columns, [1, 1], 12) == [[" 0.123", "-1.0  "], ["1234.5", "   2.0"]]
    assert align_at_points([]) == []

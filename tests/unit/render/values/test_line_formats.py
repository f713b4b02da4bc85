import json

import numpy as np
import pytest
from rendering import ROWS, Screen, jacobian_results, results, row_results, terminal, written

from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.values.evaluations import write_evaluations

ODD = (np.array([-1.0, 0.5]), np.array([-0.0, np.nan]))


def test_plain_is_one_number_a_line():
    assert written(results([-0.0, 0.25], [np.inf, 1e-300]), "plain") == "-0.0\n0.25\ninf\n1e-300\n"
    assert [float(line) for line in written(results([1e300, 1e16]), "plain").split()] == [1e300, 1e16]
    assert written(results(ODD), "plain", with_x=True) == "-1.0\t-0.0\n0.5\tnan\n"


def test_plain_by_rows_is_one_row_a_line():
    assert written(row_results(), "plain") == "2.0 4.0\n8.0 10.0\n"
    assert written(row_results(), "plain", with_x=True) == "1.0 2.0 3.0\t2.0 4.0\n4.0 5.0 6.5\t8.0 10.0\n"


def test_plain_jacobians_are_matrices_with_an_empty_line_between():
    once = "0.0 1.0 2.0\n3.0 4.0 5.0\n\n6.0 7.0 8.0\n9.0 10.0 11.0\n"
    assert written(jacobian_results(), "plain") == once
    halves = [(ROWS[i : i + 1], np.arange(12.0).reshape(2, 2, 3)[i : i + 1]) for i in (0, 1)]
    assert written(results(*halves, by_rows=True), "plain") == once
    shown = written(jacobian_results(), "plain", with_x=True)
    assert shown.startswith("1.0 2.0 3.0\t0.0 1.0 2.0\n1.0 2.0 3.0\t3.0 4.0 5.0\n\n4.0 5.0 6.5\t6.0")


def test_ragged_rows_are_plain_lines():
    stream = results((np.ones((1, 3)), np.ones((1, 3))), (np.ones((2, 1)), np.ones((2, 1))), by_rows=True)
    assert written(stream, "plain") == "1.0 1.0 1.0\n1.0\n1.0\n"


def test_significant_digits_of_lines():
    stream = [1 / 3, 0.5, 123456789.0, -0.0, np.nan, -np.inf]
    tokens = ["0.33", "0.5", "1.2e8", "-0.0", "nan", "-inf"]
    assert written(results(stream), "plain", digits=2).split() == tokens
    assert written(results(stream), "csv", digits=2).split() == ["y", *tokens]
    both = results((np.array([2 / 3]), np.array([1 / 3])))
    assert written(both, "tsv", with_x=True, digits=3) == "x\ty\n0.667\t0.333\n"
    rows = results((ROWS / 3, ROWS / 7), by_rows=True)
    assert written(rows, "plain", with_x=True, digits=2).startswith("0.33 0.67 1.0\t0.14 0.29 0.43\n1.3 ")
    jacobian = (ROWS, np.arange(12.0).reshape(2, 2, 3) / 7)
    shown = written(results(jacobian, by_rows=True), "plain", digits=1)
    assert shown.startswith("0.0 0.1 0.3\n0.4 0.6 0.7\n\n0.9 ")
    assert "\n1,2,0.4,0.6,0.7\n" in written(results(jacobian, by_rows=True), "csv", digits=1)


def test_csv_and_tsv():
    assert written(results(ODD), "csv") == "y\n-0.0\nnan\n"
    assert written(results(ODD), "csv", with_x=True) == "x,y\n-1.0,-0.0\n0.5,nan\n"
    assert written(results(ODD), "tsv", with_x=True) == "x\ty\n-1.0\t-0.0\n0.5\tnan\n"
    assert written(row_results(), "csv") == "y1,y2\n2.0,4.0\n8.0,10.0\n"
    shown = written(row_results(), "csv", with_x=True)
    assert shown == "x1,x2,x3,y1,y2\n1.0,2.0,3.0,2.0,4.0\n4.0,5.0,6.5,8.0,10.0\n"


def test_csv_of_jacobians_numbers_the_rows_and_the_results():
    assert written(jacobian_results(), "csv") == (
        "row,i,dy_dx1,dy_dx2,dy_dx3\n1,1,0.0,1.0,2.0\n1,2,3.0,4.0,5.0\n2,1,6.0,7.0,8.0\n2,2,9.0,10.0,11.0\n"
    )
    shown = written(jacobian_results(), "csv", with_x=True)
    assert shown.startswith("row,i,x1,x2,x3,dy_dx1,dy_dx2,dy_dx3\n1,1,1.0,2.0,3.0,0.0,1.0,2.0\n")


def test_csv_of_several_arrays_names_them():
    both = [results([1.0], array='a,"b"'), results([2.0, 3.0], array="conv2")]
    assert written(both, "csv") == 'array,y\n"a,""b""",1.0\nconv2,2.0\nconv2,3.0\n'
    both = [row_results(array="a"), row_results(array="b")]
    assert written(both, "tsv") == "array\ty1\ty2\na\t2.0\t4.0\na\t8.0\t10.0\nb\t2.0\t4.0\nb\t8.0\t10.0\n"


def test_csv_refuses_rows_of_another_length_after_those_that_fit():
    stream = results((np.ones((2, 2)), np.ones((2, 2))), (np.ones((1, 3)), np.ones((1, 3))), by_rows=True)
    screen = Screen()
    with pytest.raises(DataError, match=r"row 3 .*jsonl"):
        write_evaluations([stream], Layout("csv", None), terminal(screen))
    assert screen.getvalue() == b"y1,y2\n1.0,1.0\n1.0,1.0\n"


def test_json_lines():
    assert written(results(ODD), "jsonl") == '{"x":-1.0,"y":-0.0}\n{"x":0.5,"y":"nan"}\n'
    assert written(row_results(), "jsonl").splitlines()[1] == '{"x":[4.0,5.0,6.5],"y":[8.0,10.0]}'
    matrix = [[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]
    second = json.loads(written(jacobian_results(), "jsonl").splitlines()[1])
    assert second == {"x": [4.0, 5.0, 6.5], "y": matrix}
    assert written(results(ODD, array='a"b'), "jsonl").startswith('{"array":"a\\"b","x":-1.0,"y":-0.0}\n')


def test_markdown_has_all_rows():
    shown = written(results(ODD, function="leaky_relu:0.2", quantity="f'(x)"), "markdown")
    assert shown == "| x | leaky_relu'(x; 0.2) |\n| ---: | ---: |\n| -1.0 | -0.0 |\n| 0.5 | nan |\n"
    assert len(written(results(np.arange(20000.0)), "markdown").splitlines()) == 20002


def test_markdown_by_rows_leaves_blank_what_is_not_there():
    lines = written(row_results(function="glu"), "markdown").splitlines()
    assert lines[0] == "| row | i | x | glu(x) |"
    assert lines[2:5] == ["| 1 | 1 | 1.0 | 2.0 |", "| 1 | 2 | 2.0 | 4.0 |", "| 1 | 3 | 3.0 |  |"]


def test_markdown_shows_a_formula_above_and_escapes_it():
    shown = written(results([1 / 3], function="x*[a]|x"), "markdown", digits=3)
    assert shown == "f = x\\*\\[a\\]\\|x\n\n| x | f(x) |\n| ---: | ---: |\n| 0.0 | 0.333 |\n"


@pytest.mark.parametrize("kind", ["plain", "jsonl", "table", "markdown"])
def test_nothing_in_is_nothing_out(kind):
    assert written(results(), kind) == ""
    assert written(results(live=True), kind) == ""


def test_nothing_in_is_a_header_in_csv():
    assert written(results(), "csv", with_x=True) == "x,y\n"


@pytest.mark.parametrize("kind", ["plain", "csv", "tsv", "jsonl", "table", "markdown"])
def test_what_came_before_an_error_is_there_and_flushed(kind):
    screen = Screen()
    stream = results([1.5], [2.5], failure=DataError("stdin:3: 'abc' is not a number"))
    with pytest.raises(DataError, match="abc"):
        write_evaluations([stream], Layout(kind, None), terminal(screen))
    assert b"1.5" in screen.flushed[-1]
    assert b"2.5" in screen.flushed[-1]


@pytest.mark.parametrize("kind", ["plain", "csv", "jsonl", "table", "markdown"])
def test_a_live_stream_is_flushed_block_by_block(kind):
    screen = Screen()
    write_evaluations([results([1.5], [2.5], live=True)], Layout(kind, None), terminal(screen))
    assert any(b"1.5" in shown and b"2.5" not in shown for shown in screen.flushed)


@pytest.mark.parametrize("kind", ["plain", "csv", "tsv", "jsonl", "json", "markdown"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_one_number_is_one_token_in_every_format(kind, dtype):
    values = np.array([0.1, 1e-5, 65504.0, -0.0, 2 / 3, 6e-8], dtype)
    tokens = written(results(values), "plain").split()
    shown = written(results((np.zeros_like(values), values)), kind)
    assert [token for token in tokens if token not in shown] == []


def test_float32_is_as_short_as_float32_allows():
    assert written(results(np.array([0.1, 16777216.0], np.float32)), "plain") == "0.1\n16777216.0\n"


def test_blocks_in_fortran_order_never_become_lines_in_the_wrong_order():
    with pytest.raises(ValueError, match="Fortran"):
        written(results([1.0], shape=(1,), fortran=True), "plain")


@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "markdown", "table"])
def test_a_name_that_utf_8_cannot_hold(kind):
    shown = written(results([1.0], array="a\ud800"), kind)
    assert r"a\ud800" in shown.replace("\\\\", "\\")

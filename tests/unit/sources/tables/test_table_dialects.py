"""Delimiters, decimal signs, headers, comments, encodings and line ends of tables."""

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, OnError


def columns(*names, **options):
    return NumberRequest(columns=names, **options)


@pytest.mark.parametrize(
    ("content", "request_", "values"),
    [
        ("x;y\n1;2\n", columns("y"), [2]),
        ("x\ty\n1\t2\n", columns("y"), [2]),
        ("x|y\n1|2\n", columns("y"), [2]),
        ("x;y\n1,5;2,25\n", columns("y", decimal=","), [2.25]),
        ("1,5;2,25\n3,5;4\n", columns("2", decimal=","), [2.25, 4]),
        ("x\n1,5\n-2,5\n", columns("x", decimal=","), [1.5, -2.5]),
        ("x,note\n1,a;b\n2,c;d\n", columns("x"), [1, 2]),
        ('x;note\n1;"a, b; c"\n2;"d ""e""\nf"\n', columns("x"), [1, 2]),
        ("# made today\n#x;y\n1;2\n# between\n\n3;4\n# end", columns("x"), [1, 3]),
        ("# x\n1\n2\n", columns("x"), [1, 2]),
        ("# two words\n1\n2\n", columns("1"), [1, 2]),
        ('x,note\n1,"a\n#b"\n#c\n2,d\n', columns("x"), [1, 2]),
        ("x,y\r1,2\r3,4\r", columns("y"), [2, 4]),
        ("x,y\r\n1,2\r\n3,4", columns("y"), [2, 4]),
        ("x,y\n1e400,-0\n", columns("x"), [np.inf]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_dialect_is_noticed(draw, content, request_, values, encoding):
    drawn = draw(request_, content.encode(encoding))
    assert (drawn.values.tolist(), drawn.error) == (values, None)


@pytest.mark.parametrize(
    ("content", "request_", "message"),
    [
        (
            "x;y\n1,5;2\n",
            columns("x"),
            "stdin:2: '1,5' in column 'x' is not a number; --decimal , reads a decimal comma",
        ),
        (
            "x;y\n1,5;2.5\n",
            columns("y", decimal=","),
            "stdin:2: '2.5' in column 'y' is not a number; the decimal sign",
        ),
        ("x;y\n1;2\n3;4;5\n", columns("x"), "stdin:3: 3 cells, the header has 2"),
        ('# a\nx,y\n1,"2\n"\n3\n', columns("x"), "stdin:5: 1 cell, the header has 2"),
        ("x,y\n" + "1,2\n" * 300_000 + "#\n3\n", columns("x"), "stdin:300003: 1 cell, the header has 2"),
        ("x,y\n" + "1,2\n" * 300_000 + "3,4,5\n", columns("x"), "stdin:300002: 3 cells, the header has 2"),
        ("x,y\n" + "1,2\n" * 300_000 + ",2\n", columns("x"), "stdin:300002: the cell in column 'x' is empty"),
    ],
)
def test_errors_name_line_and_column(draw, content, request_, message):
    assert str(draw(request_, content.encode()).error).startswith(message)


def test_ragged_lines_with_the_right_number_of_cells_in_all(draw):
    drawn = draw(columns("1"), b"1,2\n3,4\n5\n6,7,8\n")
    assert str(drawn.error) == "stdin:3: 1 cell, the first row has 2"
    assert drawn.values.tolist() == [1, 3]


def test_several_columns_are_rows_in_the_order_asked_for(draw):
    drawn = draw(columns("c", "1"), b"a,b,c\n1,x,3\n4,y,6\n")
    assert drawn.values.tolist() == [[3, 1], [6, 4]]


def test_several_columns_are_one_stream_where_they_are_pooled(draw):
    drawn = draw(columns("c", "1", pooled=True), b"a,b,c\n1,x,3\n4,y,6\n")
    assert drawn.values.tolist() == [3, 1, 6, 4]


def test_columns_of_a_function_over_rows(draw):
    drawn = draw(columns("c", "a", by_rows=True), b"a,b,c\n1,x,3\n")
    assert drawn.values.tolist() == [[3, 1]]


@pytest.mark.parametrize(
    ("content", "values"),
    [(b"a,b\n1,x\n2,y\n", [1, 2]), (b"a;b\n1;x\n", [1]), (b"1,2\n3,4\n", [1, 2, 3, 4]), (b"1 2\n", [1, 2])],
)
def test_a_header_in_a_pipe_is_noticed(draw, content, values):
    assert draw(NumberRequest(), content).values.tolist() == values


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_an_empty_pipe_is_an_empty_table(draw, form):
    drawn = draw(columns("x", format=form), b"")
    assert (drawn.values.size, drawn.error) == (0, None)


def test_tabs_by_name_only(draw):
    with pytest.raises(DataError, match="no column 'x'"):
        draw(columns("x", format="tsv"), b"x,y\n1,2\n")


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (("x", "1"), UsageError, "--column 1: the column 'x' is named twice"),
        (("",), DataError, "no column ''"),
        (("0",), DataError, "no column '0'"),
        (("-1",), DataError, "no column '-1'"),
        (("x,y",), DataError, "no column 'x,y'"),
        (("3",), DataError, "no column '3'"),
        (("\x1b[31m",), DataError, r"no column '\x1b[31m'"),
        (("X",), DataError, "no column 'X'"),
        (("9" * 5000,), DataError, "no column '999"),
        (("z",), DataError, "several columns are called 'z'; choose one by its number: 3, 4"),
    ],
)
def test_columns_that_cannot_be_chosen(draw, names, error, message):
    content = b"x,y,z,z\n1,2,3,4\n" if names == ("z",) else b"x,y\n1,2\n"
    with pytest.raises(error) as caught:
        draw(columns(*names), content)
    assert message in str(caught.value)


def test_rows_come_as_they_arrive(terminal, trickle):
    from actcli.sources import open_numbers

    class Waiting(trickle):
        def readinto(self, buffer):
            assert self._pieces, "waits for more than it needs"
            return super().readinto(buffer)

    (numbers,) = open_numbers(columns("x"), terminal(Waiting([b"x,y\n", b"1,2\n", b"3,4\n"])))
    assert numbers.live
    assert next(numbers.blocks).tolist() == [1]
    assert next(numbers.blocks).tolist() == [3]


def test_skipping_and_nan_in_a_column(draw):
    content = b"x;y\n1;2\n;3\nNA;4\n5;6\n"
    assert draw(columns("x", on_error=OnError.SKIP), content).values.tolist() == [1, 5]
    assert np.isnan(draw(columns("x", on_error=OnError.NAN), content).values).tolist() == [
        False,
        True,
        True,
        False,
    ]

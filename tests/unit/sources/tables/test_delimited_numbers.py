import tracemalloc

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, OnError, open_numbers


def columns_of(column):
    return () if column is None else (column,)


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(content, name="a.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


@pytest.mark.parametrize(
    ("content", "column", "values"),
    [
        ("1\n2\n", None, [1, 2]),
        ("x\n1\n2", None, [1, 2]),
        ("x,label\n1,a\n2,b\n", None, [1, 2]),
        ("label,x\r\na,1\r\nb,2\r\n", None, [1, 2]),
        ("x,y\n1,10\n2,20\n", "y", [10, 20]),
        ("x,y\n1,10\n2,20\n", "2", [10, 20]),
        ("1,10\n2,20\n", "2", [10, 20]),
        ("y,2,x\n1,2,3\n", "2", [2]),
        ("x, 1\n5,6\n", "1", [6]),  # the header's name wins over the position
        ("\ufeffx,y\n1,a\n", "x", [1]),
        ("# x,y\n1,2\n", "x", [1]),
        (",x\nfirst,1\n", None, [1]),
        ('x,"long\nname"\n"1"," 2 "\n', "long\nname", [2]),
        ('"a,b",c\n1,2\n', "a,b", [1]),
        ("x\n1\n\n\n2\n", None, [1, 2]),
        ("a.png,1\nb.png,2\n", None, [1, 2]),
        ("1,,3\n4,5,6\n", "1", [1, 4]),
        ("x\n-0\nnan\n", "x", None),
        ("x\r1\r2\r", None, [1, 2]),
    ],
)
def test_columns(sheet, draw, content, column, values):
    drawn = draw(
        NumberRequest(
            input=sheet(content),
            columns=columns_of(column),
        )
    )

    assert drawn.error is None
    assert (drawn.shape, drawn.live) == (None, False)
    if values is None:
        assert np.signbit(drawn.values[0])
        assert np.isnan(drawn.values[1])
    else:
        assert drawn.values.tolist() == values


def test_tabs(sheet, draw):
    drawn = draw(NumberRequest(input=sheet("x\ty\n1\t2,5\n", "a.TSV"), columns=("x",)))

    assert drawn.values.tolist() == [1]


def test_several_columns_of_numbers_must_be_chosen_from(sheet, draw):
    with pytest.raises(UsageError) as caught:
        draw(NumberRequest(input=sheet("x,label,y\n1,a,2\n")))

    assert str(caught.value) == "a.csv: holds 2 columns of numbers, choose one by --column: 'x', 'y'"


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("x,y\n1,2\n", "z", "a.csv: no column 'z', there are 'x', 'y'"),
        ("x,y,x\n1,2,3\n", "x", "a.csv: several columns are called 'x'; choose one by its number: 1, 3"),
        ("x,y\n1,2\n", "3", "a.csv: no column '3', there are 'x', 'y'"),
        ("x,y\n1,2\n", "0", "a.csv: no column '0', there are 'x', 'y'"),
        ("x,y\n1,2\n", "9" * 5000, "a.csv: no column '" + "9" * 37 + "...', there are 'x', 'y'"),
        ("1,2\n", "x", "a.csv: no column 'x', there are '1', '2'"),
        ("x,y\na,b\n", None, "a.csv:2: no column holds numbers; there are 'x', 'y'"),
        ("\n\n", None, "a.csv: holds no numbers"),
        ("x" * (1 << 18), None, "a.csv:1: field larger than field limit (131072)"),
    ],
)
def test_columns_that_are_not_there(sheet, draw, content, column, message):
    with pytest.raises(DataError) as caught:
        draw(
            NumberRequest(
                input=sheet(content),
                columns=columns_of(column),
            )
        )

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("x,y\n1,2\nabc,3\n", "x", "a.csv:3: 'abc' in column 'x' is not a number"),
        ("x,y\n1,2\n,3\n", "x", "a.csv:3: the cell in column 'x' is empty"),
        ("1,2\n1_0,3\n", "1", "a.csv:2: '1_0' in column 1 is not a number"),
        ("x\n1\n١\n", None, "a.csv:3: '١' in column 'x' is not a number"),
        (
            "x\n1\n\N{MINUS SIGN}2\n",
            None,
            (
                "a.csv:3: '\N{MINUS SIGN}2' in column 'x' is not a number"
                "; its minus is the printed sign U+2212; type -"
            ),
        ),
        ("x\n1\n\x00\n", None, "a.csv:3: '\\x00' in column 'x' is not a number"),
        (b"x\n1\n\xff\n", None, "a.csv:3: '\\xff' in column 'x' is not a number"),
        ("x,y\n1,2\n3\n", "x", "a.csv:3: 1 cell, the header has 2"),
        ("1,2\n3,4,5\n", "1", "a.csv:2: 3 cells, the first row has 2"),
        ('x\n1\n"2\n', None, "a.csv:3: unexpected end of data"),
        ('x\n1\n"2"3\n', None, "a.csv:3: ',' expected after '\"'"),
    ],
)
def test_bad_rows_come_after_the_good_ones(sheet, draw, content, column, message):
    drawn = draw(
        NumberRequest(
            input=sheet(content),
            columns=columns_of(column),
        )
    )

    assert drawn.values.tolist() == [1]
    assert str(drawn.error) == message


def test_a_header_alone(sheet, draw):
    assert str(draw(NumberRequest(input=sheet("x,y\n"))).error) == "a.csv: holds no numbers"


def test_on_error(sheet, draw):
    name = sheet("x\n1\nabc\n3\n")

    assert draw(NumberRequest(input=name, on_error=OnError.SKIP)).values.tolist() == [1, 3]
    assert np.array_equal(
        draw(NumberRequest(input=name, on_error=OnError.NAN)).values, [1, np.nan, 3], equal_nan=True
    )


def test_rows(sheet, draw):
    drawn = draw(NumberRequest(input=sheet("x,y\n1,2\n3,4\n"), by_rows=True, dtype=np.dtype("f4")))

    assert drawn.values.tolist() == [[1, 2], [3, 4]]
    assert drawn.values.dtype == np.float32


def test_bad_rows_of_all_columns(sheet, draw):
    name = sheet("x,y\n1,2\n3,abc\n5\n7,8\n")

    stop = draw(NumberRequest(input=name, by_rows=True))
    skip = draw(NumberRequest(input=name, by_rows=True, on_error=OnError.SKIP))
    nan = draw(NumberRequest(input=name, by_rows=True, on_error=OnError.NAN))

    assert (stop.values.tolist(), str(stop.error)) == (
        [[1, 2]],
        "a.csv:3: 'abc' in column 'y' is not a number",
    )
    assert skip.values.tolist() == [[1, 2], [7, 8]]
    assert np.array_equal(nan.values, [[1, 2], [3, np.nan]], equal_nan=True)
    assert str(nan.error) == "a.csv:4: 1 cell, the header has 2"


def test_a_bad_cell_far_down(sheet, draw):
    drawn = draw(NumberRequest(input=sheet("x,y\n" + "1,2\n" * 200_000 + "a,2\n"), columns=("x",)))

    assert len(drawn.values) == 200_000
    assert str(drawn.error) == "a.csv:200002: 'a' in column 'x' is not a number"


def test_a_line_without_end(sheet, draw):
    with pytest.raises(DataError, match=r"a\.csv:1: the line has more than 16 MiB"):
        draw(NumberRequest(input=sheet("1," * (9 << 20))))


def test_memory_stays_flat(sheet, terminal):
    name = sheet("x,y\n" + "0.125,2\n" * 300_000)
    tracemalloc.start()
    try:
        (numbers,) = open_numbers(NumberRequest(input=name, columns=("x",)), terminal())
        total = sum(block.size for block in numbers.blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert total == 300_000
    assert peak < 40_000_000


@pytest.mark.parametrize("content", ["NA\n2\n", "1.5x\n2\n", "-\n2\n"])
def test_a_bad_first_cell_is_no_header(sheet, draw, content):
    name = sheet(content)
    drawn = draw(NumberRequest(input=name, columns=("1",)))
    assert str(drawn.error).startswith("a.csv:1: ")
    assert draw(NumberRequest(input=name, columns=("1",), on_error=OnError.NAN)).blocks[0].tolist()[1:] == [
        2.0
    ]

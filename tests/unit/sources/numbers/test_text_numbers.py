import itertools
import math
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actcli.exits import DataError
from actcli.sources import NumberRequest, OnError, open_numbers
from actcli.sources.streams.tokens import parse_block, parse_token, shown


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"1 2\t3\n4,5, 6\r\n7\v8\f9", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (b"+1 .5 5. 007 -.5e1 1E2", [1, 0.5, 5, 7, -5, 100]),
        (b"inf -Infinity +INF", [math.inf, -math.inf, math.inf]),
        (b"1e400 -1e400 1e-400", [math.inf, -math.inf, 0]),
        (b"# a comment, 1 2\n1 # 2\n3#4\n#5", [1, 3]),
        (b"\xef\xbb\xbf1\n2", [1, 2]),
        (b"18446744073709551617 9007199254740993", [18446744073709551616, 9007199254740992]),
        (b"\n\n , ,, \n", []),
        (b"# \xff\xfe \x00\n1", [1]),
        (b"0.1000000000000000055511151231257827021181583404541015625", [0.1]),
    ],
)
def test_what_is_a_number(draw, text, values):
    drawn = draw(NumberRequest(), text)

    assert drawn.error is None
    assert drawn.values.tolist() == values
    assert (drawn.shape, drawn.dtype, drawn.live) == (None, np.dtype("f8"), True)


@pytest.mark.parametrize("text", [b"-0", b"-0 1", b"1,-0\n", b"-0.0", b"-0e0 nan", b"-00"])
def test_minus_zero_keeps_its_sign(draw, text):
    values = draw(NumberRequest(), text).values

    assert np.signbit(values[values == 0]).all()
    assert (values == 0).any()


def test_nan_in_any_case(draw):
    assert np.isnan(draw(NumberRequest(), b"nan NaN -NAN +nan").values).tolist() == [True] * 4


@pytest.mark.parametrize(
    ("token", "quoted"),
    [
        (b"abc", "'abc'"),
        (b"1_000", "'1_000'"),
        (b"0x10", "'0x10'"),
        (b"true", "'true'"),
        (b"null", "'null'"),
        (b'"1.5"', "'\"1.5\"'"),
        (b"[1]", "'[1]'"),
        (b"1.2.3", "'1.2.3'"),
        (b"--1", "'--1'"),
        (b"1e", "'1e'"),
        (b"-", "'-'"),
        ("١٢".encode(), "'١٢'"),
        ("−1".encode(), "'−1'"),
        (b"\xa01", "'\\xa01'"),
        (b"1\x00", "'1\\x00'"),
        (b"\x1b[31m", "'\\x1b[31m'"),
        (b"x" * 100, "'" + "x" * 37 + "...'"),
        (b"PK\x03\x04\x14", "'PK\\x03\\x04\\x14'"),
    ],
)
def test_what_is_no_number_is_quoted_with_its_line(draw, token, quoted):
    drawn = draw(NumberRequest(), b"1\n# \n2 " + token + b" 3\n4\n")

    assert drawn.values.tolist() == [1, 2]
    assert isinstance(drawn.error, DataError)
    asides = {
        "'\N{MINUS SIGN}1'": "; its minus is the printed sign U+2212; type -",
        "'0x10'": "; --bits reads bit patterns, of the type of --dtype",
        "'1\\x00'": "; --null reads numbers that end in NUL",
    }
    aside = asides.get(quoted, "")
    assert str(drawn.error) == f"stdin:3: {quoted} is not a number{aside}"


@pytest.mark.parametrize("first", [b"a b", b"a,1", b"a", b"a;b;3"])
def test_a_line_that_is_no_header_is_text(draw, first):
    token = first.replace(b",", b" ").split()[0].decode()
    assert str(draw(NumberRequest(), first + b"\n1 2\n").error).startswith(
        f"stdin:1: '{token}' is not a number"
    )


@pytest.mark.parametrize(
    ("request_", "text", "values"),
    [
        (NumberRequest(decimal=","), b"1,5 -2,25;3\n,5", [1.5, -2.25, 3, 0.5]),
        (NumberRequest(null=True), b"1\x002\n\x003", [1, 2, 3]),
        (NumberRequest(), b"1\r2 # a\r3", [1, 2, 3]),
        (NumberRequest(), "1\r\n2 # ä\r\n3".encode("utf-16"), [1, 2, 3]),
        (NumberRequest(), b"\xfe\xff" + "4 5".encode("utf-16-be"), [4, 5]),
    ],
)
def test_decimal_commas_nul_and_other_line_ends(draw, request_, text, values):
    drawn = draw(request_, text)
    assert (drawn.values.tolist(), drawn.error) == (values, None)


def test_rows_that_end_in_nul(draw):
    drawn = draw(NumberRequest(null=True, by_rows=True), b"1 2\x003\n4\x00")
    assert drawn.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("request_", "text", "message"),
    [
        (NumberRequest(decimal=","), b"1,5\n2.5\n", "stdin:2: '2.5' is not a number"),
        (NumberRequest(), b"1;5\n", "stdin:1: '1;5' is not a number; --input-format csv reads columns"),
        (
            NumberRequest(),
            b"1\x005\n",
            "stdin:1: '1\\x005' is not a number; --null reads numbers that end in NUL",
        ),
        (NumberRequest(), b"\xff\xfe1\x00\x00\xd8", "stdin: corrupt: 'utf-16-le' codec"),
    ],
)
def test_what_is_wrong_is_shown_as_it_came(draw, request_, text, message):
    assert str(draw(request_, text).error).startswith(message)


def test_the_line_is_counted_over_blocks(draw):
    drawn = draw(NumberRequest(), b"0.25\n" * 500_000 + b"abc\n")

    assert len(drawn.values) == 500_000
    assert str(drawn.error) == "stdin:500001: 'abc' is not a number"


def test_on_error_nan_and_skip(draw):
    text = b"1 abc 2\nx\n3"

    assert np.array_equal(
        draw(NumberRequest(on_error=OnError.NAN), text).values, [1, np.nan, 2, np.nan, 3], equal_nan=True
    )
    assert draw(NumberRequest(on_error=OnError.SKIP), text).values.tolist() == [1, 2, 3]


def test_text_in_a_smaller_type(draw):
    drawn = draw(NumberRequest(dtype=np.dtype("f4")), b"0.1 1e39 -0")

    assert drawn.values.dtype == drawn.dtype == np.float32
    assert drawn.values.tolist() == [float(np.float32(0.1)), math.inf, 0]


def test_a_file_of_text(tmp_path, draw):
    path = tmp_path / "numbers.dat"
    path.write_bytes(b"1 2\n3\n")

    drawn = draw(NumberRequest(input=str(path)))

    assert drawn.values.tolist() == [1, 2, 3]
    assert not drawn.live


def test_a_file_without_numbers(tmp_path, draw):
    path = tmp_path / "a.txt"
    path.write_text("# nothing\n")

    assert str(draw(NumberRequest(input=str(path))).error) == f"{path}: holds no numbers"


def test_rows_are_lines(draw):
    drawn = draw(NumberRequest(by_rows=True), b"1 2\n3,4\n\n# \n5 6 7\n8 9 10 # end\n11")

    assert [block.tolist() for block in drawn.blocks] == [
        [[1, 2], [3, 4]],
        [[5, 6, 7], [8, 9, 10]],
        [[11]],
    ]


def test_rows_before_a_bad_one_come_first(draw):
    drawn = draw(NumberRequest(by_rows=True), b"1 2\n3 4\n5 abc\n")

    assert drawn.values.tolist() == [[1, 2], [3, 4]]
    assert str(drawn.error) == "stdin:3: 'abc' is not a number"


def test_bad_rows(draw):
    text = b"1 2\n3 abc\n4 5\n"

    assert draw(NumberRequest(by_rows=True, on_error=OnError.SKIP), text).values.tolist() == [[1, 2], [4, 5]]
    assert np.array_equal(
        draw(NumberRequest(by_rows=True, on_error=OnError.NAN), text).values,
        [[1, 2], [3, np.nan], [4, 5]],
        equal_nan=True,
    )


def test_a_row_wider_than_a_block(draw):
    row = np.random.default_rng(1).standard_normal(200_000)
    line = " ".join(map(repr, row.tolist())).encode()

    drawn = draw(NumberRequest(by_rows=True), line + b"\n" + line + b" x\n")

    assert len(line) > 1 << 21
    assert np.array_equal(drawn.values, [row])
    assert str(drawn.error) == "stdin:2: 'x' is not a number"


def test_a_token_without_end(draw):
    drawn = draw(NumberRequest(), b"1\n2 " + b"3" * 100_000 + b"\n")

    assert drawn.values.tolist() == [1, 2]
    assert str(drawn.error) == "stdin:2: a token of more than 64 KiB is not a number"


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("start", [0, 1, 32_767, 40_000])
def test_a_long_token_is_an_error_wherever_the_reads_cut_it(draw, trickle, by_rows, start):
    text = b"1 " * start + b"3" * 65_537 + b" 4\n"
    pieces = (text, text[: start + 1000], text[start + 1000 :])

    for source in (text, trickle(pieces[:1]), trickle(pieces[1:])):
        error = draw(NumberRequest(by_rows=by_rows), source).error
        assert str(error) == "stdin:1: a token of more than 64 KiB is not a number"


def test_a_token_of_64_kib_is_a_number(draw):
    assert draw(NumberRequest(), b"0." + b"0" * 65_533 + b"1").values.tolist() == [0]


def test_a_line_without_end(monkeypatch, draw):
    monkeypatch.setattr("actcli.sources.streams.pieces.whole_lines.__defaults__", (1 << 20,))

    drawn = draw(NumberRequest(by_rows=True), b"1 2\n" + b"3 " * (1 << 20))

    assert drawn.values.tolist() == [[1, 2]]
    assert str(drawn.error) == "stdin:2: the line has more than 1 MiB"


_FLOATS = st.floats(allow_nan=False, width=64)
_SEPARATORS = st.sampled_from([" ", "\n", ",", "\t", "\r\n", ", ", " # 7 8\n", "\n\n", ",,"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_FLOATS, _SEPARATORS)), st.data())
def test_round_trip_through_any_chunks(draw, trickle, numbers, data):
    text = "".join(repr(number) + separator for number, separator in numbers).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:stop] for start, stop in itertools.pairwise([0, *cuts, len(text)])]

    drawn = draw(NumberRequest(), trickle(pieces))

    assert drawn.error is None
    assert drawn.values.tobytes() == np.array([number for number, _ in numbers], dtype="f8").tobytes()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(-3, 3), max_size=4), max_size=12), st.data())
def test_rows_through_any_chunks(draw, trickle, rows, data):
    text = "".join(" ".join(map(str, row)) + "\n" for row in rows).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:stop] for start, stop in itertools.pairwise([0, *cuts, len(text)])]

    drawn = draw(NumberRequest(by_rows=True), trickle(pieces))

    assert [row.tolist() for block in drawn.blocks for row in block] == [row for row in rows if row]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789+-.eE_naif", min_size=1, max_size=8), min_size=1, max_size=5))
def test_many_tokens_at_once_are_read_as_one_by_one(tokens):
    together = parse_block(" ".join(tokens).encode())
    single = [parse_token(token.encode()) for token in tokens]

    assert (together is None) == (None in single)
    if together is not None:
        assert together.tobytes() == np.array(single, dtype="f8").tobytes()


def test_a_line_is_answered_before_the_next_is_written(terminal):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(b"1\n")
        (numbers,) = open_numbers(NumberRequest(), terminal(stdin))
        assert next(numbers.blocks).tolist() == [1]
        pipe.write(b"2 3\n4")
        assert next(numbers.blocks).tolist() == [2, 3]
        pipe.write(b"5\n")
        assert next(numbers.blocks).tolist() == [45]
        pipe.close()
        assert list(numbers.blocks) == []


@pytest.mark.parametrize(
    ("piece", "by_rows"),
    [(b"0.12345 " * 1000, False), (b"#" * 8000, False), (b"#" * 8000, True), (b"0.5 -1\n" * 1000, True)],
)
def test_memory_stays_flat(terminal, trickle, piece, by_rows):
    stream = trickle([b"1 "] + [piece] * 1000)  # 7 to 8 MB, on one line or commented out
    tracemalloc.start()
    try:
        (numbers,) = open_numbers(NumberRequest(by_rows=by_rows), terminal(stream))
        total = sum(block.size for block in numbers.blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert total >= 1
    assert peak < 1_500_000


def test_shown_is_short_and_printable():
    assert shown(b"\xff" * 1000) == "'" + "\\xff" * 9 + "...'"
    assert shown("Größe".encode()) == "'Größe'"

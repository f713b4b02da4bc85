"""JSON documents, our own among them, and JSON lines as numbers."""

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, OnError


@pytest.mark.parametrize(
    ("text", "request_", "values"),
    [
        ("[1, 2.5, -3e2]", NumberRequest(), [1, 2.5, -300]),
        ('["nan", "inf", "-inf", 1]', NumberRequest(), [np.nan, np.inf, -np.inf, 1]),
        ("[[1, 2], [3, 4]]", NumberRequest(), [1, 2, 3, 4]),
        ("[[1, 2], [3, 4]]", NumberRequest(by_rows=True), [[1, 2], [3, 4]]),
        ("[[1, 2], [3, 4]]", NumberRequest(by_rows=True, axis=0), [[1, 3], [2, 4]]),
        ("[1, 2]", NumberRequest(by_rows=True), [[1, 2]]),
        ("2", NumberRequest(format="json"), [2]),
        ("[]", NumberRequest(), []),
        ('[{"a": 1, "b": "t"}, {"b": "u", "a": 2}]', NumberRequest(), [1, 2]),
        ('[{"a": 1, "b": 3}, {"a": 2, "b": 4}]', NumberRequest(columns=("b",)), [3, 4]),
        ('[{"a": 1, "b": 3}, {"a": 2, "b": 4}]', NumberRequest(columns=("b", "a")), [[3, 1], [4, 2]]),
        ('{"a": [1, 2], "b": [3, 4]}', NumberRequest(columns=("2",)), [3, 4]),
        ('{\n "a": 1,\n "b": 3\n}', NumberRequest(columns=("a",)), [1]),
        ('{"a": 1}\n{"a": 2}\n', NumberRequest(), [1, 2]),
        ('{"a": 1, "b": 5}\n\n{"b": 7}\n', NumberRequest(columns=("b",)), [5, 7]),
        ('{"x": 1, "y": 3}\n{"x": 2, "y": "inf"}\n', NumberRequest(), [3, np.inf]),
        ('{"x": 1, "y": 3}\n', NumberRequest(columns=("x",)), [1]),
        ('{"x": [1, 2], "y": [3, 4]}\n', NumberRequest(by_rows=True), [[3, 4]]),
        ("1\n2\n", NumberRequest(format="jsonl"), [1, 2]),
        ("[1, 2]\n[3, 4]\n", NumberRequest(by_rows=True), [[1, 2], [3, 4]]),
        ("[1, 2]\n[3]\n", NumberRequest(), [1, 2, 3]),
    ],
)
def test_values(draw, text, request_, values):
    drawn = draw(request_, text.encode())
    assert drawn.error is None
    assert np.array_equal(drawn.values, values, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2", "stdin:1: column 6 is not JSON"),
        ("[1,\n2,\nfoo]", "stdin:3: column 1 is not JSON"),
        ("[" * 5000 + "]" * 5000, "is not JSON"),
        ("[1, true]", "stdin: value 2: 'true' is not a number"),
        ("[1, null]", "stdin: value 2: 'null' is not a number"),
        ('[1, "2"]', "stdin: value 2: '2' is not a number; a number in quotes is text"),
        ("[[1, 2], [3]]", "stdin: row 2 has 1 number, the first has 2"),
        ("[[1], 2]", "stdin: row 2 has 0 numbers, the first has 1"),
        ("[[[1]], [[2, 3]]]", "stdin: row 2 has 2 numbers, the first has 1"),
        ('{"a": {}}', "stdin"),
        ("{}", "holds neither"),
        ('[{"a": 1}, 2]', "stdin:2: is not an object with names"),
        ('{"a": [1, 2], "b": [3]}', "columns have different lengths: 'a' 2, 'b' 1"),
        ('[{"a": "t"}]', "'t' in column 'a' is not a number"),
        ('{"schema": 1, "values": [1, 2], "shape": [3]}', "its shape [3] does not fit its 2 values"),
        ('{"schema": 1, "values": [1, 2], "shape": "x"}', "its shape is not a list of counts"),
        ('{"schema": 1, "values": [1, 2], "shape": [-1, -2]}', "its shape is not a list of counts"),
        ('{"schema": 1, "values": [1], "shape": [1], "dtype": "int9"}', "its dtype is none of float16"),
        ('{"schema": 1, "arrays": {"a": 5}}', "stdin:a: holds no array of numbers"),
        ('{"a": 1}\n{"a": \n', "stdin:2: column"),
        ('{"a": 1}\n{"b": 1}\n', "stdin:2: the cell in column 'a' is empty"),
        ('{"a": 1}\n[2]\n', "stdin:2: is not an object with names"),
        ('{"x": 1, "y": 3}\n{"x": 2}\n', "stdin:2: 'null' is not a number"),
    ],
)
def test_what_is_wrong(draw, text, message):
    try:
        found = draw(NumberRequest(), text.encode()).error
    except DataError as error:
        found = error
    assert isinstance(found, DataError)
    assert message in str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize(
    ("text", "request_", "message"),
    [
        ("[1, 2]", NumberRequest(columns=("a",)), "--column"),
        ("1\n2\n", NumberRequest(format="jsonl", columns=("a",)), "--column"),
        ('{"a": 1}\n{"a": 2}\n', NumberRequest(by_rows=True, axis=0), "--axis"),
        ('{"a": 1, "b": 2}\n{"a": 2}\n', NumberRequest(), "choose one by --column: 'a', 'b'"),
    ],
)
def test_options_that_do_not_fit(draw, text, request_, message):
    with pytest.raises(UsageError) as caught:
        draw(request_, text.encode())
    assert message in str(caught.value)


def test_our_own_document_has_its_shape_and_type(draw):
    text = b'{"schema":1,"function":"relu","dtype":"float32","shape":[2,2],"values":[0.1,0.2,0.3,"nan"]}\n'
    drawn = draw(NumberRequest(by_rows=True), text)
    assert drawn.dtype == drawn.values.dtype == np.float32
    assert drawn.values.tolist()[0] == [np.float32(0.1), np.float32(0.2)]
    assert drawn.shape == (2, 2)


def test_our_own_document_of_several_arrays(draw_all):
    text = (
        b'{"schema":1,"function":"relu","arrays":{"a":{"dtype":"float64","shape":[1],"values":[1]},'
        b'"b":{"dtype":"float16","shape":[],"values":[2]}}}'
    )
    assert [(one.array, one.values.tolist()) for one in draw_all(NumberRequest(), text)] == [
        ("a", [1]),
        ("b", [2]),
    ]
    assert [one.array for one in draw_all(NumberRequest(array="b"), text)] == ["b"]
    with pytest.raises(DataError, match="no array 'c', there are a, b"):
        draw_all(NumberRequest(array="c"), text)


def test_what_is_no_number_is_skipped_or_nan(draw):
    skip, nan = NumberRequest(on_error=OnError.SKIP), NumberRequest(on_error=OnError.NAN)
    assert draw(skip, b"[1, null, 3]").values.tolist() == [1, 3]
    assert np.isnan(draw(nan, b"[1, null, 3]").values).tolist() == [False, True, False]
    assert draw(skip, b'{"a": 1}\n{"a": null}\n{"a": 3}\n').values.tolist() == [1, 3]
    assert draw(skip, b'{"x":1,"y":1}\n{"x":1,"y":null}\n').values.tolist() == [1]


def test_a_document_is_held_to_the_memory(draw):
    with pytest.raises(DataError, match=r"this JSON document needs about .* allowed; save JSON lines"):
        draw(NumberRequest(memory=1_000_000), b"[" + b"1," * 100_000 + b"1]")


def test_an_empty_file(draw, tmp_path):
    (tmp_path / "a.json").write_bytes(b" \n")
    with pytest.raises(DataError, match="holds no numbers"):
        draw(NumberRequest(input=str(tmp_path / "a.json")))

import json

import numpy as np
import pytest
from rendering import ROWS, Screen, jacobian_results, results, row_results, terminal, written

from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.values.evaluations import write_evaluations


@pytest.mark.parametrize("shape", [None, (4,)])
def test_one_array(shape):
    shown = written(results([-0.0, np.nan], [np.inf, -np.inf], function='a"b', shape=shape), "json")
    assert shown == (
        '{"schema":1,"function":"a\\"b","dtype":"float64","shape":[4],"values":[-0.0,"nan","inf","-inf"]}\n'
    )


def test_the_shape_is_kept_and_the_values_are_flat():
    document = json.loads(written(results(np.arange(6.0), shape=(3, 2)), "json"))
    assert (document["shape"], document["values"]) == ([3, 2], [0, 1, 2, 3, 4, 5])
    document = json.loads(written(row_results(), "json"))
    assert (document["shape"], document["values"]) == ([2, 2], [2, 4, 8, 10])
    assert json.loads(written(jacobian_results(), "json"))["shape"] == [2, 2, 3]


def test_values_are_in_c_order_whatever_order_they_come_in():
    whole = np.arange(6.0).reshape(2, 3)
    columns = results(whole.reshape(-1, order="F"), shape=(2, 3), fortran=True)
    assert json.loads(written(columns, "json"))["values"] == [0, 1, 2, 3, 4, 5]
    along_first = results((whole.T, whole.T), shape=(2, 3), axis=0, by_rows=True)
    assert json.loads(written(along_first, "json"))["values"] == [0, 1, 2, 3, 4, 5]


def test_several_arrays():
    both = [results([1.0], array="a", shape=(1,)), results(np.ones(2, np.float32), array="b", shape=(2, 1))]
    assert json.loads(written(both, "json")) == {
        "schema": 1,
        "function": "gelu",
        "arrays": {
            "a": {"dtype": "float64", "shape": [1], "values": [1.0]},
            "b": {"dtype": "float32", "shape": [2, 1], "values": [1.0, 1.0]},
        },
    }


def test_nothing_is_an_empty_array():
    assert json.loads(written(results(), "json"))["shape"] == [0]


def test_more_numbers_than_one_piece_has():
    values = np.arange(200_000.0)
    assert json.loads(written(results(values), "json"))["values"] == values.tolist()


def test_a_failing_stream_leaves_a_whole_document_of_what_came():
    screen = Screen()
    with pytest.raises(DataError, match="abc"):
        write_evaluations([results([1.0], failure=DataError("abc"))], Layout("json", None), terminal(screen))
    assert json.loads(screen.flushed[-1])["values"] == [1.0]


def test_rows_of_several_lengths_have_no_shape():
    stream = results((ROWS, ROWS), (np.ones((1, 2)), np.ones((1, 2))), by_rows=True)
    with pytest.raises(DataError, match="row 3 has 2 numbers"):
        written(stream, "json")


def test_a_derivative_says_which():
    shown = written(results([1.0], quantity="gelu'(x)", derivative=True), "json")
    assert json.loads(shown) == {
        "schema": 1,
        "function": "gelu",
        "derivative": "gelu'(x)",
        "dtype": "float64",
        "shape": [1],
        "values": [1.0],
    }


def test_an_array_that_is_alone_needs_no_name():
    shown = json.loads(written(results([1.0], array="conv1", among_others=False), "json"))
    assert list(shown) == ["schema", "function", "dtype", "shape", "values"]

import io
import os
import threading
import zipfile

import numpy as np
import pytest
from rendering import ROWS, jacobian_results, names, results, row_results, terminal

from actcli.exits import DataError, UsageError
from actcli.render.output.layout import Layout
from actcli.render.values.evaluations import write_evaluations


def saved(evaluations, path):
    several = evaluations if isinstance(evaluations, list) else [evaluations]
    write_evaluations(iter(several), Layout(path.suffix[1:], str(path)), terminal())
    return np.load(path, allow_pickle=False)


def saved_by_numpy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 1, 2), (6, 0), ()])
def test_a_known_shape_gives_the_bytes_that_numpy_saves(tmp_path, dtype, shape):
    values = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    flat = values.reshape(-1)
    saved(results(flat[:2], flat[2:], shape=shape), tmp_path / "y.npy")
    assert (tmp_path / "y.npy").read_bytes() == saved_by_numpy(values)


def test_a_long_shape_still_fits(tmp_path):
    values = np.ones((1,) * 32)  # as many axes as NumPy 1 has
    assert saved(results(np.ones(1), shape=values.shape), tmp_path / "y.npy").shape == values.shape


def test_an_unknown_shape_is_filled_in_at_the_end(tmp_path):
    saved(results([1.0, 2.0], [3.0]), tmp_path / "y.npy")
    assert (tmp_path / "y.npy").read_bytes() == saved_by_numpy(np.array([1.0, 2.0, 3.0]))
    assert saved(row_results(), tmp_path / "y.npy").tolist() == [[2.0, 4.0], [8.0, 10.0]]
    assert saved(jacobian_results(), tmp_path / "y.npy").shape == (2, 2, 3)
    assert saved(results(), tmp_path / "y.npy").shape == (0,)


def test_fortran_order_stays(tmp_path):
    whole = np.arange(6.0).reshape(2, 3)
    stream = results(whole.reshape(-1, order="F"), shape=(2, 3), fortran=True)
    back = saved(stream, tmp_path / "y.npy")
    assert np.array_equal(back, whole)
    assert back.flags.f_contiguous


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rows_along_any_axis_go_back_to_it(tmp_path, axis):
    x = np.arange(24.0).reshape(2, 3, 4)
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    sums = rows.sum(axis=1, keepdims=True)  # one result a row: the axis becomes shorter
    expected = x.sum(axis=axis, keepdims=True)
    stream = results(
        (rows[:2], sums[:2]), (rows[2:], sums[2:]), shape=expected.shape, axis=axis, by_rows=True
    )
    assert np.array_equal(saved(stream, tmp_path / "y.npy"), expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_jacobian_has_the_results_along_the_axis_and_the_inputs_at_the_end(tmp_path, axis):
    x = np.arange(6.0).reshape(2, 3)
    rows = np.moveaxis(x, axis, -1)
    matrices = rows[:, :, None] + 10 * rows[:, None, :]
    stream = results(
        (rows[:1], matrices[:1]),
        (rows[1:], matrices[1:]),
        shape=(*x.shape, x.shape[axis]),
        axis=axis,
        by_rows=True,
    )
    saved_matrices = saved(stream, tmp_path / "y.npy")
    assert np.array_equal(saved_matrices, np.moveaxis(matrices, 1, axis))


def test_rows_of_several_lengths(tmp_path):
    stream = results((ROWS, ROWS), (np.ones((1, 2)), np.ones((1, 2))), by_rows=True)
    with pytest.raises(DataError, match=r"row 3 has 2 numbers, the first row 3: \.npy needs rows"):
        saved(stream, tmp_path / "y.npy")
    assert names(tmp_path) == []


@pytest.mark.parametrize("count", [2, 4])
def test_a_wrong_count_never_becomes_a_file(tmp_path, count):
    with pytest.raises(DataError, match="results came"):
        saved(results(np.ones(count), shape=(3,)), tmp_path / "y.npy")
    assert names(tmp_path) == []


def test_several_arrays_need_npz(tmp_path):
    both = [results([1.0], array="a"), results([2.0], array="b")]
    with pytest.raises(UsageError, match=r"choose one with --array, or write an \.npz file"):
        saved(both, tmp_path / "y.npy")
    assert names(tmp_path) == []


@pytest.mark.parametrize("shape", [None, (2, 1)])
def test_npz_has_a_member_for_each(tmp_path, shape):
    both = [results([1.0, 2.0], array="conv1/w", shape=shape), results(np.ones(1, np.float16), array="b")]
    with saved(both, tmp_path / "y.npz") as back:
        assert back["conv1/w"].ravel().tolist() == [1.0, 2.0]
        assert back["b"].dtype == np.float16
    with zipfile.ZipFile(tmp_path / "y.npz") as archive:
        assert archive.testzip() is None
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_npz_of_one_array_calls_it_y_and_is_the_same_each_time(tmp_path):
    with saved(results([1.0]), tmp_path / "y.npz") as back:
        assert back.files == ["y"]
    saved(results([1.0]), tmp_path / "again.npz")
    assert (tmp_path / "y.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_npz_refuses_one_name_twice(tmp_path):
    with pytest.raises(DataError, match="two arrays are named 'a'"):
        saved([results([1.0], array="a"), results([2.0], array="a")], tmp_path / "y.npz")


def test_a_pipe_gets_its_header_first_all_the_same(tmp_path):
    path = tmp_path / "pipe.npy"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write_evaluations([results([1.0, 2.0])], Layout("npy", str(path)), terminal())
    reader.join(10)
    assert got == [saved_by_numpy(np.array([1.0, 2.0]))]

"""Data to train on: the bundled digits, .npz and .csv files of one's own, and what is said of wrong ones."""

import io

import numpy as np
import pytest
from safetensors_bytes import safetensors

from actcli.exits import DataError, UsageError
from actcli.sources.records.datasets import load_dataset
from actcli.terminal import Terminal


def loaded(name, target=None, seed=0, stdin=b""):
    return load_dataset(str(name), target, seed, Terminal(stdin=io.BytesIO(stdin), stdout=None, stderr=None))


def test_the_digits():
    data = loaded("digits")
    assert (data.train_x.shape, data.test_x.shape) == ((1348, 64), (449, 64))
    assert data.classes == tuple("0123456789")
    every = np.concatenate([data.train_y, data.test_y])
    assert np.bincount(every).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_toys_are_drawn_by_the_seed():
    assert (loaded("spirals", seed=4).train_x == loaded("Spirals", seed=4).train_x).all()
    assert not (loaded("spirals", seed=4).train_x == loaded("spirals", seed=5).train_x).all()


def test_arrays(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(20, 2, 3)), np.arange(20) % 2
    np.savez(tmp_path / "d.npz", X=x, y=y)
    data = loaded(tmp_path / "d.npz")
    assert (data.features, data.classes) == (6, ("0", "1"))
    np.savez_compressed(tmp_path / "r.npz", X=np.asfortranarray(x[:, 0]), y=x[:, 1, :2].astype(np.float32))
    data = loaded(tmp_path / "r.npz")
    assert (data.features, data.outputs, data.classes) == (3, 2, ())
    assert np.concatenate([data.train_x, data.test_x]).shape == (20, 3)
    (tmp_path / "s.safetensors").write_bytes(safetensors(X=x, y=y))
    again, whole = loaded(tmp_path / "s.safetensors"), loaded(tmp_path / "d.npz")
    assert (again.train_x == whole.train_x).all()
    assert again.classes == whole.classes


IRIS = "length,width,kind\n" + "".join(f"{i}.5,{i % 3},{'ab'[i % 2]}\n" for i in range(12))


def written(folder, text, name="d.csv"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("target", ["kind", "3"])
def test_a_column_of_words_is_classes(tmp_path, target):
    data = loaded(written(tmp_path, IRIS), target)
    assert (data.features, data.classes) == (2, ("a", "b"))


def test_a_column_of_numbers_is_predicted(tmp_path):
    data = loaded(written(tmp_path, "a,b\n" + "".join(f"{i},{i / 7}\n" for i in range(12))), "b")
    assert (data.features, data.outputs, data.classes) == (1, 1, ())


def test_other_ways_to_write_it(tmp_path):
    bare = "".join(f"{i},{i * i},{i % 2}\n" for i in range(12))
    assert loaded(written(tmp_path, bare), "3").classes == ("0", "1")
    assert loaded(written(tmp_path, IRIS.replace(",", "\t"), "d.tsv"), "kind").classes == ("a", "b")
    assert loaded("-", "kind", stdin=IRIS.encode()).classes == ("a", "b")


def complaint(name, target=None, kind=DataError):
    with pytest.raises(kind) as error:
        loaded(name, target)
    return str(error.value)


def test_a_wrong_cell_is_named_with_its_line_and_column(tmp_path):
    def said(text, target="kind"):
        return complaint(written(tmp_path, text), target).removeprefix(f"{tmp_path}/")

    assert said(IRIS.replace("3.5,0,", "wide,0,")) == "d.csv:5: 'wide' in column 'length' is not a number"
    assert said(IRIS.replace("3.5,0,", "3.5,,")) == "d.csv:5: the cell in column 'width' is empty"
    assert said(IRIS.replace("3.5,0,b", "3.5,0,")) == "d.csv:5: the cell in column 'kind' is empty"
    assert said(IRIS.replace("3.5,0,b", "3.5,0")) == "d.csv:5: 2 cells, the header has 3"
    assert said(IRIS.replace("3.5,0,", "3.5,nan,")) == "d.csv:5: nan in column 'width'; fill or drop it first"
    assert said(IRIS, "colour") == "d.csv: no column 'colour', there are 'length', 'width', 'kind'"
    assert said("kind\na\nb\n", "1") == "d.csv: no column besides kind to predict it from"
    assert said("length,kind\n") == "d.csv: holds no samples"
    assert said("") == "d.csv: holds no numbers"
    assert "too few to train on" in said("length,kind\n1,a\n2,b\n")
    assert said(IRIS.replace(",b\n", ",a\n")).endswith("all targets are a: there is nothing to learn")


def test_wrong_arrays(tmp_path):
    path = tmp_path / "d.npz"

    def said(**arrays):
        np.savez(path, **arrays)
        return complaint(path).removeprefix(f"{tmp_path}/")

    x = np.ones((9, 2))
    assert said(X=x) == "d.npz: no array 'y', there are X"
    assert said(a=x, b=x) == "d.npz: no array 'X', there are a, b"
    assert (
        said(X=np.ones(()), y=np.ones(9)) == "d.npz: X has the shape (); training takes (samples, features)"
    )
    assert said(X=x, y=np.ones((9, 1, 1))) == "d.npz: y has the shape (9, 1, 1); training takes (samples,)"
    assert said(X=x, y=np.ones(8)).endswith("9 samples but 8 targets")
    assert "Python objects: refused" in said(X=np.array([None] * 9), y=np.ones(9))
    assert "holds complex numbers" in said(X=x * 1j, y=np.ones(9))
    path.write_bytes(b"PK nothing")
    assert "not an .npz archive" in complaint(path)
    assert "No such file" in complaint(tmp_path / "none.npz")


@pytest.mark.parametrize(("splits", "memory"), [(1, 750), (3, 1300)])
def test_no_more_memory_than_is_allowed(tmp_path, splits, memory):
    """22 numbers, 24 bytes each, and 12 in each split."""
    np.savez(tmp_path / "d.npz", X=np.random.default_rng(0).normal(size=(11, 2)), y=np.arange(11) % 2)
    sheet = written(tmp_path, "a,b,y\n" + "".join(f"{i},{i * i},{i % 2}\n" for i in range(11)))

    def load(name, memory):
        terminal = Terminal(stdin=io.BytesIO(), stdout=None, stderr=None)
        target = "y" if name == sheet else None
        return load_dataset(str(name), target, 0, terminal, splits, memory)

    for name in (tmp_path / "d.npz", sheet):
        with pytest.raises(DataError, match=r"22 numbers.*of memory") as caught:
            load(name, memory)
        assert ("--splits" in str(caught.value)) == (splits > 1)
        assert len(load(name, memory + 100).train_y) == 8
    with pytest.raises(DataError, match="of memory"):
        load("moons", 2000 * 12 * splits)


def test_wrong_use(tmp_path):
    assert "choose digits, moons, spirals, xor" in complaint("numerals", kind=UsageError)
    assert "needs --target COLUMN" in complaint(written(tmp_path, IRIS), kind=UsageError)
    assert "--data digits has none" in complaint("digits", "y", kind=UsageError)

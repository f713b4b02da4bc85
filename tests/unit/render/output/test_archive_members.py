"""Names of arrays in archives: any layer or file name can be written."""

import io
import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from invocation import invoke

from actcli.exits import DataError
from actcli.render.output.archive_members import open_member, storable_name


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("block.1/relu", "block.1/relu"),
        ("größe ∂", "größe ∂"),
        ("a\x1b[31m", "a\x1b[31m"),
        ("n\udcff", r"n\udcff"),
        ("\ud800", r"\ud800"),
        ("a\0b", r"a\x00b"),
        ("", ""),
    ],
)
def test_a_name_is_stored_whole(tmp_path, name, stored):
    path = tmp_path / "x.npz"
    with ZipFile(path, "w") as archive, open_member(archive, name) as member:
        np.lib.format.write_array(member, np.arange(3))

    assert storable_name(name) == stored
    with ZipFile(path) as archive:
        assert archive.namelist() == [f"{stored}.npy"]


@pytest.mark.parametrize("name", ["a" * 65_532, "ö" * 32_767])
def test_a_name_that_no_zip_holds_is_refused(tmp_path, name):
    with ZipFile(tmp_path / "x.npz", "w") as archive, pytest.raises(DataError, match="65,535 at most"):
        open_member(archive, name)


def test_a_file_whose_name_is_no_utf8_is_a_layer_of_every_archive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"n\xff.npy")
    Path(name).write_bytes(npy(np.ones((9, 2))))

    for option in ("--densities", "--dead-units"):
        assert invoke("deadcheck", name, option, "d.npz").status == 0
        with ZipFile("d.npz") as archive:
            assert archive.namelist() == [r"n\udcff.npy"]

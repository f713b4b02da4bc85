"""Files that gzip packed are read as if they were not; files of other formats are refused with what converts them."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest
from invocation import refused
from safetensors_bytes import safetensors

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, open_numbers
from actcli.sources.numbers.foreign import ForeignFormatError
from actcli.sources.numbers.low_precision import low_types

ROWS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(content, name):
        (tmp_path / name).write_bytes(content)
        return name

    return save


@pytest.mark.parametrize("name", ["a.npy.gz", "a.npy", "a.gz"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_packed_arrays(saved, draw, name, order):
    drawn = draw(NumberRequest(tokens=(saved(gzip.compress(npy(np.asarray(ROWS, order=order))), name),)))
    assert (drawn.error, drawn.shape) == (None, (30, 4))
    assert np.array_equal(drawn.values, ROWS.ravel())


@pytest.mark.parametrize(("name", "text"), [("a.csv.gz", b"a,b\n1,2\n3,4\n"), ("a.txt.gz", b"2 4\n")])
def test_packed_text(saved, draw, name, text):
    column = "b" if "csv" in name else None
    drawn = draw(
        NumberRequest(tokens=(saved(gzip.compress(text), name),), columns=() if column is None else (column,))
    )
    assert drawn.values.tolist() == [2, 4]


def test_a_packed_file_of_several_parts(saved, draw):
    parts = gzip.compress(b"1 2 ") + gzip.compress(b"3\n")
    assert draw(NumberRequest(tokens=(saved(parts, "a.txt.gz"),))).values.tolist() == [1, 2, 3]


PACKED = gzip.compress(npy(ROWS))
DAMAGED = {
    "cut off": PACKED[:-20],
    "another checksum": PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
    "changed": PACKED[:300] + b"\xff\0\xff" + PACKED[303:],
    "another method": PACKED[:2] + b"\x07" + PACKED[3:],
    "text that follows": PACKED + b"1 2 3 and more",
    "a pickle inside": gzip.compress(pickle.dumps([1.0])),
    "an array of objects inside": gzip.compress(npy(np.array(["a"], object))),
    "only its beginning": PACKED[:2],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_packed_files(saved, draw, name):
    try:
        drawn = draw(NumberRequest(tokens=(saved(DAMAGED[name], "a.npy.gz"),)))
    except DataError as error:
        message = str(error)
    else:
        message = str(drawn.error)
    assert message.startswith("a.npy.gz: ")
    assert "\n" not in message


def test_a_bomb_takes_no_more_memory_than_a_block(saved, terminal):
    import tracemalloc

    header = npy(np.zeros(0, np.float32)).replace(b"(0,), }", b"(50000000,), }"[:14])
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(200):
            file.write(bytes(1_000_000))
    name = saved(packed.getvalue(), "a.npy.gz")
    tracemalloc.start()
    (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
    count = sum(block.size for block in numbers.blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000_000
    assert peak < 20_000_000


def test_a_bomb_in_fortran_order_is_refused_before_it_is_read(saved, draw):
    header = npy(np.zeros((2, 2), order="F")).replace(b"(2, 2), }", b"(1000000, 900000), }")
    header = header[:8] + (len(header[10:-32])).to_bytes(2, "little") + header[10:-32]
    with pytest.raises(DataError, match=r"Fortran order needs about 14\.4 TB"):
        draw(NumberRequest(tokens=(saved(gzip.compress(header + bytes(100)), "a.npy.gz"),)))


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"\x80\x02.")
    return file.getvalue()


def torch_zip() -> bytes:
    return zipped("acts/data.pkl", "acts/data/0")


def tfrecord(content: bytes) -> bytes:
    """A record of 20 bytes; the checksum of its length is from google-crc32c."""
    assert len(content) == 20
    return (20).to_bytes(8, "little") + b"^=)\x15" + content + bytes(4)


FOREIGN = {
    "acts.pt": (torch_zip(), "torch.save", "torch.load('acts.pt'", "numpy.save('acts.npy'"),
    "old.pth": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch.save", "torch.load('old.pth'", "old.npy"),
    "acts.pkl": (pickle.dumps({"a": ROWS}), "pickle", "pickle.loads(pathlib.Path('acts.pkl')", "acts.npy"),
    "first.pkl": (
        pickle.dumps([1.5], protocol=0),
        "pickle",
        "pickle.loads(pathlib.Path('first.pkl')",
        "first.npy",
    ),
    "array.pkl": (
        pickle.dumps(ROWS, protocol=0),
        "pickle",
        "pickle.loads(pathlib.Path('array.pkl')",
        "array.npy",
    ),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "HDF5", "h5py.File('model.h5')", "model.npz"),
    "new.mat": (
        b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n",
        "HDF5",
        "h5py.File('new.mat')",
        "new.npz",
    ),
    "old.mat": (b"MATLAB 5.0 MAT-file".ljust(128) + bytes(99), "MATLAB", "loadmat('old.mat')", "old.npz"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "image", "PIL", "Image.open('a.png')"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 99, "image", "PIL", "Image.open('a.jpg')"),
    "a.gif": (b"GIF89a" + b"\0" * 99, "image", "PIL", "Image.open('a.gif')"),
    "a.tiff": (b"II*\0" + b"\0" * 99, "image", "PIL", "Image.open('a.tiff')"),
    "a.webp": (b"RIFF\x10\0\0\0WEBPVP8 ", "image", "PIL", "Image.open('a.webp')"),
    "a.bmp": (b"BM\x46\0\0\0\0\0\0\0" + bytes(30), "image", "PIL", "Image.open('a.bmp')"),
    "a.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel", "read_excel('a.xlsx')", "a.csv"),
    "a.xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99), "Excel", "read_excel('a.xls')", "a.csv"),
    "m.keras.zip": (
        zipped("metadata.json", "config.json"),
        "Keras",
        "load_model('m.keras.zip')",
        "m.keras.onnx",
    ),
    "m.gguf": (b"GGUF\3\0\0\0" + bytes(99), "GGUF", "GGUFReader('m.gguf')", "m.npz"),
    "a.tfrecord": (tfrecord(b"x" * 20), "TFRecord", "TFRecordDataset('a.tfrecord')", "a.npy"),
    "wrong.npy": (pickle.dumps(ROWS), "pickle", "pathlib.Path('wrong.npy')", "wrong.npy"),
    "wrong.npz": (torch_zip(), "torch.save", "torch.load('wrong.npz')"[:-1], "wrong.npy"),
    "image.npz": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "image", "PIL", "image.npy"),
    "wrong.safetensors": (pickle.dumps(ROWS), "pickle", "pickle.loads", "wrong.npy"),
    "wrong.csv": (torch_zip(), "torch.save", "torch.load", "wrong.npy"),
    "data": (pickle.dumps(ROWS, protocol=4), "pickle", "pickle.load", "data.npy"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_refused_with_what_converts_them(saved, draw, name):
    content, *words = FOREIGN[name]
    with pytest.raises(DataError) as caught:
        draw(NumberRequest(input=saved(content, name)))
    shown = "\n".join((str(caught.value), *getattr(caught.value, "pointer", ())))
    assert all(word in shown for word in words), shown
    assert shown.count("\n") == 2
    for line in caught.value.pointer:
        compile(line, name, "exec")


@pytest.mark.parametrize("name", [name for name in FOREIGN if not name.startswith(("wrong", "image"))])
def test_other_formats_are_refused_on_standard_input(draw, name):
    with pytest.raises(DataError, match=r"stdin: (is|was) .*in Python") as caught:
        draw(NumberRequest(tokens=("-",)), FOREIGN[name][0])
    assert "'FILE'" in "".join(caught.value.pointer)


COMMANDS = {
    "eval relu -i {}": "",
    "grad relu {}": "",
    "plot relu -i {}": "",
    "compare relu gelu --by values -i {}": "",
    "compare relu gelu --by training --data {}": "",
    "compare relu gelu --by training --data {} --target y": ".csv",
    "deadcheck {}": "",
    "deadcheck --train relu --data {}": "",
    "deadcheck {}.npy": ".npy",
    "deadcheck {}.npz": ".npz",
}


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("name", ["acts.pt", "first.pkl", "model.h5", "a.png", "a.xlsx", "m.gguf"])
def test_every_command_refuses_them(saved, line, name):
    file = saved(FOREIGN[name][0], name + COMMANDS[line])
    message = refused(
        *line.replace("{}.np", name + ".np").replace("{}", file).split(), kind=ForeignFormatError
    )
    assert FOREIGN[name][1] in message


def test_the_length_of_a_table_is_no_pickle(saved, draw):
    for size in range(600, 700):
        content = safetensors(**{"x" * size: ROWS})
        assert draw(NumberRequest(input=saved(content, "a.safetensors"))).shape == (30, 4)


def test_the_lines_for_a_pickle_do_what_they_promise(saved, draw):
    with pytest.raises(DataError) as caught:
        draw(NumberRequest(input=saved(pickle.dumps(ROWS.tolist()), "acts.pkl")))
    exec("\n".join(caught.value.pointer), {})  # noqa: S102 - these are our own lines
    assert np.array_equal(draw(NumberRequest(input="acts.npy")).values, ROWS.ravel())


@pytest.mark.parametrize("zipped", [True, False])
def test_the_lines_for_a_tensor_do_what_they_promise(saved, draw, zipped):
    torch = pytest.importorskip("torch")
    name = saved(b"", "acts.pt")
    torch.save(torch.from_numpy(ROWS), name, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataError, match=r"torch\.save") as caught:
        draw(NumberRequest(input=name))
    exec("\n".join(caught.value.pointer), {})  # noqa: S102 - these are our own lines
    assert np.array_equal(draw(NumberRequest(input="acts.npy")).values, ROWS.ravel())


def test_words_that_begin_as_an_image_does_are_text(saved, draw):
    assert draw(
        NumberRequest(tokens=(saved(b"GIF8,MM\n1,2\n", "a.csv"),), columns=("MM",))
    ).values.tolist() == [2]


def test_a_safetensors_file_needs_its_suffix(saved, draw):
    with pytest.raises(DataError, match=r"give the file that suffix"):
        draw(NumberRequest(input=saved(safetensors(x=ROWS), "acts.bin")))


def test_bfloat16_by_name_in_a_header(saved, draw):
    content = npy(np.arange(3, dtype="u2") << 14).replace(b"'<u2'", b"'bfloat16'")
    content = content[:8] + (len(content) - 10 - 6).to_bytes(2, "little") + content[10:]
    assert draw(NumberRequest(tokens=(saved(content, "a.npy"),))).values.tolist() == [0, 2, -0.0]


def test_voids_are_read_as_the_type_that_is_named(saved, draw):
    (kind,) = low_types(["bfloat16"])
    name = saved(npy((np.float32([1, -2.5]).view(np.uint32) >> 16).astype("u2").view("V2")), "a.npy")
    drawn = draw(NumberRequest(tokens=(name,), stored=kind, must_be_stored=True))
    assert (drawn.dtype, drawn.values.tolist()) == (np.float32, [1, -2.5])
    with pytest.raises(DataError, match="--dtype bfloat16"):
        draw(NumberRequest(tokens=(name,)))
    for request in ({"tokens": ("1",)}, {"input": saved(b"1 2", "a.txt")}):
        with pytest.raises(UsageError, match="--dtype bfloat16"):
            draw(NumberRequest(**request, stored=kind, must_be_stored=True))

"""Files of other formats, known by their first bytes: refused with what converts them, never read as numbers."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from actcli.exits import DataError
from actcli.sources.number_request import suffix_of

if TYPE_CHECKING:
    from actcli.sources.streams.bytestream import ByteStream

HEAD = 1024
"""Bytes from the start of a file by which its format is known."""
_ZIP = b"PK\x03\x04"
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc"
"""The number with which torch.save began before it wrote zip archives."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATLAB = b"MATLAB "
_TEXT_PICKLE = re.compile(rb"(\([ld]p0|c[A-Za-z_][\w.]*\n[A-Za-z_]\w*)\n")
"""A list, a dictionary or a class in the first pickle protocol, which is text."""


class ForeignFormatError(DataError):
    """A file of another format.

    Attributes:
        pointer: the two lines of Python that convert it.

    """

    def __init__(self, message: str, pointer: tuple[str, ...]) -> None:
        super().__init__(message)
        self.pointer = pointer


class _Format(NamedTuple):
    """A format: how a file of it begins, the sentence about it, and the lines that convert it.

    In the lines {file} is the file's name in quotes; {npy}, {npz}, {csv} and {onnx} that of the converted one.
    """

    fits: Callable[[bytes], bool]
    sentence: str
    lines: tuple[str, str]


def refuse_foreign(stream: "ByteStream") -> None:
    """Raise DataError for the formats that other tools save arrays in; of a text, no byte too many is awaited."""
    if stream.is_regular and _is_safetensors(stream.peek(10)):
        raise DataError(f"{stream.origin}: looks like .safetensors; give the file that suffix")
    if suffix_of(stream.origin) == ".onnx":
        raise DataError(
            f"{stream.origin}: is a model, not numbers; check it with deadcheck {stream.origin} --data FILE"
        )
    if any(stream.starts_with(magic) for magic in _MAGICS) or stream.is_named_file:
        stream.peek(HEAD)
    head = stream.arrived(HEAD)
    refuse_foreign_head(head, stream.origin)
    if head.startswith(_ZIP):
        raise DataError(f"{stream.origin}: holds an archive: save it as a file with the suffix .npz")


def refuse_foreign_file(path: str) -> None:
    """Raise DataError where a file on disk is of a format that other tools save arrays in."""
    if os.path.isfile(path):  # noqa: PTH113 - a pipe would wait for another writer
        with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
            refuse_foreign_head(file.read(HEAD), path)


def refuse_foreign_head(head: bytes, origin: str) -> None:
    """Raise DataError where these first bytes of a file are those of a format that other tools save arrays in."""
    one = next((one for one in _FORMATS if one.fits(head)), None)
    if one is None:
        return
    file = "FILE" if origin == "stdin" else origin
    stem = file.rpartition(".")[0] or file
    names = {suffix: repr(f"{stem}.{suffix}") for suffix in ("npy", "npz", "csv", "onnx")}
    lines = tuple(line.format(file=repr(file), **names) for line in one.lines)
    raise ForeignFormatError(f"{origin}: {one.sentence}:", lines)


def _is_safetensors(head: bytes) -> bool:
    """Return whether a file begins with the length of a table, far below 2**32, and with the table."""
    return head[4:] == b'\0\0\0\0{"'


def _starts(magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _zip_with(*words: bytes) -> Callable[[bytes], bool]:
    """Return the test for a zip archive one of whose first members has such a word in its name."""
    return lambda head: head.startswith(_ZIP) and any(word in head for word in words)


def _is_pickle(head: bytes) -> bool:
    binary = head[:1] == b"\x80" and head[1:2] in {b"\2", b"\3", b"\4", b"\5"} and head[2:3] != b"\0"
    return binary or _TEXT_PICKLE.match(head) is not None


def _is_image(head: bytes) -> bool:
    return (
        head.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"))
        or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")
        or (head[:2], head[6:10]) == (b"BM", b"\0\0\0\0")
    )


def _is_tfrecord(head: bytes) -> bool:
    """Return whether a file begins with the length of a record, and the masked CRC-32C of the length."""
    if len(head) < 12 or any(head[4:8]):
        return False
    crc = 0xFFFFFFFF
    for byte in head[:8]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return masked == int.from_bytes(head[8:12], "little")


_HDF5_LINES = (
    "import h5py, numpy; f = h5py.File({file})",
    "numpy.savez({npz}, **{{k: f[k][:] for k in f if hasattr(f[k], 'shape')}})",
)
_FORMATS = (
    _Format(
        lambda head: head.startswith(_OLD_TORCH) or (head.startswith(_ZIP) and b"data.pkl" in head),
        "was written by torch.save, which is pickle and may run code; convert it in Python (of a model: "
        "torch.onnx.export)",
        (
            "import numpy, torch; x = torch.load({file}, map_location='cpu', weights_only=True)",
            "numpy.save({npy}, x.float().numpy())",
        ),
    ),
    _Format(
        _zip_with(b"[Content_Types].xml", b"xl/"),
        "is an Excel workbook; convert a sheet in Python, or save it as CSV",
        ("import pandas", "pandas.read_excel({file}).to_csv({csv}, index=False)"),
    ),
    _Format(
        _zip_with(b"metadata.json", b"config.json", b"model.weights.h5"),
        "is a Keras model, not data; export it in Python and give it to deadcheck with --data",
        ("import keras; m = keras.saving.load_model({file})", "m.export({onnx}, format='onnx')"),
    ),
    _Format(
        _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "is an old Office file; where it is an Excel workbook, convert a sheet in Python, or save it as CSV",
        ("import pandas", "pandas.read_excel({file}).to_csv({csv}, index=False)"),
    ),
    _Format(
        _is_pickle,
        "is a pickle, which may run code; where you trust it, convert it in Python",
        (
            "import numpy, pathlib, pickle; x = pickle.loads(pathlib.Path({file}).read_bytes())",
            "numpy.save({npy}, numpy.asarray(x, 'float32'))",
        ),
    ),
    _Format(
        lambda head: head.startswith(_HDF5) or (head.startswith(_MATLAB) and _HDF5 in head),
        "is an HDF5 file; convert its arrays in Python (a Keras model: model.export)",
        _HDF5_LINES,
    ),
    _Format(
        _starts(_MATLAB),
        "is a MATLAB file; convert its arrays in Python",
        (
            "import numpy, scipy.io; f = scipy.io.loadmat({file})",
            "numpy.savez({npz}, **{{k: v for k, v in f.items() if k[0] != '_'}})",
        ),
    ),
    _Format(
        _is_image,
        "is an image; convert it in Python",
        (
            "import numpy; from PIL import Image",
            "numpy.save({npy}, numpy.asarray(Image.open({file}))[numpy.newaxis])",
        ),
    ),
    _Format(
        _starts(b"GGUF"),
        "is a GGUF model; convert its unquantised tensors in Python",
        (
            "import gguf, numpy; f = gguf.GGUFReader({file})",
            "numpy.savez({npz}, **{{t.name: t.data for t in f.tensors if t.data.dtype.kind == 'f'}})",
        ),
    ),
    _Format(
        _is_tfrecord,
        "is a TFRecord file; convert one of its features in Python, by its name instead of 'x'",
        (
            "import numpy, tensorflow as tf; f = tf.data.TFRecordDataset({file}).as_numpy_iterator()",
            "numpy.save({npy}, [tf.train.Example.FromString(e).features.feature['x'].float_list.value for e in f])",
        ),
    ),
)
_MAGICS = (
    _ZIP,
    b"\x80",
    b"\x89",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
    b"GGUF",
    _MATLAB,
    b"\xd0\xcf",
)
"""The beginnings at which more of a stream is awaited, since no text has them."""

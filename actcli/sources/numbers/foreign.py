"""Files of other formats, known by their first bytes: refused with what converts them, never read as numbers."""

from typing import TYPE_CHECKING, NoReturn

from actcli.exits import DataError

if TYPE_CHECKING:
    from actcli.sources.streams.bytestream import ByteStream

_HEAD = 256
_ZIP = b"PK\x03\x04"
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc"
"""The number with which torch.save began before it wrote zip archives."""
_MAGICS = (_ZIP, *_PICKLES, *_IMAGES, _HDF5)


class ForeignFormatError(DataError):
    """A file of another format.

    Attributes:
        pointer: the two lines of Python that convert it.

    """

    def __init__(self, message: str, pointer: tuple[str, ...]) -> None:
        super().__init__(message)
        self.pointer = pointer


def refuse_foreign(stream: "ByteStream") -> None:
    """Raise DataError for the formats that other tools save activations in; of a text, no byte too many is awaited."""
    if stream.is_regular and _is_safetensors(stream.peek(10)):
        raise DataError(f"{stream.origin}: looks like .safetensors; give the file that suffix")
    if any(stream.starts_with(magic) for magic in _MAGICS):
        _refuse(stream.origin, stream.peek(_HEAD))


def _is_safetensors(head: bytes) -> bool:
    """Return whether a file begins with the length of a table, far below 2**32, and with the table."""
    return head[4:] == b'\0\0\0\0{"'


def _refuse(origin: str, head: bytes) -> NoReturn:
    file = "FILE" if origin == "stdin" else origin
    stem = file.rpartition(".")[0] or file
    if head.startswith(_ZIP) and b"data.pkl" not in head:
        raise DataError(f"{origin}: holds an archive: save it as a file with the suffix .npz")
    if head.startswith((_ZIP, _OLD_TORCH)):
        raise ForeignFormatError(
            f"{origin}: was written by torch.save, which is pickle and may run code; convert it in Python "
            "(a model: torch.onnx.export):",
            (
                f"import numpy, torch; x = torch.load({file!r}, map_location='cpu', weights_only=True)",
                f"numpy.save({f'{stem}.npy'!r}, x.float().numpy())",
            ),
        )
    if head.startswith(_PICKLES):
        raise ForeignFormatError(
            f"{origin}: is a pickle, which may run code; where you trust it, convert it in Python:",
            (
                f"import numpy, pathlib, pickle; x = pickle.loads(pathlib.Path({file!r}).read_bytes())",
                f"numpy.save({f'{stem}.npy'!r}, numpy.asarray(x, 'float32'))",
            ),
        )
    if head.startswith(_HDF5):
        raise ForeignFormatError(
            f"{origin}: is an HDF5 file; convert its arrays in Python (a Keras model: model.export):",
            (
                f"import h5py, numpy; f = h5py.File({file!r})",
                f"numpy.savez({f'{stem}.npz'!r}, **{{k: f[k][:] for k in f if hasattr(f[k], 'shape')}})",
            ),
        )
    raise ForeignFormatError(
        f"{origin}: is an image; convert it in Python:",
        (
            "import numpy; from PIL import Image",
            f"numpy.save({f'{stem}.npy'!r}, numpy.asarray(Image.open({file!r}))[numpy.newaxis])",
        ),
    )

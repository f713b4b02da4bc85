"""The ways in which files are packed (gzip, bzip2, xz, Zstandard): their suffixes, first bytes, and engines."""

import zlib
from typing import Any, NamedTuple, Protocol, cast

from actcli.exits import DataError


class Unpacker(Protocol):
    """One packed stream being unpacked: the interface that the standard library's decompressors share."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether more packed bytes are needed."""

    @property
    def unused_data(self) -> bytes:
        """The bytes that follow the packed stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes, with these packed bytes added to those that are held."""


class Packer(Protocol):
    """One stream being packed."""

    def compress(self, data: Any, /) -> bytes:
        """Take bytes, and return those that are packed."""

    def flush(self) -> bytes:
        """Return the rest, with the end of the stream."""


class Packing(NamedTuple):
    """One way to pack a file."""

    name: str
    suffix: str
    magics: tuple[bytes, ...]
    tool: str


ZSTD = Packing("Zstandard", ".zst", (b"\x28\xb5\x2f\xfd",), "zstd")
PACKINGS = (
    Packing("gzip", ".gz", (b"\x1f\x8b\x08",), "gzip"),
    Packing("bzip2", ".bz2", tuple(b"BZh%d" % level for level in range(1, 10)), "bzip2"),
    Packing("xz", ".xz", (b"\xfd7zXZ\0",), "xz"),
    ZSTD,
)
LONGEST_MAGIC = max(len(magic) for packing in PACKINGS for magic in packing.magics)
PACKED_SUFFIXES = tuple(packing.suffix for packing in PACKINGS)


def packing_of(head: bytes) -> Packing | None:
    """Return how a file is packed that begins with these bytes; None for not at all."""
    return next((packing for packing in PACKINGS if head.startswith(packing.magics)), None)


def may_be_packed(head: bytes) -> bool:
    """Return whether a stream that begins with so few bytes may go on as a packed one; False once it is known."""
    return packing_of(head) is None and any(
        magic.startswith(head) for packing in PACKINGS for magic in packing.magics
    )


def packing_named(path: str) -> Packing | None:
    """Return how a file of this name is packed, by its suffix; None for not at all."""
    name = path.lower()
    return next((packing for packing in PACKINGS if name.endswith(packing.suffix)), None)


def without_packing(path: str) -> str:
    """Return a name without the suffix of its packing: `x.npy` of `x.npy.gz`."""
    return path[: path.rindex(".")] if path.lower().endswith(PACKED_SUFFIXES) else path


def require_engine(packing: Packing, path: str) -> None:
    """Raise DataError, naming the package, where this Python cannot pack in this way."""
    if packing is ZSTD:
        try:
            _zstd()
        except ImportError as error:
            raise DataError(
                f"{path}: Zstandard needs Python 3.14 or one more package: pip install backports.zstd (the extra zstd)"
            ) from error


def new_unpacker(packing: Packing, memory: int) -> Unpacker:
    """Return the engine that unpacks one stream, with at most `memory` bytes for what it looks back at."""
    if packing.suffix == ".gz":
        return _Gunzip()
    if packing.suffix == ".bz2":
        import bz2

        return bz2.BZ2Decompressor()
    if packing.suffix == ".xz":
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory)
    return cast("Unpacker", _zstd().ZstdDecompressor())  # it looks back at 128 MiB at most


def new_packer(packing: Packing) -> Packer:
    """Return the engine that packs one stream; equal bytes are packed to equal bytes."""
    if packing.suffix == ".gz":
        return zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    if packing.suffix == ".bz2":
        import bz2

        return bz2.BZ2Compressor()
    if packing.suffix == ".xz":
        import lzma

        return lzma.LZMACompressor()
    zstd = _zstd()
    return cast("Packer", zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1}))


def damage_of(packing: Packing) -> tuple[type[Exception], ...]:
    """Return what unpacking raises where the packed bytes are damaged or end too early."""
    if packing.suffix == ".xz":
        import lzma

        return (EOFError, lzma.LZMAError)
    return (EOFError, _zstd().ZstdError) if packing is ZSTD else (EOFError, zlib.error)


class _Gunzip:
    """zlib's engine for gzip with the interface of the others."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not self._engine.eof and not self._engine.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._engine.decompress(self._engine.unconsumed_tail + data, max_length)


def _zstd() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from backports import zstd  # type: ignore[import-not-found, no-redef, unused-ignore]
    return zstd

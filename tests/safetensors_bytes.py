"""Bytes of .safetensors files, written by the format's description, for the tests."""

import json
import math

import numpy as np

KINDS = {
    "f8": "F64",
    "f4": "F32",
    "f2": "F16",
    "i8": "I64",
    "i4": "I32",
    "u1": "U8",
    "b1": "BOOL",
    "u2": "BF16",
}


def safetensors(metadata=None, **arrays) -> bytes:
    """The file of these arrays; an array of uint16 holds the patterns of bfloat16."""
    table, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, given in arrays.items():
        # no ascontiguousarray: it gives a single number an axis
        array = np.asarray(given, order="C")
        kind = KINDS[array.dtype.str[1:]]
        table[name] = entry(kind, array.shape, len(data))
        data += array.astype(array.dtype.newbyteorder("<")).tobytes()
    return with_table(json.dumps(table), data)


def entry(kind, shape, begin) -> dict:
    size = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2}.get(kind, 1)
    return {"dtype": kind, "shape": list(shape), "data_offsets": [begin, begin + size * math.prod(shape)]}


def with_table(table: str, data: bytes = b"") -> bytes:
    """A file of any table; it is padded with blanks, as the format's own writer does."""
    text = table.encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data

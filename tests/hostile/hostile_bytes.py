"""Files of arrays, and damage by chance: bytes changed, cut, doubled, and numbers replaced by extreme ones."""

import gzip
import io
import random
import zipfile

import numpy as np


def npy(array) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


EXTREMES = [
    b"-1",
    b"0",
    b"1e9",
    b"nan",
    b"-inf",
    b"1" * 40,
    b"",
    b"''",
    b"[[]]",
    b"9223372036854775808",
    b"1e400",
]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The data with some damage; of an archive mostly that of a member, whose checksum is then right."""
    if data.startswith(b"\x1f\x8b") and rng.random() < 0.5:
        return packed(mutate(gzip.decompress(data), rng))
    if data.startswith(b"PK") and rng.random() < 0.8:
        return _mutate_member(data, rng)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = rng.choice([_flip, _flip, _cut, _drop, _double, _extreme, _big_integer])(data, rng)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    """A place, mostly near the beginning, where headers are."""
    end = rng.choice([64, 256, len(data)])
    return rng.randrange(max(min(end, len(data)), 1))


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.randrange(1, 20) :]


def _double(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    end = at + rng.randrange(1, 60)
    return data[:end] + data[at:end] * rng.choice([1, 2, 50]) + data[end:]


def _extreme(data: bytes, rng: random.Random) -> bytes:
    """One number in text replaced by an extreme one."""
    digits = [i for i, byte in enumerate(data[:4096]) if 48 <= byte <= 57]
    if not digits:
        return _flip(data, rng)
    at = end = rng.choice(digits)
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    return data[:at] + rng.choice(EXTREMES) + data[end:]


def _big_integer(data: bytes, rng: random.Random) -> bytes:
    """Eight bytes replaced by a large or negative whole number, or by ones that go on in a protocol buffer."""
    at = _place(data, rng)
    number = rng.choice([2**31 - 1, 2**31, 2**40, 2**63 - 1, 2**64 - 1, 2**62])
    raw = rng.choice([number.to_bytes(8, "little"), b"\xff" * 9 + b"\x01", number.to_bytes(8, "big")])
    return data[:at] + raw + data[at + len(raw) :]


def _mutate_member(data: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = rng.choice(list(members))
    if rng.random() < 0.1:
        members[rng.choice(["../up.npy", "a\x1b[31m.npy", "=1+1.npy", "b.txt"])] = members.pop(name)
    else:
        members[name] = mutate(members[name], rng)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()

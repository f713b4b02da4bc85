"""CRC-32 against zlib's."""

import zlib

import numpy as np
import pytest

from actcli.sources.numbers.crc32 import crc32

LARGE = 1 << 21


@pytest.mark.parametrize("size", [0, 1, 1000, LARGE - 1, LARGE, LARGE + 1, LARGE + 7, LARGE + 8, 5_000_003])
def test_it_is_that_of_zlib(size):
    piece = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    for before in (0, 1, 0xFFFFFFFF, zlib.crc32(b"what came before")):
        assert crc32(memoryview(piece), before) == zlib.crc32(piece, before)


def test_the_piece_stays_as_it_is():
    piece = bytearray(b"relu" * LARGE)
    crc32(memoryview(piece), 7)
    assert piece == b"relu" * LARGE


@pytest.mark.parametrize("place", [0, 5, LARGE // 2, LARGE - 1])
def test_a_flipped_bit_is_noticed_everywhere(place):
    piece = bytearray(LARGE)
    whole = crc32(memoryview(piece))
    piece[place] ^= 16
    assert crc32(memoryview(piece)) != whole

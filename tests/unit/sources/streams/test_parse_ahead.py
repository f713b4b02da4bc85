import os
import signal
import sys

import numpy as np
import pytest

from actcli.sources.streams import parse_ahead as module
from actcli.sources.streams.parse_ahead import parse_ahead
from actcli.sources.streams.pieces import Piece
from actcli.sources.streams.tokens import parse_block

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")
TEXT = "\n".join(map(repr, np.random.default_rng(7).standard_normal(8000).tolist())).encode() + b"\n"
"""About 150 KB: a long piece."""


def _pieces(texts):
    return [Piece(number, text) for number, text in enumerate(texts, 1)]


def _is_text(_descriptor):
    return True


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("comes_before", [_is_text, lambda _: False])
def test_pieces_come_in_order_with_their_numbers(workers, comes_before):
    odd = [b"", b"1 2\n", TEXT + b"x\n", TEXT.replace(b"\n", b"  "), TEXT + b"nan -0\n", b"3"]
    pieces = _pieces([TEXT] * 9 + odd + [TEXT] * 9)

    found = list(parse_ahead(iter(pieces), None, comes_before, workers))

    assert [piece for piece, _ in found] == pieces
    for piece, numbers in found:
        alone = parse_block(piece.text)
        assert (numbers is None) == (alone is None)
        assert numbers is None or numbers.tobytes() == alone.tobytes()


def test_a_piece_of_the_shortest_numbers_fits():
    text = b"1," * (module._LONGEST // 2)

    *_, (_, numbers) = parse_ahead(iter(_pieces([text] * 3)), None, _is_text, 2)

    assert numbers.size == len(text) // 2
    assert (numbers == 1).all()


def test_a_process_that_is_killed_is_done_without(monkeypatch):
    children = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    found = []
    for piece, numbers in parse_ahead(iter(_pieces([TEXT] * 40)), None, _is_text, 2):
        if piece.line == 10:
            os.kill(children[0], signal.SIGKILL)
        found.append(numbers)

    assert len(found) == 40
    assert all(np.array_equal(numbers, parse_block(TEXT)) for numbers in found)
    assert len(children) == 1


def test_few_numbers_start_no_process(monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a process"))

    assert len(list(parse_ahead(iter(_pieces([TEXT, b"1\n", TEXT])), None, _is_text, 2))) == 3


def test_leaving_early_ends_the_process(monkeypatch):
    children = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    found = parse_ahead(iter(_pieces([TEXT] * 9)), None, _is_text, 2)
    next(found)
    next(found)

    found.close()

    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)

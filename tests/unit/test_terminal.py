"""The world outside: the size of the terminal, and what reaches stderr."""

import io

import pytest

from actcli.exits import UsageError
from actcli.terminal import Terminal, printable, without_credentials


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("120", 120),
        ("0120", 120),
        ("9" * 5000, 10_000),
        ("100000000", 10_000),
        ("0", 80),
        ("-5", 80),
        ("x", 80),
    ],
)
def test_columns_from_the_environment(columns, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    monkeypatch.setattr("os.get_terminal_size", lambda _: (0, 0))
    assert Terminal.of_process().size == (width, 24 if width == 80 else width)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain text, é 層", "plain text, é 層"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\tc\u2028d\x9b", r"a\nb\tc\u2028d\x9b"),
        ("\udcff\u202e", r"\udcff\u202e"),
    ],
)
def test_control_characters_become_escapes(text, safe):
    assert printable(text) == safe
    assert printable(safe) == safe


def test_stderr_gets_lines_without_control_characters():
    err = io.BytesIO()
    Terminal(None, None, err).say("one \x1b[31m\ntwo")
    assert err.getvalue() == b"one \\x1b[31m\ntwo\n"


def test_a_closed_stderr_is_ignored():
    err = io.BytesIO()
    err.close()
    Terminal(None, None, err).say("nobody hears it")
    Terminal(None, None, None).draw(b"nor this")


@pytest.mark.parametrize(("text", "threads"), [("1", 1), ("3", 3), ("9", 4), ("9" * 5000, 4), ("", 4)])
def test_threads_from_the_environment(text, threads):
    assert Terminal(None, None, None, {"ACTCLI_THREADS": text}, cores=4).threads() == threads


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "²"])
def test_threads_that_are_no_whole_number(text):
    with pytest.raises(UsageError, match="ACTCLI_THREADS"):
        Terminal(None, None, None, {"ACTCLI_THREADS": text}, cores=4).threads()


def test_urls_are_shown_without_what_is_secret():
    text = "s3://bucket/a.npy: x; https://me:pw@host/a.npz:b?X-Sig=abc%2F: bad, http://host/?q, a@b"
    shown = "s3://bucket/a.npy: x; https://host/a.npz:b: bad, http://host/, a@b"
    assert without_credentials(text) == shown

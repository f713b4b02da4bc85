"""Parsers of option values: what they take, and what they refuse with which key words."""

import pytest

from actcli.commands.options import ColorChoice
from actcli.commands.values import (
    finite_number,
    learning_rates,
    names,
    one_of,
    share,
    whole_number,
    whole_numbers,
)
from actcli.exits import UsageError


@pytest.mark.parametrize("text", ["1", "007", "100"])
def test_whole_numbers(text: str) -> None:
    assert whole_number(1, 100)(text) == int(text)


@pytest.mark.parametrize("text", ["", "0", "101", "-1", "+1", "1.0", "1e1", "1_0", "\u0663", "²", "9" * 5000])
def test_what_is_no_whole_number_in_the_bounds(text: str) -> None:
    with pytest.raises(UsageError, match="is not a whole number from 1 to 100"):
        whole_number(1, 100)(text)


def test_an_axis_may_count_from_the_end() -> None:
    parse = whole_number(-64, 63)
    assert (parse("-1"), parse("0")) == (-1, 0)
    with pytest.raises(UsageError):
        parse("--1")


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1,2", "1 2", "0x1", "1_0", "x"])
def test_what_is_no_finite_number(text: str) -> None:
    with pytest.raises(UsageError, match="is not a finite number"):
        finite_number()(text)


def test_a_list_in_words() -> None:
    assert one_of(ColorChoice) == "auto, always or never"


def test_names_with_commas():
    assert names("he, gain") == ("he", "gain")
    for text in ("", "he,,gain", ","):
        with pytest.raises(UsageError, match="lacks a value"):
            names(text)
    with pytest.raises(UsageError, match="he twice"):
        names("he,he")


def test_several_numbers():
    assert learning_rates("0.1, 1e-3") == (0.1, 0.001)
    assert learning_rates("AUTO") == ()
    assert whole_numbers(1, 9)("3,5") == (3, 5)
    for text in ("0", "-1", "nan", "0.1,,0.2", "0.1,0.1", ",".join(map(str, range(1, 102)))):
        with pytest.raises(UsageError):
            learning_rates(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5%", 0.05),
        ("0.05", 0.05),
        ("0", 0.0),
        ("0%", 0.0),
        ("100%", 1.0),
        ("1.0", 1.0),
        (".5", 0.5),
        ("0.5%", 0.005),
    ],
)
def test_a_share(text, value):
    assert share(ends=True)(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["5", "1", "101%", "-0.1", "1.5", "nan", "inf", "", "%", "5 %%", "five", "0.1,0.2", "5e"]
)
def test_no_share(text):
    with pytest.raises(UsageError, match=r"write \d+% or 0\.\d"):
        share(ends=True)(text)


def test_a_bare_number_is_asked_back():
    with pytest.raises(UsageError, match=r"'7' could be a count or a percentage; write 7% or 0.07"):
        share(ends=True)("7")


@pytest.mark.parametrize("text", ["0", "1.0", "0%", "100%"])
def test_a_confidence_is_between_the_ends(text):
    with pytest.raises(UsageError, match=r"between 0% and 100%"):
        share(ends=False)(text)


def test_a_confidence_of_one_is_not_taken_for_one_percent():
    for text in ("1", "100", "100%", "1.0"):
        with pytest.raises(UsageError, match=r"write 95% or 0\.95"):
            share(ends=False, usual=0.95)(text)
    with pytest.raises(UsageError, match=r"write 95% or 0\.95"):
        share(ends=False, usual=0.95)("95")
    with pytest.raises(UsageError, match=r"write 1% or 0\.01"):
        share(ends=False)("1")

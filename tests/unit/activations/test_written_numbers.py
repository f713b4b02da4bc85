"""Numbers as people type them, against exact rational arithmetic and mpmath."""

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actcli.activations.written_numbers import read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", 1 / 3),
        ("-1/3", -1 / 3),
        ("+.5/4", 0.125),
        ("1e3/8", 125.0),
        ("-0/3", -0.0),
        ("pi", math.pi),
        ("π", math.pi),
        ("-2pi", -2 * math.pi),
        ("2*pi", 2 * math.pi),
        ("pi/2", math.pi / 2),
        ("1.5pi/4", 1.1780972450961724),
        ("e", math.e),
        ("-e", -math.e),
        ("2*e/4", math.e / 2),
        ("1e999/3", math.inf),
    ],
)
def test_numbers_as_people_type_them(text, value):
    read = read_number(text)
    assert (read, math.copysign(1, read)) == (value, math.copysign(1, value))


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "+",
            "1/0",
            "pi/0",
            "1/-3",
            "1//3",
            "1/3/5",
            "/3",
            "2e",
            "pi2",
            "3/4pi",
            "*pi",
            "2*",
            "Pi",
            "--pi",
        ],
        *["1/inf", "nan/2", "0x10/2", "1 /3", "1_0/3", "٣/4", "1/2e9999", "1/1e-9999999999", "1" * 80 + "/3"],
    ],
)
def test_what_is_no_number(text):
    assert read_number(text) is None


decimals = st.from_regex(r"[0-9]{1,17}(\.[0-9]{1,5})?(e-?[0-9]{1,2})?", fullmatch=True)


@given(decimals, decimals)
def test_every_number_is_rounded_once(above, below):
    if not Fraction(below):
        assert read_number(f"{above}/{below}") is None
        return
    assert read_number(f"{above}/{below}") == float(Fraction(above) / Fraction(below))
    with mpmath.workprec(2000):
        share = mpmath.mpf(above) / mpmath.mpf(below)
        assert read_number(f"{above}pi/{below}") == float(share * mpmath.pi)
        assert read_number(f"{above}*e/{below}") == float(share * mpmath.e)

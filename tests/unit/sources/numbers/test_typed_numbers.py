import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actcli.exits import ActcliError
from actcli.sources import NumberRequest
from actcli.sources.numbers.arguments import is_number_list


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-1",
        "+1",
        ".5",
        "-.5",
        "5.",
        "007",
        "-1e-3",
        "1E5",
        "nan",
        "-NaN",
        "inf",
        "-inf",
        "Infinity",
        "-1,-2",
        "1, 2",
        " 1 ",
        "1,",
        "1e400",
        "1/3",
        "-2pi",
        "-pi/2, e",
    ],
)
def test_numbers(text):
    assert is_number_list(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "-",
        "-x",
        "abc",
        "1_000",
        "0x10",
        "١",
        "1\x1c2",
        "1;2",
        "true",
        "1e",
        "--1",
        "-1-2",
        "5f7",
        "1\x00",
        "−1",
        "-h",
        "infin",
    ],
)
def test_no_numbers(text):
    assert not is_number_list(text)


def test_signs_of_zero_are_kept(draw):
    values = draw(NumberRequest(tokens=("-0", "-0.0", "0"))).values

    assert np.signbit(values).tolist() == [True, True, False]


def test_arguments_are_one_array(draw):
    drawn = draw(NumberRequest(tokens=("1", "2,3")))

    assert (drawn.shape, drawn.dtype, drawn.live) == ((3,), np.dtype("f8"), False)


def test_arguments_are_one_row(draw):
    drawn = draw(NumberRequest(tokens=("1", "2,3"), by_rows=True))

    assert drawn.shape == (3,)
    assert drawn.values.tolist() == [[1, 2, 3]]


def test_arguments_in_a_smaller_type(draw):
    drawn = draw(NumberRequest(tokens=("0.1", "1e5", "-1e400"), dtype=np.dtype("f2")))

    assert drawn.values.dtype == drawn.dtype == np.float16
    assert drawn.values.tolist() == [float(np.float16(0.1)), math.inf, -math.inf]


def test_fractions_and_multiples_of_pi(draw):
    drawn = draw(NumberRequest(tokens=("1/3", "-pi,2", "e")))

    assert drawn.values.tolist() == [1 / 3, -math.pi, 2.0, math.e]


@pytest.mark.parametrize("name", ["pi", "e", "1/3"])
def test_a_file_of_that_name_comes_first(draw, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("7 8")

    assert draw(NumberRequest(tokens=(name,))).values.tolist() == [7, 8]
    assert draw(NumberRequest(tokens=(f"./{name}",))).values.tolist() == [7, 8]


def test_a_folder_is_no_file_of_that_name(draw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pi").mkdir()

    assert draw(NumberRequest(tokens=("pi",))).values.tolist() == [math.pi]


def test_a_path_is_always_a_file(draw):
    with pytest.raises(ActcliError, match="pi"):
        draw(NumberRequest(tokens=("./pi",)))


def test_a_range_in_tenths_reads_as_a_person_expects(draw):
    values = draw(NumberRequest(range=(-5.0, 5.0), points=101)).values

    assert values.tolist() == [i / 10 for i in range(-50, 51)]


def test_a_range_of_one_point_is_its_start(draw):
    assert draw(NumberRequest(range=(2.0, 9.0), points=1)).values.tolist() == [2]


def test_a_range_downwards(draw):
    assert draw(NumberRequest(range=(1.0, -1.0), points=3)).values.tolist() == [1, 0, -1]


def test_a_range_over_all_floats_does_not_overflow(draw):
    assert draw(NumberRequest(range=(-1.7e308, 1.7e308), points=5)).values.tolist() == pytest.approx(
        [-1.7e308, -0.85e308, 0, 0.85e308, 1.7e308]
    )


def test_a_long_range_comes_in_blocks(draw):
    drawn = draw(NumberRequest(range=(0.0, 1.0), points=600_001))

    assert max(map(len, drawn.blocks)) <= 1 << 18
    assert drawn.shape == drawn.values.shape == (600_001,)
    assert (drawn.values == np.arange(600_001) / 600_000).all()


def test_a_long_range_is_still_one_row(draw):
    drawn = draw(NumberRequest(range=(0.0, 1.0), points=600_001, by_rows=True))

    assert [block.shape for block in drawn.blocks] == [(1, 600_001)]


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(1, 50),
)
def test_a_range_has_its_ends_and_stays_between_them(draw, low, high, points):
    values = draw(NumberRequest(range=(low, high), points=points)).values

    assert len(values) == points
    assert values[0] == low
    assert points == 1 or values[-1] == high
    assert ((values >= min(low, high)) & (values <= max(low, high))).all()

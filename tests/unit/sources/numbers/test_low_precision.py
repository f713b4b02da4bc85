"""Types of number by name, against NumPy's and ml_dtypes' own."""

import numpy as np
import pytest

from actcli.analysis.number_types import round_to, widen
from actcli.exits import UsageError
from actcli.sources.numbers.low_precision import NAMES, low_types


def real_dtype(kind):
    if kind.cast is not None:
        return kind.cast
    ml_dtypes = pytest.importorskip("ml_dtypes")
    return np.dtype(getattr(ml_dtypes, {"float8_e4m3": "float8_e4m3fn"}.get(kind.name, kind.name)))


def every_number(kind):
    """All finite numbers from 0 on, by their bit patterns."""
    dtype = real_dtype(kind)
    patterns = np.arange(1 << (8 * dtype.itemsize - 1), dtype=f"u{dtype.itemsize}")
    with np.errstate(invalid="ignore"):  # NaNs among them
        values = patterns.view(dtype).astype(np.float64)
    return values[np.isfinite(values)]


@pytest.fixture(params=NAMES)
def kind(request):
    if request.param not in {"float32", "float16"}:
        pytest.importorskip("ml_dtypes")
    return low_types([request.param])[0]


def test_without_names_all_of_them():
    assert tuple(kind.name for kind in low_types(None)) == NAMES


def test_names_are_known_in_several_ways_and_taken_once():
    assert [kind.name for kind in low_types(["FP16", "half", "float32"])] == ["float16", "float32"]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3", "float8_e5m2"])
def test_bit_patterns_are_widened_exactly(name):
    (kind,) = low_types([name])
    dtype = real_dtype(kind)
    patterns = np.arange(1 << kind.bits, dtype=f"u{dtype.itemsize}")
    numbers = widen(kind, patterns.reshape(2, -1))
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers.ravel(), patterns.view(dtype).astype(np.float32))


@pytest.mark.parametrize("names", [["float12"], [""], []])
def test_unknown_names_meet_the_known_ones(names):
    with pytest.raises(UsageError, match="known are float32, float16, bfloat16, float8_e4m3, float8_e5m2"):
        low_types(names)


def test_the_limits_are_those_of_the_type(kind):
    if kind.name == "float32":
        info = np.finfo(np.float32)
        limits = info.max, info.smallest_normal, info.smallest_subnormal
    else:
        numbers = every_number(kind)
        spacing = np.diff(numbers)
        limits = numbers.max(), numbers[1:][np.diff(spacing, append=9) > 0][0] / 2, numbers[1]
        assert kind.count == numbers.size
    smallest_normal, smallest = kind.at(np.array([1 << (kind.digits - 1), 1])).tolist()
    assert (kind.largest, smallest_normal, smallest) == tuple(map(float, limits))


def test_numbers_by_their_place_are_all_numbers_in_order(kind):
    if kind.name == "float32":
        places = np.random.default_rng(0).integers(0, kind.count, 100_000)
        numbers = places.astype(np.uint32).view(np.float32).astype(np.float64)
    else:
        places, numbers = np.arange(kind.count), every_number(kind)
    np.testing.assert_array_equal(kind.at(places), numbers)
    np.testing.assert_array_equal(kind.at(-places), -numbers)


def test_rounding_is_to_the_nearest_number_and_ties_go_to_even(kind):
    numbers = every_number(kind) if kind.name != "float32" else kind.at(np.arange(1 << 30, (1 << 30) + 1000))
    np.testing.assert_array_equal(kind.round(numbers), numbers)
    middle = (numbers[1:] + numbers[:-1]) / 2
    even = np.where(np.arange(middle.size) % 2 == 0, numbers[:-1], numbers[1:])
    np.testing.assert_array_equal(kind.round(middle), even)
    np.testing.assert_array_equal(kind.round(-middle), -even)
    # one float64 beside the tie: a detour through float32 would round it to the wrong side
    np.testing.assert_array_equal(kind.round(np.nextafter(middle, np.inf)), numbers[1:])
    np.testing.assert_array_equal(kind.round(np.nextafter(middle, 0)), numbers[:-1])


def test_rounding_agrees_with_the_type_itself(kind):
    rng = np.random.default_rng(1)
    exponents = rng.uniform(-30, 12, 5000) if kind.largest < 1e9 else rng.uniform(-150, 130, 5000)
    with np.errstate(over="ignore"):
        x = (rng.choice([-1, 1], 5000) * 2.0**exponents).astype(np.float32).astype(np.float64)
    x = np.concatenate([x, [0.0, np.nan, np.inf, -np.inf, kind.largest]])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(kind.round(x), x.astype(real_dtype(kind)).astype(np.float64))


def test_rounding_to_bfloat16_by_way_of_float32_is_that_of_one_step():
    (kind,) = low_types(["bfloat16"])
    rng = np.random.default_rng(3)
    numbers = kind.at(rng.integers(1 - kind.count, kind.count, 20_000))
    middle = (
        numbers + np.sign(numbers) * kind.ulp(numbers) / 2
    )  # ties, and numbers beside them that float32 loses
    beside = [middle * (1 + sign * 2.0**-power) for sign in (1, -1) for power in (20, 30, 40, 52)]
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, -5e-324, kind.largest * 1.002, 3.4e38, 1e300]
    x = np.concatenate([numbers, middle, *beside, special, rng.integers(0, 1 << 63, 20_000).view(np.float64)])
    rounded = round_to(kind, x)
    np.testing.assert_array_equal(rounded, kind.round(x))
    np.testing.assert_array_equal(np.signbit(rounded), np.signbit(x))
    assert round_to(kind, x[:6].reshape(2, 3)).shape == (2, 3)


def test_what_is_too_large_is_inf_or_nan(kind):
    step = float(kind.ulp(np.array([kind.largest]))[0])
    beyond = np.array([kind.largest + 0.51 * step, -1e300])
    wanted = [np.inf, -np.inf] if kind.infinite else [np.nan, np.nan]
    np.testing.assert_array_equal(kind.round(beyond), wanted)
    assert kind.round(np.array([kind.largest + 0.49 * step]))[0] == kind.largest


def test_the_unit_is_the_distance_to_the_next_number(kind):
    numbers = every_number(kind) if kind.name != "float32" else kind.at(np.arange(1000, dtype=np.int64))
    np.testing.assert_array_equal(kind.ulp(numbers[:-1]), np.diff(numbers))
    np.testing.assert_array_equal(kind.ulp(-numbers[:-1]), np.diff(numbers))
    last = kind.ulp(np.array([kind.largest]))[0]
    assert (kind.ulp(np.array([np.inf, 10 * kind.largest, -np.inf])) == last).all()
    assert kind.unit_roundoff == kind.ulp(np.array([1.0]))[0] / 2

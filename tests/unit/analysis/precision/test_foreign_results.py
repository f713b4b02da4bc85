"""Somebody else's results in ULP: wrong ones are found, at their place, and the right ones are left alone."""

import math

import mpmath as mp
import numpy as np
import pytest

from actcli import activation
from actcli.analysis.number_types import BFLOAT16, LowType, numpy_type
from actcli.analysis.precision.foreign_report import Against
from actcli.analysis.precision.foreign_results import compare_against
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError, UsageError

GELU = activation("gelu")
SINGLE = numpy_type(np.dtype(np.float32))
INF = math.inf


def stream(values, block=70_000, origin="x.npy", shape=None, *, text=False):
    values = np.asarray(values)
    flat = values.reshape(-1)
    blocks = iter([flat[i : i + block] for i in range(0, flat.size, block)])
    shape = None if text else values.shape if shape is None else shape
    return Numbers(origin, None, values.dtype, shape, blocks)


def judged(f, x, theirs, order=0, max_ulp=None, threads=1, **rest):
    request = Against(order=order, max_ulp=max_ulp, **rest)
    *_, last = compare_against(f, stream(x), stream(theirs, 999, "mine.npy"), request, threads)
    return last.so_far


def values_of(comparison):
    return comparison.contenders[0].values


@pytest.fixture(scope="module")
def x():
    return (3 * np.random.default_rng(5).standard_normal(200_000)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_results_rounded_once_are_right_to_half_a_ulp(x, dtype, order):
    x = x.astype(dtype)
    found = values_of(judged(GELU, x, GELU.grad(x, order=order) if order else GELU(x), order))
    assert 0.49 < found["max_ulp"] <= 0.5
    assert (found["correctly_rounded"], found["over_half_ulp"], found["count"]) == (1, 0, x.size)
    assert 0.2 < found["median_ulp"] < 0.3


def test_a_value_3_ulp_off_is_found_at_its_index(x):
    theirs = GELU(x)
    theirs[123_456] += 3 * np.spacing(theirs[123_456])
    comparison = judged(GELU, x, theirs, max_ulp=2)
    found, worst = values_of(comparison), comparison.contenders[0].details["worst"]
    assert comparison.over_limit
    assert (found["max_ulp_index"], found["max_ulp_x"]) == (123_456, float(x[123_456]))
    assert 2.5 <= found["max_ulp"] <= 3.5
    assert (found["over_half_ulp"], found["over_2_ulp"], found["over_4_ulp"]) == (1, 1, 0)
    assert worst[0] == {
        "index": 123_456,
        "x": float(x[123_456]),
        "x_bits": f"0x{x[123_456:123_457].view(np.uint32)[0]:08x}",
        "theirs": float(theirs[123_456]),
        "exact": float(GELU(float(x[123_456]))),
        "ulp": found["max_ulp"],
    }
    assert len(worst) == 10
    assert worst[1]["ulp"] <= 0.5


def test_the_error_agrees_with_many_digits():
    x = np.float32([-3.7, -0.2, 1.1, 4.2])
    theirs = GELU(x) * np.float32(1 + 3e-6)
    comparison = judged(GELU, x, theirs)
    for wrong in comparison.contenders[0].details["worst"]:
        with mp.workdps(40):
            exact = mp.mpf(wrong["x"]) * mp.ncdf(mp.mpf(wrong["x"]))
            unit = mp.ldexp(1, int(mp.floor(mp.log(abs(exact), 2))) - 23)
            wanted = abs(mp.mpf(wrong["theirs"]) - exact) / unit
        assert wrong["ulp"] == pytest.approx(float(wanted), abs=2**-20)


def test_every_float16_in_one_go():
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    theirs = GELU(x.astype(np.float64)).astype(np.float16)
    found = values_of(judged(GELU, x, theirs))
    assert found["max_ulp"] <= 0.5
    assert (found["nan_disagreements"], found["infinite_ulp"], found["correctly_rounded"]) == (0, 0, 1)


def test_the_histogram_holds_every_result(x):
    theirs = GELU(x)
    theirs[:7] = np.nan
    comparison = judged(GELU, x, theirs)
    histogram = comparison.contenders[0].details["histogram"]
    assert sum(record["count"] for record in histogram) == x.size
    assert [record["steps_from"] for record in histogram] == [0, 1, 2, 3, 11, 101, INF]
    assert histogram[-1] == {"steps_from": INF, "steps_to": INF, "count": 7, "share": 7 / x.size}
    found = values_of(comparison)
    assert (found["nan_disagreements"], found["max_ulp"], found["infinite_ulp"]) == (7, INF, 7)
    assert (found["over_4_ulp"], found["mean_ulp"]) == (7, INF)
    assert found["mean_finite_ulp"] < 0.5 < found["max_finite_ulp"] + 0.01
    assert np.abs(x - found["max_finite_ulp_x"]).min() == 0
    assert "7 results off without bound" in " ".join(comparison.warnings)
    assert comparison.shown == ("histogram", "worst")


@pytest.mark.parametrize("blocks", [(1, 3), (7, 100), (100_000, 13), (500, 500)])
def test_blocks_of_different_sizes_give_the_same(x, blocks):
    x = x[:500]
    theirs = np.roll(GELU(x), 1)
    ours, mine = (stream(v, block, "f") for v, block in zip((x, theirs), blocks, strict=True))
    *_, last = compare_against(GELU, ours, mine, Against(), 2)
    found, wanted = last.so_far.contenders[0], judged(GELU, x, theirs).contenders[0]
    assert found.details == wanted.details
    assert found.values["mean_ulp"] == pytest.approx(wanted.values["mean_ulp"], rel=1e-12)


def test_threads_change_nothing(x):
    theirs = (GELU(x) * np.float32(1.0000003)).astype(np.float32)
    assert judged(GELU, x, theirs, threads=1).contenders == judged(GELU, x, theirs, threads=3).contenders


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("counts", [(10, 9), (5000, 12_000), (3, 0)])
def test_unequal_counts_are_both_named(counts, text):
    x, theirs = (np.zeros(count, np.float32) for count in counts)
    says = rf"^mine\.npy: {counts[1]:,} results for {counts[0]:,} numbers of x\.npy"
    with pytest.raises(DataError, match=says):
        list(
            compare_against(
                GELU, stream(x, text=text), stream(theirs, 100, "mine.npy", text=text), Against(), 1
            )
        )


def test_known_counts_are_compared_before_anything_is_read():
    with pytest.raises(DataError, match="2 results for 3 numbers"):
        compare_against(GELU, stream(np.zeros(3)), stream(np.zeros(2)), Against(), 1)


def test_without_numbers():
    with pytest.raises(DataError, match="hold no numbers"):
        judged(GELU, np.zeros(0), np.zeros(0))


def test_shapes_of_equal_size_are_compared_in_c_order():
    x = np.linspace(-2, 2, 12, dtype=np.float32)
    assert values_of(judged(GELU, x.reshape(3, 4), GELU(x).reshape(12)))["max_ulp"] <= 0.5


def test_the_limit_is_exceeded_only_above_it():
    theirs = np.nextafter(np.float32([1.0]), np.float32(2))
    one = activation("identity"), np.float32([1.0]), theirs
    assert not judged(*one, max_ulp=1.0).over_limit
    assert judged(*one, max_ulp=0.999).over_limit
    assert not judged(*one).over_limit
    assert "above the limit of 0.999 ULP" in judged(*one, max_ulp=0.999).answer
    assert "within the limit of 1 ULP" in judged(*one, max_ulp=1).answer


def test_widened_results_are_judged_in_the_unit_they_were_made_in():
    bfloat16 = LowType("bfloat16", 8, -126, 2.0**127 * (2 - 2.0**-7))
    x = bfloat16.round(np.linspace(-6, 6, 3000))
    theirs = bfloat16.round(GELU(x)).astype(np.float32)
    found = judged(GELU, x, theirs, unit=bfloat16)
    assert 0.4 < values_of(found)["max_ulp"] <= 0.5
    assert "distance of the bfloat16 numbers" in found.notes[0]
    assert values_of(judged(GELU, x, theirs, unit=SINGLE))["max_ulp"] > 10_000


def test_notes_on_what_a_person_must_know():
    x = np.linspace(-2, 2, 9)
    assert "exact to 1 ULP" in "\n".join(judged(GELU, x, GELU(x)).warnings)
    assert "save the rounded x" in "\n".join(judged(GELU, x, GELU(x.astype(np.float32))).warnings)
    relu = activation("relu")
    assert "at the kinks (x = 0)" in "\n".join(judged(relu, x, relu.grad(x), 1).warnings)
    assert judged(relu, x, relu(x)).answer == "mine.npy against relu(x): every result is exact."
    assert "gelu'(x)" in judged(GELU, x, np.zeros(9), 1).answer


def test_zeros_of_the_other_sign_are_no_errors_in_ulp_and_over_the_limit():
    x = np.float32([0.0, 1.0])
    other = activation("identity"), x, np.float32([-0.0, 1.0])
    found = judged(*other, max_ulp=3)
    assert (values_of(found)["max_ulp"], values_of(found)["zero_sign_disagreements"]) == (0, 1)
    assert found.over_limit
    assert (
        "within the limit of 3 ULP, but 1 zero of the other sign"
        in judged(
            activation("identity"),
            np.float32([0, 1]),
            np.float32([-0.0, np.nextafter(np.float32(1), 2)]),
            max_ulp=3,
        ).answer
    )
    assert values_of(found)["correctly_rounded"] == 0.5
    ignored = judged(*other, max_ulp=3, ignore_zero_sign=True)
    assert not ignored.over_limit
    assert values_of(ignored)["correctly_rounded"] == 1


def test_the_chart_shows_the_largest_error_along_x(x):
    theirs = GELU(x)
    place = int(np.argmin(np.abs(x - 2)))
    theirs[place] *= np.float32(1.001)
    comparison = judged(GELU, x, theirs)
    (panel,) = comparison.chart.content.panels
    along, errors = (np.concatenate(parts) for parts in zip(*panel.curves[0].segments, strict=True))
    assert comparison.chart.log
    assert abs(along[int(errors.argmax())] - 2) < 0.1
    assert errors.max() == values_of(comparison)["max_ulp"]
    assert not judged(GELU, x, GELU(x)).chart.log


def test_steps_say_how_far_it_is():
    x = np.zeros(3_000_000, np.float32)
    steps = list(compare_against(GELU, stream(x), stream(x), Against(), 1))
    assert len(steps) > 2
    assert all(step.done < step.total == x.size for step in steps[:-1])
    assert steps[-1].done == steps[-1].total == x.size
    assert values_of(steps[0].so_far)["count"] == steps[0].done


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((activation("softmax"), 0, None), "softmax works over rows"),
        ((GELU, 3, None), "`order=3`"),
        ((GELU, 0, -1.0), "`max_ulp=-1`"),
        ((GELU, 0, math.nan), "`max_ulp=nan`"),
    ],
)
def test_wrong_use(arguments, says):
    f, order, max_ulp = arguments
    with pytest.raises(UsageError, match=says):
        compare_against(f, stream(np.zeros(2)), stream(np.zeros(2)), Against(order, max_ulp), 1)


def test_torch_gelu_in_float32_is_a_few_ulp_off_near_0_and_far_more_in_the_tail():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    x = np.linspace(-6, 6, 100_001, dtype=np.float32)
    theirs = torch.nn.functional.gelu(torch.from_numpy(x)).numpy()
    found = values_of(judged(GELU, x, theirs))
    assert 0.5 < found["max_ulp"] < INF
    assert found["median_ulp"] < 1
    assert found["max_ulp_x"] < -2  # 1 + erf cancels there
    near = np.abs(x) < 1
    assert values_of(judged(GELU, x[near], theirs[near]))["max_ulp"] < 10


def test_where_the_errors_make_no_curve_their_histogram_is_drawn():
    x = np.full(5, 0.5, np.float32)
    theirs = GELU(x)
    theirs[3] = np.nan
    (bars,) = judged(GELU, x, theirs).chart.content
    assert (bars.labels[0], bars.labels[-1]) == ("0", "without bound")
    assert (sum(bars.values), bars.values[-1]) == (5, 1)
    assert judged(activation("relu"), x, x).chart.content[0].values[0] == 5


def every_bfloat16():
    patterns = np.arange(1 << 16, dtype=np.uint32) << 16
    x = patterns.view(np.float32)
    return x, Numbers("--all bfloat16", None, x.dtype, x.shape, iter([x]), kind=BFLOAT16)


def against_all_bfloat16(theirs, **rest):
    _, x = every_bfloat16()
    *_, last = compare_against(GELU, x, stream(theirs, origin="mine.npy"), Against(**rest), 1)
    return last.so_far


def rounded_gelu():
    x, _ = every_bfloat16()
    with np.errstate(all="ignore"):
        return BFLOAT16.round(GELU(x.astype(np.float64))).astype(np.float32)


def test_every_bfloat16_is_judged_in_bfloat16_though_the_file_is_float32():
    found = against_all_bfloat16(rounded_gelu())
    assert (values_of(found)["correctly_rounded"], values_of(found)["count"]) == (1, 1 << 16)
    assert found.settings["type"] == "bfloat16"
    assert "mine.npy holds bfloat16 numbers as float32" in found.warnings


def test_a_widened_file_is_asked_about_where_nothing_says_its_type():
    x = np.linspace(-3, 3, 5000, dtype=np.float32)
    widened = BFLOAT16.round(GELU(x.astype(np.float64))).astype(np.float32)
    with pytest.raises(UsageError, match=r"--types bfloat16 or --types float32"):
        judged(GELU, x, widened)
    with pytest.raises(UsageError, match=r"float64 that holds float32 numbers only"):
        judged(GELU, x.astype(np.float64), GELU(x).astype(np.float64))
    assert judged(GELU, x, widened, unit=BFLOAT16).settings["type"] == "bfloat16"
    assert judged(GELU, x, GELU(x)).settings["type"] == "float32"
    relu = activation("relu")  # its float32 results of bfloat16 numbers are bfloat16 numbers, rightly
    assert judged(relu, widened, relu(widened)).settings["type"] == "float32"


def test_a_kernel_that_flushes_is_told_of_ftz_and_daz():
    x, _ = every_bfloat16()
    theirs = rounded_gelu()
    small = np.float32(2.0**-126)
    theirs[np.abs(theirs) < small] *= 0
    strict = against_all_bfloat16(theirs)
    assert values_of(strict)["flushed"] > 200
    assert "--ftz lets them pass" in " ".join(strict.warnings)
    assert values_of(against_all_bfloat16(theirs, flush_results=True))["correctly_rounded"] == 1
    read_as_zero = rounded_gelu()
    subnormal = (np.abs(x) < small) & (x != 0)
    read_as_zero[subnormal] = np.copysign(np.float32(0), x[subnormal])
    assert values_of(against_all_bfloat16(read_as_zero, flush_inputs=True))["correctly_rounded"] == 1
    assert values_of(against_all_bfloat16(read_as_zero))["correctly_rounded"] < 1


def test_regions_of_x_hold_every_result_and_show_the_bad_one():
    x, _ = every_bfloat16()
    theirs = rounded_gelu()
    theirs[(x > 1) & (x < 5)] *= np.float32(1.125)
    regions = against_all_bfloat16(theirs, unit=BFLOAT16, regions=True).contenders[0].details["regions"]
    assert sum(one["count"] for one in regions) == 1 << 16
    bad = [one for one in regions if one["max_ulp"] > 1]
    assert [(one["from"], one["to"]) for one in bad] == [(1, 5)]
    assert bad[0]["correctly_rounded"] < 0.02
    assert 1 < bad[0]["at_x"] < 5
    assert int(bad[0]["x_bits"], 16) << 16 == np.float32(bad[0]["at_x"]).view(np.uint32)
    assert math.isnan(regions[-1]["from"])


def test_steps_and_errors_differ_at_a_binade_border():
    theirs = np.float32([np.nextafter(np.float32(1), np.float32(0))])
    one = activation("identity"), np.float32([1.0]), theirs
    assert values_of(judged(*one, measure="steps"))["max_ulp"] == 1
    assert values_of(judged(*one))["max_ulp"] == 0.5

"""The series of charts: breaks where the function breaks, extremes kept, ranges that show what matters."""

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.analysis.card.sweep import expand, parse_sweep
from actcli.analysis.figure.curves import Quantity, build_figure, thin
from actcli.analysis.figure.histogram import count_occupancy, place_on_curve
from actcli.analysis.figure.plot_range import steepest, usual_range
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import UsageError

ELEMENTWISE = [d.name for d in catalogue() if not d.by_rows]
VALUE, SLOPE, CURVATURE = Quantity(0), Quantity(1), Quantity(2)


def segments(spec, quantity=VALUE, between=(-2.0, 2.0), points=5):
    return build_figure([activation(spec)], [quantity], between, points).panels[0].curves[0].segments


def ends(spec, quantity=VALUE, **more):
    """(x, y) at both ends of each segment."""
    return [(x[0], y[0], x[-1], y[-1]) for x, y in segments(spec, quantity, **more)]


def data(values, *specs):
    x = np.asarray(values)
    numbers = Numbers("acts.npy", None, x.dtype, x.shape, iter(np.array_split(x, 7)))
    return count_occupancy([activation(spec) for spec in specs], [numbers], threads=2)


def test_a_kink_is_one_sharp_corner():
    [(x, y)] = segments("relu", points=4)
    assert x.tolist() == pytest.approx([-2, -2 / 3, 0, 2 / 3, 2])
    assert y.tolist() == pytest.approx([0, 0, 0, 2 / 3, 2])


def test_a_jump_is_open_and_has_both_values():
    assert ends("step") == [(-2, 0, 0, 0), (0, 1, 2, 1)]


def test_a_kink_of_f_parts_the_slope():
    assert ends("leaky_relu:0.25", SLOPE) == [(-2, 0.25, 0, 0.25), (0, 1, 2, 1)]
    assert len(segments("relu", CURVATURE)) == 2
    assert len(segments("elu", SLOPE)) == 1
    assert len(segments("elu", CURVATURE)) == 2


def test_a_range_that_begins_at_a_kink_begins_with_the_side_inside():
    assert ends("relu", SLOPE, between=(0.0, 1.0)) == [(0, 1, 1, 1)]
    assert ends("relu", SLOPE, between=(-1.0, 0.0)) == [(-1, 0, 0, 0)]


def test_outside_the_domain_there_is_nothing():
    [(x, y)] = segments("logit", between=(-1.0, 2.0), points=301)
    assert 0 < x[0] < 0.02
    assert 0.98 < x[-1] < 1
    assert np.isfinite(y).all()


def test_by_a_parameter():
    [(x, y)] = segments("prelu", Quantity(1, "alpha"))
    assert (x.tolist(), y.tolist()) == ([-2, -1, 0, 1, 2], [-2, -1, 0, 0, 0])


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("quantity", [VALUE, SLOPE, CURVATURE], ids=lambda q: q.name)
def test_every_sample_is_the_function(name, quantity):
    f = activation(name)
    for x, y in segments(name, quantity, between=usual_range([f]), points=200):
        assert (np.diff(x) > 0).all()
        inner = ~np.isin(x, [kink.at for kink in f.kinks])
        np.testing.assert_array_equal(y[inner], quantity.of(f)(x[inner]))


def test_thinning_keeps_what_a_column_shows():
    x = np.linspace(-5, 5, 100_001)
    y = np.sin(50 * x)
    y[12_345] = 7.0
    a, b = thin((x, y), (-5.0, 5.0), 60)
    assert len(a) <= 4 * 60
    assert (np.diff(a) > 0).all()
    assert (b.max(), b.min()) == (7.0, y.min())
    assert (a[0], a[-1]) == (-5, 5)
    column = np.minimum((x + 5) / 10 * 60, 59).astype(int)
    shown = np.minimum((a + 5) / 10 * 60, 59).astype(int)
    for k in range(60):
        assert (b[shown == k].min(), b[shown == k].max()) == (y[column == k].min(), y[column == k].max())


def test_few_points_are_not_thinned():
    x = np.arange(10.0)
    assert thin((x, x), (0.0, 9.0), 60)[0] is x


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("relu", (-5, 5)),
        ("relu6", (-8, 8)),
        ("tanh", (-3, 3)),
        ("logit", (0, 1)),
        ("exponential", (-5, 5)),
        ("torch.softplus", (-5, 5)),
        ("softplus:beta=0.01", (-400, 400)),
        ("thresholded_relu:theta=20", (-30, 30)),
    ],
)
def test_the_usual_range(spec, expected):
    assert usual_range([activation(spec)]) == expected


def test_several_functions_get_the_union():
    assert usual_range([activation("tanh"), activation("relu6")]) == (-8, 8)


@pytest.mark.parametrize(("spec", "sup"), [("sigmoid", 0.25), ("relu", 1), ("step", 0), ("gelu", 1.12890)])
def test_the_steepest_slope(spec, sup):
    assert steepest(activation(spec)) == pytest.approx(sup, rel=1e-4)


@pytest.mark.parametrize("spec", ["exponential", "relu_squared", "logit"])
def test_a_slope_without_bound(spec):
    assert steepest(activation(spec)) is None


@pytest.mark.parametrize(
    "between", [(1.0, 1.0), (2.0, 1.0), (-1e308, 1e308), (1.0, 1 + 1e-12), (0.0, 5e-324)]
)
def test_ranges_that_cannot_be_drawn(between):
    with pytest.raises(UsageError, match="`range="):
        build_figure([activation("relu")], [VALUE], between, 10)


def test_a_function_over_rows_has_no_curve():
    with pytest.raises(UsageError, match="softmax works over rows"):
        build_figure([activation("softmax")], [VALUE], (-1, 1), 10)


def test_sweeps():
    assert parse_sweep("alpha=0.01,0.1,0.3").values == (0.01, 0.1, 0.3)
    assert parse_sweep("beta=0.5:4:8").values == (0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4)
    assert parse_sweep("beta=0.01:100:5:log").values == (0.01, 0.1, 1, 10, 100)
    assert parse_sweep("a=1:-1:3").values == (1, 0, -1)


def test_a_swept_function_says_its_value():
    f = activation("softplus:threshold=20")
    assert [g.spec for g in expand(f, [parse_sweep("beta=0.5:1:2")])] == [
        "softplus:threshold=20,beta=0.5",
        "softplus:threshold=20,beta=1",
    ]
    [g] = expand(activation("torch.LeakyReLU"), [parse_sweep("negative_slope=0.3")])
    assert g.parameters["alpha"] == 0.3
    assert g(-1.0) == -0.3
    [g] = expand(activation("keras.ReLU:6"), [parse_sweep("negative_slope=0.5")])
    assert (g(9.0), g(-1.0)) == (6.0, -0.5)


@pytest.mark.parametrize(
    ("spec", "parameter"),
    [
        ("leaky_relu:0.1", "alpha"),
        ("torch.LeakyReLU:0.1", "negative_slope"),
        ("softplus:2,threshold=20", "beta"),
    ],
)
def test_a_parameter_is_set_once(spec, parameter):
    with pytest.raises(UsageError, match=f"^{spec} sets .*, and so does `sweep={parameter}`; leave one"):
        expand(activation(spec), [parse_sweep(f"{parameter}=0.2,0.3")])


def test_two_sweeps_give_every_pair():
    sweeps = [parse_sweep("beta=1,2"), parse_sweep("threshold=10,20")]
    assert [f.spec for f in expand(activation("softplus"), sweeps)] == [
        f"softplus:beta={beta},threshold={threshold}" for beta in (1, 2) for threshold in (10, 20)
    ]
    many = [parse_sweep(f"{name}=1:40:40") for name in ("beta", "threshold")]
    with pytest.raises(UsageError, match="1,600 combinations"):
        expand(activation("softplus"), many)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alpha",
        "alpha=",
        "=1",
        "alpha=x",
        "alpha=1,,2",
        "alpha=nan",
        "alpha=1:2",
        "alpha=1:2:1",
        "alpha=1:2:x",
        "alpha=0:1:3:log",
        "alpha=1:2:3:lin",
        "alpha=1,1",
        "alpha=1:1:3",
        "alpha=1e999",
        "a=١",
    ],
)
def test_what_is_no_sweep(text):
    with pytest.raises(UsageError, match="`sweep="):
        parse_sweep(text)


def test_a_sweep_of_a_parameter_that_is_not_there_names_those_that_are():
    with pytest.raises(UsageError, match="has no parameter 'beta'; it has alpha"):
        expand(activation("leaky_relu"), [parse_sweep("beta=1,2")])
    with pytest.raises(UsageError, match="beta must be > 0"):
        expand(activation("softplus"), [parse_sweep("beta=-1,1")])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_data_are_counted_exactly(dtype):
    x = np.random.default_rng(1).normal(size=50_000).astype(dtype)
    x[:10] = np.nan
    seen = data(x, "relu", "sigmoid")
    finite = x[10:]
    assert (seen.numbers, seen.nan) == (49_990, 10)
    assert (seen.smallest, seen.largest) == (finite.min(), finite.max())
    assert seen.shares[0].zero_gradient == np.count_nonzero(finite <= 0)
    assert seen.counts.sum() == 49_990


def test_saturation():
    [share] = data(np.array([-100.0, -8, -5, 0, 5, 8, 100, np.inf]), "sigmoid").shares
    slope = activation("sigmoid").grad([8.0])[0]
    assert slope > 0.25e-3
    assert (share.zero_gradient, share.saturated) == (1, 2)
    [share] = data(np.array([-1.0, 1.0]), "step").shares
    assert (share.zero_gradient, share.saturated) == (2, 0)
    [share] = data(np.array([-1.0, 1.0]), "exponential").shares
    assert (share.zero_gradient, share.saturated) == (0, None)


@pytest.mark.parametrize("size", [1000, 100_000])
def test_the_histogram_is_numpys(size):
    x = np.random.default_rng(2).normal(size=size)
    counts = data(x, "relu").histogram((-3, 3), 60)
    expected = np.histogram(x, 60, (-3, 3))[0]
    assert np.abs(counts - expected).max() <= (0 if size == 1000 else 0.01 * expected.max())


def test_data_of_any_size_have_a_place():
    seen = data(np.array([-3e38, -1e-40, 0.0, 1e300, np.inf, -np.inf] * 300), "relu")
    assert seen.numbers == 1800
    assert np.isfinite(seen.histogram((-5, 5), 10)).all()


def test_the_bulk_leaves_single_outliers_out():
    x = np.random.default_rng(3).normal(size=100_000)
    x[0] = 1e30
    assert data(x, "relu").bulk() == (-4, 4)
    assert data(np.full(10, 37.0), "relu").bulk() == (0, 40)
    assert data(np.array([]), "relu").bulk() is None


def test_points_lie_on_the_curve_where_the_data_are():
    f = activation("gelu")
    x, y = place_on_curve(f, data(np.array([1.0, 1.0, -2.0, 9.0, np.nan]), "gelu"), (-5, 5), 60)
    assert x.tolist() == [-2, 1]
    np.testing.assert_array_equal(y, f(x))
    x, _ = place_on_curve(f, data(np.linspace(1, 2, 5000), "gelu"), (-5.0, 5.0), 100)
    assert x.min() == pytest.approx(1.05)
    assert x.max() == pytest.approx(2.05)  # 2 itself lies right of the edge


def test_two_sweeps_set_two_parameters_of_a_formula():
    sweeps = [parse_sweep("b=1,2"), parse_sweep("c=0,3")]
    f = activation("x*tanh(b*x)+c", ("b", "c"))
    found = expand(f, sweeps)
    assert [dict(g.parameters) for g in found] == [{"b": b, "c": c} for b in (1.0, 2.0) for c in (0.0, 3.0)]
    assert [float(g(0.0)) for g in found] == [0.0, 3.0, 0.0, 3.0]

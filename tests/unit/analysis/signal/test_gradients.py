"""Gradients compared: what each column, note and curve says of a network, and what is refused."""

import math

import numpy as np
import pytest

from actcli.analysis.compare.result import Comparison, best
from actcli.analysis.figure.curves import Figure
from actcli.analysis.signal.gradients import COLUMNS, Conditions, compare_gradients
from actcli.analysis.training.stack import parse_stack
from actcli.exits import UsageError

SMALL = {"depth": 8, "width": 32, "seeds": 4}


def compared(specs: str, threads: int = 1, **conditions) -> Comparison:
    steps = list(
        compare_gradients([parse_stack(s) for s in specs.split()], Conditions(**conditions), threads)
    )
    assert [step.done for step in steps] == list(range(1, steps[-1].total + 1))
    return steps[-1].so_far


def test_every_column_of_every_contender_is_filled_in() -> None:
    found = compared("tanh relu/tanh", **SMALL, weight_std=1.5, bias_std=0.3)
    assert found.by == "gradients"
    tanh, both = found.contenders
    assert {column.name for column in COLUMNS} == set(tanh.values)
    assert [name for name, value in tanh.values.items() if value is None] == ["init"]
    # a stack has no one function whose weights could be set
    assert [name for name, value in both.values.items() if value is None] == ["init", "edge_weight_std"]


def test_relu_is_on_the_edge_and_sigmoid_vanishes() -> None:
    found = compared("sigmoid relu", **SMALL)
    sigmoid, relu = found.contenders
    assert relu.value("chi_1") == 1.0
    assert (relu.value("edge_distance"), relu.value("gradient_decades")) == pytest.approx(
        (0.0, 0.0), abs=1e-12
    )
    assert math.log10(sigmoid.value("measured_gradient")) == pytest.approx(
        math.log10(sigmoid.value("gradient_ratio")), abs=0.5
    )
    assert best(found, found.column("edge_distance")) == best(found, found.column("gradient_decades")) == (1,)
    assert (sigmoid.value("init"), relu.value("init")) == ("xavier", "he")
    ratio = sigmoid.value("gradient_ratio")
    assert found.answer == (
        "Over 8 layers the variance of the gradient stays within a decade in relu (he). "
        f"It vanishes in sigmoid (xavier, × {ratio:.1e}, × {ratio ** (1 / 7):.2g} per layer).".replace(
            "e-0", "e-"
        )
    )


def test_by_default_each_function_has_its_customary_weights_as_in_a_plain_loop() -> None:
    # Glorot and Bengio 2010 for tanh, He et al. 2015 for relu, Klambauer et al. 2017 for selu
    functions = {
        "tanh": ("xavier", 1.0, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        "relu": ("he", 2.0, lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float)),
        "selu": (
            "lecun",
            1.0,
            lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
            lambda x: 1.0507009873554805 * np.where(x > 0, 1, 1.6732632423543772 * np.exp(x)),
        ),
    }
    depth, width, networks = 6, 100, 40
    found = compared(" ".join(functions), depth=depth, width=width, seeds=networks)
    rng = np.random.default_rng(5)
    for contender, (init, numerator, f, slope) in zip(found.contenders, functions.values(), strict=True):
        assert contender.value("init") == init
        ratios = []
        for _ in range(networks):
            weights = [rng.normal(0, math.sqrt(numerator / width), (width, width)) for _ in range(depth)]
            x, slopes = rng.standard_normal((width, 8)), []
            for w in weights:
                slopes.append(slope(x))
                x = w @ f(x)
            gradient = rng.standard_normal((width, 8))
            gradient /= np.sqrt(np.mean(gradient**2, axis=0))
            # signal l is what has been through l layers; the last one has passed no slope
            for w, s in zip(weights[:0:-1], slopes[:0:-1], strict=True):
                gradient = s * (w.T @ gradient)
            ratios.append(np.mean(gradient**2))
        error = math.hypot(np.std(ratios) / math.sqrt(networks), contender.value("measured_gradient_error"))
        assert abs(np.mean(ratios) - contender.value("measured_gradient")) < 4 * error


@pytest.mark.parametrize(
    ("spec", "init"),
    [
        *(
            (name, "xavier")
            for name in ("sigmoid", "softsign", "hard_tanh", "sine", "identity", "2*tanh(x/3)")
        ),
        *((name, "he") for name in ("relu6", "leaky_relu", "gelu", "softplus", "max(0,x)")),
        ("relu/tanh", "he/xavier"),
        ("relu/gelu", "he"),
    ],
)
def test_what_is_customary_follows_from_the_function(spec: str, init: str) -> None:
    (contender,) = compared(spec, depth=2, width=2, seeds=1).contenders
    assert contender.value("init") == init


def test_usual_and_the_same_by_name_are_one_contender() -> None:
    found = compared("relu tanh", **SMALL, inits=("usual", "he"))
    assert [(c.function, c.value("init")) for c in found.contenders] == [
        ("relu", "he"),
        ("tanh", "xavier"),
        ("tanh", "he"),
    ]


def test_layers_hold_theory_and_measurement_side_by_side() -> None:
    found = compared("relu", depth=5, width=64, seeds=30, weight_std=1.0)
    layers = found.contenders[0].details["layers"]
    assert [layer["layer"] for layer in layers] == [1, 2, 3, 4, 5]
    assert [layer["signal"] for layer in layers] == pytest.approx([0.5, 0.25, 0.125, 0.0625, 0.03125])
    assert [layer["gradient"] for layer in layers] == pytest.approx([0.0625, 0.125, 0.25, 0.5, 1.0])
    for layer in layers:
        assert abs(layer["measured_signal"] - layer["signal"]) < 4 * layer["measured_signal_error"]
    assert (layers[-1]["measured_gradient"], layers[-1]["measured_gradient_error"]) == (1.0, 0.0)
    assert found.contenders[0].value("measured_signal") == layers[-1]["measured_signal"]
    assert found.contenders[0].value("measured_gradient") == layers[0]["measured_gradient"]


def test_the_standard_error_is_that_of_the_mean_over_the_networks() -> None:
    few, many = (compared("relu", depth=3, width=32, seeds=n).contenders[0] for n in (20, 500))
    shrunk = many.value("measured_signal_error") / few.value("measured_signal_error")
    assert shrunk == pytest.approx(math.sqrt(20 / 500), rel=0.35)


def test_each_initialisation_is_a_contender() -> None:
    found = compared("tanh relu", **SMALL, inits=("he", "xavier", "lecun", "gain"))
    assert [(c.function, c.value("init")) for c in found.contenders] == [
        (f, init) for f in ("tanh", "relu") for init in ("he", "xavier", "lecun", "gain")
    ]
    assert [c.value("weight_std") for c in found.contenders] == pytest.approx(
        [math.sqrt(2), 1, 1, 1.59253742, math.sqrt(2), 1, 1, math.sqrt(2)]
    )
    assert "xavier and lecun are the same in layers as wide as their inputs: weight std 1." in found.notes
    assert "shrinks in relu (xavier, × 0.0078) and relu (lecun, × 0.0078)." in found.answer


def test_gains_of_a_stack_are_of_each_layer() -> None:
    both = compared("relu/tanh", **SMALL, inits=("gain",)).contenders[0]
    assert both.value("weight_std") is None
    assert both.value("fixed_point") == pytest.approx(1.0, rel=1e-12)
    assert [layer["signal"] for layer in both.details["layers"]] == pytest.approx([1.0] * 8, rel=1e-12)


def test_the_same_seed_gives_the_same_result_on_any_number_of_threads() -> None:
    one, two = (compared("gelu relu", threads, **SMALL) for threads in (1, 2))
    assert one.contenders == two.contenders
    assert (one.answer, one.warnings, one.notes) == (two.answer, two.warnings, two.notes)
    other = compared("gelu relu", **SMALL, seed=1)
    assert other.seed == 1
    assert other.contenders[0].value("measured_signal") != one.contenders[0].value("measured_signal")
    assert other.contenders[0].value("signal_variance") == one.contenders[0].value("signal_variance")


def test_what_is_known_grows_from_theory_to_measurement(monkeypatch) -> None:
    monkeypatch.setattr("actcli.analysis.signal.random_network._ROOM", 30_000)
    steps = list(
        compare_gradients(
            [parse_stack("relu"), parse_stack("tanh")], Conditions(depth=4, width=32, seeds=6), threads=1
        )
    )
    assert [len(step.so_far.contenders) for step in steps[:3]] == [1, 2, 2]
    assert steps[0].so_far.contenders[0].value("gradient_ratio") == pytest.approx(1.0)
    assert steps[0].so_far.contenders[0].value("measured_gradient") is None
    assert any("1 of 6 random networks" in text for step in steps for text in step.so_far.warnings)
    whole = "Measured in 6 random networks of width 32, 8 inputs each"
    assert any(note.startswith(whole) for note in steps[-1].so_far.notes)
    assert not any("random networks" in text for text in steps[-1].so_far.warnings)
    assert steps[-1].done == steps[-1].total


def test_the_chart_has_a_curve_for_each_contender_and_gaps_where_there_is_no_logarithm() -> None:
    found = compared("relu step exponential", depth=9, width=16, seeds=2)
    assert found.chart is not None
    assert (found.chart.axis, found.chart.log) == ("layer", True)
    assert isinstance(found.chart.content, Figure)
    signal, gradient = found.chart.content.panels
    assert [curve.label for curve in signal.curves] == ["relu", "step", "exponential"]
    x, y = signal.curves[0].segments[0]
    assert x.tolist() == list(range(1, 10))
    assert y == pytest.approx(np.ones(9))
    # only the last layer of a step has a gradient
    assert [x.tolist() for x, _ in gradient.curves[1].segments] == [[9.0]]
    assert all(np.isfinite(y).all() and (y > 0).all() for curve in signal.curves for _, y in curve.segments)
    assert signal.curves[2].segments[-1][0][-1] < 9


def test_a_network_of_one_layer_has_no_curve_but_bars() -> None:
    found = compared("relu", depth=1, width=4, seeds=1)
    assert found.chart is not None
    (bars,) = found.chart.content
    assert (bars.labels, bars.values) == (("relu",), (pytest.approx(1.0),))
    assert found.contenders[0].value("gradient_ratio") == 1.0
    assert found.contenders[0].value("measured_signal_error") is None
    assert any("no standard errors" in warning for warning in found.warnings)


def test_nothing_and_everything_are_said_without_a_crash() -> None:
    found = compared("relu_squared tanh step", depth=20, width=8, seeds=2, weight_std=3.0)
    steep, _, step = found.contenders
    assert [steep.value(name) for name in ("fixed_point", "signal_variance", "gradient_ratio")] == [
        math.inf
    ] * 3
    assert steep.value("measured_signal") == steep.value("measured_gradient") == math.inf
    assert steep.value("measured_signal_error") is None
    assert (step.value("gradient_ratio"), step.value("gradient_decades")) == (0.0, math.inf)
    assert "vanishes in step (none arrives)" in found.answer
    assert "explodes in relu_squared (beyond float64) and tanh (× 186,000, × 1.9 per layer)" in found.answer
    zero = compared("relu", depth=3, width=8, seeds=2, weight_std=0.0).contenders[0]
    assert [zero.value(name) for name in ("signal_variance", "gradient_ratio", "measured_signal")] == [
        0.0
    ] * 3


def test_where_theory_and_measurement_part_a_note_says_so() -> None:
    narrow = compared("tanh", depth=30, width=4, seeds=50, weight_std=1.0)
    assert any("theory and measurement differ most" in warning for warning in narrow.warnings)
    wide = compared("tanh", depth=4, width=300, seeds=10, weight_std=1.0)
    assert not wide.warnings


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"depth": 0}, r"`depth=0`.* from 1 to 10000"),
        ({"depth": 20_000}, r"`depth=20000`"),
        ({"width": 0}, r"`width=0`"),
        ({"width": 100_000}, r"`width=100000`.* from 1 to 8192"),
        ({"seeds": 0}, r"`seeds=0`"),
        ({"seed": -1}, r"`seed=-1`.* at least 0"),
        ({"weight_std": -1.0}, r"`weight_std=-1`.* from 0 to 1e\+100"),
        ({"bias_std": 1e150}, r"`bias_std=1e\+150`"),
        ({"weight_std": math.nan}, r"`weight_std=nan`"),
        ({"weight_std": math.inf}, r"`weight_std=inf`"),
        ({"bias_std": -0.5}, r"`bias_std=-0.5`"),
        ({"inits": ("kaiming",)}, r"`init=kaiming`.* he, xavier, lecun, gain"),
        ({"inits": ()}, r"`init`.* at least one of he, xavier, lecun, gain, usual, or set `weight_std`"),
    ],
)
def test_conditions_that_make_no_network_are_refused_before_any_work(conditions, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compare_gradients([parse_stack("relu")], Conditions(**conditions), 1)


def test_functions_that_make_no_network_are_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match="logit is defined from 0 to 1 only"):
        compare_gradients([parse_stack("relu/logit")], Conditions(), 1)
    with pytest.raises(UsageError, match="at least one function"):
        compare_gradients([], Conditions(), 1)
    with pytest.raises(
        UsageError, match=r"`init=gain`: hardshrink:lambd=100 has no gain, since E f\(z\)² is 0"
    ):
        compare_gradients([parse_stack("hardshrink:lambd=100")], Conditions(inits=("gain",)), 1)


@pytest.mark.parametrize(
    "conditions",
    [{"weight_std": 1e100}, {"weight_std": 1e-100}, {"bias_std": 1e100}, {"weight_std": 0.0}, {}],
)
def test_every_function_goes_through_every_scale_without_a_warning_or_nan(conditions) -> None:
    specs = (
        "relu gelu tanh step exponential relu_squared gaussian sine hardshrink:lambd=37.9 softplus:beta=1e6"
    )
    for contender in compared(specs, depth=12, width=8, seeds=3, **conditions).contenders:
        assert not any(isinstance(value, float) and math.isnan(value) for value in contender.values.values())


def test_a_stack_is_the_same_however_often_it_is_written_down() -> None:
    once, often = compared(
        "relu/tanh/gelu/silu " + "/".join(["relu/tanh/gelu/silu"] * 6), width=8, seeds=2
    ).contenders
    for name in ("fixed_point", "chi_1", "correlation_fixed_point", "correlation_depth"):
        assert often.value(name) == pytest.approx(once.value(name))
    assert once.value("fixed_point") == often.value("fixed_point") == 0
    assert often.value("signal_depth") == pytest.approx(once.value("signal_depth"))


def test_a_fixed_point_that_nothing_comes_near_is_called_unstable() -> None:
    warnings = " ".join(compared("silu relu", inits=("gain",), width=64, seeds=5).warnings)
    assert "fixed point of silu, q* = 1, is unstable" in warnings
    assert "fixed point of relu" not in warnings


def test_what_belongs_to_a_fixed_point_is_not_told_of_an_unstable_one() -> None:
    found = compared("exponential relu tanh", inits=("gain",), depth=4, width=8, seeds=2)
    exponential, relu, _ = found.contenders
    assert [c.value("stability") for c in found.contenders] == ["unstable", "marginal", "stable"]
    assert exponential.value("fixed_point") == pytest.approx(1)
    assert exponential.value("chi_1") == pytest.approx(1)
    for name in ("edge_distance", "edge_weight_std", "correlation_fixed_point", "correlation_depth"):
        assert exponential.value(name) is None
        assert relu.value(name) is not None
    assert best(found, found.column("edge_distance")) == (1,)


def test_decades_apart_are_no_agreement_however_wide_the_spread() -> None:
    warnings = " ".join(compared("silu", inits=("gain",), depth=60, width=128, seeds=8).warnings)
    assert "differ most in the signal of silu" in warnings
    assert "decades" in warnings

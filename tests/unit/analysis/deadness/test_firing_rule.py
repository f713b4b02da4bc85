"""What fires: by the function's own slope, on z and on h, for any parameters."""

import math

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.deadness.firing_rule import fires, firing_rule, round_to_type, within
from actcli.exits import UsageError

INF = math.inf
Z = np.concatenate(
    [np.linspace(-12, 12, 4801), np.geomspace(1e-30, 1e3, 200), -np.geomspace(1e-30, 1e3, 200)]
)
ELEMENTWISE = [f.name for f in catalogue() if not f.by_rows and f.name not in {"step", "logit"}]
NOT_INVERTIBLE = {
    *(
        "gelu",
        "gelu_tanh",
        "quick_gelu",
        "silu",
        "mish",
        "sine",
        "snake",
        "xielu",
        "leaky_relu_squared",
        "gelu_10",
    ),
    *("golu", "telu", "serf", "logish", "smish", "phish", "elish", "acon_c"),
}
OTHERS = ["leaky_relu:0.3", "leaky_relu:0", "elu:0.5", "keras.relu:max_value=6", "softplus:beta=3", "relu6"]


def rule(spec, recorded="pre"):
    return firing_rule(activation(spec), recorded)


@pytest.mark.parametrize(
    ("spec", "recorded", "intervals"),
    [
        ("relu", "pre", [(0, INF)]),
        ("relu", "post", [(0, INF)]),
        ("relu6", "pre", [(0, 6)]),
        ("relu6", "post", [(0, 6)]),
        ("hard_swish", "pre", [(-3, INF)]),
        ("hard_swish", "post", [(-0.375, 0), (0, INF)]),
        ("hard_sigmoid", "pre", [(-3, 3)]),
        ("hard_sigmoid", "post", [(0, 1)]),
        ("thresholded_relu:2", "pre", [(2, INF)]),
        ("thresholded_relu:2", "post", [(2, INF)]),
        ("softshrink", "pre", [(-INF, -0.5), (0.5, INF)]),
        ("softshrink", "post", [(-INF, 0), (0, INF)]),
        ("leaky_relu", "pre", [(-INF, INF)]),
        ("leaky_relu:0", "pre", [(0, INF)]),
        ("elu", "pre", [(math.log(1e-3), INF)]),
        ("elu", "post", [(1e-3 - 1, INF)]),
        ("tanh", "pre", [(-math.atanh(math.sqrt(1 - 1e-3)), math.atanh(math.sqrt(1 - 1e-3)))]),
        ("tanh", "post", [(-math.sqrt(1 - 1e-3), math.sqrt(1 - 1e-3))]),
        ("sigmoid", "pre", [(-2 * math.atanh(math.sqrt(1 - 1e-3)), 2 * math.atanh(math.sqrt(1 - 1e-3)))]),
        ("softplus", "post", [(-math.log1p(-1e-3), INF)]),
    ],
)
def test_the_firing_set(spec, recorded, intervals):
    found = rule(spec, recorded).fires
    assert [(part.low, part.high) for part in found] == [pytest.approx(ends, rel=1e-12) for ends in intervals]


@pytest.mark.parametrize("recorded", ["pre", "post"])
@pytest.mark.parametrize("spec", ["relu", "relu6", "relu_squared"])
def test_zero_of_either_sign_does_not_fire(spec, recorded):
    assert not fires(rule(spec, recorded), np.array([0.0, -0.0, np.nan], np.float32)).any()


def test_the_smallest_numbers_decide_for_relu():
    values = np.array([5e-324, -5e-324, -4.8e-39, 1e-45])
    assert fires(rule("relu"), values).tolist() == [True, False, False, True]


def test_hard_swish_is_silent_at_an_output_of_zero():
    assert fires(rule("hard_swish", "post"), np.array([-0.3, -0.0, 0.0, 1e-9, 5])).tolist() == [
        True, False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("spec", [*ELEMENTWISE, *OTHERS])
def test_the_set_is_what_the_slope_says(spec):
    found, slope = rule(spec), np.abs(activation(spec).grad(Z))
    if found.kind == "relu_like":
        kinks = {kink.at for kink in activation(spec).kinks}
        clear = np.array([z not in kinks for z in Z])
        wanted = slope > 0
        # hard_swish has a slope of 0 at one point of its firing set
        clear &= ~((slope == 0) & (np.abs(Z + 1.5) < 1e-9))
    else:
        unbounded = {"exponential", "xielu", "star_relu", "leaky_relu_squared"}
        sup = np.nanmax(slope[np.abs(Z) <= (1 if spec in unbounded else 20)])
        clear = np.isfinite(slope) & (np.abs(slope - 1e-3 * sup) > 1e-3 * 1e-3 * sup)
        wanted = slope >= 1e-3 * sup
    assert (fires(found, Z) == wanted)[clear].all()


@pytest.mark.parametrize("spec", [*ELEMENTWISE, *OTHERS])
def test_the_outputs_tell_the_same_as_the_inputs(spec):
    try:
        post = rule(spec, "post")
    except UsageError:
        assert spec in NOT_INVERTIBLE
        return
    h = activation(spec)(Z)
    differs = fires(post, h) != fires(rule(spec), Z)
    # rounding joins the z beside a bound; relu_squared's h is too small for a number below z = 1e-162
    away = np.isfinite(h) & ~((h == 0) & (np.abs(Z) < 1e-15)) & ~((spec == "hard_swish") & (Z == 0))
    near = [abs(end) for part in post.fires for end in (part.low, part.high)]
    assert not (differs & away & ~np.isin(np.abs(h), near)).any()


@pytest.mark.parametrize(
    ("kind", "specs"),
    [
        ("relu_like", ["relu", "relu6", "relu_squared", "thresholded_relu", "hard_swish", "hard_sigmoid",
                       "onnx.hard_sigmoid", "leaky_relu:0", "keras.relu", "softshrink", "sparse_plus"]),
        ("leaky", ["leaky_relu", "leaky_relu:2", "prelu", "elu", "elu:0.5", "selu", "celu",
                   "keras.relu:negative_slope=0.1"]),
        ("other", ["identity", "leaky_relu:1", "prelu:-0.5", "tanh", "sigmoid", "gelu", "softplus", "hard_tanh"]),
    ],
)  # fmt: skip
def test_the_kind_follows_from_the_function(kind, specs):
    assert {spec: rule(spec).kind for spec in specs} == dict.fromkeys(specs, kind)


def test_gelu_does_not_fire_where_it_rests():
    found = rule("gelu")
    assert fires(found, np.array([-0.7518, -0.5, -4.0, -3.0])).tolist() == [False, True, False, True]
    assert found.flat_below == pytest.approx(-3.776, abs=1e-3)
    assert found.flat_above == INF


@pytest.mark.parametrize("spec", ["gelu", "silu", "mish", "sine", "snake"])
def test_what_cannot_be_inverted_needs_its_inputs(spec):
    with pytest.raises(UsageError, match=r"cannot be inverted.*`recorded=pre`"):
        rule(spec, "post")


@pytest.mark.parametrize(("spec", "why"), [("softmax", "rows"), ("step", "no gradient")])
def test_what_has_no_units_that_fire_is_refused(spec, why):
    with pytest.raises(UsageError, match=why):
        rule(spec)


def test_float32_sigmoid_that_rounds_to_1_is_saturated_by_its_output():
    post = rule("sigmoid", "post")
    ones = activation("sigmoid")(np.array([18.0, 40.0], np.float32))
    assert (ones == 1).all()
    assert not fires(post, ones).any()
    assert post.flat_above < 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("ends", [(0.1, 0.3), (-0.9995, 1 / 3), (-INF, 0.7), (1e-9, INF), (1e-50, 1e300)])
@pytest.mark.parametrize("held", [True, False])
def test_membership_is_as_in_float64(dtype, ends, held):
    near = [dtype(end) for end in ends if abs(end) <= float(np.finfo(dtype).max)]
    values = np.array(
        [n for v in near for n in (np.nextafter(v, dtype(-9)), v, np.nextafter(v, dtype(9)))], dtype
    )
    wide = values.astype(np.float64)
    wanted = (wide >= ends[0]) & (wide <= ends[1]) if held else (wide > ends[0]) & (wide < ends[1])
    assert (within(Interval(*ends, held, held), values) == wanted).all()


def test_logit_fires_in_its_domain_and_nowhere_else():
    assert fires(rule("logit"), np.array([-0.5, 1e-9, 0.5, 1 - 1e-9, 1.5])).tolist() == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_bound_is_rounded_to_the_side_that_is_asked():
    assert float(round_to_type(0.1, np.dtype(np.float32), up=True)) >= 0.1
    assert float(round_to_type(0.1, np.dtype(np.float32), up=False)) <= 0.1


@pytest.mark.parametrize("spec", ["sine", "cos(x)", "sin(x)/x", "x+sin(x)"])
def test_an_oscillating_function_fires_by_its_slope(spec):
    f = activation(spec)
    rule = firing_rule(f, "pre")
    z = np.random.default_rng(2).uniform(-300, 300, 4000)
    slope = np.abs(f.grad(z))
    np.testing.assert_array_equal(fires(rule, z), slope >= rule.by_slope)

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_states import normal, silenced, state

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.report import is_certain, judge, make_report
from actcli.analysis.deadness.unit_class import can_be_dead, span
from actcli.analysis.deadness.verdict import CLASSES, Settings, Unobserved, classify
from actcli.exits import UsageError

SETTINGS = Settings()


def named(verdict):
    return [CLASSES[code] for code in verdict.classes]


def of(v, function="relu", recorded="pre", **more):
    return named(classify(state(v, function, recorded, **more), SETTINGS))


def column(*values):
    """A layer of one unit with these pre-activations beside seven of which all is well."""
    z = normal(len(values), 8, seed=7)
    z[:, 0] = values
    return z


def test_each_class_of_relu():
    z = np.tile(normal(1000, 8, seed=1)[:, :1], 8) + 0.1
    z[0, 0] = np.nan
    z[:, 1] = -1
    z[:, 2] = -1
    z[5, 2] = 1
    z[:, 3] = np.where(z[:, 3] > 0, 1e-3, -1)
    z[:, 4] = 2
    z[:, 5] = np.abs(z[:, 5]) + 0.1
    z[:, 6] = np.where(np.arange(1000) < 10, 50, -1)

    names = ["nonfinite", "silent", "rare", "dormant", "constant", "always_active", "alive", "alive"]
    assert of(z) == names


def test_a_share_of_exactly_rare_is_not_rare():
    z = -np.ones((2900, 2))
    z[:29, 0] = z[:28, 1] = 1

    assert of(z) == ["alive", "rare"]


def test_zero_and_negative_zero_do_not_fire():
    assert of(np.array([[0.0, -0.0, 5e-324]] * 4))[:2] == ["silent", "silent"]
    assert of(np.array([[0.0, 5e-324]] * 4))[1] != "silent"


def test_sparsity_is_not_death():
    z = np.where(np.random.default_rng(0).uniform(size=(2000, 50)) < 0.1, 1.0, -1.0)

    verdict = classify(state(z), SETTINGS)

    assert verdict.dead == 0
    assert set(named(verdict)) == {"alive"}
    assert verdict.sparsity == pytest.approx(0.9, abs=0.01)


def test_a_map_that_is_blank_on_one_image_is_alive():
    z = np.abs(np.random.default_rng(1).standard_normal((6, 2, 9))) * np.array([1, -1, 1] * 3)
    z[2, 0] = -1

    assert of(z) == ["alive", "alive"]


def test_a_tanh_channel_around_zero_is_alive():
    z = np.tile([1.0, -1.0], (10, 3, 4))

    assert of(z, "tanh") == ["alive"] * 3


def test_all_nan_is_nonfinite_and_not_dead():
    verdict = classify(state(column(*[np.nan] * 40)), SETTINGS)

    assert named(verdict)[0] == "nonfinite"
    assert verdict.dead == 0


def test_a_saturated_sigmoid():
    assert of(column(*[30.0, -30.0] * 500), "sigmoid")[0] == "saturated"
    assert of(column(*[30.0] * 949, *[0.0] * 51), "sigmoid")[0] == "alive"
    assert of(column(*[30.0] * 950, *[0.0] * 50), "sigmoid")[0] == "saturated"


def test_a_gate_that_never_opens_is_dead():
    assert of(column(*[-40.0 - i % 3 for i in range(100)]), "gelu")[0] == "gate_dead"
    assert of(column(*[20.0, 21.0] * 50), "sigmoid")[0] == "gate_dead"


def test_a_layer_that_never_moves_at_all_is_dead_as_a_whole():
    assert of(np.full((50, 4), 400.0), "tanh") == ["gate_dead"] * 4


@pytest.mark.parametrize(("function", "at"), [("gelu", -0.7517915), ("silu", -1.2784645)])
def test_resting_where_the_function_turns_is_saturated_and_not_dead(function, at):
    assert of(column(*[at, at + 1e-5] * 50), function)[0] == "saturated"
    assert of(column(*[at] * 100), function)[0] == "saturated"
    assert of(column(*[at, -40.0] * 50), function)[0] == "saturated"
    assert of(column(*[at] * 96, *[1.0] * 4), function)[0] == "saturated"


def test_resting_on_a_map_is_saturated_too():
    z = normal(60, 3 * 4).reshape(60, 3, 4)
    z[:, 0] = -0.7517915
    assert of(z, "gelu") == ["saturated", "alive", "alive"]


@pytest.mark.parametrize(
    ("function", "at"), [("gelu", -9.0), ("silu", -30.0), ("tanh", 12.0), ("sigmoid", -20.0), ("mish", -25.0)]
)
@pytest.mark.parametrize("dead", [1, 4, 5, 7, 8])
def test_a_gate_is_dead_however_many_of_its_layer_are(function, at, dead):
    z = normal(200, 8)
    z[:, :dead] = at + 0.5 * z[:, :dead]

    classes = of(z, function)

    assert classes[:dead] == ["gate_dead"] * dead
    assert "gate_dead" not in classes[dead:]


def test_a_gate_is_dead_by_its_outputs_as_by_its_inputs():
    z = normal(200, 8)
    z[:, :5] = 12 + 0.5 * z[:, :5]
    for function in ("tanh", "sigmoid", "softsign"):
        stretched = z * 40 if function == "softsign" else z
        h = activation(function)(stretched)
        assert of(h, function, "post")[:5] == of(stretched, function)[:5] == ["gate_dead"] * 5, function


def test_the_measure_is_the_activations_own_span():
    assert span(firing_rule(activation("tanh"), "pre")) == 2
    assert span(firing_rule(activation("tanh"), "post")) == 2
    # gelu from its least value, -0.16997 at -0.75, to 2 Phi(2) = 1.95450
    assert span(firing_rule(activation("gelu"), "pre")) == pytest.approx(2.12447, abs=2e-5)
    assert span(firing_rule(activation("logit"), "pre")) > 1


def test_no_unit_that_never_fired_is_alive():
    """Whatever the function, and wherever a unit rests or jumps."""
    places = np.array([-1e6, -40, -9, -0.7517915, 0, 0.01, 3, 9, 40, 1e6])
    z = np.concatenate([np.tile(places, (20, 1)), np.tile(places[::-1], (20, 1)), normal(3, 10)[:0]])
    z = np.concatenate([z, np.tile(places, (40, 1))], axis=1)
    for function in (
        "relu",
        "relu6",
        "hard_swish",
        "elu",
        "gelu",
        "silu",
        "tanh",
        "sine",
        "gaussian",
        "tanhshrink",
    ):
        verdict = classify(state(z, function), SETTINGS)
        silent = [name for name, k in zip(named(verdict), verdict.state.fired, strict=True) if not k]
        assert "alive" not in silent, function


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(
        ["relu", "relu6", "hard_swish", "gelu", "silu", "tanh", "sigmoid", "sine", "elu", "softplus"]
    ),
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.sampled_from([1, 1, 3]),
)
def test_more_data_only_wake_units(function, seed, seen, positions):
    rng = np.random.default_rng(seed)
    z = rng.choice([-50.0, -9.0, -0.7517915, -0.1, 0.0, 1.0, 9.0, 50.0], (1, 12, 1))
    z = z + rng.choice([0.0, 0.0, 1.0]) * rng.standard_normal((16, 12, positions))
    z[rng.random(z.shape) < 0.02] = 20.0
    before, after = state(z[:seen], function), state(z, function)

    dead = classify(after, SETTINGS).dead_units

    assert not (dead & ~classify(before, SETTINGS).dead_units).any()
    assert not (dead & ~can_be_dead(before)).any()
    np.testing.assert_array_equal(can_be_dead(after), dead)


@pytest.mark.parametrize("function", ["leaky_relu", "elu", "selu", "prelu"])
def test_a_leaky_unit_is_negative_only(function):
    verdict = classify(state(column(*[-40.0, -1.0] * 50), function), SETTINGS)

    assert named(verdict)[0] == "negative_only"
    assert verdict.dead == 0


def test_only_a_ceiling_saturates_a_relu():
    z = column(*[7.0] * 100)
    assert of(z, "relu6")[0] == "silent"
    z[:2, 0] = 3
    assert of(z, "relu6")[0] == "saturated"
    assert of(column(*[-7.0] * 98, 1.0, 1.0), "relu6")[0] == "alive"


def test_one_sample_is_silent_and_never_sure():
    verdict = classify(state([[-1.0, 1.0]]), Settings(confidence=0.5, rare=0.9))

    assert named(verdict)[0] == "silent"
    assert (verdict.bounded, verdict.evidence) == (False, "observed")


def test_no_sample_says_nothing():
    for function in ("relu", "tanh", "leaky_relu"):
        verdict = classify(state(np.empty((0, 3)), function), SETTINGS)
        report = make_report([verdict.state], SETTINGS)

        assert verdict.bounds.tolist() == [1, 1, 1]
        assert not verdict.bounded
        assert np.isnan(verdict.sparsity)
        assert judge(report, 0.5).status == "not enough data"


def test_counts_and_bounds():
    verdict = classify(state(silenced(500, 10, 4)), SETTINGS, op="Relu", units=10)

    assert (verdict.counts["silent"], verdict.dead, verdict.dead_share) == (4, 4, 0.4)
    assert sum(verdict.counts.values()) == verdict.units == 10
    assert verdict.bounds[:4] == pytest.approx([-np.expm1(np.log(1 - 0.95) / 500)] * 4, rel=1e-15)
    assert (verdict.bounds[4:] > verdict.firing_rates[4:]).all()
    assert (verdict.op, verdict.evidence) == ("Relu", "observed")


def test_the_margin_is_the_way_to_the_nearest_firing():
    assert classify(state([[-2.0, 1.0], [-0.5, 1]]), SETTINGS).margins.tolist() == [
        0.5,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert classify(state([[-4.0], [-5.0]], "hard_sigmoid"), SETTINGS).margins.tolist() == [1]
    assert classify(state([[7.0], [8.0]], "relu6"), SETTINGS).margins.tolist() == [1]
    assert np.isnan(classify(state([[0.0], [0.0]], recorded="post"), SETTINGS).margins).all()


def report(samples, units=20, dead=2, settings=SETTINGS):
    return make_report([state(silenced(samples, units, dead))], settings)


def test_a_verdict():
    assert report(1).needed == 597

    # one unit is allowed: ln(19 / 0.05) / -ln(0.99) = 591.02
    assert judge(report(591), 0.05).status == "not enough data"
    found = judge(report(592), 0.05)
    assert (found.status, found.dead, found.units, found.share) == ("found", 2, 20, 0.1)
    assert (found.samples, found.needed) == (592, 592)
    assert judge(report(30, dead=2), 0.1).status == "fine"
    assert judge(report(30, dead=0), 0.0).status == "fine"


def test_a_share_at_the_limit_is_fine_whatever_its_last_bit():
    layer = make_report([state(silenced(40, 1000, 7))], SETTINGS)

    assert judge(layer, 0.7 / 100).status == "fine"
    assert judge(layer, 0.0069).status == "not enough data"


def test_only_dead_units_with_enough_samples_are_proof():
    many, few = state(silenced(900, 20, 1), name="many"), state(silenced(10, 20, 9), name="few")

    both = judge(make_report([many, few], SETTINGS), 0.2)
    assert (both.status, both.samples) == ("not enough data", 10)
    assert judge(make_report([many, few], SETTINGS), 0.01).status == "found"


def test_layers_are_judged_one_by_one():
    layers = [state(silenced(900, 20, n), name=f"conv{n}") for n in (0, 1, 9)]
    whole = make_report([*layers, state(silenced(900, 20, 20), name="fc")], SETTINGS)

    judged = judge(whole, 0.4, "conv*")

    assert (judged.status, judged.dead, judged.units) == ("found", 10, 60)
    assert [(part.layer, part.status) for part in judged.parts] == [
        ("conv0", "fine"),
        ("conv1", "fine"),
        ("conv9", "found"),
    ]
    assert judge(whole, 0.5, "conv*").status == "fine"
    with pytest.raises(UsageError, match=r"'Conv\*'.* conv0, conv1, conv9, fc"):
        judge(whole, 0.4, "Conv*")


def test_a_name_that_looks_like_a_pattern_matches_itself():
    assert (
        judge(make_report([state(silenced(9, 2, 0), name="a[0]")], SETTINGS), 0, "a[0]").parts[0].layer
        == "a[0]"
    )


def test_nothing_observed_is_not_fine():
    nothing = make_report([], SETTINGS, unobserved=(Unobserved("relu", "Relu", "inside an If branch"),))

    assert judge(nothing, 0.5).status == "not enough data"


@pytest.mark.parametrize("limit", [-0.1, 5, float("nan")])
def test_a_limit_that_is_no_share(limit):
    with pytest.raises(UsageError, match=r"limit .*from 0 to 1"):
        judge(report(10), limit)


def test_stopping():
    few, many = state(silenced(30, 20, 2)), state(silenced(597, 20, 2))

    assert not is_certain([few], SETTINGS)
    assert is_certain([many], SETTINGS)
    assert is_certain([state(silenced(30, 20, 0))], SETTINGS)
    assert is_certain([few], SETTINGS, limit=0.1)
    assert not is_certain([few], SETTINGS, limit=0.09)
    assert is_certain([state(silenced(30, 20, 20), "leaky_relu")], SETTINGS)


def test_each_layer_needs_its_own_samples():
    # 40 units together take ln(40 / 0.05) / -ln(0.99) = 665.1 samples
    long, short = state(silenced(666, 20, 2), name="long"), state(silenced(30, 20, 2), name="short")
    awake = state(silenced(30, 20, 0), name="short")

    assert not is_certain([long, short], SETTINGS)
    assert is_certain([long, awake], SETTINGS)
    assert not is_certain([state(silenced(665, 20, 2), name="long"), awake], SETTINGS)
    assert is_certain([long, short], SETTINGS, limit=0.1)


def test_a_gate_that_has_moved_need_not_be_waited_for():
    z = normal(30, 20)
    z[:, 0] = np.where(np.arange(30) % 2, -0.7517915, -40)
    assert is_certain([state(z, "gelu")], SETTINGS)
    z[:, 0] = -40
    assert not is_certain([state(z, "gelu")], SETTINGS)


def test_no_stop_before_every_layer_has_come():
    awake = state(silenced(30, 20, 0))

    assert is_certain([awake], SETTINGS, units=20)
    assert not is_certain([awake], SETTINGS, units=21)
    assert not is_certain([], SETTINGS)
    assert not is_certain([awake, state(np.empty((0, 3)))], SETTINGS)


def test_a_stop_at_the_first_certain_moment_keeps_the_promise():
    # 20 units that fire with just the p0 asked: at most 5 % of streams may call any of them dead.
    rare = Settings(rare=0.05)
    layer = state(np.ones((1, 20)))
    wrong = 0
    for run in np.random.default_rng(5).uniform(size=(400, 200, 20)) < 0.05:
        for n in range(1, 200):
            fired = run[:n].sum(0)
            layer = replace(layer, samples=n, elements=n, fired=fired)
            if is_certain([layer], rare):
                wrong += bool((fired == 0).any())
                break
    assert wrong <= 0.05 * 400 + 3 * np.sqrt(0.05 * 0.95 * 400)


def test_another_definition_is_judged_by_the_same_rule():
    z = -np.ones((1000, 4))
    z[:9, :2] = 1
    settings = Settings(definition="loss-of-plasticity")

    assert judge(make_report([state(z)], settings), 0.6).dead == 4
    assert judge(make_report([state(z)], SETTINGS), 0.6).dead == 2


def test_settings_out_of_bounds():
    for wrong in ({"confidence": 95.0}, {"rare": 0.0}, {"tau": -1.0}, {"definition": "keras"}):
        with pytest.raises(UsageError):
            Settings(**wrong)


def test_nan_is_found_whatever_the_limit_and_the_samples():
    z = silenced(5, 20, 0)
    z[2, 3], z[1, 4] = np.nan, np.inf
    broken, sound = state(z, name="a"), state(silenced(5, 20, 0), name="b")

    judged = judge(make_report([broken, sound], SETTINGS), 1.0)
    assert (judged.status, judged.nonfinite, judged.dead) == ("found", 2, 0)
    by_layer = judge(make_report([broken, sound], SETTINGS), 1.0, "*")
    assert [(part.status, part.nonfinite) for part in by_layer.parts] == [("found", 2), ("fine", 0)]
    assert judge(make_report([broken, sound], SETTINGS), 1.0, "b").status == "fine"
    other = Settings(definition="keras-contrib")
    assert judge(make_report([broken, sound], other), 1.0).status == "found"


def test_of_what_gave_nan_nothing_is_bounded():
    z = silenced(5000, 3, 1)
    z[:, 1] = np.nan
    z[7, 2] = -np.inf
    verdict = classify(state(z), SETTINGS)
    assert np.isnan(verdict.bounds).tolist() == [False, True, True]
    assert verdict.evidence == "bounded"
    assert np.isnan(verdict.firing_rates).tolist() == [False, True, False]
    assert np.isnan(classify(state(z[:, 1:2]), SETTINGS).sparsity)
    assert classify(state(z[:, 1:]), SETTINGS).evidence is None


@pytest.mark.parametrize(
    ("function", "zeros"),
    [
        ("relu", lambda h: h == 0),
        ("relu6", lambda h: h == 0),
        ("relu_squared", lambda h: h == 0),
        ("hard_sigmoid", lambda h: h == 0),
        ("hard_swish", lambda h: h == 0),
    ],
)
def test_sparsity_is_the_share_of_zeros_whatever_was_recorded(function, zeros):
    z = 3 * normal(500, 6)
    h = activation(function)(z)
    want = zeros(h).mean()
    assert 0.1 < want < 0.9
    for recorded, values in (("pre", z), ("post", h)):
        assert classify(state(values, function, recorded), SETTINGS).sparsity == pytest.approx(want)


@pytest.mark.parametrize(
    ("function", "recorded"),
    [
        ("tanh", "pre"),
        ("tanh", "post"),
        ("sigmoid", "pre"),
        ("gelu", "pre"),
        ("leaky_relu", "post"),
        ("hard_shrink", "pre"),
    ],
)
def test_sparsity_is_left_open_where_it_says_nothing(function, recorded):
    z = normal(50, 4) / 3
    assert np.isnan(classify(state(z, function, recorded), SETTINGS).sparsity)


def test_layers_are_classified_together_as_each_alone():
    """20,000 layers would else take half a millisecond each."""
    states = [state(normal(n, 3) - shift, name=f"l{n}{shift}") for n in (5, 40) for shift in (0.0, 2.0, 9.0)]
    report = make_report(states, SETTINGS, ops={"l50.0": "Relu"})
    assert [layer.op for layer in report.layers][:2] == ["Relu", "relu"]
    for layer, one in zip(report.layers, states, strict=True):
        alone = classify(one, SETTINGS, units=18)
        np.testing.assert_array_equal(layer.classes, alone.classes)
        np.testing.assert_allclose(layer.bounds, alone.bounds, rtol=1e-13)
        assert layer.bounded == alone.bounded
    assert make_report([], SETTINGS).layers == ()


def test_the_bounds_of_all_layers_are_solved_at_once(monkeypatch):
    from actcli.analysis.deadness import confidence

    solve, solved = confidence._solve, []
    monkeypatch.setattr(confidence, "_solve", lambda *args: solved.append(args) or solve(*args))
    make_report([state(normal(20 + i, 3), name=f"l{i}") for i in range(30)], SETTINGS)
    assert len(solved) == 1

"""What deadcheck says in words, and that its numbers are on the safe side."""

import math
from dataclasses import replace

import numpy as np
import pytest
from dead_units import HIDDEN, findings, planted, state

from actcli.analysis.deadness.confidence import silent_bound
from actcli.analysis.deadness.verdict import Settings
from actcli.render.deadness.verdict import verdict
from actcli.render.deadness.wording import bound_text, percent
from actcli.render.text.notation import thousands


def test_nobody_is_dead():
    found = findings(state("fc1", planted()[:, 3:]))
    assert verdict(found) == ["No unit is dead: all 13 fired, in 400 samples."]
    assert found.status == "no dead unit"


def test_locked_units_are_told_with_what_may_wake_them():
    found = findings(state("fc1", planted()))
    assert not any("locked" in sentence for sentence in verdict(found))
    layer = found.report.layers[0]
    locked = replace(layer, locked=layer.dead_units)
    (sentence,) = [
        text
        for text in verdict(replace(found, report=replace(found.report, layers=(locked,))))
        if "locked" in text
    ]
    assert sentence.startswith("1 dead unit of fc1 is locked")
    assert all(word in sentence for word in ("augments", "decays", "batch normalization in training"))


def test_a_silent_leaky_unit_is_not_dead():
    found = findings(state("fc1", planted()[:, :4], "leaky_relu"))
    assert verdict(found)[0].startswith("No unit is dead: all 4 fired")


def test_a_dead_unit_with_its_bound_and_the_samples_it_takes():
    (answer,) = verdict(findings(state("fc1", planted())))
    # 1 - 0.05**(1/400) = 0.0074613, and ln(16/0.05)/-ln(0.99) = 573.9
    assert answer.startswith("1 of 16 units (6.25 %) is dead: no firing in 400 samples, p < 7.47e-3 ")
    assert "574 samples would bound all units at 0.01" in answer
    assert "can only reduce the count" in answer


def test_enough_samples_need_no_more():
    (answer,) = verdict(findings(state("fc1", planted(600))))
    assert "would bound" not in answer


def test_layers_of_different_length():
    said = verdict(
        findings(state("a", planted(100)), state("b", planted(400)), state("c", planted(9)[:, 3:]))
    )
    assert said[0].startswith(
        "2 of 45 units (4.44 %) are dead, in a (1) and b (1): no firing in 100 to 400 samples"
    )
    assert f"p < {bound_text(silent_bound(100, 0.95))}" in said[0]


@pytest.mark.parametrize(
    ("samples", "limit", "said", "word"),
    [
        (400, 0.0625, "That is within the limit of 6.25 %.", "fine"),
        (600, 0.01, "That is above the limit of 1 %: 6.25 % (1 of 16).", "found"),
        (
            100,
            0.01,
            (
                "Not enough data: 6.25 % (1 of 16) is above the limit of 1 %, but 100 samples are too few to say so; "
                "it takes 574."
            ),
            "not enough data",
        ),
    ],
)
def test_a_limit(samples, limit, said, word):
    found = findings(state("fc1", planted(samples)), limit=limit)
    assert verdict(found)[1:] == [said]
    assert found.status == word


def test_a_limit_for_each_layer_names_those_above_it():
    states = [state("conv1", planted(700)), state("conv2", planted(700)[:, 3:]), state("fc", planted(700))]
    found = findings(*states, limit=0.0, layer_glob="conv*")
    assert verdict(found)[1:] == [
        "Layer conv1 is above the limit of 0 %: 6.25 % (1 of 16).",
        "In the other layer, which the limit is not for, 1 of 16 units is dead.",
    ]
    assert verdict(findings(*states, limit=0.1, layer_glob="conv*"))[1] == (
        "Each of the 2 layers is within the limit of 10 %."
    )
    assert (
        verdict(findings(*states, limit=0.1, layer_glob="conv1"))[1]
        == "Layer conv1 is within the limit of 10 %."
    )


def test_a_limit_for_some_layers_is_about_their_units_only():
    states = [state("conv1", planted(700)), state("conv2", planted(700)[:, 3:]), state("fc", planted(700))]
    first = verdict(findings(*states, limit=0.0, layer_glob="conv*"))[0]
    assert first.startswith(
        "1 of 29 units in the 2 layers conv1, conv2 (3.45 %) is dead, in conv1: no firing in 700 "
    )
    assert verdict(findings(*states, limit=0.0, layer_glob="conv2")) == [
        "No unit in conv2 is dead: all 13 fired, in 700 samples.",
        "Layer conv2 is within the limit of 0 %.",
        "In the 2 other layers, which the limit is not for, 2 of 32 units are dead.",
    ]
    assert verdict(findings(*states, limit=0.0, layer_glob="*"))[0].startswith("2 of 45 units (4.44 %) are")


def test_too_few_samples_are_said_of_their_layer():
    (_, said) = verdict(findings(state("a", planted(9)[:1, 1:3]), limit=0.0, layer_glob="a"))
    assert said == (
        "Not enough data of layer a: 100 % (2 of 2) is above the limit of 0 %, but 1 sample is too few to say so; "
        "it takes 299."
    )


def test_many_layers_above_a_limit_do_not_fill_the_screen():
    states = [state(f"conv{i}", planted(700)) for i in range(14)]
    said = verdict(findings(*states, limit=0.0, layer_glob="*"))
    assert len(said) == 12
    assert "4 more layers" in said[-1]


def test_one_unit_two_units_and_all_of_them():
    z = planted(700)
    for columns, said in (
        ([0], "No unit is dead: the only one fired, in 700 samples."),
        ([0, 3], "No unit is dead: all 2 fired, in 700 samples."),
    ):
        assert verdict(findings(state("a", z[:, columns]))) == [said]
    for columns, start in (
        ([1], "The only unit is dead: no firing in 700 samples, p < "),
        ([1, 1], "All 2 units are dead: no firing in 700 samples, p < "),
        ([0, 1], "1 of 2 units (50 %) is dead: "),
        ([0, 1, 1], "2 of 3 units (66.7 %) are dead: "),
    ):
        assert verdict(findings(state("a", z[:, columns])))[0].startswith(start)


def test_units_that_never_fired_and_are_not_dead():
    z = planted(700)[:, 3:7]
    z[:, 0] = -0.7517915
    (answer,) = verdict(findings(state("a", z, "gelu")))
    assert "3 of 4 fired, in 700 samples; 1 never fired, but is not dead" in answer
    z[:, 1] = -0.7517915
    (answer,) = verdict(findings(state("a", z, "gelu")))
    assert "2 of 4 fired, in 700 samples; 2 never fired, but are not dead" in answer


def test_nan_fails_every_limit_and_is_never_called_fine():
    z = planted(700)[:, 3:5]
    z[3, 0] = np.nan
    found = findings(state("fc1", z), limit=1.0)
    assert found.status == "found"
    assert verdict(found) == [
        "No unit is known to be dead: 1 of 2 fired, in 700 samples; 1 gave NaN or inf.",
        "1 of 2 units gave NaN or inf, which no limit allows.",
        "NaN or inf are in fc1.",
    ]
    z[:] = np.nan
    found = findings(state("fc1", z), limit=1.0, layer_glob="fc1")
    assert verdict(found)[:2] == [
        "All 2 units gave NaN or inf: nothing is known of firing.",
        "2 of 2 units of layer fc1 gave NaN or inf, which no limit allows.",
    ]
    assert findings(state("fc1", z)).status == "NaN or inf"
    assert verdict(findings(state("fc1", z[:, :1])))[0].startswith("The only unit gave NaN or inf")


def test_dead_units_beside_nan_are_said_too():
    z = planted(700)
    z[3, 0] = np.inf
    assert verdict(findings(state("fc1", z), limit=0.01))[1:3] == [
        "1 of 16 units gave NaN or inf, which no limit allows.",
        "Besides, 6.25 % (1 of 16) is above the limit of 1 %.",
    ]


def test_no_sample_says_nothing():
    found = findings(state("fc1", np.empty((0, 3))), limit=0.5)
    assert verdict(found) == ["No sample was seen.", "Not enough data: a layer has no sample."]
    assert findings(state("fc1", np.empty((0, 3)))).status == "nothing observed"
    assert verdict(findings(unobserved=(HIDDEN,), limit=0.5))[1] == "Not enough data: no unit was observed."


@pytest.mark.parametrize(
    ("definition", "flagged"),
    [
        ("sagemaker", 2),
        ("keras-contrib", 1),
        ("deepdiagnosis", 0),
        ("redo", 2),
        ("loss-of-plasticity", 2),
    ],
)
def test_each_other_definition_in_a_sentence(definition, flagged):
    found = findings(state("a", planted()), settings=Settings(definition=definition))
    assert verdict(found)[1] == f"{definition} flags {flagged} of 16 units."


def test_layers_that_another_definition_flags():
    dead = planted()[:, [1, 1, 3]]
    one = findings(state("a", dead), state("b", planted()), settings=Settings(definition="sagemaker"))
    assert verdict(one)[1] == "sagemaker flags 4 of 19 units, and 1 layer: a."
    two = findings(
        state("a", dead), state("b", dead), state("c", planted()),
        settings=Settings(definition="sagemaker"), layer_glob="[ab]", limit=0.0,
    )  # fmt: skip
    assert verdict(two)[1] == "sagemaker flags 4 of 6 units in the 2 layers a, b, and 2 layers: a, b."


def test_noise_is_said_first_and_what_was_not_observed_is_not_forgotten():
    said = verdict(findings(state("fc1", planted()), noise=64, complete=False, unobserved=(HIDDEN,)))
    assert (
        said[0] == "The inputs were 64 samples of RANDOM NOISE: this verdict is about noise, not about data."
    )
    assert said[1] == "Interrupted: this is about the samples seen so far."
    trained = verdict(findings(state("fc1", planted()), complete=False, trained=True))
    assert trained[0] == "Interrupted: this is about the epochs trained so far."
    assert said[-1].startswith("1 activation was NOT OBSERVED, and may have dead units: a\\tb\\x1b[31m")
    assert "\x1b" not in said[-1]
    assert "\n" not in said[-1]


def test_a_stop_says_what_more_samples_could_still_have_changed():
    def stopped(*states, **more):
        return verdict(findings(*states, stopped=True, **more))[0].removeprefix(
            "Stopped before the end of the data: "
        )

    fires, many = planted()[:, [2, 3]], planted()[:, [1, 3]]
    assert stopped(state("a", fires)) == "no unit can be dead any more."
    assert "bounded below 0.5" in stopped(state("a", many), settings=Settings(rare=0.5))
    assert "than the limit allows" in stopped(state("a", many[:3]), limit=0.5)


def test_nothing_observed_is_no_clean_bill():
    said = verdict(findings(unobserved=(HIDDEN,)))
    assert said[0] == "No activation was observed."


def test_nan_is_said():
    z = planted()
    z[3, 4] = np.nan
    assert "1 unit gave NaN or inf: fc1." in verdict(findings(state("fc1", z)))


def test_a_bound_is_rounded_up():
    assert bound_text(silent_bound(10_240, 0.95)) == "2.93e-4"
    assert [bound_text(p) for p in (1.0, 0.2952, 0.295, 0.9996, 1e-3, 9.9999e-4, 3e-300, math.nan)] == [
        "1", "0.296", "0.295", "1", "1e-3", "1e-3", "3e-300", "–",
    ]  # fmt: skip


def test_a_bound_is_never_below_what_it_stands_for_and_within_a_percent():
    for p in np.random.default_rng(1).uniform(-12, 0, 2000):
        shown = float(bound_text(10**p))
        assert 10**p <= shown <= 10**p * 1.01


def test_counts_and_shares():
    assert thousands(1_234_567) == "1,234,567"
    assert [percent(share) for share in (0, 1, 0.05, 1 / 3, 1e-7)] == ["0", "100", "5", "33.3", "1e-5"]


def test_the_confidence_asked_for_is_the_one_named():
    (said,) = verdict(findings(state("fc1", planted()), settings=Settings(confidence=0.999, rare=0.1)))
    assert "99.9 % confidence" in said


def test_layers_that_are_dead_as_a_whole_are_named():
    z = planted(600)
    gone = -1 - np.abs(z)
    said = "2 layers are entirely dead: b, d."
    assert said in verdict(
        findings(state("a", z), state("b", gone), state("c", z), state("d", gone), limit=0.5, layer_glob="*")
    )
    assert "1 layer is entirely dead: b." in verdict(findings(state("a", z), state("b", gone)))
    assert not any("entirely" in sentence for sentence in verdict(findings(state("b", gone))))
    assert not any("entirely" in sentence for sentence in verdict(findings(state("a", z), state("c", z))))


def test_where_all_is_nan_it_is_said_once():
    z = np.full((20, 3), np.nan)
    assert verdict(findings(state("a", z), state("b", z))) == [
        "All 6 units gave NaN or inf: nothing is known of firing."
    ]


@pytest.mark.parametrize(
    ("share", "shown"), [(0.9999, "99.99"), (0.9999999, "99.99999"), (1 - 2**-53, "99.99999999999999")]
)
def test_less_than_all_is_not_100_percent(share, shown):
    assert percent(share) == shown

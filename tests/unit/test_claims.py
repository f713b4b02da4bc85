"""docs/claims.md says what the recordings hold, and the sentences below the outputs follow from the numbers."""

import json
import platform
import re
from dataclasses import replace

import claim_recordings
import pytest
from claim_readings import (
    Verdict,
    a_leak_repairs,
    alpha_matters,
    generalisation_differs,
    gradients_vanish,
    high_rates_kill,
    layers_differ,
    relu_is_faster,
)
from claim_recordings import FOLDER, Network, Recording, last_epochs, load, path_of, save
from claims import CLAIMS, main, origin, said, shown, summary

PAGE = (FOLDER.parent / "claims.md").read_text("utf-8")
SEEDS = 8
NOISE = (0.01, -0.02, 0.005, 0.0, -0.01, 0.015, -0.005, 0.02)


def network(function, score, seed=0, **found):
    """One of networks whose score scatters by seed about `score`."""
    own = Network(
        function=function,
        depth=2,
        rate=0.1,
        seed=seed,
        epochs=20,
        epochs_to_target=3,
        train_loss=0.01,
        train_score=1.0,
        test_score=score,
        dead=0.0,
        gradient_ratio=1.0,
        diverged=False,
    )
    return replace(own, **found)


def team(function, score=0.95, **found):
    # a little noise of each seed's own, so that no two teams differ by the same amount for every seed
    tilt = sum(map(ord, function)) % 3 / 10
    return [network(function, score + noise * (1 + tilt), seed, **found) for seed, noise in enumerate(NOISE)]


def recording(*teams):
    return Recording("actcli compare", "2026-01-01", {}, 1.0, (), tuple(n for own in teams for n in own))


@pytest.mark.parametrize(("name", "claim"), CLAIMS.items())
def test_a_claim_stands_on_the_page_with_its_command_its_output_and_its_verdict(name, claim):
    section = re.search(rf"^## {re.escape(claim.title)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert shown(name).strip() in section
    assert f"$ {claim.command}\n" in section
    assert said(name).strip() in section


@pytest.mark.parametrize(("name", "claim"), CLAIMS.items())
def test_a_recording_is_of_the_command_that_the_claim_has_now(name, claim):
    assert load(name).command == claim.command


@pytest.mark.parametrize("name", CLAIMS)
def test_the_numbers_and_the_screen_are_of_the_same_run(name):
    kept = load(name)
    numbers = set(re.findall(r"\d+(?:\.\d+)?", "\n".join(kept.screen)))
    assert {f"{one.test_score:.3g}" for one in kept.teams} <= numbers


@pytest.mark.parametrize("name", CLAIMS)
def test_a_command_took_less_than_a_minute(name):
    assert load(name).seconds < 60


def test_the_page_begins_with_all_verdicts_and_says_where_they_were_found():
    assert summary().strip() in PAGE
    assert origin().strip() in PAGE
    assert re.search(r"Recorded \d{4}-\d\d-\d\d on .+, \d+ cores, \w+, Python 3\.\d+\.\d+, NumPy \d", PAGE)


def test_the_machine_is_described_but_not_named():
    assert set(claim_recordings.machine()) == {"processor", "cores", "system", "python", "numpy"}
    assert platform.node() not in claim_recordings.machine().values()


def test_there_is_no_recording_without_a_claim():
    assert {path.name for path in FOLDER.iterdir()} == {path_of(name).name for name in CLAIMS}


def test_an_unknown_claim_is_not_renewed():
    with pytest.raises(SystemExit, match=r"usage: .*faster"):
        main(["--renew", "slower"])


def test_a_recording_is_read_as_it_was_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(claim_recordings, "FOLDER", tmp_path)
    lost = network("relu", 0.0, train_loss=float("inf"), dead=None, gradient_ratio=None, diverged=True)
    kept = replace(recording(team("relu"), [replace(lost, rate=1.0)]), screen=("a ◂", ""))
    save("one", kept)
    assert load("one") == kept
    assert json.loads((tmp_path / "one.json").read_text("utf-8"))["networks"][-1][6] == "inf"


def test_the_last_epoch_counts_and_the_first_that_reaches_the_target():
    rows = [
        {"function": "relu", "depth": 2, "rate": 0.1, "seed": 0, "epoch": epoch, "train_loss": 1.0}
        | {"train_score": 1.0, "test_score": score, "dead": [0.0, 0.5], "gradient": [1.0, 9.0, 4.0]}
        | {"diverged": False}
        for epoch, score in enumerate((0.1, 0.9, 0.8, 0.95))
    ]
    (found,) = last_epochs(rows)
    assert (found.epochs, found.epochs_to_target, found.test_score) == (3, 1, 0.95)
    assert (found.dead, found.gradient_ratio) == (0.25, 0.25)
    (lost,) = last_epochs([*rows, rows[-1] | {"train_loss": "inf", "dead": [None, None], "diverged": True}])
    assert (lost.dead, lost.gradient_ratio, lost.train_loss) == (None, None, float("inf"))


def test_a_network_that_never_reaches_the_target_counts_as_later_than_the_last_epoch():
    (never,) = recording(team("relu", epochs_to_target=None)).teams
    assert never.epochs == [21] * SEEDS


def test_units_of_diverged_networks_are_not_dead_but_count():
    half = [
        replace(n, dead=None, diverged=True) if n.seed % 2 else replace(n, dead=0.4) for n in team("relu")
    ]
    (mixed,) = recording(half).teams
    assert mixed.dead == pytest.approx(0.2)
    assert mixed.diverged == SEEDS // 2


@pytest.mark.parametrize(
    ("tanh", "sigmoid", "verdict"),
    [(5, 9, Verdict.HOLDS), (3, 9, Verdict.PARTLY), (3, 3, Verdict.FAILS), (1, 2, Verdict.FAILS)],
)
def test_relu_is_faster_than_those_that_need_more_epochs(tanh, sigmoid, verdict):
    found = relu_is_faster(
        recording(
            team("relu"),
            team("tanh", epochs_to_target=tanh),
            team("sigmoid", epochs_to_target=sigmoid),
        )
    )
    assert found.verdict == verdict
    assert (
        f"`relu` 3.0 (rate 0.1), `tanh` {tanh:.1f} (rate 0.1) and `sigmoid` {sigmoid:.1f}" in found.sentence
    )


def test_the_edge_of_the_grid_is_told():
    others = team("tanh", epochs_to_target=5), team("sigmoid", epochs_to_target=9, rate=3.0)
    assert (
        "`sigmoid` took the largest rate on offer"
        in relu_is_faster(recording(team("relu"), *others)).sentence
    )


@pytest.mark.parametrize(
    ("sigmoid", "relu", "verdict"),
    [(1e-8, 0.9, Verdict.HOLDS), (1e-8, 1e-6, Verdict.PARTLY), (0.4, 0.9, Verdict.FAILS)],
)
def test_gradients_vanish_where_the_deepest_first_layer_has_none(sigmoid, relu, verdict):
    found = gradients_vanish(
        recording(
            team("sigmoid", gradient_ratio=0.7),
            team("sigmoid", depth=20, gradient_ratio=sigmoid),
            team("relu", depth=20, gradient_ratio=relu),
        )
    )
    assert found.verdict == verdict
    assert f"0.7 at 2 layers and {sigmoid:.2g} at 20 layers" in found.sentence


def deaths(function, rate, share, score=0.95, **found):
    return [replace(n, rate=rate, dead=share * (1 + NOISE[n.seed]), **found) for n in team(function, score)]


def test_units_die_where_many_more_are_dead_at_a_higher_rate():
    kills = high_rates_kill(recording(deaths("relu", 0.1, 0.004), deaths("relu", 1, 0.3)))
    assert kills.verdict == Verdict.HOLDS
    assert "0.4 % at 0.1 and 30.1 % at 1" in kills.sentence
    spares = high_rates_kill(recording(deaths("relu", 0.1, 0.004), deaths("relu", 1, 0.01)))
    assert spares.verdict == Verdict.FAILS


def test_death_beside_divergence_is_told():
    dying = [replace(n, diverged=True, dead=None) if n.seed == 0 else n for n in deaths("relu", 1, 0.3)]
    found = high_rates_kill(recording(deaths("relu", 0.1, 0.004), dying))
    assert "Networks that diverge: 1 of 8 at 1." in found.sentence
    assert "at a rate at which networks diverge too; at 0.1 and below no more than 0.4 % do" in found.sentence


def test_a_leak_repairs_where_units_live_and_accuracy_gains():
    dies = deaths("relu", 1, 0.3, 0.5)
    assert a_leak_repairs(recording(dies, team("leaky_relu", rate=1))).verdict == Verdict.HOLDS
    alike = a_leak_repairs(recording(dies, team("leaky_relu", 0.5, rate=1)))
    assert alike.verdict == Verdict.PARTLY
    assert "At no rate does the leak gain accuracy" in alike.sentence
    worse = a_leak_repairs(recording(dies, team("leaky_relu", 0.2, rate=1)))
    assert "It loses accuracy, beyond chance: `leaky_relu` 20.2 % against 50.2 % at 1." in worse.sentence
    assert a_leak_repairs(recording(dies, deaths("leaky_relu", 1, 0.1))).verdict == Verdict.FAILS


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ((0.95, 0.95, 0.95), Verdict.FAILS),
        ((0.95, 0.95, 0.80), Verdict.PARTLY),
        ((0.95, 0.80, 0.70), Verdict.HOLDS),
    ],
)
def test_alpha_matters_as_far_as_its_range_is_narrow(scores, verdict):
    names = [f"leaky_relu:alpha={alpha}" for alpha in (0.01, 0.1, 1)]
    found = alpha_matters(recording(*(team(n, s) for n, s in zip(names, scores, strict=True))))
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [(0.99, 0.8, Verdict.HOLDS), (0.95, 0.8, Verdict.PARTLY), (0.95, 0.95, Verdict.FAILS)],
)
def test_layers_differ_where_a_mixture_is_better_or_the_order_matters(first, second, verdict):
    found = layers_differ(
        recording(team("relu"), team("tanh", 0.9), team("relu/tanh", first), team("tanh/relu", second))
    )
    assert found.verdict == verdict


def test_generalisation_differs_by_those_that_the_test_set_tells_apart():
    level = generalisation_differs(recording(team("relu"), team("gelu"), team("identity", 0.5)))
    assert level.verdict == Verdict.FAILS
    assert "`identity`) it is 50.2 %" in level.sentence
    apart = generalisation_differs(recording(team("relu"), team("sine", 0.8), team("gelu")))
    assert apart.verdict == Verdict.PARTLY
    assert "Worse than `relu`, beyond chance: `sine` by 15.0 points." in apart.sentence

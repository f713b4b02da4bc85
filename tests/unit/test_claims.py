"""The claims page is in step with its recordings, and the verdicts follow from the numbers."""

import platform
import re
import statistics

import pytest
import recordings
from recordings import FOLDER, Contender, Recording, contenders, load, save
from study import CLAIMS, main, origin, section, summary
from verdicts import (
    Verdict,
    a_leak_repairs,
    alpha_matters,
    generalisation_differs,
    gradients_vanish,
    high_rates_kill,
    layers_differ,
    relu_is_faster,
)

PAGE = (FOLDER / "README.md").read_text("utf-8")
NOISE = (0.01, -0.02, 0.005, 0.0, -0.01, 0.015, -0.005, 0.02)
HOLDS, PARTLY, FAILS = Verdict


def contender(function, score=0.95, *, dead=0.0, epochs=3, rate=0.1, depth=2, gradient_ratio=1.0, diverged=0):
    """Eight networks that scatter a little around these numbers; no two functions by the same amounts."""
    tilt = 1 + sum(map(ord, function)) % 3 / 10
    return Contender(
        function=function,
        depth=depth,
        rate=rate,
        diverged=diverged,
        gap=1 - score,
        gradient_ratio=gradient_ratio,
        test_scores=tuple(score + noise * tilt for noise in NOISE),
        epochs=(epochs,) * len(NOISE),
        dead=tuple(None if i < diverged else dead * (1 + noise) for i, noise in enumerate(NOISE)),
    )


def recording(*own):
    return Recording("actcli compare", "2026-01-01", {}, 1.0, ("a ◂", ""), own)


@pytest.mark.parametrize(("name", "claim"), CLAIMS.items())
def test_the_page_shows_each_claim_with_its_command_output_and_verdict(name, claim):
    text = re.search(rf"^## {re.escape(claim.title)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert load(name).command == claim.command
    assert f"$ {claim.command}\n" in text
    assert section(name).strip() in text


@pytest.mark.parametrize("name", CLAIMS)
def test_the_numbers_and_the_screen_are_of_the_same_run(name):
    kept = load(name)
    shown = re.findall(r"\d\.(\d+)", "\n".join(kept.screen))
    for one in kept.contenders:
        assert any(round(one.test_score * 10 ** len(digits)) == int(digits) for digits in shown)


def test_the_page_begins_with_all_verdicts_and_their_origin():
    assert summary().strip() in PAGE
    assert origin().strip() in PAGE
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CLAIMS)


def test_the_machine_is_described_without_its_name():
    assert set(recordings.machine()) == {"processor", "cores", "system", "python", "numpy"}
    assert platform.node() not in recordings.machine().values()


def test_an_unknown_claim_is_refused():
    with pytest.raises(SystemExit, match=r"usage: .*faster"):
        main(["slower"])


def test_a_recording_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    kept = recording(contender("relu"), contender("relu", 0.0, rate=1.0, gradient_ratio=None, diverged=8))
    save("one", kept)
    assert load("one") == kept


def test_contenders_are_made_from_the_epochs_of_every_network():
    def rows(seed, scores, *, diverged=False):
        base = {"function": "relu", "depth": 2, "rate": 0.1, "seed": seed, "train_score": 1.0}
        measured = {"dead": [0.0, 0.5], "gradient": [1.0, 9.0, 4.0], "diverged": False}
        lost = {"dead": [None, None], "gradient": [None, None, None], "diverged": True}
        last = len(scores) - 1
        return [
            base | {"epoch": i, "test_score": score} | (lost if diverged and i == last else measured)
            for i, score in enumerate(scores)
        ]

    (one,) = contenders([*rows(0, (0.1, 0.9, 0.8, 0.95)), *rows(1, (0.1, 0.2, 0.3, 0.0), diverged=True)])
    assert one.epochs == (1, 4)  # the second never reaches 0.9
    assert one.test_scores == (0.95, 0.0)
    assert (one.dead, one.dead_share, one.diverged) == ((0.25, None), 0.125, 1)
    assert one.gradient_ratio == 0.25
    assert one.gap == pytest.approx(statistics.fmean((0.05, 1.0)))


def faster(tanh, sigmoid):
    return relu_is_faster(
        recording(
            contender("relu"), contender("tanh", epochs=tanh), contender("sigmoid", epochs=sigmoid, rate=3.0)
        )
    )


def vanish(sigmoid, relu):
    deep = contender("sigmoid", depth=20, gradient_ratio=sigmoid)
    return gradients_vanish(
        recording(contender("sigmoid"), deep, contender("relu", depth=20, gradient_ratio=relu))
    )


def kill(share, diverged=0):
    high = contender("relu", rate=1.0, dead=share, diverged=diverged)
    return high_rates_kill(recording(contender("relu", dead=0.004), high))


def leak(score, dead=0.0):
    return a_leak_repairs(
        recording(
            contender("relu", 0.5, rate=1.0, dead=0.3), contender("leaky_relu", score, rate=1.0, dead=dead)
        )
    )


def alphas(*scores):
    pairs = zip((0.01, 0.1, 1), scores, strict=True)
    return alpha_matters(recording(*(contender(f"leaky_relu:alpha={alpha}", s) for alpha, s in pairs)))


def layers(first, second):
    mixed = contender("relu/tanh", first), contender("tanh/relu", second)
    return layers_differ(recording(contender("relu"), contender("tanh", 0.9), *mixed))


def generalise(sine):
    others = contender("gelu"), contender("sine", sine), contender("identity", 0.5)
    return generalisation_differs(recording(contender("relu"), *others))


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason"),
    [
        (faster(5, 9), HOLDS, "`sigmoid` is the largest one tried"),
        (faster(3, 9), PARTLY, "No significant difference from `relu`: `tanh`"),
        (faster(1, 2), FAILS, "faster: `tanh` and `sigmoid`"),
        (vanish(1e-8, 0.9), HOLDS, "1 at 2 layers and 1e-08 at 20 layers"),
        (vanish(1e-8, 1e-6), PARTLY, "1e-06 for `relu`"),
        (vanish(0.4, 0.9), FAILS, "0.4 at 20 layers"),
        (kill(0.3), HOLDS, "0.4 % at 0.1 and 30.1 % at 1"),
        (kill(0.3, diverged=1), HOLDS, "1 of 8 at 1"),
        (kill(0.01), FAILS, "1.0 % at 1"),
        (leak(0.95), HOLDS, "`leaky_relu` 95.2 % against 50.2 % at 1"),
        (leak(0.5), PARTLY, "At no rate"),
        (leak(0.2), PARTLY, "less accurate: `leaky_relu` 20.2 %"),
        (leak(0.95, dead=0.1), FAILS, "of `leaky_relu`: 10.0 % at 1"),
        (alphas(0.95, 0.95, 0.95), FAILS, "3 of 3 values"),
        (alphas(0.95, 0.95, 0.80), PARTLY, "a factor of 10"),
        (alphas(0.95, 0.80, 0.70), HOLDS, "0.1 by 15.0 points"),
        (layers(0.99, 0.8), HOLDS, "better than that: `relu/tanh`"),
        (layers(0.95, 0.8), PARTLY, "`relu/tanh` 95.2 % against"),
        (layers(0.95, 0.95), FAILS, "no significant difference"),
        (generalise(0.95), FAILS, "Without an activation (`identity`) it is 50.2 %"),
        (generalise(0.8), PARTLY, "`sine` by 15.0 points"),
    ],
)
def test_a_verdict_follows_from_the_numbers(outcome, verdict, reason):
    assert outcome[0] == verdict
    assert reason in outcome[1]

"""An epoch's report is a small table and one sentence, HTML in a notebook, numbers for a logger, a limit to keep."""

import io
import sys

import numpy as np
import pytest

from actcli import Recorder
from actcli.exits import ExitStatus, UsageError
from actcli.recording.epoch_report import DeadUnitsError


def reports(*epochs, samples=400, units=6):
    """The reports of epochs, each a mapping from layer to the units that are silent, or "nan" for a broken one."""
    recorder = Recorder()
    for layers in epochs:
        for layer, dead in layers.items():
            h = np.abs(np.random.default_rng(0).normal(size=(samples, units)))
            h[:, list(dead) if dead != "nan" else []] = 0
            h[0, 0] = np.nan if dead == "nan" else h[0, 0]
            recorder.add(layer, h)
        yield recorder.epoch()


def test_a_line_per_layer_and_one_sentence():
    _, report = reports({"conv1": (), "fc": ()}, {"conv1": (1, 2), "fc": (3,)})
    lines = str(report).splitlines()
    assert lines[0] == "epoch 2: 400 samples"
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:-2] if line}
    assert rows["conv1"] == ["6", "2", "33.3", "2", "0"]
    assert rows["fc"] == ["6", "1", "16.7", "1", "0"]
    assert rows["all"] == ["12", "3", "25", "3", "0"]
    sentence = " ".join(lines[-2:])
    assert "3 of 12 units (25 %) are dead" in sentence
    assert "most in conv1 (2)" in sentence
    assert "p < " in sentence
    assert "3 died and none revived since epoch 1" in sentence


def test_the_first_epoch_is_not_compared():
    (report,) = reports({"conv1": (1,)})
    assert "newly dead" not in str(report)
    assert "since" not in str(report)


def test_units_that_gave_nan_stand_in_the_sentence():
    (report,) = reports({"conv1": "nan"})
    assert "1 gave NaN or inf" in str(report)


def test_a_unit_that_fires_rarely_may_be_silent_by_chance_and_then_not():
    recorder = Recorder()
    h = np.ones((400, 5))
    h[1:, 2] = 0
    recorder.add("fc", h)
    recorder.epoch()
    h[:, 2] = 0
    recorder.add("fc", h)
    report = recorder.epoch()
    assert (report.dead, report.newly_dead) == (1, 0)
    assert "1 more change may be chance" in " ".join(str(report).split())
    h[0, 2] = 1
    recorder.add("fc", h)
    report = recorder.epoch()
    assert (report.dead, report.revived) == (0, 0)
    assert "1 more change may be chance" in " ".join(str(report).split())


def test_a_large_network_shows_the_layers_in_which_units_die():
    first, second = ({f"blocks.{i}.mlp.activation_function": dead for i in range(60)} for dead in ((), (1,)))
    second["blocks.41.mlp.activation_function"] = (1, 2, 3)
    _, report = reports(first, second)
    text = str(report)
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) < 25
    assert "41" in text
    assert "49 other layers" in text
    assert report.scalars()["dead/blocks.41.mlp.activation_function"] == 0.5


def test_a_name_is_harmless_in_text_and_in_html():
    (report,) = reports({"<b>\x1b[31m\n": (1,)})
    assert "\x1b" not in str(report)
    html = report._repr_html_()
    assert "&lt;b&gt;" in html
    assert "\x1b" not in html


def test_a_terminal_without_box_characters_gets_ascii(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    (report,) = reports({"größe": (1,)})
    assert str(report).isascii()


def test_numbers_for_a_logger():
    _, report = reports({"conv1": (0,), "fc": ()}, {"conv1": (1,), "fc": ()})
    assert report.scalars() == {
        "dead/conv1": pytest.approx(1 / 6),
        "dead/fc": 0,
        "dead_share": pytest.approx(1 / 12),
        "newly_dead": 1,
        "revived": 1,
    }


def test_a_limit_fails_only_where_the_samples_prove_it():
    (few,) = reports({"conv1": (1, 2, 3)}, samples=20)
    with pytest.warns(UserWarning, match="20 samples are too few"):
        few.fail_above(0.05)
    assert few.judge(0.05).status == "not enough data"
    (many,) = reports({"conv1": (1, 2, 3)}, samples=2000)
    many.fail_above(0.5)
    with pytest.raises(DeadUnitsError, match=r"epoch 1: .*limit of 5 %.*50 %") as caught:
        many.fail_above(0.05)
    assert caught.value.status == ExitStatus.FOUND


def test_no_limit_allows_nan():
    (report,) = reports({"conv1": "nan"})
    with pytest.raises(DeadUnitsError, match="NaN"):
        report.fail_above(0.9)


@pytest.mark.parametrize("limit", [-0.1, 1.5, float("nan"), "5%", None, True])
def test_a_limit_is_a_share(limit):
    (report,) = reports({"conv1": ()})
    with pytest.raises(UsageError, match="share"):
        report.fail_above(limit)

import re
from dataclasses import replace

import pytest
from training_runs import layer, run_of

from actcli.analysis.timeline.timeline import Epoch, Timeline, new_run, timeline_of
from actcli.exits import DataError


def test_epochs_have_names_samples_and_layers():
    timeline = run_of({"a": ["..x"], "b": ["...", "xxx"]}, run="r")

    assert (timeline.layers, timeline.last.number, timeline.last.samples) == (("a", "b"), 3, 1000)
    assert timeline.last.name == "epoch 3"
    assert replace(timeline.last, label="after the drop").name == "after the drop"
    assert timeline.last.state("b").units == 2
    assert timeline.last.state("c") is None


def test_layers_appear_and_vanish():
    a, b = layer("a", ["."], 0), layer("b", ["."], 0)
    timeline = Timeline((Epoch(0, (a,)), Epoch(5, (b,)), Epoch(6, (b, a))))

    assert timeline.layers == ("a", "b")


def test_append_gives_a_new_timeline_of_the_same_run():
    timeline = run_of({"a": [".."]}, run="r")
    longer = timeline.append(Epoch(7, (layer("a", ["x"], 0),)))

    assert [epoch.number for epoch in longer.epochs] == [1, 2, 7]
    assert (longer.run, len(timeline.epochs)) == ("r", 2)
    with pytest.raises(DataError, match="epoch 7 after epoch 7"):
        longer.append(Epoch(7, (layer("a", ["x"], 0),)))


def test_every_run_has_its_own_identity():
    first, second = new_run(), new_run()

    assert first != second
    assert re.fullmatch(r"[0-9a-f]{32}", first)


def test_several_statistics_are_epochs_from_1():
    timeline = timeline_of([("e1.npz", (layer("a", ["."], 0),)), ("e2.npz", (layer("a", ["x"], 0),))])

    assert [(epoch.number, epoch.label) for epoch in timeline.epochs] == [(1, "e1.npz"), (2, "e2.npz")]


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ((), "at least one epoch"),
        ((Epoch(1, ()),), "epoch 1: has no layer"),
        ((Epoch(-1, (layer("a", ["."], 0),)),), "epoch -1: the numbers"),
        ((Epoch(2, (layer("a", ["."], 0),)), Epoch(1, (layer("a", ["."], 0),))), "epoch 1 after epoch 2"),
        ((Epoch(1, (layer("a", ["."], 0), layer("a", ["."], 0))),), "layer 'a' is there twice"),
        (
            (Epoch(1, (layer("a", ["."], 0),)), Epoch(2, (layer("a", [".", "."], 0),))),
            "1 units in epoch 1 and 2 in epoch 2",
        ),
        (
            (Epoch(1, (layer("a", ["."], 0),)), Epoch(2, (layer("a", ["."], 0, function="tanh"),))),
            "relu in epoch 1 and tanh in epoch 2",
        ),
    ],
)
def test_epochs_that_are_not_of_one_run(epochs, message):
    with pytest.raises(DataError, match=message):
        Timeline(epochs)

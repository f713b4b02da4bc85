"""--unit-axis: of which layers it is, what contradicts it, what there is not."""

from dataclasses import replace

import pytest

from actcli.exits import UsageError
from actcli.sources.records.unit_axis import Head, LayerAxis, UnitAxes, unit_axes

TOKENS = Head("tok", (8, 16, 4), "net.npz:tok")
IMAGES = Head("conv", (8, 3, 5, 7), "net.npz:conv")
DENSE = Head("fc", (8, 10), "net.npz:fc")
TEXT = Head("stdin", None, "stdin")


def axes(*texts, of):
    """The axis of each layer, and the notes."""
    settled, notes = unit_axes(texts).settle(of)
    return [settled.of(head) for head in of], notes


def test_a_bare_axis_is_for_layers_whose_number_of_axes_does_not_tell():
    found, (note,) = axes("2", of=[TOKENS, IMAGES, DENSE])
    assert found == [2, 1, 1]
    assert "units of conv, fc are axis 1" in note
    assert "LAYER=2" in note


@pytest.mark.parametrize("number", ["-1", "2"])
def test_a_minus_one_is_the_last_axis_of_what_needs_it_and_moves_nothing_else(number):
    found, notes = axes(number, of=[TOKENS, IMAGES])
    assert found == [2, 1]
    assert "units of conv are axis 1" in notes[0]


def test_what_agrees_needs_no_note():
    assert axes("1", of=[TOKENS, IMAGES, DENSE]) == ([1, 1, 1], ())
    assert axes("-1", of=[TOKENS, DENSE]) == ([2, 1], ())
    assert axes(of=[IMAGES, DENSE]) == ([1, 1], ())


def test_a_layer_by_its_name_or_a_pattern_whatever_its_axes_and_the_last_one_holds():
    assert axes("conv=-1", "tok=1", of=[TOKENS, IMAGES, DENSE]) == ([1, 3, 1], ())
    assert axes("c*=-1", "conv=2", "-1", of=[TOKENS, IMAGES]) == ([2, 2], ())
    assert unit_axes(["a=b=3"]).of_layers == (("a=b", 3),)


def test_the_only_layer_is_meant_by_a_bare_axis():
    assert axes("3", of=[IMAGES]) == ([3], ())
    assert axes("-1", of=[IMAGES, IMAGES]) == ([3, 3], ())


def test_a_bare_axis_that_nobody_needs_and_some_contradict():
    said = r"--unit-axis 3: no layer needs it.*conv are axis 1 of its 4; .*'conv=3' .* '\*=3'"
    with pytest.raises(UsageError, match=said):
        axes("3", of=[DENSE, IMAGES])
    assert axes("*=-1", of=[DENSE, IMAGES]) == ([1, 3], ())


def test_a_layer_that_there_is_not():
    with pytest.raises(UsageError, match=r"--unit-axis cnv=1: no layer .*; there are tok, conv"):
        axes("cnv=1", of=[TOKENS, IMAGES])


def test_the_axis_that_is_asked_for_names_the_layer():
    with pytest.raises(UsageError, match=r"--unit-axis tok=1 .*--unit-axis tok=-1"):
        axes(of=[IMAGES, TOKENS])
    with pytest.raises(UsageError, match=r"axis 0 of net\.npz:tok is the samples"):
        axes("tok=-3", of=[TOKENS])
    with pytest.raises(UsageError, match="its axes are 0 to 3"):
        axes("conv=4", of=[DENSE, IMAGES])


@pytest.mark.parametrize(
    "shape",
    [(600, 8, 8, 24), (600, 8, 8, 8), (600, 1, 1, 24), (60, 4, 4, 4, 24), (60, 4, 4, 5, 3), (60, 7, 9)],
)
def test_a_shape_that_reads_two_ways_is_refused_with_both_and_the_option(shape):
    head = Head("c", shape, "c.npy")
    with pytest.raises(UsageError) as error:
        axes(of=[head, DENSE])
    for words in (f"c=1 takes {shape[1]} units", f"c=-1 takes {shape[-1]} units", "'*=-1'"):
        assert words in str(error.value)
    assert axes("c=-1", of=[head, DENSE])[0] == [len(shape) - 1, 1]
    assert axes("c=1", of=[head, DENSE])[0] == [1, 1]
    assert axes("-1", of=[head, DENSE]) == ([len(shape) - 1, 1], ())
    assert axes("*=-1", of=[head, IMAGES])[0] == [len(shape) - 1, 3]


@pytest.mark.parametrize("shape", [(600, 24, 8, 8), (600, 8, 7, 7), (60, 3, 4, 4, 4), (60, 24, 1, 1)])
def test_channels_before_positions_need_no_option(shape):
    assert axes(of=[Head("c", shape, "c.npy"), DENSE]) == ([1, 1], ())


def model_axes(*texts, of, layers):
    """The axis of each layer, with layers of m.onnx known."""
    known = tuple(LayerAxis(*layer, "m.onnx") for layer in layers)
    settled, notes = replace(unit_axes(["m.onnx", *texts]), of_models=known).settle(of)
    return [settled.of(head) for head in of], notes


def test_recordings_named_like_a_models_layers_take_its_axes():
    square, tokens = Head("c", (600, 8, 8, 24), "c.npy"), Head("t", (600, 9, 5), "t.npy")
    known = [("c", 3, 4, 24), ("t", -1, 0, 5)]
    assert model_axes(of=[square, tokens, DENSE], layers=known) == ([3, 2, 1], ())
    assert model_axes("c=1", of=[square, tokens], layers=known)[0] == [1, 2]
    # recorded with the channels last where the model has them first: the number of units tells
    assert model_axes(of=[square, DENSE], layers=[("c", 1, 4, 24)])[0] == [3, 1]
    assert model_axes(of=[Head("c", (600, 24, 24, 8), "c.npy")], layers=[("c", 2, 4, 24)])[0] == [2]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([("c", 1, 4, 8), ("d", 1, 2, 8)], None),
        ([("c", 3, 4, 12)], "12 units"),
        ([("c", 3, 5, 8)], "8 units"),
        ([("other", 1, 4, 24)], "no recording has the name"),
        ([], "there is none"),
    ],
)
def test_a_model_that_does_not_fit_the_recordings(layers, words):
    square = Head("c", (600, 8, 8, 24), "c.npy")
    if words is None:
        assert model_axes(of=[square], layers=layers)[0] == [1]
        return
    with pytest.raises(UsageError, match=words):
        model_axes(of=[square], layers=layers)


@pytest.mark.parametrize("text", ["", "x", "1.5", "=1", "conv=", "conv=x", "--1", "99", "conv=9999", "١"])
def test_no_axis(text):
    with pytest.raises(UsageError, match="--unit-axis"):
        unit_axes([text])


def test_of_text_a_column_is_a_unit():
    assert UnitAxes(-1, for_all=True).of(TEXT) == 1
    with pytest.raises(UsageError, match="--unit-axis 2: a line of stdin is a sample"):
        UnitAxes(2, for_all=True).of(TEXT)

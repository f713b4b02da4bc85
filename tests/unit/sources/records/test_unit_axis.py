"""--unit-axis: of which layers it is, what contradicts it, what there is not."""

import pytest

from actcli.exits import UsageError
from actcli.sources.records.unit_axis import Head, UnitAxes, unit_axes

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
    with pytest.raises(UsageError, match=r"--unit-axis tok=1 or --unit-axis tok=-1"):
        axes(of=[IMAGES, TOKENS])
    with pytest.raises(UsageError, match=r"axis 0 of net\.npz:tok is the samples"):
        axes("tok=-3", of=[TOKENS])
    with pytest.raises(UsageError, match="its axes are 0 to 3"):
        axes("conv=4", of=[DENSE, IMAGES])


@pytest.mark.parametrize("text", ["", "x", "1.5", "=1", "conv=", "conv=x", "--1", "99", "conv=9999", "١"])
def test_no_axis(text):
    with pytest.raises(UsageError, match="--unit-axis"):
        unit_axes([text])


def test_of_text_a_column_is_a_unit():
    assert UnitAxes(-1, for_all=True).of(TEXT) == 1
    with pytest.raises(UsageError, match="--unit-axis 2: a line of stdin is a sample"):
        UnitAxes(2, for_all=True).of(TEXT)

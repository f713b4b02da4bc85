"""Names of layers in a column: short enough, one line, told apart."""

import pytest
from rich.cells import cell_len

from actcli.render.output.surface import Surface
from actcli.render.table.layer_names import fit_names

BLOCKS = [f"/model/backbone/stage{i // 4}/blocks.{i}/act/Relu_output_0" for i in range(24)]


def surface(*, unicode=True):
    return Surface(80, unicode, color=False, encoding="utf-8" if unicode else "ascii", live=False)


def test_names_that_fit_stay_as_they_are():
    assert fit_names(["conv1", "fc"], 5, surface()) == ["conv1", "fc"]


def test_what_all_share_goes_first():
    names = fit_names(BLOCKS[3:5], 20, surface())
    assert names == ["…stage0/blocks.3…", "…stage1/blocks.4…"]


def test_no_more_of_what_all_share_goes_than_has_to():
    assert fit_names(BLOCKS[3:5], 30, surface()) == [
        "…backbone/stage0/blocks.3…",
        "…backbone/stage1/blocks.4…",
    ]
    trained = [f"relu lr 0.1 layer {i}" for i in (1, 2)]
    assert fit_names(trained, 14, surface()) == ["…0.1 layer 1", "…0.1 layer 2"]
    assert fit_names(trained, 9, surface()) == ["…layer 1", "…layer 2"]
    assert fit_names(trained, 4, surface()) == ["…1", "…2"]


def test_a_number_in_front_where_the_cut_names_would_be_alike():
    names = fit_names(
        [f"block{i}.activation.of.the.{kind}" for i in range(3) for kind in ("in", "out")], 16, surface()
    )
    assert [name.split()[0] for name in names] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("room", [12, 16, 20, 28, 40])
def test_no_two_look_alike(room, unicode):
    names = fit_names(BLOCKS, room, surface(unicode=unicode))
    assert len(set(names)) == len(BLOCKS)
    assert max(map(cell_len, names)) <= room
    assert unicode or "".join(names).isascii()


@pytest.mark.parametrize("room", [12, 20, 60])
def test_wide_characters_and_hostile_ones(room):
    names = fit_names(["層" * 40, "[red]\x1b[31m" * 9, "a\nb"], room, surface())
    assert max(map(cell_len, names)) <= room
    assert all(name.isprintable() for name in names)
    assert names[2] == r"a\nb"


def test_one_long_name_keeps_its_ends():
    (name,) = fit_names(["/backbone/stage3/blocks.11/conv/Relu_output_0"], 20, surface())
    assert name == "/backbo…elu_output_0"

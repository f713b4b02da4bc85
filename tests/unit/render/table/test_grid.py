"""Tables without a frame: alignment, widths, headings of several lines, colours."""

import re

import pytest

from actcli.render.output.surface import Surface
from actcli.render.table.grid import GridColumn, draw_grid


def drawn(*columns, unicode=True, color=False):
    return draw_grid(columns, Surface(80, unicode, color, "utf-8", live=False))


def test_columns_are_as_wide_as_their_widest_text():
    names, numbers = GridColumn("name", ["a", "日本語"], left=True), GridColumn("x", ["1", "123"])
    assert drawn(names, numbers) == "name      x\n───────────\na         1\n日本語  123\n"


def test_headings_stand_at_the_bottom_and_cells_at_the_top():
    columns = GridColumn("epoch", ["0"]), GridColumn("relu\nlr 0.1", ["a\nb"])
    assert drawn(*columns) == "         relu\nepoch  lr 0.1\n─────────────\n    0       a\n            b\n"


def test_a_surface_without_box_characters():
    assert drawn(GridColumn("µ", ["–"]), unicode=False).isascii()


@pytest.mark.parametrize("style", ["dim", "bold red", ""])
def test_colours_change_no_place(style):
    columns = GridColumn("name", ["ab", ""], [style, style]), GridColumn("n", ["1", "2"])
    plain, painted = drawn(*columns), drawn(*columns, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert "\x1b[1m" in painted
    assert painted.count("\x1b") == (8 if style else 6)

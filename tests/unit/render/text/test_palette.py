"""The palette: contrast, readers with a colour deficiency, and no two curves alike."""

from itertools import combinations

import numpy as np
import pytest

from actcli.render.text.palette import NIGHT, PAPER, contrast, look_of, text_ink
from actcli.render.text.theme import THEMES

# Machado, Oliveira and Fernandes 2009, severity 1; for linear light
DEFICIENCIES = {
    "none": np.eye(3),
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(ink, deficiency):
    """Lightness and two hues of a colour (CIE 1976, D65), as such a reader sees it."""
    shares = np.array([int(ink[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.asarray(DEFICIENCIES[deficiency]) @ light, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ light
    x, y, z = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(("inks", "page"), [(PAPER, "#ffffff"), (NIGHT, "#0d1117")])
def test_colours_are_seen_and_their_texts_can_be_read(inks, page):
    assert all(contrast(ink, page) >= 3 for ink in inks)
    assert all(contrast(text_ink(ink, page), page) >= 4.5 for ink in inks)


def test_contrast_of_black_and_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("inks", [PAPER, NIGHT])
def test_every_reader_sees_different_colours(inks, deficiency):
    seen = [lab(ink, deficiency) for ink in inks]
    # 2.3 is a difference that is just noticed
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 4 * 2.3
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen[:4], 2)) > 7 * 2.3


@pytest.mark.parametrize("name", THEMES)
def test_no_two_of_forty_curves_look_the_same(name):
    theme = THEMES[name]
    assert len(set(theme.inks)) == len(theme.inks) == len(set(theme.night)) == len(theme.night)
    assert len({look_of(i, len(theme.inks)) for i in range(40)}) == 40


def test_colours_come_before_line_styles():
    assert all(not look_of(i, 8).dash for i in range(8))
    assert look_of(8, 8).dash
    assert look_of(8, 8).ink == 0

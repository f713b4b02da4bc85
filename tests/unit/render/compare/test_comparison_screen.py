"""A comparison as a person sees it."""

import re

import pytest
from comparisons import COLUMNS, CONTENDERS, GELU, INF, comparison, sweep
from rendering import terminal

from actcli.analysis.compare.result import Column, Contender
from actcli.render.compare.comparison_screen import comparison_screen
from actcli.render.output.surface import Surface


def screen(found, width=80, digits=None, chart="", **more):
    return comparison_screen(
        found, Surface.of(terminal(size=(width, 24), **more), to_file=False), digits, chart
    )


def test_the_lines_of_a_long_stack_begin_below_each_other():
    lines = screen(
        comparison([Contender("relu/relu/tanh/gelu/silu/mish/elu", GELU), CONTENDERS[0]])
    ).splitlines()
    assert [line.rstrip() for line in lines[:2]] == [
        "                    relu/relu/tanh/",
        "                    gelu/silu/mish/elu       relu",
    ]


def test_nan_that_was_given_is_no_missing_number():
    found = Contender(
        "relu", {"infimum": 0.0}, {"worst": [{"index": 3, "theirs": float("nan"), "ulp": None}]}
    )
    lines = screen(comparison([found], shown=("worst",))).splitlines()
    assert lines[-1].split() == ["3", "nan", "–"]


def test_a_column_that_says_what_another_does_is_left_out():
    columns = (Column("all", "largest"), Column("finite", "largest finite", unlike="all"))
    same, other = (
        Contender("relu", {"all": 1.0, "finite": 1.0}),
        Contender("gelu", {"all": INF, "finite": 1.0}),
    )
    assert "finite" not in screen(comparison([same], columns))
    assert "largest finite     1" in screen(comparison([other], columns))


def test_contenders_beside_each_other():
    assert screen(comparison()) == (
        "                                           leaky_relu:\n"
        "                       relu        gelu    alpha=0.25\n"
        "────────────────────────────────────────────────────────\n"
        "infimum                   0    -0.16997             -∞\n"
        "no gradient           x ≤ 0        none              –\n"
        "explained variance  0.81831        0.95 ◂            –\n"
        "smooth                   no         yes ◂          yes ◂\n"
        "float16\n"
        "  largest error         0.1 ◂      0.25              –\n"
        "  time, ns              2.5 ◂        12            2.5 ◂\n"
        "◂ the best of its row\n"
    )


def test_in_ascii():
    shown = screen(comparison(), encoding="ascii")
    assert shown.isascii()
    assert "explained variance  0.81831        0.95 *            -\n" in shown
    assert "no gradient          x <= 0" in shown
    assert shown.endswith("* the best of its row\n")


def test_many_contenders_below_each_other():
    lines = screen(sweep(12, COLUMNS[2:3] + COLUMNS[4:5]), width=80).splitlines()
    assert len(lines) == 3 + 12 + 1
    assert lines[:2] == [
        "              explained    float16 largest",
        "               variance              error",
    ]
    assert lines[3].split() == ["silu:beta=1", "0.0625", "1"]
    assert lines[-2].split() == ["silu:beta=12", "0.75", "◂", "0.083333", "◂"]
    assert lines[-1] == "◂ the best of its column"


def test_headings_are_folded_as_far_as_the_width_asks():
    wide, narrow = (screen(sweep(12, COLUMNS[2:3] + COLUMNS[4:5]), width) for width in (80, 41))
    assert narrow.splitlines()[:3] == [
        "                            float16",
        "              explained     largest",
        "               variance       error",
    ]
    assert narrow.split() != wide.split()
    assert [line.split() for line in narrow.splitlines()[4:]] == [
        line.split() for line in wide.splitlines()[3:]
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_is_too_wide_comes_in_blocks(width):
    several = [Contender(f"leaky_relu:alpha={i}", CONTENDERS[0].values) for i in range(9)]
    shown = screen(comparison(several), width)
    assert max(map(len, shown.splitlines())) <= width
    assert sorted(re.findall(r":alpha=(\d)", shown)) == list("012345678")
    assert shown.count("──\n") == shown.count("infimum") == {40: 9, 60: 5}.get(width, 1)


def test_the_best_of_all_blocks_is_marked_once():
    values = [{**CONTENDERS[0].values, "explained": i / 10} for i in range(9)]
    several = [Contender(f"softplus:beta={i},threshold=20", v) for i, v in enumerate(values)]
    shown = screen(comparison(several, COLUMNS), 60)
    assert shown.count("explained variance") > 1
    assert re.findall(r"(\S+) ◂", shown) == ["0.8"]


def test_colour_adds_to_the_mark():
    shown = screen(comparison(), color_choice="always")
    assert re.search("\x1b\\[1;32m +0.95 ◂\x1b\\[0m", shown)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "".join(f"{line.rstrip()}\n" for line in plain.splitlines()) == screen(comparison())


def test_digits():
    shown = screen(comparison(), digits=12)
    assert "0.818309886184" in shown
    assert "-0.16997120748 " in shown


def test_what_no_contender_has_is_left_out():
    shown = screen(comparison([Contender("relu", {"infimum": 0.0})]))
    assert shown == "         relu\n─────────────\ninfimum     0\n"


def test_no_legend_where_nothing_is_marked():
    assert "best" not in screen(comparison(columns=COLUMNS[:2]))
    assert "best" not in screen(comparison(CONTENDERS[:1]))


def test_details_of_two_keys_stand_beside_each_other():
    shown = screen(comparison(shown=("layers",)))
    assert shown.endswith(
        "\nlayers\nlayer  relu   gelu\n──────────────────\n1       0.5   0.25\n2         ∞  0.125\n"
    )


def test_other_details_stand_by_themselves():
    worst = {
        "worst": [{"x": 0.1, "their_value": 2.0, "ulp": 3}, {"x": -1e-9, "their_value": 0.5, "ulp": 1500}]
    }
    one, two = Contender("gelu", {}, worst), Contender("erf", {}, worst)
    alone = screen(comparison([one], shown=("worst", "not there")))
    assert alone.endswith(
        "\nworst\n"
        "x      their value    ulp\n"
        "─────────────────────────\n"
        "0.1              2      3\n"
        "-1e-9          0.5  1,500\n"
    )
    both = screen(comparison([one, two], shown=("worst",)))
    assert "\nworst  gelu\n" in both
    assert "\nworst  erf\n" in both


def test_a_long_detail_is_cut_and_says_so():
    records = [{"layer": i, "signal": 1.0, "gradient": 1.0} for i in range(1, 101)]
    shown = screen(comparison([Contender("gelu", {}, {"layers": records})], shown=("layers",)))
    assert "\n60 " in shown
    assert "\n61 " not in shown
    assert shown.endswith("\nand 40 more; --format json has them all\n")


def test_notes_are_wrapped_below_a_chart():
    notes = (
        "Measured at 1000 points between -5 and 5, in float64, on two threads, and so on and so on.",
        "End.",
    )
    shown = screen(comparison(notes=notes), 60, chart="CHART\n")
    assert shown.endswith(
        "\nCHART\n\n"
        "Measured at 1000 points between -5 and 5, in float64, on two\n"
        "  threads, and so on and so on.\n"
        "End.\n"
    )


def test_what_a_user_typed_is_no_markup():
    evil = Contender("[red]x\x1b[31m\n", {"infimum": 1.0, "zero_gradient": "[bold]"})
    shown = screen(comparison([evil]))
    assert "\x1b" not in shown
    assert "[red]x[31m" in shown
    assert "[bold]" in shown


def test_an_unfinished_comparison_without_a_contender():
    assert "infimum" in screen(comparison([]))

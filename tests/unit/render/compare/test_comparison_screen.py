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
        "◂ best              gelu/silu/mish/elu      relu",
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
        "                                       leaky_relu:\n"
        "◂ best                relu     gelu    alpha=0.25\n"
        "────────────────────────────────────────────────────\n"
        "infimum                  0    -0.17             -∞\n"
        "no gradient          x ≤ 0     none              –\n"
        "explained variance  0.8183     0.95 ◂            –\n"
        "smooth                  no      yes ◂          yes ◂\n"
        "float16\n"
        "  largest error        0.1 ◂   0.25              –\n"
        "  time, ns             2.5 ◂     12            2.5 ◂\n"
    )


def test_in_ascii():
    shown = screen(comparison(), encoding="ascii")
    assert shown.isascii()
    assert "explained variance  0.8183     0.95 *            -\n" in shown
    assert "no gradient         x <= 0" in shown
    assert "\n* best " in shown


def test_many_contenders_below_each_other():
    lines = screen(sweep(12, COLUMNS[2:3] + COLUMNS[4:5]), width=80).splitlines()
    assert len(lines) == 3 + 12
    assert lines[:2] == [
        "              explained    float16 largest",
        "◂ best         variance              error",
    ]
    assert lines[3].split() == ["silu:beta=1", "0.0625", "1"]
    assert lines[-1].split() == ["silu:beta=12", "0.75", "◂", "0.08333", "◂"]


def test_headings_are_folded_as_far_as_the_width_asks():
    wide, narrow = (screen(sweep(12, COLUMNS[2:3] + COLUMNS[4:5]), width) for width in (80, 41))
    assert narrow.splitlines()[:3] == [
        "                           float16",
        "              explained    largest",
        "◂ best         variance      error",
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
    assert re.search("\x1b\\[1;38;5;29m +0.95 ◂\x1b\\[0m", shown)
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


def test_the_answer_is_wrapped_below_a_chart_and_notes_are_for_programs():
    answer = "gelu keeps 98 % of the variance of x, relu 82 %, and the others keep hardly any of it."
    shown = screen(comparison(answer=answer, notes=("Measured at 1000 points.",)), 60, chart="CHART\n")
    assert shown.endswith(
        "\nCHART\n\ngelu keeps 98 % of the variance of x, relu 82 %, and the\nothers keep hardly any of it.\n"
    )
    assert "Measured" not in shown


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (1.1803, 0.1604, "1.18 ± 0.16"),
        (25.83, 1.231, "25.8 ± 1.2"),
        (1.0, 0.00806, "1.000 ± 0.008"),
        (0.954123, 0.00723, "0.954 ± 0.007"),
        (1234.5, 23.0, "1,230 ± 20"),
        (3.4e-9, 2.1e-10, "3.4e-9 ± 2e-10"),
        (2e12, 2.6e11, "2e12 ± 3e11"),
    ],
)
def test_a_mean_has_the_digits_that_its_error_allows(mean, error, text):
    columns = (Column("mean", "mean", error="error"), Column("error", "± standard error"))
    found = comparison([Contender("relu", {"mean": mean, "error": error})], columns)
    assert screen(found).splitlines()[2:] == [f"mean  {text}"]


def test_a_mean_without_an_error_stands_alone():
    columns = (Column("mean", "mean", error="error"), Column("error", "± standard error"))
    found = comparison([Contender("relu", {"mean": 0.123456, "error": None})], columns)
    assert screen(found).splitlines()[2:] == ["mean  0.1235"]


def test_a_column_says_how_many_digits_it_is_worth():
    found = comparison([Contender("relu", {"ns": 1.23456})], (Column("ns", "time", digits=2),))
    assert screen(found).splitlines()[2:] == ["time   1.2"]
    assert screen(found, digits=5).splitlines()[2:] == ["time  1.2346"]


def test_what_a_user_typed_is_no_markup():
    evil = Contender("[red]x\x1b[31m\n", {"infimum": 1.0, "zero_gradient": "[bold]"})
    shown = screen(comparison([evil]))
    assert "\x1b" not in shown
    assert r"[red]x\x1b[31m" in shown
    assert "[bold]" in shown


def test_an_unfinished_comparison_without_a_contender():
    assert "infimum" in screen(comparison([]))

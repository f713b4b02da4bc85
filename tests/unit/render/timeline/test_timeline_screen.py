import re

import pytest
from training_runs import layer, run_of

from actcli.analysis.deadness.report import make_report
from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.timeline.course import follow_units
from actcli.analysis.timeline.timeline import Epoch, Timeline
from actcli.render.deadness.findings import Findings, View
from actcli.render.output.surface import Surface
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.screen import epochs_that_fit, timeline_screen
from actcli.render.timeline.sentences import answer


def findings(timeline):
    settings = Settings()
    return TimelineFindings(
        follow_units(timeline, settings), Findings(make_report(timeline.last.states, settings))
    )


def screen(timeline, width=80, *, units=False, unicode=True):
    surface = Surface(width, unicode=unicode, color=False, encoding="utf-8", live=False)
    return timeline_screen(findings(timeline), View(units=units), surface)


def sentence(layers, **options):
    return answer(follow_units(run_of(layers, **options), Settings()))


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({"a": ["...", "..."]}, ["No unit of 2 was dead in any of 3 epochs."]),
        ({"a": ["..x", "..."]}, ["began in epoch 3 in a (1 unit)", "1 of 2 units (50 %) is dead."]),
        ({"a": [".x.", "..."]}, ["No unit is dead in epoch 3", "1 unit revived."]),
        ({"a": ["xxx", "xxx"]}, ["In epoch 3, 2 of 2 units (100 %) are dead, all of them from the first"]),
        ({"a": ["xxx", ".xx"]}, ["began in epoch 2 in a", "1 of them from the first epoch on"]),
    ],
)
def test_one_sentence_says_what_happened(layers, words):
    text = sentence(layers)

    assert text.count(".") == 1 or "%" in text
    assert all(word in text for word in words), text


@pytest.mark.parametrize("width", [80, 120])
def test_a_page_fits_the_width_and_shows_the_worst_layers(width):
    layers = {
        f"encoder.blocks.{i}.activation": ["." * 40] * 9 + [("." * (40 - i)) + "x" * i] for i in range(30)
    }
    text = screen(run_of(layers), width)

    assert max(map(len, text.splitlines())) <= width
    assert "14 more layers with dead units and 1 layer without any" in text
    rows = [line for line in text.splitlines() if re.match(r"\S*blocks\S*29\S* ", line)]
    assert len(rows) == 1


def test_the_table_has_first_last_and_the_epoch_at_which_it_began():
    rows = screen(run_of({"a": ["." * 31 + "x" * 9], "b": ["." * 40]})).splitlines()
    (head,) = (row.split() for row in rows if row.startswith("layer"))

    assert {"1", "32", "40"} <= set(head)


def test_epochs_that_fit():
    assert epochs_that_fit(4, 9) == [0, 1, 2, 3]
    assert epochs_that_fit(100, 5) == [0, 25, 50, 74, 99]
    assert 33 in epochs_that_fit(100, 5, 33)


def test_units_are_listed_with_their_epochs():
    text = screen(run_of({"a": ["..xx", "x...", "...."]}), units=True)

    assert re.search(r"^a +0 +died +3 ", text, re.MULTILINE)
    assert re.search(r"^a +1 +revived +1 +2 ", text, re.MULTILINE)


def test_one_epoch_has_no_chart():
    text = screen(run_of({"a": ["x", "."]}))

    assert "from the first epoch on" in text
    assert "│" not in text


def test_ascii_and_names_that_would_break_the_page():
    timeline = Timeline(
        (
            Epoch(1, (layer("a\x1b[31m\nb", ["."], 0),), "lab\nel\x1b"),
            Epoch(2, (layer("a\x1b[31m\nb", ["x"], 0),), "[red]"),
        )
    )
    text = screen(timeline, units=True, unicode=False)

    assert text.isascii()
    assert "\x1b" not in text
    assert r"a\x1b[31m\nb" in text
    assert "[red]" in text


def test_nan_is_told_with_the_epoch_in_which_it_began():
    good, bad = layer("a", ["."], 0), layer("a", [".."], 1)
    bad.nan[0] = 2
    text = screen(Timeline((Epoch(1, (good,)), Epoch(2, (bad,)))))

    assert "1 unit gave NaN or inf from epoch 2 on: a" in text

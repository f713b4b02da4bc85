"""`actcli deadcheck -o report.html`: one page with everything that a team wants to see, and nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused
from recorded_layers import layer
from training_runs import run_of

from actcli.render.deadness.timeline_file import write_timeline

HOSTILE = "<img src=x>\x1b[31m'\"&"


class Outline(HTMLParser):
    """The headings, the cells of tables and the tags of a page; fails where a tag is left open."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, _attrs):
        self.tags.append(tag)
        if tag not in {"meta", "wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def page_of(*arguments, status=0):
    assert invoke("deadcheck", *arguments, "-o", "report.html").status == status
    page = Path("report.html").read_text("utf-8")
    assert not re.search(r"https?:|url\(|@import|<script|<link|src=(?!x)|\x1b", page)
    return Outline(page), page


def test_a_page_of_recorded_layers():
    np.savez("net.npz", conv1=layer(), fc=layer(dead=()))
    outline, page = page_of("net.npz", "--fail-above", "5%")

    assert {"within the limit", "conv1", "fc", "Layers", "Units of the worst layers"} <= set(outline.texts)
    assert page.count('class="dead" x=') == 2
    assert "unit 3: silent, fired on 0 of 2,000" in outline.texts


def test_the_badge_says_what_the_exit_status_says():
    np.savez("net.npz", conv1=layer())

    assert '<span class="badge bad">above the limit' in page_of("net.npz", "--fail-above", "1%", status=3)[1]
    np.savez("net.npz", conv1=layer(samples=20))
    assert '<span class="badge warn">not enough data' in page_of("net.npz", "--fail-above", "1%", status=4)[1]
    np.savez("net.npz", conv1=layer(dead=()))
    assert '<span class="badge good">no dead unit' in page_of("net.npz")[1]


def test_names_from_files_are_texts():
    np.savez("net.npz", **{HOSTILE: layer(), "b": layer()})
    invoke("deadcheck", "net.npz", "--save-state", "s.npz")
    outline, _ = page_of("s.npz", "--against", "s.npz")

    assert "img" not in outline.tags
    assert any("<img src=x>" in text for text in outline.texts)


def test_many_layers_and_units_are_cut_with_a_remark():
    np.savez("net.npz", **{f"layer{i}": layer(samples=50, dead=range(i % 19)) for i in range(45)})
    _, page = page_of("net.npz")
    assert "and 5 more layers" in page

    np.savez("net.npz", wide=np.maximum(np.random.default_rng(0).standard_normal((30, 5000)), 0) * 0)
    outline, page = page_of("net.npz")
    assert any("the first 2,048 are shown" in text for text in outline.texts)
    assert "4,700 more units" in page
    assert len(page) < 1_000_000


def test_nan_change_and_units_without_samples():
    values = layer()
    np.savez("net.npz", conv1=values)
    invoke("deadcheck", "net.npz", "--save-state", "old.npz")
    values[5, 0], values[:, 9] = np.nan, 0
    np.savez("net.npz", conv1=values)
    outline, page = page_of("net.npz", "--against", "old.npz", "--fail-above", "50%", status=3)

    assert 'class="broken" x=' in page
    assert "Against the earlier statistics" in outline.texts
    assert '<span class="badge bad">fails' in page


def test_a_page_of_a_timeline_has_a_chart_and_a_row_of_squares_per_layer():
    write_timeline(run_of({"a": ["..xx", "...."], "b": ["....", "...."], HOSTILE: ["...x"]}), "run.npz")
    outline, page = page_of("run.npz")

    assert "Dead units by epoch" in outline.texts
    assert "epoch 3: 1 of 2 units dead (50 %)" in outline.texts
    assert "The last epoch: epoch 4" in outline.texts
    assert page.count('class="figure"') == 1


def test_a_timeline_of_one_epoch_and_one_without_deaths():
    write_timeline(run_of({"a": ["x", "."]}), "run.npz")
    assert page_of("run.npz")[1].count('class="figure"') == 0
    write_timeline(run_of({"a": ["...", "..."]}), "run.npz")
    assert "No unit of 2 was dead" in page_of("run.npz")[1]


def test_a_page_on_standard_output_is_in_utf8():
    np.savez("net.npz", conv1=layer())

    assert invoke("deadcheck", "net.npz", "--format", "html", encoding="utf-8").out.startswith("<!DOCTYPE")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--plan", "100"), "--plan has no verdict for html"),
        (("--born-dead", "--width", "2", "--depth", "3"), "--born-dead has no verdict for html"),
        (("net.npz", "--map"), "--map needs --format table"),
        (("net.npz", "--units"), "--units does not go with html"),
        (("net.npz", "--format", "json"), "is html by its suffix, but --format says json"),
        (("--follow", "run.npz", "--format", "html", "-o", "-"), "a format that grows"),
    ],
)
def test_wrong_use(arguments, words):
    np.savez("net.npz", conv1=layer())
    more = () if "-o" in arguments else ("-o", "report.html")

    assert words in refused("deadcheck", *arguments, *more)


def test_html_goes_to_a_file_of_its_suffix():
    assert "ends in .html" in refused("deadcheck", "net.npz", "--format", "html", "-o", "a.json")

"""A comparison as one HTML page: header cells, the best marked, the chart, the command, and names that stay names."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from comparisons import COLUMNS, CONTENDERS

from actcli.analysis.compare.result import Bars, Chart, Comparison, Contender
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.render.compare.page import comparison_page
from actcli.render.figure.lettering import Lettering
from actcli.render.output.surface import Surface

PAGE = Surface(80, unicode=True, color=False, encoding="utf-8", live=False)
HOSTILE = "<script>alert(1)</script>&\"'\x1b[31m\n\ud800\u202e"
FOUND = Comparison("precision", COLUMNS, CONTENDERS, seed=7, answer="relu is best.", notes=("On 5 numbers.",))


def curves(*names):
    x = np.array([1.0, 2.0])
    return Chart(
        Figure(
            (Panel("loss", tuple(Curve(n, "loss", n, ((x, x + i),)) for i, n in enumerate(names))),), (1, 2)
        )
    )


class Reader(HTMLParser):
    """Collects the elements with their attributes, and checks that they are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in {"meta", "wbr", "path", "rect", "circle"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def count(self, tag):
        return sum(one == tag for one, _ in self.elements)


def page(comparison=FOUND, command="actcli compare relu", digits=None, lettering=None, surface=PAGE):
    return comparison_page(comparison, command, surface, digits, lettering)


def text(html):
    return re.sub("<[^>]*>", " ", html)


def test_rows_are_quantities_below_their_groups():
    html = page()
    read = Reader(html)
    scopes = [attributes["scope"] for tag, attributes in read.elements if tag == "th"]
    assert scopes.count("col") == 1 + len(CONTENDERS)
    assert scopes.count("row") == len(COLUMNS)
    assert scopes.count("rowgroup") == 1
    assert '<td class="best">0.1</td>' in html
    assert '<th scope="row" class="l">time, ns</th>' in html


def test_many_contenders_stand_below_each_other():
    many = tuple(replace(CONTENDERS[0], function=f"f{i}") for i in range(9))
    html = page(replace(FOUND, contenders=many))
    assert html.count('scope="row"') == 9
    assert 'scope="rowgroup"' not in html
    assert "float16 time, ns" in html


def test_answer_notes_seed_and_command_are_there():
    shown = text(page(command="actcli compare relu 'x*2' --by precision"))
    assert shown.count("relu is best.") == 1
    assert "On 5 numbers." in shown
    assert "Seed 7." in shown
    assert "actcli compare relu &#x27;x*2&#x27; --by precision" in shown


def test_charts_of_both_kinds():
    lines = page(replace(FOUND, chart=curves("relu", "gelu")))
    assert Reader(lines).count("svg") == 1 + 2  # and the key of narrow screens
    bars = page(
        replace(FOUND, chart=Chart((Bars("size", ("relu",), (2.0,)), Bars("time", ("relu",), (1.0,)))))
    )
    assert Reader(bars).count("svg") == 2
    assert Reader(page()).count("svg") == 0


def test_a_chart_that_cannot_be_drawn_is_said():
    assert "there is nothing to draw here" in page(replace(FOUND, chart=Chart(())))
    crowd = page(replace(FOUND, chart=curves(*(f"f{i}" for i in range(40)))))
    assert "at most 35" in crowd
    assert "--plot" not in crowd


def test_details_are_tables():
    html = page(replace(FOUND, shown=("layers",)))
    assert "<h2>Layers</h2>" in html
    assert html.count("<h3>") == sum("layers" in one.details for one in CONTENDERS)
    assert "∞" in html
    long = Contender("f", {}, {"layers": [{"layer": i, "signal": 0.5} for i in range(500)]})
    assert "and 200 more" in page(replace(FOUND, contenders=(long,), shown=("layers",)))


def test_the_title_is_that_of_the_page():
    html = page(replace(FOUND, chart=curves("relu")), lettering=Lettering(title="Run 7"))
    assert "<title>Run 7</title>" in html
    assert html.count("<h1>") == 1


def test_names_are_never_markup():
    contenders = tuple(
        replace(one, function=HOSTILE, details={"layers": [{HOSTILE: HOSTILE}]}) for one in CONTENDERS
    )
    hostile = Comparison(
        "precision", COLUMNS, contenders, answer=HOSTILE, warnings=(HOSTILE,), notes=(HOSTILE,), shown=("layers",),
        chart=Chart((Bars(HOSTILE, (HOSTILE,), (1.0,)),)),
    )  # fmt: skip
    for found in (hostile, replace(hostile, chart=curves(HOSTILE))):
        html = page(found, command=HOSTILE)
        read = Reader(html)
        assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in read.elements}
        assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
        assert "\x1b" not in html
        assert "\u202e" not in html
        html.encode()


def test_nothing_is_loaded_from_elsewhere():
    html = page(replace(FOUND, chart=curves("relu")))
    assert "//" not in html
    assert "default-src 'none'" in html


@pytest.mark.parametrize(("theme", "ink"), [("auto", "#0068b8"), ("mono", "#808080")])
def test_the_chart_has_the_colours_of_the_theme(theme, ink):
    assert ink in page(replace(FOUND, chart=curves("relu", "gelu")), surface=replace(PAGE, theme=theme))

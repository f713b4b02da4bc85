"""Charts as HTML: parts of a page, and pages of one file."""

from collections.abc import Sequence

from actcli.analysis.compare.result import Bars
from actcli.analysis.figure.curves import Figure, Segment
from actcli.analysis.figure.histogram import Occupancy
from actcli.render.figure.coincidence_text import FIXED, LINES_OF_A_PAGE, coincidence_sentences
from actcli.render.figure.figure_text import Style
from actcli.render.text.notation import number

_BINS = 100


def figure_page(
    figure: Figure,
    style: Style,
    title: str,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
    sentences: Sequence[str] = (),
) -> bytes:
    """Return an HTML page with the figure and sentences below it; `title` is for the window."""
    from actcli.render.figure.html_page import html_page, html_text

    body = figure_part(figure, style, title, data, points)
    body += "".join(f"<p>{html_text(sentence)}</p>\n" for sentence in sentences)
    return html_page(style.title or title, body, style.theme.inks, style.theme.night).encode()


def figure_part(
    figure: Figure,
    style: Style,
    title: str,
    data: Occupancy | None = None,
    points: Sequence[Segment] = (),
) -> str:
    """Return a figure as a part of a page, with its heading, its caption, and which of its curves coincide."""
    from actcli.render.figure.html_page import html_text
    from actcli.render.figure.svg import figure_html, figure_svg

    counts = data.histogram(figure.range, _BINS) if data is not None and style.hist else None
    picture = figure_svg(
        figure,
        title=title,
        kind=style.y_kind,
        axis=style.axis,
        whole=style.whole,
        points=points,
        counts=counts,
        inks=len(style.theme.inks),
        x_label=style.x_label,
        y_range=style.y_range,
    )
    coinciding = coincidence_sentences(figure, style.y_kind, LINES_OF_A_PAGE, style.axis)
    sentences = (*style.caption, *(sentence.replace(FIXED, " ") for sentence in coinciding))
    below = "".join(f"<p>{html_text(sentence)}</p>\n" for sentence in sentences)
    return _heading(style) + figure_html(figure, picture, len(style.theme.inks)) + below


def bars_part(charts: Sequence[Bars], style: Style) -> str:
    """Return charts of one bar per contender as a part of a page."""
    from actcli.render.figure.html_page import scrolled
    from actcli.render.figure.svg import bars_svg

    pictures = [
        scrolled(
            bars_svg(bars.quantity, bars.labels, bars.values, [number(value, 4) for value in bars.values])
        )
        for bars in charts
    ]
    return _heading(style) + "".join(pictures)


def _heading(style: Style) -> str:
    from actcli.render.figure.html_page import html_text

    return f"<h2>{html_text(style.title)}</h2>\n" if style.title else ""

"""Charts as HTML pages of one file."""

from collections.abc import Sequence

from actcli.analysis.compare.result import Bars
from actcli.analysis.figure.curves import Figure, Segment
from actcli.analysis.figure.histogram import Occupancy
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
    """Return an HTML page with the figure, its caption and sentences below it; `title` is for the window."""
    from actcli.render.figure.html_page import html_page, html_text
    from actcli.render.figure.svg import figure_html, figure_svg

    counts = data.histogram(figure.range, _BINS) if data is not None and style.hist else None
    picture = figure_svg(
        figure,
        title=title,
        kind=style.y_kind,
        axis=style.axis,
        points=points,
        counts=counts,
        inks=len(style.theme.inks),
        x_label=style.x_label,
        y_range=style.y_range,
    )
    body = _heading(style) + figure_html(figure, picture, len(style.theme.inks))
    body += "".join(f"<p>{html_text(sentence)}</p>\n" for sentence in (*style.caption, *sentences))
    return html_page(style.title or title, body, style.theme.inks, style.theme.night).encode()


def bars_page(charts: Sequence[Bars], style: Style) -> bytes:
    """Return an HTML page with charts of one bar per contender."""
    from actcli.render.figure.html_page import html_page, scrolled
    from actcli.render.figure.svg import bars_svg

    pictures = [
        scrolled(
            bars_svg(bars.quantity, bars.labels, bars.values, [number(value, 4) for value in bars.values])
        )
        for bars in charts
    ]
    body = _heading(style) + "".join(pictures)
    return html_page(style.title or charts[0].quantity, body, style.theme.inks, style.theme.night).encode()


def _heading(style: Style) -> str:
    from actcli.render.figure.html_page import html_text

    return f"<h1>{html_text(style.title)}</h1>\n" if style.title else ""

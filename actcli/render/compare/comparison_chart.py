"""The chart of a comparison: curves as `plot` draws them, or one bar per contender, on a terminal or in a file."""

from dataclasses import replace

import numpy as np

from actcli.analysis.compare.result import Bars, Chart, Comparison
from actcli.analysis.figure.curves import Figure, Panel
from actcli.exits import DataError, UsageError
from actcli.render.figure.chart_page import bars_part, figure_part
from actcli.render.figure.figure_text import MOST_CURVES, Style, figure_text, lines_of_key
from actcli.render.figure.lettered import letter_bars, letter_figure
from actcli.render.figure.lettering import Lettering
from actcli.render.figure.page import Paper
from actcli.render.output.outfile import atomic_file
from actcli.render.output.surface import Surface
from actcli.render.table.grid import cut
from actcli.render.text import notation
from actcli.terminal import Terminal, printable

_NARROWEST, _WIDEST = 60, 160
_LINES_OF_A_PANEL = 11
_COUNTED = {"epoch", "layer"}
"""Axes of whole numbers."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def chart_text(comparison: Comparison, surface: Surface, lettering: Lettering | None = None) -> str:
    """Return the chart as text, in the surface's width, characters and colours.

    Raises DataError where there is nothing to draw, UsageError for more curves than a frame holds and for texts that
    do not fit the chart.
    """
    content, style = _letter(drawable(comparison), surface, lettering, "text")
    if not isinstance(content, Figure):
        title = [f"{style.title}\n"] if style.title else []
        return "\n".join([*title, *(bars_text(bars, style) for bars in content)])
    # each curve needs a line for its name
    lines = max(_LINES_OF_A_PANEL, 4 + max(len(panel.curves) for panel in content.panels))
    tall = replace(style, height=lines * len(content.panels) + 1 + bool(style.title))
    return figure_text(content, replace(tall, height=tall.height + lines_of_key(content, tall)))


def write_chart(
    comparison: Comparison,
    form: str,
    path: str | None,
    terminal: Terminal,
    lettering: Lettering | None = None,
    paper: Paper | None = None,
) -> None:
    """Write the chart to a file, or to stdout without a path: txt, svg, png, pdf or eps.

    Raises what `chart_text` raises, and DataError when writing fails.
    """
    width = min(max(terminal.size[0], _NARROWEST), _WIDEST) if terminal.stdout_is_tty else 100
    color = terminal.color_choice == "always"
    shown = Surface.of(terminal, to_file=True)
    surface = replace(shown, width=width, color=color, true_color=terminal.true_color)
    if form == "txt":
        picture = chart_text(comparison, surface, lettering).encode()
    else:
        content, style = _letter(drawable(comparison), surface, lettering, form)
        picture = _picture(content, style, form, paper or Paper())
    if path is None:
        terminal.write(picture)
        terminal.flush()
        return
    with atomic_file(path) as file:
        file.write(picture)


def chart_part(comparison: Comparison, surface: Surface, lettering: Lettering | None = None) -> str:
    """Return the chart as a part of an HTML page, in the surface's theme. Raises what `chart_text` raises."""
    content, style = _letter(drawable(comparison), surface, lettering, "html")
    if isinstance(content, Figure):
        return figure_part(content, style, content.panels[0].quantity)
    return bars_part(content, style)


def _picture(content: Figure | tuple[Bars, ...], style: Style, form: str, paper: Paper) -> bytes:
    """Return a picture by matplotlib, as bytes."""
    from actcli.render.figure.drawn import drawn_bars, drawn_figure

    return (
        drawn_figure(form, content, style, paper)
        if isinstance(content, Figure)
        else drawn_bars(form, content, style, paper)
    )


def _letter(
    chart: Chart, surface: Surface, lettering: Lettering | None, form: str
) -> tuple[Figure | tuple[Bars, ...], Style]:
    style = _style(surface, chart)
    if isinstance(chart.content, Figure):
        return letter_figure(chart.content, style, lettering or Lettering(), form)
    return letter_bars(chart.content, style, lettering or Lettering(), form)


def drawable(comparison: Comparison) -> Chart:
    """Return the chart without the panels that a logarithmic axis cannot show.

    Raises DataError where nothing is left, UsageError for more curves than a frame holds.
    """
    chart = comparison.drawing
    if chart is not None and isinstance(chart.content, Figure):
        panels = tuple(panel for panel in chart.content.panels if _has_points(panel, log=chart.log))
        if max((len(panel.curves) for panel in panels), default=0) > MOST_CURVES:
            raise UsageError(f"--plot draws at most {MOST_CURVES} contenders; name fewer functions or values")
        if panels:
            return replace(chart, content=replace(chart.content, panels=panels))
    elif chart is not None and chart.content:
        return chart
    raise DataError("--plot: there is nothing to draw here, no curve has a point")


def bars_text(bars: Bars, style: Style) -> str:
    """Return a title and one line per contender: its name, a bar, its value."""
    unicode = not style.ascii
    surface = Surface(style.width, unicode=unicode, color=False, encoding="utf-8", live=False)
    names = [cut(_in_script(label, style), style.width * 2 // 5, surface) for label in bars.labels]
    values = [_in_script(notation.number(value, 4), style) for value in bars.values]
    longest = max(map(len, names))
    room = style.width - longest - max(map(len, values)) - 2
    top = max(bars.values, default=0.0) or 1.0
    lines = [_in_script(bars.quantity, style)]
    for i, (name, value, text) in enumerate(zip(names, bars.values, values, strict=True)):
        bar = _bar(value / top * room, unicode=unicode)
        code = style.theme.curves[i % len(style.theme.curves)] if style.color else ""
        painted = f"\x1b[{code}m{bar}\x1b[0m" if code and bar else bar
        lines.append(f"{name.ljust(longest)} {painted}{' ' if bar else ''}{text}")
    return "".join(f"{line}\n" for line in lines)


def _bar(length: float, *, unicode: bool) -> str:
    if not unicode:
        return "#" * round(length)
    eighths = round(8 * length)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _in_script(text: str, style: Style) -> str:
    return notation.in_ascii(printable(text)) if style.ascii else printable(text)


def _has_points(panel: Panel, *, log: bool) -> bool:
    """Return whether there is a point to draw, on a logarithmic axis one above 0."""
    return any(np.any(y > 0) if log else y.size for curve in panel.curves for _, y in curve.segments)


def _style(surface: Surface, chart: Chart) -> Style:
    return Style(
        width=min(max(surface.width, _NARROWEST), _WIDEST),
        height=_LINES_OF_A_PANEL,
        marker="braille" if surface.unicode else "ascii",
        color=surface.color,
        theme=surface.colors,
        y_kind="log" if chart.log else "linear",
        axis=chart.axis,
        whole=chart.axis in _COUNTED,
    )

"""The chart of a comparison: curves as `plot` draws them, or one bar per contender, on a terminal or in a file."""

from dataclasses import replace

import numpy as np

from actcli.analysis.compare.result import Bars, Chart, Comparison
from actcli.analysis.figure.curves import Figure, Panel
from actcli.exits import DataError, UsageError
from actcli.render.figure.figure_file import DRAWN, bars_page, figure_page, write_bars, write_drawn
from actcli.render.figure.figure_text import MOST_CURVES, Style, figure_text, lines_of_key
from actcli.render.output.outfile import atomic_file
from actcli.render.output.surface import Surface
from actcli.render.table.grid import cut
from actcli.render.text import notation
from actcli.terminal import Terminal, printable

FORMS = ("txt", "html", *DRAWN)
_NARROWEST, _WIDEST = 60, 160
_LINES_OF_A_PANEL = 11
_EIGHTHS = " ▏▎▍▌▋▊▉"


def chart_text(comparison: Comparison, surface: Surface) -> str:
    """Return the chart as text, in the surface's width, characters and colours.

    Raises DataError where there is nothing to draw, UsageError for more curves than a frame holds.
    """
    chart = drawable(comparison)
    style = _style(surface, chart)
    if not isinstance(chart.content, Figure):
        return "\n".join(bars_text(bars, style) for bars in chart.content)
    panels = chart.content.panels
    # each curve needs a line for its name
    lines = max(_LINES_OF_A_PANEL, 4 + max(len(panel.curves) for panel in panels))
    tall = replace(style, height=lines * len(panels) + 1)
    return figure_text(chart.content, replace(tall, height=tall.height + lines_of_key(chart.content, tall)))


def write_chart(comparison: Comparison, form: str, path: str, terminal: Terminal) -> None:
    """Write the chart to a file: txt, html, svg, png or pdf.

    Raises what `chart_text` raises, and DataError when writing fails.
    """
    width = min(max(terminal.size[0], _NARROWEST), _WIDEST) if terminal.stdout_is_tty else 100
    color = terminal.color_choice == "always"
    shown = Surface.of(terminal, to_file=True)
    surface = replace(shown, width=width, color=color, true_color=terminal.true_color)
    if form == "txt":
        text = chart_text(comparison, surface)
        with atomic_file(path) as file:
            file.write(text.encode())
        return
    chart = drawable(comparison)
    style = _style(surface, chart)
    with atomic_file(path) as file:
        if form == "html":
            file.write(_page(chart, style))
        elif isinstance(chart.content, Figure):
            write_drawn(file, form, chart.content, style)
        else:
            write_bars(file, form, chart.content, style)


def _page(chart: Chart, style: Style) -> bytes:
    if isinstance(chart.content, Figure):
        return figure_page(chart.content, style, chart.content.panels[0].quantity)
    return bars_page(chart.content, style)


def drawable(comparison: Comparison) -> Chart:
    """Return the chart without the panels that a logarithmic axis cannot show.

    Raises DataError where nothing is left, UsageError for more curves than a frame holds.
    """
    chart = comparison.chart
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
    )

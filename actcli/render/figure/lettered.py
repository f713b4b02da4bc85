"""Charts with what a person writes on them: their texts, their names of curves, their range of y."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actcli.analysis.compare.result import Bars
from actcli.analysis.figure.curves import Curve, Figure, Panel, Segment
from actcli.exits import UsageError
from actcli.render.figure.figure_text import Style
from actcli.render.figure.lettering import Lettering
from actcli.render.figure.page import DRAWN
from actcli.render.figure.paper_names import is_formula, paper_name, paper_quantity
from actcli.render.table.fit import cut_middle
from actcli.render.text.mathtext import literal, lowered, plain_text
from actcli.terminal import printable

_LONGEST = 34
"""The most letters of a name in a picture; the whole one stands in the caption."""


def letter_figure(figure: Figure, style: Style, lettering: Lettering, form: str) -> tuple[Figure, Style]:
    """Return the figure and its style with their texts: as mathtext for matplotlib, else as plain text.

    In pictures functions are named as papers do, and long formulas move into the caption; `form` is text, txt, html,
    or one of matplotlib's. Raises UsageError for a label of no curve, for more labels than panels, and for a range of
    y that shows nothing.
    """
    drawn, paper = form in DRAWN, form in (*DRAWN, "html")
    write = str if drawn else plain_text
    curves = [curve for panel in figure.panels for curve in panel.curves]
    own = lettering.pick([name for curve in curves for name in (curve.label, curve.function)])
    if len(lettering.y_labels) > len(figure.panels):
        many = f"{len(figure.panels)} panel{'s' if len(figure.panels) > 1 else ''}"
        raise UsageError(f"--y-label {lettering.y_labels[-1]!r}: this chart has {many}; name one for each")
    captions: dict[str, str] = {}
    panels = []
    for place, panel in enumerate(figure.panels):
        quantity = paper_quantity(panel.quantity) if paper else literal(panel.quantity)
        quantity = write(lettering.y_labels[place] if place < len(lettering.y_labels) else quantity)
        texts = [write(_name(curve, own, captions, paper=paper)) for curve in panel.curves]
        texts = _different(texts, [write(literal(curve.label)) for curve in panel.curves])
        named = (replace(curve, label=text) for curve, text in zip(panel.curves, texts, strict=True))
        panels.append(Panel(quantity, tuple(named)))
    shown = replace(figure, panels=tuple(panels))
    if lettering.y_range is not None:
        shown = crop(shown, lettering.y_range, style.y_kind)
    x_label = lettering.x_label or (("$x$" if style.axis == "x" else literal(style.axis)) if drawn else "")
    return shown, replace(
        style,
        title=write(lettering.title),
        x_label=write(x_label),
        caption=tuple(write(f"{short} {whole}") for whole, short in captions.items()),
        y_range=lettering.y_range,
    )


def letter_bars(
    charts: Sequence[Bars], style: Style, lettering: Lettering, form: str
) -> tuple[tuple[Bars, ...], Style]:
    """Return charts of bars and their style with their texts, as `letter_figure` does."""
    if lettering.y_range or lettering.y_labels:
        raise UsageError(
            f"{'--y-range' if lettering.y_range else '--y-label'} belongs to curves; this chart has bars"
        )
    write = str if form in DRAWN else plain_text
    own = lettering.pick([label for bars in charts for label in bars.labels])
    captions: dict[str, str] = {}
    named = []
    for bars in charts:
        curves = [Curve(label, "", label, ()) for label in bars.labels]
        texts = [write(_name(curve, own, captions, paper=form in (*DRAWN, "html"))) for curve in curves]
        labels = _different(texts, [write(literal(label)) for label in bars.labels])
        named.append(replace(bars, quantity=write(literal(bars.quantity)), labels=tuple(labels)))
    caption = tuple(write(f"{short} {whole}") for whole, short in captions.items())
    return tuple(named), replace(
        style, title=write(lettering.title), x_label=write(lettering.x_label), caption=caption
    )


def crop(figure: Figure, between: tuple[float, float], kind: str) -> Figure:
    """Return what lies in a range of y: segments end where they leave it, bands at its ends.

    Raises UsageError for an empty range, one that a logarithmic axis cannot show, and one without a point.
    """
    low, high = between
    name = f"--y-range {low:g} {high:g}"
    if not low < high or not np.isfinite(high - low):
        raise UsageError(f"{name}: the low end must be below the high end")
    if kind == "log" and low <= 0:
        raise UsageError(f"{name}: a logarithmic axis begins above 0")
    panels = tuple(
        replace(panel, curves=tuple(_crop_curve(curve, low, high) for curve in panel.curves))
        for panel in figure.panels
    )
    if not any(curve.segments for panel in panels for curve in panel.curves):
        raise UsageError(f"{name}: no curve has a value there")
    return replace(figure, panels=panels)


def _crop_curve(curve: Curve, low: float, high: float) -> Curve:
    band = curve.band
    if band is not None:
        band = (band[0], np.clip(band[1], low, high), np.clip(band[2], low, high))
    parts = tuple(part for segment in curve.segments for part in _crop_segment(segment, low, high))
    return replace(curve, segments=parts, band=band)


def _crop_segment(segment: Segment, low: float, high: float) -> list[Segment]:
    """Return the parts of a segment between two heights, with the points where it crosses them."""
    x, y = segment
    if len(x) and low <= y.min() and y.max() <= high:
        return [segment]
    for height in (low, high):
        before = np.flatnonzero((y[:-1] - height) * (y[1:] - height) < 0)
        share = (height - y[before]) / (y[before + 1] - y[before])
        crossings = x[before] + share * (x[before + 1] - x[before])
        x, y = np.insert(x, before + 1, crossings), np.insert(y, before + 1, height)
    inside = (y >= low) & (y <= high)
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _name(curve: Curve, own: dict[str, str], captions: dict[str, str], *, paper: bool) -> str:
    """Return a curve's name as mathtext; a long one is shortened, and `captions` gets the whole."""
    quantity = paper_quantity(curve.quantity)
    of = f", {quantity}" if curve.label != curve.function and quantity != literal(curve.quantity) else ""
    for name in (curve.label, curve.function):
        if name in own:
            return own[name] + (of if name != curve.label else "")
    if not paper:
        return literal(curve.label)
    text = printable(paper_name(curve.function if of else curve.label))
    if len(text) > _LONGEST:
        formula = is_formula(curve.function)
        whole = literal(f"= {text}." if formula else f"{text}.")
        count = lowered(str(len(captions) + 1))
        short = literal(f"f{count}(x)" if formula else f"{cut_middle(text, _LONGEST, '…')}:")
        return captions.setdefault(whole, short).removesuffix(":") + of
    return literal(text) + of


def _different(texts: list[str], typed: list[str]) -> list[str]:
    """Return the names of a panel's curves; where two are the same, what the person typed instead."""
    return [other if texts.count(text) > 1 else text for text, other in zip(texts, typed, strict=True)]

"""The course of a run as a picture for print."""

from dataclasses import replace

from actcli.analysis.figure.curves import Figure
from actcli.render.figure.drawn import captioned, drawn_figure, literal
from actcli.render.figure.page import Paper
from actcli.render.output.outfile import atomic_file
from actcli.render.text.theme import Theme


def write_course(figure: Figure, caption: list[str], form: str, path: str, theme: Theme) -> None:
    """Write the dead shares by epoch as curves, whole or not at all. form: svg, png, pdf or eps."""
    style = replace(captioned(caption, theme), x_label="epoch", whole=True)
    panels = tuple(
        replace(panel, curves=tuple(replace(c, label=literal(c.label)) for c in panel.curves))
        for panel in figure.panels
    )
    picture = drawn_figure(form, replace(figure, panels=panels), style, Paper())
    with atomic_file(path) as file:
        file.write(picture)

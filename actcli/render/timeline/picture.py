"""The course of a run as a picture for print."""

from dataclasses import replace

from actcli.analysis.figure.curves import Figure
from actcli.render.figure.drawn import captioned, drawn_figure, literal
from actcli.render.figure.page import Paper
from actcli.render.output.layout import Layout
from actcli.render.output.outfile import atomic_file
from actcli.render.text.theme import Theme


def write_course(
    figure: Figure, caption: list[str], layout: Layout, theme: Theme, paper: Paper | None = None
) -> None:
    """Write the dead shares by epoch as curves to a file, whole or not at all."""
    style = replace(captioned(caption, theme), x_label="epoch", whole=True)
    panels = tuple(
        replace(panel, curves=tuple(replace(c, label=literal(c.label)) for c in panel.curves))
        for panel in figure.panels
    )
    picture = drawn_figure(layout.format, replace(figure, panels=panels), style, paper or Paper())
    with atomic_file(str(layout.path)) as file:
        file.write(picture)

"""The style of a plot, the data on it, and the writing of it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actcli.commands.plot.options import HEIGHTS, SERIES, WIDTHS, PlotOptions
from actcli.dataclass import dataclass
from actcli.render.figure.page import DRAWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actcli.activations import Activation
    from actcli.analysis.figure.curves import Figure
    from actcli.analysis.figure.histogram import Occupancy
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.commands.session import Session
    from actcli.render.figure.figure_text import Style
    from actcli.render.figure.lettering import Lettering
    from actcli.render.figure.page import Paper
    from actcli.terminal import Terminal


_ONE_LINE = 10_000
"""Characters of a line that is not to be wrapped."""


@dataclass(frozen=True, slots=True)
class ChartForm:
    """How a chart is written.

    Attributes:
        form: text, txt, html, a series or a picture.
        path: the file; None for stdout.
        style: of the chart.
        lettering: its texts.
        paper: its layout as a picture.

    """

    form: str
    path: str | None
    style: "Style"
    lettering: "Lettering"
    paper: "Paper"


def choose_style(form: str, options: PlotOptions, terminal: "Terminal") -> "Style":
    """Return how the chart is drawn: by the options, else by what the terminal shows."""
    from actcli.render.figure.figure_text import Style
    from actcli.render.text.theme import theme_named

    on_screen = form == "text"
    columns, lines = terminal.size if on_screen and terminal.stdout_is_tty else (80, 25)
    marker = options.marker or ("braille" if terminal.unicode or not on_screen else "ascii")
    if on_screen and not terminal.unicode:
        marker = "ascii"
    color = terminal.color if on_screen else terminal.color_choice == "always"
    return Style(
        width=options.width or min(max(columns, WIDTHS[0]), WIDTHS[1]),
        height=options.height or min(max(lines - 1, HEIGHTS[0]), HEIGHTS[1]),
        marker=marker,
        color=color,
        theme=theme_named(terminal.theme, true_color=terminal.true_color),
        y_kind="log" if options.log_y else "symlog" if options.symlog else "linear",
        hist=options.hist,
    )


def read_data(
    functions: "Sequence[Activation]", options: PlotOptions, session: "Session"
) -> "Occupancy | None":
    """Return the counts of the numbers of -i; None without. Raises as `open_numbers`, and DataError for bad content."""
    if options.input is None:
        return None
    from actcli.analysis.figure.histogram import count_occupancy
    from actcli.sources import NumberRequest, open_numbers

    request = NumberRequest(
        input=options.input,
        array=options.array,
        columns=options.column,
        pooled=True,
        format=options.input_format,
        decimal=options.decimal,
        memory=session.memory,
    )
    streams = open_numbers(request, session.terminal)
    return count_occupancy(functions, _with_bar(streams, session), session.threads)


def _with_bar(streams: "Iterator[Numbers]", session: "Session") -> "Iterator[Numbers]":
    """Yield the same streams, while a bar on stderr shows their progress."""
    from dataclasses import replace

    from actcli.analysis.stream.evaluation import Evaluation
    from actcli.render.output.progress import with_progress

    for numbers in streams:
        passing: Any = Evaluation(
            function=numbers.origin,
            quantity="x",
            array=numbers.array,
            dtype=numbers.dtype,
            shape=numbers.shape,
            blocks=((block, block) for block in numbers.blocks),
            live=numbers.live,
        )
        for shown in with_progress([passing], session.terminal):
            yield replace(numbers, blocks=(x for x, _ in shown.blocks))


def widen_range(usual: tuple[float, float], data: "Occupancy | None") -> tuple[float, float]:
    """Return the usual range of the functions, widened to hold nearly all of the data."""
    bulk = None if data is None else data.bulk()
    return usual if bulk is None else (min(usual[0], bulk[0]), max(usual[1], bulk[1]))


def write_figure(
    picture: "Figure",
    functions: "Sequence[Activation]",
    look: ChartForm,
    data: "Occupancy | None",
    session: "Session",
) -> None:
    """Write the figure in a form, to a file or to stdout. Raises DataError when it cannot be written."""
    pieces: Iterator[bytes]
    if look.form in SERIES:
        from actcli.render.figure.series import series_text

        pieces = series_text(picture, look.form, data)
    else:
        from actcli.render.figure.lettered import letter_figure

        lettered, style = letter_figure(picture, look.style, look.lettering, look.form)
        pieces = iter([_chart(lettered, functions, replace(look, style=style), data, session)])
    if look.path is None:
        for piece in pieces:
            session.terminal.write(piece)
        session.terminal.flush()
    else:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(look.path) as file:
            file.writelines(pieces)
    if look.form in DRAWN and data is not None:
        _tell(data, session)


def _chart(
    picture: "Figure",
    functions: "Sequence[Activation]",
    look: ChartForm,
    data: "Occupancy | None",
    session: "Session",
) -> bytes:
    from actcli.render.figure.figure_text import figure_text, sentences

    form, style = look.form, look.style
    points = _points(functions, picture, style, data)
    if form in DRAWN:
        from actcli.render.figure.drawn import drawn_figure

        return drawn_figure(form, picture, style, look.paper, data, points)
    if form == "html":
        from actcli.render.figure.chart_page import figure_page

        said = [] if data is None else sentences(data, _ONE_LINE)
        return figure_page(picture, style, ", ".join(f.spec for f in functions), data, points, said)
    text = figure_text(picture, style, data, points)
    if data is not None:
        text += "".join(f"{line}\n" for line in sentences(data, style.width))
    return text.encode(session.terminal.encoding if form == "text" else "utf-8", "replace")


def _points(
    functions: "Sequence[Activation]", picture: "Figure", style: "Style", data: "Occupancy | None"
) -> "list[tuple[Any, Any]]":
    """Return the data on the curve of each function; none for a histogram."""
    if data is None or style.hist:
        return []
    from actcli.analysis.figure.histogram import place_on_curve

    points = [place_on_curve(f, data, picture.range, style.width) for f in functions]
    if style.y_range is None:
        return points
    low, high = style.y_range
    return [(x[(low <= y) & (y <= high)], y[(low <= y) & (y <= high)]) for x, y in points]


def _tell(data: "Occupancy", session: "Session") -> None:
    """Write the sentences about the data to stderr, since a drawn figure has no room for them."""
    from actcli.render.figure.figure_text import sentences

    for line in sentences(data, 100):
        session.terminal.say(line)

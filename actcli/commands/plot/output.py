"""What `plot` draws with and where it goes: the style from options and terminal, the data, the way out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actcli.activations import Activation
    from actcli.analysis.card.curves import Figure
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.analysis.stream.histogram import Occupancy
    from actcli.commands.session import Session
    from actcli.render.figure.figure_text import Style

WIDTHS, HEIGHTS = (20, 1000), (8, 500)
SERIES = ("csv", "tsv", "json", "jsonl")
CHARTS = ("txt", "html", "svg", "png", "pdf")


def style_of(
    session: "Session",
    form: str,
    width: int | None,
    height: int | None,
    marker: str | None,
    theme: str,
    log_y: bool,
    symlog: bool,
    hist: bool,
) -> "Style":
    """How the chart is drawn: what was asked, else what the terminal shows."""
    from actcli.render.figure.figure_text import Style
    from actcli.render.text.theme import theme_named

    terminal = session.terminal
    on_screen = form == "text"
    columns, lines = terminal.size if on_screen and terminal.stdout_is_tty else (80, 25)
    usual = "braille" if terminal.unicode or not on_screen else "ascii"
    if on_screen and not terminal.unicode:
        marker = "ascii"
    color = terminal.color if on_screen else terminal.color_choice == "always"
    if form == "html":
        color = terminal.color_choice != "never"
    return Style(
        width=width or min(max(columns, WIDTHS[0]), WIDTHS[1]),
        height=height or min(max(lines - 1, HEIGHTS[0]), HEIGHTS[1]),
        marker=marker or usual,
        color=color,
        theme=theme_named(theme),
        y_kind="log" if log_y else "symlog" if symlog else "linear",
        hist=hist,
    )


def read_data(
    functions: "Sequence[Activation]",
    input_: str | None,
    array: str | None,
    column: str | None,
    session: "Session",
) -> "Occupancy | None":
    """The numbers of -i, counted; None without. Raises what `open_numbers` raises, DataError for bad content."""
    if input_ is None:
        return None
    from actcli.analysis.stream.histogram import occupancy
    from actcli.sources import NumberRequest, open_numbers

    request = NumberRequest(input=input_, array=array, column=column)
    streams = open_numbers(request, session.terminal)
    return occupancy(functions, _with_bar(streams, session), session.threads)


def _with_bar(streams: "Iterator[Numbers]", session: "Session") -> "Iterator[Numbers]":
    """The same streams; a bar on stderr shows how far they are."""
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


def range_with(usual: tuple[float, float], data: "Occupancy | None") -> tuple[float, float]:
    """The functions' range, wide enough for nearly all the numbers."""
    bulk = None if data is None else data.bulk()
    return usual if bulk is None else (min(usual[0], bulk[0]), max(usual[1], bulk[1]))


def write_figure(
    picture: "Figure",
    functions: "Sequence[Activation]",
    form: str,
    path: str | None,
    style: "Style",
    data: "Occupancy | None",
    session: "Session",
) -> None:
    """Write the figure in the form that was chosen, to a file or to stdout. Raises DataError when it cannot."""
    terminal = session.terminal
    if form in {"svg", "png", "pdf"}:
        from actcli.render.figure.figure_file import write_drawn
        from actcli.render.output.outfile import atomic_file

        with atomic_file(str(path)) as file:
            write_drawn(file, form, picture, style, data, _points(functions, picture, style, data))
            if data is not None:
                _say(data, session)
        return
    if form in SERIES:
        from actcli.render.figure.series import series_text

        pieces: Iterator[bytes] = series_text(picture, form, data)
    else:
        pieces = iter([_chart(picture, functions, form, style, data, session)])
    if path is None:
        for piece in pieces:
            terminal.write(piece)
        terminal.flush()
    else:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(path) as file:
            file.writelines(pieces)


def _chart(
    picture: "Figure",
    functions: "Sequence[Activation]",
    form: str,
    style: "Style",
    data: "Occupancy | None",
    session: "Session",
) -> bytes:
    from actcli.render.figure.figure_text import figure_text, sentences

    text = figure_text(picture, style, data, _points(functions, picture, style, data))
    if data is not None:
        text += "".join(f"{line}\n" for line in sentences(data, style.width))
    if form == "html":
        from actcli.render.figure.figure_file import html_page

        return html_page(text, style.width)
    return text.encode(session.terminal.encoding if form == "text" else "utf-8", "replace")


def _points(
    functions: "Sequence[Activation]", picture: "Figure", style: "Style", data: "Occupancy | None"
) -> "list[tuple[Any, Any]]":
    """The data on the curve of each function, unless they are a histogram."""
    if data is None or style.hist:
        return []
    from actcli.analysis.stream.histogram import on_curve

    return [on_curve(f, data, picture.range, style.width) for f in functions]


def _say(data: "Occupancy", session: "Session") -> None:
    """The sentences about the data, on stderr: a drawn figure has no line for them."""
    from actcli.render.figure.figure_text import sentences

    for line in sentences(data, 100):
        session.terminal.say(line)

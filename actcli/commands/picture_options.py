"""The options about the look of charts, for every command that draws, and what they ask for."""

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

from actcli.commands.declaration import Option, declared
from actcli.commands.values import finite_number, one_of, whole_number
from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.render.figure.page import BINARY, DRAWN, SIZES, Legend, Size

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from actcli.render.figure.lettering import Lettering
    from actcli.render.figure.page import Paper
    from actcli.terminal import Terminal

LETTERING = "Lettering"
PICTURE = "Pictures (.svg, .pdf, .eps, .png)"
_PER_INCH = {"in": 1.0, "": 1.0, "cm": 2.54, "mm": 25.4}
_LEAST_INCHES, _MOST_INCHES = 1.0, 50.0
_LONGEST_TEXT = 500
_lettering_option = partial(Option, section=LETTERING)
_picture_option = partial(Option, section=PICTURE)


def parse_size(text: str) -> Size:
    """Return a size: `column`, `page`, `slide`, or WxH such as 9x6cm. Raises UsageError."""
    if text in SIZES:
        return SIZES[text]
    match = re.fullmatch(r"(\d{1,4}(?:\.\d{1,4})?)x(\d{1,4}(?:\.\d{1,4})?)(in|cm|mm|)", text, re.ASCII)
    if match is None:
        raise UsageError(
            f"{text!r} is no size; write {', '.join(SIZES)}, or WxH such as 9x6cm, 90x60mm or 3.5x2.4in"
        )
    width, height = (float(side) / _PER_INCH[match[3]] for side in match.groups()[:2])
    if not all(_LEAST_INCHES <= side <= _MOST_INCHES for side in (width, height)):
        raise UsageError(
            f"{text!r} is out of range; each side has {_LEAST_INCHES:g} to {_MOST_INCHES:g} inches"
        )
    return Size(width, height, 8.0 if width < 5 else 9.0 if width < 9 else min(2 * width, 36.0), chosen=True)


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """Options about the page of a picture for print."""

    size: Annotated[
        Size | None,
        _picture_option(
            "--size",
            metavar="SIZE",
            parse=parse_size,
            help="column (3.5 in wide), page (7.2 in), slide (10 x 5.6 in) or WxH: 9x6cm, 90x60mm, 3.5x2.4in.",
            default="6 in wide",
        ),
    ] = None
    dpi: Annotated[
        int | None,
        _picture_option(
            "--dpi",
            metavar="N",
            parse=whole_number(30, 2400),
            help="Pixels per inch of a .png.",
            default="300",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PictureOptions(PageOptions):
    """Options about the texts on a chart, and about pictures for print."""

    y_range: Annotated[
        tuple[float, float] | None,
        _lettering_option(
            "--y-range",
            metavar="LO HI",
            parse=finite_number(),
            help="Part of the y axis of every panel.",
            default="all values",
        ),
    ] = None
    title: Annotated[
        str | None, _lettering_option("--title", metavar="TEXT", help="Text above the chart.")
    ] = None
    x_label: Annotated[
        str | None, _lettering_option("--x-label", metavar="TEXT", help="Name of the x axis.")
    ] = None
    y_labels: Annotated[
        tuple[str, ...],
        _lettering_option(
            "--y-label",
            metavar="TEXT",
            help="Name of a panel's y axis. Repeatable; the first is for the first panel.",
        ),
    ] = ()
    labels: Annotated[
        tuple[str, ...],
        _lettering_option(
            "--label",
            metavar="NAME=TEXT",
            help=r"Text for the curve of this function: relu='$\max(0, x)$' (mathtext). Repeatable; all are used.",
        ),
    ] = ()
    legend: Annotated[
        Legend | None,
        _picture_option(
            "--legend",
            metavar="PLACE",
            help=f"Where curves are named, {one_of(Legend)}: within the axes, below, at the curves' ends, nowhere.",
            default="end, or out where that has no room",
        ),
    ] = None
    columns: Annotated[
        int | None,
        _picture_option(
            "--columns", metavar="N", parse=whole_number(1, 20), help="Panels side by side.", default="1"
        ),
    ] = None
    style: Annotated[
        str | None,
        _picture_option(
            "--style",
            metavar="FILE",
            help="A style file of matplotlib's. Its settings, and those of your matplotlibrc, win over ours.",
        ),
    ] = None


def choose_picture(options: PictureOptions, form: str) -> "tuple[Lettering, Paper]":
    """Return the texts and the layout of a chart in a form: text, txt, html, or one of matplotlib's.

    Any other form has no chart. Raises UsageError for an option that the form has no use for, bad mathtext, and too
    many pixels; DataError for a missing matplotlib or a bad style file.
    """
    from actcli.render.figure.lettering import Lettering
    from actcli.render.figure.page import (
        Paper,
        read_style,
        require_mathtext,
        require_matplotlib,
        require_pixels,
    )

    _refuse_foreign(options, form)
    texts: dict[str, Sequence[str]] = {
        "--title": [options.title or ""],
        "--x-label": [options.x_label or ""],
        "--y-label": options.y_labels,
        "--label": [entry.rpartition("=")[2] if "$" not in entry else entry for entry in options.labels],
    }
    for name, several in texts.items():
        for text in several:
            _require_text(name, text)
    lettering = Lettering(
        title=options.title or "",
        x_label=options.x_label or "",
        y_labels=options.y_labels,
        labels=options.labels,
        y_range=options.y_range,
    )
    if form not in DRAWN:
        return lettering, Paper()
    require_matplotlib()
    require_mathtext(texts)
    paper = Paper(
        legend=options.legend,
        size=options.size or Size(),
        dpi=options.dpi,
        columns=options.columns,
        settings={} if options.style is None else read_style(options.style),
    )
    require_pixels(paper, form)
    return lettering, paper


def choose_paper(options: PageOptions, forms: "Collection[str]") -> "Paper":
    """Return the page of the pictures among some formats. Raises UsageError for an option that none has use for."""
    from actcli.render.figure.page import Paper, require_pixels

    paper = Paper(size=options.size or Size(), dpi=options.dpi)
    drawn = [form for form in forms if form in DRAWN]
    for one in declared(PageOptions):
        if one.is_given(options) and not drawn:
            raise UsageError(
                f"{one.declaration.name} belongs to pictures: name one with -o, such as units.png"
            )
    if options.dpi is not None and "png" not in drawn:
        raise UsageError(f"--dpi belongs to png; {drawn[0]} has no pixels")
    for form in drawn:
        require_pixels(paper, form)
    return paper


def require_pipe(form: str, path: str | None, terminal: "Terminal") -> None:
    """Raise UsageError for a binary picture that would go to a terminal."""
    if path is None and form in BINARY and terminal.stdout_is_tty:
        raise UsageError(f"{form} is binary, and standard output is a terminal; use -o FILE, or a pipe")


def _refuse_foreign(options: PictureOptions, form: str) -> None:
    for one in declared(PictureOptions):
        name, is_lettering = one.declaration.name, one.declaration.section == LETTERING
        if not one.is_given(options) or form in DRAWN:
            continue
        if form == "table":
            raise UsageError(f"{name} needs --plot")
        if not is_lettering:
            raise UsageError(f"{name} belongs to pictures, {', '.join(DRAWN)}, and not to {_in_words(form)}")
        if form not in {"text", "txt", "html"}:
            raise UsageError(f"{name} belongs to charts, and {form} holds their numbers; leave it out")
    if options.dpi is not None and form != "png":
        raise UsageError(f"--dpi belongs to png; {form} has no pixels")


def _in_words(form: str) -> str:
    return {"text": "charts of characters", "txt": "charts of characters", "html": "HTML pages"}.get(
        form, form
    )


def _require_text(name: str, text: str) -> None:
    """Raise UsageError for a text that no picture can show."""
    if len(text) > _LONGEST_TEXT:
        raise UsageError(f"{name} has {len(text)} characters; at most {_LONGEST_TEXT} are possible")
    if not text.isprintable() and any(
        (not c.isprintable() and not c.isspace()) or c in "\n\r\t\v\f" for c in text
    ):
        raise UsageError(f"{name} {text!r} has characters that cannot be shown; write it on one line")

"""A page of matplotlib's: its size, its settings, and its bytes as SVG, PDF, EPS or PNG."""

import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Page

Legend = Literal["in", "out", "end", "none"]
DRAWN = ("svg", "png", "pdf", "eps")
BINARY = ("png", "pdf")
_DPI = 300
_MOST_PIXELS = 50_000_000
_MISSING = re.compile(r"Glyph (\d+) .* missing from font\(s\) (.*?)\.?$", re.DOTALL)
_LARGEST_STYLE = 1 << 20
_ALWAYS: dict[str, Any] = {
    "text.usetex": False,  # would start a program
    "ps.usedistiller": None,
    "svg.hashsalt": "actcli",
    "svg.image_inline": True,
    "savefig.bbox": None,  # would change the size
    "savefig.transparent": False,
    "figure.constrained_layout.use": False,
    "figure.autolayout": False,
}
_FOREIGN = (
    "animation.", "backend", "docstring.", "figure.hooks", "interactive", "keymap.", "savefig.directory", "text.latex",
    "timezone", "tk.", "toolbar", "webagg.",
)  # fmt: skip
"""Settings of a style file that are not about the look of a picture."""
_GENERIC = {"serif", "sans-serif", "sans", "cursive", "fantasy", "monospace"}
_USUAL: dict[str, Any] = {
    "pdf.fonttype": 42,  # embeds fonts, so that text can be searched and edited
    "ps.fonttype": 42,
    "svg.fonttype": "none",  # text stays text
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": True,
    # a curve behind a name would make both hard to read
    "legend.frameon": True,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "mathtext.default": "it",
}


@dataclass(frozen=True, slots=True)
class Size:
    """A size of pictures.

    Attributes:
        width: inches.
        height: inches; None for what the panels need.
        points: of the font.
        chosen: whether a person chose it.

    """

    width: float = 6.0
    height: float | None = None
    points: float = 9.0
    chosen: bool = False


SIZES = {
    "column": Size(3.5, points=8.0, chosen=True),
    "page": Size(7.2, chosen=True),
    "slide": Size(10.0, 5.625, 18.0, chosen=True),
}
"""3.5 and 7.2 inches are the width of one and of two columns in most journals."""


@dataclass(frozen=True, slots=True)
class Paper:
    """How a drawn picture is laid out.

    Attributes:
        legend: where curves are named; None leaves the choice to the picture.
        size: of the page.
        dpi: pixels per inch of a PNG; None for the person's settings, else 300.
        columns: panels side by side.
        settings: matplotlib's settings, from a style file.

    """

    legend: Legend | None = None
    size: Size = Size()
    dpi: int | None = None
    columns: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def require_matplotlib() -> None:
    """Raise DataError when matplotlib is missing; the message says what to install."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise DataError("svg, png, pdf and eps need matplotlib: pip install matplotlib")


def require_pixels(paper: Paper, form: str) -> None:
    """Raise UsageError for a PNG of more pixels than memory should hold."""
    pixels = paper.size.width * (paper.size.height or paper.size.width) * (paper.dpi or _DPI) ** 2
    if form == "png" and pixels > _MOST_PIXELS:
        raise UsageError(
            f"--size and --dpi make a picture of {pixels / 1e6:,.0f} megapixels, and {_MOST_PIXELS // 10**6} are "
            "possible; choose fewer"
        )


def require_mathtext(texts: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError, in the name of the option, for a text that matplotlib cannot set."""
    if not any("$" in text for several in texts.values() for text in several):
        return
    with _quiet():
        from matplotlib.cbook import is_math_text
        from matplotlib.mathtext import MathTextParser

        for option, several in texts.items():
            for text in filter(is_math_text, several):
                try:
                    MathTextParser("path").parse(text)
                except (ValueError, RuntimeError) as error:
                    reason = str(error).strip().splitlines()[-1].partition(": ")[2].partition(", found")[0]
                    raise UsageError(f"{option} {text}: bad mathtext: {reason or 'not understood'}") from None


def read_style(path: str) -> dict[str, Any]:
    """Return the settings of a style file of matplotlib's. Raises DataError for a file that is none."""
    import stat

    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_STYLE:
            raise DataError(f"--style {path}: not a style file; write lines such as `font.size: 8`")
        with _quiet():
            import matplotlib as mpl

            # a path, because matplotlib would load a text that is an address from the network
            read = mpl.rc_params_from_file(
                Path(path).absolute(), fail_on_error=True, use_default_template=False
            )
            known: dict[str, Any] = {
                str(name): value for name, value in read.items() if not name.startswith(_FOREIGN)
            }
    except OSError as error:
        raise DataError(f"--style {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise DataError(f"--style {path}: {reason}") from None
    _require_font(path, known.get("font.family", ()))
    if not known:
        raise DataError(f"--style {path}: it sets nothing about pictures; write lines such as `font.size: 8`")
    return known


def _require_font(path: str, families: Sequence[str]) -> None:
    """Raise DataError where none of the fonts that a style file names is there."""
    from matplotlib.font_manager import FontProperties, findfont

    for family in families:
        if family in _GENERIC:
            return
        try:
            findfont(FontProperties(family=[family]), fallback_to_default=False)
        except ValueError:
            continue
        return
    if families:
        raise DataError(
            f"--style {path}: font.family {', '.join(families)} is not installed; name another font"
        )


@contextmanager
def open_page(paper: Paper, height: float) -> "Iterator[Page]":
    """Yield an empty page, `height` inches high unless the size says otherwise.

    Settings of the person's matplotlibrc and of the style file win over the usual ones. Nothing is said on stderr, and
    nothing is left in the temporary folder. Raises UsageError for characters that the font lacks.
    """
    folder = os.environ.get("MPLCONFIGDIR")
    with _quiet(), warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        import matplotlib as mpl

        # where no folder of the user's can be written, it makes a temporary one and names it here
        made = os.environ.get("MPLCONFIGDIR")
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure as Page

            own = {name for name, value in mpl.rcParams.items() if value != mpl.rcParamsDefault[name]}
            usual = {**_USUAL, **_sizes(paper)}
            settings: Any = {name: value for name, value in usual.items() if name not in own} | {
                **paper.settings,
                **_ALWAYS,
            }
            with mpl.rc_context(settings):
                width, fixed = paper.size.width, paper.size.height
                if not paper.size.chosen and {"figure.figsize"} & (own | set(paper.settings)):
                    width, fixed = mpl.rcParams["figure.figsize"]
                chosen = mpl.rcParams["savefig.dpi"]
                dpi = paper.dpi or (_DPI if chosen == "figure" else int(chosen))
                page = Page(figsize=(width, fixed or height), dpi=dpi, layout="constrained")
                FigureCanvasAgg(page)
                yield page
        finally:
            if made is not None and made != folder:
                import shutil

                shutil.rmtree(made, ignore_errors=True)
        missing = [found for one in messages if (found := _MISSING.match(str(one.message)))]
        if missing:
            signs = "".join(dict.fromkeys(chr(int(found[1])) for found in missing))
            raise UsageError(
                f"the font {missing[0][2]} lacks {signs}; set another font.family in a --style file"
            )


def save(page: "Page", form: str) -> bytes:
    """Return the page as a file; the same picture gives the same file, because it holds no time."""
    from io import BytesIO

    stamps: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "actcli"},
        "pdf": {"CreationDate": None},
        "eps": {"Creator": "actcli"},
    }
    file = BytesIO()
    page.savefig(file, format=form, dpi=page.dpi, metadata=stamps.get(form, {}))
    whole = file.getvalue()
    return re.sub(rb"%%CreationDate: .*\n", b"", whole, count=1) if form == "eps" else whole


def _sizes(paper: Paper) -> dict[str, Any]:
    """Return the sizes of letters and lines that fit the page."""
    points = paper.size.points
    lines = points / 9
    return {
        "font.size": points,
        "axes.titlesize": points,
        "figure.titlesize": 1.15 * points,
        "legend.fontsize": points,
        "lines.linewidth": 1.4 * lines,
        "axes.linewidth": 0.8 * lines,
        **{
            f"{axis}tick.major.{what}": value * lines
            for axis in "xy"
            for what, value in (("width", 0.8), ("size", 3.5))
        },
        **{
            f"{axis}tick.minor.{what}": value * lines
            for axis in "xy"
            for what, value in (("width", 0.6), ("size", 2.0))
        },
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep matplotlib from announcing caches, and odd or missing fonts, on stderr."""
    import logging

    loggers = [logging.getLogger(name) for name in ("matplotlib", "fontTools")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)

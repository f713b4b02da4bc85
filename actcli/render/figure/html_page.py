"""HTML pages that need nothing else: one file with its style, light or dark as the reader's system is."""

from collections.abc import Sequence
from html import escape

from actcli.render.text.palette import NIGHT, PAPER, text_ink
from actcli.terminal import printable

_NIGHT_PAGE = "#0d1117"
_STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1f2328;--muted:#59636e;--line:#d1d9e0;--soft:#f6f8fa;--bad:#cf222e;
--good:#1a7f37;--warn:#9a6700;--h0:#eaeef2;--h1:#c6e0fb;--h2:#8fc1f4;--h3:#4a97e8;--h4:#0a5fc2}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--muted:#9198a1;--line:#30363d;--soft:#151b23;
--bad:#ff7b72;--good:#3fb950;--warn:#d29922;--h0:#21262d;--h1:#0c2d6b;--h2:#1158c7;--h3:#388bfd;--h4:#a5d6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",Helvetica,Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:14px;font-weight:600;color:var(--muted);margin:0 0 10px;letter-spacing:.02em}
h2{font-size:17px;margin:34px 0 10px}
h3{font-size:14px;margin:16px 0 6px;overflow-wrap:anywhere}
p{margin:6px 0;max-width:75ch;overflow-wrap:anywhere}
.lead{font-size:20px;line-height:1.4;margin:10px 0}
.badge{display:inline-block;padding:2px 10px;border-radius:20px;font-weight:600;font-size:13px;color:var(--page)}
.badge.bad{background:var(--bad)}.badge.good{background:var(--good)}.badge.warn{background:var(--warn)}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:18px 0 0;padding:0;list-style:none}
.facts li{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 14px;min-width:96px}
.facts b{display:block;font-size:20px;font-variant-numeric:tabular-nums}
.facts span,.muted{color:var(--muted);font-size:13px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
tbody:last-child tr:last-child>*{border-bottom:0}th[scope=rowgroup]{background:none;padding-top:12px}
th{font-weight:600;background:var(--soft);color:var(--muted)}thead th{white-space:normal;vertical-align:bottom}
th:first-child,td:first-child,td.l,th.l{text-align:left}
td:first-child,th[scope=row]{font-weight:500}th[scope=row]{background:none;color:var(--ink)}
.zero{color:var(--muted)}.alarm{color:var(--bad);font-weight:600}.best{color:var(--good);font-weight:600}
td.best::after{content:"◂";position:absolute;margin-left:2px}
pre{overflow-x:auto;background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 14px;
font-size:13px}
details{margin-top:8px}summary{cursor:pointer;color:var(--muted)}
svg{display:block;width:100%}
svg.figure{max-width:860px;font-size:13px}
svg.figure text{fill:var(--muted)}svg.figure .title{fill:var(--ink);font-weight:600}
svg.spark{width:300px;height:26px}
svg.heat{margin:4px 0}
.curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.band{opacity:.15}
path.grid{stroke:var(--line);stroke-width:1}path.zero{stroke:var(--muted);stroke-width:1;opacity:.6}
.data{fill:var(--warn)}
.dead{fill:var(--bad)}.broken{fill:var(--warn)}.gone{fill:none;stroke:var(--line)}
.h0{fill:var(--h0)}.h1{fill:var(--h1)}.h2{fill:var(--h2)}.h3{fill:var(--h3)}.h4{fill:var(--h4)}
.d1{fill:var(--bad);opacity:.3}.d2{fill:var(--bad);opacity:.5}.d3{fill:var(--bad);opacity:.75}.d4{fill:var(--bad)}
.key{display:flex;flex-wrap:wrap;gap:4px 14px;color:var(--muted);font-size:13px;margin:8px 0}
.key svg{width:12px;height:12px;display:inline-block;vertical-align:-1px;margin-right:5px}
.key svg.line{width:28px}.key.narrow{display:none}
footer{margin-top:40px;color:var(--muted);font-size:13px;border-top:1px solid var(--line);padding-top:12px}
@media(max-width:600px){main{padding:18px 12px 36px;overflow-x:clip}.lead{font-size:17px}
svg.figure{font-size:20px;width:var(--narrow,100%)}
svg.figure.bars{min-width:520px;font-size:13px}
svg.figure .names{display:none}.key.narrow{display:flex}th,td{padding:5px 8px}svg.spark{width:170px}
td:first-child,th[scope=row]{white-space:normal;overflow-wrap:anywhere;min-width:104px}}
@media print{.scroll{overflow:visible}details{display:block}}
"""


def html_page(title: str, body: str, inks: Sequence[str] = PAPER, night: Sequence[str] = NIGHT) -> str:
    """Return a whole page. `body` is HTML; `inks` and `night` are the colours of curves on a light and a dark page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">\n"
        f"<title>{html_text(title)}</title>\n<style>{_STYLE}{_colors(inks, night)}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def html_text(text: str) -> str:
    """Return a text that HTML shows as it is, on one line, without control characters."""
    # no line ends between a number and its sign
    whole = printable(text).replace(" %", "\u00a0%")
    return escape(whole).encode("utf-8", "backslashreplace").decode()


def name_html(name: str) -> str:
    """Return the name of a layer as HTML, which a narrow screen may break behind its dots and slashes."""
    return html_text(name).replace(".", ".<wbr>").replace("/", "/<wbr>")


def html_table(
    rows: Sequence[Sequence[str]],
    left: Sequence[int] = (0,),
    alarming: Sequence[int] = (),
    best: str = "\0",
) -> str:
    """Return a table of texts, the first row its head; `left` are columns flush left, `alarming` those of deaths.

    The first column names the rows; a row of one text is a heading of those below it. A text that ends in `best` is the
    best of its row or column.
    """
    head, *body = rows
    cells = [
        f'<th scope="col"{_class("l" * (i in left))}>{html_text(name)}</th>' for i, name in enumerate(head)
    ]
    lines = [f"<thead><tr>{''.join(cells)}</tr></thead>\n<tbody>"]
    for name, *others in body:
        if not others:
            heading = f'<th class="l" scope="rowgroup" colspan="{len(head)}">{html_text(name)}</th>'
            lines.append(f"</tbody>\n<tbody><tr>{heading}</tr>\n")
            continue
        cells = [
            f"<td{_class(_kind(text, i, left, alarming, best))}>{html_text(text.removesuffix(best))}</td>"
            for i, text in enumerate(others, 1)
        ]
        lines.append(
            f'<tr><th scope="row"{_class("l" * (0 in left))}>{name_html(name)}</th>{"".join(cells)}</tr>\n'
        )
    return f'<div class="scroll"><table>{"".join(lines)}</tbody></table></div>\n'


def section(heading: str, *parts: str) -> str:
    """Return parts of a page below a heading; blank where there are none."""
    content = "".join(parts)
    return f"<h2>{html_text(heading)}</h2>\n{content}\n" if content else ""


def key(entries: Sequence[tuple[str, str]]) -> str:
    """Return a line of colours, each a class with its meaning."""
    items = "".join(
        f'<span><svg viewBox="0 0 12 12"><rect class="{name}" width="12" height="12" rx="2"/></svg>'
        f"{html_text(text)}</span>"
        for name, text in entries
    )
    return f'<div class="key">{items}</div>\n'


def scrolled(svg: str) -> str:
    """Return a picture that a narrow screen moves sideways instead of shrinking its text."""
    return f'<div style="overflow-x:auto">{svg}</div>\n'


def _kind(text: str, column: int, left: Sequence[int], alarming: Sequence[int], best: str) -> str:
    kinds = ["l"] * (column in left)
    if text in {"0", "–", ""}:
        kinds.append("zero")
    elif column in alarming:
        kinds.append("alarm")
    elif text.endswith(best):
        kinds.append("best")
    return " ".join(kinds)


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def _colors(light: Sequence[str], dark: Sequence[str]) -> str:
    """Return the rules of the curves' classes, in as many colours as the page has; texts are easier to read."""
    rules = []
    for place in range(8):
        ink = f"var(--k{place % len(light)})"
        rules.append(f".k{place}{{stroke:{ink}}}.k{place}.f{{fill:{ink};stroke:none}}.b{place}{{fill:{ink}}}")
        rules.append(f"svg.figure text.n{place}{{fill:var(--n{place % len(light)});font-weight:600}}")
    day, late = (
        "".join(f"--k{i}:{ink};--n{i}:{text_ink(ink, page)};" for i, ink in enumerate(inks))
        for inks, page in ((light, "#ffffff"), (dark, _NIGHT_PAGE))
    )
    return f":root{{{day}}}@media(prefers-color-scheme:dark){{:root{{{late}}}}}{''.join(rules)}"

"""Pictures by the program as a process: those of the documentation again, into pipes, and with a person's settings."""

import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from program import Program

pytest.importorskip("matplotlib")

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = re.findall(
    r"^actcli (.* -o (docs/pictures/\S+))$", (DOCS / "plot.md").read_text("utf-8"), re.MULTILINE
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Let all runs share matplotlib's list of fonts, which takes seconds to make."""
    return {"MPLCONFIGDIR": str(tmp_path_factory.mktemp("matplotlib"))}


@pytest.mark.parametrize(("command", "path"), COMMANDS, ids=[path for _, path in COMMANDS])
def test_the_pictures_of_the_documentation_can_be_made_again(
    actcli: Program, cache: dict[str, str], command: str, path: str
) -> None:
    (actcli.folder / "docs" / "pictures").mkdir(parents=True)
    ended = actcli(*shlex.split(command), **cache)
    assert (ended.err, ended.status) == ("", 0)
    new, kept = (actcli.folder / path).read_bytes(), (DOCS.parent / path).read_bytes()
    # other versions of matplotlib draw other bytes
    assert new[:8] == kept[:8]
    assert len(kept) < 150_000
    assert 0.5 < len(new) / len(kept) < 2


def test_there_are_three_pictures() -> None:
    assert sorted(Path(path).suffix for _, path in COMMANDS) == [".html", ".pdf", ".png"]


def test_a_picture_in_a_pipe_is_that_of_a_file(actcli: Program, cache: dict[str, str]) -> None:
    ended = actcli.shell(
        "actcli plot relu --format png > a.png; actcli plot relu -o b.png; cmp a.png b.png;"
        "actcli compare relu gelu --plot --format eps -o - | head -c 4",
        **cache,
    )
    assert (ended.out, ended.err, ended.status) == ("%!PS", "", 0)


def test_a_terminal_gets_svg_and_no_png(actcli: Program, cache: dict[str, str]) -> None:
    assert "</svg>" in actcli.on_a_terminal("plot", "relu", "--format", "svg", **cache).out
    refused = actcli.on_a_terminal("plot", "relu", "--format", "png", **cache)
    assert refused.status == 2
    assert "is a terminal; use -o FILE" in refused.err + refused.out


def test_a_matplotlibrc_is_respected(actcli: Program, cache: dict[str, str]) -> None:
    (actcli.folder / "matplotlibrc").write_text(
        "axes.spines.right: True\nfigure.figsize: 4, 3\nfont.size: 20\n"
    )
    assert actcli("plot", "relu", "-o", "a.svg", **cache).status == 0
    svg = (actcli.folder / "a.svg").read_text("utf-8")
    root = ET.fromstring(svg)  # noqa: S314 - our own file
    assert (root.get("width"), root.get("height")) == ("288pt", "216pt")
    assert re.search(r"font(-size)?: 20px", svg)

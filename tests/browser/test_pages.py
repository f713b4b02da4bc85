"""HTML pages in a real browser: they render, in light and in dark, and the console has nothing to say."""

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke
from training_runs import run_of

from actcli.render.deadness.timeline_file import write_timeline

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
SECONDS = 120

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium: apt-get install chromium")


@pytest.fixture
def browse(tmp_path):
    """Open a page with more options, and return what the browser printed, and what it logged."""

    def run(page, *options):
        done = subprocess.run(
            [BROWSER or "", *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", *options, page.as_uri()],
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return done.stdout.decode(), done.stderr.decode(errors="replace")

    return run


def net():
    """Recorded activations with dead units, NaN, and a name that tries to be markup."""
    z = np.random.default_rng(0).standard_normal((600, 40))
    z[:, 3:9] = -1
    broken = z.copy()
    broken[5, 20] = np.nan
    return {"fc": z, "<script>console.error(1)</script>&": broken}


MARKUP = "<img src=x onerror=console.error(1)>.npy"
"""The name of a file that tries to be markup."""
PAGES = {
    "report": ("deadcheck", "net.npz", "--recorded", "pre", "--fail-above", "1%"),
    "timeline": ("deadcheck", "run.npz"),
    "plot": ("plot", "relu", "gelu", "--grad"),
    "compare": ("compare", "relu", "gelu", "--by", "gradients", "--depth", "3"),
    "named": ("compare", "relu", "x if x<1 else 1", "--by", "values", "-i", MARKUP),
}


@pytest.fixture(params=PAGES)
def page(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", **net())
    np.save(MARKUP, np.linspace(-2, 2, 41))
    write_timeline(run_of({"a": ["...xx", "..xxx", "....."], "b": ["....x"] * 20}), "run.npz")
    invoke(*PAGES[request.param], "-o", "page.html")
    return Path("page.html").absolute()


def pixels(path):
    """The width, the height, and the bytes of a PNG; each line is stored as differences to its neighbours."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    at, data = 8, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data += content[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return *struct.unpack(">II", content[16:24]), np.frombuffer(zlib.decompress(data), np.uint8)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_renders(page, scheme, browse, tmp_path):
    shot = tmp_path / "shot.png"
    dark = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
    _, log = browse(page, f"--screenshot={shot}", "--window-size=1000,900", *dark)
    width, height, data = pixels(shot)

    assert (width, height) == (1000, 900)
    # of an empty page all differences are 0
    assert np.count_nonzero(data) > 0.005 * data.size
    assert "CONSOLE" not in log
    channels = 3 if data.size < 3.5 * width * height else 4
    first = data[1 : 1 + channels]
    assert (first[:3] < 80).all() if scheme == "dark" else (first[:3] > 200).all()


def test_the_browser_finds_every_part_and_no_script(page, browse):
    dom, log = browse(page, "--dump-dom")

    assert "<svg" in dom
    assert not re.search(r"<(script|link|img|iframe|object)\b", dom)
    assert "CONSOLE" not in log


def test_the_console_is_heard(browse, tmp_path):
    """The check above can fail: an error of a script is in the log."""
    (tmp_path / "bad.html").write_text("<script>throw new Error('planted')</script>")

    assert "planted" in browse(tmp_path / "bad.html", "--dump-dom")[1]

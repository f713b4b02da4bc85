"""Dead units as pictures for print: the map of a record or a model, the course of a run."""

from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import DataError, UsageError

pytest.importorskip("matplotlib")


def record(path: Path, dead: int = 3, units: int = 40, seed: int = 0) -> Path:
    z = np.random.default_rng(seed).normal(size=(300, units))
    z[:, :dead] = -1
    np.savez(path, **{"block$1": np.maximum(z, 0), "out": np.maximum(z[:, ::-1], 0)})
    return path


def pixels(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return (255 * imread(path)[..., :3]).round().astype(int)


def share(picture: np.ndarray, ink: str) -> float:
    wanted = [int(ink[at : at + 2], 16) for at in (1, 3, 5)]
    return float((np.abs(picture - wanted).max(axis=-1) < 4).mean())


@pytest.mark.parametrize(
    ("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("eps", b"%!PS")]
)
def test_the_map_is_a_file_of_each_format(tmp_path: Path, form: str, start: bytes) -> None:
    out = tmp_path / f"map.{form}"
    ended = invoke("deadcheck", str(record(tmp_path / "a.npz")), "-o", str(out))
    assert out.read_bytes().startswith(start)
    assert "6 of 80 units (7.5 %) are dead" in ended.err


def test_the_texts_of_the_map_stay_text_and_its_bytes_the_same(tmp_path: Path) -> None:
    invoke("deadcheck", str(record(tmp_path / "a.npz")), "-o", str(tmp_path / "m.svg"))
    invoke("deadcheck", str(tmp_path / "a.npz"), "-o", str(tmp_path / "again.svg"))
    assert (tmp_path / "m.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    text = (tmp_path / "m.svg").read_text()
    for words in (
        "block$1 (relu): 3 of 40 units dead (7.5 %)",
        "never, not dead",
        "no firing in 300 samples",
    ):
        assert words in text
    assert "NaN or inf" not in text


def test_dead_units_are_black_and_broken_ones_orange(tmp_path: Path) -> None:
    z = np.random.default_rng(0).normal(size=(300, 32))
    invoke("deadcheck", _saved(tmp_path, z), "-o", str(tmp_path / "alive.png"))
    z[:, :8] = -1
    invoke("deadcheck", _saved(tmp_path, z), "-o", str(tmp_path / "dead.png"))
    z[0, 9] = np.nan
    invoke("deadcheck", _saved(tmp_path, z), "-o", str(tmp_path / "broken.png"))
    alive, dead, broken = (pixels(tmp_path / f"{name}.png") for name in ("alive", "dead", "broken"))
    squares = 8 * (5.2 / 32) ** 2 / (6.0 * dead.shape[0] / dead.shape[1] * 6.0)
    assert share(dead, "#000000") - share(alive, "#000000") > 0.8 * squares
    assert share(alive, "#e65f00") == 0.0
    assert share(broken, "#e65f00") > 0


@pytest.mark.parametrize("size", ["column", "9x6cm", "slide"])
def test_a_map_has_the_size_and_the_pixels_that_were_asked_for(tmp_path: Path, size: str) -> None:
    out = tmp_path / "m.png"
    invoke("deadcheck", str(record(tmp_path / "a.npz")), "--size", size, "--dpi", "100", "-o", str(out))
    height, width = pixels(out).shape[:2]
    wide, high = {"column": (350, None), "9x6cm": (354, 236), "slide": (1000, 562)}[size]
    assert abs(width - wide) <= 1
    assert high is None or abs(height - high) <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "column"], "--size belongs to pictures"),
        (["--dpi", "96", "--format", "json"], "--dpi belongs to pictures"),
        (["--dpi", "96", "-o", "m.svg"], "svg has no pixels"),
        (["--dpi", "0", "-o", "m.png"], "from 30 to 2400"),
        (["--dpi", "x", "-o", "m.png"], "whole number"),
        (["--size", "x", "-o", "m.png"], "is no size"),
        (["--size", "0x3", "-o", "m.png"], "out of range"),
        (["--size", "-3x3", "-o", "m.png"], "is no size"),
        (["--size", "slide", "--dpi", "2400", "-o", "m.png"], "megapixels"),
        (["--size", "2x1", "-o", "m.png"], "too small"),
    ],
)
def test_sizes_that_no_picture_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = str(record(tmp_path / "a.npz"))
    assert words in refused("deadcheck", source, *arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz"}


def _saved(folder: Path, z: np.ndarray) -> str:
    np.save(folder / "z.npy", np.maximum(z, 0))
    return str(folder / "z.npy")


def test_many_layers_and_units_fit_a_page(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {f"layer{i}": np.maximum(random.normal(size=(20, 70)), 0) for i in range(14)}
    arrays["wide"] = np.maximum(random.normal(size=(20, 5000)), 0)
    np.savez(tmp_path / "a.npz", **arrays)
    invoke("deadcheck", str(tmp_path / "a.npz"), "-o", str(tmp_path / "m.svg"))
    text = (tmp_path / "m.svg").read_text()
    assert "3 more layers, whose share of dead units is no larger, not drawn." in text
    assert text.count("units dead (") == 12


def timeline(folder: Path, dead: list[int]) -> list[str]:
    paths = []
    for at, count in enumerate(dead):
        record(folder / f"e{at}.npz", count, seed=at)
        paths.append(str(folder / f"s{at}.npz"))
        invoke("deadcheck", str(folder / f"e{at}.npz"), "--save-state", paths[-1], "--quiet")
    return paths


def test_a_timeline_is_a_course(tmp_path: Path) -> None:
    out = tmp_path / "course.svg"
    invoke("deadcheck", "--timeline", *timeline(tmp_path, [0, 2, 6]), "-o", str(out))
    text = out.read_text()
    for words in ("dead units, %", "epoch", "block$1", "out", "Dying began in epoch 2"):
        assert words in text


@pytest.mark.parametrize(("dead", "words"), [([0, 0], "dead units, %"), ([4], "4 of 40 units dead (10 %)")])
def test_a_timeline_without_deaths_or_of_one_epoch_is_drawn_too(tmp_path: Path, dead, words: str) -> None:
    out = tmp_path / "course.svg"
    invoke("deadcheck", "--timeline", *timeline(tmp_path, dead), "-o", str(out))
    assert words in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["a.npz", "-o", "x.gif"], UsageError, "the suffix names no format"),
        (["a.npz", "-o", "x.svg", "--format", "json"], UsageError, "is svg by its suffix"),
        (["a.npz", "--format", "svg"], UsageError, "svg"),
        (["a.npz", "-o", "x.svg", "--units"], UsageError, "svg has no place for them"),
        (["a.npz", "-o", "none/x.svg"], DataError, "does not exist"),
        (["gone.npz", "-o", "x.svg"], DataError, "gone.npz"),
        (["a.npz", "-o", "x.svg", "-o", "x.svg"], UsageError, "x.svg"),
        (["--plan", "10", "-o", "x.svg"], UsageError, "and there are none"),
        (["--born-dead", "--width", "2", "--depth", "9", "-o", "x.png"], UsageError, "and there are none"),
        (["--train", "relu", "-o", "x.pdf"], UsageError, "and there are none"),
        (["--timeline", "a.npz", "-o", "x.svg"], DataError, "a.npz"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(arguments, kind, said, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    record(Path("a.npz"))
    assert said in refused("deadcheck", *arguments, kind=kind)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_the_option_map_goes_with_a_picture(tmp_path: Path) -> None:
    invoke("deadcheck", str(record(tmp_path / "a.npz")), "--map", "-o", str(tmp_path / "m.svg"))
    assert (tmp_path / "m.svg").exists()

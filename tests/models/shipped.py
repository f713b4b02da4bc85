"""Models and pictures that packages on PyPI ship: installed, or unpacked below ACTCLI_MODELS."""

import importlib.util
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

OCR = "rapidocr_onnxruntime/models"
PITCH = "basic_pitch/saved_models/icassp_2022/nmp.onnx"
PICTURES = ("china.jpg", "flower.jpg")


def shipped(path: str) -> Path | None:
    """A file of a package, `package/inside/it`; None where it is not there."""
    folder = os.environ.get("ACTCLI_MODELS")
    if folder:
        found = Path(folder, path)
        return found if found.exists() else None
    package, _, inside = path.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(spec.submodule_search_locations[0], inside)
    return found if found.exists() else None


@cache
def _photographs() -> tuple[np.ndarray, ...]:
    from PIL import Image

    found = [shipped(f"sklearn/datasets/images/{name}") for name in PICTURES]
    return tuple(np.asarray(Image.open(path).convert("RGB")) for path in found if path is not None)


def pictures(count: int, height: int, width: int) -> np.ndarray:
    """Cuts out of photographs, (count, 3, height, width) float32, scaled as PP-OCR's own preprocessing does."""
    photographs = _photographs()
    rng = np.random.default_rng(11)
    cuts = np.empty((count, 3, height, width), np.float32)
    for i in range(count):
        photograph = photographs[i % len(photographs)]
        step = int(rng.integers(1, 3)) if height < 200 else 1
        rows, columns = (
            (rng.integers(0, have - min(want * step, have) + 1) + step * np.arange(want)) % have
            for have, want in zip(photograph.shape[:2], (height, width), strict=True)
        )
        cuts[i] = (photograph[np.ix_(rows, columns)].transpose(2, 0, 1) / 255 - 0.5) / 0.5
    return cuts


def plucked_strings(count: int, length: int, rate: int = 22050) -> np.ndarray:
    """Chords of plucked strings (Karplus & Strong 1983), (count, length, 1) float32."""
    rng = np.random.default_rng(5)
    sounds = np.zeros((count, length, 1), np.float32)
    for sound in sounds:
        for pitch in rng.integers(40, 80, 3):
            period = round(rate / (440 * 2 ** ((pitch - 69) / 12)))
            string = rng.uniform(-1, 1, period)
            onset = int(rng.integers(0, length // 2))
            for start in range(onset, length, period):
                part = sound[start : start + period, 0]
                part += 0.3 * string[: len(part)]
                string = 0.498 * (string + np.roll(string, 1))
    return sounds


def needed(path: str) -> str:
    """The path of a file of a package; the test is skipped where it is not there."""
    found = shipped(path)
    if found is None and "ACTCLI_MODELS" in os.environ:
        pytest.fail(f"{path} is not in the folder that ACTCLI_MODELS names")
    if found is None:
        pytest.skip(f"{path} is not here: install its package, or name its folder in ACTCLI_MODELS")
    return str(found)


def images(count: int, height: int, width: int) -> np.ndarray:
    """Cuts out of the photographs; the test is skipped where they are not there."""
    if "ACTCLI_MODELS" not in os.environ:
        pytest.importorskip("PIL")
    for name in PICTURES:
        needed(f"sklearn/datasets/images/{name}")
    return pictures(count, height, width)

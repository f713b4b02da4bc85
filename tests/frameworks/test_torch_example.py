"""The program on the page of Watch does what the page shows."""

import re
import runpy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

PAGES = Path(__file__).parents[2] / "docs"


def test_the_program_on_the_page_finds_layers_and_dead_units(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    watch = runpy.run_path(str(PAGES / "watch_example.py"))["watch"]
    printed = capsys.readouterr().out
    shown = str(watch)
    assert shown in printed
    assert without_times(shown) in without_times((PAGES / "watch.md").read_text("utf-8"))
    costs = watch.costs()
    assert list(costs) == [layer.name for layer in watch.layers]
    assert all(0 < seconds < 1 for seconds in costs.values())
    assert "epoch 2: 2,000 samples" in printed
    assert 0 < watch.scalars()["dead_share"] < 1
    assert (tmp_path / "run.npz").exists()


def without_times(text):
    return re.sub(r"[\d.]+ ms", "? ms", text)

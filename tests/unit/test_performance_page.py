"""The page of measured ratios: what is written is what is read again, and what counts as worse."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from performance_page import PAGE, Measured, documented, page, worse


def row(ours, work="`deadcheck` of 512, float32", threads=2):
    return Measured(
        "Recorded arrays", work, "2,000 samples, 4 MB", threads, "PyTorch", ours, [1.0, 2.0, 4.0], 3 << 20
    )


def test_a_row_has_medians_and_the_range_of_the_rounds():
    assert row([0.1, 0.3, 0.2]).line == (
        "| `deadcheck` of 512, float32 | 2,000 samples, 4 MB | 2 | 0.200 s | 2.000 s | 0.100 (0.050 to 0.150) | 3 MiB |"
    )


def test_what_is_written_is_read_again():
    rows = [row([0.1, 0.3, 0.2]), row([0.2, 0.6, 0.4], threads=1), row([1.0, 1.0, 1.0], "`plot relu`", 0)]
    text = page(rows, ["ONNX models: no onnxruntime"], (0.0, 0.1))
    assert documented(text) == {one.key: pytest.approx(one.ratio) for one in rows}
    assert "busy" not in text
    assert "- ONNX models: no onnxruntime" in text
    assert "busy" in page(rows, [], (0.0, 3.0))


def test_a_shard_s_cost_stands_below_its_table():
    shards = row([1.0, 2.0, 3.0])
    shards.theirs, shards.files = [0.5, 1.5, 2.5], 1000
    assert "Each of 1,000 files costs 0.50 ms." in page([shards], [], (0.0, 0.0))


@pytest.mark.parametrize(("seconds", "said"), [(0.25, 0), (0.27, 1), (0.05, 0)])
def test_more_than_1_3_times_the_page_is_worse(seconds, said):
    before = documented(page([row([0.1, 0.3, 0.2])], [], (0.0, 0.0)))
    assert len(worse([row([seconds] * 3)], before)) == said
    assert worse([row([9.0] * 3, "another work")], before) == []


def test_the_page_in_the_documentation_can_be_compared_with():
    assert len(documented(PAGE.read_text("utf-8"))) > 20

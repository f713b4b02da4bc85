"""The time of one run of two models, measured in turn."""

import time
from statistics import median, quantiles

from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.pruning.runner import Runner

_FEWEST, _MOST = 5, 51
_SECONDS = 1.0
"""After so long no further round begins."""


def time_in_turn(
    old: Runner, new: Runner, feed: Batch
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """Return the median seconds of a run of each, and the quartiles of their ratio, new over old.

    Of up to 51 rounds; who begins changes from round to round.
    """
    runs = (old, new)
    for run in runs:
        run(feed)
    times: tuple[list[float], list[float]] = ([], [])
    started = time.perf_counter()
    for i in range(_MOST):
        for which in (0, 1) if i % 2 else (1, 0):
            begin = time.perf_counter()
            runs[which](feed)
            times[which].append(time.perf_counter() - begin)
        if i + 1 >= _FEWEST and time.perf_counter() - started > _SECONDS:
            break
    ratios = [after / before for before, after in zip(*times, strict=True)]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return (median(times[0]), median(times[1])), (low, middle, high)

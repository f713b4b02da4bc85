"""What the tests of comparisons share: three functions, measured by hand."""

import numpy as np

from actcli.analysis.card.landmarks import Interval
from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Step
from actcli.analysis.figure.curves import Curve, Figure, Panel

INF = float("inf")
BELOW = (Interval(-INF, 0.0, holds_low=False, holds_high=True),)

COLUMNS = (
    Column("infimum", "infimum"),
    Column("zero_gradient", "no gradient"),
    Column("explained", "explained variance", "large"),
    Column("smooth", "smooth", "large"),
    Column("float16_error", "largest error", "small", "float16"),
    Column("float16_time", "time", "small", "float16", "ns"),
)

RELU = {
    "infimum": 0.0,
    "zero_gradient": BELOW,
    "explained": 0.8183098861837907,
    "smooth": False,
    "float16_error": 0.1,
    "float16_time": 2.5,
}
GELU = {
    "infimum": -0.16997120747990369,
    "zero_gradient": (),
    "explained": 0.95,
    "smooth": True,
    "float16_error": 0.25,
    "float16_time": 12.0,
}
ODD = {"infimum": -INF, "explained": None, "smooth": True, "float16_error": float("nan"), "float16_time": 2.5}

CONTENDERS = (
    Contender("relu", RELU, {"layers": [{"layer": 1, "signal": 0.5}, {"layer": 2, "signal": INF}]}),
    Contender("gelu", GELU, {"layers": [{"layer": 1, "signal": 0.25}, {"layer": 2, "signal": 0.125}]}),
    Contender("leaky_relu:alpha=0.25", ODD),
)


def comparison(contenders=CONTENDERS, columns=COLUMNS, **more):
    return Comparison(more.pop("by", "precision"), tuple(columns), tuple(contenders), **more)


def sweep(count, columns=COLUMNS[2:3]):
    """Many contenders with few numbers each."""
    return comparison(
        [
            Contender(f"silu:beta={i}", {"explained": i / 16, "float16_error": 1 / i})
            for i in range(1, count + 1)
        ],
        columns,
    )


def curve(name, rate, points=50):
    layer = np.arange(1.0, points + 1)
    return Curve(name, "variance", name, ((layer, np.exp(-rate * layer)),))


def by_layer(*rates, panels=("variance of the signal", "variance of the gradient")):
    figure = Figure(
        tuple(Panel(name, tuple(curve(f"f{r:g}", r) for r in rates)) for name in panels), (1.0, 50.0)
    )
    return comparison(chart=Chart(figure, "layer", log=True), by="gradients")


def bars(values=(0.5, 0.25, 0.0)):
    one = Bars("explained variance", ("relu", "gelu", "leaky_relu:alpha=0.25"), tuple(values))
    return comparison(chart=Chart((one,)), by="information")


def steps(whole, *, failure=None, total=None):
    """A step a contender; after them it raises `failure`."""
    several = whole.contenders
    for i in range(1, len(several) + 1):
        part = Comparison(
            whole.by, whole.columns, several[:i], whole.seed, chart=whole.chart, over_limit=whole.over_limit
        )
        yield Step(i, total or len(several), several[i - 1].function, whole if i == len(several) else part)
    if failure is not None:
        raise failure

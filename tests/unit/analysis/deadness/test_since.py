import numpy as np
import pytest
from layer_states import normal, state

from actcli.analysis.deadness.since import LayerChange, find_change
from actcli.analysis.deadness.verdict import Settings
from actcli.exits import DataError

SETTINGS = Settings()


def layer(*dead, name="conv1", units=6, function="relu", recorded="pre"):
    z = np.abs(normal(40, units)) * np.where(np.arange(40) % 2, 1, -1)[:, None]
    z[:, list(dead)] = -1
    return state(z, function, recorded, name)


def test_then_and_now():
    old = (layer(0, 1, 4), layer(name="fc"))
    new = (layer(name="fc"), layer(1, 2, 3, 4))

    changed = find_change(old, new, SETTINGS)

    assert changed.layers == (
        LayerChange("fc", 6, (), (), ()),
        LayerChange("conv1", 6, newly_dead=(2, 3), revived=(0,), still_dead=(1, 4)),
    )
    assert (changed.newly_dead, changed.revived, changed.still_dead) == (2, 1, 2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([layer()], [layer(units=5)], "layer 'conv1' has 5 units, and had 6 in the older statistics"),
        (
            [layer()],
            [layer(function="tanh")],
            "layer 'conv1' is pre of tanh, and was pre of relu in the older statistics",
        ),
        (
            [layer()],
            [layer(recorded="post")],
            "layer 'conv1' is post of relu, and was pre of relu in the older statistics",
        ),
        (
            [layer(), layer(name="a")],
            [layer(), layer(name="b"), layer(name="c")],
            "the layers are not the same: 'a' is only in the older statistics, and 'b', 'c' are only in the new ones",
        ),
        (
            [layer()],
            [layer(), *(layer(name=f"x{i}") for i in range(7))],
            "the layers are not the same: 'x0', 'x1', 'x2', 'x3', 'x4' and 2 more are only in the new ones",
        ),
    ],
)
def test_what_cannot_be_compared(old, new, said):
    with pytest.raises(DataError) as caught:
        find_change(old, new, SETTINGS)

    assert str(caught.value) == said

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
    ("old", "new", "words"),
    [
        ([layer()], [layer(units=5)], ["'conv1'", "5 units", "6 in the older"]),
        ([layer()], [layer(function="tanh")], ["'conv1'", "pre of tanh", "pre of relu in the older"]),
        ([layer()], [layer(recorded="post")], ["'conv1'", "post of relu", "pre of relu in the older"]),
        (
            [layer(), layer(name="a")],
            [layer(), layer(name="b"), layer(name="c")],
            ["'a' is only in the older", "'b', 'c' are only in the new"],
        ),
        ([layer()], [layer(), *(layer(name=f"x{i}") for i in range(7))], ["'x3', 'x4' and 2 more"]),
    ],
)
def test_what_cannot_be_compared(old, new, words):
    with pytest.raises(DataError) as caught:
        find_change(old, new, SETTINGS)
    assert all(word in str(caught.value) for word in words)

"""What the tests of the rendering share: results made of a few blocks, and a terminal that keeps what it shows."""

import io

import numpy as np

from actcli.analysis.stream.evaluation import Evaluation
from actcli.render.output.layout import Layout
from actcli.render.values.evaluations import write_evaluations
from actcli.terminal import Terminal

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])


def results(*blocks, function="gelu", quantity="f(x)", array=None, shape=None, failure=None, **more):
    """An evaluation of blocks of y, or of pairs of x and y; at the end it raises `failure`."""
    pairs = [block if isinstance(block, tuple) else (np.zeros(len(block)), block) for block in blocks]
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in pairs]
    dtype = pairs[0][1].dtype if pairs else np.dtype(np.float64)

    def stream():
        yield from pairs
        if failure is not None:
            raise failure

    more.setdefault("among_others", array is not None)
    return Evaluation(function, quantity, array, dtype, shape, stream(), **more)


def row_results(**more):
    """Two rows of three numbers and, for each, two results."""
    return results((ROWS, ROWS[:, :2] * 2), by_rows=True, **more)


def jacobian_results(**more):
    """Two rows of three numbers and, for each, a matrix of two results by three inputs."""
    matrices = np.arange(12.0).reshape(2, 2, 3)
    return results((ROWS, matrices), by_rows=True, function="softmax", quantity="df/dx", **more)


def names(folder):
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


class Screen(io.BytesIO):
    """A stream that remembers what was there at each flush."""

    def __init__(self):
        super().__init__()
        self.flushed = []

    def flush(self):
        self.flushed.append(self.getvalue())


def terminal(stdout=None, **more):
    more.setdefault("size", (80, 24))
    more.setdefault("color_choice", "never")
    return Terminal(None, stdout if stdout is not None else Screen(), None, **more)


def written(evaluations, kind, *, path=None, with_x=False, digits=None, **more):
    """What stdout holds after writing one evaluation, or a list of them."""
    world = terminal(**more)
    several = evaluations if isinstance(evaluations, list) else [evaluations]
    write_evaluations(iter(several), Layout(kind, path, with_x, digits), world)
    return world.stdout.getvalue().decode(world.encoding)

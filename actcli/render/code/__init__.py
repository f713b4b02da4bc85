"""Functions written out as code for another place: NumPy, PyTorch, JAX, LaTeX.

lowering makes a tree ready (switched-off parameters, guarded branches); expressions writes a tree in Python;
module puts functions together. What differs from place to place is a table each: numpy, torch, jax. latex is its own.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actcli.activations import Activation

SUFFIXES = {"python": ".py", "torch": ".py", "jax": ".py", "latex": ".tex"}
"""The places that code is written for, and how a file of it ends."""


def code_for(place: str, f: "Activation") -> str:
    """The function as code for one of the places in SUFFIXES: a whole text, ready to be pasted."""
    if place == "latex":
        from actcli.render.code.latex import latex

        return latex(f)
    from actcli.render.code.module import module

    if place == "python":
        from actcli.render.code.numpy import NUMPY as TARGET
    elif place == "torch":
        from actcli.render.code.torch import TORCH as TARGET
    else:
        from actcli.render.code.jax import JAX as TARGET
    return module(f, TARGET)

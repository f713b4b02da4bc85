"""Activation functions as code for NumPy, PyTorch, JAX, TensorFlow, LaTeX, C and Triton.

`lowering` prepares a formula's tree (drops parameters that are switched off, guards branches), `expressions` writes a
tree as Python, `module` puts functions together. The differences between the frameworks are one table each:
`numpy`, `torch`, `jax`, `tensorflow`. `latex` stands alone.
`scalar` writes kernels of one number, in the syntax of `c` or `triton`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.render.code.scalar import ScalarType

SUFFIXES = {
    "python": ".py",
    "torch": ".py",
    "jax": ".py",
    "tensorflow": ".py",
    "latex": ".tex",
    "c": ".c",
    "triton": ".py",
}
"""The places that code is written for, and the suffix of a file of it."""


def code_for(place: str, f: "Activation", *, as_module: bool = False, dtype: "ScalarType" = "float32") -> str:
    """Return the function as code for one of the places in SUFFIXES: a complete text, ready to be pasted.

    as_module: for torch, end in a class derived from nn.Module, whose parameters are trainable. dtype: the numbers of a
    kernel in c or triton; other code takes the type of x.
    """
    if as_module:
        from actcli.render.code.torch_module import torch_module

        return torch_module(f)
    if place == "latex":
        from actcli.render.code.latex import latex

        return latex(f)
    if place == "c":
        from actcli.render.code.c import c_code

        return c_code(f, dtype)
    if place == "triton":
        from actcli.render.code.triton import triton_code

        return triton_code(f, dtype)
    from actcli.render.code.module import module

    if place == "python":
        from actcli.render.code.numpy import NUMPY as TARGET
    elif place == "torch":
        from actcli.render.code.torch import TORCH as TARGET
    elif place == "tensorflow":
        from actcli.render.code.tensorflow import TENSORFLOW as TARGET
    else:
        from actcli.render.code.jax import JAX as TARGET
    return module(f, TARGET)

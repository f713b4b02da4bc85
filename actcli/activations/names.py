"""The text of a specification: how names compare, and where parameters and layers are split off."""

import re
from collections.abc import Sequence

DIALECTS = ("torch", "jax", "keras", "onnx", "hf")
"""The last is transformers of Hugging Face: the names of `hidden_act` in a model's config.json."""
MODULES = {
    "nn": "torch.nn", "f": "torch.nn.functional", "functional": "torch.nn.functional",
    "nn.functional": "torch.nn.functional", "pytorch": "torch",
    "tf": "keras", "tf.nn": "keras", "tf.math": "keras", "tf.keras": "keras",
    "tensorflow": "keras", "tensorflow.nn": "keras", "tensorflow.math": "keras", "tensorflow.keras": "keras",
    "activations": "keras.activations", "layers": "keras.layers",
    "jnn": "jax.nn", "jnp": "jax.numpy", "flax": "jax", "flax.linen": "jax.nn", "flax.nnx": "jax.nn",
    "transformers": "hf", "huggingface": "hf", "act2fn": "hf",
}  # fmt: skip
"""The modules under which code imports the frameworks, in lower case, and their paths in our names.

tf.nn computes what Keras does, with the same defaults: the leak of tf.nn.leaky_relu is 0.2, tf.nn.gelu is exact.
"""
NAME = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.-]*\s*")
WORDS = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.-]*( [A-Za-z0-9][A-Za-z0-9_.-]*)+\s*")
"""A name of several words, as papers write it: `Leaky ReLU`. Some formulas look like it too."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_LETTERS = "alpha beta gamma delta epsilon eta theta kappa lambda mu nu rho sigma tau phi psi omega"
GREEK = {
    **dict(zip("αβγδεηθκλμνρστφψω", _LETTERS.split(), strict=True)),
    # the same letters as other keyboards and fonts have them
    "µ": "mu",
    "ϵ": "epsilon",
    "ϕ": "phi",
}
"""A paper's letters for parameters."""


def normalise(name: str) -> str:
    """Return the form in which names are compared: case, spaces, `-` and `_` do not matter, and `β` is beta."""
    name = name.strip()
    return GREEK.get(name, name).lower().replace("-", "").replace("_", "").replace(" ", "")


def expand_module(name: str) -> str:
    """Return a dotted name with the framework in front: `torch.nn.ReLU` for `nn.ReLU`; other names as they are."""
    for place in range(len(name) - 1, 0, -1):
        if name[place] == "." and (path := MODULES.get(name[:place].lower())):
            return path + name[place:]
    return name


def split_parameters(spec: str) -> tuple[str, str | None]:
    """Return the function and the text after the last colon outside brackets; None without a colon."""
    depth = 0
    for place in range(len(spec) - 1, -1, -1):
        depth += (spec[place] == ")") - (spec[place] == "(")
        if spec[place] == ":" and depth == 0:
            # after a name the first colon counts: relu:1:2 has a bad number and is no formula
            first = spec.find(":")
            colon = first if NAME.fullmatch(spec[:first]) else place
            return spec[:colon], spec[colon + 1 :]
    return spec, None


def split_slashes(spec: str) -> list[str]:
    """Return the parts between the slashes outside brackets; before a digit a slash is a fraction's: snake:pi/2."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(spec):
        depth += (character == "(") - (character == ")")
        if character == "/" and depth == 0 and not spec[place + 1 : place + 2].isdecimal():
            parts.append(spec[start:place])
            start = place + 1
    return [*parts, spec[start:]]


def is_bracketed(part: str) -> bool:
    """Return whether one pair of brackets encloses the whole part, but for its parameters."""
    head = split_parameters(part)[0].strip()
    if not (head.startswith("(") and head.endswith(")")):
        return False
    depth = 0
    for place, character in enumerate(head):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(head) - 1
    return False


def strip_brackets(part: str) -> str:
    """Return a bracketed part without its brackets, its parameters kept."""
    head, tail = split_parameters(part)
    return head.strip()[1:-1] + ("" if tail is None else f":{tail}")


def offer(names: Sequence[str]) -> str:
    """Return `; did you mean relu, rrelu or relu6?`, or nothing without names."""
    if not names:
        return ""
    *first, last = names
    return f"; did you mean {', '.join(first)} or {last}?" if first else f"; did you mean {last}?"

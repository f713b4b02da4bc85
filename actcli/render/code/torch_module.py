"""A function as an `nn.Module` of PyTorch: parameters that can be learned are trainable, the others are buffers."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from actcli.activations import Activation, Parameter
from actcli.analysis.wording import listed
from actcli.render.code.identifiers import Identifiers, function_name, remark
from actcli.render.code.module import Written, argument, head, module
from actcli.render.code.torch import TORCH
from actcli.render.figure.paper_names import title

_ATTRIBUTES = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda dim double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad"""
_TAKEN = frozenset(_ATTRIBUTES.split())
"""The attributes of every nn.Module."""
_WITHIN = '''def within(parameter, low=None, high=None):
    """Return a parameter kept in its bounds; its gradient passes, so that training can bring it back."""
    return torch.clamp(parameter, low, high).detach() + (parameter - parameter.detach())'''
_STEP = 2.0**-10


def torch_module(f: Activation) -> str:
    """Return the function as code that ends in a class derived from nn.Module."""
    parameters = {p.name: p for p in f.definition.parameters}
    arrays = frozenset(name for name, one in parameters.items() if not one.whole)
    return module(f, TORCH, arrays=arrays, wrap=lambda written: _class(f, parameters, written))


def _class(f: Activation, parameters: dict[str, Parameter], written: Written) -> str:
    learned = [name for name in written.takes if _is_learned(f, parameters[name])]
    attributes = Identifiers(set(_TAKEN))
    own = {name: attributes.new(identifier) for name, identifier in written.takes.items()}
    dim = ["dim"] if "dim=-1" in written.more else []
    arguments = [argument(parameters[p], name, f.parameters[p]) for p, name in written.takes.items()]
    values = [f"{name}={_use(own[p], parameters[p], p in learned)}" for p, name in written.takes.items()]
    values += [f"{one}=self.{one}" for one in dim]
    lines = [
        f"class {_class_name(f, written)}(nn.Module):",
        f'    """{remark(_about(f, parameters, written, learned))}"""',
        "",
    ]
    if written.takes or dim:
        lines += [
            f"    {head('__init__', 'self', [*arguments, *written.more])}",
            "        super().__init__()",
            *(f"        {_keep(own[p], name, p in learned)}" for p, name in written.takes.items()),
            *(f"        self.{one} = {one}" for one in dim),
            "",
        ]
    lines += ["    def forward(self, x):", f"        return {written.name}({', '.join(['x', *values])})"]
    text = "\n".join(lines)
    return f"{_WITHIN}\n\n\n{text}" if "within(" in text else text


def _class_name(f: Activation, written: Written) -> str:
    """Return `LeakyReLU` for leaky_relu; `Activation` for a formula."""
    base = function_name(f.definition)
    if base == "f":
        wanted = "Activation"
    else:
        words = title(base).split()
        words = words if "".join(words).isidentifier() else base.split("_")
        wanted = "".join(word[:1].upper() + word[1:] for word in words)
    return Identifiers({"F", "nn", written.name, "within"}).new(wanted)


def _is_learned(f: Activation, parameter: Parameter) -> bool:
    """Return whether the function changes a little with a parameter, so that a gradient reaches it."""
    value = f.parameters[parameter.name]
    if parameter.whole:
        return False
    if math.isnan(value):
        return True
    x = np.concatenate([np.linspace(-9, 9, 361), [-100.0, 100.0]])
    if not f.by_rows:
        slopes = f.grad(x, wrt=parameter.name)
        return bool(np.any(np.isfinite(slopes) & (slopes != 0)))
    rows = np.stack([x, np.roll(x, 101)], axis=-1)
    rows = np.concatenate([rows, rows[:, ::-1]], axis=-1)
    near = Activation(
        f.spec, f.definition, {**f.parameters, parameter.name: value * (1 - _STEP) if value else _STEP}
    )
    return bool(np.any(f(rows) != near(rows)))


def _keep(attribute: str, name: str, is_learned: bool) -> str:
    if is_learned:
        return f"self.{attribute} = nn.Parameter(torch.as_tensor({name}, dtype=torch.get_default_dtype()))"
    return f'self.register_buffer("{attribute}", torch.as_tensor({name}))'


def _use(attribute: str, parameter: Parameter, is_learned: bool) -> str:
    """Return what is passed to the function: a trainable parameter is kept in its bounds."""
    if not is_learned:
        return f"int(self.{attribute})" if parameter.whole else f"self.{attribute}"
    low = _bound(parameter.low, math.inf if parameter.open_low else None)
    high = _bound(parameter.high, -math.inf if parameter.open_high else None)
    if low == high == "None":
        return f"self.{attribute}"
    return f"within(self.{attribute}, {low}{'' if high == 'None' else f', {high}'})"


def _bound(bound: float, inwards: float | None) -> str:
    """Return a bound as code; one that is excluded as the next float32, and 0 as the smallest normal one."""
    if math.isinf(bound):
        return "None"
    if inwards is None:
        return repr(bound)
    beside = np.nextafter(np.float32(bound), np.float32(inwards))
    return repr(float(beside) if bound else math.copysign(float(np.finfo(np.float32).tiny), inwards))


def _about(f: Activation, parameters: dict[str, Parameter], written: Written, learned: list[str]) -> str:
    names = [written.takes[name] for name in learned]
    fixed = [written.takes[name] for name in written.takes if name not in learned]
    what = f.definition.formula if written.name == "f" else written.name
    parts = [f"{what} with a trainable {listed(names)}" if names else f"{what}; nothing to train"]
    if fixed:
        parts.append(f"no gradient reaches {listed(fixed)}: {'a buffer' if len(fixed) == 1 else 'buffers'}")
    parts += [*_conditions(f, parameters, written, learned)]
    return "; ".join(parts) + "."


def _conditions(
    f: Activation, parameters: dict[str, Parameter], written: Written, learned: list[str]
) -> Iterator[str]:
    """Yield the conditions on trainable parameters, those that are kept and those that are not."""
    for name in learned:
        one = parameters[name]
        if not math.isinf(one.low) or not math.isinf(one.high):
            yield f"{written.takes[name]} is kept {replace(one, nonzero=False).bounds}"
        if one.nonzero:
            yield f"{written.takes[name]} must not become 0"
    values = dict(zip(f.parameters, reversed([*f.parameters.values()]), strict=True))
    relation = f.definition.relation(**values) if len(values) == 2 else None
    if relation:
        yield f"{relation} is not enforced"

"""The table for PyTorch: autograd differentiates the code with finite gradients."""

from actcli.render.code.target import Body, Native, Target

_SAME = (
    "abs", "sign", "floor", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf",
    "erfc", "isnan",
)  # fmt: skip

TORCH = Target(
    array="torch",
    imports={"math": "import math", "torch": "import torch", "F": "import torch.nn.functional as F"},
    parameter="torch.as_tensor({p}, dtype=x.dtype, device=x.device)",
    calls={name: f"torch.{name}({{0}})" for name in _SAME}
    | {
        "arctan": "torch.atan({0})",
        "normcdf": "torch.special.ndtr({0})",
        "min": "torch.minimum({0}, {1})",
        "max": "torch.maximum({0}, {1})",
        "logaddexp": "torch.logaddexp({0}, {1})",
        "clip": "torch.clamp({0}, {1}, {2})",
    },
    natives={
        "relu": Native("F.relu({x})"),
        "leaky_relu": Native("F.leaky_relu({x}, negative_slope={alpha})"),
        "relu6": Native("F.relu6({x})"),
        "thresholded_relu": Native("F.threshold({x}, threshold={theta}, value={value})"),
        "hard_tanh": Native("F.hardtanh({x}, min_val={min}, max_val={max})"),
        "hard_sigmoid": Native("F.hardsigmoid({x})"),
        "hard_swish": Native("F.hardswish({x})"),
        "elu": Native("F.elu({x}, alpha={alpha})"),
        "selu": Native("F.selu({x})", {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}),
        "celu": Native("F.celu({x}, alpha={alpha})"),
        "gelu": Native("F.gelu({x})"),
        "gelu_tanh": Native('F.gelu({x}, approximate="tanh")'),
        "silu": Native("F.silu({x})", {"beta": 1.0}),
        "mish": Native("F.mish({x})"),
        "sigmoid": Native("torch.sigmoid({x})"),
        "log_sigmoid": Native("F.logsigmoid({x})"),
        "softsign": Native("F.softsign({x})"),
        # the threshold of torch cannot be switched off: log1p(exp(x)) would overflow
        "softplus": Native("F.softplus({x}, beta={beta}, threshold={threshold})"),
        "softshrink": Native("F.softshrink({x}, lambd={lambda})"),
        "hardshrink": Native("F.hardshrink({x}, lambd={lambda})"),
        "tanhshrink": Native("F.tanhshrink({x})"),
        "sine": Native("torch.sin({x})"),
    },
    bodies={
        "cbrt": Body(("return torch.copysign(torch.abs(x) ** (1 / 3), x)",)),
        "softmax": Body(("return F.softmax(x, dim=dim)",), "dim=-1"),
        "log_softmax": Body(("return F.log_softmax(x, dim=dim)",), "dim=-1"),
        "softmin": Body(("return F.softmin(x, dim=dim)",), "dim=-1"),
        "sparsemax": Body(
            (
                "x = torch.movedim(x, dim, -1)",
                "x = x - x.amax(dim=-1, keepdim=True).detach()",
                "ordered = torch.sort(x, dim=-1, descending=True).values",
                "excess = torch.cumsum(ordered, dim=-1) - 1",
                "count = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)",
                "size = (count * ordered > excess).sum(dim=-1, keepdim=True)",
                "tau = torch.gather(excess, -1, size - 1) / size",
                "return torch.movedim(torch.clamp(x - tau, min=0), -1, dim)",
            ),
            "dim=-1",
        ),
        "hardmax": Body(
            (
                "first = torch.argmax(x, dim=dim, keepdim=True)",
                "return torch.zeros_like(x).scatter(dim, first, 1)",
            ),
            "dim=-1",
        ),
        "maxout": Body(
            (
                "x = torch.movedim(x, dim, -1)",
                "parts = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)",
                "return torch.movedim(parts.max(dim=-2).values, -1, dim)",
            ),
            "dim=-1",
        ),
        "glu": Body(("return F.glu(x, dim=dim)",), "dim=-1"),
        "reglu": Body(("a, b = torch.chunk(x, 2, dim=dim)", "return F.relu(a) * b"), "dim=-1"),
        "geglu": Body(("a, b = torch.chunk(x, 2, dim=dim)", "return F.gelu(a) * b"), "dim=-1"),
        "swiglu": Body(("a, b = torch.chunk(x, 2, dim=dim)", "return F.silu(a) * b"), "dim=-1"),
    },
    with_constant={"min": "torch.clamp({0}, max={1})", "max": "torch.clamp({0}, min={1})"},
    arrays_only=frozenset({"logaddexp"}),
    number="{0}.to(x.dtype)",
    numbers_only=True,
)

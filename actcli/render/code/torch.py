"""The table for PyTorch: autograd differentiates the code with finite gradients."""

from actcli.render.code.target import Body, Native, Target

_SAME = (
    "abs", "sign", "floor", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv", "isnan",
)  # fmt: skip

_TOPK = (
    "x = torch.movedim(x, dim, -1)",
    "# of equal numbers the first; torch.topk is faster and does not say which",
    "first = torch.argsort(x, dim=-1, descending=True, stable=True)[..., :count]",
    "kept = torch.zeros_like(x).scatter(-1, first, torch.gather(x, -1, first))",
    "return torch.movedim(kept, -1, dim)",
)

TORCH = Target(
    array="torch",
    imports={
        "math": "import math",
        "torch": "import torch",
        "F": "import torch.nn.functional as F",
        "nn": "from torch import nn",
    },
    parameter="torch.as_tensor({p}, dtype=x.dtype, device=x.device)",
    halves="{0}, {1} = torch.chunk(x, 2, dim=dim)",
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
        "hard_swish": Native("F.hardswish({x})", fails="x > 5.6e37"),
        "elu": Native("F.elu({x}, alpha={alpha})"),
        "selu": Native("F.selu({x})", {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}),
        "celu": Native("F.celu({x}, alpha={alpha})"),
        "gelu": Native("F.gelu({x})", fails="x > 1.7e38"),
        "gelu_tanh": Native('F.gelu({x}, approximate="tanh")', fails="x < -1e19 and x > 1e19"),
        "silu": Native("F.silu({x})", {"beta": 1.0}),
        "mish": Native("F.mish({x})"),
        "sigmoid": Native("torch.sigmoid({x})"),
        "log_sigmoid": Native("F.logsigmoid({x})"),
        "softsign": Native("F.softsign({x})"),
        # the threshold of torch cannot be switched off: log1p(exp(x)) would overflow
        "softplus": Native("F.softplus({x}, beta={beta}, threshold={threshold})", fails="beta*x > 3.4e38"),
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
        "entmax15": Body(
            (
                "x = torch.movedim(x, dim, -1)",
                "x = (x - x.amax(dim=-1, keepdim=True).detach()) / 2",
                "with torch.no_grad():  # which entries are not 0",
                "    ordered = torch.sort(x, dim=-1, descending=True).values",
                "    count = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)",
                "    mean = torch.cumsum(ordered, dim=-1) / count",
                "    spread = torch.cumsum(ordered * ordered, dim=-1) - count * mean * mean",
                "    tau = mean - torch.sqrt(torch.clamp((1 - spread) / count, min=0))",
                "    last = (tau <= ordered).sum(dim=-1, keepdim=True) - 1",
                "    inside = (x >= torch.gather(ordered, -1, last)).to(x.dtype)",
                "    size = inside.sum(dim=-1, keepdim=True)",
                "mean = (inside * x).sum(dim=-1, keepdim=True) / size",
                "spread = (inside * (x - mean) ** 2).sum(dim=-1, keepdim=True)",
                "root = torch.clamp(x - mean + torch.sqrt((1 - spread) / size), min=0)",
                "return torch.movedim(root * root, -1, dim)",
            ),
            "dim=-1",
        ),
        "topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "dim=-1"),
        "batch_topk": Body((*_TOPK[:1], "count = k", *_TOPK[1:]), "dim=-1"),
        "batch_topk:width": Body((*_TOPK[:1], "count = k * (x.shape[-1] // width)", *_TOPK[1:]), "dim=-1"),
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
        "swiglu:limit": Body(
            (
                "a, b = torch.chunk(x, 2, dim=dim)",
                "return F.silu(torch.clamp(a, max=limit)) * torch.clamp(b, -limit, limit)",
            ),
            "dim=-1",
        ),
        "swiglu_oai": Body(
            (
                "x = torch.movedim(x, dim, -1)",
                "a, b = torch.clamp(x[..., ::2], max=limit), torch.clamp(x[..., 1::2], -limit, limit)",
                "return torch.movedim(a * torch.sigmoid(alpha * a) * (b + 1), -1, dim)",
            ),
            "dim=-1",
        ),
        "swiglu_step": Body(
            (
                "a, b = torch.chunk(x, 2, dim=dim)",
                "return torch.clamp(F.silu(a), max=limit) * torch.clamp(b, -limit, limit)",
            ),
            "dim=-1",
        ),
        "drelu": Body(("a, b = torch.chunk(x, 2, dim=dim)", "return F.relu(a) * F.relu(b)"), "dim=-1"),
    },
    with_constant={"min": "torch.clamp({0}, max={1})", "max": "torch.clamp({0}, min={1})"},
    arrays_only=frozenset({"logaddexp"}),
    number="{0}.to(x.dtype)",
    numbers_only=True,
)

"""The functions and parameters at which accuracy and bits are tested."""

from actcli import catalogue

NAMES = tuple(d.name for d in catalogue() if not d.by_rows)
WITH_PARAMETERS = (
    "keras.relu:0.1,6,1",
    "leaky_relu:-3",
    "leaky_relu:0",
    "thresholded_relu:0.5,0.2",
    "hard_tanh:-2,0.7",
    "rrelu:-0.1,0.3",
    "onnx.HardSigmoid:0.3,0.1",
    "elu:1e10",
    "onnx.Selu",
    "celu:0.3",
    "celu:1e5",
    "celu:-1.7",
    "celu:-0.05",
    "silu:0.3",
    "silu:0.01",
    "silu:-2.7",
    "silu:0",
    "softplus:3.3",
    "softplus:1e-3",
    "torch.softplus",
    "squareplus:1e-3",
    "squareplus:0",
    "hardshrink:0.3",
    "onnx.shrink:0.5,0.2",
    "snake:0.37",
    "snake:33.3",
    "snake:-2",
    "laplace:-2,3",
    "acon_c:0.8,0.3,2",
    "acon_c:-0.5,1.5,-0.7",
    "softcap:0.5",
    "softcap:50",
    "dyt:0.7,1.3,0.2",
    "derf:0.8,-0.3,1.2,0.4",
    "isru:0.01",
    "isru:0",
    "isrlu:3",
    "xielu:0.3,1.7,0,0",
    "xielu:-0.4,0.6,1.5,-0.25",
    "star_relu:2,-1",
    "leaky_relu_squared:-3",
    "pelu:1.7,0.4",
)
EXTREME = (
    *(f"{name}:{p}" for name in ("leaky_relu", "elu", "celu", "silu", "softplus", "squareplus", "snake")
      for p in ("1e-300", "1e300")),
    *(f"{name}:{p}" for name in ("softcap", "dyt", "derf", "isru", "isrlu", "leaky_relu_squared", "acon_c")
      for p in ("1e-300", "1e300")),
    *("pelu:1e-300,1e-300", "pelu:1e-300,1e300", "pelu:1e300,1e-300", "xielu:1e300,1e-300,1,-1e-300"),
    *("dyt:1,1e300,1e300", "dyt:1e-300,1e300", "derf:1,1e300", "star_relu:1e-300,1e-300", "star_relu:1e300,-1"),
    *("acon_c:1e300,1e-300,1e-300", "acon_c:1,1,1e300"),
    *("keras.relu:1e-300,6,1e-300", "rrelu:1e-300,2e-300", "rrelu:-1e300,1e300"),
    *("onnx.hard_sigmoid:1e30,0.3", "onnx.hard_sigmoid:1e-30,0.3", "selu:1e-300,1e300", "selu:1e200,1e-100"),
    *("celu:-1e300", "celu:-1e-300", "silu:-1e300", "quick_gelu:1e-300", "snake:-1e300"),
    *("laplace:0,1e300", "laplace:0,1e-300", "laplace:1e300,1e299", "laplace:-1e-300,1e-300"),
)  # fmt: skip
SPECS = (*NAMES, *WITH_PARAMETERS, *EXTREME)

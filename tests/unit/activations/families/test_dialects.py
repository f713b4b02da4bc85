"""The frameworks' names for activations and parameters, and their defaults."""

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.exits import UsageError


def single(value):
    """Return the float32 that an attribute of ONNX holds."""
    return float(np.float32(value))


def resolved(spec):
    f = activation(spec)
    return f.name, dict(f.parameters)


@pytest.mark.parametrize(
    ("spec", "name", "parameters"),
    [
        ("torch.LeakyReLU:negative_slope=0.2", "leaky_relu", {"alpha": 0.2}),
        ("torch.nn.LeakyReLU", "leaky_relu", {"alpha": 0.01}),
        ("torch.nn.functional.leaky_relu:0.3", "leaky_relu", {"alpha": 0.3}),
        ("torch.PReLU:weight=0.1", "prelu", {"alpha": 0.1}),
        ("torch.PReLU:init=0.1", "prelu", {"alpha": 0.1}),
        ("torch.RReLU:lower=0.1,upper=0.3", "rrelu", {"lower": 0.1, "upper": 0.3}),
        ("torch.Hardtanh:min_val=-2,max_val=2", "hard_tanh", {"min": -2.0, "max": 2.0}),
        ("torch.Hardshrink:lambd=0.1", "hardshrink", {"lambda": 0.1}),
        ("torch.softshrink:lambd=0.1", "softshrink", {"lambda": 0.1}),
        ("torch.Threshold:threshold=0.1,value=20", "thresholded_relu", {"theta": 0.1, "value": 20.0}),
        ("torch.softplus", "softplus", {"beta": 1.0, "threshold": 20.0}),
        ("torch.Softplus:beta=2,threshold=10", "softplus", {"beta": 2.0, "threshold": 10.0}),
        ("torch.ELU:alpha=2", "elu", {"alpha": 2.0}),
        ("torch.CELU:alpha=2", "celu", {"alpha": 2.0}),
        ("torch.gelu", "gelu", {}),
        ("torch.Hardsigmoid", "hard_sigmoid", {}),
        ("jax.nn.leaky_relu:negative_slope=0.1", "leaky_relu", {"alpha": 0.1}),
        ("jax.elu:alpha=2", "elu", {"alpha": 2.0}),
        ("jax.celu:alpha=2", "celu", {"alpha": 2.0}),
        ("jax.squareplus:b=1", "squareplus", {"b": 1.0}),
        ("jax.gelu", "gelu_tanh", {}),
        ("jax.nn.softplus", "softplus", {"beta": 1.0, "threshold": float("inf")}),
        ("jax.nn.hard_silu", "hard_swish", {}),
        ("keras.leaky_relu", "leaky_relu", {"alpha": 0.2}),
        ("keras.activations.leaky_relu:negative_slope=0.1", "leaky_relu", {"alpha": 0.1}),
        ("keras.layers.LeakyReLU", "leaky_relu", {"alpha": 0.3}),
        ("keras.PReLU", "prelu", {"alpha": 0.0}),
        (
            "keras.relu:max_value=6",
            "keras.relu",
            {"negative_slope": 0.0, "max_value": 6.0, "threshold": 0.0},
        ),
        (
            "keras.relu:negative_slope=0.1,threshold=1",
            "keras.relu",
            {"negative_slope": 0.1, "max_value": float("inf"), "threshold": 1.0},
        ),
        ("keras.threshold:threshold=2,default_value=1", "thresholded_relu", {"theta": 2.0, "value": 1.0}),
        ("keras.hard_shrink:threshold=0.2", "hardshrink", {"lambda": 0.2}),
        ("keras.soft_shrink:threshold=0.2", "softshrink", {"lambda": 0.2}),
        ("keras.squareplus:b=1", "squareplus", {"b": 1.0}),
        ("keras.celu:alpha=0.5", "celu", {"alpha": 0.5}),
        ("keras.gelu", "gelu", {}),
        ("onnx.LeakyRelu:alpha=0.1", "leaky_relu", {"alpha": single(0.1)}),
        ("onnx.PRelu:slope=0.1", "prelu", {"alpha": 0.1}),
        ("onnx.HardSigmoid", "onnx.hard_sigmoid", {"alpha": single(0.2), "beta": 0.5}),
        (
            "onnx.HardSigmoid:alpha=0.1,beta=0.4",
            "onnx.hard_sigmoid",
            {"alpha": single(0.1), "beta": single(0.4)},
        ),
        ("onnx.Shrink", "onnx.shrink", {"lambd": 0.5, "bias": 0.0}),
        ("onnx.Shrink:lambd=0.2,bias=0.1", "onnx.shrink", {"lambd": single(0.2), "bias": single(0.1)}),
        ("onnx.ThresholdedRelu:alpha=2", "thresholded_relu", {"theta": 2.0, "value": 0.0}),
        ("onnx.Elu:alpha=2", "elu", {"alpha": 2.0}),
        ("onnx.Selu", "selu", {"alpha": 1.67326319217681884765625, "scale": 1.05070102214813232421875}),
        ("onnx.Selu:alpha=1,gamma=2", "selu", {"alpha": 1.0, "scale": 2.0}),
        ("onnx.Clip:min=0,max=6", "hard_tanh", {"min": 0.0, "max": 6.0}),
        ("onnx.Clip", "hard_tanh", {"min": float("-inf"), "max": float("inf")}),
        ("onnx.Swish:alpha=2", "silu", {"beta": 2.0}),
        ("ONNX.gelu", "gelu", {}),
        ("hf.gelu_new", "gelu_tanh", {}),
        ("hf.relu2", "relu_squared", {}),
        ("hf.leaky_relu:negative_slope=0.2", "leaky_relu", {"alpha": 0.2}),
        ("transformers.quick_gelu", "quick_gelu", {"alpha": 1.702}),
        (
            "hf.xielu",
            "xielu",
            {"alpha_p": 0.80078125, "alpha_n": 0.80078125, "beta": 0.5, "epsilon": -9.98377799987793e-07},
        ),
    ],
)
def test_a_frameworks_names_mean_what_they_mean_there(spec, name, parameters):
    assert resolved(spec) == (name, parameters)


@pytest.mark.parametrize(
    "spec",
    [
        "torch.softmax:dim=1",
        "torch.glu:dim=1",
        "jax.elu:negative_slope=1",
        "keras.relu:slope=1",
        "onnx.Softmax:axis=1",
    ],
)
def test_a_parameter_that_is_none_there_is_refused(spec):
    with pytest.raises(UsageError, match="has no parameter"):
        activation(spec)


def test_without_a_framework_its_definitions_are_out_of_reach():
    assert resolved("hard_sigmoid") == ("hard_sigmoid", {})
    assert resolved("relu") == ("relu", {})
    with pytest.raises(UsageError, match="unknown function 'shrink'"):
        activation("shrink")


def test_hard_sigmoid_is_two_functions():
    assert activation("onnx.HardSigmoid")(2.0) == pytest.approx(2 * single(0.2) + 0.5, rel=1e-15)
    assert activation("torch.hardsigmoid")(2.0) == pytest.approx(5 / 6, rel=1e-15)


def test_softplus_in_torch_is_linear_above_its_threshold():
    assert activation("torch.softplus")(20.125) == 20.125
    assert activation("softplus")(20.125) > 20.125


def test_clip_without_bounds_is_the_identity():
    f = activation("onnx.Clip")
    x = [-float("inf"), -3.5, 0.0, 1e308, float("inf")]
    assert f(x).tolist() == x
    assert f.grad(x).tolist() == [1.0] * 5
    assert f.kinks == ()
    below = activation("onnx.Clip:min=0")
    assert below(x).tolist() == [0.0, 0.0, 0.0, 1e308, float("inf")]
    assert below.grad(x).tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_keras_relu_takes_the_threshold_itself_for_below_and_clips_first():
    """Keras computes x·(x > threshold), clips, and subtracts the negative part."""
    f = activation("keras.relu:negative_slope=0.5,max_value=6,threshold=2")
    assert f([0.0, 2.0, 2.5, 6.0, 9.0]).tolist() == [-1.0, 0.0, 2.5, 6.0, 6.0]
    over = activation("keras.relu:negative_slope=0.5,max_value=6,threshold=8")
    assert over([4.0, 7.0, 8.0, 8.5]).tolist() == [-2.0, -0.5, 0.0, 6.0]
    assert over.grad([4.0, 7.0, 8.5]).tolist() == [0.5, 0.5, 0.0]
    assert over.grad([4.0, 7.0, 8.5], wrt="max_value").tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("framework", ["torch", "jax", "keras", "onnx", "hf"])
def test_every_default_of_a_framework_is_a_parameter_of_ours(framework):
    for definition in catalogue():
        own = {p.name for p in definition.parameters}
        for names in definition.frameworks:
            if names.framework == framework:
                assert set(names.defaults) <= own, definition.name


def test_onnx_holds_attributes_in_float32_and_inputs_as_they_are():
    # measured with ONNX Runtime 1.32: LeakyRelu(-1) in double is -0.009999999776482582
    assert activation("onnx.LeakyRelu")(-1.0) == -0.009999999776482582
    assert activation("onnx.Elu:alpha=0.1").parameters["alpha"] == single(0.1)
    assert activation("onnx.Clip:min=0,max=0.1")(1.0) == 0.1
    assert activation("onnx.PRelu:slope=0.1")(-1.0) == -0.1
    with pytest.raises(UsageError, match="holds alpha in float32"):
        activation("onnx.Elu:alpha=1e300")


@pytest.mark.parametrize(
    "spec", ["torch.softshrink:0", "torch.hardshrink:0", "onnx.Shrink:0,0", "keras.soft_shrink:0"]
)
def test_shrinkage_by_nothing_has_the_derivative_of_autograd_at_0(spec):
    f = activation(spec)
    assert f.grad([-1.0, 0.0, 1.0]).tolist() == [1, 0, 1]
    assert f.grad(0.0, at_kink="left") == f.grad(0.0, at_kink="right") == 1
    assert [kink.at for kink in f.kinks] == [0]

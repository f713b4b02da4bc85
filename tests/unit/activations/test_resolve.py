"""Specifications: every spelling that works, and the errors for those that do not."""

import math

import pytest

from actcli import activation, catalogue
from actcli.activations import spellings
from actcli.activations.resolve import is_name
from actcli.exits import UsageError

# The names and aliases that the catalogue promises, and the definition behind each.
PROMISED = {
    "identity": "identity linear",
    "step": "step heaviside",
    "relu": "relu ReLU",
    "leaky_relu": "leaky_relu LeakyReLU leaky-relu LEAKY_RELU lrelu",
    "prelu": "prelu PReLU",
    "rrelu": "rrelu RReLU",
    "relu6": "relu6 ReLU6",
    "relu_squared": "relu_squared ReLUSquared",
    "thresholded_relu": "thresholded_relu threshold ThresholdedRelu JumpReLU FATReLU",
    "golu": "golu GoLU",
    "telu": "telu TeLU TanhExp",
    "serf": "serf",
    "logish": "logish",
    "smish": "smish",
    "phish": "phish",
    "lisht": "lisht LiSHT",
    "elish": "elish ELiSH",
    "hard_elish": "hard_elish HardELiSH",
    "acon_c": "acon_c ACON-C",
    "softcap": "softcap tanh_softcap",
    "dyt": "dyt DyT dynamic_tanh",
    "derf": "derf dynamic_erf",
    "isru": "isru",
    "isrlu": "isrlu",
    "shifted_softplus": "shifted_softplus ssp",
    "sqrt_softplus": "sqrt_softplus sqrtsoftplus",
    "xielu": "xielu xIELU",
    "star_relu": "star_relu StarReLU",
    "leaky_relu_squared": "leaky_relu_squared leaky_relu2",
    "clipped_relu": "clipped_relu ClippedReLU",
    "squared_clipped_relu": "squared_clipped_relu screlu",
    "pelu": "pelu",
    "gelu_10": "gelu_10 clipped_gelu",
    "elu": "elu ELU",
    "selu": "selu SELU",
    "celu": "celu CELU",
    "gelu": "gelu GELU",
    "gelu_tanh": "gelu_tanh GeluTanh",
    "quick_gelu": "quick_gelu quick-gelu QuickGELU",
    "silu": "silu swish SiLU Swish",
    "mish": "mish Mish",
    "hard_swish": "hard_swish hard_silu hardswish HardSwish",
    "sigmoid": "sigmoid logistic expit",
    "log_sigmoid": "log_sigmoid logsigmoid LogSigmoid",
    "hard_sigmoid": "hard_sigmoid hardsigmoid",
    "tanh": "tanh Tanh",
    "hard_tanh": "hard_tanh hardtanh HardTanh",
    "softsign": "softsign soft_sign",
    "arctan": "arctan atan",
    "sine": "sine sin",
    "gaussian": "gaussian",
    "erf": "erf",
    "exponential": "exponential exp",
    "softplus": "softplus soft-plus SoftPlus",
    "squareplus": "squareplus square_plus",
    "sparse_plus": "sparse_plus",
    "sparse_sigmoid": "sparse_sigmoid",
    "tanhshrink": "tanhshrink tanh_shrink",
    "softshrink": "softshrink soft_shrink",
    "hardshrink": "hardshrink hard_shrink",
    "snake": "snake",
    "laplace": "laplace",
    "logit": "logit",
    "softmax": "softmax",
    "log_softmax": "log_softmax logsoftmax",
    "softmin": "softmin",
    "sparsemax": "sparsemax",
    "hardmax": "hardmax",
    "maxout": "maxout",
    "glu": "glu",
    "reglu": "reglu",
    "geglu": "geglu",
    "swiglu": "swiglu",
    "swiglu_oai": "swiglu_oai SwiGLU-OAI",
    "swiglu_step": "swiglu_step SwiGLU-Step",
    "drelu": "drelu dReLU",
    "topk": "topk TopK",
    "batch_topk": "batch_topk BatchTopK",
    "entmax15": "entmax15",
}


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_name_and_alias_is_known(name):
    assert {activation(spelling).name for spelling in PROMISED[name].split()} == {name}


def test_the_catalogue_holds_nothing_that_is_not_promised():
    dotted = {"keras.relu", "onnx.hard_sigmoid", "onnx.shrink"}
    assert {d.name for d in catalogue()} == set(PROMISED) | dotted


def test_every_spelling_offered_to_the_shell_resolves_to_its_definition():
    assert [s for s, definition in spellings() if activation(s).definition is not definition] == []


def test_no_two_definitions_share_a_name():
    owners = {}
    for spelling, definition in spellings():
        key = spelling.lower().replace("_", "").replace("-", "")
        assert owners.setdefault(key, definition) is definition, spelling


def test_no_two_parameters_of_a_function_share_a_name():
    for definition in catalogue():
        names = [
            name.lower().replace("_", "") for p in definition.parameters for name in {p.name, *p.aliases}
        ]
        assert len(names) == len(set(names)), definition.name


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        ("leaky_relu", {"alpha": 0.01}),
        ("leaky_relu:0.2", {"alpha": 0.2}),
        ("leaky_relu:alpha=0.2", {"alpha": 0.2}),
        ("leaky_relu:ALPHA=0.2", {"alpha": 0.2}),
        ("leaky_relu: alpha = 0.2 ", {"alpha": 0.2}),
        (" leaky_relu :.2", {"alpha": 0.2}),
        ("leaky_relu:-3", {"alpha": -3.0}),
        ("leaky_relu:+1e-3", {"alpha": 1e-3}),
        ("leaky_relu:2.", {"alpha": 2.0}),
        ("softplus:2,20", {"beta": 2.0, "threshold": 20.0}),
        ("softplus:2,threshold=20", {"beta": 2.0, "threshold": 20.0}),
        ("softplus:threshold=20,beta=2", {"beta": 2.0, "threshold": 20.0}),
        ("hard_tanh:-2,2", {"min": -2.0, "max": 2.0}),
        ("hard_tanh:max=0.5", {"min": -1.0, "max": 0.5}),
        ("laplace:sigma=2", {"mu": 0.707107, "sigma": 2.0}),
        ("maxout:3", {"groups": 3.0}),
        ("leaky_relu:1/3", {"alpha": 1 / 3}),
        ("snake:a=pi/2", {"a": math.pi / 2}),
        ("maxout:groups=4.0", {"groups": 4.0}),
    ],
)
def test_parameters_by_position_by_name_and_mixed(spec, parameters):
    assert dict(activation(spec).parameters) == parameters


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Leaky ReLU:0.2", "leaky_relu:0.2"),
        ("Hard Tanh", "hard_tanh"),
        ("h-swish", "hard_swish"),
        ("H-Sigmoid", "hard_sigmoid"),
        ("gelu_pytorch_tanh", "gelu_tanh"),
        ("nn.ReLU", "torch.ReLU"),
        ("torch.nn.ReLU", "torch.ReLU"),
        ("nn.LeakyReLU:negative_slope=0.2", "torch.LeakyReLU:negative_slope=0.2"),
        ("nn.functional.leaky_relu:0.2", "torch.leaky_relu:0.2"),
        ("F.gelu", "torch.gelu"),
        ("F.softplus", "torch.softplus"),
        ("torch.nn.functional.gelu", "torch.gelu"),
        ("pytorch.gelu", "torch.gelu"),
        ("tf.nn.relu", "keras.relu"),
        ("tf.nn.leaky_relu", "keras.leaky_relu"),
        ("tensorflow.nn.gelu", "keras.gelu"),
        ("tf.keras.layers.LeakyReLU", "keras.layers.LeakyReLU"),
        ("jnn.gelu", "jax.gelu"),
        ("flax.linen.leaky_relu", "jax.leaky_relu"),
        ("onnx.gelu:approximate=tanh", "gelu_tanh"),
        ("torch.gelu:approximate=tanh", "gelu_tanh"),
        ("torch.gelu:approximate=none", "gelu"),
        ("jax.gelu:approximate=False", "gelu"),
        ("keras.gelu:approximate=True", "gelu_tanh"),
    ],
)
def test_names_as_people_type_them(typed, same):
    f, g = activation(typed), activation(same)
    assert (f.definition, f.parameters) == (g.definition, g.parameters)
    assert same in {"gelu", "gelu_tanh"} or f.dialect == g.dialect
    assert is_name(typed)


@pytest.mark.parametrize("formula", ["x - relu(x)", "2 x", "sin x", "x x", "relu relu", "Leaky*ReLU"])
def test_a_formula_with_spaces_is_no_name(formula):
    assert not is_name(formula)


def test_the_specification_is_kept_as_it_was_typed():
    assert activation("torch.LeakyReLU:negative_slope=0.2").spec == "torch.LeakyReLU:negative_slope=0.2"


MISTAKES = [
    ("rleu", "unknown function 'rleu'; did you mean relu"),
    ("leaky_rleu", "did you mean leaky_relu"),
    ("sigmiod", "did you mean sigmoid"),
    ("zzzz", "unknown function 'zzzz'"),
    ("", "unknown function ''"),
    ("relu relu", "relu is a function: write relu(x)"),
    ("torch.rleu", "torch has no function 'rleu'; did you mean torch.ReLU, "),
    ("torch.", "torch has no function ''"),
    ("nn.zzzz", "torch has no function 'nn.zzzz'"),
    ("nn.swish", "torch has no function 'nn.swish'; silu is known without 'torch.'"),
    ("tf.nn.crelu", "keras has no function 'crelu'; did you mean keras."),
    ("tf.zzz.relu", "keras has no function 'zzz.relu'"),
    ("F..relu", "torch has no function"),
    ("torch.gelu:approximate=erf", "torch.gelu:approximate=erf: approximate is none or tanh, not 'erf'"),
    ("gelu:approximate=", "approximate is none or tanh, not ''"),
    ("relu:approximate=tanh", "relu has no parameters"),
    ("gelu:approximate=tanh,1", "approximate is none or tanh, not 'tanh,1'"),
    ("Leaky Rleu", "unknown function 'Leaky Rleu'; did you mean leaky_relu?"),
    ("Leeky ReLU:0.2", "did you mean leaky_relu?"),
    ("sin x", "sin"),
    ("alpha relu", "a sign is missing"),
    ("relu - 6", "relu is a function"),
    ("- relu", "relu is a function"),
    ("caffe.relu", "unknown framework 'caffe' in 'caffe.relu'; known: torch, jax, keras, onnx"),
    ("leaky_relu(0.2)", "; leaky_relu with that parameter is leaky_relu:0.2"),
    ("LeakyReLU(negative_slope=0.2)", "with that parameter alone it is LeakyReLU:negative_slope=VALUE"),
    ("keras.snake", "keras has no function 'snake'; snake is known without 'keras.'"),
    ("torch.swish", "torch has no function 'swish'; silu is known without 'torch.'"),
    ("jax.erf2", "jax has no function 'erf2'; did you mean jax.erf?"),
    ("relu:0.1", "relu:0.1: relu has no parameters"),
    ("relu:", "relu has no parameters"),
    ("relu:alpha=1", "relu has no parameters"),
    ("leaky_relu:", "alpha must be a finite number, not ''"),
    ("leaky_relu:alpha=", "alpha must be a finite number, not ''"),
    ("leaky_relu:alpha=0.2=3", "alpha must be a finite number, not '0.2=3'"),
    ("leaky_relu:beta=1", "leaky_relu has no parameter 'beta'; it has alpha"),
    ("leaky_relu:=1", "leaky_relu has no parameter ''; it has alpha"),
    ("leaky_relu:0.1,0.2", "leaky_relu takes 1 at most: alpha"),
    ("leaky_relu:0.1,alpha=0.2", "alpha is given twice"),
    ("leaky_relu:alpha=1,negative_slope=2", "alpha is given twice"),
    ("softplus:beta=2,20", "'20' stands after a named parameter; name it too"),
    ("softplus:2,", "threshold must be a finite number, not ''"),
    ("leaky_relu:nan", "alpha must be a finite number, not 'nan'"),
    ("leaky_relu:inf", "alpha must be a finite number, not 'inf'"),
    ("leaky_relu:1e400", "alpha must be a finite number, not 1e400"),
    ("leaky_relu:1/0", "alpha must be a finite number, not '1/0'"),
    ("leaky_relu:1e999/3", "alpha must be a finite number, not 1e999/3"),
    ("leaky_relu:1_000", "alpha must be a finite number, not '1_000'"),
    ("leaky_relu:0x10", "alpha must be a finite number, not '0x10'"),
    ("leaky_relu:٣", "alpha must be a finite number"),
    ("leaky_relu:1 2", "alpha must be a finite number, not '1 2'"),
    ("leaky_relu:--1", "alpha must be a finite number, not '--1'"),
    ("celu:0", "alpha must be other than 0, not 0"),
    ("snake:0", "a must be other than 0, not 0"),
    ("softplus:0", "beta must be > 0"),
    ("softplus:-1", "beta must be > 0"),
    ("squareplus:-1e-9", "b must be >= 0, not -1e-9"),
    ("laplace:0,0", "sigma must be > 0"),
    ("hardshrink:-0.5", "lambda must be >= 0"),
    ("maxout:0", "groups must be >= 1"),
    ("maxout:2.5", "groups must be a whole number from 1 on, not 2.5"),
    ("hard_tanh:1,-1", "the parameters must meet min < max"),
    ("hard_tanh:min=3", "the parameters must meet min < max"),
    ("rrelu:0.5,0.1", "the parameters must meet lower <= upper"),
]


@pytest.mark.parametrize(("spec", "words"), MISTAKES)
def test_an_error_is_one_line_with_the_right_spelling(spec, words):
    with pytest.raises(UsageError) as error:
        activation(spec)
    message = str(error.value)
    assert words in message
    assert "\n" not in message
    assert not message.endswith(".")


@pytest.mark.parametrize("spec", [None, 3, b"relu", ["relu"]])
def test_a_specification_is_text(spec):
    with pytest.raises(UsageError, match="named by a text such as 'relu'"):
        activation(spec)

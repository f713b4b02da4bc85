"""`--framework` takes names as those of one framework."""

import pytest
from invocation import invoke, refused


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("eval leaky_relu -1 --framework keras", "eval keras.leaky_relu -1"),
        ("eval leaky_relu -1 --framework tensorflow", "eval keras.leaky_relu -1"),
        ("eval gelu 0.5 --framework jax", "eval jax.gelu 0.5"),
        ("eval gelu:approximate=tanh 0.5 --framework pytorch", "eval torch.gelu:approximate=tanh 0.5"),
        ("eval HardSigmoid 0.5 --framework onnx", "eval onnx.HardSigmoid 0.5"),
        ("eval nn.GELU 0.5 --framework PyTorch", "eval torch.nn.GELU 0.5"),
        ("eval keras.gelu 0.5 --framework keras", "eval keras.gelu 0.5"),
        ("eval leaky_relu -1 --framework torch --set negative_slope=0.5", "eval torch.leaky_relu:0.5 -1"),
        ("grad relu 0 --framework jax", "grad jax.relu 0"),
        ("info softplus --framework torch", "info torch.softplus"),
        ("plot relu gelu --framework onnx --format csv", "plot onnx.relu onnx.gelu --format csv"),
        ("compare relu gelu --framework jax", "compare jax.relu jax.gelu"),
        ("compare relu/tanh gelu --by gradients --framework torch --depth 3 --width 8",
         "compare torch.relu/torch.tanh torch.gelu --by gradients --depth 3 --width 8"),
    ],
)  # fmt: skip
def test_names_are_those_of_the_framework(line, same):
    assert invoke(*line.split()) == invoke(*same.split())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("eval gelu 1 --framework mxnet", "not one of 'pytorch'"),
        ("eval gelu 1 --framework=", "not one of"),
        ("eval gelu 1 --framework", "--framework"),
        ("eval gelu 1 --framework jax --framework jax", "twice"),
        ("eval star_relu 1 --framework onnx", "onnx has no function 'star_relu'"),
        ("eval mysh 1 --framework pytorch", "did you mean torch.Mish?"),
        ("eval x*2 1 --framework jax", "'x*2' is a formula"),
        ("eval x 1 --framework jax", "'x' is a formula"),
        ("eval jax.gelu 1 --framework onnx", "a function of jax; leave out --framework onnx"),
        ("compare relu torch.gelu --framework keras", "torch.gelu is a function of torch"),
        ("plot relu tanh/2 --framework jax", "--framework"),
        ("info relu:1 --framework keras --set 5=5", "--set"),
    ],
)
def test_what_is_wrong_is_refused(line, words):
    assert words in refused(*line.split())

"""Which activations are found, under which names, and what is said of the others."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from watched_models import PRODUCT, Kept, assert_same  # noqa: E402

from actcli.torch import Watch  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(7)
    torch.set_num_threads(1)


class Calls(nn.Module):
    """A module of which a test writes the forward pass."""

    def __init__(self, call, **parts):
        super().__init__()
        self.call = call
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, *args, **kwargs):
        return self.call(self, *args, **kwargs)


def found(model, *inputs, **options):
    with Watch(model, **options) as watch:
        model(*inputs)
    return {layer.name: layer.function for layer in watch.layers}, {
        one.name: one.reason for one in watch.unobserved
    }


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.ReLU(), "relu"),
        (nn.ReLU6(), "relu6"),
        (nn.LeakyReLU(0.3), "leaky_relu:alpha=0.3"),
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.PReLU(), "prelu"),
        (nn.RReLU(), "rrelu"),
        (nn.ELU(0.7), "elu:alpha=0.7"),
        (nn.CELU(2.0), "celu:alpha=2"),
        (nn.SELU(), "selu"),
        (nn.GELU(), "gelu"),
        (nn.GELU(approximate="tanh"), "gelu_tanh"),
        (nn.SiLU(), "silu"),
        (nn.Mish(), "mish"),
        (nn.Sigmoid(), "sigmoid"),
        (nn.LogSigmoid(), "log_sigmoid"),
        (nn.Tanh(), "tanh"),
        (nn.Softsign(), "softsign"),
        (nn.Softplus(), "softplus"),
        (nn.Softplus(2.0, 30.0), "softplus:beta=2,threshold=30"),
        (nn.Tanhshrink(), "tanhshrink"),
        (nn.Softshrink(0.2), "softshrink:lambda=0.2"),
        (nn.Hardshrink(), "hardshrink"),
        (nn.Hardtanh(-2, 3), "hard_tanh:min=-2,max=3"),
        (nn.Hardswish(), "hard_swish"),
        (nn.Hardsigmoid(), "hard_sigmoid"),
        (nn.Threshold(1.0, 0.0), "thresholded_relu:theta=1"),
    ],
)
def test_every_activation_module_is_found_once_and_counted_as_deadcheck_does(module, function):
    keep = Kept()
    model = Calls(lambda m, x: m.act(keep("act", 4 * m.fc(x))), fc=nn.Linear(6, 9), act=module)
    with Watch(model) as watch:
        model(torch.randn(50, 6))
    assert [(layer.name, layer.function) for layer in watch.layers] == [("act", function)]
    if function not in {"prelu", "rrelu"}:
        assert_same(watch.states(), keep.states({"act": function}, {}))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (F.relu, "relu"),
        (lambda x: F.relu(x, inplace=True), "relu"),
        (F.relu_, "relu"),
        (torch.relu, "relu"),
        (torch.relu_, "relu"),
        (lambda x: x.relu(), "relu"),
        (lambda x: x.relu_(), "relu"),
        (lambda x: x.clamp(min=0), "relu"),
        (lambda x: x.clamp_min(0.0), "relu"),
        (lambda x: torch.clip(x, 0, 6), "relu6"),
        (lambda x: x.sigmoid(), "sigmoid"),
        (torch.special.expit, "sigmoid"),
        (lambda x: x.tanh_(), "tanh"),
        (lambda x: F.leaky_relu(x, negative_slope=0.1), "leaky_relu:alpha=0.1"),
        (lambda x: F.elu(input=x, alpha=2.0), "elu:alpha=2"),
    ],
)
def test_functions_and_methods_are_found(call, name):
    model = Calls(lambda m, x: call(m.fc(x)), fc=nn.Linear(4, 3))
    layers, unobserved = found(model, torch.randn(5, 4))
    assert layers == {name.partition(":")[0]: name}
    assert not unobserved


def test_clamping_elsewhere_is_no_activation():
    model = Calls(lambda m, x: F.relu(m.fc(x).clamp(-5, 5).clamp(max=0)), fc=nn.Linear(4, 3))
    assert found(model, torch.randn(5, 4)) == ({"relu": "relu"}, {})


def test_names_are_paths_and_calls_have_numbers():
    def block(m, x):
        return m.act(F.relu(m.act(m.fc(x))))

    blocks = nn.ModuleList(Calls(block, fc=nn.Linear(4, 4), act=nn.ReLU()) for _ in range(2))
    model = Calls(lambda m, x: m.blocks[1](m.blocks[0](x)), blocks=blocks)
    layers, _ = found(model, torch.randn(5, 4))
    assert list(layers) == [f"blocks.{i}.{name}" for i in range(2) for name in ("act", "relu", "act#2")]
    layers, _ = found(model, torch.randn(5, 4), layers="blocks.1.a*")
    assert list(layers) == ["blocks.1.act", "blocks.1.act#2"]


def test_a_module_of_ones_own_that_only_calls_a_function_is_the_layer():
    model = nn.Sequential(nn.Linear(4, 4), Calls(lambda m, x: F.relu(x)))
    assert found(model, torch.randn(5, 4))[0] == {"1": "relu"}
    assert found(nn.ReLU(), torch.randn(5, 4))[0] == {"relu": "relu"}


def test_hugging_face_activations_are_found_once():
    activations = pytest.importorskip("transformers.activations")
    names = {
        "gelu": "gelu",
        "gelu_new": "gelu_tanh",
        "gelu_fast": "gelu_tanh",
        "gelu_accurate": "gelu_tanh",
        "gelu_python": "gelu",
        "gelu_pytorch_tanh": "gelu_tanh",
        "quick_gelu": "quick_gelu",
        "silu": "silu",
        "mish": "mish",
        "relu2": "relu_squared",
        "laplace": "laplace",
    }
    for name, function in names.items():
        keep = Kept()
        model = Calls(
            lambda m, x, keep=keep: m.act(keep("act", 3 * m.fc(x))),
            fc=nn.Linear(6, 9),
            act=activations.ACT2FN[name],
        )
        with Watch(model) as watch:
            model(torch.randn(50, 6))
        assert [(layer.name, layer.function) for layer in watch.layers] == [("act", function)], name
        assert_same(watch.states(), keep.states({"act": function}, {}))


def test_x_times_its_sigmoid_is_silu_from_the_first_pass_on():
    keep = Kept()

    def call(m, x):
        z = keep("sigmoid", 3 * m.fc(x))
        return z * torch.sigmoid(z)

    model = Calls(call, fc=nn.Linear(4, 5))
    with Watch(model) as watch:
        for _ in range(3):
            model(torch.randn(20, 4))
    keep.parts["silu"] = keep.parts.pop("sigmoid")
    assert_same(watch.states(), keep.states({"silu": "silu"}, {}))


def test_gated_products_are_layers_of_their_own():
    keep = Kept()

    def forward(m, x):
        a, b = m.fc(x).chunk(2, -1)
        product = keep("product", F.silu(keep("silu", a)) * b)
        return keep("glu", F.glu(m.out(product), -1))

    model = Calls(forward, fc=nn.Linear(6, 16), out=nn.Linear(8, 8))
    with Watch(model) as watch:
        model(torch.randn(5, 3, 6))
    rules = {"silu": "silu", "product": PRODUCT, "glu": PRODUCT}
    assert_same(watch.states(), keep.states(rules, dict.fromkeys(rules, 2)))
    assert [layer.op for layer in watch.layers] == ["silu", "silu product", "glu"]


@pytest.mark.parametrize(
    "factor",
    [
        lambda h: 2,
        lambda h: h,
        lambda h: nn.Parameter(torch.ones(4)),
        lambda h: nn.Parameter(torch.ones(5, 4)),
        torch.rand_like,
        lambda h: torch.bernoulli(torch.full((5, 4), 0.5)),
        lambda h: h.mean(-1, keepdim=True),
    ],
)
def test_scaling_and_masking_an_activation_is_no_gate(factor):
    def call(m, x):
        h = F.relu(m.fc(x))
        return h * factor(h)

    assert found(Calls(call, fc=nn.Linear(4, 4)), torch.randn(5, 4))[0] == {"relu": "relu"}


# where the units lie


@pytest.mark.parametrize(
    ("model", "shape", "units", "axis"),
    [
        (lambda: nn.Sequential(nn.Conv1d(3, 5, 3), nn.ReLU()), (2, 3, 9), 5, 1),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()), (2, 3, 3, 3), 3, 1),
        (lambda: nn.Sequential(nn.Conv3d(1, 4, 2), nn.BatchNorm3d(4), nn.ReLU()), (2, 1, 4, 4, 4), 4, 1),
        (lambda: nn.Sequential(nn.Linear(6, 6), nn.ReLU()), (2, 6, 6), 6, 2),
        (lambda: nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.GELU()), (2, 3, 5, 6), 4, 3),
        (lambda: nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.ReLU()), (2, 3, 4, 4), 20, 1),
        (lambda: nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(2), nn.ReLU()), (2, 3, 4, 4), 5, 1),
        (
            lambda: Calls(lambda m, x: F.relu(m.c(x).permute(0, 2, 3, 1)), c=nn.Conv2d(3, 5, 3)),
            (2, 3, 4, 4),
            5,
            3,
        ),
        (
            lambda: Calls(lambda m, x: F.relu(m.c(x).flatten(2).transpose(1, 2)), c=nn.Conv2d(3, 5, 3)),
            (2, 3, 4, 4),
            5,
            2,
        ),
    ],
)
def test_units_are_where_the_layer_before_puts_them(model, shape, units, axis):
    module = model()
    with Watch(module) as watch:
        module(torch.randn(shape))
    assert [(layer.units, layer.axis) for layer in watch.layers] == [(units, axis)]
    assert watch.states()[0].samples == 2


def test_an_unknown_axis_is_refused_until_it_is_named():
    model = Calls(lambda m, x: F.relu(m.fc(x).reshape(2, 3, 2, 2)), fc=nn.Linear(4, 4))
    with pytest.warns(UserWarning, match="unit_axis"):
        layers, unobserved = found(model, torch.randn(2, 3, 4))
    assert not layers
    assert "unit_axis={'relu': -1}" in unobserved["relu"]
    assert found(model, torch.randn(2, 3, 4), unit_axis={"relu": -1})[0] == {"relu": "relu"}


def test_an_image_without_a_batch_is_refused():
    model = nn.Sequential(nn.Conv1d(3, 5, 3), nn.ReLU())
    with pytest.warns(UserWarning, match="should hold the samples"):
        found(model, torch.randn(3, 9))


def test_tokens_along_the_first_axis_are_positions_of_their_sequences():
    keep = Kept()
    model = Calls(lambda m, x: F.relu(keep("relu", m.fc(x).flatten(0, 1))), fc=nn.Linear(4, 6))
    with Watch(model) as watch:
        model(torch.randn(5, 3, 4))
    keep.parts["relu"] = [part.reshape(5, 3, 6) for part in keep.parts["relu"]]
    assert_same(watch.states(), keep.states({"relu": "relu"}, {"relu": 2}))


def test_rows_of_unknown_samples_are_refused():
    for rows in (7, 10):
        model = Calls(lambda m, x, rows=rows: F.relu(m.fc(x[0]).repeat(9, 1)[:rows]), fc=nn.Linear(4, 6))
        with pytest.warns(UserWarning, match=f"{rows} rows.*5 samples"):
            found(model, torch.randn(5, 3, 4))


def test_tokens_that_were_picked_for_an_expert_are_refused():
    def route(m, x):
        tokens = x.flatten(0, 1)
        return F.relu(m.fc(tokens[torch.arange(10)])).sum() + F.relu(
            m.fc(tokens.index_select(0, torch.arange(5)))
        )

    with pytest.warns(UserWarning, match="picked out"):
        _, unobserved = found(Calls(route, fc=nn.Linear(4, 6)), torch.randn(5, 3, 4))
    assert list(unobserved) == ["relu", "relu#2"]


def test_windows_along_the_first_axis_are_positions_of_their_images():
    def windows(m, x):
        parts = x.view(2, 2, 4, 2, 4, 3).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, 3)
        return F.relu(m.fc(parts))

    with Watch(Calls(windows, fc=nn.Linear(3, 5))) as watch:
        watch._model(torch.randn(2, 8, 8, 3))
    assert [(state.samples, state.elements) for state in watch.states()] == [(2, 128)]


def test_weights_times_columns_have_their_units_before_the_positions():
    model = Calls(lambda m, x: F.relu(m.fc.weight @ x.transpose(1, 2)), fc=nn.Linear(4, 6))
    with Watch(model) as watch:
        model(torch.randn(5, 6, 4))
    assert [(layer.units, layer.axis) for layer in watch.layers] == [(6, 1)]


def test_sequence_first_tokens_along_the_first_axis_find_their_samples():
    keep = Kept()
    model = Calls(lambda m, x: F.relu(keep("relu", m.fc(x).flatten(0, 1))), fc=nn.Linear(4, 6))
    with Watch(model, sample_axis=1) as watch:
        model(torch.randn(3, 5, 4))
    keep.parts["relu"] = [part.reshape(3, 5, 6).transpose(0, 1) for part in keep.parts["relu"]]
    assert_same(watch.states(), keep.states({"relu": "relu"}, {"relu": 2}))


def test_sequence_first_tensors_take_sample_axis_1():
    encoder = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu")
    with Watch(encoder, sample_axis=1) as watch:
        encoder(torch.randn(7, 3, 8))
    (state,) = watch.states()
    assert (state.samples, state.elements, state.units) == (3, 21, 12)


# what cannot be watched


def test_what_cannot_be_watched_is_said():
    def call(m, x):
        h, _ = m.lstm(x)
        return torch.softmax(F.relu(m.fc(h)) * F.softplus(m.scale), -1)

    model = Calls(call, lstm=nn.LSTM(4, 4, batch_first=True), fc=nn.Linear(4, 4))
    model.scale = nn.Parameter(torch.zeros(()))
    layers, unobserved = found(model, torch.randn(2, 3, 4))
    assert layers == {"relu": "relu"}
    assert "kernel" in unobserved["lstm.lstm"]
    assert "rows" in unobserved["softmax"]
    assert "shape ()" in unobserved["softplus"]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_modules_are_not_seen_into():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model.append(torch.jit.trace(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), torch.randn(2, 4)))
    layers, unobserved = found(model, torch.randn(2, 4))
    assert layers == {"1": "relu"}
    assert "TorchScript" in unobserved["2"]


def test_the_list_of_layers_names_what_is_missing():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Softmax(-1))
    with Watch(model) as watch:
        assert "no pass" in str(watch)
        model(torch.randn(2, 4))
    assert "1: 4 units of relu" in str(watch)
    assert "not observed: 2 (softmax)" in str(watch)
    assert "Not observed: 2" in str(watch.epoch())


def test_an_encoder_layer_in_evaluation_is_seen_into():
    encoder = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True).eval()
    with Watch(encoder, when="eval") as watch, torch.inference_mode():
        encoder(torch.randn(3, 7, 8))
    assert [(state.name, state.samples, state.elements) for state in watch.states()] == [("relu", 3, 21)]


# values that are no numbers, and positions


def test_nan_and_inf_are_counted_as_deadcheck_counts_them():
    keep = Kept()
    model = Calls(
        lambda m, x: F.gelu(keep("gelu", x[0])) + F.relu(keep("relu", x[0])) + torch.tanh(keep("tanh", x[0]))
    )
    values = torch.randn(3, 20, 7, 2).transpose(2, 3).contiguous().transpose(2, 3)
    values[0, 3, 2] = torch.nan
    values[1, 5, 4, 0] = torch.inf
    values[1, :, 5] = -torch.inf
    values[2, :, 6] = torch.nan
    model.unit = None
    with Watch(model, unit_axis={"*": 1}) as watch:
        for part in values:
            model((part,))
    recorded = keep.states({"gelu": "gelu", "relu": "relu", "tanh": "tanh"}, {})
    for state in watch.states():
        other = recorded[state.name]
        for field in (
            "fired",
            "nonpositive",
            "nan",
            "infinite",
            "low",
            "high",
            "first",
            "last",
            "minimum",
            "maximum",
        ):
            np.testing.assert_array_equal(
                getattr(state, field), getattr(other, field), f"{state.name} {field}"
            )
        np.testing.assert_allclose(state.mean, other.mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(state.m2, other.m2, rtol=1e-4, atol=1e-6)


def test_a_mean_far_from_zero_loses_no_digits():
    keep = Kept()
    model = Calls(lambda m, x: F.relu(keep("relu", x)))
    with Watch(model) as watch:
        for _ in range(30):
            model(1000 + 0.1 * torch.randn(500, 6))
    assert_same(watch.states(), keep.states({"relu": "relu"}, {}))


def test_tokens_describe_and_the_verdict_goes_by_samples():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU())
    with torch.no_grad():
        model[0].bias[2] = -100.0
    with Watch(model, per="token") as watch:
        for _ in range(3):
            model(torch.randn(10, 50, 4))
        (counts,) = watch.tokens()
        report = str(watch.epoch())
    assert counts.tokens == 1500
    assert counts.fired[2] == 0
    assert (counts.fired[[0, 1, 3, 4, 5]] > 30).all()
    assert counts.bounds[2] == pytest.approx(1 - 0.05 ** (1 / 1500))
    assert "30 samples" in report
    assert "if tokens were independent" in report.replace("\n", " ")


def test_a_sequence_of_padding_alone_is_no_sample():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU())
    mask = torch.tensor([[1, 1, 0], [0, 0, 0], [1, 0, 0]])
    with Watch(model, mask=lambda args, kwargs: mask) as watch:
        model(torch.randn(3, 3, 4))
    (state,) = watch.states()
    assert (state.samples, state.elements) == (2, 3)
    assert state.last.max() <= 1


def test_a_mask_in_a_dict_batch():
    model = Calls(lambda m, batch: F.relu(m.fc(batch["x"])), fc=nn.Linear(4, 6))
    batch = {"x": torch.randn(2, 3, 4), "mask": torch.tensor([[1, 1, 0], [1, 0, 0]])}
    with Watch(model, mask="mask") as watch:
        model(batch)
    assert [(state.samples, state.elements) for state in watch.states()] == [(2, 3)]


def test_sequences_of_different_lengths_add_up():
    keep = Kept()
    model = Calls(lambda m, x: F.gelu(keep("gelu", m.fc(x))), fc=nn.Linear(4, 6))
    with Watch(model) as watch:
        for length in (3, 9, 1):
            model(torch.randn(4, length, 4))
    (state,) = watch.states()
    assert (state.samples, state.elements) == (12, 4 * 13)

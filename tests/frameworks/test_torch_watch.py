import pytest

torch = pytest.importorskip("torch")

from watched_models import Kept, Perceptron, ResNet, Transformer, assert_same  # noqa: E402

from actcli.torch import Watch  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(3)
    torch.set_num_threads(1)


def images(n=6):
    return torch.randn(n, 3, 8, 8)


def tokens(samples=5, length=7):
    ids = torch.randint(0, 50, (samples, length))
    lengths = torch.randint(2, length + 1, (samples,))
    return ids, (torch.arange(length) < lengths[:, None]).long()


def contexts():
    return [
        pytest.param(lambda: torch.autocast("cpu", enabled=False), id="float32"),
        pytest.param(lambda: torch.autocast("cpu", dtype=torch.bfloat16), id="bfloat16"),
    ]


@pytest.mark.parametrize("context", contexts())
def test_an_mlp_has_the_counts_of_its_recorded_arrays(context):
    keep = Kept()
    model = Perceptron(keep)
    with Watch(model) as watch:
        for samples in (40, 1, 33):
            with context():
                model(torch.randn(samples, 24)).sum().backward()
    assert_same(watch.states(), keep.states(model.rules, {}))


@pytest.mark.parametrize("context", contexts())
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_resnet_has_the_counts_of_its_recorded_arrays(context, memory):
    keep = Kept()
    model = ResNet(keep).to(memory_format=memory)
    with Watch(model) as watch:
        for samples in (6, 3):
            with context():
                model(images(samples).to(memory_format=memory)).sum().backward()
    assert_same(watch.states(), keep.states(model.rules, {}))


@pytest.mark.parametrize("context", contexts())
def test_a_transformer_has_the_counts_of_its_recorded_arrays(context):
    keep = Kept()
    model = Transformer(keep)
    masks = []
    with Watch(model, mask="attention_mask") as watch:
        for samples in (5, 4):
            ids, mask = tokens(samples)
            masks.append(mask.bool().numpy())
            with context():
                model(ids, attention_mask=mask).sum().backward()
    assert_same(watch.states(), keep.states(model.rules, model.axes, masks))


def test_float64_and_float16_are_counted_exactly():
    for dtype in (torch.float64, torch.float16):
        keep = Kept()
        model = Perceptron(keep).to(dtype)
        with Watch(model) as watch:
            model(torch.randn(50, 24, dtype=dtype))
        assert_same(watch.states(), keep.states(model.rules, {}))

"""Which passes are watched, and that nothing of the watching shows in the model."""

import copy
import warnings

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.utils.checkpoint import checkpoint  # noqa: E402
from watched_models import Kept, Perceptron, ResNet, Transformer, assert_same  # noqa: E402

from actcli.exits import DataError, UsageError  # noqa: E402
from actcli.torch import Watch  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(5)
    torch.set_num_threads(1)


def small(width=8):
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))


def samples_of(watch):
    return [state.samples for state in watch.states()]


# results


@pytest.mark.parametrize("make", [Perceptron, ResNet, Transformer])
def test_results_and_gradients_are_the_same_to_the_bit(make):
    keep = Kept()
    keep.on = False
    plain = make(keep)
    watched = copy.deepcopy(plain)
    watched.keep = keep
    x = torch.randn(6, 24) if isinstance(plain, Perceptron) else torch.randn(3, 3, 8, 8)
    if isinstance(plain, Transformer):
        x = torch.randint(0, 50, (3, 7))
    losses = []
    for model, every in ((plain, 0), (watched, 1)):
        torch.manual_seed(1)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        watch = Watch(model, every=every) if every else None
        with watch or torch.enable_grad():
            for _ in range(3):
                optimizer.zero_grad()
                loss = model(x).square().sum()
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
    assert torch.equal(torch.stack(losses[:3]), torch.stack(losses[3:]))
    for a, b in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a.grad, b.grad)


def test_random_numbers_are_not_drawn():
    model = nn.Sequential(nn.Linear(4, 4), nn.RReLU(), nn.Dropout(0.5))
    results = []
    for every in (0, 1):
        torch.manual_seed(1)
        x = torch.randn(9, 4).bfloat16().float()
        with Watch(model) if every else torch.enable_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            results.append((model(x), torch.randn(1)))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def hooks_of(model):
    return [
        len(hooks)
        for module in model.modules()
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._forward_hooks_always_called,
            module._forward_hooks_with_kwargs,
            module._forward_pre_hooks_with_kwargs,
        )
    ]


def test_nothing_stays_behind_not_even_after_an_error_in_the_middle_of_a_pass():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.fail = small(), False

        def forward(self, x):
            x = F.relu(self.first(x))
            if self.fail:
                raise RuntimeError("in the pass")
            return x

    def train(watch):
        with watch:
            model(torch.randn(3, 4))
            model.fail = True
            model(torch.randn(3, 4))

    model = Failing()
    attributes = {id(module): set(vars(module)) for module in model.modules()}
    watch = Watch(model)
    with pytest.raises(RuntimeError, match="in the pass"):
        train(watch)
    assert not any(hooks_of(model))
    assert not torch.overrides._get_current_function_mode_stack()
    assert attributes == {id(module): set(vars(module)) for module in model.modules()}
    assert watch.passes == 1


def test_an_epoch_after_an_interrupted_pass_begins_anew():
    def interrupt(_):
        raise KeyboardInterrupt

    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Identity())
    with Watch(model) as watch:
        model(torch.randn(3, 4))
        model[2].forward = interrupt
        with pytest.raises(KeyboardInterrupt):
            model(torch.randn(3, 4))
        del model[2].forward
        watch.epoch()
        assert not torch.overrides._get_current_function_mode_stack()
        model(torch.randn(5, 4))
        assert (watch.passes, samples_of(watch)) == (1, [5])


def test_passes_go_on_after_an_error_that_the_loop_caught():
    model = small()
    with Watch(model) as watch:
        with pytest.raises(RuntimeError):
            model(torch.randn(3, 5))
        for _ in range(2):
            model(torch.randn(3, 4))
    assert (watch.passes, samples_of(watch)) == (2, [6])


def test_a_watch_inside_a_watch_counts_each_for_itself():
    model = small()
    with Watch(model) as outer, Watch(model) as inner:
        model(torch.randn(3, 4))
    assert samples_of(outer) == samples_of(inner) == [3]


def test_copies_of_a_model_are_not_watched(tmp_path):
    model = small()
    with Watch(model) as watch:
        average = copy.deepcopy(model)
        torch.save(model, tmp_path / "model.pt")
        average(torch.randn(3, 4))
        torch.load(tmp_path / "model.pt", weights_only=False)(torch.randn(3, 4))
        model(torch.randn(5, 4))
    average(torch.randn(3, 4))
    assert (watch.passes, samples_of(watch)) == (1, [5])


# which passes


def test_every_counts_the_passes_in_training_mode():
    model = small()
    with Watch(model, every=3) as watch:
        for n in range(1, 8):
            model.train()
            model(torch.randn(n, 4))
            model.eval()
            with torch.inference_mode():
                model(torch.randn(100, 4))
    assert (watch.passes, samples_of(watch)) == (3, [1 + 4 + 7])


@pytest.mark.parametrize(("when", "samples"), [("train", 1), ("eval", 10), ("always", 11)])
def test_when_chooses_by_the_mode_of_the_module(when, samples):
    model = small()
    with Watch(model, when=when) as watch:
        model(torch.randn(1, 4))
        model.eval()
        model(torch.randn(10, 4))
    assert samples_of(watch) == [samples]


def test_step_makes_every_count_steps_of_accumulated_gradients():
    model = small()
    with Watch(model, every=2) as watch:
        for step in range(4):
            for _ in range(3):
                model(torch.randn(10**step, 4)).sum().backward()
            watch.step()
    # before the first step() passes are counted: 2 of 3
    assert samples_of(watch) == [2 * 1 + 3 * 100]


def test_inference_mode_before_and_after_training():
    model = small()
    with Watch(model, when="always") as watch:
        with torch.inference_mode():
            model(torch.randn(3, 4))
        model(torch.randn(3, 4)).sum().backward()
        with torch.inference_mode():
            model(torch.randn(3, 4))
    assert samples_of(watch) == [9]


def test_a_submodule_that_is_called_alone_is_a_pass():
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()

        def training_step(self, x):
            return self.net(x).sum()

    model = Wrapper()
    with Watch(model) as watch:
        model.training_step(torch.randn(5, 4))
        model.training_step(torch.randn(5, 4))
    assert watch.passes == 2
    assert [(state.name, state.samples) for state in watch.states()] == [("net.1", 10)]


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpointed_block_counts_once(reentrant):
    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.GELU()) for _ in range(2))

        def forward(self, x):
            for block in self.blocks:
                x = checkpoint(block, x, use_reentrant=reentrant)
            return F.relu(x)

    model = Checkpointed()
    with Watch(model) as watch:
        for _ in range(2):
            model(torch.randn(5, 4, requires_grad=True)).sum().backward()
    assert watch.passes == 2
    assert {state.name: state.samples for state in watch.states()} == {
        "blocks.0.1": 10,
        "blocks.1.1": 10,
        "relu": 10,
    }


def test_a_checkpointed_loss_is_no_pass_of_its_own():
    model = small()
    with Watch(model, every=2) as watch:
        for _ in range(4):
            checkpoint(model, torch.randn(5, 4, requires_grad=True), use_reentrant=False).sum().backward()
    assert (watch.passes, samples_of(watch)) == (2, [10])


# torch.compile


class Root(nn.Module):
    """A root of one's own: torch 2.13 refuses `nn.Sequential(...).compile(fullgraph=True)`."""

    def __init__(self):
        super().__init__()
        self.parts = small()

    def forward(self, x):
        return self.parts(x)


def compiled_model(how):
    model = Root()
    if how == "torch.compile":
        return model, torch.compile(model, backend="eager", fullgraph=True)
    if how == "model.compile":
        model.compile(backend="eager", fullgraph=True)
        return model, model
    if how == "part":
        model.parts[0] = torch.compile(model.parts[0], backend="eager", fullgraph=True)
        return model, model
    raise ValueError(how)


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("how", ["torch.compile", "model.compile", "part"])
def test_compiled_models_are_counted_and_stay_compiled_between(how, warm):
    torch.compiler.reset()
    model, call = compiled_model(how)
    x = torch.randn(6, 4)
    if warm:
        call(x)
    with Watch(call, every=3) as watch:
        for _ in range(7):
            call(x).sum().backward()
    assert (watch.passes, samples_of(watch)) == (3, [18])
    assert [state.name for state in watch.states()] == ["parts.1"]
    compiled = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    call(x)
    # what was compiled with the hooks on it is compiled once more without them
    again = 0 if warm else 1
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] - compiled <= again
    assert torch._dynamo.eval_frame._stance.stance == "default"
    assert not any(hooks_of(model))


def test_a_compiled_step_runs_uncompiled_where_it_is_watched():
    torch.compiler.reset()
    model = small()
    graphs = []

    def backend(graph, _):
        def run(*args):
            graphs.append(len(args))
            return graph.forward(*args)

        return run

    step = torch.compile(lambda x: model(x).sum(), backend=backend)
    step(torch.randn(3, 4))
    with Watch(model) as watch:
        for _ in range(3):
            step(torch.randn(3, 4))
    assert (watch.passes, samples_of(watch)) == (3, [9])
    assert len(graphs) == 1
    with Watch(model, every=2) as watch:
        with pytest.warns(UserWarning, match=r"watch.step\(\)"):
            step(torch.randn(3, 4))
        watch.step()
        for _ in range(3):
            step(torch.randn(3, 4))
            watch.step()
    assert samples_of(watch) == [6]
    assert len(graphs) == 3
    step(torch.randn(3, 4))
    assert len(graphs) == 4


# the window


def test_an_epoch_starts_a_new_window_and_save_writes_all(tmp_path):
    from actcli.sources.records.timeline_file import read_timeline

    model = small()
    with Watch(model) as watch:
        for _ in range(2):
            model(torch.randn(300, 4))
            print(watch.epoch())
        with torch.no_grad():
            model[0].bias.fill_(-100.0)
        model(torch.randn(300, 4))
        report = watch.epoch()
        watch.save(tmp_path / "run.npz")
    assert (report.number, report.dead, report.newly_dead) == (3, 8, 8)
    assert watch.scalars()["dead/1"] == 1.0
    epochs = read_timeline(str(tmp_path / "run.npz")).epochs
    assert [(epoch.samples, epoch.passes) for epoch in epochs] == [(300, 1)] * 3


def test_an_epoch_without_a_pass_is_refused():
    model = small().eval()
    with Watch(model) as watch:
        model(torch.randn(3, 4))
        with pytest.raises(DataError, match=r"in training mode.*watch.step\(\)"):
            watch.epoch()


def test_a_pass_that_counts_nothing_warns_once():
    model = nn.Sequential(nn.Linear(4, 4), nn.Softmax(dim=-1))
    with Watch(model) as watch:
        with pytest.warns(UserWarning, match="counted nothing.*works over rows"):
            model(torch.randn(3, 4))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model(torch.randn(3, 4))
    assert watch.states() == ()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"model": lambda x: x}, "model"),
        ({"when": "training"}, "when"),
        ({"every": 0}, "every"),
        ({"every": True}, "every"),
        ({"every": 1.5}, "every"),
        ({"mask": 3}, "mask"),
        ({"layers": [1]}, "layers"),
        ({"per": "pixel"}, "per"),
        ({"unit_axis": 1}, "unit_axis"),
        ({"unit_axis": {"a": "1"}}, "unit_axis"),
        ({"sample_axis": -1}, "sample_axis"),
        ({"sample_axis": 2}, "sample_axis"),
        ({"rare": "1%"}, "rare"),
        ({"resume": "run"}, "npz"),
        ({"confidence": 2.0}, "confidence"),
    ],
)
def test_wrong_arguments_are_named(arguments, word):
    with pytest.raises(UsageError, match=word):
        Watch(**({"model": small()} | arguments))


def test_a_mask_that_the_model_is_not_given_is_named():
    model = small()
    with Watch(model, mask="attention_mask"), pytest.raises(UsageError, match="attention_mask"):
        model(torch.randn(3, 4))
    assert not any(hooks_of(model))


def test_assert_same_can_fail():
    keep = Kept()
    model = Perceptron(keep)
    with Watch(model) as watch:
        model(torch.randn(3, 24))
    keep("gelu", torch.zeros(1, 24))
    with pytest.raises(AssertionError):
        assert_same(watch.states(), keep.states(model.rules, {}))


def test_names_of_modules_reach_no_terminal_raw():
    model = torch.nn.Sequential()
    model.add_module("a\x1b[31m\nb", torch.nn.ReLU())
    model.add_module("c\x1b", torch.nn.Softmax(1))
    with Watch(model) as watch:
        model(torch.randn(3, 4))
        assert "\x1b" not in f"{watch}{watch.epoch()}"
        assert len(str(watch).splitlines()) == 3

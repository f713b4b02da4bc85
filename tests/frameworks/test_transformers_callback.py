"""`actcli.transformers.DeadUnits` with the real Trainer and tiny models from a configuration, nothing downloaded."""

import os

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

import numpy as np
import pytest

from actcli.exits import UsageError
from actcli.recording.epoch_report import DeadUnitsError
from actcli.sources.records.timeline_file import read_timeline

torch = pytest.importorskip("torch", exc_type=ImportError)
transformers = pytest.importorskip("transformers", exc_type=ImportError)
pytest.importorskip("accelerate", exc_type=ImportError)

from actcli.transformers import DeadUnits  # noqa: E402 - transformers may be missing

pytestmark = pytest.mark.filterwarnings("ignore")
LENGTHS = (5, 9, 12, 3)


def gpt2(**options):
    config = transformers.GPT2Config(
        n_layer=2, n_head=2, n_embd=16, n_inner=32, vocab_size=50, n_positions=16, resid_pdrop=0, **options
    )
    return transformers.GPT2LMHeadModel(config)


def examples(count=40):
    """Token ids of several lengths, padded to 12 with a token that switches a unit on."""
    generator = torch.Generator().manual_seed(0)
    for number in range(count):
        length = LENGTHS[number % 4]
        ids = torch.full((12,), 49)
        ids[:length] = torch.randint(0, 40, (length,), generator=generator)
        mask = (torch.arange(12) < length).long()
        yield {"input_ids": ids, "attention_mask": mask, "labels": torch.where(mask > 0, ids, -100)}


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)

    def fit(model, epochs=2, log=False, **options):
        arguments = transformers.TrainingArguments(
            output_dir="out",
            num_train_epochs=epochs,
            per_device_train_batch_size=8,
            gradient_accumulation_steps=2,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            learning_rate=1e-5,
        )
        trainer = transformers.Trainer(model, arguments, train_dataset=list(examples()))
        trainer.add_callback(DeadUnits(log=trainer.log if log else None, **options))
        trainer.train()
        return trainer

    return fit


def kill(model, *units):
    model.transformer.h[1].mlp.c_fc.bias.data[list(units)] = -1e4


def test_each_block_is_a_layer_and_dead_units_are_found(train):
    model, reports = gpt2(activation_function="relu"), []
    kill(model, 4, 7)
    train(model, show=reports.append, path="run.npz")
    assert [report.number for report in reports] == [1, 2]
    names = [layer.name for layer in reports[0].report.layers]
    assert names == ["transformer.h.0.mlp.act", "transformer.h.1.mlp.act"]
    first, second = reports[0].report.layers
    assert np.flatnonzero(second.dead_units).tolist() == [4, 7]
    assert first.samples == 40
    assert len(read_timeline("run.npz").epochs) == 2


def test_padding_does_not_count(train):
    reports = []
    train(gpt2(activation_function="relu"), show=reports.append, epochs=1)
    assert reports[0].report.layers[0].state.elements == 10 * sum(LENGTHS)


def test_the_activations_of_hugging_face_are_known(train):
    reports = []
    train(gpt2(activation_function="gelu_new"), show=reports.append, epochs=1)
    assert {layer.state.rule.function for layer in reports[0].report.layers} == {"gelu_tanh"}


def test_a_gated_model_is_watched_at_its_product(train):
    config = transformers.LlamaConfig(
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        vocab_size=50,
        max_position_embeddings=16,
    )
    reports = []
    train(transformers.LlamaForCausalLM(config), show=reports.append, epochs=1)
    assert any(layer.units == 24 for layer in reports[0].report.layers)


def test_the_numbers_reach_the_log_of_the_trainer(train):
    trainer = train(gpt2(activation_function="relu"), show=None, log=True)
    logged = [entry for entry in trainer.state.log_history if "dead_share" in entry]
    assert len(logged) == 2
    assert "dead/transformer.h.0.mlp.act" in logged[0]


def test_it_prints_a_table(train, capsys):
    train(gpt2(activation_function="relu"), epochs=1)
    assert "epoch 1: 40 samples" in capsys.readouterr().out


def test_a_limit_ends_the_training_and_leaves_the_model_as_it_was(train):
    model = gpt2(activation_function="relu")
    kill(model, *range(30))
    with pytest.raises(DeadUnitsError, match="limit of 5 %"):
        train(model, show=None, fail_above=0.05, rare=0.1)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_usage_statistics_are_off():
    assert os.environ["DO_NOT_TRACK"] == "1"


def test_numbers_are_asked_for_after_an_epoch():
    with pytest.raises(UsageError, match="not begun"):
        DeadUnits().scalars()


@pytest.mark.parametrize(
    ("options", "word"),
    [({"fail_above": -1}, "fail_above"), ({"resume": True}, "path="), ({"evry": 3}, "evry")],
)
def test_a_wrong_option_is_refused_at_once_in_one_line(options, word):
    with pytest.raises(UsageError, match=word) as caught:
        DeadUnits(**options)
    assert "\n" not in str(caught.value)

"""config.json of transformers: the activation that the model runs."""

import json

import pytest
from invocation import invoke, refused

from actcli.exits import DataError
from actcli.sources.configuration import read_configuration


def written(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ("config", "spec", "words"),
    [
        ({"model_type": "llama", "hidden_act": "silu"}, "hf.silu", "swiglu"),
        ({"model_type": "bert", "hidden_act": "gelu"}, "hf.gelu", "no gate"),
        ({"model_type": "gpt2", "activation_function": "gelu_new"}, "hf.gelu_new", "no gate"),
        ({"model_type": "gemma", "hidden_act": "gelu", "hidden_activation": None}, "hf.gelu_pytorch_tanh", "geglu"),
        (
            {
                "model_type": "gemma2", "hidden_act": "x", "hidden_activation": "gelu_pytorch_tanh",
                "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
            },
            "hf.gelu_pytorch_tanh",
            "logits go through softcap:cap=30",
        ),
        ({"model_type": "t5", "feed_forward_proj": "gated-gelu"}, "hf.gelu_new", "geglu"),
        ({"model_type": "t5", "feed_forward_proj": "relu"}, "hf.relu", "no gate"),
        ({"model_type": "gpt_oss", "hidden_act": "silu", "swiglu_limit": 7.0}, "swiglu_oai:limit=7", "clamped"),
        ({"model_type": "dbrx", "ffn_act_fn": {"name": "silu"}}, "hf.silu", "not known"),
        ({"model_type": "new_one", "hidden_act": "relu2"}, "hf.relu2", "not known"),
        ({"text_config": {"model_type": "qwen2", "hidden_act": "silu"}}, "hf.silu", "text_config.hidden_act"),
    ],
)  # fmt: skip
def test_what_a_configuration_means(tmp_path, config, spec, words):
    found = read_configuration(written(tmp_path, config))
    assert found.spec == spec
    assert words in " ".join(found.sentences)


def test_its_card_and_code(tmp_path):
    path = written(tmp_path, {"model_type": "gpt_oss", "hidden_act": "silu"})
    card = invoke("info", path, "--format", "json")
    assert card.json["function"].startswith("swiglu_oai")
    assert "The model runs swiglu_oai:limit=7 instead" in card.err
    assert "def " in invoke("info", path, "--code", "python").out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "no keys"),
        ('"gelu"', "no keys"),
        ("\x00\xff", "not JSON"),
        ({}, "names no activation"),
        ({"hidden_act": None, "model_type": "llama"}, "names no activation"),
        ({"hidden_act": 3}, "no name"),
        ({"hidden_act": ["relu"]}, "no name"),
        ({"hidden_act": {"nom": "relu"}}, "no name"),
        ({"hidden_act": "gelo"}, "gelo"),
        ({"hidden_act": "x*2"}, "x*2"),
        ({"hidden_act": "silu", "model_type": "gpt_oss", "swiglu_limit": "7"}, "swiglu_limit"),
        ({"hidden_act": "silu", "model_type": "gpt_oss", "swiglu_limit": -1}, "swiglu_limit"),
        ({"text_config": [1]}, "names no activation"),
    ],
)
def test_what_is_no_configuration(tmp_path, content, words):
    assert words in refused("info", written(tmp_path, content), kind=DataError)


def test_a_missing_file(tmp_path):
    assert "No such file" in refused("info", tmp_path / "config.json", kind=DataError)

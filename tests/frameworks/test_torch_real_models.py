"""Networks of transformers, with weights drawn at random, against the arrays that hooks record of them."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from watched_models import PRODUCT, Kept, assert_same  # noqa: E402

from actcli.torch import Watch  # noqa: E402

SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
T5 = {
    "d_model": 32,
    "d_ff": 48,
    "num_layers": 1,
    "num_heads": 4,
    "d_kv": 8,
    "vocab_size": 100,
    "dropout_rate": 0,
}
IMAGES = {"pixel_values": torch.randn(3, 3, 32, 32)}


def texts():
    ids = torch.randint(3, 90, (3, 12))
    mask = torch.ones_like(ids)
    mask[1, 7:] = mask[2, 4:] = 0
    return {"input_ids": ids, "attention_mask": mask}


def llama():
    config = transformers.LlamaConfig(**SIZES, vocab_size=100, num_key_value_heads=4)
    products = {f"layers.{i}.mlp.product": f"layers.{i}.mlp.down_proj" for i in range(2)}
    return transformers.LlamaModel(config), texts(), products


def t5():
    config = transformers.T5Config(**T5, decoder_start_token_id=0, feed_forward_proj="gated-gelu")
    dense = ("encoder.block.0.layer.1.DenseReluDense", "decoder.block.0.layer.2.DenseReluDense")
    inputs = {"input_ids": texts()["input_ids"], "decoder_input_ids": torch.randint(3, 90, (3, 5))}
    return transformers.T5Model(config), inputs, {f"{path}.product": f"{path}.wo" for path in dense}


def gpt2():
    config = transformers.GPT2Config(
        n_embd=32, n_layer=2, n_head=4, vocab_size=100, n_positions=64, bos_token_id=1, eos_token_id=2
    )
    return transformers.GPT2Model(config), texts(), {}


def bert():
    return transformers.BertModel(transformers.BertConfig(**SIZES, vocab_size=100)), texts(), {}


def vit():
    config = transformers.ViTConfig(**SIZES, image_size=32, patch_size=8)
    return transformers.ViTModel(config), IMAGES, {}


def swin():
    config = transformers.SwinConfig(
        image_size=32, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4
    )
    return transformers.SwinModel(config), IMAGES, {}


def resnet():
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])
    return transformers.ResNetModel(config), IMAGES, {}


@pytest.mark.parametrize("make", [llama, t5, gpt2, bert, vit, swin, resnet])
def test_a_real_network_has_the_counts_of_what_hooks_record(make):
    torch.manual_seed(1)
    model, inputs, products = make()
    model.train()
    mask = "attention_mask" if "attention_mask" in inputs else None
    with Watch(model, mask=mask) as watch:
        model(**inputs)
    keep = Kept()
    modules = dict(model.named_modules())
    for layer in watch.layers:
        recorded = modules[products.get(layer.name, layer.name)]
        recorded.register_forward_pre_hook(lambda _, args, name=layer.name: (keep(name, args[0]), None)[1])
    with Watch(model, mask=mask) as watch:
        model(**inputs)
    assert len(watch.layers) >= 2
    assert not watch.unobserved
    assert products.keys() <= {layer.name for layer in watch.layers}
    rules = {layer.name: layer.function for layer in watch.layers}
    assert [name for name, rule in rules.items() if rule == PRODUCT] == list(products)
    axes = {layer.name: layer.axis for layer in watch.layers}
    masks = [inputs[mask].bool().numpy()] if mask else None
    assert_same(watch.states(), keep.states(rules, axes, masks))


def test_the_experts_of_a_mixture_are_said_to_be_unobserved():
    config = transformers.MixtralConfig(**SIZES, vocab_size=100, num_key_value_heads=4, num_local_experts=4)
    model = transformers.MixtralModel(config).train()
    with Watch(model) as watch, pytest.warns(UserWarning, match="counted nothing"):
        model(**texts())
    reasons = [one.reason for one in watch.unobserved if "experts" in one.name]
    assert reasons
    assert all("picked out" in reason for reason in reasons)

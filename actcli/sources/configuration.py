"""The activation that a transformers configuration (config.json) means, as the model's own code reads it.

Which models are gated was read from the modeling files of transformers 5: `act(gate_proj(x)) * up_proj(x)`.
"""

import json
from collections.abc import Mapping
from typing import Any

from actcli.dataclass import dataclass
from actcli.exits import DataError

_MOST_BYTES = 10_000_000
_KEYS = (
    "hidden_activation",
    "hidden_act",
    "activation_function",
    "ffn_act_fn",
    "dense_act_fn",
    "feed_forward_proj",
    "ffn_activation",
    "activation",
    "afn",
)
"""Where configurations name the activation; of several that are not null the first counts."""
_INNER = ("text_config", "llm_config", "language_config", "thinker_config")
_SOFTCAPS = {"attn_logit_softcapping": "attention scores", "final_logit_softcapping": "logits"}
_GATED = frozenset(
    [
        "cohere",
        "cohere2",
        "deepseek_v2",
        "deepseek_v3",
        "exaone4",
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3_text",
        "glm4_moe",
        "granite",
        "helium",
        "jamba",
        "llama",
        "llama4",
        "llama4_text",
        "ministral",
        "mistral",
        "olmo",
        "olmo2",
        "olmo3",
        "qwen2",
        "qwen2_moe",
        "qwen3",
        "qwen3_moe",
        "qwen3_next",
        "seed_oss",
        "smollm3",
        "stablelm",
    ]
)
_PLAIN = frozenset(
    [
        "albert",
        "apertus",
        "arcee",
        "bart",
        "bert",
        "biogpt",
        "deberta",
        "deberta_v2",
        "electra",
        "gpt2",
        "gpt_bigcode",
        "gpt_neo",
        "gpt_neox",
        "gptj",
        "mbart",
        "nemotron",
        "opt",
        "pegasus",
        "persimmon",
        "phi",
        "roberta",
        "starcoder2",
        "vit",
        "whisper",
        "xglm",
        "xlm_roberta",
    ]
)
_OF_GATE = {"silu": "swiglu", "swish": "swiglu", "relu": "reglu", "gelu": "geglu"}
_NULL_MEANS = {"gemma": "gelu_pytorch_tanh"}
"""What a null `hidden_activation` means, whatever `hidden_act` says beside it."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The activation of a model.

    Attributes:
        spec: its specification.
        sentences: where the name stands, whether a gate multiplies it, and what is clamped besides.

    """

    spec: str
    sentences: tuple[str, ...]


def is_configuration(text: str) -> bool:
    """Return whether a function's name is that of a configuration file."""
    return text.lower().endswith(".json")


def read_configuration(path: str) -> Configured:
    """Read the activation of a config.json. Raises DataError for a file that is none, or names no known activation."""
    config, inside = _content(path), ""
    if _key(config) is None:
        inside = next((key for key in _INNER if _key(_part(config, key)) is not None), "")
        config = _part(config, inside)
    key = _key(config)
    model = config.get("model_type")
    if key is None:
        raise DataError(
            f"{path}: names no activation; looked for {', '.join(_KEYS)}, also in {', '.join(_INNER)}"
        )
    name = _name(config, key, str(model))
    place = f"{inside}.{key}" if inside else key
    if not isinstance(name, str) or not name:
        raise DataError(f"{path}: {place} is no name of an activation")
    sentences = [f"{path}: {place} of model_type {model!r} is {name!r}."]
    spec = f"hf.{name}"
    if key == "feed_forward_proj":
        gate, _, kind = name.rpartition("-")
        spec = "hf.gelu_new" if name == "gated-gelu" else f"hf.{kind}"
        sentences.append(_gate_sentence(kind) if gate == "gated" else "Its feed-forward layers have no gate.")
    elif model == "gpt_oss":
        limit = config.get("swiglu_limit", 7.0)
        if not _is_number(limit):
            raise DataError(f"{path}: swiglu_limit is no positive number")
        spec = f"swiglu_oai:limit={limit:g}"
        sentences.append(
            f"The model runs {spec} instead: clamped, with alpha 1.702 and one more on the second half."
        )
    elif model in _GATED:
        sentences.append(_gate_sentence(name))
    elif model in _PLAIN:
        sentences.append("Its feed-forward layers have no gate.")
    else:
        sentences.append("Whether a gate multiplies it is not known for this model_type.")
    for cap, where in _SOFTCAPS.items():
        if _is_number(config.get(cap)):
            sentences.append(f"Its {where} go through softcap:cap={config[cap]:g}.")
    return Configured(_known(spec, path, place), tuple(sentences))


def _content(path: str) -> Mapping[str, Any]:
    from actcli.sources.streams.bytestream import open_file

    with open_file(path) as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise DataError(f"{path}: has more than {_MOST_BYTES:,} bytes, too many for a configuration")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: not a configuration: it holds no keys")
    return content


def _part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = config.get(key)
    return part if isinstance(part, dict) else {}


def _key(config: Mapping[str, Any]) -> str | None:
    return next((key for key in _KEYS if config.get(key) is not None), None)


def _name(config: Mapping[str, Any], key: str, model: str) -> Any:
    if model in _NULL_MEANS and key == "hidden_act":
        return _NULL_MEANS[model]
    value = config[key]
    return value.get("name") if isinstance(value, dict) else value  # as DBRX has it


def _gate_sentence(name: str) -> str:
    pair = _OF_GATE.get(name.partition("_")[0])
    means = f": {pair}" if pair else ""
    return f"A gate multiplies it, act(gate)·up{means}; actcli info {pair or 'glu'} shows the pair."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e30


def _known(spec: str, path: str, place: str) -> str:
    """Return a specification. Raises DataError where there is no such activation."""
    from actcli.activations import activation
    from actcli.exits import UsageError

    try:
        activation(spec)
    except UsageError as error:
        raise DataError(f"{path}: {place}: {error}") from error
    return spec

"""`actcli.keras.DeadUnits` with the real Keras 3, on the JAX and the PyTorch backend in processes of their own."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BACKENDS = ("jax", "torch", *(["tensorflow"] if find_spec("tensorflow") else []))


@pytest.fixture(scope="module", params=BACKENDS)
def runs(request, tmp_path_factory):
    """What a process that trains models on a backend saw."""
    for package in ("keras", request.param):  # importing Keras here would need a backend
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    done = subprocess.run(
        [sys.executable, HERE / "keras_runs.py"],
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": request.param, "KERAS_HOME": str(folder), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["backend"] == request.param
    return seen


def test_each_way_to_write_an_activation_is_found(runs):
    assert runs["sequential"]["functions"] == {
        "dense": "keras.relu",
        "leaky": "keras.leaky_relu:negative_slope=0.3",
        "capped": "keras.relu:negative_slope=0.0,max_value=6.0,threshold=0.0",
        "smooth": "keras.gelu",
        "turned": "keras.tanh",
    }
    assert runs["sequential"]["unobserved"] == ["learned (PReLU): slopes learned per channel"]


def test_dead_units_are_those_that_predict_never_sees_fire(runs):
    seen = runs["sequential"]
    assert seen["dead"]["dense"] == seen["silent by predict"] == [3, 17]
    assert seen["samples"] == 600


def test_the_weights_are_those_at_the_end_of_the_epoch(runs):
    assert runs["sequential"]["largest"] == pytest.approx(runs["sequential"]["largest by predict"], rel=1e-5)


def test_totals_go_to_the_history_and_layers_to_the_scalars(runs):
    seen = runs["sequential"]
    assert set(seen["history"]) == {"dead_share", "newly_dead", "revived"}
    assert seen["history"]["dead_share"][-1] == pytest.approx(2 / 80)
    assert seen["scalars"]["dead/dense"] == pytest.approx(2 / 32)


def test_the_timeline_is_written_and_gone_on_with(runs):
    assert runs["sequential"]["epochs"] == [1, 2]
    assert runs["sequential"]["gone on with"] == [[3, 2], [4, 3], [1, 2, 3]]


def test_the_model_is_afterwards_as_it_was(runs):
    assert runs["sequential"]["as it was"]


def test_a_shared_layer_is_one_layer_per_call_and_channels_are_units(runs):
    seen = runs["functional"]
    assert set(seen["dead"]) == {"conv", "act", "act#2"}
    assert seen["dead"]["conv"] == seen["dead"]["act"] == [5]
    assert (seen["samples"], seen["elements"]) == (40, 40 * 64)


def test_layers_of_nested_models_are_told_apart(runs):
    assert len(runs["nested"]["layers"]) == 2


def test_what_is_not_observed_is_said_once(runs):
    assert runs["nested"]["unobserved"] == ["lstm (LSTM): inside a loop"]
    assert runs["nested"]["warned"] == ["actcli.keras.DeadUnits: not observed: lstm (LSTM): inside a loop"]


def test_padding_neither_fires_nor_counts(runs):
    assert runs["tokens"] == {"dead": {"mlp": [0]}, "samples": 20, "elements": 40}


WORDS = {
    "no activation": "no activation was found",
    "a list": "array of samples",
    "text": "array of samples",
    "nothing": "array of samples",
    "no samples": "no samples",
    "two lengths": "5 and 600",
    "no batch": "batch_size=0",
    "a batch of text": "batch_size='all'",
    "a limit in percent": "fail_above=5",
    "a limit of text": "fail_above='5%'",
    "a mask of others": "(600, positions)",
    "resume without a file": "path=",
    "a folder": ".",
    "too many dead": "limit of 5 %",
}


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_call_is_one_line(runs, name):
    line = runs["refusals"][name]
    assert line is not None
    assert WORDS[name] in line
    assert "\n" not in line


def test_a_limit_fails_after_the_timeline_was_written(runs):
    assert runs["refusals"]["too many dead"].startswith("DeadUnitsError")
    assert runs["refusals"]["written"]

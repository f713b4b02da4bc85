"""ONNX models: opened safely, their activations found, run by onnxruntime with their units watched."""

from actcli.sources.onnx.inputs import Samples, recorded_inputs
from actcli.sources.onnx.model import Model, ModelLayer, identity, open_model
from actcli.sources.onnx.model_input import ModelInput
from actcli.sources.onnx.noise import random_inputs
from actcli.sources.onnx.observe import Observation, observe_model
from actcli.sources.onnx.shards import model_samples

__all__ = [
    "Model",
    "ModelInput",
    "ModelLayer",
    "Observation",
    "Samples",
    "identity",
    "model_samples",
    "observe_model",
    "open_model",
    "random_inputs",
    "recorded_inputs",
]

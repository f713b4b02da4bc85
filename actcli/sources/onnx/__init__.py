"""ONNX models: opened safely, their activations found, run by onnxruntime with their units watched."""

from actcli.sources.onnx.identity import identity
from actcli.sources.onnx.inputs import Samples, recorded_inputs
from actcli.sources.onnx.model import Model, ModelLayer, open_model
from actcli.sources.onnx.model_input import ModelInput
from actcli.sources.onnx.noise import random_inputs
from actcli.sources.onnx.observe import Observation, observe_model

__all__ = [
    "Model",
    "ModelInput",
    "ModelLayer",
    "Observation",
    "Samples",
    "identity",
    "observe_model",
    "open_model",
    "random_inputs",
    "recorded_inputs",
]

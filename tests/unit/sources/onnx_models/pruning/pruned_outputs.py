"""The outputs of a model by onnxruntime alone."""

import numpy as np


def outputs(model: str | bytes, x: np.ndarray) -> list[np.ndarray]:
    """The outputs of a model, of a file or of bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})

"""ONNX models read as steps that bounds go through."""

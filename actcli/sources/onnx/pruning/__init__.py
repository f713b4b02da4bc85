"""ONNX models made smaller: dead units taken out, and the smaller model compared with the model that it came from."""

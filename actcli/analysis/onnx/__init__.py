"""How ONNX writes activations: the table that models are read and written by."""

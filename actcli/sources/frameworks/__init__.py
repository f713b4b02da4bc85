"""Results of PyTorch, JAX, ONNX Runtime and Keras, each computed in a process of its own."""

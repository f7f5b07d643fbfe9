"""Turn a run folder into one verified ONNX model file for the scorer."""

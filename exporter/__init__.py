"""Turn the run folder of the trainer into one verified ONNX model file for the scorer.

May import the trainer and the public rooms of the scorer; nothing imports the exporter.
"""

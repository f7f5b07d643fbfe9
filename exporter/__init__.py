"""Turn the run folder of the trainer into one verified ONNX model file for the scorer.

May import the trainer and the public rooms of the scorer; nothing imports the exporter.
"""

import os

# The graph is made of TensorFlow's operations, whatever backend a run was trained on; Keras reads
# this variable when it is imported.
os.environ["KERAS_BACKEND"] = "tensorflow"

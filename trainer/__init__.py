"""Fit a Keras LSTM on labelled reviews; leaves a run folder for the exporter."""

import os

# On several threads TensorFlow sums the gradients of a word vector in any order, and a seed no
# longer makes a run repeatable. It reads this variable when it is imported; other backends don't.
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

"""Fit a Keras LSTM on labelled reviews; leaves a run folder for the exporter."""

import os

# With several threads TensorFlow adds up the gradients of a word's vector in any order unless it is told not to, and a
# seed then repeats nothing. It reads the variable when it is loaded; other Keras backends don't know it.
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

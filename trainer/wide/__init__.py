"""The wide branch: a linear model over words and hashed n-grams, beside the LSTM.

May import ``trainer.measure``, ``trainer.data`` and what these may import; only ``layer`` imports
Keras.
"""

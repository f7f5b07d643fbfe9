"""The run folder: what a run leaves behind, how it is written, read back and compared.

May import ``trainer.models``, ``trainer.measure``, ``trainer.data`` and what these may import;
importing it loads no Keras.
"""

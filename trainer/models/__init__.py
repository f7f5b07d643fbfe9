"""The models: each predicts, saves itself and is loaded; ``kinds`` lists those of a run folder.

May import ``trainer.wide``, ``trainer.measure``, ``trainer.data`` and what these may import; only
``network`` and ``batches`` import Keras.
"""

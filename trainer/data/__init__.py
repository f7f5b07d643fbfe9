"""Reviews as the trainer takes them in: readers of every source, the word count, crops.

May import ``trainer.settings``, ``trainer.errors`` and the scorer's public rooms; importing it
loads no TensorFlow and no Keras.
"""

"""How good scores are: metrics, evaluation on labelled reviews, and the line that calibrates.

May import ``trainer.data``, ``trainer.settings``, ``trainer.errors`` and the scorer's public
rooms.
"""

"""What scores are made of, and how two models differ.

May import ``job``, ``tables``, ``kernel`` and what stands below them.
"""

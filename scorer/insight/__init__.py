"""What scores are made of.

May import ``job``, ``tables``, ``kernel`` and what stands below them.
"""

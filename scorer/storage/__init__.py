"""Where files lie, and how they are put there: complete or not at all, by one process at a time.

May import ``scorer.system`` and ``scorer.errors``.
"""

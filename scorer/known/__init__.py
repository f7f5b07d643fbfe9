"""Scores that needn't be computed: those of earlier outputs, and of texts that were scored before.

May import ``scorer.planning`` and what is below it; knows nothing of windows, threads or results.
"""

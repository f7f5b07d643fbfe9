"""Readers and writers of tables: a reader for each format, one writer; a whole file or none.

May import ``scorer.storage``, ``scorer.system`` and ``scorer.errors``; knows nothing of models or
jobs.
"""

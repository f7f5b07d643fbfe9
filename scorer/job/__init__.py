"""The job: which files are scored, which are done already, and what became of each.

May import ``scorer.tables``, ``scorer.kernel``, ``scorer.storage`` and ``scorer.system``; it prints
nothing and knows no report.
"""

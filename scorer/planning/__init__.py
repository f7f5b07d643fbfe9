"""What is to be done: which files are scored, with what options, and which are done already.

May import ``scorer.tables``, ``scorer.kernel``, ``scorer.storage`` and what is below them; it
scores nothing, and writes nothing but what it keeps beside a finished output.
"""

"""The job: what is planned is read, scored and written, and what became of each file.

May import ``scorer.known``, ``scorer.planning`` and what is below them; it prints nothing and knows
no report.
"""

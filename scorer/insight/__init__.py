"""What is seen beside the scores: drift, what a score is made of, two models compared.

Printing is left to reports. It imports ``job``, ``tables``, ``kernel`` and what stands below; no
engine, no report, nothing of the terminal.
"""

"""One result, many printers: terminal text, JSON, Prometheus, the progress line, a model's page.

May import ``scorer.job.result``, the model's rooms and ``scorer.storage``; nothing in
``scorer.job`` imports it.
"""

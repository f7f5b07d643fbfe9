"""The transformer teacher: fine-tuned on labelled reviews, it labels texts for ``--soft-labels``.

Only :mod:`teacher.network`, :mod:`teacher.checkpoint` and :mod:`teacher.fine_tuning` import torch.
The steps are in README.md, the commands in ``teach.py``.
"""

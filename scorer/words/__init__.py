"""How a text is cut into words: the rules, as data, and how they are carried out on many texts.

May import ``scorer.system`` and ``scorer.errors``.
"""

"""Fitting: ``run`` leads from reviews to a run folder, and a learner fits each kind of model.

May import everything else of the trainer but its commands; only ``network``, ``epochs``,
``checkpoint`` and ``step_line`` import Keras.
"""

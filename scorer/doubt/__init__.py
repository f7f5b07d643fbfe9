"""What a model doesn't know: which reviews get no answer, which an uncertain one, and why.

    asked      what may be asked for: limits, columns
    band       the scores between which held-out reviews were right too seldom
    language   the detector, of the extra ``language``
    verdict    what becomes of each row

May import the model's card and all below it; the kernel asks it for each window.
"""

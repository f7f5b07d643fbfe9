"""The page of a finished run: what it reached, drawn and told, from what its folder holds.

May import ``trainer.run`` and what that may import; importing it loads no Keras.
"""

# Wrong reviews of each label that a page shows if nobody says how many.
EXAMPLES = 5
# Fewer reviews are told to be few.
FEW_REVIEWS = 100

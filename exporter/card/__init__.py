"""The model card: what a model file holds, told for people, in markdown and as a page.

Nothing here trains or converts: a card is made of the model file, and of notes on its data.
"""

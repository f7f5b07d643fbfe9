"""Sentences that every model file carries with the scores it gave them; the scorer checks them when it loads one.

They are of this project's own making, and touch each rule of the tokenizer and the token limit.
"""

SENTENCES = (
    "I loved every minute of it.",
    "A dull, lifeless mess. I want my evening back!",
    "It isn't good, it isn't bad, it's simply there.",
    "Wonderful acting,<br /><br />terrible script.",
    "“Don’t miss it”, they said… they were right?!",
    "Ein Film auf Deutsch, über alles Mögliche.",
    "Не смотрите это кино.",
    "最高の映画です。",
    "10/10 &amp; would watch again \N{SMILING FACE WITH HEART-SHAPED EYES}",
    "Ｆｕｌｌ　ｗｉｄｔｈ ＬＥＴＴＥＲＳ, 'quoted' words & rock 'n' roll",
    "Awful start. " + "And then it gets better and better with every scene. " * 45,
)

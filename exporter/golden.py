"""Sentences that every model file carries with their scores; the scorer checks them on loading.

They were written for this project. Together they use every rule of the tokenizer, and one is longer
than the token limit.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from scorer.card import Golden
from scorer.tokenizer import Tokenizer
from trainer.models.batches import predict

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


def score_sentences(network: Any, tokenizer: Tokenizer) -> tuple[Golden, ...]:
    """Return the sentences with the scores that the masked Keras network gives them.

    Args:
        network: the ``keras.Model``, its weights already rounded.
        tokenizer: the tokenizer that the network was trained with.
    """
    scores = predict(network, tokenizer.encode(pa.array(SENTENCES, pa.large_string())))
    pairs = zip(SENTENCES, scores.tolist(), strict=True)
    return tuple(Golden(sentence, score) for sentence, score in pairs)

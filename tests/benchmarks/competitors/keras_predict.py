"""Keras ``model.predict`` on a network of the same sizes.

It starts from token ids: nothing is read, tokenized or written. Its weights are random, which
doesn't change the speed; that the trained network gives the scores of the model file is checked by
the exporter. https://keras.io/api/models/model_training_apis/#predict-method
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from scorer import SentimentModel
from scorer.tokenizer import Tokens
from trainer.models.batches import predict
from trainer.models.network import build_network
from trainer.models.rebuilt import settings_of_file

BATCH = 128


def network_like(model: SentimentModel) -> keras.Model:
    """Return a network of the sizes of a model file."""
    settings = settings_of_file(model)
    words = len(model.card.tokenizer.words)
    return build_network(settings, words, wide=bool(settings.wide_order))


def padded_to_the_limit(network: Any, tokens: Tokens) -> npt.NDArray[np.float32]:
    """Score as it is usually written: every review padded to the token limit."""
    token_ids = tokens.padded(np.arange(len(tokens)), tokens.max_tokens)
    return np.asarray(network.predict(token_ids, batch_size=BATCH, verbose=0))[:, 0]


def sorted_by_length(network: Any, tokens: Tokens) -> npt.NDArray[np.float32]:
    """Score with care: reviews of similar length share a batch."""
    return predict(network, tokens, batch_size=BATCH)

"""Keras ``model.predict`` on a network of the same sizes, from token ids: nothing is read, tokenized or written.

Its weights are chance: the exporter has proved that the trained ones give the scores of the model file, and their speed is the same.
https://keras.io/api/models/model_training_apis/#predict-method
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from scorer import SentimentModel
from scorer.tokenizer import Tokens
from trainer.batches import predict
from trainer.network import build_network
from trainer.settings import Settings


def network_like(model: SentimentModel) -> keras.Model:
    """Return a network of the sizes of a model file."""
    settings = Settings(**model.card.origin["settings"])
    return build_network(settings, len(model.card.tokenizer.words), wide=bool(settings.wide_order))


def padded_to_the_limit(network: Any, tokens: Tokens) -> npt.NDArray[np.float32]:
    """Score as it is usually written: every review padded to the most tokens that the network reads."""
    token_ids = tokens.padded(np.arange(len(tokens)), tokens.max_tokens)
    return np.asarray(network.predict(token_ids, batch_size=128, verbose=0))[:, 0]


def sorted_by_length(network: Any, tokens: Tokens) -> npt.NDArray[np.float32]:
    """Score with care: batches of like length."""
    return predict(network, tokens, batch_size=128)

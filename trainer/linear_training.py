"""Fit the linear model: reviews in, a finished run folder out. A teacher, and the yardstick of every network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer import artifact
from trainer.artifact import RunFolder
from trainer.evaluation import calibrate, evaluate
from trainer.lesson import split, with_tokens
from trainer.linear import fit_weights
from trainer.origin import Origin
from trainer.reviews import Reviews, check_both_kinds
from trainer.settings import options_of
from trainer.vocabulary import build_tokenizer


@dataclass(frozen=True, kw_only=True)
class LinearSettings:
    """What decides the linear model, beside the reviews: words that it knows, and the share of reviews held out."""

    vocabulary: int = 60_000
    held_out: float = 0.1


def train_linear(
    reviews: Reviews, settings: LinearSettings, out: Path, *, test: Reviews | None = None, say: Callable[[str], None] = lambda line: None
) -> RunFolder:
    """Fit the linear model on labelled reviews; a share of them is held out, the same that a network holds out.

    Raises:
        ReviewsError: too few reviews, or all of one kind.
        RunFolderError: ``out`` is taken.
    """
    check_both_kinds(reviews)
    artifact.prepare_empty(out)
    training, held_out = split(reviews, settings.held_out)
    # A linear model reads whole reviews: their end tells most, but more words cost it nothing.
    tokenizer = build_tokenizer(training.texts, words=settings.vocabulary, max_tokens=np.iinfo(np.int32).max)
    training, tokens = with_tokens(training, tokenizer)
    held_out, held_out_tokens = with_tokens(held_out, tokenizer)
    say(f"{len(training)} reviews to train on, {len(held_out)} held out, {len(tokenizer.words)} words")

    model = fit_weights(tokens, training.labels)
    line, before, after = calibrate(model.predict(held_out_tokens), held_out)
    model = replace(model, line=np.array([*line.slopes, line.shift], np.float32))
    metrics: dict[str, Any] = {"calibration": line.to_dict("linear")}
    metrics |= {"held_out": after.metrics.to_dict(), "held_out_before_calibration": before.metrics.to_dict()}
    if test is not None:
        metrics |= {"test": evaluate(model.predict(tokenizer.encode(test.texts)), test).metrics.to_dict(), "test_data": test.describe()}
    artifact.write_run(
        out,
        model=model,
        name=artifact.LINEAR,
        tokenizer=tokenizer,
        config=Origin.of(reviews).to_config("linear", asdict(settings), options_of(settings), held_out),
        metrics=metrics,
        held_out=held_out,
        evaluation=after,
    )
    return RunFolder.open(out)

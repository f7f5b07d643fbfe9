"""Fit document vectors and a linear model on them: labelled and unlabeled reviews in, a finished run folder out. A teacher only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from trainer import artifact
from trainer.artifact import RunFolder
from trainer.calibration import logits_of
from trainer.documents import C, DocumentModel, Passes, document_vectors
from trainer.evaluation import calibrate
from trainer.lesson import split, with_tokens
from trainer.origin import Origin
from trainer.reviews import Reviews, check_both_kinds, fingerprint_of_texts
from trainer.settings import options_of
from trainer.vocabulary import build_tokenizer

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DocumentSettings:
    """What decides the document vectors, beside the reviews.

    Attributes:
        vocabulary: words that n-grams are made of.
        epochs: passes over all reviews.
        held_out: share of the labelled reviews held out.
        seed: of the vectors before the first pass.
    """

    vocabulary: int = 60_000
    epochs: int = 20
    held_out: float = 0.1
    seed: int = 0


def train_documents(
    reviews: Reviews,
    unlabeled: pa.LargeStringArray,
    settings: DocumentSettings,
    out: Path,
    *,
    resume: bool = False,
    say: Say = lambda line: None,
) -> RunFolder:
    """Learn vectors of all reviews, and from the labelled ones what they say of the others.

    Args:
        reviews: of both kinds; a share of them is held out.
        unlabeled: ``large_string[n]``, the reviews that it is to label.
        settings: what decides the vectors.
        out: the run folder to make.
        resume: go on after the passes that an interrupted run in ``out`` has kept.
        say: is given a line of progress now and then.

    Raises:
        ReviewsError: too few reviews, or all of one kind.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    from sklearn.linear_model import LogisticRegression

    check_both_kinds(reviews)
    origin = Origin.of(reviews, unlabeled)
    passes = Passes(out / artifact.CHECKPOINT / "passes.npz", asdict(settings), origin.fingerprint)
    artifact.prepare_folder(out, passes.settings, origin.fingerprint, passes.kept(), resume=resume)
    training, held_out = split(reviews, settings.held_out)
    texts = pa.concat_arrays([training.texts, held_out.texts, unlabeled])
    tokenizer = build_tokenizer(texts, words=settings.vocabulary, max_tokens=np.iinfo(np.int32).max)
    tokens = tokenizer.encode(texts)
    say(f"vectors of {len(texts)} reviews, {settings.epochs} passes")
    vectors = document_vectors(tokens, settings.epochs, settings.seed, out / "ngrams.txt", passes, say)

    first = len(training)
    fitted = LogisticRegression(C=C, max_iter=1000).fit(vectors[:first], training.labels)
    scores = fitted.predict_proba(vectors[first:])[:, 1].astype(np.float32)
    scores[np.diff(tokens.offsets)[first:] == 0] = np.nan
    line, before, after = calibrate(scores[: len(held_out)], held_out)
    artifact.write_run(
        out,
        model=DocumentModel(fingerprint_of_texts(unlabeled), line(logits_of(scores[len(held_out) :]))),
        name=artifact.DOCUMENTS,
        tokenizer=tokenizer,
        config=origin.to_config("documents", asdict(settings), options_of(settings), held_out, ("gensim",)),
        metrics={
            "calibration": line.to_dict("documents"),
            "held_out": after.metrics.to_dict(),
            "held_out_before_calibration": before.metrics.to_dict(),
        },
        held_out=with_tokens(held_out, tokenizer)[0],
        evaluation=after,
    )
    return RunFolder.open(out)

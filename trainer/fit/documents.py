"""Fit document vectors and a linear model on them: a teacher for the reviews it was fitted with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokens
from trainer.data.reviews import Reviews
from trainer.data.vocabulary import build_tokenizer
from trainer.fit.learner import Learned, Say, Task, silent
from trainer.fit.run import fit_run
from trainer.fit.training_set import WHOLE_REVIEW
from trainer.measure.calibration import logits_of
from trainer.measure.evaluation import calibrate
from trainer.models.documents import C, DocumentModel, Passes, document_vectors
from trainer.models.kinds import DOCUMENTS, Kind
from trainer.run.files import CHECKPOINT
from trainer.run.folder import RunFolder
from trainer.run.new_folder import RunId, prepare_folder
from trainer.settings import DocumentSettings

PASSES = "passes.npz"
NGRAMS = "ngrams.txt"


def fit_documents(
    reviews: Reviews,
    unlabeled: pa.LargeStringArray,
    settings: DocumentSettings,
    out: Path,
    *,
    resume: bool = False,
    say: Say = silent,
) -> RunFolder:
    """Fit a vector of each review, and on those of labelled reviews a linear model.

    Args:
        reviews: labelled reviews; some of them are held out of training.
        unlabeled: ``large_string[n]``, the reviews to label.
        settings: settings of the run.
        out: the run folder to make.
        resume: whether the interrupted run in ``out`` goes on after its last kept pass.
        say: takes lines of progress.

    Raises:
        ReviewsError: there are too few reviews, or all have one label.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    learner = DocumentLearner(settings)
    return fit_run(learner, reviews, out, unlabeled=unlabeled, resume=resume, say=say)


@dataclass(frozen=True)
class DocumentLearner:
    """Fits document vectors.

    Attributes:
        settings: settings of the run.
    """

    settings: DocumentSettings
    command: ClassVar[str] = "documents"
    kind: ClassVar[Kind] = DOCUMENTS
    packages: ClassVar[tuple[str, ...]] = ("gensim",)

    def prepare(self, out: Path, run: RunId, *, resume: bool) -> None:
        """Create the run folder, or check that the interrupted run in it can go on."""
        kept = _passes(out, run).kept()
        interrupted = None if kept is None else RunId(kept.settings, kept.fingerprint)
        prepare_folder(out, run, interrupted, resume=resume)

    def learn(self, task: Task) -> Learned:
        """Fit vectors of all reviews, and a linear model on those of the training reviews."""
        texts = pa.concat_arrays([task.training.texts, task.held_out.texts, task.inputs.unlabeled])
        tokenizer = build_tokenizer(texts, words=self.settings.vocabulary, max_tokens=WHOLE_REVIEW)
        tokens = tokenizer.encode(texts)
        scores = _scores(self._vectors(tokens, task), tokens, task.training)
        held_out_scores, unlabeled_scores = np.split(scores, [len(task.held_out)])
        calibrated = calibrate(task.held_out, logits_of(held_out_scores))
        fingerprint = task.inputs.unlabeled_fingerprint or ""
        return Learned(
            model=DocumentModel(fingerprint, calibrated.line(logits_of(unlabeled_scores))),
            tokenizer=tokenizer,
            calibrated=calibrated,
            parts=("documents",),
        )

    def _vectors(self, tokens: Tokens, task: Task) -> npt.NDArray[np.float32]:
        epochs, seed = self.settings.epochs, self.settings.seed
        task.say(f"vectors of {len(tokens)} reviews, {epochs} passes")
        passes = _passes(task.out, task.run)
        return document_vectors(tokens, epochs, seed, task.out / NGRAMS, passes, task.say)


def _scores(
    vectors: npt.NDArray[np.float32], tokens: Tokens, training: Reviews
) -> npt.NDArray[np.float32]:
    """Score the reviews after the training reviews, ``float32[reviews]``; NaN without a token."""
    from sklearn.linear_model import LogisticRegression

    first = len(training)
    fitted = LogisticRegression(C=C, max_iter=1000).fit(vectors[:first], training.labels)
    scores = fitted.predict_proba(vectors[first:])[:, 1].astype(np.float32)
    scores[np.diff(tokens.offsets)[first:] == 0] = np.nan
    return np.asarray(scores)


def _passes(out: Path, run: RunId) -> Passes:
    return Passes(out / CHECKPOINT / PASSES, run.settings, run.fingerprint)

"""Fit a network: reviews and settings in, a finished run folder out."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from scorer._version import __version__
from scorer.errors import ReviewsError, RunFolderError
from scorer.tokenizer import Tokenizer, Tokens
from trainer import artifact, checkpoint
from trainer.artifact import RunFolder
from trainer.batches import TrainingBatches, predict
from trainer.calibration import apply_temperature, cooled, fit_temperature
from trainer.checkpoint import Progress
from trainer.evaluation import evaluate
from trainer.history import Epoch
from trainer.metrics import Evaluation, measure
from trainer.network import build_network
from trainer.reviews import Reviews, check_both_kinds
from trainer.settings import Settings
from trainer.vocabulary import build_tokenizer

Say = Callable[[str], None]


def fit(
    reviews: Reviews,
    settings: Settings,
    out: Path,
    *,
    test: Reviews | None = None,
    resume: bool = False,
    say: Say = lambda line: None,
    callbacks: list[keras.callbacks.Callback] | None = None,
) -> RunFolder:
    """Train a network on labelled reviews.

    Args:
        reviews: of both kinds; a share of them is held out.
        settings: what to train, and how.
        out: the run folder to make.
        test: labelled reviews of both kinds to report on, and for nothing else.
        resume: go on after the last finished epoch of an interrupted run in ``out``.
        say: is given a line of progress now and then.
        callbacks: Keras callbacks that watch each epoch.

    Raises:
        ReviewsError: too few reviews, or all of one kind.
        RunFolderError: ``out`` is taken, or can't be resumed with these settings and reviews.
    """
    check_both_kinds(reviews)
    fingerprint = reviews.fingerprint()
    progress = _prepare_folder(out, settings, fingerprint, resume=resume)

    training, held_out = split(reviews, settings)
    tokenizer = build_tokenizer(training.texts, words=settings.vocabulary, max_tokens=settings.max_tokens)
    training, tokens = _with_tokens(training, tokenizer)
    held_out, held_out_tokens = _with_tokens(held_out, tokenizer)
    say(f"{len(training)} reviews to train on, {len(held_out)} held out, {len(tokenizer.words)} words")

    network = checkpoint.kept_network(out, checkpoint.LAST) if progress.history else _new_network(settings, tokenizer, len(training))
    while not progress.is_over(settings.epochs, settings.patience):
        batches = TrainingBatches(tokens, training.labels, settings, len(progress.history))
        epoch = _one_epoch(network, batches, progress, settings, held_out_tokens, held_out.labels, callbacks)
        progress = progress.after(epoch)
        checkpoint.save(out, progress, network, settings.to_dict(), fingerprint)
        say(_epoch_line(epoch, progress))

    network = checkpoint.kept_network(out, checkpoint.BEST)
    temperature, before, after = _calibrate(network, tokenizer, held_out)
    metrics: dict[str, Any] = {"epoch": progress.best_epoch, "temperature": temperature}
    metrics |= {"held_out": after.metrics.to_dict(), "held_out_before_calibration": before.metrics.to_dict()}
    if test is not None:
        say(f"scoring {len(test)} test reviews")
        metrics |= {"test": evaluate(network, tokenizer, test).metrics.to_dict(), "test_data": _data(test)}
    artifact.write_run(
        out,
        network=network,
        tokenizer=tokenizer,
        config=_config(settings, reviews, held_out, fingerprint),
        metrics=metrics,
        history=progress.history,
        held_out=held_out,
        evaluation=after,
    )
    return RunFolder.open(out)


def split(reviews: Reviews, settings: Settings) -> tuple[Reviews, Reviews]:
    """Return the reviews to train on and those held out, drawn by the seed.

    Raises:
        ReviewsError: one of the two would be without positive or negative reviews.
    """
    rows = np.random.default_rng(settings.seed).permutation(len(reviews))
    count = max(1, round(len(reviews) * settings.held_out))
    parts = reviews.take(np.sort(rows[count:])), reviews.take(np.sort(rows[:count]))
    for part in parts:
        if int(part.labels.sum()) in (0, len(part)):
            raise ReviewsError(
                f"holding out {count} of the {len(reviews)} reviews of {reviews.name}: one part would have reviews "
                "of one kind only; give more reviews, or another --held-out or --seed"
            )
    return parts


def _prepare_folder(out: Path, settings: Settings, fingerprint: str, *, resume: bool) -> Progress:
    if artifact.is_finished(out):
        raise RunFolderError(f"training into {out}: it holds a finished run; name another folder")
    kept = checkpoint.load(out)
    if resume:
        if kept is None:
            raise RunFolderError(f"resuming in {out}: no epoch was finished there; train without --resume")
        progress, its_settings, its_fingerprint = kept
        if its_fingerprint != fingerprint:
            raise RunFolderError(f"resuming in {out}: it was trained on other reviews; give the same")
        differing = [name for name, value in settings.to_dict().items() if its_settings.get(name) != value]
        if differing:
            raise RunFolderError(f"resuming in {out}: other settings were used ({', '.join(differing)}); give the same")
        return progress
    if kept is not None:
        raise RunFolderError(f"training into {out}: it holds an interrupted run; add --resume, or name another folder")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"training into {out}: it exists and isn't an empty folder; name another folder")
    out.mkdir(parents=True, exist_ok=True)
    return Progress()


def _with_tokens(reviews: Reviews, tokenizer: Tokenizer) -> tuple[Reviews, Tokens]:
    """Return the reviews that have a token, and their tokens: nothing can be learned from the others."""
    tokens = tokenizer.encode(reviews.texts)
    rows = np.flatnonzero(tokens.lengths > 0)
    if len(rows) == len(reviews):
        return reviews, tokens
    kept = reviews.take(rows)
    return kept, tokenizer.encode(kept.texts)


def _new_network(settings: Settings, tokenizer: Tokenizer, reviews: int) -> keras.Model:
    keras.utils.set_random_seed(settings.seed)
    return build_network(settings, len(tokenizer.words), settings.epochs * -(-reviews // settings.batch_size))


def _one_epoch(
    network: Any,
    batches: TrainingBatches,
    progress: Progress,
    settings: Settings,
    held_out_tokens: Tokens,
    held_out_labels: npt.NDArray[np.int8],
    callbacks: list[keras.callbacks.Callback] | None,
) -> Epoch:
    started = time.monotonic()
    done = len(progress.history)
    _reseed(network, settings.seed, done)
    # One `fit` an epoch: what happens between epochs (the order, early stopping, the best weights) is ours, on disk.
    fitted = network.fit(batches, initial_epoch=done, epochs=done + 1, shuffle=False, verbose=0, callbacks=callbacks)
    scores = predict(network, held_out_tokens)
    held_out = measure(scores, held_out_labels)
    calibrated = cooled(scores, fit_temperature(scores, held_out_labels))
    return Epoch(
        epoch=done + 1,
        loss=float(fitted.history["loss"][0]),
        accuracy=float(fitted.history["accuracy"][0]),
        held_out_loss=held_out.log_loss,
        held_out_calibrated_loss=measure(calibrated, held_out_labels).log_loss,
        held_out_accuracy=held_out.accuracy,
        seconds=round(time.monotonic() - started, 1),
    )


def _reseed(network: Any, seed: int, epoch: int) -> None:
    """Draw each dropout layer's chance from (seed, epoch): a resumed run then drops what an undisturbed one drops."""
    for place, layer in enumerate(network.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.random.SeedSequence([seed, epoch, place]).generate_state(2))


def _calibrate(network: Any, tokenizer: Tokenizer, held_out: Reviews) -> tuple[float, Evaluation, Evaluation]:
    """Fold the best temperature into the network's last layer; return it, and how the network did before and after."""
    before = evaluate(network, tokenizer, held_out)
    temperature = fit_temperature(before.scores, before.labels)
    apply_temperature(network.get_layer("head"), temperature)
    return round(temperature, 4), before, evaluate(network, tokenizer, held_out)


def _config(settings: Settings, reviews: Reviews, held_out: Reviews, fingerprint: str) -> dict[str, Any]:
    names = ("keras", keras.backend.backend(), "numpy", "pyarrow")
    return {
        "settings": settings.to_dict(),
        "data": {"name": reviews.name, "reviews": len(reviews), "held_out": len(held_out), "sha256": fingerprint},
        "command": " ".join(["trainer", "fit", reviews.name, *settings.options()]),
        "versions": {"python": platform.python_version(), "review-sentiment": __version__, **{name: version(name) for name in names}},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _data(reviews: Reviews) -> dict[str, Any]:
    return {"name": reviews.name, "reviews": len(reviews), "sha256": reviews.fingerprint()}


def _epoch_line(epoch: Epoch, progress: Progress) -> str:
    training = f"loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.4f}"
    held_out = f"loss {epoch.held_out_loss:.4f}, calibrated {epoch.held_out_calibrated_loss:.4f}, accuracy {epoch.held_out_accuracy:.4f}"
    best = "  best so far" if progress.best_epoch == epoch.epoch else ""
    return f"epoch {epoch.epoch}: {training}; held out: {held_out}; {epoch.seconds:.0f} s{best}"

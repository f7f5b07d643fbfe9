"""The card of a model file, and the sealed file that holds it beside the graph."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import onnx

from exporter.token_table import make_token_table
from scorer.card import Calibration, Card, Figures, Golden, Provenance, Rounding
from scorer.modelfile import ModelFile, seal
from scorer.reference import Reference
from scorer.token_table import TABLE_KEY
from trainer.run.folder import RunFolder

LABELS = ("negative", "positive")
THRESHOLD = 0.5
LINE = "line through the logits"
LINE_THEN_LENGTHS = "line through the logits, then slope and shift by length"

NOT_ROUNDED = Rounding(largest_change=0.0, labels_changed=0.0)


def bundle(graph: onnx.ModelProto, card: Card) -> ModelFile:
    """Return a sealed model file, not yet written.

    Args:
        graph: made by :func:`exporter.convert.network_to_onnx`; it is not changed.
        card: everything that the file holds beside the graph, but for the table of token ids, which
            its tokenizer makes.
    """
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    del model.metadata_props[:]
    table = {TABLE_KEY: make_token_table(card.tokenizer).to_metadata()}
    for key, value in (card.to_metadata() | table).items():
        model.metadata_props.add(key=key, value=value)
    return ModelFile("the new model", seal(model.SerializeToString(deterministic=True)))


def make_card(
    run: RunFolder,
    golden: tuple[Golden, ...],
    unrounded: npt.NDArray[np.float32],
    rounded: npt.NDArray[np.float32],
    reference: Reference | None,
) -> Card:
    """Return the card of a run's model.

    Args:
        run: the run folder.
        golden: examples with the scores of the rounded network.
        unrounded: ``float32[reviews]``, scores of the held-out reviews before weights were rounded.
        rounded: the same reviews' scores after it.
        reference: the held-out reviews counted in bins.
    """
    metrics = run.metrics
    figures = Figures(
        held_out=metrics.held_out,
        test=metrics.test,
        left_out=metrics.left_out,
        domains=metrics.domains,
        rounding=NOT_ROUNDED,
    )
    card = Card(
        tokenizer=run.tokenizer,
        labels=LABELS,
        threshold=THRESHOLD,
        calibration=_calibration(run),
        golden=golden,
        figures=figures,
        provenance=_provenance(run),
        reference=reference,
    )
    # Which labels changed is decided by the card's own threshold rule, so this is measured last.
    rounding = _measure_rounding(card, unrounded, rounded)
    return replace(card, figures=replace(figures, rounding=rounding))


def _calibration(run: RunFolder) -> Calibration:
    metrics = run.metrics
    return Calibration(
        method=LINE if metrics.by_length is None else LINE_THEN_LENGTHS,
        slopes=metrics.calibration.slopes,
        shift=metrics.calibration.shift,
        error_before=metrics.held_out_before_calibration.calibration_error,
        error_after=metrics.held_out.calibration_error,
        folds=metrics.held_out_folds,
        by_length=metrics.by_length,
    )


def _provenance(run: RunFolder) -> Provenance:
    """Return the run's provenance with the versions of the packages that convert it."""
    converters = {name: version(name) for name in ("onnx", "tf2onnx")}
    return replace(run.provenance, versions={**run.provenance.versions, **converters})


def _measure_rounding(
    card: Card, unrounded: npt.NDArray[np.float32], rounded: npt.NDArray[np.float32]
) -> Rounding:
    changed = card.is_positive(rounded) != card.is_positive(unrounded)
    return Rounding(
        largest_change=round(float(np.nanmax(np.abs(rounded - unrounded))), 6),
        labels_changed=float(np.mean(changed)),
    )

"""Learning curves: the same network on training and on held-out reviews, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

from scorer.pages.charts import Line, line_chart
from scorer.pages.page import paragraph
from trainer.run.folder import RunFolder
from trainer.run.history import Epoch

NO_EPOCHS = "A run of this kind isn't trained in epochs."
OTHERWISE = (
    "This run is of an earlier release, which measured its epochs otherwise: the training reviews "
    "with dropout, the held-out ones without. Such lines can't stand side by side, so the curves "
    "are left out; history.csv has the figures."
)
TELLS = (
    "Two lines show the same network, measured alike after each epoch, without dropout: on about "
    "as many training reviews as are held out, and on the held-out reviews. Where the one gets "
    "better and the other worse, it learns its reviews by heart. The third line is what would ship "
    "after the epoch, all parts together and calibrated by cross-fitting."
)
BALANCED = (
    " This run balanced its domains: the held-out reviews are weighted by their domain here, the "
    "training reviews are not, so that their lines are measured alike but for this."
)


def learning_curves(run: RunFolder) -> list[str]:
    """Return loss and accuracy after each epoch, the kept epoch marked."""
    history = run.history()
    if history is None:
        return [paragraph(OTHERWISE)]
    if not history:
        return [paragraph(NO_EPOCHS)]
    kept = run.metrics.epoch
    told = TELLS if kept is None else f"{TELLS} Epoch {kept} of {len(history)} was kept."
    if run.provenance.settings.get("balance"):
        told += BALANCED
    losses = [(one.loss, one.held_out_loss, one.held_out_calibrated_loss) for one in history]
    right = [
        (one.accuracy, one.held_out_accuracy, one.held_out_calibrated_accuracy) for one in history
    ]
    return [
        _chart("Loss after each epoch", "log loss, nats", history, losses, kept),
        _chart("Accuracy after each epoch", "accuracy", history, right, kept),
        paragraph(told),
    ]


def _chart(
    caption: str,
    y: str,
    history: Sequence[Epoch],
    values: Sequence[tuple[float, float, float]],
    kept: int | None,
) -> str:
    epochs = [one.epoch for one in history]
    training, held_out, shipped = zip(*values, strict=True)
    lines = [
        Line("network on training reviews", epochs, training, dashed=True),
        Line("network on held-out reviews", epochs, held_out),
        Line("held out, as it would ship", epochs, shipped),
    ]
    # A single epoch stands in the middle.
    room = 0.5 if len(epochs) == 1 else 0.0
    return line_chart(
        caption,
        lines,
        x="epoch",
        y=y,
        x_range=(epochs[0] - room, epochs[-1] + room),
        whole=True,
        mark=None if kept is None else (kept, f"kept, epoch {kept}"),
    )

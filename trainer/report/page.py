"""The page of a finished run: its sections in their order, and those that need no scores."""

from __future__ import annotations

from collections.abc import Sequence

from scorer.card import Base, TrainingData, how_measured
from scorer.pages.page import folded, page, paragraph, section
from scorer.pages.tables import figures, table
from trainer.report import FEW_REVIEWS
from trainer.report.curves import learning_curves
from trainer.report.domains import by_domain
from trainer.report.held_out import HeldOut
from trainer.report.measured import HEAD, Measured, figure, measured_on
from trainer.report.mistakes import confident_errors
from trainer.report.on_held_out import on_held_out
from trainer.run.folder import RunFolder

# What every release writes first into such a page, behind the doctype.
MARK = "trainer report"


def report_page(run: RunFolder, examples: int) -> str:
    """Return the page of a run; what the folder doesn't hold is left out in a sentence.

    The same folder gives the same page.

    Args:
        run: the run.
        examples: the most reviews of each label to show that it got wrong; 0 shows none.
    """
    held_out = HeldOut.of(run)
    measured = measured_on(run)
    return page(
        f"Training run {run.path.resolve().name}",
        MARK,
        paragraph(_what(run)),
        figures(_first(measured[0])),
        _reached(run, measured),
        section("Learning curves", *learning_curves(run)),
        *on_held_out(run, held_out, measured[0]),
        *by_domain(run.metrics.domains),
        *confident_errors(held_out, examples),
        _made(run),
    )


def _what(run: RunFolder) -> str:
    """Say in a sentence what was trained, on how many reviews of what."""
    preset = run.provenance.settings.get("preset")
    kinds = {"linear": "A linear model", "documents": "Document vectors"}
    kind = kinds.get(run.kind.name, f"A network ({preset})" if preset else "A network")
    base, data = run.provenance.base, run.provenance.data
    adapted = f", adapted from {base.name}" if base else ""
    return (
        f"{kind}{adapted}, of {run.provenance.date}: {data.reviews:,} reviews of {data.name}, "
        f"{data.held_out:,} of them held out."
    )


def _first(held_out: Measured) -> list[tuple[str, str]]:
    it = held_out.metrics
    return [
        ("accuracy, held out", figure(it.accuracy)),
        ("AUC", figure(it.auc)),
        ("log loss", figure(it.log_loss)),
        ("calibration error", figure(it.calibration_error)),
    ]


def _reached(run: RunFolder, measured: Sequence[Measured]) -> str:
    told = [f"The figures on the held-out reviews are {how_measured(run.metrics.held_out_folds)}."]
    if run.metrics.held_out_folds:
        told[0] += (
            " Each fold of them was scored through a calibration that was fitted on the others."
        )
    told.append(_of_before(run))
    told += (
        f"{it.metrics.reviews} reviews ({it.name}) are few: the figures may be anything in their "
        "95% intervals."
        for it in measured
        if it.metrics.reviews < FEW_REVIEWS
    )
    return section(
        "What it reached",
        table("Figures on each set of reviews", HEAD, [it.row() for it in measured]),
        paragraph(" ".join(told)),
    )


def _of_before(run: RunFolder) -> str:
    """Say which model the figures of before belong to."""
    if run.provenance.base is not None:
        return "Before adapting: the model that it was adapted from, as it is."
    if len(run.metrics.calibration.slopes) > 1:
        return "Before calibration: the network alone, as it was trained, without its other parts."
    return "Before calibration: the model as it was trained."


def _made(run: RunFolder) -> str:
    made = run.provenance
    calibration = run.metrics.calibration
    lines = [(f"slope of {name}", f"{slope:g}") for name, slope in calibration.slopes.items()]
    lines.append(("shift", f"{calibration.shift:g}"))
    parts = [
        table("Where it comes from", ("", ""), _origin(run), texts=(1,)),
        table("Settings", ("", ""), [(name, str(one)) for name, one in made.settings.items()]),
        table("Calibration", ("", ""), lines),
    ]
    by_length = run.metrics.by_length
    if by_length is not None:
        rows = zip(by_length.knots, by_length.slopes, by_length.shifts, strict=True)
        cells = [(f"{knot:,}", f"{slope:g}", f"{shift:g}") for knot, slope, shift in rows]
        parts.append(table("Calibration by length", ("words", "slope", "shift"), cells))
    return section("How it was made", parts[0], folded("Settings and calibration", *parts[1:]))


def _origin(run: RunFolder) -> list[tuple[str, str]]:
    made = run.provenance
    bases = [] if made.base is None else made.base.line_of_descent()
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return [
        ("command", made.command),
        ("date", made.date),
        *_data_rows(made.data),
        *(row for base in bases for row in _base_rows(base)),
        ("versions", versions),
        ("fingerprint of the run", run.fingerprint),
    ]


def _data_rows(data: TrainingData) -> list[tuple[str, str]]:
    rows = [
        ("data", data.name),
        ("reviews", f"{data.reviews:,}"),
        ("fingerprint of texts and labels", data.sha256),
    ]
    if data.unlabeled is not None:
        rows.append(("reviews without labels", f"{data.unlabeled:,}"))
    rows += (("teacher", f"{one.name}: {one.command}") for one in data.teachers)
    if data.soft_labels is not None:
        rows.append(("texts labelled by another model", f"{data.soft_labels:,}"))
    return rows


def _base_rows(base: Base) -> list[tuple[str, str]]:
    return [
        ("adapted from", base.name),
        ("that model's command", base.command),
        ("that model's fingerprint", base.sha256),
    ]

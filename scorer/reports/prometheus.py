"""A run as a Prometheus textfile, for node_exporter's textfile collector.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from scorer.insight.drift import Drift
from scorer.job.result import FAILED, SCORED, SKIPPED, JobResult
from scorer.kernel import HISTOGRAM_BINS
from scorer.storage.failures import writing
from scorer.storage.whole_file import whole_file

PREFIX = "review_sentiment"

Sample = tuple[dict[str, str], float]


def write_metrics(result: JobResult, path: Path, drift: Drift | None = None) -> None:
    """Write the metrics of a run. The file is renamed into place: no half of it is ever scraped.

    Raises:
        OutputError: it can't be written.
    """
    with writing(path), whole_file(path) as temporary:
        temporary.write_text(metrics_text(result, drift), encoding="utf-8")


def metrics_text(result: JobResult, drift: Drift | None = None) -> str:
    """Return the metrics of a run, and of its drift; each is a gauge of the last run."""
    lines = []
    for name, meaning, samples in chain(_metrics(result), _drift_metrics(drift)):
        lines += [f"# HELP {PREFIX}_{name} {meaning}", f"# TYPE {PREFIX}_{name} gauge"]
        lines += [f"{PREFIX}_{name}{_labels(labels)} {value:.17g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _metrics(result: JobResult) -> Iterator[tuple[str, str, list[Sample]]]:
    statuses = (SCORED, SKIPPED, FAILED)
    info = {"model_sha256": result.model.sha256, **result.versions}
    yield (
        "run_timestamp_seconds",
        "When the last run ended, in seconds since 1970.",
        [({}, result.ended)],
    )
    yield "run_seconds", "How long the last run took.", [({}, result.seconds)]
    yield (
        "cpu_seconds",
        "CPU seconds of the last run, of all threads together.",
        [({}, result.cpu_seconds)],
    )
    yield (
        "files",
        "Files of the last run, by what became of them.",
        [({"status": status}, result.count(status)) for status in statuses],
    )
    yield (
        "files_left_aside",
        "Files in the folders of the inputs that were not taken.",
        [({}, result.left_aside.files)],
    )
    yield (
        "outputs_without_input",
        "Outputs in a mirrored folder that no input belongs to.",
        [({}, result.without_input.files)],
    )
    yield from _row_metrics(result)
    yield (
        "stage_seconds",
        "Seconds by stage, of all threads together.",
        [({"stage": stage}, seconds) for stage, seconds in result.stages.items()],
    )
    yield (
        "rows_by_score",
        "Rows by score, in 20 bins of equal width, by lower bound.",
        [
            ({"from": f"{index / HISTOGRAM_BINS:.2f}"}, rows)
            for index, rows in enumerate(result.counts.histogram)
        ],
    )
    yield "info", "The model and the versions of the last run.", [(info, 1)]


def _row_metrics(result: JobResult) -> Iterator[tuple[str, str, list[Sample]]]:
    counts, spared = result.counts, result.spared
    for name, meaning, value in (
        ("rows", "Rows written.", counts.rows),
        ("rows_reused", "Rows whose scores a stopped run had left.", result.reused),
        ("rows_from_outputs", "Rows whose scores an earlier output had.", spared.from_outputs),
        ("rows_repeated", "Rows whose text had been scored in the run.", spared.repeated),
        ("rows_without_text", "Rows without a token, which have no score.", counts.without_text),
        ("rows_invalid_utf8", "Rows with invalid UTF-8.", counts.invalid),
        ("rows_truncated", "Rows longer than the network reads.", counts.truncated),
        ("times_truncated", "INT96 times cut to microseconds.", result.changes.times_truncated),
        ("rows_positive", "Rows labelled as positive.", counts.positive),
        (
            "rows_unknown_heavy",
            "Rows at least half of whose tokens are not in the vocabulary.",
            counts.unknown_heavy,
        ),
        (
            "rows_other_language",
            "Rows without a score because of their language.",
            counts.other_language,
        ),
        (
            "rows_too_unknown",
            "Rows without a score because of their unknown words.",
            counts.too_unknown,
        ),
        ("rows_uncertain", "Rows with a score and no label.", counts.uncertain),
        ("tokens", "Tokens read.", counts.tokens),
        ("tokens_unknown", "Tokens that are not in the vocabulary.", counts.unknown),
        ("peak_memory_bytes", "The most memory that the process held.", result.peak_memory),
    ):
        yield name, meaning, [({}, value)]


def _drift_metrics(drift: Drift | None) -> Iterator[tuple[str, str, list[Sample]]]:
    if drift is None:
        return
    for name, meaning, attribute in (
        ("drift_psi", "Population stability index, by measure.", "psi"),
        ("drift_chance", "The index that chance exceeds about once in a thousand times.", "chance"),
        ("drift", "Whether the measure drifted, 1 or 0.", "is_drift"),
    ):
        samples = [({"measure": one.name}, getattr(one, attribute)) for one in drift.measures]
        yield name, meaning, samples


def _labels(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

"""The page of a run: each figure is that of the run's files, and what is missing is said."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import run_here
from run_files import change_held_out, change_json, rewrite
from scorer.errors import OutputError
from trainer.cli import cli
from trainer.report.file import write_report
from trainer.report.page import report_page
from trainer.run.folder import RunFolder

HOSTILE = "</td><script>alert(1)</script>\u202e" + "x" * 1_000_000


class Tables(HTMLParser):
    """The tables of a page, the cells of each by its caption; and the texts that it quotes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self.quoted: list[str] = []
        self._caption, self._in = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.append(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self.rows.setdefault(self._caption, []).append([])
        elif tag in ("td", "th"):
            self.rows[self._caption][-1].append("")
        elif tag == "blockquote":
            self.quoted.append("")
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in == "caption":
            self._caption += data.strip("\n")
        elif self._in in ("td", "th"):
            self.rows[self._caption][-1][-1] += data
        elif self._in == "blockquote":
            self.quoted[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def of(self, caption: str) -> list[list[str]]:
        """Return the rows below the head of the table whose caption begins so."""
        (found,) = (rows for name, rows in self.rows.items() if name.startswith(caption))
        return found[1:]


def four(value: float) -> str:
    return f"{value:.4f}"


def ends(interval: list[float]) -> str:
    return f"{interval[0]:.4f}–{interval[1]:.4f}"


def count(cell: str) -> int:
    return int(cell.replace(",", ""))


@pytest.fixture
def copied(network_run: RunFolder, tmp_path: Path) -> Path:
    return shutil.copytree(network_run.path, tmp_path / network_run.path.name)


def page_of(run: Path, examples: int = 10) -> str:
    return report_page(RunFolder.open(run), examples)


@pytest.fixture(scope="module")
def tables(network_run: RunFolder) -> Tables:
    return Tables((network_run.path / "report.html").read_text())


@pytest.fixture(scope="module")
def metrics(network_run: RunFolder) -> dict:
    return json.loads((network_run.path / "metrics.json").read_text())


def test_what_the_run_reached_is_what_its_metrics_say(tables: Tables, metrics: dict) -> None:
    rows = {name: cells for name, *cells in tables.of("Figures on each set of reviews")}
    for name, key in (
        ("held out", "held_out"),
        ("held out, before calibration", "held_out_before_calibration"),
        ("test", "test"),
    ):
        stored, intervals = metrics[key], metrics.get(f"{key}_intervals")
        reviews, accuracy, of_accuracy, auc, of_auc, *rest = rows.pop(name)
        assert count(reviews) == stored["reviews"]
        assert (accuracy, auc) == (four(stored["accuracy"]), four(stored["auc"]))
        assert rest == [four(stored[one]) for one in ("log_loss", "brier", "calibration_error")]
        if intervals is not None:
            assert of_accuracy == ends(intervals["accuracy"])
            assert of_auc == ends(intervals["auc"])
    assert rows == {}


def test_the_curves_are_those_of_the_history_and_the_kept_epoch_is_marked(
    network_run: RunFolder, tables: Tables, metrics: dict
) -> None:
    with (network_run.path / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    for caption, names in (
        ("Loss", ("loss", "held_out_loss", "held_out_calibrated_loss")),
        ("Accuracy after", ("accuracy", "held_out_accuracy", "held_out_calibrated_accuracy")),
    ):
        rows = [[float(cell) for cell in row] for row in tables.of(caption)]
        stored = [[float(line[name]) for name in ("epoch", *names)] for line in history]
        np.testing.assert_allclose(rows, stored, rtol=5e-4)
    page = (network_run.path / "report.html").read_text()
    assert page.count(f">kept, epoch {metrics['epoch']}</text>") == 2


def test_the_bins_of_the_scores_make_up_the_calibration_error(
    tables: Tables, metrics: dict
) -> None:
    rows = tables.of("Held-out reviews by score, calibrated")
    reviews = [count(row[1]) for row in rows]
    gaps = [abs(float(row[0]) - float(row[2])) for row in rows]
    assert sum(reviews) == metrics["held_out"]["reviews"]
    error = np.average(gaps, weights=reviews)
    assert error == pytest.approx(metrics["held_out"]["calibration_error"], abs=1e-4)


def test_the_charts_name_the_area_and_the_errors_of_the_metrics(
    network_run: RunFolder, metrics: dict
) -> None:
    page = (network_run.path / "report.html").read_text()
    area = f"{four(metrics['held_out']['auc'])} (95%: {ends(metrics['held_out_intervals']['auc'])})"
    assert f"area under the curve {area}" in page
    error, before = (
        four(metrics[name]["calibration_error"])
        for name in ("held_out", "held_out_before_calibration")
    )
    assert f"calibration error {error} (before: {before})" in page


def test_calls_and_lengths_make_up_the_accuracy(
    network_run: RunFolder, tables: Tables, metrics: dict
) -> None:
    labels = network_run.held_out().labels
    negative, positive = tables.of("By label and call")
    assert [count(row[3]) for row in (negative, positive)] == np.bincount(labels).tolist()
    right = count(negative[1]) + count(positive[2])
    assert right / len(labels) == pytest.approx(metrics["held_out"]["accuracy"], abs=1e-6)
    calls = tables.of("How often a call is right")
    assert sum(count(row[1]) for row in calls) == len(labels)
    lengths = tables.of("Held-out reviews by length")
    reviews = [count(row[1]) for row in lengths]
    accuracy = np.average([float(row[2]) for row in lengths], weights=reviews)
    assert sum(reviews) == len(labels)
    assert accuracy == pytest.approx(metrics["held_out"]["accuracy"], abs=1e-4)


def of_domain(domain: str, balanced: float | None) -> dict:
    interval = None if balanced is None else [balanced - 0.05, balanced + 0.03]
    return {
        "domain": domain,
        "reviews": 40,
        "accuracy": 0.875,
        "balanced_accuracy": balanced,
        "balanced_interval": interval,
        "log_loss": 0.31234,
        "calibration_error": 0.0212,
    }


def test_the_figures_of_each_domain_are_those_of_the_metrics(copied: Path) -> None:
    domains = {
        "held_out": [of_domain("books", 0.9), of_domain("one label", None), of_domain("toys", 0.8)],
        "left_out": [of_domain("kitchen", 0.85)],
    }
    change_json(copied, "metrics.json", lambda it: it.update(domains=domains))
    tables = Tables(page_of(copied))
    for caption, part in (("held out", "held_out"), ("left out of training", "left_out")):
        rows = {row[0]: row[1:] for row in tables.of(f"All figures of each domain, {caption}")}
        for one in domains[part]:
            reviews, accuracy, _, balanced, interval, loss, error = rows[one["domain"]]
            assert (reviews, accuracy, loss, error) == ("40", "0.8750", "0.3123", "0.0212")
            known = one["balanced_accuracy"]
            assert balanced == ("–" if known is None else four(known))
            assert interval == ("–" if known is None else ends(one["balanced_interval"]))
    assert rows.keys() == {"kitchen"}
    drawn = [row[0] for row in tables.of("Balanced accuracy by domain")]
    assert drawn == ["toys", "kitchen", "books"]


def wrong(table: pa.Table, text: str) -> pa.Table:
    """Return held-out reviews all of which are the text, and on the wrong side."""
    scores = 0.9 - 0.8 * table["label"].to_numpy().astype(np.float32)
    columns = {"review": [text] * len(table), "label": table["label"], "score": scores}
    return pa.table(columns).append_column("fold", table["fold"])


def test_the_most_confident_errors_are_shown_and_no_text_if_none_is_asked_for(
    copied: Path,
) -> None:
    held_out = pq.read_table(copied / "held_out.parquet")
    labels, scores = held_out["label"].to_numpy(), held_out["score"].to_numpy().copy()
    first = int(np.argmin(labels))
    scores[first] = 0.9999
    place = held_out.column_names.index("score")
    change_held_out(copied, lambda it: it.set_column(place, "score", pa.array(scores)))
    shown = Tables(page_of(copied, 1)).quoted
    assert shown[0] == held_out["review"][first].as_py()
    assert "score 0.9999, " in page_of(copied, 1)
    assert not any(one in page_of(copied, 0) for one in held_out["review"].to_pylist())


def test_a_hostile_text_does_nothing_and_is_cut(copied: Path) -> None:
    change_held_out(copied, lambda it: wrong(it, HOSTILE))
    page = page_of(copied, 1000)
    tables = Tables(page)
    assert "script" not in tables.tags
    assert "\u202e" not in page
    assert [len(one) for one in tables.quoted] == [300 + len(r"\u202e") - 1] * 30
    assert len(page) < 200_000


def old_history(run: Path) -> None:
    rewrite(run, "history.csv", b"epoch,loss,accuracy,held_out_loss,seconds\n1,0.5,0.8,0.6,3\n")


@pytest.mark.parametrize(
    ("change", "said", "left_out"),
    [
        (
            lambda run: change_held_out(run, lambda it: it.select(["review", "label", "fold"])),
            "kept no scores of its held-out reviews",
            ("ROC on the held-out", "Fraction of positives", "By label and call", "by length,"),
        ),
        (
            lambda run: change_held_out(run, lambda it: it.drop_columns(["score_before"])),
            "kept no scores of before calibration",
            ("<span>before calibration</span>",),
        ),
        (old_history, "which measured its epochs otherwise", ("Loss after each epoch",)),
    ],
    ids=["no scores", "no scores before", "old history"],
)
def test_what_an_earlier_release_did_not_keep_is_left_out_in_a_sentence(
    copied: Path, change: Callable[[Path], None], said: str, left_out: tuple[str, ...]
) -> None:
    whole = page_of(copied)
    assert said not in whole
    assert all(one in whole for one in left_out)
    change(copied)
    page = page_of(copied)
    assert said in page
    assert not any(one in page for one in left_out)
    assert len(Tables(page).of("Figures on each set of reviews")) == 3


def test_intervals_that_a_run_does_not_tell_follow_from_its_labels(
    copied: Path, tables: Tables
) -> None:
    change_json(copied, "metrics.json", lambda it: it.pop("held_out_intervals"))
    rows = Tables(page_of(copied)).of("Figures on each set of reviews")
    assert rows == tables.of("Figures on each set of reviews")


def test_the_curves_of_a_balanced_run_say_how_its_reviews_count(copied: Path) -> None:
    assert "are weighted by their domain" not in page_of(copied)
    change_json(copied, "config.json", lambda it: it["settings"].update(balance=0.5))
    assert "are weighted by their domain" in page_of(copied)


def test_a_linear_run_has_no_epochs_and_says_so(linear_run: RunFolder) -> None:
    page = (linear_run.path / "report.html").read_text()
    assert "A run of this kind isn&#x27;t trained in epochs." in page
    assert page.startswith("<!doctype html>\n<!-- trainer report -->\n")
    assert "ROC on the held-out reviews" in page


def test_the_page_is_the_same_each_time_and_no_part_of_the_run(copied: Path) -> None:
    first = (copied / "report.html").read_bytes()
    done = run_here(cli, "report", copied)
    assert (done.returncode, done.stderr) == (0, f"wrote {copied / 'report.html'}\n")
    assert (copied / "report.html").read_bytes() == first
    (copied / "report.html").unlink()
    assert RunFolder.open(copied).metrics.epoch is not None


def test_a_page_replaces_a_page_and_nothing_else(copied: Path, tmp_path: Path) -> None:
    run, page = RunFolder.open(copied), tmp_path / "page.html"
    done = run_here(cli, "report", copied, "--out", page, "--examples", "0")
    assert done.returncode == 0, done.stderr
    without = page.read_bytes()
    assert write_report(run, page) == page
    assert page.read_bytes() != without
    with pytest.raises(OutputError, match="isn't a report of trainer's"):
        write_report(run, copied / "metrics.json")
    link = tmp_path / "link.html"
    link.symlink_to(page)
    with pytest.raises(OutputError, match="a link stands there"):
        write_report(run, link)
    with pytest.raises(OutputError, match="name another file with --out"):
        write_report(run, tmp_path / "none" / "page.html")
    assert RunFolder.open(copied).metrics == run.metrics

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from scorer.card import ByDomain, DomainMetrics
from trainer.run.domain_table import compare_domains, domain_table
from trainer.run.folder import RunFolder

BOOKS = DomainMetrics("amazon_books", 200, 0.91, 0.9, (0.86, 0.93), 0.25, 0.03)
TOYS = DomainMetrics("toys", 100, 0.8, None, None, 0.45, 0.1)
KITCHEN = DomainMetrics("kitchen", 50, 0.8, 0.8, (0.7, 0.88), 0.4, 0.1)


def test_a_row_for_each_domain_and_one_for_the_mean() -> None:
    table = domain_table(ByDomain(held_out=(BOOKS, TOYS, KITCHEN), left_out=(KITCHEN,)))
    assert table.splitlines() == [
        "                        reviews  accuracy  balanced     balanced, 95%  log loss  "
        "calibration error",
        "held out  amazon_books      200    0.9100    0.9000  0.8600 to 0.9300    0.2500  "
        "           0.0300",
        "held out  toys              100    0.8000         -                 -    0.4500  "
        "           0.1000",
        "held out  kitchen            50    0.8000    0.8000  0.7000 to 0.8800    0.4000  "
        "           0.1000",
        "held out  mean of 2                          0.8500",
        "left out  kitchen            50    0.8000    0.8000  0.7000 to 0.8800    0.4000  "
        "           0.1000",
    ]


def test_runs_are_compared_domain_by_domain(linear_run: RunFolder) -> None:
    with_two = ByDomain(held_out=(BOOKS, replace(KITCHEN, domain="toys")))
    metrics = replace(linear_run.metrics, domains=with_two)
    other = replace(linear_run, path=Path("other"), metrics=metrics)
    assert compare_domains([linear_run]) is None
    lines = [line.split() for line in (compare_domains([linear_run, other]) or "").splitlines()]
    assert lines == [
        ["balanced", "accuracy", "linear", "other"],
        ["held", "out", "amazon_books", "-", "0.9000"],
        ["held", "out", "toys", "-", "0.8000"],
        ["held", "out", "mean", "of", "2", "-", "0.8500"],
    ]


def test_means_of_other_numbers_of_domains_stand_in_other_rows(linear_run: RunFolder) -> None:
    tools = replace(KITCHEN, domain="tools", balanced_accuracy=0.7)
    runs = [
        replace(linear_run, metrics=replace(linear_run.metrics, domains=ByDomain(test=domains)))
        for domains in ((BOOKS, KITCHEN), (BOOKS, KITCHEN, tools), (BOOKS, TOYS))
    ]
    lines = [line.split() for line in (compare_domains(runs) or "").splitlines()]
    assert [line for line in lines if "mean" in line] == [
        ["test", "mean", "of", "2", "0.8500", "-", "-"],
        ["test", "mean", "of", "3", "-", "0.8000", "-"],
    ]


def test_the_figures_of_domains_are_read_back(linear_run: RunFolder, tmp_path: Path) -> None:
    domains = ByDomain(held_out=(BOOKS, TOYS), test=(KITCHEN,))
    metrics = replace(linear_run.metrics, domains=domains, left_out=linear_run.metrics.test)
    assert type(metrics).from_json(metrics.to_json()) == metrics
    assert "domains" not in linear_run.metrics.to_json()
    assert "left_out" not in linear_run.metrics.to_json()
    shutil.copytree(linear_run.path, tmp_path / "run")
    assert RunFolder.open(tmp_path / "run").metrics.domains is None

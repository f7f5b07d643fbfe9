"""The changes of `make mutants` can still be made."""

from __future__ import annotations

from mutants import CHECKOUT, MUTANTS


def test_the_code_that_each_mutant_changes_stands_once_in_its_file() -> None:
    counts = {one.name: (CHECKOUT / one.file).read_text().count(one.old) for one in MUTANTS}
    assert counts == dict.fromkeys(counts, 1)


def test_the_tests_of_each_mutant_are_there() -> None:
    assert [one.tests for one in MUTANTS if not (CHECKOUT / one.tests).is_file()] == []

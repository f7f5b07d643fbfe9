"""What a model learned from, and what it was measured on without having learned from it."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.card.notes import SOFT_LABELS, UNLABELED, DataNote, Notes
from exporter.card.parts import Paragraph, Part, Section, Table
from scorer.card import Base, Card, DomainMetrics, TrainingData

UNKNOWN = "unknown"
HEAD = ("data set", "reviews", "held out", "domains", "origin", "labels", "terms")
TEXTS = (3, 4, 5, 6)


def learned_section(card: Card, notes: Notes) -> Section:
    """Return the section on the data."""
    provenance = card.provenance
    data, held_out = provenance.data, _held_out_by_domain(card)
    what = "Labelled reviews" if provenance.base is None else "The reviews that it was adapted to"
    parts: list[Part] = [
        Table(f"{what}, from {data.name}", HEAD, _rows(data, held_out, notes), TEXTS),
        *_further(data, notes),
    ]
    for base in [] if provenance.base is None else provenance.base.line_of_descent():
        parts += _of_base(base, notes)
    parts += _only_measured(card, notes)
    parts.append(
        Paragraph(
            "None of these texts are in the model file: it holds single words, and weights. What "
            "is unknown here stands in no file that the card was made from."
        )
    )
    return Section("What it learned from", parts)


def known_domains(card: Card) -> set[str]:
    """Return the domains that a model learned from, and the models that it was adapted from."""
    return {name for data in _sets(card) for name in data.domains or {}}


def notes_in_use(card: Card, notes: Notes) -> list[DataNote]:
    """Return the notes on what a model learned from, in their order."""
    learned = _learned(card)
    return [note for note in notes.data if learned & set(note.names())]


def idle_notes(card: Card, notes: Notes) -> list[str]:
    """Return what there are notes on and the model neither learned nor was measured on."""
    met = _learned(card) | {one.domain for one in _measured(card)}
    return [name for name in notes.names() if name not in met]


def _learned(card: Card) -> set[str]:
    files = {name for data in _sets(card) for name in _files(data)}
    kinds = {kind for data in _sets(card) for kind, count in _kinds(data).items() if count}
    return known_domains(card) | files | kinds


def _measured(card: Card) -> list[DomainMetrics]:
    domains = card.figures.domains
    return [] if domains is None else [*domains.left_out, *domains.test]


def _sets(card: Card) -> list[TrainingData]:
    bases = [] if card.provenance.base is None else card.provenance.base.line_of_descent()
    return [card.provenance.data, *(base.data for base in bases)]


def _held_out_by_domain(card: Card) -> dict[str, int]:
    domains = card.figures.domains
    return {} if domains is None else {one.domain: one.reviews for one in domains.held_out}


def _files(data: TrainingData) -> list[str]:
    return data.name.split(", ")


def _kinds(data: TrainingData) -> dict[str, int]:
    return {UNLABELED: data.unlabeled or 0, SOFT_LABELS: data.soft_labels or 0}


def _rows(data: TrainingData, held_out: dict[str, int], notes: Notes) -> list[list[str]]:
    """Return a row for each data set that the notes know, and for each domain that they don't."""
    if not data.domains:
        return [*_file_rows(data, notes), _total(data)]
    rows = []
    for note, domains in _by_note(data.domains, notes):
        named = ", ".join(domains)
        title = named if note is None or note.title is None else note.title
        reviews = sum(data.domains[name] for name in domains)
        kept = [held_out[name] for name in domains if name in held_out]
        counts = [f"{reviews:,}", f"{sum(kept):,}" if kept else UNKNOWN]
        rows.append([title, *counts, named, *_told(note)])
    return [*rows, _total(data)]


def _file_rows(data: TrainingData, notes: Notes) -> list[list[str]]:
    """Return a row for each file; how many reviews each of several has, no model file says."""
    files = _files(data)
    counts = _counts(data) if len(files) == 1 else [UNKNOWN, UNKNOWN]
    rows = []
    for name in files:
        note = notes.on_file(name)
        title = name if note is None or note.title is None else f"{note.title}: {name}"
        rows.append([title, *counts, "", *_told(note)])
    return rows


def _total(data: TrainingData) -> list[str]:
    return ["all", *_counts(data), "", "", "", ""]


def _counts(data: TrainingData) -> list[str]:
    return [f"{data.reviews:,}", f"{data.held_out:,}"]


def _by_note(names: Iterable[str], notes: Notes) -> list[tuple[DataNote | None, list[str]]]:
    """Return the domains together that one note is about; a domain without one stands alone."""
    groups: list[tuple[DataNote | None, list[str]]] = []
    for name in names:
        note = notes.on_domain(name)
        known = next((group for one, group in groups if note is not None and one is note), None)
        if known is None:
            groups.append((note, [name]))
        else:
            known.append(name)
    return groups


def _told(note: DataNote | None) -> list[str]:
    """Return origin, labels and terms."""
    if note is None:
        return [UNKNOWN] * 3
    origin = ", ".join(one for one in (note.origin, note.url) if one is not None)
    return [origin or UNKNOWN, note.labels or UNKNOWN, note.terms or UNKNOWN]


def _further(data: TrainingData, notes: Notes) -> list[Part]:
    """Return what is to say of texts without labels, and of who labelled them."""
    names = {
        UNLABELED: "reviews without a label",
        SOFT_LABELS: "texts with the probability that another model gave them",
    }
    rows = [
        [names[kind], f"{count:,}", *_told(notes.on_kind(kind))]
        for kind, count in _kinds(data).items()
        if count
    ]
    parts: list[Part] = []
    if rows:
        head = ("texts", "number", "origin", "labels", "terms")
        parts.append(Table("Texts that nobody labelled", head, rows, (2, 3, 4)))
    if data.teachers:
        told = [[one.name, one.command, one.sha256] for one in data.teachers]
        parts.append(Table("Runs that labelled them", ("run", "command", "sha256"), told, (1, 2)))
    return parts


def _of_base(base: Base, notes: Notes) -> list[Part]:
    caption = (
        f"{base.name}, which it was adapted from (sha256 {base.sha256}), from {base.data.name}"
    )
    return [Table(caption, HEAD, _rows(base.data, {}, notes), TEXTS), *_further(base.data, notes)]


def _only_measured(card: Card, notes: Notes) -> list[Part]:
    """Return the domains that were measured and not learned from."""
    known = known_domains(card)
    counts = {one.domain: one.reviews for one in _measured(card) if one.domain not in known}
    if not counts:
        return []
    rows = [
        [", ".join(names), f"{sum(counts[name] for name in names):,}", *_told(note)]
        for note, names in _by_note(counts, notes)
    ]
    head = ("domain", "reviews", "origin", "labels", "terms")
    return [Table("Measured on, and not learned from", head, rows, (2, 3, 4))]

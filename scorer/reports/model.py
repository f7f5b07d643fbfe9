"""What a model file holds, as a page of text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scorer.card import Base, ByDomain, ByLength, how_measured
from scorer.model import SentimentModel
from scorer.reference import Reference
from scorer.system.escape import escaped
from scorer.system.records import Json, to_json


def model_text(model: SentimentModel) -> str:
    """Return what a model file holds, as a page of text."""
    card, tokenizer = model.card, model.card.tokenizer
    data, base = to_json(card.provenance.data), card.provenance.base
    teachers = data.pop("teachers", [])
    domains = [(name, data.pop(name, None)) for name in ("domains", "left_out")]
    figures = to_json(replace(card.figures, domains=None))
    words = tokenizer.words
    line = replace(card.calibration, by_length=None).to_json()
    how = {"held_out": f"; {how_measured(card.calibration.folds)}"}
    lines = [
        ("file", f"{model.file.name}, {len(model.file.content):,} bytes"),
        ("sha256", model.file.sha256),
        ("vocabulary", f"{len(words):,} words, from {words[0]!r} to {words[-1]!r}"),
        ("reads", f"the last {tokenizer.max_tokens} tokens of a review"),
        (
            "labels",
            f"{card.labels[1]} from a score of {card.threshold:g}, else {card.labels[0]}",
        ),
        ("calibration", _pairs(line)),
        *(("by length", _knots(one)) for one in [card.calibration.by_length] if one),
        *(
            (f"on {name.replace('_', ' ')}", f"{_pairs(reached)}{how.get(name, '')}")
            for name, reached in figures.items()
        ),
        *_domain_lines(card.figures.domains),
        ("trained on", _pairs(data)),
        *((name.replace("_", " "), _counts(counts)) for name, counts in domains if counts),
        *(("teacher", teacher["command"]) for teacher in teachers),
        *(("adapted from", _base(one)) for one in ([] if base is None else base.line_of_descent())),
        ("command", card.provenance.command),
        ("date", card.provenance.date),
        ("versions", _pairs(card.provenance.versions)),
        *(("reference", _counted(one)) for one in [card.reference] if one),
        ("examples", f"{len(card.golden)} sentences, all scored as promised"),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{escaped(name):<{width}}  {escaped(value)}" for name, value in lines)


def model_json(model: SentimentModel) -> dict[str, Json]:
    """Return what a model file holds, as JSON; of the vocabulary only its size."""
    card = model.card
    return {
        "file": model.file.name,
        "bytes": len(model.file.content),
        "sha256": model.file.sha256,
        "words": len(card.tokenizer.words),
        "max_tokens": card.tokenizer.max_tokens,
        "rules": card.tokenizer.rules.to_dict(),
        "labels": list(card.labels),
        "threshold": card.threshold,
        "calibration": card.calibration.to_json(),
        "figures": to_json(card.figures),
        "origin": to_json(card.provenance),
        **({} if card.reference is None else {"reference": to_json(card.reference)}),
        "golden": [to_json(golden) for golden in card.golden],
    }


def _base(base: Base) -> str:
    data = base.data
    return f"{base.name}, sha256 {base.sha256}, trained on {data.reviews} reviews of {data.name}"


def _knots(by_length: ByLength) -> str:
    """Return slope and shift at each knot, in words."""
    knots = zip(by_length.knots, by_length.slopes, by_length.shifts, strict=True)
    told = (f"{knot:,} tokens slope {slope} shift {shift}" for knot, slope, shift in knots)
    return ", ".join(told)


def _counted(reference: Reference) -> str:
    by_domain = f", and of {len(reference.domains)} domains" if reference.domains else ""
    held_out = f"{reference.all.reviews:,} held-out reviews"
    return f"scores, lengths and unknown words of {held_out}{by_domain}"


def _domain_lines(domains: ByDomain | None) -> list[tuple[str, str]]:
    """Return a line for each domain."""
    lines = []
    for part, measured in ({} if domains is None else domains.parts()).items():
        for one in measured:
            figures = to_json(one)
            interval = one.balanced_interval
            figures["balanced_interval"] = interval and f"{interval[0]:g} to {interval[1]:g}"
            known = {name: value for name, value in figures.items() if value is not None}
            lines.append((f"{part}, {known.pop('domain')}", _pairs(known)))
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())

"""The front matter of a card: the keys that the Hugging Face Hub reads, as YAML.

The keys: https://github.com/huggingface/hub-docs/blob/main/modelcard.md. Written by hand: it is
mappings, lists and single values, and a string that isn't a plain word is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from exporter.card.learned import notes_in_use
from exporter.card.notes import Notes
from exporter.card.reached import overall
from scorer.card import Card, Metrics

# A value as it stands in the front matter.
Value: TypeAlias = "str | int | float | Sequence[Value] | Mapping[str, Value]"

LIBRARY = "review-sentiment"
TASK = {"type": "text-classification", "name": "Text Classification"}
TAGS = ("sentiment-analysis", "reviews", "onnx", "lstm")
# The Hub's names of the metrics that it knows; others have ours.
METRICS = {
    "accuracy": "accuracy",
    "auc": "roc_auc",
    "log_loss": "log_loss",
    "brier": "brier_score",
    "calibration_error": "calibration_error",
}
LICENCE_UNKNOWN = "unknown"
SPLITS = {"held out": "validation", "test": "test", "left out": "test"}

# Words that YAML takes for no string stand in quotes, and so does all that isn't a plain word.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*(?:\.[A-Za-z0-9]+)*")
NO_STRING = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def front_matter(name: str, card: Card, notes: Notes) -> dict[str, Value]:
    """Return the keys and values of a card.

    Args:
        name: of the model.
        card: of the model file.
        notes: on the model and its data. What they don't say of the licence is "unknown"; language
            and data sets are left out if they don't say them.
    """
    hub = list(dict.fromkeys(note.hub for note in notes_in_use(card, notes) if note.hub))
    results: list[Value] = [
        {
            "task": TASK,
            "dataset": {
                "type": part.replace(" ", "-"),
                "name": f"{metrics.reviews} reviews, {part} ({how})",
                "split": SPLITS[part],
            },
            "metrics": _metrics(metrics),
        }
        for part, (metrics, how) in overall(card).items()
    ]
    return {
        **({"language": notes.language} if notes.language else {}),
        "license": notes.licence or LICENCE_UNKNOWN,
        "library_name": LIBRARY,
        "pipeline_tag": TASK["type"],
        "tags": TAGS,
        **({"datasets": hub} if hub else {}),
        "metrics": [METRICS["accuracy"], METRICS["auc"], METRICS["brier"]],
        "model-index": [{"name": name, "results": results}],
    }


def yaml_text(values: Mapping[str, Value]) -> str:
    """Return values as YAML.

    >>> print(yaml_text({"license": "mit", "tags": ["a: b", "no"], "is": [{"a": 1, "b": [1e-5]}]}))
    license: mit
    tags:
    - "a: b"
    - "no"
    is:
    - a: 1
      b:
      - 1.0e-05
    """
    return "\n".join(_mapping(values))


def _metrics(metrics: Metrics) -> list[Value]:
    return [
        {"type": kind, "value": getattr(metrics, name), "name": name.replace("_", " ")}
        for name, kind in METRICS.items()
    ]


def _mapping(values: Mapping[str, Value]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, str | int | float):
            yield f"{_scalar(name)}: {_scalar(value)}"
            continue
        yield f"{_scalar(name)}:"
        indent = "  " if isinstance(value, Mapping) else ""
        yield from (f"{indent}{line}" for line in _lines(value))


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _mapping(value)
    elif isinstance(value, str | int | float):
        yield _scalar(value)
    else:
        for one in value:
            first, *rest = _lines(one)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _scalar(value: str | int | float) -> str:
    if not isinstance(value, str):
        # A number with an exponent and no point is a string in YAML 1.1.
        return re.sub(r"^(-?\d+)e", r"\1.0e", repr(value))
    if PLAIN.fullmatch(value) and value.lower() not in NO_STRING:
        return value
    return f'"{"".join(map(_character, value))}"'


def _character(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one.isprintable() else f"\\U{ord(one):08x}"

"""A model file and notes on its data become a card: which sections it has, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from exporter.card.learned import learned_section
from exporter.card.notes import Notes
from exporter.card.parts import Code, Items, ModelCard, Paragraph, Section, Table, shortened
from exporter.card.reached import calibration_section, length_section, percent, reached_section
from scorer.card import Card, how_measured
from scorer.model import SentimentModel
from scorer.system.escape import escaped, json_text
from scorer.token_table import TABLE_KEY

LICENCE_UNKNOWN = (
    "Unknown: nobody has said under which licence this model may be used. A licence of the program "
    "that made it is not one of the model."
)
USES_UNKNOWN = (
    "Nobody has written down what it is for. It learned from the reviews below; of others expect "
    "less, and measure it on some of your own."
)
# What holds for every model of this format.
LIMITS = (
    "It gives every text with a word a number, whatever it is: a text that is no review, or is in "
    "a language that it didn't learn, gets one that means nothing.",
    "It says how positive a whole text is; not what of, nor that it is neutral.",
)


def model_card(model: SentimentModel, notes: Notes) -> ModelCard:
    """Return the card of a model."""
    card, name = model.card, escaped(Path(model.file.name).name.removesuffix(".onnx"))
    sections = (
        _purpose(card, notes),
        learned_section(card, notes),
        reached_section(card),
        calibration_section(card),
        length_section(card),
        _usage(name, TABLE_KEY in model.metadata),
        Section("Licence", [Paragraph(_licence(notes))]),
        _origin(model),
    )
    made = ModelCard(
        name, _summary(card, notes), _figures(model), [one for one in sections if one is not None]
    )
    whole: ModelCard = shortened(made)
    return whole


def _summary(card: Card, notes: Notes) -> str:
    first = (
        f"It reads the text of a review and gives the probability that it is {card.labels[1]}: one "
        "ONNX file with vocabulary, rules and calibration inside, for the scorer of "
        "review-sentiment."
    )
    return first if notes.summary is None else f"{notes.summary} {first}"


def _figures(model: SentimentModel) -> list[tuple[str, str]]:
    figures, data = model.card.figures, model.card.provenance.data
    measured, metrics = ("test", figures.test) if figures.test else ("held-out", figures.held_out)
    return [
        (f"accuracy on {metrics.reviews:,} {measured} reviews", percent(metrics.accuracy)),
        ("labelled reviews", f"{data.reviews:,}"),
        ("words that it knows", f"{len(model.card.tokenizer.words):,}"),
        ("size of the file", f"{len(model.file.content) / 1e6:.1f} MB"),
    ]


def _purpose(card: Card, notes: Notes) -> Section:
    limits = (
        *notes.limits,
        *LIMITS,
        f"Of a text of more than {card.tokenizer.max_tokens:,} tokens it reads the end.",
    )
    return Section(
        "What it is for, and what not",
        [
            Items(notes.uses) if notes.uses else Paragraph(USES_UNKNOWN),
            Paragraph("What it is not for, and can't do:"),
            Items(limits),
        ],
    )


def _usage(name: str, has_table: bool) -> Section:
    file = f"{name}.onnx"
    table = (
        f"scorer inspect {file} --token-table prints texts with their ids, to test yours with."
        if has_table
        else "This file has no table of texts and ids to test yours with; export it again for one."
    )
    return Section(
        "How to use it",
        [
            Code(
                "console",
                f"$ scorer run --model {quote(file)} reviews.parquet scored.parquet\n"
                f"$ scorer text --model {quote(file)} 'A wonderful film.'",
            ),
            Code(
                "python",
                "from scorer import SentimentModel\n\n"
                f"model = SentimentModel.load({json_text(file)})\n"
                'scores = model.score(["A wonderful film.", None])',
            ),
            Paragraph(
                "From another language call the scorer, or give the graph token ids: int32[batch, "
                "length], padded at the end with 0, and lengths: int32[batch]. The rules and the "
                f"vocabulary stand in the file's metadata, for a tokenizer of your own. {table}"
            ),
        ],
    )


def _licence(notes: Notes) -> str:
    terms = "The terms of the texts that it learned from stand above; they are not its own."
    licence = (
        LICENCE_UNKNOWN
        if notes.licence is None
        else f"{notes.licence}, as the Hugging Face Hub names it."
    )
    return f"{licence} {terms}"


def _origin(model: SentimentModel) -> Section:
    card, provenance = model.card, model.card.provenance
    data, rules = provenance.data, card.tokenizer.rules.to_dict()["version"]
    told = [
        ("file", Path(model.file.name).name),
        ("bytes", f"{len(model.file.content):,}"),
        ("sha256", model.file.sha256),
        ("date", provenance.date),
        ("labels", f"{card.labels[1]} from a score of {card.threshold:g}, else {card.labels[0]}"),
        ("vocabulary", f"{len(card.tokenizer.words):,} words"),
        ("rules of the tokenizer", f"version {rules}"),
        ("reads", f"the last {card.tokenizer.max_tokens:,} tokens of a text"),
        ("command", provenance.command),
        ("sha256 of the labelled reviews", data.sha256),
        ("groups held out together", "yes" if data.grouped else "no"),
        ("figures on held-out reviews", how_measured(card.calibration.folds)),
    ]
    further = (
        ("sha256 of the reviews without a label", data.unlabeled_sha256),
        ("sha256 of the texts with a probability", data.soft_labels_sha256),
    )
    told += [(name, value) for name, value in further if value is not None]
    return Section(
        "Where it comes from",
        [
            Table("The file", ("what", "value"), told, (1,)),
            Table("Settings", ("setting", "value"), _pairs(provenance.settings), (1,)),
            Table("Made with", ("package", "version"), _pairs(provenance.versions), (1,)),
        ],
    )


def _pairs(values: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in values.items()]

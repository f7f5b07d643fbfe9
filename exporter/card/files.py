"""The files of a card: each appears whole, and only a card of ours is ever replaced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exporter.card.content import model_card
from exporter.card.front_matter import front_matter
from exporter.card.markdown import START, card_markdown
from exporter.card.notes import Notes
from exporter.card.page import PAGE_START, card_page
from exporter.card.parts import ModelCard
from scorer.errors import OutputError, UsageError, one_line
from scorer.model import SentimentModel
from scorer.storage.failures import make_folder, writing
from scorer.storage.names import check_name
from scorer.storage.whole_file import check_replaceable, holds_other, whole_file


@dataclass(frozen=True)
class CardFiles:
    """Where a card is to be written.

    Attributes:
        markdown: the file of markdown, if it is wanted.
        html: the page, if it is wanted.
    """

    markdown: Path | None = None
    html: Path | None = None

    @classmethod
    def beside(cls, model: Path) -> CardFiles:
        """Return the files beside a model file, of its name.

        >>> CardFiles.beside(Path("models/mine.onnx")).html.as_posix()
        'models/mine.html'
        """
        name = model.name.removesuffix(".onnx")
        return cls(model.with_name(f"{name}.md"), model.with_name(f"{name}.html"))

    def check(self) -> None:
        """Check that the files may be written, and replace none but a card of ours.

        Raises:
            UsageError: both are one file, or a name is too long.
            OutputError: something else stands there.
        """
        named = [path for path in (self.markdown, self.html) if path is not None]
        if len({path.resolve() for path in named}) < len(named):
            raise UsageError(f"writing the card: {named[0]} is named twice; name two files")
        for path in named:
            check_name(path)
        if self.markdown is not None:
            _check_ours(self.markdown, START)
        if self.html is not None:
            _check_ours(self.html, PAGE_START)

    def write(self, model: SentimentModel, notes: Notes) -> list[Path]:
        """Write the card of a model; return the files.

        Raises:
            UsageError: both are one file, or a name is too long.
            OutputError: a file can't be written, or something else stands there.
        """
        self.check()
        # Both are made before the first is written.
        made: list[tuple[Path, str]] = []
        card = model_card(model, notes)
        if self.markdown is not None:
            made.append((self.markdown, _markdown(card, model, notes)))
        if self.html is not None:
            made.append((self.html, card_page(card)))
        for path, text in made:
            make_folder(path)
            with writing(path), whole_file(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        return [path for path, _ in made]


def markdown_of(model: SentimentModel, notes: Notes) -> str:
    """Return the card of a model as markdown."""
    return _markdown(model_card(model, notes), model, notes)


def _markdown(card: ModelCard, model: SentimentModel, notes: Notes) -> str:
    return card_markdown(card, front_matter(card.name, model.card, notes))


def _check_ours(path: Path, start: str) -> None:
    check_replaceable(path)
    try:
        is_other = holds_other(path, start.encode())
    except OSError as error:
        raise OutputError(
            f"writing the card: {path} can't be read: {one_line(error)}; name another file"
        ) from error
    if is_other:
        raise OutputError(
            f"writing the card: the file {path} is not a card of exporter's; name another file, or "
            "move that one away"
        )

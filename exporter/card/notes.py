"""Notes on a model and its data: what no model file knows, written down by a person.

They are a TOML file, whose tables and keys are the fields of :class:`Notes`:

    language = ["en"]
    licence = "mit"
    [[data]]
    domains = ["films"]
    title = "Large Movie Review Dataset"
    terms = "none stated"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from exporter.errors import NotesRefused
from scorer.errors import one_line
from scorer.system.records import RecordError, from_json, optional

# Beside a model, these are its notes unless others are named.
NOTES_NAME = "data-notes.toml"
LARGEST = 1 << 20  # bytes

# What a note may be about besides domains and files.
UNLABELED, SOFT_LABELS = "unlabeled", "soft labels"
KINDS = (UNLABELED, SOFT_LABELS)

LICENCE = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
LANGUAGE = re.compile("[a-z]{2,3}")


@dataclass(frozen=True, kw_only=True)
class DataNote:
    """What is known of a data set. What isn't said is unknown, and the card says so.

    Attributes:
        domains: the domains of the model's data that it stands behind.
        files: the files; for data that name no domains.
        kind: "unlabeled" or "soft labels", for texts that nobody labelled.
        title: its name.
        origin: who gathered it, and from where.
        labels: what its labels are.
        terms: under which terms its texts may be used.
        url: where it is told of.
        hub: its name on the Hugging Face Hub.
    """

    domains: tuple[str, ...] = optional(())
    files: tuple[str, ...] = optional(())
    kind: str | None = optional()
    title: str | None = optional()
    origin: str | None = optional()
    labels: str | None = optional()
    terms: str | None = optional()
    url: str | None = optional()
    hub: str | None = optional()

    def names(self) -> list[str]:
        """Return the domains, files and the kind that it is about."""
        return [*self.domains, *self.files, *([] if self.kind is None else [self.kind])]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What is known of a model and its data.

    Attributes:
        language: codes of the languages that it reads, such as "en".
        licence: of the model, as the Hugging Face Hub names it, such as "mit".
        summary: what it is.
        uses: what it is for, a sentence each.
        limits: what it is not for.
        data: what is known of each data set.
    """

    language: tuple[str, ...] = optional(())
    licence: str | None = optional()
    summary: str | None = optional()
    uses: tuple[str, ...] = optional(())
    limits: tuple[str, ...] = optional(())
    data: tuple[DataNote, ...] = optional(())

    def check(self) -> None:
        """Check notes that come from a file.

        Raises:
            RecordError: a note is about nothing, or two are about the same.
        """
        for number, note in enumerate(self.data, 1):
            if note.kind not in (None, *KINDS):
                raise RecordError(
                    f"note {number} on data is of the kind {note.kind!r:.80}, not of "
                    f"{' or '.join(map(repr, KINDS))}"
                )
            if not note.names():
                raise RecordError(f"note {number} on data names no domains, no files and no kind")
        self._check_names()
        named = self.names()
        twice = [one for place, one in enumerate(named) if one in named[:place]]
        if twice:
            raise RecordError(f"two notes are about {twice[0]!r:.80}")

    def _check_names(self) -> None:
        for name, pattern, example, found in (
            ("licence", LICENCE, "mit", [self.licence or "mit"]),
            ("language", LANGUAGE, "en", self.language),
        ):
            wrong = [one for one in found if not pattern.fullmatch(one)]
            if wrong:
                raise RecordError(
                    f"the {name} is {wrong[0]!r:.80}, not as the Hugging Face Hub names it, such "
                    f"as {example!r}"
                )

    def names(self) -> list[str]:
        """Return the domains, files and kinds that there are notes on."""
        return [name for note in self.data for name in note.names()]

    def on_domain(self, name: str) -> DataNote | None:
        """Return the note on a domain."""
        return next((note for note in self.data if name in note.domains), None)

    def on_file(self, name: str) -> DataNote | None:
        """Return the note on a file of reviews."""
        return next((note for note in self.data if name in note.files), None)

    def on_kind(self, kind: str) -> DataNote | None:
        """Return the note on the texts that nobody labelled."""
        return next((note for note in self.data if note.kind == kind), None)


def read_notes(path: Path) -> Notes:
    """Read a file of notes.

    Raises:
        NotesRefused: it can't be read, or isn't such a file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise RecordError(f"it has more than {LARGEST:,} bytes")
        notes = from_json(Notes, tomllib.loads(content.decode()))
        notes.check()
    except (OSError, ValueError, RecursionError) as error:
        raise NotesRefused(
            f"reading the notes on data {path}: {one_line(error)}; mend the file, or name another "
            "with --data-notes"
        ) from error
    return notes


def notes_for(model: Path, named: Path | None) -> Notes:
    """Return the notes that were named, else those that lie beside the model, else none.

    Raises:
        NotesRefused: they can't be read.
    """
    beside = model.parent / NOTES_NAME
    if named is None and not beside.is_file():
        return Notes()
    return read_notes(beside if named is None else named)

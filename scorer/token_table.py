"""A table of texts with their token ids, in the model file: what another tokenizer can be held to.

A tokenizer in another language has the rules and the vocabulary from the file's metadata, and this
table to test it with. The exporter writes it under the key ``token_table``, as compact JSON with
the fields of :class:`TokenTable`. Nothing reads it when a model is loaded, and a file without it is
scored as ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from scorer.errors import ModelRefused
from scorer.system.records import RecordError, from_json, optional, to_json

TABLE_KEY = "token_table"
FORMAT = "review-sentiment-token-table"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A text, and what the tokenizer makes of it.

    Attributes:
        of: the rule that it tries.
        text: as the tokenizer got it; null stands for a review that is null.
        hex: the bytes, in hex, of a text that isn't valid UTF-8; ``text`` is null then.
        tokens: the tokens that are read of it, with a blank between two.
        ids: their ids, as the graph takes them.
    """

    of: str
    text: str | None
    hex: str | None = optional()
    tokens: str
    ids: tuple[int, ...]

    @property
    def raw(self) -> bytes | None:
        """The text's bytes; None for null."""
        if self.hex is not None:
            return bytes.fromhex(self.hex)
        return None if self.text is None else self.text.encode()

    def check(self) -> None:
        """Check values that come from a file.

        Raises:
            RecordError: bytes that aren't in hex, or not an id for each token.
        """
        try:
            bytes.fromhex(self.hex or "")
        except ValueError as error:
            raise RecordError(f"the bytes {self.hex!r:.80} are not in hex") from error
        tokens = len(self.tokens.split(" ")) if self.tokens else 0
        if tokens != len(self.ids):
            raise RecordError(f"a text has {tokens} tokens and {len(self.ids)} ids")


@dataclass(frozen=True, kw_only=True)
class TokenTable:
    """Texts with their token ids.

    Attributes:
        format: ``review-sentiment-token-table``.
        version: of the format.
        max_tokens: tokens that are read of a longer text: its last ones.
        rows: the texts.
    """

    format: str = FORMAT
    version: int = VERSION
    max_tokens: int
    rows: tuple[TableRow, ...]

    def to_metadata(self) -> str:
        """Return the stored form."""
        return json.dumps(to_json(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> TokenTable | None:
        """Read what :meth:`to_metadata` wrote; None if a file of before holds no table.

        Raises:
            ModelRefused: it is garbled, or of another version.
        """
        if TABLE_KEY not in metadata:
            return None
        try:
            stored = json.loads(metadata[TABLE_KEY])
            _check_version(stored)
            table = from_json(cls, stored, TABLE_KEY)
            for row in table.rows:
                row.check()
        except (ValueError, RecursionError) as error:
            raise ModelRefused(
                f"reading the table of token ids: it is garbled: {error!s:.200}; "
                "export the model again with this release"
            ) from error
        return table


def _check_version(stored: object) -> None:
    found = stored.get("version") if isinstance(stored, dict) else None
    if found is not None and found != VERSION:
        raise ModelRefused(
            f"reading the table of token ids: version {found!r:.20} was found, this release reads "
            f"version {VERSION}; install the release that the model was made for"
        )

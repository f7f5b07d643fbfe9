"""Makes the table of token ids that a model file carries, of texts that try every rule."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa

from exporter.table_texts import table_texts
from scorer.token_table import TableRow, TokenTable
from scorer.tokenizer import Tokenizer, valid_text


def make_token_table(tokenizer: Tokenizer) -> TokenTable:
    """Return what a model's tokenizer makes of each text."""
    texts = table_texts(tokenizer.max_tokens)
    raw = [text.encode() if isinstance(text, str) else text for _, text in texts]
    column, _ = valid_text(pa.array(raw, pa.large_binary()))
    tokens, offsets = tokenizer.rules.split(column)
    ids = tokenizer.encode(column).ids
    rows = []
    for (of, text), (first, end) in zip(texts, pairwise(offsets.tolist()), strict=True):
        read = slice(max(first, end - tokenizer.max_tokens), end)
        row = TableRow(
            of=of,
            text=None if isinstance(text, bytes) else text,
            hex=text.hex() if isinstance(text, bytes) else None,
            tokens=" ".join(tokens[read].to_pylist()),
            ids=tuple(ids[read].tolist()),
        )
        rows.append(row)
    return TokenTable(max_tokens=tokenizer.max_tokens, rows=tuple(rows))

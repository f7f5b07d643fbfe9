"""Review texts to token ids, vectorised.

The only tokenizer of the project: the trainer uses this code too, so text is treated alike in
training and in scoring. How a text is cut is left to its rules (:mod:`scorer.words.rules`), packing
to :mod:`scorer.packing`, scoring to :mod:`scorer.model`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from scorer.system.records import RecordError
from scorer.words.cutting import Cut
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules
from scorer.words.word_table import WordTable

PAD_ID = 0
UNKNOWN_ID = 1
FIRST_WORD_ID = 2

# Rows of so many tokens are copied one by one in less time than all at once.
LONG = 100

# An array of lengths is int32.
MOST_TOKENS = (1 << 31) - 1


@dataclass(frozen=True)
class Tokens:
    """The token ids of some reviews, ragged.

    Attributes:
        ids: ``int32[total]``, the ids of all rows; 1 is an unknown word.
        offsets: ``int64[rows + 1]``, the offset of each row's first token.
        max_tokens: number of tokens that the network reads of a longer row: its last ones.
        mended: numbers of the rows whose text was not valid UTF-8, and was mended.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    max_tokens: int
    mended: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def joined(cls, parts: Sequence[Tokens]) -> Tokens:
        """Return the rows of several, one behind the other; all have one token limit.

        >>> one = Tokens(np.array([5, 6], np.int32), np.array([0, 1, 2]), max_tokens=9)
        >>> Tokens.joined([one, one]).offsets.tolist()
        [0, 1, 2, 3, 4]
        """
        if len(parts) == 1:
            return parts[0]
        counts = [np.zeros(1, np.int64), *(np.diff(part.offsets) for part in parts)]
        starts = [0, *accumulate(len(part) for part in parts[:-1])]
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.cumsum(np.concatenate(counts)),
            parts[0].max_tokens,
            [start + row for start, part in zip(starts, parts, strict=True) for row in part.mended],
        )

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """``int64[rows]``: the tokens of each row that the network reads."""
        return np.minimum(np.diff(self.offsets), self.max_tokens)

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """``int64[total]``: the row number of each token."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def unknown(self) -> int:
        """Tokens of all rows that are not in the vocabulary."""
        return int(np.count_nonzero(self.ids == UNKNOWN_ID))

    @cached_property
    def unknown_by_row(self) -> npt.NDArray[np.int64]:
        """``int64[rows]``: the tokens of each row that are not in the vocabulary.

        >>> Tokens(np.array([1, 6, 1], np.int32), np.array([0, 0, 2, 3]), 9).unknown_by_row.tolist()
        [0, 1, 1]
        """
        is_unknown = np.append(self.ids == UNKNOWN_ID, False).view(np.int8)
        counts = np.add.reduceat(is_unknown, self.offsets[:-1], dtype=np.int64)
        # Of a row without tokens it returns the token that follows.
        found: npt.NDArray[np.int64] = counts * (np.diff(self.offsets) > 0)
        return found

    def padded(
        self, rows: npt.NDArray[np.int64], length: int | None = None
    ) -> npt.NDArray[np.int32]:
        """Return the *end* of some rows as a matrix, padded at the end with 0.

        Args:
            rows: ``int64[batch]``, row numbers.
            length: columns of the matrix; by default the length of the longest row.

        Returns:
            ``int32[batch, length]``, the rows in the order asked for.

        >>> tokens = Tokens(np.array([5, 6, 7, 8], np.int32), np.array([0, 3, 4]), max_tokens=2)
        >>> tokens.padded(np.array([1, 0])).tolist()
        [[8, 0], [6, 7]]
        """
        lengths = self.lengths[rows]
        begins = self.offsets[1:][rows] - lengths
        width = int(lengths.max(initial=0)) if length is None else length
        if width < LONG and len(self.ids):
            columns = np.arange(width)
            # Taking ids beyond a row's end and zeroing them is faster than leaving them out.
            padded: npt.NDArray[np.int32] = self.ids.take(begins[:, None] + columns, mode="clip")
            padded *= columns < lengths[:, None]
            return padded
        padded = np.full((len(rows), width), PAD_ID, np.int32)
        ends = begins + np.minimum(lengths, width)
        for row, begin, end in zip(padded, begins.tolist(), ends.tolist(), strict=True):
            row[: end - begin] = self.ids[begin:end]
        return padded


@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary, the rules that its words were counted under, and the token limit.

    Attributes:
        words: by falling count, ties by rising spelling; the first has id 2.
        rules: how a text is cut into tokens.
        max_tokens: number of tokens that are read of a longer review: its last ones.
    """

    words: tuple[str, ...]
    rules: Rules | FirstRules = Rules()
    max_tokens: int = 400

    def check(self) -> None:
        """Check a vocabulary and a token limit that come from a file.

        Raises:
            RecordError: there is no word, a word is empty or stands twice, or the limit is none.
        """
        if not any(self.words):
            raise RecordError("the vocabulary is empty")
        if len(set(self.words)) < len(self.words) or "" in self.words:
            word = next(
                word for word, count in Counter(self.words).items() if count > 1 or not word
            )
            raise RecordError(f"the vocabulary has an empty word, or one twice: {word!r:.80}")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise RecordError(
                f"the token limit is {self.max_tokens!r:.20}, not a number from 1 to {MOST_TOKENS}"
            )

    def encode(self, texts: pa.Array | pa.ChunkedArray) -> Tokens:
        """Turn texts into token ids.

        Args:
            texts: ``[rows]`` of a type that :func:`is_text` allows.

        Raises:
            ReviewsError: the column holds no text.

        >>> Tokenizer(("good", "film")).encode(pa.array(["Good film!", ""])).ids.tolist()
        [2, 3, 1]
        """
        (tokens,) = self.encode_each([texts])
        return tokens

    def encode_each(self, columns: Sequence[pa.Array | pa.ChunkedArray]) -> list[Tokens]:
        """Turn several columns of texts into token ids.

        They are cut together: that costs less than each alone, and gives the same.

        Args:
            columns: ``[rows]`` each, of types that :func:`is_text` allows.

        Raises:
            ReviewsError: a column holds no text.
        """
        valid = [valid_text(texts) for texts in columns]
        ids, counts = [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
        for cut in self.rules.cut(_one_behind_the_other([texts for texts, _ in valid])):
            ids.append(self._ids.find(cut))
            counts.append(cut.counts)
        found, offsets = np.concatenate(ids), np.cumsum(np.concatenate(counts))
        rows = pairwise(accumulate((len(texts) for texts, _ in valid), initial=0))
        return [
            Tokens(
                found[offsets[first] : offsets[last]],
                offsets[first : last + 1] - offsets[first],
                self.max_tokens,
                mended,
            )
            for (_, mended), (first, last) in zip(valid, rows, strict=True)
        ]

    def ids_of(self, cuts: Iterable[Cut]) -> npt.NDArray[np.int32]:
        """Return the ids of tokens that were cut out already: ``int32[tokens]``."""
        return np.concatenate([np.zeros(0, np.int32), *map(self._ids.find, cuts)])

    @cached_property
    def _ids(self) -> WordTable:
        """The id of each word, and of each token that the rules read as another one."""
        ids = {word: number for number, word in enumerate(self.words, FIRST_WORD_ID)}
        read_as = {token: ids.get(word, UNKNOWN_ID) for token, word in self.rules.read_as.items()}
        return WordTable(ids | read_as, missing=UNKNOWN_ID)


def _one_behind_the_other(columns: Sequence[pa.LargeStringArray]) -> pa.LargeStringArray:
    return columns[0] if len(columns) == 1 else pa.concat_arrays(columns)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this Arrow type can hold reviews.

    It can if it holds strings, bytes, JSON, a dictionary or runs of them, or only nulls.
    """
    kind = _plain_type(kind)
    return bool(
        is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_null(kind)
    )


def is_string(kind: pa.DataType) -> bool:
    """Whether this Arrow type is declared as text, dictionary-encoded or not."""
    if isinstance(kind, pa.BaseExtensionType):
        return False
    kind = _plain_type(kind)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of an array's values after :func:`_plain_values`."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _plain_type(kind.value_type)
    if isinstance(kind, pa.JsonType):
        return kind.storage_type
    return kind


def _plain_values(texts: pa.Array) -> pa.Array:
    """Return texts without their encoding; JSON as it is stored."""
    if pa.types.is_dictionary(texts.type):
        return _plain_values(texts.dictionary_decode())
    if pa.types.is_run_end_encoded(texts.type):
        return _plain_values(pc.run_end_decode(texts))
    if isinstance(texts.type, pa.JsonType):
        return texts.storage
    return texts


def valid_text(texts: pa.Array | pa.ChunkedArray) -> tuple[pa.LargeStringArray, list[int]]:
    """Return the texts as valid ``large_string``, and the rows that had invalid UTF-8.

    Invalid bytes become U+FFFD, as in :meth:`bytes.decode`; the tokenizer reads it as a space.

    Raises:
        ReviewsError: the column holds no text.

    >>> valid_text(pa.array([b"caf\\xc3\\xa9", b"caf\\xe9"]))[0].to_pylist()
    ['café', 'caf�']
    """
    # By way of bytes, so that `invalid_rows` is the first to check. Neither cast copies the data.
    raw = raw_text(texts)
    rows = invalid_rows(raw)
    if len(rows):
        mask = np.zeros(len(raw), bool)
        mask[rows] = True
        mended = [raw[row].as_py().decode("utf-8", "replace").encode() for row in rows]
        raw = pc.replace_with_mask(raw, pa.array(mask), pa.array(mended, pa.large_binary()))
    return raw.cast(pa.large_string()), rows


def raw_text(texts: pa.Array | pa.ChunkedArray) -> pa.LargeBinaryArray:
    """Return texts as their bytes, valid UTF-8 or not, in one array; of that type it is the same.

    Raises:
        ReviewsError: the column holds no text.

    >>> raw_text(pa.chunked_array([["a", None], ["b"]])).to_pylist()
    [b'a', None, b'b']
    """
    if not is_text(texts.type):
        raise ReviewsError(
            f"a column of type {texts.type} can't be read as text; name a text column"
        )
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], texts.type)
    return _plain_values(texts).cast(pa.large_binary())


def invalid_rows(raw: pa.LargeBinaryArray) -> list[int]:
    """Return the rows that are not valid UTF-8.

    Arrow only says whether a whole array is valid, so the rows are found by halving it.

    >>> invalid_rows(pa.array([b"a", b"\\xff", None, b"b", b"\\xc3"], pa.large_binary()))
    [1, 4]
    """
    found: list[int] = []
    spans = [(0, len(raw))]
    while spans:
        start, stop = spans.pop()
        if _is_valid(raw.slice(start, stop - start)):
            continue
        if stop - start == 1:
            found.append(start)
            continue
        middle = (start + stop) // 2
        spans += [(middle, stop), (start, middle)]
    return found


def _is_valid(raw: pa.LargeBinaryArray) -> bool:
    try:
        raw.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True

"""Review texts to token ids, vectorised in Arrow.

The only tokenizer of the project: the trainer uses this code too, so text is treated alike in
training and in scoring. Its rules are data (:class:`Rules`), stored in the model file beside the
vocabulary. Packing is left to :mod:`scorer.packing`, scoring to :mod:`scorer.model`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ModelRefused, ReviewsError, one_line
from scorer.system.records import Json, RecordError, from_json, to_json

PAD_ID = 0
UNKNOWN_ID = 1
FIRST_WORD_ID = 2

RULES_VERSION = 1

# Decomposed forms only: see Rules.
NORMALIZATIONS = ("NFD", "NFKD")
# Bytes of the texts after a replacement, for each byte before the first one; our rules reach 3. One
# replacement can overshoot it by as much as its own length, so that is bounded, too.
MOST_GROWTH = 4
LONGEST_REPLACEMENT = 8
# Arrow counts no bytes for an array of no rows, and some for the next one.
LEAST_BYTES = 64
# Texts that rules from a file are tried on: every character that one is likely to look for.
PROBES = (
    "",
    " ",
    "a",
    "".join(map(chr, range(1, 0x180))),
    "The film was great! I'd see it again, wouldn't you? 10/10 <br />&amp; “more” 😍 ",
    "Не смотрите. 最高の映画です。 영화 ",
)
PROBE_REPEATS = 20
# An array of lengths is int32.
MOST_TOKENS = (1 << 31) - 1

# Patterns of RE2 (https://github.com/google/re2/wiki/Syntax), applied in this order to lower-cased
# NFKD text. The fourth leaves U+0020 as the only white space: the ASCII split, a third faster than
# the Unicode one, is then enough.
REPLACEMENTS = (
    # HTML tags, line breaks and comments.
    (r"</?[a-z][^<>]*>|<!--.*?-->", " "),
    # The other ways to write an apostrophe.
    (r"&(?:#0?39|#8217|#x27|apos|rsquo);|[’ʼ]", "'"),
    # Every other HTML entity.
    (r"&(?:#[0-9]+|#x[0-9a-f]+|[a-z]+);", " "),
    # Punctuation, except ! ? and emoji.
    (r"[^\pL\pM\pN '!?\x{2600}-\x{27BF}\x{1F300}-\x{1FAFF}]+", " "),
    # Apostrophes stay only within words: "don't" is one token, 'quoted' loses its quotes.
    (r"'+(?: +'*|$)|(?:^| )'+", " "),
    # Tokens of their own: ! ? emoji (without the variation selector) and the characters of scripts
    # that are written without spaces.
    (
        r"([!?\x{2600}-\x{27BF}\x{1F300}-\x{1FAFF}\p{Han}\p{Hiragana}\p{Katakana}]"
        r"[\x{3099}\x{309A}]?)\x{FE0F}?",
        r" \1 ",
    ),
)


@dataclass(frozen=True)
class Rules:
    """How a text is cut into tokens; stored in the model file as JSON.

    Attributes:
        normalization: Unicode normalisation form, applied first. It is a decomposed form: pyarrow
            before 26 decomposes for NFC and NFKC too
            (https://github.com/apache/arrow/issues/51225), and a word must not depend on that.
        lower_case: whether the text is lower-cased after that.
        replacements: pairs of an RE2 pattern and its replacement, applied in order. Then the text
            is split at spaces.
    """

    normalization: str = "NFKD"
    lower_case: bool = True
    replacements: tuple[tuple[str, str], ...] = REPLACEMENTS

    def to_dict(self) -> dict[str, Json]:
        """Return the rules as JSON, their version first."""
        return {"version": RULES_VERSION, **to_json(self)}

    @classmethod
    def from_dict(cls, stored: object) -> Rules:
        """Read what :meth:`to_dict` wrote.

        Raises:
            ModelRefused: the rules are of a version that this code doesn't know.
            RecordError: a key is missing, unknown or wrong, or the rules don't pass :meth:`check`.
        """
        if not isinstance(stored, Mapping):
            raise RecordError(f"the rules are {stored!r:.80}, not an object")
        if stored.get("version") != RULES_VERSION:
            raise ModelRefused(
                f"reading the tokenizer's rules: version {stored.get('version')!r} was found, "
                f"this release reads version {RULES_VERSION}; install the release that the model "
                "was made for"
            )
        rules = {name: value for name, value in stored.items() if name != "version"}
        read = from_json(cls, rules, "rules")
        read.check()
        return read

    def check(self) -> None:
        """Check that texts can be cut by these rules, and don't grow too much.

        Raises:
            RecordError: the normalisation is unknown, a pattern doesn't compile, or a replacement
                is too long or lets texts grow too much.
        """
        if self.normalization not in NORMALIZATIONS:
            raise RecordError(
                f"the normalisation {self.normalization!r:.80} is unknown, "
                f"not {' or '.join(NORMALIZATIONS)}"
            )
        for number, (pattern, replacement) in enumerate(self.replacements, 1):
            _check_replacement(number, pattern, replacement)
        try:
            self.split(pa.array([text * PROBE_REPEATS for text in PROBES], pa.large_string()))
        except ModelRefused as error:
            raise RecordError(
                f"the replacement rules make a text more than {MOST_GROWTH} times as long"
            ) from error

    def split(self, texts: pa.Array) -> tuple[pa.LargeStringArray, npt.NDArray[np.int64]]:
        """Cut texts into tokens.

        Args:
            texts: valid UTF-8, ``large_string[rows]``; null is read as empty.

        Returns:
            The tokens of all rows, and ``int64[rows + 1]``, the offset of each row's first token.

        Raises:
            ModelRefused: the replacements make the texts more than four times as long.

        >>> texts = pa.array(["It's <b>GREAT</b>!", None, "‘So’ so…"], pa.large_string())
        >>> tokens, offsets = Rules().split(texts)
        >>> tokens.to_pylist(), offsets.tolist()
        (["it's", 'great', '!', 'so', 'so'], [0, 3, 3, 5])
        """
        texts = self._replace(self._normalize(texts))
        texts = pc.ascii_trim_whitespace(texts)
        # An empty text would become one empty token; a null becomes an empty list.
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
        lists = pc.ascii_split_whitespace(texts)
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return lists.flatten(), offsets

    def _normalize(self, texts: pa.Array) -> pa.Array:
        # Every normalisation form leaves ASCII alone, which most reviews in English are.
        other = pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))
        if pc.any(other).as_py():
            texts = pc.replace_with_mask(
                texts, other, pc.utf8_normalize(texts.filter(other), self.normalization)
            )
        return pc.utf8_lower(texts) if self.lower_case else texts

    def _replace(self, texts: pa.Array) -> pa.Array:
        most = MOST_GROWTH * max(texts.nbytes, LEAST_BYTES)
        for pattern, replacement in self.replacements:
            texts = pc.replace_substring_regex(texts, pattern, replacement)
            if texts.nbytes > most:
                raise ModelRefused(
                    "tokenizing: the model's replacement rules make a text more than "
                    f"{MOST_GROWTH} times as long; use another model"
                )
        return texts


def _check_replacement(number: int, pattern: str, replacement: str) -> None:
    if len(replacement.encode()) > LONGEST_REPLACEMENT:
        raise RecordError(
            f"the replacement rule {number} puts {replacement!r:.80}, more than "
            f"{LONGEST_REPLACEMENT} bytes"
        )
    try:
        pc.replace_substring_regex(pa.array([""], pa.large_string()), pattern, replacement)
    except pa.ArrowInvalid as error:
        raise RecordError(
            f"the replacement rule {number} doesn't compile: {one_line(error):.200}"
        ) from error


@dataclass(frozen=True)
class Tokens:
    """The token ids of some reviews, ragged.

    Attributes:
        ids: ``int32[total]``, the ids of all rows; 1 is an unknown word.
        offsets: ``int64[rows + 1]``, the offset of each row's first token.
        max_tokens: number of tokens that the network reads of a longer row: its last ones.
        invalid: rows whose text was not valid UTF-8, and was mended.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    max_tokens: int
    invalid: int = 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """``int64[rows]``: the tokens of each row that the network reads."""
        return np.minimum(np.diff(self.offsets), self.max_tokens)

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """``int64[total]``: the row number of each token."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def truncated(self) -> int:
        """Rows that had more tokens than the network reads."""
        return int(np.count_nonzero(np.diff(self.offsets) > self.max_tokens))

    @property
    def unknown(self) -> int:
        """Tokens of all rows that are not in the vocabulary."""
        return int(np.count_nonzero(self.ids == UNKNOWN_ID))

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
        columns = np.arange(int(lengths.max(initial=0)) if length is None else length)
        if not len(self.ids):
            return np.full((len(rows), len(columns)), PAD_ID, np.int32)
        indices = (self.offsets[1:][rows] - lengths)[:, None] + columns
        # Taking ids beyond a row's end and zeroing them is a third faster than leaving them out.
        padded: npt.NDArray[np.int32] = self.ids.take(indices, mode="clip")
        padded *= columns < lengths[:, None]
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
    rules: Rules = Rules()
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
        valid, invalid = valid_text(texts)
        tokens, offsets = self.rules.split(valid)
        found = pc.index_in(tokens, value_set=self._value_set)
        indices = pc.fill_null(found, UNKNOWN_ID - FIRST_WORD_ID).to_numpy(zero_copy_only=False)
        return Tokens(indices + np.int32(FIRST_WORD_ID), offsets, self.max_tokens, invalid)

    @cached_property
    def _value_set(self) -> pa.Array:
        return pa.array(self.words, pa.large_string())


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


def valid_text(texts: pa.Array | pa.ChunkedArray) -> tuple[pa.LargeStringArray, int]:
    """Return the texts as valid ``large_string``, and how many rows had invalid UTF-8.

    Invalid bytes become U+FFFD, as in :meth:`bytes.decode`; the tokenizer reads it as a space.

    Raises:
        ReviewsError: the column holds no text.

    >>> valid_text(pa.array([b"caf\\xc3\\xa9", b"caf\\xe9"]))[0].to_pylist()
    ['café', 'caf�']
    """
    if not is_text(texts.type):
        raise ReviewsError(
            f"a column of type {texts.type} can't be read as text; name a text column"
        )
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], texts.type)
    texts = _plain_values(texts)
    # By way of bytes, so that `invalid_rows` is the first to check. Neither cast copies the data.
    raw = texts.cast(pa.large_binary())
    rows = invalid_rows(raw)
    if len(rows):
        mask = np.zeros(len(raw), bool)
        mask[rows] = True
        mended = [raw[row].as_py().decode("utf-8", "replace").encode() for row in rows]
        raw = pc.replace_with_mask(raw, pa.array(mask), pa.array(mended, pa.large_binary()))
    return raw.cast(pa.large_string()), len(rows)


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

"""The first version of the rules by which a text is cut, for the models that were made with it.

No new model is made with them: :mod:`scorer.words.rules` has the rules of this release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.system.records import Json, to_json
from scorer.words.cutting import (
    Around,
    Bytes,
    Characters,
    Cut,
    Places,
    cut,
    few_places,
    places_of,
)
from scorer.words.layers import Layers
from scorer.words.replacing import (
    check_growth,
    check_normalization,
    check_replacement,
    most_bytes,
    normalize_beyond_ascii,
    replace,
    without_nulls,
)
from scorer.words.scan import Question, Scan

FIRST_VERSION = 1

# Classes of characters, without their brackets.
WORD = r"\pL\pM\pN"
SIGNS = r"!?\x{2600}-\x{27BF}\x{1F300}-\x{1FAFF}"
APART = rf"{SIGNS}\p{{Han}}\p{{Hiragana}}\p{{Katakana}}"
JOINED = r"\x{3099}\x{309A}"
SELECTOR = r"\x{FE0F}"

# Patterns of RE2 (https://github.com/google/re2/wiki/Syntax), applied in this order to lower-cased
# NFKD text. The fourth leaves U+0020 as the only white space: the ASCII split, a third faster than
# the Unicode one, is then enough.
FIRST_REPLACEMENTS = (
    # HTML tags, line breaks and comments.
    (r"</?[a-z][^<>]*>|<!--.*?-->", " "),
    # The other ways to write an apostrophe.
    (r"&(?:#0?39|#8217|#x27|apos|rsquo);|[’ʼ]", "'"),
    # Every other HTML entity.
    (r"&(?:#[0-9]+|#x[0-9a-f]+|[a-z]+);", " "),
    # Punctuation, except ! ? and emoji.
    (rf"[^{WORD} '{SIGNS}]+", " "),
    # Apostrophes stay only within words: "don't" is one token, 'quoted' loses its quotes.
    (r"'+(?: +'*|$)|(?:^| )'+", " "),
    # Tokens of their own: ! ? emoji (without the variation selector) and the characters of scripts
    # that are written without spaces.
    (rf"([{APART}][{JOINED}]?){SELECTOR}?", r" \1 "),
)


@dataclass(frozen=True)
class FirstRules:
    """How a text was cut into tokens by the first version; stored in the model file as JSON.

    Attributes:
        normalization: Unicode normalisation form, applied first.
        lower_case: whether the text is lower-cased after that.
        replacements: pairs of an RE2 pattern and its replacement, applied in order. Then the text
            is split at spaces.
    """

    normalization: str = "NFKD"
    lower_case: bool = True
    replacements: tuple[tuple[str, str], ...] = FIRST_REPLACEMENTS

    def to_dict(self) -> dict[str, Json]:
        """Return the rules as JSON, their version first."""
        return {"version": FIRST_VERSION, **to_json(self)}

    def check(self) -> None:
        """Check that texts can be cut by these rules, and don't grow too much.

        Raises:
            RecordError: the normalisation is unknown, a pattern doesn't compile, or a replacement
                is too long or lets texts grow too much.
        """
        check_normalization(self.normalization)
        for number, (pattern, replacement) in enumerate(self.replacements, 1):
            check_replacement(number, pattern, replacement)
        check_growth(self.split)

    @property
    def read_as(self) -> Mapping[str, str]:
        """Tokens that are read as another word: none."""
        return MappingProxyType({})

    def cut(self, texts: pa.LargeStringArray) -> Iterator[Cut]:
        """Cut texts into tokens, as :meth:`scorer.words.rules.Rules.cut` does.

        Only texts that hold an entity or a comment, or aren't ASCII, are rewritten. Tags,
        punctuation and apostrophes are found in the bytes, in a third of the time that
        :meth:`split` takes; tests hold one against the other. By rules that no model was made with
        all rows are split.
        """
        if self == FirstRules():
            return cut(
                self._without_markup(texts),
                self._characters,
                change=blank_tags,
                apostrophes=_between_any_characters,
            )
        tokens, offsets = self.split(texts)
        return iter([Cut.of_tokens(tokens, np.diff(offsets))])

    def split(
        self, texts: pa.LargeStringArray
    ) -> tuple[pa.LargeStringArray, npt.NDArray[np.int64]]:
        """Cut texts into tokens.

        Args:
            texts: valid UTF-8, ``large_string[rows]``; null is read as empty.

        Returns:
            The tokens of all rows, and ``int64[rows + 1]``, the offset of each row's first token.

        Raises:
            ModelRefused: the replacements make the texts more than four times as long.

        >>> texts = pa.array(["It's <b>GREAT</b>!", None, "‘So’ so…"], pa.large_string())
        >>> tokens, offsets = FirstRules().split(texts)
        >>> tokens.to_pylist(), offsets.tolist()
        (["it's", 'great', '!', 'so', 'so'], [0, 3, 3, 5])
        """
        texts = pc.ascii_trim_whitespace(self.rewrite(texts))
        # An empty text would become one empty token; a null becomes an empty list.
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
        lists = pc.ascii_split_whitespace(texts)
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return lists.flatten(), offsets

    def rewrite(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        """Do the steps before the cutting.

        Raises:
            ModelRefused: the replacements make the texts more than four times as long.
        """
        texts = without_nulls(texts)
        texts = normalize_beyond_ascii(texts, self.normalization, lower_case=False)
        texts = pc.utf8_lower(texts) if self.lower_case else texts
        most = most_bytes(texts)
        for pattern, replacement in self.replacements:
            texts = replace(texts, pattern, replacement, most)
        return texts

    def _without_markup(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        """Do what few texts need: normalisation, comments and entities.

        ASCII letters keep their case, and tags stay in texts without a comment: no entity holds
        one of their brackets, so that they may go after the entities.
        """
        layers = Layers(without_nulls(texts), self._scan)
        layers.rewrite(0, partial(normalize_beyond_ascii, form="NFKD", lower_case=True))
        markup, *entities = FIRST_REPLACEMENTS[:3]
        # What is no tag before a comment vanishes must not be one after it.
        steps = [(f"{markup[0]}|<", " "), *entities]
        for number, (pattern, put) in enumerate(steps, 1):
            # Normalised texts hold no other character that is an ASCII letter in another case.
            change = partial(pc.replace_substring_regex, pattern=f"(?i){pattern}", replacement=put)
            layers.rewrite(number, change)
        return layers.texts()

    @cached_property
    def _scan(self) -> Scan:
        """Which texts each step of :meth:`_without_markup` is for."""
        apostrophes = ("&", "’", "ʼ")
        strings: tuple[tuple[str, ...], ...] = (("<!--",), apostrophes, ("&",))
        return Scan([Question(beyond_ascii=True), *map(Question, strings)])

    @cached_property
    def _characters(self) -> Characters:
        """What characters are to the last three patterns."""
        blank = rf"^{WORD} '{SIGNS}"
        return Characters(WORD, APART, JOINED, SELECTOR, blank, lower_case=True)


def blank_tags(data: Bytes, offsets: Places) -> tuple[Bytes, Places]:
    """Write blanks over tags of HTML, in place: over what ``</?[a-z][^<>]*>`` finds in each row.

    >>> data = np.frombuffer(b"a<b>c</d>< e><f" + bytes(16), np.uint8).copy()
    >>> blank_tags(data, np.array([0, 15]))[0][:15].tobytes()
    b'a   c    < e><f'
    """
    # With this bit "<" is ">", too, and no other byte is.
    angles = few_places(data | 2 == ord(">"))
    pairs = places_of((data[angles[:-1]] == ord("<")) & (data[angles[1:]] == ord(">")))
    begins, ends = angles[pairs], angles[pairs + 1] + 1
    letters = data[begins + 1 + (data[begins + 1] == ord("/"))]
    tags = letters - np.uint8(ord("a")) < 26
    tags &= offsets.searchsorted(begins, "right") == offsets.searchsorted(ends)
    begins, ends = begins[tags], ends[tags]
    sizes = ends - begins
    places = np.arange(sizes.sum())
    places += np.repeat(ends - np.cumsum(sizes), sizes)
    data[places] = ord(" ")
    return data, offsets


def _between_any_characters(around: Around) -> Places:
    """Return the apostrophes, one or several, between two characters that are no blanks."""
    places, _, inside, row_starts = around
    edges = np.ones(len(places) + 1, bool)
    np.greater(places[1:], places[:-1] + 1, out=edges[1:-1])
    begins = places[edges[:-1] | row_starts[places]]
    ends = places[edges[1:] | row_starts[places + 1]] + 1
    within = inside[begins - 1] & inside[ends] & ~(row_starts[begins] | row_starts[ends])
    found: Places = places[np.repeat(within, ends - begins)]
    return found

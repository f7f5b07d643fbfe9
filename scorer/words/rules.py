"""The rules by which a text is cut into tokens: data, stored in the model file.

A text goes through these steps:

1. entities of HTML are decoded, once;
2. patterns are replaced: what vanishes, markup, addresses, apostrophes, emoticons;
3. a text that isn't ASCII is normalised; letters are lower-cased;
4. a letter that repeats too often is left out;
5. words are cut out by the classes of their characters (:mod:`scorer.words.cutting`);
6. some tokens are read as another word.

Steps 2, 5 and 6 are data altogether; each pattern is tried only on the texts that it names. Tests
hold this module against one that does every step with Arrow's patterns on every text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ModelRefused, one_line
from scorer.system.records import Json, RecordError, from_json, to_json
from scorer.words.cutting import Characters, Cut, cut, shorten_runs
from scorer.words.first_rules import FIRST_VERSION, FirstRules
from scorer.words.layers import Layers
from scorer.words.replacing import (
    LONGEST_REPLACEMENT,
    check_growth,
    check_normalization,
    check_replacement,
    most_bytes,
    normalize_beyond_ascii,
    replace,
    without_nulls,
)
from scorer.words.scan import Question, Scan
from scorer.words.spelling import CONTRACTIONS, ENTITIES, REPLACEMENTS, SIGNS, Replacement

RULES_VERSION = 2

# Bounds on what a file may hold, in items and in bytes.
MOST_ENTITIES = 400
MOST_REPLACEMENTS = 40
MOST_PLACES = 40
MOST_CONTRACTIONS = 100
MOST_SIGNS = 60
LONGEST_PLACE = 16
LONGEST_TOKEN = 64
LONGEST_CLASS = 400
MOST_RUN = 8

EMOJI = r"\x{2600}-\x{27BF}\x{2B50}\x{2B55}\x{1F300}-\x{1FAFF}"

ENTITY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")
# "&amp;" before an entity counts as one. 39 may lack its semicolon before digits, as in "the '80s".
ENTITY = re.compile(
    r"&(?:amp;)*(?:#(0*39);?|#([0-9]{1,7});?|#[xX]([0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{0,31});)"
)
NO_CHARACTER = range(0xD800, 0xE000)
CHARACTERS = 0x110000


@dataclass(frozen=True)
class Rules:
    """How a text is cut into tokens; stored in the model file as JSON.

    Attributes:
        entities: names of HTML entities and what each stands for.
        replacements: patterns and what is put for them, applied in order.
        normalization: Unicode normalisation form of texts that aren't ASCII: a decomposed one.
        lower_case: whether the text is lower-cased.
        longest_run: how many equal ASCII letters may stand in a row; further ones are left out.
        word: class of RE2, without its brackets: characters that words are made of. An apostrophe
            between two of them belongs to the word.
        apart: class of the characters that are tokens of their own: ``!``, ``?``, emoji, scripts
            that are written without spaces.
        joined: class of the characters that continue one of these: the voiced marks of kana.
        contractions: tokens that are read as another word: ``dont`` as ``don't``.
        signs: emoji that are read as a word.
    """

    entities: tuple[tuple[str, str], ...] = ENTITIES
    replacements: tuple[Replacement, ...] = REPLACEMENTS
    normalization: str = "NFKD"
    lower_case: bool = True
    longest_run: int = 2
    word: str = r"\pL\pM\pN"
    apart: str = rf"!?{EMOJI}\p{{Han}}\p{{Hiragana}}\p{{Katakana}}"
    joined: str = r"\x{3099}\x{309A}"
    contractions: tuple[tuple[str, str], ...] = CONTRACTIONS
    signs: tuple[tuple[str, str], ...] = SIGNS

    def to_dict(self) -> dict[str, Json]:
        """Return the rules as JSON, their version first."""
        return {"version": RULES_VERSION, **to_json(self)}

    def check(self) -> None:
        """Check that texts can be cut by these rules, within bounds, and don't grow too much.

        Raises:
            RecordError: they can't, or a list or an item of one is too long.
        """
        check_normalization(self.normalization)
        self._check_entities()
        self._check_replacements()
        for name in ("word", "apart", "joined"):
            _check_class(name, getattr(self, name))
        if not 1 <= self.longest_run <= MOST_RUN:
            raise RecordError(
                f"the longest run of a letter is {self.longest_run!r:.20}, not 1 to {MOST_RUN}"
            )
        _check_count("contractions", self.contractions, MOST_CONTRACTIONS)
        _check_count("signs", self.signs, MOST_SIGNS)
        _check_tokens([*self.contractions, *self.signs])
        check_growth(self.split)

    @cached_property
    def read_as(self) -> Mapping[str, str]:
        """Tokens that are read as another word."""
        return dict([*self.contractions, *self.signs])

    def cut(self, texts: pa.LargeStringArray) -> Iterator[Cut]:
        """Cut texts into tokens; :attr:`read_as` is left to the caller.

        Args:
            texts: valid UTF-8, ``large_string[rows]``; null is read as empty.

        Yields:
            The tokens of the next rows, in order.

        Raises:
            ModelRefused: the replacements make the texts more than four times as long.
        """
        return self.cut_rewritten(self.rewrite(texts))

    def rewrite(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        """Do the steps before the cutting: entities, patterns, normalisation.

        Letters of texts that are ASCII keep their case; cutting lowers it.

        Raises:
            ModelRefused: the replacements make the texts more than four times as long.
        """
        texts = without_nulls(texts)
        most = most_bytes(texts)
        layers = Layers(texts, self.scan)
        layers.rewrite(0, self._decode)
        for number, rule in enumerate(self.replacements, 1):
            change = partial(replace, pattern=rule.pattern, replacement=rule.replacement, most=most)
            layers.rewrite(number, change)
        layers.rewrite(len(self.replacements) + 1, self._normalize)
        return layers.texts()

    @cached_property
    def scan(self) -> Scan:
        """Which texts each step of :meth:`rewrite` is for: entities, patterns, normalisation."""
        return Scan(
            [
                Question(("&",)),
                *(Question(rule.where, rule.beyond_ascii) for rule in self.replacements),
                Question(beyond_ascii=True),
            ]
        )

    def cut_rewritten(self, texts: pa.LargeStringArray) -> Iterator[Cut]:
        """Cut texts that :meth:`rewrite` has rewritten."""
        change = partial(shorten_runs, longest=self.longest_run)
        return cut(texts, self._characters, change=change)

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

        >>> texts = pa.array(["Its <b>GREAT</b>! :)", None, "‘So’ it&rsquo;s"], pa.large_string())
        >>> tokens, offsets = Rules().split(texts)
        >>> tokens.to_pylist(), offsets.tolist()
        (['its', 'great', '!', 'great', 'so', "it's"], [0, 4, 4, 6])
        """
        cuts = list(self.cut(texts))
        tokens = pa.concat_arrays(
            [pa.array([], pa.large_string()), *(one.tokens() for one in cuts)]
        )
        offsets = np.cumsum(np.concatenate([[0], *(one.counts for one in cuts)]))
        return self._as_read(tokens), offsets.astype(np.int64)

    @cached_property
    def _characters(self) -> Characters:
        return Characters(self.word, self.apart, self.joined, lower_case=self.lower_case)

    @cached_property
    def _entities(self) -> Mapping[str, str]:
        return dict(self.entities)

    def _as_read(self, tokens: pa.LargeStringArray) -> pa.LargeStringArray:
        indices = pc.index_in(tokens, value_set=pa.array(self.read_as, pa.large_string()))
        words = pa.array(self.read_as.values(), pa.large_string())
        return pc.if_else(indices.is_valid(), words.take(indices), tokens)

    def _decode(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        """Decode entities; the few texts that hold one pass through Python."""
        if not self.entities:
            return texts
        decoded = [ENTITY.sub(self.character, text) for text in texts.to_pylist()]
        return pa.array(decoded, pa.large_string())

    def _normalize(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        return normalize_beyond_ascii(texts, self.normalization, lower_case=self.lower_case)

    def character(self, entity: re.Match[str]) -> str:
        """Return what an entity stands for: itself if it has no meaning."""
        apostrophe, decimal, hexadecimal, name = entity.groups()
        if name is not None:
            known = self._entities.get(name, self._entities.get(name.lower()))
            return entity[0] if known is None else known
        code = int(hexadecimal, 16) if hexadecimal else int(apostrophe or decimal)
        return chr(code) if code < CHARACTERS and code not in NO_CHARACTER else " "

    def _check_entities(self) -> None:
        _check_count("entities", self.entities, MOST_ENTITIES)
        for name, value in self.entities:
            if not ENTITY_NAME.fullmatch(name):
                raise RecordError(f"the entity {name!r:.80} is no name of letters and digits")
            if not 1 <= len(value.encode()) <= LONGEST_REPLACEMENT:
                raise RecordError(
                    f"the entity {name!r:.80} stands for {value!r:.80}, not for 1 to "
                    f"{LONGEST_REPLACEMENT} bytes"
                )

    def _check_replacements(self) -> None:
        _check_count("replacements", self.replacements, MOST_REPLACEMENTS)
        for number, rule in enumerate(self.replacements, 1):
            check_replacement(number, rule.pattern, rule.replacement)
            _check_count(f"places of the replacement rule {number}", rule.where, MOST_PLACES)
            for place in rule.where:
                if not 1 <= len(place.encode()) <= LONGEST_PLACE:
                    raise RecordError(
                        f"the replacement rule {number} is for texts with {place!r:.80}, not with "
                        f"1 to {LONGEST_PLACE} bytes"
                    )


KINDS: Mapping[int, type[Rules | FirstRules]] = {FIRST_VERSION: FirstRules, RULES_VERSION: Rules}


def read_rules(stored: object) -> Rules | FirstRules:
    """Read the rules of a model file, of any version that this code knows.

    Raises:
        ModelRefused: they are of a version that it doesn't know.
        RecordError: a key is missing, unknown or wrong, or the rules don't pass their check.
    """
    if not isinstance(stored, Mapping):
        raise RecordError(f"the rules are {stored!r:.80}, not an object")
    version = stored.get("version")
    # True is 1 for Python.
    kind = KINDS.get(version) if type(version) is int else None
    if kind is not None:
        rules = {name: value for name, value in stored.items() if name != "version"}
        read = from_json(kind, rules, "rules")
        # Those of this release passed when it was tested, and cutting the probes takes time.
        if read != kind():
            read.check()
        return read
    raise ModelRefused(
        f"reading the tokenizer's rules: version {version!r:.80} was found, this release reads "
        f"versions {FIRST_VERSION} and {RULES_VERSION}; install the release that the model was "
        "made for"
    )


def _check_count(what: str, items: tuple[object, ...], most: int) -> None:
    if len(items) > most:
        raise RecordError(f"there are {len(items)} {what}, more than {most}")


def _check_class(name: str, members: str) -> None:
    if len(members) > LONGEST_CLASS or "[" in members or "]" in members:
        raise RecordError(
            f"the class {name!r} of characters is {members!r:.80}, longer than {LONGEST_CLASS} "
            "characters or with a bracket"
        )
    if not members and name != "joined":
        raise RecordError(f"the class {name!r} of characters is empty")
    try:
        pc.match_substring_regex(pa.array([""], pa.large_string()), f"[{members or 'a'}]")
    except pa.ArrowInvalid as error:
        raise RecordError(
            f"the class {name!r} of characters doesn't compile: {one_line(error):.200}"
        ) from error


def _check_tokens(pairs: list[tuple[str, str]]) -> None:
    for token, word in pairs:
        for one in (token, word):
            if one.split() != [one] or len(one.encode()) > LONGEST_TOKEN:
                raise RecordError(
                    f"the token {token!r:.80} is read as {word!r:.80}: one of them is empty, holds "
                    f"a blank or has more than {LONGEST_TOKEN} bytes"
                )
    token, count = Counter(token for token, _ in pairs).most_common(1)[0] if pairs else ("", 0)
    if count > 1:
        raise RecordError(f"the token {token!r:.80} is read as two words")

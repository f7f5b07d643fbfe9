"""The lists of the rules of this release: what stands for what in texts as people write them.

They are only the default of :class:`scorer.words.rules.Rules`, which a new model takes into its
file. A model of before reads its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.entities import name2codepoint


@dataclass(frozen=True)
class Replacement:
    """A pattern of RE2 (https://github.com/google/re2/wiki/Syntax), and what is put for a match.

    Attributes:
        pattern: what is looked for.
        replacement: what is put in its place; ``\\1`` is the first group.
        where: only texts that hold one of these are looked at; all, if there are none.
        beyond_ascii: texts that are not ASCII are looked at, too.
    """

    pattern: str
    replacement: str
    where: tuple[str, ...] = ()
    beyond_ascii: bool = False


# Of HTML 4, and the one that XML adds.
ENTITIES = (
    ("apos", "'"),
    *((name, chr(code)) for name, code in sorted(name2codepoint.items())),
)

ADDRESS, EMAIL = "🔗", "📧"
HAPPY, SAD, UNSURE, HEART, BROKEN_HEART = "🙂", "🙁", "😕", "❤", "💔"
_EYES, _NOSE = "[:=]", "['^-]*"

REPLACEMENTS = (
    # NUL, soft hyphens, zero-width characters, variation selectors, tones of skin.
    Replacement(
        r"[\x00\p{Cf}\x{FE00}-\x{FE0F}\x{1F3FB}-\x{1F3FF}]+",
        "",
        where=("\x00",),
        beyond_ascii=True,
    ),
    # Backslash and letter for a line break, as some files escape it, but not in C:\new\readme.txt.
    Replacement(r"((?i:\b[c-z]):\\[^\s\\]{2}\S*)|\\+[nrt]", r"\1 ", where=("\\",)),
    Replacement(r"\\+(?:'|u2019|u0027)", "'", where=("\\",)),
    # Scripts, styles and comments, one that isn't closed to the end: so the time stays linear.
    Replacement(
        r"(?is)<script\b[^<>]*>.*?(?:</script\s*>|\z)|<style\b[^<>]*>.*?(?:</style\s*>|\z)"
        r"|<!--.*?(?:-->|\z)",
        " ",
        where=("</script", "</SCRIPT", "</style", "</STYLE", "-->"),
    ),
    # HTML tags, line breaks.
    Replacement(r"(?i)</?[a-z][^<>]*>", " ", where=("<",)),
    Replacement(
        r"""(?i)\b(?:(?:https?|ftp)://|www\.)[^\s<>"]*[^\s<>"!?.,;:)'\]]""",
        ADDRESS,
        where=("://", "www.", "WWW.", "Www."),
    ),
    Replacement(r"(?i)[a-z0-9][\w.+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}", EMAIL, ("@",)),
    # The ways to write an apostrophe, once or twice: the last two are UTF-8 that was read as
    # Windows-1252 or Latin-1.
    Replacement(
        r"(?:['`´‘’‛ʹʻʼʽˈ′＇｀\x{91}\x{92}]|â€[™˜]|â\x{80}[\x{98}\x{99}])+",
        "'",
        where=("''", "`"),
        beyond_ascii=True,
    ),
    # Emoticons.
    Replacement(
        rf"(?i)[:;=]{_NOSE}\)+|{_EYES}{_NOSE}(?:\]|[dp]\b)|\^_*\^",
        HAPPY,
        where=(
            *(":)", ";)", "=)", ":-", ";-", "=-", ":'", ":^"),
            *(":]", "=]", ":d", ":D", "=d", "=D", ":p", ":P", "=p", "=P", "^^", "^_"),
        ),
    ),
    Replacement(
        rf"(?:{_EYES}{_NOSE}\(+)+(\W|$)", rf"{SAD}\1", where=(":(", "=(", ":-", "=-", ":'", ":^")
    ),
    Replacement(
        r":-?[/\\|]([^/\w]|$)",
        rf"{UNSURE}\1",
        where=(":/", ":\\", ":|", ":-"),
    ),
    Replacement(r"<3+([^\w>]|$)", rf"{HEART}\1", where=("<3",)),
    Replacement(r"</3+([^\w>]|$)", rf"{BROKEN_HEART}\1", where=("</3",)),
)

# Contractions that lost their apostrophe and are no other word ("its", "were", "cant" are).
CONTRACTIONS = tuple(
    (word.replace("'", ""), word)
    for word in (
        *("don't", "doesn't", "didn't", "isn't", "wasn't", "weren't", "ain't", "aren't"),
        *("haven't", "hasn't", "hadn't", "couldn't", "wouldn't", "shouldn't", "mustn't"),
        *("mightn't", "needn't", "i'm", "i've", "you're", "you've", "you'll", "you'd"),
        *("we've", "they're", "they've", "they'll", "they'd", "it'll", "it'd", "that's"),
        *("that'll", "that'd", "there's", "there'll", "here's", "what's", "who's", "who've"),
        *(
            "would've",
            "could've",
            "should've",
            "might've",
            "must've",
            "y'all",
            "c'mon",
            "ma'am",
            "o'clock",
        ),
    )
)

# Emoji are hardly ever in labelled reviews, so these are read as a word that is; a choice of ours,
# not learned. Those of REPLACEMENTS are among them.
_SIGNS = {
    "love": "❤😍🥰😘💕💖💗💓💙💚💛💜",
    "great": "🙂👍👌😊😀😃😄😁",
    "amazing": "🤩🔥🙌👏💯",
    "delicious": "😋",
    "fun": "😎🥳🎉",
    "hilarious": "😂🤣😆",
    "bad": "🙁☹😕😟",
    "disappointed": "😞😔😒💔😣😢",
    "awful": "👎😖😫😩",
    "terrible": "😡😠🤬😤",
    "disgusting": "🤢🤮",
    "crap": "💩",
    "boring": "😴🥱",
}
SIGNS = tuple((sign, word) for word, signs in _SIGNS.items() for sign in signs)

"""The settings of a training run, and the presets: named settings to start from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from scorer.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run learns, beside the reviews. Kept in the run folder as JSON.

    Raises:
        UsageError: a value out of its range.
    """

    preset: str = field(default="default", metadata={"help": "the settings to start from"})
    vocabulary: int = field(default=20_000, metadata={"help": "words that the network knows", "at_least": 1})
    max_tokens: int = field(default=1000, metadata={"help": "tokens of a review that are read, from its end", "at_least": 1})
    embedding: int = field(default=64, metadata={"help": "numbers a word", "at_least": 1})
    units: int = field(default=64, metadata={"help": "LSTM units in each direction", "at_least": 1})
    bidirectional: bool = field(default=True, metadata={"help": "read from both ends"})
    mask: bool = field(default=True, metadata={"help": "keep padding out of the LSTM; without it nothing can be exported"})
    pooling: str = field(default="max", metadata={"help": "what the last layer sees of the states", "choices": ("max", "last")})
    wide_order: int = field(
        default=3,
        metadata={"help": "words of the longest n-grams of the wide branch, which adds up a weight for each; 0: no branch", "at_least": 0},
    )
    wide_slots: int = field(default=1 << 20, metadata={"help": "weights for the pairs of words, and for the triples", "at_least": 2})
    vector_epochs: int = field(
        default=2, metadata={"help": "passes of word2vec over all reviews that the embedding starts from; 0: from chance", "at_least": 0}
    )
    dropout: float = field(default=0.5, metadata={"help": "share of features dropped", "at_least": 0, "below": 1})
    word_dropout: float = field(default=0.1, metadata={"help": "share of words made unknown", "at_least": 0, "below": 1})
    crops: float = field(default=0.1, metadata={"help": "share of reviews cut to a few words", "at_least": 0, "at_most": 1})
    optimizer: str = field(default="adam", metadata={"help": "how weights move", "choices": ("adam", "rmsprop")})
    learning_rate: float = field(default=2e-3, metadata={"help": "how far weights move", "above": 0})
    schedule: str = field(
        default="cosine", metadata={"help": "how the learning rate goes over all epochs", "choices": ("constant", "cosine")}
    )
    clip_norm: float = field(default=0.5, metadata={"help": "longest gradient of a weight; 0: any", "at_least": 0})
    recurrent_decay: float = field(
        default=1e-4, metadata={"help": "L2 penalty on the weights between the LSTM's steps; it keeps rounding errors small", "at_least": 0}
    )
    batch_size: int = field(default=128, metadata={"help": "reviews a step", "at_least": 1})
    epochs: int = field(default=5, metadata={"help": "passes over the reviews, at most", "at_least": 1})
    patience: int = field(
        default=0, metadata={"help": "epochs without a better held-out loss before it stops; 0: all are done", "at_least": 0}
    )
    bucketed: bool = field(default=True, metadata={"help": "batches of like length, or all padded to max-tokens"})
    parts: int = field(default=1, metadata={"help": "parts that the unlabeled reviews are dealt into, one after another", "at_least": 1})
    part: int = field(default=1, metadata={"help": "of those, the one to learn from; as a teacher the run is silent on it", "at_least": 1})
    held_out: float = field(default=0.1, metadata={"help": "share of reviews held out", "above": 0, "below": 1})
    seed: int = field(default=0, metadata={"help": "makes a run repeatable", "at_least": 0})

    def __post_init__(self) -> None:
        for one in fields(self):
            self._check(one.name, getattr(self, one.name), one.metadata)
        if self.part > self.parts:
            raise UsageError(f"--part is {self.part}; it must be at most --parts, which is {self.parts}")

    @staticmethod
    def _check(name: str, value: Any, rules: Any) -> None:
        wrong = (
            ("at_least" in rules and value < rules["at_least"] and f"at least {rules['at_least']}")
            or ("above" in rules and value <= rules["above"] and f"above {rules['above']}")
            or ("at_most" in rules and value > rules["at_most"] and f"at most {rules['at_most']}")
            or ("below" in rules and value >= rules["below"] and f"below {rules['below']}")
            or ("choices" in rules and value not in rules["choices"] and "one of " + ", ".join(rules["choices"]))
        )
        if wrong:
            raise UsageError(f"--{name.replace('_', '-')} is {value!r}; it must be {wrong}")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types."""
        return asdict(self)

    def options(self) -> list[str]:
        """Return the command-line options that give these settings, those that differ from the preset's only.

        >>> preset("default", epochs=7).options()
        ['--preset', 'default', '--epochs', '7']
        """
        base = PRESETS[self.preset]
        words = ["--preset", self.preset]
        for one in fields(self):
            value = getattr(self, one.name)
            if value == getattr(base, one.name):
                continue
            option = one.name.replace("_", "-")
            words += [f"--{'' if value else 'no-'}{option}"] if isinstance(value, bool) else [f"--{option}", str(value)]
        return words


# The network of the article that this project began with; nearly 84% are its own words. It leaves the embedding's size and the length
# that reviews are padded to open.
ARTICLE = Settings(
    preset="article",
    max_tokens=256,
    embedding=128,
    units=128,
    bidirectional=False,
    pooling="last",
    wide_order=0,
    vector_epochs=0,
    dropout=0.0,
    word_dropout=0.0,
    crops=0.0,
    optimizer="rmsprop",
    learning_rate=1e-3,
    schedule="constant",
    clip_norm=0.0,
    recurrent_decay=0.0,
    batch_size=128,
    epochs=5,
    patience=0,
    bucketed=False,
)

# For dumps of hundreds of millions of reviews: the LSTM takes a quarter of the time, the wide branch is the same.
FAST = Settings(preset="fast", embedding=32, units=24, dropout=0.3)

PRESETS = {"default": Settings(), "fast": FAST, "article": ARTICLE}


def options_of(settings: Any) -> list[str]:
    """Return the command-line options that give all values of a dataclass of settings.

    >>> options_of(Settings())[:2]
    ['--preset', 'default']
    """
    return [word for name, value in asdict(settings).items() for word in (f"--{name.replace('_', '-')}", str(value))]


def preset(name: str, **changes: Any) -> Settings:
    """Return a preset with some settings changed; a change to None is no change.

    Raises:
        UsageError: there is no such preset, or a value is out of its range.
    """
    if name not in PRESETS:
        raise UsageError(f"there is no preset {name!r}; the presets are {', '.join(PRESETS)}")
    return replace(PRESETS[name], **{key: value for key, value in changes.items() if value is not None})

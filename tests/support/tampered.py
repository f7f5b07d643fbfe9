"""Model files that somebody changed and sealed again: ``python tampered.py FOLDER``.

They are made with protocol buffers written here, so that no ``onnx`` package is needed: fields that
are appended to a message are merged into it. The command gives each to ``scorer run`` and checks
that it is refused in one sentence, exit code 4, before the first row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import left_in, run_command, some_texts, write_reviews
from scorer import SentimentModel
from scorer.errors import ModelRefused
from scorer.modelfile import SEAL, UNSEALED, seal
from scorer.modelproto import read_fields
from scorer.reference import LENGTH_BINS
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules

LONGEST_MESSAGE = 800
GRAPH, METADATA = 7, 14
DEEP = 100_000


def varint(value: int) -> bytes:
    """Return a number as a protocol buffer holds it, seven bits a byte."""
    rest, low = value >> 7, value & 127
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | bytes | str) -> bytes:
    """Return one field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def sealed(content: bytes) -> bytes:
    """Seal changed bytes anew, as an exporter would."""
    return seal(SEAL.sub(UNSEALED.encode(), content))


def metadata(content: bytes) -> dict[str, bytes]:
    """Return the metadata of a model file."""
    found = {}
    for number, _, start, end in read_fields(content, 0, len(content)):
        if number == METADATA:
            key, value = (content[a:b] for _, _, a, b in read_fields(content, start, end))
            found[key.decode()] = value
    return found


def with_metadata(content: bytes, changes: dict[str, bytes | str | None]) -> bytes:
    """Return a model file with other metadata; None leaves one out."""
    kept, begin = [], 0
    for number, _, _, end in read_fields(content, 0, len(content)):
        if number != METADATA:
            kept.append(content[begin:end])
        begin = end
    for key, value in (metadata(content) | changes).items():
        if value is not None:
            kept.append(field(METADATA, field(1, key) + field(2, value)))
    return sealed(b"".join(kept))


@dataclass(frozen=True)
class Tampered:
    """A change of a model file.

    Attributes:
        name: what was changed.
        change: makes the bytes, sealed anew.
        message: what the refusal has to say.
    """

    name: str
    change: Callable[[bytes], bytes]
    message: str


def external_tensor(location: str = "weights.bin") -> bytes:
    """Return a tensor whose data are said to lie in another file."""
    entry = field(13, field(1, "location") + field(2, location))
    return field(1, 1) + field(2, 1) + field(8, "stray") + entry + field(14, 1)


def constant(attribute: bytes, name: str = "stray") -> bytes:
    """Return a node of the operator Constant with one attribute."""
    return field(2, name) + field(3, name) + field(4, "Constant") + field(5, attribute)


def _hidden() -> Iterator[tuple[str, bytes]]:
    """Yield places for a tensor outside the file: a name, and what is appended to the model."""
    tensor = external_tensor()
    sparse = field(1, tensor) + field(2, field(8, "indices")) + field(3, 1)
    value = field(1, "value") + field(20, 4)
    in_node = field(1, constant(value + field(5, tensor)))
    places = {
        "an initializer": field(5, tensor),
        "an initializer without a location": field(5, field(8, "stray") + field(14, 1)),
        "an initializer with a location alone": field(
            5, field(8, "stray") + field(13, field(1, "location") + field(2, "weights.bin"))
        ),
        "a location written with more bytes than it needs": field(
            5, field(8, "stray") + b"\x70\x81\x80\x80\x00"
        ),
        "a sparse initializer": field(15, sparse),
        "a sparse initializer's indices": field(15, field(1, b"") + field(2, tensor)),
        "an attribute": in_node,
        "a list of tensors": field(1, constant(field(10, tensor))),
        "a sparse attribute": field(1, constant(field(22, sparse))),
        "a list of sparse tensors": field(1, constant(field(23, sparse))),
        "a subgraph": field(1, constant(field(6, field(5, tensor)))),
        "a subgraph of a subgraph": field(
            1, constant(field(6, field(1, constant(field(6, in_node)))))
        ),
        "a list of graphs": field(1, constant(field(11, field(5, tensor)))),
    }
    for name, fields in places.items():
        yield name, field(GRAPH, fields)
    yield "a function", field(25, field(1, "f") + field(7, constant(value + field(5, tensor))))
    yield "a function's default", field(25, field(1, "f") + field(11, value + field(5, tensor)))
    yield "training information", field(20, field(1, field(5, tensor)))
    yield "a training algorithm", field(20, field(2, in_node))


def _metadata_case(name: str, message: str, **changes: bytes | str | None) -> Tampered:
    return Tampered(name, lambda content: with_metadata(content, changes), message)


def _appended(name: str, more: bytes, message: str) -> Tampered:
    return Tampered(name, lambda content: sealed(content + more), message)


def _json_case(key: str, name: str, message: str, change: Callable[[object], object]) -> Tampered:
    def tamper(content: bytes) -> bytes:
        value = change(json.loads(metadata(content)[key]))
        return with_metadata(content, {key: json.dumps(value)})

    return Tampered(name, tamper, message)


def _rules(name: str, message: str, **changes: object) -> Tampered:
    """Return a file with rules of the first version, changed."""
    rules = FirstRules().to_dict() | changes
    return _json_case("tokenizer", name, message, lambda stored: stored | {"rules": rules})


def _new_rules() -> Iterator[Tampered]:
    """Yield rules of the second version that are out of bounds."""
    changes: tuple[tuple[str, str, object], ...] = (
        ("entities", "the entity 'a b' is no name", [["a b", "c"]]),
        ("entities", "not for 1 to 8 bytes", [["a", "b" * 99]]),
        ("entities", "there are 401 entities, more than 400", [["a", "b"]] * 401),
        ("replacements", "rules.replacements[0] is 1, not an object", [1]),
        ("replacements", "rule 1 doesn't compile", [_pattern("(")]),
        ("replacements", "puts 'bbb", [_pattern("a", "b" * 99)]),
        ("replacements", "more than 4 times as long", [_pattern("", "abc")] * 9),
        ("replacements", "more than 4 times as long", [_pattern(r"(\w+)", r"\1\1")] * 9),
        ("replacements", "there are 999 replacements", [_pattern("a")] * 999),
        ("replacements", "is for texts with ''", [_pattern("a", where=[""])]),
        ("longest_run", "the longest run of a letter is -1", -1),
        ("longest_run", "'rules.longest_run' holds True", True),
        ("word", "the class 'word' of characters is empty", ""),
        ("apart", "with a bracket", "a]|[b"),
        ("joined", "doesn't compile", r"\p{Nosuch}"),
        ("contractions", "there are 101 contractions, more than 100", [["a", "b"]] * 101),
        ("signs", "there are 61 signs, more than 60", [["a", "b"]] * 61),
        ("signs", "holds a blank", [["a", "b c"]]),
        ("signs", "'a' is read as two words", [["a", "b"], ["a", "c"]]),
        ("more", "the key 'rules.more' is unknown", 1),
    )
    for number, (key, message, value) in enumerate(changes, 1):
        rules = {"rules": Rules().to_dict() | {key: value}}
        yield _json_case(
            "tokenizer",
            f"new rules {number}: {key}",
            message,
            lambda stored, rules=rules: stored | rules,
        )


def _pattern(pattern: str, replacement: str = "", where: list[str] | None = None) -> object:
    return {
        "pattern": pattern,
        "replacement": replacement,
        "where": where or [],
        "beyond_ascii": True,
    }


def _words(name: str, message: str, change: Callable[[list[bytes]], list[bytes]]) -> Tampered:
    def tamper(content: bytes) -> bytes:
        words = metadata(content)["vocabulary"].split(b"\n")
        return with_metadata(content, {"vocabulary": b"\n".join(change(words))})

    return Tampered(name, tamper, message)


def _threshold(value: str, message: str) -> Tampered:
    return _metadata_case(f"threshold {value:.20}", message, threshold=value)


def _max_tokens(value: object, message: str) -> Tampered:
    return _json_case(
        "tokenizer",
        f"max_tokens {value!r:.20}",
        message,
        lambda stored: stored | {"max_tokens": value},
    )


def _reference_cases() -> Iterator[Tampered]:
    """Yield references with other bins, or counts that make no sense."""
    sizes = {"negative": 200, "positive": 200, "tokens": LENGTH_BINS, "unknown": 101}
    whole = {name: [2] + [0] * (size - 1) for name, size in sizes.items()}
    fits = whole | {"negative": [0] * 200}
    cases: list[tuple[str, str, dict[str, object]]] = [
        ("with a million bins", "'negative' aren't 200 counts", {"negative": [1] * 1_000_000}),
        ("without a bin", "'tokens' aren't", {"tokens": []}),
        ("with a count below 0", "'unknown' aren't 101 counts", {"unknown": [-1] + [3] * 100}),
        ("with a huge count", "'positive' aren't 200", {"positive": [10**40] + [0] * 199}),
        ("with half a count", "'reference.all.positive[0]' holds 0.5", {"positive": [0.5] * 200}),
        ("that counts other reviews", "counts 4 scores, 2 lengths and 2", {}),
        ("with an unknown key", "'reference.all.more' is unknown", {"more": 1}),
    ]
    domains: list[tuple[str, str, dict[str, object]]] = [
        ("of domains without a bin", "of 'a''s 'tokens' aren't", {"a": fits | {"tokens": []}}),
        ("of a domain too many", "counts 2 reviews, and 4 in its", {"a": fits, "b": fits}),
        ("of many domains", "has 101 domains", {str(number): fits for number in range(101)}),
    ]
    records: list[tuple[str, str, object]] = [
        ("of version 2", "the reference has version 2", {"version": 2, "all": fits}),
        *((name, told, {"version": 1, "all": whole | changes}) for name, told, changes in cases),
        *((name, told, {"version": 1, "all": fits, "domains": of}) for name, told, of in domains),
    ]
    for name, message, record in records:
        stored = json.dumps(record)
        yield _metadata_case(f"a reference {name}", message, reference=stored)


BETWEEN = "the threshold is"
NESTED = "JSON is nested too deeply"
OUTSIDE = "the data of its tensor 'stray' lie outside the file"

TAMPERED: tuple[Tampered, ...] = (
    *(
        _appended(f"data outside: {name}", more, OUTSIDE)
        for name, more in _hidden()
    ),
    *(_threshold(value, BETWEEN) for value in ("0", "1", "1.0", "-0.5", "7", "1e-60", "1e300")),
    *(_threshold(value, "isn't finite") for value in ("NaN", "Infinity", "1e999")),
    *(_threshold(value, "'threshold' holds") for value in ('"0.5"', "[0.5]", "true", "null")),
    _threshold("[" * DEEP, NESTED),
    _threshold("half", "threshold is not JSON: Expecting value"),
    _metadata_case("no example", "there are no example sentences", golden="[]"),
    _metadata_case("an example of NaN", "the number NaN isn't finite", golden='[["a",NaN]]'),
    _metadata_case("an example of 1e400", "isn't finite", golden='[["a",1e400]]'),
    _metadata_case("an example of 1.5", "has the score 1.5", golden='[["a",1.5]]'),
    _metadata_case("an example without a word", "gets no score", golden='[["",0.5]]'),
    _metadata_case("an example that is a number", "'golden[0][0]' holds 1", golden="[[1,0.5]]"),
    _metadata_case("an example without a score", "a list of 1, not of 2", golden='[["a"]]'),
    _metadata_case("examples nested without end", NESTED, golden="[" * DEEP + "]" * DEEP),
    _metadata_case("labels alike", "not two different words", labels='["good","good"]'),
    _metadata_case("an empty label", "not two different words", labels='["","good"]'),
    _metadata_case("one label", "a list of 1, not of 2", labels='["good"]'),
    _metadata_case("labels as a string", "'labels' holds 'ab'", labels='"ab"'),
    _metadata_case("half a surrogate", "half of a surrogate pair", labels='["a","\\ud800"]'),
    _metadata_case("a reference that is a list", "reference is [], not an object", reference="[]"),
    _metadata_case("a reference nested without end", NESTED, reference="[" * DEEP),
    *_reference_cases(),
    _metadata_case("no words", "the vocabulary is empty", vocabulary=""),
    _metadata_case("empty words", "the vocabulary is empty", vocabulary="\n\n"),
    _metadata_case("metadata in Latin-1", "no valid UTF-8", vocabulary=b"caf\xe9"),
    _words("a word twice", "or one twice: 'the'", lambda words: [*words[:-1], words[0]]),
    _words("an empty word", "an empty word, or one twice: ''", lambda words: [*words[:-1], b""]),
    _words("more words than the graph has", "its graph can't score", lambda words: [*words, b"zq"]),
    *(_max_tokens(value, "the token limit is") for value in (0, -1, 1 << 31, 10**4000)),
    *(_max_tokens(value, "'tokenizer.max_tokens' holds") for value in (400.5, "400", True, None)),
    _json_case("tokenizer", "no rules", "the key 'tokenizer.rules' is missing",
               lambda stored: {"max_tokens": 400}),
    _rules("an unknown normalisation", "the normalisation 'NFKQ' is unknown", normalization="NFKQ"),
    _rules("a composed normalisation", "'NFC' is unknown, not NFD or NFKD", normalization="NFC"),
    _rules("rules of the future", "version 3 was found", version=3),
    _rules("rules of the second version without its keys", "rules.entities' is missing", version=2),
    *_new_rules(),
    _rules("a rule that doesn't compile", "rule 1 doesn't compile: Invalid regular expression",
           replacements=[["(", " "]]),
    _rules("a rule without its group", "rule 1 doesn't compile: Invalid replacement",
           replacements=[["a", r"\9"]]),
    _rules("a rule of three", "a list of 3, not of 2", replacements=[["a", "b", "c"]]),
    _rules("a rule that puts much", "the replacement rule 1 puts", replacements=[["a", "b" * 99]]),
    _rules("rules that grow a text", "more than 4 times as long", replacements=[["", "abc"]] * 5),
    _rules("rules that double a word", "more than 4 times as long",
           replacements=[[r"(\w+)", r"\1\1"]] * 9),
    _metadata_case("an origin of the wrong shape", "origin is [], not an object", origin="[]"),
    _metadata_case("an empty origin", "the key 'origin.data' is missing", origin="{}"),
    _metadata_case("an origin nested without end", NESTED, origin='{"data":' * DEEP),
    _json_case("origin", "a long unknown key", "unknown", lambda origin: origin | {"x" * 9999: 1}),
    _json_case("origin", "fewer reviews than none", "a number of reviews is -5",
               lambda origin: origin | {"data": origin["data"] | {"reviews": -5}}),
    _json_case("figures", "an area under the curve of NaN", "the number NaN isn't finite",
               lambda figures: figures | {"held_out": figures["held_out"] | {"auc": float("nan")}}),
    *(
        _metadata_case(f"no {key}", f"its metadata lack or garble '{key}'", **{key: None})
        for key in ("tokenizer", "vocabulary", "labels", "golden", "figures", "origin")
    ),
    Tampered("one output more", lambda content: sealed(
        content + field(GRAPH, field(12, field(1, "lengths")))), ""),
    Tampered("a group at its end", lambda content: sealed(content + b"\x83\x01\x84\x01"),
             "its graph can't be read"),
    Tampered("a field that doesn't end", lambda content: sealed(content + b"\x3a\xff\x01"),
             "its graph can't be read"),
    Tampered("onnxruntime's own format", lambda content: sealed(
        b"\x18\x00\x00\x00ORTM" + content), "its graph can't be read"),
)  # fmt: skip


def complaint(message: str) -> str | None:
    """Return what is wrong with a refusal; None if nothing is."""
    if not message.isprintable() or len(message) > LONGEST_MESSAGE:
        return f"not one readable sentence: {message!r:.1000}"
    return None


def refusal(path: Path) -> str | None:
    """Return why a model file is refused; None if it is loaded."""
    try:
        SentimentModel.load(path)
    except ModelRefused as error:
        return str(error)
    return None


def main(folder: Path) -> int:
    """Give every tampered file to the command; print how many were refused as they should be."""
    whole = Path(SentimentModel.load("fast").file.name).read_bytes()
    source, path = write_reviews(folder / "in.parquet", some_texts(30)), folder / "tampered.onnx"
    wrong = 0
    for one in TAMPERED:
        path.write_bytes(one.change(whole))
        done = run_command("scorer", "run", source, folder / "out.parquet", "--model", path)
        said = done.stderr.removesuffix("\n")
        is_right = (done.returncode, done.stdout, left_in(folder)) == (
            4, "", ["in.parquet", "tampered.onnx"],
        ) and one.message in said and complaint(said) is None  # fmt: skip
        wrong += not is_right
        print(f"{'' if is_right else 'WRONG '}{one.name}: {done.returncode} {said}", flush=True)
    print(f"{len(TAMPERED) - wrong} of {len(TAMPERED)} tampered models refused")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

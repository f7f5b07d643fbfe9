"""Load damaged model files, all in this process: ``python fuzz_models.py FOLDER FIRST COUNT``.

Each number from FIRST on stands for one damaged file. It is loaded as it is, where the seal has to
catch it; then sealed anew, as if somebody had meant it. The number is written to FOLDER/current
before, so that the file is known if this process dies or hangs. The exit code is 0 if every file
was refused in a sentence, or was loaded and meets the example sentences of the whole one.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from scorer import SentimentModel
from scorer.modelfile import SEAL, ModelFile
from scorer.modelproto import read_fields
from tampered import GRAPH, complaint, refusal, sealed

TOLERANCE = 1e-5
# Bytes. A damaged length must not take the machine's memory.
MOST_MEMORY = 8 << 30
# Bytes. A larger tensor or piece of metadata is weights or words: most of the file, and dull.
DULL = 20_000

Damage = Callable[[bytearray, random.Random, list[int]], None]


def lively(content: bytes) -> list[int]:
    """Return the offsets of bytes that are neither weights nor words."""
    return [offset for start, stop in _spans(content) for offset in range(start, stop)]


def _spans(content: bytes) -> Iterator[tuple[int, int]]:
    begin = 0
    for number, _, value, end in read_fields(content, 0, len(content)):
        if number == GRAPH:
            inner = value
            for _, _, _, after in read_fields(content, value, end):
                if after - inner < DULL:
                    yield inner, after
                inner = after
        elif end - begin < DULL:
            yield begin, end
        begin = end


def flip(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        content[chance.choice(offsets)] ^= 1 << chance.randrange(8)


def flip_anywhere(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    flip(content, chance, [chance.randrange(len(content)) for _ in range(8)])


def cut(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    start = chance.choice(offsets)
    del content[start : start + chance.choice((1, 10, 1000))]


def overwrite(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    start, size = chance.choice(offsets), chance.choice((1, 4, 20))
    new = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    content[start : start + size] = new


def insert(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    start = chance.choice(offsets)
    content[start:start] = chance.randbytes(chance.choice((1, 4, 20)))


def swap(content: bytearray, chance: random.Random, offsets: list[int]) -> None:
    first, second, size = chance.choice(offsets), chance.choice(offsets), chance.choice((1, 4, 20))
    one, other = content[first : first + size], content[second : second + size]
    content[first : first + size], content[second : second + size] = other, one


# Flips come twice: they leave most of a file readable, and so reach furthest.
DAMAGES: tuple[Damage, ...] = (flip, flip, flip_anywhere, cut, overwrite, insert, swap)


def damaged(whole: bytes, offsets: list[int], number: int) -> bytes:
    """Return the whole file, damaged; the same for the same number."""
    chance = random.Random(number)  # noqa: S311  # test data
    content = bytearray(whole)
    chance.choice(DAMAGES)(content, chance, offsets)
    return bytes(content)


def found(content: bytes, whole: SentimentModel, path: Path) -> tuple[str, str | None]:
    """Load a damaged file.

    Returns:
        "refused" or "loaded", and what is wrong with that; None if nothing is.
    """
    path.write_bytes(content)
    said = refusal(path)
    if said is not None:
        return "refused", complaint(said)
    model = SentimentModel(ModelFile(str(path), content))
    texts = [golden.text for golden in model.card.golden]
    expected = np.array([golden.score for golden in model.card.golden])
    if not np.abs(model.score(texts) - expected).max() <= TOLERANCE:
        return "loaded", "it doesn't meet its own example sentences"
    return "loaded", None


def main(folder: Path, first: int, count: int) -> int:
    """Load the damaged files; print how many were refused by their seal, refused, and loaded."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    whole = SentimentModel.load("fast")
    content, path = whole.file.content, folder / "damaged.onnx"
    offsets = lively(content)
    counts = {"seal": 0, "refused": 0, "loaded": 0}
    for number in range(first, first + count):
        (folder / "current").write_text(str(number))
        broken = damaged(content, offsets, number)
        if broken == content:
            continue
        status, wrong = found(broken, whole, path)
        if wrong or status != "refused":
            print(f"number {number}: {status}, {wrong}")
            return 1
        counts["seal"] += 1
        if len(SEAL.findall(broken)) != 1:
            continue
        status, wrong = found(sealed(broken), whole, path)
        if wrong:
            print(f"number {number}, sealed anew: {status}, {wrong}")
            return 1
        counts[status] += 1
    print(*counts.values())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))

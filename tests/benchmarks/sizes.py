"""From Parquet to Parquet against onnxruntime alone, for networks of three sizes.

    python tests/benchmarks/sizes.py DATA [MODEL...]

The smaller the LSTM, the more everything else counts. The networks have random weights; 64, 32 and
16 units in each direction, and as many numbers in a word's vector; the wide branch, the vocabulary
and the rules of the default model. MODELs are measured too. DATA is a Parquet file with a column
``review``.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ceiling import Ceiling
from competitors.ours import score_file
from contest import Competitor, Result, compete, timed
from exporter.bundle import bundle
from exporter.convert import network_to_onnx
from exporter.golden import score_sentences
from exporter.rounding import round_weights
from scorer import SentimentModel
from trainer.models.network import build_network
from trainer.settings import preset

UNITS = (64, 32, 16)
ROUNDS = 7


def write_model(path: Path, units: int) -> str:
    """Write a model file of random weights; return its name."""
    card = SentimentModel.load().card
    settings = preset("default", units=units, embedding=units)
    network = build_network(settings, len(card.tokenizer.words), wide=True)
    round_weights(network)
    # Random weights don't give the scores that the card's examples promise.
    golden = score_sentences(network, card.tokenizer)
    file = bundle(network_to_onnx(network), replace(card, golden=golden))
    path.write_bytes(file.content)
    return str(path)


def measure(name: str, data: Path, texts: pa.ChunkedArray, out: Path) -> list[Result]:
    """Measure onnxruntime alone, and ``scorer run``, with one model."""
    model = SentimentModel.load(name)
    ceiling = Ceiling(model, model.card.tokenizer.encode(texts))
    competitors = [
        Competitor("ceiling", lambda: timed(ceiling.score)),
        Competitor("ours", lambda: score_file(data, out, "--model", name)),
    ]
    return compete(competitors, ROUNDS)


def main(data: Path, *models: str) -> None:
    """Print the table."""
    print("| network | ceiling, reviews a second | Parquet to Parquet | ratio |\n|---|---|---|---|")
    texts = pq.read_table(data, columns=["review"])["review"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = {
            f"BiLSTM({units})": write_model(folder / f"{units}.onnx", units) for units in UNITS
        }
        names |= {model: model for model in models}
        for shown, model in names.items():
            top, ours = measure(model, data, texts, folder / "out.parquet")
            ratio = ours.speed / top.speed
            print(f"| {shown} | {top.speed:,.0f} | {ours.speed:,.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

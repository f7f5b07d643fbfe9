"""From Parquet to Parquet against the ceiling, for networks of three sizes: what the rest costs shows more the smaller the LSTM.

    python tests/benchmarks/sizes.py DATA [MODEL...]

Networks of chance weights, 64, 32 and 16 units in each direction and as many numbers a word, with the wide branch, the vocabulary and the
rules of the default model; MODELs beside them. DATA is a Parquet file with a column ``review``.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from competitors.ceiling import Ceiling
from competitors.ours import score_file
from contest import Competitor, compete, timed
from exporter.convert import convert
from exporter.rounding import round_weights
from scorer import SentimentModel
from scorer.modelfile import seal
from trainer.network import build_network
from trainer.settings import preset

UNITS = (64, 32, 16)
ROUNDS = 7


def write_model(path: Path, units: int) -> str:
    """Write a model file of chance weights; return its name."""
    card = SentimentModel.load().card
    network = build_network(preset("default", units=units, embedding=units), len(card.tokenizer.words), wide=True)
    round_weights(network)
    model = convert(network)
    for key, value in replace(card, golden=()).to_metadata().items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(seal(model.SerializeToString()))
    return str(path)


def main(data: Path, *models: str) -> None:
    """Print the table."""
    print("| network | ceiling, reviews a second | Parquet to Parquet | ratio |\n|---|---|---|---|")
    texts = pq.read_table(data, columns=["review"])["review"]
    with tempfile.TemporaryDirectory() as folder:
        names = {f"BiLSTM({units})": write_model(Path(folder) / f"{units}.onnx", units) for units in UNITS}
        for shown, name in (names | {model: model for model in models}).items():
            model = SentimentModel.load(name)
            ceiling = Ceiling(model, model.card.tokenizer.encode(texts))
            out = Path(folder) / "out.parquet"
            top, ours = compete(
                [
                    Competitor("ceiling", lambda ceiling=ceiling: timed(ceiling.score)),
                    Competitor("ours", lambda name=name, out=out: score_file(data, out, "--model", name)),
                ],
                ROUNDS,
            )
            print(f"| {shown} | {top.speed:,.0f} | {ours.speed:,.0f} | {ours.speed / top.speed:.2f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

"""A finished run folder to a verified model file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from exporter.bundle import bundle
from exporter.convert import convert
from exporter.gate import Gate
from exporter.golden import SENTENCES
from exporter.rounding import round_weights
from exporter.verify import Proof, verify
from scorer.errors import ExportRefused, OutputError
from scorer.files import whole_file
from scorer.model import SentimentModel
from trainer.artifact import RunFolder
from trainer.batches import predict


@dataclass(frozen=True)
class Export:
    """A model file that was written.

    Attributes:
        path: where.
        size: its bytes.
        sha256: its SHA-256, in hex.
        proof: how far it is from the Keras network.
    """

    path: Path
    size: int
    sha256: str
    proof: Proof


def export(
    run_dir: Path, out: Path, *, gate: Gate | None = None, force: bool = False, say: Callable[[str], None] = lambda line: None
) -> Export:
    """Turn a finished run into a model file; the file appears only after the proof.

    Args:
        run_dir: the run folder.
        out: the model file to write.
        gate: what the model has to pass, beside the proof.
        force: whether a file that is there may be replaced.
        say: is given a line of progress now and then.

    Raises:
        RunFolderError: the run isn't finished, or damaged.
        ExportRefused: the graph isn't one that the scorer may run, or its answers differ from Keras', or the gate refuses it.
        OutputError: ``out`` is there already, or can't be written.
    """
    if out.is_dir() or (out.exists() and not force):
        raise OutputError(f"exporting to {out}: it exists already; add --force to replace a file, or name another")
    run = RunFolder.open(run_dir)
    if not run.is_network:
        raise ExportRefused(f"exporting {run_dir}: it holds a teacher, not a network; name a run of trainer fit")
    network = run.network()
    if not network.get_layer("embedding").mask_zero:
        raise ExportRefused(
            f"exporting {run_dir}: its network was trained without a mask and reads the padding, which no model file can give it; "
            "train without --no-mask"
        )
    held_out = run.held_out()
    tokens = run.tokenizer.encode(held_out.texts)

    say("rounding weights to 16 and 8 bits")
    unrounded = predict(network, tokens)
    round_weights(network)
    expected = predict(network, tokens)
    rounding = {
        "largest_change": round(float(np.nanmax(np.abs(expected - unrounded))), 6),
        "labels_changed": float(np.mean((expected >= 0.5) != (unrounded >= 0.5))),
    }

    say("converting to ONNX")
    golden = predict(network, run.tokenizer.encode(pa.array(SENTENCES, pa.large_string())))
    scores = {sentence: float(score) for sentence, score in zip(SENTENCES, golden, strict=True)}
    file = bundle(convert(network), run, scores, rounding)

    say(f"comparing with Keras on {len(held_out)} held-out reviews")
    model = SentimentModel(file)
    proof = verify(model, expected, held_out)
    if gate is not None:
        gate.check(model, held_out)
    _write(out, file.content)
    return Export(out, len(file.content), file.sha256, proof)


def _write(out: Path, content: bytes) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(out) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise OutputError(f"writing {out}: {error.strerror or error}; name another place") from error

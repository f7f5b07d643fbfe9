"""A finished run folder to a verified model file, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.bundle import bundle, make_card
from exporter.convert import network_to_onnx
from exporter.errors import ExportRefused
from exporter.gate import Gate
from exporter.golden import score_sentences
from exporter.reference import make_reference
from exporter.rounding import round_weights
from exporter.verify import Proof, verify
from scorer.errors import OutputError
from scorer.model import SentimentModel
from scorer.storage.failures import make_folder, writing
from scorer.storage.whole_file import whole_file
from trainer.models.batches import predict
from trainer.run.folder import RunFolder


@dataclass(frozen=True)
class Export:
    """A model file that was written.

    Attributes:
        path: the file.
        size: its size in bytes.
        sha256: its SHA-256, in hex.
        proof: how far its scores are from those of Keras.
    """

    path: Path
    size: int
    sha256: str
    proof: Proof


def export_run(
    run_dir: Path,
    out: Path,
    *,
    gate: Gate | None = None,
    force: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Export:
    """Turn a finished run into a model file, which appears only after all checks.

    Args:
        run_dir: the run folder.
        out: the model file to write.
        gate: further checks of the model's quality.
        force: whether an existing file may be replaced.
        say: receives a line when a step begins.

    Raises:
        RunFolderError: the run is unfinished or damaged.
        ExportRefused: the scorer may not run the graph, its scores differ from those of Keras, or
            the gate refuses it.
        ModelRefused: the model file that the gate compares with can't be read.
        OutputError: ``out`` exists, or can't be written.
    """
    _check_free(out, force=force)
    run = _open_run(run_dir)
    network = _masked_network(run)
    held_out = run.held_out()
    tokens = run.tokenizer.encode(held_out.texts)

    say("rounding weights to 16 and 8 bits")
    unrounded = predict(network, tokens)
    round_weights(network)
    rounded = predict(network, tokens)

    say("converting to ONNX")
    golden = score_sentences(network, run.tokenizer)
    reference = make_reference(run.held_out_scores(), held_out, tokens)
    card = make_card(run, golden, unrounded, rounded, reference)
    file = bundle(network_to_onnx(network), card)

    say(f"comparing with Keras on {len(held_out)} held-out reviews")
    model = SentimentModel(file)
    proof = verify(model, rounded, held_out)
    if gate is not None:
        gate.check(model, held_out, run.folds())
    _write(out, file.content)
    return Export(out, len(file.content), file.sha256, proof)


def _check_free(out: Path, *, force: bool) -> None:
    if out.is_dir() or (out.exists() and not force):
        raise OutputError(
            f"exporting to {out}: it exists already; add --force to replace a file, or name another"
        )


def _open_run(run_dir: Path) -> RunFolder:
    run = RunFolder.open(run_dir)
    if not run.is_network:
        raise ExportRefused(
            f"exporting {run_dir}: it holds a teacher, not a network; name a run of trainer fit"
        )
    return run


def _masked_network(run: RunFolder) -> Any:
    network = run.network()
    if not network.get_layer("embedding").mask_zero:
        raise ExportRefused(
            f"exporting {run.path}: its network was trained without a mask, so its scores depend "
            "on the padding; train again without --no-mask"
        )
    return network


def _write(out: Path, content: bytes) -> None:
    make_folder(out)
    with writing(out), whole_file(out) as temporary:
        temporary.write_bytes(content)

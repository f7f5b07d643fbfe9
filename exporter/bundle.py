"""What goes into the model file beside the graph, sealed."""

from __future__ import annotations

from importlib.metadata import version

import onnx

from exporter.golden import SENTENCES
from scorer.modelfile import Card, Golden, ModelFile, seal
from trainer.artifact import RunFolder

LABELS = ("negative", "positive")
THRESHOLD = 0.5


def bundle(graph: onnx.ModelProto, run: RunFolder, scores: dict[str, float], rounding: dict[str, float]) -> ModelFile:
    """Return the bytes of a model file.

    Args:
        graph: what :func:`exporter.convert.convert` made.
        run: the run that it came from.
        scores: the golden sentences with the scores of the masked Keras network.
        rounding: what storing the embedding in 16 bits cost.
    """
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    del model.metadata_props[:]
    for key, value in make_card(run, scores, rounding).to_metadata().items():
        model.metadata_props.add(key=key, value=value)
    return ModelFile("the new model", seal(model.SerializeToString(deterministic=True)))


def make_card(run: RunFolder, scores: dict[str, float], rounding: dict[str, float]) -> Card:
    """Return what the model file tells of itself."""
    metrics = run.metrics
    versions = {**run.config["versions"], **{name: version(name) for name in ("onnx", "tf2onnx")}}
    return Card(
        tokenizer=run.tokenizer,
        labels=LABELS,
        threshold=THRESHOLD,
        calibration={
            "method": "line through the logits",
            **metrics["calibration"],
            "error_before": metrics["held_out_before_calibration"]["calibration_error"],
            "error_after": metrics["held_out"]["calibration_error"],
        },
        golden=tuple(Golden(sentence, scores[sentence]) for sentence in SENTENCES),
        figures={"held_out": metrics["held_out"], **({"test": metrics["test"]} if "test" in metrics else {}), "rounding": rounding},
        origin={
            "data": run.config["data"],
            "command": run.config["command"],
            "settings": run.config["settings"],
            "versions": versions,
            "date": run.config["date"],
        },
    )

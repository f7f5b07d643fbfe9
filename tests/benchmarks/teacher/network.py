"""The teacher's network: all-mpnet-base-v2, mean pooled, with one linear output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from transformers import AutoTokenizer, MPNetModel, logging

from scorer.errors import UsageError
from scorer.storage.whole_file import whole_file
from teacher.tokens import batches_by_length, head_and_tail, padded, plain
from teacher.weights import FILES

WIDTH = 768
# The embeddings and the layers before this one stay as they are published.
FIRST_TRAINED = 6
BATCH = 32
LAYER, HEAD = "encoder.layer.{}.", "head."


def has_bf16() -> bool:
    """Whether this CPU multiplies in bfloat16: elsewhere it is slower than float32."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512_bf16" in flags.read_text()


class Teacher(torch.nn.Module):
    """The network and its tokenizer.

    Args:
        weights: folder with the public weights, as :mod:`teacher.weights` leaves it.

    Raises:
        UsageError: a file isn't there.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        lacking = [name for name in FILES if not (weights / name).is_file()]
        if lacking:
            raise UsageError(
                f"loading the public weights: there is no {lacking[0]} in {weights}; "
                "make the folder with teach.py weights"
            )
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        # A warning of the tokenizer counts more than 512 tokens: they are cut here.
        self.tokenizer.model_max_length = 1 << 30
        self.body = MPNetModel.from_pretrained(
            weights, add_pooling_layer=False, attn_implementation="eager", local_files_only=True
        )
        self.head = torch.nn.Linear(WIDTH, 1)
        self.bf16 = has_bf16()

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of texts, at most 224 of each."""
        start, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        rows = self.tokenizer([plain(text) for text in texts], add_special_tokens=False)
        return [[start, *head_and_tail(ids), end] for ids in rows["input_ids"]]

    def forward(self, rows: Sequence[list[int]]) -> torch.Tensor:
        """Return the logits of rows of token ids, ``float32[rows]``."""
        ids, mask = (torch.from_numpy(a) for a in padded(rows, self.tokenizer.pad_token_id))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        # float32[rows, tokens, 1]
        weight = mask[:, :, None].float()
        return self.head((states * weight).sum(1) / weight.sum(1))[:, 0]

    @torch.inference_mode()
    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the logits of texts, ``float32[texts]``."""
        self.eval()
        rows = self.token_ids(texts)
        logits = np.zeros(len(rows), np.float32)
        for batch in batches_by_length(np.array([len(row) for row in rows]), BATCH):
            logits[batch] = self([rows[row] for row in batch]).numpy()
        return logits

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """Return the parameters that are trained: the last six layers and the output, by name."""
        layers = range(FIRST_TRAINED, self.body.config.num_hidden_layers)
        prefixes = tuple(LAYER.format(layer) for layer in layers)
        body = dict(self.body.named_parameters())
        trained = {name: body[name] for name in body if name.startswith(prefixes)}
        return trained | {HEAD + name: value for name, value in self.head.named_parameters()}

    def set_training(self) -> None:
        """Freeze what isn't trained, dropout included."""
        self.requires_grad_(False)
        self.eval()
        for parameter in self.trained().values():
            parameter.requires_grad_(True)
        for layer in self.body.encoder.layer[FIRST_TRAINED:]:
            layer.train()

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Load trained parameters that :meth:`save` wrote.

        Raises:
            UsageError: the file isn't there, or holds other parameters.
        """
        if not path.is_file():
            raise UsageError(f"loading trained weights: {path} does not exist; run fine-tune first")
        stored, ours = load_file(path), self.trained()
        other = {name for name in stored if name not in ours} | (ours.keys() - stored.keys())
        if other:
            raise UsageError(
                f"loading trained weights from {path}: {min(other)} is in the file or in the "
                "network, but not in both; give a file that fine-tune wrote"
            )
        for name, parameter in ours.items():
            parameter.copy_(stored[name])

    def save(self, path: Path) -> None:
        """Write the trained parameters in bfloat16, whole."""
        values = {name: value.detach().bfloat16() for name, value in self.trained().items()}
        with whole_file(path) as temporary:
            temporary.write_bytes(to_bytes(values))

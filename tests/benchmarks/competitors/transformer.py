"""A transformer of DistilBERT's shapes (Sanh et al. 2019, arXiv:1910.01108) in onnxruntime, with a WordPiece tokenizer.

Its weights are chance: only its speed counts. Six layers, 768 numbers a token, 12 heads, 3,072 in between, 512 tokens at most.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper
from tokenizers import BertWordPieceTokenizer

from exporter.nodes import Nodes

LAYERS, WIDTH, HEADS, INNER = 6, 768, 12, 3072
WORDS, LONGEST, BATCH = 30_522, 512, 16


class Transformer:
    """A tokenizer made of some texts, and a session on all cores."""

    def __init__(self, texts: list[str]) -> None:
        self._tokenizer = BertWordPieceTokenizer()
        self._tokenizer.train_from_iterator(texts, vocab_size=WORDS, show_progress=False)
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()
        self._session = onnxruntime.InferenceSession(_Graph().model().SerializeToString(), providers=["CPUExecutionProvider"])

    def score(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Score texts in batches, sorted by length."""
        order = np.argsort([len(text) for text in texts])
        scores = np.zeros(len(texts), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([texts[row] for row in rows])
            feed = {
                "input_ids": np.array([one.ids for one in encoded], np.int64),
                "attention_mask": np.array([one.attention_mask for one in encoded], np.float32),
            }
            scores[rows] = self._session.run(None, feed)[0][:, 0]
        return scores


class _Graph(Nodes):
    """The ONNX graph, node by node."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = np.random.default_rng(0)

    def model(self) -> onnx.ModelProto:
        states = self._embed()
        penalty = self.add("Mul", self.add("Sub", self.constant(np.float32(1)), "attention_mask"), self.constant(np.float32(-1e4)))
        penalty = self.add("Unsqueeze", penalty, self.constant(np.array([1, 2])))
        for _ in range(LAYERS):
            states = self._norm(self.add("Add", states, self._attention(states, penalty)))
            states = self._norm(self.add("Add", states, self._inner(states)))
        first = self.add("Gather", states, self.constant(np.int64(0)), axis=1)
        self.add("Sigmoid", self._dense(first, WIDTH, 1), output="score")
        inputs = [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("attention_mask", TensorProto.FLOAT, ["batch", "length"]),
        ]
        outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])]
        graph = helper.make_graph(self.nodes, "transformer", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _embed(self) -> str:
        length = self.add("Gather", self.add("Shape", "input_ids"), self.constant(np.int64(1)))
        places = self.add("Range", self.constant(np.int64(0)), length, self.constant(np.int64(1)))
        words = self.add("Gather", self._weights(WORDS, WIDTH), "input_ids")
        return self._norm(self.add("Add", words, self.add("Gather", self._weights(LONGEST, WIDTH), places)))

    def _attention(self, states: str, penalty: str) -> str:
        heads = self.constant(np.array([0, 0, HEADS, WIDTH // HEADS]))

        def part(perm: list[int]) -> str:
            return self.add("Transpose", self.add("Reshape", self._dense(states, WIDTH, WIDTH), heads), perm=perm)

        queries, keys, values = part([0, 2, 1, 3]), part([0, 2, 3, 1]), part([0, 2, 1, 3])
        scaled = self.add("Mul", self.add("MatMul", queries, keys), self.constant(np.float32((WIDTH // HEADS) ** -0.5)))
        shares = self.add("Softmax", self.add("Add", scaled, penalty), axis=-1)
        met = self.add("Transpose", self.add("MatMul", shares, values), perm=[0, 2, 1, 3])
        return self._dense(self.add("Reshape", met, self.constant(np.array([0, 0, WIDTH]))), WIDTH, WIDTH)

    def _inner(self, states: str) -> str:
        inner = self._dense(states, WIDTH, INNER)
        scaled = self.add("Erf", self.add("Div", inner, self.constant(np.float32(2**0.5))))
        half = self.add("Mul", inner, self.constant(np.float32(0.5)))
        gelu = self.add("Mul", half, self.add("Add", scaled, self.constant(np.float32(1))))
        return self._dense(gelu, INNER, WIDTH)

    def _norm(self, states: str) -> str:
        scale, bias = self.constant(np.ones(WIDTH, np.float32)), self.constant(np.zeros(WIDTH, np.float32))
        return self.add("LayerNormalization", states, scale, bias, axis=-1)

    def _dense(self, states: str, inputs: int, outputs: int) -> str:
        return self.add("Add", self.add("MatMul", states, self._weights(inputs, outputs)), self.constant(np.zeros(outputs, np.float32)))

    def _weights(self, *shape: int) -> str:
        return self.constant(self._rng.normal(0, 0.02, shape).astype(np.float32))

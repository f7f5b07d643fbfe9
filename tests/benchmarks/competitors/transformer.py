"""A transformer of DistilBERT's shapes in onnxruntime, with a WordPiece tokenizer.

The shapes are those of Sanh et al. 2019, arXiv:1910.01108: six layers, 12 heads, 768 numbers a
token, 3,072 in the inner layer, at most 512 tokens. The weights are random: only the speed counts.
Nothing is read or written.
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
OPSET, IR_VERSION = 17, 8


class Transformer:
    """A tokenizer trained on some texts, and a session on all cores."""

    def __init__(self, texts: list[str]) -> None:
        self._tokenizer = BertWordPieceTokenizer()
        self._tokenizer.train_from_iterator(texts, vocab_size=WORDS, show_progress=False)
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()
        content = _Graph().model().SerializeToString()
        self._session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def score(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Score texts in batches, sorted by length."""
        order = np.argsort([len(text) for text in texts])
        scores = np.zeros(len(texts), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            encodings = self._tokenizer.encode_batch([texts[row] for row in rows])
            masks = [encoding.attention_mask for encoding in encodings]
            feed = {
                "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
                "attention_mask": np.array(masks, np.float32),
            }
            scores[rows] = self._session.run(None, feed)[0][:, 0]
        return scores


class _Graph(Nodes):
    """The ONNX graph, node by node. Every method returns the name of its output."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = np.random.default_rng(0)

    def model(self) -> onnx.ModelProto:
        states, penalty = self._embed(), self._padding_penalty()
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
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def _embed(self) -> str:
        length = self.add("Gather", self.add("Shape", "input_ids"), self.constant(np.int64(1)))
        zero, one = self.constant(np.int64(0)), self.constant(np.int64(1))
        positions = self.add("Range", zero, length, one)
        word_vectors = self.add("Gather", self._weights(WORDS, WIDTH), "input_ids")
        position_vectors = self.add("Gather", self._weights(LONGEST, WIDTH), positions)
        return self._norm(self.add("Add", word_vectors, position_vectors))

    def _padding_penalty(self) -> str:
        """Add what keeps padding out of the attention: 0 for a token, -10,000 for padding.

        Shape: ``float32[batch, 1, 1, length]``.
        """
        is_padding = self.add("Sub", self.constant(np.float32(1)), "attention_mask")
        penalty = self.add("Mul", is_padding, self.constant(np.float32(-1e4)))
        return self.add("Unsqueeze", penalty, self.constant(np.array([1, 2])))

    def _attention(self, states: str, penalty: str) -> str:
        heads = self.constant(np.array([0, 0, HEADS, WIDTH // HEADS]))

        def project(axes: list[int]) -> str:
            by_head = self.add("Reshape", self._dense(states, WIDTH, WIDTH), heads)
            return self.add("Transpose", by_head, perm=axes)

        queries, keys, values = project([0, 2, 1, 3]), project([0, 2, 3, 1]), project([0, 2, 1, 3])
        scale = self.constant(np.float32((WIDTH // HEADS) ** -0.5))
        products = self.add("Mul", self.add("MatMul", queries, keys), scale)
        weights = self.add("Softmax", self.add("Add", products, penalty), axis=-1)
        means = self.add("Transpose", self.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", means, self.constant(np.array([0, 0, WIDTH])))
        return self._dense(joined, WIDTH, WIDTH)

    def _inner(self, states: str) -> str:
        """Add a dense layer, GELU in the exact form, and a dense layer."""
        inner = self._dense(states, WIDTH, INNER)
        erf = self.add("Erf", self.add("Div", inner, self.constant(np.float32(2**0.5))))
        half = self.add("Mul", inner, self.constant(np.float32(0.5)))
        gelu = self.add("Mul", half, self.add("Add", erf, self.constant(np.float32(1))))
        return self._dense(gelu, INNER, WIDTH)

    def _norm(self, states: str) -> str:
        scale = self.constant(np.ones(WIDTH, np.float32))
        bias = self.constant(np.zeros(WIDTH, np.float32))
        return self.add("LayerNormalization", states, scale, bias, axis=-1)

    def _dense(self, states: str, inputs: int, outputs: int) -> str:
        product = self.add("MatMul", states, self._weights(inputs, outputs))
        return self.add("Add", product, self.constant(np.zeros(outputs, np.float32)))

    def _weights(self, *shape: int) -> str:
        return self.constant(self._rng.normal(0, 0.02, shape).astype(np.float32))

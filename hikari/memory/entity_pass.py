# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# spaCy and thinc are partly written in Cython and carry no types.
"""The trained pipeline's forward pass in one go: same values to the last bit, a quarter of the time for one chat message.

spaCy walks some forty small layers for every text, which for ten words takes longer than their arithmetic. Here the same operations
follow each other directly, and what the network makes of a word by itself, before it looks at the neighbours, is kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model, NumpyOps

from hikari.memory.word_vectors import PieceVectors

if TYPE_CHECKING:
    from spacy.language import Language

Floats = NDArray[np.float32]

KEPT_WORDS = 20_000
_KNOWN = re.compile(
    r"extract_features>>list2ragged>>with_array\(ints-getitem>>hashembed(?:\|ints-getitem>>hashembed)+\)\|static_vectors"
    r">>with_array\(maxout>>layernorm>>dropout\)>>ragged2list"
    r">>with_array\((?:(?:>>)?residual\(expand_window>>maxout>>layernorm>>dropout\))+\)>>list2array>>linear"
)
"""The layers that are understood, as thinc names them: `spacy.MultiHashEmbed.v2` with vectors and `spacy.MaxoutWindowEncoder.v2`."""


def shorten(pipeline: "Language") -> bool:
    """Put the short pass in the place of the entity recogniser's layers; False, and nothing changed, where it does not know them.

    The pipeline finds the same as before, but can no longer be trained or saved.
    """
    if "ner" not in pipeline.pipe_names or not isinstance(pipeline.vocab.vectors, PieceVectors):
        return False
    model: Any = getattr(pipeline.get_pipe("ner"), "model", None)
    if model is None or not model.layers or not _KNOWN.fullmatch(model.layers[0].name) or type(model.ops) is not NumpyOps:
        return False
    read = _Pass(model.layers[0], pipeline.vocab.vectors)

    def forward(_: Any, docs: Sequence[Any], is_train: bool) -> tuple[Floats, Any]:
        if is_train:
            raise RuntimeError("a shortened pipeline cannot be trained")
        return read(docs), None

    return bool(model.replace_node(model.layers[0], Model("hikari_entity_pass", forward, dims={"nO": None}, ops=model.ops)))


@dataclass(frozen=True, slots=True)
class _Layer:
    """Maxout and layer norm."""

    weights: Floats
    bias: Floats
    pieces: int
    scale: Floats
    shift: Floats

    @classmethod
    def of(cls, maxout: Any, norm: Any) -> "_Layer":
        weights = maxout.get_param("W")
        wide, pieces, narrow = weights.shape
        bias = maxout.get_param("b").reshape(wide * pieces)
        return cls(weights.reshape(wide * pieces, narrow), bias, pieces, norm.get_param("G"), norm.get_param("b"))

    def __call__(self, ops: Any, rows: Floats) -> Floats:
        spread: Floats = ops.gemm(rows, self.weights, trans2=True)
        spread += self.bias
        best: Floats = ops.maxout(spread.reshape(len(rows), -1, self.pieces))[0]
        # As `ndarray.mean` and `.var` reckon, without what they check.
        width = best.shape[1]
        best -= np.add.reduce(best, axis=1, keepdims=True) / width
        spread = np.add.reduce(best * best, axis=1, keepdims=True) / width
        spread += 1e-08
        best *= spread**-0.5
        best *= self.scale
        best += self.shift
        return best


class _Pass:
    """From documents to the vectors of all their words in context, one matrix. Not thread-safe."""

    def __init__(self, layers: Any, vectors: PieceVectors) -> None:
        nodes: list[Any] = list(layers.walk(order="dfs_pre"))
        named = {name: [node for node in nodes if node.name == name] for name in {node.name for node in nodes}}
        self._ops: Any = NumpyOps(use_blis=layers.ops.use_blis)
        self._vectors = vectors
        self._columns = [*named["extract_features"][0].attrs["columns"], vectors.attr]
        self._tables = [(node.attrs["column"], node.attrs["seed"], node.get_param("E")) for node in named["hashembed"]]
        self._mix = named["static_vectors"][0].get_param("W")
        self._word, *self._context = [_Layer.of(*pair) for pair in zip(named["maxout"], named["layernorm"], strict=True)]
        self._window = named["expand_window"][0].attrs["window_size"]
        self._gap = max(node.attrs["pad"] for node in nodes if node.name.startswith("with_array("))
        self._weights, self._bias = named["linear"][0].get_param("W"), named["linear"][0].get_param("b")
        self._kept: dict[bytes, Floats] = {}

    def __call__(self, docs: Sequence[Any]) -> Floats:
        ops, gap = self._ops, self._gap
        words = self._words(np.concatenate([doc.to_array(self._columns) for doc in docs]))
        # Between texts lie rows of zeros, so that no word has one of another text for a neighbour.
        places = np.arange(len(words)) + np.repeat(np.arange(1, len(docs) + 1) * gap, [len(doc) for doc in docs])
        rows = np.zeros((len(words) + (len(docs) + 1) * gap, words.shape[1]), np.float32)
        rows[places] = words
        for layer in self._context:
            rows = rows + layer(ops, ops.seq2col(rows, self._window))
        out: Floats = ops.gemm(rows[places], self._weights, trans2=True)
        out += self._bias
        return out

    def _words(self, features: NDArray[np.uint64]) -> Floats:
        """The vector of every word by itself: from the store, or computed for the new ones together."""
        kept = self._kept
        if len(kept) > KEPT_WORDS:
            kept.clear()
        names: list[bytes] = features.view(f"V{features.itemsize * features.shape[1]}").ravel().tolist()
        new = {name: number for number, name in enumerate(names) if name not in kept}
        if new:
            kept.update(zip(new, self._fresh(np.ascontiguousarray(features[list(new.values())])), strict=True))
        return np.stack([kept[name] for name in names])

    def _fresh(self, features: NDArray[np.uint64]) -> Floats:
        ops, parts = self._ops, list[Floats]()
        for column, seed, table in self._tables:
            keys = ops.hash(np.ascontiguousarray(features[:, column]), seed) % len(table)
            parts.append(ops.gather_add(table, keys))
        parts.append(ops.gemm(self._vectors.get_batch(features[:, -1]), self._mix, trans2=True))
        return self._word(ops, np.hstack(parts))

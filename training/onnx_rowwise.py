"""Int8 for an encoder whose answers must not depend on their batch: every activation row is quantised by itself.

Dynamic quantisation takes one range per tensor, so a text's neighbours change its result. Here each token's row is divided by its
own largest value before it is rounded, and its product is multiplied by it afterwards; rows come out alike in every batch. Before
that each channel's usual value is taken off, which costs nothing where a bias precedes and another follows, and halves the range of
a row: a few channels of BERT are far from zero in every token.

The graph is written node by node from the network's weights, not rewritten from an exported one, because a short text spends as long
in the small nodes of an exported graph as in its products. Measured with onnxruntime 1.32 on AVX2, which explains some choices:

- one product makes Q, K and V, and MultiHeadAttention does the rest of attention;
- texts of one pass have one length, so there is no mask: it costs a quarter of an attention node;
- Add and LayerNormalization together are three times faster than SkipLayerNormalization;
- GELU is the tanh form, which takes 0.6 of the time; the forms differ by 0.0005 at most, a tenth of what rounding does.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

_WEIGHT_LIMIT = 63
"""7 bits: on processors without VNNI two products of 8 bits overflow their 16-bit sum."""
_SMALLEST = np.float32(1e-12)
_MICROSOFT = "com.microsoft"
_KNOWN = ("bert", "roberta", "xlm-roberta")


class UnknownEncoder(ValueError):
    """The encoder is none that this module can write."""


@dataclass(frozen=True)
class _Range:
    """How a row divided by its scale is rounded to 0..255: `zero` stands for 0, and `top` levels above it for 1."""

    name: str
    zero: int
    top: int
    least: float
    """The scale is at least this."""


_BOTH_SIDES = _Range("both", 128, 127, 0.0)
_GELU = _Range("gelu", 64, 191, 0.51)
"""GELU is never below -0.1701, so most levels can lie above zero; 0.51 * 64 / 191 is just enough for the rest."""


@dataclass(frozen=True)
class _Centres:
    """Means over tokens of what enters a layer, its attention's output and its inner product, channel by channel."""

    states: np.ndarray
    mixed: np.ndarray
    attended: np.ndarray


def quantise_rows(encoder: Any, samples: Sequence[Sequence[int]], target: Path) -> None:
    """Write a BERT of transformers with mean pooling to unit length: int64 `input_ids` of one length each to `embedding`.

    Weights have 7 bits (a scale per output channel), activations 8 (a scale per row), words of the table 8 (a scale each); the rest
    is fp32. The token ids `samples` tell the mean of each channel. Raises `UnknownEncoder`.
    """
    rows = RowEncoder(encoder, samples)
    graph = RowGraph()
    mean = graph.node("ReduceMean", [rows.states(graph)], "mean", axes=[1], keepdims=0)
    length = graph.node("ReduceL2", [mean], "mean/length", axes=[1], keepdims=1)
    graph.node("Div", [mean, length], "embedding")
    graph.save(target, {"embedding": rows.width})


class RowEncoder:
    """A BERT or RoBERTa of transformers, ready to be written into graphs. Raises `UnknownEncoder`."""

    def __init__(self, encoder: Any, samples: Sequence[Sequence[int]]) -> None:
        config = encoder.config
        activation = getattr(config, "hidden_act", None)
        if config.model_type not in _KNOWN or activation != "gelu":
            raise UnknownEncoder(
                f"only {', '.join(_KNOWN)} with GELU can be quantised row by row, got {config.model_type} with {activation}"
            )
        self._encoder, self._heads = encoder, int(config.num_attention_heads)
        self.width = int(config.hidden_size)
        self._centres = _centres(encoder, samples)
        self.layers = tuple(f"layer.{number}" for number in range(len(encoder.encoder.layer)))

    def states(self, graph: "RowGraph", exact: Collection[str] = ()) -> str:
        """Write everything up to the last layer's states; the products of the layers named in `exact` stay in fp32."""
        centres = self._centres
        ends = [*(centre.states for centre in centres[1:]), np.zeros(self.width)]
        states = _embeddings(graph, self._encoder.embeddings, centres[0].states)
        for name, layer, centre, end in zip(self.layers, self._encoder.encoder.layer, centres, ends, strict=True):
            graph.exact = name in exact
            states = _layer(graph, layer, states, name, self._heads, centre, end)
        return states


def quantise_classifier(rows: RowEncoder, heads: dict[str, Any], target: Path, exact: Collection[str] = ()) -> None:
    """Write a classifier: int64 `input_ids` of one length each to the logits of every head, a linear layer of PyTorch."""
    graph = RowGraph()
    states = rows.states(graph, exact)
    # The mean as a product with ones: a reduction takes another way for a single text, with other last bits.
    shape = graph.node("Concat", [graph.constant("mean/first", np.array([1])), "length"], "mean/shape", axis=0)
    ones = graph.node("Expand", [graph.constant("mean/one", np.ones((1, 1), dtype=np.float32)), shape], "mean/ones")
    total = graph.node("MatMul", [ones, states], "mean/sum")
    column = graph.node("Div", [total, graph.node("Cast", ["length"], "mean/count", to=TensorProto.FLOAT)], "mean")
    for name, head in heads.items():
        # Sums of products, not a product of matrices, for the same reason.
        terms = graph.node("Mul", [column, graph.constant(f"{name}/weight", _array(head.weight))], f"{name}/terms")
        summed = graph.node("ReduceSum", [terms, graph.constant(f"{name}/axis", np.array([2]))], f"{name}/summed", keepdims=0)
        graph.node("Add", [summed, graph.constant(f"{name}/bias", _array(head.bias))], name)
    graph.save(target, {name: head.out_features for name, head in heads.items()})


def _centres(encoder: Any, samples: Sequence[Sequence[int]]) -> list[_Centres]:
    layers = encoder.encoder.layer
    parts = [
        part for layer in layers for part in (layer.attention.self.query, layer.attention.output.dense, layer.intermediate.dense)
    ]
    sums = [np.zeros(part.in_features) for part in parts]

    def counted(number: int) -> Any:
        def hook(_: Any, given: tuple[torch.Tensor]) -> None:
            sums[number] += given[0].double().sum(dim=(0, 1)).numpy()

        return hook

    handles = [part.register_forward_pre_hook(counted(number)) for number, part in enumerate(parts)]
    with torch.inference_mode():
        for ids in samples:
            encoder(input_ids=torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    # Rounded, so that another machine's last bits make no other file.
    means = [np.round(total / sum(map(len, samples)), 2) for total in sums]
    return [_Centres(*means[start : start + 3]) for start in range(0, len(means), 3)]


def _embeddings(graph: "RowGraph", part: Any, centre: np.ndarray) -> str:
    words = graph.lookup("input_ids", _array(part.word_embeddings.weight), "words")
    # A text is one segment, so that every token has the first type.
    # RoBERTa's first places belong to padding, of which there is none.
    padding = part.position_embeddings.padding_idx
    taken = _array(part.position_embeddings.weight)[0 if padding is None else padding + 1 :]
    places = graph.constant("places", taken + _array(part.token_type_embeddings.weight)[0])
    first, axis = graph.constant("places/first", np.array([0])), graph.constant("places/axis", np.array([0]))
    length = graph.node("Shape", ["input_ids"], "length", start=1, end=2)
    placed = graph.node("Add", [words, graph.node("Slice", [places, first, length, axis], "places/taken")], "placed")
    return _norm(graph, part.LayerNorm, placed, "placed/norm", centre)


def _layer(graph: "RowGraph", layer: Any, states: str, name: str, heads: int, centre: _Centres, end: np.ndarray) -> str:
    attention, dense = layer.attention.self, layer.attention.output
    parts = (attention.query, attention.key, attention.value)
    packed = graph.product(states, np.concatenate([_array(part.weight) for part in parts]).T, f"{name}/qkv")
    # What attention mixes has weights that sum to 1, so that V's bias shifts its output by as much.
    shift = np.concatenate([np.zeros(attention.query.out_features + attention.key.out_features), centre.mixed])
    bias = graph.constant(f"{name}/qkv/bias", _bias(np.concatenate([_moved(part, centre.states) for part in parts]) - shift))
    sizes = graph.constant("heads/sizes", np.array([part.out_features for part in parts]))
    split = [f"{name}/{part}" for part in "qkv"]
    graph.nodes.append(helper.make_node("Split", [packed, sizes], split, name=f"{name}/split", axis=-1))
    mixed = graph.node("MultiHeadAttention", [*split, bias], f"{name}/mixed", domain=_MICROSOFT, num_heads=heads)
    product = graph.product(mixed, _array(dense.dense.weight).T, f"{name}/attention")
    summed = _sum(graph, product, _moved(dense.dense, centre.mixed) + centre.states, states, f"{name}/attention")
    states = _norm(graph, dense.LayerNorm, summed, f"{name}/attended", centre.attended)
    inner = graph.product(states, _array(layer.intermediate.dense.weight).T, f"{name}/inner")
    bias = graph.constant(f"{name}/inner/bias", _bias(_moved(layer.intermediate.dense, centre.attended)))
    active = graph.node("FastGelu", [inner, bias], f"{name}/active", domain=_MICROSOFT)
    product = graph.product(active, _array(layer.output.dense.weight).T, f"{name}/outer", _GELU)
    summed = _sum(graph, product, _array(layer.output.dense.bias) + centre.attended, states, f"{name}/outer")
    return _norm(graph, layer.output.LayerNorm, summed, f"{name}/states", end)


def _moved(dense: Any, centre: np.ndarray) -> np.ndarray:
    """The bias of a product whose rows lack their centre."""
    return _array(dense.bias) + centre @ _array(dense.weight).T.astype(np.float64)


def _sum(graph: "RowGraph", product: str, bias: np.ndarray, states: str, name: str) -> str:
    biased = graph.node("Add", [product, graph.constant(f"{name}/bias", _bias(bias))], f"{name}/biased")
    return graph.node("Add", [biased, states], f"{name}/summed")


def _bias(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def _norm(graph: "RowGraph", norm: Any, rows: str, name: str, centre: np.ndarray) -> str:
    gain = graph.constant(f"{name}/gain", _array(norm.weight))
    bias = graph.constant(f"{name}/bias", _bias(_array(norm.bias) - centre))
    return graph.node("LayerNormalization", [rows, gain, bias], name, axis=-1, epsilon=norm.eps)


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().numpy()


@dataclass
class RowGraph:
    """An ONNX graph that grows; every method returns the name of what it adds."""

    nodes: list[Any] = field(default_factory=list[Any])
    exact: bool = False
    """Products are written in fp32 while this is set."""
    _constants: dict[str, Any] = field(default_factory=dict[str, Any])

    def product(self, rows: str, weight: np.ndarray, name: str, levels: _Range = _BOTH_SIDES) -> str:
        """x W = scale * ((x / scale) W); a row of zeros is 0 / 0 there, rounds to anything, and is zero again times its scale."""
        if self.exact:
            return self.node("MatMul", [rows, self.constant(f"{name}/fp32", weight.astype(np.float32))], name)
        steps = np.maximum(np.abs(weight).max(axis=0) / _WEIGHT_LIMIT, _SMALLEST).astype(np.float32)
        whole = np.rint(weight / steps).astype(np.int8)
        step = self.constant(f"{levels.name}/step", np.float32(1 / levels.top))
        zero = self.constant(f"{levels.name}/zero", np.uint8(levels.zero))
        if levels.least:
            high = self.node("ReduceMax", [rows], f"{name}/high", axes=[-1], keepdims=1)
            least = self.constant(f"{levels.name}/least", np.float32(levels.least))
            scale = self.node("Max", [high, least], f"{name}/scale")
        else:
            sizes = self.node("Abs", [rows], f"{name}/sizes")
            scale = self.node("ReduceMax", [sizes], f"{name}/scale", axes=[-1], keepdims=1)
        unit = self.node("Div", [rows, scale], f"{name}/unit")
        rounded = self.node("QuantizeLinear", [unit, step, zero], f"{name}/rounded")
        weights = [self.constant(f"{name}/int8", whole), step, self.constant(f"{name}/steps", steps), zero]
        product = self.node("MatMulIntegerToFloat", [rounded, *weights], f"{name}/product", domain=_MICROSOFT)
        return self.node("Mul", [product, scale], name)

    def lookup(self, ids: str, table: np.ndarray, name: str) -> str:
        """Rows of a table of 8 bits with a scale per row."""
        steps = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, _SMALLEST).astype(np.float32)
        whole = self.constant(f"{name}/int8", np.rint(table / steps).astype(np.int8))
        row = self.node("Gather", [whole, ids], f"{name}/row", axis=0)
        step = self.node("Gather", [self.constant(f"{name}/steps", steps), ids], f"{name}/step", axis=0)
        return self.node("Mul", [self.node("Cast", [row], f"{name}/values", to=TensorProto.FLOAT), step], name)

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node of one output, which it is named after."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: Any) -> str:
        """Add a constant; one that several nodes read is added by each of them, and kept once."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values).reshape(np.shape(values)), name)
        return name

    def save(self, target: Path, outputs: dict[str, int]) -> None:
        """Write the graph from `input_ids` to outputs of the given widths."""
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["rows", "tokens"])
        wanted = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width]) for name, width in outputs.items()]
        onnx.save(self.model(ids, *wanted), str(target))

    def model(self, given: Any, *wanted: Any) -> Any:
        """The finished model, in the opset of the fp32 graph."""
        graph = helper.make_graph(self.nodes, "rows", [given], list(wanted), list(self._constants.values()))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="hikari")

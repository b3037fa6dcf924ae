"""Int8 for a network whose answers must not depend on their batch: every activation row is quantised by itself.

Dynamic quantisation takes one range per tensor, so a text's neighbours and its padding change its result. Here each token's row is
shifted and scaled into 0..1 before it is rounded, and the product is put right afterwards (the algebra is in `_product`). That costs
nothing measurable on a CPU, halves the error as well, and rows come out alike in every batch.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_LEVELS = np.float32(255)
_WEIGHT_LIMIT = 63
"""7 bits: on processors without VNNI two products of 8 bits overflow their 16-bit sum."""
_SMALLEST = np.float32(1e-12)


def quantise_rows(source: Path, target: Path) -> None:
    """Write `source` with 7-bit weights (a scale per output channel) and 8-bit activations (a range per row).

    Constant matrices of MatMul become integers, embedding tables 8-bit rows with a scale each; everything else stays fp32. The result
    uses onnxruntime's own `MatMulIntegerToFloat`.
    """
    model = onnx.load(str(source))
    graph = _Rewriter(model)
    for node in model.graph.node:
        graph.take(node)
    graph.finish()
    onnx.save(model, str(target))


class _Rewriter:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._nodes: list[Any] = []
        self._rows: dict[str, tuple[str, str, str]] = {}
        self._weights: dict[str, tuple[str, str, str, str]] = {}
        self._tables: dict[str, tuple[str, str]] = {}
        self._added: list[Any] = []
        self._step = self._constant("rows/step", 1 / _LEVELS)
        self._zero = self._constant("rows/zero", np.uint8(0))
        self._smallest = self._constant("rows/smallest", _SMALLEST)

    def take(self, node: Any) -> None:
        """Rewrite one node, or keep it."""
        if node.op_type == "MatMul" and self._is_matrix(node.input[1]):
            self._product(node)
        elif node.op_type == "Gather" and self._is_matrix(node.input[0]):
            self._lookup(node)
        else:
            self._nodes.append(node)

    def finish(self) -> None:
        """Put the new nodes and constants into the model, without those that nobody reads any more."""
        graph = self._model.graph
        del graph.node[:]
        graph.node.extend(self._nodes)
        read = {name for node in self._nodes for name in node.input}
        kept = [tensor for tensor in (*graph.initializer, *self._added) if tensor.name in read]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        self._model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    def _product(self, node: Any) -> None:
        """x W = scale * ((x - low) / scale) W + low * (sum of W's rows): the middle factor lies in 0..1 whatever the row holds."""
        name = node.name
        rows, scale, low = self._quantised_rows(node.input[0])
        weight, steps, zeros, sums = self._quantised_weight(node.input[1])
        inputs = [rows, weight, self._step, steps, self._zero, zeros]
        product = self._node("MatMulIntegerToFloat", inputs, f"{name}/product", domain="com.microsoft")
        scaled = self._node("Mul", [product, scale], f"{name}/scaled")
        offset = self._node("Mul", [low, sums], f"{name}/offset")
        self._nodes.append(helper.make_node("Add", [scaled, offset], list(node.output), name=f"{name}/sum"))

    def _lookup(self, node: Any) -> None:
        table, steps = self._quantised_table(node.input[0])
        row = self._node("Gather", [table, node.input[1]], f"{node.name}/row", axis=0)
        step = self._node("Gather", [steps, node.input[1]], f"{node.name}/step", axis=0)
        values = self._node("Cast", [row], f"{node.name}/values", to=TensorProto.FLOAT)
        self._nodes.append(helper.make_node("Mul", [values, step], list(node.output), name=f"{node.name}/scaled"))

    def _quantised_rows(self, name: str) -> tuple[str, str, str]:
        if name not in self._rows:
            high = self._node("ReduceMax", [name], f"{name}/high", axes=[-1], keepdims=1)
            low = self._node("ReduceMin", [name], f"{name}/low", axes=[-1], keepdims=1)
            width = self._node("Sub", [high, low], f"{name}/width")
            scale = self._node("Max", [width, self._smallest], f"{name}/scale")
            shifted = self._node("Sub", [name, low], f"{name}/shifted")
            unit = self._node("Div", [shifted, scale], f"{name}/unit")
            rows = self._node("QuantizeLinear", [unit, self._step, self._zero], f"{name}/rows")
            self._rows[name] = (rows, scale, low)
        return self._rows[name]

    def _quantised_weight(self, name: str) -> tuple[str, str, str, str]:
        if name not in self._weights:
            values = numpy_helper.to_array(self._constants[name])
            steps = np.maximum(np.abs(values).max(axis=0) / _WEIGHT_LIMIT, _SMALLEST).astype(np.float32)
            whole = np.rint(values / steps).astype(np.int8)
            sums = (whole.sum(axis=0, dtype=np.int64) * steps).astype(np.float32)
            self._weights[name] = (
                self._constant(f"{name}/int8", whole),
                self._constant(f"{name}/steps", steps),
                self._constant(f"{name}/zeros", np.zeros(len(steps), dtype=np.int8)),
                self._constant(f"{name}/sums", sums),
            )
        return self._weights[name]

    def _quantised_table(self, name: str) -> tuple[str, str]:
        if name not in self._tables:
            values = numpy_helper.to_array(self._constants[name])
            steps = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, _SMALLEST).astype(np.float32)
            self._tables[name] = (
                self._constant(f"{name}/int8", np.rint(values / steps).astype(np.int8)),
                self._constant(f"{name}/steps", steps),
            )
        return self._tables[name]

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, values: Any) -> str:
        self._added.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def _is_matrix(self, name: str) -> bool:
        tensor = self._constants.get(name)
        return tensor is not None and len(tensor.dims) == 2 and tensor.data_type == TensorProto.FLOAT

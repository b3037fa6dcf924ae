"""Row-wise int8 is close to fp32, never depends on other rows, and agrees with a plain NumPy reference."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from training.onnx_rowwise import quantise_rows

GENERATOR = np.random.default_rng(0)
WEIGHT = GENERATOR.normal(size=(24, 10)).astype(np.float32)
TABLE = (GENERATOR.normal(size=(7, 24)) * np.logspace(-2, 2, 7)[:, None]).astype(np.float32)


def model(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: np.ndarray) -> Path:
    graph = helper.make_graph(
        nodes, "g", inputs, outputs, [numpy_helper.from_array(values, name) for name, values in constants.items()]
    )
    file = folder / "source.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(file))
    return file


def value(name: str, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, None)


def run(file: Path, **inputs: np.ndarray) -> np.ndarray:
    session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("product")
    source = model(folder, [helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], [value("x")], [value("y")], w=WEIGHT)
    quantise_rows(source, folder / "int8.onnx")
    return folder / "int8.onnx"


def reference(rows: np.ndarray) -> np.ndarray:
    """The same rounding, written down for one row at a time in float64."""
    steps = np.abs(WEIGHT).max(axis=0) / 63
    weight = np.rint(WEIGHT / steps) * steps
    out = []
    for row in rows.astype(np.float64):
        low, width = row.min(), max(row.max() - row.min(), 1e-12)
        rounded = np.rint((row - low) / width * 255) / 255 * width + low
        out.append(rounded @ weight)
    return np.array(out)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 9), exponent=st.integers(-4, 4), offset=st.floats(-3, 3))
def test_products_are_the_references(product: Path, seed: int, rows: int, exponent: int, offset: float) -> None:
    values = ((np.random.default_rng(seed).normal(size=(rows, 24)) + offset) * 10.0**exponent).astype(np.float32)
    found, expected = run(product, x=values), reference(values)
    # A value on the edge between two levels may round either way in single precision: one level of one weight.
    level = (values.max(axis=1) - values.min(axis=1)).max() / 255 * np.abs(WEIGHT).max()
    np.testing.assert_allclose(found, expected, atol=2 * level, rtol=1e-4)
    error = np.linalg.norm(found - values @ WEIGHT) / np.linalg.norm(values @ WEIGHT)
    assert error < 0.05


def test_a_row_does_not_depend_on_its_neighbours(product: Path) -> None:
    row = GENERATOR.normal(size=(1, 24)).astype(np.float32)
    alone = run(product, x=row)
    for other in (np.zeros((3, 24)), np.full((3, 24), 1e4), GENERATOR.normal(size=(3, 24)) * 1e3):
        beside = run(product, x=np.concatenate([other.astype(np.float32), row]))
        np.testing.assert_allclose(beside[-1:], alone, rtol=1e-6, atol=1e-6)


def test_constant_rows_are_exact_up_to_the_weights(product: Path) -> None:
    rows = np.array([[0.0], [3.0], [-2.0]], dtype=np.float32).repeat(24, axis=1)
    np.testing.assert_allclose(run(product, x=rows), reference(rows), rtol=1e-4, atol=1e-5)
    assert not run(product, x=rows)[0].any()


def test_tables_are_rounded_row_by_row(tmp_path: Path) -> None:
    source = model(
        tmp_path, [helper.make_node("Gather", ["t", "i"], ["y"], name="g", axis=0)], [value("i", TensorProto.INT64)], [value("y")],
        t=TABLE,
    )  # fmt: skip
    quantise_rows(source, tmp_path / "int8.onnx")
    found = run(tmp_path / "int8.onnx", i=np.arange(7))
    steps = np.abs(TABLE).max(axis=1, keepdims=True) / 127
    assert (np.abs(found - TABLE) <= steps / 2 * 1.001).all()
    assert {"t"}.isdisjoint(tensor.name for tensor in onnx.load(str(tmp_path / "int8.onnx")).graph.initializer)


def test_what_is_no_constant_matrix_stays(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "x"], ["a"], name="a"),
        helper.make_node("MatMul", ["w", "a"], ["b"], name="b"),
        helper.make_node("Gather", ["b", "i"], ["y"], name="c"),
    ]
    source = model(tmp_path, nodes, [value("x"), value("i", TensorProto.INT64)], [value("y")], w=np.eye(3, dtype=np.float32))
    quantise_rows(source, tmp_path / "int8.onnx")
    assert [node.op_type for node in onnx.load(str(tmp_path / "int8.onnx")).graph.node] == ["MatMul", "MatMul", "Gather"]


def test_two_products_of_one_input_share_its_rounding(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="a"),
        helper.make_node("MatMul", ["x", "w"], ["b"], name="b"),
        helper.make_node("Add", ["a", "b"], ["y"], name="c"),
    ]
    source = model(tmp_path, nodes, [value("x")], [value("y")], w=WEIGHT)
    quantise_rows(source, tmp_path / "int8.onnx")
    graph = onnx.load(str(tmp_path / "int8.onnx")).graph
    assert sum(node.op_type == "QuantizeLinear" for node in graph.node) == 1
    assert sum(tensor.data_type == TensorProto.INT8 and len(tensor.dims) == 2 for tensor in graph.initializer) == 1
    values = GENERATOR.normal(size=(4, 24)).astype(np.float32)
    np.testing.assert_allclose(run(tmp_path / "int8.onnx", x=values), 2 * values @ WEIGHT, atol=0.5)


def test_weights_never_need_the_eighth_bit(product: Path) -> None:
    tensors = onnx.load(str(product)).graph.initializer
    weights = [numpy_helper.to_array(t) for t in tensors if t.data_type == TensorProto.INT8 and len(t.dims) == 2]
    assert [np.abs(values.astype(int)).max() for values in weights] == [63]

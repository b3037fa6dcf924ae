"""Row-wise int8 is close to fp32, never depends on other rows, and agrees with a plain NumPy reference."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from training import encoder, onnx_rowwise
from training.export_embedder import SentenceEncoder
from training.onnx_rowwise import RowGraph, UnknownEncoder, quantise_rows

GENERATOR = np.random.default_rng(0)
WEIGHT = GENERATOR.normal(size=(24, 10)).astype(np.float32)
TABLE = (GENERATOR.normal(size=(7, 24)) * np.logspace(-2, 2, 7)[:, None]).astype(np.float32)
SAMPLES = [[2, *row, 3] for row in GENERATOR.integers(5, 12, size=(20, 6)).tolist()]


def save(graph: RowGraph, file: Path, kind: int = TensorProto.FLOAT) -> Path:
    made = graph.model(
        helper.make_tensor_value_info("x", kind, None), helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    )
    onnx.save(made, str(file))
    return file


def run(file: Path, **inputs: np.ndarray) -> np.ndarray:
    session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = RowGraph()
    graph.product("x", WEIGHT, "y")
    return save(graph, tmp_path_factory.mktemp("product") / "int8.onnx")


@pytest.fixture(scope="module")
def bert(tiny_embedder: Path) -> Any:
    return encoder.load(tiny_embedder.parent / "encoder").eval()


@pytest.fixture(scope="module")
def written(bert: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bert") / "int8.onnx"
    quantise_rows(bert, SAMPLES, file)
    return file


def reference(rows: np.ndarray) -> np.ndarray:
    """The same rounding, written down for one row at a time in float64."""
    steps = np.abs(WEIGHT).max(axis=0) / 63
    weight = np.rint(WEIGHT / steps) * steps
    out = []
    for row in rows.astype(np.float64):
        largest = max(np.abs(row).max(), 1e-30)
        out.append(np.rint(row / largest * 127) / 127 * largest @ weight)
    return np.array(out)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 9), exponent=st.integers(-4, 4), offset=st.floats(-3, 3))
def test_products_are_the_references(product: Path, seed: int, rows: int, exponent: int, offset: float) -> None:
    values = ((np.random.default_rng(seed).normal(size=(rows, 24)) + offset) * 10.0**exponent).astype(np.float32)
    found, expected = run(product, x=values), reference(values)
    # A value on the edge between two levels may round either way in single precision: one level of one weight.
    level = np.abs(values).max() / 127 * np.abs(WEIGHT).max()
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
    rows = np.array([[0.0], [3.0], [-2.0], [1e-30]], dtype=np.float32).repeat(24, axis=1)
    np.testing.assert_allclose(run(product, x=rows), reference(rows), rtol=1e-4, atol=1e-5)
    assert not run(product, x=rows)[0].any()


def test_a_product_after_gelu_uses_its_one_sided_range(tmp_path: Path) -> None:
    graph = RowGraph()
    graph.product("x", WEIGHT, "y", onnx_rowwise._GELU)
    rows = torch.nn.functional.gelu(
        torch.linspace(-6, 6, 24 * 9).reshape(9, 24).flip(1) * torch.logspace(-2, 1, 9)[:, None]
    ).numpy()
    found = run(save(graph, tmp_path / "int8.onnx"), x=rows)
    steps = np.abs(WEIGHT).max(axis=0) / 63
    scales = np.maximum(rows.max(axis=1, keepdims=True), 0.51)
    rounded = np.clip(np.rint(rows / scales * 191), -64, 191) / 191 * scales
    assert np.abs(rounded - rows).max() < scales.max() / 191  # nothing lies outside
    np.testing.assert_allclose(
        found, rounded @ (np.rint(WEIGHT / steps) * steps), atol=2 * scales.max() / 191 * np.abs(WEIGHT).max()
    )


def test_tables_are_rounded_row_by_row(tmp_path: Path) -> None:
    graph = RowGraph()
    graph.lookup("x", TABLE, "y")
    found = run(save(graph, tmp_path / "int8.onnx", TensorProto.INT64), x=np.arange(7))
    steps = np.abs(TABLE).max(axis=1, keepdims=True) / 127
    assert (np.abs(found - TABLE) <= steps / 2 * 1.001).all()


def test_weights_never_need_the_eighth_bit(written: Path) -> None:
    tensors = onnx.load(str(written)).graph.initializer
    weights = [numpy_helper.to_array(t) for t in tensors if t.data_type == TensorProto.INT8 and t.name.startswith("layer.")]
    assert len(weights) == 4 * 2
    assert {np.abs(values.astype(int)).max() for values in weights} == {63}


def test_a_layer_is_four_integer_products_around_one_attention(written: Path, bert: Any) -> None:
    layers = bert.config.num_hidden_layers
    kinds = Counter(node.op_type for node in onnx.load(str(written)).graph.node)
    once = ("MultiHeadAttention", "Split", "FastGelu", "Max")
    assert {kind: kinds[kind] for kind in once} == dict.fromkeys(once, layers)
    assert kinds["MatMulIntegerToFloat"] == kinds["QuantizeLinear"] == 4 * layers
    assert kinds["LayerNormalization"] == 2 * layers + 1
    assert kinds.keys().isdisjoint({"MatMul", "Reshape", "Transpose", "SkipLayerNormalization", "DynamicQuantizeLinear"})
    assert kinds.total() == 33 * layers + 11


def test_onnxruntime_leaves_the_norms_as_they_are(written: Path, tmp_path: Path) -> None:
    options: Any = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(written), options, providers=["CPUExecutionProvider"])
    kinds = Counter(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)
    assert "LayerNormalization" in kinds
    assert "SkipLayerNormalization" not in kinds


def test_embeddings_are_the_encoders(written: Path, bert: Any) -> None:
    with torch.inference_mode():
        expected = SentenceEncoder(bert)(torch.tensor(SAMPLES), torch.ones((len(SAMPLES), 8), dtype=torch.long)).numpy()
    found = run(written, input_ids=np.array(SAMPLES))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert ((found * expected).sum(axis=1) > 0.99).all()


def test_a_text_does_not_depend_on_its_batch(written: Path) -> None:
    together = run(written, input_ids=np.array(SAMPLES))
    alone = np.concatenate([run(written, input_ids=np.array([ids])) for ids in SAMPLES[:5]])
    np.testing.assert_allclose(together[:5], alone, atol=1e-6)


def test_the_samples_move_the_rounding_and_not_the_meaning(written: Path, bert: Any, tmp_path: Path) -> None:
    quantise_rows(bert, [[2, 3]], tmp_path / "other.onnx")
    found, other = (run(file, input_ids=np.array(SAMPLES)) for file in (written, tmp_path / "other.onnx"))
    assert (found != other).any()
    assert ((found * other).sum(axis=1) > 0.99).all()


def test_writing_again_gives_the_same_bytes_and_leaves_the_encoder_alone(written: Path, bert: Any, tmp_path: Path) -> None:
    quantise_rows(bert, SAMPLES, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == written.read_bytes()
    assert not any(part._forward_pre_hooks for part in bert.modules())


@pytest.mark.parametrize(("key", "value"), [("model_type", "mpnet"), ("hidden_act", "relu")])
def test_other_encoders_are_refused(bert: Any, tmp_path: Path, key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bert.config, key, value, raising=False)
    with pytest.raises(UnknownEncoder, match=f"only bert, .* with GELU.*{value}"):
        quantise_rows(bert, SAMPLES, tmp_path / "int8.onnx")
    assert not (tmp_path / "int8.onnx").exists()

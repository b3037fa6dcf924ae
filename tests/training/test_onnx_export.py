"""ONNX answers like PyTorch for any batch and length; int8 is smaller and can leave layers in fp32."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime.quantization
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari.sentiment.labels import TASKS
from training import onnx_export
from training.network import TextNetwork, load_network


@pytest.fixture(scope="module")
def network(tiny_checkpoint: Path) -> TextNetwork:
    return load_network(tiny_checkpoint, TASKS)


@pytest.fixture(scope="module")
def fp32(network: TextNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("onnx") / "model.onnx"
    onnx_export.export_fp32(network, file)
    return file


def some_ids(seed: int = 0, rows: int = 40) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    return [[2, *generator.integers(5, 60, generator.integers(1, 28)).tolist(), 3] for _ in range(rows)]


def initializers(file: Path) -> set[int]:
    return {tensor.data_type for tensor in onnx.load(str(file)).graph.initializer}


def test_fp32_answers_like_pytorch(network: TextNetwork, fp32: Path) -> None:
    ids = some_ids()
    torch_side, onnx_side = onnx_export.torch_logits(network, ids), onnx_export.onnx_logits(fp32, TASKS, ids)
    assert onnx_export.largest_difference(torch_side, onnx_side) <= 1e-4
    for task in TASKS:
        assert torch_side[task.name].shape == (40, len(task.labels))
        assert torch_side[task.name].std() > 0.01


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=60), min_size=1, max_size=5))
def test_any_batch_size_and_length_agree(network: TextNetwork, fp32: Path, ids: list[list[int]]) -> None:
    difference = onnx_export.largest_difference(onnx_export.torch_logits(network, ids), onnx_export.onnx_logits(fp32, TASKS, ids))
    assert difference <= 1e-4


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_answers_come_in_the_order_given_whatever_the_batches(network: TextNetwork, fp32: Path, batch_size: int) -> None:
    ids = some_ids(1, 20)
    alone = [onnx_export.onnx_logits(fp32, TASKS, [row]) for row in ids]
    for found in (
        onnx_export.onnx_logits(fp32, TASKS, ids, batch_size),
        onnx_export.torch_logits(network, ids, batch_size),
    ):
        for task in TASKS:
            expected = np.concatenate([row[task.name] for row in alone])
            np.testing.assert_allclose(found[task.name], expected, atol=1e-5)


def test_the_graph_has_named_inputs_outputs_and_free_sizes(fp32: Path) -> None:
    graph = onnx.load(str(fp32)).graph
    assert [node.name for node in graph.input] == ["input_ids", "attention_mask"]
    assert [node.name for node in graph.output] == [task.name for task in TASKS]
    for node in graph.input:
        assert [size.dim_param for size in node.type.tensor_type.shape.dim] == ["rows", "tokens"]
    onnx.checker.check_model(str(fp32))


def test_the_largest_difference_is_over_all_tasks_and_signless() -> None:
    left = {"a": np.zeros((2, 3)), "b": np.zeros((2, 1))}
    right = {"a": np.full((2, 3), 0.25), "b": np.array([[0.0], [-0.5]])}
    assert onnx_export.largest_difference(left, right) == 0.5
    assert onnx_export.largest_difference(right, left) == 0.5
    assert onnx_export.largest_difference(left, left) == 0.0


def test_int8_is_smaller_and_decides_alike(fp32: Path, tmp_path: Path) -> None:
    target = tmp_path / "int8.onnx"
    onnx_export.quantise(fp32, target)
    assert target.stat().st_size < fp32.stat().st_size
    assert onnx.TensorProto.INT8 in initializers(target)
    assert onnx.TensorProto.INT8 not in initializers(fp32)
    ids = some_ids(2)
    reference, found = onnx_export.onnx_logits(fp32, TASKS, ids), onnx_export.onnx_logits(target, TASKS, ids)
    assert 0 < onnx_export.largest_difference(reference, found) < 1.0


def test_quantised_weights_use_seven_bits_per_channel(fp32: Path, tmp_path: Path) -> None:
    target = tmp_path / "int8.onnx"
    onnx_export.quantise(fp32, target)
    weights = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(str(target)).graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 2
    ]
    assert weights
    assert max(np.abs(values.astype(int)).max() for values in weights) <= 64
    scales = [
        tuple(tensor.dims)
        for tensor in onnx.load(str(target)).graph.initializer
        if tensor.name.endswith("_scale") and tensor.dims
    ]
    assert any(dims[0] > 1 for dims in scales)


def test_quantising_hushes_onnxruntime_and_nobody_else(
    fp32: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = logging.getLogger("hikari.memory.lexical")
    real = onnxruntime.quantization.quantize_dynamic

    def talking(*arguments: Any, **named: Any) -> None:
        logging.warning("please consider pre-processing")  # noqa: LOG015 - as onnxruntime does
        ours.warning("something is wrong meanwhile")
        real(*arguments, **named)

    monkeypatch.setattr(onnxruntime.quantization, "quantize_dynamic", talking)
    root = logging.getLogger()
    before = root.level, list(root.filters)
    onnx_export.quantise(fp32, tmp_path / "int8.onnx")
    ours.warning("something is wrong later")
    assert (root.level, root.filters) == before
    assert [record.getMessage() for record in caplog.records] == ["something is wrong meanwhile", "something is wrong later"]


def test_every_quantisable_node_belongs_to_a_group(fp32: Path) -> None:
    groups = onnx_export.layer_nodes(fp32)
    names = [node.name for node in onnx.load(str(fp32)).graph.node if node.op_type in ("MatMul", "Gather", "Gemm")]
    assert sorted(name for group in groups.values() for name in group) == sorted(names)
    assert {"layer.0", "layer.1"} <= set(groups)
    matrices = [sum("MatMul" in name for name in groups[layer]) for layer in ("layer.0", "layer.1")]
    assert matrices == [8, 8]
    assert any("embeddings" in name for name in groups["embeddings"])


def test_layers_kept_in_fp32_are_not_quantised(fp32: Path, tmp_path: Path) -> None:
    groups = onnx_export.layer_nodes(fp32)
    onnx_export.quantise(fp32, tmp_path / "some.onnx", groups["layer.0"])
    quantised = {node.name for node in onnx.load(str(tmp_path / "some.onnx")).graph.node}
    matrices = {node.name for node in onnx.load(str(fp32)).graph.node if node.op_type == "MatMul"} & set(groups["layer.0"])
    assert matrices <= quantised
    onnx_export.quantise(fp32, tmp_path / "all.onnx")
    assert not matrices <= {node.name for node in onnx.load(str(tmp_path / "all.onnx")).graph.node}


def test_keeping_every_layer_in_fp32_brings_int8_back_to_fp32(fp32: Path, tmp_path: Path) -> None:
    groups = onnx_export.layer_nodes(fp32)
    everything = [name for names in groups.values() for name in names]
    onnx_export.quantise(fp32, tmp_path / "all.onnx")
    onnx_export.quantise(fp32, tmp_path / "some.onnx", everything)
    ids = some_ids(3, 20)
    reference = onnx_export.onnx_logits(fp32, TASKS, ids)
    errors = [
        onnx_export.largest_difference(reference, onnx_export.onnx_logits(tmp_path / name, TASKS, ids))
        for name in ("some.onnx", "all.onnx")
    ]
    assert errors[0] < 0.1 * errors[1]

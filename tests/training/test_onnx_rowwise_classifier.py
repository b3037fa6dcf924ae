"""Int8 of the classifier row by row: the answers of the network, and the same ones in every batch."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from hikari.sentiment.labels import TASKS
from training import onnx_export
from training.network import TextNetwork, load_network
from training.quantisers import Dynamic, RowByRow, quantiser_for

IDS = [[2, 5, 6, 7, 3], [2, 9, 12, 11, 3], [2, 9, 3], [2, 14, 3], [2, 8, 3], [2, 7, 3], [2, 6, 3]]


@pytest.fixture(scope="module")
def network(tiny_checkpoint: Path) -> TextNetwork:
    return load_network(tiny_checkpoint, TASKS)


@pytest.fixture(scope="module")
def rows(network: TextNetwork) -> RowByRow:
    return RowByRow(network, IDS)


def logits(file: Path, ids: list[list[int]]) -> dict[str, np.ndarray]:
    session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [task.name for task in TASKS]
    return dict(zip(names, session.run(names, {"input_ids": np.array(ids, dtype=np.int64)}), strict=True))


@pytest.mark.parametrize("kept", [(), ("layer.0",), ("layer.0", "layer.1")])
def test_a_text_has_the_same_logits_in_every_batch(rows: RowByRow, tmp_path: Path, kept: tuple[str, ...]) -> None:
    rows.write(tmp_path / "int8.onnx", kept)
    together = logits(tmp_path / "int8.onnx", IDS[2:])
    for place, ids in enumerate(IDS[2:]):
        alone = logits(tmp_path / "int8.onnx", [ids])
        assert all(np.array_equal(alone[name][0], together[name][place]) for name in alone)


@pytest.mark.parametrize("kept", [(), ("layer.0",), ("layer.0", "layer.1")])
def test_the_logits_are_the_networks(network: TextNetwork, rows: RowByRow, tmp_path: Path, kept: tuple[str, ...]) -> None:
    rows.write(tmp_path / "int8.onnx", kept)
    found = onnx_export.onnx_logits(tmp_path / "int8.onnx", TASKS, IDS)
    # With every layer in fp32 the table of words still has 8 bits.
    assert 0 < onnx_export.largest_difference(onnx_export.torch_logits(network, IDS), found) < 0.05


def test_an_encoder_of_another_kind_is_quantised_in_the_other_way(
    network: TextNetwork, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(quantiser_for(network, tiny_bundle / "model.onnx", IDS), RowByRow)
    monkeypatch.setattr(network.encoder.config, "model_type", "mpnet")
    assert isinstance(quantiser_for(network, tiny_bundle / "model.onnx", IDS), Dynamic)

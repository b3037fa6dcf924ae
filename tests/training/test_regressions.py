"""One test for each bug that was found by looking for it; each failed before its fix."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hikari.sentiment.labels import TASKS
from tests import tiny
from training import corpus, encoder, entry, export, external, losses, onnx_export, train
from training import module as module_file
from training.data import BucketSampler
from training.package import GateError, check_gate
from training.schema import EncoderConfig, GateConfig, PrepareConfig


def failing_after(steps: int, error: BaseException, patch: pytest.MonkeyPatch) -> None:
    step, calls = module_file.TextModule.training_step, [0]

    def counted(self: Any, batch: Any, number: int) -> Any:
        calls[0] += 1
        if calls[0] > steps:
            raise error
        return step(self, batch, number)

    patch.setattr(module_file.TextModule, "training_step", counted)


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def test_epochs_of_a_run_differ_in_order(tiny_encoder, tiny_processed, tmp_path, monkeypatch) -> None:
    orders: list[list[list[int]]] = []
    walk = BucketSampler.__iter__

    def recorded(self: BucketSampler) -> Any:
        batches = list(walk(self))
        orders.append(batches)
        return iter(batches)

    monkeypatch.setattr(BucketSampler, "__iter__", recorded)
    train.train(tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out"))
    assert len(orders) == 2
    assert orders[0] != orders[1]


def test_ctrl_c_exits_with_130_and_says_how_to_continue(tiny_encoder, tiny_processed, tmp_path, monkeypatch, capsys) -> None:
    failing_after(12, KeyboardInterrupt(), monkeypatch)
    with pytest.raises(SystemExit) as caught:
        train.train(tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out"))
    assert caught.value.code == 130
    assert "the same command continues" in capsys.readouterr().err


def test_a_resumed_run_keeps_its_whole_history(tiny_encoder, tiny_processed, tmp_path, monkeypatch) -> None:
    config = tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out", "trainer.max_epochs=3")
    with monkeypatch.context() as patch:
        failing_after(12, RuntimeError("power"), patch)
        with pytest.raises(RuntimeError):
            train.train(config)
    train.train(config)
    history = json.loads((tmp_path / "out" / "history.json").read_text())
    assert [row["epoch"] for row in history] == [0.0, 1.0, 2.0]


def test_every_trainable_parameter_gets_a_gradient_as_ddp_demands(tiny_encoder) -> None:
    import torch

    from training.network import TextNetwork, freeze

    network = TextNetwork(encoder.load(tiny_encoder), TASKS, 0.0)
    freeze(network, embeddings=True, layers=0)
    sum(v.sum() for v in network(torch.tensor([[2, 5, 3]]), torch.ones((1, 3), dtype=torch.long)).values()).backward()
    assert [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None] == []


def test_layers_named_to_stay_in_fp32_stay_heads_included(tiny_bundle, tmp_path) -> None:
    fp32 = tiny_bundle / "model.onnx"
    nodes = [name for group in onnx_export.layer_nodes(fp32).values() for name in group]
    onnx_export.quantise(fp32, tmp_path / "none.onnx", nodes)
    tensors = onnx.load(str(tmp_path / "none.onnx")).graph.initializer
    assert [tensor.name for tensor in tensors if tensor.data_type == onnx.TensorProto.INT8] == []


def test_a_logit_that_is_nan_is_refused(tiny_checkpoint, tiny_processed, tmp_path, monkeypatch) -> None:
    real = onnx_export.onnx_logits

    def broken(*args: Any, **options: Any) -> Any:
        logits = real(*args, **options)
        logits["emotion"][0, 0] = np.nan
        return logits

    monkeypatch.setattr(onnx_export, "onnx_logits", broken)
    with pytest.raises(export.ExportError):
        export.export(tiny.export_config(tiny_checkpoint, tiny_processed, tmp_path / "bundle"))


def test_the_gate_stops_figures_that_are_nan() -> None:
    nan = float("nan")
    parts = {"sentiment": {"macro_f1": nan}, "emotion": {"macro_f1": nan}, "toxicity": {"f1": nan}}
    with pytest.raises(GateError):
        check_gate(GateConfig(0.75, 0.6, 0.8, True), {**parts, "baseline": parts})


def test_hydra_leaves_no_log_file(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["prog", "corpus=a", "processed=b"])
    entry.run("prepare", PrepareConfig, lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("row", [{"text": "a", "toxicity": [["toxic"]]}, {"text": "a", "toxicity": [{}]}])
def test_nested_toxicity_is_a_format_error(tmp_path, row) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(row))
    with pytest.raises(external.ExternalDataError, match="line 1"):
        external.read_jsonl(tmp_path / "x.jsonl")


def test_a_split_with_wrong_keys_is_refused_with_every_line(tmp_path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"text": "x"}\n{"text": "y"}\n')
    with pytest.raises(ValueError, match="line 1: keys are") as caught:
        corpus.read_split("dev", tmp_path)
    assert "line 2" in str(caught.value)


def test_rows_whose_text_is_no_text_are_refused_by_name(tmp_path) -> None:
    row = {"text": None, "sentiment": "neutral", "emotion": "neutral", "toxicity": [], "question": False, "hard": None}
    with pytest.raises(ValueError, match="row 1: text must hold"):
        corpus.add("t", [row], tmp_path)


def test_rows_cannot_bring_their_own_id(tmp_path) -> None:
    row = {
        "id": "mine",
        "text": "hey there",
        "sentiment": "neutral",
        "emotion": "neutral",
        "toxicity": [],
        "question": False,
        "hard": None,
    }
    corpus.add("t", [row], tmp_path)
    assert corpus.read_split("train", tmp_path)[0].id != "mine"


def test_no_rows_are_no_error(tmp_path) -> None:
    assert corpus.add("t", [], tmp_path) == {}


def test_a_package_inside_a_missing_package_is_an_encoder_error() -> None:
    with pytest.raises(encoder.EncoderError, match="not installed"):
        encoder.locate(EncoderConfig("x", "package", "no_such_parent.child", None, "0" * 64))


def test_the_store_is_looked_up_when_it_is_opened(tmp_path, monkeypatch) -> None:
    from training import tracking

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracking, "STORE", tmp_path / "elsewhere")
    assert str(tmp_path / "elsewhere") in tracking.open_store()


def test_label_weights_keep_a_mean_of_one_without_some_label() -> None:
    import torch

    targets = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0]])
    weights = losses.label_weights(targets, 1.0)
    assert (targets @ weights).mean().item() == pytest.approx(1.0, abs=1e-3)


def test_max_rows_limits_training_rows_alone(tiny_encoder, tiny_processed) -> None:
    from training.data import ChatData

    config = tiny.train_config(tiny_encoder, tiny_processed, Path("x"), "data.max_rows=10").data
    assert len(ChatData(config, tiny_encoder / "tokenizer.json", TASKS, 7).rows("dev")) == 60


def test_a_checkpoint_without_a_sentiment_head_says_so(tiny_encoder, tiny_processed, tmp_path) -> None:
    heads = "task.heads=[{task: toxicity, weight: 1.0, label_smoothing: 0.0, balance: 0.5}]"
    train.train(tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out", heads, "trainer.max_epochs=1"))
    with pytest.raises(export.ExportError, match="sentiment"):
        export.export(tiny.export_config(tmp_path / "out", tiny_processed, tmp_path / "bundle"))


def test_a_run_that_ends_before_its_first_validation_is_written(tiny_encoder, tiny_processed, tmp_path) -> None:
    train.train(tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out", "trainer.max_steps=3"))
    assert (tmp_path / "out" / "weights.safetensors").is_file()


def test_no_training_row_resembles_a_challenge_row() -> None:
    folder = Path(__file__).parents[2] / "data" / "corpus"
    train_rows, hard = corpus.read_split("train", folder), corpus.read_split("challenge", folder)
    texts = [row.text for row in [*train_rows, *hard]]
    found = corpus.similar_pairs(texts, corpus.SAME_SPLIT)
    assert [(texts[i], texts[j]) for i, j, _ in found if i < len(train_rows) <= j] == []

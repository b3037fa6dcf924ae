"""Every encoder of the hub goes the same way as the default: located, trained, exported, served, whatever its architecture."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from hikari.bundle import open_bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.labels import TASKS
from tests import tiny, tiny_encoders
from training import encoder, export, onnx_export, train
from training.data import ChatData, collate, tokenise
from training.encoder import EncoderError
from training.entry import composed
from training.network import TextNetwork, blocks, freeze, load_network, longest
from training.optim import parameter_groups
from training.prepare import to_frame
from training.quantisers import Dynamic, RowByRow, quantiser_for
from training.schema import EncoderConfig, TrainConfig

CONF = Path(__file__).parents[2] / "conf" / "model" / "encoder"
HUB = sorted(file.stem for file in CONF.glob("*.yaml") if "source: hub" in file.read_text())
PADS = {"bert": 0, "roberta": 1, "distilbert": 0, "xlm-roberta": 1, "multilingual-minilm": 0}
TEXTS = [
    "good",
    "i love this game 🔥",
    "can you play this game? " * 3,
    "What The WHAT",
    "",
    "kys idiot " * 40,
    "ist das gut 日本",
]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, empty, with the hub out of reach; converted encoders go to the test's folder."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(encoder, "CONVERTED", tmp_path / "converted")
    return tmp_path / "cache"


def located(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(encoder, "CONVERTED", tmp_path / "converted")
    folder = tiny_encoders.make(kind, tmp_path / kind)
    return encoder.locate(EncoderConfig(kind, "folder", str(folder), None, None))


def test_these_encoders_come_from_the_hub() -> None:
    assert {*tiny_encoders.ENCODERS} == {*HUB} - {"minilm_hub"}


@pytest.mark.parametrize("name", sorted(file.stem for file in CONF.glob("*.yaml")))
def test_every_configured_encoder_composes(name: str) -> None:
    config = tiny_encoders.config_of(name)
    assert config.name == name.removesuffix("_hub")
    if config.source == "hub":
        assert re.fullmatch(r"[0-9a-f]{40}", str(config.revision))
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", config.location)
    assert config.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", config.sha256)


@pytest.mark.parametrize("name", HUB)
def test_out_of_the_hubs_reach_each_says_what_to_do(name: str, hub: Path) -> None:
    config = tiny_encoders.config_of(name)
    with pytest.raises(EncoderError) as caught:
        encoder.locate(config)
    for part in (config.name, config.location, str(config.revision), "model.encoder.source=folder", "model.safetensors"):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", [name for name in HUB if tiny_encoders.config_of(name).sha256 is not None])
def test_other_weights_than_the_pinned_ones_are_refused(name: str, hub: Path) -> None:
    tiny_encoders.make(tiny_encoders.ENCODERS.get(name, "distilbert"), tiny_encoders.snapshot(hub, name))
    with pytest.raises(EncoderError, match=r"has sha256 .* expected"):
        encoder.locate(tiny_encoders.config_of(name))


@pytest.mark.parametrize("name", tiny_encoders.ENCODERS)
def test_from_the_hub_to_the_served_answer(name: str, hub: Path, tiny_processed: Path, tmp_path: Path) -> None:
    kind = tiny_encoders.ENCODERS[name]
    tiny_encoders.make(kind, tiny_encoders.snapshot(hub, name))
    config = composed(
        "train",
        TrainConfig,
        [
            f"model/encoder={name}", "model.encoder.sha256=null", "debug=tiny", f"data.processed={tiny_processed}", "data.batch_size=8",
            f"output={tmp_path / 'checkpoint'}", "data.max_tokens=32", "model.freeze_layers=1", "trainer.progress=false",
            "model.start=null", "model.keep=0.0",
        ],
    )  # fmt: skip
    train.train(config)
    served(tmp_path / "checkpoint", tiny_processed, tmp_path / "bundle", PADS[kind])
    facts = json.loads((tmp_path / "checkpoint" / "tasks.json").read_text())
    assert facts["encoder"] == name
    assert re.fullmatch(r"[0-9a-f]{64}", facts["encoder_sha256"])


@pytest.mark.parametrize("kind", ["distilbert", "xlm-roberta"])
def test_other_architectures_go_the_same_way(
    kind: str, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = located(kind, tmp_path, monkeypatch)
    config = tiny.train_config(folder, tiny_processed, tmp_path / "checkpoint", "trainer.max_steps=4", "model.freeze_layers=1")
    train.train(config)
    served(tmp_path / "checkpoint", tiny_processed, tmp_path / "bundle", PADS[kind])


def served(checkpoint: Path, processed: Path, bundle: Path, pad_id: int) -> None:
    """Export the checkpoint and compare what is served with PyTorch, texts of all lengths in one batch."""
    report = export.export(tiny.export_config(checkpoint, processed, bundle, "int8_max_unquantised=0"))
    assert report["pad_id"] == pad_id
    network = load_network(checkpoint, TASKS)
    classifier = TextClassifier(open_bundle(bundle), precision="fp32", threads=1)
    words = [chat_text.read(text).words for text in TEXTS]
    encoded = classifier.prepare(words)
    assert len({len(row) for row in encoded}) > 3
    assert max(map(len, encoded)) == 32
    together = classifier.forward(encoded)
    for number, row in enumerate(encoded):
        ids = torch.tensor([row.ids])
        with torch.inference_mode():
            alone = network(ids, torch.ones_like(ids))
        for task, values in alone.items():
            np.testing.assert_allclose(together[task][number], values[0].numpy(), atol=2e-5)
    expected = classifier.finish(onnx_export.torch_logits(network, [row.ids for row in encoded], batch_size=3))
    found = classifier.probabilities(words, batch_size=4)
    for task in TASKS:
        np.testing.assert_allclose(found[task.name], expected[task.name], atol=2e-5)
    assert np.ptp(found["emotion"], axis=0).max() > 1e-4  # answers differ from text to text
    quantised = TextClassifier(open_bundle(bundle), threads=1)
    assert quantised.precision == report["precision"]
    served_rows = quantised.probabilities(words)
    assert all(np.abs(served_rows[task.name] - expected[task.name]).max() < 0.2 for task in TASKS)


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_freezing_and_rates_know_every_architecture(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = TextNetwork(encoder.load(located(kind, tmp_path, monkeypatch)), TASKS, 0.1)
    optim = composed("train", TrainConfig).optim
    used = {id(parameter) for name, parameter in network.named_parameters() if "pooler" not in name}
    grouped = [parameter for group in parameter_groups(network, optim) for parameter in group["params"]]
    assert {id(parameter) for parameter in grouped} == used
    assert len(grouped) == len(used)
    freeze(network, embeddings=True, layers=1)
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    lowest, highest = (id(parameter) for parameter in (next(layer.parameters()) for layer in blocks(network.encoder)))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    assert names[highest] in trained
    assert names[lowest] not in trained
    assert not any("embeddings" in name or "pooler" in name for name in trained)
    with pytest.raises(ValueError, match=r"freeze_layers is 3, the encoder has 2 layers"):
        freeze(network, embeddings=False, layers=3)


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_int8_answers_like_the_network_and_mostly_row_by_row(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = located(kind, tmp_path, monkeypatch)
    torch.manual_seed(0)
    network = TextNetwork(encoder.load(folder), TASKS, 0.0).eval()
    # Places far apart, so that a shift of one would be seen.
    torch.nn.init.normal_(network.encoder.embeddings.position_embeddings.weight, std=0.5)
    rows = tokenise(to_frame(tiny.rows(1)), folder / "tokenizer.json", TASKS, 16)
    onnx_export.export_fp32(network, tmp_path / "fp32.onnx")
    quantiser = quantiser_for(network, tmp_path / "fp32.onnx", rows.ids)
    assert isinstance(quantiser, Dynamic if kind == "distilbert" else RowByRow)
    assert {"layer.0", "layer.1"} <= set(quantiser.layers)
    quantiser.write(tmp_path / "int8.onnx")
    found = onnx_export.onnx_logits(tmp_path / "int8.onnx", TASKS, rows.ids, pad_id=network.pad_id)
    expected = onnx_export.torch_logits(network, rows.ids)
    spread = max(float(np.ptp(values, axis=0).max()) for values in expected.values())
    assert onnx_export.largest_difference(expected, found) < 0.1 * spread


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_batches_are_filled_with_the_encoders_own_padding(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = located(kind, tmp_path, monkeypatch)
    network = TextNetwork(encoder.load(folder), TASKS, 0.0).eval()
    assert network.pad_id == PADS[kind]
    rows = tokenise(to_frame(tiny.rows(1)), folder / "tokenizer.json", TASKS, 16, network.pad_id)
    batch = collate(rows, list(range(len(rows))))
    assert set(batch["input_ids"][batch["attention_mask"] == 0].tolist()) == {PADS[kind]}
    with torch.inference_mode():
        together = network(batch["input_ids"], batch["attention_mask"])
        for number, ids in enumerate(rows.ids):
            alone = network(torch.tensor([ids]), torch.ones((1, len(ids)), dtype=torch.long))
            torch.testing.assert_close(together["emotion"][number], alone["emotion"][0], atol=1e-5, rtol=1e-5)


def test_the_data_module_hands_the_padding_on(tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = located("roberta", tmp_path, monkeypatch)
    config = dataclasses.replace(composed("train", TrainConfig).data, processed=str(tiny_processed), batch_size=60)
    batch = next(iter(ChatData(config, folder / "tokenizer.json", TASKS, 0, pad_id=1).train_dataloader()))
    assert set(batch["input_ids"][batch["attention_mask"] == 0].tolist()) == {1}


@pytest.mark.parametrize("kind", tiny_encoders.KINDS)
def test_texts_longer_than_the_encoder_reads_are_refused_before_training(
    kind: str, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = located(kind, tmp_path, monkeypatch)
    assert longest(encoder.load(folder)) == tiny_encoders.LONGEST
    config = tiny.train_config(folder, tiny_processed, tmp_path / "checkpoint", "data.max_tokens=65")
    with pytest.raises(ValueError, match=r"data\.max_tokens is 65, the encoder reads at most 64"):
        train.train(config)


def test_an_encoder_of_another_build_is_named(tmp_path: Path) -> None:
    from transformers import T5Config, T5EncoderModel

    model = T5EncoderModel(T5Config(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2))
    with pytest.raises(ValueError, match="the layers of a t5 are not known; known are BERT"):
        blocks(model)


def test_a_vocabulary_becomes_the_tokenizer_that_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tokenizers import Tokenizer

    source = tmp_path / "bert"
    folder = located("bert", tmp_path, monkeypatch)
    assert folder != source
    assert not (source / "tokenizer.json").exists()
    assert (folder / "model.safetensors").samefile(source / "model.safetensors")
    made, original = Tokenizer.from_file(str(folder / "tokenizer.json")), tiny_encoders._words()
    for text in ("Good GAME", "i love this game", "unheard of: ünïcode 日本!", ""):
        assert made.encode(text).ids == original.encode(text).ids
    written = (folder / "tokenizer.json").stat().st_mtime_ns
    assert encoder.locate(EncoderConfig("bert", "folder", str(source), None, None)) == folder
    assert (folder / "tokenizer.json").stat().st_mtime_ns == written


def test_a_vocabulary_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "CONVERTED", tmp_path / "converted")
    folder = tiny_encoders.make("distilbert", tmp_path / "x")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text("no JSON")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    with pytest.raises(EncoderError, match=r"lacks tokenizer\.json, and none can be made of vocab\.json"):
        encoder.locate(EncoderConfig("x", "folder", str(folder), None, None))
    assert not (tmp_path / "converted").exists()

"""The embedder is the encoder's mean over tokens at unit length; int8 is shipped alone, and only behind its gate."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from tokenizers import Tokenizer

from hikari import fingerprint
from hikari.bundle import open_bundle
from hikari.memory.embedder import OnnxEmbedder
from tests import tiny
from training import encoder, export_embedder
from training.entry import composed
from training.export_embedder import Agreement, EmbedderError, ExportEmbedderConfig, SentenceEncoder, compare, nearest, read_texts
from training.schema import ConfigError

SENTENCES = ["i love this game", "sad", "what the what", "you idiot"]


@pytest.fixture(scope="module")
def small_encoder(tiny_embedder: Path) -> Path:
    """The encoder that the tiny bundle was made of."""
    return tiny_embedder.parent / "encoder"


@pytest.fixture
def config(small_encoder: Path, tmp_path: Path) -> ExportEmbedderConfig:
    return tiny.embedder_config(small_encoder, tmp_path)


def strict(config: ExportEmbedderConfig, **limits: float) -> ExportEmbedderConfig:
    return dataclasses.replace(config, gate=dataclasses.replace(config.gate, **limits))


def by_hand(folder: Path, sentence: str) -> np.ndarray:
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(sentence).ids
    with torch.inference_mode():
        states = encoder.load(folder)(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    mean = states.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_the_bundle_holds_the_encoder_as_int8_alone(tiny_embedder: Path, small_encoder: Path) -> None:
    bundle = open_bundle(tiny_embedder, "embedder")
    assert set(bundle.manifest["files"]) == {"embedding.json", "tokenizer.json", "model.int8.onnx"}
    facts = bundle.json("embedding.json")
    assert facts == {"dimension": 32, "max_tokens": 32, "pooling": "mean", "preprocessing": 1}
    assert bundle.manifest["parents"] == {"encoder": fingerprint.of_file(small_encoder / "model.safetensors")}
    assert (tiny_embedder / "tokenizer.json").read_bytes() == (small_encoder / "tokenizer.json").read_bytes()


def test_embeddings_are_unit_means_over_tokens(config: ExportEmbedderConfig, small_encoder: Path) -> None:
    expected = np.array([by_hand(small_encoder, sentence) for sentence in SENTENCES])
    facts = export_embedder.export(strict(config, mean_cosine=1.0, alone_cosine=1.0, top10_overlap=1.0))
    assert facts["precision"] == "fp32"
    fp32 = OnnxEmbedder.open(config.bundle)
    assert fp32.precision == "fp32"
    np.testing.assert_allclose(fp32.embed(SENTENCES), expected, atol=1e-5)
    export_embedder.export(config)
    int8 = OnnxEmbedder.open(config.bundle)
    assert int8.precision == "int8"
    assert ((int8.embed(SENTENCES) * expected).sum(axis=1) > 0.99).all()


def test_padding_does_not_count(small_encoder: Path) -> None:
    network = SentenceEncoder(encoder.load(small_encoder)).eval()
    with torch.inference_mode():
        plain = network(torch.tensor([[2, 9, 3]]), torch.ones((1, 3), dtype=torch.long))
        padded = network(torch.tensor([[2, 9, 3, 0, 0]]), torch.tensor([[1, 1, 1, 0, 0]]))
    np.testing.assert_allclose(plain.numpy(), padded.numpy(), atol=1e-5)


@pytest.mark.parametrize("limit", ["mean_cosine", "top10_overlap", "alone_cosine"])
def test_every_limit_of_the_gate_keeps_int8_out(limit: str) -> None:
    good = Agreement(0.995, 0.95, 0.9999)
    gate = export_embedder.EmbedderGateConfig(mean_cosine=0.99, top10_overlap=0.9, alone_cosine=0.999)
    assert good.passes(gate)
    assert not dataclasses.replace(good, **{limit: 0.89}).passes(gate)
    assert not dataclasses.replace(good, **{limit: float("nan")}).passes(gate)


def test_int8_that_strays_is_left_out_and_said_so(
    config: ExportEmbedderConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = export_embedder.quantise_rows

    def spoiled(network: Any, samples: list[list[int]], target: Path) -> None:
        real(network, samples, target)
        model = onnx.load(str(target))
        rows = next(tensor for tensor in model.graph.initializer if tensor.name == "words/steps")
        values = onnx.numpy_helper.to_array(rows) * np.linspace(-9, 9, rows.dims[0], dtype=np.float32)[:, None]
        rows.CopyFrom(onnx.numpy_helper.from_array(values, rows.name))
        onnx.save(model, str(target))

    monkeypatch.setattr(export_embedder, "quantise_rows", spoiled)
    facts = export_embedder.export(config)
    assert facts["precision"] == "fp32"
    assert facts["int8_mean_cosine"] < 0.99
    assert set(open_bundle(Path(config.bundle), "embedder").manifest["files"]) == {
        "embedding.json",
        "tokenizer.json",
        "model.onnx",
    }
    assert "strays too far" in capsys.readouterr().out


def test_a_graph_that_differs_from_pytorch_is_refused_and_the_old_bundle_stays(
    config: ExportEmbedderConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_embedder.export(config)
    before = open_bundle(Path(config.bundle), "embedder").fingerprint
    real = export_embedder.export_fp32

    def other_network(network: Any, file: Path) -> None:
        with torch.no_grad():
            network.transformer.embeddings.LayerNorm.bias += 0.5
        real(network, file)
        with torch.no_grad():
            network.transformer.embeddings.LayerNorm.bias -= 0.5

    monkeypatch.setattr(export_embedder, "export_fp32", other_network)
    with pytest.raises(EmbedderError, match=r"ONNX and PyTorch differ by .* at most 1e-05 is allowed"):
        export_embedder.export(config)
    assert open_bundle(Path(config.bundle), "embedder").fingerprint == before


def test_exporting_again_gives_the_same_fingerprint(config: ExportEmbedderConfig, tiny_embedder: Path) -> None:
    facts = export_embedder.export(config)
    bundle = open_bundle(Path(config.bundle), "embedder")
    assert facts["fingerprint"] == bundle.fingerprint == open_bundle(tiny_embedder, "embedder").fingerprint
    assert facts["bytes"] == sum((Path(config.bundle) / name).stat().st_size for name in bundle.manifest["files"])
    assert {name: facts[name] for name in set(facts) & set(bundle.manifest)}.keys() >= {"precision", "int8_mean_cosine"}


class Table:
    """An embedder that looks its vectors up; `shift` is added to texts that are embedded with others."""

    def __init__(self, vectors: np.ndarray, shift: float = 0.0) -> None:
        self._vectors = vectors.astype(np.float32)
        self._shift = shift

    def embed(self, texts: list[str]) -> np.ndarray:
        found = self._vectors[[int(text) for text in texts]]
        if len(texts) > 1 and self._shift:
            found = found + np.float32(self._shift)
            found = found / np.linalg.norm(found, axis=1, keepdims=True)
        return found


def test_agreement_with_itself_is_one_and_with_noise_less() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts, queries = [str(n) for n in range(50)], [str(n) for n in range(50, 60)]
    same = compare(Table(vectors), texts, queries, vectors)  # type: ignore[arg-type]
    assert same == Agreement(pytest.approx(1.0, abs=1e-6), 1.0, pytest.approx(1.0, abs=1e-6))
    turned = compare(Table(np.roll(vectors, 1, axis=0)), texts, queries, vectors)  # type: ignore[arg-type]
    assert abs(turned.mean_cosine) < 0.3
    assert turned.top10_overlap < 0.6
    assert turned.alone_cosine == pytest.approx(1.0, abs=1e-6)
    moody = compare(Table(vectors, shift=0.3), texts, queries, vectors)  # type: ignore[arg-type]
    assert moody.alone_cosine < 0.99


def test_nearest_are_the_ten_best_in_order() -> None:
    angles = np.linspace(0, np.pi / 2, 20)
    texts = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert nearest(texts[[0, 19]], texts).tolist() == [list(range(10)), list(range(19, 9, -1))]


def test_texts_are_read_by_any_of_their_keys(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"content": "a"}\n{"text": "b", "id": 1}\n{"query": "c"}\n')
    assert read_texts(file) == ["a", "b", "c"]
    file.write_text('{"content": "a"}\n{"content": 3}\n')
    with pytest.raises(EmbedderError, match="line 2 has no content, text or query"):
        read_texts(file)
    file.write_text("")
    with pytest.raises(EmbedderError, match="holds no line"):
        read_texts(file)


@pytest.mark.parametrize("override", ["max_tokens=4", "gate.mean_cosine=1.5", "+typo=1", "+gate.typo=1", "version=one"])
def test_the_configuration_is_checked(override: str) -> None:
    with pytest.raises(ConfigError):
        composed("export_embedder", ExportEmbedderConfig, [override])


def test_main_prints_the_facts_as_json(
    config: ExportEmbedderConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = [f"{name}={getattr(config, name)}" for name in ("bundle", "queries", "max_tokens")]
    source = [
        f"model.encoder.location={config.model.encoder.location}",
        "model.encoder.source=folder",
        "model.encoder.sha256=null",
    ]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prog", *arguments, *source, f"texts=[{config.texts[0]}]"])
    export_embedder.main()
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["fingerprint"] == open_bundle(Path(config.bundle), "embedder").fingerprint

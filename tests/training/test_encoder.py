"""Encoders from a folder, a package or a hub are checked against their hash; errors say what to do."""

import dataclasses
import sys
from pathlib import Path

import pytest
import torch

from hikari import fingerprint
from training import encoder
from training.encoder import EncoderError
from training.entry import composed
from training.schema import EncoderConfig, TrainConfig

FILES = ("config.json", "model.safetensors", "tokenizer.json")


def in_folder(folder: Path, sha256: str | None = None) -> EncoderConfig:
    return EncoderConfig(name="tiny", source="folder", location=str(folder), revision=None, sha256=sha256)


def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: Path) -> None:
    """An importable package that carries the files of `source`, as the real one does."""
    (tmp_path / name / "model").mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('locating must not import')\n")
    for file in FILES:
        (tmp_path / name / "model" / file).write_bytes((source / file).read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_folder_with_the_right_hash_is_taken(tiny_encoder: Path) -> None:
    digest = fingerprint.of_file(tiny_encoder / "model.safetensors")
    assert encoder.locate(in_folder(tiny_encoder, digest)) == tiny_encoder
    assert encoder.locate(in_folder(tiny_encoder)) == tiny_encoder


def test_a_wrong_hash_is_refused_with_both_hashes(tiny_encoder: Path) -> None:
    found = fingerprint.of_file(tiny_encoder / "model.safetensors")
    with pytest.raises(EncoderError) as caught:
        encoder.locate(in_folder(tiny_encoder, "0" * 64))
    assert found in str(caught.value)
    assert "0" * 64 in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=f"no folder {tmp_path / 'nowhere'}"):
        encoder.locate(in_folder(tmp_path / "nowhere"))


@pytest.mark.parametrize("present", [(), ("config.json",), ("config.json", "tokenizer.json")])
def test_every_missing_file_is_named(tmp_path: Path, present: tuple[str, ...]) -> None:
    for name in present:
        (tmp_path / name).write_text("{}")
    with pytest.raises(EncoderError, match="lacks") as caught:
        encoder.locate(in_folder(tmp_path))
    for name in FILES:
        assert (name in str(caught.value)) == (name not in present)


def test_a_package_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> None:
    package(tmp_path, monkeypatch, "encoder_in_a_package", tiny_encoder)
    digest = fingerprint.of_file(tiny_encoder / "model.safetensors")
    config = EncoderConfig("tiny", "package", "encoder_in_a_package", None, digest)
    assert encoder.locate(config) == tmp_path / "encoder_in_a_package" / "model"
    assert "encoder_in_a_package" not in sys.modules
    with pytest.raises(EncoderError, match="expected 1111"):
        encoder.locate(dataclasses.replace(config, sha256="1" * 64))


def test_a_package_without_the_files_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hollow_package").mkdir()
    (tmp_path / "hollow_package" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EncoderError, match=r"lacks config\.json, model\.safetensors, tokenizer\.json"):
        encoder.locate(EncoderConfig("x", "package", "hollow_package", None, "0" * 64))


def test_a_package_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(EncoderError, match="no_such_package_here is not installed; install the extra `train`"):
        encoder.locate(EncoderConfig("x", "package", "no_such_package_here", None, "0" * 64))


def test_the_pinned_package_is_the_one_of_the_configuration() -> None:
    config = composed("train", TrainConfig).model.encoder
    folder = encoder.locate(config)
    assert fingerprint.of_file(folder / "model.safetensors") == config.sha256


def test_a_hub_that_cannot_be_reached_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    config = EncoderConfig("x", "hub", "nobody/no-such-encoder", "0" * 40, None)
    with pytest.raises(EncoderError) as caught:
        encoder.locate(config)
    message = str(caught.value)
    for part in ("nobody/no-such-encoder", "0" * 40, "model.encoder.source=folder", *FILES):
        assert part in message


def test_a_cached_hub_revision_is_found_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    revision = "a" * 40
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / revision
    snapshot.mkdir(parents=True)
    for name in FILES:
        (snapshot / name).write_bytes((tiny_encoder / name).read_bytes())
    assert encoder.locate(EncoderConfig("x", "hub", "someone/tiny", revision, None)) == snapshot


def test_loading_gives_the_saved_weights_and_building_random_ones(tiny_encoder: Path) -> None:
    from safetensors.torch import load_file

    saved = load_file(tiny_encoder / "model.safetensors")
    loaded, built = encoder.load(tiny_encoder).state_dict(), encoder.build(tiny_encoder).state_dict()
    assert set(loaded) == set(built)
    assert all(torch.equal(loaded[name], saved[name]) for name in saved)
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(built[name], saved[name])
    assert all(values.dtype == torch.float32 for values in loaded.values() if values.is_floating_point())


def test_attention_is_fused_to_train_and_eager_to_export(tiny_encoder: Path) -> None:
    assert encoder.load(tiny_encoder).config._attn_implementation == "sdpa"
    assert encoder.load(tiny_encoder, "eager").config._attn_implementation == "eager"
    assert encoder.build(tiny_encoder).config._attn_implementation == "eager"

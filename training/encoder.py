"""Loading a pre-trained encoder: from an installed package, from a model hub by pinned revision, or from a folder."""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from hikari import atomic, fingerprint
from training.schema import EncoderConfig

CONVERTED = Path("mlruns/encoders")
"""Encoders that came without tokenizer.json get one here; made again when missing."""
_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_VOCABULARIES = ("vocab.txt", "vocab.json")
_OLD_TOKENIZER = (*_VOCABULARIES, "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
"""What older repositories hold instead of tokenizer.json."""


class EncoderError(RuntimeError):
    """The encoder cannot be had, or is not the one that was asked for; the message says what to do."""


def locate(config: EncoderConfig) -> Path:
    """A local folder with the encoder's files, verified against `config.sha256`. Raises `EncoderError`."""
    folder = {"package": _from_package, "hub": _from_hub, "folder": _from_folder}[config.source](config)
    if not (folder / "tokenizer.json").is_file() and any((folder / name).is_file() for name in _VOCABULARIES):
        folder = _with_tokenizer(config, folder)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise EncoderError(f"encoder {config.name}: {folder} lacks {', '.join(missing)}")
    if config.sha256 is not None:
        found = fingerprint.of_file(folder / "model.safetensors")
        if found != config.sha256:
            raise EncoderError(f"encoder {config.name}: model.safetensors has sha256 {found}, expected {config.sha256}")
    return folder


def load(folder: Path, attention: str = "sdpa") -> Any:
    """The encoder as a torch module in fp32. To train it, fused attention is a tenth faster; ONNX export needs `attention="eager"`."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder, attn_implementation=attention, local_files_only=True, use_safetensors=True)


def build(folder: Path) -> Any:
    """The encoder's architecture with random weights, to be filled from a checkpoint; eager attention, which ONNX export needs."""
    from transformers import AutoConfig, AutoModel

    return AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True), attn_implementation="eager")


def _from_package(config: EncoderConfig) -> Path:
    try:
        found = importlib.util.find_spec(config.location)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        raise EncoderError(
            f"encoder {config.name}: the Python package {config.location} is not installed; install the extra `train`"
        )
    return Path(found.origin).parent / "model"


def _from_hub(config: EncoderConfig) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    patterns = [*_FILES, *_OLD_TOKENIZER]
    try:
        return Path(snapshot_download(config.location, revision=config.revision, allow_patterns=patterns, etag_timeout=5))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise EncoderError(
            f"encoder {config.name}: the model hub does not give {config.location} at {config.revision} ({type(error).__name__}). "
            "Either make the hub reachable once (the files are cached), or download config.json, model.safetensors and "
            "tokenizer.json to a folder and use model.encoder.source=folder model.encoder.location=FOLDER"
        ) from error


def _from_folder(config: EncoderConfig) -> Path:
    folder = Path(config.location)
    if not folder.is_dir():
        raise EncoderError(f"encoder {config.name}: no folder {folder}")
    return folder


def _with_tokenizer(config: EncoderConfig, folder: Path) -> Path:
    """A folder with the same files and the tokenizer.json that transformers makes of the vocabulary."""
    from transformers import AutoTokenizer

    old = {name: fingerprint.of_file(folder / name) for name in _OLD_TOKENIZER if (folder / name).is_file()}
    target = CONVERTED / f"{config.name}-{fingerprint.of_value({'from': str(folder.resolve()), 'files': old})[:16]}"
    if all((target / name).is_file() for name in _FILES):
        return target
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        content = str(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError, ImportError) as error:
        raise EncoderError(
            f"encoder {config.name}: {folder} lacks tokenizer.json, and none can be made of {', '.join(old)} ({type(error).__name__})"
        ) from error
    with atomic.new_folder(target) as made:
        (made / "tokenizer.json").write_text(content, encoding="utf-8")
        if (folder / "config.json").is_file():
            shutil.copyfile(folder / "config.json", made / "config.json")
        if (folder / "model.safetensors").is_file():
            (made / "model.safetensors").symlink_to((folder / "model.safetensors").resolve())
    return target

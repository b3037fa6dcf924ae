# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire and from disk: their declared types are what is checked here.
"""A model bundle: one folder that holds everything a model needs to answer, and proves that it is complete.

    manifest.json       format, kind, name, version, the SHA-256 and size of every other file, the fingerprints of its parents
    tokenizer.json      Hugging Face tokenizers
    model.onnx          fp32 graph;  model.int8.onnx: the quantised one, absent when it disagreed too much

    kind `text`, the classifier:
    labels.json         tasks, their labels and how each is decided
    calibration.json    temperatures, thresholds, ensemble weights
    weights.safetensors the trained weights

    kind `stack`, three classifiers instead of one, each with its own encoder (nothing above but the manifest):
    stack.json          for each of sentiment, emotion, toxicity: where it came from, which labels became which, its sizes
    calibration.json    as above
    sentiment.onnx  sentiment.tokenizer.json    and the same of emotion and toxicity

    kind `embedder`, the encoder of the memory (one of the two graphs is enough):
    embedding.json      dimension, length, pooling, preprocessing

    kind `engagement`, the forecast of a stream's next minutes (no tokenizer):
    engagement.json     features and their version, horizons, quantiles, prior norms, conformal correction
    weights.safetensors the trained weights

Nothing in it is ever unpickled. Format numbers only grow: a reader refuses a newer one.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hikari import atomic, fingerprint
from hikari.errors import BadBundle, NotReady
from hikari.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
REQUIRED = ("labels.json", "calibration.json", "tokenizer.json", "weights.safetensors", "model.onnx")
STACK_PARTS = ("sentiment", "emotion", "toxicity")
KINDS: Mapping[str, tuple[str, ...]] = {
    "text": REQUIRED,
    "stack": (
        "stack.json",
        "calibration.json",
        *(f"{part}.{kind}" for part in STACK_PARTS for kind in ("onnx", "tokenizer.json")),
    ),
    "embedder": ("embedding.json", "tokenizer.json", "model.int8.onnx or model.onnx"),
    "engagement": ("engagement.json", "weights.safetensors", "model.onnx"),
}
"""What each kind of bundle must hold; a manifest without a kind is older than the kinds and means `text`."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle: its folder and its manifest, already verified."""

    path: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def fingerprint(self) -> str:
        """One hash over all files: equal fingerprints mean equal answers."""
        return str(self.manifest["fingerprint"])

    @property
    def has_int8(self) -> bool:
        return "model.int8.onnx" in self.manifest["files"]

    def json(self, name: str) -> dict[str, Any]:
        """The content of one of the bundle's JSON files."""
        return _read_json(self.path / name)


def open_bundle(path: Path, kind: str = "text") -> Bundle:
    """Open and verify a bundle of this kind: every listed file present with its size and hash, no unlisted file.

    Raises `NotReady` when the folder does not exist, `BadBundle` when anything is wrong with it.
    """
    atomic.recover(path)
    if not path.is_dir():
        raise NotReady(f"no model bundle at {path}; `make pipeline` builds one")
    manifest = _read_json(path / MANIFEST)
    if type(manifest.get("format")) is not int or manifest["format"] < 1:
        raise BadBundle(f"{path / MANIFEST} names no format number")
    if manifest["format"] > FORMAT:
        raise BadBundle(f"bundle format {manifest['format']} is newer than {FORMAT}, the newest this version reads")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(manifest.get(key), str) for key in ("name", "version")):
        raise BadBundle(f"{path / MANIFEST} lacks `files`, `name` or `version`")
    entries = cast("dict[str, dict[str, Any]]", files)
    if not all(isinstance(entry, dict) for entry in entries.values()):
        raise BadBundle(f"{path / MANIFEST}: every entry of `files` must be an object with sha256 and bytes")
    if manifest.get("kind", "text") != kind:
        raise BadBundle(f"the bundle at {path} is of kind {manifest.get('kind', 'text')!r}, wanted {kind!r}")
    problems = _problems(path, entries, kind)
    if problems:
        raise BadBundle(f"the bundle at {path} is damaged: " + "; ".join(problems))
    if manifest.get("fingerprint") != fingerprint.of_files({name: str(e["sha256"]) for name, e in entries.items()}):
        raise BadBundle(f"the bundle at {path} is damaged: the fingerprint does not match the file list")
    return Bundle(path, manifest)


def classifier_kind(path: Path) -> str:
    """`stack` or `text`: which kind of classifier the folder claims to hold; `open_bundle` then says what is wrong with it."""
    manifest = path / MANIFEST
    return "stack" if manifest.is_file() and _read_json(manifest).get("kind") == "stack" else "text"


def write_bundle(
    target: Path,
    files: Mapping[str, Path | bytes],
    *,
    name: str,
    version: str,
    parents: Mapping[str, str],
    kind: str = "text",
    **facts: Any,
) -> Bundle:
    """Write a bundle so that `target` is the old one or the whole new one; returns it opened and verified.

    `files` maps names inside the bundle to their content or to a file to copy; `facts` are added to the manifest.
    """
    missing = [required for required in KINDS[kind] if not _holds(files, required)]
    if missing:
        raise BadBundle(f"a bundle needs {', '.join(missing)} as well")
    with atomic.new_folder(target) as folder:
        for file_name, content in files.items():
            if isinstance(content, bytes):
                (folder / file_name).write_bytes(content)
            else:
                shutil.copyfile(content, folder / file_name)
        entries = {
            file_name: {
                "sha256": fingerprint.of_file(folder / file_name),
                "bytes": (folder / file_name).stat().st_size,
            }
            for file_name in sorted(files)
        }
        manifest = {
            "format": FORMAT,
            "kind": kind,
            "name": name,
            "version": version,
            "fingerprint": fingerprint.of_files({file_name: str(e["sha256"]) for file_name, e in entries.items()}),
            "parents": dict(parents),
            **facts,
            "files": entries,
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return open_bundle(target, kind)


def find_bundle(name: str, path: Path | str | None = None, settings: Settings | None = None, kind: str = "text") -> Path:
    """Where the bundle `name` lies: `path`, `HIKARI_BUNDLE`, `$HIKARI_HOME/models/<name>`, the checkout's `data/models/<name>`.

    The first two are taken as they are (a wrong explicit path must not fall through to another model). `HIKARI_BUNDLE` names a
    classifier, a bundle of kind `text` or `stack`, and says nothing about others.
    Raises `NotReady` that says where it looked.
    """
    if path is not None:
        return Path(path)
    settings = settings or Settings.read()
    if settings.bundle is not None and kind == "text":
        return settings.bundle
    candidates = [settings.home / "models" / name, Path(__file__).parent.parent / "data" / "models" / name]
    for candidate in candidates:
        atomic.recover(candidate)
        if (candidate / MANIFEST).is_file():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    other = ", HIKARI_BUNDLE names another" if kind == "text" else ""
    raise NotReady(f"no model bundle {name!r} found (looked at {looked}); `make pipeline` builds one{other}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadBundle(f"{path} is missing") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadBundle(f"{path} is not valid JSON") from error
    if not isinstance(content, dict):
        raise BadBundle(f"{path} must hold a JSON object")
    return cast("dict[str, Any]", content)


def _holds(files: Mapping[str, Any], required: str) -> bool:
    return any(name in files for name in required.split(" or "))


def _problems(path: Path, entries: Mapping[str, Mapping[str, Any]], kind: str) -> list[str]:
    problems = [f"{name} is not listed" for name in KINDS[kind] if not _holds(entries, name)]
    for name, entry in entries.items():
        file = path / name
        if Path(name).name != name:
            problems.append(f"{name!r} is not a plain file name")
        elif not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != entry.get("bytes"):
            problems.append(f"{name} has {file.stat().st_size} bytes, expected {entry.get('bytes')}")
        elif fingerprint.of_file(file) != entry.get("sha256"):
            problems.append(f"{name} does not match its hash")
    unlisted = {file.name for file in path.iterdir()} - set(entries) - {MANIFEST}
    problems += [f"{name} is not part of it" for name in sorted(unlisted)]
    return problems

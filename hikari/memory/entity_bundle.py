# pyright: reportUnnecessaryIsInstance=false
# Values come from disk: their declared types are what is checked here.
"""The trained entity pipeline on disk: spaCy's own folder with a manifest beside it that proves it complete and unchanged.

spaCy writes JSON, msgpack and NumPy arrays without objects; nothing in the folder is ever unpickled.
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from hikari import atomic, fingerprint
from hikari.errors import BadBundle, NotReady
from hikari.settings import Settings

if TYPE_CHECKING:
    from spacy.language import Language

NAME = "entities"
LABELS = ("creative_work", "group", "location", "person", "product")
"""What the trained pipeline tells apart: songs, games and shows; companies, teams and bands; places; people; things one can buy."""
FORMAT = 1
MANIFEST = "manifest.json"
MAX_BYTES = 5_000_000
_REQUIRED = ("config.cfg", "meta.json", "ner/model")


def find_pipeline(path: Path | str | None = None, settings: Settings | None = None) -> Path:
    """Where the pipeline lies: `path`, `$HIKARI_HOME/models/entities`, the checkout's `data/models/entities`.

    A `path` is taken as it is. Raises `NotReady` that says where it looked.
    """
    if path is not None:
        return Path(path)
    settings = settings or Settings.read()
    candidates = [settings.home / "models" / NAME, Path(__file__).parents[2] / "data" / "models" / NAME]
    for candidate in candidates:
        atomic.recover(candidate)
        if (candidate / MANIFEST).is_file():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise NotReady(f"no entity pipeline found (looked at {looked}); `make pipeline` brings the released one")


def write_pipeline(target: Path, pipeline: "Language", **facts: Any) -> dict[str, Any]:
    """Write `pipeline` so that `target` is the old folder or the whole new one; returns the manifest, with `facts` in it."""
    with atomic.new_folder(target) as folder:
        pipeline.to_disk(folder)
        names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        files = {name: {"sha256": fingerprint.of_file(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
        size = sum(int(entry["bytes"]) for entry in files.values())
        if size > MAX_BYTES:
            raise BadBundle(f"the entity pipeline has {size} bytes, at most {MAX_BYTES} may be released")
        manifest = {
            "format": FORMAT,
            "name": NAME,
            "fingerprint": _fingerprint(files),
            "labels": list(LABELS),
            **facts,
            "files": files,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    return verify_pipeline(target)


def verify_pipeline(path: Path) -> dict[str, Any]:
    """The manifest of a folder whose every file is listed, present, and of its size and hash.

    Raises `NotReady` when there is no such folder, `BadBundle` when anything is wrong with it.
    """
    atomic.recover(path)
    if not path.is_dir():
        raise NotReady(f"no entity pipeline at {path}; `make pipeline` brings the released one")
    manifest = _manifest(path / MANIFEST)
    files = cast("Mapping[str, Mapping[str, Any]]", manifest["files"])
    problems = [f"{name} is not listed" for name in _REQUIRED if name not in files]
    for name, entry in files.items():
        file = path / name
        if not _is_inside(name):
            problems.append(f"{name!r} is no plain relative path")
        elif not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != entry.get("bytes"):
            problems.append(f"{name} has {file.stat().st_size} bytes, expected {entry.get('bytes')}")
        elif fingerprint.of_file(file) != entry.get("sha256"):
            problems.append(f"{name} does not match its hash")
    found = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()}
    problems += [f"{name} is not part of it" for name in sorted(found - set(files) - {MANIFEST})]
    if problems:
        raise BadBundle(f"the entity pipeline at {path} is damaged: " + "; ".join(problems))
    if manifest.get("fingerprint") != _fingerprint(files):
        raise BadBundle(f"the entity pipeline at {path} is damaged: the fingerprint does not match the file list")
    return manifest


def load_pipeline(path: Path) -> tuple["Language", dict[str, Any]]:
    """The verified pipeline and its manifest. Raises `NotReady`, `BadBundle`."""
    manifest = verify_pipeline(path)
    try:
        import spacy

        import hikari.memory.word_vectors  # noqa: F401  # pyright: ignore[reportUnusedImport]  # tells spaCy of them
    except ImportError as error:
        raise NotReady("the trained entity pipeline needs spaCy, which is not installed") from error
    try:
        return spacy.load(path), manifest
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Hashes are right, so it was written by another version of spaCy or of this package.
        raise BadBundle(f"this version of spaCy cannot open the entity pipeline at {path} ({type(error).__name__})") from error


def _fingerprint(files: Mapping[str, Mapping[str, Any]]) -> str:
    return fingerprint.of_files({name: str(entry.get("sha256")) for name, entry in files.items()})


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and ".." not in parts and "\\" not in name


def _manifest(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise BadBundle(f"{path} is missing") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadBundle(f"{path} is not valid JSON") from error
    if not isinstance(content, dict):
        raise BadBundle(f"{path} must hold a JSON object")
    manifest = cast("dict[str, Any]", content)
    number = manifest.get("format")
    if type(number) is not int or number < 1:
        raise BadBundle(f"{path} names no format number")
    if number > FORMAT:
        raise BadBundle(f"entity pipeline format {number} is newer than {FORMAT}, the newest this version reads")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in cast("dict[str, Any]", files).values()):
        raise BadBundle(f"{path}: `files` must map names to objects with sha256 and bytes")
    return manifest

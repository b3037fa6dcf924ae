# pyright: reportUnnecessaryIsInstance=false
# Values come from disk: their declared types are what is checked here.
"""A saved index: a folder with a manifest that names every file's hash and its own, so that no damage goes unnoticed."""

import errno
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from hikari import atomic, fingerprint
from hikari.errors import BadIndex, NotReady, StoreFull

FORMAT = 1
MANIFEST = "manifest.json"
_ADVICE = "it is rebuilt from the store"


def save_folder(target: Path, facts: Mapping[str, Any], write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder and make it `target` together with its manifest; `target` is the old one or the whole new one.

    `facts` become part of the manifest. Raises `StoreFull` when the disk is.
    """
    try:
        with atomic.new_folder(target) as folder:
            write(folder)
            files = {
                file.name: {"sha256": fingerprint.of_file(file), "bytes": file.stat().st_size}
                for file in sorted(folder.iterdir())
            }
            (folder / MANIFEST).write_text(manifest_text({"format": FORMAT, **facts, "files": files}), encoding="utf-8")
    except (OSError, RuntimeError) as error:
        # faiss reports a failed write as a RuntimeError that carries the system's words.
        if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or "No space left" in str(error):
            raise StoreFull(f"the disk is full: the index at {target} could not be saved, the one before is untouched") from error
        raise


def manifest_text(content: Mapping[str, Any]) -> str:
    """The manifest as JSON, with the hash of its own content."""
    whole = {**content, "manifest_sha256": fingerprint.of_value(dict(content))}
    # No newline at the end, so that cutting off a single byte already breaks it.
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)


def read_manifest(path: Path, newest: int = FORMAT) -> dict[str, Any]:
    """A manifest that is whole and of a known format. Raises `BadIndex`."""
    try:
        content = json.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise BadIndex(f"{path} is missing; {_ADVICE}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadIndex(f"{path} is not valid JSON; {_ADVICE}") from error
    if not isinstance(content, dict):
        raise BadIndex(f"{path} must hold a JSON object; {_ADVICE}")
    manifest = cast("dict[str, Any]", content)
    number = manifest.get("format")
    if type(number) is int and number > newest:
        raise BadIndex(f"index format {number} is newer than {newest}, the newest this version reads")
    stated = manifest.pop("manifest_sha256", None)
    if type(number) is not int or number < 1 or stated != fingerprint.of_value(manifest):
        raise BadIndex(f"{path} is damaged; {_ADVICE}")
    return manifest


def open_folder(target: Path, encoder: str) -> dict[str, Any]:
    """The manifest of a saved index whose files are all whole and whose vectors are of the encoder with that fingerprint.

    Raises `NotReady` when there is no such folder, `BadIndex` when anything is wrong with it.
    """
    atomic.recover(target)
    if not target.is_dir():
        raise NotReady(f"no saved index at {target}")
    manifest = read_manifest(target / MANIFEST)
    if manifest.get("encoder") != encoder:
        raise BadIndex(f"the index at {target} is of another encoder; {_ADVICE}")
    files = cast("dict[str, dict[str, Any]]", manifest.get("files"))
    if not isinstance(files, dict):
        raise BadIndex(f"{target / MANIFEST} lists no files; {_ADVICE}")
    found = {file.name for file in target.iterdir()} - {MANIFEST}
    problems = [f"{name} is not part of it" for name in sorted(found - set(files))]
    for name, entry in files.items():
        file = target / name
        if name not in found or not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != entry.get("bytes"):
            problems.append(f"{name} has {file.stat().st_size} bytes, expected {entry.get('bytes')}")
        elif fingerprint.of_file(file) != entry.get("sha256"):
            problems.append(f"{name} does not match its hash")
    if problems:
        raise BadIndex(f"the index at {target} is damaged: {'; '.join(problems)}; {_ADVICE}")
    return manifest

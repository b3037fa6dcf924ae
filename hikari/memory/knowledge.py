"""The knowledge set: what the channel's makers wrote down, built by the pipeline, read-only, searched beside the live store.

A folder with a store of its own (LMDB), a saved vector index and a manifest; another one takes its place while searches go on.
"""

import contextlib
import json
import shutil
import tempfile
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

from hikari import atomic, fingerprint
from hikari.errors import BadBundle, BadIndex, NotReady
from hikari.memory.extraction import Extractor
from hikari.memory.namespace import Namespace
from hikari.memory.store import Store

SHARED = "_shared"
"""The channel under which its memories appear."""
FORMAT = 1
MANIFEST = "manifest.json"
STORE, INDICES = "store", "indices"


class KnowledgeSet:
    """An open knowledge set. Closed when it was replaced and the last search in it has ended."""

    def __init__(self, folder: Path, encoder: str, dimension: int, extractor: Extractor | None) -> None:
        """Open and verify the folder. Raises `NotReady`, `BadBundle` when it is damaged, `BadIndex` when another encoder made it."""
        self.manifest = _verified(folder)
        if self.manifest.get("encoder") != encoder:
            raise BadIndex("the knowledge set was embedded by another encoder; `make pipeline` builds it anew")
        self.folder = folder
        # The lexical index is made of the texts at every start, in a place of its own: the folder itself is never written to.
        self._scratch = Path(tempfile.mkdtemp(prefix="hikari-knowledge-"))
        self._users, self._lock, self._replaced = 0, threading.Lock(), False
        try:
            shutil.copytree(folder / STORE, self._scratch / STORE)
            shutil.copytree(folder / INDICES, self._scratch / INDICES)
            self.store = Store(self._scratch / STORE, read_only=True)
            self.space = Namespace(SHARED, self.store, self._scratch / INDICES, encoder, dimension, extractor)
        except BaseException:
            self._end()
            raise

    @contextlib.contextmanager
    def use(self) -> Generator["KnowledgeSet"]:
        """The set, kept open for the length of the block."""
        with self._lock:
            self._users += 1
        try:
            yield self
        finally:
            with self._lock:
                self._users -= 1
                last = self._replaced and self._users == 0
            if last:
                self._end()

    def facts(self) -> dict[str, Any]:
        """What it is, for statistics."""
        return {name: self.manifest.get(name) for name in ("name", "fingerprint", "count", "recall_at_10", "encoder")}

    def close(self) -> None:
        """Let it go, now or when the last search has ended."""
        with self._lock:
            if self._replaced:
                return
            self._replaced = True
            idle = self._users == 0
        if idle:
            self._end()

    def _end(self) -> None:
        with contextlib.suppress(AttributeError):
            self.space.discard()
        with contextlib.suppress(AttributeError):
            self.store.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


class Knowledge:
    """The set that is mounted at present, if any; `mount` exchanges it without a gap."""

    def __init__(self) -> None:
        self._current: KnowledgeSet | None = None
        self._lock = threading.Lock()

    def mount(self, new: KnowledgeSet | None) -> None:
        """Put another set in place of the present one."""
        with self._lock:
            old, self._current = self._current, new
        if old is not None:
            old.close()

    @contextlib.contextmanager
    def use(self) -> Generator[KnowledgeSet | None]:
        """The mounted set for the length of the block; None when there is none."""
        with contextlib.ExitStack() as stack:
            with self._lock:
                current = self._current
                if current is not None:
                    stack.enter_context(current.use())
            yield current


def find(path: Path | None, home: Path) -> Path | None:
    """Where the knowledge set lies: `path` as it is, `$HIKARI_HOME/indices/knowledge`, the checkout's `data/indices/knowledge`."""
    if path is not None:
        return path
    for candidate in (home / "indices" / "knowledge", Path(__file__).parents[2] / "data" / "indices" / "knowledge"):
        atomic.recover(candidate)
        if (candidate / MANIFEST).is_file():
            return candidate
    return None


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of a finished folder: `facts` and the hash of every file; returns it."""
    files = {name: fingerprint.of_file(folder / name) for name in _files(folder)}
    manifest = {"format": FORMAT, **facts, "fingerprint": fingerprint.of_files(files), "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)


def _verified(folder: Path) -> dict[str, Any]:
    atomic.recover(folder)
    if not (folder / MANIFEST).is_file():
        raise NotReady(f"no knowledge set at {folder}; `make pipeline` builds one")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = cast("dict[str, str]", manifest["files"])
        version = manifest["format"]
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadBundle(f"{folder / MANIFEST} is no manifest of a knowledge set") from error
    if not isinstance(files, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadBundle(f"{folder / MANIFEST} lists no files")
    if not isinstance(version, int) or version > FORMAT:
        raise BadBundle(f"the knowledge set has format {version}, newer than {FORMAT}, the newest this version reads")
    wrong = [name for name in set(files) | set(_files(folder)) if files.get(name) != _hash(folder / name)]
    if wrong:
        raise BadBundle(f"the knowledge set at {folder} is damaged: {', '.join(sorted(wrong))}")
    return cast("dict[str, Any]", manifest)


def _hash(path: Path) -> str | None:
    return fingerprint.of_file(path) if path.is_file() else None

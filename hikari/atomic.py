"""Files and folders that are either the old one or the new one, never half of either."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that a reader or a crash sees the old bytes or the new ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_file(path) as file:
        file.write(content)


@contextmanager
def open_file(path: Path) -> Generator[IO[bytes]]:
    """A file to fill that replaces `path` when the block ends without an error; else it vanishes."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@contextmanager
def new_folder(target: Path) -> Generator[Path]:
    """A folder to fill that becomes `target` when the block ends without an error; else it vanishes.

    An existing `target` is moved aside first and removed last; `recover` brings it back when a crash fell between.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.new."))
    try:
        yield staging
        staging.chmod(0o755)
        for file in staging.rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        previous = _previous(target)
        if target.exists():
            target.rename(previous)
        staging.rename(target)
        _sync_folder(target.parent)
        shutil.rmtree(previous, ignore_errors=True)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        recover(target)
        raise


def recover(target: Path) -> None:
    """Undo an exchange of folders that a crash cut in two: with no `target`, the one moved aside returns."""
    previous = _previous(target)
    if not previous.exists():
        return
    if target.exists():
        shutil.rmtree(previous)
    else:
        previous.rename(target)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

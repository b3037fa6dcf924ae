"""Public data sets: where each file lies, which licence it carries, and the proof that it is the file that was meant.

The files are read from the local mirror that `HIKARI_DATA_MIRROR` names, where each may lie as it is or compressed (`.gz` after its
name); nothing of them is ever committed.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Union

from pydantic import Field

from hikari.settings import Settings
from training.schema import Name, closed

UNREADABLE = (OSError, EOFError, zlib.error)
"""What a copy that is cut short or not what its name says raises when it is read."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PublicDataError(RuntimeError):
    """A public file is not there or is not the one that was meant; the message says what to do."""


@closed
@dataclass(frozen=True)
class PublicFileConfig:
    """One file of a set: its place in the mirror, its address, and the hash of its content before compression."""

    path: Name
    url: Annotated[str, Field(pattern=r"^https://")]
    sha256: Sha256

    @property
    def hashes(self) -> tuple[str, ...]:
        """The contents that pass for this file, the pinned one first."""
        return (self.sha256,)

    @property
    def served(self) -> str | None:
        """The hash of what the address serves; None for an address to look at, of a file that was made from others."""
        return None if "/tree/" in self.url else self.sha256


@closed
@dataclass(frozen=True)
class PublicExcerptConfig(PublicFileConfig):
    """A file of which `sha256` pins an excerpt, while its address serves the whole; both are taken."""

    whole_sha256: Sha256

    @property
    def hashes(self) -> tuple[str, ...]:
        return (self.sha256, self.whole_sha256)

    @property
    def served(self) -> str | None:
        return self.whole_sha256


@closed
@dataclass(frozen=True)
class PublicSetConfig:
    """A public set (`conf/data/public_*.yaml`): what it is, under which terms, and how its labels are called here."""

    name: Name
    url: Annotated[str, Field(pattern=r"^https://")]
    licence: Name
    citation: Name
    labels: dict[str, str]
    """Its label -> ours; a label that is not listed ends in an error, not in silence."""
    # Not written with `|`: what `closed` returns is a bare type to the checker, which knows no `|` of it.
    files: dict[str, Union[PublicFileConfig, PublicExcerptConfig]]  # noqa: UP007
    """By part, such as `train` and `dev`."""


def public_file(public: PublicSetConfig, part: str, settings: Settings | None = None) -> Path:
    """The verified local file of one part of a set; it may end in `.gz` where `path` does not (`open_text` reads both).

    Raises `PublicDataError` when the set has no such part, no mirror is named, the file is not there or its hash differs.
    """
    return verified(public, part, settings)[0]


def verified(public: PublicSetConfig, part: str, settings: Settings | None = None) -> tuple[Path, str]:
    """As `public_file`, with the hash of the content that was found: of an excerpt it may be the whole's."""
    file = public.files.get(part)
    if file is None:
        raise PublicDataError(f"{public.name} has no part {part!r}; it has {', '.join(sorted(public.files))}")
    mirror = (settings or Settings.read()).data_mirror
    by_hand = f"download {file.url} to FOLDER/{file.path} and set HIKARI_DATA_MIRROR=FOLDER"
    if mirror is None:
        raise PublicDataError(f"{public.name}: HIKARI_DATA_MIRROR names no folder; {by_hand}")
    path = in_mirror(file, mirror)
    if path is None:
        raise PublicDataError(f"{public.name}: {mirror / file.path} is not there; {by_hand}")
    try:
        found = content_sha256(path, file)
    except UNREADABLE as error:
        raise PublicDataError(f"{public.name}: {path} cannot be read ({error}); {by_hand}") from error
    if found not in file.hashes:
        raise PublicDataError(f"{public.name}: {path} has sha256 {found}, expected {' or '.join(file.hashes)}; {by_hand}")
    return path, found


def in_mirror(file: PublicFileConfig, mirror: Path) -> Path | None:
    """Where a mirror holds the file, as it is or compressed; None when it does not. The content is not looked at."""
    plain = mirror / file.path
    compressed = plain.with_name(f"{plain.name}.gz")
    return next((path for path in (plain, compressed) if path.is_file()), None)


def content_sha256(path: Path, file: PublicFileConfig) -> str:
    """The hash of a copy's content: decompressed where the copy is compressed and the pinned file is not.

    Raises one of `UNREADABLE` for a copy that cannot be read.
    """
    packed = path.suffix == ".gz" and not file.path.endswith(".gz")
    with gzip.open(path, "rb") if packed else path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def open_text(path: Path, newline: str | None = None) -> Generator[io.TextIOBase]:
    """A file of UTF-8 text to read, decompressed when its name ends in `.gz`; `newline` as in `open` (csv wants `""`)."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline=newline) as file:
        yield file

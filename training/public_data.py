"""Public data sets: where each file lies, which licence it carries, and the proof that it is the file that was meant.

The files are read from the local mirror that `HIKARI_DATA_MIRROR` names; nothing of them is ever committed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from hikari import fingerprint
from hikari.settings import Settings
from training.schema import Name, closed

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PublicDataError(RuntimeError):
    """A public file is not there or is not the one that was meant; the message says what to do."""


@closed
@dataclass(frozen=True)
class PublicFileConfig:
    """One file of a set: its place in the mirror, its address, and the hash of its content."""

    path: Name
    url: Annotated[str, Field(pattern=r"^https://")]
    sha256: Sha256


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
    files: dict[str, PublicFileConfig]
    """By part, such as `train` and `dev`."""


def public_file(public: PublicSetConfig, part: str, settings: Settings | None = None) -> Path:
    """The verified local file of one part of a set.

    Raises `PublicDataError` when the set has no such part, no mirror is named, the file is not there or its hash differs.
    """
    file = public.files.get(part)
    if file is None:
        raise PublicDataError(f"{public.name} has no part {part!r}; it has {', '.join(sorted(public.files))}")
    mirror = (settings or Settings.read()).data_mirror
    by_hand = f"download {file.url} to FOLDER/{file.path} and set HIKARI_DATA_MIRROR=FOLDER"
    if mirror is None:
        raise PublicDataError(f"{public.name}: HIKARI_DATA_MIRROR names no folder; {by_hand}")
    path = mirror / file.path
    if not path.is_file():
        raise PublicDataError(f"{public.name}: {path} is not there; {by_hand}")
    found = fingerprint.of_file(path)
    if found != file.sha256:
        raise PublicDataError(f"{public.name}: {path} has sha256 {found}, expected {file.sha256}; {by_hand}")
    return path

"""Artefacts that lie beside this code, as in a Bento; what the environment or the live data name goes first."""

from pathlib import Path

from hikari.bundle import MANIFEST
from hikari.memory.embedder import NAME as EMBEDDER
from hikari.memory.embedder import OnnxEmbedder
from hikari.memory.system import NeuralMemorySystem
from hikari.sentiment.analyzer import BUNDLE_NAME
from hikari.settings import Settings

DATA = Path(__file__).parent.parent / "data"
MODELS, INDICES, MEMORY = "models", "indices", "memory"


def text_bundle(settings: Settings) -> Path | None:
    """The classifier's bundle beside this code; None where another is named."""
    return None if settings.bundle is not None else _beside(settings, BUNDLE_NAME)


def embedder(settings: Settings) -> Path | None:
    """The embedder's bundle beside this code; None where the live data hold one."""
    return _beside(settings, EMBEDDER)


def memory() -> NeuralMemorySystem:
    """The memory of `HIKARI_HOME`, not opened yet but its encoder. Raises `NotReady`, `BadBundle`."""
    settings = Settings.read()
    return NeuralMemorySystem(settings.home / MEMORY, embedder=OnnxEmbedder.open(embedder(settings), settings=settings))


def _beside(settings: Settings, name: str) -> Path | None:
    folder = DATA / MODELS / name
    return folder if not (settings.home / MODELS / name / MANIFEST).is_file() and (folder / MANIFEST).is_file() else None

"""Artefacts that lie beside this code, as in a Bento; what the environment or the live data name goes first."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

from hikari.analytics.engagement import KIND as ENGAGEMENT
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.bundle import MANIFEST
from hikari.memory.embedder import NAME as EMBEDDER
from hikari.memory.embedder import OnnxEmbedder, Vectors
from hikari.memory.system import NeuralMemorySystem
from hikari.sentiment.analyzer import BUNDLE_NAME, AdvancedSentimentAnalyzer
from hikari.settings import Settings
from hikari.stream.cache import ContentCache
from serving import loading

DATA = Path(__file__).parent.parent / "data"
MODELS, INDICES, MEMORY, ANALYTICS = "models", "indices", "memory", "analytics"


def text_bundle(settings: Settings) -> Path | None:
    """The classifier's bundle in the registry, if one is named there, else the one beside this code; None where a folder is named.

    Raises what `loading.registered` raises.
    """
    return _beside(settings, BUNDLE_NAME) if settings.bundle is None else loading.registered(settings)


def embedder(settings: Settings) -> Path | None:
    """The embedder's bundle beside this code; None where the live data hold one."""
    return _beside(settings, EMBEDDER)


def engagement(settings: Settings) -> Path | None:
    """The engagement model's bundle beside this code; None where the live data hold one."""
    return _beside(settings, ENGAGEMENT)


class Encoder:
    """The process's one sentence encoder: the memory searches with it, the analytics group topics with it. Opened by who asks first."""

    def __init__(self) -> None:
        self._opened: OnnxEmbedder | None = None
        self._opening = Lock()

    def get(self) -> OnnxEmbedder:
        """The encoder, opened. Raises `NotReady`, `BadBundle`."""
        with self._opening:
            if self._opened is None:
                settings = Settings.read()
                self._opened = OnnxEmbedder.open(embedder(settings), settings=settings)
            return self._opened

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, float32 (n, d)."""
        return self.get().embed(texts)


@cache
def encoder() -> Encoder:
    """The one of this process."""
    return Encoder()


def analyzer(scores: ContentCache) -> AdvancedSentimentAnalyzer:
    """The text model of the settings with what is kept of its scores, not opened yet."""
    return AdvancedSentimentAnalyzer(text_bundle(Settings.read()), cache=scores)


def scores() -> ContentCache:
    """Scores of texts that were read before, in this process and in the Redis of the settings. Raises `NotReady`, `BadInput`."""
    return ContentCache(redis_url=Settings.read().redis_url)


def memory(shared: Encoder) -> NeuralMemorySystem:
    """The memory of `HIKARI_HOME`, not opened yet but its encoder. Raises `NotReady`, `BadBundle`."""
    return NeuralMemorySystem(Settings.read().home / MEMORY, embedder=shared.get())


def analytics(shared: Encoder) -> StreamAnalyticsEngine:
    """The analytics of `HIKARI_HOME`, not opened yet."""
    settings = Settings.read()
    return StreamAnalyticsEngine(settings.home / ANALYTICS, model=engagement(settings), embed=shared.embed, settings=settings)


def _beside(settings: Settings, name: str) -> Path | None:
    folder = DATA / MODELS / name
    return folder if not (settings.home / MODELS / name / MANIFEST).is_file() and (folder / MANIFEST).is_file() else None

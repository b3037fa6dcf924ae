"""Hikari: the intelligence layer of an AI VTuber.

The public classes are imported on first use, so that `import hikari` stays cheap and never loads a model runtime.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hikari.analytics.engine import StreamAnalyticsEngine
    from hikari.memory.system import NeuralMemorySystem
    from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer

__version__ = "0.1.0"
__all__ = ["AdvancedSentimentAnalyzer", "NeuralMemorySystem", "StreamAnalyticsEngine", "__version__"]

_PUBLIC = {
    "AdvancedSentimentAnalyzer": "hikari.sentiment.analyzer",
    "NeuralMemorySystem": "hikari.memory.system",
    "StreamAnalyticsEngine": "hikari.analytics.engine",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hikari' has no attribute {name!r}")

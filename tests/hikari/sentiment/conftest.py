"""An analyser on the tiny model with a clock that stands still."""

from pathlib import Path

import pytest

from hikari import AdvancedSentimentAnalyzer
from tests.hikari.sentiment.analyzers import NOW


@pytest.fixture
def analyzer(tiny_bundle: Path) -> AdvancedSentimentAnalyzer:
    return AdvancedSentimentAnalyzer(tiny_bundle, threads=1, clock=lambda: NOW)

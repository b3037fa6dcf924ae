"""Fixtures of the memory's tests."""

import pytest

from hikari.errors import NotReady
from hikari.memory.entities import EntityRecogniser


@pytest.fixture
def rules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entity pipeline, whatever this checkout has built: entities are found by rules, which is fast and the same everywhere."""

    def nothing(*_: object, **__: object) -> EntityRecogniser:
        raise NotReady("no entity pipeline in this test")

    monkeypatch.setattr(EntityRecogniser, "open", nothing)

"""The app over a real memory and real analytics with a cheap embedder, and how tests talk to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hikari import AdvancedSentimentAnalyzer
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import NotReady
from hikari.memory.config import MemoryConfig
from hikari.memory.entities import EntityRecogniser
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from serving import app as routes
from serving.analytics_runner import AnalyticsRunner
from serving.chat import Chat
from serving.memory_runner import MemoryRunner
from serving.problems import Shield

NOW = 1_700_100_000.0


@dataclass
class Parts:
    """What the routes are answered by, as the service holds it."""

    analyzer: AdvancedSentimentAnalyzer
    memory: MemoryRunner
    analytics: AnalyticsRunner
    chat: Chat


def parts(folder: Path, bundle: Path | str = "nowhere") -> Parts:
    """Parts that live in `folder`, nothing of them open; the analytics do nothing by themselves, and for them it is always `NOW`."""

    def engine() -> StreamAnalyticsEngine:
        return StreamAnalyticsEngine(
            folder / "analytics", config=AnalyticsConfig(background=False), clock=lambda: NOW, embed=HashEmbedder().embed
        )

    analyzer, analytics = AdvancedSentimentAnalyzer(bundle), AnalyticsRunner(engine)
    quiet = MemoryConfig(maintenance=False)
    memory = MemoryRunner(lambda: NeuralMemorySystem(folder / "memory", embedder=HashEmbedder(), config=quiet))
    return Parts(analyzer, memory, analytics, Chat(analyzer, analytics))


@contextmanager
def opened(folder: Path, bundle: Path | str = "nowhere") -> Iterator[TestClient]:
    """A client of the app with stores in `folder`; models that this checkout has built play no part."""
    made = parts(folder, bundle)
    with TestClient(Shield(routes.build(lambda: made)), raise_server_exceptions=False) as client:
        assert client.portal is not None
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(EntityRecogniser, "open", _nothing)
            patched.setattr(EngagementModel, "open", _nothing)
            client.portal.call(made.memory.open)
            client.portal.call(made.analytics.open)
        yield client
        for part in (made.chat, made.memory, made.analytics):
            client.portal.call(part.close)


def _nothing(*_: Any, **__: Any) -> Any:
    raise NotReady("no such model in this test")


def ask(client: TestClient, path: str, status: int = 200, /, **body: Any) -> Any:
    """Post a body; the decoded answer, which must have this status."""
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    return answer.json()


def problem(client: TestClient, path: str, status: int, /, **body: Any) -> dict[str, str]:
    """Post a body that must fail with this status; the error."""
    content = ask(client, path, status, **body)
    assert set(content) == {"error"}
    return content["error"]

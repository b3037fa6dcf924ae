"""The app over a real memory and real analytics with a cheap embedder, and how tests talk to it."""

import json
from collections.abc import Awaitable, Callable, Iterator
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
from hikari.settings import Settings
from serving import app as routes
from serving.analytics_runner import AnalyticsRunner
from serving.chat import Chat
from serving.live import Live
from serving.memory_runner import MemoryRunner
from serving.problems import Shield
from serving.sentiment_runner import SentimentRunner

NOW = 1_700_100_000.0


@dataclass
class Parts:
    """What the routes are answered by, as the service holds it."""

    sentiment: SentimentRunner
    memory: MemoryRunner
    analytics: AnalyticsRunner
    live: Live
    chat: Chat


def parts(folder: Path, bundle: Path | str = "nowhere") -> Parts:
    """Parts that live in `folder`, nothing of them open; they do nothing by themselves, and for them it is always `NOW`."""

    def engine() -> StreamAnalyticsEngine:
        return StreamAnalyticsEngine(
            folder / "analytics", config=AnalyticsConfig(background=False), clock=lambda: NOW, embed=HashEmbedder().embed
        )

    quiet = MemoryConfig(maintenance=False)
    sentiment, analytics = SentimentRunner(lambda: AdvancedSentimentAnalyzer(bundle)), AnalyticsRunner(engine)
    memory = MemoryRunner(lambda: NeuralMemorySystem(folder / "memory", embedder=HashEmbedder(), config=quiet))

    def ready(part: SentimentRunner | MemoryRunner | AnalyticsRunner) -> Callable[[], Awaitable[bool]]:
        async def asked() -> bool:
            return part.is_ready

        return asked

    live = Live(
        sentiment, memory, analytics, {"sentiment": ready(sentiment), "memory": ready(memory), "analytics": ready(analytics)},
        settings=Settings.read({"HIKARI_HOME": str(folder)}), clock=lambda: NOW,
    )  # fmt: skip
    return Parts(sentiment, memory, analytics, live, Chat(live, analytics, clock=lambda: NOW))


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
        client.portal.call(made.live.start)
        yield client
        for part in (made.chat, made.live, made.memory, made.analytics, made.sentiment):
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

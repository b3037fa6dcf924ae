"""The app over a real memory with a cheap embedder, and how tests talk to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hikari import AdvancedSentimentAnalyzer
from hikari.errors import NotReady
from hikari.memory.config import MemoryConfig
from hikari.memory.entities import EntityRecogniser
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from serving import app as routes
from serving.memory_runner import MemoryRunner
from serving.problems import Shield


@contextmanager
def opened(folder: Path) -> Iterator[TestClient]:
    """A client of the app with a memory in `folder`; entities are found by rules, whatever this checkout has built."""
    runner = MemoryRunner(lambda: NeuralMemorySystem(folder, embedder=HashEmbedder(), config=MemoryConfig(maintenance=False)))
    analyzer = AdvancedSentimentAnalyzer("nowhere")
    with TestClient(Shield(routes.build(lambda: analyzer, lambda: runner)), raise_server_exceptions=False) as client:
        assert client.portal is not None
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(EntityRecogniser, "open", _no_pipeline)
            client.portal.call(runner.open)
        yield client
        client.portal.call(runner.close)


def _no_pipeline() -> EntityRecogniser:
    raise NotReady("no entity pipeline in this test")


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

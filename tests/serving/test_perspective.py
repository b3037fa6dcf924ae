"""The Perspective API's shape over a real text model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.perspective import ATTRIBUTES, NOBODY
from tests.serving.memory_client import ask, opened, problem

PATH = "/v1alpha1/comments:analyze"


@pytest.fixture(scope="module")
def client(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("perspective"), tiny_bundle) as one:
        yield one


def test_every_attribute_is_answered_with_the_models_own_score(client: TestClient) -> None:
    body: dict[str, Any] = {
        "comment": {"text": "you idiot", "type": "PLAIN_TEXT"}, "requestedAttributes": {name: {} for name in ATTRIBUTES},
        "languages": ["en"], "doNotStore": True, "clientToken": "t-1",
    }  # fmt: skip
    answer = ask(client, PATH, **body)
    own = ask(client, "/analyze_message", text="you idiot", username="u")["toxicity"]["scores"]
    for name, label in ATTRIBUTES.items():
        assert answer["attributeScores"][name]["summaryScore"] == {"value": own[label], "type": "PROBABILITY"}
    assert (answer["languages"], answer["clientToken"]) == (["en"], "t-1")


def test_comments_leave_no_viewers_trend(client: TestClient) -> None:
    ask(client, PATH, comment={"text": "hello"}, requestedAttributes={"TOXICITY": {}})
    assert ask(client, "/analyze_message", text="hi", username=NOBODY)["context"]["user_trend"]["messages"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"comment": {"text": "hi"}, "requestedAttributes": {"FLIRTATION": {}}}, "requestedAttributes"),
        ({"comment": {"text": "hi"}, "requestedAttributes": {}}, "requestedAttributes"),
        ({"comment": {}, "requestedAttributes": {"TOXICITY": {}}}, "comment.text"),
        ({"comment": {"text": " "}, "requestedAttributes": {"TOXICITY": {}}}, "text"),
    ],
)
def test_bad_requests_name_the_field(client: TestClient, body: dict[str, Any], field: str) -> None:
    assert problem(client, PATH, 400, **body)["field"] == field

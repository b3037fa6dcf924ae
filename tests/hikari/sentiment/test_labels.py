"""Tasks and labels: the contract's order, and what `labels.json` may hold."""

from typing import Any

import pytest

from hikari.errors import BadBundle
from hikari.sentiment import labels, symbols
from hikari.sentiment.labels import TASKS, tasks_from_json, tasks_to_json

GOOD = {"name": "a", "labels": ["x"], "activation": "softmax"}


def test_tasks_are_the_contracts() -> None:
    assert {task.name: (len(task.labels), task.activation) for task in TASKS} == {
        "sentiment": (3, "softmax"),
        "emotion": (7, "softmax"),
        "toxicity": (6, "sigmoid"),
        "question": (1, "sigmoid"),
    }
    assert labels.SENTIMENT == ("negative", "neutral", "positive")
    assert all(len(set(task.labels)) == len(task.labels) for task in TASKS)


def test_emotions_of_symbols_are_those_of_the_model() -> None:
    assert symbols.EMOTIONS == labels.EMOTION


def test_round_trip() -> None:
    assert tasks_from_json(tasks_to_json(TASKS)) == TASKS


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"tasks": None},
        {"tasks": [{}]},
        {"tasks": [1]},
        {"tasks": ["name"]},
        {"tasks": [{**GOOD, "labels": 3}]},
    ],
)
def test_malformed_tasks_say_what_is_needed(content: dict[str, Any]) -> None:
    with pytest.raises(BadBundle, match=r"labels\.json must hold `tasks`, each with name, labels and activation"):
        tasks_from_json(content)


@pytest.mark.parametrize(
    "tasks",
    [[], [{**GOOD, "labels": []}], [GOOD, {**GOOD, "activation": "relu"}], [{**GOOD, "activation": None}]],
)
def test_unusable_tasks_say_what_is_allowed(tasks: list[Any]) -> None:
    with pytest.raises(BadBundle, match="labels and the activation softmax or sigmoid"):
        tasks_from_json({"tasks": tasks})

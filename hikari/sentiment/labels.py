"""The tasks of the text model and their labels, in the order of the logits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from hikari.errors import BadBundle

Activation = Literal["softmax", "sigmoid"]

SENTIMENT = ("negative", "neutral", "positive")
EMOTION = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
TOXICITY = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
QUESTION = ("question",)


@dataclass(frozen=True, slots=True)
class Task:
    """One head: `softmax` picks one label, `sigmoid` decides each label alone."""

    name: str
    labels: tuple[str, ...]
    activation: Activation


TASKS = (
    Task("sentiment", SENTIMENT, "softmax"),
    Task("emotion", EMOTION, "softmax"),
    Task("toxicity", TOXICITY, "sigmoid"),
    Task("question", QUESTION, "sigmoid"),
)


def tasks_to_json(tasks: tuple[Task, ...]) -> dict[str, Any]:
    """The content of a bundle's `labels.json`."""
    return {"tasks": [{"name": t.name, "labels": list(t.labels), "activation": t.activation} for t in tasks]}


def tasks_from_json(content: Mapping[str, Any]) -> tuple[Task, ...]:
    """Read `labels.json`. Raises `BadBundle` when a task is malformed."""
    try:
        rows = cast("list[dict[str, Any]]", content["tasks"])
        tasks = tuple(Task(str(row["name"]), tuple(map(str, row["labels"])), row["activation"]) for row in rows)
    except (KeyError, TypeError) as error:
        raise BadBundle("labels.json must hold `tasks`, each with name, labels and activation") from error
    if not tasks or any(task.activation not in ("softmax", "sigmoid") or not task.labels for task in tasks):
        raise BadBundle("labels.json: every task needs labels and the activation softmax or sigmoid")
    return tasks

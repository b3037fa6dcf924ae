"""The answer in the shapes that engines read."""

from typing import Any

import pytest

from hikari.stream.replies import adapters
from hikari.stream.replies.candidates import PRIORITIES
from hikari.stream.replies.prompt import GUARD, ORDER
from tests.hikari.stream.replies.desks import Desk


def answered(format: str, *texts: str, **more: Any) -> Any:  # noqa: A002
    desk = Desk()
    for number, text in enumerate(texts):
        desk.hear(text, f"viewer{number}", **more)
    answer = desk.next(k=2, format=format, context="Celeste")
    assert answer["adapted"]["format"] == format
    assert {name: value for name, value in answer.items() if name != "adapted"} == desk.next(k=2, context="Celeste")
    return answer["adapted"]["payload"], answer


def test_without_a_format_nothing_is_adapted() -> None:
    assert "adapted" not in Desk().next()


def test_neuro_injections_put_together_are_the_prompt() -> None:
    payload, answer = answered("neuro", "what game is this?", "who made the music?")
    assert all(set(one) == {"text", "priority"} for one in payload)
    assert [one["priority"] for one in payload] == sorted(one["priority"] for one in payload)
    assert all(one["priority"] > 10 for one in payload)  # after the system prompt, and none negative, which would be ignored
    joined = "".join(one["text"] for one in payload)
    assert joined.split() == answer["prompt"]["text"].split()
    assert joined.startswith(GUARD)
    assert all(one["text"].endswith("\n") for one in payload)


def test_neuro_takes_chat_last_and_facts_beside_its_memories() -> None:
    assert set(adapters.INJECTIONS) == set(ORDER)
    assert adapters.INJECTIONS["chat"] > 100 > adapters.INJECTIONS["memory"]


def test_neuro_sdk_forces_an_answer_with_the_greatest_priority() -> None:
    payload, answer = answered("neuro_sdk", "what game is this?", "take my money", paid=True)
    register, force = payload
    assert [one["command"] for one in payload] == ["actions/register", "actions/force"]
    assert all(one["game"] == adapters.GAME for one in payload)
    (action,) = register["data"]["actions"]
    assert action["schema"]["type"] == "object"
    assert set(force["data"]) == {"state", "query", "ephemeral_context", "priority", "action_names"}
    assert force["data"]["action_names"] == [action["name"]]
    assert force["data"]["state"] == answer["prompt"]["text"]
    assert force["data"]["priority"] == max((reply["priority"] for reply in answer["replies"]), key=PRIORITIES.index) == "high"


def test_neuro_sdk_is_told_silently_when_there_is_nothing_to_answer() -> None:
    (context,), answer = answered("neuro_sdk")
    assert context == {
        "command": "context", "game": adapters.GAME, "data": {"message": answer["prompt"]["text"], "silent": True}
    }  # fmt: skip
    assert Desk().next(format="neuro_sdk")["adapted"]["payload"] == []


@pytest.mark.parametrize("silent", [True, False])
def test_alerts_map_to_a_context(silent: bool) -> None:
    alert = {"type": "alert", "message": "hype in the chat", "silent": silent}
    made = adapters.context_message(alert["message"], silent=alert["silent"])  # type: ignore[arg-type]
    assert made["data"] == {"message": "hype in the chat", "silent": silent}


def test_open_llm_vtuber_gets_an_input_and_an_emotion() -> None:
    payload, answer = answered("open_llm_vtuber", "what game is this?", score=0.6, emotion="joy")
    assert payload["input"] == {
        "texts": [{"source": "input", "content": answer["prompt"]["text"], "from_name": "viewer0"}], "images": None, "files": None
    }  # fmt: skip
    assert payload["emotion"] == "[joy]"
    assert Desk().next(format="open_llm_vtuber")["adapted"]["payload"] == {"input": None, "emotion": "[neutral]"}


def test_every_tone_of_the_rules_has_an_emotion_that_all_live2d_maps_know() -> None:
    from hikari.sentiment import recommendation

    tones = {rule[1].tone for rule in recommendation._RULES} | {recommendation._NOTHING.tone}
    assert tones <= set(adapters.EMOTIONS)
    assert set(adapters.EMOTIONS.values()) <= {"neutral", "anger", "disgust", "fear", "joy", "sadness"}

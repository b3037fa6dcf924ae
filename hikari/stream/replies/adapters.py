"""The answer of the desk in the words of the engines that are around.

neuro            kimjammer/Neuro: `Injection(text, priority)`, sorted by priority, lowest first, and joined as they are; its system
                 prompt has 10, memories 60, history and chat 100, negative ones are ignored
neuro_sdk        VedalAI/neuro-sdk, API/SPECIFICATION.md: `context` {message, silent}, `actions/register`, `actions/force`
                 {state, query, ephemeral_context, priority, action_names}, each as {command, game, data}
open_llm_vtuber  Open-LLM-VTuber: the agent's `BatchInput` (texts of {source, content, from_name}) and the emotion tag of its
                 Live2D maps (`[joy]`), out of those tags that every bundled map has
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from hikari.stream.replies.candidates import PRIORITIES

Format = Literal["hikari", "neuro", "neuro_sdk", "open_llm_vtuber"]
Answer = Mapping[str, Any]
GAME = "Hikari"
ACTION = "answer_chat"
INJECTIONS = {"stream": 30, "mood": 35, "viewer": 58, "memory": 60, "chat": 110}
"""Places in kimjammer/Neuro's prompt: facts beside its memories, the messages to answer after its history."""
EMOTIONS = {
    "cheerful": "joy", "enthusiastic": "joy", "grateful": "joy", "warm": "joy", "playful": "joy", "empathetic": "sadness",
    "reassuring": "neutral", "helpful": "neutral", "calm": "neutral", "firm": "neutral", "neutral": "neutral",
}  # fmt: skip
_REGISTER = {
    "name": ACTION,
    "description": "Say your answer to the chat messages that you were shown.",
    "schema": {
        "type": "object",
        "properties": {"text": {"type": "string"}, "in_reply_to": {"type": "string"}},
        "required": ["text"],
    },
}


def neuro(answer: Answer) -> list[dict[str, Any]]:
    """The injections, in the order of their priority; every text ends its line, since they are joined without anything between."""
    blocks: Sequence[Mapping[str, Any]] = answer["prompt"]["blocks"]
    made = [{"text": f"{block['text']}\n", "priority": INJECTIONS[block["kind"]]} for block in blocks]
    if made:
        guard = str(answer["prompt"]["text"]).partition("\n")[0]
        made.append({"text": f"{guard}\n", "priority": min(INJECTIONS.values()) - 1})
    return sorted(made, key=lambda one: one["priority"])


def neuro_sdk(answer: Answer) -> list[dict[str, Any]]:
    """The messages to send, in order. Without a message to answer there is no `actions/force`: what is known then is silent context."""
    text = str(answer["prompt"]["text"])
    replies: Sequence[Mapping[str, Any]] = answer["replies"]
    if not replies or not text:
        return [context_message(text, silent=True)] if text else []
    urgent = max((str(reply["priority"]) for reply in replies), key=PRIORITIES.index)
    force = {
        "state": text,
        "query": f"Answer the chat message{'s' if len(replies) > 1 else ''} quoted at the end of the state.",
        "ephemeral_context": True,
        "priority": urgent,
        "action_names": [ACTION],
    }
    return [
        {"command": "actions/register", "game": GAME, "data": {"actions": [_REGISTER]}},
        {"command": "actions/force", "game": GAME, "data": force},
    ]


def context_message(message: str, *, silent: bool) -> dict[str, Any]:
    """A `context` of neuro-sdk; an `alert` event gives both with `message` and `silent`."""
    return {"command": "context", "game": GAME, "data": {"message": message, "silent": silent}}


def open_llm_vtuber(answer: Answer) -> dict[str, Any]:
    """The agent's input (None when there is nothing to answer) and the emotion tag for the first message."""
    replies: Sequence[Mapping[str, Any]] = answer["replies"]
    if not replies:
        return {"input": None, "emotion": "[neutral]"}
    text = {"source": "input", "content": answer["prompt"]["text"], "from_name": replies[0]["username"]}
    emotion = EMOTIONS.get(str(replies[0]["tone"]), "neutral")
    return {"input": {"texts": [text], "images": None, "files": None}, "emotion": f"[{emotion}]"}


ADAPTERS: dict[str, Callable[[Answer], Any]] = {"neuro": neuro, "neuro_sdk": neuro_sdk, "open_llm_vtuber": open_llm_vtuber}
FORMATS = ("hikari", *ADAPTERS)

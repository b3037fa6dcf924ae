"""Reading conversations in the format of LoCoMo (Maharana et al., 2024): memories to store, and questions with the turns that answer them.

A file holds a list of conversations:

    {"sample_id": "...", "conversation": {"session_1_date_time": "3:05 pm on 4 March, 2024",
                                          "session_1": [{"speaker", "dia_id": "D1:1", "text", "blip_caption"?}, ...], ...},
     "qa": [{"question", "category": 1..5, "evidence": ["D1:1", ...], "answer"?}, ...]}

`qa` may be absent. Errors name the place in the file, never its text.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from hikari.errors import BadInput

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "inference", 4: "single-hop", 5: "adversarial"}
SECONDS_BETWEEN_TURNS = 1.0
"""The format dates sessions, not turns: a session's turns follow its date in this step, so that their order is kept."""
_SESSION = re.compile(r"session_(\d+)")
_DATE_FORMATS = ("%I:%M %p on %d %B, %Y", "%I:%M %p on %d %B %Y", "%d %B, %Y", "%d %B %Y")


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `evidence` are the source ids of turns that exist in its conversation, each once, in the order of the file."""

    text: str
    category: int
    evidence: tuple[str, ...]
    unresolved: int
    """Evidence ids that name no turn."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. `rows` are what `store_memories` takes, in the order of speaking; `metadata.source_id` is the turn's id."""

    name: str
    rows: tuple[dict[str, Any], ...]
    questions: tuple[Question, ...]


def read(path: Path, *, channel: str | None = None) -> list[Conversation]:
    """All conversations of a file; each becomes a channel of its own (its name) unless `channel` is given. Raises `BadInput`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="path") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON in UTF-8", field="path") from error
    return parse(content, channel=channel)


def parse(content: Any, *, channel: str | None = None) -> list[Conversation]:
    """The same for a file's content that is already decoded; a single conversation may stand without the list around it."""
    items = cast("list[Any]", content) if isinstance(content, list) else [content]
    if not items:
        raise BadInput("the file holds no conversation")
    conversations = [_conversation(item, number, channel) for number, item in enumerate(items)]
    names = [conversation.name for conversation in conversations]
    if len(set(names)) < len(names):
        raise BadInput("two conversations have the same sample_id", field="sample_id")
    return conversations


def when(date: str) -> float:
    """Epoch seconds of a session's date; UTC, as the format names no zone. Raises `BadInput`.

    >>> when("12:01 am on 2 January, 1970")
    86460.0
    """
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(" ".join(date.split()), pattern).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(date)
    except ValueError as error:
        raise BadInput("the date must look like 3:05 pm on 4 March, 2024, or ISO 8601") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _conversation(item: Any, number: int, channel: str | None) -> Conversation:
    place = f"conversation {number + 1}"
    entry = _object(item, place)
    talk = _object(entry.get("conversation"), f"{place}: conversation")
    given = entry.get("sample_id", f"conversation-{number + 1}")
    if not isinstance(given, str) or not given.strip():
        raise BadInput(f"{place}: sample_id must be a non-empty string", field="sample_id")
    rows: list[dict[str, Any]] = []
    for session in sorted(int(match[1]) for key in talk if (match := _SESSION.fullmatch(key))):
        rows += _session(talk, session, place, channel or given)
    if not rows:
        raise BadInput(f"{place}: no session_1, session_2, ... with turns")
    turns = [str(row["metadata"]["source_id"]) for row in rows]
    if len(set(turns)) < len(turns):
        raise BadInput(f"{place}: two turns have the same dia_id", field="dia_id")
    questions = _list(entry.get("qa", []), f"{place}: qa")
    known = frozenset(turns)
    return Conversation(
        given,
        tuple(rows),
        tuple(_question(question, f"{place}, question {at + 1}", known) for at, question in enumerate(questions)),
    )


def _session(talk: dict[str, Any], session: int, place: str, channel: str) -> list[dict[str, Any]]:
    place = f"{place}, session {session}"
    turns = _list(talk[f"session_{session}"], place)
    if not turns:
        return []
    date = talk.get(f"session_{session}_date_time")
    if not isinstance(date, str):
        raise BadInput(f"{place}: session_{session}_date_time is missing or no string", field=f"session_{session}_date_time")
    try:
        start = when(date)
    except BadInput as error:
        raise BadInput(f"{place}: {error.message}", field=f"session_{session}_date_time") from error
    rows: list[dict[str, Any]] = []
    for position, item in enumerate(turns):
        turn = _object(item, f"{place}, turn {position + 1}")
        speaker, source_id = _word(turn, "speaker", place, position), _word(turn, "dia_id", place, position)
        text, caption = turn.get("text"), turn.get("blip_caption")
        if not isinstance(text, str):
            raise BadInput(f"{place}, turn {position + 1}: text must be a string", field="text")
        content = _content(text, caption if isinstance(caption, str) else "")
        if not content:
            continue
        metadata = {
            "user": speaker,
            "channel": channel,
            "session": str(session),
            "timestamp": start + position * SECONDS_BETWEEN_TURNS,
            "source_id": source_id,
            "source": "import",
        }
        rows.append({"content": content, "memory_type": "short_term", "metadata": metadata, "importance": 0.5})
    return rows


def _word(turn: dict[str, Any], key: str, place: str, position: int) -> str:
    value = turn.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{place}, turn {position + 1}: {key} must be a non-empty string", field=key)
    return value


def _content(text: str, caption: str) -> str:
    """What was said, with what the shared picture shows, as its caption is all that can be found of it later."""
    text, caption = text.strip(), caption.strip()
    return f"{text} (shares {caption})".strip() if caption else text


def _question(item: Any, place: str, known: frozenset[str]) -> Question:
    entry = _object(item, place)
    text, category = entry.get("question"), entry.get("category")
    if not isinstance(text, str) or not text.strip():
        raise BadInput(f"{place}: question must be a non-empty string", field="question")
    if type(category) is not int or category not in CATEGORIES:
        raise BadInput(f"{place}: category must be a whole number from 1 to 5", field="category")
    given = _list(entry.get("evidence", []), f"{place}: evidence")
    if not all(isinstance(turn, str) for turn in given):
        raise BadInput(f"{place}: evidence must be a list of strings", field="evidence")
    evidence: list[str] = list(dict.fromkeys(given))
    found = tuple(turn for turn in evidence if turn in known)
    return Question(text, category, found, len(evidence) - len(found))


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{place} must be an object")
    return cast("dict[str, Any]", value)


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadInput(f"{place} must be a list")
    return cast("list[Any]", value)

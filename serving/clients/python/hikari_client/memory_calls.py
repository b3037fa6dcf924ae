"""Calls about memories."""

from collections.abc import Sequence
from typing import Any

from hikari_client.calls import Answer, Call, Moment, Row, as_, as_is, as_list, convert, expect_list, given, new_id, row_error
from hikari_client.errors import HikariError
from hikari_client.memories import Found, Memory, Page, Stored

NEXT_CURSOR = "hikari-next-cursor"


def store_memory(
    content: str,
    memory_type: str | None = None,
    metadata: Row | None = None,
    importance: float | None = None,
    *,
    id: str | None = None,  # noqa: A002 - the engine's name
    channel: str | None = None,
    user: str | None = None,
    timestamp: Moment | None = None,
    pinned: bool | None = None,
    expires_at: Moment | None = None,
    ttl_s: float | None = None,
) -> Call[str]:
    """Store one memory; it is on disk when its id comes back. It gets an id here, so that repeating the call stores it once."""
    body = given(
        content=content, memory_type=memory_type, metadata=metadata, importance=importance, id=id or new_id(), channel=channel,
        user=user, timestamp=timestamp, pinned=pinned, expires_at=expires_at, ttl_s=ttl_s,
    )  # fmt: skip
    return Call("/store_memory", body, _id)


def store_memories(rows: Sequence[Row], *, channel: str | None = None) -> Call[list[str | HikariError]]:
    """Store many: for each row its id, or its error in its place."""
    named = [{"id": new_id(), **given(**row)} for row in rows]
    return Call("/store_memories", given(rows=named, channel=channel), _ids, long=True)


def retrieve_memories(
    query: str,
    k: int | None = None,
    memory_types: str | Sequence[str] | None = None,
    *,
    channel: str | None = None,
    user: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    as_of: Moment | None = None,
    filters: Row | None = None,
    cursor: str | None = None,
    explain: bool | None = None,
    decay: bool | None = None,
    current_only: bool | None = None,
) -> Call[Page]:
    """The memories that answer a query best; hand `cursor` of a page in for the next one."""
    kinds = memory_types if memory_types is None or isinstance(memory_types, str) else list(memory_types)
    body = given(
        query=query, k=k, memory_types=kinds, channel=channel, user=user, since=since, until=until, as_of=as_of, filters=filters,
        cursor=cursor, explain=explain, decay=decay, current_only=current_only,
    )  # fmt: skip
    return Call("/retrieve_memories", body, _page)


def get_memory(id: str, *, channel: str | None = None) -> Call[Memory]:  # noqa: A002 - the engine's name
    """The memory with this id."""
    return Call("/get_memory", given(id=id, channel=channel), as_(Memory))


def update_memory(
    id: str,  # noqa: A002 - the engine's name
    *,
    channel: str | None = None,
    content: str | None = None,
    memory_type: str | None = None,
    metadata: Row | None = None,
    importance: float | None = None,
    pinned: bool | None = None,
    expires_at: Moment | None = None,
    ttl_s: float | None = None,
    never_expires: bool = False,
) -> Call[Memory]:
    """Change a memory; what is left out stays. `never_expires` takes back a deadline."""
    body = given(
        id=id, channel=channel, content=content, memory_type=memory_type, metadata=metadata, importance=importance, pinned=pinned,
        expires_at=expires_at, ttl_s=ttl_s,
    )  # fmt: skip
    # `ttl_s` counts from now: coming twice, the deadline would move.
    return Call(
        "/update_memory", {**body, **({"expires_at": None} if never_expires else {})}, as_(Memory), repeatable=ttl_s is None
    )


def delete_memory(id: str, *, channel: str | None = None) -> Call[bool]:  # noqa: A002 - the engine's name
    """Delete a memory for good; whether it was there."""
    return Call("/delete_memory", given(id=id, channel=channel), as_(bool), repeatable=False)


def recent_memories(n: int | None = None, *, channel: str | None = None) -> Call[list[Memory]]:
    """The channel's newest memories, the newest last."""
    return Call("/recent_memories", given(n=n, channel=channel), as_list(Memory))


def related_entities(
    entity: str, hops: int | None = None, limit: int | None = None, *, channel: str | None = None
) -> Call[list[Row]]:
    """What the knowledge graph connects with a viewer or an entity, the strongest first."""
    return Call("/related_entities", given(entity=entity, hops=hops, limit=limit, channel=channel), as_is)


def facts(
    subject: str, attribute: str | None = None, *, as_of: Moment | None = None, channel: str | None = None
) -> Call[list[Row]]:
    """What is known of a subject: the current first, then what it superseded."""
    return Call("/facts", given(subject=subject, attribute=attribute, as_of=as_of, channel=channel), as_is)


def summarize_episode(*, session: str | None = None, channel: str | None = None) -> Call[Memory | None]:
    """Close the open episode, or take a whole session, and store its summary; None when nothing was said."""
    return Call("/summarize_episode", given(session=session, channel=channel), _maybe_memory, repeatable=False, long=True)


def consolidate_memories(*, channel: str | None = None) -> Call[Row]:
    """Promote what is important or used, merge near-duplicates, sum up closed episodes; answers counts."""
    return Call("/consolidate_memories", given(channel=channel), as_is, long=True)


def forget_memories(*, channel: str | None = None, below: float | None = None, dry_run: bool | None = None) -> Call[Row]:
    """Delete what has expired and, with `below`, what has faded; answers counts."""
    return Call("/forget_memories", given(channel=channel, below=below, dry_run=dry_run), as_is, repeatable=False, long=True)


def forget_user(user: str, *, channel: str | None = None) -> Call[Row]:
    """Remove a viewer from memory and analytics. It cannot be undone."""
    return Call("/forget_user", given(user=user, channel=channel), as_is, long=True)


def memory_stats(*, channel: str | None = None) -> Call[Row]:
    """Counts, sizes and what the maintainer did."""
    return Call("/memory_stats", given(channel=channel), as_is)


def _id(answer: Answer) -> str:
    return convert(answer.value, Stored).id


def _ids(answer: Answer) -> "list[str | HikariError]":
    return [row_error(row) or convert(row, str) for row in expect_list(answer.value)]


def _page(answer: Answer) -> Page:
    return Page(tuple(convert(row, Found) for row in expect_list(answer.value)), answer.headers.get(NEXT_CURSOR))


def _maybe_memory(answer: Answer) -> Memory | None:
    value: Any = answer.value
    return None if value is None else convert(value, Memory)

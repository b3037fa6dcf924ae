"""Facts in the store: every subject's claims as one value, and what a new claim means for the memories that made older ones.

A superseded memory stays; it is marked with the row that superseded it, and loses the mark when that row is forgotten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from msgspec.structs import replace

from hikari.memory import keys
from hikari.memory.claims import key_of
from hikari.memory.facts import Change, Claim, Fact, FactBook, claim_from_metadata, claim_of
from hikari.memory.records import Memory
from hikari.memory.relations import Relation
from hikari.memory.rows import Edit, View

TABLE = "facts"
SOURCES = "facts_of/"
"""State that names the subjects a memory made claims about, so that forgetting it finds them."""


def observe(edit: Edit, memory: Memory, relations: Sequence[Relation]) -> Memory:
    """Take in what a new memory claims; marks what it supersedes. Returns the memory, marked itself when it came late."""
    claims = _claims(memory, relations)
    if not claims:
        return memory
    subjects = sorted({claim.subject for claim in claims})
    edit.set_value("state", memory.channel, f"{SOURCES}{memory.seq}", subjects)
    changes: list[Change] = []
    for subject in subjects:
        book = _book(edit, memory.channel, subject)
        for claim in claims:
            if claim.subject == subject:
                changes += book.add(claim)
        edit.set_value(TABLE, memory.channel, subject, book.to_dict(subject) or None)
    _mark(edit, memory.channel, changes)
    return edit.get(memory.seq) or memory


def forget(edit: Edit, memory: Memory) -> None:
    """Drop what a memory claimed; what it had superseded is current again."""
    subjects = edit.value("state", memory.channel, f"{SOURCES}{memory.seq}")
    changes: list[Change] = []
    for subject in subjects or ():
        book = _book(edit, memory.channel, subject)
        changes += book.forget_source(memory.seq)
        edit.set_value(TABLE, memory.channel, subject, book.to_dict(subject) or None)
    if subjects:
        edit.set_value("state", memory.channel, f"{SOURCES}{memory.seq}", None)
    _mark(edit, memory.channel, changes)


def forget_subject(edit: Edit, channel: str, user: str) -> int:
    """Drop every claim about a viewer, about what is theirs, and by them; returns how many."""
    gone = 0
    for subject, stored in list(edit.values(TABLE, channel)):
        book = FactBook()
        book.from_dict(subject, stored)
        dropped = book.forget_subject(user)
        if dropped:
            edit.set_value(TABLE, channel, subject, book.to_dict(subject) or None)
            gone += dropped
    name = user.strip().lstrip("@").lower()
    for key, subjects in list(edit.values("state", channel)):
        if key.startswith(SOURCES) and any(subject == name or subject.startswith(f"{name}'s ") for subject in subjects):
            kept = [subject for subject in subjects if subject != name and not subject.startswith(f"{name}'s ")]
            edit.set_value("state", channel, key, kept or None)
    return gone


def facts(view: View, channel: str, subject: str, attribute: str | None, as_of: float | None) -> list[dict[str, Any]]:
    """What is known of a subject: the current facts first, then what they superseded; with the ids of their memories."""
    book = _book(view, channel, key_of(subject))
    current = book.current(subject, attribute, as_of)
    past = [] if as_of is not None else [fact for fact in book.history(subject, attribute) if fact.valid_until is not None]
    return [_public(view, fact) for fact in (*current, *reversed(past))]


def contradictions(view: View, channel: str) -> list[dict[str, Any]]:
    """Pairs of current claims that cannot both be so; `preferred` is the one that is believed."""
    pairs: list[dict[str, Any]] = []
    for subject, stored in view.values(TABLE, channel):
        book = FactBook()
        book.from_dict(subject, stored)
        pairs += [{"preferred": _public(view, one), "other": _public(view, other)} for one, other in book.contradictions()]
    return pairs


def _claims(memory: Memory, relations: Iterable[Relation]) -> list[Claim]:
    if memory.members or memory.source in ("vtuber", "system"):
        return []
    by = memory.user or ""
    explicit = claim_from_metadata(memory.metadata, memory.seq, memory.timestamp, by)
    # A statement without a speaker is about nobody in particular: only named subjects count.
    found = [claim for relation in relations if (claim := claim_of(relation, memory.seq, memory.timestamp, by)) is not None]
    return [claim for claim in (*found, *([explicit] if explicit else [])) if claim.subject.strip("' s")]


def _mark(edit: Edit, channel: str, changes: Sequence[Change]) -> None:
    """Mark the memories whose claims changed their standing, once all books are written."""
    books: dict[str, FactBook] = {}
    for change in changes:
        if change.kind not in ("superseded", "ended", "restored"):
            continue
        for seq in {change.fact.seq, *change.fact.confirmed}:
            memory = edit.get(seq)
            if memory is None:
                continue
            fact = change.fact
            newer = fact.superseded_by if fact.valid_until is not None and _all_over(edit, channel, memory, books) else None
            if newer == seq:
                newer = None
            since = None if newer is None else fact.valid_until
            if (newer, since) != (memory.superseded_by, memory.superseded_at):
                hashed = keys.of_content(memory.content)
                edit.replace(memory, replace(memory, superseded_by=newer, superseded_at=since), (hashed, hashed))


def _all_over(edit: Edit, channel: str, memory: Memory, books: dict[str, FactBook]) -> bool:
    """Whether nothing that the memory claimed holds any more; a message may claim two things."""
    for subject in edit.value("state", channel, f"{SOURCES}{memory.seq}") or ():
        if subject not in books:
            books[subject] = _book(edit, channel, subject)
        if any(memory.seq in (fact.seq, *fact.confirmed) for fact in books[subject].current(subject)):
            return False
    return True


def _book(view: View, channel: str, subject: str) -> FactBook:
    book = FactBook()
    stored = view.value(TABLE, channel, subject)
    if stored is not None:
        book.from_dict(subject, stored)
    return book


def _public(view: View, fact: Fact) -> dict[str, Any]:
    rows = view.get_many([fact.seq, *fact.confirmed, *([fact.superseded_by] if fact.superseded_by else [])])
    shape = asdict(fact)
    for name in ("seq", "superseded_by", "confirmed"):
        del shape[name]
    newer = rows.get(fact.superseded_by or 0)
    return {
        **shape,
        "current": fact.valid_until is None,
        "memories": [rows[seq].id for seq in (fact.seq, *fact.confirmed) if seq in rows],
        "superseded_by": newer.id if newer else None,
    }

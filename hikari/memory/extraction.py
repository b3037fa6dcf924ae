"""What a memory says beside its words: entities and relations, found the same way when it is written and when an index is rebuilt."""

from collections.abc import Sequence
from dataclasses import dataclass

from hikari.memory.entities import Entity, EntityRecogniser
from hikari.memory.records import Memory
from hikari.memory.relations import Relation, relations


@dataclass(frozen=True, slots=True)
class Extraction:
    """Entities and relations of one memory."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]


class Extractor:
    """Finds entities and relations; safe under concurrent calls."""

    def __init__(self, recogniser: EntityRecogniser) -> None:
        self.recogniser = recogniser

    def __call__(self, rows: Sequence[Memory]) -> list[Extraction]:
        """One extraction for each memory, in order. What the engine sums up itself states nothing new."""
        found = self.recogniser.entities([memory.content for memory in rows])
        return [
            Extraction(tuple(entities), () if memory.members else tuple(relations(memory.content, memory.user or "")))
            for memory, entities in zip(rows, found, strict=True)
        ]

"""How relations found are compared with written ones: exact match of subject, relation and object after normalisation."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hikari.memory.relations import Relation, relations

CORE = frozenset({"likes", "dislikes", "plays", "lives_in", "owns", "named", "related"})
Key = tuple[str, str, str, bool, str]


def plain(text: str) -> str:
    """Lower case without articles and without the marks that a name may carry."""
    words = text.lower().replace("’", "'").strip(" .!\"'@").split()
    return " ".join(word for word in words if word not in {"a", "an", "the"})


def key(subject: str, relation: str, object_: str, *, negated: bool = False, role: str = "") -> Key:
    """One relation as compared; `does not like` and `dislikes` are the same statement, other types than the seven are `other`."""
    kind = relation if relation in CORE else "other"
    if kind == "dislikes":
        kind, negated = "likes", not negated
    return plain(subject), kind, plain(object_), negated, plain(role) if kind == "related" else ""


def stated(relation: Relation) -> Key:
    return key(relation.subject, relation.relation, relation.object, negated=relation.negated, role=relation.role)


@dataclass
class Scores:
    """Counts of one comparison; `misses` and `extras` name the texts for whoever looks."""

    right: int = 0
    found: int = 0
    written: int = 0
    misses: list[tuple[str, Key]] = field(default_factory=list)
    extras: list[tuple[str, Key]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.written, 1)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def compare(written: list[dict[str, Any]]) -> Scores:
    """Compare what holds now: what was once or will be (`used to live in`) is not counted as stated."""
    scores = Scores()
    for row in written:
        gold = Counter(
            key(r["subject"], r["relation"], r["object"], negated=bool(r.get("negated")), role=r.get("role", ""))
            for r in row["relations"]
        )
        mine = Counter(stated(r) for r in relations(row["text"], row["speaker"]) if r.tense == "present")
        scores.right += sum((gold & mine).values())
        scores.found += sum(mine.values())
        scores.written += sum(gold.values())
        scores.misses += [(row["text"], item) for item in (gold - mine).elements()]
        scores.extras += [(row["text"], item) for item in (mine - gold).elements()]
    return scores

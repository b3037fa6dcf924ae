"""Relations and updates on sentences that were written by another hand than the patterns.

The relation sentences were not looked at. Of the update pairs three in ten were, and the words of the rules follow them; so the bounds
here are asked of the other seven as well.
"""

from pathlib import Path
from typing import Any

import pytest

from hikari.memory.updates import prefers_newer, replaces
from tests.hikari.memory.relation_scores import compare, rows

FOLDER = Path(__file__).parents[2] / "data" / "memory"
LOOKED_AT = 3
"""Of every ten pairs, the first three."""


def speakers(row: dict[str, Any]) -> dict[str, str]:
    return {"old_by": row["speaker"], "new_by": row.get("new_speaker") or row["speaker"]}


def precision_and_recall(written: list[dict[str, Any]], marked: list[bool]) -> tuple[float, float]:
    right = sum(row["update"] for row, mark in zip(written, marked, strict=True) if mark)
    return right / max(1, sum(marked)), right / sum(row["update"] for row in written)


def test_relation_precision_and_recall_on_the_written_sentences() -> None:
    written = rows(FOLDER / "relations.jsonl")
    scores = compare(written)
    assert len(written) >= 200
    assert scores.precision >= 0.85
    assert scores.recall >= 0.65


@pytest.mark.parametrize("only_unseen", [False, True])
def test_what_is_marked_as_superseded_on_the_written_pairs(only_unseen: bool) -> None:
    written = rows(FOLDER / "updates.jsonl")
    assert len(written) >= 200
    written = [row for number, row in enumerate(written) if not only_unseen or number % 10 >= LOOKED_AT]
    precision, recall = precision_and_recall(written, [replaces(row["old"], row["new"], **speakers(row)) for row in written])
    assert precision >= 0.85
    assert recall >= 0.25


def test_the_hint_for_ranking_finds_more_than_is_marked() -> None:
    written = [row for number, row in enumerate(rows(FOLDER / "updates.jsonl")) if number % 10 >= LOOKED_AT]
    marked = [replaces(row["old"], row["new"], **speakers(row)) for row in written]
    hinted = [prefers_newer(row["old"], row["new"], **speakers(row), similarity=0.5) for row in written]
    assert all(hint for mark, hint in zip(marked, hinted, strict=True) if mark)
    assert precision_and_recall(written, hinted)[1] > precision_and_recall(written, marked)[1] + 0.2
    assert not any(
        prefers_newer(row["old"], row["new"], **speakers(row), similarity=0.3)
        for row, mark in zip(written, marked, strict=True)
        if not mark
    )

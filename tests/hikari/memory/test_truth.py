"""Facts in the store, and the marks that they leave on memories."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikari.memory import truth
from hikari.memory.core import Core
from tests.hikari.memory.systems import START, Clock, core, opened, run

pytestmark = pytest.mark.usefixtures("rules_only")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Core]:
    with core(tmp_path, Clock()) as made:
        yield made


def say(memory: Core, identifier: str, content: str, at: float, user: str = "kai", **more: Any) -> None:
    assert memory.store_rows([{"id": identifier, "content": content, "user": user, "timestamp": START + at, **more}]) == [
        identifier
    ]


def marks(memory: Core) -> dict[str, tuple[str, float] | None]:
    """For every memory by which it is superseded, and since when."""
    with memory.store.read() as view:
        rows = [row for seq in view.seqs("default") if (row := view.get(seq)) is not None]
        by_seq = {row.seq: row.id for row in rows}
        return {
            row.id: None
            if row.superseded_by is None
            else (by_seq.get(row.superseded_by, "gone"), (row.superseded_at or 0) - START)
            for row in rows
        }


def current(memory: Core, subject: str, attribute: str | None = None, as_of: float | None = None) -> list[str]:
    with memory.store.read() as view:
        moment = None if as_of is None else START + as_of
        return [fact["value"] for fact in truth.facts(view, "default", subject, attribute, moment) if fact["current"]]


def test_a_new_fact_marks_the_memory_of_the_old_one(memory: Core) -> None:
    say(memory, "old", "i live in osaka", 0)
    say(memory, "new", "i live in berlin", 10)
    assert marks(memory) == {"old": ("new", 10.0), "new": None}
    assert current(memory, "kai", "lives_in") == ["berlin"]
    assert current(memory, "@Kai", "lives_in", as_of=5) == ["osaka"]


ROWS = {"a": ("i live in osaka", 0.0), "b": ("i live in berlin", 10.0), "c": ("i live in paris", 20.0)}


@pytest.mark.parametrize("order", list(itertools.permutations(ROWS)))
def test_the_order_of_arrival_does_not_matter(memory: Core, order: tuple[str, ...]) -> None:
    for name in order:
        say(memory, name, *ROWS[name])
    assert marks(memory) == {"a": ("b", 10.0), "b": ("c", 20.0), "c": None}
    assert [current(memory, "kai", "lives_in", moment) for moment in (5, 15, 25)] == [["osaka"], ["berlin"], ["paris"]]


@pytest.mark.parametrize("gone", list(ROWS))
def test_deleting_gives_back_what_was_superseded(memory: Core, gone: str) -> None:
    for name, (content, at) in ROWS.items():
        say(memory, name, content, at)
    memory.delete([memory.get("default", gone)])
    left = [name for name in ROWS if name != gone]
    assert marks(memory) == {left[0]: (left[1], ROWS[left[1]][1]), left[1]: None}


def test_a_memory_with_two_claims_is_old_when_both_are(memory: Core) -> None:
    say(memory, "two", "i live in osaka and my main is mercy", 0)
    say(memory, "one", "i live in berlin", 10)
    assert marks(memory)["two"] is None
    say(memory, "other", "my main is zenyatta", 20)
    assert marks(memory)["two"] == ("other", 20.0)
    memory.delete([memory.get("default", "one")])
    assert marks(memory)["two"] is None


def test_a_late_memory_about_two_subjects_is_not_old_while_one_claim_holds(memory: Core) -> None:
    say(memory, "new", "i live in berlin", 10)
    say(memory, "late", "i live in osaka and my sister lives in kyoto", 0)
    assert current(memory, "kai", "lives_in") == ["berlin"]
    assert current(memory, "kai's sister", "lives_in") == ["kyoto"]
    assert marks(memory)["late"] is None


def test_the_own_word_outweighs_and_contradictions_are_listed(memory: Core) -> None:
    say(memory, "own", "i live in osaka", 0)
    say(memory, "hearsay", "kai lives in berlin", 10, user="bo")
    assert marks(memory) == {"own": None, "hearsay": None}
    with memory.store.read() as view:
        pairs = truth.contradictions(view, "default")
        assert [(pair["preferred"]["memories"], pair["other"]["memories"]) for pair in pairs] == [(["own"], ["hearsay"])]
        assert truth.contradictions(view, "elsewhere") == []


def test_explicit_facts_come_from_metadata(memory: Core) -> None:
    def stated(value: str) -> dict[str, str]:
        return {"subject": "the stream", "attribute": "schedule", "value": value}

    say(memory, "a", "look at the plan", 0, metadata=stated("friday"))
    say(memory, "b", "look at the other plan", 10, metadata=stated("saturday"))
    assert current(memory, "the stream", "schedule") == ["saturday"]
    assert marks(memory)["a"] == ("b", 10.0)
    memory.update("default", "b", {"metadata": stated("friday")})
    assert current(memory, "the stream", "schedule") == ["friday"]
    assert marks(memory) == {"a": None, "b": None}


def test_changed_words_state_other_facts(memory: Core) -> None:
    say(memory, "old", "i live in osaka", 0)
    say(memory, "new", "i live in berlin", 10)
    memory.update("default", "old", {"content": "i love ramen"})
    assert marks(memory) == {"old": None, "new": None}
    assert current(memory, "kai", "likes") == ["ramen"]
    memory.update("default", "new", {"content": "good morning to all of you"})
    assert current(memory, "kai", "lives_in") == []


def test_the_vtuber_and_the_system_state_nothing_about_viewers(memory: Core) -> None:
    for number, source in enumerate(("vtuber", "system")):
        say(memory, source, f"kai lives in town{number}", number, metadata={"source": source})
        say(memory, f"{source}-own", f"i live in village{number}", number, metadata={"source": source})
    assert current(memory, "kai") == []
    say(memory, "moderator", "kai lives in osaka", 5, user="bo", metadata={"source": "moderator"})
    assert current(memory, "kai") == ["osaka"]


def test_forgetting_a_subject_leaves_the_others(memory: Core) -> None:
    say(memory, "a", "i live in osaka", 0)
    say(memory, "b", "my cat is called mochi", 5)
    say(memory, "c", "i live in paris", 5, user="mika")
    gone = memory.submit(lambda edit: (truth.forget_subject(edit, "default", "Kai"), [])).result(30)
    assert gone >= 2
    with memory.store.read() as view:
        assert all("kai" not in name and "kai" not in repr(value) for name, value in view.values(truth.TABLE, "default"))
        assert not [
            names for key, names in view.values("state", "default") if key.startswith(truth.SOURCES) and "kai" in repr(names)
        ]
    assert current(memory, "mika") == ["paris"]


def test_facts_of_the_public_class_name_their_memories(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "own") as memory:
            for number, town in enumerate(("osaka", "berlin")):
                await memory.store_memory(f"i live in {town}", id=town, user="kai", timestamp=START + number)
            facts = await memory.facts("kai", attribute="lives_in")
            assert [(fact["value"], fact["current"], fact["memories"], fact["superseded_by"]) for fact in facts] == [
                ("berlin", True, ["berlin"], None),
                ("osaka", False, ["osaka"], "berlin"),
            ]
            assert [fact["value"] for fact in await memory.facts("kai", as_of=START + 0.5)] == ["osaka"]
            assert await memory.facts("nobody") == []

    run(work())

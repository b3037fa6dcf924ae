"""Facts that answer a question: of whom, which attribute, and as of when."""

from pathlib import Path

import pytest

from hikari.memory.known import asks_for, rows_of_facts
from tests.hikari.memory.systems import START, Clock, core


@pytest.mark.parametrize(
    ("question", "attribute", "asked"),
    [
        ("where does kai live", "lives_in", True),
        ("which city is kai from", "from", True),
        ("how old is mika", "age", True),
        ("what is kai's favorite game", "favourite game", True),
        ("what is kai's favourite food", "favourite game", False),
        ("where does kai live", "likes", False),
        ("what does mika do for a living", "works_as", True),
        ("who is kai", "lives_in", False),
        ("", "lives_in", False),
    ],
)
def test_a_question_asks_for_an_attribute(question: str, attribute: str, asked: bool) -> None:
    assert asks_for({word.removesuffix("'s") for word in question.split()}, attribute) is asked


def test_the_rows_of_the_current_value_answer(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.store_rows(
            [
                {"content": "i live in osaka", "user": "Kai", "id": "old", "timestamp": START},
                {"content": "i live in berlin", "user": "Kai", "id": "new", "timestamp": START + 10},
                {"content": "i live in paris", "user": "mika", "id": "other", "timestamp": START + 20},
                {"content": "i do not like durian", "user": "Kai", "id": "negated", "timestamp": START + 30},
                {"content": "i live in oslo", "user": "Kai", "id": "elsewhere", "channel": "tower"},
            ]
        )
        with memory.store.read() as view:

            def found(text: str, speakers: set[str], user: str | None = None, as_of: float | None = None) -> set[str]:
                rows = rows_of_facts(view, "default", text, speakers, user, as_of)
                assert set(rows.values()) <= {1.0}
                return {memory.id for memory in view.get_many(rows).values()}

            assert found("where does Kai live?", {"Kai"}) == {"new"}
            assert found("where does Kai live?", {"Kai"}, as_of=START + 5) == {"old"}
            assert found("where does Kai live?", {"Kai"}, as_of=START - 5) == set()
            assert found("where do i live?", set(), "mika") == {"other"}
            assert found("where does somebody live?", set(), "mika") == set()
            assert found("what does Kai like?", {"Kai"}) == set()
            assert found("where do they live?", {"Kai", "mika"}) == {"new", "other"}
            assert found("where does a stranger live?", {"stranger"}) == set()

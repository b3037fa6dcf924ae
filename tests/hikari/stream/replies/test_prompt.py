"""The laws of the budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.stream.replies.prompt import GUARD, ORDER, PRIORITY, Block, Line, build
from hikari.stream.replies.tokens import estimate

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=80)
LINES = st.lists(st.builds(Line, TEXT, st.lists(st.sampled_from("abcdef")).map(tuple)), max_size=5).map(tuple)
BLOCKS = st.tuples(*(LINES for _ in ORDER)).map(lambda lines: [Block(kind, own) for kind, own in zip(ORDER, lines, strict=True)])
COUNTERS = st.sampled_from([estimate, len, lambda text: len(text.encode()), lambda text: len(text.split())])


@given(BLOCKS, st.integers(0, 600), COUNTERS)
def test_a_prompt_never_exceeds_its_budget(blocks: list[Block], budget: int, count: object) -> None:
    made = build(blocks, budget, count)  # type: ignore[arg-type]
    assert made.tokens == count(made.text) <= budget  # type: ignore[operator]
    assert made.text == "" or made.text.startswith(GUARD)
    assert [block.kind for block in made.blocks] == [kind for kind in ORDER if kind in {block.kind for block in made.blocks}]
    for block in made.blocks:
        assert block.text in made.text


@given(BLOCKS, st.integers(0, 600), COUNTERS)
def test_what_has_more_priority_survives_longer(blocks: list[Block], budget: int, count: object) -> None:
    made = build(blocks, budget, count)  # type: ignore[arg-type]
    kept = {block.kind: len(block.lines) for block in made.blocks}
    whole = {block.kind: len(block.lines) for block in blocks}
    for low in kept:
        for high in ORDER:
            if PRIORITY[high] > PRIORITY[low]:
                assert kept.get(high, 0) == whole[high]
    for block in made.blocks:
        assert block.lines == next(one for one in blocks if one.kind == block.kind).lines[: len(block.lines)]


@given(BLOCKS, st.integers(0, 400), st.integers(0, 200))
def test_a_bigger_budget_only_adds(blocks: list[Block], budget: int, more: int) -> None:
    small, big = build(blocks, budget, estimate), build(blocks, budget + more, estimate)
    lines = {(block.kind, line) for block in big.blocks for line in block.lines}
    assert {(block.kind, line) for block in small.blocks for line in block.lines} <= lines
    assert small.dropped >= big.dropped


@given(BLOCKS)
def test_sources_are_those_of_the_lines_that_are_there(blocks: list[Block]) -> None:
    made = build(blocks, 200, estimate)
    for block in made.blocks:
        assert set(block.as_dict()["sources"]) == {source for line in block.lines for source in line.sources}


def test_nothing_is_an_empty_prompt() -> None:
    assert build([], 800, estimate).as_dict() == {"text": "", "tokens": 0, "blocks": []}


def test_priorities_are_all_different() -> None:
    assert len(set(PRIORITY.values())) == len(ORDER)
    assert PRIORITY["chat"] == max(PRIORITY.values())


@pytest.mark.parametrize("budget", [0, 1, 5])
def test_a_budget_for_nothing_gives_nothing(budget: int) -> None:
    assert build([Block("chat", (Line("kai: hi"),))], budget, estimate).text == ""

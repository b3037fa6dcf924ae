"""The knowledge graph: typed, bounded, forgetful on request, and saved by its changes alone."""

import random
from dataclasses import dataclass
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.graph import KnowledgeGraph
from hikari.memory.graph_rows import HALF_LIFE_S, MAX_PROVENANCE, Trace, entity_key
from hikari.memory.relations import relations

DAY_S = 86_400.0


@dataclass(frozen=True)
class Named:
    text: str
    label: str = "game"


def tell(graph: KnowledgeGraph, seq: int, text: str, by: str = "mika", *names: str, at: float | None = None) -> None:
    graph.observe(seq, float(seq) if at is None else at, [Named(name) for name in names], relations(text, by), by)


def stored(graph: KnowledgeGraph) -> dict[str, Any]:
    """All that a graph would save, as a file would give it back."""
    copy = KnowledgeGraph()
    copy.load(graph.dirty())
    return msgpack.unpackb(msgpack.packb({name: row for name, row in graph.dirty().items() if row is not None}))


def example() -> KnowledgeGraph:
    graph = KnowledgeGraph()
    tell(graph, 1, "i love ramen")
    tell(graph, 2, "my sister emma loves ramen")
    tell(graph, 3, "i main jett", "rin", "Valorant")
    tell(graph, 4, "i play valorant", "mika", "Valorant")
    return graph


def test_one_hop_gives_typed_neighbours_with_their_memories() -> None:
    row = next(row for row in example().related("ramen") if row["entity"] == "mika")
    assert (row["label"], row["hops"], row["path"], row["relations"], row["memories"]) == (
        "viewer",
        1,
        ["ramen", "mika"],
        ["<likes"],
        [1],
    )
    assert 0 < row["weight"] <= 1


def test_two_hops_reach_further_and_weigh_less() -> None:
    graph = example()
    near, far = graph.related("jett", 1, 50), graph.related("jett", 2, 50)
    assert {row["entity"] for row in near} < {row["entity"] for row in far}
    further = [row for row in far if row["hops"] == 2]
    assert further
    assert max(row["weight"] for row in further) < max(row["weight"] for row in near)
    assert all(len(row["path"]) == row["hops"] + 1 for row in far)


def test_a_relation_weighs_more_than_a_mention_together() -> None:
    graph = KnowledgeGraph()
    graph.observe(1, 1.0, [Named("hades"), Named("celeste")], [])
    graph.observe(2, 2.0, [], relations("rin plays hades", "mika"))
    weights = {row["entity"]: row["weight"] for row in graph.related("hades")}
    assert weights["rin"] > weights["celeste"]


def test_negation_and_dislike_are_one_kind() -> None:
    graph = KnowledgeGraph()
    tell(graph, 1, "i hate peas")
    tell(graph, 2, "i dont like corn")
    assert {kind for row in graph.related("mika") for kind in row["relations"]} == {"dislikes"}


def test_labels_grow_more_precise_and_never_less() -> None:
    graph = KnowledgeGraph()
    tell(graph, 1, "i love hades")
    graph.observe(2, 2.0, [Named("Hades", "game")], [])
    tell(graph, 3, "rin loves hades")
    assert next(row for row in graph.related("mika") if row["entity"] == "hades")["label"] == "game"


def test_unknown_entities_and_wrong_hops() -> None:
    graph = example()
    assert graph.related("nobody") == []
    assert graph.memories_for(["nobody"]) == {}
    for hops in (0, 3):
        with pytest.raises(BadInput):
            graph.related("mika", hops)
    with pytest.raises(BadInput):
        KnowledgeGraph(max_nodes=1)


def test_bonus_is_most_for_memories_that_name_the_entity() -> None:
    bonus = example().memories_for(["jett"], 2)
    assert max(bonus, key=lambda seq: bonus[seq]) == 3
    assert all(0 < value <= 1 for value in bonus.values())
    assert set(example().memories_for(["jett"], 1)) <= set(bonus)


def test_hubs_are_damped() -> None:
    graph = KnowledgeGraph()
    for number in range(40):
        tell(graph, number, "i love pizza", f"user{number}")
    tell(graph, 99, "i love natto", "rin")
    rare, common = graph.memories_for(["natto"], 1)[99], graph.memories_for(["pizza"], 1)[0]
    assert rare > common


def test_entities_in_a_question() -> None:
    graph = example()
    assert graph.mentioned("Does Mika like the Ramen? or Valorant!") == ["mika", "ramen", "valorant"]
    assert "The Ramen" in graph
    assert entity_key("  @The   Witcher ") == "witcher"


def test_forgetting_what_alone_named_something_drops_it() -> None:
    graph = example()
    graph.remove([3])
    assert "jett" not in graph
    assert "rin" not in graph
    assert "valorant" in graph
    assert [row["memories"] for row in graph.related("mika") if row["entity"] == "valorant"] == [[4]]


def test_remove_entity_takes_its_relatives_and_leaves_no_trace() -> None:
    graph = KnowledgeGraph()
    tell(graph, 1, "my sister loves ramen")
    assert graph.remove_entity("MIKA")
    assert not graph.remove_entity("mika")
    assert "mika's sister" not in graph
    assert "mika" not in repr([row for row in graph.dirty().values() if row is not None])


def test_nothing_comes_back_for_a_viewer_nobody_pinned_but_pinned_ones_stay() -> None:
    graph = KnowledgeGraph(max_nodes=10)
    graph.pin("Boss")
    for number in range(200):
        graph.observe(number, float(number), [Named(f"game {number}")], [], f"user {number}")
    assert "boss" in graph
    assert len(graph) <= 10
    assert "game 199" in graph
    graph.remove(range(200))
    assert len(graph) == 1


def test_what_is_old_and_light_goes_first() -> None:
    graph = KnowledgeGraph(max_nodes=20)
    for seq in range(5):
        graph.observe(seq, 0.0, [Named("often")], [])
    graph.observe(5, 0.0, [Named("once")], [])
    for seq in range(6, 40):
        graph.observe(seq, DAY_S, [Named(f"new {seq}")], [])
    assert "often" in graph
    assert "once" not in graph


def test_provenance_is_bounded_and_still_counted() -> None:
    trace = Trace()
    dropped = [seq for number in range(100) for seq in trace.add(number, 1.0, float(number))]
    assert dropped == list(range(100 - MAX_PROVENANCE))
    assert (len(trace.sources), trace.count, trace.weight, trace.last_seen) == (MAX_PROVENANCE, 100, 100.0, 99.0)


def test_weight_halves_with_age() -> None:
    trace = Trace()
    trace.add(1, 4.0, 0.0)
    assert trace.decayed(HALF_LIFE_S) == pytest.approx(2.0)
    assert trace.decayed(3 * HALF_LIFE_S) == pytest.approx(0.5)
    assert trace.decayed(-1.0) == 4.0


def test_the_same_memory_counts_once() -> None:
    once, twice = KnowledgeGraph(), KnowledgeGraph()
    tell(once, 1, "i love ramen")
    for _ in range(2):
        tell(twice, 1, "i love ramen")
    assert stored(once) == stored(twice)


def test_only_changes_are_handed_out() -> None:
    graph = example()
    graph.mark_saved(graph.dirty())
    assert graph.dirty() == {}
    tell(graph, 9, "i love tea")
    first = graph.dirty()
    assert 0 < len(first) < 6
    tell(graph, 10, "i love tea", "rin")
    graph.mark_saved(first)
    assert graph.dirty()  # what changed after the rows were taken is still to be saved
    assert set(graph.dirty()) & set(first)


def test_saved_changes_add_up_to_the_graph() -> None:
    graph, file = KnowledgeGraph(), dict[str, Any]()
    for seq in range(30):
        tell(graph, seq, f"i play game{seq % 7} and i love food{seq % 5}", f"user{seq % 3}")
        if seq % 4 == 0:
            graph.remove([seq - 2])
        changed = graph.dirty()
        file.update(msgpack.unpackb(msgpack.packb(changed)))
        graph.mark_saved(changed)
    again = KnowledgeGraph()
    again.load({name: row for name, row in file.items() if row is not None})
    for name in ("user0", "user1", "game3", "food2"):
        assert again.related(name, 2, 50) == graph.related(name, 2, 50)
        assert again.memories_for([name]) == graph.memories_for([name])


def test_malformed_rows_are_refused() -> None:
    graph = example()
    with pytest.raises(BadInput):
        graph.load({"n1": ["only a key"]})
    assert len(graph) == 0


MEMORIES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["hades", "celeste", "ramen", "osaka"]), max_size=3),
        st.sampled_from(["i love ramen", "i play hades", "my sister loves celeste", "hello chat", "i hate osaka"]),
        st.sampled_from(["mika", "rin"]),
    ),
    min_size=1,
    max_size=12,
)


def built(memories: list[tuple[int, tuple[list[str], str, str]]], **bounds: int) -> KnowledgeGraph:
    graph = KnowledgeGraph(**bounds)
    for seq, (names, text, by) in memories:
        graph.observe(seq, float(seq), [Named(name) for name in names], relations(text, by), by)
    return graph


def weights(graph: KnowledgeGraph) -> dict[str, Any]:
    """What is known, without labels: a type that was learnt stays learnt."""
    return {name: (row[0], row[-1]) if name[0] == "n" else row for name, row in graph.dirty().items() if row is not None}


@settings(max_examples=25)
@given(MEMORIES, st.data())
def test_removed_memories_leave_no_trace(memories: list[tuple[list[str], str, str]], data: Any) -> None:
    numbered = list(enumerate(memories))
    gone = data.draw(st.sets(st.integers(0, len(memories) - 1)))
    graph = built(numbered)
    graph.remove(sorted(gone))
    assert weights(graph) == weights(built([each for each in numbered if each[0] not in gone]))


@settings(max_examples=25)
@given(MEMORIES, st.randoms(use_true_random=False))
def test_order_of_memories_does_not_matter(memories: list[tuple[list[str], str, str]], shuffler: random.Random) -> None:
    numbered = list(enumerate(memories))
    shuffled = list(numbered)
    shuffler.shuffle(shuffled)
    assert weights(built(numbered)) == weights(built(shuffled))


@settings(max_examples=25)
@given(MEMORIES)
def test_a_loaded_graph_is_the_same_graph(memories: list[tuple[list[str], str, str]]) -> None:
    graph = built(list(enumerate(memories)))
    again = KnowledgeGraph()
    again.load(stored(graph))
    assert again.dirty() == {}
    assert again.related("mika", 2, 50) == graph.related("mika", 2, 50)
    again.remove(range(len(memories)))
    assert len(again) == again.edges == 0


@settings(max_examples=40)
@given(MEMORIES, st.integers(2, 6), st.integers(1, 6))
def test_size_stays_bounded(memories: list[tuple[list[str], str, str]], nodes: int, edges: int) -> None:
    graph = built(list(enumerate(memories)), max_nodes=nodes, max_edges=edges)
    assert len(graph) <= nodes
    assert graph.edges <= edges
    assert all(0 < value <= 1 for value in graph.memories_for(["mika", "hades"]).values())

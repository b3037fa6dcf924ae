"""A channel's knowledge graph in the store: which change it has seen, and its rows, written as they change."""

from typing import Any

from hikari.memory.graph import KnowledgeGraph
from hikari.memory.rows import View
from hikari.memory.store import Store

_CHANGE = "graph_change"


def load_graph(view: View, channel: str, graph: KnowledgeGraph) -> int:
    """Fill `graph` from the store; returns the last change it has seen, 0 when none is stored. Raises `BadInput` when it is damaged."""
    values = dict(view.values("graph", channel))
    if not values:
        return 0
    graph.load(values)
    return int(view.value("state", channel, _CHANGE) or 0)


def save_graph(store: Store, channel: str, graph: KnowledgeGraph, change: int, *, anew: bool) -> None:
    """Write what changed since the last time; `anew` when the stored rows are of before a rebuild and all of them are replaced."""
    dirty = graph.dirty()

    def work(edit: Any) -> None:
        for name in [name for name, _ in edit.values("graph", channel) if name not in dirty] if anew else ():
            edit.set_value("graph", channel, name, None)
        for name, value in dirty.items():
            edit.set_value("graph", channel, name, value)
        edit.set_value("state", channel, _CHANGE, change)

    if dirty or anew:
        store.write(work)
        graph.mark_saved(dirty)


def drop_graph(store: Store, channel: str) -> None:
    """Delete the graph from the store; it is built anew when entities are extracted again."""

    def work(edit: Any) -> None:
        for name in [name for name, _ in edit.values("graph", channel)]:
            edit.set_value("graph", channel, name, None)
        edit.set_value("state", channel, _CHANGE, None)

    store.write(work)

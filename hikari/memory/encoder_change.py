"""A store whose vectors are of another encoder: refused when it is only read, embedded anew when it is written to."""

import logging
from typing import Any

from hikari.errors import BadStore
from hikari.memory import keys
from hikari.memory.embedder import Embedder
from hikari.memory.ingest import embed_text
from hikari.memory.records import Memory
from hikari.memory.rows import Edit
from hikari.memory.store import Store

EMBED_TOGETHER = 256

_log = logging.getLogger(__name__)


def check(store: Store, embedder: Embedder) -> None:
    """Raises `BadStore` when the vectors are of another encoder."""
    with store.read() as view:
        encoder = view.meta("encoder")
    if encoder is not None and encoder != embedder.fingerprint:
        raise BadStore("the memories were embedded by another encoder; open the store once for writing to embed them anew")


def take_up(store: Store, embedder: Embedder) -> None:
    """Make the encoder the store's own; memories that another one embedded are embedded anew."""
    with store.read() as view:
        encoder = view.meta("encoder")
        filled = any(sum(row["counts"].values()) for row in view.channels())
    if encoder == embedder.fingerprint:
        return
    if encoder is not None and filled:
        _log.info("the encoder changed: all memories are embedded anew")
        # Ended half-way, the vectors are of two encoders: no encoder may take them for its own.
        store.write(lambda edit: edit.set_meta("encoder", ""))
        _embed_anew(store, embedder)
    store.write(lambda edit: edit.set_meta("encoder", embedder.fingerprint))


def _embed_anew(store: Store, embedder: Embedder) -> None:
    """Embed every stored memory; the indices follow through the change log."""
    with store.read() as view:
        channels = view.channels()
    for row in channels:
        with store.read() as view:
            seqs = list(view.seqs(row["name"]))
        for start in range(0, len(seqs), EMBED_TOGETHER):
            with store.read() as view:
                memories = list(view.get_many(seqs[start : start + EMBED_TOGETHER]).values())
            vectors = embedder.embed([embed_text(memory) for memory in memories])

            def work(edit: Edit, memories: list[Memory] = memories, vectors: Any = vectors) -> None:
                for memory, vector in zip(memories, vectors, strict=True):
                    hashed = keys.of_content(memory.content)
                    edit.replace(memory, memory, (hashed, hashed), vector)

            store.write(work)

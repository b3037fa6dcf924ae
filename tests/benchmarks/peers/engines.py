"""The systems under comparison behind one face: `add` one text, `search` for one query.

Each is used the way its own documentation shows, on disk, with the same encoder, one text at a time and in bulk. The peers come twice:
with our runtime of the encoder plugged in, which leaves only the rest to compare, and as their users run the same weights, through their
own adapter for sentence-transformers; each import happens in the
environment that has the package. Nothing here leaves the machine: telemetry is off and no language model is asked.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hikari.memory.embedder import OnnxEmbedder

K = 10
VIEWERS = 50
"""Messages come from so many viewers in turn."""
COLLECTION = "chat"
EPOCH = 1_760_000_000.0
"""Time of the first message in seconds; one follows every two seconds."""


class Engine(Protocol):
    """One system with one open store. Every call includes the embedding of its text."""

    packages: tuple[str, ...]

    def add(self, number: int, text: str) -> bool:
        """Store the text; False when the system's policy keeps it out."""
        ...

    def add_many(self, number: int, texts: list[str]) -> int:
        """Store texts in one call of the system, where it has such a call; returns how many its policy took in."""
        ...

    def search(self, query: str) -> list[str]:
        """The texts of the `K` best, best first."""
        ...

    def close(self) -> None: ...


class Hikari:
    """`NeuralMemorySystem` with its default configuration: entities, facts, hygiene, redaction, episodes and maintenance are on."""

    packages = ("numpy", "onnxruntime", "faiss-cpu", "lmdb", "tantivy", "spacy")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        from hikari import NeuralMemorySystem

        self._runner = asyncio.Runner()
        self._memory = NeuralMemorySystem(folder / "hikari", embedder=embedder)
        self._runner.run(self._memory.open())

    def add(self, number: int, text: str) -> bool:
        from hikari.errors import Refused

        try:
            self._runner.run(self._memory.store_memory(text, "conversation", _metadata(number)))
        except Refused:
            return False
        return True

    def add_many(self, number: int, texts: list[str]) -> int:
        rows = [
            {"content": text, "memory_type": "conversation", "metadata": _metadata(number + n)} for n, text in enumerate(texts)
        ]
        return sum(isinstance(answer, str) for answer in self._runner.run(self._memory.store_memories(rows)))

    def search(self, query: str) -> list[str]:
        return [row["content"] for row in self._runner.run(self._memory.retrieve_memories(query, k=K))]

    def close(self) -> None:
        self._runner.run(self._memory.close())
        self._runner.close()


class Mem0:
    """mem0 with `infer=False`, its default local qdrant, and our encoder in place of its embedding model."""

    packages: tuple[str, ...] = ("mem0ai", "qdrant-client", "numpy", "onnxruntime")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        from mem0 import Memory
        from mem0.embeddings.base import EmbeddingBase

        class Ours(EmbeddingBase):
            def embed(self, text: str, memory_action: str | None = None) -> list[float]:
                return embedder.embed([text])[0].tolist()

        self._memory: Any = Memory.from_config(_mem0_config(folder, embedder.dimension))
        self._memory.embedding_model = Ours()

    def add(self, number: int, text: str) -> bool:
        return bool(self.add_many(number, [text]))

    def add_many(self, number: int, texts: list[str]) -> int:
        """mem0 takes a list of messages, which it embeds and stores one by one."""
        spoken = [{"role": "user", "content": text, "name": f"viewer{(number + n) % VIEWERS}"} for n, text in enumerate(texts)]
        metadata = {"timestamp": EPOCH + 2 * number}
        return len(self._memory.add(spoken, user_id=COLLECTION, metadata=metadata, infer=False)["results"])

    def search(self, query: str) -> list[str]:
        return [row["memory"] for row in self._memory.search(query, top_k=K, filters={"user_id": COLLECTION})["results"]]

    def close(self) -> None:
        self._memory.close()


class Mem0AsInstalled(Mem0):
    """mem0 with its own adapter for Hugging Face models, which runs the same weights through sentence-transformers."""

    packages = ("mem0ai", "qdrant-client", "numpy", "sentence-transformers", "torch")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        from mem0 import Memory

        config = _mem0_config(folder, embedder.dimension)
        model = {"model": str(weights), "embedding_dims": embedder.dimension}
        self._memory = Memory.from_config({**config, "embedder": {"provider": "huggingface", "config": model}})


class Chroma:
    """chromadb's persistent client; the vectors are handed in."""

    packages: tuple[str, ...] = ("chromadb", "numpy", "onnxruntime")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        self._embedder: Any = embedder
        client: Any = chromadb.PersistentClient(str(folder / "chromadb"), settings=Settings(anonymized_telemetry=False))
        self._collection: Any = client.create_collection(COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"})

    def add(self, number: int, text: str) -> bool:
        return bool(self.add_many(number, [text]))

    def add_many(self, number: int, texts: list[str]) -> int:
        numbers = range(number, number + len(texts))
        self._collection.add(
            ids=[str(n) for n in numbers],
            documents=texts,
            embeddings=self._embedder.embed(texts),
            metadatas=[_metadata(n) for n in numbers],
        )
        return len(texts)

    def search(self, query: str) -> list[str]:
        return self._collection.query(query_embeddings=self._embedder.embed([query]), n_results=K)["documents"][0]

    def close(self) -> None:
        """Nothing to close: a client has no such call."""


class ChromaAsInstalled(Chroma):
    """chromadb with its own adapter for sentence-transformers, which runs the same weights."""

    packages = ("chromadb", "numpy", "sentence-transformers", "torch")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        super().__init__(folder, embedder, weights)
        from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

        function: Any = SentenceTransformerEmbeddingFunction(model_name=str(weights))

        class Theirs:
            def embed(self, texts: list[str]) -> Any:
                return function(texts)

        self._embedder: Any = Theirs()


class SqliteNumpy:
    """What one writes oneself: a table, a transaction for each row, and a matrix in memory that every search multiplies with."""

    packages = ("numpy", "onnxruntime")

    def __init__(self, folder: Path, embedder: OnnxEmbedder, weights: Path) -> None:
        self._embedder = embedder
        self._file = sqlite3.connect(folder / "memories.db")
        self._file.execute("create table memories (id integer primary key, content text, user text, time real, vector blob)")
        self._vectors = np.zeros((1024, embedder.dimension), np.float32)
        self._count = 0

    def add(self, number: int, text: str) -> bool:
        return bool(self.add_many(number, [text]))

    def add_many(self, number: int, texts: list[str]) -> int:
        vectors, end = self._embedder.embed(texts), self._count + len(texts)
        rows = [
            (self._count + n, text, f"viewer{(number + n) % VIEWERS}", EPOCH + 2 * (number + n), vectors[n].tobytes())
            for n, text in enumerate(texts)
        ]
        with self._file:
            self._file.executemany("insert into memories values (?, ?, ?, ?, ?)", rows)
        while end > len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        self._vectors[self._count : end] = vectors
        self._count = end
        return len(texts)

    def search(self, query: str) -> list[str]:
        similarities = self._vectors[: self._count] @ self._embedder.embed([query])[0]
        best = np.argsort(-similarities)[:K].tolist()
        read = self._file.execute
        return [read("select content from memories where id = ?", (row,)).fetchone()[0] for row in best]

    def close(self) -> None:
        self._file.close()


def _mem0_config(folder: Path, dimension: int) -> dict[str, Any]:
    store = {"collection_name": COLLECTION, "embedding_model_dims": dimension, "path": str(folder / "qdrant")}
    return {"vector_store": {"provider": "qdrant", "config": store}, "history_db_path": str(folder / "history.db")}


def _metadata(number: int) -> dict[str, Any]:
    return {"user": f"viewer{number % VIEWERS}", "timestamp": EPOCH + 2 * number}


ENGINES: dict[str, Callable[[Path, OnnxEmbedder, Path], Engine]] = {
    "hikari": Hikari,
    "mem0": Mem0,
    "mem0 as installed": Mem0AsInstalled,
    "chromadb": Chroma,
    "chromadb as installed": ChromaAsInstalled,
    "sqlite+numpy": SqliteNumpy,
}


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The installed versions of these packages."""
    return {name: version(name) for name in packages}

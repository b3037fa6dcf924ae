"""Sentence embeddings for the memory: the protocol, and the frozen encoder run by onnxruntime on the CPU.

An embedding is a function of its text and the encoder's fingerprint alone, so it may be cached by content and compared across years.
That is why the int8 graph quantises every token row by itself (`training.onnx_rowwise`): with one range for a whole batch, the usual
way, the neighbours in the batch would move a text's embedding as far as quantisation itself does.
"""

import os
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from hikari.bundle import Bundle, find_bundle, open_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.fields import clean_characters
from hikari.settings import Settings

Vectors = npt.NDArray[np.float32]

NAME = "embedder"
VERSION = 1
"""Of `prepare`; part of the bundle's facts, because the same words must be embedded that an index was built from."""
MAX_CHARACTERS = 4_000
"""What lies behind is not read: beyond the 256 tokens that the encoder takes of any prose."""
BATCH = 16
"""Rows in one pass; larger ones are slower on a CPU, where the activations no longer fit the cache."""


class Embedder(Protocol):
    """Turns texts into unit vectors; safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints mean equal vectors for equal texts."""
        ...

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        ...

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Vectors of unit length, shape (texts, dimension), in the order given; an empty text has one as well."""
        ...


def prepare(text: str) -> str:
    """The text as encoders read it: no invisible characters, compatibility forms folded, cut at `MAX_CHARACTERS`.

    >>> prepare("I  \\u202elike \\uff43\\uff41\\uff54\\uff53")
    'I like cats'
    """
    return unicodedata.normalize("NFKC", clean_characters(text[:MAX_CHARACTERS]))[:MAX_CHARACTERS]


def checked(texts: Sequence[str]) -> list[str]:
    """The texts as a list. Raises `BadInput` when one is no string, or when the whole is a single string."""
    if isinstance(texts, str) or not all(isinstance(text, str) for text in cast("Sequence[Any]", texts)):
        raise BadInput("texts must be a sequence of strings", field="texts")
    return list(texts)


class OnnxEmbedder:
    """The encoder of a bundle of kind `embedder`: int8 where the bundle holds it, else fp32.

    One text is embedded in the calling thread, many are spread over `threads` workers (default: all processors): on the few cores
    of a server that is as fast as threads inside a pass, and does not stall when another part of the process is busy.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        from tokenizers import Tokenizer

        facts = bundle.json("embedding.json")
        if facts.get("preprocessing") != VERSION:
            raise BadBundle(
                f"the embedder was exported for text preprocessing {facts.get('preprocessing')}, this version has {VERSION}; "
                "`make pipeline` exports a matching one"
            )
        self.bundle = bundle
        self._dimension = _whole(facts, "dimension", 1)
        self.max_tokens = _whole(facts, "max_tokens", 3)
        self.precision = "int8" if bundle.has_int8 else "fp32"
        self.threads = threads or os.cpu_count() or 1
        self._tokenizer: Any = Tokenizer.from_file(str(bundle.path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._session = _session(bundle.path / ("model.int8.onnx" if bundle.has_int8 else "model.onnx"))
        # The fp32 graph asks which tokens are padding; nothing ever is.
        self._masked = "attention_mask" in (given.name for given in self._session.get_inputs())
        self._workers: ThreadPoolExecutor | None = None
        self._opening = Lock()
        width = self._session.get_outputs()[0].shape[-1]
        if width != self._dimension:
            raise BadBundle(f"embedding.json promises {self._dimension} dimensions, the model has {width}")

    @classmethod
    def open(
        cls, path: Path | str | None = None, *, threads: int | None = None, settings: Settings | None = None
    ) -> "OnnxEmbedder":
        """The embedder at `path`, `$HIKARI_HOME/models/embedder` or the checkout's; `threads` defaults to `HIKARI_THREADS`.

        Raises `NotReady` when there is none, `BadBundle` when it is damaged or of another kind.
        """
        settings = settings or Settings.read()
        bundle = open_bundle(find_bundle(NAME, path, settings, kind=NAME), kind=NAME)
        return cls(bundle, threads=threads or settings.threads)

    @property
    def fingerprint(self) -> str:
        """The bundle's: one hash over tokenizer, graph and facts."""
        return self.bundle.fingerprint

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """See `Embedder.embed`; texts beyond `max_tokens` are cut at their end. Raises `BadInput`."""
        tokens = self.tokenise(texts)
        if len(tokens) == 1:
            return self._forward(tokens)
        pieces = _pieces([len(ids) for ids in tokens])
        vectors = np.zeros((len(tokens), self._dimension), dtype=np.float32)

        def forward(rows: list[int]) -> None:
            vectors[rows] = self._forward([tokens[index] for index in rows])

        if len(pieces) < 2 or self.threads == 1:
            for rows in pieces:
                forward(rows)
        else:
            # The longest first: the pass that takes longest must not be the last to start.
            list(self._pool().map(forward, reversed(pieces)))
        return vectors

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; a longer one keeps its first tokens and the closing one."""
        rows = self._tokenizer.encode_batch_fast([prepare(text) for text in checked(texts)])
        limit = self.max_tokens
        return [ids if len(ids) <= limit else ids[: limit - 1] + ids[-1:] for ids in (cast("list[int]", row.ids) for row in rows)]

    def close(self) -> None:
        """End the worker threads; embedding again would start new ones."""
        with self._opening:
            workers, self._workers = self._workers, None
        if workers is not None:
            workers.shutdown()

    def _forward(self, rows: Sequence[Sequence[int]]) -> Vectors:
        ids = np.array(rows, dtype=np.int64)
        return self._session.run(
            None, {"input_ids": ids, "attention_mask": np.ones_like(ids)} if self._masked else {"input_ids": ids}
        )[0]

    def _pool(self) -> ThreadPoolExecutor:
        with self._opening:
            if self._workers is None:
                self._workers = ThreadPoolExecutor(self.threads, thread_name_prefix="hikari-embed")
            return self._workers


def _pieces(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of the texts of each pass, the shortest first: all of one length, so that nothing is padded."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    same = [list(group) for _, group in groupby(order, key=lengths.__getitem__)]
    return [group[start : start + BATCH] for group in same for start in range(0, len(group), BATCH)]


def _whole(facts: dict[str, Any], name: str, least: int) -> int:
    value = facts.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadBundle(f"embedding.json: {name} must be a whole number of at least {least}, got {value!r}")
    return value


def _session(file: Path) -> Any:
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise NotReady("onnxruntime is not installed; install the extra `cpu` or `gpu`") from error
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(str(file), sess_options=options, providers=["CPUExecutionProvider"])

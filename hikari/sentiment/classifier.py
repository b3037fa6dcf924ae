"""From raw texts to calibrated probabilities, in three phases: prepare (CPU), forward (device), finish (CPU).

The int8 graph of a known encoder quantises every token row by itself and takes texts of one length, so that nothing is padded: a text's
scores then do not depend on what it is analysed with (`training.onnx_rowwise`). Other graphs take padded batches.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hikari.bundle import Bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.sentiment import text as chat_text
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.labels import Task, tasks_from_json

Logits = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one message, without padding."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Graph:
    """What one graph is made of: its files, the tasks that it has outputs for, and the texts that it takes."""

    tokenizer: Path
    fp32: Path
    int8: Path | None
    tasks: tuple[Task, ...]
    max_tokens: int
    pad_id: int


class TextGraph:
    """One encoder with its heads, run by onnxruntime: on CUDA in fp32 when a GPU is there, else quantised on the CPU.

    Safe to call from several threads. `threads` (default: all processors) are the passes side by side, or, of a graph that takes padded
    batches, the threads inside one. Raises `BadBundle` when the graph lacks an output, `NotReady` when it cannot run here.
    """

    def __init__(self, graph: Graph, *, threads: int | None = None, device: str = "auto", precision: str = "auto") -> None:
        from tokenizers import Tokenizer

        self.tasks: tuple[Task, ...] = graph.tasks
        self.max_tokens = graph.max_tokens
        self._pad_id = graph.pad_id
        self._tokenizer: Any = Tokenizer.from_file(str(graph.tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._session, self.device, self.precision = _session(graph, threads, device, precision)
        self._padded = _is_padded(self._session)
        self._threads = 1 if self._padded else threads or os.cpu_count() or 1
        self._workers: ThreadPoolExecutor | None = None
        self._opening = Lock()
        widths = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        missing = [task.name for task in self.tasks if task.name not in widths]
        if missing:
            raise BadBundle(f"the model has no output for {', '.join(missing)}")
        for task in self.tasks:
            width = widths[task.name]
            if isinstance(width, int) and width != len(task.labels):
                raise BadBundle(f"the model gives {width} values for {task.name}, which has {len(task.labels)} labels")

    def prepare(self, words: Sequence[str]) -> list[Encoded]:
        """Tokenise; a message beyond the model's length keeps its beginning and its end, where the point often is."""
        limit = self.max_tokens
        encoded: list[Encoded] = []
        for row in self._tokenizer.encode_batch_fast(list(words)):
            ids = cast("list[int]", row.ids)
            if len(ids) > limit:
                tail = limit // 4
                ids = ids[: limit - tail] + ids[-tail:]
            encoded.append(Encoded(tuple(ids)))
        return encoded

    def forward(self, batch: Sequence[Encoded]) -> Logits:
        """Logits per task, each of shape (rows, labels), for one batch in one pass, or one a length where nothing is padded."""
        names = [task.name for task in self.tasks]
        if not self._padded:
            lengths = {len(row.ids) for row in batch}
            if len(lengths) == 1:
                values = self._session.run(names, {"input_ids": np.array([row.ids for row in batch], dtype=np.int64)})
                return dict(zip(names, values, strict=True))
            out = self._empty(len(batch))
            for rows in _alike([len(row.ids) for row in batch], len(batch)):
                _put(out, rows, self.forward([batch[index] for index in rows]))
            return out
        width = max(len(row.ids) for row in batch)
        ids = np.full((len(batch), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(batch), width), dtype=np.int64)
        for number, row in enumerate(batch):
            ids[number, : len(row.ids)] = row.ids
            mask[number, : len(row.ids)] = 1
        values = self._session.run(names, {"input_ids": ids, "attention_mask": mask})
        return dict(zip(names, values, strict=True))

    def logits(self, words: Sequence[str], batch_size: int = 16) -> Logits:
        """Logits for any number of prepared texts, batched by length, in the order given."""
        encoded = self.prepare(words)
        lengths = [len(row.ids) for row in encoded]
        order = sorted(range(len(encoded)), key=lengths.__getitem__)
        pieces = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        if not self._padded:
            pieces = _alike(lengths, batch_size)
        out = self._empty(len(encoded))

        def forward(rows: list[int]) -> None:
            _put(out, rows, self.forward([encoded[index] for index in rows]))

        if self._threads == 1 or len(pieces) < 2:
            for rows in pieces:
                forward(rows)
        else:
            # The longest first: the pass that takes longest must not be the last to start.
            list(self._pool().map(forward, reversed(pieces)))
        return out

    def close(self) -> None:
        """End the worker threads; another call would start new ones."""
        with self._opening:
            workers, self._workers = self._workers, None
        if workers is not None:
            workers.shutdown()

    def _pool(self) -> ThreadPoolExecutor:
        with self._opening:
            if self._workers is None:
                self._workers = ThreadPoolExecutor(self._threads, thread_name_prefix="hikari-text-pass")
            return self._workers

    def _empty(self, rows: int) -> Logits:
        return {task.name: np.zeros((rows, len(task.labels)), dtype=np.float32) for task in self.tasks}


class TextClassifier(TextGraph):
    """A bundle of kind `text`: one encoder whose heads answer all tasks in one pass, with its calibration."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None, device: str = "auto", precision: str = "auto") -> None:
        if bundle.manifest.get("preprocessing") != chat_text.VERSION:
            raise BadBundle(
                f"the bundle was trained on text preprocessing {bundle.manifest.get('preprocessing')}, this version has "
                f"{chat_text.VERSION}; `make pipeline` trains a matching one"
            )
        self.bundle = bundle
        self.calibration = Calibration.from_json(bundle.json("calibration.json"))
        tasks = tasks_from_json(bundle.json("labels.json"))
        limit, pad_id = checked_sizes(bundle.manifest, "the manifest")
        int8 = bundle.path / "model.int8.onnx" if bundle.has_int8 else None
        graph = Graph(bundle.path / "tokenizer.json", bundle.path / "model.onnx", int8, tasks, limit, pad_id)
        super().__init__(graph, threads=threads, device=device, precision=precision)

    def finish(self, logits: Logits) -> dict[str, npt.NDArray[np.float64]]:
        """Calibrated probabilities per task, each of shape (rows, labels)."""
        return {task.name: self.calibration.probabilities(task, logits[task.name]) for task in self.tasks}

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> dict[str, npt.NDArray[np.float64]]:
        """All three phases for any number of texts that `hikari.sentiment.text.read` has put into words."""
        return self.finish(self.logits(words, batch_size))


def checked_sizes(facts: Mapping[str, Any], where: str) -> tuple[int, int]:
    """`max_tokens` and `pad_id` (0 where it is not said) of a graph. Raises `BadBundle`."""
    limit, pad_id = facts.get("max_tokens"), facts.get("pad_id", 0)
    if type(limit) is not int or limit < 8:
        raise BadBundle(f"{where}'s max_tokens must be a whole number of at least 8, got {limit!r}")
    if type(pad_id) is not int or pad_id < 0:
        raise BadBundle(f"{where}'s pad_id must be a whole number of at least 0, got {pad_id!r}")
    return limit, pad_id


def _alike(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Numbers of the texts of each pass, the shortest first: all of one length, at most `most`."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    same = [list(group) for _, group in groupby(order, key=lengths.__getitem__)]
    return [group[start : start + most] for group in same for start in range(0, len(group), most)]


def _put(out: Logits, rows: list[int], found: Logits) -> None:
    for name, values in found.items():
        out[name][rows] = values


def _session(graph: Graph, threads: int | None, device: str, precision: str) -> tuple[Any, str, str]:
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise NotReady("onnxruntime is not installed; install the extra `cpu` or `gpu`") from error

    for name, value, allowed in (("device", device, ("auto", "cpu", "cuda")), ("precision", precision, ("auto", "fp32", "int8"))):
        if value not in allowed:
            raise BadInput(f"{name} must be one of {', '.join(allowed)}, got {value!r}", field=name)
    runtime: Any = onnxruntime
    available = cast("list[str]", runtime.get_available_providers())
    if device == "auto":
        device = "cuda" if "CUDAExecutionProvider" in available else "cpu"
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise NotReady(f"onnxruntime has no CUDA here (it has {', '.join(available)}); install the extra `gpu`")
    if precision == "auto":
        precision = "int8" if device == "cpu" and graph.int8 is not None else "fp32"
    if precision == "int8" and graph.int8 is None:
        raise NotReady("this bundle holds no int8 model; fp32 is allowed")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads win microseconds alone and lose milliseconds beside a web server on few cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
    file = graph.int8 if precision == "int8" else graph.fp32
    session = runtime.InferenceSession(str(file), sess_options=options, providers=providers)
    if threads != 1 and not _is_padded(session):
        # Passes of texts of one length run side by side instead, which is faster on a few cores.
        options.intra_op_num_threads = 1
        session = runtime.InferenceSession(str(file), sess_options=options, providers=providers)
    return session, device, precision


def _is_padded(session: Any) -> bool:
    return "attention_mask" in {given.name for given in session.get_inputs()}

"""From raw texts to calibrated probabilities, in three phases: prepare (CPU), forward (device), finish (CPU)."""

from collections.abc import Sequence
from dataclasses import dataclass
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


class TextClassifier:
    """The encoder with its heads, run by onnxruntime: on CUDA in fp32 when a GPU is there, else quantised on the CPU.

    Safe to call from several threads. `threads` is the number of threads inside one forward pass.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None, device: str = "auto", precision: str = "auto") -> None:
        from tokenizers import Tokenizer

        if bundle.manifest.get("preprocessing") != chat_text.VERSION:
            raise BadBundle(
                f"the bundle was trained on text preprocessing {bundle.manifest.get('preprocessing')}, this version has "
                f"{chat_text.VERSION}; `make pipeline` trains a matching one"
            )
        self.bundle = bundle
        self.tasks: tuple[Task, ...] = tasks_from_json(bundle.json("labels.json"))
        self.calibration = Calibration.from_json(bundle.json("calibration.json"))
        limit = bundle.manifest.get("max_tokens")
        if not isinstance(limit, int) or limit < 8:
            raise BadBundle(f"the manifest's max_tokens must be a whole number of at least 8, got {limit!r}")
        self.max_tokens = limit
        self._tokenizer: Any = Tokenizer.from_file(str(bundle.path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._session, self.device, self.precision = _session(bundle, threads, device, precision)
        names = {output.name for output in self._session.get_outputs()}
        missing = [task.name for task in self.tasks if task.name not in names]
        if missing:
            raise BadBundle(f"the model has no output for {', '.join(missing)}")

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
        """Logits per task, each of shape (rows, labels), for one padded batch."""
        width = max(len(row.ids) for row in batch)
        ids = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros((len(batch), width), dtype=np.int64)
        for number, row in enumerate(batch):
            ids[number, : len(row.ids)] = row.ids
            mask[number, : len(row.ids)] = 1
        names = [task.name for task in self.tasks]
        values = self._session.run(names, {"input_ids": ids, "attention_mask": mask})
        return dict(zip(names, values, strict=True))

    def finish(self, logits: Logits) -> dict[str, npt.NDArray[np.float64]]:
        """Calibrated probabilities per task, each of shape (rows, labels)."""
        return {task.name: self.calibration.probabilities(task, logits[task.name]) for task in self.tasks}

    def logits(self, words: Sequence[str], batch_size: int = 16) -> Logits:
        """Logits for any number of prepared texts, batched by length, in the order given."""
        encoded = self.prepare(words)
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index].ids))
        out = {task.name: np.zeros((len(encoded), len(task.labels)), dtype=np.float32) for task in self.tasks}
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            for name, values in self.forward([encoded[index] for index in rows]).items():
                out[name][rows] = values
        return out

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> dict[str, npt.NDArray[np.float64]]:
        """All three phases for any number of texts that `hikari.sentiment.text.read` has put into words."""
        return self.finish(self.logits(words, batch_size))


def _session(bundle: Bundle, threads: int | None, device: str, precision: str) -> tuple[Any, str, str]:
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
        precision = "int8" if device == "cpu" and bundle.has_int8 else "fp32"
    if precision == "int8" and not bundle.has_int8:
        raise NotReady("this bundle holds no int8 model; fp32 is allowed")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads win microseconds alone and lose milliseconds beside a web server on few cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
    file = bundle.path / ("model.int8.onnx" if precision == "int8" else "model.onnx")
    session = runtime.InferenceSession(str(file), sess_options=options, providers=providers)
    return session, device, precision

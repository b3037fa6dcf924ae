"""Three models instead of one: a bundle of kind `stack` behind the interface of the text classifier.

Sentiment, emotion and toxicity each have an encoder, a tokenizer and a graph of their own, run one after the other in fp32. Whatever
labels a model was trained on, its graph gives logits of ours (`training.export_stack`, whose map stands in `stack.json`). None of the
three knows questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hikari.bundle import STACK_PARTS, Bundle
from hikari.errors import BadBundle
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.classifier import Encoded, Graph, Logits, TextGraph, checked_sizes
from hikari.sentiment.labels import TASKS, Task


@dataclass(frozen=True, slots=True)
class StackEncoded:
    """One message as each of the three models reads it."""

    parts: tuple[Encoded, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))


class StackClassifier:
    """A `hikari.sentiment.opening.Classifier` of three models; safe to call from several threads.

    `threads` and `device` as of `TextGraph`. Raises `BadBundle` for a stack that does not fit together, `NotReady` when it cannot run
    here, as with `precision="int8"`, which no stack holds.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None, device: str = "auto", precision: str = "auto") -> None:
        self.bundle = bundle
        self.calibration = Calibration.from_json(bundle.json("calibration.json"))
        graphs = [_graph(bundle, name) for name in STACK_PARTS]
        self._graphs = [TextGraph(graph, threads=threads, device=device, precision=precision) for graph in graphs]
        self.tasks: tuple[Task, ...] = tuple(task for graph in self._graphs for task in graph.tasks)
        self.device, self.precision = self._graphs[0].device, self._graphs[0].precision

    def prepare(self, words: Sequence[str]) -> list[StackEncoded]:
        """Tokenise for each model."""
        return [StackEncoded(parts) for parts in zip(*(graph.prepare(words) for graph in self._graphs), strict=True)]

    def forward(self, batch: Sequence[StackEncoded]) -> Logits:
        """Logits per task for one batch, one model after the other."""
        out: Logits = {}
        for number, graph in enumerate(self._graphs):
            out |= graph.forward([row.parts[number] for row in batch])
        return out

    def finish(self, logits: Logits) -> dict[str, npt.NDArray[np.float64]]:
        """Probabilities per task, each of shape (rows, labels)."""
        return {task.name: self.calibration.probabilities(task, logits[task.name]) for task in self.tasks}

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> dict[str, npt.NDArray[np.float64]]:
        """All three phases for any number of texts, batched by each model's own lengths, in the order given."""
        out: Logits = {}
        for graph in self._graphs:
            out |= graph.logits(words, batch_size)
        return self.finish(out)

    def close(self) -> None:
        """End the worker threads."""
        for graph in self._graphs:
            graph.close()


def _graph(bundle: Bundle, name: str) -> Graph:
    parts = bundle.json("stack.json").get("parts")
    facts = cast("Mapping[str, Any]", parts).get(name) if isinstance(parts, Mapping) else None
    if not isinstance(facts, Mapping):
        raise BadBundle(f"stack.json must hold `parts` with an object for each of {', '.join(STACK_PARTS)}; {name} has none")
    task = next(task for task in TASKS if task.name == name)
    limit, pad_id = checked_sizes(cast("Mapping[str, Any]", facts), f"stack.json: {name}")
    return Graph(bundle.path / f"{name}.tokenizer.json", bundle.path / f"{name}.onnx", None, (task,), limit, pad_id)

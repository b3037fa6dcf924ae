"""How long one message takes, bundle beside bundle, and beside the bare runtime.

Whatever is compared is timed in turns, message by message, so that a busy machine slows all of them alike: the ratios hold where the
milliseconds do not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from hikari.analytics.simulator import simulate
from hikari.analytics.simulator_config import SimulationConfig
from hikari.bundle import Bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import TextClassifier

WARM_UP = 5
Timed = Callable[[str], object]


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one message."""

    p50_ms: float
    p95_ms: float


def sample(count: int, seed: int) -> list[str]:
    """So many texts of a simulated stream, as the encoder reads them; equal seeds give equal texts on every machine."""
    rows = islice(simulate(SimulationConfig(), seed), count)
    return [chat_text.read(row["message"]).words for row in rows]


def served(classifier: TextClassifier) -> Timed:
    """One message through all three phases."""
    return lambda words: classifier.probabilities([words])


def floor(bundle: Bundle, classifier: TextClassifier, texts: Sequence[str]) -> Timed:
    """The same graph in a bare onnxruntime session on one thread, over token ids that are made beforehand."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    file = bundle.path / ("model.int8.onnx" if classifier.precision == "int8" else "model.onnx")
    session: Any = onnxruntime.InferenceSession(str(file), sess_options=options, providers=["CPUExecutionProvider"])
    wanted = {given.name for given in session.get_inputs()}
    inputs = {}
    for words, encoded in zip(texts, classifier.prepare(texts), strict=True):
        ids = np.array([encoded.ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        inputs[words] = {name: value for name, value in given.items() if name in wanted}
    return lambda words: session.run(None, inputs[words])


def measure(timed: dict[str, Timed], texts: Sequence[str], rounds: int) -> dict[str, Latency]:
    """Latencies by name: every text through all of them in turn, `rounds` times, the first of a turn another one each time."""
    names = list(timed)
    for words in texts[:WARM_UP]:
        for name in names:
            timed[name](words)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for number, words in enumerate(texts):
            first = (turn + number) % len(names)
            for name in names[first:] + names[:first]:
                started = time.perf_counter()
                timed[name](words)
                taken[name].append(1000 * (time.perf_counter() - started))
    return {name: Latency(*(round(float(np.percentile(values, q)), 4) for q in (50, 95))) for name, values in taken.items()}

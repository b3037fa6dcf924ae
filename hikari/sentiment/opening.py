"""What the analyser asks of a classifier, and opening the one that a bundle holds: one model for all tasks, or a stack of three."""

from collections.abc import Sequence, Sized
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hikari.bundle import Bundle, classifier_kind, open_bundle
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.classifier import Logits, TextClassifier
from hikari.sentiment.labels import Task
from hikari.sentiment.stack import StackClassifier


class Classifier(Protocol):
    """Texts in, calibrated probabilities of its tasks out, in three phases; sentiment, emotion and toxicity are always among them.

    Safe to call from several threads.
    """

    bundle: Bundle
    tasks: tuple[Task, ...]
    calibration: Calibration
    device: str
    precision: str

    def prepare(self, words: Sequence[str], /) -> Sequence[Sized]:
        """Tokenise what `hikari.sentiment.text.read` has put into words; the length of a row is its cost in tokens."""
        ...

    def forward(self, batch: Any, /) -> Logits:
        """Logits per task, each of shape (rows, labels), of a sequence of prepared rows, at least one."""
        ...

    def finish(self, logits: Logits, /) -> dict[str, npt.NDArray[np.float64]]:
        """Calibrated probabilities per task, each of shape (rows, labels)."""
        ...

    def probabilities(self, words: Sequence[str], batch_size: int = 16) -> dict[str, npt.NDArray[np.float64]]:
        """All three phases for any number of texts, in the order given."""
        ...

    def close(self) -> None:
        """Release threads; another call starts new ones."""
        ...


def open_classifier(path: Path, *, threads: int | None = None, device: str = "auto", precision: str = "auto") -> Classifier:
    """The classifier of the bundle at `path`, of whichever kind. Raises `NotReady` or `BadBundle`."""
    kind = classifier_kind(path)
    bundle = open_bundle(path, kind)
    made = StackClassifier if kind == "stack" else TextClassifier
    return made(bundle, threads=threads, device=device, precision=precision)

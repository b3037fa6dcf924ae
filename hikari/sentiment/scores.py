"""All scores of one message, from the classifier, VADER and the symbols; the part of an analysis that has no state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hikari.errors import BadInput
from hikari.sentiment import language, vader
from hikari.sentiment import symbols as symbol_lexicon
from hikari.sentiment import text as chat_text
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.opening import Classifier
from hikari.sentiment.symbols import Symbol, SymbolLexicon
from hikari.sentiment.text import Reading


@dataclass(frozen=True, slots=True)
class MessageScores:
    """Scores of one message; probabilities are calibrated."""

    aggregate: float
    label: str
    sentiments: dict[str, float]
    vader: dict[str, float] | None
    symbols: tuple[Symbol, ...]
    emotion: str
    emotions: dict[str, float]
    emotion_labels: list[str]
    toxicity: dict[str, float]
    toxic_labels: list[str]
    question: float | None
    """None: the model does not know questions, and `asks` follows the question mark."""
    asks: bool
    only_symbols: bool
    language: str | None
    """ISO code; None where nobody can tell."""

    def as_dict(self) -> dict[str, Any]:
        """The `sentiment`, `emotion` and `toxicity` parts of an answer."""
        emoji_score = symbol_lexicon.score(self.symbols)
        shown = {symbol.name: symbol for symbol in self.symbols}
        return {
            "sentiment": {
                "aggregate": {"score": round(self.aggregate, 4), "label": self.label},
                "transformer": {
                    "score": round(polarity(self.sentiments), 4),
                    "probabilities": _rounded(self.sentiments),
                },
                "vader": None if self.vader is None else dict(self.vader),
                "emoji": None
                if emoji_score is None
                else {
                    "score": round(emoji_score, 4),
                    "symbols": [{"name": s.name, "polarity": s.polarity, "emotion": s.emotion} for s in shown.values()],
                },
            },
            "emotion": {
                "primary": self.emotion,
                "scores": _rounded(self.emotions),
                "labels": list(self.emotion_labels),
            },
            "toxicity": {
                "is_toxic": bool(self.toxic_labels),
                "score": round(max(self.toxicity.values()), 4),
                "scores": _rounded(self.toxicity),
                "labels": list(self.toxic_labels),
            },
        }


class Scorer:
    """Reads, classifies and combines; one call handles any number of messages. Stateless, so threads may share it.

    `toxicity_thresholds` are used instead of the bundle's, label by label.
    """

    def __init__(
        self, classifier: Classifier, ensemble: str | None = None, toxicity_thresholds: Mapping[str, float] | None = None
    ) -> None:
        calibration = classifier.calibration.with_thresholds("toxicity", toxicity_thresholds or {})
        chosen = ensemble or calibration.default_ensemble
        if chosen not in calibration.ensembles:
            raise BadInput(f"ensemble must be one of {', '.join(sorted(calibration.ensembles))}", field="ensemble")
        self.classifier = classifier
        self.calibration = calibration
        self.ensemble: Ensemble = calibration.ensembles[chosen]
        bundle = classifier.bundle
        self.model = {"name": bundle.name, "version": bundle.version, "fingerprint": bundle.fingerprint[:16]}
        self._tasks = {task.name: task for task in classifier.tasks}
        self.toxicity_thresholds = calibration.limits(self._tasks["toxicity"])
        decided = f"{self.ensemble!r}/{sorted(self.toxicity_thresholds.items())}/{language.VERSION}"
        self.identity = f"{bundle.fingerprint}/{classifier.precision}/{classifier.device}/{decided}".encode()
        """Equal identities give equal scores to equal texts under equal symbols."""

    def score(self, messages: Sequence[tuple[str, SymbolLexicon]], batch_size: int = 16) -> list[MessageScores]:
        """Scores of many messages, each with the lexicon of its channel, in order."""
        readings = [chat_text.read(text, lexicon) for text, lexicon in messages]
        probabilities = self.classifier.probabilities([reading.words for reading in readings], batch_size)
        return [self.combine(reading, {t: rows[n] for t, rows in probabilities.items()}) for n, reading in enumerate(readings)]

    def combine(self, reading: Reading, probabilities: dict[str, npt.NDArray[np.float64]]) -> MessageScores:
        """One message's scores, given its row of probabilities per task."""
        named = {name: dict(zip(task.labels, map(float, probabilities[name]), strict=True)) for name, task in self._tasks.items()}
        over = {name: self.calibration.over_threshold(task, probabilities[name]) for name, task in self._tasks.items()}
        vader_scores = vader.score(reading.plain)
        sentiments = named["sentiment"]
        combined = self.ensemble.combine(
            (sentiments["negative"], sentiments["neutral"], sentiments["positive"]),
            vader_scores["score"] if vader_scores else None,
            symbol_lexicon.score(reading.symbols),
        )
        toxic = over["toxicity"]
        knows_questions = "question" in self._tasks
        return MessageScores(
            aggregate=combined[2] - combined[0],
            label=self.ensemble.label(combined),
            sentiments=sentiments,
            vader=vader_scores,
            symbols=reading.symbols,
            emotion=max(named["emotion"], key=named["emotion"].__getitem__),
            emotions=named["emotion"],
            emotion_labels=over["emotion"],
            toxicity=named["toxicity"],
            toxic_labels=toxic if not toxic or "toxic" in toxic else ["toxic", *toxic],
            question=named["question"]["question"] if knows_questions else None,
            asks=bool(over["question"]) if knows_questions else asks_by_mark(reading.words),
            only_symbols=reading.only_symbols,
            language=language.detect(reading),
        )

    def model_of(self, scores: MessageScores) -> dict[str, Any]:
        """The `model` part of an answer: which model read the message, in which language, and whether it reads that one well."""
        supported = self.calibration.supports(scores.language)
        return {**self.model, "language": scores.language, "language_supported": supported}


def asks_by_mark(words: str) -> bool:
    """Whether a text with a word in it has a question mark: what stands in for a model that does not know questions.

    >>> asks_by_mark("can you play this?"), asks_by_mark("can you play this"), asks_by_mark("???")
    (True, False, False)
    """
    return any(mark in words for mark in "?？؟") and any(map(str.isalnum, words))


def polarity(sentiments: dict[str, float]) -> float:
    """A score in [-1, 1] from three probabilities: positive minus negative.

    >>> polarity({"negative": 0.25, "neutral": 0.0, "positive": 0.75})
    0.5
    """
    return sentiments["positive"] - sentiments["negative"]


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}

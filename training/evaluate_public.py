"""Entry point: an exported bundle on the dev sets of public data, as it is served.

    HIKARI_DATA_MIRROR=FOLDER python -m training.evaluate_public [bundle=FOLDER]

Official test splits are never read. Prints the figures as one JSON object on the last line and writes them to `output`; the model card
shows what was recorded there last.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hikari import atomic
from hikari.bundle import open_bundle
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.labels import SENTIMENT
from training import calibrate, entry, metrics, public_corpus, public_figures
from training.export import other_members
from training.public_data import PublicDataError, PublicSetConfig
from training.public_tables import tables
from training.schema import Name, closed

Figures = dict[str, Any]
SENTIMENT_SETS = ("tweeteval_sentiment", "semeval2017_task4a", "twitch_sentiment_labels", "umsab_english", public_corpus.CORPUS)


@closed
@dataclass(frozen=True)
class EvaluatePublicConfig:
    bundle: Name
    sets: dict[str, PublicSetConfig]
    corpus: Name
    cache: Name
    output: Name
    """The JSON file that keeps the figures."""


def evaluate(config: EvaluatePublicConfig) -> Figures:
    """The figures of `public_figures`; per sentiment set each member of the ensemble alone and together. Raises `PublicDataError`."""
    bundle = open_bundle(Path(config.bundle))
    classifier = TextClassifier(bundle)
    frames, _ = tables(config.sets, Path(config.corpus), Path(config.cache))
    dev = public_corpus.without_tests(frames["dev"])
    probabilities = classifier.probabilities(dev["words"].tolist())
    found = public_figures.figures(dev, probabilities, classifier.tasks, classifier.calibration.thresholds)
    figures: Figures = {
        "bundle": bundle.fingerprint,
        "precision": bundle.manifest["precision"],
        "default_ensemble": classifier.calibration.default_ensemble,
        "figures": {name: round(value, 4) for name, value in found.items()},
        "members": members(dev, probabilities["sentiment"], classifier),
    }
    atomic.write_file(Path(config.output), (json.dumps(figures, indent=1) + "\n").encode())
    return figures


def members(dev: pd.DataFrame, transformer: np.ndarray, classifier: TextClassifier) -> Figures:
    """Accuracy, macro-F1 and macro recall per sentiment set: the encoder, VADER and the emotes alone, and every selectable ensemble."""
    out: Figures = {}
    source = dev["source"].to_numpy()
    names = [name for name in sorted(set(source)) if name in SENTIMENT_SETS]
    for name in names:
        rows = np.flatnonzero(source == name)
        truth = dev[[f"sentiment/{label}" for label in SENTIMENT]].to_numpy()[rows].argmax(axis=1)
        vader, emoji = other_members(dev["text"].iloc[rows].tolist())
        choices = {"encoder": transformer[rows].argmax(axis=1), "vader": _alone(vader), "emotes": _alone(emoji)}
        for title, ensemble in classifier.calibration.ensembles.items():
            together = calibrate.combine(ensemble, transformer[rows], vader, emoji)
            choices[f"ensemble_{title}"] = calibrate.classes(ensemble, together)
        out[name] = {title: _three(truth, predicted) for title, predicted in choices.items()}
    return out


def _alone(scores: np.ndarray) -> np.ndarray:
    """The label of a member that has only a score; VADER's own limits (Hutto and Gilbert, 2014), neutral without an opinion."""
    known = np.nan_to_num(scores)
    return np.where(known <= -0.05, 0, np.where(known >= 0.05, 2, 1))


def _three(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    recalls = [float((predicted[truth == k] == k).mean()) for k in range(3) if (truth == k).any()]
    return {
        "accuracy": round(float((truth == predicted).mean()), 4),
        "macro_f1": round(metrics.macro_f1(truth, predicted, 3), 4),
        "macro_recall": round(float(np.mean(recalls)), 4),
    }


def _run(config: EvaluatePublicConfig) -> None:
    try:
        print(json.dumps(evaluate(config)))
    except PublicDataError as error:
        raise SystemExit(str(error)) from None


def main() -> None:
    """`python -m training.evaluate_public`"""
    entry.run("evaluate_public", EvaluatePublicConfig, _run)


if __name__ == "__main__":
    main()

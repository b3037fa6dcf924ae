"""Entry point and stage: an exported bundle against the corpus test split, or against your own data.

    python -m training.evaluate
    python -m training.evaluate external=FILE.jsonl        # format: training/external.py
    python -m training.evaluate functional_only=true       # the suites and the swaps alone, with the ids of what fails

Judges what is served: the bundle through the engine's own classifier and ensemble. Writes metrics, plots and the model card
next to each other and to the MLflow run that trained the weights; prints the metrics as one JSON object on the last line.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hikari import atomic
from hikari.bundle import Bundle, open_bundle
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import Task
from hikari.sentiment.scores import Scorer
from training import bias, calibrate, card, entry, external, functional, functional_card, metrics, plots, public_card, tracking
from training.baseline import BagOfWords
from training.export import other_members
from training.prepare import target_columns, to_frame
from training.schema import EvaluateConfig

Figures = dict[str, Any]


def evaluate(config: EvaluateConfig) -> Figures:
    """The stage: figures of the model and of the baseline on the test split, suites and swaps, plots, card."""
    bundle = open_bundle(Path(config.bundle))
    classifier = TextClassifier(bundle)
    if config.external is not None:
        frame = to_frame(external.read_jsonl(Path(config.external)))
        return judge(classifier, frame, _ensemble(classifier, config))[0]
    suites, swaps = judge_behaviour(classifier, config)
    behaviour = {"functional": functional.figures(suites), "bias": bias.figures(swaps)}
    if config.functional_only:
        return {**behaviour, "failing": functional.failing(suites)}
    train, dev, test = (pd.read_parquet(Path(config.processed) / f"{split}.parquet") for split in ("train", "dev", "test"))
    figures, probabilities = judge(classifier, test, _ensemble(classifier, config))
    figures["baseline"] = judge_baseline(classifier.tasks, train, dev, test, config.seed)
    figures["dev"] = judge(classifier, dev, _ensemble(classifier, config))[0]
    challenge = Path(config.processed) / "challenge.parquet"
    if challenge.is_file():
        figures["challenge"] = judge(classifier, pd.read_parquet(challenge), _ensemble(classifier, config))[0]
    figures.update(behaviour)
    output = Path(config.output)
    with atomic.new_folder(output / "plots") as folder:
        for task in classifier.tasks:
            targets = test[target_columns(task)].to_numpy()
            plots.reliability(task, targets, probabilities[task.name], folder)
            draw = plots.confusion if task.activation == "softmax" else plots.precision_recall
            draw(task, targets, probabilities[task.name], folder)
        plots.pass_rates(functional.table(suites), "functional", folder)
    atomic.write_file(output / "metrics.json", (json.dumps(figures, indent=2) + "\n").encode())
    counts = json.loads((Path(config.processed) / "counts.json").read_text())
    sections = [functional_card.suites(suites), functional_card.swaps(swaps)]
    if Path(config.public).is_file():
        sections.insert(0, public_card.section(json.loads(Path(config.public).read_text()), bundle.fingerprint))
    text = card.render(bundle, figures, counts, sections)
    atomic.write_file(output / "model_card.md", text.encode())
    _track(config, bundle, figures, output)
    return figures


def judge(classifier: TextClassifier, frame: pd.DataFrame, ensemble: Ensemble) -> tuple[Figures, dict[str, np.ndarray]]:
    """Figures per task, of the ensemble's sentiment, and the probabilities that they come from."""
    probabilities = classifier.probabilities(frame["words"].tolist())
    figures: Figures = {}
    for task in classifier.tasks:
        targets = frame[target_columns(task)].to_numpy()
        report = metrics.report(task, targets, probabilities[task.name], classifier.calibration.limits(task))
        figures[task.name] = _rounded(report)
    targets = frame[[f"sentiment/{label}" for label in ("negative", "neutral", "positive")]].to_numpy()
    known = ~np.isnan(targets).any(axis=1)
    if known.any():
        vader, emoji = other_members(frame["text"].tolist())
        members = (probabilities["sentiment"][known], vader[known], emoji[known])
        truth = targets[known].argmax(axis=1)
        for name, chosen in {"served": ensemble, **classifier.calibration.ensembles}.items():
            predicted = calibrate.classes(chosen, calibrate.combine(chosen, *members))
            figures[f"ensemble_{name}"] = {
                "accuracy": round(float(np.mean(predicted == truth)), 4),
                "macro_f1": round(metrics.macro_f1(truth, predicted, 3), 4),
            }
    return figures, probabilities


def judge_behaviour(classifier: TextClassifier, config: EvaluateConfig) -> tuple[functional.Table, functional.Table]:
    """The functional suites and the swaps, judged on what the engine's own scorer serves for their texts, each read once."""
    cases, swaps = functional.read_cases(Path(config.functional)), bias.read_swaps(Path(config.bias))
    scorer = Scorer(classifier, config.ensemble)
    answers = functional.answers(scorer, [*(text for case in cases for text in case.texts), *swaps.texts])
    return functional.judge(cases, answers), bias.judge(swaps, answers)


def judge_baseline(tasks: tuple[Task, ...], train: pd.DataFrame, dev: pd.DataFrame, test: pd.DataFrame, seed: int) -> Figures:
    """The same figures for the bag of words."""
    bag = BagOfWords(train, seed)
    figures = {}
    for task in tasks:
        probabilities, thresholds = bag.predict(task, dev, test)
        figures[task.name] = _rounded(metrics.report(task, test[target_columns(task)].to_numpy(), probabilities, thresholds))
    return figures


def _ensemble(classifier: TextClassifier, config: EvaluateConfig) -> Ensemble:
    calibration = classifier.calibration
    return calibration.ensembles[config.ensemble or calibration.default_ensemble]


def _track(config: EvaluateConfig, bundle: Bundle, figures: Figures, output: Path) -> None:
    run = tracking.resume(config.tracking, "weights", str(bundle.manifest["parents"]["weights"]))
    flat = tracking.flatten({key: value for key, value in figures.items() if key != "dev"})
    numbers = {name: float(value) for name, value in flat.items() if isinstance(value, int | float)}
    run.metrics({f"test/{name.replace('.', '/')}": value for name, value in numbers.items()})
    run.file(output / "plots", "plots")
    run.file(output / "model_card.md")
    run.file(output / "metrics.json")


def _rounded(report: dict[str, float]) -> dict[str, float]:
    return {name: value if isinstance(value, int) else round(value, 4) for name, value in report.items()}


def main() -> None:
    """`python -m training.evaluate`"""
    entry.run("evaluate", EvaluateConfig, lambda config: print(json.dumps(evaluate(config))))


if __name__ == "__main__":
    main()

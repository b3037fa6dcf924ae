"""Temperatures, thresholds and weights that hold on many sets, in cases whose best answer is known."""

import numpy as np
import pytest

from hikari.sentiment.calibration import softmax
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import EMOTION, SENTIMENT, TASKS
from training import calibrate, calibrate_public, metrics
from training.public_corpus import CORPUS, to_frame
from training.public_text import Message, each_of, one_of

DICE = np.random.default_rng(3)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_the_temperature_of_scaled_logits_is_found_with_other_rows_unlabelled(factor: float) -> None:
    true = DICE.normal(size=(6000, 3)) * 1.5
    truth = np.array([DICE.choice(3, p=row) for row in softmax(true)])
    messages = [Message(CORPUS, "dev", f"m {n}", one_of("sentiment", SENTIMENT, {SENTIMENT[k]})) for n, k in enumerate(truth)]
    messages = [
        Message(
            m.source,
            m.part,
            m.text,
            {**m.targets, **one_of("emotion", EMOTION, {"joy"}), **each_of("toxicity", set(), {"toxic"})},
        )
        for m in messages
    ] + [Message("gametox", "dev", f"g {n}", each_of("toxicity", {"toxic"}, set())) for n in range(20)]
    frame = to_frame(messages, TASKS)
    logits = {task.name: DICE.normal(size=(len(frame), len(task.labels))) for task in TASKS}
    logits["sentiment"][: len(true)] = true * factor
    missing = np.full(len(frame), np.nan)
    found = calibrate_public.fit(frame, logits, missing, missing)
    assert found.temperatures["sentiment"] == pytest.approx(factor, rel=0.1)
    assert found.temperatures["question"] == 1.0
    assert set(found.thresholds) == {"emotion", "toxicity", "question"}
    assert found.thresholds["toxicity"]["threat"] == 0.5
    assert found.default_ensemble in found.ensembles


def test_one_threshold_has_the_best_mean_over_sets() -> None:
    groups = []
    for shift, rows in ((0.0, 4000), (0.15, 200)):
        truth = DICE.random(rows) < 0.4
        groups.append((truth, np.clip(DICE.normal(np.where(truth, 0.6, 0.35) + shift, 0.1), 0, 1)))

    def mean_f1(limit: float) -> float:
        return float(np.mean([metrics.macro_f1(t.astype(int), (p >= limit).astype(int), 2) for t, p in groups]))

    found = calibrate_public.fit_threshold(groups)
    assert mean_f1(found) > max(mean_f1(limit) for limit in np.arange(0.05, 0.96, 0.01)) - 0.01
    # A set counts alike whatever its size: the large one alone would choose another.
    assert found > calibrate_public.fit_threshold(groups[:1])
    assert calibrate_public.fit_threshold(groups[1:]) > found


def group(perfect: str, rows: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    truth = DICE.integers(3, size=rows)
    random = softmax(DICE.normal(size=(rows, 3)))
    noise, other = DICE.uniform(-1, 1, size=(2, rows))
    member = {"transformer": random, "vader": noise, "emoji": other}
    member[perfect] = np.eye(3)[truth] if perfect == "transformer" else truth - 1.0
    return member["transformer"], member["vader"], member["emoji"], truth


def f1(ensemble: Ensemble, one: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> float:
    return calibrate.macro_f1(calibrate.classes(ensemble, calibrate.combine(ensemble, *one[:3])), one[3])


@pytest.mark.parametrize("member", ["transformer", "vader", "emoji"])
def test_the_member_that_is_always_right_is_believed(member: str) -> None:
    groups = [group(member), group(member, 40)]
    found = calibrate_public.fit_ensemble(groups)
    assert getattr(found, member) == max(found.transformer, found.vader, found.emoji)
    assert found.transformer + found.vader + found.emoji == pytest.approx(1.0)
    assert all(f1(found, one) > 0.95 for one in groups)

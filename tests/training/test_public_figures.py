"""Figures on public dev sets in cases whose answer is known without computing."""

import numpy as np
import pandas as pd
import pytest

from hikari.sentiment.labels import EMOTION, SENTIMENT, TASKS, TOXICITY
from training import public_figures
from training.public_corpus import AUXILIARY, to_frame
from training.public_text import Message, each_of, one_of

ALL = (*TASKS, *AUXILIARY)
Probabilities = dict[str, np.ndarray]


def table(rows: list[tuple[str, dict[str, float]]]) -> pd.DataFrame:
    return to_frame([Message(source, "dev", f"text {n}", targets) for n, (source, targets) in enumerate(rows)], ALL)


def even(frame: pd.DataFrame) -> Probabilities:
    """What a model that knows nothing says."""
    return {
        task.name: np.full((len(frame), len(task.labels)), 1 / len(task.labels) if task.activation == "softmax" else 0.5)
        for task in ALL
    }


def right(frame: pd.DataFrame) -> Probabilities:
    """What a model that knows everything says; where nothing is labelled, nothing."""
    answers = even(frame)
    for task in ALL:
        truth = frame[[f"{task.name}/{label}" for label in task.labels]].to_numpy(dtype=float)
        answers[task.name] = np.where(np.isnan(truth), answers[task.name], truth)
    return answers


def sentiment(source: str, *labels: int) -> list[tuple[str, dict[str, float]]]:
    return [(source, one_of("sentiment", SENTIMENT, {SENTIMENT[label]})) for label in labels]


def toxic(source: str, *values: float, label: str = "toxic", task: str = "toxicity") -> list[tuple[str, dict[str, float]]]:
    return [(source, {f"{task}/{label}": value}) for value in values]


def spans(source: str, *kinds: str) -> list[tuple[str, dict[str, float]]]:
    return [(source, each_of("toxicity", {"toxic", kind}, set(public_figures.SPAN_TYPES) - {kind})) for kind in kinds]


ROWS = [
    *sentiment("tweeteval_sentiment", 0, 1, 2, 2), *sentiment("umsab_german", 0, 1, 2), *sentiment("umsab_hindi", 2, 0, 1),
    *sentiment("twitch_sentiment_labels", 0, 1, 2), *toxic("tweeteval_offensive", 1, 0, 1, 0), *toxic("gametox", 0, 1, 0),
    *toxic("tweeteval_hate", 1, 0, label="hate", task="hate"), *toxic("tweeteval_irony", 1, 0, label="irony", task="irony"),
    *[("goemotions", one_of("emotion", EMOTION, {label})) for label in EMOTION],
    *[("tweeteval_emotion", one_of("tweet_emotion", AUXILIARY[1].labels, {label})) for label in AUXILIARY[1].labels],
    *spans("toxic_spans", *public_figures.SPAN_TYPES), *spans("toxic_spans", *public_figures.SPAN_TYPES),
]  # fmt: skip


def test_a_model_that_knows_everything_has_every_figure_at_its_best() -> None:
    frame = table(ROWS)
    found = public_figures.figures(frame, right(frame), ALL, {"toxicity": dict.fromkeys(TOXICITY, 0.5)})
    for name, value in found.items():
        assert value == pytest.approx(0.0 if name.endswith(".ece") else 1.0), name
    assert set(public_figures.SCORED) <= set(found)
    assert public_figures.score(found) == pytest.approx(1.0)
    assert {"tweeteval_hate.auroc", "tweeteval_irony.f1", "tweeteval_emotion.macro_f1", "goemotions.f1/fear"} <= set(found)


def test_a_model_that_knows_nothing_ranks_nothing() -> None:
    frame = table(ROWS)
    found = public_figures.figures(frame, even(frame), ALL, {"toxicity": dict.fromkeys(TOXICITY, 0.5)})
    assert all(value == 0.5 for name, value in found.items() if "auroc" in name)
    # The likeliest of three is the first: one of three labels is found, which is a quarter of the first set's rows.
    assert found["tweeteval_sentiment.macro_recall"] == pytest.approx(1 / 3)
    assert found["tweeteval_sentiment.accuracy"] == pytest.approx(1 / 4)
    assert found["twitch_sentiment_labels.macro_f1"] == pytest.approx((2 * 1 / 4) / 3)
    # All are called toxic: F1 of yes is 2 * 2 / (4 + 2), of no 0.
    assert found["tweeteval_offensive.f1"] == pytest.approx(2 / 3)
    assert found["tweeteval_offensive.macro_f1"] == pytest.approx(1 / 3)
    assert found["tweeteval_offensive.ece"] == pytest.approx(0.0)


def test_languages_and_the_score_are_means() -> None:
    frame = table(
        [*sentiment("umsab_german", 0, 1, 2), *sentiment("umsab_hindi", 0, 1, 2), *sentiment("twitch_sentiment_labels", 0, 1)]
    )
    answers = right(frame)
    answers["sentiment"][3:6] = [1, 0, 0]
    found = public_figures.figures(frame, answers, TASKS, {})
    assert found["umsab.macro_f1"] == pytest.approx((1 + found["umsab_hindi.macro_f1"]) / 2)
    assert found["umsab_hindi.macro_f1"] == pytest.approx(0.5 / 3)
    assert public_figures.score(found) == pytest.approx((found["umsab.macro_f1"] + 1) / 2)
    assert public_figures.score({}) == 0.0
    assert public_figures.score({"something.else": 1.0}) == 0.0


def test_thresholds_of_the_model_decide_and_fitted_ones_stand_in() -> None:
    frame = table(toxic("gametox", 0, 0, 1, 1))
    answers = even(frame)
    answers["toxicity"][:, 0] = [0.1, 0.2, 0.3, 0.4]
    fixed, fitted = (public_figures.figures(frame, answers, TASKS, t) for t in ({"toxicity": {"toxic": 0.35}}, {}))
    assert fixed["gametox.f1"] == pytest.approx(2 / 3)
    assert fitted["gametox.f1"] == 1.0
    assert fixed["gametox.auroc"] == fitted["gametox.auroc"] == 1.0


def test_rows_that_do_not_know_the_label_are_left_out() -> None:
    frame = table([*toxic("davidson", 1, 0), ("davidson", {"toxicity/identity_hate": 0.0})])
    answers = right(frame)
    answers["toxicity"][2, 0] = 0.99
    assert public_figures.figures(frame, answers, TASKS, {"toxicity": {"toxic": 0.5}})["davidson.macro_f1"] == 1.0


def test_heads_that_a_model_lacks_have_no_figures() -> None:
    frame = table(ROWS)
    answers = {name: values for name, values in right(frame).items() if name in {task.name for task in TASKS}}
    found = public_figures.figures(frame, answers, TASKS, {})
    assert not [name for name in found if name.startswith(("tweeteval_irony", "tweeteval_emotion"))]
    assert set(public_figures.SCORED) <= set(found)


def test_an_emotion_is_always_chosen_the_likeliest_where_none_reaches_its_threshold() -> None:
    frame = table(
        [("goemotions", one_of("emotion", EMOTION, {"anger", "joy"})), ("goemotions", one_of("emotion", EMOTION, {"fear"}))]
    )
    answers = even(frame)
    answers["emotion"][:] = [[0.45, 0, 0, 0.4, 0.15, 0, 0], [0.2, 0.1, 0.3, 0.1, 0.1, 0.1, 0.1]]
    low, high = (
        public_figures.figures(frame, answers, TASKS, {"emotion": dict.fromkeys(EMOTION, limit)}) for limit in (0.35, 0.9)
    )
    # Over 0.35 lie both labels of the first row and none of the second, whose likeliest is right.
    assert [low[f"goemotions.f1/{label}"] for label in ("anger", "joy", "fear", "sadness")] == [1.0, 1.0, 1.0, 0.0]
    assert low["goemotions.macro_f1"] == pytest.approx(3 / 7)
    # Over 0.9 lies nothing: the likeliest of each row is all that is said.
    assert [high[f"goemotions.f1/{label}"] for label in ("anger", "joy", "fear")] == [1.0, 0.0, 1.0]
    assert low["goemotions.accuracy"] == high["goemotions.accuracy"] == 1.0


def test_types_are_ranked_among_spans_and_beside_clean_rows() -> None:
    # Among the spans, insults lie above the rest; every clean row of another set lies above all of them.
    frame = table([*spans("toxic_spans", "insult", "threat", "obscene", "identity_hate"), *toxic("gametox", 0, 0, 0, 0, 0, 0, 1)])
    answers = even(frame)
    answers["toxicity"][:4] = 0.0
    answers["toxicity"][0, TOXICITY.index("insult")] = 0.4
    found = public_figures.figures(frame, answers, TASKS, {})
    assert found["toxic_spans.within_auroc/insult"] == 1.0
    # Beside it stand three other spans below and as many clean rows as there are spans, all above.
    assert found["toxic_spans.auroc/insult"] == pytest.approx(3 / 7)
    assert found["toxic_spans.within_auroc/threat"] == 0.5
    assert found["toxic_spans.auroc/threat"] == pytest.approx(1.5 / 7)
    assert found["toxic_spans.macro_within_auroc"] == pytest.approx((1 + 3 * 0.5) / 4)
    assert found["toxic_spans.macro_auroc"] == pytest.approx((3 / 7 + 3 * 1.5 / 7) / 4)


def test_spans_that_one_worker_marked_are_not_called_toxic() -> None:
    rows = spans("toxic_spans", "insult", "threat")
    rows[0][1]["toxicity/insult"] = 0.5
    found = public_figures.figures(table(rows), right(table(rows)), TASKS, {})
    assert found["toxic_spans.within_auroc/insult"] == 0.5
    assert found["toxic_spans.within_auroc/threat"] == 1.0
    assert "toxic_spans.macro_auroc" in found
